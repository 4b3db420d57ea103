// How entries leave a stream: deleted one by one, trimmed from the head, or trimmed in ranges.
#include <algorithm>
#include <utility>
#include <vector>

#include "engine/stream.h"
#include "engine/stream_share.h"

namespace leat {

bool Stream::erase(StreamId id) {
  if (!remove(id)) return false;
  max_deleted_ = std::max(max_deleted_, id);
  return true;
}

bool Stream::remove(StreamId id) {
  auto extent = extent_of(id);
  if (extent == extents_.end()) return false;
  if (snapshots_ != nullptr) [[unlikely]]
    keep_for_snapshots(extent, id, id);
  if (extent->second.sealed()) {
    if (!find(id) || !thaw(extent)) return false;
    extent = extent_of(id);
  }
  Block& block = *extent->second.block();
  const uint64_t bytes_before = block.live_bytes();
  if (!block.erase(id)) return false;
  bytes_ -= bytes_before - block.live_bytes();
  unacked_from_.reset();
  if (block.live() == 0) {
    drop(extent);
    settle_tail();
  }
  --length_;
  if (id == first_id_) settle_first_id();
  for (const auto& [name, group] : groups_.by_name()) {
    if (group->last_delivered >= id) --group->delivered_live;
  }
  return true;
}

std::optional<uint64_t> Stream::trim(StreamId last) {
  DroppedExtents dropped(share_);
  return trim(last, dropped);
}

std::optional<uint64_t> Stream::trim(StreamId last, DroppedExtents& dropped) {
  if (const auto part = extent_of(last); part != extents_.end() && last < part->second.last_id()) {
    if (snapshots_ != nullptr) [[unlikely]]
      keep_for_snapshots(part, part->first, last);
    const Fence* const fence = part->second.fence();
    if (fence != nullptr && last >= fence->first_live && !thaw(part)) return std::nullopt;
  }
  const uint64_t frames = frames_;
  auto kept = extents_.upper_bound(last);
  uint64_t removed = 0;
  if (kept != extents_.begin()) {
    const auto cut = std::prev(kept);
    if (cut->second.last_id() > last) {
      // All that is live of a frame stands behind `last`.
      Block* const block = cut->second.block();
      if (block != nullptr) {
        const uint64_t bytes_before = block->live_bytes();
        removed = block->erase_until(last);
        bytes_ -= bytes_before - block->live_bytes();
      }
      if (block == nullptr || block->live() != 0) kept = cut;
    }
  }
  length_ -= removed;
  removed += take_before(kept, dropped.extents());
  dropped.set_frames(frames - frames_);
  if (snapshots_ != nullptr) [[unlikely]]
    keep_for_snapshots(last, dropped);
  settle_tail();
  if (removed == 0) return 0;
  settle_first_id();
  // A group that stands within what was dropped has nothing delivered left; any other had all that went.
  for (const auto& [name, group] : groups_.by_name()) {
    const bool within = group->last_delivered <= last;
    group->delivered_live = within ? 0 : group->delivered_live - removed;
  }
  return removed;
}

uint64_t Stream::take_before(Extents::iterator kept, Extents& dropped) {
  // Two walks, one from each end, in step: the fewer extents are moved.
  auto low = extents_.begin();
  auto high = extents_.end();
  while (low != kept && high != kept) {
    ++low;
    --high;
  }
  const bool move_kept = low != kept;
  if (first_block_ != nullptr && (kept == extents_.end() || first_block_->frame < kept->first))
    first_block_.reset();
  uint64_t live = 0;
  uint64_t live_bytes = 0;
  uint64_t blocks = 0;
  uint64_t frames = 0;
  size_t full_bytes = 0;
  Extents moved;
  const auto first = move_kept ? kept : extents_.begin();
  const auto end = move_kept ? extents_.end() : kept;
  for (auto extent = first; extent != end; ++extent) {
    live += extent->second.live();
    live_bytes += extent->second.live_bytes();
    blocks += extent->second.blocks();
    frames += extent->second.sealed() ? 1U : 0U;
    if (sealable(extent->second)) full_bytes += extent->second.block()->bytes_used();
    moved.emplace_hint(moved.end(), extent->first, std::move(extent->second));
  }
  extents_.erase(first, end);
  if (move_kept) {
    dropped.swap(extents_);
    extents_.swap(moved);
    live = length_ - live;
    bytes_ = live_bytes;
    blocks_ = blocks;
    frames_ = frames;
    set_full_bytes(full_bytes);
  } else {
    dropped.swap(moved);
    bytes_ -= live_bytes;
    blocks_ -= blocks;
    frames_ -= frames;
    set_full_bytes(full_bytes_ - full_bytes);
  }
  if (extents_.empty()) tail_ = nullptr;
  length_ -= live;
  return live;
}

bool Stream::goes_whole(const Extent& extent, StreamId from, StreamId first, StreamId last) const {
  const Fence* const fence = extent.fence();
  const StreamId first_id = fence != nullptr ? fence->first_live : from;
  if (first_id < first || extent.last_id() > last) return false;
  // Of a group that stands within, what it has been given must be counted entry by entry.
  return std::none_of(groups_.by_name().begin(), groups_.by_name().end(), [&](const auto& named) {
    return named.second->last_delivered >= first_id &&
           named.second->last_delivered < extent.last_id();
  });
}

Stream::Extents::iterator Stream::trim_whole(Extents::iterator extent) {
  const StreamId last = extent->second.last_id();
  if (snapshots_ != nullptr) [[unlikely]]
    keep_for_snapshots(extent, extent->first, last);
  const uint64_t live = extent->second.live();
  length_ -= live;
  bytes_ -= extent->second.live_bytes();
  for (const auto& [name, group] : groups_.by_name()) {
    if (group->last_delivered >= last) group->delivered_live -= live;
  }
  return drop(extent);
}

bool Stream::trim_part(Extents::iterator extent, StreamId first, StreamId last) {
  const auto count = count_in(extent, first, last);
  if (!count) return false;
  std::vector<StreamId> ids;
  ids.reserve(*count);
  for (auto cursor = seek(std::max(first, extent->first)); ids.size() < *count; cursor.advance()) {
    if (cursor.done()) return false;
    ids.push_back(cursor.entry().id);
  }
  return std::all_of(ids.begin(), ids.end(), [this](StreamId id) { return remove(id); });
}

std::optional<uint64_t> Stream::trim_range(StreamId first, StreamId last) {
  if (last < first) return 0;
  const uint64_t length = length_;
  auto extent = extents_.upper_bound(first);
  if (extent != extents_.begin()) --extent;
  while (extent != extents_.end() && extent->first <= last) {
    const StreamId end = extent->second.last_id();
    if (end < first) {
      ++extent;
    } else if (goes_whole(extent->second, extent->first, first, last)) {
      extent = trim_whole(extent);
    } else {
      if (!trim_part(extent, first, last)) return std::nullopt;
      extent = extents_.upper_bound(end);
    }
  }
  unacked_from_.reset();
  settle_tail();
  settle_first_id();
  return length - length_;
}

Stream::Extents::iterator Stream::drop(Extents::iterator extent) {
  blocks_ -= extent->second.blocks();
  if (const Fence* const fence = extent->second.fence()) {
    --frames_;
    if (known_first_block(extent)) first_block_.reset();
    share_->frames.forget(fence->ref);
    return extents_.erase(extent);
  }
  if (sealable(extent->second)) set_full_bytes(full_bytes_ - extent->second.block()->bytes_used());
  if (extent->second.block() == tail_) tail_ = nullptr;
  if (share_ != nullptr) share_->buffers.give(extent->second.block()->take_bytes());
  return extents_.erase(extent);
}

void Stream::settle_tail() {
  Block* const last = extents_.empty() ? nullptr : extents_.rbegin()->second.block();
  if (last == tail_) return;
  // What becomes the last block is no longer one that could be sealed.
  if (last != nullptr && sealable(extents_.rbegin()->second))
    set_full_bytes(full_bytes_ - last->bytes_used());
  tail_ = last;
}

void Stream::settle_first_id() {
  if (extents_.empty()) {
    first_id_ = StreamId::min();
  } else if (const Fence* const fence = extents_.begin()->second.fence()) {
    first_id_ = fence->first_live;
  } else {
    first_id_ = seek(StreamId::min()).entry().id;
  }
}

}  // namespace leat
