// XGROUP and XACK.
#include <gmock/gmock.h>

#include "command/command_fixture.h"

namespace leat {
namespace {

using ::testing::ElementsAre;

using XgroupTest = CommandFixture;
using XackTest = CommandFixture;

constexpr std::string_view kKeyRequired =
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "
    "use "
    "the MKSTREAM option to create an empty stream automatically.";
constexpr std::string_view kNoGroup = "-NOGROUP No such consumer group 'none' for key name 's'";

TEST_F(XgroupTest, CreatesGroups) {
  run("XADD s 1-1 f v");
  run("XADD s 1-2 f v");
  expect({
      {"XGROUP CREATE s a $", "+OK"},
      {"XGROUP CREATE s b 0", "+OK"},
      {"XGROUP CREATE s c 1-1 ENTRIESREAD 1", "+OK"},
      {"xgroup create s d 9 mkstream entriesread -1", "+OK"},
      {"XGROUP CREATE s e 007-08 ENTRIESREAD 99 MKSTREAM", "+OK"},  // More than was added.
      {"XGROUP CREATE s \"\" 0", "+OK"},
      {"XINFO GROUPS s",
       "[[name \"\" consumers :0 pending :0 last-delivered-id 0-0 entries-read nil lag :2] "
       "[name a consumers :0 pending :0 last-delivered-id 1-2 entries-read nil lag :0] "
       "[name b consumers :0 pending :0 last-delivered-id 0-0 entries-read nil lag :2] "
       "[name c consumers :0 pending :0 last-delivered-id 1-1 entries-read :1 lag :1] "
       "[name d consumers :0 pending :0 last-delivered-id 9-0 entries-read nil lag :0] "
       "[name e consumers :0 pending :0 last-delivered-id 7-8 entries-read :2 lag :0]]"},
      {"XGROUP CREATE s a 0", "-BUSYGROUP Consumer Group name already exists"},
      {"XGROUP CREATE s a 0 MKSTREAM", "-BUSYGROUP Consumer Group name already exists"},
  });
}

TEST_F(XgroupTest, CreatesTheStreamIfAsked) {
  expect({
      {"XGROUP CREATE s g $ MKSTREAM", "+OK"},
      {"TYPE s", "+stream"},
      {"XLEN s", ":0"},
      {"XADD s 0-1 f v", "0-1"},
      {"XREADGROUP GROUP g c STREAMS s >", "[[s [[0-1 [f v]]]]]"},
      {"XGROUP CREATE t g 5 MKSTREAM", "+OK"},
      {"XADD t 3-1 f v", "3-1"},
      {"XREADGROUP GROUP g c STREAMS t >", "nilarr"},
      {"XINFO GROUPS t",
       "[[name g consumers :1 pending :0 last-delivered-id 5-0 entries-read nil lag :0]]"},
  });
}

TEST_F(XgroupTest, RefusesCreateInOrder) {
  run("SET string value");
  run("XADD s 1-1 f v");
  run("XGROUP CREATE s g 0");
  constexpr std::string_view kWrongForm =
      "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.";
  expect_refused({
      {"XGROUP", "-ERR wrong number of arguments for 'xgroup' command"},
      {"XGROUP FOO", "-ERR unknown subcommand 'FOO'. Try XGROUP HELP."},
      {"XGROUP FOO s g", "-ERR unknown subcommand 'FOO'. Try XGROUP HELP."},
      {"XGROUP CREATE s g", "-ERR wrong number of arguments for 'xgroup|create' command"},
      {"XGROUP CREATE none g $ FOO", kWrongForm},
      {"XGROUP create none g $ FOO",
       "-ERR unknown subcommand or wrong number of arguments for 'create'. Try XGROUP HELP."},
      {"XGROUP CREATE none g $ ENTRIESREAD", kWrongForm},
      {"XGROUP CREATE none g $ ENTRIESREAD x", kNotInteger},
      {"XGROUP CREATE none g $ ENTRIESREAD -2",
       "-ERR value for ENTRIESREAD must be positive or -1"},
      {"XGROUP CREATE string g x", kWrongType},
      {"XGROUP CREATE string g x MKSTREAM", kWrongType},
      {"XGROUP CREATE none g x", kKeyRequired},
      {"XGROUP CREATE none g $", kKeyRequired},
      {"XGROUP CREATE none g x MKSTREAM", kBadId},
      {"XGROUP CREATE s g x", kBadId},
      {"XGROUP CREATE s new - ", kBadId},
      {"XGROUP CREATE s new +", kBadId},
      {"XGROUP CREATE s new >", kBadId},
      {"XGROUP CREATE s new (1", kBadId},
      {"XGROUP CREATE s new 1-*", kBadId},
      {"XGROUP CREATE none g $ ENTRIESREAD 1 ENTRIESREAD 2", kKeyRequired},
      {"XGROUP CREATE none g $ ENTRIESREAD 1 ENTRIESREAD 2 MKSTREAM", kWrongForm},
      {"XGROUP CREATE s g x ENTRIESREAD 1 ENTRIESREAD 2", kWrongForm},
  });
}

TEST_F(XgroupTest, MovesGroups) {
  run("XADD s 1-1 f v");
  run("XADD s 1-2 f v");
  run("XGROUP CREATE s g $ ENTRIESREAD 2");
  expect({
      {"XGROUP SETID s g 1-1", "+OK"},
      {"XINFO GROUPS s",
       "[[name g consumers :0 pending :0 last-delivered-id 1-1 entries-read nil lag :1]]"},
      {"XGROUP SETID s g 1-1 ENTRIESREAD 7", "+OK"},
      {"XINFO GROUPS s",
       "[[name g consumers :0 pending :0 last-delivered-id 1-1 entries-read :2 lag :1]]"},
      {"XGROUP SETID s g -", "+OK"},
      {"XINFO GROUPS s",
       "[[name g consumers :0 pending :0 last-delivered-id 0-0 entries-read nil lag :2]]"},
      {"XGROUP SETID s g +", "+OK"},
      {"XINFO GROUPS s",
       "[[name g consumers :0 pending :0 last-delivered-id "
       "18446744073709551615-18446744073709551615 entries-read nil lag :0]]"},
      {"XREADGROUP GROUP g c STREAMS s >", "nilarr"},
      {"XGROUP SETID s g $", "+OK"},
      {"XADD s 1-3 f v", "1-3"},
      {"XREADGROUP GROUP g c STREAMS s >", "[[s [[1-3 [f v]]]]]"},
  });
}

TEST_F(XgroupTest, RefusesSetidInOrder) {
  run("SET string value");
  run("XADD s 1-1 f v");
  run("XGROUP CREATE s g 0");
  constexpr std::string_view kWrongForm =
      "-ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP.";
  expect_refused({
      {"XGROUP SETID s g", "-ERR wrong number of arguments for 'xgroup|setid' command"},
      {"XGROUP SETID none g 1 MKSTREAM", kWrongForm},
      {"XGROUP SETID none g 1 ENTRIESREAD x", kNotInteger},
      {"XGROUP SETID none g 1 ENTRIESREAD -2", "-ERR value for ENTRIESREAD must be positive or -1"},
      {"XGROUP SETID none g x", kKeyRequired},
      {"XGROUP SETID string g x", kWrongType},
      {"XGROUP SETID s none x", kNoGroup},
      {"XGROUP SETID s g x", kBadId},
      {"XGROUP SETID s g 1 ENTRIESREAD 1 ENTRIESREAD 1", kWrongForm},
  });
}

TEST_F(XgroupTest, DestroysGroups) {
  run("SET string value");
  run("XADD s 1-1 f v");
  run("XGROUP CREATE s g 0");
  run("XREADGROUP GROUP g c STREAMS s >");
  expect({
      {"XGROUP DESTROY s g", ":1"},
      {"XGROUP DESTROY s g", ":0"},
      {"XINFO GROUPS s", "[]"},
      {"XGROUP CREATE s g 0", "+OK"},
      {"XPENDING s g", "[:0 nil nil nilarr]"},
      {"XINFO CONSUMERS s g", "[]"},
      {"XGROUP DESTROY none g", kKeyRequired},
      {"XGROUP DESTROY string g", kWrongType},
      {"XGROUP DESTROY s g x", "-ERR wrong number of arguments for 'xgroup|destroy' command"},
  });
}

TEST_F(XgroupTest, CreatesAndDeletesConsumers) {
  run("SET string value");
  for (int i = 1; i <= 3; ++i) run("XADD s " + std::to_string(i) + "-1 f v");
  run("XGROUP CREATE s g 0");
  expect({
      {"XGROUP CREATECONSUMER s g c", ":1"},
      {"XGROUP CREATECONSUMER s g c", ":0"},
      {"XGROUP CREATECONSUMER s g idle", ":1"},
      {"XREADGROUP GROUP g c COUNT 2 STREAMS s >", "[[s [[1-1 [f v]] [2-1 [f v]]]]]"},
      {"XREADGROUP GROUP g d STREAMS s >", "[[s [[3-1 [f v]]]]]"},
      {"XGROUP DELCONSUMER s g c", ":2"},
      {"XGROUP DELCONSUMER s g c", ":0"},
      {"XGROUP DELCONSUMER s g idle", ":0"},
      {"XPENDING s g", "[:1 3-1 3-1 [[d 1]]]"},
      {"XINFO CONSUMERS s g", "[[name d pending :1 idle :0 inactive :0]]"},
      {"XREADGROUP GROUP g c STREAMS s 0", "[[s []]]"},
      {"XGROUP CREATECONSUMER s none c", kNoGroup},
      {"XGROUP DELCONSUMER s none c", kNoGroup},
      {"XGROUP CREATECONSUMER none g c", kKeyRequired},
      {"XGROUP DELCONSUMER none g c", kKeyRequired},
      {"XGROUP CREATECONSUMER string g c", kWrongType},
      {"XGROUP DELCONSUMER string g c", kWrongType},
      {"XGROUP CREATECONSUMER s g",
       "-ERR wrong number of arguments for 'xgroup|createconsumer' command"},
  });
}

// Ids of groups and consumers are never given again; they are used up after four billion.
TEST_F(XgroupTest, RefusesMoreGroupsAndConsumersThanItCanName) {
  run("XADD s 1-1 f v");
  const ObjectId object = engine().keyspace().find(DbIndex{0}, "s")->id;
  commit(GroupCreate{.object = object, .group = GroupId{kGroupIdEnd - 1}, .name = "last"});
  commit(ConsumerCreate{.object = object,
                        .group = GroupId{kGroupIdEnd - 1},
                        .consumer = ConsumerId{kConsumerIdEnd - 1},
                        .name = "last"});
  constexpr std::string_view kNoConsumer =
      "-ERR the group has had as many consumers as it can name; create another group";
  expect_refused({
      {"XGROUP CREATE s g 0", "-ERR the stream has had as many groups as it can name"},
      {"XGROUP CREATECONSUMER s last c", kNoConsumer},
      {"XREADGROUP GROUP last c STREAMS s >", kNoConsumer},
      {"XCLAIM s last c 0 1-1", kNoConsumer},
      {"XAUTOCLAIM s last c 0 0", kNoConsumer},
  });
  expect({
      {"XREADGROUP GROUP last last STREAMS s >", "[[s [[1-1 [f v]]]]]"},
      {"XPENDING s last - + 1 last", "[[1-1 last :0 :1]]"},
      {"XACK s last 1-1", ":1"},
  });
}

TEST_F(XgroupTest, HelpsInSimpleStrings) {
  const std::string help = run("XGROUP HELP");
  EXPECT_TRUE(help.starts_with("[+XGROUP <subcommand>")) << help;
  for (const char* word :
       {"+CREATE ", "+CREATECONSUMER ", "+DELCONSUMER ", "+DESTROY ", "+SETID ", "+HELP "}) {
    EXPECT_NE(help.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(run("XGROUP HELP x"), "-ERR wrong number of arguments for 'xgroup|help' command");
}

TEST_F(XackTest, RemovesWhatIsPending) {
  for (int i = 1; i <= 6; ++i) run("XADD s " + std::to_string(i) + "-1 f v");
  run("XGROUP CREATE s g 0");
  run("XREADGROUP GROUP g c COUNT 3 STREAMS s >");
  run("XREADGROUP GROUP g d STREAMS s >");
  expect({
      {"XACK s g 9-9", ":0"},
      {"XACK s g 1-1", ":1"},
      {"XACK s g 1-1", ":0"},
      {"XACK s g 6-1 2-1 9-9 2-1 0-1 4-1", ":3"},
      {"XPENDING s g - + 10", "[[3-1 c :0 :1] [5-1 d :0 :1]]"},
      {"XPENDING s g", "[:2 3-1 5-1 [[c 1] [d 1]]]"},
      {"XACK s none 3-1", ":0"},
      {"XACK s none x", ":0"},
      {"XACK none g x", ":0"},
      {"XACK s g 3-1 4-1 5-1", ":2"},
      {"XPENDING s g", "[:0 nil nil nilarr]"},
  });
}

TEST_F(XackTest, TakesIdsBeyondAllThatIsPending) {
  run("XADD s 5-1 f v");
  run("XGROUP CREATE s g 0");
  run("XREADGROUP GROUP g c STREAMS s >");
  expect({
      {"XACK s g 0-1 0-2", ":0"},
      {"XACK s g 7-1 8-1", ":0"},
      {"XACK s g 4-1 5-1 6-1 18446744073709551615-18446744073709551615", ":1"},
  });
}

TEST_F(XackTest, RefusesOneBadIdAmongGood) {
  run("SET string value");
  run("XADD s 1-1 f v");
  run("XGROUP CREATE s g 0");
  run("XREADGROUP GROUP g c STREAMS s >");
  expect_refused({
      {"XACK s g 1-1 x", kBadId},
      {"XACK s g -", kBadId},
      {"XACK s g", "-ERR wrong number of arguments for 'xack' command"},
      {"XACK string g 1-1", kWrongType},
  });
  EXPECT_EQ(run("XACK s g 1-1"), ":1");
}

TEST_F(XackTest, WritesOneRecordForARunOfIds) {
  std::string acknowledge = "XACK s g";
  for (int i = 1; i <= 100; ++i) {
    run_unchecked("XADD s " + std::to_string(i) + "-1 f v");
    acknowledge += " " + std::to_string(i) + "-1";
  }
  run("XGROUP CREATE s g 0");
  run("XREADGROUP GROUP g c STREAMS s >");
  const size_t before = written();
  EXPECT_EQ(run(acknowledge), ":100");
  EXPECT_THAT(last_records(), ElementsAre(RecordType::kGroupAck));
  EXPECT_LT(written() - before, 32);
}

}  // namespace
}  // namespace leat
