// SimClock: virtual time. Nothing moves it but the simulated loop's wait, and, for the wall, a step.
#pragma once

#include <cstdint>

#include "io/io.h"

namespace leat::sim {

class SimClock final : public io::Clock {
 public:
  [[nodiscard]] WallMs wall() override { return WallMs{wall_us() / 1000}; }
  [[nodiscard]] int64_t wall_us() override { return now_ / 1000 + wall_offset_us_; }
  [[nodiscard]] MonoNs mono() override { return MonoNs{now_}; }
  [[nodiscard]] int64_t stopwatch() override { return now_; }
  [[nodiscard]] int64_t thread_cpu() override { return now_; }

  void advance_to(int64_t now) { now_ = now; }
  // Somebody set the wall clock.
  void step_wall(int64_t us) { wall_offset_us_ += us; }

 private:
  int64_t now_ = 1'000'000'000;
  int64_t wall_offset_us_ = 1'700'000'000'000'000;
};

}  // namespace leat::sim
