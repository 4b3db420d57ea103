// Long pipelines: what one client has sent ahead does not keep the others waiting.
#include <string>

#include <gtest/gtest.h>

#include "server/server_fixture.h"

namespace leat {
namespace {

constexpr size_t kRequestsPerTurn = 1024;  // Of one connection.

std::string pings(size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += "PING\r\n";
  return all;
}

class PipelinesTest : public ServerFixture {
 protected:
  PipelinesTest() { settle(); }
  // How many PINGs of the client were answered since the last call.
  size_t answered(io::ConnectionId client) {
    return loop_.take(client).size() / std::string("+PONG\r\n").size();
  }

  io::ConnectionId first_ = loop_.connect();
  io::ConnectionId second_ = loop_.connect();
};

TEST_F(PipelinesTest, ATurnExecutesSoManyRequestsOfOneConnection) {
  loop_.say(first_, pings(kRequestsPerTurn + 10));
  loop_.say(second_, pings(1));
  turn();
  turn();  // Sends.
  EXPECT_EQ(answered(first_), kRequestsPerTurn);
  EXPECT_EQ(answered(second_), 1);
  turn();
  EXPECT_EQ(answered(first_), 10);
}

TEST_F(PipelinesTest, ATurnExecutesAsLongAsItHasTimeAndThenTheOthersComeFirst) {
  clock_.ns_per_look = kNsPerMs;
  loop_.say(first_, pings(500));
  loop_.say(second_, pings(500));
  turn();
  turn();
  const size_t slice = answered(first_);
  EXPECT_GT(slice, 0);
  EXPECT_LT(slice, 100);
  EXPECT_EQ(answered(second_), 0) << "there was no time left for it";
  turn();
  EXPECT_EQ(answered(first_), 0) << "it waits for the other one";
  EXPECT_EQ(answered(second_), slice);
  clock_.ns_per_look = 0;
  settle();
  EXPECT_EQ(answered(first_), 500 - slice);
  EXPECT_EQ(answered(second_), 500 - slice);
}

TEST_F(PipelinesTest, WhatIsRefusedOrQueuedTakesTimeToo) {
  const std::string queued = "MULTI\r\n" + pings(500);
  std::string refused;
  for (size_t i = 0; i < 500; ++i) refused += "NOSUCH\r\n";
  for (const std::string& all : {refused, queued}) {
    clock_.ns_per_look = kNsPerMs;
    loop_.say(first_, all);
    loop_.say(second_, "PING\r\n");
    turn();
    turn();
    EXPECT_EQ(answered(second_), 0) << "there was no time left for it behind " << all.substr(0, 6);
    clock_.ns_per_look = 0;
    settle();
    EXPECT_EQ(answered(second_), 1);
  }
}

TEST_F(PipelinesTest, AClientThatEndsBehindAWholeTurnIsClosed) {
  loop_.say(first_, pings(kRequestsPerTurn));
  loop_.end(first_);
  settle();
  EXPECT_EQ(answered(first_), kRequestsPerTurn);
  EXPECT_TRUE(loop_.closed(first_));
}

}  // namespace
}  // namespace leat
