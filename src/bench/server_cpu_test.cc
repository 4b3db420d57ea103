#include "bench/server_cpu.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace leat::bench {
namespace {

TEST(ServerCpu, SchedstatBeginsWithNanosecondsOnAProcessor) {
  EXPECT_EQ(parse_schedstat("123456789 42 7\n"), 123456789U);
  EXPECT_EQ(parse_schedstat("0 0 0\n"), 0U);
  EXPECT_EQ(parse_schedstat("18446744073709551615 0 0\n"), UINT64_MAX);
}

TEST(ServerCpu, WhatIsNotSchedstatIsRefused) {
  for (const char* text : {"", "\n", "12", "x 1 2", "-5 1 2", "18446744073709551616 0 0"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(parse_schedstat(text), std::nullopt);
  }
}

TEST(ServerCpu, OwnProcessUsesTimeAndMemory) {
  const auto before = cpu_ns(::getpid());
  if (!before) GTEST_SKIP() << "this kernel has no /proc/PID/task/TID/schedstat";
  volatile uint64_t sum = 0;
  for (uint64_t i = 0; i < 20'000'000; ++i) sum = sum + i;
  ASSERT_TRUE(cpu_ns(::getpid()));
  EXPECT_GT(*cpu_ns(::getpid()), *before);
  EXPECT_GT(resident_bytes(::getpid()).value_or(0), 100'000U);
}

TEST(ServerCpu, AProcessThatIsNotThereHasNone) {
  EXPECT_EQ(cpu_ns(0x3fffffff), std::nullopt);
  EXPECT_EQ(resident_bytes(0x3fffffff), std::nullopt);
}

}  // namespace
}  // namespace leat::bench
