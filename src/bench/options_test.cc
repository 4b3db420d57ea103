#include "bench/options.h"

#include <vector>

#include <gtest/gtest.h>

#include "bench/workload.h"

namespace leat::bench {
namespace {

Result<std::vector<Workload>> chosen_by(const std::vector<std::string_view>& arguments) {
  Changes changes;
  const Status parsed = parse_options(arguments, options_for(changes));
  if (!parsed.ok()) return parsed.error();
  return chosen(changes);
}

TEST(Options, SetTheirTargets) {
  uint64_t whole = 1;
  double decimal = 1;
  std::string text;
  bool flag = false;
  const std::vector<Option> table = {{"--whole", "N", "", Whole{&whole, 1, 10}},
                                     {"--decimal", "X", "", Decimal{&decimal, 0, 1}},
                                     {"--text", "T", "", &text},
                                     {"--flag", "", "", &flag}};
  const std::vector<std::string_view> arguments{"--flag", "--whole",   "7",  "--text",
                                                "",       "--decimal", "0.5"};
  ASSERT_TRUE(parse_options(arguments, table).ok());
  EXPECT_EQ(whole, 7U);
  EXPECT_EQ(decimal, 0.5);
  EXPECT_EQ(text, "");
  EXPECT_TRUE(flag);

  const std::vector<std::vector<std::string_view>> wrong = {
      {"--whole"},          {"--whole", "0"},  {"--whole", "11"},
      {"--whole", "-1"},    {"--whole", "1x"}, {"--decimal", "2"},
      {"--decimal", "nan"}, {"--other", "1"},  {"word"}};
  for (const auto& each : wrong) {
    SCOPED_TRACE(each.back());
    const Status parsed = parse_options(each, table);
    ASSERT_FALSE(parsed.ok());
    EXPECT_NE(parsed.error().detail.find(each[0]), std::string::npos) << parsed.error().detail;
  }
}

TEST(Workloads, AllRunByDefaultAndEachHasItsOwnLabel) {
  auto rows = chosen_by({});
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows.value().size(), all_workloads().size());
}

TEST(Workloads, AreChosenByNameAndChanged) {
  auto rows = chosen_by({"--workload", "append", "--pipeline", "8", "--requests", "100"});
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows.value().size(), 1U) << "three rows became the same";
  EXPECT_EQ(label(rows.value()[0]), "append pipeline=8");
  EXPECT_EQ(rows.value()[0].operations, 100U);
  EXPECT_EQ(rows.value()[0].operations_synced, 100U);
}

TEST(Workloads, ScaleLeavesAtLeastOneOperation) {
  auto rows = chosen_by({"--scale", "0.0001"});
  ASSERT_TRUE(rows.ok());
  for (const Workload& row : rows.value()) EXPECT_GE(row.operations, 1U);
}

TEST(Workloads, WhatCannotRunIsRefused) {
  EXPECT_FALSE(chosen_by({"--workload", "append,nothing"}).ok());
  EXPECT_FALSE(chosen_by({"--workload", "delivery", "--value-size", "4"}).ok());
  EXPECT_FALSE(
      chosen_by({"--workload", "append", "--pipeline", "10000", "--value-size", "100000"}).ok());
}

TEST(Workloads, AnAppendRequestHasTheAskedSize) {
  const Workload workload{.name = "append", .fields = 2, .value_size = 8, .what = ""};
  EXPECT_EQ(append_request_for(workload, "s"),
            "*7\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n"
            "$6\r\nfield0\r\n$8\r\nabcdefgh\r\n$6\r\nfield1\r\n$8\r\nhijklmno\r\n");
  EXPECT_NE(append_request_for(workload, "s", "0000002a").find("$8\r\n0000002a\r\n"),
            std::string::npos);
}

}  // namespace
}  // namespace leat::bench
