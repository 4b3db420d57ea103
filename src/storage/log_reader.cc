#include "storage/log_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "storage/file_names.h"
#include "storage/file_window.h"
#include "storage/log_replay.h"

namespace leat {
namespace {

// Checkpoints that the manifest does not name, and a manifest that was not finished.
void note_checkpoint_file(uint32_t shard, const std::string& path, const std::string& name,
                          CheckpointFiles& files) {
  const uint64_t number = checkpoint_number(shard, name);
  files.newest = std::max(files.newest, number);
  const bool counts = files.manifest && number == files.manifest->checkpoint;
  if ((number != 0 && !counts) || name == manifest_name(shard) + ".new")
    files.leftovers.push_back(path);
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
    if (!opened.ok()) {
      // A server that runs meanwhile has removed it: a backup does not stop it.
      if (!disk.exists(segment.path)) continue;
      return opened.error();
    }
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
  LogReplay replay(disk, directory, shard, sink, report);
  if (const Status status = replay.begin(); !status.ok()) return status.error();
  while (true) {
    const auto done = replay.step(UINT64_MAX);
    if (!done.ok()) return done.error();
    if (done.value()) return std::move(replay.scan());
  }
}

std::string segment_name(uint32_t shard, uint64_t number) {
  return numbered_name(fmt::format("log-{}-", shard), number, ".seg");
}

uint64_t segment_number(uint32_t shard, const std::string& name) {
  return number_in_name(fmt::format("log-{}-", shard), name, ".seg");
}

}  // namespace leat
