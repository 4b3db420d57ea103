#include "command/latency_histogram.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

TEST(LatencyHistogramTest, PercentilesAreAtMostAnEighthTooHigh) {
  for (const int64_t value :
       {0L, 1L, 7L, 8L, 9L, 100L, 1023L, 1024L, 1025L, 999'999L, 123'456'789'012L}) {
    LatencyHistogram histogram;
    histogram.add(value);
    const uint64_t shown = histogram.percentile(50);
    EXPECT_GE(shown, static_cast<uint64_t>(value));
    EXPECT_LE(static_cast<double>(shown), static_cast<double>(value) * 1.125) << value;
  }
}

TEST(LatencyHistogramTest, CountsByRank) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.percentile(99), 0U);
  for (int i = 0; i < 99; ++i) histogram.add(4);
  histogram.add(6);
  EXPECT_EQ(histogram.percentile(50), 4U);
  EXPECT_EQ(histogram.percentile(99), 4U);
  EXPECT_EQ(histogram.percentile(99.5), 6U);
  EXPECT_EQ(histogram.below(5), 99U);
  EXPECT_EQ(histogram.below(7), 100U);
  EXPECT_EQ(histogram.total(), 100U);
}

TEST(LatencyHistogramTest, TakesEveryNumber) {
  LatencyHistogram histogram;
  histogram.add(-1);
  histogram.add(INT64_MAX);
  EXPECT_EQ(histogram.percentile(50), 0U);
  EXPECT_EQ(histogram.percentile(100), (uint64_t{1} << 40) - 1);
}

}  // namespace
}  // namespace leat
