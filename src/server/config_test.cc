// The configuration: values, files, the command line, and writing a file again.
#include "server/config.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "io/posix_disk.h"
#include "server/config_read.h"

namespace leat {
namespace {

// Every directive of the redis.conf that Debian ships, with its values; without the comments.
constexpr const char* kDebianConfig = R"(# a comment
bind 127.0.0.1 -::1
protected-mode yes
port 6379
tcp-backlog 511
timeout 0
tcp-keepalive 300
daemonize yes
pidfile /run/redis/redis-server.pid
loglevel notice
logfile /var/log/redis/redis-server.log
databases 16
always-show-logo no
set-proc-title yes
proc-title-template "{title} {listen-addr} {server-mode}"
stop-writes-on-bgsave-error yes
rdbcompression yes
rdbchecksum yes
dbfilename dump.rdb
rdb-del-sync-files no
dir /var/lib/redis
replica-serve-stale-data yes
replica-read-only yes
repl-diskless-sync yes
repl-diskless-sync-delay 5
repl-diskless-sync-max-replicas 0
repl-diskless-load disabled
repl-disable-tcp-nodelay no
replica-priority 100
acllog-max-len 128
lazyfree-lazy-eviction no
lazyfree-lazy-expire no
lazyfree-lazy-server-del no
replica-lazy-flush no
lazyfree-lazy-user-del no
lazyfree-lazy-user-flush no
oom-score-adj no
oom-score-adj-values 0 200 800
disable-thp yes
appendonly no
appendfilename "appendonly.aof"
appenddirname "appendonlydir"
appendfsync everysec
no-appendfsync-on-rewrite no
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 64mb
aof-load-truncated yes
aof-use-rdb-preamble yes
aof-timestamp-enabled no
slowlog-log-slower-than 10000
slowlog-max-len 128
latency-monitor-threshold 0
notify-keyspace-events ""
hash-max-listpack-entries 512
hash-max-listpack-value 64
list-max-listpack-size -2
list-compress-depth 0
set-max-intset-entries 512
zset-max-listpack-entries 128
zset-max-listpack-value 64
hll-sparse-max-bytes 3000
stream-node-max-bytes 4096
stream-node-max-entries 100
activerehashing yes
client-output-buffer-limit normal 0 0 0
client-output-buffer-limit replica 256mb 64mb 60
client-output-buffer-limit pubsub 32mb 8mb 60
hz 10
dynamic-hz yes
aof-rewrite-incremental-fsync yes
rdb-save-incremental-fsync yes
jemalloc-bg-thread yes
)";

TEST(ConfigValuesTest, TakeTheOneNormalForm) {
  struct Case {
    const char* name;
    const char* text;
    const char* shown;
  };
  const Case cases[] = {
      {"appendfsync", "EverySec", "everysec"},
      {"port", "7001", "7001"},
      {"protected-mode", "NO", "no"},
      {"maxmemory", "100mb", "104857600"},
      {"maxmemory", "1k", "1000"},
      {"maxmemory-policy", "Volatile-TTL", "volatile-ttl"},
      {"maxmemory-samples", "64", "64"},
      {"unixsocketperm", "0770", "770"},
      {"bind", "  *   -::*  ", "* -::*"},
      {"requirepass", "with  two blanks", "with  two blanks"},
      {"save", "900 1  300 10", "900 1 300 10"},
      {"save", "", ""},
      {"slowlog-log-slower-than", "-1", "-1"},
      {"appendonly", "no", "yes"},
      {"client-output-buffer-limit", "replica 1mb 2mb 3",
       "normal 0 0 0 slave 1048576 2097152 3 pubsub 33554432 8388608 60"},
      {"CLIENT-OUTPUT-BUFFER-LIMIT", "pubsub 1 2 3 normal 4 5 6",
       "normal 4 5 6 slave 268435456 67108864 60 pubsub 1 2 3"},
      {"slave-read-only", "no", "no"},
      {"stream-retention", "", ""},
      {"stream-retention", " e:*  maxage 1h MaxBytes 1kb  retain unacked",
       "e:* MAXAGE 3600000 MAXBYTES 1024 RETAIN UNACKED"},
      {"stream-retention", "* MAXLEN 5 WHENFULL REJECT e:* RETAIN any",
       "* MAXLEN 5 WHENFULL REJECT e:* MAXLEN 0"},
  };
  for (const Case& one : cases) {
    ConfigValues values;
    const Directive* const directive = find_directive(one.name);
    ASSERT_NE(directive, nullptr) << one.name;
    EXPECT_EQ(values.set(*directive, one.text), "") << one.name;
    EXPECT_EQ(values.text(*directive), one.shown) << one.name;
  }
}

TEST(ConfigValuesTest, RefuseWhatDoesNotFitAndKeepWhatWas) {
  struct Case {
    const char* name;
    const char* text;
    const char* problem;
  };
  const Case cases[] = {
      {"port", "x", "argument couldn't be parsed into an integer"},
      {"port", "65536", "argument must be between 0 and 65535 inclusive"},
      {"port", "", "argument couldn't be parsed into an integer"},
      {"protected-mode", "maybe", "argument must be 'yes' or 'no'"},
      {"appendfsync", "sometimes",
       "argument(s) must be one of the following: always, everysec, no"},
      {"maxmemory", "much", "argument must be a memory value"},
      {"maxmemory", "10%", "argument must be a memory value"},
      {"maxmemory-policy", "allkeys-lfu",
       "argument(s) must be one of the following: volatile-lru, volatile-random, volatile-ttl, "
       "allkeys-lru, allkeys-random, noeviction"},
      {"maxmemory-samples", "0", "argument must be between 1 and 64 inclusive"},
      {"unixsocketperm", "999", "argument couldn't be parsed into an octal number"},
      {"unixsocketperm", "1000", "argument must be between 0 and 777 inclusive"},
      {"save", "900", "Invalid save parameters"},
      {"save", "0 1", "Invalid save parameters"},
      {"client-output-buffer-limit", "normal 0 0",
       "Wrong number of arguments in buffer limit configuration."},
      {"client-output-buffer-limit", "some 0 0 0",
       "Invalid client class specified in buffer limit configuration."},
      {"client-output-buffer-limit", "normal 0 0 x",
       "Error in hard, soft or soft_seconds setting in buffer limit configuration."},
      {"stream-retention", "*",
       "the pattern '*' needs at least one of MAXLEN, MAXAGE, MAXBYTES, RETAIN and WHENFULL"},
      {"stream-retention", "a b MAXLEN 1",
       "the pattern 'a' needs at least one of MAXLEN, MAXAGE, MAXBYTES, RETAIN and WHENFULL"},
      {"stream-retention", "* MAXLEN", "MAXLEN needs a value"},
      {"stream-retention", "* MAXLEN x", "MAXLEN must be a number of entries; 0: no limit"},
      {"stream-retention", "* MAXLEN 1 MAXLEN 2", "MAXLEN specified multiple times"},
  };
  for (const Case& one : cases) {
    ConfigValues values;
    const Directive& directive = *find_directive(one.name);
    EXPECT_EQ(values.set(directive, one.text), one.problem) << one.name;
    EXPECT_EQ(values.text(directive), directive.initial) << one.name;
  }
}

TEST(ConfigValuesTest, EveryDefaultIsAValueOfItsDirective) {
  for (const Directive& directive : directives()) {
    ConfigValues values;
    EXPECT_EQ(values.set(directive, directive.initial), "") << directive.name;
    EXPECT_EQ(values.text(directive), directive.initial) << directive.name;
    EXPECT_EQ(find_directive(directive.name), &directive) << directive.name << " is there twice";
  }
}

class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest() {
    std::string pattern = ::testing::TempDir() + "leat-config-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ConfigFileTest() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  Result<ReadConfig> read(const std::vector<std::string_view>& args) {
    return read_config(args, disk_, directory_);
  }
  // The error of reading; "" when there is none.
  std::string problem(const std::vector<std::string_view>& args) {
    const auto config = read(args);
    return config.ok() ? "" : config.error().detail;
  }

  io::PosixDisk disk_;
  std::string directory_;
};

TEST_F(ConfigFileTest, DebiansRedisConfStarts) {
  const std::string path = write("redis.conf", kDebianConfig);
  const auto read_back = read({path});
  ASSERT_TRUE(read_back.ok()) << read_back.error().detail;
  const ConfigValues& values = read_back.value().values;
  EXPECT_EQ(values.text("appendonly"), "yes");
  const Config config = make_config(values);
  EXPECT_EQ(config.directory, "/var/lib/redis");
  EXPECT_EQ(config.sync, SyncMode::kEverySec);
  EXPECT_TRUE(config.daemonize);
  EXPECT_TRUE(config.limits.protected_mode);
  ASSERT_EQ(config.bind.size(), 2U);
  EXPECT_EQ(config.bind[1].address, "::1");
  EXPECT_TRUE(config.bind[1].optional);
  EXPECT_EQ(config.limits.pubsub.soft, 8U << 20);
  const std::string ignored = ignored_names(values);
  EXPECT_NE(ignored.find("rdbcompression, "), std::string::npos);
  EXPECT_EQ(ignored.find("port"), std::string::npos);
}

TEST_F(ConfigFileTest, TheCommandLineHasTheLastWord) {
  const std::string path =
      write("a.conf", "port 7001\nrequirepass \"a b\\x41\"\nsave 1 1\nsave 2 2\n");
  const auto config =
      read({path, "--port", "7002", "--dir", "data", "--save", "", "--bind", "1.2.3.4", "::1"});
  ASSERT_TRUE(config.ok()) << config.error().detail;
  EXPECT_EQ(config.value().file, path);
  EXPECT_EQ(config.value().values.text("port"), "7002");
  EXPECT_EQ(config.value().values.text("requirepass"), "a bA");
  EXPECT_EQ(config.value().values.text("save"), "");
  EXPECT_EQ(config.value().values.text("bind"), "1.2.3.4 ::1");
  EXPECT_EQ(config.value().values.text("dir"), directory_ + "/data");
}

TEST_F(ConfigFileTest, LinesThatAddAddUp) {
  const auto config = read({write("a.conf", "save 1 1\nsave 2 2\n")});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config.value().values.text("save"), "1 1 2 2");
  const auto rules = read({write("b.conf",
                                 "stream-retention * MAXLEN 9\n"
                                 "stream-retention \"#e:*\" MAXAGE 1s\n")});
  ASSERT_TRUE(rules.ok()) << rules.error().detail;
  EXPECT_EQ(rules.value().values.text("stream-retention"), "* MAXLEN 9 #e:* MAXAGE 1000");
  const Settings settings = make_settings(rules.value().values);
  ASSERT_EQ(settings.retention.size(), 2U);
  EXPECT_EQ(settings.retention[1].pattern, "#e:*");
  EXPECT_EQ(settings.retention[1].policy, Retention{.age_max_ms = 1000});
}

TEST_F(ConfigFileTest, IncludesInItsPlace) {
  std::filesystem::create_directory(directory_ + "/parts");
  write("parts/1.conf", "port 1\ntimeout 5\n");
  write("parts/2.conf", "port 2\n");
  write("parts/other", "port 99\n");
  const auto config = read({write("a.conf", "port 3\ninclude parts/*.conf\n")});
  ASSERT_TRUE(config.ok()) << config.error().detail;
  EXPECT_EQ(config.value().values.text("port"), "2");
  EXPECT_EQ(config.value().values.text("timeout"), "5");
  EXPECT_NE(problem({write("loop.conf", "include loop.conf\n")}).find("include each other"),
            std::string::npos);
}

TEST_F(ConfigFileTest, SaysFileAndLineOfWhatIsWrong) {
  struct Case {
    const char* text;
    const char* problem;
  };
  const Case cases[] = {
      {"\n# x\nprot 1\n", ", line 3: unknown directive 'prot'"},
      {"port\n", ", line 1: 'port' needs a value"},
      {"port 1 2\n", ", line 1: 'port' takes one value"},
      {"port 1x\n", ", line 1: 'port' can't be '1x': argument couldn't be parsed into an integer"},
      {"requirepass \"x\n", ", line 1: unbalanced quotes"},
      {"stream-retention * MAXLEN 1\nstream-retention * KEEP 2\n",
       ", line 2: 'stream-retention' can't be '* KEEP 2': the pattern '*' needs at least one of "
       "MAXLEN, MAXAGE, MAXBYTES, RETAIN and WHENFULL"},
      {"include\n", ", line 1: include takes one path"},
      {"user alice on\n",
       ", line 1: 'user' can't be used: users other than the default one are not part of this "
       "version"},
      {"rename-command FLUSHALL \"\"\n",
       ", line 1: 'rename-command' can't be used: commands can't be renamed"},
      {"cluster-enabled yes\n",
       ", line 1: 'cluster-enabled' can't be 'yes': it has no other value than 'no' here: cluster "
       "mode "
       "is not part of this version"},
  };
  for (const Case& one : cases) {
    const std::string path = write("bad.conf", one.text);
    EXPECT_EQ(problem({path}), path + one.problem);
  }
}

TEST_F(ConfigFileTest, SaysWhichOptionIsWrong) {
  EXPECT_EQ(problem({"--nope", "1"}), "option --nope: unknown directive 'nope'");
  EXPECT_EQ(problem({"--port"}), "option --port: 'port' needs a value");
  EXPECT_EQ(problem({"--port", "--dir", "x"}), "option --port: 'port' needs a value");
  EXPECT_NE(problem({"nowhere.conf"}).find("can't read the configuration file"), std::string::npos);
  const std::string path = write("a.conf", "");
  EXPECT_EQ(problem({path, "7001"}), "'7001' is no option; options are --name value");
}

TEST_F(ConfigFileTest, RewritingKeepsCommentsAndSaysWhatHolds) {
  const std::string before = "# mine\nport 7001\n\nsave 1 1\nsave 2 2\ntimeout 3\n";
  const auto config = read({write("a.conf", before)});
  ASSERT_TRUE(config.ok());
  ConfigValues values = config.value().values;
  ASSERT_EQ(values.set(*find_directive("timeout"), "9"), "");
  ASSERT_EQ(values.set(*find_directive("requirepass"), "a \"b\"\x01"), "");
  ASSERT_EQ(values.set(*find_directive("stream-retention"), "#a MAXLEN 1 b* MAXAGE 1d"), "");
  const std::string after = rewritten_config(before, values);
  EXPECT_TRUE(
      after.starts_with("# mine\nport 7001\n\nsave 1 1\nsave 2 2\ntimeout 9\ndir " + directory_))
      << after;
  EXPECT_NE(after.find("\nrequirepass \"a \\\"b\\\"\\x01\"\n"), std::string::npos) << after;
  EXPECT_NE(after.find("\nstream-retention \"#a\" MAXLEN 1\nstream-retention b* MAXAGE 86400000\n"),
            std::string::npos)
      << after;
  const auto again = read({write("b.conf", after)});
  ASSERT_TRUE(again.ok()) << again.error().detail;
  for (const Directive& directive : directives()) {
    EXPECT_EQ(again.value().values.text(directive), values.text(directive)) << directive.name;
  }
}

TEST(ConfigTest, RelativePathsAreBelowTheDataDirectory) {
  ConfigValues values;
  ASSERT_EQ(values.set(*find_directive("dir"), "/data"), "");
  ASSERT_EQ(values.set(*find_directive("logfile"), "leat.log"), "");
  ASSERT_EQ(values.set(*find_directive("unixsocket"), "/run/leat.sock"), "");
  const Config config = make_config(values);
  EXPECT_EQ(config.log_file, "/data/leat.log");
  EXPECT_EQ(config.unix_socket, "/run/leat.sock");
  EXPECT_EQ(config.unix_socket_mode, 0700U);
  EXPECT_EQ(config.pid_file, "");
}

// An empty argument takes 6 bytes to send and 32 to keep: the query buffer's limit bounds both.
TEST(ConfigTest, TheQueryBufferLimitBoundsTheArgumentsOfARequest) {
  ConfigValues values;
  EXPECT_EQ(arguments_max(make_limits(values)), 33'554'432) << "the limit is 1 GiB";
  ASSERT_EQ(values.set(*find_directive("client-query-buffer-limit"), "1mb"), "");
  EXPECT_EQ(arguments_max(make_limits(values)), 32'768);
  ASSERT_EQ(values.set(*find_directive("client-query-buffer-limit"), "1024gb"), "");
  EXPECT_EQ(arguments_max(make_limits(values)), INT32_MAX) << "as Redis";
}

TEST(ConfigTest, APasswordEndsProtectedMode) {
  ConfigValues values;
  EXPECT_TRUE(make_limits(values).protected_mode);
  ASSERT_EQ(values.set(*find_directive("requirepass"), "secret"), "");
  EXPECT_FALSE(make_limits(values).protected_mode);
  EXPECT_TRUE(make_limits(values).password_required);
}

}  // namespace
}  // namespace leat
