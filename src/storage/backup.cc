#include "storage/backup.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/crc32c.h"
#include "storage/checkpoint_reader.h"
#include "storage/directory_copy.h"
#include "storage/file_window.h"
#include "storage/frame_format.h"
#include "storage/log_reader.h"

namespace leat {
namespace {

constexpr uint32_t kShard = 0;
// An attempt to hold all files takes milliseconds, and a checkpoint is published every few seconds at most.
constexpr int kAttempts = 20;
// What nothing explains is true when it is seen so often: a segment that is opened while it is read may look damaged.
constexpr int kBelieved = 3;

std::string name_of(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

struct Batch {
  uint64_t offset = 0;
  BatchHeader header;
  Bytes body;  // Dies with the next one.
};

// Whole batches of one segment, in order.
class Batches {
 public:
  Batches(const SegmentFile& segment, const LogUuid& uuid, io::File& file)
      : segment_(segment), uuid_(uuid), file_(file, segment.size) {}

  // The next one; nothing behind the last that is whole.
  Result<std::optional<Batch>> next() {
    Batch batch{.offset = end_};
    const auto head = file_.at(end_, sizeof(BatchHeader));
    if (!head.ok()) return head.error();
    if (!read_header(head.value(), batch.header) || batch.header.uuid != uuid_ ||
        batch.header.segment != segment_.number ||
        batch.header.body_size > file_.size() - end_ - sizeof(BatchHeader))
      return std::optional<Batch>();
    const auto body = file_.at(end_ + sizeof(BatchHeader), batch.header.body_size);
    if (!body.ok()) return body.error();
    batch.body = body.value();
    if (batch.body.size() != batch.header.body_size || crc32c(batch.body) != batch.header.body_crc)
      return std::optional<Batch>();
    end_ += batch_space(batch.header.body_size);
    return std::optional(batch);
  }
  // Behind the last one that next() gave.
  [[nodiscard]] uint64_t end() const { return end_; }

 private:
  const SegmentFile& segment_;
  const LogUuid& uuid_;
  FileWindow file_;
  uint64_t end_ = kSegmentHeaderSpace;
};

Status read_base(io::Disk& disk, const std::string& directory, LogScan& scan) {
  // First of all: what it says of the log is then true of what is copied later.
  if (Status status = read_superblock(disk, directory, scan); !status.ok()) return status;
  if (!scan.exists) {
    return Error{Errc::kInvalid,
                 directory +
                     " holds no data of Leat, or is a copy that was not completed: it has no "
                     "superblock"};
  }
  auto manifest = read_manifest(disk, directory, scan.superblock, kShard);
  if (!manifest.ok()) return manifest.error();
  scan.checkpoint.manifest = manifest.value();
  return {};
}

// Those that hold the log, by number.
std::vector<SegmentFile> used_segments(const LogScan& scan) {
  std::vector<SegmentFile> used;
  for (const SegmentFile& segment : scan.segments) {
    if (segment.used && !segment.behind_end) used.push_back(segment);
  }
  return used;
}

// Names of the files with sealed frames, by number.
Result<std::vector<std::string>> frame_files(io::Disk& disk, const std::string& directory) {
  const auto names = disk.list(directory);
  if (!names.ok()) return names.error();
  std::vector<std::pair<uint64_t, std::string>> numbered;
  for (const std::string& name : names.value()) {
    const uint64_t number = frame_file_number(kShard, name);
    if (number != 0) numbered.emplace_back(number, name);
  }
  std::ranges::sort(numbered);
  std::vector<std::string> files;
  files.reserve(numbered.size());
  for (const auto& [number, name] : numbered) files.push_back(name);
  return files;
}

Lsn checkpoint_of(const LogScan& scan) {
  return Lsn{scan.checkpoint.manifest ? scan.checkpoint.manifest->lsn : 0};
}

// First every file is held, by a second name or open, so that the server may remove it; then they are copied, however
// long that takes.
class Backup {
 public:
  Backup(io::Disk& disk, const std::string& source, const std::string& target)
      : disk_(disk), source_(source), copy_(disk, source, target) {}

  Result<CopyFacts> run() {
    LogScan there;
    if (const Status status = read_base(disk_, source_, there); !status.ok()) return status.error();
    if (const Status status = copy_.begin(); !status.ok()) return status.error();
    if (const Status status = hold(); !status.ok()) return status.error();
    if (const Status status = copy_.sync_links(); !status.ok()) return status.error();
    for (const Held& held : held_) {
      if (const Status status = nothing_missing_before(held); !status.ok()) return status.error();
      const auto size = held.growing ? whole_batches(held) : Result<uint64_t>(held.size);
      if (!size.ok()) return size.error();
      const FileExtent extent{.size = size.value(), .length = held.size};
      if (const Status status = copy_.copy(held.name, *held.file, extent); !status.ok())
        return status.error();
    }
    if (copy_.facts().last.value < superblock_.durable_lsn)
      return missing(fmt::format("record {} was durable", superblock_.durable_lsn));
    if (manifest_) {
      const Status status = copy_.write(manifest_name(kShard), sealed(*manifest_));
      if (!status.ok()) return status.error();
    }
    if (const Status status = copy_.finish(superblock_); !status.ok()) return status.error();
    return copy_.facts();
  }

 private:
  // A file that is to be copied.
  struct Held {
    std::string name;
    std::unique_ptr<io::File> file;
    uint64_t size = 0;
    bool growing = false;  // A segment that the server may be writing to.
    SegmentHeader header;  // Of that segment.
  };

  // When the same manifest counted before and after it, every file was the one that the manifest relies on.
  Status hold() {
    int unexplained = 0;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      Status status = hold_once();
      const auto changed = another_counts();
      if (!changed.ok()) return changed.error();
      if (!changed.value() && (status.ok() || ++unexplained == kBelieved)) return status;
      held_.clear();
      if (Status cleared = copy_.clear(); !cleared.ok()) return cleared;
    }
    return Error{Errc::kUnavailable,
                 fmt::format("{}: changed during each of {} attempts to hold its files", source_,
                             kAttempts)};
  }

  Status hold_once() {
    manifest_.reset();
    LogScan scan;
    if (Status status = read_base(disk_, source_, scan); !status.ok()) return status;
    superblock_ = scan.superblock;
    superblock_.clean = 0;
    manifest_ = scan.checkpoint.manifest;
    if (Status status = list_segments(disk_, source_, kShard, scan); !status.ok()) return status;
    copy_.facts().checkpoint = copy_.facts().last = checkpoint_of(scan);
    if (manifest_) copy_.facts().last_wall = WallMs{manifest_->wall};
    if (manifest_) {
      const std::string name = checkpoint_name(kShard, manifest_->checkpoint);
      if (Status status = hold_unchanging(name); !status.ok()) return status;
      if (Status status = hold_frames(); !status.ok()) return status;
    }
    constexpr size_t kCopied = 2;
    const std::vector<SegmentFile> used = used_segments(scan);
    for (size_t i = 0; i < used.size(); ++i) {
      const std::string name = name_of(used[i].path);
      const Status status =
          i + kCopied < used.size() ? hold_unchanging(name) : hold_growing(name, used[i].header);
      if (!status.ok()) return status;
    }
    return {};
  }

  // Which frames the checkpoint names stands in its pieces; their files are there as long as it counts. The newest one may
  // still grow, behind all that the checkpoint names. One that has gone meanwhile was not named.
  Status hold_frames() {
    const auto names = frame_files(disk_, source_);
    if (!names.ok()) return names.error();
    for (const std::string& name : names.value()) {
      const bool newest = name == names.value().back();
      const Status status = newest ? hold_open(name) : hold_unchanging(name);
      if (!status.ok() && disk_.exists(source_ + "/" + name)) return status;
    }
    return {};
  }

  Status hold_unchanging(const std::string& name) {
    Status linked = copy_.link(name);
    if (linked.ok() || linked.error().code != Errc::kUnavailable) return linked;
    return hold_open(name);
  }

  Status hold_growing(const std::string& name, const SegmentHeader& header) {
    if (Status status = hold_open(name); !status.ok()) return status;
    held_.back().growing = true;
    held_.back().header = header;
    return {};
  }

  Status hold_open(const std::string& name) {
    auto file = copy_.open(name);
    if (!file.ok()) return file.error();
    const auto size = file.value()->size();
    if (!size.ok()) return size.error();
    held_.push_back({.name = name, .file = std::move(file).value(), .size = size.value()});
    return {};
  }

  // Where the whole batches of a segment end: one that is being written while it is read is not part of the backup.
  Result<uint64_t> whole_batches(const Held& held) {
    const SegmentFile segment{.number = held.header.number, .size = held.size};
    copy_.facts().last = Lsn{held.header.first_lsn - 1};
    Batches batches(segment, superblock_.uuid, *held.file);
    for (;;) {
      const auto batch = batches.next();
      if (!batch.ok()) return batch.error();
      if (!batch.value()) {
        ended_ = fmt::format("{}, offset {}", held.file->path(), batches.end());
        return batches.end();
      }
      CopyFacts& facts = copy_.facts();
      facts.last = Lsn{batch.value()->header.last_lsn};
      facts.last_wall = WallMs{batch.value()->header.wall};
    }
  }

  // A segment that waited for the one before it proves that nothing is missing there.
  [[nodiscard]] Status nothing_missing_before(const Held& held) const {
    const bool waited = (held.header.required & SegmentHeader::kUnsynced) == 0;
    if (!held.growing || ended_.empty() || !waited ||
        held.header.first_lsn == copy_.facts().last.value + 1)
      return {};
    return missing(fmt::format("{} begins with record {}", held.name, held.header.first_lsn));
  }

  [[nodiscard]] Error missing(const std::string& proof) const {
    return {Errc::kCorrupt,
            fmt::format("{}: is damaged, or records are missing behind it: whole batches end with "
                        "record {}, and {}. leat check says more; nothing was changed",
                        ended_.empty() ? source_ : ended_, copy_.facts().last.value, proof)};
  }

  // Another checkpoint counts than the one whose files are held.
  Result<bool> another_counts() {
    LogScan now;
    if (const Status status = read_base(disk_, source_, now); !status.ok()) return status.error();
    const auto& current = now.checkpoint.manifest;
    return current.has_value() != manifest_.has_value() ||
           (current && current->crc != manifest_->crc);
  }

  io::Disk& disk_;
  std::string source_;
  DirectoryCopy copy_;
  Superblock superblock_;
  std::optional<Manifest> manifest_;
  std::vector<Held> held_;
  std::string ended_;  // Where the whole batches of the last growing segment ended.
};

// Of a batch, the records up to `lsn` that end a group: the batch that would have been written had nothing followed.
std::string shortened(const Batch& batch, uint64_t lsn) {
  BatchHeader header = batch.header;
  Bytes body = batch.body;
  size_t kept = 0;
  header.last_lsn = header.first_lsn - 1;
  for (uint64_t at = header.first_lsn; at <= lsn; ++at) {
    const auto record = next_record(body);
    if (!record) break;
    if ((record->flags & kRecordEndsGroup) == 0) continue;
    kept = batch.body.size() - body.size();
    header.last_lsn = at;
  }
  if (kept == 0) return {};
  header.body_size = kept;
  header.body_crc = crc32c(batch.body.substr(0, kept));
  std::string bytes(sealed(header));
  bytes += batch.body.substr(0, kept);
  bytes.resize(batch_space(kept), '\0');
  return bytes;
}

// Of a log, only whether it is whole.
class Unread final : public RecordSink {
 public:
  bool on_pieces(Bytes /*pieces*/) override { return true; }
  bool on_state(Lsn /*lsn*/) override { return true; }
  bool on_record(Lsn /*lsn*/, const RecordView& /*record*/) override { return true; }
  void on_progress(uint64_t /*done*/, uint64_t /*total*/) override {}
};

class Restoration {
 public:
  Restoration(io::Disk& disk, const std::string& backup, const std::string& target,
              const RestorePoint& until)
      : disk_(disk), backup_(backup), copy_(disk, backup, target), until_(until) {}

  // Epochs go on `jump` behind the last one.
  Result<CopyFacts> run(uint64_t jump) {
    LogScan base;
    if (const Status status = read_base(disk_, backup_, base); !status.ok()) return status.error();
    // Cut where it is damaged, it would look as if it had always ended there.
    Unread unread;
    RecoveryReport report;
    const auto scanned = scan_log(disk_, backup_, kShard, unread, report);
    if (!scanned.ok()) return scanned.error();
    const LogScan& scan = scanned.value();
    const std::vector<SegmentFile> used = used_segments(scan);
    if (const Status status = find_cut(scan, used); !status.ok()) return status.error();
    if (const Status status = copy_.begin(); !status.ok()) return status.error();
    if (const Status status = copy_checkpoint(scan); !status.ok()) return status.error();
    if (const Status status = copy_segments(used); !status.ok()) return status.error();
    Superblock superblock = scan.superblock;
    superblock.segment = std::min(superblock.segment, cut_segment_);
    superblock.durable_lsn = std::min(superblock.durable_lsn, copy_.facts().last.value);
    superblock.epoch = std::max(superblock.epoch, scan.max_epoch) + jump;
    superblock.clean = 0;
    if (const Status status = copy_.finish(superblock); !status.ok()) return status.error();
    return copy_.facts();
  }

 private:
  Status copy_checkpoint(const LogScan& scan) {
    const auto& manifest = scan.checkpoint.manifest;
    if (!manifest) return {};
    auto names = frame_files(disk_, backup_);
    if (!names.ok()) return names.error();
    std::vector<std::string> files = std::move(names).value();
    files.push_back(checkpoint_name(kShard, manifest->checkpoint));
    files.push_back(manifest_name(kShard));
    for (const std::string& name : files) {
      if (Status status = copy_.copy(name); !status.ok()) return status;
    }
    return {};
  }

  Status copy_segments(const std::vector<SegmentFile>& used) {
    for (const SegmentFile& segment : used) {
      if (segment.number > cut_segment_) break;
      const bool last = segment.number == cut_segment_;
      const std::string name = name_of(segment.path);
      const auto file = copy_.open(name);
      if (!file.ok()) return file.error();
      FileExtent extent{.size = segment.size, .length = segment.size};
      if (last) extent = {cut_offset_, segment.size, cut_tail_, Rest::kReserved};
      if (Status status = copy_.copy(name, *file.value(), extent); !status.ok()) return status;
    }
    return {};
  }

  // Where the log ends that is wanted, and what is wrong with the wish.
  Status find_cut(const LogScan& scan, const std::vector<SegmentFile>& used) {
    const auto& manifest = scan.checkpoint.manifest;
    CopyFacts& facts = copy_.facts();
    facts.checkpoint = facts.last = checkpoint_of(scan);
    if (manifest) facts.last_wall = WallMs{manifest->wall};
    if (until_.lsn < facts.checkpoint || until_.wall < facts.last_wall) {
      return Error{Errc::kInvalid,
                   fmt::format("{} begins with a checkpoint at record {}, made at {} ms (Unix "
                               "time); what was before that is not in it. Take an older backup",
                               backup_, facts.checkpoint.value, facts.last_wall.value)};
    }
    bool cut = false;
    for (size_t i = 0; i < used.size() && !cut; ++i) {
      const Status status = find_cut_in(used[i], scan.superblock.uuid, cut);
      if (!status.ok()) return status;
    }
    if (until_.lsn.value == UINT64_MAX || cut || facts.last >= until_.lsn) return {};
    return Error{Errc::kInvalid, fmt::format("{} ends with record {}; there is no record {} in it",
                                             backup_, facts.last.value, until_.lsn.value)};
  }

  Status find_cut_in(const SegmentFile& segment, const LogUuid& uuid, bool& cut) {
    const auto file = disk_.open(segment.path, io::OpenMode::kRead);
    if (!file.ok()) return file.error();
    Batches batches(segment, uuid, *file.value());
    cut_segment_ = segment.number;
    cut_offset_ = batches.end();
    for (;;) {
      const auto next = batches.next();
      if (!next.ok()) return next.error();
      if (!next.value()) return {};
      const Batch& batch = *next.value();
      // What the checkpoint holds is kept: its last record may stand in a batch that was written later, and the clock
      // may have been set back since.
      const uint64_t base = copy_.facts().checkpoint.value;
      const bool later = WallMs{batch.header.wall} > until_.wall && batch.header.last_lsn > base;
      if (later || batch.header.last_lsn > until_.lsn.value) {
        cut = true;
        cut_tail_ = shortened(batch, later ? base : until_.lsn.value);
        BatchHeader header;
        if (read_header(cut_tail_, header) && header.last_lsn > base) note(header);
        return {};
      }
      note(batch.header);
      cut_offset_ = batches.end();
    }
  }

  void note(const BatchHeader& header) {
    copy_.facts().last = std::max(copy_.facts().last, Lsn{header.last_lsn});
    copy_.facts().last_wall = WallMs{header.wall};
  }

  io::Disk& disk_;
  std::string backup_;
  DirectoryCopy copy_;
  RestorePoint until_;
  uint64_t cut_segment_ = 0;
  uint64_t cut_offset_ = 0;
  std::string cut_tail_;  // A batch of which only a part is wanted.
};

}  // namespace

Result<CopyFacts> make_backup(io::Disk& disk, const std::string& source,
                              const std::string& target) {
  return Backup(disk, source, target).run();
}

Result<CopyFacts> restore_backup(io::Disk& disk, io::Random& random, const std::string& backup,
                                 const std::string& target, const RestorePoint& until) {
  // Some of the 32 bits are as good as never equal in two restorations, and 2^31 of them fit one after the other.
  constexpr unsigned kJumpBits = 32;
  return Restoration(disk, backup, target, until).run(1 + (random.next() >> kJumpBits));
}

}  // namespace leat
