// StreamId: the id of an entry, ordered by (ms, seq), printed as "<ms>-<seq>".
//
// Source     redis.io/docs/latest/develop/data-types/streams, section "Entry IDs".
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace leat {

struct StreamId {
  uint64_t ms = 0;   // Unix time of the entry, milliseconds; monotonic per stream, not per clock.
  uint64_t seq = 0;  // Tie breaker within one millisecond.

  friend constexpr auto operator<=>(const StreamId&, const StreamId&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const StreamId& id) {
    return H::combine(std::move(state), id.ms, id.seq);
  }

  static constexpr StreamId min() { return {0, 0}; }
  static constexpr StreamId max() {
    return {std::numeric_limits<uint64_t>::max(), std::numeric_limits<uint64_t>::max()};
  }
  // The id after / before this one; the extreme stays where it is, so check for it first.
  [[nodiscard]] constexpr StreamId next() const {
    if (seq != std::numeric_limits<uint64_t>::max()) return {ms, seq + 1};
    return ms == std::numeric_limits<uint64_t>::max() ? *this : StreamId{ms + 1, 0};
  }
  [[nodiscard]] constexpr StreamId previous() const {
    if (seq != 0) return {ms, seq - 1};
    return ms == 0 ? *this : StreamId{ms - 1, std::numeric_limits<uint64_t>::max()};
  }
};
static_assert(StreamId{1, 9} < StreamId{2, 0});
static_assert(sizeof(StreamId) == 16, "StreamId is written to disk as two u64");

// Longest printed id: two 20-digit numbers and the dash.
constexpr size_t kStreamIdTextMax = 41;

// Writes the printed form at `out` (room for kStreamIdTextMax bytes); returns its end.
char* format_stream_id(StreamId id, char* out);
[[nodiscard]] std::string to_string(StreamId id);

// Parses "<ms>-<seq>" or "<ms>", which takes `missing_seq`. What strict decimal refuses is tried once
// more as C's strtoull reads it ("007-08", "+5", "9--0"), because Redis does.
//   returns  nothing when it is not an id, "-", "+", "$", ">" and "*" included.
[[nodiscard]] std::optional<StreamId> parse_stream_id(Bytes text, uint64_t missing_seq);

}  // namespace leat
