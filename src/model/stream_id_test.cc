// Stream ids: order, neighbours, text in both directions.
#include "model/stream_id.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace leat {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

TEST(StreamIdTest, OrdersByMillisecondsThenSequence) {
  EXPECT_LT((StreamId{1, kMax}), (StreamId{2, 0}));
  EXPECT_LT((StreamId{1, 1}), (StreamId{1, 2}));
  EXPECT_EQ((StreamId{1, 1}), (StreamId{1, 1}));
  EXPECT_LT(StreamId::min(), StreamId::max());
}

TEST(StreamIdTest, HasNeighboursAndStopsAtTheEnds) {
  EXPECT_EQ((StreamId{1, 1}).next(), (StreamId{1, 2}));
  EXPECT_EQ((StreamId{1, kMax}).next(), (StreamId{2, 0}));
  EXPECT_EQ(StreamId::max().next(), StreamId::max());
  EXPECT_EQ((StreamId{1, 1}).previous(), (StreamId{1, 0}));
  EXPECT_EQ((StreamId{1, 0}).previous(), (StreamId{0, kMax}));
  EXPECT_EQ(StreamId::min().previous(), StreamId::min());
}

TEST(StreamIdTest, IsPrintedWithoutPadding) {
  EXPECT_EQ(to_string(StreamId{0, 0}), "0-0");
  EXPECT_EQ(to_string(StreamId{1526919030474, 55}), "1526919030474-55");
  EXPECT_EQ(to_string(StreamId::max()), "18446744073709551615-18446744073709551615");
  EXPECT_EQ(to_string(StreamId::max()).size(), kStreamIdTextMax);
}

TEST(StreamIdTest, ParsesWhatItPrints) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const StreamId id{random() >> (random() % 64), random() >> (random() % 64)};
    EXPECT_EQ(parse_stream_id(to_string(id), 7), id);
  }
}

TEST(StreamIdTest, TakesTheMissingSequenceFromTheCaller) {
  EXPECT_EQ(parse_stream_id("5", 0), (StreamId{5, 0}));
  EXPECT_EQ(parse_stream_id("5", kMax), (StreamId{5, kMax}));
  EXPECT_EQ(parse_stream_id("5-1", kMax), (StreamId{5, 1}));
}

// What is no strict decimal is read as C's strtoull does, as Redis reads it.
TEST(StreamIdTest, IsAsLenientAsRedis) {
  struct Case {
    const char* text;
    StreamId id;
  };
  for (const Case& c : {
           Case{"007-08", {7, 8}},
           Case{"+5", {5, 0}},
           Case{"5-+6", {5, 6}},
           Case{"9--0", {9, 0}},
           Case{"9--01", {9, kMax}},
           Case{"9--18446744073709551615", {9, 1}},
           Case{"9- 1", {9, 1}},
           Case{" 9-1", {9, 1}},
           Case{"00", {0, 0}},
           Case{"0000000000000000000000000000000000000000000000005-1", {5, 1}},
       }) {
    EXPECT_EQ(parse_stream_id(c.text, 0), c.id) << c.text;
  }
}

TEST(StreamIdTest, RefusesWhatIsNoId) {
  for (const char* text : {"",
                           "-",
                           "--",
                           "+",
                           "$",
                           ">",
                           "*",
                           "5-",
                           "-5",
                           "5-*",
                           "9--1",
                           "9--9223372036854775808",
                           "6-1-1",
                           "abc",
                           "5-abc",
                           "5a",
                           "a5",
                           "5-1a",
                           "0x5",
                           "5.0",
                           "5-1 ",
                           "5 -1",
                           "18446744073709551616",
                           "1-18446744073709551616",
                           "99999999999999999999999999-1",
                           "(5-1"}) {
    EXPECT_FALSE(parse_stream_id(text, 0)) << text;
  }
  using namespace std::string_literals;
  EXPECT_FALSE(parse_stream_id("5\0"s, 0));
  EXPECT_FALSE(parse_stream_id("5-1\0"s, 0));
  EXPECT_FALSE(
      parse_stream_id("\0"s
                      "5"s,
                      0));
}

TEST(StreamIdTest, RefusesTextOfMoreThan127Bytes) {
  EXPECT_TRUE(parse_stream_id(std::string(126, '0') + "1", 0));
  EXPECT_FALSE(parse_stream_id(std::string(127, '0') + "1", 0));
}

}  // namespace
}  // namespace leat
