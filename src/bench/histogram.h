// Histogram: latencies counted in log-linear buckets, so that a percentile of millions of samples
// costs 58 KB and no sorting.
//
// Every power of two is cut into 128 buckets; below 256 every value has its own.
//
//   value   0 .. 255     256 .. 511    512 .. 1023   ...
//   width   1            2             4             ...
//   bucket  0 .. 255     256 .. 383    384 .. 511    ...
//
// A percentile is the upper edge of the bucket it falls into, at most max(): it is never below the
// true sample and at most 1/128 (0.8 %) above it. max() is exact. No unit of its own: the
// benchmark records nanoseconds.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace leat::bench {

class Histogram {
 public:
  void record(uint64_t value, uint64_t times = 1) {
    counts_[bucket_of(value)] += times;
    count_ += times;
    if (times > 0) max_ = std::max(max_, value);
  }

  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] uint64_t max() const { return max_; }

  // The smallest recorded value that at least `percent` % of the samples do not exceed (nearest
  // rank), within the error above. 0 when nothing was recorded. `percent` in [0, 100].
  [[nodiscard]] uint64_t percentile(double percent) const {
    if (count_ == 0) return 0;
    // Without the subtraction 99.9 % of 1000, computed as 999.0000000000001, would be rank 1000.
    const double exact = std::ceil(percent / 100.0 * static_cast<double>(count_) - 1e-6);
    const uint64_t rank = std::clamp<uint64_t>(static_cast<uint64_t>(exact), 1, count_);
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen >= rank) return std::min(upper_edge(bucket), max_);
    }
    return max_;
  }

 private:
  static constexpr size_t kSubBits = 7;
  static constexpr uint64_t kSub = uint64_t{1} << kSubBits;
  static constexpr size_t kBuckets = (64 - kSubBits - 1) * kSub + 2 * kSub;

  static size_t bucket_of(uint64_t value) {
    if (value < 2 * kSub) return value;
    const auto shift = static_cast<size_t>(std::bit_width(value)) - (kSubBits + 1);
    return shift * kSub + (value >> shift);
  }

  static uint64_t upper_edge(size_t bucket) {
    if (bucket < 2 * kSub) return bucket;
    const size_t shift = bucket / kSub - 1;
    const uint64_t mantissa = bucket - shift * kSub;
    return (mantissa << shift) + ((uint64_t{1} << shift) - 1);
  }

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace leat::bench
