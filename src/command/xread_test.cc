// XREAD and XREADGROUP when they are answered at once; xread_blocking_test.cc has the rest.
#include "command/command_fixture.h"

namespace leat {
namespace {

using XreadTest = CommandFixture;
using XreadgroupTest = CommandFixture;

TEST_F(XreadTest, RepliesWhatIsBehindTheIds) {
  run("XADD s 1-1 a 1");
  run("XADD s 1-2 a 2");
  run("XADD t 5-1 b 1");
  expect({
      {"XREAD STREAMS s 0", "[[s [[1-1 [a 1]] [1-2 [a 2]]]]]"},
      {"XREAD STREAMS s 1-1", "[[s [[1-2 [a 2]]]]]"},
      {"XREAD STREAMS s 1", "[[s [[1-1 [a 1]] [1-2 [a 2]]]]]"},
      {"XREAD STREAMS s 1-2", "nilarr"},
      {"XREAD STREAMS s $", "nilarr"},
      {"XREAD STREAMS s 99", "nilarr"},
      {"XREAD STREAMS s 18446744073709551615-18446744073709551615", "nilarr"},
      {"XREAD STREAMS none 0", "nilarr"},
      {"XREAD STREAMS none $", "nilarr"},
      {"XREAD COUNT 1 STREAMS s t 0 0", "[[s [[1-1 [a 1]]]] [t [[5-1 [b 1]]]]]"},
      {"XREAD STREAMS t s none 0 1-1 0", "[[t [[5-1 [b 1]]]] [s [[1-2 [a 2]]]]]"},
      {"XREAD STREAMS t s $ 1-1", "[[s [[1-2 [a 2]]]]]"},
      {"XREAD COUNT 0 STREAMS s 0", "[[s [[1-1 [a 1]] [1-2 [a 2]]]]]"},
      {"XREAD COUNT -5 STREAMS s 0", "[[s [[1-1 [a 1]] [1-2 [a 2]]]]]"},
      {"XREAD COUNT 1 COUNT 2 STREAMS s 0", "[[s [[1-1 [a 1]] [1-2 [a 2]]]]]"},
      {"XREAD STREAMS s s 0 1-1", "[[s [[1-1 [a 1]] [1-2 [a 2]]]] [s [[1-2 [a 2]]]]]"},
      {"XREAD BLOCK 1000 STREAMS s 0", "[[s [[1-1 [a 1]] [1-2 [a 2]]]]]"},
      {"xread count 1 streams s 0", "[[s [[1-1 [a 1]]]]]"},
  });
}

TEST_F(XreadTest, RepliesTheLastEntryForPlus) {
  expect({
      {"XREAD STREAMS s +", "nilarr"},
      {"XADD s 1-1 a 1", "1-1"},
      {"XADD s 1-2 a 2", "1-2"},
      {"XREAD STREAMS s +", "[[s [[1-2 [a 2]]]]]"},
      {"XREAD COUNT 5 STREAMS s +", "[[s [[1-2 [a 2]]]]]"},
      {"XDEL s 1-2", ":1"},
      {"XREAD STREAMS s +", "[[s [[1-1 [a 1]]]]]"},
      {"XDEL s 1-1", ":1"},
      {"XREAD STREAMS s +", "nilarr"},
  });
}

TEST_F(XreadTest, IsAMapInResp3) {
  speak_resp3();
  run("XADD s 1-1 a 1");
  run("XADD t 5-1 b 1");
  expect({
      {"XREAD STREAMS s t 0 0", "{s [[1-1 [a 1]]] t [[5-1 [b 1]]]}"},
      {"XREAD STREAMS s t 0 9", "{s [[1-1 [a 1]]]}"},
      {"XREAD STREAMS s t 9 9", "null"},
  });
}

TEST_F(XreadTest, DoesNotReplyDeletedEntries) {
  run("XADD s 1-1 a 1");
  run("XADD s 1-2 a 2");
  run("XDEL s 1-2");
  expect({
      {"XREAD STREAMS s 1-1", "nilarr"},
      {"XREAD STREAMS s 0", "[[s [[1-1 [a 1]]]]]"},
  });
}

TEST_F(XreadTest, RefusesWordsThatDoNotFit) {
  run("XADD s 1-1 a 1");
  run("SET string value");
  expect_refused({
      {"XREAD STREAMS s", "-ERR wrong number of arguments for 'xread' command"},
      {"XREAD COUNT 5 s 0", kSyntax},
      {"XREAD COUNT x STREAMS s 0", kNotInteger},
      {"XREAD FOO STREAMS s 0", kSyntax},
      {"XREAD BLOCK x STREAMS s 0", "-ERR timeout is not an integer or out of range"},
      {"XREAD BLOCK 1.5 STREAMS s 0", "-ERR timeout is not an integer or out of range"},
      {"XREAD BLOCK -1 STREAMS s 0", "-ERR timeout is negative"},
      {"XREAD BLOCK 9223372036854775807 STREAMS s 0", "-ERR timeout is out of range"},
      {"XREAD NOACK STREAMS s 0",
       "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."},
      {"XREAD GROUP g c STREAMS s 0",
       "-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."},
      {"XREAD GROUP g STREAMS s 0",
       "-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."},
      {"XREAD COUNT 1 STREAMS", kSyntax},
      {"XREAD STREAMS s x", kBadId},
      {"XREAD STREAMS s -", kBadId},
      {"XREAD STREAMS s (1", kBadId},
      {"XREAD STREAMS s 1-*", kBadId},
      {"XREAD STREAMS s >",
       "-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> "
       "<consumer> option."},
      {"XREAD STREAMS string 0", kWrongType},
      {"XREAD STREAMS s string x 0", kBadId},
      {"XREAD STREAMS string s 0 x", kWrongType},
      {"XREAD STREAMS s string 0 0", kWrongType},
  });
}

TEST_F(XreadgroupTest, DeliversNewEntriesOnce) {
  run("XADD s 1-1 a 1");
  run("XADD s 1-2 a 2");
  run("XADD s 1-3 a 3");
  run("XGROUP CREATE s g 0");
  expect({
      {"XREADGROUP GROUP g c COUNT 1 STREAMS s >", "[[s [[1-1 [a 1]]]]]"},
      {"XREADGROUP GROUP g d COUNT 1 STREAMS s >", "[[s [[1-2 [a 2]]]]]"},
      {"XREADGROUP GROUP g c STREAMS s >", "[[s [[1-3 [a 3]]]]]"},
      {"XREADGROUP GROUP g c STREAMS s >", "nilarr"},
      {"XPENDING s g", "[:3 1-1 1-3 [[c 2] [d 1]]]"},
      {"XPENDING s g - + 10", "[[1-1 c :0 :1] [1-2 d :0 :1] [1-3 c :0 :1]]"},
      {"XADD s 1-4 a 4", "1-4"},
      {"XREADGROUP COUNT 5 GROUP g c STREAMS s >", "[[s [[1-4 [a 4]]]]]"},
  });
}

TEST_F(XreadgroupTest, RepliesTheConsumersOwnHistory) {
  run("XADD s 1-1 a 1");
  run("XADD s 1-2 a 2");
  run("XADD s 1-3 a 3");
  run("XGROUP CREATE s g 0");
  run("XREADGROUP GROUP g c COUNT 2 STREAMS s >");
  run("XREADGROUP GROUP g d STREAMS s >");
  advance_ms(100);
  expect({
      {"XREADGROUP GROUP g c STREAMS s 0", "[[s [[1-1 [a 1]] [1-2 [a 2]]]]]"},
      {"XREADGROUP GROUP g c STREAMS s 1-1", "[[s [[1-2 [a 2]]]]]"},
      {"XREADGROUP GROUP g c COUNT 1 STREAMS s 0", "[[s [[1-1 [a 1]]]]]"},
      {"XREADGROUP GROUP g c COUNT 0 STREAMS s 1-1", "[[s [[1-2 [a 2]]]]]"},
      {"XREADGROUP GROUP g c STREAMS s 1-2", "[[s []]]"},
      {"XREADGROUP GROUP g fresh STREAMS s 0", "[[s []]]"},
      {"XREADGROUP GROUP g c BLOCK 0 STREAMS s 99", "[[s []]]"},
      {"XREADGROUP GROUP g c NOACK STREAMS s 0", "[[s [[1-1 [a 1]] [1-2 [a 2]]]]]"},
      {"XPENDING s g - + 10", "[[1-1 c :0 :4] [1-2 c :0 :5] [1-3 d :100 :1]]"},
  });
}

TEST_F(XreadgroupTest, ShowsDeletedEntriesOfTheHistoryWithoutFields) {
  for (int i = 1; i <= 4; ++i) run("XADD s " + std::to_string(i) + "-1 f v");
  run("XGROUP CREATE s g 0");
  run("XREADGROUP GROUP g c STREAMS s >");
  advance_ms(100);
  expect({
      {"XDEL s 2-1", ":1"},
      {"XTRIM s MINID 2-1", ":1"},
      {"XREADGROUP GROUP g c STREAMS s 0",
       "[[s [[1-1 nilarr] [2-1 nilarr] [3-1 [f v]] [4-1 [f v]]]]]"},
      {"XPENDING s g - + 10", "[[1-1 c :100 :1] [2-1 c :100 :1] [3-1 c :0 :2] [4-1 c :0 :2]]"},
      {"XACK s g 1-1 2-1", ":2"},
      {"XREADGROUP GROUP g c COUNT 1 STREAMS s 0", "[[s [[3-1 [f v]]]]]"},
  });
}

TEST_F(XreadgroupTest, IsAMapInResp3) {
  speak_resp3();
  run("XADD s 1-1 a 1");
  run("XGROUP CREATE s g 0");
  expect({
      {"XREADGROUP GROUP g c STREAMS s >", "{s [[1-1 [a 1]]]}"},
      {"XREADGROUP GROUP g c STREAMS s >", "null"},
      {"XDEL s 1-1", ":1"},
      {"XREADGROUP GROUP g c STREAMS s 0", "{s [[1-1 null]]}"},
      {"XREADGROUP GROUP g c STREAMS s 5", "{s []}"},
  });
}

TEST_F(XreadgroupTest, ReadsSeveralStreamsInTheOrderAsked) {
  run("XADD s 1-1 a 1");
  run("XADD t 2-1 b 1");
  run("XGROUP CREATE s g 0");
  run("XGROUP CREATE t g 0");
  run("XGROUP CREATE u g 0 MKSTREAM");
  expect({
      {"XREADGROUP GROUP g c STREAMS t s > >", "[[t [[2-1 [b 1]]]] [s [[1-1 [a 1]]]]]"},
      {"XREADGROUP GROUP g c STREAMS u t s > 0 >", "[[t [[2-1 [b 1]]]]]"},
      {"XREADGROUP GROUP g c STREAMS u t s 0 > 0", "[[u []] [s [[1-1 [a 1]]]]]"},
  });
}

TEST_F(XreadgroupTest, LeavesNothingPendingWithNoack) {
  run("XADD s 1-1 a 1");
  run("XADD s 1-2 a 2");
  run("XGROUP CREATE s g 0");
  expect({
      {"XREADGROUP GROUP g c NOACK COUNT 1 STREAMS s >", "[[s [[1-1 [a 1]]]]]"},
      {"XPENDING s g", "[:0 nil nil nilarr]"},
      {"XINFO GROUPS s",
       "[[name g consumers :1 pending :0 last-delivered-id 1-1 entries-read :1 lag :1]]"},
      {"XREADGROUP GROUP g c STREAMS s >", "[[s [[1-2 [a 2]]]]]"},
      {"XPENDING s g", "[:1 1-2 1-2 [[c 1]]]"},
  });
}

TEST_F(XreadgroupTest, CreatesTheConsumerWhateverComesOfIt) {
  run("XGROUP CREATE s g $ MKSTREAM");
  expect({
      {"XREADGROUP GROUP g c STREAMS s >", "nilarr"},
      {"XREADGROUP GROUP g d STREAMS s 0", "[[s []]]"},
      {"XREADGROUP GROUP g e NOACK STREAMS s >", "nilarr"},
      {"XINFO CONSUMERS s g",
       "[[name c pending :0 idle :0 inactive :-1] [name d pending :0 idle :0 inactive :-1] "
       "[name e pending :0 idle :0 inactive :-1]]"},
  });
}

TEST_F(XreadgroupTest, GivesPendingEntriesAnewAfterSetidBack) {
  run("XADD s 1-1 a 1");
  run("XADD s 1-2 a 2");
  run("XGROUP CREATE s g 0");
  run("XREADGROUP GROUP g c STREAMS s >");
  run("XREADGROUP GROUP g c STREAMS s 0");
  advance_ms(50);
  expect({
      {"XPENDING s g - + 10", "[[1-1 c :50 :2] [1-2 c :50 :2]]"},
      {"XGROUP SETID s g 0", "+OK"},
      {"XREADGROUP GROUP g d COUNT 1 STREAMS s >", "[[s [[1-1 [a 1]]]]]"},
      {"XPENDING s g - + 10", "[[1-1 d :0 :1] [1-2 c :50 :2]]"},
      {"XPENDING s g", "[:2 1-1 1-2 [[c 1] [d 1]]]"},
  });
}

TEST_F(XreadgroupTest, KeepsGroupsApart) {
  run("XADD s 1-1 a 1");
  run("XGROUP CREATE s g 0");
  run("XGROUP CREATE s h 0");
  run("XGROUP CREATE s i $");
  expect({
      {"XREADGROUP GROUP g c STREAMS s >", "[[s [[1-1 [a 1]]]]]"},
      {"XREADGROUP GROUP h c STREAMS s >", "[[s [[1-1 [a 1]]]]]"},
      {"XREADGROUP GROUP i c STREAMS s >", "nilarr"},
      {"XACK s g 1-1", ":1"},
      {"XPENDING s g", "[:0 nil nil nilarr]"},
      {"XPENDING s h", "[:1 1-1 1-1 [[c 1]]]"},
  });
}

TEST_F(XreadgroupTest, TakesTheGreatestIdForNewEntries) {
  run("XADD s 1-1 a 1");
  run("XGROUP CREATE s g 0");
  EXPECT_EQ(run("XREADGROUP GROUP g c STREAMS s 18446744073709551615-18446744073709551615"),
            "[[s [[1-1 [a 1]]]]]");
}

TEST_F(XreadgroupTest, HandsOutSixteenMegabytesAtOnce) {
  const std::string megabyte(1 << 20, 'x');
  for (int i = 1; i <= 40; ++i) run("XADD s " + std::to_string(i) + "-1 f " + megabyte);
  run("XADD t 1-1 f v");
  for (const char* key : {"s", "t"}) run("XGROUP CREATE " + std::string(key) + " g 0");
  EXPECT_GT(run("XREADGROUP GROUP g c STREAMS s >").size(), 15 << 20);
  expect({{"XPENDING s g", "[:15 1-1 15-1 [[c 15]]]"}});
  // None waits for the end of another; each has its share.
  EXPECT_TRUE(
      run("XREADGROUP GROUP g c COUNT 100 STREAMS s t > >").ends_with("] [t [[1-1 [f v]]]]]"));
  expect({{"XPENDING s g", "[:22 1-1 22-1 [[c 22]]]"}});
  for (int i = 0; i < 2; ++i) run("XREADGROUP GROUP g c STREAMS s >");
  expect({
      {"XPENDING s g", "[:40 1-1 40-1 [[c 40]]]"},
      {"XREADGROUP GROUP g c STREAMS s >", "nilarr"},
      {"XREADGROUP GROUP g c COUNT 1 STREAMS t >", "nilarr"},
  });
}

TEST_F(XreadgroupTest, HandsOutAnEntryHoweverLargeItIs) {
  const std::string large(17 << 20, 'x');
  for (int i = 1; i <= 2; ++i) run("XADD s " + std::to_string(i) + "-1 f " + large);
  run("XGROUP CREATE s g 0");
  EXPECT_GT(run("XREADGROUP GROUP g c STREAMS s >").size(), large.size());
  expect({{"XPENDING s g", "[:1 1-1 1-1 [[c 1]]]"}});
}

TEST_F(XreadgroupTest, FindsItsKeysThoughAGroupIsCalledStreams) {
  run("XADD s 1-1 a 1");
  run("XGROUP CREATE s STREAMS 0");
  EXPECT_EQ(run("XREADGROUP GROUP STREAMS STREAMS STREAMS s >"), "[[s [[1-1 [a 1]]]]]");
}

TEST_F(XreadgroupTest, RefusesWordsThatDoNotFit) {
  run("XADD s 1-1 a 1");
  run("XADD t 1-1 a 1");
  run("XGROUP CREATE s g 0");
  run("SET string value");
  constexpr std::string_view kMeaningless =
      "-ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of "
      "this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID "
      "would "
      "just return an empty result set.";
  expect_refused({
      {"XREADGROUP GROUP g c STREAMS s", "-ERR wrong number of arguments for 'xreadgroup' command"},
      {"XREADGROUP COUNT 1 BLOCK 1 STREAMS s >", "-ERR Missing GROUP option for XREADGROUP"},
      {"XREADGROUP GROUP g c COUNT 1 s >", kSyntax},
      {"XREADGROUP GROUP g c STREAMS s > >",
       "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be "
       "specified."},
      {"XREADGROUP GROUP g c STREAMS s $", kMeaningless},
      {"XREADGROUP GROUP g c STREAMS s x", kBadId},
      {"XREADGROUP GROUP g c COUNT x STREAMS s >", kNotInteger},
      {"XREADGROUP GROUP g c BLOCK -1 STREAMS s >", "-ERR timeout is negative"},
      {"XREADGROUP GROUP none c STREAMS s >",
       "-NOGROUP No such key 's' or consumer group 'none' in XREADGROUP with GROUP option"},
      {"XREADGROUP GROUP g c STREAMS none >",
       "-NOGROUP No such key 'none' or consumer group 'g' in XREADGROUP with GROUP option"},
      {"XREADGROUP GROUP g c STREAMS s t > >",
       "-NOGROUP No such key 't' or consumer group 'g' in XREADGROUP with GROUP option"},
      {"XREADGROUP GROUP g c STREAMS string >", kWrongType},
      {"XINFO CONSUMERS s g", "[]"},
  });
}

}  // namespace
}  // namespace leat
