#include "bench/comparison.h"

#include <gtest/gtest.h>

#include "bench/bars.h"

namespace leat::bench {
namespace {

Measurement measured(double rate, std::optional<double> cpu_ns) {
  Measurement measurement;
  measurement.rate = rate;
  measurement.cpu_ns = cpu_ns;
  return measurement;
}

// Three rounds: the machine is twice as slow in the second, and Leat alone meets a stall in the third.
Comparison sample() {
  Comparison comparison{
      .durability = Durability::kNone, .workload = all_workloads()[1], .servers = {}};
  comparison.servers.push_back(
      {Product::kLeat, {measured(100, 400), measured(50, 800), measured(10, 4000)}});
  comparison.servers.push_back(
      {Product::kRedis, {measured(50, 1000), measured(25, 2000), measured(50, 1000)}});
  return comparison;
}

TEST(Median, IsTheMiddle) {
  EXPECT_EQ(median({}), std::nullopt);
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({4, 1, 9, 2}), 3);
}

TEST(Comparison, RatiosAreTakenRoundByRound) {
  const Comparison comparison = sample();
  EXPECT_DOUBLE_EQ(
      comparison.ratio(Product::kLeat, Product::kRedis, *find_metric("cpu_ns")).value(), 0.4);
  EXPECT_DOUBLE_EQ(comparison.ratio(Product::kLeat, Product::kRedis, *find_metric("rate")).value(),
                   2.0);
  EXPECT_DOUBLE_EQ(comparison.figure(Product::kLeat, *find_metric("rate")).value(), 50);
}

TEST(Comparison, WhatWasNotMeasuredHasNoFigure) {
  const Comparison comparison = sample();
  EXPECT_EQ(comparison.ratio(Product::kNull, Product::kRedis, *find_metric("rate")), std::nullopt);
  EXPECT_EQ(comparison.figure(Product::kLeat, *find_metric("memory")), std::nullopt);
}

Checked check_one(std::string_view bar, double margin = 0) {
  static std::vector<Bar> bars;
  auto parsed = parse_bars(bar);
  if (!parsed.ok()) {
    ADD_FAILURE() << parsed.error().detail;
    return {};
  }
  bars = parsed.value();
  const std::vector<Comparison> comparisons{sample()};
  return check_bars(bars, comparisons, margin).at(0);
}

TEST(Bars, AreMetOrMissed) {
  struct Case {
    const char* why;
    const char* bar;
    double margin;
    Verdict verdict;
  };
  const Case cases[] = {
      {"at the limit", "append pipeline=16 mode=none leat/redis cpu_ns <= 0.4", 0, Verdict::kMet},
      {"above", "append pipeline=16 mode=none leat/redis cpu_ns <= 0.39", 0, Verdict::kMissed},
      {"above, within the margin", "append pipeline=16 mode=none leat/redis cpu_ns <= 0.39", 0.05,
       Verdict::kMet},
      {"a rate must be at least", "append pipeline=16 mode=none leat/redis rate >= 2", 0,
       Verdict::kMet},
      {"and is not", "append pipeline=16 mode=none leat/redis rate >= 2.5", 0, Verdict::kMissed},
      {"but for the margin", "append pipeline=16 mode=none leat/redis rate >= 2.1", 0.1,
       Verdict::kMet},
      {"a figure of one server", "append mode=none leat cpu_ns <= 800", 0, Verdict::kMet},
      {"another pipeline", "append pipeline=64 mode=none leat/redis rate >= 2", 0,
       Verdict::kNotMeasured},
      {"another mode", "append pipeline=16 mode=always leat/redis rate >= 2", 0,
       Verdict::kNotMeasured},
      {"another workload", "range mode=none leat/redis rate >= 2", 0, Verdict::kNotMeasured},
      {"a server that did not run", "append mode=none null/redis rate >= 2", 0,
       Verdict::kNotMeasured},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.why);
    EXPECT_EQ(check_one(each.bar, each.margin).verdict, each.verdict);
  }
}

TEST(Bars, CommentsAndEmptyLinesAreNothing) {
  auto bars = parse_bars("# all\n\n  \nrange mode=none leat/redis cpu_ns <= 1 # why\n");
  ASSERT_TRUE(bars.ok());
  ASSERT_EQ(bars.value().size(), 1U);
  EXPECT_EQ(bars.value()[0].text, "range mode=none leat/redis cpu_ns <= 1");
}

TEST(Bars, ALineThatIsNoBarIsNamed) {
  const char* const cases[] = {
      "nothing mode=none leat/redis cpu_ns <= 1",    "range leat/redis cpu_ns <= 1",
      "range mode=sometimes leat/redis cpu_ns <= 1", "range mode=none leat/etcd cpu_ns <= 1",
      "range mode=none leat/redis speed <= 1",       "range mode=none leat/redis cpu_ns < 1",
      "range mode=none leat/redis cpu_ns <= fast",   "range mode=none leat/redis cpu_ns <=",
      "range size=3 mode=none leat/redis rate >= 1", "range pipeline mode=none leat rate >= 1",
  };
  for (const char* line : cases) {
    SCOPED_TRACE(line);
    const auto bars = parse_bars(std::string("# first\n") + line + "\n");
    ASSERT_FALSE(bars.ok());
    EXPECT_NE(bars.error().detail.find("line 2"), std::string::npos) << bars.error().detail;
  }
}

}  // namespace
}  // namespace leat::bench
