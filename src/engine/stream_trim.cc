// How entries leave a stream: deleted one by one, trimmed from the head, or trimmed in ranges.
#include <algorithm>
#include <utility>
#include <vector>

#include "engine/stream.h"
#include "engine/stream_share.h"

namespace leat {

bool Stream::erase(StreamId id) {
  if (!remove(id)) return false;
  set_max_deleted(std::max(max_deleted(), id));
  return true;
}

bool Stream::remove(StreamId id) {
  auto extent = extent_of(id);
  if (extent == extents_.end()) return false;
  if (has_snapshots()) [[unlikely]]
    keep_for_snapshots(extent, id, id);
  if (extent->second.sealed()) {
    if (!find(id) || !thaw(extent)) return false;
    extent = extent_of(id);
  }
  Block& block = *extent->second.block();
  const uint64_t bytes_before = block.live_bytes();
  if (!block.erase(id)) return false;
  bytes_ -= bytes_before - block.live_bytes();
  forget_unacked();
  if (block.live() == 0) {
    drop(extent);
  }
  --length_;
  if (id == first_id_) settle_first_id();
  for (const auto& [name, group] : groups().by_name()) {
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
    if (has_snapshots()) [[unlikely]]
      keep_for_snapshots(part, part->first, last);
    const Fence* const fence = part->second.fence();
    if (fence != nullptr && last >= fence->first_live && !thaw(part)) return std::nullopt;
  }
  const uint64_t frames_before = frames();
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
  dropped.set_frames(frames_before - frames());
  if (has_snapshots()) [[unlikely]]
    keep_for_snapshots(last, dropped);
  if (removed == 0) return 0;
  settle_first_id();
  // A group that stands within what was dropped has nothing delivered left; any other had all that went.
  for (const auto& [name, group] : groups().by_name()) {
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
  const FirstBlock* const known = extras().first_block.get();
  if (known != nullptr && (kept == extents_.end() || known->frame < kept->first))
    extras_->first_block.reset();
  uint64_t live = 0;
  uint64_t live_bytes = 0;
  uint64_t frames = 0;
  uint64_t frame_blocks = 0;
  size_t full_bytes = 0;
  Extents moved;
  const auto first = move_kept ? kept : extents_.begin();
  const auto end = move_kept ? extents_.end() : kept;
  for (auto extent = first; extent != end; ++extent) {
    live += extent->second.live();
    live_bytes += extent->second.live_bytes();
    if (const Fence* const fence = extent->second.fence()) {
      ++frames;
      frame_blocks += fence->blocks;
    }
    if (sealable(extent->second)) full_bytes += extent->second.block()->bytes_used();
    moved.emplace_hint(moved.end(), extent->first, std::move(extent->second));
  }
  extents_.erase(first, end);
  if (move_kept) {
    dropped.swap(extents_);
    extents_.swap(moved);
    live = length_ - live;
    bytes_ = live_bytes;
    set_frames(frames, frame_blocks);
    set_full_bytes(full_bytes);
  } else {
    dropped.swap(moved);
    bytes_ -= live_bytes;
    set_frames(extras().frames - frames, extras().frame_blocks - frame_blocks);
    set_full_bytes(extras().full_bytes - full_bytes);
  }
  length_ -= live;
  return live;
}

bool Stream::goes_whole(const Extent& extent, StreamId from, StreamId first, StreamId last) const {
  const Fence* const fence = extent.fence();
  const StreamId first_id = fence != nullptr ? fence->first_live : from;
  if (first_id < first || extent.last_id() > last) return false;
  // Of a group that stands within, what it has been given must be counted entry by entry.
  return std::none_of(groups().by_name().begin(), groups().by_name().end(), [&](const auto& named) {
    return named.second->last_delivered >= first_id &&
           named.second->last_delivered < extent.last_id();
  });
}

Stream::Extents::iterator Stream::trim_whole(Extents::iterator extent) {
  const StreamId last = extent->second.last_id();
  if (has_snapshots()) [[unlikely]]
    keep_for_snapshots(extent, extent->first, last);
  const uint64_t live = extent->second.live();
  length_ -= live;
  bytes_ -= extent->second.live_bytes();
  for (const auto& [name, group] : groups().by_name()) {
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
  forget_unacked();
  settle_first_id();
  return length - length_;
}

Stream::Extents::iterator Stream::drop(Extents::iterator extent) {
  const bool was_last = std::next(extent) == extents_.end();
  if (const Fence* const fence = extent->second.fence()) {
    set_frames(extras_->frames - 1, extras_->frame_blocks - fence->blocks);
    if (known_first_block(extent)) extras_->first_block.reset();
    share_->frames.forget(fence->ref);
  } else {
    if (sealable(extent->second))
      set_full_bytes(extras_->full_bytes - extent->second.block()->bytes_used());
    if (share_ != nullptr) share_->buffers.give(extent->second.block()->take_bytes());
  }
  const auto next = extents_.erase(extent);
  const Block* const last = was_last ? hot_tail() : nullptr;
  if (last != nullptr && last->bytes_used() <= kSealedBlockMax)
    set_full_bytes(extras_->full_bytes - last->bytes_used());
  return next;
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
