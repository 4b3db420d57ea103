// Opening a log: recovery, what is done about a torn tail, the next epoch.
//
// Order matters: what was read is synced before it counts as durable, a torn tail is overwritten with zeros
// before anything follows it, and the new epoch is on disk before the first batch that carries it, so that no
// LSN is ever used twice within an epoch, whatever crashes in between.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "storage/log_reader.h"
#include "storage/log_state.h"

namespace leat {
namespace {

constexpr uint64_t kZeroPiece = 1 << 20;

Status write_zeros(io::File& file, uint64_t from, uint64_t to) {
  const std::string zeros(kZeroPiece, '\0');
  for (uint64_t at = from; at < to; at += kZeroPiece) {
    const Bytes piece = Bytes(zeros).substr(0, std::min(kZeroPiece, to - at));
    if (Status status = file.write(at, piece); !status.ok()) return status;
  }
  return file.sync();
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(const io::World& world, const LogOptions& options,
                                       RecordSink& sink, RecoveryReport& report) {
  auto state = std::make_unique<State>(world, options);
  state->wall = world.clock.wall();
  state->now = world.clock.mono();
  state->last_sync = state->last_batch = state->now;
  state->batch.clear();
  std::memset(state->batch.grow(sizeof(BatchHeader)), 0, sizeof(BatchHeader));
  std::memset(state->flying.grow(sizeof(BatchHeader)), 0, sizeof(BatchHeader));
  if (Status status = state->recover(sink, report); !status.ok()) return status.error();
  report.epoch = state->superblock.epoch;
  if (!state->spare_ready) state->prepare_spare(options.segment_bytes);
  return std::unique_ptr<Log>(new Log(std::move(state)));
}

Status Log::State::recover(RecordSink& sink, RecoveryReport& report) {
  auto scanned = scan_log(world.disk, options.directory, options.shard, sink, report);
  if (!scanned.ok()) return scanned.error();
  LogScan& scan = scanned.value();
  if (!scan.exists) {
    if (Status status = create_superblock(); !status.ok()) return status;
    scan.superblock = superblock;
  }
  superblock = scan.superblock;
  auto file = world.disk.open(path_of(kSuperblockName), io::OpenMode::kReadWrite);
  if (!file.ok()) return file.error();
  superblock_file = std::move(file).value();
  superblock.epoch = std::max(superblock.epoch, scan.max_epoch);
  if (Status status = adopt(scan, report); !status.ok()) return status;
  if (Status status = open_epoch(); !status.ok()) return status;
  return segment.file == nullptr ? first_segment() : Status();
}

Status Log::State::create_superblock() {
  for (uint8_t& byte : superblock.uuid) byte = static_cast<uint8_t>(world.random.next());
  superblock.node = world.random.next();
  const std::string path = path_of(kSuperblockName);
  const std::string fresh = path + ".new";
  if (world.disk.exists(fresh)) {
    if (Status status = world.disk.remove(fresh); !status.ok()) return status;
  }
  auto file = world.disk.open(fresh, io::OpenMode::kCreate);
  if (!file.ok()) return file.error();
  if (Status status = write_zeros(*file.value(), 0, kSegmentHeaderSpace); !status.ok())
    return status;
  render_superblock(/*clean=*/false);
  if (Status status = file.value()->write(superblock_offset(), superblock_bytes.view());
      !status.ok())
    return status;
  if (Status status = file.value()->sync(); !status.ok()) return status;
  if (Status status = world.disk.rename(fresh, path); !status.ok()) return status;
  return world.disk.sync_directory(options.directory);
}

// Makes the scan's end the place where the log goes on.
Status Log::State::adopt(LogScan& scan, RecoveryReport& report) {
  if (scan.superblock_slot_bad) {
    log(LogLevel::kWarning,
        "One of the two copies of the superblock is damaged; the other is used");
  }
  last_submitted = Lsn{scan.last_lsn};
  previous_crc = scan.last_crc;
  noted_durable = scan.header_durable_lsn;
  if (scan.torn) {
    log(LogLevel::kWarning,
        "The end of the log was not complete, as after a crash: {}; {} bytes are cut",
        report.cut_detail, report.cut_bytes);
  }
  if (Status status = discard_tail(scan); !status.ok()) return status;
  for (const SegmentFile& file : scan.segments) {
    bytes += file.size;
    ++segments;
  }
  if (scan.end_segment < scan.segments.size()) {
    const SegmentFile& end = scan.segments[scan.end_segment];
    auto file = world.disk.open(end.path, io::OpenMode::kReadWrite);
    if (!file.ok()) return file.error();
    segment = {std::move(file).value(), end.number, end.size};
    offset = scan.end_offset;
    // Read from the page cache, perhaps: only a sync makes it durable.
    if (Status status = segment.file->sync(); !status.ok()) return status;
  }
  written_lsn = durable_lsn = last_submitted;
  return {};
}

// Cuts what stands behind the end: zeros in the last segment, so that it never looks valid again; segments
// behind it go. One prepared segment is kept as the spare.
Status Log::State::discard_tail(LogScan& scan) {
  while (scan.segments.size() > scan.end_segment + 1 ||
         (scan.end_segment == scan.segments.size() && !scan.segments.empty())) {
    const SegmentFile& file = scan.segments.back();
    if (Status status = world.disk.remove(file.path); !status.ok()) return status;
    const bool at_end = scan.end_segment == scan.segments.size();
    scan.segments.pop_back();
    if (at_end) scan.end_segment = scan.segments.size();
  }
  if (Status status = world.disk.sync_directory(options.directory); !status.ok()) return status;
  if (!scan.torn || scan.end_segment >= scan.segments.size()) return {};
  const SegmentFile& end = scan.segments[scan.end_segment];
  auto file = world.disk.open(end.path, io::OpenMode::kReadWrite);
  if (!file.ok()) return file.error();
  return write_zeros(*file.value(), scan.end_offset, end.size);
}

Status Log::State::open_epoch() {
  ++superblock.epoch;
  render_superblock(/*clean=*/false);
  if (Status status = superblock_file->write(superblock_offset(), superblock_bytes.view());
      !status.ok())
    return status;
  return superblock_file->sync();
}

Status Log::State::first_segment() {
  segment.number = 1;
  segment.size = options.segment_bytes;
  const std::string path = path_of(segment_name(options.shard, segment.number));
  auto file = world.disk.open(path, io::OpenMode::kCreate);
  if (!file.ok()) return file.error();
  segment.file = std::move(file).value();
  if (Status status = write_zeros(*segment.file, 0, segment.size); !status.ok()) return status;
  render_segment_header(segment);
  if (Status status = segment.file->write(0, segment_bytes.view()); !status.ok()) return status;
  if (Status status = segment.file->sync(); !status.ok()) return status;
  offset = kSegmentHeaderSpace;
  bytes = segment.size;
  segments = 1;
  return world.disk.sync_directory(options.directory);
}

}  // namespace leat
