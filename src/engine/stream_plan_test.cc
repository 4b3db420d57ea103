// What the stream commands decide: ids, new nodes, trims, the entries-read counter.
#include "engine/stream_plan.h"

#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "engine/wire_fixture.h"

namespace leat {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
using Kind = AppendId::Kind;

// Entries 1-0, 2-0 ... in blocks of `block` entries.
void fill(Stream& stream, uint64_t count, uint64_t block) {
  for (uint64_t i = 1; i <= count; ++i) {
    ASSERT_TRUE(stream.append({i, 0}, 2, kEntry, (i - 1) % block == 0));
  }
}

TEST(PlanAppendIdTest, ChoosesTheId) {
  struct Case {
    StreamId last;
    AppendId asked;
    int64_t now;
    AppendRefusal refusal;
    StreamId id;
  };
  constexpr auto kNone = AppendRefusal::kNone;
  constexpr auto kSmall = AppendRefusal::kTooSmall;
  constexpr auto kExhausted = AppendRefusal::kExhausted;
  for (const Case& c : {
           Case{{0, 0}, {Kind::kAuto, {}}, 100, kNone, {100, 0}},
           Case{{0, 0}, {Kind::kAuto, {}}, 0, kNone, {0, 1}},
           Case{{0, 0}, {Kind::kAuto, {}}, -5, kNone, {0, 1}},
           Case{{100, 7}, {Kind::kAuto, {}}, 100, kNone, {100, 8}},
           Case{{100, 7}, {Kind::kAuto, {}}, 99, kNone, {100, 8}},
           Case{{100, kMax}, {Kind::kAuto, {}}, 99, kNone, {101, 0}},
           Case{{kMax, kMax}, {Kind::kAuto, {}}, 99, kExhausted, {}},
           Case{{100, 7}, {Kind::kAutoSequence, {100, 0}}, 0, kNone, {100, 8}},
           Case{{100, 7}, {Kind::kAutoSequence, {101, 0}}, 0, kNone, {101, 0}},
           Case{{100, 7}, {Kind::kAutoSequence, {99, 0}}, 0, kSmall, {}},
           Case{{100, kMax}, {Kind::kAutoSequence, {100, 0}}, 0, kSmall, {}},
           Case{{0, 0}, {Kind::kAutoSequence, {0, 0}}, 0, kNone, {0, 1}},
           Case{{kMax, kMax}, {Kind::kAutoSequence, {kMax, 0}}, 0, kExhausted, {}},
           Case{{100, 7}, {Kind::kExplicit, {100, 8}}, 0, kNone, {100, 8}},
           Case{{100, 7}, {Kind::kExplicit, {100, 7}}, 0, kSmall, {}},
           Case{{100, 7}, {Kind::kExplicit, {99, 9}}, 0, kSmall, {}},
           Case{{kMax, kMax}, {Kind::kExplicit, {kMax, kMax}}, 0, kExhausted, {}},
       }) {
    Stream stream;
    ASSERT_TRUE(stream.set_id(c.last, 0, {}));
    StreamId id;
    EXPECT_EQ(plan_append_id(&stream, c.asked, WallMs{c.now}, id), c.refusal);
    if (c.refusal == kNone) {
      EXPECT_EQ(id, c.id) << to_string(c.last) << " at " << c.now;
    }
  }
}

TEST(PlanAppendIdTest, TakesANewStreamForAnEmptyOne) {
  StreamId id;
  EXPECT_EQ(plan_append_id(nullptr, {Kind::kAuto, {}}, WallMs{5}, id), AppendRefusal::kNone);
  EXPECT_EQ(id, (StreamId{5, 0}));
}

TEST(PlanNewBlockTest, EndsANodeByEntriesOrBytes) {
  Stream stream;
  EXPECT_TRUE(plan_new_block(stream, 1, {}));
  fill(stream, 3, 100);
  const uint64_t used = stream.tail()->node().bytes();
  EXPECT_FALSE(plan_new_block(stream, 1, {.entries = 4, .bytes = 0}));
  EXPECT_TRUE(plan_new_block(stream, 1, {.entries = 3, .bytes = 0}));
  EXPECT_FALSE(plan_new_block(stream, 1, {.entries = 0, .bytes = 0}));
  EXPECT_FALSE(plan_new_block(stream, 10, {.entries = 0, .bytes = used + 11}));
  EXPECT_TRUE(plan_new_block(stream, 10, {.entries = 0, .bytes = used + 10}));
  EXPECT_TRUE(plan_new_block(stream, 1ULL << 30, {.entries = 0, .bytes = 0})) << "0: 1 GiB";
  EXPECT_TRUE(plan_new_block(stream, 1ULL << 30, {.entries = 0, .bytes = kMax}));
  ASSERT_TRUE(stream.erase({2, 0}));
  EXPECT_TRUE(plan_new_block(stream, 1, {.entries = 3, .bytes = 0})) << "deleted entries count";
}

TEST(PlanTrimTest, DropsWholeBlocksOrExactly) {
  struct Case {
    Trim trim;
    uint64_t count;
    StreamId last;
  };
  constexpr auto kLength = Trim::By::kLength;
  constexpr auto kId = Trim::By::kId;
  for (const Case& c : {
           Case{{.by = kLength, .length = 1000}, 0, {}},
           Case{{.by = kLength, .length = 1001}, 0, {}},
           Case{{.by = kLength, .length = 555}, 445, {445, 0}},
           Case{{.by = kLength, .length = 600}, 400, {400, 0}},
           Case{{.by = kLength, .length = 0}, 1000, {1000, 0}},
           Case{{.by = kLength, .approximate = true, .length = 555}, 400, {400, 0}},
           Case{{.by = kLength, .approximate = true, .length = 600}, 400, {400, 0}},
           Case{{.by = kLength, .approximate = true, .length = 901}, 0, {}},
           Case{{.by = kLength, .approximate = true, .length = 0, .limit = 250}, 200, {200, 0}},
           Case{{.by = kLength, .approximate = true, .length = 0, .limit = 99}, 0, {}},
           Case{{.by = kId, .first_kept = {1, 0}}, 0, {}},
           Case{{.by = kId, .first_kept = {1, 1}}, 1, {1, 0}},
           Case{{.by = kId, .first_kept = {250, 0}}, 249, {249, 0}},
           Case{{.by = kId, .first_kept = {101, 0}}, 100, {100, 0}},
           Case{{.by = kId, .first_kept = {5000, 0}}, 1000, {1000, 0}},
           Case{{.by = kId, .approximate = true, .first_kept = {100, 0}}, 0, {}},
           Case{{.by = kId, .approximate = true, .first_kept = {100, 1}}, 100, {100, 0}},
           Case{{.by = kId, .approximate = true, .first_kept = {250, 0}}, 200, {200, 0}},
           Case{{.by = kId, .approximate = true, .first_kept = {250, 0}, .limit = 100},
                100,
                {100, 0}},
       }) {
    Stream stream;
    fill(stream, 1000, 100);
    const TrimPlan plan = plan_trim(stream, c.trim);
    EXPECT_EQ(plan.count, c.count) << c.trim.length << " " << to_string(c.trim.first_kept);
    EXPECT_EQ(plan.last_dropped, c.last);
    EXPECT_EQ(stream.length(), 1000) << "a plan changes nothing";
    if (plan.count != 0) {
      EXPECT_EQ(stream.trim(plan.last_dropped), plan.count);
    }
  }
}

TEST(PlanTrimTest, CountsLiveEntriesOnly) {
  Stream stream;
  fill(stream, 20, 10);
  for (const uint64_t i : {1U, 2U, 3U, 12U, 14U}) ASSERT_TRUE(stream.erase({i, 0}));
  EXPECT_EQ(plan_trim(stream, {.by = Trim::By::kLength, .length = 8}).count, 7);
  EXPECT_EQ(plan_trim(stream, {.by = Trim::By::kLength, .length = 8}).last_dropped,
            (StreamId{10, 0}));
  EXPECT_EQ(plan_trim(stream, {.by = Trim::By::kLength, .length = 6}).last_dropped,
            (StreamId{13, 0}));
  EXPECT_EQ(plan_trim(stream, {.by = Trim::By::kId, .first_kept = {4, 0}}).count, 0);
  EXPECT_EQ(plan_trim(stream, {.by = Trim::By::kId, .first_kept = {15, 0}}).count, 9);
}

// A plan and its application agree on random streams.
TEST(PlanTrimTest, DropsAsManyAsItSays) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    Stream stream;
    fill(stream, 1 + random() % 60, 1 + random() % 12);
    for (uint64_t i = random() % 40; i > 0; --i) {
      static_cast<void>(stream.erase({1 + random() % 60, 0}));
    }
    const Trim trim{.by = random() % 2 == 0 ? Trim::By::kLength : Trim::By::kId,
                    .approximate = random() % 2 == 0,
                    .length = random() % 70,
                    .first_kept = {random() % 70, random() % 2}};
    const uint64_t before = stream.length();
    const TrimPlan plan = plan_trim(stream, trim);
    if (plan.count == 0) continue;
    ASSERT_EQ(stream.trim(plan.last_dropped), plan.count);
    ASSERT_EQ(stream.length(), before - plan.count);
    if (trim.by == Trim::By::kLength) {
      ASSERT_GE(stream.length(), std::min(before, trim.length));
      if (!trim.approximate) {
        ASSERT_EQ(stream.length(), std::min(before, trim.length));
      }
    }
  }
}

int64_t delivered(const Stream& stream, StreamId last, int64_t count, StreamId id) {
  Group group;
  group.last_delivered = last;
  group.entries_read = count;
  EntriesRead entries_read(stream, group);
  entries_read.deliver(id);
  return entries_read.count();
}

TEST(EntriesReadTest, CountsWhileNothingMakesItUnknown) {
  Stream stream;
  fill(stream, 5, 100);
  EXPECT_EQ(delivered(stream, {2, 0}, 2, {3, 0}), 3);
  EXPECT_EQ(delivered(stream, {0, 0}, kEntriesReadUnknown, {1, 0}), 1)
      << "the first entry is known";
  EXPECT_EQ(delivered(stream, {4, 0}, kEntriesReadUnknown, {5, 0}), 5) << "so is the last";
  EXPECT_EQ(delivered(stream, {2, 0}, kEntriesReadUnknown, {3, 0}), kEntriesReadUnknown);
}

TEST(EntriesReadTest, IsUnknownBeforeATombstone) {
  Stream stream;
  fill(stream, 5, 100);
  ASSERT_TRUE(stream.erase({4, 0}));
  EXPECT_EQ(delivered(stream, {2, 0}, 2, {3, 0}), kEntriesReadUnknown);
  EXPECT_EQ(delivered(stream, {3, 0}, 3, {5, 0}), 5) << "the last entry tells";
  EXPECT_EQ(delivered(stream, {4, 0}, 4, {5, 0}), 5);
}

TEST(EntriesReadTest, StartsAnewAfterATrim) {
  Stream stream;
  fill(stream, 5, 100);
  ASSERT_EQ(stream.trim({3, 0}), 3);
  EXPECT_EQ(delivered(stream, {1, 0}, 1, {4, 0}), 4) << "three were trimmed, this is the fourth";
}

TEST(EntriesReadTest, IsEstimatedWhereTheStreamTells) {
  Stream stream;
  EXPECT_EQ(estimate_entries_read(stream, {0, 0}), 0);
  EXPECT_EQ(estimate_entries_read(stream, {9, 0}), 0);
  fill(stream, 5, 100);
  EXPECT_EQ(estimate_entries_read(stream, {0, 0}), 0);
  EXPECT_EQ(estimate_entries_read(stream, {1, 0}), 1);
  EXPECT_EQ(estimate_entries_read(stream, {2, 0}), kEntriesReadUnknown);
  EXPECT_EQ(estimate_entries_read(stream, {5, 0}), 5);
  EXPECT_EQ(estimate_entries_read(stream, {6, 0}), kEntriesReadUnknown);
  ASSERT_TRUE(stream.erase({3, 0}));
  EXPECT_EQ(estimate_entries_read(stream, {1, 0}), kEntriesReadUnknown);
  ASSERT_EQ(stream.trim({3, 0}), 2);
  EXPECT_EQ(estimate_entries_read(stream, {3, 1}), 3);
  EXPECT_EQ(estimate_entries_read(stream, {4, 0}), 4);
  ASSERT_EQ(stream.trim({5, 0}), 2);
  EXPECT_EQ(estimate_entries_read(stream, {5, 0}), 5);
  EXPECT_EQ(estimate_entries_read(stream, {6, 0}), kEntriesReadUnknown);
}

}  // namespace
}  // namespace leat
