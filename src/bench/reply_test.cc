#include "bench/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat::bench {
namespace {

using testing::ElementsAre;

struct Case {
  const char* why;
  std::string_view bytes;
  size_t values;
};

const Case kWhole[] = {
    {"simple string", "+OK\r\n", 1},
    {"integer", ":-12\r\n", 1},
    {"bulk string", "$5\r\nhello\r\n", 1},
    {"empty bulk string", "$0\r\n\r\n", 1},
    {"null bulk string", "$-1\r\n", 1},
    {"a bulk string may hold line ends and what looks like a reply", "$9\r\n-ERR\r\n+\r\n\r\n", 1},
    {"empty array", "*0\r\n", 1},
    {"null array", "*-1\r\n", 1},
    {"flat array", "*2\r\n:1\r\n$1\r\na\r\n", 1},
    {"nested arrays end together", "*1\r\n*2\r\n*0\r\n*1\r\n:1\r\n", 1},
    {"pipelined replies", "+OK\r\n$3\r\n1-1\r\n:1\r\n", 3},
    {"a count with leading zeros", "$0000000003\r\nabc\r\n", 1},
    {"an entry of XRANGE", "*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n", 1},
};

TEST(ReplySkipper, CountsWholeValues) {
  for (const Case& each : kWhole) {
    SCOPED_TRACE(each.why);
    ReplySkipper skipper;
    EXPECT_EQ(skipper.feed(each.bytes), each.values);
    EXPECT_FALSE(skipper.failed()) << skipper.failure();
    EXPECT_TRUE(skipper.idle());
  }
}

// Goal    how the network cuts the bytes changes nothing.
// Method  all cases in one stream, cut once at every place, and byte by byte.
TEST(ReplySkipper, CountsTheSameHoweverTheBytesAreCut) {
  std::string stream;
  size_t values = 0;
  for (const Case& each : kWhole) {
    stream += each.bytes;
    values += each.values;
  }
  const std::string_view bytes = stream;
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    SCOPED_TRACE(cut);
    ReplySkipper skipper;
    const size_t before = skipper.feed(bytes.substr(0, cut));
    EXPECT_EQ(before + skipper.feed(bytes.substr(cut)), values);
    EXPECT_TRUE(skipper.idle());
  }
  ReplySkipper skipper;
  size_t counted = 0;
  for (size_t i = 0; i < bytes.size(); ++i) counted += skipper.feed(bytes.substr(i, 1));
  EXPECT_EQ(counted, values);
}

TEST(ReplySkipper, AnUnfinishedValueIsNotCounted) {
  for (const Case& each : kWhole) {
    if (each.values != 1) continue;
    SCOPED_TRACE(each.why);
    ReplySkipper skipper;
    EXPECT_EQ(skipper.feed(each.bytes.substr(0, each.bytes.size() - 1)), 0U);
    EXPECT_FALSE(skipper.idle());
  }
}

TEST(ReplySkipper, CountsRequestsAsWell) {
  std::string requests;
  append_request(requests, {"XADD", "s", "*", "f", "a b\r\n"});
  append_request(requests, {"PING"});
  EXPECT_EQ(ReplySkipper().feed(requests), 2U);
}

TEST(ReplySkipper, AnErrorReplyStopsIt) {
  const std::string_view bytes = "+OK\r\n-OOM no memory\r\n+OK\r\n";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    SCOPED_TRACE(cut);
    ReplySkipper skipper;
    skipper.feed(bytes.substr(0, cut));
    skipper.feed(bytes.substr(cut));
    EXPECT_EQ(skipper.failure(), "-OOM no memory");
    EXPECT_EQ(skipper.feed("+OK\r\n"), 0U);
  }
}

TEST(ReplySkipper, AnErrorInsideAnArrayStopsIt) {
  ReplySkipper skipper;
  EXPECT_EQ(skipper.feed("*2\r\n+OK\r\n-ERR inside EXEC\r\n"), 0U);
  EXPECT_EQ(skipper.failure(), "-ERR inside EXEC");
}

TEST(ReplySkipper, WhatIsNotRespIsAFailure) {
  const char* const cases[] = {
      "HTTP/1.1 200 OK\r\n",
      "\r\n",
      "+OK\n",
      "$x\r\n",
      "$-2\r\n",
      "*\r\n",
      "$99999999999999999999\r\n",
      "%1\r\n",  // RESP3, which was not asked for.
  };
  for (const char* bytes : cases) {
    SCOPED_TRACE(bytes);
    ReplySkipper skipper;
    EXPECT_EQ(skipper.feed(bytes), 0U);
    EXPECT_TRUE(skipper.failed());
  }
}

TEST(ReplySkipper, DepthAndLineLengthAreBounded) {
  std::string deep;
  for (int i = 0; i < 17; ++i) deep += "*1\r\n";
  ReplySkipper nested;
  nested.feed(deep);
  EXPECT_TRUE(nested.failed());

  ReplySkipper endless;
  endless.feed("+");
  for (int i = 0; i < 70; ++i) endless.feed(std::string(1024, 'x'));
  EXPECT_TRUE(endless.failed());
}

std::vector<std::string> ids_of(const std::vector<EntryView>& entries) {
  std::vector<std::string> ids;
  ids.reserve(entries.size());
  for (const EntryView& entry : entries) ids.emplace_back(entry.id);
  return ids;
}

constexpr std::string_view kEntries =
    "*2\r\n"
    "*2\r\n$3\r\n1-1\r\n*4\r\n$1\r\nf\r\n$2\r\nv1\r\n$1\r\ng\r\n$2\r\nw1\r\n"
    "*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$2\r\nv2\r\n";

TEST(EntryReplies, ReadsIdsAndFirstValues) {
  std::vector<EntryView> entries;
  ASSERT_TRUE(read_range_reply(kEntries, entries));
  EXPECT_THAT(ids_of(entries), ElementsAre("1-1", "2-0"));
  EXPECT_EQ(entries[0].first_value, "v1");
  EXPECT_EQ(entries[1].first_value, "v2");

  entries.clear();
  ASSERT_TRUE(
      read_stream_reply(std::string("*1\r\n*2\r\n$1\r\ns\r\n") + std::string(kEntries), entries));
  EXPECT_EQ(entries.size(), 2U);
}

TEST(EntryReplies, ADeletedEntryOfAGroupHasNoFields) {
  std::vector<EntryView> entries;
  ASSERT_TRUE(read_range_reply("*1\r\n*2\r\n$3\r\n1-1\r\n*-1\r\n", entries));
  EXPECT_THAT(ids_of(entries), ElementsAre("1-1"));
}

TEST(EntryReplies, NullMeansNoEntries) {
  std::vector<EntryView> entries;
  EXPECT_TRUE(read_stream_reply("*-1\r\n", entries));
  EXPECT_TRUE(entries.empty());
}

TEST(EntryReplies, OtherShapesAreRefused) {
  for (const char* reply :
       {"", "+OK\r\n", "$-1\r\n", "*1\r\n:1\r\n", "*1\r\n*3\r\n", "*2\r\n*2\r\n",
        "*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n", "*1\r\n*2\r\n$9\r\n1-1\r\n"}) {
    SCOPED_TRACE(reply);
    std::vector<EntryView> entries;
    EXPECT_FALSE(read_range_reply(reply, entries));
    EXPECT_FALSE(read_stream_reply(reply, entries));
  }
}

TEST(ScalarReplies, AreRead) {
  EXPECT_EQ(integer_of(":42\r\n"), 42);
  EXPECT_EQ(integer_of("+OK\r\n"), std::nullopt);
  EXPECT_EQ(integer_of(":4x\r\n"), std::nullopt);
  EXPECT_EQ(text_of("+OK\r\n"), "OK");
  EXPECT_EQ(text_of("$5\r\na\r\nbc\r\n"), "a\r\nbc");
  EXPECT_EQ(text_of(":1\r\n"), std::nullopt);
  EXPECT_THAT(strings_of("*2\r\n$1\r\na\r\n$1\r\nb\r\n").value(), ElementsAre("a", "b"));
  EXPECT_EQ(strings_of("+OK\r\n"), std::nullopt);
}

TEST(Info, FieldsAreFoundByTheirWholeName) {
  const std::string_view info = "# Memory\r\nused_memory_rss:7\r\nused_memory:5\r\nempty:\r\n";
  EXPECT_EQ(info_field(info, "used_memory"), "5");
  EXPECT_EQ(info_field(info, "empty"), "");
  EXPECT_EQ(info_field(info, "memory"), std::nullopt);
  EXPECT_EQ(info_field("", "used_memory"), std::nullopt);
}

TEST(Request, IsAnArrayOfBulkStrings) {
  std::string request;
  append_request(request, {"XLEN", ""});
  EXPECT_EQ(request, "*2\r\n$4\r\nXLEN\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace leat::bench
