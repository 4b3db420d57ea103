// hash64: the one non-cryptographic hash of names (XXH3-64, seed 0); the same on every machine, as
// SCAN cursors and the order of iteration come from it.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace leat {

[[nodiscard]] uint64_t hash64(Bytes bytes);

}  // namespace leat
