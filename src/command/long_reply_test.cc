// Replies that are written in pieces are the same as those that are written whole, whatever happens between two pieces.
#include "command/long_reply.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "command/command_fixture.h"

namespace leat {
namespace {

// Entries 1-0 to 40-0 of the streams "s" and "t", two to a block: nearly all are sealed.
class LongReplyTest : public CommandFixture {
 protected:
  LongReplyTest() {
    host().change_settings().stream_node_max_entries = 2;
    fill("s");
    fill("t");
    run("XADD one 5-0 f v");
    add_client("other");
  }
  void fill(const std::string& key) {
    for (int i = 1; i <= 40; ++i)
      run_unchecked("XADD " + key + " " + std::to_string(i) + "-0 f v" + std::to_string(i));
  }
  void whole() { reply_in_pieces(SIZE_MAX, nullptr); }
};

// In both protocols, on their own.
TEST_F(LongReplyTest, IsWhatTheCommandReplies) {
  run("XDEL s 7-0 8-0 21-0");
  for (const bool resp3 : {false, true}) {
    if (resp3) speak_resp3();
    for (const std::string_view command : {
             "XRANGE s - +",
             "XRANGE s 3 30",
             "XRANGE s (3 (30",
             "XRANGE s 3 30 COUNT 11",
             "XRANGE s 3 + COUNT 1000",
             "XRANGE s - + COUNT 2",
             "XRANGE s 20 22",
             "XREVRANGE s + -",
             "XREVRANGE s 30 3",
             "XREVRANGE s + 3 COUNT 20",
             "XREVRANGE s 31 - COUNT 1000",
             "XREAD STREAMS s 0",
             "XREAD COUNT 13 STREAMS s 4",
             "XREAD STREAMS s t 0 9",
             "XREAD STREAMS s t none one 39 9 0 0",
             "XREAD COUNT 3 STREAMS one s t 0 0 20",
             "XREAD STREAMS s one t t 3 + 40 +",
             "XREAD STREAMS one none 5 0",
         }) {
      whole();
      const std::string expected = run(command);
      for (const size_t bytes : {1UL, 40UL, 150UL, 1000UL, 100'000UL}) {
        reply_in_pieces(bytes, nullptr);
        EXPECT_EQ(run(command), expected) << command << " in pieces of " << bytes;
      }
    }
  }
  EXPECT_GT(pieces(), 500);
}

TEST_F(LongReplyTest, ShowsTheStreamAsItWas) {
  const std::vector<std::vector<std::string>> changes = {
      {"XDEL s 30-0 31-0 2-0", "XDEL s 29-0"},
      {"XTRIM s MAXLEN 25", "XTRIM s MAXLEN 1", "XADD s 50-0 f new"},
      {"XTRIM s MINID 20", "XDEL s 25-0", "XTRIM s MAXLEN 0", "XSETID s 5", "XADD s 6-0 f new"},
      {"DEL s", "XADD s 20-0 f new"},
      {"FLUSHALL"},
      {"SET s string"},
      {"RENAME s u", "XTRIM u MAXLEN 2"},
      {"RENAME one s"},
      {"COPY s u", "DEL s", "XDEL u 10-0"},
      {"PEXPIRE s 0"},
      {"XDEL s 40-0 39-0 38-0", "XSETID s 60 ENTRIESADDED 60 MAXDELETEDID 1-0", "XSETID s 37",
       "XADD s 38-0 f new"},
      {"XADD s MAXLEN ~ 10 50-0 f new", "XADD s MAXLEN 3 51-0 f new"},
  };
  for (const std::string_view command :
       {"XRANGE s - +", "XREVRANGE s + -", "XREAD STREAMS t s 20 10", "XRANGE s 5 33 COUNT 20"}) {
    for (const std::vector<std::string>& change : changes) {
      run("FLUSHALL");
      fill("s");
      fill("t");
      run("XADD one 5-0 f v");
      whole();
      const std::string expected = run(command);
      size_t next = 0;
      reply_in_pieces(100, [this, &change, &next] {
        if (next < change.size()) run_as("other", change[next++]);
      });
      EXPECT_EQ(run(command), expected) << command << " while " << change[0];
      EXPECT_EQ(next, change.size()) << command << " while " << change[0];
    }
  }
}

TEST_F(LongReplyTest, IsWholeInsideOfATransaction) {
  reply_in_pieces(100, [] { ADD_FAILURE() << "a piece of a transaction"; });
  run("MULTI");
  run("XRANGE s - +");
  const std::string reply = run("EXEC");
  EXPECT_NE(reply.find("[40-0 [f v40]]"), std::string::npos);
}

TEST_F(LongReplyTest, IsNotUsedForWhatIsSmall) {
  reply_in_pieces(1000, [] { ADD_FAILURE() << "a piece of a small reply"; });
  run("XRANGE s - + COUNT 20");
  run("XREVRANGE s + - COUNT 20");
  run("XREAD COUNT 10 STREAMS s t 0 0");
  EXPECT_EQ(pieces(), 0);
}

TEST_F(LongReplyTest, EndsTheConnectionWhenEntriesCantBeRead) {
  size_t call = 0;
  reply_in_pieces(100, [this, &call] { frames().set_broken(++call > 3); });
  EXPECT_EQ(run("XRANGE s - +"), "not a reply");
  frames().set_broken(false);
  EXPECT_EQ(run("XLEN s"), ":40");
}

TEST_F(LongReplyTest, CountsWhatIsHeldForIt) {
  dispatcher().set_piece_bytes(100);
  LongReply rest(Protocol::kResp2);
  rest.add("text");
  EXPECT_LT(rest.held_bytes(), 1000);
  rest.add(stream("t"), StreamId::min(), StreamId::max(), StreamSnapshot::Order::kUp, 40);
  const size_t before = rest.held_bytes();
  run("DEL t");
  EXPECT_GT(rest.held_bytes(), before + 40 / 2 * sizeof(Fence) / 2);
}

}  // namespace
}  // namespace leat
