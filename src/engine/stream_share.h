// StreamShare: what all streams of one engine share: opened frames, the queue for sealing, freed buffers.
#pragma once

#include <cstddef>
#include <vector>

#include "base/buffer_pool.h"
#include "engine/dropped_extents.h"
#include "engine/frame_cache.h"
#include "engine/seal_queue.h"

namespace leat {

struct StreamShare {
  explicit StreamShare(FrameStore* store) : frames(store) {}

  // What entries may take in memory, bytes, but for small streams and the last block of each: one half for
  // full blocks, one for opened frames. 0: nothing is sealed.
  void set_size(size_t bytes) {
    frames.set_limit(bytes / 2);
    seals.set_budget(bytes / 2);
  }

  FrameCache frames;
  SealQueue seals;
  BufferPool buffers;
  // What snapshots have let go, for Engine::reap() to free.
  std::vector<DroppedExtents> let_go;
};

}  // namespace leat
