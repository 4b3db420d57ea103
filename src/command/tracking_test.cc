// CLIENT TRACKING: what is remembered and when clients are told; what is said to them is in the transcripts.
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

}  // namespace
}  // namespace leat
