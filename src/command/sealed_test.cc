// What commands do about entries that are not in memory. All other tests of commands meet them as well: the fixture
// seals what it can.
#include <gtest/gtest.h>

#include "command/command_fixture.h"

namespace leat {
namespace {

// Entries 1-0 to 20-0 of the stream "s", two to a block: 1-0 to 18-0 are sealed, a block to a frame.
class SealedCommandTest : public CommandFixture {
 protected:
  SealedCommandTest() {
    host().change_settings().stream_node_max_entries = 2;
    for (int i = 1; i <= 20; ++i) run("XADD s " + std::to_string(i) + "-0 f v");
    EXPECT_EQ(frames().size(), 9);
    EXPECT_EQ(waited(), 0);
  }
  // Runs the command; returns how many frames it waited for.
  size_t waits_of(std::string_view command) {
    const size_t before = waited();
    run(command);
    return waited() - before;
  }
};

constexpr std::string_view kUnreadable =
    "-ERR entries of the stream that are kept on disk can't be read; the log of the server says "
    "why";

TEST_F(SealedCommandTest, WaitForWhatTheyReadAndNoMore) {
  run("XGROUP CREATE s g 0");
  const struct {
    std::string_view command;
    size_t waits;
  } cases[] = {
      {"XLEN s", 0},
      {"XRANGE s 19 +", 0},
      {"XRANGE s 17 +", 1},
      {"XRANGE s 3 6", 2},
      {"XRANGE s 1 + COUNT 3", 2},
      {"XRANGE s 2 + COUNT 1",
       2},  // How much of the first frame counts is not known before it is open.
      {"XREVRANGE s 6 3", 2},
      {"XREVRANGE s + - COUNT 2", 0},
      {"XREVRANGE s + - COUNT 3", 1},
      {"XREAD STREAMS s 18", 0},
      {"XREAD COUNT 1 STREAMS s 0", 1},
      {"XREAD STREAMS s +", 0},
      {"XREAD COUNT 100 STREAMS s $", 0},
      {"XINFO STREAM s", 1},
      {"XINFO STREAM s FULL COUNT 1", 1},
      {"XINFO GROUPS s", 0},
      {"XPENDING s g", 0},
      {"XGROUP SETID s g 4", 0},
      {"XGROUP SETID s g 3", 1},
      {"XREADGROUP GROUP g c COUNT 1 STREAMS s >", 2},
      {"XREADGROUP GROUP g c COUNT 1 STREAMS s 0", 1},
      {"XCLAIM s g d 0 4-0", 1},
      {"XAUTOCLAIM s g c 0 0", 1},
      {"XTRIM s MAXLEN 18", 0},
      {"XTRIM s MAXLEN 17", 1},
      {"XADD s MAXLEN 16 21-0 f v", 1},
      {"XADD s MAXLEN 14 22-0 f v", 0},
      {"XDEL s 10-0 15-0", 2},
      {"XCFGSET s MAXLEN 14", 0},
      {"XCFGSET s MAXLEN 10", 1},
      {"XADD s 23-0 f v", 0},
      {"COPY s t", 0},
      {"DEL s", 0},
      {"XREADGROUP GROUP g c COUNT 1 STREAMS t >", 1},
      {"XDELEX t ACKED IDS 2 13-0 18-0", 0},
      {"XDELEX t DELREF IDS 2 14-0 18-0", 2},
      {"XACKDEL t g IDS 2 13-0 17-0", 1},
  };
  // Every command begins with nothing open.
  for (const auto& c : cases) {
    EXPECT_EQ(waits_of(c.command), c.waits) << c.command;
  }
}

TEST_F(SealedCommandTest, WaitOnceForAllThatIsMissing) {
  dispatcher().set_frames_max(20);
  EXPECT_EQ(waits_of("XRANGE s - +"), 9);
  EXPECT_EQ(rounds(), 1);
  EXPECT_EQ(waits_of("XREAD STREAMS s 0"), 9);
  EXPECT_EQ(rounds(), 2);
}

TEST_F(SealedCommandTest, ExecWaitsInTheMiddleAndStaysOneGroup) {
  run("MULTI");
  run("XRANGE s 1 2");
  run("XDEL s 1-0 3-0");
  run("XADD s 21-0 f v");
  run("XTRIM s MAXLEN 16");
  run("XRANGE s - 6");
  EXPECT_EQ(run("EXEC"), "[[[1-0 [f v]] [2-0 [f v]]] :2 21-0 :3 [[6-0 [f v]]]]");
  EXPECT_EQ(waited(), 3) << "for the first block, for that of 3-0, and for the one that XTRIM cuts";
}

TEST_F(SealedCommandTest, ExecBeginsAnewWhileItHasDoneNothing) {
  add_client("other");
  for (const bool disturbed : {false, true}) {
    run("WATCH k");
    run("MULTI");
    run("XRANGE s 1 1");
    run("SET k 1");
    meanwhile([this, disturbed] { run_as("other", disturbed ? "SET k 2" : "SET l 2"); });
    EXPECT_EQ(run("EXEC"), disturbed ? "nilarr" : "[[[1-0 [f v]]] +OK]");
  }
  EXPECT_EQ(run("GET k"), "2");
}

TEST_F(SealedCommandTest, AnIdBeforeTheFirstEntryNeedsNoFrame) {
  run("XGROUP CREATE s g 0");
  EXPECT_EQ(waits_of("XCLAIM s g c 0 0-0 LASTID 14"), 0);
  EXPECT_EQ(run("XPENDING s g"), "[:0 nil nil nilarr]");
}

TEST_F(SealedCommandTest, HandOutNothingTwiceWhenSeveralStreamsAreRead) {
  run("COPY s t");
  run("XGROUP CREATE s g 0");
  run("XGROUP CREATE t g 0");
  EXPECT_EQ(run("XREADGROUP GROUP g c COUNT 1 STREAMS s t > >"),
            "[[s [[1-0 [f v]]]] [t [[1-0 [f v]]]]]");
  EXPECT_EQ(
      run("XREADGROUP GROUP g c COUNT 5 STREAMS s t 0 >"),
      "[[s [[1-0 [f v]]]] [t [[2-0 [f v]] [3-0 [f v]] [4-0 [f v]] [5-0 [f v]] [6-0 [f v]]]]]");
  EXPECT_EQ(stream("t").groups().find("g")->pending.size(), 6);
}

TEST_F(SealedCommandTest, FailWhenAFrameCantBeReadAndChangeNothing) {
  run("XGROUP CREATE s g 0");
  frames().set_broken(true);
  for (const std::string_view command :
       {"XRANGE s 1 2", "XREVRANGE s 6 3", "XREAD STREAMS s 0", "XINFO STREAM s",
        "XINFO STREAM s FULL", "XGROUP SETID s g 3", "XGROUP CREATE s h 3",
        "XREADGROUP GROUP g c STREAMS s >", "XTRIM s MAXLEN 17", "XADD s MAXLEN 16 21-0 f v",
        "XDEL s 10-0", "XDELEX s IDS 1 10-0", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >"}) {
    EXPECT_EQ(run_unchecked(command), kUnreadable) << command;
  }
  EXPECT_EQ(run_unchecked("XLEN s"), ":20");
  EXPECT_EQ(run_unchecked("XRANGE s 19 +"), "[[19-0 [f v]] [20-0 [f v]]]");
  EXPECT_EQ(run_unchecked("XTRIM s MAXLEN 18"), ":2") << "whole frames go unread";
  EXPECT_EQ(run_unchecked("MULTI"), "+OK");
  run_unchecked("XDEL s 10-0");
  run_unchecked("XADD s 21-0 f v");
  EXPECT_EQ(run_unchecked("EXEC"), "[" + std::string(kUnreadable) + " 21-0]");
  frames().set_broken(false);
  EXPECT_EQ(run("XLEN s"), ":19");
  EXPECT_EQ(run("XPENDING s g"), "[:0 nil nil nilarr]");
}

TEST_F(SealedCommandTest, PoliciesWaitForTheFrameThatTheyCut) {
  run("XCFGSET s MAXLEN 20");
  EXPECT_EQ(waits_of("XADD s 21-0 f v"), 1);
  EXPECT_EQ(waits_of("XADD s 22-0 f v"), 0) << "the rest of what was cut goes whole";
  EXPECT_EQ(run("XRANGE s - + COUNT 1"), "[[3-0 [f v]]]");
  run("XCFGSET s WHENFULL REJECT");
  EXPECT_TRUE(run("XADD s 23-0 f v").starts_with("-STREAMFULL"));
}

// What is pending holds the policy back only until the trim that XADD asks for has taken it out.
TEST_F(SealedCommandTest, APolicyBehindATrimWaitsForTheFrameThatItCuts) {
  run("XGROUP CREATE s g 0");
  run("XREADGROUP GROUP g c COUNT 15 STREAMS s >");
  run("XACK s g 3-0 4-0 5-0 6-0 7-0 8-0 9-0 10-0 11-0 12-0 13-0");
  run("XCFGSET s MAXLEN 12 RETAIN UNACKED");
  EXPECT_EQ(run("XLEN s"), ":20");
  EXPECT_EQ(waits_of("XADD s MINID 3-0 21-0 f v"), 2) << "9-0 is cut, 14-0 looked for";
  EXPECT_EQ(run("XRANGE s - + COUNT 1"), "[[10-0 [f v]]]");
}

// The stream remembers the first block of the frame that a trim ends in, and forgets it for that of the policy.
TEST_F(SealedCommandTest, APolicyThatCutsAnotherFrameThanATrimLeavesBothAtHand) {
  EXPECT_EQ(waits_of("XADD s MINID ~ 2 21-0 f v"), 1);
  EXPECT_EQ(waits_of("XADD s MINID ~ 2 22-0 f v"), 0);
  run("XCFGSET s MAXBYTES 308");
  EXPECT_EQ(waits_of("XADD s MINID ~ 2 23-0 f " + std::string(25, 'v')), 2);
  EXPECT_EQ(run("XRANGE s - + COUNT 1"), "[[4-0 [f v]]]");
}

TEST_F(SealedCommandTest, PoliciesChangeNothingWhenAFrameCantBeRead) {
  run("XCFGSET s MAXLEN 20");
  frames().set_broken(true);
  EXPECT_EQ(run_unchecked("XADD s 21-0 f v"), kUnreadable);
  EXPECT_EQ(run_unchecked("XLEN s"), ":20");
  frames().set_broken(false);
  EXPECT_EQ(run("XADD s 21-0 f v"), "21-0");
  EXPECT_EQ(run("XLEN s"), ":20");
}

TEST_F(SealedCommandTest, APolicyWaitsForTheFrameThatItCutsAtOnce) {
  EXPECT_EQ(waits_of("XCFGSET s MAXLEN 18"), 0) << "whole frames go unread";
  EXPECT_EQ(waits_of("XCFGSET s MAXLEN 15"), 1);
  EXPECT_EQ(run("XRANGE s - + COUNT 1"), "[[6-0 [f v]]]");
  // 14 bytes each: "$1 f $1 v" in wire form.
  EXPECT_EQ(waits_of("XCFGSET s MAXLEN 0 MAXBYTES 160"), 1);
  EXPECT_EQ(run("XLEN s"), ":11");
  run("XGROUP CREATE s g 13");
  EXPECT_EQ(waits_of("XCFGSET s MAXBYTES 0 MAXLEN 2 RETAIN UNACKED"), 1);
  EXPECT_EQ(run("XRANGE s - + COUNT 1"), "[[14-0 [f v]]]");
}

TEST_F(SealedCommandTest, APolicyIsNotSetWhenAFrameCantBeRead) {
  frames().set_broken(true);
  EXPECT_EQ(run_unchecked("XCFGSET s MAXLEN 15"), kUnreadable);
  frames().set_broken(false);
  EXPECT_EQ(run("XLEN s"), ":20");
  EXPECT_TRUE(stream("s").retention().none());
}

TEST_F(SealedCommandTest, AgeingWaitsForTheFrameThatItCuts) {
  run("XCFGSET s MAXAGE " + std::to_string(now_ms() - 4) + "ms");
  const size_t before = waited();
  age_out();
  EXPECT_EQ(waited(), before) << "4-0 ends a frame";
  EXPECT_EQ(run("XRANGE s - + COUNT 1"), "[[5-0 [f v]]]");
  advance_ms(501);
  run("XCFGSET s MAXAGE " + std::to_string(now_ms() - 7) + "ms");
  const size_t between = waited();
  age_out();
  EXPECT_EQ(waited(), between + 1);
  EXPECT_EQ(run("XRANGE s - + COUNT 1"), "[[8-0 [f v]]]");
}

TEST_F(SealedCommandTest, AgeingDropsWhatItCanAndComesAgainWhenAFrameCantBeRead) {
  run("XCFGSET s MAXAGE " + std::to_string(now_ms() - 7) + "ms");
  frames().set_broken(true);
  age_out_unchecked();
  EXPECT_EQ(run_unchecked("XLEN s"), ":14") << "whole frames go unread";
  frames().set_broken(false);
  age_out();
  EXPECT_EQ(run("XLEN s"), ":14") << "it has been looked at just now";
  advance_ms(501);
  run("XCFGSET s MAXAGE " + std::to_string(now_ms() - 7) + "ms");
  age_out();
  EXPECT_EQ(run("XLEN s"), ":13");
}

}  // namespace
}  // namespace leat
