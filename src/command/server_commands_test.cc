// INFO, COMMAND, SLOWLOG, LATENCY, MEMORY and DEBUG.
#include "command/command_fixture.h"

namespace leat {
namespace {

using InfoTest = CommandFixture;
using CommandRowsTest = CommandFixture;
using SlowlogTest = CommandFixture;
using DebugTest = CommandFixture;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_F(InfoTest, HasWhatClientsAndScrapersRead) {
  host().node().change_facts().port = 7001;
  host().node().change_facts().process_id = 12;
  const std::string text = run("INFO everything");
  for (const std::string_view line : {"redis_version:8.10.",
                                      "leat_version:",
                                      "redis_mode:standalone",
                                      "process_id:12",
                                      "run_id:aaaa",
                                      "tcp_port:7001",
                                      "uptime_in_seconds:",
                                      "connected_clients:",
                                      "blocked_clients:",
                                      "maxclients:",
                                      "total_blocking_keys:",
                                      "used_memory:",
                                      "used_memory_human:",
                                      "used_memory_rss:",
                                      "used_memory_peak:",
                                      "maxmemory:",
                                      "maxmemory_policy:noeviction",
                                      "mem_fragmentation_ratio:",
                                      "loading:0",
                                      "rdb_changes_since_last_save:",
                                      "rdb_last_save_time:",
                                      "rdb_last_bgsave_status:ok",
                                      "aof_enabled:1",
                                      "aof_last_write_status:ok",
                                      "total_connections_received:",
                                      "total_commands_processed:",
                                      "instantaneous_ops_per_sec:",
                                      "total_net_input_bytes:",
                                      "rejected_connections:",
                                      "expired_keys:",
                                      "evicted_keys:0",
                                      "keyspace_hits:",
                                      "pubsub_channels:",
                                      "latest_fork_usec:",
                                      "eventloop_cycles:",
                                      "eventloop_duration_sum:",
                                      "leat_longest_turn_usec:",
                                      "leat_longest_turn_cpu_usec:",
                                      "role:master",
                                      "connected_slaves:0",
                                      "master_repl_offset:",
                                      "used_cpu_sys:",
                                      "used_cpu_user_children:",
                                      "# Modules",
                                      "# Commandstats",
                                      "# Errorstats",
                                      "# Latencystats",
                                      "cluster_enabled:0",
                                      "# Keyspace"}) {
    EXPECT_TRUE(has(text, line)) << line;
  }
}

TEST_F(InfoTest, SectionsAreThoseAskedFor) {
  EXPECT_EQ(run("INFO nosuch"), "\"\"");
  EXPECT_EQ(run("INFO cluster"), "# Cluster\r\ncluster_enabled:0\r\n");
  EXPECT_EQ(run("INFO keyspace CLUSTER"), "# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n");
  EXPECT_FALSE(has(run("INFO"), "# Commandstats"));
  EXPECT_TRUE(has(run("INFO all"), "# Commandstats"));
  EXPECT_FALSE(has(run("INFO all"), "# Modules"));
}

TEST_F(InfoTest, CountsKeysCommandsErrorsAndLookUps) {
  expect({{"SELECT 2", "+OK"}, {"SET a 1", "+OK"}, {"SET b 1 EX 10", "+OK"}, {"GET a", "1"}});
  expect({{"GET none", "nil"}, {"INCR b x", "-ERR wrong number of arguments for 'incr' command"}});
  EXPECT_EQ(run("INFO keyspace"), "# Keyspace\r\ndb2:keys=2,expires=1,avg_ttl=0\r\n");
  const std::string stats = run("INFO commandstats");
  EXPECT_TRUE(has(stats, "cmdstat_get:calls=2,")) << stats;
  EXPECT_TRUE(has(stats, "cmdstat_incr:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1"));
  EXPECT_TRUE(has(run("INFO errorstats"), "errorstat_ERR:count=1\r\n"));
  EXPECT_TRUE(has(run("INFO stats"), "keyspace_hits:1\r\nkeyspace_misses:1\r\n"));
  EXPECT_TRUE(has(run("INFO latencystats"), "latency_percentiles_usec_get:p50="));
}

TEST_F(CommandRowsTest, GetkeysFindsKeys) {
  expect({
      {"COMMAND GETKEYS MSET a 1 b 2", "[a b]"},
      {"COMMAND GETKEYS XREADGROUP GROUP streams c COUNT 1 STREAMS x y > >", "[x y]"},
      {"COMMAND GETKEYS XGROUP CREATE s g $", "[s]"},
      {"COMMAND GETKEYS XGROUP HELP", "-ERR The command has no key arguments"},
      {"COMMAND GETKEYS nosuch a", "-ERR Invalid command specified"},
      {"COMMAND GETKEYS XGROUP CREATE", "-ERR Invalid number of arguments specified for command"},
      {"COMMAND GETKEYS XREAD COUNT 3 BLOCK", "-ERR Invalid arguments specified for command"},
      {"COMMAND GETKEYSANDFLAGS GET a", "[[a [+RO +access]]]"},
  });
}

TEST_F(CommandRowsTest, ListFilters) {
  expect({{"COMMAND LIST FILTERBY PATTERN xreadg*", "[xreadgroup]"},
          {"COMMAND LIST FILTERBY PATTERN XGROUP|C*", "[xgroup|create xgroup|createconsumer]"},
          {"COMMAND LIST FILTERBY MODULE x", "[]"},
          {"COMMAND LIST FILTERBY ACLCAT nosuch", "[]"},
          {"COMMAND LIST FILTERBY PATTERN", "-ERR syntax error"}});
  EXPECT_TRUE(has(run("COMMAND LIST FILTERBY ACLCAT stream"), "xadd "));
  EXPECT_FALSE(has(run("COMMAND LIST FILTERBY ACLCAT stream"), "get "));
}

TEST_F(CommandRowsTest, EveryHelpHasTheSameForm) {
  size_t containers = 0;
  for (const CommandSpec* const spec : all_commands()) {
    if (find_subcommand(*spec, "help") == nullptr) continue;
    ++containers;
    const std::string text = run(std::string(spec->name) + " help");
    EXPECT_TRUE(has(text, " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")) << text;
    EXPECT_TRUE(text.ends_with("+HELP +    Shows this text.]")) << text;
  }
  EXPECT_GT(containers, 8U);
}

TEST_F(SlowlogTest, ShowsTheNewestFirst) {
  SlowLog& log = host().node().slow_log();
  for (const char* word : {"ONE", "TWO", "THREE"}) {
    log.add({.time_s = 7, .duration_us = 9, .peer = "p:1", .client_name = "n"}, {word, "x"}, 2);
  }
  expect({{"SLOWLOG LEN", ":2"},
          {"SLOWLOG GET 1", "[[:2 :7 :9 [THREE x] p:1 n]]"},
          {"SLOWLOG GET -1", "[[:2 :7 :9 [THREE x] p:1 n] [:1 :7 :9 [TWO x] p:1 n]]"},
          {"SLOWLOG GET -2", "-ERR count should be greater than or equal to -1"},
          {"SLOWLOG RESET", "+OK"},
          {"SLOWLOG GET", "[]"}});
}

TEST_F(SlowlogTest, LatencyEventsByName) {
  host().node().latency_events().add("command", {.time_s = 5, .latency_ms = 10});
  host().node().latency_events().add("command", {.time_s = 5, .latency_ms = 30});
  host().node().latency_events().add("command", {.time_s = 6, .latency_ms = 20});
  expect({{"LATENCY LATEST", "[[command :6 :20 :30]]"},
          {"LATENCY HISTORY command", "[[:5 :30] [:6 :20]]"},
          {"LATENCY HISTORY other", "[]"},
          {"LATENCY RESET other", ":0"},
          {"LATENCY RESET", ":1"},
          {"LATENCY LATEST", "[]"}});
}

TEST_F(DebugTest, IsForThoseWhoMay) {
  const std::string_view denied = "-ERR DEBUG command not allowed.";
  struct Case {
    DebugAccess access;
    bool local;
    bool allowed;
  };
  for (const Case& one :
       {Case{DebugAccess::kNobody, true, false}, Case{DebugAccess::kLocal, true, true},
        Case{DebugAccess::kLocal, false, false}, Case{DebugAccess::kAll, false, true}}) {
    host().change_settings().debug = one.access;
    host().clients().set_local(one.local);
    const std::string reply = run("DEBUG CHANGE-REPL-ID");
    EXPECT_EQ(reply == "+OK", one.allowed);
    EXPECT_EQ(reply.substr(0, denied.size()) == denied, !one.allowed);
  }
}

// Nobody who may use DEBUG kills a server that was not started for it.
TEST_F(DebugTest, CrashPointsAreLocked) {
  host().change_settings().debug = DebugAccess::kAll;
  const std::string refused = "-ERR crash points are for tests:";
  EXPECT_EQ(run("DEBUG CRASH-POINT batch.written").substr(0, refused.size()), refused);
  EXPECT_EQ(run("DEBUG CRASH-POINT nonsense").substr(0, refused.size()), refused);
}

TEST_F(DebugTest, SleepLetsEverybodyWait) {
  host().change_settings().debug = DebugAccess::kAll;
  EXPECT_EQ(run("DEBUG SLEEP 0.5"), "parked");
  EXPECT_EQ(deadline_ms("main"), 500);
  EXPECT_EQ(late_reply("main"), "+OK");
  EXPECT_EQ(host().clients().paused_until().value, kNsPerMs + 500 * kNsPerMs);
  EXPECT_FALSE(host().clients().only_writes());
}

TEST_F(DebugTest, DigestsAreEqualForEqualValues) {
  host().change_settings().debug = DebugAccess::kAll;
  run("SET a 1");
  run("SET b 1");
  run("SET c 2");
  const std::string reply = run("DEBUG DIGEST-VALUE a b c none");
  ASSERT_EQ(reply.size(), 2 + 4 * 41 + 3U) << reply;
  EXPECT_EQ(reply.substr(1, 41), reply.substr(43, 41));
  EXPECT_NE(reply.substr(1, 41), reply.substr(85, 41));
  EXPECT_EQ(reply.substr(127, 41), "+" + std::string(40, '0'));
}

}  // namespace
}  // namespace leat
