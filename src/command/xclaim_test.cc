// XCLAIM and XAUTOCLAIM.
#include <gmock/gmock.h>

#include "command/command_fixture.h"

namespace leat {
namespace {

using ::testing::ElementsAre;

class ClaimFixture : public CommandFixture {
 protected:
  // `count` entries 1-1, 2-1 ..., all delivered to consumer a, 1000 ms ago.
  void deliver(int count) {
    for (int i = 1; i <= count; ++i) run_unchecked("XADD s " + std::to_string(i) + "-1 f v");
    run("XGROUP CREATE s g 0");
    run("XREADGROUP GROUP g a STREAMS s >");
    advance_ms(1000);
  }
};
using XclaimTest = ClaimFixture;
using XautoclaimTest = ClaimFixture;

TEST_F(XclaimTest, TakesEntriesOver) {
  deliver(3);
  expect({
      {"XCLAIM s g b 0 1-1", "[[1-1 [f v]]]"},
      {"XCLAIM s g b 0 3-1 2-1", "[[3-1 [f v]] [2-1 [f v]]]"},
      {"XPENDING s g - + 10", "[[1-1 b :0 :2] [2-1 b :0 :2] [3-1 b :0 :2]]"},
      {"XPENDING s g", "[:3 1-1 3-1 [[b 3]]]"},
      {"XCLAIM s g b 0 1-1", "[[1-1 [f v]]]"},
      {"XPENDING s g 1 1 1", "[[1-1 b :0 :3]]"},
      {"XINFO CONSUMERS s g",
       "[[name a pending :0 idle :1000 inactive :1000] [name b pending :3 idle :0 inactive :0]]"},
  });
}

TEST_F(XclaimTest, SkipsWhatIsNotIdleForLongEnough) {
  deliver(2);
  expect({
      {"XCLAIM s g b 1001 1-1", "[]"},
      {"XCLAIM s g b 1000 1-1", "[[1-1 [f v]]]"},
      {"XCLAIM s g c 1 1-1 2-1", "[[2-1 [f v]]]"},
      {"XCLAIM s g c -5 1-1", "[[1-1 [f v]]]"},
      {"XCLAIM s g d 9223372036854775807 1-1", "[]"},
      {"XPENDING s g - + 10", "[[1-1 c :0 :3] [2-1 c :0 :2]]"},
      {"XINFO CONSUMERS s g",
       "[[name a pending :0 idle :1000 inactive :1000] [name b pending :0 idle :0 inactive :0] "
       "[name c pending :2 idle :0 inactive :0] [name d pending :0 idle :0 inactive :-1]]"},
  });
}

TEST_F(XclaimTest, RepliesIdsOnlyAndLeavesTheCount) {
  deliver(2);
  expect({
      {"XCLAIM s g b 0 1-1 2-1 JUSTID", "[1-1 2-1]"},
      {"XPENDING s g - + 10", "[[1-1 b :0 :1] [2-1 b :0 :1]]"},
      {"XCLAIM s g b 0 1-1 justid RETRYCOUNT 7", "[1-1]"},
      {"XPENDING s g 1 1 1", "[[1-1 b :0 :7]]"},
  });
}

TEST_F(XclaimTest, SetsTimeAndCount) {
  deliver(1);
  ASSERT_EQ(now_ms(), 1'001'000);
  expect({
      {"XCLAIM s g b 0 1-1 IDLE 300", "[[1-1 [f v]]]"},
      {"XPENDING s g - + 10", "[[1-1 b :300 :2]]"},
      {"XCLAIM s g b 0 1-1 TIME 1000400", "[[1-1 [f v]]]"},
      {"XPENDING s g - + 10", "[[1-1 b :600 :3]]"},
      {"XCLAIM s g b 0 1-1 IDLE 5 TIME 1000400 RETRYCOUNT 0", "[[1-1 [f v]]]"},
      {"XPENDING s g - + 10", "[[1-1 b :600 :0]]"},
      {"XCLAIM s g b 0 1-1 TIME 1000400 IDLE 5 RETRYCOUNT 9223372036854775807", "[[1-1 [f v]]]"},
      {"XPENDING s g - + 10", "[[1-1 b :5 :9223372036854775807]]"},
      {"XCLAIM s g b 0 1-1 RETRYCOUNT -1", "[[1-1 [f v]]]"},
      {"XPENDING s g - + 10", "[[1-1 b :0 :9223372036854775807]]"},
      {"XCLAIM s g b 0 1-1 TIME 9999999999999 RETRYCOUNT 4 RETRYCOUNT -3 JUSTID", "[1-1]"},
      {"XPENDING s g - + 10", "[[1-1 b :0 :9223372036854775807]]"},
  });
}

TEST_F(XclaimTest, TakesTimesThatCannotBeForNow) {
  deliver(1);
  for (const char* option :
       {"TIME -1", "TIME -9223372036854775808", "TIME 9223372036854775807", "IDLE -1",
        "IDLE -9223372036854775808", "IDLE 9223372036854775807", "TIME 1002000", "IDLE 1001001"}) {
    EXPECT_EQ(run("XCLAIM s g b 0 1-1 JUSTID " + std::string(option)), "[1-1]");
    EXPECT_EQ(run("XPENDING s g - + 10"), "[[1-1 b :0 :1]]") << option;
  }
}

TEST_F(XclaimTest, MakesEntriesPendingByForce) {
  run("XADD s 1-1 f v");
  run("XADD s 2-1 f v");
  run("XADD s 3-1 f v");
  run("XGROUP CREATE s g 0");
  expect({
      {"XCLAIM s g a 0 1-1", "[]"},
      {"XCLAIM s g a 999999 1-1 FORCE", "[[1-1 [f v]]]"},
      {"XCLAIM s g a 0 2-1 force justid", "[2-1]"},
      {"XCLAIM s g a 0 3-1 FORCE RETRYCOUNT 5", "[[3-1 [f v]]]"},
      {"XCLAIM s g a 0 4-1 FORCE", "[]"},
      {"XPENDING s g - + 10", "[[1-1 a :0 :2] [2-1 a :0 :1] [3-1 a :0 :5]]"},
      {"XDEL s 1-1", ":1"},
      {"XCLAIM s g a 0 1-1 FORCE", "[]"},
      {"XPENDING s g - + 10", "[[2-1 a :0 :1] [3-1 a :0 :5]]"},
  });
}

TEST_F(XclaimTest, ForgetsPendingEntriesThatAreGone) {
  deliver(4);
  run("XDEL s 2-1");
  run("XTRIM s MINID 2-1");
  expect({
      {"XCLAIM s g b 9999999 1-1 2-1 3-1", "[]"},
      {"XPENDING s g - + 10", "[[3-1 a :1000 :1] [4-1 a :1000 :1]]"},
      {"XCLAIM s g b 0 1-1 4-1 2-1 3-1", "[[4-1 [f v]] [3-1 [f v]]]"},
      {"XPENDING s g", "[:2 3-1 4-1 [[b 2]]]"},
  });
}

TEST_F(XclaimTest, ClaimsAnIdAsOftenAsItIsNamed) {
  deliver(2);
  expect({
      {"XCLAIM s g b 0 1-1 1-1 2-1 1-1", "[[1-1 [f v]] [1-1 [f v]] [2-1 [f v]] [1-1 [f v]]]"},
      {"XPENDING s g - + 10", "[[1-1 b :0 :4] [2-1 b :0 :2]]"},
  });
  advance_ms(1000);
  expect({
      {"XCLAIM s g c 1000 1-1 1-1", "[[1-1 [f v]]]"},
      {"XCLAIM s g c 500 2-1 2-1 IDLE 700", "[[2-1 [f v]] [2-1 [f v]]]"},
      {"XPENDING s g - + 10", "[[1-1 c :0 :5] [2-1 c :700 :4]]"},
      {"XDEL s 1-1", ":1"},
      {"XCLAIM s g c 0 1-1 1-1", "[]"},
  });
}

TEST_F(XclaimTest, RaisesTheGroupsLastId) {
  deliver(3);
  expect({
      {"XCLAIM s g b 0 9-9 LASTID 1-1", "[]"},
      {"XINFO GROUPS s",
       "[[name g consumers :2 pending :3 last-delivered-id 3-1 entries-read :3 lag :0]]"},
      {"XADD s 4-1 f v", "4-1"},
      {"XADD s 5-1 f v", "5-1"},
      {"XCLAIM s g b 0 9-9 LASTID 4-1", "[]"},
      {"XINFO GROUPS s",
       "[[name g consumers :2 pending :3 last-delivered-id 4-1 entries-read :3 lag :1]]"},
      {"XREADGROUP GROUP g c STREAMS s >", "[[s [[5-1 [f v]]]]]"},
  });
}

TEST_F(XclaimTest, TakesNoIdsIfAnOptionFollows) {
  deliver(1);
  expect({
      {"XCLAIM s g b 0 JUSTID", "[]"},
      {"XINFO CONSUMERS s g",
       "[[name a pending :1 idle :1000 inactive :1000] [name b pending :0 idle :0 inactive :-1]]"},
  });
}

TEST_F(XclaimTest, RefusesInOrder) {
  deliver(1);
  run("SET string value");
  expect_refused({
      {"XCLAIM s g b 0", "-ERR wrong number of arguments for 'xclaim' command"},
      {"XCLAIM string g b x 1-1", kWrongType},
      {"XCLAIM none g b x 1-1", "-NOGROUP No such key 'none' or consumer group 'g'"},
      {"XCLAIM s none b x 1-1", "-NOGROUP No such key 's' or consumer group 'none'"},
      {"XCLAIM s g b x 1-1 FOO", "-ERR Invalid min-idle-time argument for XCLAIM"},
      {"XCLAIM s g b 0 1-1 IDLE x", "-ERR Invalid IDLE option argument for XCLAIM"},
      {"XCLAIM s g b 0 1-1 TIME x", "-ERR Invalid TIME option argument for XCLAIM"},
      {"XCLAIM s g b 0 1-1 RETRYCOUNT x", "-ERR Invalid RETRYCOUNT option argument for XCLAIM"},
      {"XCLAIM s g b 0 1-1 LASTID x", kBadId},
      {"XCLAIM s g b 0 1-1 LASTID -", kBadId},
      {"XCLAIM s g b 0 1-1 FOO", "-ERR Unrecognized XCLAIM option 'FOO'"},
      {"XCLAIM s g b 0 x", "-ERR Unrecognized XCLAIM option 'x'"},
      {"XCLAIM s g b 0 1-1 JUSTID 2-1", "-ERR Unrecognized XCLAIM option '2-1'"},
      {"XCLAIM s g b 0 1-1 IDLE", "-ERR Unrecognized XCLAIM option 'IDLE'"},
      {"XCLAIM s g b 0 1-1 time", "-ERR Unrecognized XCLAIM option 'time'"},
  });
}

TEST_F(XclaimTest, WritesOneRecordForIdsThatAscend) {
  deliver(50);
  std::string claim = "XCLAIM s g a 0";
  for (int i = 1; i <= 50; ++i) claim += " " + std::to_string(i) + "-1";
  run(claim + " JUSTID");
  EXPECT_THAT(last_records(), ElementsAre(RecordType::kGroupClaim));
}

TEST_F(XautoclaimTest, TakesOverWhatIsIdleAndTellsWhereToGoOn) {
  deliver(5);
  expect({
      {"XAUTOCLAIM s g b 1000 - COUNT 2", "[3-1 [[1-1 [f v]] [2-1 [f v]]] []]"},
      {"XAUTOCLAIM s g b 1000 3-1 COUNT 2", "[5-1 [[3-1 [f v]] [4-1 [f v]]] []]"},
      {"XAUTOCLAIM s g b 1000 5-1 COUNT 2", "[0-0 [[5-1 [f v]]] []]"},
      {"XAUTOCLAIM s g b 1000 0 COUNT 2", "[0-0 [] []]"},
      {"XPENDING s g", "[:5 1-1 5-1 [[b 5]]]"},
      {"XPENDING s g 1 1 1", "[[1-1 b :0 :2]]"},
      {"XAUTOCLAIM s g c 0 (3-1 JUSTID", "[0-0 [4-1 5-1] []]"},
      {"XPENDING s g 5 5 1", "[[5-1 c :0 :2]]"},
      {"XAUTOCLAIM s g c 0 99", "[0-0 [] []]"},
      {"XAUTOCLAIM s g c -1 1 COUNT 1 COUNT 3", "[4-1 [[1-1 [f v]] [2-1 [f v]] [3-1 [f v]]] []]"},
      {"XAUTOCLAIM s g c 0 +", "[0-0 [] []]"},
  });
}

TEST_F(XautoclaimTest, ClaimsAHundredByDefault) {
  deliver(101);
  const std::string reply = run("XAUTOCLAIM s g b 0 - JUSTID");
  EXPECT_TRUE(reply.starts_with("[101-1 [1-1 2-1 ")) << reply;
  EXPECT_TRUE(reply.ends_with(" 99-1 100-1] []]")) << reply;
  EXPECT_THAT(last_records(), ElementsAre(RecordType::kConsumerCreate, RecordType::kGroupClaim));
}

TEST_F(XautoclaimTest, LooksAtTenTimesCountAtMost) {
  deliver(25);
  expect({
      {"XAUTOCLAIM s g b 5000 - COUNT 1", "[11-1 [] []]"},
      {"XAUTOCLAIM s g b 5000 11-1 COUNT 1", "[21-1 [] []]"},
      {"XAUTOCLAIM s g b 5000 21-1 COUNT 1", "[0-0 [] []]"},
  });
}

TEST_F(XautoclaimTest, EndsEarlyBehindSixteenMegabytes) {
  const std::string megabyte(1 << 20, 'x');
  run("XGROUP CREATE s g $ MKSTREAM");
  for (int i = 1; i <= 20; ++i) run("XADD s " + std::to_string(i) + "-1 f " + megabyte);
  for (int i = 1; i <= 20; ++i) run("XREADGROUP GROUP g a COUNT 1 STREAMS s >");
  EXPECT_TRUE(run("XAUTOCLAIM s g b 0 -").starts_with("[17-1 [[1-1 "));
  expect({
      {"XPENDING s g", "[:20 1-1 20-1 [[a 4] [b 16]]]"},
      {"XAUTOCLAIM s g b 0 17-1 JUSTID", "[0-0 [17-1 18-1 19-1 20-1] []]"},
  });
}

TEST_F(XautoclaimTest, DropsAndListsWhatIsGone) {
  deliver(6);
  run("XDEL s 2-1 4-1 5-1");
  expect({
      {"XAUTOCLAIM s g b 9999999 - COUNT 1", "[3-1 [] [2-1]]"},
      {"XAUTOCLAIM s g b 0 - COUNT 3 JUSTID", "[5-1 [1-1 3-1] [4-1]]"},
      {"XPENDING s g - + 10", "[[1-1 b :0 :1] [3-1 b :0 :1] [5-1 a :1000 :1] [6-1 a :1000 :1]]"},
      {"XAUTOCLAIM s g b 0 5-1", "[0-0 [[6-1 [f v]]] [5-1]]"},
      {"XPENDING s g", "[:3 1-1 6-1 [[b 3]]]"},
  });
}

TEST_F(XautoclaimTest, CreatesTheConsumer) {
  run("XGROUP CREATE s g $ MKSTREAM");
  expect({
      {"XAUTOCLAIM s g b 0 0", "[0-0 [] []]"},
      {"XINFO CONSUMERS s g", "[[name b pending :0 idle :0 inactive :-1]]"},
  });
}

TEST_F(XautoclaimTest, RefusesInOrder) {
  deliver(1);
  run("SET string value");
  constexpr std::string_view kCount = "-ERR COUNT must be > 0";
  expect_refused({
      {"XAUTOCLAIM s g b 0", "-ERR wrong number of arguments for 'xautoclaim' command"},
      {"XAUTOCLAIM string g b x x", "-ERR Invalid min-idle-time argument for XAUTOCLAIM"},
      {"XAUTOCLAIM string g b 0 x", kBadId},
      {"XAUTOCLAIM string g b 0 $", kBadId},
      {"XAUTOCLAIM string g b 0 (18446744073709551615-18446744073709551615",
       "-ERR invalid start ID for the interval"},
      {"XAUTOCLAIM string g b 0 0 COUNT 0", kCount},
      {"XAUTOCLAIM string g b 0 0 COUNT -1", kCount},
      {"XAUTOCLAIM string g b 0 0 COUNT x", kCount},
      {"XAUTOCLAIM string g b 0 0 COUNT 576460752303423488", kCount},
      {"XAUTOCLAIM string g b 0 0 COUNT", kSyntax},
      {"XAUTOCLAIM string g b 0 0 FOO", kSyntax},
      {"XAUTOCLAIM string g b 0 0", kWrongType},
      {"XAUTOCLAIM none g b 0 0", "-NOGROUP No such key 'none' or consumer group 'g'"},
      {"XAUTOCLAIM s none b 0 0", "-NOGROUP No such key 's' or consumer group 'none'"},
  });
  EXPECT_EQ(run("XAUTOCLAIM s g b 0 0 COUNT 576460752303423487"), "[0-0 [[1-1 [f v]]] []]");
}

}  // namespace
}  // namespace leat
