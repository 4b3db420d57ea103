// Engine: every record changes what it says, and one that does not fit is refused.
#include "engine/engine.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/stream_plan.h"
#include "engine/wire_fixture.h"
#include "model/record_lists.h"

namespace leat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr ObjectId kStream{1};
constexpr ObjectId kString{2};
constexpr ObjectId kNobody{99};
constexpr GroupId kGroup{1};
constexpr ConsumerId kConsumer{1};

std::string id_list(const std::vector<StreamId>& ids) {
  ByteBuffer buffer;
  IdListWriter writer(buffer);
  for (const StreamId id : ids) writer.add(id);
  return std::string(buffer.view());
}

std::string string_list(const std::vector<std::string>& strings) {
  ByteBuffer buffer;
  for (const std::string& string : strings) append_string(buffer, string);
  return std::string(buffer.view());
}

class EngineTest : public ::testing::Test {
 protected:
  // A stream "s" of five entries with a group "g" and its consumer "c"; a string "t".
  EngineTest() {
    must(KeyCreate{.object = kStream, .db = {}, .kind = ObjectKind::kStream, .key = "s"});
    must(KeyCreate{.object = kString, .db = {}, .kind = ObjectKind::kString, .key = "t"});
    for (uint64_t i = 1; i <= 5; ++i) {
      must(StreamAppend{
          .object = kStream, .new_block = i == 4, .id = {i, 0}, .elements = 2, .wire = kEntry});
    }
    must(GroupCreate{
        .object = kStream, .group = kGroup, .last_delivered = {}, .entries_read = 0, .name = "g"});
    must(ConsumerCreate{
        .object = kStream, .group = kGroup, .consumer = kConsumer, .at = WallMs{5}, .name = "c"});
  }

  template <typename Record>
  void must(const Record& record) {
    ASSERT_TRUE(apply_record(engine_, record));
  }
  template <typename Record>
  [[nodiscard]] bool refused(const Record& record) {
    return !apply_record(engine_, record);
  }
  void deliver(StreamId first, StreamId last) {
    must(GroupDeliver{.object = kStream,
                      .group = kGroup,
                      .consumer = kConsumer,
                      .at = WallMs{100},
                      .entries_read = 1,
                      .first = first,
                      .last = last});
  }

  [[nodiscard]] const Stream& stream() const { return *engine_.keyspace().find(kStream)->stream(); }
  [[nodiscard]] const Group& group() const { return *stream().groups().find(kGroup); }
  [[nodiscard]] std::vector<PendingEntry> pending() const {
    std::vector<PendingEntry> entries;
    group().pending.visit_from(StreamId::min(), [&entries](const PendingEntry& entry) {
      entries.push_back(entry);
      return true;
    });
    return entries;
  }
  [[nodiscard]] static PendingEntry entry(uint64_t ms, int64_t at, uint64_t deliveries) {
    return {.id = {ms, 0}, .owner = kConsumer, .delivered = WallMs{at}, .deliveries = deliveries};
  }

  Engine engine_{2};
};

TEST_F(EngineTest, NumbersRecords) {
  const Lsn before = engine_.last_lsn();
  must(StringSet{kString, "x"});
  EXPECT_EQ(engine_.last_lsn(), Lsn{before.value + 1});
  EXPECT_EQ(engine_.keyspace().find(kString)->changed, engine_.last_lsn());
  EXPECT_LT(engine_.keyspace().find(kStream)->changed, engine_.last_lsn());
}

TEST_F(EngineTest, RefusesRecordsOfObjectsThatAreNotThere) {
  EXPECT_TRUE(refused(KeyDrop{kNobody}));
  EXPECT_TRUE(refused(KeyRename{kNobody, {}, "x"}));
  EXPECT_TRUE(refused(KeyCopy{kNobody, ObjectId{9}, {}, "x"}));
  EXPECT_TRUE(refused(KeyExpire{kNobody, WallMs{1}}));
  EXPECT_TRUE(refused(StringSet{kNobody, "x"}));
  EXPECT_TRUE(refused(StringAppend{kNobody, "x"}));
  EXPECT_TRUE(refused(StringPatch{kNobody, 0, "x"}));
  EXPECT_TRUE(refused(HashSet{kNobody, ""}));
  EXPECT_TRUE(refused(HashDelete{kNobody, ""}));
  EXPECT_TRUE(refused(SetAdd{kNobody, ""}));
  EXPECT_TRUE(refused(SetRemove{kNobody, ""}));
  EXPECT_TRUE(refused(StreamAppend{kNobody, true, {9, 0}, 2, kEntry}));
  EXPECT_TRUE(refused(StreamTrim{kNobody, {}}));
  EXPECT_TRUE(refused(StreamDelete{kNobody, ""}));
  EXPECT_TRUE(refused(StreamSetId{kNobody, {9, 0}, 9, {}}));
  EXPECT_TRUE(refused(GroupCreate{kNobody, kGroup, {}, 0, "g"}));
}

TEST_F(EngineTest, RefusesRecordsOfAnotherKind) {
  EXPECT_TRUE(refused(StringSet{kStream, "x"}));
  EXPECT_TRUE(refused(StringAppend{kStream, "x"}));
  EXPECT_TRUE(refused(StringPatch{kStream, 0, "x"}));
  EXPECT_TRUE(refused(HashSet{kString, ""}));
  EXPECT_TRUE(refused(HashDelete{kString, ""}));
  EXPECT_TRUE(refused(SetAdd{kString, ""}));
  EXPECT_TRUE(refused(SetRemove{kString, ""}));
  EXPECT_TRUE(refused(StreamAppend{kString, true, {9, 0}, 2, kEntry}));
  EXPECT_TRUE(refused(StreamTrim{kString, {}}));
  EXPECT_TRUE(refused(GroupCreate{kString, kGroup, {}, 0, "g"}));
}

TEST_F(EngineTest, RefusesRecordsOfGroupsAndConsumersThatAreNotThere) {
  constexpr GroupId kNone{7};
  constexpr ConsumerId kGone{7};
  EXPECT_TRUE(refused(GroupSetId{kStream, kNone, {}, 0}));
  EXPECT_TRUE(refused(GroupDrop{kStream, kNone}));
  EXPECT_TRUE(refused(ConsumerCreate{kStream, kNone, kGone, {}, "x"}));
  EXPECT_TRUE(refused(ConsumerDrop{kStream, kGroup, kGone}));
  EXPECT_TRUE(refused(GroupDeliver{kStream, kGroup, kGone, {}, false, 0, {1, 0}, {1, 0}}));
  EXPECT_TRUE(refused(GroupAck{kStream, kNone, id_list({{1, 0}, {1, 0}})}));
  const std::string ids = id_list({{1, 0}});
  EXPECT_TRUE(refused(GroupClaim{kStream, kGroup, kGone, {}, {}, DeliveryCount::kKeep, 0, ids}));
  EXPECT_TRUE(refused(GroupRedeliver{kStream, kGroup, kGone, {}, {1, 0}, {1, 0}}));
}

TEST_F(EngineTest, RefusesNamesAndIdsThatAreTaken) {
  EXPECT_TRUE(refused(KeyCreate{kStream, {}, ObjectKind::kString, "new"}));
  EXPECT_TRUE(refused(KeyCreate{ObjectId{3}, {}, ObjectKind::kString, "s"}));
  EXPECT_TRUE(refused(KeyCreate{ObjectId{3}, DbIndex{2}, ObjectKind::kString, "new"}));
  EXPECT_TRUE(refused(KeyRename{kStream, {}, "t"}));
  EXPECT_TRUE(refused(KeyCopy{kStream, ObjectId{3}, {}, "t"}));
  EXPECT_TRUE(refused(GroupCreate{kStream, GroupId{2}, {}, 0, "g"}));
  EXPECT_TRUE(refused(GroupCreate{kStream, kGroup, {}, 0, "h"}));
  EXPECT_TRUE(refused(ConsumerCreate{kStream, kGroup, ConsumerId{2}, {}, "c"}));
  EXPECT_TRUE(refused(ConsumerCreate{kStream, kGroup, kConsumer, {}, "d"}));
  EXPECT_TRUE(refused(ConsumerCreate{kStream, kGroup, ConsumerId{0}, {}, "d"})) << "0 names nobody";
}

TEST_F(EngineTest, RefusesWhatContradictsTheStream) {
  EXPECT_TRUE(refused(StreamAppend{kStream, true, {5, 0}, 2, kEntry}))
      << "the id does not increase";
  EXPECT_TRUE(refused(StreamAppend{kStream, true, {6, 0}, 1, "$1\r\nf\r\n"}))
      << "an odd number of elements";
  EXPECT_TRUE(refused(StreamAppend{kStream, true, {6, 0}, 0, ""})) << "no elements";
  EXPECT_TRUE(refused(StreamAppend{kStream, false, {6, 0}, 2, "nonsense"}));
  EXPECT_TRUE(refused(StreamAppend{kStream, true, {6, 0}, 4, kEntry}));
  EXPECT_TRUE(refused(StreamDelete{kStream, id_list({{9, 0}})})) << "no such entry";
  EXPECT_TRUE(refused(StreamSetId{kStream, {4, 9}, 5, {}})) << "a live entry stands beyond";
  EXPECT_TRUE(refused(GroupDeliver{kStream, kGroup, kConsumer, {}, false, 0, {2, 0}, {1, 0}}));
  EXPECT_EQ(stream().length(), 5);
  EXPECT_EQ(stream().last_id(), (StreamId{5, 0}));
}

// A wrong range would leave a wrong lag behind, for good.
TEST_F(EngineTest, RefusesADeliveryThatDoesNotFitTheGroup) {
  must(GroupSetId{kStream, kGroup, {1, 0}, 1});
  const auto delivery = [](StreamId first, StreamId last) {
    return GroupDeliver{kStream, kGroup, kConsumer, {}, false, 0, first, last};
  };
  EXPECT_TRUE(refused(delivery({2, 0}, {9, 0}))) << "it ends beyond the stream";
  EXPECT_TRUE(refused(delivery({2, 0}, {3, 5}))) << "it ends at no entry";
  EXPECT_TRUE(refused(delivery({1, 0}, {2, 0}))) << "the group has been given the first one";
  EXPECT_TRUE(refused(delivery({3, 0}, {4, 0}))) << "it leaves one out";
  EXPECT_TRUE(refused(delivery({1, 5}, {2, 0}))) << "it starts at no entry";
  EXPECT_EQ(lag_of(stream(), group()), 4);
  must(StreamDelete{kStream, id_list({{2, 0}})});
  must(delivery({3, 0}, {4, 0}));
  EXPECT_EQ(lag_of(stream(), group()), 1);
  const StreamId end = StreamId::max();
  must(StreamAppend{kStream, true, end, 2, kEntry});
  must(delivery({5, 0}, end));
  EXPECT_TRUE(refused(delivery(end, end)))
      << "there is nothing behind the last id that there can be";
  EXPECT_EQ(lag_of(stream(), group()), 0);
}

TEST_F(EngineTest, RefusesMalformedLists) {
  must(KeyCreate{ObjectId{3}, {}, ObjectKind::kHash, "h"});
  must(KeyCreate{ObjectId{4}, {}, ObjectKind::kSet, "e"});
  EXPECT_TRUE(refused(HashSet{ObjectId{3}, string_list({"a", "b", "c"})}))
      << "a field without value";
  EXPECT_TRUE(refused(HashDelete{ObjectId{3}, "\x05x"}));
  EXPECT_TRUE(refused(SetAdd{ObjectId{4}, "\x05x"}));
  EXPECT_TRUE(refused(SetRemove{ObjectId{4}, "\x05x"}));
  EXPECT_TRUE(refused(StreamDelete{kStream, "\x80"}));
  EXPECT_TRUE(refused(GroupAck{kStream, kGroup, "\x80"}));
  EXPECT_TRUE(refused(GroupAck{kStream, kGroup, id_list({{1, 0}})})) << "half a range";
  EXPECT_TRUE(
      refused(GroupClaim{kStream, kGroup, kConsumer, {}, {}, DeliveryCount::kKeep, 0, "\x80"}));
  EXPECT_TRUE(refused(StringPatch{kString, std::numeric_limits<uint64_t>::max(), "xx"}));
  EXPECT_TRUE(refused(StringPatch{kString, std::numeric_limits<uint64_t>::max() - 1, "x"}));
}

TEST_F(EngineTest, RefusesTypesItDoesNotKnow) {
  EXPECT_FALSE(engine_.apply({.type = static_cast<RecordType>(200), .flags = 0, .payload = {}}));
  EXPECT_FALSE(engine_.apply({.type = RecordType::kKeyDrop, .flags = 0, .payload = "\x80"}));
}

TEST_F(EngineTest, DeliversLiveEntriesOfTheRange) {
  must(StreamDelete{kStream, id_list({{2, 0}})});
  deliver({1, 0}, {3, 0});
  EXPECT_THAT(pending(), ElementsAre(entry(1, 100, 1), entry(3, 100, 1)));
  EXPECT_EQ(group().last_delivered, (StreamId{3, 0}));
  EXPECT_EQ(group().delivered_live, 2);
  EXPECT_EQ(lag_of(stream(), group()), 2);
  EXPECT_EQ(group().consumer("c")->active, WallMs{100});
  must(GroupDeliver{kStream, kGroup, kConsumer, WallMs{200}, /*no_ack=*/true, 9, {4, 0}, {5, 0}});
  EXPECT_EQ(group().pending.size(), 2);
  EXPECT_EQ(group().entries_read, 9);
  EXPECT_EQ(group().consumer("c")->active, WallMs{100}) << "nothing became pending";
  EXPECT_EQ(lag_of(stream(), group()), 0);
}

TEST_F(EngineTest, AcknowledgesRanges) {
  deliver({1, 0}, {5, 0});
  must(GroupAck{kStream, kGroup, id_list({{1, 0}, {2, 0}, {4, 0}, {4, 0}})});
  EXPECT_THAT(pending(), ElementsAre(entry(3, 100, 1), entry(5, 100, 1)));
}

TEST_F(EngineTest, ClaimsAsTheCountSays) {
  deliver({1, 0}, {2, 0});
  const auto claim = [this](DeliveryCount count, uint64_t deliveries) {
    must(GroupClaim{kStream, kGroup, kConsumer, WallMs{300}, WallMs{250}, count, deliveries,
                    id_list({{2, 0}, {3, 0}})});
  };
  claim(DeliveryCount::kKeep, 0);
  EXPECT_THAT(pending(), ElementsAre(entry(1, 100, 1), entry(2, 250, 1), entry(3, 250, 1)));
  claim(DeliveryCount::kIncrement, 0);
  EXPECT_THAT(pending(), ElementsAre(entry(1, 100, 1), entry(2, 250, 2), entry(3, 250, 2)));
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  claim(DeliveryCount::kSet, kMost);
  claim(DeliveryCount::kIncrement, 0);
  EXPECT_THAT(pending(), ElementsAre(entry(1, 100, 1), entry(2, 250, kMost), entry(3, 250, kMost)));
  EXPECT_EQ(group().consumer("c")->active, WallMs{300});
}

TEST_F(EngineTest, RedeliversWhatIsStillInTheStream) {
  deliver({1, 0}, {4, 0});
  must(StreamDelete{kStream, id_list({{2, 0}})});
  must(GroupRedeliver{kStream, kGroup, kConsumer, WallMs{400}, {1, 0}, {3, 0}});
  EXPECT_THAT(pending(),
              ElementsAre(entry(1, 400, 2), entry(2, 100, 1), entry(3, 400, 2), entry(4, 100, 1)));
  EXPECT_EQ(group().consumer("c")->active, WallMs{100});
}

TEST_F(EngineTest, DropsAConsumerWithWhatIsPendingToIt) {
  deliver({1, 0}, {2, 0});
  must(ConsumerCreate{kStream, kGroup, ConsumerId{2}, {}, "d"});
  must(GroupDeliver{kStream, kGroup, ConsumerId{2}, WallMs{1}, false, 0, {3, 0}, {3, 0}});
  must(ConsumerDrop{kStream, kGroup, kConsumer});
  EXPECT_EQ(group().pending.size(), 1);
  EXPECT_EQ(group().consumer("c"), nullptr);
  EXPECT_EQ(group().next_consumer, ConsumerId{3}) << "ids are not given again";
}

TEST_F(EngineTest, PatchesStrings) {
  must(StringSet{kString, "hello"});
  must(StringPatch{kString, 1, "u"});
  EXPECT_EQ(*engine_.keyspace().find(kString)->string(), "hullo");
  must(StringPatch{kString, 7, "x"});
  using namespace std::string_literals;
  EXPECT_EQ(*engine_.keyspace().find(kString)->string(), "hullo\0\0x"s);
  must(StringAppend{kString, "!"});
  EXPECT_EQ(*engine_.keyspace().find(kString)->string(), "hullo\0\0x!"s);
}

TEST_F(EngineTest, CopiesApart) {
  must(KeyExpire{kStream, WallMs{77}});
  must(KeyCopy{kStream, ObjectId{3}, DbIndex{1}, "copy"});
  const Object* const copy = engine_.keyspace().find(DbIndex{1}, "copy");
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->expires, WallMs{77});
  EXPECT_EQ(copy->stream()->length(), 5);
  must(StreamTrim{kStream, {5, 0}});
  EXPECT_EQ(copy->stream()->length(), 5);
}

TEST_F(EngineTest, SwapsAndFlushesDatabases) {
  must(DbSwap{DbIndex{0}, DbIndex{1}});
  EXPECT_EQ(engine_.keyspace().find(DbIndex{1}, "s")->id, kStream);
  EXPECT_EQ(engine_.keyspace().find(DbIndex{0}, "s"), nullptr);
  EXPECT_TRUE(refused(DbSwap{DbIndex{0}, DbIndex{2}}));
  EXPECT_TRUE(refused(DbFlush{false, DbIndex{2}}));
  must(KeyCreate{ObjectId{3}, DbIndex{0}, ObjectKind::kString, "x"});
  must(DbFlush{false, DbIndex{1}});
  EXPECT_EQ(engine_.keyspace().size(DbIndex{1}), 0);
  EXPECT_EQ(engine_.keyspace().size(DbIndex{0}), 1);
  must(DbFlush{true, DbIndex{0}});
  EXPECT_EQ(engine_.keyspace().size(DbIndex{0}), 0);
  EXPECT_TRUE(refused(StreamAppend{kStream, true, {9, 0}, 2, kEntry})) << "the object is gone";
}

TEST_F(EngineTest, WakesWaitersForWhatConcernsThem) {
  Waits& waits = engine_.waits();
  waits.park(ClientId{1}, {{DbIndex{0}, "s"}}, /*on_absence=*/false);
  waits.park(ClientId{2}, {{DbIndex{0}, "s"}}, /*on_absence=*/true);
  must(StreamAppend{kStream, false, {6, 0}, 2, kEntry});
  EXPECT_THAT(waits.take_ready(), ElementsAre(ClientId{1}, ClientId{2}));
  must(StreamTrim{kStream, {1, 0}});
  must(StreamDelete{kStream, id_list({{2, 0}})});
  must(StreamSetId{kStream, {9, 0}, 9, {}});
  must(GroupSetId{kStream, kGroup, {}, 0});
  EXPECT_THAT(waits.take_ready(), IsEmpty());
  must(GroupDrop{kStream, kGroup});
  EXPECT_THAT(waits.take_ready(), ElementsAre(ClientId{2}));
  must(KeyRename{kStream, {}, "away"});
  EXPECT_THAT(waits.take_ready(), ElementsAre(ClientId{2}));
  must(KeyRename{kString, {}, "s"});
  EXPECT_THAT(waits.take_ready(), ElementsAre(ClientId{2})) << "a string appeared";
  must(KeyDrop{kString});
  EXPECT_THAT(waits.take_ready(), ElementsAre(ClientId{2}));
  must(KeyCopy{kStream, ObjectId{3}, {}, "s"});
  EXPECT_THAT(waits.take_ready(), ElementsAre(ClientId{1}, ClientId{2}));
  must(DbSwap{DbIndex{0}, DbIndex{1}});
  EXPECT_THAT(waits.take_ready(), ElementsAre(ClientId{2}));
  must(DbSwap{DbIndex{0}, DbIndex{1}});
  EXPECT_THAT(waits.take_ready(), ElementsAre(ClientId{1}, ClientId{2}));
  must(DbFlush{true, DbIndex{0}});
  EXPECT_THAT(waits.take_ready(), ElementsAre(ClientId{2}));
}

TEST_F(EngineTest, BreaksWatchesOfWhatChanges) {
  Watches& watches = engine_.watches();
  const auto breaks = [&](auto&& record) {
    watches.forget(ClientId{1});
    watches.watch(ClientId{1}, {DbIndex{0}, "s"});
    must(record);
    return watches.broken(ClientId{1});
  };
  EXPECT_TRUE(breaks(StreamAppend{kStream, false, {6, 0}, 2, kEntry}));
  EXPECT_TRUE(breaks(StreamTrim{kStream, {1, 0}}));
  EXPECT_TRUE(breaks(StreamDelete{kStream, id_list({{2, 0}})}));
  EXPECT_TRUE(breaks(KeyExpire{kStream, WallMs{77}}));
  EXPECT_FALSE(breaks(StringSet{kString, "other key"}));
  // As in Redis, what only groups see does not.
  EXPECT_FALSE(breaks(StreamSetId{kStream, {9, 0}, 9, {}}));
  EXPECT_FALSE(breaks(GroupSetId{kStream, kGroup, {}, 0}));
  EXPECT_FALSE(breaks(ConsumerCreate{kStream, kGroup, ConsumerId{2}, {}, "d"}));
  EXPECT_FALSE(breaks(GroupDrop{kStream, kGroup}));
  EXPECT_TRUE(breaks(KeyRename{kStream, {}, "away"}));
  EXPECT_TRUE(breaks(KeyRename{kString, {}, "s"}));
  EXPECT_TRUE(breaks(KeyDrop{kString}));
  EXPECT_FALSE(breaks(DbSwap{DbIndex{0}, DbIndex{1}})) << "absent before and after";
  EXPECT_TRUE(breaks(KeyCreate{ObjectId{3}, DbIndex{0}, ObjectKind::kSet, "s"}));
  EXPECT_TRUE(breaks(DbFlush{false, DbIndex{0}}));
}

// Blocks, tombstones and the order of containers are no state: only what a client could ever see is.
TEST_F(EngineTest, HasTheDigestOfItsLogicalState) {
  Engine other(2);
  const auto both = [&](auto&& record) {
    must(record);
    ASSERT_TRUE(apply_record(other, record));
  };
  ASSERT_TRUE(apply_record(other, KeyCreate{kStream, {}, ObjectKind::kStream, "s"}));
  ASSERT_TRUE(apply_record(other, KeyCreate{kString, {}, ObjectKind::kString, "t"}));
  for (uint64_t i = 1; i <= 5; ++i) {
    // Other blocks than the first engine has.
    ASSERT_TRUE(apply_record(other, StreamAppend{kStream, i % 2 == 0, {i, 0}, 2, kEntry}));
  }
  ASSERT_TRUE(apply_record(other, GroupCreate{kStream, kGroup, {}, 0, "g"}));
  EXPECT_NE(engine_.digest(), other.digest()) << "the consumer is missing";
  ASSERT_TRUE(apply_record(other, ConsumerCreate{kStream, kGroup, kConsumer, WallMs{5}, "c"}));
  EXPECT_EQ(engine_.digest(), other.digest());
  both(StreamDelete{kStream, id_list({{3, 0}})});
  EXPECT_EQ(engine_.digest(), other.digest());
  engine_.note_seen(*engine_.keyspace().find(kStream), kGroup, kConsumer, WallMs{12345});
  EXPECT_EQ(engine_.digest(), other.digest()) << "when a consumer was seen is volatile";
}

TEST_F(EngineTest, HasAnotherDigestForAnyDifference) {
  std::vector<uint64_t> digests = {engine_.digest()};
  const auto changed = [&](auto&& record) {
    must(record);
    digests.push_back(engine_.digest());
  };
  changed(StringSet{kString, "x"});
  changed(KeyExpire{kString, WallMs{1}});
  changed(GroupSetId{kStream, kGroup, {1, 0}, 0});
  changed(GroupSetId{kStream, kGroup, {1, 0}, 1});
  changed(GroupDeliver{kStream, kGroup, kConsumer, WallMs{1}, false, 1, {2, 0}, {3, 0}});
  changed(GroupClaim{kStream, kGroup, kConsumer, WallMs{1}, WallMs{2}, DeliveryCount::kKeep, 0,
                     id_list({{2, 0}})});
  changed(GroupAck{kStream, kGroup, id_list({{2, 0}, {2, 0}})});
  changed(StreamSetId{kStream, {9, 0}, 5, {}});
  changed(StreamSetId{kStream, {9, 0}, 6, {}});
  changed(StreamSetId{kStream, {9, 0}, 6, {1, 0}});
  std::sort(digests.begin(), digests.end());
  EXPECT_EQ(std::unique(digests.begin(), digests.end()), digests.end());
}

}  // namespace
}  // namespace leat
