// Sealing does not show: an engine whose blocks are sealed at any moment is, but for the cost, one that never seals.
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/frame_fixture.h"
#include "engine/frame_moves.h"
#include "engine/retention_plan.h"
#include "engine/stream_plan.h"
#include "engine/wire_fixture.h"
#include "model/record_lists.h"

namespace leat {
namespace {

using Ids = std::vector<StreamId>;

// Two engines that are given the same records; one of them seals.
class Twins {
 public:
  explicit Twins(uint64_t seed) : random_(seed) {
    sealing_.share().set_size(2);
    sealing_.share().seals.set_frame_bytes(1 + below(400));
    for (const uint64_t id : {1UL, 2UL}) create(id);
  }

  uint64_t below(uint64_t end) { return random_() % end; }

  void step() {
    switch (below(16)) {
      case 0:
      case 1:
        return erase();
      case 2:
        return trim();
      case 3:
        return change_groups();
      case 4:
        return deliver();
      case 5:
        return below(4) == 0 ? set_last_id() : below(2) == 0 ? acknowledge() : redeliver();
      case 6:
        return below(10) == 0 ? replace_by_copy() : disturb();
      case 7:
      case 8:
        return disturb();
      default:
        return append();
    }
  }

  void check() {
    const uint64_t id = stream_id();
    check_look_ups(id);
    check_walks(id);
    check_plans(id);
  }
  void check_whole() { ASSERT_EQ(plain_.digest(), sealing_.digest()); }

  // No frame is referred to by nobody, none is lost.
  void check_references() {
    while (!jobs_.empty()) finish_one();
    while (moves_.active()) move();
    ASSERT_NE(moved_, 0);
    for (const uint64_t name : names_) both(KeyDrop{ObjectId{name}});
    ASSERT_EQ(frames_.size(), 0);
    ASSERT_EQ(sealing_.share().seals.hot_bytes(), 0);
  }
  [[nodiscard]] const SealQueue::Counters& seals() const {
    return sealing_.share().seals.counters();
  }

 private:
  struct Job {
    uint32_t token;
    FrameRef ref;
  };

  template <typename Record>
  void both(const Record& record) {
    ASSERT_TRUE(apply_record(plain_, record));
    ASSERT_TRUE(apply_record(sealing_, record));
  }
  const Stream& plain(uint64_t id) { return *plain_.keyspace().find(ObjectId{id})->stream(); }
  const Stream& sealed(uint64_t id) { return *sealing_.keyspace().find(ObjectId{id})->stream(); }
  uint64_t stream_id() { return names_[below(2)]; }
  StreamId near(uint64_t id) { return {below(plain(id).last_id().ms + 3), below(3)}; }

  void create(uint64_t id) {
    names_.push_back(id);
    const std::string key = "s" + std::to_string(id);
    both(KeyCreate{.object = ObjectId{id}, .kind = ObjectKind::kStream, .key = key});
    both(GroupCreate{.object = ObjectId{id}, .group = GroupId{1}, .name = "g"});
    both(ConsumerCreate{
        .object = ObjectId{id}, .group = GroupId{1}, .consumer = ConsumerId{1}, .name = "c"});
  }

  // Seals, changes its mind, moves frames, or has them go from the cache.
  void disturb() {
    switch (below(6)) {
      case 0:
        sealing_.share().frames.set_limit(0);
        return sealing_.share().frames.set_limit(below(3000));
      case 1:
      case 2:
        if (!jobs_.empty()) finish_one();
        return;
      case 3:
        return move();
      default:
        if (auto job = sealing_.share().seals.next())
          jobs_.push_back({job->token, frames_.put(job->images)});
    }
  }
  // From one file to another, and back.
  void move() {
    if (!moves_.waiting()) {
      if (!moves_.active()) moves_.begin({from_ = 1 + below(2)});
      being_moved_ = moves_.next(1 + below(20));
      return;
    }
    BlockImages images;
    // What nobody refers to any more may be gone.
    if (below(8) == 0 || !frames_.read(*being_moved_, images)) return moves_.finish(nullptr);
    const FrameRef to = frames_.put(images, 3 - from_);
    moves_.finish(&to);
    ++moved_;
  }
  void finish_one() {
    const auto job = jobs_.begin() + static_cast<ptrdiff_t>(below(jobs_.size()));
    if (below(8) == 0) {
      sealing_.share().seals.finish(job->token, nullptr);
    } else {
      sealing_.share().seals.finish(job->token, &job->ref);
    }
    jobs_.erase(job);
  }

  void append() {
    const uint64_t id = stream_id();
    const StreamId last = plain(id).last_id();
    const StreamId next = below(3) == 0 ? StreamId{last.ms + 1 + below(2), below(3)} : last.next();
    const std::string entry =
        wire({below(4) == 0 ? "other" : "field", std::string(below(40), 'x')});
    const NodeLimits limits{.entries = 1 + below(6), .bytes = 60 + below(300)};
    const bool new_block = plan_new_block(plain(id), 40, limits);
    ASSERT_EQ(plan_new_block(sealed(id), 40, limits), new_block);
    both(StreamAppend{
        .object = ObjectId{id}, .new_block = new_block, .id = next, .elements = 2, .wire = entry});
  }
  void erase() {
    const uint64_t id = stream_id();
    ByteBuffer bytes;
    IdListWriter list(bytes);
    const StreamId at = below(4) == 0 ? plain(id).last_id() : near(id);
    for (auto cursor = plain(id).seek(at); !cursor.done() && below(3) != 0; cursor.advance())
      list.add(cursor.entry().id);
    both(StreamDelete{.object = ObjectId{id}, .ids = bytes.view()});
  }
  void trim() {
    const uint64_t id = stream_id();
    const Trim asked = some_trim(id);
    const TrimPlan plan = plan_trim(plain(id), asked);
    if (plan.count == 0 || below(3) != 0) return;
    const uint64_t length = plain(id).length();
    if (plan.last_dropped != StreamId::min())
      both(StreamTrim{.object = ObjectId{id}, .last_dropped = plan.last_dropped});
    trim_ranges(id, plan);
    ASSERT_EQ(plain(id).length(), length - plan.count);
  }
  void trim_ranges(uint64_t id, const TrimPlan& plan) {
    if (plan.ranges.empty()) return;
    ByteBuffer bytes;
    IdListWriter list(bytes);
    for (const auto& [first, last] : plan.ranges) {
      list.add(first);
      list.add(last);
    }
    both(StreamTrimRanges{.object = ObjectId{id}, .ranges = bytes.view()});
  }
  void acknowledge() {
    const uint64_t id = stream_id();
    ByteBuffer bytes;
    IdListWriter list(bytes);
    const StreamId first = near(id);
    list.add(first);
    list.add({first.ms + below(12), 3});
    both(GroupAck{.object = ObjectId{id}, .group = GroupId{1}, .ranges = bytes.view()});
  }
  Trim some_trim(uint64_t id) {
    Trim trim;
    trim.by = below(2) == 0 ? Trim::By::kLength : Trim::By::kId;
    trim.approximate = below(2) == 0;
    trim.length = below(plain(id).length() + 2);
    trim.first_kept = {plain(id).first_id().ms + below(8), below(3)};
    if (trim.approximate && below(2) == 0) trim.limit = 1 + below(20);
    if (below(2) == 0) trim.references = References::kAcknowledged;
    return trim;
  }
  void configure() {
    Retention policy;
    if (below(3) != 0) policy.length_max = 1 + below(60);
    if (below(3) == 0) policy.bytes_max = 1 + below(2000);
    if (below(3) == 0) policy.age_max_ms = 1;
    if (below(2) == 0) policy.retain = Retain::kUnacked;
    both(StreamConfigure{.object = ObjectId{stream_id()}, .policy = policy});
  }
  void change_groups() {
    if (below(3) == 0) configure();
    const uint64_t id = stream_id();
    both(GroupSetId{.object = ObjectId{id},
                    .group = GroupId{1},
                    .last_delivered = below(8) == 0 ? StreamId::max() : near(id)});
  }
  void deliver() {
    const uint64_t id = stream_id();
    const Group& group = *plain(id).groups().find(GroupId{1});
    if (group.last_delivered == StreamId::max()) return;
    GroupDeliver record{.object = ObjectId{id},
                        .group = GroupId{1},
                        .consumer = ConsumerId{1},
                        .at = WallMs{static_cast<int64_t>(below(100))}};
    uint64_t count = 1 + below(10);
    for (auto cursor = plain(id).seek(group.last_delivered.next()); !cursor.done() && count-- != 0;
         cursor.advance()) {
      record.last = cursor.entry().id;
      if (record.first == StreamId::min()) record.first = record.last;
    }
    if (record.first != StreamId::min()) both(record);
  }
  void redeliver() {
    const uint64_t id = stream_id();
    both(GroupRedeliver{.object = ObjectId{id},
                        .group = GroupId{1},
                        .consumer = ConsumerId{1},
                        .at = WallMs{7},
                        .first = near(id),
                        .last = near(id)});
  }
  void set_last_id() {
    const uint64_t id = stream_id();
    const auto last = plain(id).last_entry();
    both(StreamSetId{.object = ObjectId{id},
                     .last_id = last ? last->id : near(id),
                     .entries_added = plain(id).entries_added(),
                     .max_deleted = plain(id).max_deleted()});
  }
  // The copy lives on in the place of one of the two.
  void replace_by_copy() {
    const size_t from = below(2);
    const size_t to = below(2);
    const ObjectId copy = plain_.keyspace().next_id();
    const std::string key = "s" + std::to_string(copy.value);
    both(KeyCopy{.object = ObjectId{names_[from]}, .copy = copy, .key = key});
    both(KeyDrop{ObjectId{names_[to]}});
    names_[to] = copy.value;
  }

  void check_look_ups(uint64_t id) {
    const Stream& a = plain(id);
    const Stream& b = sealed(id);
    ASSERT_EQ(a.length(), b.length());
    ASSERT_EQ(a.bytes(), b.bytes());
    ASSERT_EQ(a.unacked_from(), b.unacked_from());
    ASSERT_EQ(a.blocks(), b.blocks());
    ASSERT_EQ(a.first_id(), b.first_id());
    ASSERT_EQ(a.last_id(), b.last_id());
    for (int i = 0; i < 3; ++i) {
      const StreamId at = near(id);
      ASSERT_EQ(text(a.find(at)), text(b.find(at)));
      ASSERT_EQ(a.count_after(at), b.count_after(at));
      ASSERT_EQ(a.has_after(at), b.has_after(at));
      ASSERT_EQ(a.has_after(at), a.count_after(at) != 0);
    }
    ASSERT_EQ(text(a.last_entry()), text(b.last_entry()));
    ASSERT_EQ(a.tail() == nullptr, b.tail() == nullptr);
    if (a.tail() != nullptr) {
      ASSERT_EQ(a.tail()->node().bytes(), b.tail()->node().bytes());
      ASSERT_EQ(a.tail()->live() + a.tail()->deleted(), b.tail()->live() + b.tail()->deleted());
    }
  }
  void check_walks(uint64_t id) {
    const StreamId from = near(id);
    const Stream::Reach reach{.end = below(2) == 0 ? StreamId::max() : near(id),
                              .count = below(20)};
    ASSERT_EQ(walk(plain(id), from, reach), walk(sealed(id), from, reach));
    ASSERT_EQ(walk_down(plain(id), from, reach), walk_down(sealed(id), from, reach));
    ASSERT_EQ(walk(plain(id), from, reach),
              walk_waiting([&] { return walk(sealed(id), from, reach); }));
    ASSERT_EQ(walk_down(plain(id), from, reach),
              walk_waiting([&] { return walk_down(sealed(id), from, reach); }));
  }
  void check_plans(uint64_t id) {
    const Trim asked = some_trim(id);
    const TrimPlan a = plan_trim(plain(id), asked);
    const TrimPlan b = plan_trim(sealed(id), asked);
    ASSERT_EQ(a.count, b.count);
    // An id between the last entry that goes and the next one says the same.
    if (asked.references == References::kKeep) {
      ASSERT_EQ(a.last_dropped, b.last_dropped);
    }
    ASSERT_EQ(gone(plain(id), a), gone(sealed(id), b));
    ASSERT_EQ(gone(plain(id), a),
              walk_waiting([&] { return gone(sealed(id), plan_trim(sealed(id), asked)); }));
    check_policy(id);
  }
  // The entries that the plan drops.
  static std::string gone(const Stream& stream, const TrimPlan& plan) {
    std::string ids;
    const auto add = [&stream, &ids](StreamId first, StreamId last) {
      for (auto at = stream.seek(first); !at.done() && at.entry().id <= last; at.advance())
        ids += to_string(at.entry().id) + " ";
    };
    add(StreamId::min(), plan.last_dropped);
    for (const auto& [first, last] : plan.ranges) add(first, last);
    return ids;
  }
  void check_policy(uint64_t id) {
    const Addition addition{.entries = below(2), .bytes = below(100)};
    const SizePlan a = plan_size(plain(id), addition);
    const SizePlan b = plan_size(sealed(id), addition);
    ASSERT_EQ(a.last_dropped, b.last_dropped);
    ASSERT_EQ(a.length, b.length);
    ASSERT_EQ(a.bytes, b.bytes);
    const WallMs now{static_cast<int64_t>(near(id).ms)};
    const AgePlan old = plan_age(plain(id), now, 1'000'000);
    const AgePlan aged = plan_age(sealed(id), now, 1'000'000);
    ASSERT_EQ(old.last_dropped, aged.last_dropped);
    ASSERT_EQ(old.held, aged.held);
  }

  static std::string text(const std::optional<EntryView>& entry) {
    return entry ? to_string(entry->id) + std::string(entry->wire) : "none";
  }
  static std::string walk(const Stream& stream, StreamId from, const Stream::Reach& reach) {
    std::string seen;
    uint64_t count = 0;
    for (auto cursor = stream.seek(from, reach); !cursor.done(); cursor.advance()) {
      if (cursor.entry().id > reach.end) break;
      seen += text(cursor.entry());
      if (++count == reach.count) break;
    }
    return seen;
  }
  static std::string walk_down(const Stream& stream, StreamId from, const Stream::Reach& reach) {
    std::string seen;
    uint64_t count = 0;
    stream.visit_backwards(from, reach, [&](const EntryView& entry) {
      seen += text(entry);
      return ++count != reach.count;
    });
    return seen;
  }
  // What a command does that may wait: it is planned anew when what was missing has come.
  template <typename Walk>
  std::string walk_waiting(Walk&& walk) {
    FrameCache& frames = sealing_.share().frames;
    std::vector<FrameCache::Pin> pins;
    while (true) {
      frames.begin(FrameCache::Keep::kPinned, 3);
      std::string seen = walk();
      const auto trouble = frames.trouble();
      const std::vector<FrameRef> missing = frames.take_missing();
      frames.end();
      if (trouble == FrameCache::Trouble::kNone) return seen;
      EXPECT_FALSE(missing.empty());
      for (const FrameRef& ref : missing) {
        BlockImages images;
        EXPECT_TRUE(frames_.read(ref, images));
        pins.push_back(frames.admit(ref, std::move(images)));
      }
    }
  }

  std::mt19937_64 random_;
  MemoryFrames frames_;
  Engine plain_{1};
  Engine sealing_{1, &frames_};
  FrameMoves moves_{sealing_.keyspace()};
  uint64_t from_ = 1;
  std::optional<FrameRef> being_moved_;
  size_t moved_ = 0;
  std::vector<uint64_t> names_;
  std::vector<Job> jobs_;
};

class SealedStreamTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(SealedStreamTest, IsTheSameAsOneThatIsNotSealed) {
  Twins twins(GetParam());
  for (int i = 0; i < 4000; ++i) {
    twins.step();
    twins.check();
    if (i % 50 == 0) twins.check_whole();
    ASSERT_FALSE(HasFailure()) << "after step " << i;
  }
  twins.check_whole();
  EXPECT_GT(twins.seals().sealed, 50);
  EXPECT_GT(twins.seals().outdated, 10);
  twins.check_references();
}

INSTANTIATE_TEST_SUITE_P(Seeds, SealedStreamTest, ::testing::Range<uint64_t>(1, 9));

constexpr uint64_t kEntriesPerBlock = 10;

// One stream of `blocks` full blocks and one that is appended to, sealed as far as it goes.
class SealedTest : public ::testing::Test {
 protected:
  explicit SealedTest(size_t size = 1) {
    engine_.share().frames.set_limit(size);
    engine_.share().seals.set_budget(1);
    engine_.share().seals.set_frame_bytes(1000);  // Four blocks.
    EXPECT_TRUE(apply_record(
        engine_, KeyCreate{.object = ObjectId{1}, .kind = ObjectKind::kStream, .key = "s"}));
  }
  void fill(uint64_t blocks) {
    for (uint64_t i = 0; i <= blocks * kEntriesPerBlock; ++i) append(i % kEntriesPerBlock == 0);
    frames_.seal(engine_.share().seals);
  }
  void append(bool new_block) {
    const StreamId id = stream().last_id().next();
    const std::string entry = wire({"field", "value"});
    ASSERT_TRUE(apply_record(engine_, StreamAppend{.object = ObjectId{1},
                                                   .new_block = new_block,
                                                   .id = {id.ms + 1, 0},
                                                   .elements = 2,
                                                   .wire = entry}));
  }
  [[nodiscard]] bool erase(std::initializer_list<uint64_t> ids) {
    ByteBuffer bytes;
    IdListWriter list(bytes);
    for (const uint64_t ms : ids) list.add({ms, 0});
    return apply_record(engine_, StreamDelete{.object = ObjectId{1}, .ids = bytes.view()});
  }
  [[nodiscard]] bool trim_to(uint64_t ms) {
    return apply_record(engine_, StreamTrim{.object = ObjectId{1}, .last_dropped = {ms, 0}});
  }
  const Stream& stream() { return *engine_.keyspace().find(ObjectId{1})->stream(); }
  FrameCache& cache() { return engine_.share().frames; }

  MemoryFrames frames_;
  Engine engine_{1, &frames_};
};

TEST_F(SealedTest, TakesLittleMemoryAndShowsTheSameBlocks) {
  fill(40);
  const size_t hot = 41 * kEntriesPerBlock * wire({"field", "value"}).size();
  EXPECT_EQ(frames_.size(), 10);
  EXPECT_EQ(stream().blocks(), 41);
  EXPECT_EQ(stream().extents().size(), 11);
  EXPECT_LT(stream().memory(), hot / 4);
}

TEST_F(SealedTest, DropsWholeFramesUnread) {
  fill(40);
  EXPECT_EQ(plan_trim(stream(), {.by = Trim::By::kLength, .length = 41}).count, 360);
  EXPECT_EQ(plan_trim(stream(), {.by = Trim::By::kId, .first_kept = {361, 0}}).count, 360);
  ASSERT_TRUE(trim_to(360));
  EXPECT_EQ(stream().first_id(), (StreamId{361, 0}));
  EXPECT_EQ(frames_.size(), 1);
  EXPECT_EQ(frames_.reads(), 0);
}

TEST_F(SealedTest, ItsPolicyDropsWholeFramesUnread) {
  fill(40);
  const uint64_t entry = wire({"field", "value"}).size();
  EXPECT_EQ(stream().bytes(), 401 * entry);
  const auto configure = [this](const Retention& policy) {
    ASSERT_TRUE(apply_record(engine_, StreamConfigure{.object = ObjectId{1}, .policy = policy}));
  };
  configure({.length_max = 361});
  EXPECT_EQ(plan_size(stream(), {}).last_dropped, (StreamId{40, 0}));
  configure({.bytes_max = 321 * entry});
  EXPECT_EQ(plan_size(stream(), {}).last_dropped, (StreamId{80, 0}));
  configure({.age_max_ms = 100});
  EXPECT_EQ(plan_age(stream(), WallMs{220}, 1000).last_dropped.ms, 120);
  EXPECT_EQ(frames_.reads(), 0);
  ASSERT_TRUE(trim_to(120));
  EXPECT_EQ(stream().bytes(), 281 * entry);
  configure({.length_max = 280});
  EXPECT_EQ(plan_size(stream(), {}).last_dropped, (StreamId{121, 0}));
  EXPECT_EQ(frames_.reads(), 1);
}

// Age drops what it can without the frame that it would cut.
TEST_F(SealedTest, AgeLeavesAFrameThatCantBeReadWhole) {
  fill(40);
  const Retention policy{.age_max_ms = 100};
  ASSERT_TRUE(apply_record(engine_, StreamConfigure{.object = ObjectId{1}, .policy = policy}));
  frames_.set_broken(true);
  EXPECT_EQ(plan_age(stream(), WallMs{230}, 1000).last_dropped, (StreamId{120, 0}));
  EXPECT_EQ(plan_age(stream(), WallMs{130}, 1000).last_dropped, StreamId::min());
  frames_.set_broken(false);
  EXPECT_EQ(plan_age(stream(), WallMs{130}, 1000).last_dropped.ms, 30);
}

// What may still be pending is kept, and looked for again.
TEST_F(SealedTest, KeepsWhatMayBePendingInAFrameThatCantBeRead) {
  fill(40);
  ASSERT_TRUE(
      apply_record(engine_, GroupCreate{.object = ObjectId{1}, .group = GroupId{1}, .name = "g"}));
  ASSERT_TRUE(apply_record(
      engine_,
      ConsumerCreate{
          .object = ObjectId{1}, .group = GroupId{1}, .consumer = ConsumerId{1}, .name = "c"}));
  ASSERT_TRUE(apply_record(engine_, GroupDeliver{.object = ObjectId{1},
                                                 .group = GroupId{1},
                                                 .consumer = ConsumerId{1},
                                                 .at = WallMs{1},
                                                 .first = {1, 0},
                                                 .last = {100, 0}}));
  ByteBuffer acknowledged;
  IdListWriter range(acknowledged);
  range.add({1, 0});
  range.add({1, 0});
  ASSERT_TRUE(apply_record(
      engine_,
      GroupAck{.object = ObjectId{1}, .group = GroupId{1}, .ranges = acknowledged.view()}));
  ASSERT_TRUE(erase({2}));
  frames_.seal(engine_.share().seals);
  ASSERT_TRUE(stream().extents().begin()->second.sealed());
  cache().set_limit(0);
  frames_.set_broken(true);
  EXPECT_EQ(stream().unacked_from(), (StreamId{2, 0}));
  frames_.set_broken(false);
  EXPECT_EQ(stream().unacked_from(), (StreamId{3, 0}));
}

// A stream that is trimmed to about a length looks at its head with every XADD.
TEST_F(SealedTest, RemembersThatItsFirstBlockStays) {
  fill(40);
  const Trim trim{.by = Trim::By::kLength, .approximate = true, .length = 395};
  EXPECT_EQ(plan_trim(stream(), trim).count, 0);
  EXPECT_EQ(frames_.reads(), 1);
  cache().set_limit(1);
  EXPECT_EQ(plan_trim(stream(), trim).count, 0);
  EXPECT_EQ(
      plan_trim(stream(), {.by = Trim::By::kId, .approximate = true, .first_kept = {9, 0}}).count,
      0);
  EXPECT_EQ(frames_.reads(), 1);
  EXPECT_EQ(
      plan_trim(stream(), {.by = Trim::By::kId, .approximate = true, .first_kept = {11, 0}}).count,
      10);
  EXPECT_EQ(frames_.reads(), 2);
  ASSERT_TRUE(trim_to(40));
  cache().set_limit(1);
  EXPECT_EQ(
      plan_trim(stream(), {.by = Trim::By::kId, .approximate = true, .first_kept = {49, 0}}).count,
      0);
  EXPECT_EQ(frames_.reads(), 3) << "another frame is the first one now";
}

TEST_F(SealedTest, CountsWholeFramesUnread) {
  fill(40);
  for (const uint64_t ms : {0UL, 40UL, 80UL, 400UL, 401UL}) {
    EXPECT_EQ(stream().count_after({ms, 0}), 401 - ms);
    EXPECT_EQ(stream().has_after({ms, 0}), ms != 401);
  }
  EXPECT_EQ(frames_.reads(), 0);
  EXPECT_EQ(stream().count_after({45, 0}), 356);
  EXPECT_EQ(frames_.reads(), 1);
}

TEST_F(SealedTest, ThawsTheFrameThatATrimEndsIn) {
  fill(40);
  ASSERT_TRUE(trim_to(50));
  EXPECT_EQ(frames_.size(), 8);
  EXPECT_EQ(frames_.reads(), 1);
  EXPECT_EQ(stream().blocks(), 36);
  EXPECT_EQ(stream().length(), 351);
  EXPECT_EQ(stream().seek(StreamId::min()).entry().id, (StreamId{51, 0}));
  EXPECT_EQ(frames_.reads(), 1) << "its blocks are hot";
}

TEST_F(SealedTest, ThawsTheFrameThatAnEntryIsDeletedInAndSealsItAgain) {
  fill(40);
  ASSERT_TRUE(erase({1, 2, 3, 39}));
  EXPECT_EQ(frames_.size(), 9);
  EXPECT_EQ(stream().first_id(), (StreamId{4, 0}));
  fill(8);
  EXPECT_EQ(frames_.size(), 12) << "what was thawed is sealed once there is nothing else to seal";
  EXPECT_FALSE(stream().find({39, 0}));
  EXPECT_TRUE(stream().find({40, 0}));
}

TEST_F(SealedTest, SealsTheStreamThatWasSealedLeastRecently) {
  ASSERT_TRUE(apply_record(
      engine_, KeyCreate{.object = ObjectId{2}, .kind = ObjectKind::kStream, .key = "t"}));
  const std::string entry = wire({"field", "value"});
  engine_.share().seals.set_budget(0);
  for (uint64_t i = 1; i <= 90; ++i) {
    for (const uint64_t object : {1UL, 2UL}) {
      ASSERT_TRUE(apply_record(engine_, StreamAppend{.object = ObjectId{object},
                                                     .new_block = i % 10 == 1,
                                                     .id = {i, 0},
                                                     .elements = 2,
                                                     .wire = entry}));
    }
  }
  EXPECT_FALSE(engine_.share().seals.next()) << "without a budget nothing is sealed";
  engine_.share().seals.set_budget(1);
  std::vector<StreamId> firsts;
  while (auto job = engine_.share().seals.next()) {
    firsts.push_back(job->images.front().first_id);
    const FrameRef ref = frames_.put(job->images);
    engine_.share().seals.finish(job->token, &ref);
  }
  EXPECT_EQ(firsts, (std::vector<StreamId>{{1, 0}, {1, 0}, {41, 0}, {41, 0}}));
}

TEST_F(SealedTest, LeavesWhatASealThatFailedWasToReplace) {
  engine_.share().seals.set_budget(0);
  fill(5);
  engine_.share().seals.set_budget(1);
  const auto job = engine_.share().seals.next();
  ASSERT_TRUE(job);
  engine_.share().seals.finish(job->token, nullptr);
  EXPECT_EQ(engine_.share().seals.counters().failed, 1);
  EXPECT_EQ(stream().extents().size(), 6);
  frames_.seal(engine_.share().seals);
  EXPECT_EQ(frames_.size(), 1) << "its turn comes again";
}

TEST_F(SealedTest, SaysThatAFrameCantBeRead) {
  fill(40);
  const uint64_t digest = engine_.digest();
  frames_.set_broken(true);
  EXPECT_FALSE(stream().find({45, 0}));
  EXPECT_EQ(cache().trouble(), FrameCache::Trouble::kUnreadable);
  EXPECT_EQ(cache().counters().failures, 1);
  cache().end();
  EXPECT_EQ(cache().trouble(), FrameCache::Trouble::kNone);
  EXPECT_TRUE(stream().seek({45, 0}).done());
  EXPECT_FALSE(erase({45})) << "it does not fit";
  EXPECT_FALSE(trim_to(45));
  EXPECT_FALSE(apply_record(
      engine_,
      GroupCreate{
          .object = ObjectId{1}, .group = GroupId{1}, .last_delivered = {45, 0}, .name = "g"}));
  EXPECT_EQ(stream().length(), 401);
  frames_.set_broken(false);
  EXPECT_NE(engine_.digest(), digest) << "the records that did not fit were counted";
  EXPECT_TRUE(erase({45}));
}

TEST_F(SealedTest, DoesNotServeADamagedFrame) {
  fill(8);
  const FrameRef ref = stream().extents().begin()->second.fence()->ref;
  frames_.images(ref)[1].rows.bytes()[1] = 100;  // The size of an entry.
  EXPECT_TRUE(stream().seek(StreamId::min()).done());
  EXPECT_EQ(cache().trouble(), FrameCache::Trouble::kUnreadable);
  frames_.images(ref).erase(frames_.images(ref).begin() + 1);
  EXPECT_FALSE(stream().find({1, 0})) << "nor one that misses a block";
}

TEST_F(SealedTest, KeepsWhatACommandThatWritesHasOpened) {
  fill(40);
  cache().begin(FrameCache::Keep::kAll, 0);
  const auto first = stream().find({1, 0});
  for (uint64_t ms = 1; ms <= 400; ms += 40) ASSERT_TRUE(stream().find({ms, 0}));
  EXPECT_EQ(frames_.reads(), 10);
  EXPECT_EQ(first->wire, wire({"field", "value"}));
  frames_.set_broken(true);
  EXPECT_TRUE(erase({1, 41, 361}));
  cache().end();
  cache().set_limit(1);
  EXPECT_FALSE(stream().find({81, 0})) << "and no longer";
}

TEST_F(SealedTest, NotesWhatACommandIsMissingAtOnce) {
  fill(40);
  cache().begin(FrameCache::Keep::kPinned, 5);
  EXPECT_TRUE(stream().seek({1, 0}, {.count = 100}).done());
  EXPECT_EQ(cache().trouble(), FrameCache::Trouble::kMissing);
  EXPECT_EQ(cache().take_missing().size(), 3);
  cache().begin(FrameCache::Keep::kPinned, 5);
  EXPECT_TRUE(stream().seek({2, 0}, {.count = 100}).done());
  EXPECT_EQ(cache().take_missing().size(), 4) << "of the first one may have nothing of it";
  cache().begin(FrameCache::Keep::kPinned, 5);
  stream().foresee({1, 0}, {.end = {80, 0}});
  EXPECT_EQ(cache().take_missing().size(), 2);
  cache().begin(FrameCache::Keep::kPinned, 5);
  stream().foresee({1, 0}, {});
  EXPECT_EQ(cache().take_missing().size(), 5);
  EXPECT_EQ(frames_.reads(), 0);
}

TEST_F(SealedTest, ReopensWhatItAppendsToWhenTheLastBlockWent) {
  fill(4);
  ASSERT_EQ(frames_.size(), 1);
  ASSERT_TRUE(erase({41}));
  ASSERT_NE(stream().tail(), nullptr);
  EXPECT_EQ(stream().tail()->first_id(), (StreamId{31, 0}));
  append(/*new_block=*/false);
  EXPECT_EQ(frames_.size(), 0);
  EXPECT_EQ(stream().blocks(), 4);
  EXPECT_EQ(stream().last_entry()->id, (StreamId{42, 0}));
}

}  // namespace
}  // namespace leat
