// Payloads of DUMP: what Redis 7.0.15 wrote is read, what is written is read back, and what is damaged is refused.
#include "rdb/payload.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rdb/listpack.h"
#include "rdb/rdb_words.h"

namespace leat {
namespace {

using ::testing::ElementsAre;

TEST(ListpackTest, HoldsWhatWasWritten) {
  constexpr int64_t kIntegers[] = {0,         1,         127,        128,       -1,
                                   4095,      -4096,     4096,       -4097,     INT16_MAX,
                                   INT16_MIN, 8'388'607, -8'388'608, 8'388'608, INT32_MAX,
                                   INT32_MIN, INT64_MAX, INT64_MIN};
  const std::string texts[] = {"",
                               "a",
                               std::string(63, 'b'),
                               std::string(64, 'c'),
                               std::string(4095, 'd'),
                               std::string(4096, 'e'),
                               std::string(20'000, 'f')};
  ListpackWriter writer;
  for (const int64_t value : kIntegers) writer.integer(value);
  for (const std::string& text : texts) writer.string(text);
  ListpackReader reader(writer.finish());
  ListpackReader::Element element;
  for (const int64_t value : kIntegers) {
    ASSERT_TRUE(reader.next(element));
    ASSERT_TRUE(element.is_integer);
    EXPECT_EQ(element.integer, value);
  }
  for (const std::string& text : texts) {
    ASSERT_TRUE(reader.next(element));
    ASSERT_FALSE(element.is_integer);
    EXPECT_EQ(element.text, text);
  }
  EXPECT_FALSE(reader.next(element));
  EXPECT_TRUE(reader.ok());
}

TEST(RdbWordsTest, HoldsWhatWasWritten) {
  ByteBuffer out;
  RdbWriter writer(out);
  constexpr uint64_t kLengths[] = {0,         63, 64, 16'383, 16'384, UINT32_MAX, uint64_t{1} << 32,
                                   UINT64_MAX};
  for (const uint64_t length : kLengths) writer.length(length);
  writer.string("text");
  writer.time(WallMs{-5});
  writer.raw_id({1, 2});
  RdbReader reader(out.view(), 0);
  for (const uint64_t length : kLengths) EXPECT_EQ(reader.length(), length);
  EXPECT_EQ(reader.string(), "text");
  EXPECT_EQ(reader.time(), WallMs{-5});
  EXPECT_EQ(reader.raw_id(), (StreamId{1, 2}));
  EXPECT_TRUE(reader.ok() && reader.done());
}

// Redis' SET, with numbers and compressed: c0 7b; c1 39 30; c3 with LZF.
TEST(RdbWordsTest, ReadsNumbersAndCompressedStrings) {
  const std::string input = std::string("\xc0\x7b\xc0\xff\xc1\x39\x30\xc2\x87\xd6\x12\x00", 12) +
                            std::string(
                                "\xc3\x09\x40\x40\x01"
                                "aa\xe0\x30\x00\x01"
                                "aa",
                                13);
  RdbReader reader(input, 1000);
  EXPECT_EQ(reader.string(), "123");
  EXPECT_EQ(reader.string(), "-1");
  EXPECT_EQ(reader.string(), "12345");
  EXPECT_EQ(reader.string(), "1234567");
  EXPECT_TRUE(reader.ok());
}

RdbStream stream_of(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto draw = [&random](uint64_t below) { return random() % below; };
  RdbStream stream;
  StreamId id;
  for (uint64_t left = draw(30); left != 0; --left) {
    id = draw(3) == 0 ? id.next() : StreamId{id.ms + 1 + draw(300), draw(3)};
    const uint64_t fields = draw(4) == 0 ? 1 + draw(3) : 1;
    const RdbStream::Entry entry{.id = id,
                                 .begins_node = stream.entries.empty() || draw(6) == 0,
                                 .elements = static_cast<uint32_t>(2 * fields),
                                 .wire = stream.wires.size()};
    for (uint64_t i = 0; i < fields; ++i) {
      stream.wires.append(draw(5) == 0 ? "$3\r\ng\r\n\r\n" : "$1\r\nf\r\n");
      stream.wires.append("$2\r\n" + std::to_string(10 + draw(90)) + "\r\n");
    }
    stream.entries.push_back(entry);
  }
  stream.last_id = {id.ms + draw(2), id.seq + draw(2)};
  stream.max_deleted = {draw(id.ms + 1), 0};
  stream.entries_added = stream.entries.size() + draw(4);
  for (uint64_t left = draw(3); left != 0; --left) {
    RdbStream::Group& group = stream.groups.emplace_back();
    group.name = "g" + std::to_string(left);
    group.last_delivered = {draw(500), draw(3)};
    group.entries_read = static_cast<int64_t>(draw(stream.entries_added + 2)) - 1;
    for (uint64_t consumers = draw(3); consumers != 0; --consumers) {
      const WallMs seen{static_cast<int64_t>(draw(2000))};
      group.consumers.push_back({.name = "c" + std::to_string(consumers),
                                 .seen = seen,
                                 .active = draw(2) == 0 ? seen : WallMs{-1}});
    }
    const bool releases = draw(2) == 0;
    for (uint64_t ms = 1; ms < 10; ms += 1 + draw(3)) {
      if (group.consumers.empty() && !releases) continue;
      RdbStream::Pending entry{.id = {ms, 0}, .delivered = WallMs{5}, .deliveries = draw(9)};
      if (!group.consumers.empty() && draw(3) != 0) {
        entry.owner = static_cast<uint32_t>(draw(group.consumers.size()));
      } else if (releases) {
        group.released.insert(group.released.begin(), entry.id);
      } else {
        continue;
      }
      group.pending.push_back(entry);
    }
  }
  if (draw(2) == 0) return stream;
  stream.idempotency.emplace();
  for (const char* producer : {"p", "q"}) {
    for (uint64_t left = draw(4); left != 0; --left)
      stream.iids.push_back({producer, "i" + std::to_string(left), {left, left}});
  }
  stream.iids_added = stream.iids.size() + draw(2);
  if (draw(3) == 0) stream.idempotency->size_max = 10;
  if (draw(4) == 0) stream.retention.length_max = 1 + draw(9);
  return stream;
}

// What is written of the value that was read is the same again.
TEST(PayloadTest, StreamsAreReadBack) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    const std::string payload = write_payload(stream_of(seed));
    auto read = read_payload(payload);
    ASSERT_TRUE(std::holds_alternative<RdbValue>(read)) << "seed " << seed;
    EXPECT_EQ(write_payload(std::get<RdbValue>(read)), payload) << "seed " << seed;
  }
}

TEST(PayloadTest, TheOldestFormatThatLosesNothingIsWritten) {
  RdbValue value = RdbStream();
  RdbStream& stream = std::get<RdbStream>(value);
  const auto type_and_version = [&value] {
    const std::string payload = write_payload(value);
    return std::pair(int{payload[0]}, int{payload[payload.size() - 10]});
  };
  EXPECT_EQ(type_and_version(), std::pair(19, 10));
  stream.groups.push_back({.name = "g", .last_delivered = {}, .entries_read = 0});
  stream.groups[0].consumers.push_back({.name = "c", .seen = WallMs{1}, .active = WallMs{1}});
  EXPECT_EQ(type_and_version(), std::pair(19, 10));
  stream.groups[0].consumers[0].active = WallMs{-1};
  EXPECT_EQ(type_and_version(), std::pair(21, 11));
  stream.idempotency.emplace();
  EXPECT_EQ(type_and_version(), std::pair(26, 13));
  stream.groups[0].pending.push_back({.id = {1, 0}});
  stream.groups[0].released = {{1, 0}};
  EXPECT_EQ(type_and_version(), std::pair(27, 14));
  stream.retention.age_max_ms = 5;
  EXPECT_EQ(type_and_version(), std::pair(-56, 14));
}

std::string hex(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

RdbValue value_of(const std::string& payload) {
  auto read = read_payload(payload);
  EXPECT_TRUE(std::holds_alternative<RdbValue>(read));
  return std::holds_alternative<RdbValue>(read) ? std::move(std::get<RdbValue>(read)) : RdbValue();
}

// What DUMP of redis-server 7.0.15 replied.
TEST(PayloadTest, ReadsWhatRedisWrites) {
  EXPECT_EQ(std::get<std::string>(value_of(hex("000576616c75650a0081f6c138c1aa9b6e"))), "value");
  EXPECT_EQ(std::get<std::string>(value_of(hex("00c139300a009d94ea2793fc08b9"))), "12345");
  EXPECT_EQ(
      std::get<std::string>(value_of(hex("00c3094064016161e057000161610a00e8a3b507b06df271"))),
      std::string(100, 'a'));
  EXPECT_EQ(std::get<RdbHash>(
                value_of(hex("101414000000040081610201018162028374776f04ff0a000428b525e1e26b12"))),
            (RdbHash{{"a", "1"}, {"b", "two"}}));
  EXPECT_EQ(std::get<RdbSet>(
                value_of(hex("0b1404000000030000000100000002000000e09304000a00742f3348486c6a39"))),
            (RdbSet{"1", "2", "300000"}));
  EXPECT_EQ(std::get<RdbSet>(value_of(hex("0202017801790a00ac3a8d681184aa31"))),
            (RdbSet{"x", "y"}));
}

// Three entries, the second one deleted; a group that has been given the first.
const char* const kStreamOfRedis =
    "13011000000000000000010000000000000001c3383d073d000000180002014000078166020001020100200105"
    "8176020401032014200a0077200a80170f020181670205018168028178020801ff020301010102010301016701"
    "0181ffffffffffffffff01000000000000000100000000000000017a3e6e29a2010000010101637a3e6e29a201"
    "000001000000000000000100000000000000010a00bbca081e4a7941bd";

TEST(PayloadTest, ReadsAStreamThatRedisWrites) {
  const RdbValue value = value_of(hex(kStreamOfRedis));
  const RdbStream& stream = std::get<RdbStream>(value);
  ASSERT_EQ(stream.entries.size(), 2U);
  EXPECT_EQ(stream.entries[0].id, (StreamId{1, 1}));
  EXPECT_EQ(stream.wire_of(0), "$1\r\nf\r\n$1\r\nv\r\n");
  EXPECT_EQ(stream.entries[1].id, (StreamId{3, 1}));
  EXPECT_EQ(stream.wire_of(1), "$1\r\ng\r\n$1\r\n5\r\n$1\r\nh\r\n$1\r\nx\r\n");
  EXPECT_EQ(stream.entries[1].elements, 4U);
  EXPECT_EQ(stream.last_id, (StreamId{3, 1}));
  EXPECT_EQ(stream.max_deleted, (StreamId{2, 1}));
  EXPECT_EQ(stream.entries_added, 3U);
  ASSERT_EQ(stream.groups.size(), 1U);
  const RdbStream::Group& group = stream.groups[0];
  EXPECT_EQ(group.name, "g");
  EXPECT_EQ(group.last_delivered, (StreamId{1, 1}));
  EXPECT_EQ(group.entries_read, -1);
  ASSERT_EQ(group.pending.size(), 1U);
  EXPECT_EQ(group.pending[0].id, (StreamId{1, 1}));
  EXPECT_EQ(group.pending[0].owner, 0U);
  EXPECT_EQ(group.pending[0].deliveries, 1U);
  ASSERT_EQ(group.consumers.size(), 1U);
  EXPECT_EQ(group.consumers[0].name, "c");
  EXPECT_EQ(group.consumers[0].active, group.consumers[0].seen);
}

TEST(PayloadTest, AnotherSumOrVersionIsRefused) {
  const std::string payload = write_payload(std::string("value"));
  EXPECT_TRUE(std::holds_alternative<RdbValue>(read_payload(payload)));
  for (size_t i = 0; i < payload.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string other = payload;
      other[i] = static_cast<char>(other[i] ^ 1 << bit);
      EXPECT_EQ(std::get<PayloadFault>(read_payload(other)), PayloadFault::kChecksum);
    }
  }
  EXPECT_EQ(std::get<PayloadFault>(read_payload("")), PayloadFault::kChecksum);
  EXPECT_EQ(std::get<PayloadFault>(read_payload(sealed_payload("", 10))), PayloadFault::kFormat);
  const std::string body = payload.substr(0, payload.size() - 10);
  EXPECT_TRUE(std::holds_alternative<RdbValue>(read_payload(sealed_payload(body, 14))));
  EXPECT_EQ(std::get<PayloadFault>(read_payload(sealed_payload(body, 15))),
            PayloadFault::kChecksum);
}

// With the sum that belongs to it.
bool is_refused(const std::string& body) {
  const auto read = read_payload(sealed_payload(body, 10));
  return std::holds_alternative<PayloadFault>(read) &&
         std::get<PayloadFault>(read) == PayloadFault::kFormat;
}

TEST(PayloadTest, WhatIsNoValueIsRefused) {
  using namespace std::string_literals;
  EXPECT_FALSE(is_refused("\x00\x01v"s));
  EXPECT_TRUE(is_refused("\x00\x02v"s));           // Cut.
  EXPECT_TRUE(is_refused("\x00\x01vx"s));          // Something follows.
  EXPECT_TRUE(is_refused("\x00\xc4"s));            // No encoding.
  EXPECT_TRUE(is_refused("\x01\x01\x01v"s));       // A list.
  EXPECT_TRUE(is_refused("\x02\x00"s));            // An empty set.
  EXPECT_TRUE(is_refused("\x02\x02\x01v\x01v"s));  // A member twice.
  EXPECT_TRUE(is_refused("\x04\x00"s));            // An empty hash.
  EXPECT_TRUE(
      is_refused("\x04\x02\x01"
                 "f\x01v\x01"
                 "f\x01v"s));
  EXPECT_TRUE(is_refused("\x02\x80\xff\xff\xff\xff\x01v"s));
  EXPECT_TRUE(is_refused("\x0b\x0a\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00"s));
  // Would inflate to more than a gigabyte.
  EXPECT_TRUE(
      is_refused("\x00\xc3\x04\x80\x7f\xff\xff\xff\x01"
                 "aaa"s));
}

// A changed byte makes another stream or none, and nothing else: that is, no crash.
TEST(PayloadTest, DamagedStreamsAreReadOrRefused) {
  const std::string plain = write_payload(value_of(hex(kStreamOfRedis)));
  size_t refused = 0;
  for (const std::string& payload : {hex(kStreamOfRedis), plain, write_payload(stream_of(7))}) {
    const std::string body = payload.substr(0, payload.size() - 10);
    for (size_t i = 0; i < body.size(); ++i) {
      for (const int change : {1, 2, 16, 128, 255}) {
        std::string other = body;
        other[i] = static_cast<char>(other[i] ^ change);
        refused += is_refused(other) ? 1U : 0U;
        other = body.substr(0, i);
        EXPECT_TRUE(is_refused(other));
      }
    }
  }
  EXPECT_GT(refused, 500U);
}

// What servers had to learn to refuse: counters that lie about what follows.
TEST(PayloadTest, StreamsWithLyingCountersAreRefused) {
  const auto changed = [](auto&& change) {
    RdbValue value = stream_of(11);
    change(std::get<RdbStream>(value));
    return is_refused(write_payload(value).substr(0, write_payload(value).size() - 10));
  };
  EXPECT_FALSE(changed([](RdbStream&) {}));
  EXPECT_TRUE(changed([](RdbStream& s) { s.entries_added = 0; }));
  EXPECT_TRUE(changed([](RdbStream& s) { s.entries_added = UINT64_MAX; }));
  EXPECT_TRUE(changed([](RdbStream& s) { s.last_id = s.entries.back().id.previous(); }));
  EXPECT_TRUE(changed([](RdbStream& s) { std::swap(s.entries[0].id, s.entries[1].id); }));
  const auto with_group = [](RdbStream& s) -> RdbStream::Group& {
    s.groups.assign(1, {.name = "g", .last_delivered = {}, .entries_read = 0});
    s.groups[0].consumers = {{.name = "c"}, {.name = "d"}};
    s.groups[0].pending = {{.id = {1, 0}, .owner = 0}, {.id = {2, 0}, .owner = 1}};
    return s.groups[0];
  };
  EXPECT_FALSE(changed([&](RdbStream& s) { with_group(s); }));
  EXPECT_TRUE(changed([&](RdbStream& s) {
    with_group(s).entries_read = static_cast<int64_t>(s.entries_added) + 1;
  }));
  EXPECT_TRUE(changed([&](RdbStream& s) { with_group(s).entries_read = -2; }));
  EXPECT_TRUE(changed([&](RdbStream& s) { with_group(s).pending[0].owner = RdbStream::kNobody; }));
  EXPECT_TRUE(changed([&](RdbStream& s) { with_group(s).released = {{1, 0}}; }));
  EXPECT_TRUE(changed([&](RdbStream& s) { with_group(s).consumers[1].name = "c"; }));
  EXPECT_TRUE(changed([&](RdbStream& s) {
    with_group(s);
    s.groups.push_back(s.groups[0]);
  }));
  EXPECT_TRUE(changed([&](RdbStream& s) { s.idempotency = {.duration_s = 1, .size_max = 0}; }));
  EXPECT_TRUE(changed([&](RdbStream& s) {
    s.idempotency.emplace();
    s.iids = {{"p", "i", {1, 0}}, {"p", "i", {2, 0}}};
    s.iids_added = 2;
  }));
}

}  // namespace
}  // namespace leat
