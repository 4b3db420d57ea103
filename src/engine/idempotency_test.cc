// Idempotency: what a stream remembers of idempotent producers.
#include "engine/idempotency.h"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/wire_fixture.h"

namespace leat {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> row_of(const Idempotency& known) {
  std::vector<std::string> row;
  known.visit_from(0, [&row](const Idempotency::View& iid) {
    row.push_back(std::string(iid.producer) + "/" + std::string(iid.iid) + "=" +
                  std::to_string(iid.id.ms));
    return true;
  });
  return row;
}

TEST(IdempotencyTest, AnIidStandsForTheEntryThatItBecame) {
  Idempotency known;
  EXPECT_FALSE(known.find("p", "i"));
  EXPECT_TRUE(known.add("p", "i", {7, 1}));
  EXPECT_TRUE(known.add("q", "i", {8, 0}));
  EXPECT_EQ(known.find("p", "i"), (StreamId{7, 1}));
  EXPECT_EQ(known.find("q", "i"), (StreamId{8, 0}));
  EXPECT_FALSE(known.find("p", "j"));
  EXPECT_FALSE(known.find("pi", ""));
  EXPECT_FALSE(known.add("p", "i", {9, 0}));
  EXPECT_EQ(known.find("p", "i"), (StreamId{7, 1}));
  EXPECT_EQ(known.counters().added, 2U);
  EXPECT_EQ(known.producers(), 2U);
}

TEST(IdempotencyTest, AProducerLosesItsOldestIidWhenItHasTooMany) {
  Idempotency known;
  known.configure({.duration_s = 1, .size_max = 2}, {});
  EXPECT_TRUE(known.add("p", "1", {1, 0}));
  EXPECT_TRUE(known.add("q", "1", {2, 0}));
  EXPECT_FALSE(known.place_of_surplus("p"));
  EXPECT_TRUE(known.add("p", "2", {3, 0}));
  EXPECT_EQ(known.place_of_surplus("p"), 0U);
  EXPECT_TRUE(known.add("p", "3", {4, 0}));
  EXPECT_THAT(row_of(known), ElementsAre("q/1=2", "p/2=3", "p/3=4"));
  EXPECT_TRUE(known.add("p", "1", {5, 0}));
  EXPECT_THAT(row_of(known), ElementsAre("q/1=2", "p/3=4", "p/1=5"));
}

TEST(IdempotencyTest, TheOldestAreForgottenAndTheirProducersWithThem) {
  Idempotency known;
  EXPECT_TRUE(known.add("p", "1", {1, 0}));
  EXPECT_TRUE(known.add("q", "1", {2, 0}));
  EXPECT_TRUE(known.add("p", "2", {3, 0}));
  EXPECT_FALSE(known.forget(4));
  EXPECT_EQ(known.size(), 3U);
  EXPECT_TRUE(known.forget(2));
  EXPECT_THAT(row_of(known), ElementsAre("p/2=3"));
  EXPECT_EQ(known.producers(), 1U);
  EXPECT_EQ(known.oldest(), (StreamId{3, 0}));
  EXPECT_TRUE(known.forget(1));
  EXPECT_EQ(known.producers(), 0U);
  EXPECT_EQ(known.counters().added, 3U);
}

TEST(IdempotencyTest, ACopyGoesItsOwnWay) {
  Idempotency known;
  known.configure({.duration_s = 5, .size_max = 2}, {.added = 0, .duplicates = 4});
  for (const char* iid : {"1", "2", "3"}) EXPECT_TRUE(known.add("p", iid, {1, 0}));
  const auto copy = known.clone();
  EXPECT_EQ(row_of(*copy), row_of(known));
  EXPECT_EQ(copy->limits(), known.limits());
  EXPECT_EQ(copy->counters(), known.counters());
  EXPECT_TRUE(copy->add("p", "4", {2, 0}));
  EXPECT_THAT(row_of(*copy), ElementsAre("p/3=1", "p/4=2"));
  EXPECT_THAT(row_of(known), ElementsAre("p/2=1", "p/3=1"));
}

TEST(IdempotencyTest, IsRestoredInAnyOrder) {
  Idempotency known;
  known.configure({.duration_s = 5, .size_max = 2}, {.added = 9, .duplicates = 0});
  EXPECT_TRUE(known.restore({.place = 7, .producer = "p", .iid = "2", .id = {2, 0}}));
  EXPECT_TRUE(known.restore({.place = 3, .producer = "p", .iid = "1", .id = {1, 0}}));
  EXPECT_FALSE(known.restore({.place = 3, .producer = "p", .iid = "3", .id = {1, 0}}));
  EXPECT_FALSE(known.restore({.place = 4, .producer = "p", .iid = "1", .id = {1, 0}}));
  EXPECT_TRUE(known.finish_restore());
  EXPECT_EQ(known.next_place(), 8U);
  EXPECT_TRUE(known.add("p", "3", {3, 0}));
  EXPECT_THAT(row_of(known), ElementsAre("p/2=2", "p/3=3"));
  EXPECT_EQ(known.counters().added, 10U);
}

TEST(IdempotencyTest, MoreOfAProducerThanItMayHaveAreNotRestored) {
  Idempotency known;
  known.configure({.duration_s = 5, .size_max = 1}, {});
  EXPECT_TRUE(known.restore({.place = 0, .producer = "p", .iid = "1", .id = {1, 0}}));
  EXPECT_TRUE(known.restore({.place = 1, .producer = "p", .iid = "2", .id = {1, 0}}));
  EXPECT_FALSE(known.finish_restore());
}

// Against a plain list of all that is remembered.
TEST(IdempotencyTest, DoesWhatAListDoes) {
  std::mt19937_64 random(1);
  const auto draw = [&random](uint64_t below) { return random() % below; };
  struct Plain {
    std::string producer;
    std::string iid;
    bool operator==(const Plain&) const = default;
  };
  constexpr uint64_t kMost = 10;
  std::vector<Plain> list;
  Idempotency known;
  known.configure({.duration_s = 1, .size_max = kMost}, {});
  for (int i = 0; i < 20'000; ++i) {
    if (draw(30) == 0 && !list.empty()) {
      const uint64_t count = 1 + draw(std::min<uint64_t>(list.size(), 5));
      list.erase(list.begin(), list.begin() + static_cast<ptrdiff_t>(count));
      ASSERT_TRUE(known.forget(count));
      continue;
    }
    const Plain one{std::to_string(draw(4)), std::to_string(draw(20))};
    const bool there = std::find(list.begin(), list.end(), one) != list.end();
    ASSERT_EQ(known.find(one.producer, one.iid).has_value(), there);
    ASSERT_EQ(known.add(one.producer, one.iid, {1, 0}), !there);
    if (there) continue;
    list.push_back(one);
    const auto same = [&one](const Plain& other) { return other.producer == one.producer; };
    if (std::count_if(list.begin(), list.end(), same) > static_cast<ptrdiff_t>(kMost))
      list.erase(std::find_if(list.begin(), list.end(), same));
  }
  std::vector<std::string> expected;
  for (const Plain& one : list) expected.push_back(one.producer + "/" + one.iid + "=1");
  EXPECT_EQ(row_of(known), expected);
}

class IdempotentStreamTest : public ::testing::Test {
 protected:
  IdempotentStreamTest() {
    apply(KeyCreate{.object = kStream, .db = {}, .kind = ObjectKind::kStream, .key = "s"});
  }
  template <typename Record>
  void apply(const Record& record) {
    ASSERT_TRUE(apply_record(engine_, record));
    records_.emplace_back();
    ByteBuffer buffer;
    RecordWriter(buffer).put(record);
    records_.back() = std::string(buffer.view());
  }
  void append(StreamId id) {
    apply(StreamAppend{
        .object = kStream, .new_block = false, .id = id, .elements = 2, .wire = kEntry});
  }
  [[nodiscard]] const Stream& stream() const { return *engine_.keyspace().find(kStream)->stream(); }

  static constexpr ObjectId kStream{1};
  Engine engine_{1};
  std::vector<std::string> records_;
};

// Redis 8.6 takes the second of these for a duplicate when it replays its log, and loses it (issue of 2026-06).
TEST_F(IdempotentStreamTest, AnIidThatWasForgottenAndAddedAgainIsReplayedAsItHappened) {
  append({1, 0});
  apply(StreamRemember{kStream, {1, 0}, "p", "i"});
  apply(StreamForget{kStream, 1});
  append({2, 0});
  apply(StreamRemember{kStream, {2, 0}, "p", "i"});
  Engine twin(1);
  for (const std::string& record : records_) {
    Bytes input = record;
    ASSERT_TRUE(twin.apply(*next_record(input)));
  }
  EXPECT_EQ(twin.keyspace().find(kStream)->stream()->length(), 2U);
  EXPECT_EQ(twin.digest(), engine_.digest());
}

TEST_F(IdempotentStreamTest, RecordsThatDoNotFitAreRefused) {
  EXPECT_FALSE(apply_record(engine_, StreamForget{kStream, 1}));
  EXPECT_FALSE(apply_record(engine_, StreamDuplicate{kStream}));
  EXPECT_FALSE(apply_record(engine_, StreamIdempotency{kStream, {.duration_s = 1, .size_max = 0}}));
  EXPECT_FALSE(apply_record(engine_, StreamRemember{kStream, {1, 0}, "", "i"}));
  EXPECT_FALSE(apply_record(engine_, StreamRemember{kStream, {1, 0}, "p", ""}));
  apply(StreamRemember{kStream, {1, 0}, "p", "i"});
  EXPECT_FALSE(apply_record(engine_, StreamRemember{kStream, {2, 0}, "p", "i"}));
  EXPECT_FALSE(apply_record(engine_, StreamForget{kStream, 2}));
  EXPECT_FALSE(apply_record(engine_, StreamForget{kStream, 0}));
}

TEST_F(IdempotentStreamTest, OtherLimitsForgetAllAndKeepTheCounters) {
  apply(StreamRemember{kStream, {1, 0}, "p", "i"});
  apply(StreamDuplicate{kStream});
  apply(StreamIdempotency{kStream, {.duration_s = 7, .size_max = 8}, 1, 1});
  const Idempotency& known = *stream().idempotency();
  EXPECT_EQ(known.size(), 0U);
  EXPECT_EQ(known.limits(), (IdempotencyLimits{.duration_s = 7, .size_max = 8}));
  EXPECT_EQ(known.counters(), (Idempotency::Counters{.added = 1, .duplicates = 1}));
}

TEST_F(IdempotentStreamTest, IsLookedAtWhenItsOldestIidIsTooOld) {
  EXPECT_EQ(engine_.keyspace().next_ageing(), WallMs{0});
  apply(StreamRemember{kStream, {5'000, 0}, "p", "i"});
  EXPECT_EQ(engine_.keyspace().next_ageing(), WallMs{105'000});
  apply(StreamIdempotency{kStream, {.duration_s = 7, .size_max = 8}});
  EXPECT_EQ(engine_.keyspace().next_ageing(), WallMs{0});
  apply(StreamRemember{kStream, {5'000, 0}, "p", "i"});
  EXPECT_EQ(engine_.keyspace().next_ageing(), WallMs{12'000});
}

}  // namespace
}  // namespace leat
