#include "engine/pending_entries.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat {

// Found by gtest through argument-dependent look-up.
void PrintTo(const PendingEntry& entry, std::ostream* out) {
  *out << to_string(entry.id) << " owner " << entry.owner.value << " at " << entry.delivered.value
       << " x" << entry.deliveries;
}

namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

constexpr uint64_t kMax64 = std::numeric_limits<uint64_t>::max();
constexpr int64_t kNow = 1'764'000'000'000;
constexpr ConsumerId kNoConsumer{0};
constexpr ConsumerId kAnn{1};
constexpr ConsumerId kBob{2};

PendingEntry entry(StreamId id, ConsumerId owner = kAnn, int64_t delivered = kNow,
                   uint64_t deliveries = 1) {
  return {.id = id, .owner = owner, .delivered = WallMs{delivered}, .deliveries = deliveries};
}

std::vector<PendingEntry> all_of(const PendingEntries& list, StreamId from = StreamId::min()) {
  std::vector<PendingEntry> found;
  list.visit_from(from, [&](const PendingEntry& at) {
    found.push_back(at);
    return true;
  });
  return found;
}

std::vector<PendingEntry> all_of(const PendingEntries& list, ConsumerId owner,
                                 StreamId from = StreamId::min()) {
  std::vector<PendingEntry> found;
  list.visit_from(from, owner, [&](const PendingEntry& at) {
    found.push_back(at);
    return true;
  });
  return found;
}

std::vector<PendingEntry> all_as_of(const PendingEntries& list, Lsn as_of) {
  std::vector<PendingEntry> found;
  list.visit_as_of(as_of, StreamId::min(), [&](const PendingEntry& at) {
    found.push_back(at);
    return true;
  });
  return found;
}

std::vector<PendingEntry> all_by_age(const PendingEntries& list) {
  std::vector<PendingEntry> found;
  list.visit_by_age([&](const PendingEntry& at) {
    found.push_back(at);
    return true;
  });
  return found;
}

std::vector<StreamId> ids_of(const std::vector<PendingEntry>& entries) {
  std::vector<StreamId> ids;
  ids.reserve(entries.size());
  for (const PendingEntry& at : entries) ids.push_back(at.id);
  return ids;
}

// The n-th id of a busy stream.
StreamId nth(uint64_t n) {
  return {static_cast<uint64_t>(kNow) + n / 4, n % 4};
}

// Entries 0 to count - 1, read by `consumers` in turn, `batch` at a time, each read a ms later.
PendingEntries delivered(size_t count, size_t batch, uint32_t consumers) {
  PendingEntries list;
  std::vector<StreamId> ids;
  for (size_t n = 0, read = 0; n < count; n += batch, ++read) {
    ids.clear();
    for (size_t i = n; i < std::min(count, n + batch); ++i) ids.push_back(nth(i));
    list.put_run(ids.data(), ids.size(), ConsumerId{1 + static_cast<uint32_t>(read) % consumers},
                 WallMs{kNow + static_cast<int64_t>(read)}, 1);
  }
  return list;
}

TEST(PendingEntries, EmptyListAnswersEverything) {
  PendingEntries list;
  EXPECT_EQ(list.size(), 0u);
  EXPECT_EQ(list.count_of(kAnn), 0u);
  EXPECT_FALSE(list.find({1, 1}));
  EXPECT_FALSE(list.first_from({0, 0}));
  EXPECT_FALSE(list.first_from({0, 0}, kAnn));
  EXPECT_FALSE(list.last());
  EXPECT_FALSE(list.oldest());
  EXPECT_FALSE(list.cursor_by_age().valid());
  EXPECT_FALSE(list.erase({1, 1}));
  EXPECT_EQ(list.erase_run(StreamId::min(), StreamId::max()), 0u);
  EXPECT_EQ(list.drop(kAnn, Lsn{1}), 0u);
  EXPECT_EQ(list.sweep(kAnn, 1), 0u);
  list.put_run(nullptr, 0, kAnn, WallMs{kNow}, 1);
  EXPECT_EQ(list.memory(), sizeof(PendingEntries));
}

TEST(PendingEntries, PutAddsOrReplaces) {
  PendingEntries list;
  list.put(entry({5, 0}));
  list.put(entry({5, 1}, kBob, kNow + 1, 3));
  list.put(entry({5, 0}, kBob, kNow + 9, 2));
  EXPECT_EQ(list.size(), 2u);
  EXPECT_EQ(list.count_of(kAnn), 0u);
  EXPECT_EQ(list.count_of(kBob), 2u);
  EXPECT_EQ(list.find({5, 0}), entry({5, 0}, kBob, kNow + 9, 2));
  EXPECT_EQ(list.last(), entry({5, 1}, kBob, kNow + 1, 3));
  EXPECT_FALSE(list.find({5, 2}));
}

TEST(PendingEntries, FirstFromSkipsOtherOwners) {
  PendingEntries list = delivered(10'000, 100, 4);
  list.put(entry(nth(7'777), ConsumerId{9}));
  EXPECT_EQ(list.first_from(StreamId::min())->id, nth(0));
  EXPECT_EQ(list.first_from(nth(50))->id, nth(50));
  EXPECT_EQ(list.first_from(nth(50), kBob)->id, nth(100));
  EXPECT_EQ(list.first_from(StreamId::min(), ConsumerId{9})->id, nth(7'777));
  EXPECT_EQ(list.first_from(nth(7'777), ConsumerId{9})->id, nth(7'777));
  EXPECT_FALSE(list.first_from(nth(7'778), ConsumerId{9}));
  EXPECT_FALSE(list.first_from(nth(10'000)));
  EXPECT_FALSE(list.first_from(StreamId::min(), ConsumerId{10}));
}

TEST(PendingEntries, VisitStopsWhenTold) {
  const PendingEntries list = delivered(1'000, 10, 3);
  size_t visited = 0;
  const auto stop_at_7 = [&](const PendingEntry&) { return ++visited < 7; };
  list.visit_from(StreamId::min(), stop_at_7);
  EXPECT_EQ(visited, 7u);
  visited = 0;
  list.visit_from(nth(500), kBob, stop_at_7);
  EXPECT_EQ(visited, 7u);
  visited = 0;
  list.visit_by_age(stop_at_7);
  EXPECT_EQ(visited, 7u);
}

TEST(PendingEntries, EveryIdOfStreamIdCanStandHere) {
  const std::vector<StreamId> ids = {{0, 0},
                                     {0, 1},
                                     {0, kMax64},
                                     {1, 0xffff'ffff},
                                     {1, 0x1'0000'0000},
                                     {0xffff'ffff, 0},
                                     {0x1'0000'0000, 0},
                                     {static_cast<uint64_t>(kNow), 7},
                                     {kMax64 - 1, kMax64},
                                     {kMax64, 0},
                                     {kMax64, kMax64 - 1},
                                     {kMax64, kMax64}};
  std::vector<size_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0);
  for (int round = 0; round < 50; ++round) {
    std::mt19937 random(static_cast<uint32_t>(round));
    std::ranges::shuffle(order, random);
    PendingEntries list;
    for (const size_t i : order) {
      list.put(entry(ids[i]));
      list.check_invariants();
    }
    ASSERT_THAT(ids_of(all_of(list)), ElementsAreArray(ids)) << "round " << round;
    for (const StreamId id : ids) ASSERT_EQ(list.first_from(id)->id, id);
    ASSERT_EQ(list.first_from({2, 0})->id, (StreamId{0xffff'ffff, 0}));
    for (const size_t i : order) {
      ASSERT_TRUE(list.erase(ids[i]));
      list.check_invariants();
    }
    ASSERT_EQ(list.size(), 0u);
  }
}

TEST(PendingEntries, LookUpsBetweenNarrowIds) {
  PendingEntries list;
  list.put(entry({1, 0xffff'ffff}));
  list.put(entry({2, 0}));
  EXPECT_FALSE(list.find({1, 0x1'0000'0000}));
  EXPECT_EQ(list.first_from({1, 0x1'0000'0000})->id, (StreamId{2, 0}));
  EXPECT_EQ(list.first_from({1, kMax64})->id, (StreamId{2, 0}));
  list.put(entry({1, 0x1'0000'0000}));
  EXPECT_THAT(ids_of(all_of(list)),
              ElementsAre(StreamId{1, 0xffff'ffff}, StreamId{1, 0x1'0000'0000}, StreamId{2, 0}));
}

// The search starts where an even pace would have put an id; the widest leaf is 2^32 - 1 ms long.
TEST(PendingEntries, LookUpsWhateverThePace) {
  const uint64_t spreads[] = {1, 16, 100, 1'000, 0xff'ffff, 0x100'0000, 0xffff'ffff, 0x1'0000'0000};
  for (const uint64_t spread : spreads) {
    for (const double bend : {0.01, 0.5, 1.0, 3.0, 100.0}) {
      SCOPED_TRACE(testing::Message() << "spread " << spread << " bend " << bend);
      std::vector<StreamId> ids;
      for (uint64_t n = 0; n < 200; ++n) {
        const double part = std::pow(static_cast<double>(n) / 199, bend);
        ids.push_back({static_cast<uint64_t>(part * static_cast<double>(spread)), 2 * n});
      }
      PendingEntries list;
      list.put_run(ids.data(), ids.size(), kAnn, WallMs{kNow}, 1);
      for (size_t i = 0; i < ids.size(); ++i) {
        ASSERT_TRUE(list.find(ids[i]));
        ASSERT_FALSE(list.find(ids[i].next()));
        ASSERT_EQ(list.first_from(ids[i].previous())->id, ids[i]);
      }
    }
  }
}

TEST(PendingEntries, EveryTimeAndCountCanStandHere) {
  constexpr int64_t kTimes[] = {std::numeric_limits<int64_t>::min(), -1, 0, 1, kNow,
                                std::numeric_limits<int64_t>::max()};
  constexpr uint64_t kCounts[] = {
      0, 1, 254, 255, 256, uint64_t{1} << 62, std::numeric_limits<int64_t>::max()};
  PendingEntries list;
  std::vector<PendingEntry> want;
  for (const int64_t time : kTimes) {
    for (const uint64_t count : kCounts) {
      for (const ConsumerId owner : {kAnn, kBob, ConsumerId{~uint32_t{0}}})
        want.push_back(entry({77, want.size()}, owner, time, count));
    }
  }
  for (const PendingEntry& at : want) list.put(at);
  list.check_invariants();
  EXPECT_THAT(all_of(list), ElementsAreArray(want));
  EXPECT_EQ(list.count_of(ConsumerId{~uint32_t{0}}), want.size() / 3);
  EXPECT_EQ(list.oldest(), want[0]);
}

TEST(PendingEntries, DeliveriesSaturate) {
  PendingEntries list;
  list.put(entry({1, 0}, kAnn, kNow, kMax64));
  EXPECT_EQ(list.find({1, 0})->deliveries, uint64_t{std::numeric_limits<int64_t>::max()});
}

TEST(PendingEntries, ByAgeComesReleasedThenOldestThenId) {
  PendingEntries list;
  list.put(entry({1, 0}, kAnn, kNow + 5));
  list.put(entry({2, 0}, kBob, kNow + 3));
  list.put(entry({3, 0}, kAnn, kNow + 5));
  list.put(entry({4, 0}, kBob, kNow + 4));
  list.put(entry({5, 0}, kBob, kNow + 3));
  EXPECT_EQ(list.oldest()->id, (StreamId{2, 0}));
  list.release({4, 0}, 8);
  list.release({3, 0}, 0);
  EXPECT_THAT(ids_of(all_by_age(list)), ElementsAre(StreamId{4, 0}, StreamId{3, 0}, StreamId{2, 0},
                                                    StreamId{5, 0}, StreamId{1, 0}));
  EXPECT_EQ(list.count_of(kNoConsumer), 2u);
  EXPECT_THAT(ids_of(all_of(list, kNoConsumer)), ElementsAre(StreamId{3, 0}, StreamId{4, 0}));
  EXPECT_EQ(list.count_of(kAnn), 1u);

  list.release({4, 0}, 9);  // Once more: to the end of the released.
  EXPECT_THAT(ids_of(all_by_age(list)), ElementsAre(StreamId{3, 0}, StreamId{4, 0}, StreamId{2, 0},
                                                    StreamId{5, 0}, StreamId{1, 0}));
  EXPECT_EQ(list.find({4, 0}), entry({4, 0}, kNoConsumer, 3, 9));

  list.release({9, 0}, 1);  // Not pending: comes to be, released.
  EXPECT_EQ(list.size(), 6u);
  list.put(entry({3, 0}, kBob, kNow + 9, 1));  // Claimed.
  EXPECT_THAT(ids_of(all_by_age(list)),
              ElementsAre(StreamId{4, 0}, StreamId{9, 0}, StreamId{2, 0}, StreamId{5, 0},
                          StreamId{1, 0}, StreamId{3, 0}));
  list.check_invariants();
}

TEST(PendingEntries, ReleasesGoOnBehindThoseOfACheckpoint) {
  PendingEntries list;
  list.release({1, 0}, 1);
  list.release({2, 0}, 1);
  list.erase({2, 0});
  PendingEntries restored;
  restored.set_last_release(list.last_release());
  for (const PendingEntry& at : all_of(list)) restored.put(at);
  list.release({3, 0}, 1);
  restored.release({3, 0}, 1);
  EXPECT_THAT(all_of(restored), ElementsAreArray(all_of(list)));
  PendingEntries raised;  // Places that are put raise the counter by themselves.
  raised.put(entry({1, 0}, kNoConsumer, 40));
  raised.release({0, 1}, 1);
  EXPECT_EQ(raised.find({0, 1})->delivered, WallMs{41});
}

TEST(PendingEntries, EraseRunTakesEverythingInBetween) {
  const struct {
    const char* why;
    StreamId first, last;
    uint64_t from, to;  // What goes: from <= n < to.
  } cases[] = {
      {"nothing: before all", StreamId::min(), {1, 0}, 0, 0},
      {"nothing: behind all", nth(3000), StreamId::max(), 0, 0},
      {"nothing: backwards", nth(9), nth(8), 0, 0},
      {"one", nth(1000), nth(1000), 1000, 1001},
      {"within a leaf", nth(10), nth(19), 10, 20},
      {"a whole leaf and no more", nth(256), nth(511), 256, 512},
      {"over several leaves", nth(100), nth(2000), 100, 2001},
      {"bounds that stand for no entry", {1, 0}, {static_cast<uint64_t>(kNow), 9}, 0, 4},
      {"all but the first", nth(1), StreamId::max(), 1, 3000},
      {"all", StreamId::min(), StreamId::max(), 0, 3000},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.why);
    PendingEntries list = delivered(3'000, 10, 3);
    EXPECT_EQ(list.erase_run(c.first, c.last), c.to - c.from);
    list.check_invariants();
    EXPECT_EQ(list.size(), 3'000 - (c.to - c.from));
    size_t owned = 0;
    for (uint32_t owner = 1; owner <= 3; ++owner) {
      owned += list.count_of(ConsumerId{owner});
      EXPECT_EQ(all_of(list, ConsumerId{owner}).size(), list.count_of(ConsumerId{owner}));
    }
    EXPECT_EQ(owned, list.size());
    for (const PendingEntry& at : all_of(list)) EXPECT_TRUE(at.id < c.first || c.last < at.id);
  }
}

TEST(PendingEntries, DropLeavesTheOthers) {
  PendingEntries list = delivered(5'000, 7, 3);
  const auto before = all_of(list);
  const auto ann = all_of(list, kAnn);
  const auto third = all_of(list, ConsumerId{3});
  const size_t bob = list.count_of(kBob);
  EXPECT_EQ(list.drop(kBob, Lsn{7}), bob);
  EXPECT_EQ(list.drop(kBob, Lsn{8}), 0u);
  const auto expect_others = [&] {
    list.check_invariants();
    EXPECT_EQ(list.size(), ann.size() + third.size());
    EXPECT_EQ(list.count_of(kBob), 0u);
    EXPECT_THAT(all_of(list, kBob), IsEmpty());
    EXPECT_THAT(all_of(list, kAnn), ElementsAreArray(ann));
    EXPECT_THAT(all_of(list, ConsumerId{3}), ElementsAreArray(third));
    EXPECT_EQ(all_of(list).size(), list.size());
  };
  expect_others();
  EXPECT_TRUE(all_as_of(list, Lsn{6}) == before);
  EXPECT_TRUE(all_as_of(list, Lsn{7}) == all_of(list));
  EXPECT_EQ(list.sweep(kBob, 3), 3u);
  expect_others();
  EXPECT_GT(list.dropped_memory(kBob), 0u);
  EXPECT_LT(list.sweep(kBob, 1'000), 1'000u);
  expect_others();
  EXPECT_TRUE(all_as_of(list, Lsn{6}) == all_of(list));
  EXPECT_EQ(list.dropped_memory(kBob), 0u);
}

// What is at both ends, and whole leaves, belongs to somebody who was dropped.
TEST(PendingEntries, WhatWasDroppedIsPassedOver) {
  PendingEntries list = delivered(3'000, 1'000, 2);
  list.put(entry(nth(3'000), kAnn, kNow - 5));
  ASSERT_EQ(list.drop(kAnn, Lsn{1}), 2'001u);
  EXPECT_EQ(list.first_from(StreamId::min())->id, nth(1'000));
  EXPECT_EQ(list.last()->id, nth(1'999));
  EXPECT_EQ(list.oldest()->id, nth(1'000));
  EXPECT_FALSE(list.find(nth(0)));
  EXPECT_FALSE(list.first_from(nth(2'000)));
  EXPECT_FALSE(list.erase(nth(2'500)));
  EXPECT_EQ(list.erase_run(nth(1'990), nth(2'010)), 10u);
  list.put(entry(nth(500), kBob));
  EXPECT_EQ(list.find(nth(500)), entry(nth(500), kBob));
  const std::array<StreamId, 3> again = {nth(2'100), nth(2'900), nth(3'001)};
  list.put_run(again.data(), again.size(), kBob, WallMs{kNow}, 1);
  list.check_invariants();
  EXPECT_EQ(list.size(), 994u);
  EXPECT_EQ(all_of(list, kBob).size(), 994u);
  EXPECT_EQ(list.drop(kBob, Lsn{2}), 994u);
  EXPECT_FALSE(list.last());
  EXPECT_FALSE(list.oldest());
  EXPECT_FALSE(list.cursor_from(StreamId::min()).valid());
  EXPECT_LT(list.sweep(kAnn, 100) + list.sweep(kBob, 100), 100u);
  list.check_invariants();
}

TEST(PendingEntries, PutRunFollowsEntriesThatWereErased) {
  PendingEntries list = delivered(300, 100, 1);
  ASSERT_EQ(list.erase_run(nth(270), nth(299)), 30u);
  std::vector<StreamId> ids;
  for (uint64_t n = 275; n < 600; ++n) ids.push_back(nth(n));
  list.put_run(ids.data(), ids.size(), kBob, WallMs{kNow + 50}, 1);
  list.check_invariants();
  EXPECT_EQ(list.size(), 270 + ids.size());
  EXPECT_THAT(ids_of(all_of(list, kBob)), ElementsAreArray(ids));
}

TEST(PendingEntries, LeavesTakeMoreOwnersThanSlots) {
  PendingEntries list;
  for (uint32_t n = 0; n < 256; ++n) list.put(entry(nth(n), ConsumerId{n + 1}, kNow + n));
  for (uint32_t n = 0; n < 256; ++n) {  // Each slot passes to an owner that has nothing yet.
    list.put(entry(nth(n), ConsumerId{1000 + n}, kNow + n));
    list.check_invariants();
  }
  EXPECT_EQ(list.count_of(ConsumerId{1}), 0u);
  for (uint32_t n = 0; n < 256; ++n)
    ASSERT_THAT(ids_of(all_of(list, ConsumerId{1000 + n})), ElementsAre(nth(n)));
}

TEST(PendingEntries, OwnersThatComeAndGoDoNotPileUp) {
  PendingEntries list;
  const auto pass = [&](uint32_t from, uint32_t to) {
    for (uint32_t n = from; n < to; ++n) {
      list.put(entry(nth(n), ConsumerId{n + 1}));
      list.erase(nth(n));
    }
    list.check_invariants();
    return list.memory();
  };
  const size_t early = pass(0, 1'000);
  EXPECT_LE(pass(1'000, 50'000), 2 * early);
}

// Goal: what is read depends on the entries, not on how they came here.
TEST(PendingEntries, HistoryDoesNotShow) {
  std::mt19937_64 random(11);
  std::vector<PendingEntry> entries;
  entries.reserve(4'000);
  for (uint64_t n = 0; n < 4'000; ++n) {
    entries.push_back(entry(nth(n), ConsumerId{static_cast<uint32_t>(random() % 4)},
                            static_cast<int64_t>(random() % 50), random() % 3));
  }
  PendingEntries in_order;
  for (const PendingEntry& at : entries) in_order.put(at);
  auto shuffled = entries;
  std::ranges::shuffle(shuffled, random);
  PendingEntries mixed;
  for (const PendingEntry& at : shuffled) {
    mixed.put(entry(at.id, kBob, kNow, 300));
    mixed.put(entry({at.id.ms + 1'000'000'000'000, at.id.seq}));
    mixed.put(at);
  }
  mixed.erase_run({static_cast<uint64_t>(kNow) + 500'000'000'000, 0}, StreamId::max());
  mixed.check_invariants();
  EXPECT_THAT(all_of(in_order), ElementsAreArray(entries));
  EXPECT_THAT(all_of(mixed), ElementsAreArray(entries));
  EXPECT_THAT(all_by_age(mixed), ElementsAreArray(all_by_age(in_order)));
  for (uint32_t owner = 0; owner < 4; ++owner) {
    EXPECT_THAT(all_of(mixed, ConsumerId{owner}),
                ElementsAreArray(all_of(in_order, ConsumerId{owner})));
  }
}

TEST(PendingEntries, MoveLeavesNothingBehind) {
  PendingEntries list = delivered(1'000, 10, 2);
  PendingEntries other = std::move(list);
  EXPECT_EQ(other.size(), 1'000u);
  list = PendingEntries();
  list.put(entry({1, 0}));
  EXPECT_EQ(list.size(), 1u);
  other = std::move(list);
  EXPECT_EQ(other.size(), 1u);
  other.check_invariants();
}

double bytes_per_entry(const PendingEntries& list) {
  return static_cast<double>(list.memory()) / static_cast<double>(list.size());
}

TEST(PendingEntriesMemory, OneConsumerInOrder) {
  EXPECT_LE(bytes_per_entry(delivered(100'000, 100, 1)), 11.0);
  EXPECT_LE(bytes_per_entry(delivered(100'000, 10, 1)), 11.0);
}

TEST(PendingEntriesMemory, EightConsumersOneByOneThenThreeQuartersAcknowledged) {
  constexpr size_t kCount = 100'000;
  PendingEntries list = delivered(kCount, 1, 8);
  EXPECT_LE(bytes_per_entry(list), 20.0);
  std::vector<uint64_t> order(kCount);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(3);
  std::ranges::shuffle(order, random);
  for (size_t i = 0; i < kCount / 4 * 3; ++i) ASSERT_TRUE(list.erase(nth(order[i])));
  list.check_invariants();
  EXPECT_LE(bytes_per_entry(list), 48.0);
  // And further: what is left never costs much more, as sparse leaves are merged.
  for (size_t i = kCount / 4 * 3; i < kCount - 100; ++i) ASSERT_TRUE(list.erase(nth(order[i])));
  list.check_invariants();
  EXPECT_LE(bytes_per_entry(list), 100.0);
}

TEST(PendingEntriesMemory, SparseLeavesBesideFullOnesAreMerged) {
  constexpr size_t kLeaves = 300;
  PendingEntries list = delivered(kLeaves * 256, 64, 1);
  for (uint64_t n = 0; n < kLeaves * 256; n += 256)
    if (n / 256 % 3 != 2) list.erase_run(nth(n), nth(n + 199));
  list.check_invariants();
  PendingEntries fresh;
  for (const PendingEntry& at : all_of(list)) fresh.put(at);
  EXPECT_LE(list.memory(), fresh.memory() + fresh.memory() / 10);
}

TEST(PendingEntriesMemory, OneOddEntryCostsNothingOnceItIsGone) {
  const PendingEntry oddities[] = {
      entry({nth(50).ms, uint64_t{1} << 40}),          // Ids in the wide form.
      entry({nth(50).ms, 40}, kAnn, kNow, 1'000'000),  // Attributes in the wide form.
  };
  for (const PendingEntry& odd : oddities) {
    PendingEntries plain = delivered(200, 1, 2);
    PendingEntries list = delivered(200, 1, 2);
    list.put(odd);
    EXPECT_GT(list.memory(), plain.memory() + 1'000);
    EXPECT_TRUE(list.erase(odd.id));
    plain.erase_run(nth(0), nth(180));
    list.erase_run(nth(0), nth(180));
    // A leaf behind it makes the first give its capacity back.
    for (PendingEntries* const each : {&plain, &list}) {
      for (uint64_t n = 200; n < 800; ++n) each->put(entry(nth(n)));
      each->erase_run(nth(200), nth(700));
    }
    EXPECT_LE(list.memory(), plain.memory() + 64);
  }
}

TEST(PendingEntriesMemory, GoesBackWhenAllIsAcknowledged) {
  PendingEntries list = delivered(100'000, 100, 4);
  list.erase_run(StreamId::min(), StreamId::max());
  EXPECT_EQ(list.size(), 0u);
  EXPECT_LE(list.memory(), 2'000u);
}

// The list against std::map under random operations.

class PendingModel {
 public:
  using Entries = std::map<StreamId, PendingEntry>;

  explicit PendingModel(uint64_t seed) : random_(seed), ids_(static_cast<Ids>(seed % 4)) {}

  // Random operations in waves: mostly growing, then mostly shrinking.
  void run(size_t steps) {
    for (size_t step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) {
      const bool growing = step / 3'000 % 2 == 0;
      growing ? grow() : shrink();
      if (step % 16 == 0) compare_one();
      if (step % 1'000 == 999 || step + 1 == steps) compare_all();
    }
  }

 private:
  enum class Ids { kInOrder, kClustered, kSparse, kExtreme };

  uint64_t below(uint64_t bound) { return random_() % bound; }
  bool one_in(uint64_t n) { return below(n) == 0; }

  StreamId fresh_id() {
    switch (ids_) {
      case Ids::kInOrder:
        return one_in(20) ? nth(below(position_ + 1)) : nth(++position_);
      case Ids::kClustered:
        return {5'000 + below(200), below(one_in(50) ? kMax64 : 40)};
      case Ids::kSparse:
        return {below(100) << below(57), below(3)};
      case Ids::kExtreme:
        break;
    }
    constexpr std::array<uint64_t, 8> kEdges = {
        0, 1, 0xffff'fffe, 0xffff'ffff, 0x1'0000'0000, kMax64 / 2, kMax64 - 1, kMax64};
    const uint64_t seq = kEdges[below(8)] + (one_in(3) ? below(1'000) : 0);
    return {kEdges[below(8)] + (one_in(2) ? below(5'000) : 0), seq};
  }
  StreamId any_id() {
    if (entries_.empty() || one_in(8)) return fresh_id();
    const auto found = entries_.lower_bound(fresh_id());
    return found == entries_.end() ? entries_.rbegin()->first : found->first;
  }
  ConsumerId any_owner() {
    return ConsumerId{static_cast<uint32_t>(one_in(10) ? 1 + below(600) : 1 + below(5))};
  }
  int64_t any_time() {
    if (one_in(300)) return static_cast<int64_t>(random_());
    clock_ += static_cast<int64_t>(below(3));
    return one_in(10) ? clock_ - static_cast<int64_t>(below(100'000)) : clock_;
  }
  uint64_t any_deliveries() {
    if (one_in(200)) return one_in(2) ? random_() >> 1 : uint64_t{kMax64 >> 1};
    return one_in(20) ? below(400) : 1 + below(2);
  }

  void put(const PendingEntry& at) {
    list_.put(at);
    entries_.insert_or_assign(at.id, at);
  }
  void grow() {
    const uint64_t what = below(100);
    if (what < 60) return put(entry(fresh_id(), any_owner(), any_time(), any_deliveries()));
    if (what < 75) return put(entry(any_id(), any_owner(), any_time(), any_deliveries()));
    if (what < 80) return put_run();
    if (what < 90) return release(any_id());
    erase(any_id());
  }
  void shrink() {
    const uint64_t what = below(1'000);
    if (what < 100) return grow();
    if (what < 600) return erase(any_id());
    if (what < 900) return erase_in_order();
    if (what < 990) return erase_run(one_in(5) ? 600 : 20);
    if (what < 997) return drop(any_owner());
    sweep(below(8));
  }

  void put_run() {
    std::vector<StreamId> ids;
    StreamId last = entries_.empty() ? fresh_id() : entries_.rbegin()->first;
    for (uint64_t left = below(one_in(10) ? 700 : 30); left > 0; --left) {
      StreamId id = {last.ms + below(3), last.seq + 1};
      if (one_in(100)) id.ms += uint64_t{1} << below(40);
      if (id <= last) break;
      ids.push_back(last = id);
    }
    const ConsumerId owner = any_owner();
    const int64_t time = any_time();
    const uint64_t deliveries = any_deliveries();
    list_.put_run(ids.data(), ids.size(), owner, WallMs{time}, deliveries);
    for (const StreamId id : ids) entries_.emplace(id, entry(id, owner, time, deliveries));
  }
  void release(StreamId id) {
    const uint64_t deliveries = any_deliveries();
    list_.release(id, deliveries);
    entries_.insert_or_assign(id, entry(id, kNoConsumer, ++releases_, deliveries));
  }
  void erase(StreamId id) { ASSERT_EQ(list_.erase(id), entries_.erase(id) == 1); }
  void erase_in_order() {
    auto at = entries_.lower_bound(any_id());
    for (uint64_t left = below(20); left > 0 && at != entries_.end(); --left) {
      ASSERT_TRUE(list_.erase(at->first));
      at = entries_.erase(at);
    }
  }
  void erase_run(uint64_t length_max) {
    const auto first = entries_.lower_bound(any_id());
    if (first == entries_.end()) return;
    auto last = first;
    for (uint64_t left = below(length_max); left > 0 && std::next(last) != entries_.end(); --left)
      ++last;
    const auto count = static_cast<size_t>(std::distance(first, last)) + 1;
    const StreamId lower = one_in(2) ? first->first : first->first.previous();
    const bool previous_stands = lower != first->first && entries_.contains(lower);
    const StreamId from = previous_stands ? first->first : lower;
    ASSERT_EQ(list_.erase_run(from, last->first), count);
    entries_.erase(first, std::next(last));
  }
  void drop(ConsumerId owner) {
    const bool look = one_in(10);
    const auto before = look ? all_of(list_) : std::vector<PendingEntry>();
    const size_t count =
        std::erase_if(entries_, [owner](const auto& item) { return item.second.owner == owner; });
    const Lsn at{lsn_++};
    ASSERT_EQ(list_.drop(owner, at), count);
    dropped_.push_back(owner);
    if (!look) return;
    ASSERT_TRUE(all_as_of(list_, Lsn{at.value - 1}) == before);
  }
  // Of each owner that was dropped.
  void sweep(size_t leaves) {
    std::erase_if(dropped_, [&](ConsumerId owner) { return list_.sweep(owner, leaves) < leaves; });
  }

  static bool older(const PendingEntry& left, const PendingEntry& right) {
    return std::tuple(left.owner != kNoConsumer, left.delivered, left.id) <
           std::tuple(right.owner != kNoConsumer, right.delivered, right.id);
  }

  void compare_one() {
    const StreamId id = any_id();
    const auto at = entries_.find(id);
    ASSERT_EQ(list_.find(id), at == entries_.end() ? std::nullopt : std::optional(at->second));
    auto next = entries_.lower_bound(id);
    ASSERT_EQ(list_.first_from(id),
              next == entries_.end() ? std::nullopt : std::optional(next->second));
    const ConsumerId owner = one_in(10) ? kNoConsumer : any_owner();
    while (next != entries_.end() && next->second.owner != owner) ++next;
    ASSERT_EQ(list_.first_from(id, owner),
              next == entries_.end() ? std::nullopt : std::optional(next->second));
    ASSERT_EQ(list_.size(), entries_.size());
  }

  void compare_all() {
    list_.check_invariants();
    std::vector<PendingEntry> want;
    std::map<ConsumerId, std::vector<PendingEntry>> by_owner;
    for (const auto& [id, at] : entries_) {
      want.push_back(at);
      by_owner[at.owner].push_back(at);
    }
    ASSERT_TRUE(all_of(list_) == want);
    ASSERT_EQ(list_.last(), want.empty() ? std::nullopt : std::optional(want.back()));
    for (const auto& [owner, owned] : by_owner) {
      ASSERT_EQ(list_.count_of(owner), owned.size());
      ASSERT_TRUE(all_of(list_, owner) == owned) << "owner " << owner.value;
    }
    std::ranges::sort(want, older);
    ASSERT_EQ(list_.oldest(), want.empty() ? std::nullopt : std::optional(want.front()));
    ASSERT_TRUE(all_by_age(list_) == want);
    ASSERT_EQ(list_.last_release(), WallMs{releases_});
    if (one_in(2)) return;
    sweep(~size_t{0});
    list_.check_invariants();
    ASSERT_TRUE(dropped_.empty());
    ASSERT_TRUE(all_of(list_).size() == entries_.size());
    // 40 bytes in the wide forms, as much again for dead slots, and a share of small leaves.
    ASSERT_LE(list_.memory(), 200'000 + entries_.size() * 200);
  }

  std::mt19937_64 random_;
  Ids ids_;
  uint64_t position_ = 0;
  int64_t clock_ = kNow;
  int64_t releases_ = 0;
  uint64_t lsn_ = 1;
  std::vector<ConsumerId> dropped_;
  PendingEntries list_;
  Entries entries_;
};

class PendingEntriesModel : public testing::TestWithParam<uint64_t> {};

TEST_P(PendingEntriesModel, AgreesWithAMap) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  PendingModel(GetParam()).run(24'000);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PendingEntriesModel, testing::Range<uint64_t>(1, 17));

}  // namespace
}  // namespace leat
