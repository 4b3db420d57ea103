// LatencyHistogram: how long calls took, in buckets that grow with the time: percentiles in constant space.
//
// A bucket is an eighth of a power of two wide, so a percentile is at most 12.5 % too high. Times below
// 8 ns have a bucket each; those over 2^40 ns (18 minutes) count as that.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace leat {

class LatencyHistogram {
 public:
  void add(int64_t duration_ns) {
    ++counts_[bucket_of(duration_ns)];
    ++total_;
  }

  [[nodiscard]] uint64_t total() const { return total_; }
  // Nanoseconds that at least `percent` of the calls did not exceed; 0 when there were none.
  [[nodiscard]] uint64_t percentile(double percent) const;
  // How many calls took less than `bound_ns`, rounded down to a bucket's end.
  [[nodiscard]] uint64_t below(uint64_t bound_ns) const;

 private:
  static constexpr unsigned kSubBits = 3;
  static constexpr uint64_t kSub = 1U << kSubBits;
  static constexpr unsigned kMaxBits = 40;
  static constexpr size_t kBuckets = (kMaxBits - kSubBits + 1) * kSub;

  static size_t bucket_of(int64_t duration_ns) {
    const auto value = static_cast<uint64_t>(std::max(duration_ns, int64_t{0}));
    if (value < kSub) return value;
    const auto bits = static_cast<unsigned>(std::bit_width(value));
    if (bits > kMaxBits) return kBuckets - 1;
    const unsigned shift = bits - 1 - kSubBits;
    return (shift + 1) * kSub + ((value >> shift) & (kSub - 1));
  }
  // The first value of the bucket behind `bucket`.
  static uint64_t end_of(size_t bucket);

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t total_ = 0;
};

}  // namespace leat
