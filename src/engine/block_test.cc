// Block: a run of entries, walked, deleted from and cut.
#include "engine/block.h"

#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/wire_fixture.h"

namespace leat {
namespace {

using ::testing::ElementsAre;

const std::string kEntry = wire({"f", "v"});

Block block_of(const std::vector<StreamId>& ids) {
  Block block(ids.front(), ByteBuffer());
  for (const StreamId id : ids) EXPECT_TRUE(block.append(id, 2, kEntry));
  return block;
}

std::vector<StreamId> live_ids(const Block& block) {
  std::vector<StreamId> ids;
  for (auto cursor = block.begin(); !cursor.done(); cursor.advance()) {
    if (cursor.live()) ids.push_back(cursor.entry().id);
  }
  return ids;
}

TEST(BlockTest, RepliesWhatWasAppended) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  const std::vector<StreamId> ids = {{5, 7}, {5, 8},    {5, kMax},   {6, 0},
                                     {6, 3}, {kMax, 0}, {kMax, kMax}};
  Block block({5, 7}, ByteBuffer());
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string value(i * 40, static_cast<char>('a' + i));
    ASSERT_TRUE(block.append(ids[i], 2, wire({"f", value})));
  }
  auto cursor = block.begin();
  for (size_t i = 0; i < ids.size(); ++i, cursor.advance()) {
    ASSERT_FALSE(cursor.done());
    EXPECT_TRUE(cursor.live());
    EXPECT_EQ(cursor.entry().id, ids[i]);
    EXPECT_EQ(cursor.entry().elements, 2);
    EXPECT_EQ(cursor.entry().wire, wire({"f", std::string(i * 40, static_cast<char>('a' + i))}));
  }
  EXPECT_TRUE(cursor.done());
  EXPECT_EQ(block.first_id(), ids.front());
  EXPECT_EQ(block.last_id(), ids.back());
  EXPECT_EQ(block.live(), ids.size());
}

TEST(BlockTest, SeeksTheFirstEntryFromAnId) {
  const Block block = block_of({{2, 0}, {4, 0}, {6, 0}});
  EXPECT_EQ(block.seek({0, 0}).entry().id, (StreamId{2, 0}));
  EXPECT_EQ(block.seek({4, 0}).entry().id, (StreamId{4, 0}));
  EXPECT_EQ(block.seek({4, 1}).entry().id, (StreamId{6, 0}));
  EXPECT_EQ(block.seek({6, 0}).entry().id, (StreamId{6, 0}));
  EXPECT_TRUE(block.seek({6, 1}).done());
}

TEST(BlockTest, MarksErasedEntries) {
  Block block = block_of({{1, 0}, {2, 0}, {3, 0}});
  EXPECT_TRUE(block.erase({2, 0}));
  EXPECT_FALSE(block.erase({2, 0}));
  EXPECT_FALSE(block.erase({2, 1}));
  EXPECT_FALSE(block.erase({9, 0}));
  EXPECT_EQ(block.live(), 2);
  EXPECT_EQ(block.deleted(), 1);
  EXPECT_THAT(live_ids(block), ElementsAre(StreamId{1, 0}, StreamId{3, 0}));
}

TEST(BlockTest, ErasesFromItsHead) {
  Block block = block_of({{1, 0}, {2, 0}, {3, 0}, {4, 0}});
  EXPECT_TRUE(block.erase({2, 0}));
  EXPECT_EQ(block.erase_until({0, 5}), 0);
  EXPECT_EQ(block.erase_until({2, 9}), 1);
  EXPECT_EQ(block.erase_until({2, 9}), 0);
  EXPECT_THAT(live_ids(block), ElementsAre(StreamId{3, 0}, StreamId{4, 0}));
  EXPECT_EQ(block.live(), 2);
  EXPECT_EQ(block.deleted(), 2);
  EXPECT_EQ(block.first_id(), (StreamId{1, 0})) << "its name stays";
  EXPECT_TRUE(block.append({5, 0}, 2, kEntry));
  EXPECT_EQ(block.erase_until({9, 0}), 3);
  EXPECT_EQ(block.live(), 0);
}

TEST(BlockTest, CutsDeletedEntriesOffItsTail) {
  Block block = block_of({{1, 0}, {2, 0}, {3, 0}, {4, 0}});
  EXPECT_TRUE(block.erase({1, 0}));
  EXPECT_TRUE(block.erase({3, 0}));
  EXPECT_TRUE(block.erase({4, 0}));
  const size_t node_bytes = block.node().bytes();
  block.cut_deleted_tail();
  EXPECT_EQ(block.last_id(), (StreamId{2, 0}));
  EXPECT_EQ(block.live(), 1);
  EXPECT_EQ(block.deleted(), 3) << "they keep their places in the node";
  EXPECT_EQ(block.node().bytes(), node_bytes);
  EXPECT_TRUE(block.append({2, 1}, 2, kEntry));
  EXPECT_THAT(live_ids(block), ElementsAre(StreamId{2, 0}, StreamId{2, 1}));
}

TEST(BlockTest, StaysAsItWasWhenAnEntryIsMalformed) {
  Block block = block_of({{1, 0}});
  EXPECT_FALSE(block.append({2, 0}, 2, "$1\r\nf\r\n"));
  EXPECT_EQ(block.last_id(), (StreamId{1, 0}));
  EXPECT_EQ(block.live(), 1);
  EXPECT_THAT(live_ids(block), ElementsAre(StreamId{1, 0}));
  EXPECT_TRUE(block.append({2, 0}, 2, kEntry));
}

}  // namespace
}  // namespace leat
