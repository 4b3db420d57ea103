// Client-side caching: when invalidations leave, whom they reach, and what a client costs that does not read them.
#include <gtest/gtest.h>

#include "server/server_fixture.h"

namespace leat {
namespace {

class InvalidationsTest : public ServerFixture {
 protected:
  InvalidationsTest() { static_cast<void>(run(reader_, "HELLO 3\r\n")); }

  // As a push of RESP3.
  static std::string invalidated(const std::string& key) {
    return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" + key +
           "\r\n";
  }

  io::ConnectionId writer_ = loop_.connect();
  io::ConnectionId reader_ = loop_.connect();
};

// Who has been told reads the new value, or waits for it: never the old one.
TEST_F(InvalidationsTest, LeaveAtOnceAndReadingAgainWaitsForTheDisk) {
  run(reader_, "CLIENT TRACKING ON\r\nGET k\r\n");
  loop_.stop(io::Lane::kCommit);
  EXPECT_EQ(run(writer_, "SET k new\r\n"), "");
  EXPECT_EQ(loop_.take(reader_), invalidated("k"));
  EXPECT_EQ(run(reader_, "GET k\r\n"), "");
  loop_.go_on(io::Lane::kCommit);
  settle();
  EXPECT_EQ(loop_.take(writer_), "+OK\r\n");
  EXPECT_EQ(loop_.take(reader_), "$3\r\nnew\r\n");
}

TEST_F(InvalidationsTest, OfOnesOwnChangesFollowTheReply) {
  run(reader_, "CLIENT TRACKING ON\r\nGET k\r\n");
  loop_.stop(io::Lane::kCommit);
  EXPECT_EQ(run(reader_, "SET k 1\r\n"), "");
  loop_.go_on(io::Lane::kCommit);
  settle();
  EXPECT_EQ(loop_.take(reader_), "+OK\r\n" + invalidated("k"));
}

TEST_F(InvalidationsTest, ByPrefixFollowAllRepliesOfTheTurn) {
  run(reader_, "CLIENT TRACKING ON BCAST\r\n");
  EXPECT_EQ(run(reader_, "SET b 1\r\nPING\r\nSET a 1\r\n"),
            "+OK\r\n+PONG\r\n+OK\r\n>2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
}

TEST_F(InvalidationsTest, ATransactionThatWaitsForSealedEntriesTellsOnceItIsOver) {
  std::string commands;
  for (int i = 1; i <= 120; ++i) commands += "XADD s " + std::to_string(i) + " f v\r\n";
  run(writer_, commands);
  run(reader_, "CLIENT TRACKING ON\r\nMGET k none\r\nXLEN s\r\n");
  loop_.stop(io::Lane::kFetch);
  run(writer_, "MULTI\r\nSET k 1\r\nXDEL s 1 2\r\nEXEC\r\n");
  EXPECT_EQ(loop_.take(reader_), "") << "the frame is not open";
  loop_.go_on(io::Lane::kFetch);
  settle();
  EXPECT_EQ(loop_.take(writer_), "*2\r\n+OK\r\n:2\r\n");
  EXPECT_EQ(loop_.take(reader_), invalidated("k") + invalidated("s"));
}

TEST_F(InvalidationsTest, WhoHasLeftIsForgotten) {
  const io::ConnectionId target = loop_.connect();
  const std::string id = run(target, "CLIENT ID\r\n");
  run(reader_, "CLIENT TRACKING ON REDIRECT " + id.substr(1, id.size() - 3) + "\r\nGET k\r\n");
  loop_.hang_up(target);
  settle();
  run(writer_, "SET k 1\r\n");
  EXPECT_EQ(loop_.take(reader_), ">2\r\n$21\r\ntracking-redir-broken\r\n" + id);
  run(reader_, "GET k\r\n");
  loop_.hang_up(reader_);
  settle();
  const Tracking& tracking = server_->shard().engine().tracking();
  EXPECT_EQ(tracking.clients() + tracking.keys() + tracking.items(), 0U);
}

TEST_F(InvalidationsTest, ClosesWhoReadsNone) {
  run(writer_, "CONFIG SET client-output-buffer-limit \"pubsub 2000 0 0\"\r\n");
  run(reader_, "CLIENT TRACKING ON\r\n");
  std::string reads;
  std::string writes;
  for (int i = 0; i < 100; ++i) {
    reads += "GET k" + std::to_string(i) + "\r\n";
    writes += "SET k" + std::to_string(i) + " 1\r\n";
  }
  run(reader_, reads);
  run(writer_, "MULTI\r\n" + writes + "EXEC\r\n");
  EXPECT_FALSE(loop_.closed(reader_)) << "no more than it has read";
  run(reader_, "CLIENT TRACKING OFF\r\nCLIENT TRACKING ON BCAST\r\n");
  run(writer_, writes);
  EXPECT_FALSE(loop_.closed(reader_)) << "it reads";
  run(writer_, "SET " + std::string(2000, 'k') + " 1\r\n");
  EXPECT_TRUE(loop_.closed(reader_));
}

}  // namespace
}  // namespace leat
