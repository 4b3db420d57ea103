// Policies of streams: XCFGSET, what they do to appends, age, groups, transactions, copies; defaults by name.
#include <map>
#include <set>

#include "command/command_fixture.h"

namespace leat {
namespace {

using XcfgsetTest = CommandFixture;

constexpr std::string_view kOk = "+OK";

TEST_F(XcfgsetTest, ReadsItsWords) {
  run("XADD s 1-1 f v");
  run("SET string v");
  constexpr std::string_view kBadAge =
      "-ERR MAXAGE must be a number of milliseconds, or a number with the unit ms, s, m, h, d or "
      "w; 0: no limit";
  constexpr std::string_view kBadBytes =
      "-ERR MAXBYTES must be a number of bytes, which may have the unit k, kb, m, mb, g or gb; 0: "
      "no limit";
  constexpr std::string_view kBadLength = "-ERR MAXLEN must be a number of entries; 0: no limit";
  expect_refused({
      {"XCFGSET", "-ERR wrong number of arguments for 'xcfgset' command"},
      {"XCFGSET none MAXLEN x", "-ERR no such key"},
      {"XCFGSET string MAXLEN x", kWrongType},
      {"XCFGSET s", "-ERR At least one parameter must be specified"},
      {"XCFGSET s MAXLEN", kSyntax},
      {"XCFGSET s MAXLEN 1 MAXAGE", kSyntax},
      {"XCFGSET s KEEP 1", kSyntax},
      {"XCFGSET s MAXLEN 1 maxlen 2", "-ERR MAXLEN specified multiple times"},
      {"XCFGSET s MAXLEN x", kBadLength},
      {"XCFGSET s MAXLEN -1", kBadLength},
      {"XCFGSET s MAXLEN 9223372036854775808", kBadLength},
      {"XCFGSET s MAXAGE -1", kBadAge},
      {"XCFGSET s MAXAGE 1y", kBadAge},
      {"XCFGSET s MAXAGE h", kBadAge},
      {"XCFGSET s MAXAGE 1 h", kSyntax},
      {"XCFGSET s MAXAGE 9223372036854775807s", kBadAge},
      {"XCFGSET s MAXBYTES 1t", kBadBytes},
      {"XCFGSET s MAXBYTES 9223372036854775808", kBadBytes},
      {"XCFGSET s RETAIN ALL", "-ERR RETAIN must be UNACKED or ANY"},
      {"XCFGSET s WHENFULL 1", "-ERR WHENFULL must be TRIM or REJECT"},
  });
  struct Case {
    std::string_view words;
    Retention policy;
  };
  for (const Case& c : {
           Case{"MAXLEN 7", {.length_max = 7}},
           Case{"maxage 1500", {.age_max_ms = 1500}},
           Case{"MAXAGE 1500ms", {.age_max_ms = 1500}},
           Case{"MAXAGE 3s", {.age_max_ms = 3000}},
           Case{"MAXAGE 2M", {.age_max_ms = 120'000}},
           Case{"MAXAGE 2h", {.age_max_ms = 7'200'000}},
           Case{"MAXAGE 7d", {.age_max_ms = 604'800'000}},
           Case{"MAXAGE 1w", {.age_max_ms = 604'800'000}},
           Case{"MAXBYTES 1kb", {.bytes_max = 1024}},
           Case{"retain unacked WhenFull Reject",
                {.retain = Retain::kUnacked, .when_full = WhenFull::kReject}},
           Case{"WHENFULL TRIM RETAIN ANY MAXLEN 0 MAXAGE 0 MAXBYTES 0", {}},
       }) {
    EXPECT_EQ(run("XADD new * f v").substr(0, 7), "1000000");
    EXPECT_EQ(run("XCFGSET new " + std::string(c.words)), kOk);
    EXPECT_EQ(stream("new").retention(), c.policy) << c.words;
    run("DEL new");
  }
}

TEST_F(XcfgsetTest, ChangesOnlyWhatItNames) {
  run("XADD s 1-1 f v");
  expect({{"XCFGSET s MAXLEN 10 MAXBYTES 1k", kOk},
          {"XCFGSET s MAXAGE 1d RETAIN UNACKED", kOk},
          {"XCFGSET s MAXBYTES 0", kOk}});
  EXPECT_EQ(stream("s").retention(),
            (Retention{.length_max = 10, .age_max_ms = 86'400'000, .retain = Retain::kUnacked}));
  const size_t records = written();
  EXPECT_EQ(run("XCFGSET s MAXLEN 10"), kOk);
  EXPECT_EQ(written(), records) << "what says nothing is not recorded";
}

TEST_F(XcfgsetTest, LimitsLengthAndBytesAtOnceAndFromThenOn) {
  for (int i = 1; i <= 10; ++i) run("XADD s " + std::to_string(i) + " f v");
  expect({
      {"XCFGSET s MAXLEN 4", kOk},
      {"XRANGE s - + COUNT 1", "[[7-0 [f v]]]"},
      {"XADD s 11 f v", "11-0"},
      {"XLEN s", ":4"},
      {"XCFGSET s MAXBYTES 42", kOk},
      {"XLEN s", ":3"},
      {"XADD s 12 f a-longer-value", "12-0"},
      {"XRANGE s - +", "[[11-0 [f v]] [12-0 [f a-longer-value]]]"},
      {"XADD s 13 f a-value-that-is-longer-than-all-that-may-be", "13-0"},
      {"XLEN s", ":1"},
  });
  EXPECT_EQ(last_records(), std::vector<RecordType>{});
  run("XADD s 14 f v");
  EXPECT_EQ(last_records(),
            (std::vector<RecordType>{RecordType::kStreamAppend, RecordType::kStreamTrim}));
}

TEST_F(XcfgsetTest, RejectsInsteadOfDropping) {
  run("XADD s 1 f v");
  run("XADD s 2 f v");
  constexpr std::string_view kFull =
      "-STREAMFULL Stream 's' is at its limit of MAXLEN 2 and drops nothing to make room "
      "(WHENFULL REJECT); remove entries (XTRIM, XDEL), or raise the limit with XCFGSET";
  run("XCFGSET s MAXLEN 2 WHENFULL REJECT");
  expect_refused({{"XADD s 3 f v", kFull},
                  {"XADD s NOMKSTREAM MAXLEN 1 * f v", kFull},
                  {"XADD s 2 f v",
                   "-ERR The ID specified in XADD is equal or smaller than the target stream top "
                   "item"}});
  expect({{"XDEL s 1", ":1"},
          {"XADD s 3 f v", "3-0"},
          {"XADD s 4 f v", kFull},
          {"XTRIM s MAXLEN 1", ":1"},
          {"XCFGSET s MAXLEN 0 MAXBYTES 30", kOk},
          {"XADD s 4 f v", "4-0"},
          {"XADD s 5 f v",
           "-STREAMFULL Stream 's' is at its limit of MAXBYTES 30 and drops nothing to make room "
           "(WHENFULL REJECT); remove entries (XTRIM, XDEL), or raise the limit with XCFGSET"},
          {"XADD s 5 f abcdefghijklmnopqrstuvwxyz",
           "-STREAMFULL The entry has 40 bytes, and the limit of stream 's' is MAXBYTES 30; raise "
           "it with XCFGSET, or split the entry"}});
}

TEST_F(XcfgsetTest, ARejectedAppendInATransactionIsAnErrorAmongItsReplies) {
  run("XADD \"a\\r\\n+b\" 1 f v");
  run("XCFGSET \"a\\r\\n+b\" MAXLEN 1 WHENFULL REJECT");
  run("MULTI");
  run("XADD other 1 f v");
  run("XADD \"a\\r\\n+b\" 2 f v");
  run("XLEN other");
  EXPECT_EQ(run("EXEC"),
            "[1-0 -STREAMFULL Stream 'a  +b' is at its limit of MAXLEN 1 and drops nothing to make "
            "room (WHENFULL REJECT); remove entries (XTRIM, XDEL), or raise the limit with XCFGSET "
            ":1]");
}

TEST_F(XcfgsetTest, KeepsWhatIsNotAcknowledged) {
  for (int i = 1; i <= 5; ++i) run("XADD s " + std::to_string(i) + " f v");
  expect({
      {"XGROUP CREATE s g 0", kOk},
      {"XCFGSET s MAXLEN 2 RETAIN UNACKED", kOk},
      {"XLEN s", ":5"},
      {"XREADGROUP GROUP g c COUNT 3 STREAMS s >", "[[s [[1-0 [f v]] [2-0 [f v]] [3-0 [f v]]]]]"},
      {"XACK s g 1 3", ":2"},
      {"XADD s 6 f v", "6-0"},
      {"XRANGE s - + COUNT 1", "[[2-0 [f v]]]"},
      {"XCFGSET s WHENFULL REJECT", kOk},
      {"XADD s 7 f v",
       "-STREAMFULL Stream 's' is at its limit of MAXLEN 2 and has entries that a group has not "
       "acknowledged; acknowledge them (XACK), or raise the limit with XCFGSET"},
      {"XACK s g 2", ":1"},
      {"XCFGSET s MAXLEN 4", kOk},
      {"XRANGE s - +", "[[3-0 [f v]] [4-0 [f v]] [5-0 [f v]] [6-0 [f v]]]"},
      {"XADD s 7 f v", "7-0"},
      {"XRANGE s - + COUNT 1", "[[4-0 [f v]]]"},
      {"XGROUP DESTROY s g", ":1"},
      {"XADD s 8 f v", "8-0"},
      {"XLEN s", ":4"},
      {"XTRIM s MAXLEN 0", ":4"},
  });
}

TEST_F(XcfgsetTest, DropsByAgeWithinASecond) {
  run("XADD s * f 1");
  run("XCFGSET s MAXAGE 10s");
  advance_ms(9'000);
  run("XADD s * f 2");
  run("XADD s * f 3");
  age_out();
  EXPECT_EQ(stream("s").length(), 3U);
  advance_ms(1'000);
  age_out();
  EXPECT_EQ(last_records(), std::vector<RecordType>{RecordType::kStreamTrim});
  EXPECT_EQ(run("XRANGE s - +"), "[[1009000-0 [f 2]] [1009000-1 [f 3]]]");
  for (int ms = 0; ms < 9'000; ms += 50) {
    advance_ms(50);
    age_out();
  }
  EXPECT_EQ(stream("s").length(), 0U);
  EXPECT_EQ(engine().keyspace().next_ageing(), WallMs{0});
  run("XADD s * f 4");
  EXPECT_EQ(engine().keyspace().next_ageing(), WallMs{now_ms() + 10'000});
}

// One entry a millisecond: the stream is cut about twice a second, and never holds what is a second too old.
TEST_F(XcfgsetTest, ABusyStreamIsCutNowAndThen) {
  run("XADD s * f v");
  run("XCFGSET s MAXAGE 2s");
  int cuts = 0;
  for (int ms = 0; ms < 10'000; ++ms) {
    advance_ms(1);
    run_unchecked("XADD s * f v");
    const size_t before = written();
    if (ms % 100 == 0) {
      age_out();
      cuts += written() == before ? 0 : 1;
    }
    ASSERT_LE(stream("s").length(), 3'001U) << ms;
  }
  EXPECT_GT(cuts, 8);
  EXPECT_LT(cuts, 20);
}

TEST_F(XcfgsetTest, AgeCountsFromTheIdWhateverItIs) {
  run("XADD old 5-5 f v");
  run("XADD ahead 2000000 f v");
  run("XADD last 18446744073709551615-18446744073709551615 f v");
  for (const char* key : {"old", "ahead", "last"}) {
    EXPECT_EQ(run(std::string("XCFGSET ") + key + " MAXAGE 500000"), kOk);
  }
  age_out();
  expect({{"XLEN old", ":0"}, {"XLEN ahead", ":1"}, {"XLEN last", ":1"}});
  advance_ms(1'499'999);
  age_out();
  EXPECT_EQ(run("XLEN ahead"), ":1");
  advance_ms(1);
  age_out();
  expect({{"XLEN ahead", ":0"}, {"XLEN last", ":1"}});
}

TEST_F(XcfgsetTest, AgeWaitsForAcknowledgement) {
  run("XADD s * f v");
  run("XGROUP CREATE s g 0");
  run("XCFGSET s MAXAGE 1s RETAIN UNACKED WHENFULL REJECT");
  advance_ms(5'000);
  age_out();
  EXPECT_EQ(run("XLEN s"), ":1");
  run("XREADGROUP GROUP g c NOACK STREAMS s >");
  age_out();
  EXPECT_EQ(run("XLEN s"), ":1") << "it is looked at once a second";
  advance_ms(1'000);
  age_out();
  EXPECT_EQ(run("XLEN s"), ":0");
}

TEST_F(XcfgsetTest, AgeingIsForgottenWithItsStream) {
  run("XADD s * f v");
  run("XCFGSET s MAXAGE 1s");
  run("COPY s t");
  run("RENAME s u");
  EXPECT_EQ(stream("t").retention().age_max_ms, 1000U);
  EXPECT_EQ(stream("u").retention().age_max_ms, 1000U);
  run("DEL t");
  advance_ms(1'000);
  age_out();
  EXPECT_EQ(run("XLEN u"), ":0");
  run("XADD u * f v");
  run("FLUSHALL");
  EXPECT_EQ(engine().keyspace().next_ageing(), WallMs{0});
  run("XADD u * f v");
  run("XCFGSET u MAXAGE 1s");
  run("XCFGSET u MAXAGE 0");
  EXPECT_EQ(engine().keyspace().next_ageing(), WallMs{0});
}

TEST_F(XcfgsetTest, NothingAgesWhileTheLogHasFailed) {
  run("XADD s * f v");
  run("XCFGSET s MAXAGE 1s");
  advance_ms(1'000);
  host().fail("MISCONF");
  age_out();
  EXPECT_EQ(stream("s").length(), 1U);
}

TEST_F(XcfgsetTest, ATrimByAPolicyTouchesWatchedKeys) {
  add_client("other");
  run("XADD s * f v");
  run("WATCH s");
  run_as("other", "XCFGSET s MAXAGE 1s");
  run("MULTI");
  EXPECT_EQ(run("EXEC"), "[]") << "a policy by itself changes no entry";
  run("WATCH s");
  advance_ms(1'000);
  age_out();
  run("MULTI");
  EXPECT_EQ(run("EXEC"), "nilarr");
}

TEST_F(XcfgsetTest, IsShownOnceThereIsAPolicy) {
  run("XADD s 1-1 f v");
  const std::string plain = run("XINFO STREAM s");
  const std::string full = run("XINFO STREAM s FULL");
  EXPECT_EQ(plain.find("retention"), std::string::npos);
  run("XCFGSET s MAXLEN 5 MAXAGE 2s MAXBYTES 1kb RETAIN UNACKED WHENFULL REJECT");
  constexpr std::string_view kShown =
      " bytes :14 retention-maxlen :5 retention-maxage-ms :2000 retention-maxbytes :1024 "
      "retention-retain unacked retention-whenfull reject]";
  EXPECT_EQ(run("XINFO STREAM s"), plain.substr(0, plain.size() - 1) + std::string(kShown));
  EXPECT_EQ(run("XINFO STREAM s FULL"), full.substr(0, full.size() - 1) + std::string(kShown));
  run("XCFGSET s MAXLEN 0 MAXAGE 0 MAXBYTES 0 RETAIN ANY WHENFULL TRIM");
  EXPECT_EQ(run("XINFO STREAM s"), plain);
}

TEST_F(XcfgsetTest, NewStreamsHaveThePolicyOfTheLastPatternThatMatches) {
  host().change_settings().retention = {
      {"*", {.length_max = 3}},
      {"e:*", {.length_max = 2}},
      {"e:full", {.bytes_max = 1, .when_full = WhenFull::kReject}}};
  run("XADD e:1 * f v");
  EXPECT_EQ(last_records(),
            (std::vector<RecordType>{RecordType::kKeyCreate, RecordType::kStreamConfigure,
                                     RecordType::kStreamAppend}));
  run("XGROUP CREATE other g $ MKSTREAM");
  EXPECT_EQ(stream("e:1").retention().length_max, 2U);
  EXPECT_EQ(stream("other").retention().length_max, 3U);
  expect_refused({{"XADD e:full * f v",
                   "-STREAMFULL The entry has 14 bytes, and the limit of stream 'e:full' is "
                   "MAXBYTES 1; raise it with XCFGSET, or split the entry"}});
  EXPECT_EQ(run("EXISTS e:full"), ":0");
  host().change_settings().retention.clear();
  run("COPY e:1 copied");
  EXPECT_EQ(stream("copied").retention().length_max, 2U);
  run("XADD late * f v");
  EXPECT_TRUE(stream("late").retention().none());
}

// Random commands of producers and groups under RETAIN UNACKED. No entry goes that a group has not acknowledged, and
// nothing but the policy takes entries away here; whenever the stream is over its limit, its first entry is needed.
TEST_F(XcfgsetTest, NeverDropsWhatAGroupNeeds) {
  std::mt19937_64 random(11);
  const auto below = [&random](uint64_t bound) { return random() % bound; };
  run("XGROUP CREATE s g0 0 MKSTREAM");
  run("XGROUP CREATE s g1 0");
  run("XCFGSET s MAXLEN 8 MAXAGE 3s RETAIN UNACKED");
  std::set<StreamId> present;
  const auto needed = [this](StreamId id) {
    for (const auto& [name, group] : stream("s").groups().by_name()) {
      if (id > group->last_delivered || group->pending.find(id)) return true;
    }
    return false;
  };
  size_t refused = 0;
  for (int step = 0; step < 3000; ++step) {
    const std::string group = "g" + std::to_string(below(2));
    std::set<StreamId> were_needed;
    for (const StreamId id : present) {
      if (needed(id)) were_needed.insert(id);
    }
    switch (below(7)) {
      case 0:
        run_unchecked("XREADGROUP GROUP " + group + " c COUNT 5 STREAMS s >");
        break;
      case 1:
      case 2: {
        std::string ack = "XACK s " + group;
        const size_t words = ack.size();
        stream("s").groups().find(group)->pending.visit_from({}, [&](const PendingEntry& entry) {
          if (below(8) != 0) ack += " " + to_string(entry.id);
          return true;
        });
        if (ack.size() != words) run_unchecked(ack);
        continue;  // What has just been acknowledged is needed no more.
      }
      case 3:
        if (below(10) == 0)
          run_unchecked(below(2) == 0 ? "XCFGSET s WHENFULL REJECT" : "XCFGSET s WHENFULL TRIM");
        break;
      case 4:
        advance_ms(static_cast<int64_t>(below(400)));
        age_out();
        break;
      default:
        refused += run_unchecked("XADD s * f v").starts_with("-STREAMFULL") ? 1U : 0U;
    }
    std::set<StreamId> now;
    for (auto cursor = stream("s").seek({}); !cursor.done(); cursor.advance())
      now.insert(cursor.entry().id);
    for (const StreamId id : were_needed) ASSERT_TRUE(now.contains(id)) << to_string(id);
    present = std::move(now);
  }
  EXPECT_GT(refused, 20U);
  EXPECT_GT(stream("s").entries_added(), stream("s").length() + 500);
}

}  // namespace
}  // namespace leat
