#include "storage/log_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "storage/file_names.h"
#include "storage/file_window.h"

namespace leat {
namespace {

struct Batch {
  BatchHeader header;
  Bytes body;
};

// Walks the batches of one segment after the other.
class Scanner {
 public:
  Scanner(LogScan& scan, RecordSink& sink, RecoveryReport& report)
      : scan_(scan), sink_(sink), report_(report) {
    for (const SegmentFile& file : scan.segments) total_ += file.size;
  }

  // The used segment at `index`; they come in order.
  Status segment(size_t index, FileWindow& file);
  // All segments have been read: is what was left out corruption?
  [[nodiscard]] Status verdict() const;

 private:
  [[nodiscard]] Status connects(const SegmentFile& segment) const;
  // The batch at `offset`; false when there is no good one that follows the last.
  Result<bool> read_batch(const SegmentFile& segment, FileWindow& file, uint64_t offset,
                          Batch& batch) const;
  Status replay(const SegmentFile& segment, uint64_t offset, const Batch& batch);
  // Notes where good batches end, and what valid headers behind that say.
  Status look_beyond(const SegmentFile& segment, FileWindow& file, uint64_t offset);
  Status seek_headers(const SegmentFile& segment, FileWindow& file, uint64_t from, uint64_t to);
  [[nodiscard]] bool of_this_log(const SegmentFile& segment, const BatchHeader& header) const {
    return header.uuid == scan_.superblock.uuid && header.segment == segment.number;
  }

  LogScan& scan_;
  RecordSink& sink_;
  RecoveryReport& report_;
  uint64_t total_ = 0;
  // Set when something stands behind the last good batch that is not one.
  bool ended_ = false;
  std::string end_path_;
  uint64_t end_from_ = 0;
  uint64_t end_to_ = 0;
  std::string proof_;  // Why these bytes must have been durable; empty when nothing says so.
};

// Segments are opened one after the other, each behind the last record of the one before.
Status Scanner::connects(const SegmentFile& segment) const {
  if (segment.number != scan_.opened + 1) {
    return Error{
        Errc::kCorrupt,
        fmt::format(
            "{}: the segment before it is missing or lost its header: segment {} of this log "
            "is needed, and the last one found before is {}",
            segment.path, segment.number - 1, scan_.opened)};
  }
  if (!ended_ && segment.header.first_lsn != scan_.last_lsn + 1) {
    return Error{
        Errc::kCorrupt,
        fmt::format("{}: begins with record {}, but the log before it ends with {}; a segment was "
                    "replaced, or the end of the one before it is lost",
                    segment.path, segment.header.first_lsn, scan_.last_lsn)};
  }
  return {};
}

Status Scanner::segment(size_t index, FileWindow& file) {
  const SegmentFile& segment = scan_.segments[index];
  if (Status status = connects(segment); !status.ok()) return status;
  ++report_.segments;
  scan_.opened = segment.number;
  scan_.header_durable_end = 0;
  scan_.max_epoch = std::max(scan_.max_epoch, segment.header.epoch);
  if (ended_) {
    if (proof_.empty())
      proof_ = fmt::format("segment {} was opened after they were on disk", segment.number);
    return {};
  }
  uint64_t offset = kSegmentHeaderSpace;
  while (offset < file.size()) {
    Batch batch;
    const auto good = read_batch(segment, file, offset, batch);
    if (!good.ok()) return good.error();
    if (!good.value()) break;
    if (Status status = replay(segment, offset, batch); !status.ok()) return status;
    offset += batch_space(batch.header.body_size);
    sink_.on_progress(report_.bytes + offset, total_);
  }
  scan_.end_segment = index;
  scan_.end_offset = offset;
  report_.bytes += file.size();
  return look_beyond(segment, file, offset);
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

Status Scanner::replay(const SegmentFile& segment, uint64_t offset, const Batch& batch) {
  const BatchHeader& header = batch.header;
  Bytes body = batch.body;
  uint64_t lsn = header.first_lsn;
  bool whole_groups = true;
  for (; !body.empty(); ++lsn) {
    const auto record = next_record(body);
    if (!record || lsn > header.last_lsn || !sink_.on_record(Lsn{lsn}, *record)) {
      return Error{
          Errc::kCorrupt,
          fmt::format("{}: the batch at offset {} is whole, but record {} does not fit what "
                      "precedes it",
                      segment.path, offset, lsn)};
    }
    whole_groups = (record->flags & kRecordEndsGroup) != 0;
    ++report_.records;
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
  scan_.header_durable_end = header.durable_end;
  report_.last_wall = WallMs{header.wall};
  ++report_.batches;
  return {};
}

Status Scanner::look_beyond(const SegmentFile& segment, FileWindow& file, uint64_t offset) {
  const auto rest = find_nonzero(file, offset, file.size());
  if (!rest.ok()) return rest.error();
  if (rest.value().first == file.size()) return {};
  ended_ = true;
  scan_.torn = true;
  end_path_ = segment.path;
  end_from_ = offset;
  end_to_ = rest.value().end;
  report_.cut_bytes = end_to_ - end_from_;
  report_.cut_detail =
      fmt::format("{}, offset {} to {}: the batch that should begin with record {} is incomplete",
                  segment.path, end_from_, end_to_, scan_.last_lsn + 1);
  return seek_headers(segment, file, offset, rest.value().end);
}

// Bytes behind the end that are a valid header know what was durable when they were written.
Status Scanner::seek_headers(const SegmentFile& segment, FileWindow& file, uint64_t from,
                             uint64_t to) {
  for (uint64_t at = from; at < to; at += kLogAlignment) {
    const auto head = file.at(at, sizeof(BatchHeader));
    if (!head.ok()) return head.error();
    BatchHeader header;
    if (!read_header(head.value(), header) || !of_this_log(segment, header)) continue;
    scan_.max_epoch = std::max(scan_.max_epoch, header.epoch);
    scan_.durable_lsn = std::max(scan_.durable_lsn, header.durable_lsn);
    if (at == from || header.durable_end <= from || !proof_.empty()) continue;
    end_to_ = at;
    proof_ = fmt::format("the batch at offset {} was written after they were on disk", at);
  }
  return {};
}

Status Scanner::verdict() const {
  const bool lost = scan_.durable_lsn > scan_.last_lsn;
  if (proof_.empty() && !lost) {
    if (scan_.superblock.segment <= scan_.opened) return {};
    return Error{
        Errc::kCorrupt,
        fmt::format("segment {} is missing or lost its header: the superblock says that it "
                    "was opened, and the last one found is {}",
                    scan_.superblock.segment, scan_.opened)};
  }
  const std::string where = ended_
                                ? fmt::format("{}, offset {} to {}", end_path_, end_from_, end_to_)
                                : std::string("the end of the log");
  const std::string records =
      lost ? fmt::format("records {} to {} (at least)", scan_.last_lsn + 1, scan_.durable_lsn)
           : fmt::format("the log behind record {}", scan_.last_lsn);
  return Error{Errc::kCorrupt,
               fmt::format("{}: {} is damaged or missing, and was durable{}{}. Nothing was changed",
                           where, records, proof_.empty() ? "" : ": ", proof_)};
}

Error other_log(const SegmentFile& segment, const SegmentHeader& header) {
  return {Errc::kCorrupt,
          fmt::format("{}: belongs to another log, or was renamed: its header says segment {} of "
                      "shard {} of node {:016x}",
                      segment.path, header.number, header.shard, header.node)};
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
    if (header.version != kLogVersion || header.required != 0) {
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
  // The header is durable before anything else: without one there is nothing behind it.
  const auto rest =
      find_nonzero(file, kSegmentHeaderSpace, std::max(kSegmentHeaderSpace, file.size()));
  if (!rest.ok()) return rest.error();
  if (rest.value().first >= file.size()) return {};
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
    if (segment.number == 0) continue;
    auto opened = disk.open(segment.path, io::OpenMode::kRead);
    if (!opened.ok()) return opened.error();
    const auto size = opened.value()->size();
    if (!size.ok()) return size.error();
    segment.size = size.value();
    FileWindow file(*opened.value(), segment.size);
    // Without a superblock nothing tells whose the segments are.
    if (scan.exists) {
      if (Status status = read_segment_header(scan, shard, file, segment); !status.ok())
        return status;
    }
    scan.segments.push_back(std::move(segment));
  }
  std::sort(scan.segments.begin(), scan.segments.end(),
            [](const SegmentFile& a, const SegmentFile& b) { return a.number < b.number; });
  return {};
}

Result<LogScan> scan_log(io::Disk& disk, const std::string& directory, uint32_t shard,
                         RecordSink& sink, RecoveryReport& report) {
  LogScan scan;
  if (const Status status = read_superblock(disk, directory, scan); !status.ok())
    return status.error();
  if (const Status status = list_segments(disk, directory, shard, scan); !status.ok())
    return status.error();
  scan.end_segment = scan.segments.size();
  if (!scan.exists) {
    if (scan.segments.empty()) return scan;
    return Error{Errc::kCorrupt,
                 fmt::format("{}: there are log segments but no superblock", directory)};
  }
  Scanner scanner(scan, sink, report);
  for (size_t i = 0; i < scan.segments.size(); ++i) {
    const SegmentFile& segment = scan.segments[i];
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
