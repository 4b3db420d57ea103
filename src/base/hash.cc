#include "base/hash.h"

#include <xxhash.h>

namespace leat {

uint64_t hash64(Bytes bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace leat
