#include "engine/pending_leaves.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.h"

namespace leat {
namespace {

// A leaf with fewer slots than this takes an id of any form; a fuller one is left as it is, and an id
// that does not fit its form starts the next leaf.
constexpr size_t kRecodeSlotsMax = kLeafSlots / 4;
// Dead slots that a leaf may have however few of its slots are alive.
constexpr size_t kDeadSlotsMin = 32;
// Dead slots for each live one that the head may have, as it is being emptied when entries are
// acknowledged in order. Other leaves may have as many dead as live ones.
constexpr size_t kHeadDeadRatio = 7;

}  // namespace

PendingLeaves::PendingLeaves()
    : directory_(std::less<StreamId>(), CountingAllocator<char>(bytes_)),
      ranking_(std::less<Rank>(), CountingAllocator<char>(bytes_)),
      owners_(CountingAllocator<char>(bytes_)),
      owner_index_(OwnerIndex::allocator_type(bytes_)),
      dropped_index_(OwnerIndex::allocator_type(bytes_)),
      unused_owners_(CountingAllocator<char>(bytes_)) {
  const uint32_t nobody = register_owner(ConsumerId{0});
  LEAT_CHECK(nobody == 0);
}

PendingLeaves::~PendingLeaves() {
  while (head_ != nullptr) remove_leaf(*head_);
}

size_t PendingLeaves::free_some(size_t count) {
  size_t freed = 0;
  for (; freed < count && head_ != nullptr; ++freed) remove_leaf(*head_);
  return freed;
}

uint32_t PendingLeaves::register_owner(ConsumerId owner) {
  if (last_owner_ < owners_.size() && owners_[last_owner_].id == owner &&
      owners_[last_owner_].registered)
    return last_owner_;
  if (const auto found = owner_index_.find(owner); found != owner_index_.end())
    return last_owner_ = found->second;
  if (idle_owners_ > std::max(kIdleOwnersMax, owner_index_.size() / 2)) {
    for (uint32_t i = 1; i < owners_.size(); ++i)
      if (owners_[i].registered && owners_[i].total == 0) forget_owner(i);
  }
  uint32_t index = static_cast<uint32_t>(owners_.size());
  if (unused_owners_.empty()) {
    owners_.emplace_back(bytes_);
  } else {
    index = unused_owners_.back();
    unused_owners_.pop_back();
  }
  owners_[index].id = owner;
  owners_[index].registered = true;
  ++idle_owners_;
  owner_index_.emplace(owner, index);
  return last_owner_ = index;
}

std::optional<uint32_t> PendingLeaves::find_owner(ConsumerId owner) const {
  const auto found = owner_index_.find(owner);
  if (found == owner_index_.end()) return std::nullopt;
  return found->second;
}

void PendingLeaves::forget_owner(uint32_t owner) {
  LEAT_CHECK(owners_[owner].total == 0);
  if (owner == 0) return;
  owner_index_.erase(owners_[owner].id);
  owners_[owner].registered = false;
  unused_owners_.push_back(owner);
  --idle_owners_;
}

size_t PendingLeaves::dropped_of(ConsumerId owner) const {
  const auto found = dropped_index_.find(owner);
  return found == dropped_index_.end() ? 0 : owners_[found->second].total;
}

bool PendingLeaves::shows(const PendingLeaf& leaf, Lsn as_of) const {
  return dropped_size_ == 0 ||
         std::ranges::any_of(leaf.shares(), [this, as_of](const PendingShare& share) {
           return share.count > 0 && visible(share.owner, as_of);
         });
}

size_t PendingLeaves::drop_owner(uint32_t owner, Lsn at) {
  Owner& dropped = owners_[owner];
  LEAT_CHECK(owner != 0 && dropped.registered);
  const size_t total = dropped.total;
  if (total == 0) {
    forget_owner(owner);
    return 0;
  }
  // An id that was dropped before is there only if somebody gives ids twice.
  static_cast<void>(sweep(dropped.id, ~size_t{0}));
  owner_index_.erase(dropped.id);
  dropped_index_.emplace(dropped.id, owner);
  dropped.registered = false;
  dropped.dropped_at = at;
  size_ -= total;
  dropped_size_ += total;
  return total;
}

void PendingLeaves::forget_dropped(uint32_t owner) {
  dropped_index_.erase(owners_[owner].id);
  owners_[owner].dropped_at = kNever;
  unused_owners_.push_back(owner);
}

void PendingLeaves::add_total(uint32_t owner, size_t count) {
  if (owners_[owner].total == 0) --idle_owners_;
  owners_[owner].total += count;
  size_ += count;
}

void PendingLeaves::remove_total(uint32_t owner, size_t count) {
  owners_[owner].total -= count;
  if (visible(owner)) {
    size_ -= count;
    if (owners_[owner].total == 0) ++idle_owners_;
  } else {
    dropped_size_ -= count;
    if (owners_[owner].total == 0) forget_dropped(owner);
  }
}

bool PendingLeaves::covers(const PendingLeaf& leaf, StreamId id) {
  const PendingLeaf::Standing& standing = leaf.standing();
  return (id >= standing.fence || standing.previous == nullptr) &&
         (standing.next == nullptr || id < standing.next->standing().fence);
}

PendingLeaf* PendingLeaves::leaf_of(StreamId id) const {
  if (last_leaf_ != nullptr) {
    // Entries that are acknowledged out of order are mostly near the last one.
    if (covers(*last_leaf_, id)) return last_leaf_;
    PendingLeaf* const near = id < last_leaf_->standing().fence ? last_leaf_->standing().previous
                                                                : last_leaf_->standing().next;
    if (near != nullptr && covers(*near, id)) return near;
  }
  if (tail_ == nullptr || id >= tail_->standing().fence) return tail_;
  auto behind = directory_.upper_bound(id);
  if (behind == directory_.begin()) return head_;
  return (--behind)->second;
}

const PendingLeaf* PendingLeaves::leaf_of(StreamId from, uint32_t owner) const {
  const auto& leaves = owners_[owner].leaves;
  auto behind = leaves.upper_bound(from);
  if (behind != leaves.begin()) return (--behind)->second;
  return behind == leaves.end() ? nullptr : behind->second;
}

const PendingLeaf* PendingLeaves::leaf_behind(const PendingLeaf& leaf, uint32_t owner) const {
  const auto& leaves = owners_[owner].leaves;
  const auto behind = leaves.upper_bound(leaf.standing().fence);
  return behind == leaves.end() ? nullptr : behind->second;
}

PendingLeaf& PendingLeaves::add_leaf(StreamId fence) {
  CountingAllocator<PendingLeaf> allocator(bytes_);
  PendingLeaf* const leaf = new (allocator.allocate(1)) PendingLeaf(fence, bytes_);
  const auto place = directory_.emplace_hint(directory_.end(), fence, leaf);
  LEAT_CHECK(place->second == leaf);
  const auto next = std::next(place);
  PendingLeaf::Standing& standing = leaf->standing();
  standing.next = next == directory_.end() ? nullptr : next->second;
  standing.previous = place == directory_.begin() ? nullptr : std::prev(place)->second;
  (standing.next == nullptr ? tail_ : standing.next->standing().previous) = leaf;
  (standing.previous == nullptr ? head_ : standing.previous->standing().next) = leaf;
  return *leaf;
}

void PendingLeaves::remove_leaf(PendingLeaf& leaf) {
  const PendingLeaf::Standing& standing = leaf.standing();
  (standing.next == nullptr ? tail_ : standing.next->standing().previous) = standing.previous;
  (standing.previous == nullptr ? head_ : standing.previous->standing().next) = standing.next;
  directory_.erase(standing.fence);
  if (last_leaf_ == &leaf) last_leaf_ = nullptr;
  CountingAllocator<PendingLeaf> allocator(bytes_);
  leaf.~PendingLeaf();
  allocator.deallocate(&leaf, 1);
}

void PendingLeaves::attach(PendingLeaf& leaf) {
  for (const PendingShare& share : leaf.shares())
    if (share.count > 0) owners_[share.owner].leaves.emplace(leaf.standing().fence, &leaf);
  rank(leaf);
}

void PendingLeaves::detach(PendingLeaf& leaf) {
  for (const PendingShare& share : leaf.shares())
    if (share.count > 0) owners_[share.owner].leaves.erase(leaf.standing().fence);
  drop_rank(leaf);
}

std::optional<PendingLeaves::Ranked> PendingLeaves::first_ranked() const {
  if (ranking_.empty()) return std::nullopt;
  return Ranked{ranking_.begin()->first, ranking_.begin()->second};
}

std::optional<PendingLeaves::Ranked> PendingLeaves::first_ranked_behind(const Rank& rank) const {
  const auto found = ranking_.upper_bound(rank);
  if (found == ranking_.end()) return std::nullopt;
  return Ranked{found->first, found->second};
}

std::vector<PendingLeaves::Ranked> PendingLeaves::rank_unranked() const {
  std::vector<Ranked> ranked;
  ranked.reserve(unranked_count_);
  for (size_t i = 0; i < unranked_count_; ++i) {
    const PendingLeaf& leaf = *unranked_[i];
    ranked.push_back({{leaf.find_oldest().age, leaf.standing().fence}, &leaf});
  }
  std::ranges::sort(ranked, {}, &Ranked::rank);
  return ranked;
}

void PendingLeaves::rank(PendingLeaf& leaf) {
  const PendingLeaf::Oldest oldest = leaf.find_oldest();
  PendingLeaf::Standing& standing = leaf.standing();
  standing.oldest = oldest.age;
  standing.oldest_count = static_cast<uint32_t>(oldest.count);
  standing.ranked = true;
  ranking_.emplace(Rank{oldest.age, standing.fence}, &leaf);
}

void PendingLeaves::unrank(PendingLeaf& leaf) {
  ranking_.erase(Rank{leaf.standing().oldest, leaf.standing().fence});
  leaf.standing().ranked = false;
  if (unranked_count_ == kUnrankedMax) {
    PendingLeaf& longest = *unranked_[0];
    drop_rank(longest);
    rank(longest);
  }
  unranked_[unranked_count_++] = &leaf;
}

void PendingLeaves::drop_rank(PendingLeaf& leaf) {
  if (leaf.standing().ranked) {
    ranking_.erase(Rank{leaf.standing().oldest, leaf.standing().fence});
    leaf.standing().ranked = false;
    return;
  }
  const auto end = unranked_.begin() + static_cast<std::ptrdiff_t>(unranked_count_);
  const auto found = std::find(unranked_.begin(), end, &leaf);
  LEAT_CHECK(found != end);
  std::copy(found + 1, end, found);
  --unranked_count_;
}

void PendingLeaves::age_entered(PendingLeaf& leaf, PendingAge age, size_t count) {
  PendingLeaf::Standing& standing = leaf.standing();
  if (!standing.ranked || age > standing.oldest) return;
  if (age == standing.oldest) {
    standing.oldest_count += static_cast<uint32_t>(count);
    return;
  }
  ranking_.erase(Rank{standing.oldest, standing.fence});
  standing.oldest = age;
  standing.oldest_count = static_cast<uint32_t>(count);
  ranking_.emplace(Rank{age, standing.fence}, &leaf);
}

void PendingLeaves::age_left(PendingLeaf& leaf, PendingAge age) {
  PendingLeaf::Standing& standing = leaf.standing();
  if (standing.ranked && age == standing.oldest && --standing.oldest_count == 0) unrank(leaf);
}

void PendingLeaves::append(std::span<const StreamId> ids, const PendingDelivery& delivery) {
  if (!ids.empty() && !is_behind_all(ids[0])) {
    tail_->compact();
    LEAT_CHECK(is_behind_all(ids[0]));
  }
  while (!ids.empty()) {
    PendingLeaf* leaf = tail_;
    const bool added = leaf == nullptr || leaf->full() ||
                       (leaf->slots() >= kRecodeSlotsMax && !leaf->fits(ids[0]));
    if (added) {
      leaf = &add_leaf(ids[0]);
      if (leaf->standing().previous != nullptr) {
        leaf->standing().previous->release_unused();
        leaf->reserve_all();
      }
    }
    // A new leaf takes its base from its first id; the others that fit it follow.
    const size_t room = std::min(kLeafSlots - leaf->slots(), ids.size());
    size_t count = 1;
    while (count < room && leaf->fits(ids[count])) ++count;
    const bool entered = leaf->append(ids.first(count), delivery);
    add_total(delivery.owner, count);
    if (added) {
      attach(*leaf);
    } else {
      if (entered) owners_[delivery.owner].leaves.emplace(leaf->standing().fence, leaf);
      age_entered(*leaf, age_of(delivery), count);
    }
    ids = ids.subspan(count);
  }
}

void PendingLeaves::insert(StreamId id, const PendingDelivery& delivery) {
  if (is_behind_all(id)) return append({&id, 1}, delivery);
  PendingLeaf& leaf = make_room(id);
  const bool added = leaf.slots() == 0;
  const bool entered = leaf.insert(leaf.lower_bound(id), id, delivery);
  add_total(delivery.owner, 1);
  if (added) return attach(leaf);
  if (entered) owners_[delivery.owner].leaves.emplace(leaf.standing().fence, &leaf);
  age_entered(leaf, age_of(delivery), 1);
}

PendingLeaf& PendingLeaves::make_room(StreamId id) {
  PendingLeaf* leaf = leaf_of(id);
  if (id < leaf->standing().fence) {
    if (leaf->full()) return add_leaf(id);
    // The head's range grows downwards: its fence is a key of the indexes.
    detach(*leaf);
    directory_.erase(leaf->standing().fence);
    leaf->standing().fence = id;
    directory_.emplace(id, leaf);
    attach(*leaf);
    return *leaf;
  }
  if (!leaf->full()) return *leaf;
  if (leaf->live() < leaf->slots()) {
    leaf->compact();
    return *leaf;
  }
  // Ids that come behind a full leaf in order start a leaf of their own instead of halving it.
  if (id > leaf->id_at(leaf->slots() - 1)) return add_leaf(id);
  split(*leaf);
  return *leaf_of(id);
}

void PendingLeaves::split(PendingLeaf& leaf) {
  detach(leaf);
  const size_t half = leaf.slots() / 2;
  PendingLeaf& upper = add_leaf(leaf.id_at(half));
  for (size_t slot = half; slot < leaf.slots(); ++slot) {
    const StreamId id = leaf.id_at(slot);
    upper.append({&id, 1}, leaf.delivery_at(slot));
  }
  leaf.kill_range(half, leaf.slots());
  leaf.compact();
  attach(leaf);
  attach(upper);
}

void PendingLeaves::replace(PendingLeaf& leaf, size_t slot, const PendingDelivery& delivery) {
  const PendingDelivery old = leaf.delivery_at(slot);
  const PendingLeaf::Replaced change = leaf.replace(slot, delivery);
  if (old.owner != delivery.owner) {
    remove_total(old.owner, 1);
    add_total(delivery.owner, 1);
    if (change.left) owners_[old.owner].leaves.erase(leaf.standing().fence);
    if (change.entered) owners_[delivery.owner].leaves.emplace(leaf.standing().fence, &leaf);
  }
  age_entered(leaf, age_of(delivery), 1);
  age_left(leaf, age_of(old));
}

void PendingLeaves::kill(PendingLeaf& leaf, size_t slot) {
  const auto [old, left] = leaf.kill(slot);
  remove_total(old.owner, 1);
  if (left) owners_[old.owner].leaves.erase(leaf.standing().fence);
  if (leaf.live() == 0) {
    drop_rank(leaf);
    remove_leaf(leaf);
    return;
  }
  age_left(leaf, age_of(old));
  last_leaf_ = &leaf;
  next_slot_ = slot + 1;
  tidy(leaf);
}

size_t PendingLeaves::kill_range(PendingLeaf& leaf, StreamId first, StreamId last) {
  const size_t from = leaf.lower_bound(first);
  const size_t bound = leaf.lower_bound(last);
  const size_t to = bound < leaf.slots() && leaf.id_at(bound) == last ? bound + 1 : bound;
  if (leaf.next_live(from) >= to) return 0;
  const std::vector<PendingShare> before(leaf.shares().begin(), leaf.shares().end());
  leaf.kill_range(from, to);
  last_leaf_ = &leaf;
  next_slot_ = to;
  const size_t size_before = size_;
  account_killed(leaf, before);
  return size_before - size_;
}

size_t PendingLeaves::sweep(ConsumerId owner, size_t count) {
  const auto found = dropped_index_.find(owner);
  if (found == dropped_index_.end()) return 0;
  const uint32_t index = found->second;
  size_t swept = 0;
  for (; swept < count && !owners_[index].leaves.empty(); ++swept) {
    PendingLeaf& leaf = *owners_[index].leaves.begin()->second;
    const std::vector<PendingShare> before(leaf.shares().begin(), leaf.shares().end());
    leaf.kill_owner(index);
    account_killed(leaf, before);
  }
  return swept;
}

void PendingLeaves::account_killed(PendingLeaf& leaf, std::span<const PendingShare> before) {
  for (size_t i = 0; i < before.size(); ++i) {
    const size_t killed = before[i].count - leaf.shares()[i].count;
    if (killed == 0) continue;
    remove_total(before[i].owner, killed);
    if (killed == before[i].count) owners_[before[i].owner].leaves.erase(leaf.standing().fence);
  }
  if (leaf.live() == 0) {
    drop_rank(leaf);
    remove_leaf(leaf);
    return;
  }
  if (leaf.standing().ranked) unrank(leaf);
  tidy(leaf);
}

void PendingLeaves::tidy(PendingLeaf& leaf) {
  const size_t dead_max = &leaf == head_ ? kHeadDeadRatio * leaf.live() : leaf.live();
  if (leaf.slots() - leaf.live() <= std::max(dead_max, kDeadSlotsMin)) return;
  leaf.compact();
  next_slot_ = 0;
  if (&leaf != tail_) leaf.release_unused();
  if (leaf.live() >= kLeafSlots / 4) return;
  PendingLeaf* const next = leaf.standing().next;
  PendingLeaf* const previous = leaf.standing().previous;
  if (next != nullptr && leaf.live() + next->live() <= kMergedMax) {
    merge(leaf, *next);
  } else if (previous != nullptr && leaf.live() + previous->live() <= kMergedMax) {
    merge(*previous, leaf);
  }
}

void PendingLeaves::merge(PendingLeaf& left, PendingLeaf& right) {
  detach(left);
  detach(right);
  left.compact();
  for (size_t slot = right.next_live(0); slot < kLeafSlots; slot = right.next_live(slot + 1)) {
    const StreamId id = right.id_at(slot);
    left.append({&id, 1}, right.delivery_at(slot));
  }
  remove_leaf(right);
  attach(left);
  if (&left != tail_) left.release_unused();
}

void PendingLeaves::check_invariants() const {
  size_t total = 0;
  size_t leaf_count = 0;
  std::vector<size_t> totals(owners_.size(), 0);
  std::vector<size_t> memberships(owners_.size(), 0);
  const PendingLeaf* previous = nullptr;
  for (const PendingLeaf* leaf = head_; leaf != nullptr; leaf = leaf->standing().next) {
    check_leaf(*leaf, previous);
    for (const PendingShare& share : leaf->shares()) {
      if (share.count == 0) continue;
      LEAT_CHECK(owners_[share.owner].leaves.at(leaf->standing().fence) == leaf);
      totals[share.owner] += share.count;
      ++memberships[share.owner];
    }
    total += leaf->live();
    ++leaf_count;
    previous = leaf;
  }
  LEAT_CHECK(previous == tail_);
  LEAT_CHECK(total == size_ + dropped_size_);
  LEAT_CHECK(leaf_count == directory_.size());
  LEAT_CHECK(leaf_count == ranking_.size() + unranked_count_);
  size_t idle = 0;
  for (uint32_t i = 0; i < owners_.size(); ++i) {
    LEAT_CHECK(owners_[i].total == totals[i]);
    LEAT_CHECK(owners_[i].leaves.size() == memberships[i]);
    if (!owners_[i].registered) LEAT_CHECK((owners_[i].total == 0) == visible(i));
    if (owners_[i].registered && owners_[i].total == 0) ++idle;
  }
  LEAT_CHECK(idle == idle_owners_);
  LEAT_CHECK(owner_index_.size() + dropped_index_.size() + unused_owners_.size() == owners_.size());
}

void PendingLeaves::check_leaf(const PendingLeaf& leaf, const PendingLeaf* previous) const {
  leaf.check_invariants();
  const PendingLeaf::Standing& standing = leaf.standing();
  LEAT_CHECK(leaf.live() > 0);
  LEAT_CHECK(standing.previous == previous);
  LEAT_CHECK(leaf.id_at(0) >= standing.fence);
  if (previous != nullptr) LEAT_CHECK(previous->id_at(previous->slots() - 1) < standing.fence);
  LEAT_CHECK(directory_.at(standing.fence) == &leaf);
  if (standing.ranked) {
    const PendingLeaf::Oldest oldest = leaf.find_oldest();
    LEAT_CHECK(oldest.age == standing.oldest);
    LEAT_CHECK(oldest.count == standing.oldest_count);
    LEAT_CHECK(ranking_.at(Rank{standing.oldest, standing.fence}) == &leaf);
  } else {
    const auto end = unranked_.begin() + static_cast<std::ptrdiff_t>(unranked_count_);
    LEAT_CHECK(std::count(unranked_.begin(), end, &leaf) == 1);
  }
}

}  // namespace leat
