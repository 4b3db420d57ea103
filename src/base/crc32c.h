// CRC-32C (Castagnoli), as in iSCSI (RFC 3720, appendix B.4); computed by libisal.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace leat {

// The checksum of `bytes`; `seed` is the checksum of what came before them (0 at the start).
[[nodiscard]] uint32_t crc32c(Bytes bytes, uint32_t seed = 0);

}  // namespace leat
