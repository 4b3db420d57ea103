#include "server/shard_frames.h"

#include <algorithm>
#include <utility>

#include "io/process.h"

namespace leat {
namespace {

// The token of a frame that is written anew; those of the engine have 32 bits.
constexpr uint64_t kMoved = uint64_t{1} << 32;
// Objects and extents that a turn looks at: a tenth of a millisecond.
constexpr size_t kLookedAt = 1024;
// How often files are looked for that are mostly dead.
constexpr int64_t kCleanEveryNs = 500 * kNsPerMs;
constexpr int64_t kCleanRetryNs = 30'000 * kNsPerMs;

}  // namespace

Status ShardFrames::open(const io::World& world, const FrameFilesOptions& options) {
  auto files = FrameFiles::open(world, options, *this);
  if (!files.ok()) return files.error();
  files_ = std::move(files).value();
  engine_.share().frames.use(files_.get());
  excess_while_paused_ = std::min<size_t>(kExcessWhilePaused, io::memory_limit_bytes() / 4);
  return {};
}

void ShardFrames::seal_now() {
  SealQueue& seals = engine_.share().seals;
  while (!failed_now_) {
    const auto job = seals.next();
    if (!job) return;
    const Result<FrameRef> frame = files_->seal_now(job->images);
    seals.finish(job->token, frame.ok() ? &frame.value() : nullptr);
    failed_now_ = !frame.ok();
  }
}

void ShardFrames::end_turn(MonoNs now) {
  SealQueue& seals = engine_.share().seals;
  while (files_->accepts(now)) {
    auto job = seals.next();
    if (!job) break;
    files_->seal(job->token, std::move(job->images));
  }
  sealing_ = seals.in_flight() != 0;
  clean(now);
  fetch_waiting();
  files_->end_turn();
}

void ShardFrames::clean(MonoNs now) {
  if (!moves_.active()) {
    // What stands in no stream any more, as only a reply needs it, is not found; walking again soon would not help.
    if (std::exchange(walking_, false)) moves_fail_ = moves_fail_ || !moved_;
    if (now < clean_at_) return;
    clean_at_ = MonoNs{now.value + (moves_fail_ ? kCleanRetryNs : kCleanEveryNs)};
    // After a failure it is looked again only when that time has passed as well.
    if (std::exchange(moves_fail_, false)) return;
    if (auto files = files_->candidates(); !files.empty()) {
      moves_.begin(std::move(files));
      walking_ = true;
      moved_ = false;
    }
  }
  if (!moves_.active() || moves_.waiting() || !files_->accepts(now)) return;
  if (const auto frame = moves_.next(kLookedAt)) files_->rewrite(kMoved, *frame);
}

bool ShardFrames::behind() const {
  // Opened frames have the same budget as full blocks.
  const size_t budget = engine_.share().frames.limit();
  const size_t hot = engine_.share().seals.hot_bytes();
  if (engine_.checkpoint() != nullptr)
    return hot > budget + std::max(3 * budget, excess_while_paused_);
  return sealing_ && hot > budget + std::max(budget, kExcessMin);
}

bool ShardFrames::has_work(MonoNs now) const {
  return opened() && moves_.active() && !moves_.waiting() && files_->accepts(now);
}

void ShardFrames::sync() {
  synced_.reset();
  sync_again_ = syncing_;
  if (std::exchange(syncing_, true)) return;
  files_->sync();
}

void ShardFrames::park(FrameWaiter who, const std::vector<FrameRef>& frames, OpenedFrames opened) {
  for (const FrameRef& frame : waits_.park(who, frames, std::move(opened)))
    to_fetch_.push_back(frame);
  fetch_waiting();
}

void ShardFrames::begin_ready(const OpenedFrames& opened) {
  for (const FrameRef& frame : opened.unreadable) engine_.share().frames.note_unreadable(frame);
}

size_t ShardFrames::frames_max(const OpenedFrames& opened) {
  constexpr unsigned kDoublingsMax = 8;
  return kFramesAtOnce << std::min(opened.waits, kDoublingsMax);
}

void ShardFrames::on_sealed(uint64_t token, const Result<FrameRef>& frame) {
  if (token == kMoved) {
    moves_.finish(frame.ok() ? &frame.value() : nullptr);
    moved_ = moved_ || frame.ok();
    // A frame whose file has gone meanwhile is no failure. A full disk has no room for the others either.
    moves_fail_ = moves_fail_ || (!frame.ok() && frame.error().code != Errc::kUnavailable);
    if (!frame.ok() && frame.error().code == Errc::kFull) moves_.stop();
    return;
  }
  engine_.share().seals.finish(static_cast<uint32_t>(token), frame.ok() ? &frame.value() : nullptr);
}

void ShardFrames::on_fetched(const FrameRef& frame, Result<BlockImages> images) {
  FrameCache& cache = engine_.share().frames;
  FrameCache::Pin opened;
  if (images.ok()) opened = cache.admit(frame, std::move(images).value());
  waits_.settle(frame, cache, static_cast<bool>(opened));
  fetch_waiting();
}

void ShardFrames::on_synced(const Status& status) {
  if (std::exchange(sync_again_, false)) return files_->sync();
  syncing_ = false;
  synced_ = status;
}

void ShardFrames::fetch_waiting() {
  while (!to_fetch_.empty() && files_->fetch(to_fetch_.front())) to_fetch_.pop_front();
}

}  // namespace leat
