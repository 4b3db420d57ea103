// Stream: the same as an ordered map, whatever happens to it.
#include "engine/stream.h"

#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/stream_plan.h"
#include "engine/wire_fixture.h"

namespace leat {
namespace {

constexpr uint64_t kLargest = std::numeric_limits<uint64_t>::max();

// A stream beside the map that it must equal.
class StreamModel {
 public:
  explicit StreamModel(uint64_t seed) : random_(seed) { add_groups(); }

  uint64_t below(uint64_t end) { return random_() % end; }

  // An id near those in use.
  StreamId near() { return {below(stream_.last_id().ms + 3), below(4)}; }

  void append() {
    const StreamId last = stream_.last_id();
    StreamId id = last.next();
    if (below(3) == 0) id = {last.ms + 1 + below(3), below(3)};
    std::string entry = wire({"f", std::to_string(below(1000))});
    ASSERT_TRUE(stream_.append(id, 2, entry, /*new_block=*/below(6) == 0));
    entries_[id] = std::move(entry);
    ++added_;
  }
  void erase() {
    const StreamId id = near();
    const bool there = entries_.erase(id) != 0;
    ASSERT_EQ(stream_.erase(id), there);
    if (there) max_deleted_ = std::max(max_deleted_, id);
  }
  void trim() {
    const StreamId last =
        below(8) == 0 ? near() : StreamId{below(stream_.last_id().ms / 3 + 1), below(4)};
    const size_t before = entries_.size();
    entries_.erase(entries_.begin(), entries_.upper_bound(last));
    ASSERT_EQ(stream_.trim(last), before - entries_.size());
  }
  void trim_range() {
    const StreamId first = near();
    const StreamId last{first.ms + below(below(4) == 0 ? 60 : 6), below(4)};
    const size_t before = entries_.size();
    if (first <= last) entries_.erase(entries_.lower_bound(first), entries_.upper_bound(last));
    ASSERT_EQ(stream_.trim_range(first, last), before - entries_.size());
  }
  void place_group() {
    Group& group = *stream_.mutable_groups().find(GroupId{static_cast<uint32_t>(1 + below(3))});
    ASSERT_TRUE(stream_.place(group, below(10) == 0 ? StreamId::max() : near()));
  }
  void set_last_id() {
    const StreamId top = entries_.empty() ? StreamId::min() : entries_.rbegin()->first;
    const StreamId id = near();
    ASSERT_EQ(stream_.set_id(id, added_, max_deleted_), id >= top);
  }

  void step() {
    const uint64_t choice = below(100);
    if (choice < 55) return append();
    if (choice < 83) return erase();
    if (choice < 88) return trim_range();
    if (choice < 92) return trim();
    choice < 97 ? place_group() : set_last_id();
  }

  void check() {
    check_counters();
    check_walks();
    check_look_ups();
    check_groups();
  }

 private:
  void add_groups() {
    for (uint32_t i = 1; i <= 3; ++i) {
      auto group = std::make_unique<Group>();
      group->id = GroupId{i};
      group->name = std::to_string(i);
      LEAT_CHECK(stream_.mutable_groups().add(std::move(group)));
    }
  }

  void check_counters() {
    ASSERT_EQ(stream_.length(), entries_.size());
    ASSERT_EQ(stream_.entries_added(), added_);
    ASSERT_EQ(stream_.max_deleted(), max_deleted_);
    ASSERT_EQ(stream_.first_id(), entries_.empty() ? StreamId::min() : entries_.begin()->first);
    ASSERT_EQ(stream_.blocks() == 0, entries_.empty()) << "a block without live entries is freed";
    uint64_t live = 0;
    for (const auto& [first, extent] : stream_.extents()) {
      ASSERT_NE(extent.live(), 0);
      live += extent.live();
    }
    ASSERT_EQ(live, entries_.size());
    const auto last = stream_.last_entry();
    ASSERT_EQ(last.has_value(), !entries_.empty());
    if (last) {
      ASSERT_EQ(last->id, entries_.rbegin()->first);
    }
  }

  void check_walks() {
    const StreamId from = near();
    auto expected = entries_.lower_bound(from);
    auto cursor = stream_.seek(from);
    for (; !cursor.done(); cursor.advance(), ++expected) {
      ASSERT_NE(expected, entries_.end());
      ASSERT_EQ(cursor.entry().id, expected->first);
      ASSERT_EQ(cursor.entry().wire, expected->second);
    }
    ASSERT_EQ(expected, entries_.end());

    const StreamId to = near();
    std::vector<StreamId> backwards;
    stream_.visit_backwards(from, {.end = to}, [&](const EntryView& entry) {
      backwards.push_back(entry.id);
      return backwards.size() < 20;
    });
    std::vector<StreamId> wanted;
    for (auto at = entries_.upper_bound(from); at != entries_.begin() && wanted.size() < 20;) {
      --at;
      if (at->first < to) break;
      wanted.push_back(at->first);
    }
    ASSERT_EQ(backwards, wanted);
  }

  void check_look_ups() {
    for (int i = 0; i < 5; ++i) {
      const StreamId id = near();
      const auto expected = entries_.find(id);
      const auto found = stream_.find(id);
      ASSERT_EQ(found.has_value(), expected != entries_.end());
      if (found) {
        ASSERT_EQ(found->wire, expected->second);
      }
      ASSERT_EQ(stream_.count_after(id), behind(id));
    }
    ASSERT_EQ(stream_.count_after(StreamId::max()), 0);
  }

  void check_groups() {
    for (const auto& [name, group] : stream_.groups().by_name()) {
      ASSERT_EQ(lag_of(stream_, *group), behind(group->last_delivered)) << "group " << name;
    }
  }

  [[nodiscard]] uint64_t behind(StreamId id) const {
    return static_cast<uint64_t>(std::distance(entries_.upper_bound(id), entries_.end()));
  }

  std::mt19937_64 random_;
  Stream stream_;
  std::map<StreamId, std::string> entries_;
  uint64_t added_ = 0;
  StreamId max_deleted_;
};

class StreamModelTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(StreamModelTest, IsAnOrderedMap) {
  StreamModel model(GetParam());
  for (int i = 0; i < 3000; ++i) {
    model.step();
    model.check();
    ASSERT_FALSE(HasFailure()) << "after step " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StreamModelTest, ::testing::Range<uint64_t>(1, 7));

TEST(StreamTest, IsEmptyAtFirst) {
  const Stream stream;
  EXPECT_EQ(stream.length(), 0);
  EXPECT_EQ(stream.tail(), nullptr);
  EXPECT_TRUE(stream.seek(StreamId::min()).done());
  EXPECT_FALSE(stream.last_entry());
  EXPECT_FALSE(stream.find(StreamId::min()));
  EXPECT_EQ(stream.count_after(StreamId::min()), 0);
}

TEST(StreamTest, HoldsTheGreatestIds) {
  Stream stream;
  ASSERT_TRUE(stream.append({kLargest, kLargest - 1}, 2, kEntry, false));
  ASSERT_TRUE(stream.append({kLargest, kLargest}, 2, kEntry, true));
  EXPECT_TRUE(stream.find({kLargest, kLargest}));
  EXPECT_EQ(stream.seek({kLargest, kLargest}).entry().id, StreamId::max());
  EXPECT_EQ(stream.count_after({kLargest, kLargest - 1}), 1);
  EXPECT_EQ(stream.trim(StreamId::max()), 2);
}

TEST(StreamTest, AppendsToTheBlockBeforeWhenTheLastOneWentAsRedisDoes) {
  Stream stream;
  for (uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(stream.append({i, 0}, 2, kEntry, i == 3));
  ASSERT_EQ(stream.blocks(), 2);
  ASSERT_TRUE(stream.erase({3, 0}));
  EXPECT_EQ(stream.tail(), stream.extents().begin()->second.block());
  ASSERT_TRUE(stream.append({4, 0}, 2, kEntry, false));
  EXPECT_EQ(stream.blocks(), 1);
  EXPECT_EQ(stream.length(), 3);
}

TEST(StreamTest, StaysAsItWasWhenAnEntryIsMalformed) {
  Stream stream;
  EXPECT_FALSE(stream.append({1, 0}, 2, "$1\r\nf\r\n", true));
  EXPECT_EQ(stream.blocks(), 0);
  EXPECT_EQ(stream.tail(), nullptr);
  ASSERT_TRUE(stream.append({1, 0}, 2, kEntry, false));
  EXPECT_FALSE(stream.append({2, 0}, 2, "", false));
  EXPECT_FALSE(stream.append({2, 0}, 2, "", true));
  EXPECT_EQ(stream.length(), 1);
  EXPECT_EQ(stream.last_id(), (StreamId{1, 0}));
  EXPECT_EQ(stream.entries_added(), 1);
}

TEST(StreamTest, KnowsHowManyEntriesFitIntoSoManyBytes) {
  Stream stream;
  for (uint64_t i = 1; i <= 1000; ++i) {
    ASSERT_TRUE(stream.append({i, 0}, 2, kEntry, i % 100 == 1));
  }
  const uint64_t size = kEntry.size();
  EXPECT_EQ(stream.count_within({1, 0}, 0, 1000 * size), 0);
  EXPECT_EQ(stream.count_within({1, 0}, 7, 1000 * size), 7);
  EXPECT_EQ(stream.count_within({1, 0}, 0, 250 * size), 250);
  EXPECT_EQ(stream.count_within({1, 0}, 100, 250 * size), 100);
  EXPECT_EQ(stream.count_within({1, 0}, 300, 250 * size), 250);
  EXPECT_EQ(stream.count_within({1, 0}, 30, 25 * size), 25);
  EXPECT_EQ(stream.count_within({1, 0}, 20, 25 * size), 20);
  EXPECT_EQ(stream.count_within({1, 0}, 20, 1), 1);
  EXPECT_EQ(stream.count_within({901, 0}, 0, 250 * size), 0) << "what is left fits";
  EXPECT_EQ(stream.count_within({1001, 0}, 0, 1), 0);
  EXPECT_EQ(stream.count_within({1001, 0}, 5, 1), 5);
  // Inside a block it is too few rather than too many.
  EXPECT_EQ(stream.count_within({91, 0}, 0, 250 * size), 150);
  ASSERT_TRUE(stream.erase({101, 0}));
  EXPECT_EQ(stream.count_within({1, 0}, 0, 150 * size), 150);
}

TEST(StreamTest, GivesMemoryBack) {
  Stream stream;
  const size_t empty = stream.memory();
  for (uint64_t i = 1; i <= 1000; ++i) {
    ASSERT_TRUE(stream.append({i, 0}, 2, kEntry, i % 100 == 1));
  }
  const size_t full = stream.memory();
  EXPECT_GT(full, empty + 1000 * kEntry.size());
  for (uint64_t i = 1; i <= 500; ++i) ASSERT_TRUE(stream.erase({i, 0}));
  EXPECT_LT(stream.memory(), empty + (full - empty) * 6 / 10);
  stream.trim(StreamId::max());
  Stream emptied;
  ASSERT_TRUE(emptied.append({1, 0}, 2, kEntry, true));
  EXPECT_LE(emptied.memory(), empty + 160) << "one entry needs nothing that few streams have";
  ASSERT_TRUE(emptied.erase({1, 0}));
  EXPECT_EQ(stream.memory(), emptied.memory());
}

TEST(StreamTest, IsClonedWholeAndApart) {
  Stream stream;
  for (uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(stream.append({i, 0}, 2, kEntry, i % 4 == 1));
  ASSERT_TRUE(stream.erase({10, 0}));
  ASSERT_TRUE(stream.erase({1, 0}));
  auto group = std::make_unique<Group>();
  group->id = GroupId{7};
  group->name = "g";
  ASSERT_TRUE(stream.place(*group, {20, 0}));
  ASSERT_TRUE(add_consumer(*group, ConsumerId{3}, "c", WallMs{5}));
  group->pending.put(
      {.id = {2, 0}, .owner = ConsumerId{3}, .delivered = WallMs{5}, .deliveries = 2});
  ASSERT_TRUE(stream.mutable_groups().add(std::move(group)));

  const auto copy = stream.clone();
  EXPECT_EQ(copy->length(), 8);
  EXPECT_EQ(copy->last_id(), (StreamId{10, 0}));
  EXPECT_EQ(copy->entries_added(), 10);
  EXPECT_EQ(copy->max_deleted(), (StreamId{10, 0}));
  EXPECT_EQ(copy->first_id(), (StreamId{2, 0}));
  EXPECT_EQ(copy->blocks(), 3);
  const Group& copied = *copy->groups().find("g");
  EXPECT_EQ(copied.pending.size(), 1);
  EXPECT_EQ(copied.consumer("c")->id, ConsumerId{3});
  EXPECT_EQ(copied.next_consumer, ConsumerId{4});
  EXPECT_EQ(copy->groups().next_id(), GroupId{8});

  ASSERT_TRUE(copy->append({11, 0}, 2, kEntry, false));
  EXPECT_EQ(lag_of(*copy, copied), 0) << "the copied group stands ahead as well";
  EXPECT_EQ(stream.length(), 8);
  EXPECT_EQ(stream.mutable_groups().find("g")->delivered_live, 8);
}

}  // namespace
}  // namespace leat
