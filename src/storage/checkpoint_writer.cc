#include "storage/checkpoint_writer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "storage/file_names.h"

namespace leat {
namespace {

constexpr Bytes kCheckpointSuffix = ".ckp";
// A buffer that one large chunk has grown is given back.
constexpr size_t kBufferKept = 2 << 20;

template <typename T>
Bytes bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

}  // namespace

CheckpointWriter::CheckpointWriter(const io::World& world, std::string directory,
                                   const LogIdentity& log, const CheckpointFiles& found)
    : world_(world),
      directory_(std::move(directory)),
      log_(log),
      current_(found.manifest),
      outdated_(found.leftovers),
      newest_(found.newest) {}

std::string CheckpointWriter::path_of(uint64_t number) const {
  return directory_ + "/" + checkpoint_name(log_.shard, number);
}

void CheckpointWriter::start(Job kind, io::DiskJob job) {
  state_ = State::kBusy;
  job_ = kind;
  world_.loop.start(io::Lane::kCheckpoint, std::move(job));
}

void CheckpointWriter::begin(Lsn lsn, WallMs wall) {
  LEAT_CHECK(state_ == State::kIdle);
  header_ = {.uuid = log_.uuid,
             .node = log_.node,
             .number = ++newest_,
             .lsn = lsn.value,
             .epoch = log_.epoch,
             .wall = wall.value,
             .shard = log_.shard};
  counts_ = {};
  offset_ = 0;
  abandoned_ = false;
  // A file without content, durable by name.
  start(Job::kCreate, {.kind = io::DiskJob::Kind::kPrepare,
                       .path = path_of(newest_),
                       .size = 0,
                       .steps = {.begun = CrashPoint::kCheckpointCreated}});
}

void CheckpointWriter::write(Bytes pieces) {
  LEAT_CHECK(state_ == State::kOpen && !pieces.empty());
  ++counts_.chunks;
  counts_.bytes += pieces.size();
  start_chunk(Job::kChunk, ChunkKind::kPieces, pieces);
}

void CheckpointWriter::finish() {
  LEAT_CHECK(state_ == State::kOpen);
  start_chunk(Job::kEnd, ChunkKind::kEnd, bytes_of(counts_));
}

// Each chunk is synced by itself: a commit waits behind whatever flush the device is busy with, so it is to be short.
void CheckpointWriter::start_chunk(Job job, ChunkKind kind, Bytes body) {
  if (buffer_.capacity() > kBufferKept && body.size() < kBufferKept) buffer_.release();
  buffer_.clear();
  if (offset_ == 0) {
    buffer_.append(sealed(header_));
    previous_crc_ = header_.crc;
  }
  ChunkHead head{.epoch = log_.epoch,
                 .number = counts_.chunks + (kind == ChunkKind::kEnd ? 1 : 0),
                 .body_size = body.size(),
                 .kind = kind,
                 .body_crc = crc32c(body),
                 .previous_crc = previous_crc_};
  buffer_.append(sealed(head));
  buffer_.append(body);
  previous_crc_ = head.crc;
  const uint64_t at = std::exchange(offset_, offset_ + buffer_.size());
  const io::CrashSteps steps = kind == ChunkKind::kEnd
                                   ? io::CrashSteps{.changed = CrashPoint::kCheckpointEndWritten,
                                                    .durable = CrashPoint::kCheckpointEndSynced}
                                   : io::CrashSteps{.changed = CrashPoint::kCheckpointChunkWritten,
                                                    .durable = CrashPoint::kCheckpointChunkSynced};
  start(job, {.kind = io::DiskJob::Kind::kWriteSync,
              .file = file_.get(),
              .offset = at,
              .bytes = buffer_.view(),
              .steps = steps});
}

void CheckpointWriter::publish(const LogPlace& from) {
  LEAT_CHECK(state_ == State::kWritten);
  next_ = {.uuid = log_.uuid,
           .node = log_.node,
           .epoch = log_.epoch,
           .checkpoint = header_.number,
           .size = offset_,
           .lsn = header_.lsn,
           .segment = from.segment,
           .wall = header_.wall,
           .shard = log_.shard,
           .previous_crc = from.previous_crc,
           .end_crc = previous_crc_};
  buffer_.clear();
  buffer_.append(sealed(next_));
  start(Job::kManifest, {.kind = io::DiskJob::Kind::kReplace,
                         .bytes = buffer_.view(),
                         .path = directory_ + "/" + manifest_name(log_.shard),
                         .steps = {.begun = CrashPoint::kManifestWritten,
                                   .changed = CrashPoint::kManifestRenamed,
                                   .durable = CrashPoint::kManifestPublished}});
}

void CheckpointWriter::abandon(Error why) {
  switch (state_) {
    case State::kIdle:
    case State::kFailed:
      return;
    case State::kBusy:
      // A removal and a manifest that is on its way end by themselves.
      if (job_ == Job::kRemove || job_ == Job::kShrink) return;
      if (job_ == Job::kManifest || job_ == Job::kDiscard) return;
      abandoned_ = true;
      if (!failure_) failure_ = std::move(why);
      return;
    case State::kOpen:
    case State::kWritten:
      return fail(why);
  }
}

Error CheckpointWriter::take_failure() {
  LEAT_CHECK(state_ == State::kFailed);
  state_ = State::kIdle;
  return *std::exchange(failure_, std::nullopt);
}

std::optional<std::string> CheckpointWriter::outdated() const {
  if (outdated_.empty()) return std::nullopt;
  return outdated_.front();
}

void CheckpointWriter::remove(const std::string& path) {
  LEAT_CHECK(state_ == State::kIdle);
  removed_.reset();
  removing_ = path;
  const CrashPoint removed =
      outdated() == path ? CrashPoint::kCheckpointRemoved : CrashPoint::kSegmentRemoved;
  removal_.begin(path, removed);
  start(Job::kRemove, {.kind = io::DiskJob::Kind::kWork, .work = &removal_});
}

void CheckpointWriter::shrink() {
  LEAT_CHECK(state_ == State::kIdle && shrinking());
  start(Job::kShrink, {.kind = io::DiskJob::Kind::kWork, .work = &removal_});
}

std::optional<Status> CheckpointWriter::take_removed() {
  return std::exchange(removed_, std::nullopt);
}

void CheckpointWriter::on_disk(const Status& status) {
  const Job done = std::exchange(job_, Job::kNone);
  if (done == Job::kShrink) {
    state_ = State::kIdle;
    return;
  }
  if (done == Job::kRemove) {
    state_ = State::kIdle;
    removed_ = status;
    // What could not be removed is tried again at the next start.
    if (outdated() == removing_) outdated_.erase(outdated_.begin());
    return;
  }
  if (done == Job::kDiscard) {
    // Should this have failed, then the next start removes it.
    state_ = State::kFailed;
    return;
  }
  if (!status.ok()) {
    if (done != Job::kManifest) return fail(status.error());
    // Nobody knows which of the two the manifest names after a crash.
    unsure_.push_back(path_of(header_.number));
    file_.reset();
    failure_ = status.error();
    state_ = State::kFailed;
    return;
  }
  if (done == Job::kManifest) return published();
  if (abandoned_) return fail(*failure_);
  if (done == Job::kCreate) return created();
  state_ = done == Job::kEnd ? State::kWritten : State::kOpen;
}

void CheckpointWriter::created() {
  auto file = world_.disk.open(path_of(header_.number), io::OpenMode::kReadWrite);
  if (!file.ok()) return fail(file.error());
  file_ = std::move(file).value();
  state_ = State::kOpen;
}

void CheckpointWriter::published() {
  if (current_) outdated_.push_back(path_of(current_->checkpoint));
  outdated_.insert(outdated_.end(), unsure_.begin(), unsure_.end());
  unsure_.clear();
  current_ = next_;
  file_.reset();
  state_ = State::kIdle;
}

// The file is never trusted again, and takes space.
void CheckpointWriter::fail(const Error& error) {
  if (!failure_) failure_ = error;
  file_.reset();
  buffer_.release();
  const std::string path = path_of(header_.number);
  if (!world_.disk.exists(path)) {
    state_ = State::kFailed;
    return;
  }
  start(Job::kDiscard, {.kind = io::DiskJob::Kind::kRemove,
                        .path = path,
                        .steps = {.changed = CrashPoint::kStopCheckpointRemoved}});
}

std::string checkpoint_name(uint32_t shard, uint64_t number) {
  return numbered_name(fmt::format("checkpoint-{}-", shard), number, kCheckpointSuffix);
}

uint64_t checkpoint_number(uint32_t shard, const std::string& name) {
  return number_in_name(fmt::format("checkpoint-{}-", shard), name, kCheckpointSuffix);
}

std::string manifest_name(uint32_t shard) {
  return fmt::format("manifest-{}", shard);
}

}  // namespace leat
