// Waits: who is woken, in which order. Watches: whose watch is broken.
#include "engine/waits.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr DbIndex kDb{0};
constexpr ClientId kAnnsClient{1};
constexpr ClientId kBobsClient{2};
constexpr ClientId kCyd{3};

KeyName name(std::string key, uint32_t db = 0) {
  return {DbIndex{db}, std::move(key)};
}

TEST(WaitsTest, WakesInTheOrderOfArrival) {
  Waits waits;
  waits.park(kBobsClient, {name("k")}, false);
  waits.park(kAnnsClient, {name("k")}, true);
  EXPECT_FALSE(waits.ready());
  waits.signal(kDb, "k");
  EXPECT_TRUE(waits.ready());
  EXPECT_THAT(waits.take_ready(), ElementsAre(kBobsClient, kAnnsClient));
  EXPECT_FALSE(waits.ready());
  EXPECT_THAT(waits.take_ready(), IsEmpty());
  EXPECT_TRUE(waits.waiting(kBobsClient)) << "who is taken stays parked until unparked";
}

TEST(WaitsTest, WakesInTheOrderOfTheFirstSignals) {
  Waits waits;
  waits.park(kAnnsClient, {name("a"), name("b")}, false);
  waits.park(kBobsClient, {name("b")}, false);
  waits.park(kCyd, {name("c")}, false);
  for (const char* key : {"c", "b", "c", "a", "b"}) waits.signal(kDb, key);
  EXPECT_THAT(waits.take_ready(), ElementsAre(kCyd, kAnnsClient, kBobsClient));
}

TEST(WaitsTest, WakesOnlyForItsKeyAndDatabase) {
  Waits waits;
  waits.park(kAnnsClient, {name("k", 1)}, false);
  waits.signal(kDb, "k");
  waits.signal(DbIndex{1}, "K");
  EXPECT_FALSE(waits.ready());
  waits.signal(DbIndex{1}, "k");
  EXPECT_THAT(waits.take_ready(), ElementsAre(kAnnsClient));
}

TEST(WaitsTest, WakesForAbsenceOnlyWhoAskedForIt) {
  Waits waits;
  waits.park(kAnnsClient, {name("k")}, false);
  waits.signal_absence(kDb, "k");
  EXPECT_FALSE(waits.ready());
  waits.park(kBobsClient, {name("k")}, true);
  waits.signal_absence(kDb, "k");
  EXPECT_THAT(waits.take_ready(), ElementsAre(kBobsClient));
  waits.signal_absence(kDb, "k");
  waits.signal(kDb, "k");
  EXPECT_THAT(waits.take_ready(), ElementsAre(kAnnsClient, kBobsClient)) << "it is there again";
  waits.signal(kDb, "k");
  waits.signal_absence(kDb, "k");
  EXPECT_THAT(waits.take_ready(), ElementsAre(kBobsClient)) << "it is gone again";
  waits.signal(kDb, "k");
  waits.signal_group_gone(kDb, "k");
  EXPECT_THAT(waits.take_ready(), ElementsAre(kAnnsClient, kBobsClient))
      << "the key is still there";
  waits.signal_group_gone(kDb, "k");
  EXPECT_THAT(waits.take_ready(), ElementsAre(kBobsClient));
}

TEST(WaitsTest, CountsAKeyNamedTwiceOnce) {
  Waits waits;
  waits.park(kAnnsClient, {name("k"), name("k")}, true);
  EXPECT_EQ(waits.keys(), 1);
  EXPECT_EQ(waits.keys_on_absence(), 1);
  waits.signal(kDb, "k");
  EXPECT_THAT(waits.take_ready(), ElementsAre(kAnnsClient));
  waits.unpark(kAnnsClient);
  EXPECT_TRUE(waits.empty());
  EXPECT_EQ(waits.keys(), 0);
  EXPECT_EQ(waits.keys_on_absence(), 0);
}

TEST(WaitsTest, CountsClientsAndKeys) {
  Waits waits;
  waits.park(kAnnsClient, {name("a"), name("b")}, true);
  waits.park(kBobsClient, {name("b"), name("c")}, false);
  EXPECT_EQ(waits.clients(), 2);
  EXPECT_EQ(waits.keys(), 3);
  EXPECT_EQ(waits.keys_on_absence(), 2);
  std::vector<std::string> keys;
  waits.visit_keys([&keys](const KeyName& key) { keys.push_back(key.key); });
  EXPECT_THAT(keys, UnorderedElementsAre("a", "b", "c"));
  waits.unpark(kAnnsClient);
  EXPECT_EQ(waits.keys(), 2);
  EXPECT_EQ(waits.keys_on_absence(), 0);
  waits.unpark(kAnnsClient);
  EXPECT_EQ(waits.clients(), 1);
}

TEST(WaitsTest, ForgetsWhoLeftBetweenSignalAndTaking) {
  Waits waits;
  waits.park(kAnnsClient, {name("k")}, false);
  waits.signal(kDb, "k");
  waits.unpark(kAnnsClient);
  EXPECT_THAT(waits.take_ready(), IsEmpty());
  // A queue made anew under the name of one that was signalled can be signalled again.
  waits.park(kAnnsClient, {name("k")}, false);
  waits.signal(kDb, "k");
  waits.unpark(kAnnsClient);
  waits.park(kBobsClient, {name("k")}, false);
  waits.signal(kDb, "k");
  EXPECT_THAT(waits.take_ready(), ElementsAre(kBobsClient));
  waits.signal(kDb, "k");
  EXPECT_THAT(waits.take_ready(), ElementsAre(kBobsClient));
}

// Signals are noted in constant time each: a transaction that writes many keys somebody waits for must
// not cost the square of them.
TEST(WaitsTest, NotesManySignalsOnce) {
  constexpr uint64_t kKeys = 20'000;
  Waits waits;
  for (uint64_t i = 0; i < kKeys; ++i)
    waits.park(ClientId{i}, {name("k" + std::to_string(i))}, false);
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = kKeys; i > 0; --i) waits.signal(kDb, "k" + std::to_string(i - 1));
  }
  const std::vector<ClientId> ready = waits.take_ready();
  ASSERT_EQ(ready.size(), kKeys);
  EXPECT_EQ(ready.front(), ClientId{kKeys - 1});
  EXPECT_EQ(ready.back(), ClientId{0});
}

TEST(WaitsTest, ParksOnManyKeysInLinearTime) {
  constexpr int kKeys = 100'000;
  std::vector<KeyName> keys;
  for (int i = 0; i < kKeys; ++i) keys.push_back(name("k" + std::to_string(i)));
  for (int i = 0; i < kKeys; ++i) keys.push_back(keys[static_cast<size_t>(i)]);
  Waits waits;
  waits.park(kAnnsClient, keys, true);
  EXPECT_EQ(waits.keys(), kKeys);
  waits.unpark(kAnnsClient);
  EXPECT_EQ(waits.keys(), 0);
}

TEST(WatchesTest, BreaksForTheWatchersOfTheKey) {
  Watches watches;
  watches.watch(kAnnsClient, name("k"));
  watches.watch(kAnnsClient, name("k"));
  watches.watch(kBobsClient, name("k"));
  watches.watch(kCyd, name("other"));
  watches.touch(DbIndex{1}, "k");
  EXPECT_FALSE(watches.broken(kAnnsClient));
  watches.touch(kDb, "k");
  EXPECT_TRUE(watches.broken(kAnnsClient));
  EXPECT_TRUE(watches.broken(kBobsClient));
  EXPECT_FALSE(watches.broken(kCyd));
  EXPECT_EQ(watches.watching_clients(), 3);
  watches.forget(kAnnsClient);
  EXPECT_FALSE(watches.broken(kAnnsClient));
  EXPECT_FALSE(watches.watching(kAnnsClient));
  EXPECT_TRUE(watches.broken(kBobsClient));
  watches.touch(kDb, "k");
  EXPECT_FALSE(watches.broken(kAnnsClient)) << "who forgot is not touched any more";
}

TEST(WatchesTest, ListsTheWatchedKeysOfADatabase) {
  Watches watches;
  watches.watch(kAnnsClient, name("a"));
  watches.watch(kAnnsClient, name("b", 1));
  watches.watch(kBobsClient, name("c"));
  EXPECT_THAT(watches.watched(kDb), UnorderedElementsAre(name("a"), name("c")));
  watches.forget(kBobsClient);
  EXPECT_THAT(watches.watched(kDb), UnorderedElementsAre(name("a")));
  watches.forget(kBobsClient);
}

}  // namespace
}  // namespace leat
