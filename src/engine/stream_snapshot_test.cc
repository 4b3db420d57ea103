// Snapshots: whatever happens to a stream, each shows the entries that were there when it was made.
#include "engine/stream_snapshot.h"

#include <algorithm>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/frame_fixture.h"
#include "engine/state_writer.h"
#include "engine/wire_fixture.h"
#include "model/record_lists.h"

namespace leat {
namespace {

using Entries = std::map<StreamId, std::string>;
using Order = StreamSnapshot::Order;

// One stream, the map that it equals, and snapshots of it beside what they must show.
class SnapshotWorld {
 public:
  explicit SnapshotWorld(uint64_t seed) : random_(seed) {
    engine_.share().set_size(below(3) == 0 ? 0 : 2 + below(2000));
    engine_.share().seals.set_frame_bytes(1 + below(600));
    create();
  }

  uint64_t below(uint64_t end) { return random_() % end; }

  void step() {
    const uint64_t choice = below(100);
    if (choice < 45) return append();
    if (choice < 57) return erase();
    if (choice < 60) return below(2) == 0 ? trim() : trim_range();
    if (choice < 63) return set_last_id();
    if (choice < 64) return below(6) == 0 ? replace() : append();
    if (choice < 71) return seal();
    if (choice < 75) return checkpoint();
    if (choice < 80) return open_reader();
    if (choice < 81 && !readers_.empty()) return readers_.pop_front();
    engine_.reap(below(4));
    for (Reader& reader : readers_) read(reader, below(6));
    readers_.remove_if([](const Reader& reader) { return reader.snapshot->done(); });
  }

  // All that is left is read, and nothing is kept that nobody needs.
  void finish() {
    for (Reader& reader : readers_) {
      while (!reader.snapshot->done() && !testing::Test::HasFailure()) read(reader, 1 + below(100));
    }
    readers_.clear();
    if (engine_.checkpoint() != nullptr) engine_.end_checkpoint();
    apply(KeyDrop{object_});
    while (engine_.reaping()) engine_.reap(100);
    ASSERT_EQ(frames_.size(), 0) << "a frame is referred to by nobody";
    ASSERT_EQ(engine_.share().seals.hot_bytes(), 0);
  }

  void check_counts() {
    const StreamId first = near();
    const StreamId last = near();
    const uint64_t most = below(3) == 0 ? 0 : below(entries_.size() + 3);
    uint64_t expected = 0;
    for (auto at = entries_.lower_bound(first); at != entries_.end() && at->first <= last; ++at)
      ++expected;
    if (most != 0) expected = std::min(expected, most);
    ASSERT_EQ(stream().count_between(first, last, most, below(2) == 0), expected);
  }
  [[nodiscard]] uint64_t shown() const { return shown_; }

 private:
  struct Reader {
    std::unique_ptr<StreamSnapshot> snapshot;
    std::vector<std::pair<StreamId, std::string>> expected;  // What is left.
    size_t at = 0;
  };

  [[nodiscard]] const Stream& stream() const { return *engine_.keyspace().find(object_)->stream(); }
  // An id near those in use.
  StreamId near() { return {below(stream().last_id().ms + 3), below(4)}; }

  template <typename Record>
  void apply(const Record& record) {
    ASSERT_TRUE(engine_.apply_decoded(record));
  }
  void create() {
    object_ = engine_.keyspace().next_id();
    apply(KeyCreate{.object = object_, .kind = ObjectKind::kStream, .key = "s"});
  }
  void append() {
    const StreamId last = stream().last_id();
    StreamId id = last.next();
    if (below(3) == 0) id = {last.ms + 1 + below(3), below(3)};
    std::string entry = wire({"f", std::to_string(below(100'000))});
    apply(StreamAppend{
        .object = object_, .new_block = below(6) == 0, .id = id, .elements = 2, .wire = entry});
    entries_[id] = std::move(entry);
  }
  void erase() {
    if (entries_.empty()) return;
    auto entry = entries_.lower_bound(near());
    if (entry == entries_.end()) --entry;
    ByteBuffer list;
    IdListWriter ids(list);
    ids.add(entry->first);
    apply(StreamDelete{.object = object_, .ids = list.view()});
    entries_.erase(entry);
  }
  void trim() {
    if (entries_.empty()) return;
    const StreamId top = std::prev(entries_.end())->first;
    const StreamId last = below(20) == 0 ? top : StreamId{below(top.ms / 3 + 1), below(4)};
    apply(StreamTrim{.object = object_, .last_dropped = last});
    entries_.erase(entries_.begin(), entries_.upper_bound(last));
  }
  void trim_range() {
    const StreamId first = near();
    const StreamId last{first.ms + below(below(4) == 0 ? 60 : 6), 4};
    ByteBuffer list;
    IdListWriter ranges(list);
    ranges.add(first);
    ranges.add(last);
    apply(StreamTrimRanges{.object = object_, .ranges = list.view()});
    entries_.erase(entries_.lower_bound(first), entries_.upper_bound(last));
  }
  // Back to the last entry, so that ids come again that have been there before.
  void set_last_id() {
    const StreamId top = entries_.empty() ? StreamId::min() : entries_.rbegin()->first;
    const StreamId last_id = std::max(top, below(2) == 0 ? top : near());
    apply(StreamSetId{.object = object_,
                      .last_id = last_id,
                      .entries_added = stream().entries_added(),
                      .max_deleted = StreamId::min()});
  }
  void replace() {
    apply(KeyDrop{object_});
    entries_.clear();
    create();
  }
  void seal() {
    frames_.seal(engine_.share().seals);
    if (below(3) == 0) engine_.share().frames.set_limit(below(2) * 2000);
  }
  void checkpoint() {
    if (engine_.checkpoint() == nullptr) {
      engine_.start_checkpoint();
    } else if (below(3) == 0) {
      engine_.end_checkpoint();
    } else {
      engine_.checkpoint()->step(100);
    }
  }
  void open_reader() {
    const StreamId first = below(2) == 0 ? StreamId::min() : near();
    const StreamId last = below(2) == 0 ? StreamId::max() : near();
    const Order order = below(2) == 0 ? Order::kUp : Order::kDown;
    Reader& reader = readers_.emplace_back();
    reader.snapshot = std::make_unique<StreamSnapshot>(stream(), first, last, order);
    for (auto at = entries_.lower_bound(first); at != entries_.end() && at->first <= last; ++at)
      reader.expected.push_back(*at);
    if (order == Order::kDown) std::reverse(reader.expected.begin(), reader.expected.end());
  }
  void read(Reader& reader, uint64_t count) {
    FrameCache& cache = engine_.share().frames;
    cache.begin(FrameCache::Keep::kPinned, 1 + below(4));
    if (count != 0) {
      reader.snapshot->visit(below(500), [&](const EntryView& entry) {
        EXPECT_LT(reader.at, reader.expected.size());
        if (reader.at == reader.expected.size()) return false;
        EXPECT_EQ(entry.id, reader.expected[reader.at].first);
        EXPECT_EQ(entry.wire, reader.expected[reader.at++].second);
        ++shown_;
        return --count != 0;
      });
    }
    const std::vector<FrameRef> missing = cache.take_missing();
    cache.end();
    if (reader.snapshot->done()) {
      ASSERT_EQ(reader.at, reader.expected.size());
      ASSERT_EQ(reader.snapshot->held_bytes(), 0);
    }
    for (const FrameRef& ref : missing) {
      BlockImages images;
      ASSERT_TRUE(frames_.read(ref, images));
      opened_.push_back(cache.admit(ref, std::move(images)));
    }
    if (opened_.size() > 8) opened_.clear();
  }

  std::mt19937_64 random_;
  MemoryFrames frames_;
  Engine engine_{1, &frames_};
  ObjectId object_;
  Entries entries_;
  std::list<Reader> readers_;
  std::vector<FrameCache::Pin> opened_;
  uint64_t shown_ = 0;
};

class SnapshotModelTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(SnapshotModelTest, ShowsWhatWasThere) {
  uint64_t shown = 0;
  for (uint64_t round = 0; round < 20; ++round) {
    SnapshotWorld world(GetParam() * 100 + round);
    for (int i = 0; i < 600; ++i) {
      world.step();
      world.check_counts();
      ASSERT_FALSE(HasFailure()) << "round " << round << ", step " << i;
    }
    world.finish();
    ASSERT_FALSE(HasFailure()) << "round " << round;
    shown += world.shown();
  }
  ASSERT_GT(shown, 10'000);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SnapshotModelTest, ::testing::Range<uint64_t>(1, 9));

class StreamSnapshotTest : public ::testing::Test {
 protected:
  StreamSnapshotTest() {
    engine_.share().set_size(2);
    engine_.share().seals.set_frame_bytes(1);
    apply(KeyCreate{.object = kStream, .kind = ObjectKind::kStream, .key = "s"});
  }
  ~StreamSnapshotTest() override = default;

  template <typename Record>
  void apply(const Record& record) {
    ASSERT_TRUE(engine_.apply_decoded(record));
  }
  // Entries 1-0 to `count`-0, four a block.
  void fill(uint64_t count) {
    for (uint64_t i = 1; i <= count; ++i) {
      const std::string entry = wire({"f", std::to_string(i)});
      apply(StreamAppend{
          .object = kStream, .new_block = i % 4 == 1, .id = {i, 0}, .elements = 2, .wire = entry});
    }
  }
  void seal() { frames_.seal(engine_.share().seals); }
  void erase(uint64_t ms) {
    ByteBuffer list;
    IdListWriter ids(list);
    ids.add({ms, 0});
    apply(StreamDelete{.object = kStream, .ids = list.view()});
  }
  void trim(uint64_t ms) { apply(StreamTrim{.object = kStream, .last_dropped = {ms, 0}}); }
  [[nodiscard]] const Stream& stream() const { return *engine_.keyspace().find(kStream)->stream(); }
  [[nodiscard]] std::unique_ptr<StreamSnapshot> snapshot(Order order = Order::kUp) const {
    return std::make_unique<StreamSnapshot>(stream(), StreamId::min(), StreamId::max(), order);
  }
  // The next `count` entries, their ms.
  static std::vector<uint64_t> read(StreamSnapshot& snapshot, size_t count) {
    std::vector<uint64_t> ids;
    snapshot.visit(UINT64_MAX, [&ids, count](const EntryView& entry) {
      ids.push_back(entry.id.ms);
      return ids.size() != count;
    });
    return ids;
  }
  static std::vector<uint64_t> row(uint64_t first, uint64_t last) {
    std::vector<uint64_t> ids;
    for (uint64_t i = first; i <= last; ++i) ids.push_back(i);
    return ids;
  }

  static constexpr ObjectId kStream{1};
  MemoryFrames frames_;
  Engine engine_{1, &frames_};
};

TEST_F(StreamSnapshotTest, CopiesNothingWhileNothingChanges) {
  fill(20);
  const auto all = snapshot();
  EXPECT_EQ(read(*all, 5), row(1, 5));
  seal();
  fill(0);
  EXPECT_EQ(all->held_bytes(), 0);
  EXPECT_EQ(read(*all, 100), row(6, 20));
  EXPECT_TRUE(all->done());
}

TEST_F(StreamSnapshotTest, KeepsABlockOnceForAllThatNeedIt) {
  fill(20);
  const auto up = snapshot();
  const auto down = snapshot(Order::kDown);
  const auto passed = snapshot();
  EXPECT_EQ(read(*passed, 8), row(1, 8));
  erase(6);
  erase(7);
  EXPECT_NE(up->held_bytes(), 0);
  EXPECT_EQ(up->held_bytes(), down->held_bytes()) << "the block is held once";
  EXPECT_EQ(passed->held_bytes(), 0) << "it is behind that block";
  EXPECT_EQ(read(*up, 8), row(1, 8));
  EXPECT_EQ(up->held_bytes(), 0) << "what has been read is let go";
  EXPECT_THAT(read(*down, 100), testing::ElementsAreArray([] {
                std::vector<uint64_t> ids = row(1, 20);
                std::reverse(ids.begin(), ids.end());
                return ids;
              }()));
}

TEST_F(StreamSnapshotTest, AnyOfThemMayGoFirst) {
  fill(20);
  std::vector<size_t> order{0, 1, 2};
  do {
    std::unique_ptr<StreamSnapshot> some[] = {snapshot(), snapshot(), snapshot()};
    const std::vector<uint64_t> there = read(*snapshot(), 100);
    some[order[0]].reset();
    erase(there[0]);
    EXPECT_EQ(read(*some[order[1]], 100), there);
    some[order[1]].reset();
    erase(there[1]);
    EXPECT_EQ(read(*some[order[2]], 100), there);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(StreamSnapshotTest, KeepsFramesByReference) {
  fill(40);
  seal();
  const size_t frames = frames_.size();
  ASSERT_GT(frames, 5);
  auto all = snapshot();
  trim(30);
  EXPECT_EQ(frames_.size(), frames) << "their files may not go";
  EXPECT_LT(all->held_bytes(), 2000);
  EXPECT_EQ(read(*all, 10), row(1, 10));
  apply(KeyDrop{kStream});
  EXPECT_EQ(read(*all, 10), row(11, 20));
  all.reset();
  ASSERT_TRUE(engine_.reaping()) << "what it has let go is freed in slices";
  while (engine_.reaping()) engine_.reap(1);
  EXPECT_EQ(frames_.size(), 0);
}

TEST_F(StreamSnapshotTest, ShowsNothingOfIdsThatComeAgain) {
  fill(8);
  const auto all = snapshot();
  erase(8);
  erase(7);
  erase(6);
  erase(5);
  apply(StreamSetId{.object = kStream, .last_id = {4, 0}, .entries_added = 8});
  const std::string entry = wire({"f", "again"});
  for (const uint64_t seq : {1UL, 2UL, 3UL}) {
    apply(StreamAppend{
        .object = kStream, .new_block = true, .id = {4, seq}, .elements = 2, .wire = entry});
  }
  apply(StreamAppend{
      .object = kStream, .new_block = true, .id = {6, 0}, .elements = 2, .wire = entry});
  EXPECT_EQ(read(*all, 100), row(1, 8));
}

TEST_F(StreamSnapshotTest, OfNothingIsDone) {
  EXPECT_TRUE(StreamSnapshot(stream(), {2, 0}, {1, 0}, Order::kUp).done());
  const auto empty = snapshot();
  EXPECT_EQ(read(*empty, 1), row(1, 0));
  EXPECT_TRUE(empty->done());
}

TEST_F(StreamSnapshotTest, ReachesTheGreatestId) {
  const std::string entry = wire({"f", "v"});
  apply(StreamAppend{
      .object = kStream, .new_block = true, .id = StreamId::max(), .elements = 2, .wire = entry});
  for (const Order order : {Order::kUp, Order::kDown}) {
    const auto all = snapshot(order);
    trim(5);
    EXPECT_EQ(read(*all, 2).size(), 1);
    EXPECT_TRUE(all->done());
  }
}

}  // namespace
}  // namespace leat
