#include "base/crc32c.h"

#include <algorithm>

#include <isa-l/crc.h>

namespace leat {

uint32_t crc32c(Bytes bytes, uint32_t seed) {
  uint32_t state = ~seed;
  while (!bytes.empty()) {
    // The library counts in int; a longer input goes in pieces.
    const size_t piece = std::min(bytes.size(), size_t{1} << 30);
    unsigned char* const start =
        reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));  // It only reads.
    state = crc32_iscsi(start, static_cast<int>(piece), state);
    bytes.remove_prefix(piece);
  }
  return ~state;
}

}  // namespace leat
