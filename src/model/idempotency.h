// IdempotencyLimits: how many idempotent ids a stream remembers, and for how long.
//
// Source     docs/adr/0022-idempotent-producers.md
#pragma once

#include <cstdint>

namespace leat {

constexpr uint64_t kIdempotencyDurationMax = 315'360'000;  // Ten years, in seconds.
constexpr uint64_t kIdempotencySizeMax = 100'000'000;

struct IdempotencyLimits {
  uint64_t duration_s =
      100;  // Since the milliseconds of the entry's id; 1 to kIdempotencyDurationMax.
  uint64_t size_max = 100;  // Of one producer; 1 to kIdempotencySizeMax.

  friend bool operator==(const IdempotencyLimits&, const IdempotencyLimits&) = default;
};

}  // namespace leat
