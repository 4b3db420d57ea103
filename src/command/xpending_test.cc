// XPENDING.
#include "command/command_fixture.h"

namespace leat {
namespace {

class XpendingTest : public CommandFixture {
 protected:
  // Five entries: 1-1 and 2-1 to a at 0 ms, 3-1 to b at 100 ms, 4-1 and 5-1 to a at 150 ms. Then 200 ms.
  void deliver() {
    for (int i = 1; i <= 5; ++i) run("XADD s " + std::to_string(i) + "-1 f v");
    run("XGROUP CREATE s g 0");
    run("XREADGROUP GROUP g a COUNT 2 STREAMS s >");
    advance_ms(100);
    run("XREADGROUP GROUP g b COUNT 1 STREAMS s >");
    advance_ms(50);
    run("XREADGROUP GROUP g a COUNT 2 STREAMS s >");
    advance_ms(50);
  }
};

TEST_F(XpendingTest, SumsUp) {
  run("XGROUP CREATE s g $ MKSTREAM");
  expect({
      {"XPENDING s g", "[:0 nil nil nilarr]"},
      {"XGROUP CREATECONSUMER s g idle", ":1"},
      {"XPENDING s g", "[:0 nil nil nilarr]"},
      {"DEL s", ":1"},
  });
  deliver();
  expect({
      {"XPENDING s g", "[:5 1-1 5-1 [[a 4] [b 1]]]"},
      {"XACK s g 1-1 5-1", ":2"},
      {"XPENDING s g", "[:3 2-1 4-1 [[a 2] [b 1]]]"},
      {"XACK s g 3-1", ":1"},
      {"XPENDING s g", "[:2 2-1 4-1 [[a 2]]]"},
  });
}

TEST_F(XpendingTest, SumsUpWithNullsOfResp3) {
  speak_resp3();
  run("XGROUP CREATE s g $ MKSTREAM");
  EXPECT_EQ(run("XPENDING s g"), "[:0 null null null]");
}

TEST_F(XpendingTest, ListsRanges) {
  deliver();
  expect({
      {"XPENDING s g - + 10",
       "[[1-1 a :200 :1] [2-1 a :200 :1] [3-1 b :100 :1] [4-1 a :50 :1] [5-1 a :50 :1]]"},
      {"XPENDING s g - + 2", "[[1-1 a :200 :1] [2-1 a :200 :1]]"},
      {"XPENDING s g 2 3 10", "[[2-1 a :200 :1] [3-1 b :100 :1]]"},
      {"XPENDING s g (2-1 (4-1 10", "[[3-1 b :100 :1]]"},
      {"XPENDING s g + - 10", "[]"},
      {"XPENDING s g 9 10 10", "[]"},
      {"XPENDING s g - + 0", "[]"},
      {"XPENDING s g - + -5", "[]"},
  });
}

TEST_F(XpendingTest, ListsOneConsumersEntries) {
  deliver();
  expect({
      {"XPENDING s g - + 10 b", "[[3-1 b :100 :1]]"},
      {"XPENDING s g - + 2 a", "[[1-1 a :200 :1] [2-1 a :200 :1]]"},
      {"XPENDING s g 2-2 + 10 a", "[[4-1 a :50 :1] [5-1 a :50 :1]]"},
      {"XPENDING s g - + 10 nobody", "[]"},
      {"XPENDING s g - + 10 a surplus",
       "[[1-1 a :200 :1] [2-1 a :200 :1] [4-1 a :50 :1] [5-1 a :50 :1]]"},
  });
}

TEST_F(XpendingTest, ListsWhatHasBeenIdleForLong) {
  deliver();
  expect({
      {"XPENDING s g IDLE 0 - + 10 b", "[[3-1 b :100 :1]]"},
      {"XPENDING s g IDLE 51 - + 10", "[[1-1 a :200 :1] [2-1 a :200 :1] [3-1 b :100 :1]]"},
      {"XPENDING s g IDLE 100 - + 10", "[[1-1 a :200 :1] [2-1 a :200 :1] [3-1 b :100 :1]]"},
      {"XPENDING s g IDLE 101 - + 10 a", "[[1-1 a :200 :1] [2-1 a :200 :1]]"},
      {"XPENDING s g IDLE 101 - + 1 a", "[[1-1 a :200 :1]]"},
      {"XPENDING s g IDLE 200 2-1 + 10", "[[2-1 a :200 :1]]"},
      {"XPENDING s g idle 201 - + 10", "[]"},
      {"XPENDING s g IDLE -5 - + 1", "[[1-1 a :200 :1]]"},
  });
}

TEST_F(XpendingTest, ShowsNoNegativeIdleTime) {
  deliver();
  advance_ms(-1000);
  EXPECT_EQ(run("XPENDING s g 1 1 1"), "[[1-1 a :0 :1]]");
}

TEST_F(XpendingTest, RefusesWordsThatDoNotFit) {
  deliver();
  run("SET string value");
  constexpr std::string_view kNeither = "-NOGROUP No such key 's' or consumer group 'none'";
  expect_refused({
      {"XPENDING s", "-ERR wrong number of arguments for 'xpending' command"},
      {"XPENDING s g -", kSyntax},
      {"XPENDING s g - +", kSyntax},
      {"XPENDING s g - + 1 a b c d", kSyntax},
      {"XPENDING s g IDLE 5 - +", kSyntax},
      {"XPENDING s g IDLE x - +", kNotInteger},
      {"XPENDING s g IDLE x - + 10", kNotInteger},
      {"XPENDING s g - + x", kNotInteger},
      {"XPENDING s g x y z", kNotInteger},
      {"XPENDING s g x y 1", kBadId},
      {"XPENDING s g - x 1", kBadId},
      {"XPENDING s g (18446744073709551615-18446744073709551615 + 1",
       "-ERR invalid start ID for the interval"},
      {"XPENDING s g - (0-0 1", "-ERR invalid end ID for the interval"},
      {"XPENDING none g x y 1", kBadId},
      {"XPENDING none g", "-NOGROUP No such key 'none' or consumer group 'g'"},
      {"XPENDING s none", kNeither},
      {"XPENDING s none - + 1", kNeither},
      {"XPENDING string g", "-WRONGTYPE Operation against a key holding the wrong kind of value"},
  });
}

}  // namespace
}  // namespace leat
