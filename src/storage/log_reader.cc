#include "storage/log_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "storage/checkpoint_reader.h"
#include "storage/file_names.h"
#include "storage/file_window.h"

namespace leat {
namespace {

struct Batch {
  BatchHeader header;
  Bytes body;
};

bool unsynced(const SegmentFile& segment) {
  return (segment.header.required & SegmentHeader::kUnsynced) != 0;
}

// Walks the batches of one segment after the other.
class Scanner {
 public:
  Scanner(LogScan& scan, RecordSink& sink, RecoveryReport& report)
      : scan_(scan), sink_(sink), report_(report) {
    for (const SegmentFile& file : scan.segments) total_ += file.size;
    if (!scan.checkpoint.manifest) return;
    const Manifest& manifest = *scan.checkpoint.manifest;
    total_ += manifest.size;
    scan.opened = manifest.segment - 1;
    scan.last_crc = manifest.previous_crc;
    scan.max_epoch = std::max(scan.max_epoch, manifest.epoch);
    scan.durable_lsn = std::max(scan.durable_lsn, manifest.lsn);
    report.last_wall = WallMs{manifest.wall};
  }

  // The used segment at `index`; they come in order.
  Status segment(size_t index, FileWindow& file);
  // The segment, of which no sync had been done, has lost its header.
  void note_lost(const SegmentFile& segment) {
    note_cut(segment.lost_bytes, segment.path + ": its header had not been written yet");
  }
  // All segments have been read: is what was left out corruption?
  [[nodiscard]] Status verdict() const;

 private:
  // True when the segment goes on where the log has ended so far.
  Result<bool> follows(const SegmentFile& segment, FileWindow& file);
  // The segment stands behind the end: what does it know of what is missing before it?
  Status behind_end(SegmentFile& segment, FileWindow& file);
  // For the first segment behind a checkpoint.
  Status connects_to_checkpoint(const SegmentFile& segment);
  // The record is part of the checkpoint's state.
  [[nodiscard]] bool in_checkpoint(uint64_t lsn) const {
    return scan_.checkpoint.manifest && lsn <= scan_.checkpoint.manifest->lsn;
  }
  // The batch at `offset`; false when there is no good one that follows the last.
  Result<bool> read_batch(const SegmentFile& segment, FileWindow& file, uint64_t offset,
                          Batch& batch) const;
  Status replay(SegmentFile& segment, uint64_t offset, const Batch& batch);
  // Notes where good batches end, and what valid headers behind that say.
  Status look_beyond(const SegmentFile& segment, FileWindow& file, uint64_t offset);
  // Takes what the valid headers in [from, to) know. One whose durable_end is beyond `claimed` is a proof.
  Status seek_headers(const SegmentFile& segment, FileWindow& file, uint64_t from, uint64_t to,
                      uint64_t claimed);
  [[nodiscard]] bool of_this_log(const SegmentFile& segment, const BatchHeader& header) const {
    return header.uuid == scan_.superblock.uuid && header.segment == segment.number;
  }
  [[nodiscard]] const SegmentFile& end() const { return scan_.segments[scan_.end_segment]; }
  void note_cut(uint64_t bytes, const std::string& detail);

  LogScan& scan_;
  RecordSink& sink_;
  RecoveryReport& report_;
  uint64_t total_ = 0;
  bool cut_short_ = false;  // A segment stands behind the end.
  // Bytes that stand behind the last good batch of its segment and are no batch.
  uint64_t end_from_ = 0;
  uint64_t end_to_ = 0;
  std::string proof_;  // Why what is missing must have been durable; empty when nothing says so.
};

// What stands before it was in the checkpoint, so its first record is where counting begins.
Status Scanner::connects_to_checkpoint(const SegmentFile& segment) {
  const uint64_t lsn = scan_.checkpoint.manifest->lsn;
  if (segment.header.first_lsn > lsn + 1) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}: begins with record {}, but the checkpoint before it holds the "
                             "state up to record {}",
                             segment.path, segment.header.first_lsn, lsn)};
  }
  scan_.last_lsn = segment.header.first_lsn - 1;
  return {};
}

void Scanner::note_cut(uint64_t bytes, const std::string& detail) {
  report_.cut_bytes += bytes;
  report_.cut_detail += (report_.cut_detail.empty() ? "" : "; ") + detail;
}

Status Scanner::segment(size_t index, FileWindow& file) {
  SegmentFile& segment = scan_.segments[index];
  if (scan_.opened == 0 && segment.number != 1) {
    return Error{
        Errc::kCorrupt,
        fmt::format(
            "{}: is the first segment of the log, and no manifest says why: either the manifest "
            "is missing, and with it the name of the checkpoint that holds what precedes "
            "this segment, or segment {} and all before it are",
            segment.path, segment.number - 1)};
  }
  if (segment.number != scan_.opened + 1) {
    return Error{
        Errc::kCorrupt,
        fmt::format(
            "{}: the segment before it is missing or lost its header: segment {} of this log "
            "is needed, and the last one found before is {}",
            segment.path, segment.number - 1, scan_.opened)};
  }
  if (scan_.checkpoint.manifest && segment.number == scan_.checkpoint.manifest->segment) {
    if (Status status = connects_to_checkpoint(segment); !status.ok()) return status;
  }
  segment.previous_crc = scan_.last_crc;
  ++report_.segments;
  scan_.opened = segment.number;
  scan_.max_epoch = std::max(scan_.max_epoch, segment.header.epoch);
  report_.bytes += file.size();
  const auto goes_on = follows(segment, file);
  if (!goes_on.ok()) return goes_on.error();
  if (!goes_on.value()) return behind_end(segment, file);
  scan_.end_segment = index;
  uint64_t offset = kSegmentHeaderSpace;
  while (offset < file.size()) {
    Batch batch;
    const auto good = read_batch(segment, file, offset, batch);
    if (!good.ok()) return good.error();
    if (!good.value()) break;
    if (Status status = replay(segment, offset, batch); !status.ok()) return status;
    offset += batch_space(batch.header.body_size);
    sink_.on_progress(report_.bytes - file.size() + offset, total_);
  }
  scan_.end_offset = segment.end_offset = offset;
  return look_beyond(segment, file, offset);
}

Result<bool> Scanner::follows(const SegmentFile& segment, FileWindow& file) {
  if (cut_short_ || segment.header.first_lsn != scan_.last_lsn + 1) return false;
  if (!scan_.torn) return true;
  // Every record is there that was given to the disk before this segment was opened. If its first batch follows the
  // last one as well, or it waited for what precedes it and is empty, then no data stood in the bytes that are not zero.
  if (!proof_.empty()) return false;
  Batch first;
  const auto good = read_batch(segment, file, kSegmentHeaderSpace, first);
  if (!good.ok()) return good.error();
  if (!good.value()) {
    if (unsynced(segment)) return false;
    const auto rest = find_nonzero(file, kSegmentHeaderSpace, file.size());
    if (!rest.ok()) return rest.error();
    if (rest.value().first != file.size()) return false;
  }
  report_.unused.push_back(
      fmt::format("{}, offset {} to {}: unused bytes that should be zero are not; no data is "
                  "wrong, but the disk may be",
                  end().path, end_from_, end_to_));
  report_.cut_bytes = 0;
  report_.cut_detail.clear();
  scan_.torn = false;
  return true;
}

Status Scanner::behind_end(SegmentFile& segment, FileWindow& file) {
  cut_short_ = segment.behind_end = true;
  const bool waited = !unsynced(segment) || segment.number > end().number + 1;
  if (waited && !scan_.torn) {
    return Error{
        Errc::kCorrupt,
        fmt::format("{}: begins with record {}, but the log before it ends with {}; a segment was "
                    "replaced, or the end of the one before it is lost",
                    segment.path, segment.header.first_lsn, scan_.last_lsn)};
  }
  if (waited && proof_.empty())
    proof_ = fmt::format("segment {} was opened after they were on disk", segment.number);
  const auto rest = find_nonzero(file, kSegmentHeaderSpace, file.size());
  if (!rest.ok()) return rest.error();
  if (rest.value().first == file.size()) return {};
  note_cut(rest.value().end - kSegmentHeaderSpace,
           fmt::format("{}, up to offset {}: it follows what is incomplete", segment.path,
                       rest.value().end));
  return seek_headers(segment, file, kSegmentHeaderSpace, rest.value().end, /*claimed=*/0);
}

Result<bool> Scanner::read_batch(const SegmentFile& segment, FileWindow& file, uint64_t offset,
                                 Batch& batch) const {
  const auto head = file.at(offset, sizeof(BatchHeader));
  if (!head.ok()) return head.error();
  BatchHeader& header = batch.header;
  if (!read_header(head.value(), header) || !of_this_log(segment, header)) return false;
  if (header.first_lsn != scan_.last_lsn + 1 || header.last_lsn + 1 < header.first_lsn)
    return false;
  if (header.previous_crc != scan_.last_crc) return false;
  if (header.body_size > file.size() - offset - sizeof(BatchHeader)) return false;
  const auto body = file.at(offset + sizeof(BatchHeader), header.body_size);
  if (!body.ok()) return body.error();
  batch.body = body.value();
  return batch.body.size() == header.body_size && crc32c(batch.body) == header.body_crc;
}

Status Scanner::replay(SegmentFile& segment, uint64_t offset, const Batch& batch) {
  const BatchHeader& header = batch.header;
  Bytes body = batch.body;
  uint64_t lsn = header.first_lsn;
  bool whole_groups = true;
  for (; !body.empty(); ++lsn) {
    const auto record = next_record(body);
    const bool known = record && in_checkpoint(lsn);
    if (!record || lsn > header.last_lsn || (!known && !sink_.on_record(Lsn{lsn}, *record))) {
      return Error{
          Errc::kCorrupt,
          fmt::format("{}: the batch at offset {} is whole, but record {} does not fit what "
                      "precedes it",
                      segment.path, offset, lsn)};
    }
    whole_groups = (record->flags & kRecordEndsGroup) != 0;
    if (!known) ++report_.records;
  }
  if (lsn != header.last_lsn + 1 || !whole_groups) {
    return Error{
        Errc::kCorrupt,
        fmt::format("{}: the batch at offset {} ends at record {} instead of {}, or within "
                    "a group of records",
                    segment.path, offset, lsn - 1, header.last_lsn)};
  }
  scan_.last_lsn = header.last_lsn;
  scan_.last_crc = header.crc;
  scan_.max_epoch = std::max(scan_.max_epoch, header.epoch);
  scan_.durable_lsn = std::max(scan_.durable_lsn, header.durable_lsn);
  scan_.header_durable_lsn = header.durable_lsn;
  segment.durable_end = header.durable_end;
  report_.last_wall = WallMs{header.wall};
  ++report_.batches;
  return {};
}

Status Scanner::look_beyond(const SegmentFile& segment, FileWindow& file, uint64_t offset) {
  const auto rest = find_nonzero(file, offset, file.size());
  if (!rest.ok()) return rest.error();
  if (rest.value().first == file.size()) return {};
  scan_.torn = true;
  end_from_ = offset;
  end_to_ = rest.value().end;
  note_cut(
      end_to_ - end_from_,
      fmt::format("{}, offset {} to {}: the batch that should begin with record {} is incomplete",
                  segment.path, end_from_, end_to_, scan_.last_lsn + 1));
  return seek_headers(segment, file, offset, rest.value().end, /*claimed=*/offset);
}

// Bytes behind the end that are a valid header know what was durable when they were written.
Status Scanner::seek_headers(const SegmentFile& segment, FileWindow& file, uint64_t from,
                             uint64_t to, uint64_t claimed) {
  for (uint64_t at = from; at < to; at += kLogAlignment) {
    const auto head = file.at(at, sizeof(BatchHeader));
    if (!head.ok()) return head.error();
    BatchHeader header;
    if (!read_header(head.value(), header) || !of_this_log(segment, header)) continue;
    scan_.max_epoch = std::max(scan_.max_epoch, header.epoch);
    scan_.durable_lsn = std::max(scan_.durable_lsn, header.durable_lsn);
    if (header.durable_end <= claimed || !proof_.empty()) continue;
    if (!cut_short_) end_to_ = at;
    proof_ = fmt::format("the batch at offset {} {}was written after they were on disk", at,
                         cut_short_ ? fmt::format("of segment {} ", segment.number) : "");
  }
  return {};
}

Status Scanner::verdict() const {
  if (scan_.checkpoint.manifest && scan_.opened < scan_.checkpoint.manifest->segment) {
    return Error{Errc::kCorrupt,
                 fmt::format("segment {} is missing or lost its header: the manifest says that the "
                             "log is needed from there on. Nothing was changed",
                             scan_.checkpoint.manifest->segment)};
  }
  const bool lost = scan_.durable_lsn > scan_.last_lsn;
  std::string proof = proof_;
  if (proof.empty() && cut_short_ && scan_.superblock.segment > end().number) {
    proof = fmt::format("the superblock says that segment {} was opened after they were on disk",
                        scan_.superblock.segment);
  }
  if (proof.empty() && !lost) {
    if (scan_.superblock.segment <= scan_.opened) return {};
    return Error{
        Errc::kCorrupt,
        fmt::format("segment {} is missing or lost its header: the superblock says that it "
                    "was opened, and the last one found is {}",
                    scan_.superblock.segment, scan_.opened)};
  }
  const std::string where = scan_.torn
                                ? fmt::format("{}, offset {} to {}", end().path, end_from_, end_to_)
                                : std::string("the end of the log");
  const std::string records =
      lost ? fmt::format("records {} to {} (at least)", scan_.last_lsn + 1, scan_.durable_lsn)
           : fmt::format("the log behind record {}", scan_.last_lsn);
  return Error{Errc::kCorrupt,
               fmt::format("{}: {} is damaged or missing, and was durable{}{}. Nothing was changed",
                           where, records, proof.empty() ? "" : ": ", proof)};
}

// Checkpoints that the manifest does not name, and a manifest that was not finished.
void note_checkpoint_file(uint32_t shard, const std::string& path, const std::string& name,
                          CheckpointFiles& files) {
  const uint64_t number = checkpoint_number(shard, name);
  files.newest = std::max(files.newest, number);
  const bool counts = files.manifest && number == files.manifest->checkpoint;
  if ((number != 0 && !counts) || name == manifest_name(shard) + ".new")
    files.leftovers.push_back(path);
}

// Gives the state of the checkpoint, if there is one.
Status load_checkpoint(io::Disk& disk, const std::string& directory, const LogScan& scan,
                       RecordSink& sink, RecoveryReport& report) {
  if (!scan.checkpoint.manifest) return {};
  const Manifest& manifest = *scan.checkpoint.manifest;
  auto opened = CheckpointReader::open(disk, directory, manifest);
  if (!opened.ok()) return opened.error();
  CheckpointReader& reader = opened.value();
  uint64_t total = manifest.size;
  for (const SegmentFile& segment : scan.segments) total += segment.size;
  while (reader.more()) {
    const uint64_t from = reader.offset();
    const auto pieces = reader.next();
    if (!pieces.ok()) return pieces.error();
    if (!pieces.value().empty() && !sink.on_pieces(pieces.value())) {
      return Error{Errc::kCorrupt,
                   fmt::format("{}, offset {} to {}: the chunk is whole, but its pieces do not fit "
                               "what precedes them",
                               reader.path(), from, reader.offset())};
    }
    sink.on_progress(reader.offset(), total);
  }
  if (!sink.on_state(Lsn{manifest.lsn})) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}: its chunks are whole, but they are not the state at record {}",
                             reader.path(), manifest.lsn)};
  }
  report.checkpoint = Lsn{manifest.lsn};
  report.checkpoint_bytes = manifest.size;
  report.bytes += manifest.size;
  return {};
}

Error other_log(const SegmentFile& segment, const SegmentHeader& header) {
  return {Errc::kCorrupt,
          fmt::format("{}: belongs to another log, or was renamed: its header says segment {} of "
                      "shard {} of node {:016x}",
                      segment.path, header.number, header.shard, header.node)};
}

// Something stands in the segment, up to `end`, but no header: must there have been one?
Result<bool> header_was_durable(const LogScan& scan, FileWindow& file, const SegmentFile& segment,
                                uint64_t end) {
  if (scan.superblock.segment >= segment.number) return true;
  for (uint64_t at = kSegmentHeaderSpace; at < end; at += kLogAlignment) {
    const auto head = file.at(at, sizeof(BatchHeader));
    if (!head.ok()) return head.error();
    BatchHeader header;
    if (read_header(head.value(), header) && header.uuid == scan.superblock.uuid &&
        header.segment == segment.number && header.durable_end != 0)
      return true;
  }
  return false;
}

// Reads the header of `segment`, from either of its copies.
Status read_segment_header(const LogScan& scan, uint32_t shard, FileWindow& file,
                           SegmentFile& segment) {
  int good = 0;
  for (const uint64_t offset : {uint64_t{0}, kHeaderCopyOffset}) {
    const auto bytes = file.at(offset, sizeof(SegmentHeader));
    if (!bytes.ok()) return bytes.error();
    SegmentHeader header;
    if (!read_header(bytes.value(), header)) continue;
    if (header.version != kLogVersion || (header.required & ~SegmentHeader::kFeaturesKnown) != 0) {
      return Error{Errc::kInvalid,
                   fmt::format("{}: written by a newer version of Leat (format {}, features {:#x})",
                               segment.path, header.version, header.required)};
    }
    if (header.uuid != scan.superblock.uuid || header.node != scan.superblock.node ||
        header.number != segment.number || header.shard != shard)
      return other_log(segment, header);
    segment.header = header;
    ++good;
  }
  segment.used = good != 0;
  segment.header_copy_bad = good == 1;
  if (segment.used) {
    if (segment.header.size == segment.size) return {};
    return Error{Errc::kCorrupt, fmt::format("{}: is {} bytes long, and was made with {}",
                                             segment.path, segment.size, segment.header.size)};
  }
  const auto rest =
      find_nonzero(file, kSegmentHeaderSpace, std::max(kSegmentHeaderSpace, file.size()));
  if (!rest.ok()) return rest.error();
  if (rest.value().first >= file.size()) return {};
  const auto durable = header_was_durable(scan, file, segment, rest.value().end);
  if (!durable.ok()) return durable.error();
  if (!durable.value()) {
    segment.lost_bytes = rest.value().end - kSegmentHeaderSpace;
    return {};
  }
  return Error{
      Errc::kCorrupt,
      fmt::format("{}: both copies of its header are damaged, and data stands behind them, "
                  "from offset {} to {}",
                  segment.path, rest.value().first, rest.value().end)};
}

}  // namespace

Status read_superblock(io::Disk& disk, const std::string& directory, LogScan& scan) {
  const std::string path = directory + "/" + kSuperblockName;
  if (!disk.exists(path)) return {};
  auto file = disk.open(path, io::OpenMode::kRead);
  if (!file.ok()) return file.error();
  scan.exists = true;
  int good = 0;
  for (const uint64_t offset : {uint64_t{0}, kHeaderCopyOffset}) {
    char bytes[sizeof(Superblock)];
    const auto got = file.value()->read(offset, bytes, sizeof bytes);
    if (!got.ok()) return got.error();
    Superblock slot;
    if (!read_header(Bytes(bytes, got.value()), slot)) continue;
    if (good++ == 0 || slot.generation > scan.superblock.generation) scan.superblock = slot;
  }
  if (good == 0) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}: both copies of the superblock are damaged", path)};
  }
  scan.superblock_slot_bad = good == 1;
  if (scan.superblock.version != kLogVersion || scan.superblock.required != 0) {
    return Error{Errc::kInvalid,
                 fmt::format("{}: written by a newer version of Leat (format {}, features {:#x})",
                             path, scan.superblock.version, scan.superblock.required)};
  }
  // The lost slot may have been the newer one, and known one epoch more.
  scan.max_epoch = scan.superblock.epoch + (scan.superblock_slot_bad ? 1 : 0);
  scan.durable_lsn = scan.superblock.durable_lsn;
  return {};
}

Status list_segments(io::Disk& disk, const std::string& directory, uint32_t shard, LogScan& scan) {
  const auto names = disk.list(directory);
  if (!names.ok()) return names.error();
  for (const std::string& name : names.value()) {
    SegmentFile segment{.number = segment_number(shard, name),
                        .path = fmt::format("{}/{}", directory, name)};
    if (segment.number == 0) {
      note_checkpoint_file(shard, segment.path, name, scan.checkpoint);
      continue;
    }
    auto opened = disk.open(segment.path, io::OpenMode::kRead);
    if (!opened.ok()) return opened.error();
    const auto size = opened.value()->size();
    if (!size.ok()) return size.error();
    segment.size = size.value();
    // What the checkpoint has made superfluous is nobody's loss.
    if (segment.number < first_segment(scan)) {
      scan.before.push_back(std::move(segment));
      continue;
    }
    FileWindow file(*opened.value(), segment.size);
    // Without a superblock nothing tells whose the segments are.
    if (scan.exists) {
      if (Status status = read_segment_header(scan, shard, file, segment); !status.ok())
        return status;
    }
    scan.segments.push_back(std::move(segment));
  }
  for (auto* const files : {&scan.segments, &scan.before}) {
    std::sort(files->begin(), files->end(),
              [](const SegmentFile& a, const SegmentFile& b) { return a.number < b.number; });
  }
  return {};
}

Result<LogScan> scan_log(io::Disk& disk, const std::string& directory, uint32_t shard,
                         RecordSink& sink, RecoveryReport& report) {
  LogScan scan;
  if (const Status status = read_superblock(disk, directory, scan); !status.ok())
    return status.error();
  if (scan.exists) {
    auto manifest = read_manifest(disk, directory, scan.superblock, shard);
    if (!manifest.ok()) return manifest.error();
    scan.checkpoint.manifest = manifest.value();
  }
  if (const Status status = list_segments(disk, directory, shard, scan); !status.ok())
    return status.error();
  scan.end_segment = scan.segments.size();
  if (!scan.exists) {
    const bool more =
        !scan.checkpoint.leftovers.empty() || disk.exists(directory + "/" + manifest_name(shard));
    if (scan.segments.empty() && !more) return scan;
    return Error{
        Errc::kCorrupt,
        fmt::format("{}: there are log segments or checkpoints, but no superblock", directory)};
  }
  if (const Status status = load_checkpoint(disk, directory, scan, sink, report); !status.ok())
    return status.error();
  Scanner scanner(scan, sink, report);
  for (size_t i = 0; i < scan.segments.size(); ++i) {
    const SegmentFile& segment = scan.segments[i];
    if (segment.lost_bytes != 0) scanner.note_lost(segment);
    if (!segment.used) continue;
    auto opened = disk.open(segment.path, io::OpenMode::kRead);
    if (!opened.ok()) return opened.error();
    FileWindow file(*opened.value(), segment.size);
    if (const Status status = scanner.segment(i, file); !status.ok()) return status.error();
  }
  if (const Status status = scanner.verdict(); !status.ok()) return status.error();
  return scan;
}

std::string segment_name(uint32_t shard, uint64_t number) {
  return numbered_name(fmt::format("log-{}-", shard), number, ".seg");
}

uint64_t segment_number(uint32_t shard, const std::string& name) {
  return number_in_name(fmt::format("log-{}-", shard), name, ".seg");
}

}  // namespace leat
