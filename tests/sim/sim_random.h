// SimRandom: the one source of chance of a simulated run: same seed, same numbers, on every machine.
//
// Source     splitmix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
#pragma once

#include <cstdint>

#include "io/io.h"

namespace leat::sim {

class SimRandom final : public io::Random {
 public:
  explicit SimRandom(uint64_t seed) : state_(seed) {}

  [[nodiscard]] uint64_t next() override {
    state_ += 0x9E3779B97F4A7C15ULL;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31U);
  }
  // 0 .. bound - 1; 0 for a bound of 0.
  [[nodiscard]] uint64_t below(uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  // first .. last
  [[nodiscard]] int64_t between(int64_t first, int64_t last) {
    return first + static_cast<int64_t>(below(static_cast<uint64_t>(last - first) + 1));
  }
  // True once in `n` times; never for 0.
  [[nodiscard]] bool one_in(uint64_t n) { return n != 0 && below(n) == 0; }

 private:
  uint64_t state_;
};

}  // namespace leat::sim
