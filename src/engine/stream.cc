#include "engine/stream.h"

#include <algorithm>
#include <utility>

#include "engine/stream_share.h"

namespace leat {
namespace {

std::optional<EntryView> find_in(const Block& block, StreamId id) {
  const Block::Cursor cursor = block.seek(id);
  if (cursor.done() || cursor.entry().id != id || !cursor.live()) return std::nullopt;
  return cursor.entry();
}

// The block that has `id` if any of them has.
const Block* block_with(const FrameCache::Blocks& blocks, StreamId id) {
  for (const auto& block : blocks) {
    if (id <= block->last_id()) return block.get();
  }
  return nullptr;
}

uint64_t count_behind(const Block& block, StreamId id) {
  if (id < block.first_id()) return block.live();
  if (id >= block.last_id()) return 0;
  uint64_t count = 0;
  for (auto cursor = block.seek(id.next()); !cursor.done(); cursor.advance())
    count += cursor.live() ? 1U : 0U;
  return count;
}

}  // namespace

// NOLINTNEXTLINE(cert-err58-cpp): nothing in it allocates.
const StreamExtras Stream::kNoExtras;

Stream::~Stream() {
  retire();
  if (has_snapshots()) leave_to_snapshots();
  DroppedExtents dropped(share_);
  dropped.extents().swap(extents_);
}

std::unique_ptr<Stream> Stream::clone() const {
  auto copy = std::make_unique<Stream>(share_);
  size_t full_bytes = 0;
  for (const auto& [first, extent] : extents_) {
    if (const Fence* const fence = extent.fence()) {
      share_->frames.refer(fence->ref);
      copy->extents_.emplace_hint(copy->extents_.end(), first,
                                  Extent(std::make_unique<Fence>(*fence)));
    } else {
      if (sealable(extent)) full_bytes += extent.block()->bytes_used();
      copy->extents_.emplace_hint(copy->extents_.end(), first, Extent(extent.block()->copy()));
    }
  }
  if (frames() != 0) {
    copy->make_extras().frames = extras_->frames;
    copy->make_extras().frame_blocks = extras_->frame_blocks;
  }
  copy->set_full_bytes(full_bytes);
  copy->length_ = length_;
  copy->bytes_ = bytes_;
  copy->entries_added_ = entries_added_;
  copy->last_id_ = last_id_;
  copy->set_max_deleted(max_deleted());
  copy->first_id_ = first_id_;
  copy->set_groups_reach(groups_reach());
  if (extras_ != nullptr) copy->mutable_groups().copy_from(groups());
  copy->configure(retention());
  if (idempotency() != nullptr) copy->make_extras().idempotency = idempotency()->clone();
  return copy;
}

Stream::Extents::iterator Stream::extent_of(StreamId id) {
  auto extent = extents_.upper_bound(id);
  if (extent == extents_.begin()) return extents_.end();
  --extent;
  return extent->second.last_id() < id ? extents_.end() : extent;
}

std::optional<EntryView> Stream::find(StreamId id) const {
  const auto extent = extent_of(id);
  if (extent == extents_.end()) return std::nullopt;
  if (const Block* const block = extent->second.block()) return find_in(*block, id);
  const FrameCache::Pin frame = open(extent);
  return frame ? find_in(*block_with(frame.blocks(), id), id) : std::nullopt;
}

std::optional<bool> Stream::has(StreamId id) const {
  const auto extent = extent_of(id);
  if (extent == extents_.end()) return false;
  if (const Block* const block = extent->second.block()) return find_in(*block, id).has_value();
  if (id < extent->second.fence()->first_live) return false;
  const FrameCache::Pin frame = open(extent);
  if (!frame) return std::nullopt;
  return find_in(*block_with(frame.blocks(), id), id).has_value();
}

std::optional<EntryView> Stream::last_entry() const {
  std::optional<EntryView> last;
  visit_backwards(StreamId::max(), {.end = StreamId::min(), .count = 1},
                  [&last](const EntryView& entry) {
                    last = entry;
                    return false;
                  });
  return last;
}

bool Stream::has_after(StreamId id) const {
  if (length_ == 0 || id >= last_id_) return false;
  return extents_.upper_bound(id) != extents_.end() || count_after(id) != 0;
}

uint64_t Stream::count_after(StreamId id) const {
  return counted_after(id).value_or(0);
}

std::optional<uint64_t> Stream::count_in(Extents::const_iterator extent, StreamId id) const {
  if (const Block* const block = extent->second.block()) return count_behind(*block, id);
  const Fence& fence = *extent->second.fence();
  if (id < fence.first_live) return fence.live;
  if (id >= fence.last_id) return 0;
  const FrameCache::Pin frame = open(extent);
  if (!frame) return std::nullopt;
  uint64_t count = 0;
  for (const auto& block : frame.blocks()) count += count_behind(*block, id);
  return count;
}

std::optional<uint64_t> Stream::counted_after(StreamId id) const {
  if (length_ == 0 || id >= last_id_) return 0;
  if (id < first_id_) return length_;
  // Two walks, one from each end, in step: the nearer end decides the cost.
  auto low = extents_.begin();
  auto high = extents_.end();
  uint64_t before = 0;
  uint64_t after = 0;
  while (true) {
    if (low->second.last_id() >= id) {
      const auto part = count_in(low, id);
      if (!part) return std::nullopt;
      return length_ - before - low->second.live() + *part;
    }
    before += low->second.live();
    ++low;
    --high;
    if (high->first <= id) {
      const auto part = count_in(high, id);
      if (!part) return std::nullopt;
      return after + *part;
    }
    after += high->second.live();
  }
}

std::optional<uint64_t> Stream::count_in(Extents::const_iterator extent, StreamId first,
                                         StreamId last) const {
  const auto from =
      first <= extent->first ? extent->second.live() : count_in(extent, first.previous());
  const auto behind = count_in(extent, last);
  if (!from || !behind) return std::nullopt;
  return *from - *behind;
}

uint64_t Stream::count_between(StreamId first, StreamId last, uint64_t most, bool upwards) const {
  if (first > last) return 0;
  if (most == 0 || most >= length_) {
    const uint64_t from = first == StreamId::min() ? length_ : count_after(first.previous());
    const uint64_t behind = count_after(last);
    return from < behind ? 0 : from - behind;  // One of them may not be known.
  }
  uint64_t count = 0;
  auto extent = extents_.upper_bound(upwards ? first : last);
  if (upwards && extent != extents_.begin()) --extent;
  while (count < most) {
    if (extent == (upwards ? extents_.end() : extents_.begin())) break;
    if (!upwards) --extent;
    if (upwards ? extent->first > last : extent->second.last_id() < first) break;
    count += count_in(extent, first, last).value_or(0);
    if (upwards) ++extent;
  }
  return std::min(count, most);
}

uint64_t Stream::count_within(StreamId first, uint64_t most, uint64_t bytes) const {
  if (bytes_ <= bytes) return most;
  auto at = extents_.upper_bound(first);
  if (at != extents_.begin()) --at;
  uint64_t entries = 0;
  uint64_t left = bytes;
  for (; at != extents_.end(); ++at) {
    const Extent& extent = at->second;
    if (extent.last_id() < first) continue;
    if (extent.live_bytes() > left) {
      entries = std::max(entries + extent.live() * left / extent.live_bytes(), uint64_t{1});
      return most == 0 ? entries : std::min(entries, most);
    }
    left -= extent.live_bytes();
    // What `first` leaves of its extent may be next to nothing.
    if (at->first >= first) entries += extent.live();
    if (most != 0 && entries >= most) break;
  }
  return most;
}

bool Stream::append(StreamId id, uint32_t elements, Bytes wire, bool new_block) {
  if (extents_.empty() || new_block) {
    // A buffer as large as that of the block before it, so that a busy stream does not grow each block by doubling. The
    // first one takes what the entry needs: a million streams of one entry stay cheap.
    const Block* const tail = hot_tail();
    const size_t capacity = tail == nullptr ? 0 : tail->bytes_used() + tail->bytes_used() / 16;
    auto block = std::make_unique<Block>(
        id, share_ == nullptr ? ByteBuffer(capacity) : share_->buffers.take(capacity));
    if (!block->append(id, elements, wire)) return false;
    if (tail != nullptr && tail->bytes_used() <= kSealedBlockMax)
      set_full_bytes(extras().full_bytes + tail->bytes_used());
    extents_.emplace_hint(extents_.end(), id, Extent(std::move(block)));
  } else {
    Block* const tail = thawed_tail();
    if (tail == nullptr || !tail->append(id, elements, wire)) return false;
  }
  if (length_ == 0) first_id_ = id;
  last_id_ = id;
  ++length_;
  bytes_ += wire.size();
  if (entries_added_ < static_cast<uint64_t>(kEntriesCountedMax)) ++entries_added_;
  if (id <= groups_reach()) [[unlikely]]
    count_behind_groups(id);
  return true;
}

void Stream::count_behind_groups(StreamId id) {
  StreamId reach;
  for (const auto& [name, group] : extras_->groups.by_name()) {
    reach = std::max(reach, group->last_delivered);
    if (id <= group->last_delivered) ++group->delivered_live;
  }
  set_groups_reach(reach);
}

bool Stream::place(Group& group, StreamId last_delivered) {
  const auto after = counted_after(last_delivered);
  if (!after) return false;
  group.last_delivered = last_delivered;
  group.delivered_live = length_ - *after;
  set_groups_reach(std::max(groups_reach(), last_delivered));
  return true;
}

size_t Stream::free_some(size_t count) {
  retire();
  if (has_snapshots()) leave_to_snapshots();
  DroppedExtents extents(share_);
  extents.extents().swap(extents_);
  size_t freed = extents.free_some(count);
  extents_.swap(extents.extents());
  if (extras_ == nullptr) return freed;
  extras_->frames -= std::min<uint64_t>(extras_->frames, freed);
  if (freed < count) freed += extras_->groups.free_some(count - freed);
  if (freed < count && extras_->idempotency != nullptr)
    freed += extras_->idempotency->free_some(count - freed);
  return freed;
}

Stream::Extents::const_iterator Stream::extent_at(StreamId id) const {
  const auto behind = extents_.upper_bound(id);
  return behind == extents_.begin() ? extents_.end() : std::prev(behind);
}

bool Stream::insert(StreamId first, Extent extent) {
  const auto behind = extents_.lower_bound(first);
  if (behind != extents_.end() && extent.last_id() >= behind->first) return false;
  if (behind != extents_.begin() && std::prev(behind)->second.last_id() >= first) return false;
  extents_.emplace_hint(behind, first, std::move(extent));
  return true;
}

bool Stream::restore(std::unique_ptr<Block> block) {
  const StreamId first = block->first_id();
  return insert(first, Extent(std::move(block)));
}

bool Stream::restore(StreamId first, const Fence& fence) {
  const bool plausible = fence.live != 0 && fence.blocks != 0 && fence.blocks <= fence.live &&
                         fence.live_bytes <= fence.bytes && first <= fence.first_live &&
                         fence.first_live <= fence.last_id;
  if (!plausible || share_ == nullptr) return false;
  if (!insert(first, Extent(std::make_unique<Fence>(fence)))) return false;
  count_frame(fence);
  share_->frames.refer(fence.ref);
  return true;
}

bool Stream::restore(const Counters& counters) {
  uint64_t length = 0;
  uint64_t bytes = 0;
  for (const auto& [first, extent] : extents_) {
    length += extent.live();
    bytes += extent.live_bytes();
  }
  if (length != counters.length) return false;
  if (!extents_.empty() && extents_.rbegin()->second.last_id() > counters.last_id) return false;
  size_t full_bytes = 0;
  for (const auto& [first, extent] : extents_) {
    if (sealable(extent)) full_bytes += extent.block()->bytes_used();
  }
  set_full_bytes(full_bytes);
  length_ = length;
  bytes_ = bytes;
  entries_added_ = counters.entries_added;
  last_id_ = counters.last_id;
  set_max_deleted(counters.max_deleted);
  set_groups_reach(counters.groups_reach);
  configure(counters.retention);
  settle_first_id();
  return true;
}

void Stream::retire() {
  set_full_bytes(0);
  if (extras().place == nullptr) return;
  share_->seals.forget(*extras_->place);
  extras_->place.reset();
}

bool Stream::set_id(StreamId last_id, uint64_t entries_added, StreamId max_deleted) {
  if (!extents_.empty() && last_id < extents_.rbegin()->second.last_id()) {
    // Deleted entries may stand beyond it; the next append must not find them in its way.
    const auto live = last_entry();
    if (!live || last_id < live->id || thawed_tail() == nullptr) return false;
    hot_tail()->cut_deleted_tail();
  }
  if (has_snapshots()) [[unlikely]]
    end_for_snapshots(last_id);
  set_groups_reach(std::max(groups_reach(), last_id_));
  last_id_ = last_id;
  entries_added_ = entries_added;
  set_max_deleted(max_deleted);
  return true;
}

StreamId Stream::unacked_from() const {
  if (const auto& found = extras().unacked_from) {
    const bool same_head = found->first == first_id_;
    const bool before_it = found->first < first_id_ && first_id_ <= found->id;
    if (same_head || before_it) return found->id;
  }
  bool known = true;
  const StreamId least = find_unacked(first_id_, known);
  if (known && !groups().empty()) extras_->unacked_from = {.id = least, .first = first_id_};
  return least;
}

StreamId Stream::unacked_from(StreamId trimmed) const {
  bool known = true;
  return find_unacked(std::max(first_id_, trimmed.next()), known);
}

StreamId Stream::find_unacked(StreamId first, bool& known) const {
  StreamId least = StreamId::max();
  for (const auto& [name, group] : groups().by_name()) {
    least = std::min(least, group->last_delivered.next());
    // What was pending when XDEL or XTRIM took it out is no entry that could be kept.
    group->pending.visit_from(first, [this, &least, &known](const PendingEntry& pending) {
      if (pending.id >= least) return false;
      const auto there = has(pending.id);
      if (there && !*there) return true;
      known = known && there;
      least = pending.id;
      return false;
    });
  }
  return least;
}

}  // namespace leat
