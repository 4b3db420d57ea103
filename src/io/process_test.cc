#include "io/process.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/posix_clock.h"

namespace leat::io {
namespace {

TEST(Process, TellsAboutItself) {
  EXPECT_EQ(process_id(), ::getpid());
  EXPECT_TRUE(operating_system().starts_with("Linux ")) << operating_system();
  EXPECT_TRUE(executable_path().ends_with("io_test")) << executable_path();
  EXPECT_GT(memory_limit_bytes(), uint64_t{1} << 20);
}

TEST(Process, ResidentMemoryGrowsWithUse) {
  const uint64_t before = resident_bytes();
  EXPECT_GT(before, 0U);
  std::vector<char> used(size_t{64} << 20);
  volatile char* const bytes = used.data();  // So that no compiler finds the stores useless.
  for (size_t i = 0; i < used.size(); i += 1024) bytes[i] = 1;
  EXPECT_GE(resident_bytes(), before + used.size() / 2);
}

TEST(Process, CpuTimeGrowsWithWork) {
  PosixClock clock;
  const int64_t deadline_ns = clock.mono().value + 10'000 * kNsPerMs;
  const CpuTimes before = cpu_times(CpuScope::kCallingThread);
  CpuTimes now = before;
  while (now.user_us + now.system_us < before.user_us + before.system_us + 20'000 &&
         clock.mono().value < deadline_ns) {
    now = cpu_times(CpuScope::kCallingThread);
  }
  EXPECT_GT(now.user_us + now.system_us, before.user_us + before.system_us);
  const CpuTimes all = cpu_times(CpuScope::kProcess);
  EXPECT_GE(all.user_us + all.system_us, now.user_us + now.system_us);
}

TEST(Process, RaisesTheLimitOfOpenFiles) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{100, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_open_files(50), 100U) << "never lowered";
  EXPECT_EQ(raise_open_files(200), 200U);
  rlimit now{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_EQ(now.rlim_cur, 200U);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(PosixClock, AgreesWithItself) {
  PosixClock clock;
  const MonoNs first = clock.mono();
  EXPECT_LE(first, clock.mono());
  const int64_t before_us = clock.wall_us();
  const WallMs wall = clock.wall();
  const int64_t after_us = clock.wall_us();
  EXPECT_LE(before_us / 1000, wall.value);
  EXPECT_LE(wall.value, after_us / 1000);
  EXPECT_GT(wall.value, 1'600'000'000'000) << "milliseconds since 1970";
}

// Each reading of the stopwatch stands between two of the clock, so being held up does no harm.
TEST(PosixClock, StopwatchMeasuresWhatTheClockMeasures) {
  PosixClock clock;
  const int64_t before_start = clock.mono().value;
  const int64_t start = clock.stopwatch();
  const int64_t after_start = clock.mono().value;
  while (clock.mono().value - after_start < 50 * kNsPerMs) {
  }
  const int64_t before_end = clock.mono().value;
  const int64_t measured = clock.stopwatch() - start;
  const int64_t least = before_end - after_start;
  const int64_t most = clock.mono().value - before_start;
  EXPECT_GE(measured, least - least / 200);
  EXPECT_LE(measured, most + most / 200);
}

TEST(PosixRandom, DoesNotRepeatItself) {
  PosixRandom random;
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.next());
  EXPECT_EQ(seen.size(), 1000U);
}

}  // namespace
}  // namespace leat::io
