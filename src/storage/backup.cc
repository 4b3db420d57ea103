#include "storage/backup.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/crc32c.h"
#include "storage/checkpoint_reader.h"
#include "storage/directory_copy.h"
#include "storage/file_window.h"
#include "storage/log_reader.h"

namespace leat {
namespace {

constexpr uint32_t kShard = 0;
// A checkpoint is published every few seconds at most.
constexpr int kAttempts = 20;

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

// Files that a checkpoint consists of, by name: none of them changes once the manifest names it.
std::vector<std::string> checkpoint_files(const LogScan& scan) {
  if (!scan.checkpoint.manifest) return {};
  return {checkpoint_name(kShard, scan.checkpoint.manifest->checkpoint)};
}

Lsn checkpoint_of(const LogScan& scan) {
  return Lsn{scan.checkpoint.manifest ? scan.checkpoint.manifest->lsn : 0};
}

class Backup {
 public:
  Backup(io::Disk& disk, const std::string& source, const std::string& target)
      : disk_(disk), source_(source), copy_(disk, source, target) {}

  Result<CopyFacts> run() {
    LogScan there;
    if (Status status = read_base(disk_, source_, there); !status.ok()) return status.error();
    if (Status status = copy_.begin(); !status.ok()) return status.error();
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      std::optional<Manifest> manifest;
      const Status status = attempt_once(manifest);
      const auto changed = is_another(manifest);
      if (!changed.ok()) return changed.error();
      // Files that a newer checkpoint has made superfluous may have gone while they were read.
      if (!changed.value()) {
        if (!status.ok()) return status.error();
        if (Status done = copy_.finish(superblock_); !done.ok()) return done.error();
        return copy_.facts();
      }
      if (Status cleared = copy_.clear(); !cleared.ok()) return cleared.error();
    }
    return Error{Errc::kUnavailable,
                 fmt::format("{}: a new checkpoint was published during each of {} attempts; make "
                             "them rarer (checkpoint-log-size), or back up to the same file system",
                             source_, kAttempts)};
  }

 private:
  Status attempt_once(std::optional<Manifest>& manifest) {
    LogScan scan;
    if (Status status = read_base(disk_, source_, scan); !status.ok()) return status;
    manifest = scan.checkpoint.manifest;
    if (Status status = list_segments(disk_, source_, kShard, scan); !status.ok()) return status;
    superblock_ = scan.superblock;
    superblock_.clean = 0;
    copy_.facts().checkpoint = copy_.facts().last = checkpoint_of(scan);
    if (manifest) {
      copy_.facts().last_wall = WallMs{manifest->wall};
      for (const std::string& name : checkpoint_files(scan)) {
        if (Status status = copy_.link(name); !status.ok()) return status;
      }
      if (Status status = copy_.copy(manifest_name(kShard)); !status.ok()) return status;
    }
    constexpr size_t kCopied = 2;
    const std::vector<SegmentFile> used = used_segments(scan);
    for (size_t i = 0; i < used.size(); ++i) {
      const Status status = i + kCopied < used.size() ? copy_.link(name_of(used[i].path))
                                                      : copy_whole_batches(used[i]);
      if (!status.ok()) return status;
    }
    return {};
  }

  // A batch that is being written while it is read is not part of the backup.
  Status copy_whole_batches(const SegmentFile& segment) {
    const auto file = disk_.open(segment.path, io::OpenMode::kRead);
    if (!file.ok()) return file.error();
    Batches batches(segment, superblock_.uuid, *file.value());
    for (;;) {
      const auto batch = batches.next();
      if (!batch.ok()) return batch.error();
      if (!batch.value()) break;
      CopyFacts& facts = copy_.facts();
      facts.last = std::max(facts.last, Lsn{batch.value()->header.last_lsn});
      facts.last_wall = WallMs{batch.value()->header.wall};
    }
    return copy_.copy(name_of(segment.path), batches.end(), segment.size);
  }

  // Another checkpoint counts than the one that is being copied.
  Result<bool> is_another(const std::optional<Manifest>& manifest) {
    LogScan now;
    if (Status status = read_base(disk_, source_, now); !status.ok()) return status.error();
    const auto& current = now.checkpoint.manifest;
    return current.has_value() != manifest.has_value() ||
           (current && current->crc != manifest->crc);
  }

  io::Disk& disk_;
  std::string source_;
  DirectoryCopy copy_;
  Superblock superblock_;
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

  Result<CopyFacts> run() {
    LogScan base;
    if (Status status = read_base(disk_, backup_, base); !status.ok()) return status.error();
    // Cut where it is damaged, it would look as if it had always ended there.
    Unread unread;
    RecoveryReport report;
    const auto scanned = scan_log(disk_, backup_, kShard, unread, report);
    if (!scanned.ok()) return scanned.error();
    const LogScan& scan = scanned.value();
    const std::vector<SegmentFile> used = used_segments(scan);
    if (Status status = find_cut(scan, used); !status.ok()) return status.error();
    if (Status status = copy_.begin(); !status.ok()) return status.error();
    for (const std::string& name : checkpoint_files(scan)) {
      if (Status status = copy_.copy(name); !status.ok()) return status.error();
    }
    if (scan.checkpoint.manifest) {
      if (Status status = copy_.copy(manifest_name(kShard)); !status.ok()) return status.error();
    }
    if (Status status = copy_segments(used); !status.ok()) return status.error();
    Superblock superblock = scan.superblock;
    superblock.segment = std::min(superblock.segment, cut_segment_);
    superblock.durable_lsn = std::min(superblock.durable_lsn, copy_.facts().last.value);
    superblock.clean = 0;
    if (Status status = copy_.finish(superblock); !status.ok()) return status.error();
    return copy_.facts();
  }

 private:
  Status copy_segments(const std::vector<SegmentFile>& used) {
    for (const SegmentFile& segment : used) {
      if (segment.number > cut_segment_) break;
      const bool last = segment.number == cut_segment_;
      const std::string name = name_of(segment.path);
      const Status status = last ? copy_.copy(name, cut_offset_, segment.size, cut_tail_)
                                 : copy_.copy(name, segment.size, segment.size);
      if (!status.ok()) return status;
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
      // The clock may have been set back since: what the checkpoint holds is kept.
      const bool in_checkpoint = batch.header.last_lsn <= copy_.facts().checkpoint.value;
      if (!in_checkpoint && WallMs{batch.header.wall} > until_.wall) {
        cut = true;
        return {};
      }
      if (batch.header.last_lsn > until_.lsn.value) {
        cut = true;
        cut_tail_ = shortened(batch, until_.lsn.value);
        BatchHeader header;
        if (read_header(cut_tail_, header)) note(header);
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

Result<CopyFacts> restore_backup(io::Disk& disk, const std::string& backup,
                                 const std::string& target, const RestorePoint& until) {
  return Restoration(disk, backup, target, until).run();
}

}  // namespace leat
