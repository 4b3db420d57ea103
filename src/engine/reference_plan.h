// What the commands decide that look at what groups hold: ACKED and DELREF. Like all plans they read, and change nothing.
#pragma once

#include "engine/stream.h"
#include "engine/stream_plan.h"
#include "model/stream_id.h"

namespace leat {

// Some group has the entry pending, or has not been given it yet. Only positions and pending entries are asked, not
// the stream. O(groups x log pending).
//   but  a group of which what is pending does not count; null: none.
[[nodiscard]] bool is_referenced(const Stream& stream, StreamId id, const Group* but);

// Which entries `trim` drops that no group needs, the oldest first. Without groups none is needed.
// O(extents that go whole + entries of the others up to where it ends x groups); opens the frames in which some entry
// stays, and the one that it ends in.
[[nodiscard]] TrimPlan plan_acked_trim(const Stream& stream, const Trim& trim);

}  // namespace leat
