// What the stream commands decide, as functions of the stream: they read, and change nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "engine/stream.h"
#include "model/stream_id.h"

namespace leat {

// The id that XADD asks for.
struct AppendId {
  enum class Kind : uint8_t {
    kAuto,          // "*"
    kAutoSequence,  // "<ms>-*": id.ms is given
    kExplicit,
  };
  Kind kind = Kind::kAuto;
  StreamId id;
};

enum class AppendRefusal : uint8_t { kNone, kExhausted, kTooSmall };

// Chooses the id of the next entry of `stream` (null: a new one). A clock that went back keeps the last
// id's milliseconds and counts on, so ids never go back.
AppendRefusal plan_append_id(const Stream* stream, const AppendId& asked, WallMs now, StreamId& id);

// stream-node-max-entries (0: none) and stream-node-max-bytes (0: 1 GiB).
struct NodeLimits {
  uint64_t entries = 100;
  uint64_t bytes = 4096;
};
// True when an entry with `payload_bytes` of fields and values does not go into the last node any more.
[[nodiscard]] bool plan_new_block(const Stream& stream, uint64_t payload_bytes,
                                  const NodeLimits& limits);

// What becomes of pending entries whose entry is to go.
enum class References : uint8_t {
  kKeep,          // KEEPREF: they stay pending.
  kDrop,          // DELREF: no group holds them any more.
  kAcknowledged,  // ACKED: an entry that some group still needs does not go.
};

struct Trim {
  enum class By : uint8_t { kLength, kId };
  By by = By::kLength;
  bool approximate = false;  // "~": whole nodes only. Not with kAcknowledged.
  uint64_t length = 0;       // kLength: entries to keep.
  StreamId first_kept;       // kId: everything below goes.
  uint64_t limit = 0;  // A node that would make it more than so many is left alone; 0: no limit.
  References references = References::kKeep;
};
struct TrimPlan {
  StreamId last_dropped;  // All up to it goes; 0-0: none.
  uint64_t count = 0;     // Entries that go, those in `ranges` too.
  // What else goes, from entry to entry, where others stand before it. Only with kAcknowledged.
  std::vector<std::pair<StreamId, StreamId>> ranges;
};
// Which entries `trim` drops. O(extents dropped + entries of one block); opens at most the frame that it ends in. With
// kAcknowledged as plan_acked_trim() says.
[[nodiscard]] TrimPlan plan_trim(const Stream& stream, const Trim& trim);

// Redis' entries-read counter of a group, moved along delivered entries. Unknown (-1) when tombstones
// make it so; our lag does not depend on it.
//
// Source     docs/differences.md, "Lag"; the rules of Redis 8.0.
class EntriesRead {
 public:
  EntriesRead(const Stream& stream, const Group& group)
      : stream_(stream), last_(group.last_delivered), count_(group.entries_read) {}
  void deliver(StreamId id);
  [[nodiscard]] int64_t count() const { return count_; }

 private:
  const Stream& stream_;
  StreamId last_;
  int64_t count_;
};
// What the counter would be for a group that stands at `id`; unknown when it can't be told.
[[nodiscard]] int64_t estimate_entries_read(const Stream& stream, StreamId id);

// Entries of the stream that the group has not been given yet. Exact.
[[nodiscard]] inline uint64_t lag_of(const Stream& stream, const Group& group) {
  return stream.length() - group.delivered_live;
}

}  // namespace leat
