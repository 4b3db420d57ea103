// PendingLeaf: up to 256 pending entries that are neighbours in id order.
//
// A slot is a position in the leaf. Erasing kills a slot in O(1); the leaf is compacted when more than
// half of it is dead, so killing is amortised and memory follows the entries that are alive.
//
//   ids     slot -> id                       8 bytes a slot, 16 in the wide form   (pending_columns.h)
//   live    slot -> alive or dead            1 bit a slot
//   runs    slots -> owner, time, count      8 bytes a run, 24 in the wide form
//   shares  owner -> how many it has here    8 bytes an owner
//
// The shares tell who is inside without looking at the runs. Owners are named by their index in the
// list's register (PendingOwners); index 0 is nobody: the entries that were released.
//
// Invariants the first run starts at slot 0; every live slot's share counts it; share 0 belongs to
//            owner 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/pending_columns.h"
#include "model/stream_id.h"

namespace leat {

// Who has an entry, since when (or its place among the released), and for how many deliveries.
struct PendingDelivery {
  uint32_t owner = 0;
  int64_t when = 0;
  uint64_t deliveries = 0;
};

// Order of age: the released first, in the order of their release; then by time, oldest first.
struct PendingAge {
  bool owned = false;
  int64_t when = 0;

  friend constexpr auto operator<=>(const PendingAge&, const PendingAge&) = default;
};

// What one owner has in a leaf.
struct PendingShare {
  uint32_t owner = 0;
  uint32_t count = 0;
};

class PendingLeaf {
 public:
  // The leaf's oldest age, how many entries have it, and the first slot of them.
  struct Oldest {
    PendingAge age;
    size_t count = 0;
    size_t slot = kLeafSlots;
  };

  // Where the leaf stands among the others. Belongs to PendingLeaves, which keeps it up to date.
  struct Standing {
    StreamId fence;  // Ids of this leaf are >= fence and below the next leaf's fence.
    PendingLeaf* previous = nullptr;
    PendingLeaf* next = nullptr;
    PendingAge oldest;  // Valid while ranked.
    uint32_t oldest_count =
        0;  // Entries of that age; the rank is given up when the last one leaves.
    bool ranked = false;
  };

  PendingLeaf(StreamId fence, size_t& bytes);

  [[nodiscard]] Standing& standing() { return standing_; }
  [[nodiscard]] const Standing& standing() const { return standing_; }

  [[nodiscard]] size_t live() const { return live_count_; }
  [[nodiscard]] size_t slots() const { return ids_.size(); }
  [[nodiscard]] bool full() const { return slots() == kLeafSlots; }

  [[nodiscard]] StreamId id_at(size_t slot) const { return ids_.at(slot); }
  [[nodiscard]] bool is_live(size_t slot) const { return live_.test(slot); }
  // The first slot with an id not less than `id`, dead or alive; slots() if there is none.
  [[nodiscard]] size_t lower_bound(StreamId id) const { return ids_.lower_bound(id); }
  // The live slot of `id`, looked for at `guess` first; kLeafSlots if there is none.
  [[nodiscard]] size_t find(StreamId id, size_t guess) const;
  // The first live slot at or after `slot` / the last; kLeafSlots if there is none.
  [[nodiscard]] size_t next_live(size_t slot) const { return live_.next(slot); }
  [[nodiscard]] size_t last_live() const { return live_.last(); }

  [[nodiscard]] const PendingRuns& runs() const { return runs_; }
  [[nodiscard]] size_t run_of(size_t slot) const { return runs_.run_of(slot, slots()); }
  [[nodiscard]] size_t end_of(size_t run) const { return runs_.end_of(run, slots()); }
  [[nodiscard]] uint32_t owner_of(const PendingRun& run) const { return shares_[run.share].owner; }
  [[nodiscard]] PendingDelivery delivery_at(size_t slot) const;
  [[nodiscard]] std::span<const PendingShare> shares() const { return shares_; }
  // O(runs).
  [[nodiscard]] Oldest find_oldest() const;

  // Adds `ids`, ascending and beyond all slots, all with the same delivery. The leaf has room for them.
  // Returns whether the owner had nothing here.
  bool append(std::span<const StreamId> ids, const PendingDelivery& delivery);
  // Whether an id beyond all slots can be added without changing the form of the ids.
  [[nodiscard]] bool fits(StreamId id) const { return ids_.fits(id); }
  // Adds `id`, which is not alive here, at `slot` = lower_bound(id). The leaf is not full. O(slots).
  // Returns whether the owner had nothing here.
  bool insert(size_t slot, StreamId id, const PendingDelivery& delivery);
  // Gives a live slot another delivery.
  struct Replaced {
    bool entered = false;  // The new owner had nothing here.
    bool left = false;     // The old owner has nothing left here.
  };
  Replaced replace(size_t slot, const PendingDelivery& delivery);
  // Kills a live slot.
  struct Killed {
    PendingDelivery delivery;
    bool left = false;  // Its owner has nothing left here.
  };
  Killed kill(size_t slot);
  // Kills the slots from `from` to before `to`; returns how many were alive.
  size_t kill_range(size_t from, size_t to);
  // Kills all that `owner` has; returns how many.
  size_t kill_owner(uint32_t owner);

  // Drops dead slots and unused shares, and goes back to narrow columns where possible. O(slots).
  void compact();
  // Makes room for a leaf that will be filled / gives unused capacity back.
  void reserve_all() { ids_.reserve(kLeafSlots); }
  void release_unused();

  // Aborts if an invariant is broken. O(slots).
  void check_invariants() const;

 private:
  // Counts `count` entries more for `owner`; returns its share.
  uint16_t gain(uint32_t owner, size_t count);

  Standing standing_;
  PendingIds ids_;
  PendingRuns runs_;
  std::vector<PendingShare, CountingAllocator<PendingShare>> shares_;
  LiveSlots live_;
  uint32_t live_count_ = 0;
};

}  // namespace leat
