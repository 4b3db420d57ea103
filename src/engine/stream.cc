#include "engine/stream.h"

#include <algorithm>
#include <utility>

namespace leat {
namespace {

// A block's buffer starts small, so that a million streams of one entry stay cheap, and as large as
// the block before it was, so that a busy stream does not grow each block by doubling.
constexpr size_t kFirstCapacity = 64;

}  // namespace

std::unique_ptr<Stream> Stream::clone() const {
  auto copy = std::make_unique<Stream>();
  for (const auto& [first, block] : blocks_) {
    bool new_block = true;
    for (auto cursor = block->begin(); !cursor.done(); cursor.advance()) {
      const EntryView& entry = cursor.entry();
      if (!cursor.live()) continue;
      LEAT_CHECK(copy->append(entry.id, entry.elements, entry.wire, new_block));
      new_block = false;
    }
  }
  copy->entries_added_ = entries_added_;
  copy->last_id_ = last_id_;
  copy->max_deleted_ = max_deleted_;
  copy->groups_reach_ = groups_reach_;
  copy->groups_.copy_from(groups_);
  copy->retention_ = retention_;
  return copy;
}

Stream::Blocks::const_iterator Stream::block_of(StreamId id) const {
  auto block = blocks_.upper_bound(id);
  if (block == blocks_.begin()) return blocks_.end();
  --block;
  return block->second->last_id() < id ? blocks_.end() : block;
}

std::optional<EntryView> Stream::find(StreamId id) const {
  const auto block = block_of(id);
  if (block == blocks_.end()) return std::nullopt;
  const Block::Cursor cursor = block->second->seek(id);
  if (cursor.done() || cursor.entry().id != id || !cursor.live()) return std::nullopt;
  return cursor.entry();
}

std::optional<EntryView> Stream::last_entry() const {
  std::optional<EntryView> last;
  visit_backwards(StreamId::max(), StreamId::min(), [&last](const EntryView& entry) {
    last = entry;
    return false;
  });
  return last;
}

uint64_t Stream::count_after(StreamId id) const {
  if (length_ == 0 || id >= last_id_) return 0;
  if (id < first_id_) return length_;
  const auto part = [id](const Block& block) {
    uint64_t count = 0;
    for (auto cursor = block.seek(id.next()); !cursor.done(); cursor.advance())
      count += cursor.live() ? 1U : 0U;
    return count;
  };
  // Two walks, one from each end, in step: the nearer end decides the cost.
  auto low = blocks_.begin();
  auto high = blocks_.end();
  uint64_t before = 0;
  uint64_t after = 0;
  while (true) {
    if (low->second->last_id() >= id)
      return length_ - before - low->second->live() + part(*low->second);
    before += low->second->live();
    ++low;
    --high;
    if (high->first <= id) return after + part(*high->second);
    after += high->second->live();
  }
}

bool Stream::append(StreamId id, uint32_t elements, Bytes wire, bool new_block) {
  if (tail_ == nullptr || new_block) {
    const size_t capacity =
        tail_ == nullptr ? kFirstCapacity : tail_->bytes_used() + tail_->bytes_used() / 16;
    auto block = std::make_unique<Block>(id, capacity);
    if (!block->append(id, elements, wire)) return false;
    tail_ = block.get();
    blocks_.emplace_hint(blocks_.end(), id, std::move(block));
  } else if (!tail_->append(id, elements, wire)) {
    return false;
  }
  if (length_ == 0) first_id_ = id;
  last_id_ = id;
  ++length_;
  bytes_ += wire.size();
  ++entries_added_;
  if (id <= groups_reach_) [[unlikely]]
    count_behind_groups(id);
  return true;
}

void Stream::count_behind_groups(StreamId id) {
  groups_reach_ = StreamId::min();
  for (const auto& [name, group] : groups_.by_name()) {
    groups_reach_ = std::max(groups_reach_, group->last_delivered);
    if (id <= group->last_delivered) ++group->delivered_live;
  }
}

void Stream::place(Group& group, StreamId last_delivered) {
  group.last_delivered = last_delivered;
  group.delivered_live = length_ - count_after(last_delivered);
  groups_reach_ = std::max(groups_reach_, last_delivered);
}

bool Stream::erase(StreamId id) {
  const auto block = block_of(id);
  if (block == blocks_.end()) return false;
  const uint64_t bytes_before = block->second->live_bytes();
  if (!block->second->erase(id)) return false;
  bytes_ -= bytes_before - block->second->live_bytes();
  unacked_from_.reset();
  if (block->second->live() == 0) {
    if (block->second.get() == tail_) tail_ = nullptr;
    blocks_.erase(block);
    if (tail_ == nullptr && !blocks_.empty()) tail_ = blocks_.rbegin()->second.get();
  }
  --length_;
  max_deleted_ = std::max(max_deleted_, id);
  if (id == first_id_) settle_first_id();
  for (const auto& [name, group] : groups_.by_name()) {
    if (group->last_delivered >= id) --group->delivered_live;
  }
  return true;
}

uint64_t Stream::trim(StreamId last, Blocks& dropped) {
  auto kept = blocks_.upper_bound(last);
  uint64_t removed = 0;
  if (kept != blocks_.begin()) {
    const auto cut = std::prev(kept);
    if (cut->second->last_id() > last) {
      const uint64_t bytes_before = cut->second->live_bytes();
      removed = cut->second->erase_until(last);
      bytes_ -= bytes_before - cut->second->live_bytes();
      length_ -= removed;
      if (cut->second->live() != 0) kept = cut;
    }
  }
  const uint64_t moved = take_blocks_before(kept, dropped);
  length_ -= moved;
  removed += moved;
  if (blocks_.empty()) tail_ = nullptr;
  if (removed == 0) return 0;
  settle_first_id();
  // A group that stands within what was dropped has nothing delivered left; any other had all that went.
  for (const auto& [name, group] : groups_.by_name()) {
    const bool within = group->last_delivered <= last;
    group->delivered_live = within ? 0 : group->delivered_live - removed;
  }
  return removed;
}

uint64_t Stream::take_blocks_before(Blocks::iterator kept, Blocks& dropped) {
  // Two walks, one from each end, in step: the fewer blocks are moved.
  auto low = blocks_.begin();
  auto high = blocks_.end();
  while (low != kept && high != kept) {
    ++low;
    --high;
  }
  uint64_t removed = 0;
  if (low == kept) {
    for (auto block = blocks_.begin(); block != kept; ++block) {
      removed += block->second->live();
      bytes_ -= block->second->live_bytes();
      dropped.emplace_hint(dropped.end(), block->first, std::move(block->second));
    }
    blocks_.erase(blocks_.begin(), kept);
    return removed;
  }
  removed = length_;  // But for what stays.
  bytes_ = 0;
  Blocks left;
  for (auto block = kept; block != blocks_.end(); ++block) {
    removed -= block->second->live();
    bytes_ += block->second->live_bytes();
    left.emplace_hint(left.end(), block->first, std::move(block->second));
  }
  blocks_.erase(kept, blocks_.end());
  dropped.swap(blocks_);
  blocks_.swap(left);
  return removed;
}

size_t Stream::free_some(size_t count) {
  const size_t freed = free_blocks(blocks_, count);
  return freed == count ? freed : freed + groups_.free_some(count - freed);
}

size_t free_blocks(Stream::Blocks& blocks, size_t count) {
  auto end = blocks.begin();
  size_t freed = 0;
  for (; freed < count && end != blocks.end(); ++freed) ++end;
  blocks.erase(blocks.begin(), end);
  return freed;
}

Stream::Blocks::const_iterator Stream::block_at(StreamId id) const {
  const auto behind = blocks_.upper_bound(id);
  return behind == blocks_.begin() ? blocks_.end() : std::prev(behind);
}

bool Stream::restore(std::unique_ptr<Block> block) {
  const auto behind = blocks_.lower_bound(block->first_id());
  if (behind != blocks_.end() && block->last_id() >= behind->first) return false;
  if (behind != blocks_.begin() && std::prev(behind)->second->last_id() >= block->first_id())
    return false;
  const StreamId first = block->first_id();
  blocks_.emplace_hint(behind, first, std::move(block));
  return true;
}

bool Stream::restore(const Counters& counters) {
  uint64_t length = 0;
  uint64_t bytes = 0;
  for (const auto& [first, block] : blocks_) {
    length += block->live();
    bytes += block->live_bytes();
  }
  if (length != counters.length) return false;
  tail_ = blocks_.empty() ? nullptr : blocks_.rbegin()->second.get();
  if (tail_ != nullptr && tail_->last_id() > counters.last_id) return false;
  length_ = length;
  bytes_ = bytes;
  entries_added_ = counters.entries_added;
  last_id_ = counters.last_id;
  max_deleted_ = counters.max_deleted;
  groups_reach_ = counters.groups_reach;
  retention_ = counters.retention;
  settle_first_id();
  return true;
}

bool Stream::set_id(StreamId last_id, uint64_t entries_added, StreamId max_deleted) {
  if (tail_ != nullptr && last_id < tail_->last_id()) {
    // Deleted entries may stand beyond it; the next append must not find them in its way.
    const auto live = last_entry();
    if (live && last_id < live->id) return false;
    tail_->cut_deleted_tail();
  }
  groups_reach_ = std::max(groups_reach_, last_id_);
  last_id_ = last_id;
  entries_added_ = entries_added;
  max_deleted_ = max_deleted;
  return true;
}

StreamId Stream::unacked_from() const {
  if (unacked_from_) {
    const bool same_head = unacked_from_->first == first_id_;
    const bool before_it = unacked_from_->first < first_id_ && first_id_ <= unacked_from_->id;
    if (same_head || before_it) return unacked_from_->id;
  }
  StreamId least = StreamId::max();
  for (const auto& [name, group] : groups_.by_name()) {
    least = std::min(least, group->last_delivered.next());
    // What was pending when XDEL or XTRIM took it out is no entry that could be kept.
    group->pending.visit_from(first_id_, [this, &least](const PendingEntry& pending) {
      if (pending.id >= least) return false;
      if (!find(pending.id)) return true;
      least = pending.id;
      return false;
    });
  }
  unacked_from_ = {.id = least, .first = first_id_};
  return least;
}

void Stream::settle_first_id() {
  const Cursor first = seek(StreamId::min());
  first_id_ = first.done() ? StreamId::min() : first.entry().id;
}

Stream::Cursor::Cursor(const Blocks& blocks, StreamId from)
    : block_(blocks.upper_bound(from)), end_(blocks.end()) {
  if (block_ != blocks.begin()) --block_;
  if (block_ == end_) return;
  cursor_ = block_->second->seek(from);
  settle();
}

void Stream::Cursor::settle() {
  while (true) {
    while (!cursor_.done() && !cursor_.live()) cursor_.advance();
    if (!cursor_.done()) return;
    if (++block_ == end_) return;
    cursor_ = block_->second->begin();
  }
}

}  // namespace leat
