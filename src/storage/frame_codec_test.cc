// What is sealed is what is opened, whatever it is, and nothing else is ever opened.
#include "storage/frame_codec.h"

#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "storage/frame_fixture.h"

namespace leat {
namespace {

const FramePlace kPlace{.uuid = {1, 2, 3}, .shard = 0, .file = 7, .offset = 4096};

std::string seal(const BlockImages& images, const FramePlace& place = kPlace) {
  FrameEncoder encoder;
  ByteBuffer frame;
  EXPECT_TRUE(encoder.encode(images, place, frame).ok());
  return std::string(frame.view());
}

Result<BlockImages> open(Bytes frame, const FramePlace& place = kPlace) {
  return FrameDecoder().decode(frame, place);
}

BlockImages one(BlockMaker& block) {
  BlockImages images;
  images.push_back(block.take());
  return images;
}

// A block with one field, whose values are these.
BlockImages column(const std::vector<std::string>& values) {
  BlockMaker block({5, 0});
  for (size_t i = 0; i < values.size(); ++i) block.add({5, i}, {{"f", values[i]}});
  return one(block);
}

std::vector<std::string> numbered(size_t count, const std::function<std::string(size_t)>& value) {
  std::vector<std::string> values;
  for (size_t i = 0; i < count; ++i) values.push_back(value(i));
  return values;
}

TEST(FrameCodec, GivesBackWhateverAColumnHolds) {
  const std::string lowest = std::to_string(std::numeric_limits<int64_t>::min());
  const std::string highest = std::to_string(std::numeric_limits<int64_t>::max());
  const std::string binary("\0\r\n$1\r\n\xff", 8);
  struct Case {
    const char* why;
    std::vector<std::string> values;
  };
  const Case cases[] = {
      {"one value", {"x"}},
      {"one empty value", {""}},
      {"all the same", {"same", "same", "same"}},
      {"all empty", {"", "", ""}},
      {"of one size", {"abc", "xyz", "123"}},
      {"of several sizes", {"", "a", "bb", std::string(300, 'c'), binary}},
      {"integers", {"1000001", "1000002", "1000007", "999999"}},
      {"negative integers", {"-100000", "-100001", "-100003", "100000"}},
      {"the differences of which overflow", {lowest, highest, lowest, highest, "0"}},
      {"integers too large by one", {"9223372036854775808", "9223372036854775807"}},
      {"not as they would be written", {"007", "-0", "+1", "1 ", " 1", "", "-", "1e3"}},
      {"few that come again",
       numbered(1000, [](size_t i) { return "value " + std::to_string(i * i % 7); })},
      {"as many as a list holds",
       numbered(4000, [](size_t i) { return "v" + std::to_string(i % 256); })},
      {"one more", numbered(4000, [](size_t i) { return "v" + std::to_string(i % 257); })},
      {"few, then many others",
       numbered(2000, [](size_t i) { return "v" + std::to_string(i < 1000 ? i % 3 : i); })},
      {"integers, then text",
       numbered(500, [](size_t i) { return i < 400 ? std::to_string(i) : "x"; })},
      {"a value of a megabyte", {std::string(1 << 20, 'x'), "y"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    const BlockImages images = column(c.values);
    const auto opened = open(seal(images));
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    EXPECT_EQ(text_of(opened.value()), text_of(images));
  }
}

TEST(FrameCodec, GivesBackWhateverTheEntriesAre) {
  struct Case {
    const char* why;
    std::function<void(BlockMaker&)> fill;
  };
  const FrameFields ab{{"a", "1"}, {"b", "2"}};
  const Case cases[] = {
      {"no entry at all", [](BlockMaker&) {}},
      {"deleted ones",
       [&](BlockMaker& block) {
         block.add({5, 0}, ab, false).add({6, 1}, ab).add({6, 2}, ab, false);
       }},
      {"two shapes in turn",
       [&](BlockMaker& block) {
         for (uint64_t i = 0; i < 50; ++i)
           block.add({5 + i / 3, i}, i % 2 == 0 ? ab : FrameFields{{"c", std::to_string(i)}});
       }},
      {"the same names in another order",
       [&](BlockMaker& block) { block.add({5, 0}, ab).add({5, 1}, {{"b", "2"}, {"a", "1"}}); }},
      {"a name that starts with another",
       [&](BlockMaker& block) { block.add({5, 0}, {{"a", "1"}}).add({5, 1}, {{"aa", "1"}}); }},
      {"a name twice", [&](BlockMaker& block) { block.add({5, 0}, {{"a", "1"}, {"a", "2"}}); }},
      {"an empty name", [&](BlockMaker& block) { block.add({5, 0}, {{"", ""}}); }},
      {"more shapes than are kept apart",
       [&](BlockMaker& block) {
         for (uint64_t i = 0; i < 60; ++i)
           block.add({5, i}, {{"f" + std::to_string(i % 20), std::to_string(i)}});
       }},
      {"an odd number of elements",
       [&](BlockMaker& block) { block.add({5, 0}, 1, "$1\r\na\r\n").add({5, 1}, ab); }},
      {"no element", [&](BlockMaker& block) { block.add({5, 0}, 0, "").add({5, 1}, ab); }},
      {"as many fields as a shape has",
       [&](BlockMaker& block) {
         FrameFields fields;
         for (int i = 0; i < 256; ++i) fields.emplace_back("f" + std::to_string(i), "v");
         block.add({5, 0}, fields).add({5, 1}, fields);
         fields.emplace_back("one more", "v");
         block.add({5, 2}, fields).add({5, 3}, fields);
       }},
      {"more elements than there are",
       [&](BlockMaker& block) { block.add({5, 0}, 4, "$1\r\na\r\n$1\r\nb\r\n"); }},
      {"fewer elements than there are",
       [&](BlockMaker& block) { block.add({5, 0}, 2, wire_of_fields({{"a", "1"}, {"b", "2"}})); }},
      {"no bulk strings",
       [&](BlockMaker& block) { block.add({5, 0}, 2, "+OK\r\n").add({5, 1}, ab); }},
      {"lengths with a zero in front",
       [&](BlockMaker& block) { block.add({5, 0}, 2, "$01\r\na\r\n$1\r\nb\r\n"); }},
      {"ids that go down",
       [&](BlockMaker& block) { block.add({9, 9}, ab).add({5, 7}, ab).add({5, 3}, ab); }},
      {"the largest ids",
       [&](BlockMaker& block) {
         block.add({UINT64_MAX, UINT64_MAX - 1}, ab)
             .add({UINT64_MAX, UINT64_MAX}, ab)
             .add({5, 0}, ab);
       }},
      {"rows that end too soon", [&](BlockMaker& block) { block.add({5, 0}, ab).spoil("\1\5"); }},
      {"a row that claims more than there is",
       [&](BlockMaker& block) { block.add({5, 0}, ab).spoil(Bytes("\1\5\2\0\0abc", 8)); }},
      {"a live byte that is neither",
       [&](BlockMaker& block) { block.spoil(Bytes("\2\0\0\0\0", 5)); }},
      {"a varint that is longer than need be",
       [&](BlockMaker& block) { block.spoil(Bytes("\1\x80\0\0\0\0", 6)); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    BlockMaker block({5, 0});
    c.fill(block);
    BlockImages images;
    images.push_back(block.take());
    // Between others, so that what one block leaves behind would show in the next.
    for (BlockImage& more : sensor_blocks(1, 100, 5)) images.push_back(std::move(more));
    const auto opened = open(seal(images));
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    EXPECT_EQ(text_of(opened.value()), text_of(images));
  }
}

TEST(FrameCodec, GivesBackTheFactsOfBlocks) {
  BlockImages images = sensor_blocks(3, 1000, 20);
  images[0].last_id = {5000, 3};
  images[1].live = UINT32_MAX;
  images[1].deleted = UINT32_MAX;
  images[2].node_bytes = UINT64_MAX;
  const auto opened = open(seal(images));
  ASSERT_TRUE(opened.ok()) << opened.error().detail;
  EXPECT_EQ(text_of(opened.value()), text_of(images));
  const auto none = open(seal({}));
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none.value().empty());
}

TEST(FrameCodec, KeepsNothingOfTheFrameBefore) {
  FrameEncoder encoder;
  FrameDecoder decoder;
  BlockMaker odd({5, 0});
  odd.add({5, 0}, 1, "$1\r\na\r\n");
  BlockMaker spoiled({5, 0});
  spoiled.spoil("nothing");
  std::vector<BlockImages> all;
  all.push_back(sensor_blocks(4, 1, 50));
  all.push_back(one(odd));
  all.push_back(one(spoiled));
  all.push_back(column({"x", "y"}));
  all.push_back(sensor_blocks(1, 1, 3));
  ByteBuffer frame;
  for (const BlockImages& images : all) {
    ASSERT_TRUE(encoder.encode(images, kPlace, frame).ok());
    EXPECT_EQ(Bytes(seal(images)), frame.view());
    const auto opened = decoder.decode(frame.view(), kPlace);
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    EXPECT_EQ(text_of(opened.value()), text_of(images));
  }
}

TEST(FrameCodec, ColumnsTakeAFractionOfTheRows) {
  const BlockImages images = sensor_blocks(10, 1'764'000'000'000, 100);
  size_t rows = 0;
  for (const BlockImage& image : images) rows += image.rows.size();
  EXPECT_LT(seal(images).size() * 12, rows);
}

TEST(FrameCodec, FindsEveryFlippedBit) {
  const std::string frame = seal(sensor_blocks(2, 1000, 20));
  for (size_t at = 0; at < frame.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = frame;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      ASSERT_FALSE(open(flipped).ok()) << "byte " << at << ", bit " << bit;
      ASSERT_FALSE(verify_frame(flipped, kPlace).ok()) << "byte " << at << ", bit " << bit;
    }
  }
}

TEST(FrameCodec, RefusesEveryOtherLength) {
  const std::string frame = seal(sensor_blocks(1, 1000, 5));
  for (size_t size = 0; size < frame.size(); ++size)
    ASSERT_FALSE(open(Bytes(frame).substr(0, size)).ok()) << size;
  EXPECT_FALSE(open(frame + '\0').ok());
  EXPECT_TRUE(open(frame).ok());
}

TEST(FrameCodec, SaysWhyAFrameIsNotTheOneThatWasAskedFor) {
  struct Case {
    const char* want;
    Errc code;
    std::function<void(FrameHead&)> change;
  };
  const Case cases[] = {
      {"another log's", Errc::kCorrupt, [](FrameHead& head) { head.uuid[3] ^= 1; }},
      {"belongs elsewhere: to file 8 of shard 0, offset 4096", Errc::kCorrupt,
       [](FrameHead& head) { head.file = 8; }},
      {"belongs elsewhere: to file 7 of shard 0, offset 9", Errc::kCorrupt,
       [](FrameHead& head) { head.offset = 9; }},
      {"belongs elsewhere: to file 7 of shard 3", Errc::kCorrupt,
       [](FrameHead& head) { head.shard = 3; }},
      {"newer Leat", Errc::kInvalid, [](FrameHead& head) { head.version = 2; }},
      {"newer Leat", Errc::kInvalid, [](FrameHead& head) { head.required = 1; }},
      {"instead of", Errc::kCorrupt, [](FrameHead& head) { ++head.size; }},
      {"sizes that no frame has", Errc::kCorrupt, [](FrameHead& head) { head.size = 10; }},
      {"sizes that no frame has", Errc::kCorrupt,
       [](FrameHead& head) { head.body_size = UINT32_MAX; }},
      {"sizes that no frame has", Errc::kCorrupt,
       [](FrameHead& head) { head.rows_size = UINT32_MAX; }},
      {"sizes that no frame has", Errc::kCorrupt, [](FrameHead& head) { head.zero = 1; }},
      {"checksum", Errc::kCorrupt, [](FrameHead& head) { head.body_crc ^= 1; }},
      {"decompressed", Errc::kCorrupt, [](FrameHead& head) { --head.body_size; }},
      {"decompressed", Errc::kCorrupt, [](FrameHead& head) { ++head.body_size; }},
      {"well formed", Errc::kCorrupt, [](FrameHead& head) { --head.rows_size; }},
      {"well formed", Errc::kCorrupt, [](FrameHead& head) { ++head.rows_size; }},
      {"well formed", Errc::kCorrupt, [](FrameHead& head) { ++head.blocks; }},
  };
  const std::string frame = seal(sensor_blocks(2, 1000, 20));
  for (const Case& c : cases) {
    SCOPED_TRACE(c.want);
    FrameHead head;
    ASSERT_TRUE(read_header(frame, head));
    c.change(head);
    const auto opened = open(std::string(sealed(head)) + frame.substr(sizeof(head)));
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, c.code);
    EXPECT_NE(opened.error().detail.find(c.want), std::string::npos) << opened.error().detail;
  }
}

TEST(FrameCodec, AMovedFrameIsTheSameAtItsOtherPlace) {
  const BlockImages images = sensor_blocks(2, 1000, 20);
  const FramePlace other{.uuid = kPlace.uuid, .shard = 0, .file = 9, .offset = 123};
  ByteBuffer frame;
  frame.append(seal(images));
  move_frame(other, frame);
  EXPECT_EQ(frame.view(), Bytes(seal(images, other)));
  EXPECT_FALSE(open(frame.view()).ok());
  const auto opened = open(frame.view(), other);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(text_of(opened.value()), text_of(images));
}

}  // namespace
}  // namespace leat
