// What a stream's policy decides, as functions of the stream: they read, and change nothing.
//
// A policy drops entries by StreamTrim records like any trim; what is planned here is how far. See
// docs/adr/0013-retention-policies.md.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "engine/stream.h"
#include "model/retention.h"
#include "model/stream_id.h"

namespace leat {

// An entry that is to be appended; nothing is, by default.
struct Addition {
  uint64_t entries = 0;
  uint64_t bytes = 0;  // In wire form.
  StreamId trimmed;    // What stands up to it goes beforehand: only RETAIN UNACKED has to know.
};

struct SizePlan {
  StreamId last_dropped;  // Everything up to it goes; 0-0: nothing.
  uint64_t length = 0;    // Afterwards, the addition included.
  uint64_t bytes = 0;
};
// What goes so that MAXLEN and MAXBYTES hold with the addition, as far as RETAIN and WHENFULL let it. The newest
// entry, or the addition, stays even if it alone is too large. O(blocks dropped + entries of one block).
[[nodiscard]] SizePlan plan_size(const Stream& stream, const Addition& addition);
// The same if `policy` were the stream's.
[[nodiscard]] SizePlan plan_size(const Stream& stream, const Retention& policy,
                                 const Addition& addition);

enum class Excess : uint8_t { kNone, kLength, kBytes };
// Why WHENFULL REJECT refuses the append of an entry of `bytes` in wire form. `stream` null: a new one, which will
// have `policy`.
[[nodiscard]] Excess plan_admission(const Stream* stream, const Retention& policy, uint64_t bytes);

struct AgePlan {
  StreamId last_dropped;    // Everything up to it goes; 0-0: nothing.
  bool unfinished = false;  // More is to go, after `blocks_max` blocks.
  bool held = false;        // RETAIN UNACKED keeps what is too old.
};
// What has reached MAXAGE at `now`. O(blocks dropped, at most `blocks_max`).
[[nodiscard]] AgePlan plan_age(const Stream& stream, WallMs now, size_t blocks_max);

// How many of the oldest iids have been remembered for their duration at `now`; no more than `most` are looked at.
[[nodiscard]] uint64_t plan_forgetting(const Stream& stream, WallMs now, uint64_t most);

}  // namespace leat
