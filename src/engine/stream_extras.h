// StreamExtras: what a stream has once it has groups, a policy, idempotent producers, sealed frames or snapshots, or has
// been deleted from.
//
// It stands apart from Stream, which makes it when the first of these comes: of a million streams with an entry each
// most need none of it, and it is more than twice what the rest of a stream takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/time.h"
#include "engine/group.h"
#include "engine/idempotency.h"
#include "engine/seal_queue.h"
#include "model/retention.h"
#include "model/stream_id.h"

namespace leat {

class StreamSnapshot;

struct StreamExtras {
  // The first block of a frame.
  struct FirstBlock {
    StreamId frame;
    StreamId last_id;
    uint32_t live = 0;
  };
  // What Stream::unacked_from() has found, of the groups as they are, when the first entry was `first`.
  struct UnackedFrom {
    StreamId id;
    StreamId first;
  };

  std::unique_ptr<Idempotency> idempotency;  // Null: as a new one.
  std::unique_ptr<SealQueue::Place> place;   // Null: it never had enough to seal.
  std::unique_ptr<FirstBlock> first_block;
  StreamSnapshot* snapshots = nullptr;  // A list. Volatile: they are no part of the state.
  size_t full_bytes = 0;  // Of hot blocks but the last; those too large to be sealed do not count.
  uint64_t frames = 0;
  uint64_t frame_blocks = 0;  // How many blocks are in these.
  StreamId max_deleted;
  StreamId groups_reach;
  Groups groups;
  Retention retention;
  WallMs age_check;
  std::optional<UnackedFrom> unacked_from;
};

}  // namespace leat
