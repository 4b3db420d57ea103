// XREADGROUP with BLOCK and CLAIM: the reader waits for time as well.
#include <gtest/gtest.h>

#include "server/server_fixture.h"

namespace leat {
namespace {

class BlockedClaimsTest : public ServerFixture {
 protected:
  BlockedClaimsTest() {
    run(worker_, "XADD s 1-0 f v\r\nXGROUP CREATE s g 0\r\n");
    run(worker_, "XREADGROUP GROUP g c STREAMS s >\r\n");
  }
  // And some that settling takes.
  void pass_ms(int64_t ms) {
    clock_.ns += ms * kNsPerMs;
    settle();
  }
  // The reader has been given the entry, which was idle for 500 ms and not much longer.
  bool served() {
    const std::string shown = loop_.take(reader_);
    const std::string before =
        "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*4\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n:5";
    return shown.starts_with(before) &&
           shown.size() == before.size() + std::string("00\r\n:1\r\n").size();
  }

  io::ConnectionId worker_ = loop_.connect();
  io::ConnectionId reader_ = loop_.connect();
};

TEST_F(BlockedClaimsTest, AreServedWhenTheEntryIsOldEnough) {
  pass_ms(200);
  EXPECT_EQ(run(reader_, "XREADGROUP GROUP g d BLOCK 0 CLAIM 500 STREAMS s >\r\n"), "");
  pass_ms(200);
  EXPECT_EQ(loop_.take(reader_), "");
  pass_ms(100);
  EXPECT_TRUE(served());
}

TEST_F(BlockedClaimsTest, WaitOnWhenAnotherIsQuicker) {
  EXPECT_EQ(run(reader_, "XREADGROUP GROUP g d BLOCK 1000 CLAIM 500 STREAMS s >\r\n"), "");
  pass_ms(400);
  run(worker_, "XCLAIM s g c 0 1-0 JUSTID\r\n");
  pass_ms(200);
  EXPECT_EQ(loop_.take(reader_), "") << "it was idle for 200 ms";
  pass_ms(300);
  EXPECT_TRUE(served());
}

TEST_F(BlockedClaimsTest, EndAtTheDeadlineOfTheFirstCall) {
  EXPECT_EQ(run(reader_, "XREADGROUP GROUP g d BLOCK 700 CLAIM 500 STREAMS s >\r\n"), "");
  pass_ms(400);
  run(worker_, "XCLAIM s g c 0 1-0 JUSTID\r\n");
  pass_ms(200);
  EXPECT_EQ(loop_.take(reader_), "");
  pass_ms(100);
  EXPECT_EQ(loop_.take(reader_), "*-1\r\n");
}

TEST_F(BlockedClaimsTest, AskNowAndThenWhereNothingIsPending) {
  run(worker_, "XACK s g 1-0\r\n");
  EXPECT_EQ(run(reader_, "XREADGROUP GROUP g d BLOCK 0 CLAIM 0 STREAMS s >\r\n"), "");
  const size_t waits = loop_.waits();
  for (int i = 0; i < 10; ++i) server_->turn(MonoNs{clock_.ns + kNsPerSecond});
  EXPECT_GE(loop_.waits(), waits + 8)
      << "each turn would have slept, but that in which it asks again";
}

}  // namespace
}  // namespace leat
