#include "server/checkpoint_runner.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/numbers.h"
#include "engine/state_loader.h"
#include "engine/state_writer.h"
#include "storage/checkpoint_reader.h"
#include "storage/frame_reader.h"

namespace leat {
namespace {

using State = CheckpointWriter::State;

// What a turn may write down, and in which slices: between them the clock is looked at. Without traffic turns follow
// each other at once.
constexpr size_t kWalkBytes = 128 << 10;
constexpr size_t kSliceBytes = 8 << 10;
// A chunk is written from here on.
constexpr size_t kChunkBytes = 512 << 10;
constexpr size_t kBufferKept = 2 << 20;
// What a chunk and the last slice take, mostly: growing by the way would move it, and touch as many pages anew.
constexpr size_t kBufferBytes = kChunkBytes + kWalkBytes;
// After a failure: a full disk may have been emptied, and a broken one should not be asked all the time.
constexpr int64_t kRetryNs = 10'000 * kNsPerMs;
// Bytes of removed files are given back at this pace, and faster where the log grows faster: all is gone well before the
// next checkpoint.
constexpr uint64_t kGivenBackPerMs = 50 << 10;
constexpr uint64_t kGivenBackPerLogged = 2;

}  // namespace

CheckpointRunner::CheckpointRunner(const io::World& world, Engine& engine, Log& log,
                                   ShardFrames& frames, std::string directory, uint32_t databases)
    : world_(world),
      engine_(engine),
      log_(log),
      frames_(frames),
      directory_(std::move(directory)),
      databases_(databases),
      writer_(world, directory_, log.identity(), log.checkpoint_files()) {
  cleaning_since_ = world.clock.mono();
  facts_.published_s = world.clock.wall().value / 1000;
  if (const auto& current = writer_.current()) {
    facts_.published_s = current->wall / 1000;
    facts_.lsn = Lsn{current->lsn};
    facts_.bytes = current->size;
  }
}

uint64_t CheckpointRunner::log_since() const {
  return log_.facts().bytes_logged - covered_;
}

// A checkpoint that is larger than the log behind it would cost more than it saves.
bool CheckpointRunner::due(MonoNs now) const {
  if (log_.failure()) return false;
  if (requested_) return true;
  return settings_.log_bytes != 0 && now >= retry_at_ &&
         log_since() >= std::max(settings_.log_bytes, facts_.bytes);
}

bool CheckpointRunner::has_work() const {
  switch (phase_) {
    case Phase::kIdle:
      return due(now_.mono);
    case Phase::kWalking: {
      StateWriter* const walk = engine_.checkpoint();
      return writer_.state() == State::kOpen || writer_.state() == State::kFailed ||
             (!walk->complete() && walk->out().size() < kChunkBytes);
    }
    case Phase::kSealing: {
      if (writer_.state() != State::kWritten) return writer_.state() == State::kFailed;
      const auto& synced = frames_.synced();
      return synced && (!synced->ok() || log_.durable_lsn() >= lsn_);
    }
    case Phase::kPublishing:
      return settled();
    case Phase::kCleaning:
      return settled() && (!writer_.shrinking() || may_shrink());
    case Phase::kStopped:
      return false;
  }
  return false;
}

uint64_t CheckpointRunner::request(CheckpointReason reason) {
  // A rewrite that is asked for beside another checkpoint is that checkpoint; a verification is not.
  if (!requested_ || reason == CheckpointReason::kVerify) requested_ = reason;
  return facts_.ended + (running() ? 2 : 1);
}

void CheckpointRunner::step(const Now& now, MonoNs until) {
  now_ = now;
  if (log_.failure() && phase_ != Phase::kStopped) stop();
  switch (phase_) {
    case Phase::kIdle:
      if (due(now.mono)) begin(now);
      return;
    case Phase::kWalking:
      return walk(until);
    case Phase::kSealing:
      return seal();
    case Phase::kPublishing:
      return finish_publishing();
    case Phase::kCleaning:
      return clean();
    case Phase::kStopped:
      return;
  }
}

void CheckpointRunner::begin(const Now& now) {
  reason_ = requested_.value_or(CheckpointReason::kLogSize);
  requested_.reset();
  lsn_ = engine_.last_lsn();
  changes_ = engine_.changes();
  position_ = log_.facts().bytes_logged;
  started_ = now.mono;
  if (reason_ == CheckpointReason::kVerify) {
    FrameCache& frames = engine_.share().frames;
    frames.check_from_now();
    digest_ = engine_.digest();
    frames.end();
  }
  engine_.start_checkpoint().out().reserve(kBufferBytes);
  writer_.begin(lsn_, now.wall);
  phase_ = Phase::kWalking;
}

void CheckpointRunner::write_down(StateWriter& walk, MonoNs until) {
  for (size_t left = kWalkBytes; left != 0; left -= kSliceBytes) {
    // While the disk is behind, only what changes is written down.
    if (walk.complete() || walk.out().size() >= kChunkBytes) return;
    walk.step(kSliceBytes);
    if (world_.clock.mono() >= until) return;
  }
}

// A turn writes down, or hands a chunk over, which copies it.
void CheckpointRunner::walk(MonoNs until) {
  if (writer_.state() == State::kFailed) return give_up(writer_.take_failure());
  StateWriter& walk = *engine_.checkpoint();
  ByteBuffer& out = walk.out();
  if (!walk.complete() && out.size() < kChunkBytes) return write_down(walk, until);
  if (writer_.state() != State::kOpen) return;
  if (!out.empty()) {
    writer_.write(out.view());
    out.clear();
    if (out.capacity() > kBufferKept) out.release();
  } else if (walk.complete()) {
    writer_.finish();
    engine_.end_checkpoint();
    frames_.sync();
    phase_ = Phase::kSealing;
  }
}

void CheckpointRunner::seal() {
  if (writer_.state() == State::kFailed) return give_up(writer_.take_failure());
  if (writer_.state() != State::kWritten) return;
  const bool durable = log_.durable_lsn() >= lsn_;
  if (!durable) log_.sync_up_to(lsn_);
  const auto& frames = frames_.synced();
  if (frames && !frames->ok()) return writer_.abandon(frames->error());
  if (!durable || !frames) return;
  writer_.publish(log_.place_of(Lsn{lsn_.value + 1}));
  phase_ = Phase::kPublishing;
}

void CheckpointRunner::finish_publishing() {
  if (writer_.state() == State::kBusy) return;
  if (writer_.state() == State::kFailed) return give_up(writer_.take_failure());
  frames_.checkpoint_published();
  const Manifest& current = *writer_.current();
  covered_ = position_;
  facts_.lsn = lsn_;
  engine_.note_saved(changes_);
  facts_.bytes = current.size;
  facts_.published_s = now_.wall.value / 1000;
  ++facts_.published;
  if (reason_ == CheckpointReason::kRewrite) ++facts_.rewrites;
  log(LogLevel::kVerbose, "Checkpoint {} at record {}: {:.1f} MB in {} ms", current.checkpoint,
      lsn_.value, static_cast<double>(current.size) / kMegabyte,
      (now_.mono.value - started_.value) / kNsPerMs);
  start_cleaning();
  end(reason_ != CheckpointReason::kVerify || verified());
}

void CheckpointRunner::start_cleaning() {
  phase_ = Phase::kCleaning;
  cleaning_since_ = now_.mono;
  cleaning_from_ = log_.facts().bytes_logged;
  given_back_ = 0;
}

bool CheckpointRunner::may_shrink() const {
  // Who waits for the next checkpoint, or for space, does not wait for this.
  if (due(now_.mono) || !log_.has_room(0, /*reserve=*/false)) return true;
  const auto elapsed_ms =
      static_cast<uint64_t>((now_.mono.value - cleaning_since_.value) / kNsPerMs);
  const uint64_t logged = log_.facts().bytes_logged - cleaning_from_;
  return given_back_ < elapsed_ms * kGivenBackPerMs + logged * kGivenBackPerLogged;
}

void CheckpointRunner::clean() {
  if (!settled()) return;
  if (const auto removed = writer_.take_removed()) {
    if (!removed->ok()) {
      log(LogLevel::kWarning, "A file that is not needed any more stays: {}",
          removed->error().detail);
    } else if (removing_segment_) {
      log_.forget_oldest();
    }
    // The next checkpoint tries again.
    if (!removed->ok() && removing_segment_) {
      phase_ = Phase::kIdle;
      return;
    }
  }
  removing_segment_ = false;
  if (writer_.shrinking()) {
    if (!may_shrink()) return;
    given_back_ += FileRemoval::kPiece;
    return writer_.shrink();
  }
  std::optional<std::string> path = writer_.outdated();
  if (!path && writer_.current()) {
    path = log_.reclaimable(writer_.current()->segment, settings_.retain_bytes);
    removing_segment_ = path.has_value();
  }
  if (!path) {
    phase_ = Phase::kIdle;
    return;
  }
  writer_.remove(*path);
}

void CheckpointRunner::give_up(const Error& why) {
  if (engine_.checkpoint() != nullptr) engine_.end_checkpoint();
  frames_.checkpoint_abandoned(/*perhaps_published=*/phase_ == Phase::kPublishing);
  log(LogLevel::kWarning,
      "The checkpoint at record {} was given up: {}. Nothing is lost: the log keeps what it would "
      "have replaced; tried again in {} s",
      lsn_.value, why.detail, kRetryNs / kNsPerSecond);
  retry_at_ = MonoNs{now_.mono.value + kRetryNs};
  phase_ = Phase::kIdle;
  end(/*ok=*/false);
}

void CheckpointRunner::end(bool ok) {
  facts_.last_ok = ok;
  facts_.last_duration_s = (now_.mono.value - started_.value) / kNsPerSecond;
  facts_.last_reason = reason_;
  ++facts_.ended;
}

void CheckpointRunner::stop() {
  writer_.abandon({Errc::kUnavailable, "no checkpoint is made any more"});
  if (engine_.checkpoint() != nullptr) engine_.end_checkpoint();
  if (running()) frames_.checkpoint_abandoned(/*perhaps_published=*/phase_ == Phase::kPublishing);
  phase_ = Phase::kStopped;
}

bool CheckpointRunner::running() const {
  return phase_ == Phase::kWalking || phase_ == Phase::kSealing || phase_ == Phase::kPublishing;
}

CheckpointFacts CheckpointRunner::facts() const {
  CheckpointFacts facts = facts_;
  facts.running = running();
  facts.reason = reason_;
  facts.requested = requested_;
  if (facts.running) facts.running_s = (now_.mono.value - started_.value) / kNsPerSecond;
  facts.log_bytes = log_since();
  return facts;
}

bool CheckpointRunner::verified() const {
  auto reader = CheckpointReader::open(world_.disk, directory_, *writer_.current());
  const LogIdentity& log_of = log_.identity();
  FrameReader frames(world_.disk, {directory_, log_of.uuid, log_of.shard});
  Engine copy(databases_, &frames);
  StateLoader loader(copy);
  while (reader.ok() && reader.value().more()) {
    const auto pieces = reader.value().next();
    if (!pieces.ok() || (!pieces.value().empty() && !loader.take(pieces.value()))) break;
  }
  const bool same = reader.ok() && !reader.value().more() && loader.finish() &&
                    copy.last_lsn() == lsn_ && copy.digest() == digest_;
  if (!same) {
    log(LogLevel::kWarning,
        "The checkpoint at record {} does not hold the state that it was made of", lsn_.value);
  }
  return same;
}

}  // namespace leat
