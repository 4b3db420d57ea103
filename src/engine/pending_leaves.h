// PendingLeaves: the leaves of one group's pending entries in id order, and the indexes that find a
// leaf by id, by owner and by age.
//
//   directory   fence -> leaf                 every leaf
//   register    owner -> total, its leaves    by fence: the leaves that hold something of the owner
//   ranking     (oldest age, fence) -> leaf   all leaves but a few, the unranked
//
// A leaf's oldest age is exact while it is ranked. When the last entry of that age leaves, the leaf
// gives its rank up and nothing is computed: acknowledging in order would otherwise search the leaf
// again for each entry. At most kUnrankedMax leaves are without a rank; one more makes the longest
// unranked one be searched and ranked. A question about age looks into those few leaves itself.
//
// Rejected: a summary tree over the leaves (owner sets of inner nodes grow with the consumers, every
// delivery would write log n nodes), and a bound on the age that is repaired when asked (one question
// could have to repair every leaf).
//
// An owner is dropped in O(1), however many leaves hold something of it: its entries count no longer and are passed over
// from then on, which is one comparison for each run of a leaf. They stand in their leaves, as alive to everything
// below, until sweep() takes them out, some leaves at a time. Whoever reads as of an earlier LSN still sees them.
//
// Invariants no leaf is empty; fences ascend and separate the leaves' ids; an owner's leaves are
//            exactly those with a share of it above 0; a leaf is either ranked or unranked. A leaf's age is
//            not later than that of its oldest entry: earlier while it holds entries of a dropped owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include "base/counting_allocator.h"
#include "engine/pending_leaf.h"
#include "model/ids.h"
#include "model/stream_id.h"

namespace leat {

class PendingLeaves {
 public:
  // Two leaves' order of age; `leaf` has its oldest entry at `age`.
  struct Rank {
    PendingAge age;
    StreamId fence;

    friend constexpr auto operator<=>(const Rank&, const Rank&) = default;
  };
  struct Ranked {
    Rank rank;
    const PendingLeaf* leaf = nullptr;
  };

  PendingLeaves();
  ~PendingLeaves();
  PendingLeaves(const PendingLeaves&) = delete;
  PendingLeaves& operator=(const PendingLeaves&) = delete;

  // Reads as of now: nobody was dropped later.
  static constexpr Lsn kNow{~uint64_t{0} - 1};

  // Without the entries of dropped owners.
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t memory() const { return sizeof(*this) + bytes_; }
  // Entries of dropped owners that wait for sweep().
  [[nodiscard]] size_t dropped() const { return dropped_size_; }
  // The same of one owner, 0 if it was not dropped.
  [[nodiscard]] size_t dropped_of(ConsumerId owner) const;

  // Owners. Index 0 is nobody.

  // The index of `owner`, which is registered if it was not. Stays valid while the owner has entries.
  uint32_t register_owner(ConsumerId owner);
  // The index of `owner`, if it is registered.
  [[nodiscard]] std::optional<uint32_t> find_owner(ConsumerId owner) const;
  [[nodiscard]] ConsumerId owner_at(uint32_t index) const { return owners_[index].id; }
  [[nodiscard]] size_t total_of(uint32_t index) const { return owners_[index].total; }
  // Whether the owner was not dropped, or later than at `as_of`.
  [[nodiscard]] bool visible(uint32_t index, Lsn as_of = kNow) const {
    return owners_[index].dropped_at > as_of;
  }
  // Whether the leaf has an entry that is visible. O(1) if nothing was dropped, else O(owners in the leaf).
  [[nodiscard]] bool shows(const PendingLeaf& leaf, Lsn as_of = kNow) const;

  // Leaves.

  [[nodiscard]] const PendingLeaf* head() const { return head_; }
  [[nodiscard]] const PendingLeaf* tail() const { return tail_; }
  // Whether `id` is beyond all slots, dead ones included.
  [[nodiscard]] bool is_behind_all(StreamId id) const {
    return tail_ == nullptr || tail_->id_at(tail_->slots() - 1) < id;
  }
  // Whether `id` is beyond all that stand here alive, those of dropped owners included.
  [[nodiscard]] bool is_behind_alive(StreamId id) const {
    return tail_ == nullptr || tail_->id_at(tail_->last_live()) < id;
  }
  // The leaf in whose range `id` falls; ids below all fences fall to the head. Null if there is none.
  [[nodiscard]] PendingLeaf* leaf_of(StreamId id) const;
  // The first leaf that holds something of `owner` and may hold an id >= `from` / of those behind `leaf`.
  [[nodiscard]] const PendingLeaf* leaf_of(StreamId from, uint32_t owner) const;
  [[nodiscard]] const PendingLeaf* leaf_behind(const PendingLeaf& leaf, uint32_t owner) const;

  // Age.

  // The first ranked leaf / the first behind `rank`.
  [[nodiscard]] std::optional<Ranked> first_ranked() const;
  [[nodiscard]] std::optional<Ranked> first_ranked_behind(const Rank& rank) const;
  // What the unranked leaves' ranks would be, ascending. O(kUnrankedMax * runs of a leaf).
  [[nodiscard]] std::vector<Ranked> rank_unranked() const;

  // Changes.

  // Adds ids, ascending and beyond all that are alive.
  void append(std::span<const StreamId> ids, const PendingDelivery& delivery);
  // Adds `id`, which is not alive.
  void insert(StreamId id, const PendingDelivery& delivery);
  void replace(PendingLeaf& leaf, size_t slot, const PendingDelivery& delivery);
  void kill(PendingLeaf& leaf, size_t slot);
  // Kills the ids of `leaf` in [first, last]; returns how many were visible. The leaf may be gone or merged then.
  size_t kill_range(PendingLeaf& leaf, StreamId first, StreamId last);
  // Drops the owner at `at`; returns how many entries it had. O(1).
  size_t drop_owner(uint32_t owner, Lsn at);
  // Takes entries of the dropped owner out of up to `count` leaves; returns of how many, less when none is left.
  size_t sweep(ConsumerId owner, size_t count);

  // Frees up to `count` leaves; the indexes then name leaves that are gone, so nothing but freeing may follow.
  size_t free_some(size_t count);

  // Where the next erasure is expected: behind the last one.
  [[nodiscard]] size_t next_slot() const { return next_slot_; }

  void check_invariants() const;

 private:
  static constexpr Lsn kNever{~uint64_t{0}};
  static constexpr size_t kUnrankedMax = 8;
  // Leaves that together have at most this many entries are merged when one of them gets sparse.
  static constexpr size_t kMergedMax = kLeafSlots * 3 / 4;
  // Owners without entries stay registered up to this many, or as many as have some.
  static constexpr size_t kIdleOwnersMax = 64;

  template <typename Key>
  using LeafMap = absl::btree_map<Key, PendingLeaf*, std::less<Key>,
                                  CountingAllocator<std::pair<const Key, PendingLeaf*>>>;

  using OwnerIndex =
      absl::flat_hash_map<ConsumerId, uint32_t, absl::Hash<ConsumerId>, std::equal_to<ConsumerId>,
                          CountingAllocator<std::pair<const ConsumerId, uint32_t>>>;
  struct Owner {
    explicit Owner(size_t& bytes)
        : leaves(std::less<StreamId>(), LeafMap<StreamId>::allocator_type(bytes)) {}

    ConsumerId id;
    bool registered = false;
    Lsn dropped_at = kNever;
    size_t total = 0;
    LeafMap<StreamId> leaves;
  };

  [[nodiscard]] static bool covers(const PendingLeaf& leaf, StreamId id);
  [[nodiscard]] static PendingAge age_of(const PendingDelivery& delivery) {
    return {.owned = delivery.owner != 0, .when = delivery.when};
  }

  // Makes a leaf that starts at `fence` / frees one; the leaf is in no index but the directory.
  PendingLeaf& add_leaf(StreamId fence);
  void remove_leaf(PendingLeaf& leaf);
  // Enters a leaf into the register and the ranking / takes it out of both. Totals stay.
  void attach(PendingLeaf& leaf);
  void detach(PendingLeaf& leaf);
  // The leaf and slot where `id` can be inserted.
  PendingLeaf& make_room(StreamId id);
  void split(PendingLeaf& leaf);
  // Compacts a leaf that is mostly dead, and merges it with a neighbour if it is sparse then.
  void tidy(PendingLeaf& leaf);
  void merge(PendingLeaf& left, PendingLeaf& right);

  void rank(PendingLeaf& leaf);
  void unrank(PendingLeaf& leaf);
  void drop_rank(PendingLeaf& leaf);
  // Accounts for `count` entries of one age that came into / one that left a leaf in the ranking.
  void age_entered(PendingLeaf& leaf, PendingAge age, size_t count);
  void age_left(PendingLeaf& leaf, PendingAge age);

  void add_total(uint32_t owner, size_t count);
  void remove_total(uint32_t owner, size_t count);
  void forget_owner(uint32_t owner);
  // The same for a dropped owner of whom nothing is left.
  void forget_dropped(uint32_t owner);
  // Brings register, totals and ranking up to date after entries were killed in bulk.
  void account_killed(PendingLeaf& leaf, std::span<const PendingShare> before);

  void check_leaf(const PendingLeaf& leaf, const PendingLeaf* previous) const;

  size_t bytes_ = 0;  // First, as everything below counts on it until it is destroyed.
  size_t size_ = 0;
  size_t dropped_size_ = 0;
  LeafMap<StreamId> directory_;
  LeafMap<Rank> ranking_;
  std::vector<Owner, CountingAllocator<Owner>> owners_;
  OwnerIndex owner_index_;
  OwnerIndex dropped_index_;  // Dropped owners that are not swept.
  std::vector<uint32_t, CountingAllocator<uint32_t>> unused_owners_;
  size_t idle_owners_ = 0;  // Registered, but without entries.
  PendingLeaf* head_ = nullptr;
  PendingLeaf* tail_ = nullptr;
  std::array<PendingLeaf*, kUnrankedMax> unranked_{};  // Longest unranked first.
  size_t unranked_count_ = 0;
  PendingLeaf* last_leaf_ = nullptr;  // Where the last erasure was, and the slot behind it.
  size_t next_slot_ = 0;
  uint32_t last_owner_ = 0;
};

}  // namespace leat
