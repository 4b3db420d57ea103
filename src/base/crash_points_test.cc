#include "base/crash_points.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

namespace leat {
namespace {

using testing::KilledBySignal;

TEST(CrashPointsTest, AreNamedOnce) {
  std::set<Bytes> names;
  for (const CrashPointRow& row : kCrashPoints) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-."), Bytes::npos) << row.name;
    EXPECT_EQ(std::ranges::count(row.name, '.'), 1) << row.name;
    EXPECT_FALSE(row.step.empty()) << row.name;
  }
}

TEST(CrashPointsTest, DoNothingUnlessArmed) {
  for (const CrashPointRow& row : kCrashPoints) crash_point(row.point);
  EXPECT_FALSE(crash_point_armed);
  EXPECT_FALSE(crash_points_unlocked());
}

TEST(CrashPointsTest, RefuseWhatIsNotInTheList) {
  for (const Bytes text : {"", "later", "seal", "seal.written:", "seal.written:0", "seal.written:x",
                           "seal.written:1:1", "SEAL.WRITTEN", ".written"}) {
    const Status status = arm_crash_point(text);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(status.error().code, Errc::kInvalid);
    EXPECT_NE(status.error().detail.find("--crash-points"), std::string::npos);
  }
  EXPECT_FALSE(crash_point_armed);
}

// Death tests run in processes of their own: nothing stays armed here.
TEST(CrashPointsDeathTest, KillAtTheHitThatWasAskedFor) {
  for (const CrashPointRow& row : kCrashPoints) {
    EXPECT_EXIT(
        {
          if (!arm_crash_point(row.name).ok()) std::_Exit(1);
          crash_point(row.point);
          std::_Exit(2);
        },
        KilledBySignal(SIGKILL), "")
        << row.name;
  }
  EXPECT_EXIT(
      {
        if (!arm_crash_point("seal.written:3").ok()) std::_Exit(1);
        for (int i = 0; i < 2; ++i) crash_point(CrashPoint::kSealWritten);
        crash_point(CrashPoint::kNone);
        crash_point(CrashPoint::kSealCreated);
        std::_Exit(3);
      },
      testing::ExitedWithCode(3), "");
  EXPECT_EXIT(
      {
        if (!arm_crash_point("seal.written:3").ok()) std::_Exit(1);
        for (int i = 0; i < 3; ++i) crash_point(CrashPoint::kSealWritten);
        std::_Exit(2);
      },
      KilledBySignal(SIGKILL), "");
}

TEST(CrashPointsDeathTest, AreUnlockedByTheEnvironment) {
  EXPECT_EXIT(
      {
        const bool locked = !unlock_crash_points("nonsense").ok() && !crash_points_unlocked();
        const bool later = unlock_crash_points("later").ok() && crash_points_unlocked();
        std::_Exit(locked && later && !crash_point_armed ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        if (!unlock_crash_points("batch.written").ok()) std::_Exit(1);
        crash_point(CrashPoint::kBatchWritten);
        std::_Exit(2);
      },
      KilledBySignal(SIGKILL), "");
}

}  // namespace
}  // namespace leat
