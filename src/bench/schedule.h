// Schedule: when each operation of an open-loop workload is due.
//
// Latency is counted from the due time, not from the moment of sending. A client that waits for a
// slow server before it sends again would leave out exactly the operations that met the stall
// ("coordinated omission"); here a late operation carries the whole delay.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace leat::bench {

class Schedule {
 public:
  // `start_ns` on the monotonic clock; `per_second` > 0.
  Schedule(uint64_t start_ns, uint64_t per_second) : start_ns_(start_ns), per_second_(per_second) {}

  // Computed from the index, not by adding intervals, so that rounding never adds up.
  [[nodiscard]] uint64_t due_ns(uint64_t index) const {
    return start_ns_ + index / per_second_ * kSecond + index % per_second_ * kSecond / per_second_;
  }

  // How long operation `index` has taken at `now_ns`; 0 when it is not due yet.
  [[nodiscard]] uint64_t age_ns(uint64_t index, uint64_t now_ns) const {
    const uint64_t due = due_ns(index);
    return now_ns > due ? now_ns - due : 0;
  }

 private:
  static constexpr uint64_t kSecond = kNsPerSecond;

  uint64_t start_ns_;
  uint64_t per_second_;
};

}  // namespace leat::bench
