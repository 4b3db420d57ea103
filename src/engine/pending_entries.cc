#include "engine/pending_entries.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "engine/pending_leaf.h"
#include "engine/pending_leaves.h"

namespace leat {
namespace {

PendingEntry entry_at(const PendingLeaves& leaves, const PendingLeaf& leaf, size_t slot) {
  const PendingDelivery delivery = leaf.delivery_at(slot);
  return {.id = leaf.id_at(slot),
          .owner = leaves.owner_at(delivery.owner),
          .delivered = WallMs{delivery.when},
          .deliveries = delivery.deliveries};
}

// Whether the live slot's owner was not dropped.
bool is_visible(const PendingLeaves& leaves, const PendingLeaf& leaf, size_t slot) {
  return leaves.dropped() == 0 || leaves.visible(leaf.owner_of(leaf.runs().at(leaf.run_of(slot))));
}

}  // namespace

PendingEntries::Cursor::Cursor(const PendingLeaves& leaves, const PendingLeaf* leaf, StreamId from,
                               uint32_t owner, Lsn as_of)
    : leaves_(&leaves), leaf_(leaf), owner_(owner), as_of_(as_of) {
  if (leaf_ != nullptr) seek(leaf_->lower_bound(from));
}

void PendingEntries::Cursor::advance() {
  const size_t slot = leaf_->next_live(slot_ + 1);
  if (slot >= run_end_) return seek(slot);
  slot_ = slot;
  entry_.id = leaf_->id_at(slot);
}

void PendingEntries::Cursor::to_next_leaf() {
  if (owner_ != kAnyOwner) {
    leaf_ = leaves_->leaf_behind(*leaf_, owner_);
    return;
  }
  do leaf_ = leaf_->standing().next;
  while (leaf_ != nullptr && !leaves_->shows(*leaf_, as_of_));
}

// To the first entry at or after `slot` of the present leaf, or in the leaves behind it.
void PendingEntries::Cursor::seek(size_t slot) {
  while (true) {
    slot = leaf_->next_live(slot);
    if (slot == kLeafSlots) {
      to_next_leaf();
      if (leaf_ == nullptr) return;
      slot = 0;
      continue;
    }
    const size_t run_index = leaf_->run_of(slot);
    const PendingRun run = leaf_->runs().at(run_index);
    const uint32_t owner = leaf_->owner_of(run);
    run_end_ = leaf_->end_of(run_index);
    if (owner_ == kAnyOwner ? leaves_->visible(owner, as_of_) : owner_ == owner) {
      slot_ = slot;
      entry_ = {.id = leaf_->id_at(slot),
                .owner = leaves_->owner_at(owner),
                .delivered = WallMs{run.when},
                .deliveries = run.deliveries};
      return;
    }
    slot = run_end_;
  }
}

// A heap of runs, each at the entry that comes next of it. A leaf's runs are pushed when the leaf's own
// oldest entry is due; until then it stands for them in the ranking.
struct PendingEntries::AgeCursor::Frontier {
  struct Candidate {
    PendingAge age;
    StreamId id;
    const PendingLeaf* leaf = nullptr;
    size_t slot = 0;
    size_t run_end = 0;
  };
  static bool comes_later(const Candidate& left, const Candidate& right) {
    return std::tie(left.age, left.id) > std::tie(right.age, right.id);
  }

  explicit Frontier(const PendingLeaves& all)
      : leaves(all), ranked(all.first_ranked()), unranked(all.rank_unranked()) {}

  // Pushes the runs of every leaf whose oldest entry may come before what the heap has on top.
  void open_due_leaves() {
    while (true) {
      const bool use_unranked = unranked_next < unranked.size() &&
                                (!ranked || unranked[unranked_next].rank < ranked->rank);
      if (!use_unranked && !ranked) return;
      const PendingLeaves::Ranked next = use_unranked ? unranked[unranked_next] : *ranked;
      if (!heap.empty() &&
          std::tie(next.rank.age, next.rank.fence) > std::tie(heap[0].age, heap[0].id))
        return;
      if (use_unranked) {
        ++unranked_next;
      } else {
        ranked = leaves.first_ranked_behind(next.rank);
      }
      open(*next.leaf);
    }
  }

  void open(const PendingLeaf& leaf) {
    for (size_t i = 0; i < leaf.runs().size(); ++i) {
      const PendingRun run = leaf.runs().at(i);
      if (!leaves.visible(leaf.owner_of(run))) continue;
      const size_t slot = leaf.next_live(run.first);
      if (slot >= leaf.end_of(i)) continue;
      heap.push_back({.age = {.owned = run.share != 0, .when = run.when},
                      .id = leaf.id_at(slot),
                      .leaf = &leaf,
                      .slot = slot,
                      .run_end = leaf.end_of(i)});
      std::ranges::push_heap(heap, comes_later);
    }
  }

  void advance() {
    std::ranges::pop_heap(heap, comes_later);
    Candidate& at = heap.back();
    at.slot = at.leaf->next_live(at.slot + 1);
    if (at.slot >= at.run_end) {
      heap.pop_back();
    } else {
      at.id = at.leaf->id_at(at.slot);
      std::ranges::push_heap(heap, comes_later);
    }
  }

  const PendingLeaves& leaves;
  std::optional<PendingLeaves::Ranked> ranked;  // The next ranked leaf.
  std::vector<PendingLeaves::Ranked> unranked;  // The others, from unranked_next on.
  size_t unranked_next = 0;
  std::vector<Candidate> heap;
};

PendingEntries::AgeCursor::AgeCursor(const PendingLeaves* leaves) {
  if (leaves == nullptr) return;
  frontier_ = std::make_unique<Frontier>(*leaves);
  load();
}
PendingEntries::AgeCursor::AgeCursor(AgeCursor&&) noexcept = default;
PendingEntries::AgeCursor& PendingEntries::AgeCursor::operator=(AgeCursor&&) noexcept = default;
PendingEntries::AgeCursor::~AgeCursor() = default;

void PendingEntries::AgeCursor::advance() {
  frontier_->advance();
  load();
}

void PendingEntries::AgeCursor::load() {
  frontier_->open_due_leaves();
  valid_ = !frontier_->heap.empty();
  if (!valid_) return;
  const Frontier::Candidate& top = frontier_->heap[0];
  entry_ = entry_at(frontier_->leaves, *top.leaf, top.slot);
}

PendingEntries::PendingEntries() = default;
PendingEntries::~PendingEntries() = default;
PendingEntries::PendingEntries(PendingEntries&&) noexcept = default;
PendingEntries& PendingEntries::operator=(PendingEntries&&) noexcept = default;

PendingLeaves& PendingEntries::leaves() {
  if (leaves_ == nullptr) leaves_ = std::make_unique<PendingLeaves>();
  return *leaves_;
}

size_t PendingEntries::size() const {
  return leaves_ == nullptr ? 0 : leaves_->size();
}

size_t PendingEntries::count_of(ConsumerId owner) const {
  if (leaves_ == nullptr) return 0;
  const auto index = leaves_->find_owner(owner);
  return index ? leaves_->total_of(*index) : 0;
}

size_t PendingEntries::memory() const {
  return sizeof(*this) + (leaves_ == nullptr ? 0 : leaves_->memory());
}

std::optional<PendingEntry> PendingEntries::find(StreamId id) const {
  const PendingLeaf* const leaf = leaves_ == nullptr ? nullptr : leaves_->leaf_of(id);
  if (leaf == nullptr) return std::nullopt;
  const size_t slot = leaf->find(id, leaves_->next_slot());
  if (slot == kLeafSlots || !is_visible(*leaves_, *leaf, slot)) return std::nullopt;
  return entry_at(*leaves_, *leaf, slot);
}

std::optional<PendingEntry> PendingEntries::first_from(StreamId from) const {
  const Cursor at = cursor_from(from);
  if (!at.valid()) return std::nullopt;
  return at.entry();
}

std::optional<PendingEntry> PendingEntries::first_from(StreamId from, ConsumerId owner) const {
  const Cursor at = cursor_from(from, owner);
  if (!at.valid()) return std::nullopt;
  return at.entry();
}

std::optional<PendingEntry> PendingEntries::last() const {
  if (size() == 0) return std::nullopt;
  const PendingLeaf* leaf = leaves_->tail();
  while (!leaves_->shows(*leaf)) leaf = leaf->standing().previous;
  size_t slot = leaf->last_live();
  while (!leaf->is_live(slot) || !is_visible(*leaves_, *leaf, slot)) --slot;
  return entry_at(*leaves_, *leaf, slot);
}

std::optional<PendingEntry> PendingEntries::oldest() const {
  if (size() == 0) return std::nullopt;
  if (leaves_->dropped() != 0) return cursor_by_age().entry();
  auto first = leaves_->first_ranked();
  const auto unranked = leaves_->rank_unranked();
  if (!unranked.empty() && (!first || unranked[0].rank < first->rank)) first = unranked[0];
  return entry_at(*leaves_, *first->leaf, first->leaf->find_oldest().slot);
}

PendingEntries::Cursor PendingEntries::cursor_from(StreamId from) const {
  return cursor_as_of(PendingLeaves::kNow, from);
}

PendingEntries::Cursor PendingEntries::cursor_as_of(Lsn as_of, StreamId from) const {
  if (leaves_ == nullptr) return {};
  return {*leaves_, leaves_->leaf_of(from), from, Cursor::kAnyOwner, as_of};
}

PendingEntries::Cursor PendingEntries::cursor_from(StreamId from, ConsumerId owner) const {
  const auto index = leaves_ == nullptr ? std::nullopt : leaves_->find_owner(owner);
  if (!index) return {};
  return {*leaves_, leaves_->leaf_of(from, *index), from, *index, PendingLeaves::kNow};
}

PendingEntries::AgeCursor PendingEntries::cursor_by_age() const {
  return AgeCursor(leaves_.get());
}

void PendingEntries::put(const PendingEntry& entry) {
  PendingLeaves& all = leaves();
  const PendingDelivery delivery{.owner = all.register_owner(entry.owner),
                                 .when = entry.delivered.value,
                                 .deliveries = std::min(entry.deliveries, kDeliveriesMax)};
  if (delivery.owner == 0) last_release_ = std::max(last_release_, entry.delivered);
  if (all.is_behind_all(entry.id)) return all.append({&entry.id, 1}, delivery);
  PendingLeaf& leaf = *all.leaf_of(entry.id);
  const size_t slot = leaf.find(entry.id, all.next_slot());
  if (slot == kLeafSlots) return all.insert(entry.id, delivery);
  if (is_visible(all, leaf, slot)) return all.replace(leaf, slot, delivery);
  all.kill(leaf, slot);
  all.insert(entry.id, delivery);
}

void PendingEntries::put_run(const StreamId* ids, size_t count, ConsumerId owner, WallMs delivered,
                             uint64_t deliveries) {
  if (count == 0) return;
  PendingLeaves& all = leaves();
  if (!all.is_behind_alive(ids[0])) {
    for (size_t i = 0; i < count; ++i) {
      put({.id = ids[i], .owner = owner, .delivered = delivered, .deliveries = deliveries});
    }
    return;
  }
  const PendingDelivery delivery{.owner = all.register_owner(owner),
                                 .when = delivered.value,
                                 .deliveries = std::min(deliveries, kDeliveriesMax)};
  if (delivery.owner == 0) last_release_ = std::max(last_release_, delivered);
  all.append({ids, count}, delivery);
}

void PendingEntries::release(StreamId id, uint64_t deliveries) {
  put({.id = id,
       .owner = kNoOwner,
       .delivered = WallMs{last_release_.value + 1},
       .deliveries = deliveries});
}

bool PendingEntries::erase(StreamId id) {
  PendingLeaf* const leaf = leaves_ == nullptr ? nullptr : leaves_->leaf_of(id);
  if (leaf == nullptr) return false;
  const size_t slot = leaf->find(id, leaves_->next_slot());
  if (slot == kLeafSlots || !is_visible(*leaves_, *leaf, slot)) return false;
  leaves_->kill(*leaf, slot);
  return true;
}

size_t PendingEntries::erase_run(StreamId first, StreamId last) {
  if (leaves_ == nullptr || last < first) return 0;
  if (first == last) return erase(first) ? 1 : 0;
  size_t erased = 0;
  // A leaf may be gone or merged after its part was erased, so the next one is looked up again.
  for (auto next = first_from(first); next && next->id <= last; next = first_from(first))
    erased += leaves_->kill_range(*leaves_->leaf_of(next->id), next->id, last);
  return erased;
}

size_t PendingEntries::drop(ConsumerId owner, Lsn at) {
  const auto index = leaves_ == nullptr ? std::nullopt : leaves_->find_owner(owner);
  return index ? leaves_->drop_owner(*index, at) : 0;
}

size_t PendingEntries::sweep(ConsumerId owner, size_t count) {
  return leaves_ == nullptr ? 0 : leaves_->sweep(owner, count);
}

size_t PendingEntries::dropped_memory(ConsumerId owner) const {
  if (leaves_ == nullptr || leaves_->dropped() == 0) return 0;
  const double part = static_cast<double>(leaves_->dropped_of(owner)) /
                      static_cast<double>(leaves_->size() + leaves_->dropped());
  return static_cast<size_t>(part * static_cast<double>(leaves_->memory()));
}

PendingEntries PendingEntries::take_all() {
  PendingEntries taken;
  taken.leaves_.swap(leaves_);
  return taken;
}

size_t PendingEntries::free_some(size_t count) {
  return leaves_ == nullptr ? 0 : leaves_->free_some(count);
}

void PendingEntries::check_invariants() const {
  if (leaves_ != nullptr) leaves_->check_invariants();
}

}  // namespace leat
