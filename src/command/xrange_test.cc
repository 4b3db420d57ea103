// XLEN, XRANGE, XREVRANGE, XDEL and XSETID.
#include "command/command_fixture.h"

namespace leat {
namespace {

using XlenTest = CommandFixture;
using XrangeTest = CommandFixture;
using XdelTest = CommandFixture;
using XsetidTest = CommandFixture;

TEST_F(XlenTest, CountsLiveEntries) {
  run("SET string value");
  expect({
      {"XLEN s", ":0"},
      {"XADD s 1-1 f v", "1-1"},
      {"XADD s 1-2 f v", "1-2"},
      {"XLEN s", ":2"},
      {"XDEL s 1-1", ":1"},
      {"XLEN s", ":1"},
      {"XLEN string", kWrongType},
      {"XLEN", "-ERR wrong number of arguments for 'xlen' command"},
      {"XLEN s s", "-ERR wrong number of arguments for 'xlen' command"},
  });
}

TEST_F(XrangeTest, RepliesTheRange) {
  run("XADD s 1-1 a 1");
  run("XADD s 1-2 a 2");
  run("XADD s 2-1 a 3");
  run("XADD s 3-1 a 4");
  expect({
      {"XRANGE s - +", "[[1-1 [a 1]] [1-2 [a 2]] [2-1 [a 3]] [3-1 [a 4]]]"},
      {"XRANGE s 1 1", "[[1-1 [a 1]] [1-2 [a 2]]]"},
      {"XRANGE s 1-2 2", "[[1-2 [a 2]] [2-1 [a 3]]]"},
      {"XRANGE s 1-2 1-2", "[[1-2 [a 2]]]"},
      {"XRANGE s (1-2 2", "[[2-1 [a 3]]]"},
      {"XRANGE s (1 2", "[[1-1 [a 1]] [1-2 [a 2]] [2-1 [a 3]]]"},
      {"XRANGE s 1-2 (2-1", "[[1-2 [a 2]]]"},
      {"XRANGE s 1-2 (2", "[[1-2 [a 2]] [2-1 [a 3]]]"},
      {"XRANGE s - (2-0", "[[1-1 [a 1]] [1-2 [a 2]]]"},
      {"XRANGE s (3-1 +", "[]"},
      {"XRANGE s 2 1", "[]"},
      {"XRANGE s + -", "[]"},
      {"XRANGE s 9 10", "[]"},
      {"XRANGE s - + COUNT 2", "[[1-1 [a 1]] [1-2 [a 2]]]"},
      {"XRANGE s - + COUNT 2 COUNT 1", "[[1-1 [a 1]]]"},
      {"XRANGE s - + count 100", "[[1-1 [a 1]] [1-2 [a 2]] [2-1 [a 3]] [3-1 [a 4]]]"},
      {"XRANGE s - + COUNT 0", "nilarr"},
      {"XRANGE s - + COUNT -1", "nilarr"},
      {"XRANGE none - +", "[]"},
      {"XRANGE none - + COUNT 0", "[]"},
      {"XREVRANGE s + -", "[[3-1 [a 4]] [2-1 [a 3]] [1-2 [a 2]] [1-1 [a 1]]]"},
      {"XREVRANGE s 2 1-2", "[[2-1 [a 3]] [1-2 [a 2]]]"},
      {"XREVRANGE s (3-1 (1-1", "[[2-1 [a 3]] [1-2 [a 2]]]"},
      {"XREVRANGE s + - COUNT 1", "[[3-1 [a 4]]]"},
      {"XREVRANGE s - +", "[]"},
      {"XREVRANGE s + - COUNT 0", "nilarr"},
      {"XREVRANGE none + -", "[]"},
  });
}

TEST_F(XrangeTest, IsTheSameInResp3ButForNulls) {
  speak_resp3();
  expect({
      {"XADD s 1-1 a 1", "1-1"},
      {"XRANGE s - +", "[[1-1 [a 1]]]"},
      {"XRANGE s - + COUNT 0", "null"},
      {"XADD none NOMKSTREAM * a 1", "null"},
  });
}

TEST_F(XrangeTest, RefusesWordsThatDoNotFit) {
  run("XADD s 1-1 f v");
  run("SET string value");
  expect_refused({
      {"XRANGE s -", "-ERR wrong number of arguments for 'xrange' command"},
      {"XRANGE s - + COUNT", kSyntax},
      {"XRANGE s - + FOO 1", kSyntax},
      {"XRANGE s - + COUNT x", kNotInteger},
      {"XRANGE s - + COUNT +1", kNotInteger},
      {"XRANGE s x +", kBadId},
      {"XRANGE s - x", kBadId},
      {"XRANGE s ( +", kBadId},
      {"XRANGE s (- +", kBadId},
      {"XRANGE s - (+", kBadId},
      {"XRANGE s \"\" +", kBadId},
      {"XRANGE s - $", kBadId},
      {"XRANGE s (18446744073709551615-18446744073709551615 +",
       "-ERR invalid start ID for the interval"},
      {"XRANGE s - (0-0", "-ERR invalid end ID for the interval"},
      {"XRANGE s - (0", "[]"},  // An end without sequence is 0-18446744073709551615.
      {"XREVRANGE s x (18446744073709551615-18446744073709551615",
       "-ERR invalid start ID for the interval"},
      {"XREVRANGE s (0-0 x", kBadId},
      {"XREVRANGE s (0-0 -", "-ERR invalid end ID for the interval"},
      {"XRANGE string x +", kBadId},
      {"XRANGE string - + COUNT x", kNotInteger},
      {"XRANGE string - +", kWrongType},
      {"XREVRANGE string + -", kWrongType},
  });
}

TEST_F(XrangeTest, SkipsDeletedEntriesAcrossNodes) {
  host().change_settings().stream_node_max_entries = 3;
  for (int i = 1; i <= 9; ++i) run("XADD s " + std::to_string(i) + "-1 f v");
  expect({
      {"XDEL s 1-1 4-1 5-1 6-1 9-1 8-1", ":6"},
      {"XRANGE s - +", "[[2-1 [f v]] [3-1 [f v]] [7-1 [f v]]]"},
      {"XREVRANGE s + -", "[[7-1 [f v]] [3-1 [f v]] [2-1 [f v]]]"},
      {"XREVRANGE s 6 2 COUNT 1", "[[3-1 [f v]]]"},
      {"XRANGE s 4 6", "[]"},
  });
}

TEST_F(XdelTest, DeletesAndCounts) {
  run("XADD s 1-1 f v");
  run("XADD s 1-2 f v");
  run("XADD s 1-3 f v");
  expect({
      {"XDEL s 9-9", ":0"},
      {"XDEL s 1-2", ":1"},
      {"XDEL s 1-2", ":0"},
      {"XDEL s 1-3 1-3 1-1 9-9", ":2"},
      {"EXISTS s", ":1"},
      {"XRANGE s - +", "[]"},
      {"XADD s 1-3 f v",
       "-ERR The ID specified in XADD is equal or smaller than the target stream top item"},
      {"XDEL none 1-1", ":0"},
      {"XDEL none x", ":0"},
  });
}

TEST_F(XdelTest, RefusesOneBadIdAmongGood) {
  run("XADD s 1-1 f v");
  run("SET string value");
  expect_refused({
      {"XDEL s 1-1 x", kBadId},
      {"XDEL s -", kBadId},
      {"XDEL s 1-*", kBadId},
      {"XDEL string 1-1", kWrongType},
      {"XDEL string x", kWrongType},
      {"XDEL s", "-ERR wrong number of arguments for 'xdel' command"},
  });
  EXPECT_EQ(run("XLEN s"), ":1");
}

TEST_F(XdelTest, WritesNothingWhenNothingIsThere) {
  run("XADD s 1-1 f v");
  const size_t before = written();
  run("XDEL s 2-1");
  EXPECT_EQ(written(), before);
}

TEST_F(XsetidTest, SetsWhatIsAsked) {
  run("XADD s 1-1 f v");
  run("XADD s 1-2 f v");
  run("XDEL s 1-1");
  expect({
      {"XSETID s 5-5", "+OK"},
      {"XINFO STREAM s",
       "[length :1 radix-tree-keys :1 radix-tree-nodes :2 last-generated-id 5-5 "
       "max-deleted-entry-id 1-1 entries-added :2 recorded-first-entry-id 1-2 "
       "idmp-duration :100 idmp-maxsize :100 pids-tracked :0 iids-tracked :0 "
       "iids-added :0 iids-duplicates :0 "
       "groups :0 "
       "first-entry [1-2 [f v]] last-entry [1-2 [f v]]]"},
      {"XSETID s 6 ENTRIESADDED 100 MAXDELETEDID 3-3", "+OK"},
      {"XSETID s 7 MAXDELETEDID 0-0", "+OK"},
      {"XINFO STREAM s",
       "[length :1 radix-tree-keys :1 radix-tree-nodes :2 last-generated-id 7-0 "
       "max-deleted-entry-id 3-3 entries-added :100 recorded-first-entry-id 1-2 "
       "idmp-duration :100 idmp-maxsize :100 pids-tracked :0 iids-tracked :0 "
       "iids-added :0 iids-duplicates :0 "
       "groups :0 "
       "first-entry [1-2 [f v]] last-entry [1-2 [f v]]]"},
      {"XADD s 7-0 f v",
       "-ERR The ID specified in XADD is equal or smaller than the target stream top item"},
      {"XADD s 7-1 f v", "7-1"},
  });
}

TEST_F(XsetidTest, LowersTheIdOfAnEmptyStream) {
  expect({
      {"XADD s 5-1 f v", "5-1"},
      {"XTRIM s MAXLEN 0", ":1"},
      {"XSETID s 1-1", "+OK"},
      {"XADD s 1-2 f v", "1-2"},
      {"XRANGE s - +", "[[1-2 [f v]]]"},
  });
}

// Redis' check looks at the greatest deleted id, which XSETID itself can lower: the ids of deleted entries that
// still have their place in a node can then be given again.
TEST_F(XsetidTest, LowersTheIdBehindDeletedEntries) {
  for (int i = 1; i <= 5; ++i) run("XADD s " + std::to_string(i) + "-1 f v");
  run("XGROUP CREATE s g $");
  expect({
      {"XDEL s 4-1 5-1 2-1", ":3"},
      {"XSETID s 5-1 MAXDELETEDID 1-1", "+OK"},
      {"XSETID s 3-0",
       "-ERR The ID specified in XSETID is smaller than the target stream top item"},
      {"XSETID s 3-1", "+OK"},
      {"XADD s 4-1 f w", "4-1"},
      {"XRANGE s - +", "[[1-1 [f v]] [3-1 [f v]] [4-1 [f w]]]"},
      {"XREVRANGE s + - COUNT 1", "[[4-1 [f w]]]"},
      {"XDEL s 4-1", ":1"},
      {"XADD s 5-1 f w", "5-1"},
      {"XADD s 6-1 f w", "6-1"},
      {"XTRIM s MAXLEN 2", ":2"},
      {"XRANGE s - +", "[[5-1 [f w]] [6-1 [f w]]]"},
  });
}

TEST_F(XsetidTest, RefusesInOrder) {
  run("SET string value");
  run("XADD s 1-1 f v");
  run("XADD s 5-5 f v");
  run("XADD s 6-6 f v");
  run("XDEL s 6-6");
  expect_refused({
      {"XSETID s", "-ERR wrong number of arguments for 'xsetid' command"},
      {"XSETID none x", kBadId},
      {"XSETID none -", kBadId},
      {"XSETID none 1-1 ENTRIESADDED x", kNotInteger},
      {"XSETID none 1-1 ENTRIESADDED -1", "-ERR entries_added must be positive"},
      {"XSETID none 1-1 MAXDELETEDID x", kBadId},
      {"XSETID none 1-1 MAXDELETEDID 1-2",
       "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"},
      {"XSETID none 1-1 FOO 1", kSyntax},
      {"XSETID none 1-1 ENTRIESADDED", kSyntax},
      {"XSETID none 1-1", "-ERR no such key"},
      {"XSETID string 1-1", kWrongType},
      {"XSETID s 6-5",
       "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"},
      {"XSETID s 6-6 ENTRIESADDED 1",
       "-ERR The entries_added specified in XSETID is smaller than the target stream length"},
  });
  run("XADD s 7-7 f v");
  expect_refused({
      {"XSETID s 7-6",
       "-ERR The ID specified in XSETID is smaller than the target stream top item"},
  });
}

}  // namespace
}  // namespace leat
