// The operating system's clocks and randomness.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "io/io.h"

namespace leat::io {

// Thread  stateless: any thread may read it.
class PosixClock final : public Clock {
 public:
  [[nodiscard]] WallMs wall() override;
  [[nodiscard]] int64_t wall_us() override;
  [[nodiscard]] MonoNs mono() override;
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
