// Idempotent producers: XADD IDMP and IDMPAUTO, XCFGSET IDMP-DURATION and IDMP-MAXSIZE, XIDMPRECORD.
#include "command/command_fixture.h"

namespace leat {
namespace {

class IdempotencyCommandTest : public CommandFixture {
 protected:
  // The six pairs of XINFO STREAM.
  std::string described(const std::string& key = "s") {
    const std::string all = run("XINFO STREAM " + key);
    const size_t from = all.find("idmp-duration");
    return all.substr(from, all.find(" groups") - from);
  }
};

constexpr std::string_view kTooFew = "-ERR wrong number of arguments for 'xadd' command";
constexpr std::string_view kTwice = "-ERR syntax error, IDMP/IDMPAUTO specified multiple times";
constexpr std::string_view kNotAuto =
    "-ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs";

TEST_F(IdempotencyCommandTest, AnIidIsAddedOnce) {
  expect({
      {"XADD s IDMP p i * f v", "1000000-0"},
      {"XADD s IDMP p i * f other", "1000000-0"},
      {"XADD s IDMP p j * f v", "1000000-1"},
      {"XADD s IDMP q i * f v", "1000000-2"},
      {"XADD s NOMKSTREAM idmp p i MAXLEN 0 * f v", "1000000-0"},
      {"XADD s MAXLEN = 9 IDMP p k * f v", "1000000-3"},
      {"XLEN s", ":4"},
  });
  EXPECT_EQ(described(),
            "idmp-duration :100 idmp-maxsize :100 pids-tracked :2 iids-tracked :4 iids-added :4 "
            "iids-duplicates :2");
}

TEST_F(IdempotencyCommandTest, TheSameContentIsAddedOnceWhateverItsOrder) {
  expect({
      {"XADD s IDMPAUTO p * a 1 b 2", "1000000-0"},
      {"XADD s IDMPAUTO p * b 2 a 1", "1000000-0"},
      {"XADD s IDMPAUTO p * a 2 b 1", "1000000-1"},
      {"XADD s IDMPAUTO p * a1 '' b 2", "1000000-2"},
      {"XADD s IDMPAUTO p * a 1 b 2 b 2", "1000000-3"},
      {"XADD s IDMPAUTO q * a 1 b 2", "1000000-4"},
      {"XLEN s", ":5"},
  });
}

TEST_F(IdempotencyCommandTest, ReadsItsWords) {
  run("SET string v");
  expect_refused({
      {"XADD s IDMP p i IDMP p j * f v", kTwice},
      {"XADD s IDMP p i IDMPAUTO p * f v", kTwice},
      {"XADD s IDMPAUTO p IDMPAUTO p * f v", kTwice},
      {"XADD s IDMP '' i * f v", "-ERR syntax error, IDMP requires a non-empty producer ID"},
      {"XADD s IDMP p '' * f v", "-ERR syntax error, IDMP requires a non-empty idempotent ID"},
      {"XADD s IDMPAUTO '' * f v", "-ERR syntax error, IDMPAUTO requires a non-empty producer ID"},
      {"XADD s IDMP p i 5-1 f v", kNotAuto},
      {"XADD s IDMP p i 5-* f v", kNotAuto},
      {"XADD s IDMPAUTO p 5 f v", kNotAuto},
      {"XADD s IDMP p i * f", kTooFew},
      {"XADD s IDMP p i *", kTooFew},
      {"XADD s IDMP p *", kTooFew},
      {"XADD s f v IDMP", kBadId},
      {"XADD s MAXLEN 1 f IDMPAUTO", kBadId},
      {"XADD string IDMP p i * f v", kWrongType},
      {"XTRIM s MAXLEN 1 IDMP p i", kSyntax},
  });
  EXPECT_EQ(run("XADD none NOMKSTREAM IDMP p i * f v"), "nil");
}

TEST_F(IdempotencyCommandTest, AProducerHasItsNewestOnes) {
  expect({
      {"XADD s IDMP p 0 * f v", "1000000-0"},
      {"XCFGSET s IDMP-MAXSIZE 2", "+OK"},
      {"XADD s IDMP p 0 * f v", "1000000-1"},  // Another limit forgets them all.
      {"XADD s IDMP p 1 * f v", "1000000-2"},
      {"XADD s IDMP p 2 * f v", "1000000-3"},
      {"XADD s IDMP p 1 * f v", "1000000-2"},
      {"XADD s IDMP p 0 * f v", "1000000-4"},
  });
}

TEST_F(IdempotencyCommandTest, IsForgottenAfterItsDuration) {
  run("XADD s IDMP p 0 * f v");
  advance_ms(1'000);
  run("XADD s IDMP p 1 * f v");
  advance_ms(98'999);
  age_out();
  EXPECT_EQ(run("XADD s IDMP p 0 * f v"), "1000000-0");
  advance_ms(1);
  age_out();
  EXPECT_EQ(run("XADD s IDMP p 0 * f v"), "1100000-0");
  EXPECT_EQ(run("XADD s IDMP p 1 * f v"), "1001000-0");
  EXPECT_EQ(run("XLEN s"), ":3");
}

TEST_F(IdempotencyCommandTest, IsRememberedThoughTheEntryIsGone) {
  expect({
      {"XADD s IDMP p 0 * f v", "1000000-0"},
      {"XDEL s 1000000-0", ":1"},
      {"XADD s IDMP p 0 * f v", "1000000-0"},
      {"XLEN s", ":0"},
  });
}

TEST_F(IdempotencyCommandTest, GoesWithItsStream) {
  run("XADD s IDMP p 0 * f v");
  expect({
      {"COPY s copy", ":1"},
      {"RENAME s t", "+OK"},
      {"MOVE t 1", ":1"},
      {"SWAPDB 0 1", "+OK"},
      {"XADD t IDMP p 0 * f v", "1000000-0"},
      {"SELECT 1", "+OK"},
      {"XADD copy IDMP p 0 * f v", "1000000-0"},
      {"DEL copy", ":1"},
      {"XADD copy IDMP p 0 * f v", "1000000-0"},
      {"XLEN copy", ":1"},
  });
  EXPECT_EQ(described("copy"),
            "idmp-duration :100 idmp-maxsize :100 pids-tracked :1 iids-tracked :1 iids-added :1 "
            "iids-duplicates :0");
}

TEST_F(IdempotencyCommandTest, ADuplicateTouchesNobody) {
  add_client("other");
  run("XADD s IDMP p 0 * f v");
  run("WATCH s");
  EXPECT_EQ(run_as("other", "XADD s IDMP p 0 * f v"), "1000000-0");
  run("MULTI");
  run("XLEN s");
  EXPECT_EQ(run("EXEC"), "[:1]");
}

TEST_F(IdempotencyCommandTest, XcfgsetSetsTheLimits) {
  run("XADD s 1-1 f v");
  constexpr std::string_view kBadDuration =
      "-ERR IDMP-DURATION must be between 1 and 315360000 seconds";
  constexpr std::string_view kBadSize = "-ERR IDMP-MAXSIZE must be between 1 and 100000000 entries";
  expect_refused({
      {"XCFGSET s IDMP-DURATION", kSyntax},
      {"XCFGSET s IDMP-DURATION 0", kBadDuration},
      {"XCFGSET s IDMP-DURATION 315360001", kBadDuration},
      {"XCFGSET s IDMP-DURATION x", kNotInteger},
      {"XCFGSET s IDMP-MAXSIZE 0", kBadSize},
      {"XCFGSET s IDMP-MAXSIZE 100000001", kBadSize},
      {"XCFGSET s IDMP-DURATION 1 IDMP-DURATION 1", "-ERR IDMP-DURATION specified multiple times"},
      {"XCFGSET s IDMP-MAXSIZE 1 IDMP-MAXSIZE 1", "-ERR IDMP-MAXSIZE specified multiple times"},
      {"XCFGSET s IDMP-MAXSIZE 1 NOSUCH 1", kSyntax},
  });
  run("XADD s IDMP p 0 * f v");
  run("XADD s IDMP p 0 * f v");
  EXPECT_EQ(run("XCFGSET s IDMP-DURATION 100 IDMP-MAXSIZE 100"), "+OK");
  EXPECT_EQ(described(),
            "idmp-duration :100 idmp-maxsize :100 pids-tracked :1 iids-tracked :1 iids-added :1 "
            "iids-duplicates :1");
  EXPECT_EQ(run("XCFGSET s idmp-duration 7 MAXLEN 9 idmp-maxsize 8"), "+OK");
  EXPECT_EQ(described(),
            "idmp-duration :7 idmp-maxsize :8 pids-tracked :0 iids-tracked :0 iids-added :1 "
            "iids-duplicates :1");
}

TEST_F(IdempotencyCommandTest, NewStreamsHaveWhatIsConfigured) {
  host().change_settings().idempotency = {.duration_s = 2, .size_max = 3};
  run("XADD s IDMP p 0 * f v");
  run("XGROUP CREATE made g $ MKSTREAM");
  host().change_settings().idempotency = {};
  EXPECT_EQ(described(),
            "idmp-duration :2 idmp-maxsize :3 pids-tracked :1 iids-tracked :1 iids-added :1 "
            "iids-duplicates :0");
  EXPECT_EQ(described("made"),
            "idmp-duration :2 idmp-maxsize :3 pids-tracked :0 iids-tracked :0 iids-added :0 "
            "iids-duplicates :0");
}

TEST_F(IdempotencyCommandTest, XidmprecordTellsAStream) {
  run("SET string v");
  run("XADD s 1-1 f v");
  run("XADD s 1-2 f v");
  constexpr std::string_view kOther =
      "-ERR IID already exists for this producer with a different stream ID";
  expect_refused({
      {"XIDMPRECORD s p i", "-ERR wrong number of arguments for 'xidmprecord' command"},
      {"XIDMPRECORD s p i x", kBadId},
      {"XIDMPRECORD s '' i 1-1", "-ERR producer ID must be non-empty"},
      {"XIDMPRECORD s p '' 1-1", "-ERR idempotent ID must be non-empty"},
      {"XIDMPRECORD none p i 1-1", "-ERR no such key"},
      {"XIDMPRECORD string p i 1-1", kWrongType},
      {"XIDMPRECORD s p i 1-3", "-ERR No such message in stream"},
  });
  expect({
      {"XIDMPRECORD s p i 1-1", "+OK"},
      {"XIDMPRECORD s p i 1-1", "+OK"},
      {"XIDMPRECORD s p i 1-2", kOther},
      {"XADD s IDMP p i * f v", "1-1"},
      {"XLEN s", ":2"},
  });
  EXPECT_EQ(described(),
            "idmp-duration :100 idmp-maxsize :100 pids-tracked :1 iids-tracked :1 iids-added :1 "
            "iids-duplicates :1");
}

}  // namespace
}  // namespace leat
