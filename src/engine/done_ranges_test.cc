// DoneRanges: the same points as in a plain set.
#include "engine/done_ranges.h"

#include <array>
#include <cstdint>
#include <random>

#include <gtest/gtest.h>

namespace leat {
namespace {

constexpr uint64_t kPoints = 40;
using Model = std::array<bool, kPoints>;

void compare(const DoneRanges<uint64_t>& done, const Model& model) {
  size_t ranges = 0;
  for (uint64_t at = 0; at < kPoints; ++at) {
    ASSERT_EQ(done.contains(at), model[at]) << at;
    if (model[at] && (at == 0 || !model[at - 1])) ++ranges;
    uint64_t gap = at;
    while (gap < kPoints && model[gap]) ++gap;
    ASSERT_EQ(done.gap_from(at), gap) << at;
    if (model[at]) continue;
    while (gap < kPoints && !model[gap]) ++gap;
    ASSERT_EQ(done.gap_end(at), gap == kPoints ? PointSpace<uint64_t>::max() : gap - 1) << at;
  }
  ASSERT_EQ(done.size(), ranges);
}

TEST(DoneRangesTest, HoldsTheSameAsASet) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    DoneRanges<uint64_t> done;
    Model model{};
    for (int i = 0; i < 12; ++i) {
      const uint64_t first = random() % kPoints;
      const uint64_t last = std::min(first + random() % 6, kPoints - 1);
      done.add(first, last);
      for (uint64_t at = first; at <= last; ++at) model[at] = true;
      ASSERT_NO_FATAL_FAILURE(compare(done, model));
    }
  }
}

TEST(DoneRangesTest, SplitsOffWhatWasDoneUpToAPoint) {
  DoneRanges<uint64_t> done;
  done.add(2, 3);
  done.add(5, 20);
  done.add(30, 40);
  const DoneRanges<uint64_t> before = done.split(10);
  EXPECT_EQ(done.gap_from(0), 21);
  EXPECT_EQ(done.gap_from(30), 41);
  EXPECT_EQ(before.gap_from(0), 0);
  EXPECT_EQ(before.gap_from(2), 4);
  EXPECT_EQ(before.gap_from(5), std::nullopt);
}

TEST(DoneRangesTest, ReachesTheEndsOfItsSpace) {
  DoneRanges<StreamId> done;
  EXPECT_EQ(done.gap_from(StreamId::min()), StreamId::min());
  EXPECT_EQ(done.gap_end({5, 5}), StreamId::max());
  done.add({7, 0}, StreamId::max());
  EXPECT_EQ(done.gap_end(StreamId::min()), (StreamId{6, UINT64_MAX}));
  done.add(StreamId::min(), {6, UINT64_MAX});
  EXPECT_EQ(done.gap_from(StreamId::min()), std::nullopt);
  EXPECT_EQ(done.size(), 1);
}

}  // namespace
}  // namespace leat
