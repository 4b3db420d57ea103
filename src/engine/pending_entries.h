// PendingEntries: what one group has delivered and nobody has acknowledged, ordered by entry id.
//
// Ids arrive in order and leave mostly in order, in runs that share owner, delivery time and count:
// a sorted list of small leaves keeps ids as 32-bit deltas and everything else once per run. A map of
// one node per entry costs 40-80 bytes an entry; this costs about 10. The leaves are indexed by id, by
// owner and by age, so each of the three orders is found in O(log n) and read in sequence from there.
//
// An owner can be dropped, with any number of entries, in O(1): they are passed over from then on, and sweep() takes them
// out some leaves at a time. A checkpoint reads as of its LSN, and so sees what was dropped later.
//
// Contract   every id stands here at most once and has exactly one owner, or nobody: ConsumerId{0}
//            owns what was released (XNACK). A released entry's `delivered` is not a time but its
//            place in the order of the releases; a reply shows 0.
// Invariant  what can be read depends on the entries alone, never on how they came here.
// Limits     none but memory; no operation walks the whole list unless its result is that long, or passes over what was
//            dropped and is not swept: O(1) for a leaf, but O(runs) where age is asked for.
// Thread     owned by one engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/time.h"
#include "model/ids.h"
#include "model/stream_id.h"

namespace leat {

class PendingLeaf;
class PendingLeaves;

// Owns what was released.
constexpr ConsumerId kNoOwner{0};

struct PendingEntry {
  StreamId id;
  ConsumerId owner;
  WallMs delivered;         // Time of the last delivery; place in order if it was released.
  uint64_t deliveries = 0;  // How often it was delivered; put() limits it to 2^63-1.

  friend bool operator==(const PendingEntry&, const PendingEntry&) = default;
};

class PendingEntries {
 public:
  // Stands on an entry or behind the last one. Any change of the list invalidates it.
  class Cursor {
   public:
    [[nodiscard]] bool valid() const { return leaf_ != nullptr; }
    // The entry it stands on; only if valid.
    [[nodiscard]] const PendingEntry& entry() const { return entry_; }
    // To the next entry in id order. A few ns; with an owner O(log n) from leaf to leaf.
    void advance();

   private:
    friend class PendingEntries;
    static constexpr uint32_t kAnyOwner = ~uint32_t{0};

    Cursor() = default;
    Cursor(const PendingLeaves& leaves, const PendingLeaf* leaf, StreamId from, uint32_t owner,
           Lsn as_of);
    void seek(size_t slot);
    void to_next_leaf();

    const PendingLeaves* leaves_ = nullptr;
    const PendingLeaf* leaf_ = nullptr;
    size_t slot_ = 0;
    size_t run_end_ = 0;
    uint32_t owner_ = kAnyOwner;
    Lsn as_of_;
    PendingEntry entry_;
  };

  // Like Cursor, in order of age: first the released in the order of their release, then by delivery
  // time, oldest first; entries of one time by id. O(log n + runs of a leaf) to the first entry and
  // for each leaf that it comes to, O(log) from entry to entry.
  class AgeCursor {
   public:
    AgeCursor(AgeCursor&&) noexcept;
    AgeCursor& operator=(AgeCursor&&) noexcept;
    ~AgeCursor();

    [[nodiscard]] bool valid() const { return valid_; }
    [[nodiscard]] const PendingEntry& entry() const { return entry_; }
    void advance();

   private:
    friend class PendingEntries;
    struct Frontier;
    explicit AgeCursor(const PendingLeaves* leaves);
    void load();

    std::unique_ptr<Frontier> frontier_;
    bool valid_ = false;
    PendingEntry entry_;
  };

  PendingEntries();
  ~PendingEntries();
  PendingEntries(PendingEntries&&) noexcept;
  PendingEntries& operator=(PendingEntries&&) noexcept;

  [[nodiscard]] size_t size() const;
  // How many are owned by `owner`, or were released. O(1).
  [[nodiscard]] size_t count_of(ConsumerId owner) const;
  // Bytes of memory held, for MEMORY USAGE and the accounting of maxmemory: what was asked of the
  // allocator, exactly. O(1).
  [[nodiscard]] size_t memory() const;

  // The entry of `id`. O(log n).
  [[nodiscard]] std::optional<PendingEntry> find(StreamId id) const;
  // The first entry with id >= `from`; of any owner, or of `owner`. O(log n): leaves that hold nothing
  // of the owner are not touched, however many lie in between.
  [[nodiscard]] std::optional<PendingEntry> first_from(StreamId from) const;
  [[nodiscard]] std::optional<PendingEntry> first_from(StreamId from, ConsumerId owner) const;
  [[nodiscard]] std::optional<PendingEntry> last() const;
  // The first entry in order of age. O(log n + runs of a few leaves).
  [[nodiscard]] std::optional<PendingEntry> oldest() const;

  // Cursors on the first entry with id >= `from`, of any owner or of `owner`; on the oldest entry.
  [[nodiscard]] Cursor cursor_from(StreamId from) const;
  [[nodiscard]] Cursor cursor_from(StreamId from, ConsumerId owner) const;
  [[nodiscard]] AgeCursor cursor_by_age() const;

  // Calls visit(const PendingEntry&) in the order of the cursor until it returns false. The list must
  // not change meanwhile.
  template <typename Visit>
  void visit_from(StreamId from, Visit&& visit) const {
    for (Cursor at = cursor_from(from); at.valid() && visit(at.entry());) at.advance();
  }
  template <typename Visit>
  void visit_from(StreamId from, ConsumerId owner, Visit&& visit) const {
    for (Cursor at = cursor_from(from, owner); at.valid() && visit(at.entry());) at.advance();
  }
  // As visit_from(), but what was dropped after `as_of` is seen as well.
  template <typename Visit>
  void visit_as_of(Lsn as_of, StreamId from, Visit&& visit) const {
    for (Cursor at = cursor_as_of(as_of, from); at.valid() && visit(at.entry());) at.advance();
  }
  template <typename Visit>
  void visit_by_age(Visit&& visit) const {
    for (AgeCursor at = cursor_by_age(); at.valid() && visit(at.entry());) at.advance();
  }

  // Adds the entry, or replaces what stands there under its id. O(1) amortised at the end, else
  // O(log n).
  void put(const PendingEntry& entry);
  // Puts entries that share everything but their ids, which ascend. A few ns an entry if they are beyond
  // all that stand here.
  void put_run(const StreamId* ids, size_t count, ConsumerId owner, WallMs delivered,
               uint64_t deliveries);
  // Takes the entry of `id` from its owner and puts it behind all that were released before; adds it
  // if it was not pending. O(log n).
  void release(StreamId id, uint64_t deliveries);
  // Removes the entry of `id`; false if there was none. O(log n); O(1) amortised for runs of
  // consecutive removals in id order.
  bool erase(StreamId id);
  // Removes all entries with first <= id <= last; returns how many. A leaf that lies inside the range
  // goes as a whole.
  size_t erase_run(StreamId first, StreamId last);
  // Drops `owner`, not nobody, at `at`, with all that it has; returns how many that were. O(1).
  size_t drop(ConsumerId owner, Lsn at);
  // Takes what the dropped owner had out of up to `count` leaves, each O(its slots). Nothing that can be read changes,
  // but as of an LSN before the drop.
  //   returns  of how many; less when nothing of it is left.
  size_t sweep(ConsumerId owner, size_t count);
  // What the dropped owner had and is not swept holds so many bytes, about. O(1).
  [[nodiscard]] size_t dropped_memory(ConsumerId owner) const;

  // Moves all entries out.
  PendingEntries take_all();
  // Frees up to `count` leaves, after which nothing but freeing may follow; less: nothing is left.
  size_t free_some(size_t count);

  // The largest place that was given to a released entry. State like the entries: a checkpoint keeps
  // it, and sets it before or after it puts the entries back.
  [[nodiscard]] WallMs last_release() const { return last_release_; }
  void set_last_release(WallMs place) { last_release_ = place; }

  // Aborts if an invariant of the structure is broken. O(n); for tests.
  void check_invariants() const;

 private:
  PendingLeaves& leaves();
  [[nodiscard]] Cursor cursor_as_of(Lsn as_of, StreamId from) const;

  std::unique_ptr<PendingLeaves> leaves_;  // Null until the first entry.
  WallMs last_release_;
};

}  // namespace leat
