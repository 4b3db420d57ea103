// The turns of a log: batches, syncs, markers, segments.
//
// One job at a time on the commit lane: a batch, or the sync or marker that is due, or the header of the next
// segment. Two in flight never helped (they make batches smaller), and one keeps the order of failures simple.
#include "storage/log.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "storage/log_state.h"

namespace leat {
namespace {

// A buffer that one large batch has grown is given back.
constexpr size_t kBatchCapacityKept = 4 << 20;
// While no segment can be had, at most this much gathers in memory.
constexpr uint64_t kGatheredMax = 64ULL << 20;

void reset(ByteBuffer& buffer) {
  buffer.clear();
  if (buffer.capacity() > kBatchCapacityKept) buffer.release();
  std::memset(buffer.grow(sizeof(BatchHeader)), 0, sizeof(BatchHeader));
}

}  // namespace

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::~Log() = default;

ByteBuffer& Log::batch() {
  return state_->batch;
}

void Log::commit(Lsn last, WallMs wall, MonoNs now) {
  State& state = *state_;
  state.now = now;
  state.wall = wall;
  if (state.failure) return;
  if (state.gathered() != 0) state.batch_last = last;
  state.start_next();
}

void Log::on_disk(io::Lane lane, const Status& status) {
  lane == io::Lane::kCommit ? state_->finish_commit(status) : state_->finish_background(status);
}

Lsn Log::written_lsn() const {
  return state_->written_lsn;
}
Lsn Log::durable_lsn() const {
  return state_->durable_lsn;
}
Lsn Log::released_lsn() const {
  return state_->options.sync == SyncMode::kAlways ? state_->durable_lsn : state_->written_lsn;
}
void Log::set_sync_mode(SyncMode mode) {
  state_->options.sync = mode;
}
SyncMode Log::sync_mode() const {
  return state_->options.sync;
}
void Log::sync_up_to(Lsn lsn) {
  state_->sync_wanted = std::max(state_->sync_wanted, lsn);
}
const std::optional<Error>& Log::failure() const {
  return state_->failure;
}

bool Log::has_room(uint64_t bytes, bool reserve) const {
  const State& state = *state_;
  if (!state.disk_full)
    return state.gathered() + bytes <= kGatheredMax || state.spare_ready ||
           state.flight != State::Flight::kNone;
  const uint64_t kept = reserve ? 0 : state.options.segment_bytes / kReservePart;
  return state.room() >= bytes + kept + kLogAlignment + sizeof(BatchHeader);
}

std::optional<MonoNs> Log::wake_at() const {
  const State& state = *state_;
  if (state.failure || state.flight != State::Flight::kNone) return std::nullopt;
  std::optional<MonoNs> at;
  const auto consider = [&at](MonoNs time) { at = at ? std::min(*at, time) : time; };
  if (state.options.sync == SyncMode::kEverySec && state.written_lsn > state.durable_lsn) {
    consider(MonoNs{state.last_sync.value + kSyncEveryNs});
  }
  if (state.noted_durable < state.durable_lsn.value)
    consider(MonoNs{state.last_batch.value + kMarkerAfterNs});
  if (state.disk_full && state.background == State::Background::kNone) consider(state.retry_at);
  return at;
}

Log::Facts Log::facts() const {
  Facts facts = state_->facts;
  facts.segments = state_->segments;
  facts.bytes = state_->bytes;
  facts.in_flight = state_->flight != State::Flight::kNone;
  facts.last_sync = state_->last_sync;
  facts.epoch = state_->superblock.epoch;
  return facts;
}

bool Log::State::sync_due() const {
  if (written_lsn == durable_lsn) return false;
  if (sync_wanted > durable_lsn) return true;
  if (options.sync == SyncMode::kAlways) return true;  // The mode was changed meanwhile.
  return options.sync == SyncMode::kEverySec && now.value - last_sync.value >= kSyncEveryNs;
}

// After a pause the newest batch is durable, but nothing on disk says so: without a marker, damage to it would
// pass for a torn tail.
bool Log::State::marker_due() const {
  return noted_durable < durable_lsn.value && now.value - last_batch.value >= kMarkerAfterNs;
}

void Log::State::start_next() {
  if (disk_full && background == Background::kNone && now >= retry_at)
    prepare_spare(options.segment_bytes);
  // A write that needs no sync completes at once: then the next thing that is due may start.
  while (!failure && flight == Flight::kNone) {
    if (sync_due()) {
      flight = Flight::kSync;
      flying_last = written_lsn;
      flight_started = now;
      world.loop.start(io::Lane::kCommit,
                       {.kind = io::DiskJob::Kind::kSync, .file = segment.file.get()});
    } else if (gathered() != 0) {
      if (!start_batch()) return;
    } else if (marker_due()) {
      start_marker();
    } else {
      return;
    }
  }
}

bool Log::State::start_batch() {
  const uint64_t needed = batch_space(gathered());
  if (offset + needed > segment.size) return open_next_segment(needed);
  std::swap(batch, flying);
  reset(batch);
  seal(flying, last_submitted.value + 1, batch_last.value);
  last_submitted = batch_last;
  write(Flight::kBatch, flying, batch_last);
  return true;
}

void Log::State::start_marker() {
  // The end of a segment has no room for a marker; the header of the next batch will say it.
  if (offset + batch_space(0) > segment.size) {
    noted_durable = durable_lsn.value;
    return;
  }
  reset(flying);
  seal(flying, last_submitted.value + 1, last_submitted.value);
  write(Flight::kMarker, flying, last_submitted);
}

// Fills the header in front of the records and pads with zeros to the alignment.
void Log::State::seal(ByteBuffer& buffer, uint64_t first_lsn, uint64_t last_lsn) {
  const Bytes body = buffer.view(sizeof(BatchHeader));
  BatchHeader header{.uuid = superblock.uuid,
                     .segment = segment.number,
                     .epoch = superblock.epoch,
                     .first_lsn = first_lsn,
                     .last_lsn = last_lsn,
                     .wall = wall.value,
                     .durable_lsn = durable_lsn.value,
                     .body_size = body.size(),
                     .body_crc = crc32c(body),
                     .previous_crc = previous_crc};
  const Bytes sealed_header = sealed(header);
  std::memcpy(buffer.bytes(), sealed_header.data(), sealed_header.size());
  const size_t padding = align_up(buffer.size()) - buffer.size();
  std::memset(buffer.grow(padding), 0, padding);
  previous_crc = header.crc;
  noted_durable = durable_lsn.value;
}

void Log::State::write(Flight kind, ByteBuffer& buffer, Lsn last) {
  const uint64_t at = std::exchange(offset, offset + buffer.size());
  facts.bytes_appended += buffer.size();
  ++facts.commits;
  last_batch = now;
  flying_last = last;
  if (options.sync == SyncMode::kAlways) {
    flight = kind;
    flying_synced = true;
    flight_started = now;
    world.loop.start(io::Lane::kCommit, {.kind = io::DiskJob::Kind::kWriteSync,
                                         .file = segment.file.get(),
                                         .offset = at,
                                         .bytes = buffer.view()});
    return;
  }
  // Into the page cache only, of blocks that exist: as fast as handing it to another thread.
  if (Status status = segment.file->write(at, buffer.view()); !status.ok())
    return fail(status.error());
  written(last, /*synced=*/false);
}

void Log::State::written(Lsn last, bool synced) {
  written_lsn = std::max(written_lsn, last);
  if (!synced) return;
  durable_lsn = std::max(durable_lsn, last);
  last_sync = now;
  ++facts.syncs;
}

void Log::State::finish_commit(const Status& status) {
  const Flight done = std::exchange(flight, Flight::kNone);
  if (!status.ok()) return fail(status.error());
  facts.last_sync_ns = static_cast<uint64_t>(world.clock.mono().value - flight_started.value);
  switch (done) {
    case Flight::kBatch:
      written(flying_last, flying_synced);
      break;
    case Flight::kMarker:
      ++facts.syncs;
      break;
    case Flight::kSync:
      written(flying_last, /*synced=*/true);
      break;
    case Flight::kSegmentHeader:
      take_spare();
      break;
    case Flight::kNone:
      break;
  }
}

void Log::State::fail(const Error& error) {
  if (!failure) failure = error;
}

// Writes the header of the spare segment. Returns false when there is none yet; start_next() comes again.
bool Log::State::open_next_segment(uint64_t needed) {
  // What has not been synced in this segment must be before the next one is: only one file is ever synced.
  if (written_lsn > durable_lsn) {
    flight = Flight::kSync;
    flying_last = written_lsn;
    flight_started = now;
    world.loop.start(io::Lane::kCommit,
                     {.kind = io::DiskJob::Kind::kSync, .file = segment.file.get()});
    return true;
  }
  const uint64_t size = std::max(options.segment_bytes, align_up(kSegmentHeaderSpace + needed));
  if (spare_ready && spare.size < kSegmentHeaderSpace + needed) {
    spare.file.reset();
    if (Status status = world.disk.remove(path_of(segment_name(options.shard, spare.number)));
        !status.ok()) {
      fail(status.error());
      return false;
    }
    bytes -= spare.size;
    --segments;
    spare_ready = false;
  }
  if (!spare_ready) {
    if (!disk_full) prepare_spare(size);
    return false;
  }
  render_segment_header(spare);
  flight = Flight::kSegmentHeader;
  flight_started = now;
  world.loop.start(io::Lane::kCommit, {.kind = io::DiskJob::Kind::kWriteSync,
                                       .file = spare.file.get(),
                                       .offset = 0,
                                       .bytes = segment_bytes.view()});
  return true;
}

void Log::State::render_segment_header(const Segment& opened) {
  SegmentHeader header{.uuid = superblock.uuid,
                       .node = superblock.node,
                       .number = opened.number,
                       .first_lsn = last_submitted.value + 1,
                       .epoch = superblock.epoch,
                       .size = opened.size,
                       .shard = options.shard};
  const Bytes rendered = sealed(header);
  segment_bytes.clear();
  std::memset(segment_bytes.grow(kSegmentHeaderSpace), 0, kSegmentHeaderSpace);
  std::memcpy(segment_bytes.bytes(), rendered.data(), rendered.size());
  std::memcpy(segment_bytes.bytes() + kHeaderCopyOffset, rendered.data(), rendered.size());
}

void Log::State::take_spare() {
  segment = std::move(spare);
  spare = {};
  spare_ready = false;
  offset = kSegmentHeaderSpace;
  superblock_wanted = true;
  start_background();
  prepare_spare(options.segment_bytes);
}

void Log::State::prepare_spare(uint64_t size) {
  if (background != Background::kNone || spare_ready) return;
  background = Background::kPrepare;
  spare.number = segment.number + 1;
  spare_size = size;
  // Only commits that wait for their sync gain from blocks that have been written before; for the others
  // zeros would be work done twice.
  const bool zeros = options.sync == SyncMode::kAlways;
  world.loop.start(io::Lane::kBackground,
                   {.kind = zeros ? io::DiskJob::Kind::kPrepare : io::DiskJob::Kind::kReserve,
                    .path = path_of(segment_name(options.shard, spare.number)),
                    .size = size});
}

void Log::State::start_background() {
  if (background != Background::kNone || !superblock_wanted) return;
  superblock_wanted = false;
  background = Background::kSuperblock;
  render_superblock(/*clean=*/false);
  world.loop.start(io::Lane::kBackground, {.kind = io::DiskJob::Kind::kWriteSync,
                                           .file = superblock_file.get(),
                                           .offset = superblock_offset(),
                                           .bytes = superblock_bytes.view()});
}

void Log::State::finish_background(const Status& status) {
  const Background done = std::exchange(background, Background::kNone);
  if (done == Background::kSuperblock) {
    if (!status.ok()) return fail(status.error());
    if (!spare_ready) prepare_spare(options.segment_bytes);
    return;
  }
  const std::string path = path_of(segment_name(options.shard, spare.number));
  if (!status.ok()) {
    if (!disk_full) {
      log(LogLevel::kWarning,
          "No space for the next log segment ({}); writes are refused, tried again every {} ms",
          status.error().detail, kRetryNs / kNsPerMs);
    }
    disk_full = true;
    retry_at = MonoNs{world.clock.mono().value + kRetryNs};
    if (world.disk.exists(path)) static_cast<void>(world.disk.remove(path).ok());
    start_background();
    return;
  }
  auto file = world.disk.open(path, io::OpenMode::kReadWrite);
  if (!file.ok()) return fail(file.error());
  if (disk_full) log(LogLevel::kNotice, "There is space again: writes are accepted");
  disk_full = false;
  spare.file = std::move(file).value();
  spare.size = spare_size;
  spare_ready = true;
  bytes += spare.size;
  ++segments;
  start_background();
}

uint64_t Log::State::room() const {
  const uint64_t left = segment.size - std::min(segment.size, offset + batch_space(gathered()));
  return left + (spare_ready ? spare.size - kSegmentHeaderSpace : 0);
}

void Log::State::render_superblock(bool clean) {
  ++superblock.generation;
  superblock.durable_lsn = durable_lsn.value;
  superblock.wall = wall.value;
  superblock.clean = clean ? 1 : 0;
  superblock_bytes.clear();
  superblock_bytes.append(sealed(superblock));
}

uint64_t Log::State::superblock_offset() const {
  return superblock.generation % 2 == 0 ? 0 : kHeaderCopyOffset;
}

Status Log::close(Lsn last, WallMs wall) {
  State& state = *state_;
  if (state.failure) return *state.failure;
  state.wall = wall;
  if (state.gathered() != 0) {
    state.batch_last = last;
    const uint64_t needed = batch_space(state.gathered());
    if (state.offset + needed > state.segment.size) {
      return Error{Errc::kFull, "the last commands could not be written: the disk is full"};
    }
    state.seal(state.batch, state.last_submitted.value + 1, last.value);
    if (Status status = state.segment.file->write(state.offset, state.batch.view()); !status.ok())
      return status;
    state.offset += state.batch.size();
    state.last_submitted = last;
    reset(state.batch);
  }
  if (Status status = state.segment.file->sync(); !status.ok()) return status;
  state.written(state.last_submitted, /*synced=*/true);
  if (state.offset + batch_space(0) <= state.segment.size &&
      state.noted_durable < state.durable_lsn.value) {
    reset(state.flying);
    state.seal(state.flying, last.value + 1, last.value);
    if (Status status = state.segment.file->write(state.offset, state.flying.view()); !status.ok())
      return status;
    state.offset += state.flying.size();
    if (Status status = state.segment.file->sync(); !status.ok()) return status;
  }
  state.render_superblock(/*clean=*/true);
  if (Status status =
          state.superblock_file->write(state.superblock_offset(), state.superblock_bytes.view());
      !status.ok()) {
    return status;
  }
  return state.superblock_file->sync();
}

}  // namespace leat
