// The turns of a log: batches, syncs, markers, segments.
//
// One job at a time on the commit lane: a batch, a marker, or the header of the next segment, each with its sync. Two
// in flight never helped (they make batches smaller), and one keeps the order of failures simple. What makes batches
// larger helps: a CommitDelay lets the clients come back that the last commit has released.
//
// When replies do not wait for the disk (everysec, no), nothing else may: batches are written at once, and the sync lane
// syncs behind them what had been written when it began. A full segment is left behind the same way: the next one is
// opened without a sync, and says so in its header, so that recovery takes it for no proof that the one before is
// whole. At most one segment is behind at a time, and no later one is synced before it.
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
  if (state.failure || loading()) return;
  if (state.gathered() != 0) state.batch_last = last;
  state.start_next();
}

void Log::on_disk(io::Lane lane, const Status& status) {
  switch (lane) {
    case io::Lane::kCommit:
      return state_->finish_commit(status);
    case io::Lane::kBackground:
      return state_->finish_background(status);
    case io::Lane::kSync:
      return state_->finish_sync(status);
    case io::Lane::kCheckpoint:
    case io::Lane::kFrames:
    case io::Lane::kFetch:
      return;
  }
}

Lsn Log::written_lsn() const {
  return state_->written_lsn;
}
Lsn Log::durable_lsn() const {
  return state_->durable_lsn;
}
Lsn Log::released_lsn() const {
  if (loading()) return Lsn{UINT64_MAX};
  return state_->options.sync == SyncMode::kAlways ? state_->durable_lsn : state_->written_lsn;
}
void Log::set_sync_mode(SyncMode mode) {
  state_->options.sync = mode;
  state_->delay = {};
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
  if (state.failure) return false;
  // A single command always gets its turn, whatever its size: its segment is made to measure.
  if (!state.disk_full) return true;
  const uint64_t kept = reserve ? 0 : state.options.segment_bytes / kReservePart;
  return state.room() >= bytes + kept + kLogAlignment + sizeof(BatchHeader);
}

bool Log::behind() const {
  return !state_->failure && !state_->disk_full && state_->gathered() >= kGatheredMax;
}

std::optional<MonoNs> Log::wake_at() const {
  const State& state = *state_;
  if (state.failure || loading() || state.flight != State::Flight::kNone) return std::nullopt;
  std::optional<MonoNs> at;
  const auto consider = [&at](MonoNs time) { at = at ? std::min(*at, time) : time; };
  if (state.sync_asked() && !state.sync.running) consider(MonoNs{0});
  if (state.options.sync == SyncMode::kEverySec && state.unsynced && !state.sync.running) {
    consider(MonoNs{state.last_sync.value + kSyncEveryNs});
  }
  // What has been gathered and could not be written waits for a segment; its header will be the marker.
  if (state.noted_durable < state.durable_lsn.value && state.gathered() == 0)
    consider(MonoNs{state.last_batch.value + kMarkerAfterNs});
  if (state.gathered() != 0 && state.delay.active()) consider(state.delay.until());
  if (state.disk_full && state.background == State::Background::kNone) consider(state.retry_at);
  return at;
}

bool Log::settled() const {
  return !facts().in_flight && (state_->gathered() == 0 || state_->failure);
}

uint64_t Log::buffer_bytes() const {
  const State& state = *state_;
  return state.batch.capacity() + state.flying.capacity() + state.segment_bytes.capacity() +
         state.superblock_bytes.capacity();
}

Log::Facts Log::facts() const {
  Facts facts = state_->facts;
  facts.segments = state_->segments;
  facts.bytes = state_->bytes;
  const uint64_t gathered = state_->gathered();
  facts.bytes_logged =
      facts.bytes_appended + state_->bytes_recovered + (gathered == 0 ? 0 : batch_space(gathered));
  facts.in_flight = state_->flight != State::Flight::kNone || state_->sync.running ||
                    state_->background == State::Background::kZeros ||
                    state_->background == State::Background::kSuperblock;
  facts.last_sync = state_->last_sync;
  facts.epoch = state_->superblock.epoch;
  return facts;
}

LogIdentity Log::identity() const {
  return {.uuid = state_->superblock.uuid,
          .node = state_->superblock.node,
          .epoch = state_->superblock.epoch,
          .shard = state_->options.shard};
}

const CheckpointFiles& Log::checkpoint_files() const {
  return state_->checkpoint_files;
}

LogPlace Log::place_of(Lsn lsn) const {
  const std::deque<State::Kept>& kept = state_->kept;
  auto place = kept.end();
  // The header of the present segment may not be durable yet: then the one before it is the place.
  if (state_->durable_end == 0 && kept.size() > 1) --place;
  while (place != kept.begin()) {
    --place;
    if (place->first_lsn <= lsn.value) break;
  }
  return {.segment = place->number, .previous_crc = place->previous_crc};
}

std::optional<std::string> Log::reclaimable(uint64_t needed, uint64_t retain) const {
  const std::deque<State::Kept>& kept = state_->kept;
  if (kept.front().number >= needed) return std::nullopt;
  uint64_t left = 0;
  for (const State::Kept& segment : kept) {
    if (segment.number < needed) left += segment.size;
  }
  if (left - kept.front().size < retain) return std::nullopt;
  return state_->path_of(segment_name(state_->options.shard, kept.front().number));
}

void Log::forget_oldest() {
  state_->bytes -= state_->kept.front().size;
  --state_->segments;
  state_->kept.pop_front();
}

bool Log::State::sync_due() const {
  if (closed.segment.file != nullptr) return true;
  if (!unsynced) return false;
  if (sync_asked()) return true;
  if (options.sync == SyncMode::kAlways) return true;  // The mode was changed meanwhile.
  if (durable_end == 0) return true;                   // Only then may the superblock name it.
  return options.sync == SyncMode::kEverySec && now.value - last_sync.value >= kSyncEveryNs;
}

// After a pause the newest batch is durable, but nothing on disk says so: without a marker, damage to it would
// pass for a torn tail.
bool Log::State::marker_due() const {
  return noted_durable < durable_lsn.value && now.value - last_batch.value >= kMarkerAfterNs;
}

void Log::State::start_next() {
  if (disk_full && background == Background::kNone && now >= retry_at) prepare_spare();
  zero_spare();
  // A write that needs no sync completes at once: then the next thing that is due may start.
  while (!failure && flight == Flight::kNone) {
    start_sync();
    // A batch that counts as durable when its own sync has returned must have nothing unsynced before it.
    const bool unsynced_before = unsynced || closed.segment.file != nullptr;
    if (options.sync == SyncMode::kAlways && unsynced_before) return;
    if (gathered() != 0) {
      if (options.sync == SyncMode::kAlways && delay.holds(batch_last, now)) return;
      if (!start_batch()) return;
    } else if (marker_due()) {
      start_marker();
    } else {
      return;
    }
  }
}

// What is due, if anything, and the lane is free: the segment left behind before the present one.
void Log::State::start_sync() {
  if (sync.running || !sync_due()) return;
  const bool behind = closed.segment.file != nullptr;
  const Segment& file = behind ? closed.segment : segment;
  sync = {.running = true,
          .segment = file.number,
          .last = behind ? closed.last : written_lsn,
          .end = behind ? closed.end : offset,
          .started = now};
  world.loop.start(io::Lane::kSync, {.kind = io::DiskJob::Kind::kSync,
                                     .file = file.file.get(),
                                     .steps = {.durable = CrashPoint::kBatchSynced}});
}

void Log::State::finish_sync(const Status& status) {
  sync.running = false;
  if (!status.ok()) return fail(status.error());
  last_sync = sync.started;
  facts.last_sync_ns = static_cast<uint64_t>(world.clock.mono().value - sync.started.value);
  ++facts.syncs;
  durable_lsn = std::max(durable_lsn, sync.last);
  if (sync.segment != segment.number) {
    if (sync.end == closed.end) closed = {};
    return;
  }
  durable_end = sync.end;
  unsynced = offset > sync.end;
  name_in_superblock();
}

// Gives the gathered records to the disk; false when they have to wait for a segment.
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
                     .previous_crc = previous_crc,
                     .durable_end = durable_end};
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
  flying_end = offset;
  if (options.sync == SyncMode::kAlways) {
    flight = kind;
    flight_started = now;
    world.loop.start(io::Lane::kCommit, {.kind = io::DiskJob::Kind::kWriteSync,
                                         .file = segment.file.get(),
                                         .offset = at,
                                         .bytes = buffer.view(),
                                         .steps = {.changed = CrashPoint::kBatchWritten,
                                                   .durable = CrashPoint::kBatchSynced}});
    return;
  }
  // Into the page cache only, of blocks that exist: as fast as handing it to another thread.
  if (const Status status = segment.file->write(at, buffer.view()); !status.ok())
    return fail(status.error());
  crash_point(CrashPoint::kBatchWritten);
  unsynced = true;
  written(last);
}

void Log::State::written(Lsn last) {
  written_lsn = std::max(written_lsn, last);
}

// The segment has been synced up to `end`, which is behind record `last`.
void Log::State::synced(Lsn last, uint64_t end) {
  written(last);
  durable_lsn = std::max(durable_lsn, last);
  durable_end = end;
  unsynced = offset > end;
  last_sync = now;
  ++facts.syncs;
}

void Log::State::finish_commit(const Status& status) {
  const Flight done = std::exchange(flight, Flight::kNone);
  if (!status.ok()) return fail(status.error());
  const MonoNs completed = world.clock.mono();
  const int64_t took = completed.value - flight_started.value;
  facts.last_sync_ns = static_cast<uint64_t>(took);
  switch (done) {
    case Flight::kBatch:
      delay.begin(flying_last.value - durable_lsn.value, batch_last.value - last_submitted.value,
                  batch_last, completed, took);
      [[fallthrough]];
    case Flight::kMarker:
      synced(flying_last, flying_end);
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

// Writes the header of the spare segment. Returns false when it has to wait; start_next() comes again.
bool Log::State::open_next_segment(uint64_t needed) {
  // What was opened without a sync has to be durable before it is left behind, or a third segment would follow it.
  if (closed.segment.file != nullptr || durable_end == 0) return false;
  // Zeros are being written over the spare, where batches are about to stand.
  if (background == Background::kZeros) return false;
  if (spare_ready && spare.size < kSegmentHeaderSpace + needed && !drop_spare()) return false;
  if (!spare_ready) {
    if (!disk_full) prepare_spare();
    return false;
  }
  if (options.sync != SyncMode::kAlways) return open_behind();
  render_segment_header(spare, /*required=*/0);
  flight = Flight::kSegmentHeader;
  flight_started = now;
  world.loop.start(io::Lane::kCommit, {.kind = io::DiskJob::Kind::kWriteSync,
                                       .file = spare.file.get(),
                                       .offset = 0,
                                       .bytes = segment_bytes.view(),
                                       .steps = {.changed = CrashPoint::kSegmentOpened}});
  return true;
}

bool Log::State::open_behind() {
  render_segment_header(spare, SegmentHeader::kUnsynced);
  if (const Status status = spare.file->write(0, segment_bytes.view()); !status.ok()) {
    fail(status.error());
    return false;
  }
  crash_point(CrashPoint::kSegmentOpened);
  if (unsynced) closed = {.segment = std::move(segment), .last = last_submitted, .end = offset};
  switch_to_spare();
  durable_end = 0;
  unsynced = true;
  prepare_spare();
  return true;
}

// The gathered batch needs a larger segment than the one that was prepared.
bool Log::State::drop_spare() {
  spare.file.reset();
  spare_ready = false;
  if (const Status status = world.disk.remove(path_of(segment_name(options.shard, spare.number)));
      !status.ok()) {
    fail(status.error());
    return false;
  }
  crash_point(CrashPoint::kSegmentDropped);
  bytes -= spare.size;
  --segments;
  return true;
}

void Log::State::render_segment_header(const Segment& opened, uint32_t required) {
  SegmentHeader header{.required = required,
                       .uuid = superblock.uuid,
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
  switch_to_spare();
  name_in_superblock();
  prepare_spare();
}

// The segment's header is durable, and all that precedes it: the superblock may say so.
void Log::State::name_in_superblock() {
  if (superblock.segment == segment.number) return;
  superblock.segment = segment.number;
  superblock_wanted = true;
  start_background();
}

void Log::State::switch_to_spare() {
  segment = std::move(spare);
  spare = {};
  spare_ready = false;
  kept.push_back({segment.number, segment.size, last_submitted.value + 1, previous_crc});
  offset = durable_end = kSegmentHeaderSpace;
}

uint64_t Log::State::wanted_size() const {
  return std::max(options.segment_bytes, kSegmentHeaderSpace + batch_space(gathered()));
}

void Log::State::prepare_spare() {
  if (background != Background::kNone || spare_ready) return;
  background = Background::kPrepare;
  spare.number = segment.number + 1;
  spare_size = wanted_size();
  world.loop.start(io::Lane::kBackground,
                   {.kind = io::DiskJob::Kind::kReserve,
                    .path = path_of(segment_name(options.shard, spare.number)),
                    .size = spare_size,
                    .steps = {.begun = CrashPoint::kSegmentCreated,
                              .changed = CrashPoint::kSegmentFilled,
                              .durable = CrashPoint::kSegmentPrepared}});
}

// Only commits that wait for their sync gain from blocks that have been written before; for the others zeros would be
// work done twice. In step with what is appended, a little ahead of it: at full speed the disk had no time for
// commits, which took five times as long.
void Log::State::zero_spare() {
  if (!spare_ready || background != Background::kNone || flight == Flight::kSegmentHeader) return;
  if (options.sync != SyncMode::kAlways) return;
  const uint64_t wanted = std::min(spare.size, offset + offset / 8 + kZeroPiece);
  if (spare_zeroed >= wanted) return;
  background = Background::kZeros;
  static const std::string kZeros(kZeroPiece, '\0');
  const uint64_t piece = std::min(kZeroPiece, spare.size - spare_zeroed);
  world.loop.start(io::Lane::kBackground, {.kind = io::DiskJob::Kind::kWriteSync,
                                           .file = spare.file.get(),
                                           .offset = spare_zeroed,
                                           .bytes = Bytes(kZeros).substr(0, piece),
                                           .steps = {.durable = CrashPoint::kSegmentZeroed}});
  spare_zeroed += piece;
}

void Log::State::start_background() {
  if (background != Background::kNone || !superblock_wanted) return;
  superblock_wanted = false;
  background = Background::kSuperblock;
  render_superblock(/*clean=*/false, superblock_bytes);
  world.loop.start(io::Lane::kBackground, {.kind = io::DiskJob::Kind::kWriteSync,
                                           .file = superblock_file.get(),
                                           .offset = superblock_offset(),
                                           .bytes = superblock_bytes.view(),
                                           .steps = {.changed = CrashPoint::kSegmentNamed}});
}

void Log::State::finish_background(const Status& status) {
  const Background done = std::exchange(background, Background::kNone);
  if (failure) return;
  switch (done) {
    case Background::kPrepare:
      finish_prepare(status);
      break;
    case Background::kZeros:
      finish_zeros(status);
      break;
    case Background::kSuperblock:
      if (!status.ok()) return fail(status.error());
      if (!disk_full) prepare_spare();
      break;
    case Background::kNone:
      break;
  }
  start_background();
}

void Log::State::finish_prepare(const Status& status) {
  if (!status.ok()) return stay_without_spare(status.error());
  auto file =
      world.disk.open(path_of(segment_name(options.shard, spare.number)), io::OpenMode::kReadWrite);
  if (!file.ok()) return stay_without_spare(file.error());
  if (disk_full) log(LogLevel::kNotice, "There is space for the log again: writes are accepted");
  disk_full = false;
  spare.file = std::move(file).value();
  spare.size = spare_size;
  spare_zeroed = 0;
  spare_ready = true;
  bytes += spare.size;
  ++segments;
}

void Log::State::finish_zeros(const Status& status) {
  if (status.ok()) return;
  // Nothing stands in it: another one is made.
  spare.file.reset();
  spare_ready = false;
  bytes -= spare.size;
  --segments;
  stay_without_spare(status.error());
}

// Nothing is lost by this: what does not fit into the present segment waits, and new writes are refused.
void Log::State::stay_without_spare(const Error& error) {
  if (!disk_full) {
    log(LogLevel::kWarning,
        "The next log segment of {} bytes cannot be made: {}. Writes are refused once the present "
        "one "
        "is full, but for a reserve for what frees space; tried again every {} ms",
        spare_size, error.detail, kRetryNs / kNsPerMs);
  }
  disk_full = true;
  retry_at = MonoNs{world.clock.mono().value + kRetryNs};
  // Should the removal fail as well, then so will the next attempt, and say so.
  const std::string path = path_of(segment_name(options.shard, spare.number));
  if (world.disk.exists(path)) static_cast<void>(world.disk.remove(path).ok());
}

uint64_t Log::State::room() const {
  const uint64_t left = segment.size - std::min(segment.size, offset + batch_space(gathered()));
  return left + (spare_ready ? spare.size - kSegmentHeaderSpace : 0);
}

void Log::State::render_superblock(bool clean, ByteBuffer& out) {
  ++superblock.generation;
  superblock.durable_lsn = durable_lsn.value;
  superblock.wall = wall.value;
  superblock.clean = clean ? 1 : 0;
  out.clear();
  out.append(sealed(superblock));
}

uint64_t Log::State::superblock_offset() const {
  return superblock.generation % 2 == 0 ? 0 : kHeaderCopyOffset;
}

Status Log::close(Lsn last, WallMs wall) {
  State& state = *state_;
  if (state.failure) return *state.failure;
  if (facts().in_flight) {
    return Error{Errc::kUnavailable, "the log was closed while the disk was still writing"};
  }
  state.wall = wall;
  if (state.closed.segment.file != nullptr) {
    if (Status status = state.closed.segment.file->sync(); !status.ok()) return status;
    state.closed = {};
  }
  if (Status status = state.close_batch(last); !status.ok()) return status;
  if (Status status = state.segment.file->sync(); !status.ok()) return status;
  state.synced(state.last_submitted, state.offset);
  if (state.offset + batch_space(0) <= state.segment.size &&
      state.noted_durable < state.durable_lsn.value) {
    reset(state.flying);
    state.seal(state.flying, state.last_submitted.value + 1, state.last_submitted.value);
    if (Status status = state.write_now(state.flying); !status.ok()) return status;
    crash_point(CrashPoint::kStopMarkerWritten);
    if (Status status = state.segment.file->sync(); !status.ok()) return status;
    state.synced(state.last_submitted, state.offset);
  }
  state.superblock.segment = state.segment.number;
  return state.write_superblock(/*clean=*/true);
}

// Writes what has been gathered, if need be into the spare segment.
Status Log::State::close_batch(Lsn last) {
  if (gathered() == 0) return {};
  const uint64_t needed = batch_space(gathered());
  if (offset + needed > segment.size) {
    if (!spare_ready || spare.size < kSegmentHeaderSpace + needed) {
      return Error{
          Errc::kFull,
          "the last commands, which were not acknowledged, could not be written: the log has "
          "no room for them"};
    }
    if (Status status = segment.file->sync(); !status.ok()) return status;
    synced(last_submitted, offset);
    render_segment_header(spare, /*required=*/0);
    if (Status status = spare.file->write(0, segment_bytes.view()); !status.ok()) return status;
    crash_point(CrashPoint::kSegmentOpened);
    if (Status status = spare.file->sync(); !status.ok()) return status;
    switch_to_spare();
  }
  seal(batch, last_submitted.value + 1, last.value);
  if (Status status = write_now(batch); !status.ok()) return status;
  crash_point(CrashPoint::kBatchWritten);
  last_submitted = last;
  reset(batch);
  return {};
}

Status Log::State::write_now(ByteBuffer& buffer) {
  if (Status status = segment.file->write(offset, buffer.view()); !status.ok()) return status;
  offset += buffer.size();
  return {};
}

}  // namespace leat
