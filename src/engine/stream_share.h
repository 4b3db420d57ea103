// StreamShare: what all streams of one engine share: opened frames, the queue for sealing, freed buffers.
#pragma once

#include <cstddef>

#include "base/buffer_pool.h"
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
};

}  // namespace leat
