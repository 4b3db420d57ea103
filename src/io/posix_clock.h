// The operating system's clocks and randomness.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "io/io.h"

namespace leat::io {

// Thread  any thread may read it; what it knows is fixed when it is made.
class PosixClock final : public Clock {
 public:
  PosixClock();
  [[nodiscard]] WallMs wall() override;
  [[nodiscard]] int64_t wall_us() override;
  [[nodiscard]] MonoNs mono() override;
  [[nodiscard]] int64_t stopwatch() override;
  [[nodiscard]] int64_t thread_cpu() override;

 private:
  // Nanoseconds per tick of the processor's counter, times 2^32; 0 where it can't serve as a clock.
  uint64_t scale_ = 0;
};

// Draws from the kernel's generator, a block at a time. Owned by one thread.
class PosixRandom final : public Random {
 public:
  [[nodiscard]] uint64_t next() override;

 private:
  // getrandom() never returns less than asked for up to 256 bytes.
  std::array<uint64_t, 32> block_{};
  size_t used_ = block_.size();
};

}  // namespace leat::io
