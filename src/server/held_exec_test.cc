// An EXEC that needs a sealed frame when it has run some of its commands: nothing passes it, whatever happens to clients, the
// log or the server meanwhile, and it is there whole or not at all.
#include <string>

#include <gtest/gtest.h>

#include "server/server_fixture.h"

namespace leat {
namespace {

// The reply of XRANGE s 1 1.
const std::string kRead = "*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n";
constexpr std::string_view kUnreadable = "-ERR entries of the stream";
// More than come from the disk at a time.
constexpr int kEntries = 120;

class HeldExecTest : public ServerFixture {
 protected:
  HeldExecTest() {
    std::string commands;
    for (int i = 1; i <= kEntries; ++i) commands += "XADD s " + std::to_string(i) + "-0 f v\r\n";
    run(one_, commands);
  }
  // The client's EXEC, of `commands` and of one that reads a frame, is held from now on.
  void hold(const std::string& commands, const std::string& behind = "") {
    loop_.stop(io::Lane::kFetch);
    loop_.say(one_, "MULTI\r\n" + commands + "XRANGE s 1 1\r\nEXEC\r\n" + behind);
    settle();
    ASSERT_TRUE(server_->reactor().held());
  }
  void end_hold() {
    loop_.go_on(io::Lane::kFetch);
    settle();
    ASSERT_FALSE(server_->reactor().held());
  }
  // What has been said since is answered.
  std::string answer(io::ConnectionId client) {
    settle();
    return loop_.take(client);
  }
  // What MULTI and `queued` commands get, then EXEC's replies.
  static std::string transaction(size_t queued, const std::string& replies) {
    std::string text = "+OK\r\n";
    for (size_t i = 0; i < queued; ++i) text += "+QUEUED\r\n";
    return text + "*" + std::to_string(queued) + "\r\n" + replies;
  }
  [[nodiscard]] size_t clients() const { return server_->reactor().connections().size(); }

  const io::ConnectionId one_ = loop_.connect();
  const io::ConnectionId two_ = loop_.connect();
};

TEST_F(HeldExecTest, NothingPassesItAndThePipelineBehindItIsAnsweredInOrder) {
  hold("SET k 1\r\n", "APPEND k 2\r\nGET k\r\n");
  loop_.say(two_, "APPEND k 3\r\nGET k\r\n");
  settle();
  EXPECT_EQ(loop_.take(one_), "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  EXPECT_EQ(loop_.take(two_), "");
  loop_.say(one_, "ECHO last\r\n");
  end_hold();
  EXPECT_EQ(loop_.take(one_), "*2\r\n+OK\r\n" + kRead + ":2\r\n$2\r\n12\r\n$4\r\nlast\r\n");
  EXPECT_EQ(loop_.take(two_), ":3\r\n$3\r\n123\r\n");
}

TEST_F(HeldExecTest, WaitsMoreThanOnceAndRepliesInOrder) {
  loop_.say(one_,
            "MULTI\r\nSET k 1\r\nXLEN s\r\nXRANGE s 1 1\r\nAPPEND k 2\r\nXRANGE s 1 1\r\n"
            "XDEL s 30-0\r\nGET k\r\nEXEC\r\n");
  settle();
  EXPECT_EQ(loop_.take(one_),
            transaction(7, "+OK\r\n:120\r\n" + kRead + ":2\r\n" + kRead + ":1\r\n$2\r\n12\r\n"));
}

TEST_F(HeldExecTest, EndsAlthoughItsClientHasGone) {
  hold("SET k 1\r\n", "SET l 1\r\n");
  loop_.hang_up(one_);
  EXPECT_EQ(run(two_, "GET k\r\n"), "");
  EXPECT_TRUE(server_->reactor().held());
  end_hold();
  EXPECT_EQ(answer(two_), "$1\r\n1\r\n");
  EXPECT_EQ(clients(), 1);
  EXPECT_EQ(run(two_, "GET l\r\n"), "$-1\r\n") << "as of every client that goes while it waits";
  crash();
  EXPECT_EQ(run(loop_.connect(), "GET k\r\n"), "$1\r\n1\r\n");
}

TEST_F(HeldExecTest, ItsClientMayHaveSaidAllThatItHasToSay) {
  hold("SET k 1\r\n", "GET k\r\n");
  loop_.end(one_);
  settle();
  EXPECT_FALSE(loop_.closed(one_));
  end_hold();
  EXPECT_EQ(loop_.take(one_), transaction(2, "+OK\r\n" + kRead) + "$1\r\n1\r\n");
  EXPECT_TRUE(loop_.closed(one_));
  EXPECT_EQ(clients(), 1);
}

TEST_F(HeldExecTest, KillingItsClientWaitsForItsEnd) {
  hold("SET k 1\r\n");
  EXPECT_EQ(run(two_, "CLIENT KILL ID 1\r\nGET k\r\n"), "");
  EXPECT_FALSE(loop_.closed(one_));
  end_hold();
  EXPECT_EQ(answer(two_), ":1\r\n$1\r\n1\r\n");
  EXPECT_TRUE(loop_.closed(one_));
  EXPECT_EQ(clients(), 1);
}

TEST_F(HeldExecTest, OneThatHasDoneNothingHoldsNobodyAndGoesWithItsClient) {
  loop_.stop(io::Lane::kFetch);
  loop_.say(one_, "MULTI\r\nXRANGE s 1 1\r\nSET k 1\r\nEXEC\r\n");
  settle();
  EXPECT_FALSE(server_->reactor().held());
  EXPECT_EQ(run(two_, "CLIENT KILL ID 1\r\n"), ":1\r\n");
  EXPECT_TRUE(loop_.closed(one_));
  EXPECT_EQ(clients(), 1);
  end_hold();
  EXPECT_EQ(run(two_, "GET k\r\n"), "$-1\r\n");
}

TEST_F(HeldExecTest, WhoKillsItselfInItIsStillOwedTheReply) {
  hold("CLIENT KILL ID 1 SKIPME NO\r\n");
  EXPECT_FALSE(loop_.closed(one_));
  end_hold();
  EXPECT_EQ(loop_.take(one_), transaction(2, ":1\r\n" + kRead));
  EXPECT_TRUE(loop_.closed(one_));
  EXPECT_EQ(clients(), 1);
}

TEST_F(HeldExecTest, WhoWantsNoRepliesMayKillItselfInIt) {
  EXPECT_EQ(run(one_, "CLIENT REPLY OFF\r\n"), "");
  hold("CLIENT KILL ID 1 SKIPME NO\r\n");
  end_hold();
  EXPECT_TRUE(loop_.closed(one_));
  EXPECT_EQ(clients(), 1);
  EXPECT_EQ(run(two_, "PING\r\n"), "+PONG\r\n");
}

TEST_F(HeldExecTest, ResetBehindItMeetsAClientWithoutTransaction) {
  hold("CLIENT REPLY OFF\r\nSET k 1\r\n", "RESET\r\nGET k\r\n");
  end_hold();
  EXPECT_EQ(loop_.take(one_), "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+RESET\r\n$1\r\n1\r\n");
}

TEST_F(HeldExecTest, WhomItWakesIsServedAfterIt) {
  loop_.say(two_, "XREAD BLOCK 0 STREAMS s $\r\n");
  const io::ConnectionId three = loop_.connect();
  loop_.say(three, "XREAD BLOCK 50 STREAMS s $\r\n");
  settle();
  hold("XADD s 500-0 f v\r\nXDEL s 500-0\r\nXADD s 501-0 f v\r\n");
  clock_.ns += 100 * kNsPerMs;
  settle();
  EXPECT_EQ(loop_.take(two_) + loop_.take(three), "") << "nor do those whose time is over";
  loop_.hang_up(three);
  end_hold();
  EXPECT_EQ(loop_.take(two_),
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$5\r\n501-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
  EXPECT_EQ(clients(), 2);
}

TEST_F(HeldExecTest, HalfOfItIsNeverOnDisk) {
  loop_.stop(io::Lane::kCommit);
  loop_.say(two_, "SET before 1\r\n");
  turn();
  hold("SET k 1\r\n");
  loop_.go_on(io::Lane::kCommit);
  settle();
  EXPECT_EQ(loop_.take(two_), "+OK\r\n") << "what has been committed before is acknowledged";
  crash();
  EXPECT_EQ(run(loop_.connect(), "MGET before k\r\n"), "*2\r\n$1\r\n1\r\n$-1\r\n");
}

TEST_F(HeldExecTest, ACheckpointGoesOnBehindIt) {
  loop_.stop(io::Lane::kCheckpoint);
  EXPECT_EQ(run(two_, "BGSAVE\r\n"), "+Background saving started\r\n");
  hold("SET k 1\r\nXADD s 500-0 f v\r\n");
  loop_.go_on(io::Lane::kCheckpoint);
  settle();
  end_hold();
  EXPECT_EQ(server_->shard().checkpoints()->facts().published, 1);
  const uint64_t digest = server_->shard().engine().digest();
  crash();
  EXPECT_EQ(server_->shard().engine().digest(), digest);
}

TEST_F(HeldExecTest, AShutdownWaitsForItAndKeepsIt) {
  hold("SET k 1\r\n");
  loop_.stop(io::Lane::kFetch, 3);
  ASSERT_TRUE(server_->close().ok());
  EXPECT_EQ(loop_.take(one_), transaction(2, "+OK\r\n" + kRead));
  crash();
  EXPECT_EQ(run(loop_.connect(), "GET k\r\n"), "$1\r\n1\r\n");
}

TEST_F(HeldExecTest, ItsClientLearnsThatTheLogHasFailed) {
  loop_.stop(io::Lane::kCommit);
  loop_.say(two_, "SET before 1\r\n");
  turn();
  hold("SET k 1\r\n");
  disk_.fail(FakeDisk::Op::kSync);
  loop_.go_on(io::Lane::kCommit);
  settle();
  EXPECT_TRUE(loop_.closed(two_));
  end_hold();
  EXPECT_TRUE(loop_.closed(one_)) << "no reply would ever leave";
  EXPECT_EQ(clients(), 0);
}

// All that come from the disk at different times are known to be missing when the command runs again.
TEST_F(HeldExecTest, EndsWhenManyFramesCantBeRead) {
  for (const auto& [path, content] : disk_.image()) {
    if (path.find("frames") == std::string::npos) continue;
    disk_.damage(path, [](std::string& bytes) { bytes.assign(bytes.size(), '\0'); });
  }
  EXPECT_TRUE(run(one_, "XRANGE s - +\r\n").starts_with(kUnreadable));
  const std::string replies = run(one_, "MULTI\r\nSET k 1\r\nXRANGE s - +\r\nGET k\r\nEXEC\r\n");
  EXPECT_NE(replies.find("*3\r\n+OK\r\n-ERR entries"), std::string::npos) << replies;
  EXPECT_FALSE(server_->reactor().held());
  EXPECT_EQ(run(two_, "GET k\r\n"), "$1\r\n1\r\n");
}

}  // namespace
}  // namespace leat
