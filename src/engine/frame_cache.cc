#include "engine/frame_cache.h"

#include <algorithm>

#include "base/log.h"

namespace leat {
namespace {

// The opened blocks are those that the fence was made of.
bool agrees(const FrameCache::Blocks& blocks, StreamId first, const Fence& fence) {
  if (blocks.size() != fence.blocks || blocks.front()->first_id() != first) return false;
  uint64_t live = 0;
  uint64_t live_bytes = 0;
  for (const auto& block : blocks) {
    live += block->live();
    live_bytes += block->live_bytes();
  }
  return live == fence.live && live_bytes == fence.live_bytes &&
         blocks.back()->last_id() == fence.last_id;
}

}  // namespace

void FrameCache::set_limit(size_t bytes) {
  limit_ = bytes;
  make_room(0);
}

void FrameCache::let_go() {
  for (Pin& kept : kept_) kept.frame_->kept = false;
  kept_.clear();
}

FrameCache::Pin FrameCache::open(StreamId first, const Fence& fence) {
  Frame* frame = nullptr;
  if (const auto found = by_ref_.find(fence.ref); found != by_ref_.end()) {
    frame = found->second;
    ++counters_.hits;
  } else if (known_unreadable(fence.ref)) {
    fail();
    return {};
  } else if (missing_max_ != 0) {
    static_cast<void>(foresee(fence));
    return {};
  } else {
    frame = load(fence.ref);
  }
  if (frame != nullptr && !agrees(frame->blocks, first, fence)) {
    log(LogLevel::kWarning, "Frame {}:{} does not hold what was sealed", fence.ref.file,
        fence.ref.offset);
    drop(*frame);
    frame = nullptr;
    fail();
  }
  if (frame == nullptr) return {};
  Pin pinned = pin(*frame);
  if (keep_ == Keep::kAll && !frame->kept) {
    frame->kept = true;
    kept_.push_back(pin(*frame));
  }
  return pinned;
}

bool FrameCache::foresee(const Fence& fence) {
  // What is only foreseen may turn out not to be needed: it is no failure yet.
  if (by_ref_.contains(fence.ref) || known_unreadable(fence.ref)) return true;
  if (trouble_ == Trouble::kNone) trouble_ = Trouble::kMissing;
  const bool known = std::find(missing_.begin(), missing_.end(), fence.ref) != missing_.end();
  if (known) return true;
  if (missing_.size() >= missing_max_) return false;
  ++counters_.misses;
  missing_.push_back(fence.ref);
  return true;
}

FrameCache::Pin FrameCache::admit(const FrameRef& ref, BlockImages images) {
  const auto found = by_ref_.find(ref);
  Frame* const frame = found == by_ref_.end() ? insert(ref, std::move(images)) : found->second;
  return frame == nullptr ? Pin() : pin(*frame);
}

FrameCache::Blocks FrameCache::thaw(StreamId first, const Fence& fence) {
  load_from_now();
  const Pin pinned = open(first, fence);
  if (!pinned) return {};
  Frame& frame = *pinned.frame_;
  Blocks blocks;
  const uint32_t own = frame.kept ? 2 : 1;
  if (frame.pins == own) {
    blocks = std::move(frame.blocks);
    drop(frame);
  } else {
    for (const auto& block : frame.blocks) blocks.push_back(block->copy());
  }
  return blocks;
}

void FrameCache::forget(const FrameRef& ref) {
  if (store_ == nullptr) return;
  --fences_;
  if (const auto found = by_ref_.find(ref); found != by_ref_.end()) drop(*found->second);
  store_->forget(ref);
}

FrameCache::Pin FrameCache::pin(Frame& frame) {
  if (frame.pins++ == 0) {
    pinned_.splice(pinned_.begin(), idle_, frame.self);
    bytes_pinned_ += frame.bytes;
  }
  return Pin(&frame);
}

void FrameCache::unpin(Frame& frame) {
  if (--frame.pins != 0) return;
  bytes_pinned_ -= frame.bytes;
  if (frame.dropped) {
    pinned_.erase(frame.self);
  } else {
    idle_.splice(idle_.begin(), pinned_, frame.self);
  }
}

bool FrameCache::known_unreadable(const FrameRef& ref) const {
  return std::find(unreadable_.begin(), unreadable_.end(), ref) != unreadable_.end();
}

FrameCache::Frame* FrameCache::load(const FrameRef& ref) {
  BlockImages images;
  ++(checking_ ? counters_.loads_checking : counters_.loads);
  Frame* const frame =
      store_ != nullptr && store_->read(ref, images) ? insert(ref, std::move(images)) : nullptr;
  if (frame == nullptr) fail();
  return frame;
}

FrameCache::Frame* FrameCache::insert(const FrameRef& ref, BlockImages images) {
  size_t bytes = sizeof(Frame);
  for (const BlockImage& image : images) {
    if (!Block::fits(image)) {
      log(LogLevel::kWarning, "Frame {}:{} is damaged: block {} is malformed", ref.file, ref.offset,
          to_string(image.first_id));
      return nullptr;
    }
    bytes += sizeof(Block) + image.rows.capacity();
  }
  if (images.empty()) return nullptr;
  make_room(bytes);
  Frame& frame = idle_.emplace_front();
  frame.ref = ref;
  frame.bytes = bytes;
  frame.self = idle_.begin();
  frame.cache = this;
  for (BlockImage& image : images) {
    frame.blocks.push_back(std::make_unique<Block>(std::move(image)));
  }
  bytes_ += bytes;
  by_ref_.emplace(ref, &frame);
  return &frame;
}

void FrameCache::drop(Frame& frame) {
  by_ref_.erase(frame.ref);
  bytes_ -= frame.bytes;
  frame.dropped = true;
  if (frame.pins == 0) idle_.erase(frame.self);
}

void FrameCache::make_room(size_t bytes) {
  while (bytes_ + bytes > limit_ && !idle_.empty()) drop(idle_.back());
}

void FrameCache::fail() {
  ++counters_.failures;
  trouble_ = Trouble::kUnreadable;
}

}  // namespace leat
