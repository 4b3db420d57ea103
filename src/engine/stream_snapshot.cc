// Snapshots, and the part of Stream that tells them of changes.
#include "engine/stream_snapshot.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/object.h"
#include "engine/stream_share.h"

namespace leat {

StreamSnapshot::StreamSnapshot(const Stream& stream, StreamId first, StreamId last, Order order,
                               size_t* held_total)
    : stream_(&stream),
      share_(stream.share_),
      next_(std::exchange(stream.make_extras().snapshots, this)),
      first_(first),
      last_(std::min(last, stream.last_id())),
      order_(order),
      done_(last_ < first),
      held_total_(held_total) {
  if (next_ != nullptr) next_->previous_ = this;
}

StreamSnapshot::~StreamSnapshot() {
  unlink();
  while (!holds_.empty()) let_go(holds_.begin());
}

void StreamSnapshot::unlink() {
  if (stream_ == nullptr) return;
  (previous_ == nullptr ? stream_->extras_->snapshots : previous_->next_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  stream_ = nullptr;
}

bool StreamSnapshot::in_trouble() const {
  return share_ != nullptr && share_->frames.trouble() != FrameCache::Trouble::kNone;
}

bool StreamSnapshot::needs(StreamId first, StreamId last) const {
  first = std::max(first, first_);
  last = std::min(last, last_);
  if (done_ || first > last) return false;
  auto behind = holds_.upper_bound(first);
  while (true) {
    if (behind == holds_.begin()) return true;
    const StreamId covered = std::prev(behind)->second.last;
    if (covered < first) return true;
    if (covered >= last) return false;
    first = covered.next();
    if (behind == holds_.end() || behind->first != first) return true;
    ++behind;
  }
}

void StreamSnapshot::hold(StreamId first, StreamId last, DroppedExtents& extents) {
  first = std::max(first, first_);
  last = std::min(last, last_);
  if (done_ || first > last) return;
  // Its bytes are let go with the hold of it that is passed last.
  std::optional<StreamId> charged;
  while (true) {
    const auto behind = holds_.upper_bound(first);
    StreamId end = last;
    if (behind != holds_.begin() && std::prev(behind)->second.last >= first) {
      end = std::prev(behind)->second.last;
    } else {
      if (behind != holds_.end() && behind->first <= last) end = behind->first.previous();
      if (!charged || order_ == Order::kUp) charged = first;
      holds_.emplace(first, Hold{.last = end, .extents = extents.share()});
    }
    if (end >= last) break;
    first = end.next();
  }
  if (!charged) return;
  const size_t bytes = extents.memory(kFewSamples);
  holds_.find(*charged)->second.bytes = bytes;
  charge(bytes);
}

StreamSnapshot::Source StreamSnapshot::next_source() const {
  const StreamId at = order_ == Order::kUp ? first_ : last_;
  const auto behind = holds_.upper_bound(at);
  if (behind != holds_.begin() && std::prev(behind)->second.last >= at) {
    const auto& [from, hold] = *std::prev(behind);
    return {.row = hold.extents.row(),
            .first = std::max(from, first_),
            .last = std::min(hold.last, last_)};
  }
  LEAT_CHECK(stream_ != nullptr);
  Source source{.row = stream_->row(), .first = first_, .last = last_};
  if (order_ == Order::kUp) {
    if (behind != holds_.end()) source.last = behind->first.previous();
  } else if (behind != holds_.begin()) {
    source.first = std::prev(behind)->second.last.next();
  }
  return source;
}

void StreamSnapshot::pass(StreamId id) {
  if (order_ == Order::kUp) {
    done_ = id >= last_;
    if (!done_) first_ = id.next();
    while (!holds_.empty() && (done_ || holds_.begin()->second.last < first_))
      let_go(holds_.begin());
  } else {
    done_ = id <= first_;
    if (!done_) last_ = id.previous();
    while (!holds_.empty() && (done_ || holds_.rbegin()->first > last_))
      let_go(std::prev(holds_.end()));
  }
}

void StreamSnapshot::let_go(absl::btree_map<StreamId, Hold>::iterator hold) {
  charge(0 - hold->second.bytes);
  // Freeing may take long.
  if (share_ != nullptr && !hold->second.extents.empty())
    share_->let_go.push_back(std::move(hold->second.extents));
  holds_.erase(hold);
}

// ---- What a stream does for them.

void Stream::keep_for_snapshots(Extents::const_iterator extent, StreamId first,
                                StreamId last) const {
  DroppedExtents kept(share_);
  for (StreamSnapshot* at = extras_->snapshots; at != nullptr; at = at->next_) {
    if (!at->needs(first, last)) continue;
    if (kept.empty()) {
      const Fence* const fence = extent->second.fence();
      if (fence != nullptr) share_->frames.refer(fence->ref);
      kept.set_frames(fence != nullptr ? 1 : 0);
      kept.extents().emplace(extent->first, fence != nullptr
                                                ? Extent(std::make_unique<Fence>(*fence))
                                                : Extent(extent->second.block()->copy()));
    }
    at->hold(extent->first, extent->second.last_id(), kept);
  }
}

void Stream::keep_for_snapshots(StreamId last, DroppedExtents& dropped) const {
  for (StreamSnapshot* at = extras_->snapshots; at != nullptr; at = at->next_)
    at->hold(StreamId::min(), last, dropped);
}

void Stream::end_for_snapshots(StreamId last) const {
  if (last == StreamId::max()) return;
  DroppedExtents nothing(share_);
  for (StreamSnapshot* at = extras_->snapshots; at != nullptr; at = at->next_)
    at->hold(last.next(), StreamId::max(), nothing);
}

void Stream::leave_to_snapshots() {
  DroppedExtents dropped(share_);
  dropped.extents().swap(extents_);
  dropped.set_frames(frames());
  while (StreamSnapshot* const snapshot = extras_->snapshots) {
    snapshot->hold(StreamId::min(), StreamId::max(), dropped);
    snapshot->unlink();
  }
  // None of them needs anything any more: they are this stream's to free, in slices.
  if (!dropped.shared()) dropped.take_back(extents_);
}

}  // namespace leat
