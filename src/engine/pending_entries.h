// PendingEntries: what one group has delivered and nobody has acknowledged, ordered by entry id.
//
// Ids arrive in order and leave mostly in order, in runs that share owner, delivery time and count:
// a sorted list of small leaves keeps ids as 32-bit deltas and everything else once per run. A map of
// one node per entry costs 40-80 bytes an entry; this costs about 9.
//
// Contract   every id stands here at most once and has exactly one owner.
// Limits     none but memory; no operation walks the whole list unless its result is that long.
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

struct PendingEntry {
  StreamId id;
  ConsumerId owner;
  WallMs delivered;        // Time of the last delivery.
  uint64_t deliveries = 0;  // How often it was delivered; set to 1 by the first, saturates at 2^63-1.

  friend bool operator==(const PendingEntry&, const PendingEntry&) = default;
};

class PendingEntries {
 public:
  PendingEntries();
  ~PendingEntries();
  PendingEntries(PendingEntries&&) noexcept;
  PendingEntries& operator=(PendingEntries&&) noexcept;

  [[nodiscard]] size_t size() const;
  // How many are owned by `owner`. O(log consumers).
  [[nodiscard]] size_t count_of(ConsumerId owner) const;
  // Bytes of memory held, for MEMORY USAGE and the accounting of maxmemory. O(1).
  [[nodiscard]] size_t memory() const;

  // The entry of `id`. O(log n).
  [[nodiscard]] std::optional<PendingEntry> find(StreamId id) const;
  // The first entry with id >= `from`; of any owner, or of `owner`. O(log n), plus, for an owner, the
  // leaves in between that hold nothing of it, which are skipped without looking inside.
  [[nodiscard]] std::optional<PendingEntry> first_from(StreamId from) const;
  [[nodiscard]] std::optional<PendingEntry> first_from(StreamId from, ConsumerId owner) const;
  [[nodiscard]] std::optional<PendingEntry> last() const;

  // Calls visit(const PendingEntry&) for entries with id >= `from` in id order until it returns false.
  // Sequential cost is a few ns an entry; the list must not change meanwhile.
  template <typename Visit>
  void visit_from(StreamId from, Visit&& visit) const;
  template <typename Visit>
  void visit_from(StreamId from, ConsumerId owner, Visit&& visit) const;

  // Adds the entry, or replaces what stands there under its id. O(1) amortised at the end, else O(log n).
  void put(const PendingEntry& entry);
  // Removes the entry of `id`; false if there was none. O(log n); O(1) amortised for runs of
  // consecutive removals in id order.
  bool erase(StreamId id);
  // Removes the entries with first <= id <= last; returns how many.
  size_t erase_run(StreamId first, StreamId last);
  // Removes all of `owner`; returns how many. O(entries of the leaves that hold some).
  size_t erase_all(ConsumerId owner);
};

}  // namespace leat
