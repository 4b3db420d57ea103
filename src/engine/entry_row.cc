#include "engine/entry_row.h"

#include "engine/stream_share.h"

namespace leat {

FrameCache::Pin EntryRow::open(Extents::const_iterator sealed) const {
  return share_->frames.open(sealed->first, *sealed->second.fence());
}

void EntryRow::foresee(StreamId from, const Reach& reach) const {
  auto extent = extents_->upper_bound(from);
  if (extent != extents_->begin()) --extent;
  for (uint64_t seen = 0; extent != extents_->end(); ++extent) {
    if (extent->first > reach.end || (reach.count != 0 && seen >= reach.count)) return;
    if (extent->second.last_id() < from) continue;
    if (extent->second.sealed() && !open(extent)) return foresee_up(extent, from, reach, seen);
    if (extent->first >= from) seen += extent->second.live();
  }
}

// How many entries of the first frame count is not known when the walk begins inside it: one too many may come.
void EntryRow::foresee_up(Extents::const_iterator extent, StreamId from, const Reach& reach,
                          uint64_t seen) const {
  uint64_t bytes = extent->second.live_bytes();
  if (from <= extent->second.fence()->first_live) seen += extent->second.live();
  while ((reach.count == 0 || seen < reach.count) && bytes < reach.bytes) {
    if (++extent == extents_->end() || extent->first > reach.end) return;
    const Fence* const fence = extent->second.fence();
    if (fence != nullptr && !share_->frames.foresee(*fence)) return;
    seen += extent->second.live();
    bytes += extent->second.live_bytes();
  }
}

void EntryRow::foresee_down(Extents::const_iterator extent, StreamId from, const Reach& reach,
                            uint64_t seen) const {
  uint64_t bytes = extent->second.live_bytes();
  if (from >= extent->second.last_id()) seen += extent->second.live();
  while (extent != extents_->begin() && (reach.count == 0 || seen < reach.count) &&
         bytes < reach.bytes) {
    --extent;
    if (extent->second.last_id() < reach.end) return;
    const Fence* const fence = extent->second.fence();
    if (fence != nullptr && !share_->frames.foresee(*fence)) return;
    seen += extent->second.live();
    bytes += extent->second.live_bytes();
  }
}

EntryRow::Cursor::Cursor(const EntryRow& row, StreamId from, const Reach& reach)
    : extents_(row.extents_),
      share_(row.share_),
      extent_(row.extents_->upper_bound(from)),
      reach_(reach) {
  if (extent_ != extents_->begin()) --extent_;
  if (extent_ != extents_->end() && extent_->first <= reach.end) enter(from);
}

void EntryRow::Cursor::enter(StreamId from) {
  if (extent_->second.last_id() < from) {
    if (++extent_ == extents_->end() || extent_->first > reach_.end) return;
    return enter(extent_->first);
  }
  block_ = extent_->second.block();
  if (block_ == nullptr) {
    const EntryRow row(*extents_, share_);
    frame_ = row.open(extent_);
    if (!frame_) return row.foresee_up(extent_, from, reach_, passed_);
    const auto& blocks = frame_.blocks();
    for (next_ = 0; blocks[next_]->last_id() < from;) ++next_;
    block_ = blocks[next_++].get();
  }
  cursor_ = block_->seek(from);
  settle();
}

void EntryRow::Cursor::settle() {
  while (true) {
    while (!cursor_.done() && !cursor_.live()) cursor_.advance();
    if (!cursor_.done()) return;
    if (frame_ && next_ < frame_.blocks().size()) {
      block_ = frame_.blocks()[next_++].get();
      cursor_ = block_->begin();
      continue;
    }
    frame_.reset();
    block_ = nullptr;
    if (++extent_ == extents_->end() || extent_->first > reach_.end) return;
    if (extent_->second.sealed()) return enter(extent_->first);
    block_ = extent_->second.block();
    cursor_ = block_->begin();
  }
}

}  // namespace leat
