#include "command/slow_log.h"

#include <gtest/gtest.h>

#include "command/latency_events.h"

namespace leat {
namespace {

TEST(SlowLogTest, ShortensWhatItKeeps) {
  SlowLog log;
  const std::string large(200, 'x');
  std::vector<Bytes> words(40, "w");
  words[0] = large;
  log.add({}, words, 10);
  const auto& kept = log.commands().front().words;
  ASSERT_EQ(kept.size(), SlowLog::kWordsMax);
  EXPECT_EQ(kept[0], std::string(128, 'x') + "... (72 more bytes)");
  EXPECT_EQ(kept.back(), "... (9 more arguments)");
}

TEST(SlowLogTest, KeepsTheNewestAndNumbersOn) {
  SlowLog log;
  for (int i = 0; i < 5; ++i) log.add({}, {"PING"}, 3);
  ASSERT_EQ(log.commands().size(), 3U);
  EXPECT_EQ(log.commands().front().id, 4U);
  log.clear();
  log.add({}, {"PING"}, 3);
  EXPECT_EQ(log.commands().front().id, 5U);
  log.add({}, {"PING"}, 0);
  EXPECT_TRUE(log.commands().empty());
}

TEST(LatencyEventsTest, KeepsTheWorstOfASecondAndABoundedHistory) {
  LatencyEvents events;
  for (int64_t second = 0; second < 200; ++second) {
    events.add("command", {.time_s = second, .latency_ms = 5});
    events.add("command", {.time_s = second, .latency_ms = second});
  }
  const auto* event = events.find("command");
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->samples.size(), LatencyEvents::kSamplesMax);
  EXPECT_EQ(event->samples.back().latency_ms, 199);
  EXPECT_EQ(event->samples.front().time_s, 40);
  EXPECT_EQ(event->max_ms, 199);
}

}  // namespace
}  // namespace leat
