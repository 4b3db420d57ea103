#include "engine/dropped_extents.h"

#include <algorithm>

#include "engine/stream_share.h"

namespace leat {

DroppedExtents DroppedExtents::share() {
  DroppedExtents twin(share_);
  twin.frames_ = frames_;
  if (body_ == nullptr && extents_.empty()) return twin;
  if (body_ == nullptr) body_ = new Body{.extents = std::exchange(extents_, {})};
  ++body_->holders;
  twin.body_ = body_;
  return twin;
}

bool DroppedExtents::leave() {
  if (body_ == nullptr) return false;
  Body* const body = std::exchange(body_, nullptr);
  if (--body->holders != 0) return true;
  extents_.swap(body->extents);
  delete body;
  return false;
}

void DroppedExtents::take_back(Extents& extents) {
  LEAT_CHECK(!shared() && extents.empty());
  leave();
  extents_.swap(extents);
}

size_t DroppedExtents::free_some(size_t count) {
  if (leave()) return 0;
  size_t freed = 0;
  auto end = extents_.begin();
  for (; freed < count && end != extents_.end(); ++freed, ++end) {
    if (share_ == nullptr) continue;
    if (const Fence* const fence = end->second.fence()) {
      share_->frames.forget(fence->ref);
    } else {
      share_->buffers.give(end->second.block()->take_bytes());
    }
  }
  extents_.erase(extents_.begin(), end);
  frames_ -= std::min<uint64_t>(frames_, freed);
  return freed;
}

}  // namespace leat
