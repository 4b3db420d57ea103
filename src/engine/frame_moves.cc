#include "engine/frame_moves.h"

#include <algorithm>

#include "base/check.h"

namespace leat {

void FrameMoves::begin(std::vector<uint64_t> files) {
  LEAT_CHECK(!active() && !waiting());
  files_ = std::move(files);
  object_ = ObjectId{};
  extent_ = StreamId::min();
}

std::optional<FrameRef> FrameMoves::next(size_t count) {
  LEAT_CHECK(!waiting());
  while (active() && count-- != 0) {
    const Object* const object = keyspace_.first_from(object_);
    if (object == nullptr) {
      stop();
      break;
    }
    if (object->id != object_) extent_ = StreamId::min();
    object_ = object->id;
    const Stream* const stream = object->stream();
    if (stream == nullptr || !stream->sealed()) {
      object_ = ObjectId{object->id.value + 1};
      continue;
    }
    auto extent = stream->extents().lower_bound(extent_);
    for (; extent != stream->extents().end() && count != 0; ++extent, --count) {
      const Fence* const fence = extent->second.fence();
      if (fence == nullptr || !std::ranges::binary_search(files_, fence->ref.file)) continue;
      extent_ = extent->first;
      moving_ = fence->ref;
      return moving_;
    }
    if (extent != stream->extents().end()) {
      extent_ = extent->first;
    } else {
      object_ = ObjectId{object->id.value + 1};
      extent_ = StreamId::min();
    }
  }
  return std::nullopt;
}

void FrameMoves::finish(const FrameRef* to) {
  const FrameRef from = *std::exchange(moving_, std::nullopt);
  Object* const object = keyspace_.find(object_);
  // The stream may be gone, or what stands there may be another frame, or hot.
  if (to != nullptr && object != nullptr) {
    if (auto* const stream = std::get_if<std::unique_ptr<Stream>>(&object->value))
      (*stream)->move_frame(extent_, from, *to);
  }
  if (extent_ == StreamId::max()) object_ = ObjectId{object_.value + 1};
  extent_ = extent_.next();
}

}  // namespace leat
