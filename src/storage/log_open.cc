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

constexpr uint64_t kSegmentBytesMin = kSegmentHeaderSpace + (8 << 10);

Status write_zeros(io::File& file, uint64_t from, uint64_t to) {
  const std::string zeros(std::min(kZeroPiece, to - std::min(from, to)), '\0');
  for (uint64_t at = from; at < to; at += kZeroPiece) {
    const Bytes piece = Bytes(zeros).substr(0, std::min(kZeroPiece, to - at));
    if (Status status = file.write(at, piece); !status.ok()) return status;
  }
  return file.sync();
}

// Writes what stands in [from, to) once more and syncs. What a sync that failed has dropped is read back from the
// page cache as if nothing had happened, and counts as clean: only what has been written anew can be synced.
Status write_again(io::File& file, uint64_t from, uint64_t to) {
  ByteBuffer bytes;
  for (uint64_t at = from; at < to; at += bytes.size()) {
    bytes.clear();
    const size_t piece = std::min(kZeroPiece, to - at);
    const auto got = file.read(at, bytes.room(piece), piece);
    if (!got.ok()) return got.error();
    if (got.value() == 0) break;
    bytes.commit(got.value());
    if (Status status = file.write(at, bytes.view()); !status.ok()) return status;
  }
  return file.sync();
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(const io::World& world, const LogOptions& options,
                                       RecordSink& sink, RecoveryReport& report) {
  auto log = begin(world, options, sink, report);
  if (!log.ok()) return log;
  while (true) {
    const auto done = log.value()->load(UINT64_MAX);
    if (!done.ok()) return done.error();
    if (done.value()) return log;
  }
}

Result<std::unique_ptr<Log>> Log::begin(const io::World& world, const LogOptions& options,
                                        RecordSink& sink, RecoveryReport& report) {
  auto state = std::make_unique<State>(world, options);
  state->options.segment_bytes = std::max(align_up(options.segment_bytes), kSegmentBytesMin);
  state->wall = world.clock.wall();
  state->now = world.clock.mono();
  state->last_sync = state->last_batch = state->now;
  std::memset(state->batch.grow(sizeof(BatchHeader)), 0, sizeof(BatchHeader));
  std::memset(state->flying.grow(sizeof(BatchHeader)), 0, sizeof(BatchHeader));
  state->report = &report;
  state->replay =
      std::make_unique<LogReplay>(world.disk, options.directory, options.shard, sink, report);
  if (const Status status = state->replay->begin(); !status.ok()) return status.error();
  return std::unique_ptr<Log>(new Log(std::move(state)));
}

Result<bool> Log::load(uint64_t bytes) {
  State& state = *state_;
  auto done = state.replay->step(bytes);
  if (!done.ok() || !done.value()) return done;
  if (const Status status = state.recover(state.replay->scan()); !status.ok())
    return status.error();
  state.report->epoch = state.superblock.epoch;
  state.replay.reset();
  state.prepare_spare();
  return true;
}

bool Log::loading() const {
  return state_->replay != nullptr;
}

Status Log::State::recover(LogScan& scan) {
  if (!scan.exists) {
    if (Status status = create_superblock(); !status.ok()) return status;
    scan.superblock = superblock;
  } else if (Status status = world.disk.sync_directory(options.directory); !status.ok()) {
    // A start that failed may have left the superblock's name there to be seen, but not durable. A segment must not
    // outlive it.
    return status;
  }
  superblock = scan.superblock;
  auto file = world.disk.open(path_of(kSuperblockName), io::OpenMode::kReadWrite);
  if (!file.ok()) return file.error();
  superblock_file = std::move(file).value();
  superblock.epoch = std::max(superblock.epoch, scan.max_epoch) + 1;
  if (Status status = adopt(scan); !status.ok()) return status;
  if (segment.file == nullptr) {
    if (Status status = first_segment(); !status.ok()) return status;
  }
  superblock.segment = segment.number;
  // Into both slots, one after the other: then the loss of one of them does not take the epoch back.
  if (Status status = write_superblock(/*clean=*/false); !status.ok()) return status;
  return write_superblock(/*clean=*/false);
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
  // Both slots, so that one that is not valid later is always a sign of damage.
  for (int slot = 0; slot < 2; ++slot) {
    render_superblock(/*clean=*/false, superblock_bytes);
    if (Status status = file.value()->write(superblock_offset(), superblock_bytes.view());
        !status.ok())
      return status;
  }
  crash_point(CrashPoint::kStartSuperblockWritten);
  if (Status status = file.value()->sync(); !status.ok()) return status;
  if (Status status = world.disk.rename(fresh, path); !status.ok()) return status;
  crash_point(CrashPoint::kStartSuperblockRenamed);
  return world.disk.sync_directory(options.directory);
}

// Makes the scan's end the place where the log goes on.
Status Log::State::adopt(LogScan& scan) {
  if (scan.superblock_slot_bad) {
    log(LogLevel::kWarning,
        "One of the two copies of the superblock is damaged or half-written; the other is used");
  }
  last_submitted = Lsn{scan.last_lsn};
  previous_crc = scan.last_crc;
  noted_durable = scan.header_durable_lsn;
  if (Status status = remove_unopened(scan); !status.ok()) return status;
  keep(scan);
  if (Status status = repair_headers(scan); !status.ok()) return status;
  if (!scan.segments.empty()) {
    if (Status status = secure_previous(scan); !status.ok()) return status;
    if (Status status = open_end(scan); !status.ok()) return status;
  }
  written_lsn = durable_lsn = last_submitted;
  return {};
}

// Notes what recovery has found, by name. Of the segments before the checkpoint only those stay that join the others.
void Log::State::keep(const LogScan& scan) {
  checkpoint_files = scan.checkpoint;
  size_t first = scan.before.size();
  for (uint64_t number = ::leat::first_segment(scan) - 1; first > 0; --first, --number) {
    if (scan.before[first - 1].number != number) break;
  }
  for (size_t i = 0; i < scan.before.size(); ++i) {
    const SegmentFile& file = scan.before[i];
    if (i < first) {
      checkpoint_files.leftovers.push_back(file.path);
      continue;
    }
    kept.push_back({.number = file.number, .size = file.size});
    bytes += file.size;
    ++segments;
  }
  for (const SegmentFile& file : scan.segments) {
    kept.push_back({file.number, file.size, file.header.first_lsn, file.previous_crc});
    bytes_recovered += file.end_offset - kSegmentHeaderSpace;
  }
}

// Segments that were prepared at most: how far is unknown, and a new one is made in the background. Also what follows a
// torn tail, which goes before the tail does: what is left must never seem to be the middle of a log.
Status Log::State::remove_unopened(LogScan& scan) {
  std::vector<SegmentFile> opened;
  for (SegmentFile& file : scan.segments) {
    if (!file.used || file.behind_end) {
      if (Status status = world.disk.remove(file.path); !status.ok()) return status;
      crash_point(CrashPoint::kStartSegmentRemoved);
      continue;
    }
    bytes += file.size;
    ++segments;
    opened.push_back(std::move(file));
  }
  const bool removed = opened.size() != scan.segments.size();
  scan.segments = std::move(opened);
  return removed ? world.disk.sync_directory(options.directory) : Status();
}

Status Log::State::repair_headers(const LogScan& scan) {
  for (const SegmentFile& damaged : scan.segments) {
    if (!damaged.header_copy_bad) continue;
    log(LogLevel::kWarning,
        "{}: one of the two copies of its header is damaged; it is written again", damaged.path);
    auto file = world.disk.open(damaged.path, io::OpenMode::kReadWrite);
    if (!file.ok()) return file.error();
    SegmentHeader header = damaged.header;
    for (const uint64_t at : {uint64_t{0}, kHeaderCopyOffset}) {
      if (Status status = file.value()->write(at, sealed(header)); !status.ok()) return status;
      crash_point(CrashPoint::kStartHeaderWritten);
    }
    if (Status status = file.value()->sync(); !status.ok()) return status;
  }
  return {};
}

// Nothing may say yet that the segment before the last one is durable.
Status Log::State::secure_previous(const LogScan& scan) {
  const SegmentFile& end = scan.segments.back();
  const bool waited = (end.header.required & SegmentHeader::kUnsynced) == 0;
  if (waited || end.durable_end != 0 || scan.segments.size() == 1) return {};
  const SegmentFile& previous = scan.segments[scan.segments.size() - 2];
  auto file = world.disk.open(previous.path, io::OpenMode::kReadWrite);
  if (!file.ok()) return file.error();
  return write_again(*file.value(), previous.durable_end, previous.end_offset);
}

// Cuts what stands behind the end: zeros, so that it never looks valid again.
Status Log::State::open_end(const LogScan& scan) {
  const SegmentFile& end = scan.segments.back();
  auto file = world.disk.open(end.path, io::OpenMode::kReadWrite);
  if (!file.ok()) return file.error();
  segment = {std::move(file).value(), end.number, end.size};
  offset = durable_end = scan.end_offset;
  if (Status status = write_again(*segment.file, end.durable_end, offset); !status.ok())
    return status;
  if (!scan.torn) return {};
  if (Status status = write_zeros(*segment.file, offset, segment.size); !status.ok()) return status;
  crash_point(CrashPoint::kStartTailCut);
  return {};
}

Status Log::State::write_superblock(bool clean) {
  // A buffer of its own: the other one may be in flight.
  ByteBuffer rendered;
  render_superblock(clean, rendered);
  if (Status status = superblock_file->write(superblock_offset(), rendered.view()); !status.ok())
    return status;
  crash_point(clean ? CrashPoint::kStopSuperblockWritten : CrashPoint::kStartEpochWritten);
  return superblock_file->sync();
}

Status Log::State::first_segment() {
  segment.number = 1;
  segment.size = options.segment_bytes;
  const std::string path = path_of(segment_name(options.shard, segment.number));
  if (const Status status = fill_first_segment(path); !status.ok()) {
    segment.file.reset();
    if (world.disk.exists(path)) static_cast<void>(world.disk.remove(path).ok());
    return Error{status.error().code,
                 fmt::format("the first log segment of {} bytes cannot be made: {}", segment.size,
                             status.error().detail)};
  }
  offset = durable_end = kSegmentHeaderSpace;
  kept.push_back({segment.number, segment.size, last_submitted.value + 1, previous_crc});
  bytes = segment.size;
  segments = 1;
  return {};
}

Status Log::State::fill_first_segment(const std::string& path) {
  auto file = world.disk.open(path, io::OpenMode::kCreate);
  if (!file.ok()) return file.error();
  segment.file = std::move(file).value();
  crash_point(CrashPoint::kStartSegmentCreated);
  if (Status status = write_zeros(*segment.file, 0, segment.size); !status.ok()) return status;
  crash_point(CrashPoint::kStartSegmentFilled);
  if (Status status = world.disk.sync_directory(options.directory); !status.ok()) return status;
  render_segment_header(segment, /*required=*/0);
  if (Status status = segment.file->write(0, segment_bytes.view()); !status.ok()) return status;
  crash_point(CrashPoint::kStartSegmentOpened);
  return segment.file->sync();
}

}  // namespace leat
