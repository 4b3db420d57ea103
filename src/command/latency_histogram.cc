#include "command/latency_histogram.h"

#include <cmath>

namespace leat {

uint64_t LatencyHistogram::end_of(size_t bucket) {
  if (bucket < kSub) return bucket + 1;
  const size_t shift = bucket / kSub - 1;
  return (kSub + bucket % kSub + 1) << shift;
}

uint64_t LatencyHistogram::percentile(double percent) const {
  if (total_ == 0) return 0;
  const auto wanted = std::max(
      uint64_t{1}, static_cast<uint64_t>(std::ceil(percent / 100 * static_cast<double>(total_))));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted) return end_of(bucket) - 1;
  }
  return end_of(kBuckets - 1) - 1;
}

uint64_t LatencyHistogram::below(uint64_t bound_ns) const {
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets && end_of(bucket) <= bound_ns; ++bucket) {
    seen += counts_[bucket];
  }
  return seen;
}

}  // namespace leat
