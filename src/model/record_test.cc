// Records: what is encoded decodes to the same, and nothing else decodes.
#include "model/record.h"

#include <deque>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "model/record_lists.h"

namespace leat {
namespace {

// Draws values that hit the edges of their encodings.
class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}

  uint64_t number() { return random_() >> (random_() % 65 % 64); }
  bool coin() { return (random_() & 1) != 0; }
  std::string bytes() {
    std::string bytes(random_() % 4 == 0 ? 0 : random_() % 300, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }
  Bytes view() { return strings_.emplace_back(bytes()); }

  void operator()(uint64_t& value) { value = number(); }
  void operator()(uint32_t& value) { value = static_cast<uint32_t>(number()); }
  void operator()(int64_t& value) { value = static_cast<int64_t>(number()) * (coin() ? 1 : -1); }
  void operator()(bool& value) { value = coin(); }
  void operator()(Bytes& value) { value = view(); }
  void operator()(StreamId& id) { id = {number(), number()}; }
  void operator()(ObjectKind& kind) { kind = static_cast<ObjectKind>(1 + random_() % 4); }
  void operator()(DeliveryCount& count) { count = static_cast<DeliveryCount>(random_() % 4); }
  void operator()(Retention& policy) {
    policy = {.length_max = number(),
              .age_max_ms = number(),
              .bytes_max = number(),
              .retain = coin() ? Retain::kUnacked : Retain::kAny,
              .when_full = coin() ? WhenFull::kReject : WhenFull::kTrim};
  }
  template <typename Tag, typename Rep>
  void operator()(Strong<Tag, Rep>& strong) {
    (*this)(strong.value);
  }

 private:
  std::mt19937_64 random_;
  std::deque<std::string> strings_;  // What the records' views point to.
};

// The fields of each record, once more and by hand: what the codec must carry.
auto tie(KeyCreate& r) {
  return std::tie(r.object, r.db, r.kind, r.key);
}
auto tie(KeyDrop& r) {
  return std::tie(r.object);
}
auto tie(KeyRename& r) {
  return std::tie(r.object, r.db, r.key);
}
auto tie(KeyCopy& r) {
  return std::tie(r.object, r.copy, r.db, r.key);
}
auto tie(KeyExpire& r) {
  return std::tie(r.object, r.at);
}
auto tie(DbSwap& r) {
  return std::tie(r.first, r.second);
}
auto tie(DbFlush& r) {
  return std::tie(r.every, r.db);
}
auto tie(StringSet& r) {
  return std::tie(r.object, r.value);
}
auto tie(StringAppend& r) {
  return std::tie(r.object, r.tail);
}
auto tie(StringPatch& r) {
  return std::tie(r.object, r.offset, r.bytes);
}
auto tie(HashSet& r) {
  return std::tie(r.object, r.list);
}
auto tie(HashDelete& r) {
  return std::tie(r.object, r.list);
}
auto tie(SetAdd& r) {
  return std::tie(r.object, r.list);
}
auto tie(SetRemove& r) {
  return std::tie(r.object, r.list);
}
auto tie(StreamAppend& r) {
  return std::tie(r.object, r.new_block, r.id, r.elements, r.wire);
}
auto tie(StreamTrim& r) {
  return std::tie(r.object, r.last_dropped);
}
auto tie(StreamTrimRanges& r) {
  return std::tie(r.object, r.ranges);
}
auto tie(StreamDelete& r) {
  return std::tie(r.object, r.ids);
}
auto tie(StreamSetId& r) {
  return std::tie(r.object, r.last_id, r.entries_added, r.max_deleted);
}
auto tie(StreamConfigure& r) {
  return std::tie(r.object, r.policy);
}
auto tie(StreamIdempotency& r) {
  return std::tie(r.object, r.limits.duration_s, r.limits.size_max, r.added, r.duplicates);
}
auto tie(StreamRemember& r) {
  return std::tie(r.object, r.id, r.producer, r.iid);
}
auto tie(StreamForget& r) {
  return std::tie(r.object, r.count);
}
auto tie(StreamDuplicate& r) {
  return std::tie(r.object);
}
auto tie(GroupCreate& r) {
  return std::tie(r.object, r.group, r.last_delivered, r.entries_read, r.name);
}
auto tie(GroupSetId& r) {
  return std::tie(r.object, r.group, r.last_delivered, r.entries_read);
}
auto tie(GroupDrop& r) {
  return std::tie(r.object, r.group);
}
auto tie(ConsumerCreate& r) {
  return std::tie(r.object, r.group, r.consumer, r.at, r.name);
}
auto tie(ConsumerDrop& r) {
  return std::tie(r.object, r.group, r.consumer);
}
auto tie(GroupDeliver& r) {
  return std::tie(r.object, r.group, r.consumer, r.at, r.no_ack, r.entries_read, r.first, r.last);
}
auto tie(GroupAck& r) {
  return std::tie(r.object, r.group, r.ranges);
}
auto tie(GroupClaim& r) {
  return std::tie(r.object, r.group, r.consumer, r.at, r.delivered, r.count, r.deliveries, r.ids);
}
auto tie(GroupRelease& r) {
  return std::tie(r.object, r.group, r.count, r.deliveries, r.ids);
}
auto tie(GroupRedeliver& r) {
  return std::tie(r.object, r.group, r.consumer, r.at, r.first, r.last);
}

template <typename Record>
class RecordTest : public ::testing::Test {
 protected:
  static Record random_record(Draw& draw) {
    Record record;
    std::apply([&draw](auto&... field) { (draw(field), ...); }, tie(record));
    return record;
  }
  static std::string encoded(const Record& record) {
    ByteBuffer buffer;
    RecordWriter(buffer).put(record);
    return std::string(buffer.view());
  }
};

using Records = ::testing::Types<
    KeyCreate, KeyDrop, KeyRename, KeyCopy, KeyExpire, DbSwap, DbFlush, StringSet, StringAppend,
    StringPatch, HashSet, HashDelete, SetAdd, SetRemove, StreamAppend, StreamTrim, StreamTrimRanges,
    StreamDelete, StreamSetId, StreamConfigure, StreamIdempotency, StreamRemember, StreamForget,
    StreamDuplicate, GroupCreate, GroupSetId, GroupDrop, ConsumerCreate, ConsumerDrop, GroupDeliver,
    GroupAck, GroupClaim, GroupRedeliver, GroupRelease>;
TYPED_TEST_SUITE(RecordTest, Records);

TYPED_TEST(RecordTest, DecodesToWhatWasEncoded) {
  Draw draw(1);
  for (int i = 0; i < 200; ++i) {
    TypeParam record = this->random_record(draw);
    const std::string bytes = this->encoded(record);
    Bytes input = bytes;
    const auto view = next_record(input);
    ASSERT_TRUE(view);
    EXPECT_TRUE(input.empty());
    EXPECT_EQ(view->type, TypeParam::kType);
    EXPECT_FALSE(view->ends_group());
    TypeParam decoded;
    ASSERT_TRUE(decode(view->payload, decoded));
    EXPECT_EQ(tie(decoded), tie(record));
  }
}

TYPED_TEST(RecordTest, RefusesAPayloadThatIsCutOrTooLong) {
  Draw draw(2);
  for (int i = 0; i < 20; ++i) {
    const std::string bytes = this->encoded(this->random_record(draw));
    const std::string payload = bytes.substr(kRecordHeadSize);
    TypeParam decoded;
    for (size_t size = 0; size < payload.size(); ++size) {
      // A copy of its own, so that a sanitizer sees a read beyond it.
      const std::vector<char> cut(payload.begin(), payload.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_FALSE(decode(Bytes(cut.data(), cut.size()), decoded)) << size;
    }
    EXPECT_FALSE(decode(payload + '\0', decoded));
  }
}

TYPED_TEST(RecordTest, NeverReadsBeyondDamagedBytes) {
  Draw draw(3);
  for (int i = 0; i < 500; ++i) {
    std::string payload = this->encoded(this->random_record(draw)).substr(kRecordHeadSize);
    if (payload.empty()) continue;
    for (int flips = 0; flips < 3; ++flips) {
      payload[draw.number() % payload.size()] = static_cast<char>(draw.number());
    }
    const std::vector<char> damaged(payload.begin(), payload.end());
    TypeParam decoded;
    static_cast<void>(decode(Bytes(damaged.data(), damaged.size()), decoded));
  }
}

std::string drop_record(uint64_t object) {
  ByteBuffer buffer;
  RecordWriter(buffer).put(KeyDrop{ObjectId{object}});
  return std::string(buffer.view());
}

TEST(RecordHeadTest, StandsAsTheFormatSays) {
  using namespace std::string_literals;
  EXPECT_EQ(drop_record(5), "\x01\0\0\0\x02\x01\0\0\x05"s);
}

TEST(RecordHeadTest, IsRefusedWhenItIsNotValid) {
  const std::string good = drop_record(5);
  struct Case {
    size_t at;
    char byte;
  };
  for (const Case& c :
       {Case{0, 2}, Case{1, 1}, Case{5, 0}, Case{5, 2}, Case{6, 2}, Case{6, -128}, Case{7, 1}}) {
    std::string bad = good;
    bad[c.at] = c.byte;
    Bytes input = bad;
    EXPECT_FALSE(next_record(input)) << c.at;
    EXPECT_EQ(input, bad) << "the input stays as it was";
  }
  for (size_t size = 0; size < good.size(); ++size) {
    Bytes input = Bytes(good).substr(0, size);
    EXPECT_FALSE(next_record(input)) << size;
    EXPECT_EQ(input.size(), size);
  }
}

TEST(RecordHeadTest, TakesOneRecordAfterTheOther) {
  const std::string bytes = drop_record(5) + drop_record(300);
  Bytes input = bytes;
  KeyDrop record;
  ASSERT_TRUE(decode(next_record(input)->payload, record));
  EXPECT_EQ(record.object, ObjectId{5});
  ASSERT_TRUE(decode(next_record(input)->payload, record));
  EXPECT_EQ(record.object, ObjectId{300});
  EXPECT_TRUE(input.empty());
}

TEST(RecordGroupTest, EndsWithItsLastRecordOnly) {
  ByteBuffer buffer;
  RecordWriter writer(buffer);
  writer.put(KeyDrop{ObjectId{1}});
  EXPECT_EQ(end_group(buffer, 0), 1);
  const size_t from = buffer.size();
  for (uint64_t object = 2; object <= 4; ++object) writer.put(KeyDrop{ObjectId{object}});
  EXPECT_EQ(end_group(buffer, from), 3);
  std::vector<bool> ends;
  Bytes input = buffer.view();
  while (const auto record = next_record(input)) ends.push_back(record->ends_group());
  EXPECT_EQ(ends, (std::vector<bool>{true, false, false, true}));
}

TEST(RecordValueTest, IsRefusedWhenItNamesNothing) {
  const auto payload = [](std::initializer_list<int> bytes) {
    return std::string(bytes.begin(), bytes.end());
  };
  KeyCreate create;
  EXPECT_TRUE(decode(payload({1, 0, 1, 0}), create));
  EXPECT_TRUE(decode(payload({1, 0, 4, 0}), create));
  EXPECT_FALSE(decode(payload({1, 0, 0, 0}), create)) << "kind 0";
  EXPECT_FALSE(decode(payload({1, 0, 5, 0}), create)) << "kind 5";
  DbFlush flush;
  EXPECT_TRUE(decode(payload({1, 0}), flush));
  EXPECT_FALSE(decode(payload({2, 0}), flush)) << "a bool of 2";
  DbSwap swap;
  EXPECT_TRUE(decode(payload({0xff, 0xff, 0xff, 0xff, 0x0f, 0}), swap));
  EXPECT_FALSE(decode(payload({0xff, 0xff, 0xff, 0xff, 0x1f, 0}), swap)) << "33 bits";
}

TEST(IdListTest, CarriesIdsInAnyOrder) {
  std::mt19937_64 random(4);
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  for (int round = 0; round < 100; ++round) {
    std::vector<StreamId> ids;
    for (size_t i = random() % 50; i > 0; --i) {
      switch (random() % 4) {
        case 0:
          ids.push_back({random(), random()});
          break;
        case 1:
          ids.push_back(ids.empty() ? StreamId::max() : ids.back().next());
          break;
        case 2:
          ids.push_back({random() % 3, random() % 3});
          break;
        default:
          ids.push_back({random() % 2 == 0 ? 0 : kMax, random() % 2 == 0 ? 0 : kMax});
      }
    }
    ByteBuffer buffer;
    IdListWriter writer(buffer);
    for (const StreamId id : ids) writer.add(id);
    IdListReader reader(buffer.view());
    std::vector<StreamId> read;
    StreamId id;
    while (reader.next(id)) read.push_back(id);
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(read, ids);
  }
}

TEST(IdListTest, CostsTwoBytesForTheNextId) {
  ByteBuffer buffer;
  IdListWriter writer(buffer);
  writer.add({1'700'000'000'000, 0});
  const size_t first = buffer.size();
  for (uint64_t seq = 1; seq <= 10; ++seq) writer.add({1'700'000'000'000, seq});
  EXPECT_EQ(buffer.size(), first + 20);
}

TEST(IdListTest, TellsACutListFromAnEndedOne) {
  ByteBuffer buffer;
  IdListWriter writer(buffer);
  writer.add({1, 1});
  writer.add({500, 500});
  for (size_t size = 0; size <= buffer.size(); ++size) {
    const std::vector<char> cut(buffer.bytes(), buffer.bytes() + size);
    IdListReader reader(Bytes(cut.data(), cut.size()));
    StreamId id;
    while (reader.next(id)) {
    }
    EXPECT_EQ(reader.ok(), size == 0 || size == 2 || size == buffer.size()) << size;
  }
}

TEST(StringListTest, IsAByteStringAfterTheOther) {
  ByteBuffer list;
  append_string(list, "a");
  append_string(list, "");
  append_string(list, std::string(200, 'x'));
  ByteReader reader(list.view());
  EXPECT_EQ(reader.string(), "a");
  EXPECT_EQ(reader.string(), "");
  EXPECT_EQ(reader.string(), std::string(200, 'x'));
  EXPECT_TRUE(reader.done() && reader.ok());
}

}  // namespace
}  // namespace leat
