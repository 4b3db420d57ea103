#include "storage/log_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace leat {
namespace {

constexpr size_t kReadPiece = 4 << 20;

Result<ByteBuffer> read_whole(io::Disk& disk, const std::string& path) {
  auto file = disk.open(path, io::OpenMode::kRead);
  if (!file.ok()) return file.error();
  const auto size = file.value()->size();
  if (!size.ok()) return size.error();
  ByteBuffer bytes(size.value());
  while (bytes.size() < size.value()) {
    const size_t piece = std::min<uint64_t>(kReadPiece, size.value() - bytes.size());
    const auto got = file.value()->read(bytes.size(), bytes.room(piece), piece);
    if (!got.ok()) return got.error();
    if (got.value() == 0) break;
    bytes.commit(got.value());
  }
  return bytes;
}

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

// The valid slot of the greater generation.
Status read_superblock(io::Disk& disk, const std::string& directory, LogScan& scan) {
  const std::string path = directory + "/" + kSuperblockName;
  if (!disk.exists(path)) return {};
  auto bytes = read_whole(disk, path);
  if (!bytes.ok()) return bytes.error();
  scan.exists = true;
  int good = 0;
  for (const uint64_t offset : {uint64_t{0}, kHeaderCopyOffset}) {
    Superblock slot;
    const Bytes view = bytes.value().view();
    if (offset >= view.size() || !read_header(view.substr(offset), slot)) continue;
    if (good++ == 0 || slot.generation > scan.superblock.generation) scan.superblock = slot;
  }
  if (good == 0) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}: both copies of the superblock are damaged", path)};
  }
  // The very first write fills one slot only.
  scan.superblock_slot_bad = good == 1 && scan.superblock.generation > 1;
  if (scan.superblock.version != kLogVersion || scan.superblock.required != 0) {
    return Error{Errc::kInvalid,
                 fmt::format("{}: written by a newer version of Leat (format {}, features {:#x})",
                             path, scan.superblock.version, scan.superblock.required)};
  }
  scan.max_epoch = scan.superblock.epoch;
  scan.durable_lsn = scan.superblock.durable_lsn;
  return {};
}

// Walks the batches of one segment after the other.
class Scanner {
 public:
  Scanner(LogScan& scan, RecordSink& sink, RecoveryReport& report)
      : scan_(scan), sink_(sink), report_(report) {}

  void set_total(uint64_t total) { total_ = total; }
  Status segment(size_t index, Bytes bytes);
  // All segments have been read: is what was left out corruption?
  Status verdict() const;

 private:
  // The batch at `offset`; nothing when there is no good one that follows the last.
  [[nodiscard]] std::optional<BatchHeader> batch_at(const SegmentFile& file, Bytes bytes,
                                                    uint64_t offset) const;
  Status replay(const SegmentFile& file, uint64_t offset, const BatchHeader& header, Bytes body);
  // Notes where good batches end, and what valid headers behind that say.
  void look_beyond(const SegmentFile& file, Bytes bytes, uint64_t offset);
  [[nodiscard]] bool of_this_log(const SegmentFile& file, const BatchHeader& header) const {
    return header.uuid == scan_.superblock.uuid && header.segment == file.number;
  }

  LogScan& scan_;
  RecordSink& sink_;
  RecoveryReport& report_;
  uint64_t total_ = 0;
  bool ended_ = false;        // A bad batch, or the end of what was written, has been met.
  std::string end_position_;  // Where; for messages.
  uint64_t end_at_ = 0;
};

std::optional<BatchHeader> Scanner::batch_at(const SegmentFile& file, Bytes bytes,
                                             uint64_t offset) const {
  BatchHeader header;
  if (!read_header(bytes.substr(offset), header) || !of_this_log(file, header)) return std::nullopt;
  if (header.first_lsn != scan_.last_lsn + 1 || header.last_lsn + 1 < header.first_lsn)
    return std::nullopt;
  if (header.previous_crc != scan_.last_crc) {
    return std::nullopt;
  }
  const uint64_t space = bytes.size() - offset - sizeof(BatchHeader);
  if (header.body_size > space) return std::nullopt;
  const Bytes body = bytes.substr(offset + sizeof(BatchHeader), header.body_size);
  return crc32c(body) == header.body_crc ? std::optional(header) : std::nullopt;
}

Status Scanner::replay(const SegmentFile& file, uint64_t offset, const BatchHeader& header,
                       Bytes body) {
  uint64_t lsn = header.first_lsn;
  for (; !body.empty(); ++lsn) {
    const auto record = next_record(body);
    if (!record || lsn > header.last_lsn || !sink_.on_record(Lsn{lsn}, *record)) {
      return Error{
          Errc::kCorrupt,
          fmt::format("{}: the batch at offset {} is whole, but record {} does not fit what "
                      "precedes it",
                      file.path, offset, lsn)};
    }
    ++report_.records;
  }
  if (lsn != header.last_lsn + 1) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}: the batch at offset {} ends at record {} instead of {}",
                             file.path, offset, lsn - 1, header.last_lsn)};
  }
  scan_.last_lsn = header.last_lsn;
  scan_.last_crc = header.crc;
  scan_.max_epoch = std::max(scan_.max_epoch, header.epoch);
  scan_.durable_lsn = std::max(scan_.durable_lsn, header.durable_lsn);
  scan_.header_durable_lsn = header.durable_lsn;
  report_.last_wall = WallMs{header.wall};
  ++report_.batches;
  return {};
}

Status Scanner::segment(size_t index, Bytes bytes) {
  const SegmentFile& file = scan_.segments[index];
  ++report_.segments;
  uint64_t offset = kSegmentHeaderSpace;
  if (!ended_) {
    if (file.header.first_lsn != scan_.last_lsn + 1) {
      return Error{
          Errc::kCorrupt,
          fmt::format("{}: begins with record {}, but the log before it ends with {}; a segment "
                      "is missing or was replaced",
                      file.path, file.header.first_lsn, scan_.last_lsn)};
    }
    scan_.end_segment = index;
    while (offset < bytes.size()) {
      const auto header = batch_at(file, bytes, offset);
      if (!header) break;
      const Bytes body = bytes.substr(offset + sizeof(BatchHeader), header->body_size);
      if (Status status = replay(file, offset, *header, body); !status.ok()) return status;
      offset += batch_space(header->body_size);
      sink_.on_progress(report_.bytes + offset, total_);
    }
    scan_.end_offset = offset;
  }
  report_.bytes += bytes.size();
  look_beyond(file, bytes, offset);
  return {};
}

void Scanner::look_beyond(const SegmentFile& file, Bytes bytes, uint64_t offset) {
  const Bytes rest = offset < bytes.size() ? bytes.substr(offset) : Bytes{};
  if (all_zero(rest)) return;
  if (!ended_) {
    ended_ = true;
    end_at_ = scan_.last_lsn + 1;
    end_position_ = fmt::format("{}, offset {}", file.path, offset);
    scan_.torn = true;
    report_.cut_detail = fmt::format("{}: the batch that should begin with record {} is incomplete",
                                     end_position_, end_at_);
  }
  const size_t last = rest.find_last_not_of('\0');
  report_.cut_bytes += last + 1;
  for (uint64_t at = 0; at + sizeof(BatchHeader) <= rest.size(); at += kLogAlignment) {
    BatchHeader header;
    if (!read_header(rest.substr(at), header) || !of_this_log(file, header)) continue;
    scan_.durable_lsn = std::max(scan_.durable_lsn, header.durable_lsn);
    scan_.max_epoch = std::max(scan_.max_epoch, header.epoch);
  }
}

Status Scanner::verdict() const {
  if (scan_.durable_lsn <= scan_.last_lsn) return {};
  const std::string where =
      end_position_.empty() ? std::string("the end of the log") : end_position_;
  return Error{
      Errc::kCorrupt,
      fmt::format("{}: records {} to {} (at least) were durable and are damaged or missing", where,
                  scan_.last_lsn + 1, scan_.durable_lsn)};
}

// One of the two copies of a segment's header; unused when neither is there.
void read_segment_header(const LogScan& scan, Bytes bytes, SegmentFile& file) {
  for (const uint64_t offset : {uint64_t{0}, kHeaderCopyOffset}) {
    SegmentHeader header;
    if (offset >= bytes.size() || !read_header(bytes.substr(offset), header)) continue;
    if (header.uuid != scan.superblock.uuid || header.number != file.number) continue;
    file.header = header;
    file.used = true;
    return;
  }
}

Status list_segments(io::Disk& disk, const std::string& directory, uint32_t shard, LogScan& scan,
                     uint64_t& total) {
  const auto names = disk.list(directory);
  if (!names.ok()) return names.error();
  for (const std::string& name : names.value()) {
    SegmentFile file{.number = segment_number(shard, name), .path = directory + "/" + name};
    if (file.number == 0) continue;
    auto opened = disk.open(file.path, io::OpenMode::kRead);
    if (!opened.ok()) return opened.error();
    const auto size = opened.value()->size();
    if (!size.ok()) return size.error();
    file.size = size.value();
    total += file.size;
    scan.segments.push_back(std::move(file));
  }
  std::sort(scan.segments.begin(), scan.segments.end(),
            [](const SegmentFile& a, const SegmentFile& b) { return a.number < b.number; });
  return {};
}

}  // namespace

Result<LogScan> scan_log(io::Disk& disk, const std::string& directory, uint32_t shard,
                         RecordSink& sink, RecoveryReport& report) {
  LogScan scan;
  if (Status status = read_superblock(disk, directory, scan); !status.ok()) return status.error();
  uint64_t total = 0;
  if (Status status = list_segments(disk, directory, shard, scan, total); !status.ok())
    return status.error();
  if (!scan.exists) {
    if (scan.segments.empty()) return scan;
    return Error{Errc::kCorrupt,
                 fmt::format("{}: there are log segments but no superblock", directory)};
  }
  Scanner scanner(scan, sink, report);
  scanner.set_total(total);
  scan.end_segment = scan.segments.size();
  for (size_t i = 0; i < scan.segments.size(); ++i) {
    SegmentFile& file = scan.segments[i];
    auto bytes = read_whole(disk, file.path);
    if (!bytes.ok()) return bytes.error();
    read_segment_header(scan, bytes.value().view(), file);
    if (!file.used) {
      // Prepared and never opened, or damaged in both headers: what its batches say decides.
      file.header.first_lsn = scan.last_lsn + 1;
      if (all_zero(bytes.value().view())) continue;
    }
    if (Status status = scanner.segment(i, bytes.value().view()); !status.ok())
      return status.error();
  }
  if (Status status = scanner.verdict(); !status.ok()) return status.error();
  return scan;
}

std::string segment_name(uint32_t shard, uint64_t number) {
  return fmt::format("log-{}-{:010}.seg", shard, number);
}

uint64_t segment_number(uint32_t shard, const std::string& name) {
  const std::string prefix = fmt::format("log-{}-", shard);
  constexpr Bytes kSuffix = ".seg";
  if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) return 0;
  uint64_t number = 0;
  const size_t digits = name.size() - prefix.size() - kSuffix.size();
  for (const char byte : Bytes(name).substr(prefix.size(), digits)) {
    if (byte < '0' || byte > '9' || number > UINT64_MAX / 10 - 10) return 0;
    number = number * 10 + static_cast<uint64_t>(byte - '0');
  }
  return number;
}

}  // namespace leat
