// hash64 and hash128: the non-cryptographic hash of names and contents (XXH3, seed 0); the same on every machine, as
// SCAN cursors and the order of iteration come from it.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace leat {

[[nodiscard]] uint64_t hash64(Bytes bytes);

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
};
[[nodiscard]] Hash128 hash128(Bytes bytes);

}  // namespace leat
