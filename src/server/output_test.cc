#include "server/output.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

// Appends `text` as a reply that waits for `release`.
void reply(Output& output, Bytes text, uint64_t release, uint64_t released, uint64_t committed) {
  output.buffer().append(text);
  output.added(Lsn{release}, Lsn{committed}, [released] { return Lsn{released}; });
}

TEST(OutputTest, WhatNeedsNoWaitLeavesAtOnce) {
  Output output;
  reply(output, "a", 5, 5, 5);
  EXPECT_EQ(output.sendable(), "a");
  EXPECT_FALSE(output.waiting());
}

TEST(OutputTest, WhatStandsBehindAWaitingPartWaitsToo) {
  Output output;
  reply(output, "write", 7, 5, 5);
  reply(output, "ping", 0, 5, 5);
  EXPECT_EQ(output.sendable(), "");
  EXPECT_EQ(output.pending(), 9U);
  output.release(Lsn{6});
  EXPECT_EQ(output.sendable(), "");
  output.release(Lsn{7});
  EXPECT_EQ(output.sendable(), "writeping");
}

TEST(OutputTest, ACommitInFlightReleasesItsOwnPartOnly) {
  Output output;
  reply(output, "one", 7, 5, 5);  // Gathers in the batch behind 5.
  reply(output, "two", 9, 5, 8);  // 8 has been handed to the log meanwhile.
  output.release(Lsn{8});
  EXPECT_EQ(output.sendable(), "one");
  output.release(Lsn{9});
  EXPECT_EQ(output.sendable(), "onetwo");
}

TEST(OutputTest, PartsOfOneTurnShareTheLaterMark) {
  Output output;
  reply(output, "one", 6, 5, 5);
  reply(output, "two", 8, 5, 5);
  output.release(Lsn{6});
  EXPECT_EQ(output.sendable(), "");
  output.release(Lsn{8});
  EXPECT_EQ(output.sendable(), "onetwo");
}

TEST(OutputTest, WhatHasBeenSentIsForgotten) {
  Output output;
  reply(output, "abcdef", 0, 0, 0);
  output.sent(2);
  EXPECT_EQ(output.sendable(), "cdef");
  EXPECT_EQ(output.pending(), 4U);
  reply(output, "g", 0, 0, 0);
  output.sent(5);
  EXPECT_TRUE(output.empty());
  EXPECT_EQ(output.pending(), 0U);
}

// CLIENT REPLY: a write whose reply is dropped is marked behind what has been sent.
TEST(OutputTest, AWriteWithoutReplyIsMarkedWhereTheBufferBeginsAnew) {
  Output output;
  reply(output, "answered", 0, 5, 5);
  output.added(Lsn{7}, Lsn{5}, [] { return Lsn{5}; });
  output.sent(8);
  EXPECT_TRUE(output.waiting());
  reply(output, "ok", 9, 5, 8);
  output.release(Lsn{8});
  EXPECT_EQ(output.sendable(), "");
  output.release(Lsn{9});
  EXPECT_EQ(output.sendable(), "ok");
}

// Sending from a large buffer moves its rest to the start now and then: marks must move along.
TEST(OutputTest, MarksStayRightWhenTheBufferMoves) {
  Output output;
  const std::string large(1 << 20, 'x');
  reply(output, large, 0, 5, 5);
  reply(output, "late", 7, 5, 5);
  output.sent(900'000);
  EXPECT_EQ(output.sendable().size(), large.size() - 900'000);
  output.release(Lsn{7});
  EXPECT_EQ(output.sendable().size(), large.size() - 900'000 + 4);
  EXPECT_TRUE(output.sendable().ends_with("late"));
}

TEST(OutputTest, ALargeBufferIsGivenBackOnceEmpty) {
  Output output;
  reply(output, std::string(1 << 20, 'x'), 0, 0, 0);
  output.sent(1 << 20);
  EXPECT_LT(output.capacity(), size_t{1} << 17);
}

}  // namespace
}  // namespace leat
