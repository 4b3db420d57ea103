// Keyspace notifications: when they leave, and where in what a client reads.
#include <gtest/gtest.h>

#include "server/server_fixture.h"

namespace leat {
namespace {

class NotificationsTest : public ServerFixture {
 protected:
  // From now on streams keep in memory what a server's do: CONFIG SET takes all of the configuration anew.
  void listen() {
    run(writer_, "CONFIG SET notify-keyspace-events KA\r\n");
    run(listener_, "SUBSCRIBE __keyspace@0__:s\r\n");
  }

  static constexpr const char* kAdded =
      "*3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:s\r\n$4\r\nxadd\r\n";
  io::ConnectionId writer_ = loop_.connect();
  io::ConnectionId listener_ = loop_.connect();
};

TEST_F(NotificationsTest, LeaveOnceWhatTheyTellOfIsDurable) {
  listen();
  loop_.stop(io::Lane::kCommit);
  EXPECT_EQ(run(writer_, "XADD s 1-1 f v\r\n"), "");
  EXPECT_EQ(loop_.take(listener_), "");
  loop_.go_on(io::Lane::kCommit);
  settle();
  EXPECT_EQ(loop_.take(writer_), "$3\r\n1-1\r\n");
  EXPECT_EQ(loop_.take(listener_), kAdded);
}

TEST_F(NotificationsTest, OfOnesOwnCommandsFollowTheReply) {
  EXPECT_NE(run(listener_, "HELLO 3\r\n").find("proto"), std::string::npos);
  listen();
  std::string pushed = kAdded;
  pushed[0] = '>';
  EXPECT_EQ(run(listener_, "XADD s 1-1 f v\r\n"), "$3\r\n1-1\r\n" + pushed);
  EXPECT_EQ(run(listener_, "MULTI\r\nXADD s 1-2 f v\r\nPING\r\nEXEC\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$3\r\n1-2\r\n+PONG\r\n" + pushed);
}

TEST_F(NotificationsTest, ACommandThatWaitsForSealedEntriesTellsOnce) {
  constexpr int kMany = 120;  // More than frames are kept open for.
  std::string commands;
  for (int i = 1; i <= kMany; ++i) commands += "XADD s " + std::to_string(i) + " f v\r\n";
  run(writer_, commands);
  listen();
  loop_.stop(io::Lane::kFetch);
  EXPECT_EQ(run(writer_, "XDEL s 1 2\r\n"), "") << "the frame is not open";
  EXPECT_EQ(loop_.take(listener_), "");
  loop_.go_on(io::Lane::kFetch);
  settle();
  EXPECT_EQ(loop_.take(writer_), ":2\r\n");
  EXPECT_EQ(loop_.take(listener_),
            "*3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:s\r\n$4\r\nxdel\r\n");
}

}  // namespace
}  // namespace leat
