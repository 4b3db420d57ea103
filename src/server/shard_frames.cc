#include "server/shard_frames.h"

#include <utility>

namespace leat {

Status ShardFrames::open(const io::World& world, const FrameFilesOptions& options) {
  auto files = FrameFiles::open(world, options, *this);
  if (!files.ok()) return files.error();
  files_ = std::move(files).value();
  engine_.share().frames.use(files_.get());
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
  fetch_waiting();
  files_->end_turn();
}

void ShardFrames::park(ClientId client, const std::vector<FrameRef>& frames, OpenedFrames opened) {
  for (const FrameRef& frame : waits_.park(client, frames, std::move(opened)))
    to_fetch_.push_back(frame);
  fetch_waiting();
}

size_t ShardFrames::frames_max(const OpenedFrames& opened) const {
  const FrameCache& cache = engine_.share().frames;
  if (opened.waits == 0) return kFramesAtOnce;
  if (opened.failed || cache.bytes_pinned() > cache.limit() / 2) return 0;
  constexpr unsigned kDoublingsMax = 8;
  return kFramesAtOnce << std::min(opened.waits, kDoublingsMax);
}

void ShardFrames::on_sealed(uint64_t token, const Result<FrameRef>& frame) {
  engine_.share().seals.finish(static_cast<uint32_t>(token), frame.ok() ? &frame.value() : nullptr);
}

void ShardFrames::on_fetched(const FrameRef& frame, Result<BlockImages> images) {
  FrameCache& cache = engine_.share().frames;
  FrameCache::Pin opened;
  if (images.ok()) opened = cache.admit(frame, std::move(images).value());
  waits_.settle(frame, cache, static_cast<bool>(opened));
  fetch_waiting();
}

void ShardFrames::on_synced(const Status& /*status*/) {}

void ShardFrames::fetch_waiting() {
  while (!to_fetch_.empty() && files_->fetch(to_fetch_.front())) to_fetch_.pop_front();
}

}  // namespace leat
