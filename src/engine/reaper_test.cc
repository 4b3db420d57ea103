// What is dropped is gone at once, and what is large of it is freed in slices.
#include "engine/reaper.h"

#include <string>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/state_loader.h"
#include "engine/state_writer.h"
#include "engine/stream_plan.h"
#include "engine/wire_fixture.h"
#include "model/record_lists.h"

namespace leat {
namespace {

constexpr size_t kMany = 10'000;
constexpr ObjectId kObject{1};

class ReaperTest : public ::testing::Test {
 protected:
  void create(ObjectId id, ObjectKind kind) {
    ASSERT_TRUE(apply_record(
        engine_, KeyCreate{.object = id, .db = {}, .kind = kind, .key = std::to_string(id.value)}));
  }
  void fill_set(ObjectId id, size_t members) {
    ByteBuffer list;
    for (size_t i = 0; i < members; ++i) append_string(list, std::to_string(i));
    ASSERT_TRUE(apply_record(engine_, SetAdd{id, list.view()}));
  }
  void fill_stream(size_t entries) {
    const std::string entry = wire({"f", "v"});
    for (size_t i = 1; i <= entries; ++i) {
      ASSERT_TRUE(apply_record(engine_, StreamAppend{.object = kObject,
                                                     .new_block = i % 10 == 1,
                                                     .id = {i, 0},
                                                     .elements = 2,
                                                     .wire = entry}));
    }
  }
  // A group with kMany pending entries, read ten at a time by two consumers in turn; a third one has the last ten.
  void deliver_in_turn() {
    create(kObject, ObjectKind::kStream);
    fill_stream(kMany);
    ASSERT_TRUE(apply_record(engine_, GroupCreate{.object = kObject,
                                                  .group = GroupId{1},
                                                  .last_delivered = {},
                                                  .entries_read = 0,
                                                  .name = "g"}));
    for (uint32_t i = 1; i <= 3; ++i) {
      ASSERT_TRUE(apply_record(engine_, ConsumerCreate{.object = kObject,
                                                       .group = GroupId{1},
                                                       .consumer = ConsumerId{i},
                                                       .at = {},
                                                       .name = std::to_string(i)}));
    }
    for (uint64_t first = 1; first < kMany; first += 10) {
      const auto turn = static_cast<uint32_t>(first / 10 % 2);
      const ConsumerId consumer{first + 10 > kMany ? 3 : 1 + turn};
      ASSERT_TRUE(apply_record(engine_, GroupDeliver{.object = kObject,
                                                     .group = GroupId{1},
                                                     .consumer = consumer,
                                                     .at = WallMs{static_cast<int64_t>(first)},
                                                     .entries_read = 0,
                                                     .first = {first, 0},
                                                     .last = {first + 9, 0}}));
    }
  }
  // What the engine says that dropped things hold is about `bytes`, and goes to nothing as they are freed.
  void expect_dropped(size_t bytes) {
    EXPECT_GE(engine_.dropped_bytes(), bytes * 9 / 10);
    EXPECT_LE(engine_.dropped_bytes(), bytes * 11 / 10);
    while (engine_.reaping()) {
      engine_.reap(100);
      EXPECT_LE(engine_.dropped_bytes(), bytes * 11 / 10);
    }
    EXPECT_EQ(engine_.dropped_bytes(), 0);
  }
  [[nodiscard]] size_t memory(ObjectId id) const { return memory_of(*engine_.keyspace().find(id)); }
  // Reaps by `slice` until nothing is left; returns how many slices that took.
  size_t slices(size_t slice) {
    size_t count = 0;
    for (; engine_.reaping() && count < 1'000'000; ++count) engine_.reap(slice);
    return count;
  }

  Engine engine_{2};
};

TEST_F(ReaperTest, FreesSmallThingsAtOnce) {
  create(kObject, ObjectKind::kSet);
  fill_set(kObject, 100);
  ASSERT_TRUE(apply_record(engine_, KeyDrop{kObject}));
  EXPECT_FALSE(engine_.reaping());
}

TEST_F(ReaperTest, FreesALargeSetInSlices) {
  create(kObject, ObjectKind::kSet);
  fill_set(kObject, kMany);
  ASSERT_TRUE(apply_record(engine_, KeyDrop{kObject}));
  EXPECT_EQ(engine_.unreaped(), 1U);
  EXPECT_EQ(engine_.keyspace().find(kObject), nullptr);
  const size_t count = slices(1000);
  EXPECT_GE(count, 9);
  EXPECT_LE(count, 11);
}

TEST_F(ReaperTest, KnowsWhatADroppedObjectHolds) {
  create(kObject, ObjectKind::kSet);
  fill_set(kObject, kMany);
  const size_t bytes = memory(kObject);
  EXPECT_EQ(engine_.dropped_bytes(), 0);
  ASSERT_TRUE(apply_record(engine_, KeyDrop{kObject}));
  expect_dropped(bytes);
}

TEST_F(ReaperTest, KnowsWhatTrimmedBlocksHold) {
  create(kObject, ObjectKind::kStream);
  fill_stream(5 * kMany);
  const size_t bytes = memory(kObject);
  ASSERT_TRUE(apply_record(engine_, StreamTrim{kObject, {5 * kMany - 15, 0}}));
  expect_dropped(bytes - memory(kObject));
}

TEST_F(ReaperTest, KnowsWhatFlushedKeysHold) {
  size_t bytes = 0;
  for (uint64_t i = 1; i <= 1000; ++i) {
    create(ObjectId{i}, ObjectKind::kSet);
    fill_set(ObjectId{i}, 100);
    bytes += memory(ObjectId{i});
  }
  ASSERT_TRUE(apply_record(engine_, DbFlush{.every = true, .db = {}}));
  expect_dropped(bytes);
}

// A few of them tell a little about what the others hold, and each that is freed tells more.
TEST_F(ReaperTest, LearnsWhatFlushedKeysOfManySizesHold) {
  constexpr size_t kKeys = 1000;
  size_t bytes = 0;
  for (uint64_t i = 1; i <= kKeys; ++i) {
    create(ObjectId{i}, ObjectKind::kSet);
    if (i % 10 == 0) fill_set(ObjectId{i}, i);
    bytes += memory(ObjectId{i});
  }
  ASSERT_TRUE(apply_record(engine_, DbFlush{.every = true, .db = {}}));
  EXPECT_GE(engine_.dropped_bytes(), bytes / 3);
  EXPECT_LE(engine_.dropped_bytes(), bytes * 3);
  while (engine_.unreaped() > kKeys / 2) engine_.reap(50);
  EXPECT_GE(engine_.dropped_bytes(), bytes / 2 * 7 / 10);
  EXPECT_LE(engine_.dropped_bytes(), bytes / 2 * 13 / 10);
  slices(1000);
  EXPECT_EQ(engine_.dropped_bytes(), 0);
}

// A checkpoint holds what it has not written: memory of that size is on its way as well.
TEST_F(ReaperTest, KnowsWhatARunningCheckpointHolds) {
  create(kObject, ObjectKind::kSet);
  fill_set(kObject, kMany);
  const size_t bytes = memory(kObject);
  StateWriter& writer = engine_.start_checkpoint();
  ASSERT_TRUE(apply_record(engine_, KeyDrop{kObject}));
  EXPECT_FALSE(engine_.reaping());
  EXPECT_GE(engine_.dropped_bytes(), bytes * 9 / 10);
  while (!writer.complete()) writer.step(1000);
  EXPECT_TRUE(engine_.reaping());
  EXPECT_GE(engine_.dropped_bytes(), bytes * 8 / 10);
  engine_.end_checkpoint();
  slices(1000);
  EXPECT_EQ(engine_.dropped_bytes(), 0);
}

TEST_F(ReaperTest, FreesTrimmedBlocksInSlices) {
  create(kObject, ObjectKind::kStream);
  fill_stream(kMany);
  ASSERT_TRUE(apply_record(engine_, StreamTrim{kObject, {kMany - 15, 0}}));
  const Stream& stream = *engine_.keyspace().find(kObject)->stream();
  EXPECT_EQ(stream.length(), 15);
  EXPECT_EQ(stream.blocks(), 2);
  EXPECT_EQ(stream.first_id(), (StreamId{kMany - 14, 0}));
  EXPECT_GE(slices(100), 7);
}

TEST_F(ReaperTest, FreesFlushedKeysInSlices) {
  for (uint64_t i = 1; i <= 1000; ++i) create(ObjectId{i}, ObjectKind::kSet);
  fill_set(ObjectId{1000}, kMany);
  ASSERT_TRUE(apply_record(engine_, DbFlush{.every = true, .db = {}}));
  EXPECT_EQ(engine_.keyspace().size({}), 0);
  EXPECT_GE(slices(100), 100);
  EXPECT_EQ(engine_.keyspace().first_from({}), nullptr);
}

// What one consumer has lies among what others have: dropping it leaves that alone, and takes slices to be swept.
TEST_F(ReaperTest, FreesAFlushedKeyInTheSmallestSlice) {
  for (uint64_t i = 1; i <= 3; ++i) create(ObjectId{i}, ObjectKind::kSet);
  ASSERT_TRUE(apply_record(engine_, DbFlush{.every = true, .db = {}}));
  EXPECT_EQ(slices(1), 3);
  EXPECT_EQ(engine_.dropped_bytes(), 0);
}

TEST_F(ReaperTest, SweepsADroppedConsumerInSlices) {
  deliver_in_turn();
  const Group& group = *engine_.keyspace().find(kObject)->stream()->groups().find(GroupId{1});
  const size_t bytes = group.pending.memory();
  ASSERT_TRUE(apply_record(engine_, ConsumerDrop{kObject, GroupId{1}, ConsumerId{1}}));
  EXPECT_TRUE(engine_.reaping());
  EXPECT_EQ(group.pending.size(), kMany / 2);
  EXPECT_EQ(group.pending.first_from(StreamId::min())->id, (StreamId{11, 0}));
  EXPECT_GE(engine_.dropped_bytes(), bytes / 4);
  const uint64_t digest = engine_.digest();
  EXPECT_GE(slices(16), kMany / 256 / 2);
  EXPECT_EQ(engine_.dropped_bytes(), 0);
  EXPECT_EQ(engine_.digest(), digest);
  EXPECT_EQ(group.pending.size(), kMany / 2);
  group.pending.check_invariants();
}

TEST_F(ReaperTest, SweepsNothingWhereTheGroupOrTheKeyIsGone) {
  deliver_in_turn();
  ASSERT_TRUE(apply_record(engine_, ConsumerDrop{kObject, GroupId{1}, ConsumerId{1}}));
  ASSERT_TRUE(apply_record(engine_, GroupDrop{kObject, GroupId{1}}));
  engine_.reap(1);
  ASSERT_TRUE(apply_record(engine_, KeyDrop{kObject}));
  slices(1000);
  EXPECT_EQ(engine_.dropped_bytes(), 0);
}

// Before its LSN, a checkpoint does not see what was dropped; after it, it does, and dropping writes nothing down.
TEST_F(ReaperTest, ACheckpointHoldsWhatWasPendingAtItsLsn) {
  deliver_in_turn();
  ASSERT_TRUE(apply_record(engine_, ConsumerDrop{kObject, GroupId{1}, ConsumerId{1}}));
  ASSERT_TRUE(engine_.reaping());
  const uint64_t digest = engine_.digest();
  StateWriter& writer = engine_.start_checkpoint();
  writer.step(1);
  engine_.reap(16);
  const size_t written = writer.out().size();
  ASSERT_TRUE(apply_record(engine_, ConsumerDrop{kObject, GroupId{1}, ConsumerId{2}}));
  EXPECT_LE(writer.out().size(), written + 1000);
  slices(16);
  while (!writer.complete()) writer.step(1000);
  Engine loaded(2);
  StateLoader loader(loaded);
  ASSERT_TRUE(loader.take(writer.out().view()));
  ASSERT_TRUE(loader.finish());
  EXPECT_EQ(loaded.digest(), digest);
  EXPECT_EQ(loaded.keyspace().find(kObject)->stream()->groups().find(GroupId{1})->pending.size(),
            kMany / 2);
  engine_.end_checkpoint();
  slices(1000);
  EXPECT_EQ(engine_.dropped_bytes(), 0);
}

TEST_F(ReaperTest, FreesGroupsWithAllThatIsPending) {
  create(kObject, ObjectKind::kStream);
  fill_stream(3 * kMany);
  ASSERT_TRUE(apply_record(engine_, GroupCreate{.object = kObject,
                                                .group = GroupId{1},
                                                .last_delivered = {},
                                                .entries_read = 0,
                                                .name = "g"}));
  for (uint32_t i = 1; i <= kMany; ++i) {
    ASSERT_TRUE(apply_record(engine_, ConsumerCreate{.object = kObject,
                                                     .group = GroupId{1},
                                                     .consumer = ConsumerId{i},
                                                     .at = {},
                                                     .name = std::to_string(i)}));
  }
  ASSERT_TRUE(apply_record(engine_, GroupDeliver{.object = kObject,
                                                 .group = GroupId{1},
                                                 .consumer = ConsumerId{1},
                                                 .at = {},
                                                 .entries_read = 0,
                                                 .first = {1, 0},
                                                 .last = {3 * kMany, 0}}));
  ASSERT_TRUE(apply_record(engine_, GroupDrop{kObject, GroupId{1}}));
  EXPECT_GE(slices(1000), 9);
}

}  // namespace
}  // namespace leat
