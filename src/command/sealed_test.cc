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
  [[nodiscard]] uint64_t read_on_the_spot() const {
    return engine().share().frames.counters().loads;
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
      {"XADD s 23-0 f v", 0},
      {"COPY s t", 0},
      {"DEL s", 0},
  };
  const uint64_t read = read_on_the_spot();
  // Every command begins with nothing open; the digests that the fixture compares read on the spot.
  for (const auto& c : cases) {
    EXPECT_EQ(waits_of(c.command), c.waits) << c.command;
  }
  EXPECT_GE(read_on_the_spot(), read);
}

TEST_F(SealedCommandTest, WaitOnceForAllThatIsMissing) {
  dispatcher().set_frames_max(20);
  EXPECT_EQ(waits_of("XRANGE s - +"), 9);
  EXPECT_EQ(rounds(), 1);
  EXPECT_EQ(waits_of("XREAD STREAMS s 0"), 9);
  EXPECT_EQ(rounds(), 2);
}

TEST_F(SealedCommandTest, ReadOnTheSpotInsideExec) {
  run("MULTI");
  run("XRANGE s 1 2");
  run("XDEL s 1-0 3-0");
  EXPECT_EQ(run("EXEC"), "[[[1-0 [f v]] [2-0 [f v]]] :2]");
  EXPECT_EQ(waited(), 0);
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
  dispatcher().set_frames_max(0);
  frames().set_broken(true);
  for (const std::string_view command :
       {"XRANGE s 1 2", "XREVRANGE s 6 3", "XREAD STREAMS s 0", "XINFO STREAM s",
        "XINFO STREAM s FULL", "XGROUP SETID s g 3", "XGROUP CREATE s h 3",
        "XREADGROUP GROUP g c STREAMS s >", "XTRIM s MAXLEN 17", "XADD s MAXLEN 16 21-0 f v",
        "XDEL s 10-0", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >"}) {
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

TEST_F(SealedCommandTest, PoliciesChangeNothingWhenAFrameCantBeRead) {
  run("XCFGSET s MAXLEN 20");
  frames().set_broken(true);
  dispatcher().set_frames_max(0);
  EXPECT_EQ(run_unchecked("XADD s 21-0 f v"), kUnreadable);
  EXPECT_EQ(run_unchecked("XLEN s"), ":20");
  frames().set_broken(false);
  EXPECT_EQ(run("XADD s 21-0 f v"), "21-0");
  EXPECT_EQ(run("XLEN s"), ":20");
}

}  // namespace
}  // namespace leat
