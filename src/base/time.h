// Points in time. Nobody below io/ reads a clock: time is an argument.
#pragma once

#include "base/strong.h"

namespace leat {

// Unix time in milliseconds: goes into ids, deadlines and records; may step.
using WallMs = Strong<struct WallMsTag, int64_t>;
// Monotonic nanoseconds within one run of the process; meaningless in another.
using MonoNs = Strong<struct MonoNsTag, int64_t>;

constexpr int64_t kNsPerUs = 1'000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kUsPerSecond = 1'000'000;

}  // namespace leat
