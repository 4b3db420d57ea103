// XREAD and XREADGROUP that wait: when they are woken, in which order, with what.
#include <gmock/gmock.h>

#include "command/command_fixture.h"

namespace leat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class BlockingTest : public CommandFixture {
 protected:
  BlockingTest() {
    for (const char* name : {"a", "b", "c"}) add_client(name);
  }
};

TEST_F(BlockingTest, WakesReadersInTheOrderTheyCame) {
  EXPECT_EQ(run_as("b", "XREAD BLOCK 0 STREAMS s $"), "parked");
  EXPECT_EQ(run_as("a", "XREAD BLOCK 0 STREAMS s 0"), "parked");
  EXPECT_EQ(run("XADD s 1-1 f v"), "1-1");
  EXPECT_THAT(served(), ElementsAre("b: [[s [[1-1 [f v]]]]]", "a: [[s [[1-1 [f v]]]]]"));
  EXPECT_FALSE(parked("a"));
  run("XADD s 1-2 f v");
  EXPECT_THAT(served(), IsEmpty());
}

TEST_F(BlockingTest, GivesAnEntryToOneConsumerOfAGroup) {
  run("XGROUP CREATE s g $ MKSTREAM");
  run_as("a", "XREADGROUP GROUP g x BLOCK 0 COUNT 1 STREAMS s >");
  run_as("b", "XREADGROUP GROUP g y BLOCK 0 COUNT 1 STREAMS s >");
  run_as("c", "XREADGROUP GROUP g z BLOCK 0 STREAMS s >");
  run("XADD s 1-1 f v");
  EXPECT_THAT(served(), ElementsAre("a: [[s [[1-1 [f v]]]]]"));
  run("XADD s 1-2 f v");
  run("XADD s 1-3 f v");
  EXPECT_THAT(served(), ElementsAre("b: [[s [[1-2 [f v]]]]]", "c: [[s [[1-3 [f v]]]]]"));
  EXPECT_EQ(run("XPENDING s g"), "[:3 1-1 1-3 [[x 1] [y 1] [z 1]]]");
}

TEST_F(BlockingTest, QueuesAtTheTailAgainAfterAWakeInVain) {
  run("XGROUP CREATE s g $ MKSTREAM");
  run_as("a", "XREADGROUP GROUP g x BLOCK 0 COUNT 1 STREAMS s >");
  run_as("b", "XREADGROUP GROUP g y BLOCK 0 COUNT 1 STREAMS s >");
  run("XADD s 1-1 f v");
  EXPECT_THAT(served(), ElementsAre("a: [[s [[1-1 [f v]]]]]"));
  run_as("a", "XREADGROUP GROUP g x BLOCK 0 COUNT 1 STREAMS s >");
  run("XADD s 1-2 f v");
  EXPECT_THAT(served(), ElementsAre("b: [[s [[1-2 [f v]]]]]"));
}

TEST_F(BlockingTest, FreezesDollarToTheIdOfTheCall) {
  run("XADD s 5-1 f v");
  run_as("a", "XREAD BLOCK 0 STREAMS s $");
  run("DEL s");
  run("XADD s 4-1 f v");  // A stream made anew, with smaller ids, does not satisfy the reader.
  EXPECT_THAT(served(), IsEmpty());
  run("XADD s 5-2 f v");
  EXPECT_THAT(served(), ElementsAre("a: [[s [[5-2 [f v]]]]]"));
}

TEST_F(BlockingTest, WaitsForTheFirstEntryWithPlus) {
  run_as("a", "XREAD BLOCK 0 STREAMS s +");
  run("XADD s 1-1 f v");
  EXPECT_THAT(served(), ElementsAre("a: [[s [[1-1 [f v]]]]]"));
}

TEST_F(BlockingTest, WaitsForSeveralKeysAtOnce) {
  run_as("a", "XREAD BLOCK 0 STREAMS s t s $ $ $");
  run("XADD t 1-1 f v");
  EXPECT_THAT(served(), ElementsAre("a: [[t [[1-1 [f v]]]]]"));
  EXPECT_FALSE(parked("a"));
}

TEST_F(BlockingTest, KeepsItsDeadlineFromTheFirstCall) {
  run("XGROUP CREATE s g $ MKSTREAM");
  run_as("a", "XREADGROUP GROUP g x BLOCK 100 STREAMS s >");
  run_as("b", "XREADGROUP GROUP g y BLOCK 100 STREAMS s >");
  EXPECT_EQ(deadline_ms("b"), 100);
  advance_ms(30);
  run("XADD s 1-1 f v");
  EXPECT_THAT(served(), ElementsAre("a: [[s [[1-1 [f v]]]]]"));
  EXPECT_TRUE(parked("b"));
  EXPECT_EQ(deadline_ms("b"), 70);
  run_as("c", "XREAD BLOCK 0 STREAMS s $");
  EXPECT_EQ(deadline_ms("c"), -1);
}

TEST_F(BlockingTest, IsNotWokenByWhatBringsNothing) {
  run("XADD s 5-1 f v");
  run("XADD s 6-1 f v");
  run("XGROUP CREATE s g $");
  run_as("a", "XREADGROUP GROUP g x BLOCK 0 STREAMS s >");
  run_as("b", "XREAD BLOCK 0 STREAMS s $");
  run("XDEL s 5-1");
  run("XTRIM s MAXLEN 0");
  run("XSETID s 9-1");
  run("XGROUP SETID s g 0");
  run("XGROUP CREATECONSUMER s g y");
  run("XGROUP DELCONSUMER s g y");
  run("XACK s g 5-1");
  EXPECT_THAT(served(), IsEmpty());
  EXPECT_TRUE(parked("a"));
  EXPECT_TRUE(parked("b"));
}

TEST_F(BlockingTest, TellsGroupReadersThatTheirKeyOrGroupIsGone) {
  constexpr auto kGone =
      "a: -NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option";
  for (const char* removal :
       {"XGROUP DESTROY s g", "DEL s", "UNLINK s", "FLUSHALL", "RENAME s t"}) {
    run("DEL s");
    run("XGROUP CREATE s g $ MKSTREAM");
    run_as("a", "XREADGROUP GROUP g x BLOCK 0 STREAMS s >");
    run_as("b", "XREAD BLOCK 0 STREAMS s $");
    EXPECT_THAT(served(), IsEmpty());
    run(removal);
    EXPECT_THAT(served(), ElementsAre(kGone)) << removal;
    EXPECT_TRUE(parked("b")) << "XREAD keeps waiting, " << removal;
    run("DEL s t");
    run("XADD s 9-9 f v");
    EXPECT_THAT(served(), ElementsAre("b: [[s [[9-9 [f v]]]]]"));
    run("DEL s");
  }
}

TEST_F(BlockingTest, TellsGroupReadersThatTheirKeyIsNoStream) {
  run("XGROUP CREATE s g $ MKSTREAM");
  run_as("a", "XREADGROUP GROUP g x BLOCK 0 STREAMS s >");
  run_as("b", "XREAD BLOCK 0 STREAMS s $");
  run("SET s value");
  EXPECT_THAT(served(),
              ElementsAre("a: -WRONGTYPE Operation against a key holding the wrong kind of value"));
  EXPECT_TRUE(parked("b"));
}

TEST_F(BlockingTest, WakesForAStreamThatAppearsByRename) {
  run("XADD other 7-7 f v");
  run_as("a", "XREAD BLOCK 0 STREAMS s 0");
  run("RENAME other s");
  EXPECT_THAT(served(), ElementsAre("a: [[s [[7-7 [f v]]]]]"));
}

TEST_F(BlockingTest, SeesOnlyTheEndOfATransaction) {
  run("XADD s 1-1 f v");
  run_as("a", "XREAD BLOCK 0 STREAMS s $");
  run("MULTI");
  run("XADD s 1-2 f v");
  run("XDEL s 1-2");
  run("EXEC");
  EXPECT_THAT(served(), IsEmpty());
  run("MULTI");
  run("XADD s 1-3 f v");
  run("XADD t 1-3 f v");
  run("EXEC");
  EXPECT_THAT(served(), ElementsAre("a: [[s [[1-3 [f v]]]]]"));
}

TEST_F(BlockingTest, NeverBlocksInsideATransaction) {
  run("XGROUP CREATE s g $ MKSTREAM");
  expect({
      {"MULTI", "+OK"},
      {"XREAD BLOCK 0 STREAMS s $", "+QUEUED"},
      {"XREADGROUP GROUP g x BLOCK 0 STREAMS s >", "+QUEUED"},
      {"EXEC", "[nilarr nilarr]"},
  });
}

TEST_F(BlockingTest, CountsTheConsumerAsSeenEachTime) {
  run("XGROUP CREATE s g $ MKSTREAM");
  run_as("a", "XREADGROUP GROUP g x BLOCK 0 STREAMS s >");
  EXPECT_EQ(run("XINFO CONSUMERS s g"), "[[name x pending :0 idle :0 inactive :-1]]");
  advance_ms(100);
  EXPECT_EQ(run("XINFO CONSUMERS s g"), "[[name x pending :0 idle :100 inactive :-1]]");
  run("XADD s 1-1 f v");
  advance_ms(10);
  EXPECT_EQ(run("XINFO CONSUMERS s g"), "[[name x pending :1 idle :10 inactive :10]]");
}

}  // namespace
}  // namespace leat
