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

TEST(BlockTest, IsTheSameAfterItsImageButForWhatWasDeleted) {
  Block block = block_of({{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}});
  const size_t whole = block.image().rows.size();
  EXPECT_EQ(whole, block.bytes_used());
  block.erase_until({1, 0});
  ASSERT_TRUE(block.erase({3, 0}));
  ASSERT_TRUE(block.erase({5, 0}));
  BlockImage image = block.image();
  EXPECT_EQ(image.rows.size(), whole * 3 / 5) << "the first entry stays, deleted as it is";
  ASSERT_TRUE(Block::fits(image));
  Block opened(std::move(image));
  EXPECT_EQ(live_ids(opened), live_ids(block));
  EXPECT_EQ(opened.first_id(), block.first_id());
  EXPECT_EQ(opened.last_id(), block.last_id());
  EXPECT_EQ(opened.live(), 2);
  EXPECT_EQ(opened.deleted(), 3);
  const std::string entry = wire({"f", "other"});
  ASSERT_TRUE(opened.append({6, 0}, 2, entry));
  ASSERT_TRUE(block.append({6, 0}, 2, entry));
  EXPECT_EQ(opened.node().bytes(), block.node().bytes()) << "counted from the same first entry";
}

TEST(BlockTest, RefusesAnImageThatIsNoBlock) {
  const Block block = block_of({{1, 0}, {2, 0}});
  ASSERT_TRUE(Block::fits(block.image()));
  const auto spoilt = [&block](auto&& spoil) {
    BlockImage image = block.image();
    spoil(image);
    return Block::fits(image);
  };
  EXPECT_FALSE(spoilt([](BlockImage& image) { image.rows.truncate(image.rows.size() - 1); }));
  EXPECT_FALSE(spoilt([](BlockImage& image) { image.rows.bytes()[0] = 2; }));
  EXPECT_FALSE(spoilt([](BlockImage& image) { image.rows.bytes()[1] = 1; }));
  EXPECT_FALSE(spoilt([](BlockImage& image) { image.live = 1; }));
  EXPECT_FALSE(spoilt([](BlockImage& image) { image.last_id = {1, 0}; }));
  EXPECT_FALSE(spoilt([](BlockImage& image) { image.first_id = {2, 0}; }));
  EXPECT_FALSE(spoilt([](BlockImage& image) { image.rows.clear(); }));
}

TEST(BlockTest, LosesItsMarkWithEveryChange) {
  Block block = block_of({{1, 0}, {2, 0}, {3, 0}});
  const auto marked = [&block] {
    block.set_mark(7);
    return block.mark();
  };
  EXPECT_EQ(marked(), 7);
  EXPECT_FALSE(block.erase({9, 0}));
  EXPECT_EQ(block.mark(), 7) << "nothing has changed";
  ASSERT_TRUE(block.erase({3, 0}));
  EXPECT_EQ(block.mark(), 0);
  EXPECT_EQ(marked(), 7);
  block.cut_deleted_tail();
  EXPECT_EQ(block.mark(), 0);
  EXPECT_EQ(marked(), 7);
  ASSERT_TRUE(block.append({4, 0}, 2, wire({"f", "v"})));
  EXPECT_EQ(block.mark(), 0);
  EXPECT_EQ(marked(), 7);
  block.erase_until({1, 0});
  EXPECT_EQ(block.mark(), 0);
}

}  // namespace
}  // namespace leat
