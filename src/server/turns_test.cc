// Turns: how long nobody was served, and how much of that the server itself was to blame for.
#include <string>

#include <gtest/gtest.h>

#include "server/server_fixture.h"

namespace leat {
namespace {

class TurnsTest : public ServerFixture {
 protected:
  // A number of INFO stats, of the turns since CONFIG RESETSTAT.
  int64_t stat(const std::string& name) {
    const std::string text = run(client_, "INFO stats\r\n");
    const size_t at = text.find("\n" + name + ":");
    EXPECT_NE(at, std::string::npos) << text;
    return std::stoll(text.substr(at + name.size() + 2));
  }

  io::ConnectionId client_ = loop_.connect();
};

TEST_F(TurnsTest, ATurnThatGetsNoProcessorIsNotTheServersWork) {
  settle();
  run(client_, "CONFIG RESETSTAT\r\n");
  EXPECT_EQ(stat("leat_longest_turn_usec"), 0);
  EXPECT_EQ(stat("leat_longest_turn_cpu_usec"), 0);
  clock_.ns_per_look = 20 * kNsPerMs;
  clock_.cpu_ns_per_look = 3 * kNsPerMs;
  turn();
  clock_.ns_per_look = 0;
  EXPECT_GE(stat("leat_longest_turn_usec"), 20'000);
  EXPECT_EQ(stat("leat_longest_turn_cpu_usec"), 3000);
}

TEST_F(TurnsTest, ProcessorTimeBeforeATurnIsNotTheTurns) {
  settle();
  clock_.cpu_ns_per_look = 50 * kNsPerMs;
  turn();  // Short, and a millisecond after the last reading.
  run(client_, "CONFIG RESETSTAT\r\n");
  clock_.cpu_ns_per_look = 4 * kNsPerMs;
  clock_.ns_per_look = 10 * kNsPerMs;
  turn();
  clock_.ns_per_look = 0;
  EXPECT_EQ(stat("leat_longest_turn_cpu_usec"), 4000);
}

TEST_F(TurnsTest, ProcessorTimeIsNeverMoreThanTheTurnsOwn) {
  settle();
  run(client_, "CONFIG RESETSTAT\r\n");
  clock_.cpu_ns_per_look = 500 * kNsPerMs;
  clock_.ns_per_look = 10 * kNsPerMs;
  turn();
  clock_.ns_per_look = 0;
  EXPECT_EQ(stat("leat_longest_turn_cpu_usec"), stat("leat_longest_turn_usec"));
}

}  // namespace
}  // namespace leat
