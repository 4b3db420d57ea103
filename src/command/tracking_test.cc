// CLIENT TRACKING: what is remembered and when clients are told; what is said to them is in the transcripts.
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "command/command_fixture.h"

namespace leat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ClientTrackingTest : public CommandFixture {
 protected:
  ClientTrackingTest() { add_client("other"); }

  // What clients are told once the turn is over.
  std::vector<std::string> told() {
    dispatcher().end_turn();
    return host().take_invalidated();
  }
};

TEST_F(ClientTrackingTest, TellsOfWhatWasRead) {
  run("CLIENT TRACKING ON");
  run("MGET a b");
  run_as("other", "MSET a 1 b 1 c 1");
  EXPECT_THAT(host().take_invalidated(), ElementsAre("1: a", "1: b")) << "behind the command";
  run_as("other", "SET a 2");
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(ClientTrackingTest, TellsOfWhatExpires) {
  run("SET a 1 PX 10");
  run("SET b 1 PX 10");
  run("CLIENT TRACKING ON NOLOOP");
  run("MGET a b");
  advance_ms(20);
  EXPECT_EQ(run("EXISTS a"), ":0");
  EXPECT_THAT(told(), ElementsAre("1: a")) << "the client has not changed it";
  run_as("other", "EXISTS b");
  EXPECT_THAT(told(), ElementsAre("1: b"));
}

TEST_F(ClientTrackingTest, TellsOfWhatMakesRoom) {
  host().change_settings().eviction = EvictionPolicy::kAllKeysRandom;
  run("SET a 1");
  run("CLIENT TRACKING ON NOLOOP");
  run("GET a");
  host().set_memory_excess([this] { return engine().keyspace().size(DbIndex{0}) != 0 ? 1 : 0; });
  run("SET b 1");
  EXPECT_THAT(told(), ElementsAre("1: a"));
  host().set_memory_excess({});
}

TEST_F(ClientTrackingTest, TellsOfEntriesThatReachTheirAge) {
  run("XADD s 1-0 f v");
  run("XCFGSET s MAXAGE 1s");
  run("CLIENT TRACKING ON");
  run("XLEN s");
  advance_ms(5000);
  age_out();
  EXPECT_THAT(told(), ElementsAre("1: s"));
}

TEST_F(ClientTrackingTest, ByPrefixTellsOnceATurn) {
  run("CLIENT TRACKING ON BCAST PREFIX a");
  run_as("other", "SET a1 1");
  run_as("other", "DEL a1");
  run_as("other", "MSET a2 1 b 1");
  EXPECT_THAT(host().take_invalidated(), IsEmpty());
  EXPECT_THAT(told(), ElementsAre("1: a1 a2"));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(ClientTrackingTest, FlushingAndSwappingTellOfEverything) {
  run("CLIENT TRACKING ON BCAST");
  run_as("other", "FLUSHDB");
  EXPECT_THAT(host().take_invalidated(), ElementsAre("1: *"));
  run_as("other", "SET k 1");
  run_as("other", "FLUSHALL");
  EXPECT_THAT(host().take_invalidated(), ElementsAre("1: *"));
  run_as("other", "SWAPDB 0 1");
  EXPECT_THAT(host().take_invalidated(), ElementsAre("1: *"));
}

// Of sealed entries the command waits for: it is planned again, and only then it has read or changed anything.
TEST_F(ClientTrackingTest, WaitingForSealedEntriesTellsAndRemembersOnce) {
  for (int i = 1; i <= 300; ++i) run_unchecked(fmt::format("XADD s {}-0 f v", i));
  run("CLIENT TRACKING ON OPTIN");
  run("CLIENT CACHING YES");
  run("XRANGE s 5-0 6-0");
  EXPECT_EQ(engine_tracking().keys(), 1U) << "CACHING holds until it has been replied";
  run("XRANGE t 5-0 6-0");
  EXPECT_EQ(engine_tracking().keys(), 1U);
  run_as("other", "XDEL s 1-0 2-0");
  EXPECT_THAT(host().take_invalidated(), ElementsAre("1: s"));
}

TEST_F(ClientTrackingTest, ATransactionTellsWhenItIsOver) {
  run("CLIENT TRACKING ON");
  run("GET a");
  run_as("other", "MULTI");
  run_as("other", "SET a 1");
  run_as("other", "SET a 2");
  EXPECT_THAT(told(), IsEmpty());
  run_as("other", "EXEC");
  EXPECT_THAT(host().take_invalidated(), ElementsAre("1: a"));
}

TEST_F(ClientTrackingTest, TheTableIsBounded) {
  host().change_settings().tracked_keys_max = 5;
  run("CLIENT TRACKING ON");
  run("MGET a b c d e f g");
  EXPECT_EQ(engine_tracking().keys(), 5U);
  EXPECT_THAT(host().take_invalidated(), SizeIs(2));
  host().change_settings().tracked_keys_max = 1;
  EXPECT_THAT(told(), SizeIs(4));
  EXPECT_EQ(engine_tracking().keys(), 1U);
}

TEST_F(ClientTrackingTest, PrefixesAreBounded) {
  std::vector<std::string> words = {"CLIENT", "TRACKING", "ON", "BCAST"};
  for (int i = 0; i < 1000; ++i) {
    words.emplace_back("PREFIX");
    words.push_back(fmt::format("{:04}", i));
  }
  EXPECT_EQ(run_words("main", words), "+OK");
  constexpr std::string_view kTooMany =
      "-ERR A client can have 1000 prefixes, of 65536 bytes in all";
  EXPECT_EQ(run("CLIENT TRACKING ON BCAST PREFIX x"), kTooMany);
  EXPECT_EQ(
      run_words("other", {"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", std::string(65537, 'x')}),
      kTooMany);
  EXPECT_EQ(engine_tracking().clients(), 1U);
}

TEST_F(ClientTrackingTest, ResetForgets) {
  run("CLIENT TRACKING ON BCAST PREFIX a");
  run("RESET");
  EXPECT_EQ(engine_tracking().clients() + engine_tracking().prefixes(), 0U);
  run("CLIENT TRACKING ON");
  run("GET a");
  run("CLIENT TRACKING OFF");
  run_as("other", "SET a 1");
  EXPECT_THAT(told(), IsEmpty());
}

// Goal: a cache that lets go of what it is told of is never wrong, and WATCH breaks for the same keys.
// Method: a client keeps what it has read of a few keys, others change them at random, and an auditor, who is told of
// nothing, compares. Whoever watches all keys finds its watch broken exactly when the client was told.
class CacheTest : public ClientTrackingTest {
 protected:
  static constexpr const char* kKeys[] = {"a", "b", "c", "d"};
  static constexpr const char* kCommands[] = {
      "SET $ 1",
      "SET $ 2 PX 30",
      "SETNX $ 3",
      "APPEND $ 4",
      "SETRANGE $ 3 x",
      "INCR $",
      "GETSET $ 5",
      "GETDEL $",
      "MSETNX $ 6 $ 7",
      "EXPIRE $ 1",
      "PEXPIRE $ 20",
      "PERSIST $",
      "EXPIRE $ -1",
      "DEL $",
      "UNLINK $ $",
      "RENAME $ $",
      "RENAMENX $ $",
      "COPY $ $",
      "COPY $ $ REPLACE",
      "MOVE $ 1",
      "SADD $ x y",
      "SREM $ x",
      "SPOP $",
      "SMOVE $ $ y",
      "SUNIONSTORE $ $ $",
      "HSET $ f 1",
      "HDEL $ f",
      "HINCRBY $ g 1",
      "XADD $ * f v",
      "XADD $ MAXLEN 2 * f v",
      "XADD $ NOMKSTREAM * f v",
      "XTRIM $ MAXLEN 3",
      "XDEL $ 1000001-0",
      "XGROUP CREATE $ g 0 MKSTREAM",
      "XGROUP CREATE $ g 0",
      "XGROUP SETID $ g 0",
      "XGROUP DESTROY $ g",
      "XREADGROUP GROUP g c STREAMS $ >",
      "XAUTOCLAIM $ g d 0 0",
      "XSETID $ 9000000-0",
      "XCFGSET $ MAXLEN 4",
      "FLUSHDB",
      "SWAPDB 0 1",
  };

  std::string chosen_command() {
    std::string command = kCommands[host().random() % std::size(kCommands)];
    for (size_t at = command.find('$'); at != std::string::npos; at = command.find('$'))
      command.replace(at, 1, kKeys[host().random() % std::size(kKeys)]);
    return command;
  }
  std::string read(const std::string& client, const std::string& key) {
    const std::string kind = run_as(client, "TYPE " + key);
    const std::string form = kind == "+stream" ? "XRANGE {} - +"
                             : kind == "+hash" ? "HGETALL {}"
                             : kind == "+set"  ? "SMEMBERS {}"
                                               : "GET {}";
    return kind + run_as(client, fmt::format(fmt::runtime(form), key));
  }
};

TEST_F(CacheTest, IsNeverWrong) {
  constexpr int kSteps = 3000;
  for (const char* client : {"auditor", "watcher"}) add_client(client);
  run("CLIENT TRACKING ON");
  std::map<std::string, std::string> cache;
  size_t told_count = 0;
  for (int step = 0; step < kSteps; ++step) {
    for (const char* key : kKeys) {
      if (!cache.contains(key)) cache[key] = read("main", key);
    }
    // What has expired while it was read is told of, and read again.
    if (!told().empty()) {
      cache.clear();
      continue;
    }
    run_as("watcher", "WATCH a b c d");
    advance_ms(static_cast<int64_t>(host().random() % 5));
    const std::string command = chosen_command();
    run_as("other", command);
    std::map<std::string, std::string> now;
    for (const char* key : kKeys) now[key] = read("auditor", key);
    bool everything = false;
    const std::vector<std::string> told_of = told();
    for (const std::string& line : told_of) {
      everything = everything || line == "1: *";
      cache.erase(line.substr(3));
    }
    told_count += told_of.size();
    if (everything) cache.clear();
    for (const auto& [key, value] : cache)
      ASSERT_EQ(now[key], value) << key << " after " << command;
    run_as("watcher", "MULTI");
    const bool broken = run_as("watcher", "EXEC") == "nilarr";
    ASSERT_TRUE(everything || broken == !told_of.empty()) << command;
  }
  EXPECT_GT(told_count, size_t{kSteps / 10});
}

}  // namespace
}  // namespace leat
