// maxmemory: what is refused, which keys make room, and that nothing is evicted without need.
#include "command/eviction.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "command/command_fixture.h"

namespace leat {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kOom = "-OOM command not allowed when used memory > 'maxmemory'.";

// A server whose memory is its keys: `allowed` of them fit, each takes one byte.
class EvictionTest : public CommandFixture {
 protected:
  void allow(size_t keys, EvictionPolicy policy) {
    allowed_ = keys;
    host().change_settings().eviction = policy;
    host().change_settings().memory_max = keys;
    host().set_memory_excess([this] { return keys_held() - std::min(keys_held(), allowed_); });
  }
  [[nodiscard]] size_t keys_held() const {
    size_t keys = 0;
    for (uint32_t db = 0; db < 16; ++db) keys += engine().keyspace().size(DbIndex{db});
    return keys;
  }
  // Keys from `first` to `last`, used one after the other.
  void fill(int first, int last) {
    for (int i = first; i <= last; ++i) {
      run("SET k" + std::to_string(i) + " v");
      advance_ms(1);
    }
  }
  [[nodiscard]] bool has(const std::string& key) const {
    return engine().keyspace().find(DbIndex{0}, key) != nullptr;
  }

  size_t allowed_ = 0;
};

TEST_F(EvictionTest, WithoutAPolicyWhatAddsIsRefusedAndNothingGoes) {
  fill(1, 3);
  expect({{"XADD s 1-1 f v", "1-1"}, {"XGROUP CREATE s g 0", "+OK"}});
  allow(3, EvictionPolicy::kNone);
  expect_refused({{"SET k4 v", kOom},
                  {"XADD s 2-1 f v", kOom},
                  {"XADD new 1-1 f v", kOom},
                  {"XGROUP CREATE s h 0", kOom},
                  {"HSET h f v", kOom},
                  {"COPY k1 k5", kOom}});
  expect({{"GET k1", "v"},
          {"XREADGROUP GROUP g c STREAMS s >", "[[s [[1-1 [f v]]]]]"},
          {"XACK s g 1-1", ":1"},
          {"XDEL s 1-1", ":1"},
          {"XTRIM s MAXLEN 0", ":0"}});
  evict();
  EXPECT_EQ(keys_held(), 4);
  EXPECT_EQ(statistics().evicted(), 0);
  expect({{"DEL k1", ":1"}, {"SET k2 w", "+OK"}});
}

TEST_F(EvictionTest, InMultiEverythingButItsEndIsRefused) {
  fill(1, 2);
  expect({{"MULTI", "+OK"}});
  allow(1, EvictionPolicy::kNone);
  expect_refused({{"GET k1", kOom}, {"MULTI", kOom}, {"UNWATCH", kOom}});
  expect({{"EXEC", "-EXECABORT Transaction discarded because of previous errors."},
          {"MULTI", "+OK"},
          {"DISCARD", "+OK"},
          {"MULTI", "+OK"},
          {"EXEC", "[]"},
          {"MULTI", "+OK"},
          {"RESET", "+RESET"}});
}

TEST_F(EvictionTest, AnExecThatWouldAddIsRefusedWhenMemoryHasBeenUsedUpMeanwhile) {
  fill(1, 2);
  expect({{"MULTI", "+OK"}, {"SET k3 v", "+QUEUED"}, {"GET k1", "+QUEUED"}});
  allow(1, EvictionPolicy::kNone);
  expect(
      {{"EXEC",
        "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > "
        "'maxmemory'."},
       {"EXEC", "-ERR EXEC without MULTI"}});
  allow(2, EvictionPolicy::kNone);
  expect({{"MULTI", "+OK"}, {"GET k1", "+QUEUED"}, {"DEL k1", "+QUEUED"}});
  allow(1, EvictionPolicy::kNone);
  expect({{"EXEC", "[v :1]"}});
}

TEST_F(EvictionTest, DropsTheLeastRecentlyUsed) {
  fill(1, 10);
  for (const int i : {1, 3, 5, 7, 9}) run("GET k" + std::to_string(i));
  host().change_settings().eviction_samples = 64;
  allow(5, EvictionPolicy::kAllKeysLru);
  evict();
  for (int i = 1; i <= 10; ++i) EXPECT_EQ(has("k" + std::to_string(i)), i % 2 == 1) << i;
  EXPECT_EQ(statistics().evicted(), 5);
  EXPECT_FALSE(evicting());
}

TEST_F(EvictionTest, WhatIsUsedOftenSurvivesSampling) {
  host().change_settings().eviction_samples = 5;
  fill(1, 10);
  allow(200, EvictionPolicy::kAllKeysLru);
  for (int i = 11; i <= 2000; ++i) {
    EXPECT_EQ(run_unchecked("SET k" + std::to_string(i) + " v"), "+OK");
    EXPECT_EQ(run_unchecked("MGET k1 k2 k3 k4 k5 k6 k7 k8 k9 k10"), "[v v v v v v v v v v]");
    advance_ms(1);
  }
  EXPECT_LE(keys_held(), 201);
  evict();
  EXPECT_EQ(keys_held(), 200);
}

TEST_F(EvictionTest, MakesRoomBeforeTheCommandInGroupsOfItsOwn) {
  fill(1, 3);
  allow(2, EvictionPolicy::kAllKeysLru);
  EXPECT_EQ(run("SET k4 v"), "+OK");
  EXPECT_THAT(last_records(),
              ElementsAre(RecordType::kKeyDrop, RecordType::kKeyCreate, RecordType::kStringSet));
  EXPECT_FALSE(has("k1"));
  EXPECT_TRUE(has("k4"));
}

TEST_F(EvictionTest, AReadEvictsNothing) {
  fill(1, 3);
  allow(2, EvictionPolicy::kAllKeysLru);
  EXPECT_EQ(run("GET k1"), "v");
  EXPECT_EQ(keys_held(), 3);
}

TEST_F(EvictionTest, AClientThatDoesNotTouchKeepsNothingAlive) {
  fill(1, 2);
  host().change_settings().eviction_samples = 64;
  expect({{"CLIENT NO-TOUCH ON", "+OK"}, {"GET k1", "v"}});
  allow(1, EvictionPolicy::kAllKeysLru);
  evict();
  EXPECT_FALSE(has("k1"));
}

TEST_F(EvictionTest, VolatilePoliciesLeaveKeysThatDoNotExpire) {
  for (const EvictionPolicy policy : {EvictionPolicy::kVolatileLru, EvictionPolicy::kVolatileRandom,
                                      EvictionPolicy::kVolatileTtl}) {
    SCOPED_TRACE(static_cast<int>(policy));
    allow(99, EvictionPolicy::kNone);
    run("FLUSHALL");
    fill(1, 6);
    expect({{"EXPIRE k3 100", ":1"}, {"EXPIRE k5 50", ":1"}, {"PERSIST k3", ":1"}});
    allow(5, policy);
    evict();
    EXPECT_FALSE(has("k5"));
    EXPECT_EQ(keys_held(), 5);
    allow(4, policy);
    expect_refused({{"SET k7 v", kOom}});
    EXPECT_EQ(keys_held(), 5);
  }
}

TEST_F(EvictionTest, TtlDropsWhatExpiresFirst) {
  fill(1, 4);
  expect({{"EXPIRE k1 400", ":1"},
          {"EXPIRE k2 100", ":1"},
          {"EXPIRE k3 300", ":1"},
          {"EXPIRE k4 200", ":1"}});
  for (const std::string key : {"k2", "k4", "k3", "k1"}) {
    allow(keys_held() - 1, EvictionPolicy::kVolatileTtl);
    EXPECT_TRUE(has(key));
    evict();
    EXPECT_FALSE(has(key));
  }
}

TEST_F(EvictionTest, EveryDatabaseMakesRoom) {
  host().change_settings().eviction_samples = 64;
  fill(1, 2);
  expect({{"SELECT 3", "+OK"}, {"SET old v", "+OK"}});
  advance_ms(1);
  expect({{"SELECT 0", "+OK"}, {"MGET k1 k2", "[v v]"}});
  for (const EvictionPolicy policy :
       {EvictionPolicy::kAllKeysLru, EvictionPolicy::kAllKeysRandom}) {
    allow(keys_held() - 1, policy);
    evict();
  }
  EXPECT_EQ(engine().keyspace().size(DbIndex{3}), 0);
  EXPECT_EQ(keys_held(), 1);
}

// Groups, their pending entries and who waits for them: as if the key had been deleted.
TEST_F(EvictionTest, WhoWaitsForAnEvictedStreamIsToldAndWhoWatchesItFails) {
  expect({{"XADD s 1-1 f v", "1-1"}, {"XGROUP CREATE s g $", "+OK"}});
  advance_ms(1);
  expect({{"SET k v", "+OK"}});
  add_client("reader");
  add_client("careful");
  EXPECT_EQ(run_as("careful", "WATCH s"), "+OK");
  EXPECT_EQ(run_as("reader", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >"), "parked");
  advance_ms(1);
  expect({{"GET k", "v"}});
  host().change_settings().eviction_samples = 64;
  allow(1, EvictionPolicy::kAllKeysLru);
  evict();
  EXPECT_FALSE(has("s"));
  EXPECT_THAT(served(), ElementsAre("reader: -NOGROUP No such key 's' or consumer group 'g' in "
                                    "XREADGROUP with GROUP option"));
  run_as("careful", "MULTI");
  run_as("careful", "PING");
  EXPECT_EQ(run_as("careful", "EXEC"), "nilarr");
}

TEST_F(EvictionTest, ATurnEvictsABoundedNumberAndSaysThatThereIsMore) {
  for (int i = 0; i < 2500; ++i) run_unchecked("SET k" + std::to_string(i) + " v");
  allow(100, EvictionPolicy::kAllKeysRandom);
  evict();
  EXPECT_EQ(keys_held(), 1500);
  EXPECT_TRUE(evicting());
  evict();
  EXPECT_EQ(keys_held(), 500);
  evict();
  EXPECT_EQ(keys_held(), 100);
  EXPECT_FALSE(evicting());
}

// Eviction behind by far: what is added meanwhile is bounded by what has gone, and a part of the limit.
TEST_F(EvictionTest, CommandsRunWhileEvictionIsBehindButMemoryDoesNotGrow) {
  for (int i = 0; i < 6000; ++i) run_unchecked("SET k" + std::to_string(i) + " v");
  allow(0, EvictionPolicy::kAllKeysRandom);
  host().change_settings().memory_max = 1000;
  uint64_t excess = 500'000;
  host().set_memory_excess([&excess] { return excess; });
  EXPECT_EQ(run("SET a v"), "+OK");
  EXPECT_EQ(statistics().evicted(), 1000);
  excess += 50;
  EXPECT_EQ(run("SET a v"), "+OK");
  excess += 1;
  EXPECT_EQ(run("SET a v"), kOom);
  excess -= 1000;
  EXPECT_EQ(run("SET a v"), "+OK");
  excess += 51;
  EXPECT_EQ(run("SET a v"), kOom);
}

TEST_F(EvictionTest, IdleTimeCountsFromTheLastUse) {
  EXPECT_EQ(run("PING"), "+PONG");  // The first turn: the start.
  advance_ms(60'000);
  expect({{"SET k v", "+OK"}});
  advance_ms(30'000);
  expect({{"OBJECT IDLETIME k", ":30"}, {"OBJECT IDLETIME k", ":30"}, {"TYPE k", "+string"}});
  advance_ms(10'000);
  expect({{"OBJECT IDLETIME k", ":40"},
          {"COPY k copy", ":1"},
          {"OBJECT IDLETIME copy", ":0"},
          {"OBJECT IDLETIME k", ":0"}});
  // A record that no command of this run has written: the key was there at the start.
  commit(KeyCreate{.object = engine().keyspace().next_id(),
                   .db = DbIndex{0},
                   .kind = ObjectKind::kString,
                   .key = "older"});
  expect({{"OBJECT IDLETIME older", ":100"}});
  advance_ms(5'000);
  expect(
      {{"OBJECT IDLETIME older", ":105"}, {"TOUCH older", ":1"}, {"OBJECT IDLETIME older", ":0"}});
}

}  // namespace
}  // namespace leat
