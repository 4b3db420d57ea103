#include "bench/schedule.h"

#include <gtest/gtest.h>

namespace leat::bench {
namespace {

TEST(Schedule, SpreadsOperationsEvenlyFromTheStart) {
  const Schedule schedule(5'000, 20'000);
  EXPECT_EQ(schedule.due_ns(0), 5'000U);
  EXPECT_EQ(schedule.due_ns(1), 55'000U);
  EXPECT_EQ(schedule.due_ns(2), 105'000U);
}

TEST(Schedule, RoundingDoesNotAddUp) {
  const Schedule schedule(0, 3);  // A third of a second cannot be written in nanoseconds.
  EXPECT_EQ(schedule.due_ns(1), 333'333'333U);
  EXPECT_EQ(schedule.due_ns(3), 1'000'000'000U);
  EXPECT_EQ(schedule.due_ns(3'000'000'000), 1'000'000'000'000'000'000U);
}

TEST(Schedule, ALateOperationCarriesTheWholeDelay) {
  const Schedule schedule(1'000'000, 1'000);
  // The server stood still until 51 ms; entries 0 to 49 were due meanwhile, one each millisecond.
  const uint64_t now = 51'000'000;
  EXPECT_EQ(schedule.age_ns(0, now), 50'000'000U);
  EXPECT_EQ(schedule.age_ns(49, now), 1'000'000U);
}

TEST(Schedule, NothingIsOldBeforeItIsDue) {
  const Schedule schedule(1'000'000, 1'000);
  EXPECT_EQ(schedule.age_ns(0, 999'999), 0U);
  EXPECT_EQ(schedule.age_ns(0, 1'000'000), 0U);
}

}  // namespace
}  // namespace leat::bench
