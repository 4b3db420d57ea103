// XINFO.
#include "command/command_fixture.h"

namespace leat {
namespace {

using XinfoTest = CommandFixture;

constexpr std::string_view kNoSuchKey = "-ERR no such key";

TEST_F(XinfoTest, DescribesAStream) {
  run("XGROUP CREATE s g $ MKSTREAM");
  EXPECT_EQ(run("XINFO STREAM s"),
            "[length :0 radix-tree-keys :0 radix-tree-nodes :1 last-generated-id 0-0 "
            "max-deleted-entry-id 0-0 entries-added :0 recorded-first-entry-id 0-0 "
            "idmp-duration :100 idmp-maxsize :100 pids-tracked :0 iids-tracked :0 "
            "iids-added :0 iids-duplicates :0 "
            "groups :1 "
            "first-entry nil last-entry nil]");
  for (int i = 1; i <= 3; ++i) run("XADD s " + std::to_string(i) + "-1 f v");
  run("XDEL s 1-1");
  EXPECT_EQ(run("XINFO STREAM s"),
            "[length :2 radix-tree-keys :1 radix-tree-nodes :2 last-generated-id 3-1 "
            "max-deleted-entry-id 1-1 entries-added :3 recorded-first-entry-id 2-1 "
            "idmp-duration :100 idmp-maxsize :100 pids-tracked :0 iids-tracked :0 "
            "iids-added :0 iids-duplicates :0 "
            "groups :1 "
            "first-entry [2-1 [f v]] last-entry [3-1 [f v]]]");
  run("XTRIM s MAXLEN 0");
  EXPECT_EQ(run("XINFO STREAM s"),
            "[length :0 radix-tree-keys :0 radix-tree-nodes :1 last-generated-id 3-1 "
            "max-deleted-entry-id 1-1 entries-added :3 recorded-first-entry-id 0-0 "
            "idmp-duration :100 idmp-maxsize :100 pids-tracked :0 iids-tracked :0 "
            "iids-added :0 iids-duplicates :0 "
            "groups :1 "
            "first-entry nil last-entry nil]");
}

TEST_F(XinfoTest, CountsNodesAsTreeKeys) {
  host().change_settings().stream_node_max_entries = 10;
  for (int i = 1; i <= 95; ++i) run_unchecked("XADD s " + std::to_string(i) + "-1 f v");
  const std::string info = run("XINFO STREAM s");
  EXPECT_NE(info.find("radix-tree-keys :10 radix-tree-nodes :11"), std::string::npos) << info;
}

TEST_F(XinfoTest, IsMapsInResp3) {
  speak_resp3();
  run("XADD s 1-1 f v");
  run("XGROUP CREATE s g 0");
  EXPECT_EQ(run("XINFO STREAM s"),
            "{length :1 radix-tree-keys :1 radix-tree-nodes :2 last-generated-id 1-1 "
            "max-deleted-entry-id 0-0 entries-added :1 recorded-first-entry-id 1-1 "
            "idmp-duration :100 idmp-maxsize :100 pids-tracked :0 iids-tracked :0 "
            "iids-added :0 iids-duplicates :0 "
            "groups :1 "
            "first-entry [1-1 [f v]] last-entry [1-1 [f v]]}");
  EXPECT_EQ(run("XINFO GROUPS s"),
            "[{name g consumers :0 pending :0 last-delivered-id 0-0 entries-read null lag :1}]");
  run("XREADGROUP GROUP g c STREAMS s >");
  EXPECT_EQ(run("XINFO CONSUMERS s g"), "[{name c pending :1 idle :0 inactive :0}]");
  EXPECT_EQ(
      run("XINFO STREAM s FULL"),
      "{length :1 radix-tree-keys :1 radix-tree-nodes :2 last-generated-id 1-1 "
      "max-deleted-entry-id 0-0 entries-added :1 recorded-first-entry-id 1-1 "
      "idmp-duration :100 idmp-maxsize :100 pids-tracked :0 iids-tracked :0 "
      "iids-added :0 iids-duplicates :0 "
      "entries [[1-1 [f v]]] "
      "groups [{name g last-delivered-id 1-1 entries-read :1 lag :0 pel-count :1 nacked-count :0 "
      "pending [[1-1 c :1000000 :1]] "
      "consumers [{name c seen-time :1000000 active-time :1000000 pel-count :1 "
      "pending [[1-1 :1000000 :1]]}]}]}");
}

TEST_F(XinfoTest, ShowsEverythingOfAStreamUpToCount) {
  for (int i = 1; i <= 12; ++i) run("XADD s " + std::to_string(i) + "-1 f v");
  run("XGROUP CREATE s g 0");
  run("XREADGROUP GROUP g c COUNT 11 STREAMS s >");
  advance_ms(5);
  run("XREADGROUP GROUP g d STREAMS s 0");
  const auto count = [this](std::string_view line, std::string_view wanted) {
    const std::string reply = run(line);
    size_t found = 0;
    for (size_t at = reply.find(wanted); at != std::string::npos; at = reply.find(wanted, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count("XINFO STREAM s FULL", "[f v]"), 10);
  EXPECT_EQ(count("XINFO STREAM s FULL COUNT -7", "[f v]"), 10);
  EXPECT_EQ(count("XINFO STREAM s FULL COUNT 0", "[f v]"), 12);
  EXPECT_EQ(count("XINFO STREAM s full count 3", "[f v]"), 3);
  EXPECT_EQ(count("XINFO STREAM s FULL", " c :1000000 :1]"), 10);
  EXPECT_EQ(count("XINFO STREAM s FULL COUNT 0", " c :1000000 :1]"), 11);
  EXPECT_EQ(run("XINFO STREAM s FULL COUNT 1"),
            "[length :12 radix-tree-keys :1 radix-tree-nodes :2 last-generated-id 12-1 "
            "max-deleted-entry-id 0-0 entries-added :12 recorded-first-entry-id 1-1 "
            "idmp-duration :100 idmp-maxsize :100 pids-tracked :0 iids-tracked :0 "
            "iids-added :0 iids-duplicates :0 "
            "entries [[1-1 [f v]]] "
            "groups [[name g last-delivered-id 11-1 entries-read :11 lag :1 pel-count :11 "
            "nacked-count :0 "
            "pending [[1-1 c :1000000 :1]] "
            "consumers [[name c seen-time :1000000 active-time :1000000 pel-count :11 "
            "pending [[1-1 :1000000 :1]]] "
            "[name d seen-time :1000005 active-time :-1 pel-count :0 pending []]]]]]");
}

TEST_F(XinfoTest, TellsSeenFromActive) {
  run("XADD s 1-1 f v");
  run("XGROUP CREATE s g 0");
  run("XREADGROUP GROUP g c STREAMS s >");
  advance_ms(100);
  run("XREADGROUP GROUP g c STREAMS s >");  // Nothing new: seen, not active.
  run("XREADGROUP GROUP g d STREAMS s 0");  // Its empty history.
  run("XGROUP CREATECONSUMER s g e");
  advance_ms(10);
  EXPECT_EQ(run("XINFO CONSUMERS s g"),
            "[[name c pending :1 idle :10 inactive :110] [name d pending :0 idle :10 inactive :-1] "
            "[name e pending :0 idle :10 inactive :-1]]");
  run("XREADGROUP GROUP g c STREAMS s 0");  // History: seen, not active.
  run("XCLAIM s g d 999999 1-1");           // Claimed nothing.
  advance_ms(1);
  EXPECT_EQ(run("XINFO CONSUMERS s g"),
            "[[name c pending :1 idle :1 inactive :111] [name d pending :0 idle :1 inactive :-1] "
            "[name e pending :0 idle :11 inactive :-1]]");
  advance_ms(-1000);
  EXPECT_EQ(run("XINFO CONSUMERS s g"),
            "[[name c pending :1 idle :0 inactive :0] [name d pending :0 idle :0 inactive :-1] "
            "[name e pending :0 idle :0 inactive :-1]]");
}

TEST_F(XinfoTest, ListsByNameInByteOrder) {
  run("XADD s 1-1 f v");
  for (const char* name : {"b", "B", "aa", "a"}) {
    run("XGROUP CREATE s " + std::string(name) + " 0");
    run("XGROUP CREATECONSUMER s b " + std::string(name));
    run("XGROUP CREATECONSUMER s b x" + std::string(name));
  }
  const std::string groups = run("XINFO GROUPS s");
  EXPECT_LT(groups.find("name B "), groups.find("name a "));
  EXPECT_LT(groups.find("name a "), groups.find("name aa "));
  EXPECT_LT(groups.find("name aa "), groups.find("name b "));
}

TEST_F(XinfoTest, RefusesInOrder) {
  run("SET string value");
  run("XADD s 1-1 f v");
  constexpr std::string_view kWrongForm =
      "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.";
  expect_refused({
      {"XINFO", "-ERR wrong number of arguments for 'xinfo' command"},
      {"XINFO FOO s", "-ERR unknown subcommand 'FOO'. Try XINFO HELP."},
      {"XINFO STREAM", "-ERR wrong number of arguments for 'xinfo|stream' command"},
      {"XINFO GROUPS", "-ERR wrong number of arguments for 'xinfo|groups' command"},
      {"XINFO GROUPS s x", "-ERR wrong number of arguments for 'xinfo|groups' command"},
      {"XINFO CONSUMERS s", "-ERR wrong number of arguments for 'xinfo|consumers' command"},
      {"XINFO STREAM none FOO", kNoSuchKey},
      {"XINFO STREAM string FOO", kWrongType},
      {"XINFO STREAM s FOO", kWrongForm},
      {"XINFO STREAM s FULL COUNT", kWrongForm},
      {"XINFO STREAM s FULL FOO 1", kWrongForm},
      {"XINFO STREAM s COUNT 1", kWrongForm},
      {"XINFO STREAM s FULL COUNT 1 x", kWrongForm},
      {"XINFO STREAM s FULL COUNT x", kNotInteger},
      {"XINFO GROUPS none", kNoSuchKey},
      {"XINFO GROUPS string", kWrongType},
      {"XINFO CONSUMERS none g", kNoSuchKey},
      {"XINFO CONSUMERS string g", kWrongType},
      {"XINFO CONSUMERS s g", "-NOGROUP No such consumer group 'g' for key name 's'"},
  });
}

TEST_F(XinfoTest, HelpsInSimpleStrings) {
  const std::string help = run("xinfo help");
  for (const char* word :
       {"[+XINFO <subcommand>", "+CONSUMERS ", "+GROUPS ", "+STREAM ", "+HELP "}) {
    EXPECT_NE(help.find(word), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace leat
