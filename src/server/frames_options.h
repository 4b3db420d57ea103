// FramesOptions: how a shard seals what its streams hold.
#pragma once

#include <cstdint>

#include "engine/seal_queue.h"

namespace leat {

struct FramesOptions {
  // What entries of streams may take in memory, about, bytes; 0: nothing is sealed.
  uint64_t cache_bytes = 0;
  uint64_t frame_bytes = kFrameBytesDefault;
  uint64_t file_bytes = 64ULL << 20;  // Of a frame file.
};

}  // namespace leat
