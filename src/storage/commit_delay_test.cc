#include "storage/commit_delay.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

constexpr int64_t kTook = 100'000;

TEST(CommitDelay, HoldsUntilMostClientsAreBack) {
  CommitDelay delay;
  delay.begin(/*released=*/6, /*gathered=*/4, Lsn{10}, MonoNs{0}, kTook);
  EXPECT_TRUE(delay.holds(Lsn{10}, MonoNs{1}));
  EXPECT_TRUE(delay.active());
  EXPECT_TRUE(delay.holds(Lsn{13}, MonoNs{2}));
  EXPECT_FALSE(delay.holds(Lsn{14}, MonoNs{3}));  // 8 of 10 are there.
  EXPECT_FALSE(delay.active());
}

TEST(CommitDelay, DoesNotHoldAClientThatIsAlone) {
  CommitDelay delay;
  delay.begin(/*released=*/10, /*gathered=*/0, Lsn{10}, MonoNs{0}, kTook);
  EXPECT_FALSE(delay.holds(Lsn{11}, MonoNs{1})) << "its transaction is followed by a single XADD";
}

TEST(CommitDelay, HoldsForTwiceTheLastCommitAndNotForever) {
  CommitDelay delay;
  delay.begin(/*released=*/9, /*gathered=*/1, Lsn{10}, MonoNs{0}, kTook);
  EXPECT_EQ(delay.until(), MonoNs{2 * kTook});
  EXPECT_TRUE(delay.holds(Lsn{10}, MonoNs{2 * kTook - 1}));
  EXPECT_FALSE(delay.holds(Lsn{10}, MonoNs{2 * kTook}));

  CommitDelay slow;
  slow.begin(/*released=*/9, /*gathered=*/1, Lsn{10}, MonoNs{0}, /*took_ns=*/50 * kNsPerMs);
  EXPECT_EQ(slow.until(), MonoNs{CommitDelay::kMaxNs});
}

// How many commits nothing waits behind, after a wait in vain.
uint32_t skipped_after_miss(CommitDelay& delay) {
  EXPECT_FALSE(delay.holds(Lsn{10}, MonoNs{kNsPerSecond}));
  for (uint32_t skipped = 0;; ++skipped) {
    delay.begin(/*released=*/9, /*gathered=*/1, Lsn{10}, MonoNs{0}, kTook);
    if (delay.active()) return skipped;
  }
}

TEST(CommitDelay, WaitsMoreRarelyForClientsThatDoNotComeBack) {
  CommitDelay delay;
  delay.begin(/*released=*/9, /*gathered=*/1, Lsn{10}, MonoNs{0}, kTook);
  for (const uint32_t expected : {1U, 2U, 4U, 8U, 16U, 32U, 64U, 64U})
    EXPECT_EQ(skipped_after_miss(delay), expected);
  EXPECT_FALSE(delay.holds(Lsn{18}, MonoNs{1}));  // They are back: trusted again.
  delay.begin(/*released=*/9, /*gathered=*/1, Lsn{10}, MonoNs{0}, kTook);
  EXPECT_EQ(skipped_after_miss(delay), 1U);
}

}  // namespace
}  // namespace leat
