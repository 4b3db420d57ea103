#include "bench/measure.h"

#include <vector>

#include <gtest/gtest.h>

namespace leat::bench {
namespace {

Measurement delivery(double load, double p50, double late_p99) {
  Measurement measurement;
  measurement.load = load;
  measurement.latency.p50 = p50;
  measurement.late = Latency{.p99 = late_p99};
  return measurement;
}

TEST(Doubts, AQuietMachineAndAPunctualClientRaiseNone) {
  EXPECT_EQ(doubts(std::vector{delivery(0.5, 80, 20), delivery(2.0, 80, 80)}, 2), "");
}

TEST(Doubts, ABusyMachineIsNamed) {
  const std::string text = doubts(std::vector{delivery(0.5, 80, 20), delivery(2.1, 80, 20)}, 2);
  EXPECT_EQ(text, "  note: load above 2 cores in 1 of 2 runs\n");
}

TEST(Doubts, AClientThatSendsLateIsNamed) {
  const std::string text = doubts(std::vector{delivery(0.5, 80, 90)}, 2);
  EXPECT_NE(text.find("in 1 of 1 runs the client itself sent late"), std::string::npos) << text;
}

TEST(Doubts, WorkloadsWithoutAScheduleAreNotLate) {
  EXPECT_EQ(doubts(std::vector{Measurement{}}, 2), "");
}

}  // namespace
}  // namespace leat::bench
