// StateWriter and StateLoader: what is loaded is the state at the LSN at which the checkpoint began, whatever commands
// ran until it was complete.
//
// Method: random records on few keys while a checkpoint is stepped with tiny budgets. The digests at S must agree; then
// the records since S are applied to the loaded engine, and the digests at the end must agree, and with them all that
// digests leave out: it was kept, or it would have gone another way.
#include "engine/state_writer.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/frame_fixture.h"
#include "engine/state_loader.h"
#include "engine/stream_plan.h"
#include "engine/wire_fixture.h"
#include "model/record_lists.h"

namespace leat {
namespace {

constexpr uint32_t kDatabases = 3;
constexpr NodeLimits kNodeLimits{.entries = 5};

// Plans random records, as commands would, and applies them.
class RandomRecords {
 public:
  explicit RandomRecords(uint64_t seed) : random_(seed) {
    engine_.share().set_size(2);
    engine_.share().seals.set_frame_bytes(1 + draw(400));
  }

  Engine& engine() { return engine_; }
  MemoryFrames& frames() { return frames_; }
  // Seals what can be sealed; nothing while a checkpoint runs.
  void seal() { frames_.seal(engine_.share().seals); }
  [[nodiscard]] const std::vector<std::string>& records() const { return records_; }
  uint64_t draw(uint64_t below) { return random_() % below; }

  void any() {
    const Object* const object = pick();
    const uint64_t kind = draw(20);
    if (object == nullptr || kind == 0) return create();
    if (kind == 1) return directory(*object);
    switch (object->kind()) {
      case ObjectKind::kString:
        return string(*object);
      case ObjectKind::kHash:
        return hash(*object);
      case ObjectKind::kSet:
        return set(*object);
      case ObjectKind::kStream:
        return draw(3) == 0 || object->stream()->groups().empty() ? stream(*object)
                                                                  : group(*object);
    }
  }

 private:
  template <typename Record>
  void apply(const Record& record) {
    ByteBuffer buffer;
    RecordWriter(buffer).put(record);
    records_.emplace_back(buffer.view());
    Bytes input = records_.back();
    const auto type = static_cast<int>(Record::kType);
    ASSERT_TRUE(engine_.apply(*next_record(input))) << "record of type " << type;
  }

  DbIndex database() { return DbIndex{static_cast<uint32_t>(draw(kDatabases))}; }
  std::string name() { return "k" + std::to_string(draw(6)); }
  WallMs time() { return WallMs{static_cast<int64_t>(1'000 + clock_ + draw(3))}; }
  std::string text(size_t most) {
    return std::string(draw(most), static_cast<char>('a' + draw(26)));
  }

  const Object* pick() {
    for (int tries = 0; tries < 5; ++tries) {
      if (const Object* const object = engine_.keyspace().pick(database(), random_())) {
        return object;
      }
    }
    return nullptr;
  }

  void create() {
    const DbIndex db = database();
    const std::string key = name();
    if (engine_.keyspace().find(db, key) != nullptr) return;
    const auto kind = static_cast<ObjectKind>(1 + std::min<uint64_t>(draw(7), 3));
    const ObjectId id = engine_.keyspace().next_id();
    apply(KeyCreate{.object = id, .db = db, .kind = kind, .key = key});
    if (kind != ObjectKind::kStream) return;
    for (uint64_t left = draw(120); left > 0; --left) append(*engine_.keyspace().find(id));
  }

  void directory(const Object& object) {
    const DbIndex db = database();
    const std::string key = name();
    const bool free = engine_.keyspace().find(db, key) == nullptr;
    switch (draw(10)) {
      case 0:
        return apply(KeyDrop{object.id});
      case 1:
      case 2:
        if (free) apply(KeyRename{object.id, db, key});
        return;
      case 3:
      case 4:
        if (free) apply(KeyCopy{object.id, engine_.keyspace().next_id(), db, key});
        return;
      case 5:
      case 6:
        return apply(KeyExpire{object.id, WallMs{static_cast<int64_t>(draw(3) * 1000)}});
      case 7:
      case 8:
        return apply(DbSwap{database(), database()});
      default:
        if (draw(3) == 0) return apply(DbFlush{.every = true, .db = {}});
        return apply(DbFlush{.every = false, .db = db});
    }
  }

  void string(const Object& object) {
    const size_t most = draw(8) == 0 ? 300'000 : 20;
    switch (draw(3)) {
      case 0:
        return apply(StringSet{object.id, text(most)});
      case 1:
        return apply(StringAppend{object.id, text(most)});
      default:
        return apply(StringPatch{object.id, draw(object.string()->size() + 10), text(20)});
    }
  }

  std::string names(bool with_values) {
    ByteBuffer list;
    for (uint64_t left = draw(6) == 0 ? draw(200) : 1 + draw(4); left > 0; --left) {
      append_string(list, "f" + std::to_string(draw(500)));
      if (with_values) append_string(list, text(draw(50) == 0 ? 200 : 9));
    }
    return std::string(list.view());
  }
  void hash(const Object& object) {
    if (draw(3) != 0) return apply(HashSet{object.id, names(true)});
    apply(HashDelete{object.id, names(false)});
  }
  void set(const Object& object) {
    if (draw(3) != 0) return apply(SetAdd{object.id, names(false)});
    apply(SetRemove{object.id, names(false)});
  }

  void append(const Object& object) {
    const Stream& stream = *object.stream();
    const StreamId last = stream.last_id();
    const StreamId id = draw(3) == 0 ? last.next() : StreamId{last.ms + 1 + draw(3), draw(2)};
    const std::string entry = wire({draw(9) == 0 ? "other" : "field", text(12)});
    apply(StreamAppend{.object = object.id,
                       .new_block = plan_new_block(stream, entry.size(), kNodeLimits),
                       .id = id,
                       .elements = 2,
                       .wire = entry});
  }
  // A live entry; the stream is not empty.
  StreamId entry_of(const Stream& stream) {
    const StreamId at{stream.first_id().ms + draw(stream.last_id().ms - stream.first_id().ms + 1),
                      0};
    const auto cursor = stream.seek(at);
    return cursor.done() ? stream.first_id() : cursor.entry().id;
  }
  void trim(const Object& object) {
    const Stream& stream = *object.stream();
    Trim trim{.by = Trim::By::kLength, .approximate = draw(2) == 0};
    trim.length = draw(4) == 0 ? draw(3) : stream.length() - std::min(stream.length(), draw(30));
    if (draw(3) == 0) trim.references = References::kAcknowledged;
    const TrimPlan plan = plan_trim(stream, trim);
    if (plan.last_dropped != StreamId::min()) apply(StreamTrim{object.id, plan.last_dropped});
    std::vector<StreamId> ranges;
    for (const auto& [first, last] : plan.ranges) ranges.insert(ranges.end(), {first, last});
    if (!ranges.empty()) apply(StreamTrimRanges{object.id, id_list(ranges)});
  }
  void erase(const Object& object) {
    const Stream& stream = *object.stream();
    std::vector<StreamId> ids;
    auto cursor = stream.seek(draw(3) == 0 ? stream.last_id() : entry_of(stream));
    for (uint64_t left = 1 + draw(8); left > 0 && !cursor.done(); --left, cursor.advance()) {
      ids.push_back(cursor.entry().id);
    }
    if (!ids.empty()) apply(StreamDelete{object.id, id_list(ids)});
  }
  void set_id(const Object& object) {
    const Stream& stream = *object.stream();
    const auto last = stream.last_entry();
    const StreamId lowest = last ? last->id : StreamId{1, 0};
    const StreamId id = draw(2) == 0 ? lowest : StreamId{lowest.ms + draw(20), 5};
    apply(StreamSetId{object.id, std::max(id, lowest), stream.entries_added() + draw(2),
                      stream.max_deleted()});
  }
  void configure(const Object& object) {
    apply(StreamConfigure{object.id,
                          {.length_max = draw(50),
                           .age_max_ms = draw(3) * 1000,
                           .bytes_max = draw(2) * 5000,
                           .retain = draw(2) == 0 ? Retain::kAny : Retain::kUnacked}});
  }
  void idempotency(const Object& object) {
    const Idempotency* const known = object.stream()->idempotency();
    const uint64_t kind = draw(20);
    if (kind == 0) return apply(StreamIdempotency{object.id, {draw(9), 1 + draw(200)}, draw(9), 1});
    if (known != nullptr && kind == 1) return apply(StreamDuplicate{object.id});
    if (known != nullptr && known->size() != 0 && kind < 6)
      return apply(StreamForget{object.id, 1 + draw(std::min<uint64_t>(known->size(), 90))});
    for (uint64_t left = draw(4) == 0 ? 150 : 1; left > 0; --left) {
      const std::string producer = "p" + std::to_string(draw(3));
      const std::string iid = "i" + std::to_string(draw(1000));
      const Idempotency* const now = object.stream()->idempotency();
      if (now != nullptr && now->find(producer, iid)) continue;
      apply(StreamRemember{object.id, object.stream()->last_id(), producer, iid});
    }
  }
  void stream(const Object& object) {
    const Stream& stream = *object.stream();
    const uint64_t kind = draw(12);
    if (kind < 4 || (kind < 7 && stream.length() == 0)) {
      for (uint64_t left = 1 + draw(30); left > 0; --left) append(object);
      return;
    }
    if (kind == 4) return trim(object);
    if (kind < 7) return erase(object);
    if (kind >= 10) return idempotency(object);
    if (kind == 7) return draw(2) == 0 ? set_id(object) : configure(object);
    const std::string group = "g" + std::to_string(draw(4));
    if (stream.groups().find(group) != nullptr) return;
    apply(GroupCreate{.object = object.id,
                      .group = stream.groups().next_id(),
                      .last_delivered = position(stream),
                      .entries_read = static_cast<int64_t>(draw(9)) - 1,
                      .name = group});
  }
  StreamId position(const Stream& stream) {
    if (draw(4) == 0) return {stream.last_id().ms + draw(5), 0};
    return draw(2) == 0 || stream.length() == 0 ? StreamId::min() : entry_of(stream);
  }

  static std::string id_list(const std::vector<StreamId>& ids) {
    ByteBuffer list;
    IdListWriter writer(list);
    for (const StreamId id : ids) writer.add(id);
    return std::string(list.view());
  }
  const Group& group_of(const Stream& stream) {
    auto group = stream.groups().by_name().begin();
    for (uint64_t skip = draw(stream.groups().size()); skip > 0; --skip) ++group;
    return *group->second;
  }
  const Consumer& consumer_of(const Group& group) {
    auto consumer = group.consumers.begin();
    for (uint64_t skip = draw(group.consumers.size()); skip > 0; --skip) ++consumer;
    return *consumer->second;
  }
  // The pending entry at or behind a random place.
  std::optional<PendingEntry> pending_of(const Group& group) {
    if (group.pending.size() == 0) return std::nullopt;
    const uint64_t first = group.pending.first_from(StreamId::min())->id.ms;
    const uint64_t last = group.pending.last()->id.ms;
    return group.pending.first_from({first + draw(last - first + 1), 0});
  }

  void group(const Object& object) {
    const Stream& stream = *object.stream();
    const Group& group = group_of(stream);
    ++clock_;
    const uint64_t kind = draw(20);
    if (kind == 0) return apply(GroupDrop{object.id, group.id});
    if (kind == 1) {
      return apply(
          GroupSetId{object.id, group.id, position(stream), static_cast<int64_t>(draw(5))});
    }
    if (kind < 4 || group.consumers.empty()) return create_consumer(object, group);
    const Consumer& consumer = consumer_of(group);
    if (kind == 4) return apply(ConsumerDrop{object.id, group.id, consumer.id});
    if (kind < 10) return deliver(object, group, consumer);
    if (kind < 15) return ack(object, group);
    if (kind < 18) return draw(3) == 0 ? release(object, group) : claim(object, group, consumer);
    if (const auto first = pending_of(group)) {
      apply(GroupRedeliver{
          object.id, group.id, consumer.id, time(), first->id, {first->id.ms + draw(10), 0}});
    }
  }
  void create_consumer(const Object& object, const Group& group) {
    const std::string consumer = "c" + std::to_string(draw(4));
    if (group.consumer(consumer) != nullptr) return;
    apply(ConsumerCreate{object.id, group.id, group.next_consumer, time(), consumer});
  }
  void deliver(const Object& object, const Group& group, const Consumer& consumer) {
    std::vector<StreamId> ids;
    auto cursor = object.stream()->seek(group.last_delivered.next());
    for (uint64_t left = 1 + draw(60); left > 0 && !cursor.done(); --left, cursor.advance()) {
      ids.push_back(cursor.entry().id);
    }
    if (ids.empty()) return;
    apply(GroupDeliver{.object = object.id,
                       .group = group.id,
                       .consumer = consumer.id,
                       .at = time(),
                       .no_ack = draw(8) == 0,
                       .entries_read = static_cast<int64_t>(draw(100)),
                       .first = ids.front(),
                       .last = ids.back()});
  }
  void ack(const Object& object, const Group& group) {
    std::vector<StreamId> ranges;
    for (uint64_t left = 1 + draw(3); left > 0; --left) {
      const auto entry = pending_of(group);
      if (!entry) continue;
      ranges.push_back(entry->id);
      ranges.push_back(draw(2) == 0 ? entry->id : StreamId{entry->id.ms + draw(9), 1});
    }
    if (!ranges.empty()) apply(GroupAck{object.id, group.id, id_list(ranges)});
  }
  void release(const Object& object, const Group& group) {
    std::vector<StreamId> ids;
    for (uint64_t left = 1 + draw(3); left > 0; --left) {
      if (const auto entry = pending_of(group)) ids.push_back(entry->id);
    }
    if (ids.empty()) return;
    apply(GroupRelease{.object = object.id,
                       .group = group.id,
                       .count = static_cast<DeliveryCount>(draw(4)),
                       .deliveries = draw(300),
                       .ids = id_list(ids)});
  }
  void claim(const Object& object, const Group& group, const Consumer& consumer) {
    std::vector<StreamId> ids;
    for (uint64_t left = 1 + draw(3); left > 0; --left) {
      if (const auto entry = pending_of(group)) ids.push_back(entry->id);
    }
    if (draw(4) == 0 && object.stream()->length() != 0) ids.push_back(entry_of(*object.stream()));
    if (ids.empty()) return;
    apply(GroupClaim{.object = object.id,
                     .group = group.id,
                     .consumer = consumer.id,
                     .at = time(),
                     .delivered = time(),
                     .count = static_cast<DeliveryCount>(draw(4)),
                     .deliveries = draw(300),
                     .ids = id_list(ids)});
  }

  std::mt19937_64 random_;
  MemoryFrames frames_;
  Engine engine_{kDatabases, &frames_};
  std::vector<std::string> records_;
  uint64_t clock_ = 0;
};

void describe(const Stream& stream, ByteBuffer& out) {
  append_varint(out, stream.counters().groups_reach.ms);
  append_varint(out, stream.counters().groups_reach.seq);
  append_varint(out, stream.first_id().ms);
  append_string(out, stream.tail() == nullptr ? "" : to_string(stream.tail()->first_id()));
  append_varint(out, stream.blocks());
  append_varint(out, stream.bytes());
  for (const auto& [first, extent] : stream.extents()) {
    append_string(out, to_string(first) + to_string(extent.last_id()));
    if (const Fence* const fence = extent.fence()) {
      append_string(out, to_string(fence->first_live));
      for (const uint64_t part :
           {uint64_t{fence->live}, uint64_t{fence->deleted}, uint64_t{fence->blocks},
            uint64_t{fence->live_bytes}, fence->ref.file, fence->ref.offset}) {
        append_varint(out, part);
      }
      continue;
    }
    const BlockParts parts = extent.block()->parts();
    for (const uint64_t part :
         {uint64_t{parts.live}, uint64_t{parts.deleted}, parts.start, parts.node_bytes}) {
      append_varint(out, part);
    }
    append_string(out, parts.rows);
  }
  for (const auto& [name, group] : stream.groups().by_name()) {
    append_string(out, name);
    append_varint(out, static_cast<uint64_t>(group->pending.last_release().value));
    group->pending.check_invariants();
    for (const auto& [consumer_name, consumer] : group->consumers) {
      append_varint(out, static_cast<uint64_t>(consumer->seen.value));
    }
  }
}

// All that digests leave out and a restart must keep.
std::string undigested(const Engine& engine) {
  ByteBuffer out;
  append_varint(out, engine.last_swap().value);
  append_varint(out, engine.changes());
  for (uint32_t db = 0; db < kDatabases; ++db) {
    append_varint(out, engine.keyspace().expiring(DbIndex{db}));
    engine.keyspace().visit(DbIndex{db}, [&out](const Object& object) {
      append_string(out, object.key);
      append_varint(out, static_cast<uint64_t>(object.used.value));
      // Small hashes and sets keep the order of insertion.
      if (const auto* hash = object.hash()) {
        out.push_back(hash->small() ? 1 : 0);
        hash->visit(
            [&out](const std::string& name, const std::string&) { append_string(out, name); });
      }
      if (const auto* set = object.set()) {
        out.push_back(set->small() ? 1 : 0);
        set->visit([&out](const std::string& name, None) { append_string(out, name); });
      }
      if (object.stream() != nullptr) describe(*object.stream(), out);
      return true;
    });
  }
  return std::string(out.view());
}

// Takes what is in out() to `pieces`.
void take(StateWriter& writer, ByteBuffer& pieces) {
  pieces.append(writer.out().view());
  writer.out().clear();
}

void run(uint64_t seed) {
  RandomRecords random(seed);
  Engine& engine = random.engine();
  for (uint64_t left = 20 + random.draw(80); left > 0; --left) {
    random.any();
    if (random.draw(8) == 0) random.seal();
  }
  if (seed % 4 == 0) {  // One that is given up.
    engine.start_checkpoint();
    for (uint64_t left = random.draw(60); left > 0; --left) {
      if (random.draw(2) == 0) random.any();
      engine.checkpoint()->step(random.draw(2000));
    }
    engine.end_checkpoint();
    for (uint64_t left = random.draw(10); left > 0; --left) random.any();
  }
  if (seed % 3 == 0) engine.reap(random.draw(1000));

  const uint64_t digest = engine.digest();
  const std::string rest = undigested(engine);
  const size_t records = random.records().size();
  StateWriter& writer = engine.start_checkpoint();
  ASSERT_EQ(writer.lsn(), engine.last_lsn());
  ByteBuffer pieces;
  for (uint64_t left = random.draw(300); left > 0; --left) {
    random.any();
    if (random.draw(8) == 0) random.seal();
    if (random.draw(3) == 0)
      writer.step(random.draw(3) == 0 ? random.draw(4000) : random.draw(100));
    if (random.draw(5) == 0) take(writer, pieces);
    if (random.draw(20) == 0) engine.reap(random.draw(100));
  }
  for (int steps = 0; !writer.complete(); ++steps) {
    ASSERT_LT(steps, 100'000);
    writer.step(1 + random.draw(1000));
  }
  take(writer, pieces);
  engine.end_checkpoint();
  engine.reap(~size_t{0});
  EXPECT_FALSE(engine.reaping());

  Engine loaded(kDatabases, &random.frames());
  StateLoader loader(loaded);
  ASSERT_TRUE(loader.take(pieces.view()));
  ASSERT_TRUE(loader.finish());
  ASSERT_EQ(loaded.digest(), digest);
  ASSERT_EQ(undigested(loaded), rest);
  for (size_t i = records; i < random.records().size(); ++i) {
    Bytes input = random.records()[i];
    ASSERT_TRUE(loaded.apply(*next_record(input)));
  }
  EXPECT_EQ(loaded.digest(), engine.digest());
  EXPECT_EQ(undigested(loaded), undigested(engine));
}

TEST(StateWriterTest, HoldsTheStateAtItsLsnWhateverRanMeanwhile) {
  for (uint64_t seed = 1; seed <= 300 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    run(seed);
  }
}

// A stream `s` of one-field entries on which a checkpoint is made.
class StreamCheckpointTest : public ::testing::Test {
 protected:
  StreamCheckpointTest() {
    EXPECT_TRUE(apply(
        KeyCreate{.object = kStream, .db = DbIndex{0}, .kind = ObjectKind::kStream, .key = "s"}));
  }

  template <typename Record>
  bool apply(const Record& record) {
    return apply_record(engine_, record);
  }
  bool append(uint64_t ms, bool new_block) {
    return apply(StreamAppend{
        .object = kStream, .new_block = new_block, .id = {ms, 0}, .elements = 2, .wire = entry_});
  }
  bool erase(std::initializer_list<uint64_t> ms) {
    ByteBuffer list;
    IdListWriter writer(list);
    for (const uint64_t at : ms) writer.add({at, 0});
    return apply(StreamDelete{kStream, list.view()});
  }
  void start() {
    digest_ = engine_.digest();
    rest_ = undigested(engine_);
    writer_ = &engine_.start_checkpoint();
  }
  // Ends the checkpoint: what it holds is the state at its start.
  void expect_state_at_start() {
    while (!writer_->complete()) writer_->step(1);
    ByteBuffer pieces;
    take(*writer_, pieces);
    engine_.end_checkpoint();
    Engine loaded(kDatabases);
    StateLoader loader(loaded);
    ASSERT_TRUE(loader.take(pieces.view()));
    ASSERT_TRUE(loader.finish());
    EXPECT_EQ(loaded.digest(), digest_);
    EXPECT_EQ(undigested(loaded), rest_);
  }

  static constexpr ObjectId kStream{1};
  Engine engine_{kDatabases};
  StateWriter* writer_ = nullptr;

 private:
  std::string entry_ = wire({"f", "v"});
  uint64_t digest_ = 0;
  std::string rest_;
};

// XSETID may set the last id of an empty stream back behind what a trim has dropped.
TEST_F(StreamCheckpointTest, BlocksBornBehindATrimAreNoPartOfTheStateWhateverTheirIds) {
  ASSERT_TRUE(append(1, true) && append(10, true));
  start();
  ASSERT_TRUE(apply(StreamTrim{kStream, {10, 0}}));
  ASSERT_TRUE(apply(StreamSetId{kStream, {5, 0}, 2, {}}));
  ASSERT_TRUE(append(6, true) && append(11, true));
  expect_state_at_start();
}

// The last block goes with its entries, and the one before it is appended to.
TEST_F(StreamCheckpointTest, ABlockThatBecomesTheLastOneIsWrittenBeforeItIsAppendedTo) {
  ASSERT_TRUE(append(1, true) && append(2, true));
  start();
  ASSERT_TRUE(append(3, false));
  ASSERT_TRUE(erase({2, 3}));
  ASSERT_TRUE(append(4, false));
  ASSERT_EQ(engine_.keyspace().find(kStream)->stream()->blocks(), 1);
  expect_state_at_start();
}

// Deleted entries behind an id that XSETID sets go from the last block, and from its size as a node.
TEST_F(StreamCheckpointTest, TheLastBlockIsWrittenBeforeTheLastIdIsSetBack) {
  ASSERT_TRUE(append(1, true) && append(2, true) && append(3, false) && append(4, false));
  ASSERT_TRUE(erase({3, 4}));
  start();
  ASSERT_TRUE(apply(StreamSetId{kStream, {2, 5}, 4, {4, 0}}));
  expect_state_at_start();
}

// The walk has written all blocks, and stands among the groups.
TEST_F(StreamCheckpointTest, GroupsBeyondTheEndAreWrittenBeforeTheyCountWhatIsAppended) {
  ASSERT_TRUE(append(1, true));
  for (uint32_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(apply(GroupCreate{.object = kStream,
                                  .group = GroupId{i},
                                  .last_delivered = {9, 0},
                                  .name = std::to_string(i)}));
  }
  start();
  size_t written = 0;
  for (int steps = 0; steps < 3; ++steps) {
    writer_->step(1);
    written = writer_->out().size();
  }
  ASSERT_FALSE(writer_->complete());
  ASSERT_TRUE(append(2, true));
  EXPECT_GT(writer_->out().size(), written) << "there were groups left to be written";
  expect_state_at_start();
}

TEST_F(StreamCheckpointTest, WhatIsTrimmedInRangesIsWrittenBefore) {
  for (uint64_t ms = 1; ms <= 40; ++ms) ASSERT_TRUE(append(ms, ms % 4 == 1));
  ASSERT_TRUE(apply(
      GroupCreate{.object = kStream, .group = GroupId{1}, .last_delivered = {38, 0}, .name = "g"}));
  start();
  ByteBuffer list;
  IdListWriter ranges(list);
  for (const uint64_t ms : {3U, 3U, 6U, 30U, 37U, 40U}) ranges.add({ms, 0});
  ASSERT_TRUE(apply(StreamTrimRanges{kStream, list.view()}));
  ASSERT_TRUE(append(41, false));
  EXPECT_EQ(engine_.keyspace().find(kStream)->stream()->length(), 11);
  expect_state_at_start();
}

constexpr ObjectId kOnly{1};

void create(Engine& engine, ObjectKind kind) {
  ASSERT_TRUE(
      apply_record(engine, KeyCreate{.object = kOnly, .db = DbIndex{0}, .kind = kind, .key = "k"}));
}

// The elements of a large hash lie all over the heap: what a step looks at is bounded, not only what it writes.
TEST(StateWriterStepTest, AStepOverALargeHashWritesItsBudgetAndFewElementsMore) {
  constexpr size_t kBudget = 8 << 10;
  constexpr size_t kElement = 100;
  Engine engine(1);
  create(engine, ObjectKind::kHash);
  ByteBuffer list;
  for (int i = 0; i < 5000; ++i) {
    append_string(list, std::to_string(i));
    append_string(list, std::string(kElement, 'v'));
  }
  ASSERT_TRUE(apply_record(engine, HashSet{kOnly, list.view()}));
  StateWriter& writer = engine.start_checkpoint();
  size_t steps = 0;
  for (; !writer.complete(); ++steps) {
    writer.out().clear();
    writer.step(kBudget);
    ASSERT_LE(writer.out().size(), kBudget + kNeighbours * (kElement + 20));
  }
  EXPECT_GE(steps, 5000 * kElement / (2 * kBudget));
  engine.end_checkpoint();
}

// A pipeline may replace or drop a thousand strings in a turn: they are handed to the walk, not copied.
TEST(StateWriterStepTest, ReplacingOrDroppingAStringWritesNoneOfIt) {
  const std::string before(60 << 10, 'x');
  for (const bool drop : {false, true}) {
    Engine engine(1);
    create(engine, ObjectKind::kString);
    ASSERT_TRUE(apply_record(engine, StringSet{kOnly, before}));
    const uint64_t digest = engine.digest();
    StateWriter& writer = engine.start_checkpoint();
    const size_t start = writer.out().size();
    ASSERT_TRUE(drop ? apply_record(engine, KeyDrop{kOnly})
                     : apply_record(engine, StringSet{kOnly, "y"}));
    EXPECT_LT(writer.out().size(), start + 100) << drop;
    EXPECT_GE(writer.condemned_bytes(), before.size()) << drop;
    while (!writer.complete()) writer.step(1000);
    Engine loaded(1);
    StateLoader loader(loaded);
    ASSERT_TRUE(loader.take(writer.out().view()));
    ASSERT_TRUE(loader.finish());
    EXPECT_EQ(loaded.digest(), digest) << drop;
    engine.end_checkpoint();
  }
}

}  // namespace
}  // namespace leat
