// What XREADGROUP CLAIM takes over: pending entries of the whole group that nobody has finished for a while, the oldest
// first, and before these what was released (XNACK).
//
// An entry that is gone from the stream is passed over and stays pending, as in Redis; XAUTOCLAIM and XACK clear those.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/time.h"
#include "command/context.h"
#include "command/read_budget.h"

namespace leat {

struct ReadClaims {
  // As they are before this delivery, in the order in which they are shown.
  std::vector<PendingEntry> entries;
  // They end for want of bytes.
  bool full = false;
  // How long until another becomes old enough, ms, unless something happens before.
  int64_t next_ms = std::numeric_limits<int64_t>::max();
};

struct ClaimLimits {
  int64_t min_idle_ms = 0;
  uint64_t count = 0;  // Entries; 0: any number.
  uint64_t bytes = 0;  // In wire form; the entry that reaches it is the last one.
};

// What may be claimed, for each of `takers`, which are not none, up to the limits: what one leaves is the next one's. Opens the
// frames of these; Context::lacks_entries() tells whether one is missing. O(takers, what is claimed, and what is gone and would
// come before it).
void plan_claims(const Context& context, const Stream& stream, const Group& group,
                 const ClaimLimits& limits, std::span<ReadClaims* const> takers);

// Writes the claimed entries with what they were: how long idle, how often delivered. As many as `budget` has room for,
// which are then the consumer's.
//   returns  how many.
uint64_t reply_claims(Context& context, const Object& object, const Group& group,
                      const Consumer& consumer, const ReadClaims& claims, Budget& budget);

// Writes an entry that is delivered for the first time as those are.
void reply_unclaimed(ReplyWriter& reply, const EntryView& entry);

}  // namespace leat
