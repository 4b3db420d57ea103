#include "resp/reply_parser.h"

#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace leat {

std::ostream& operator<<(std::ostream& out, const Reply& reply) {
  out << "kind " << static_cast<int>(reply.kind) << " '" << reply.text << "' " << reply.integer;
  for (const Reply& item : reply.items) out << " [" << item << "]";
  return out;
}

namespace {

using Kind = Reply::Kind;

Reply text(Kind kind, std::string value) {
  return {kind, std::move(value), 0, {}};
}
Reply number(Kind kind, int64_t value) {
  return {kind, {}, value, {}};
}
Reply integer(int64_t value) {
  return number(Kind::kInteger, value);
}
Reply aggregate(Kind kind, std::vector<Reply> items) {
  return {kind, {}, 0, std::move(items)};
}

struct Case {
  const char* why;
  std::string wire;
  Reply want;
};

using namespace std::string_literals;

const Case kReplies[] = {
    {"simple", "+OK\r\n", text(Kind::kSimple, "OK")},
    {"empty simple", "+\r\n", text(Kind::kSimple, "")},
    {"error", "-ERR no\r\n", text(Kind::kError, "ERR no")},
    {"blob error", "!5\r\nE\r\nno\r\n", text(Kind::kError, "E\r\nno")},
    {"integer", ":-42\r\n", integer(-42)},
    {"integer with a plus", ":+42\r\n", integer(42)},
    {"least integer", ":-9223372036854775808\r\n", integer(INT64_MIN)},
    {"bulk", "$5\r\na\r\n\0b\r\n"s, text(Kind::kBulk, "a\r\n\0b"s)},
    {"empty bulk", "$0\r\n\r\n", text(Kind::kBulk, "")},
    {"null bulk", "$-1\r\n", number(Kind::kNullBulk, 0)},
    {"null array", "*-1\r\n", number(Kind::kNullArray, 0)},
    {"null", "_\r\n", number(Kind::kNull, 0)},
    {"true", "#t\r\n", number(Kind::kBoolean, 1)},
    {"false", "#f\r\n", number(Kind::kBoolean, 0)},
    {"double", ",-1.5e+10\r\n", text(Kind::kDouble, "-1.5e+10")},
    {"whole double", ",10\r\n", text(Kind::kDouble, "10")},
    {"infinity", ",-inf\r\n", text(Kind::kDouble, "-inf")},
    {"big number", "(-123456789012345678901234567890\r\n",
     text(Kind::kBigNumber, "-123456789012345678901234567890")},
    {"verbatim", "=6\r\ntxt:hi\r\n", text(Kind::kVerbatim, "hi")},
    {"empty array", "*0\r\n", aggregate(Kind::kArray, {})},
    {"set", "~1\r\n:1\r\n", aggregate(Kind::kSet, {integer(1)})},
    {"push", ">2\r\n+a\r\n:1\r\n", aggregate(Kind::kPush, {text(Kind::kSimple, "a"), integer(1)})},
    {"map", "%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n",
     aggregate(Kind::kMap, {text(Kind::kSimple, "a"), integer(1), text(Kind::kSimple, "b"),
                            aggregate(Kind::kArray, {})})},
    {"nested", "*2\r\n*1\r\n*1\r\n:1\r\n:2\r\n",
     aggregate(Kind::kArray,
               {aggregate(Kind::kArray, {aggregate(Kind::kArray, {integer(1)})}), integer(2)})},
    {"an attribute is skipped", "|1\r\n+ttl\r\n*1\r\n:1\r\n:7\r\n", integer(7)},
    {"an attribute inside an array is no item", "*2\r\n:1\r\n|1\r\n+a\r\n+b\r\n:2\r\n",
     aggregate(Kind::kArray, {integer(1), integer(2)})},
};

TEST(ParseReply, ReadsEveryKind) {
  for (const Case& c : kReplies) {
    SCOPED_TRACE(c.why);
    Reply reply;
    size_t consumed = 0;
    ASSERT_EQ(parse_reply(c.wire + "+rest", reply, consumed), ReplyStatus::kReply);
    EXPECT_EQ(reply, c.want);
    EXPECT_EQ(consumed, c.wire.size());
  }
}

TEST(ParseReply, AsksForMoreUntilTheLastByteIsThere) {
  for (const Case& c : kReplies) {
    SCOPED_TRACE(c.why);
    for (size_t size = 0; size < c.wire.size(); ++size) {
      const std::vector<char> exact(c.wire.begin(), c.wire.begin() + static_cast<ptrdiff_t>(size));
      Reply reply;
      size_t consumed = 0;
      EXPECT_EQ(parse_reply({exact.data(), exact.size()}, reply, consumed), ReplyStatus::kNeedMore)
          << size;
    }
  }
}

TEST(ParseReply, RefusesWhatIsNoReply) {
  std::string deep;
  for (size_t i = 0; i <= kReplyDepthMax; ++i) deep += "*1\r\n";
  const std::pair<const char*, std::string> wrong[] = {
      {"unknown type", "?1\r\n"},
      {"line end inside a line", "+a\nb\r\n"},
      {"CR without LF", "+a\rb\r\n"},
      {"integer with rest", ":1x\r\n"},
      {"integer with two signs", ":+-1\r\n"},
      {"integer beyond 64 bits", ":9223372036854775808\r\n"},
      {"bulk without CRLF", "$1\r\nabc"},
      {"bulk of less than minus one", "$-2\r\n"},
      {"bulk of a length no server sends", "$99999999999\r\n"},
      {"streamed bulk", "$?\r\n"},
      {"null verbatim", "=-1\r\n"},
      {"verbatim without format", "=2\r\nab\r\n"},
      {"null map", "%-1\r\n"},
      {"null with rest", "_a\r\n"},
      {"neither true nor false", "#x\r\n"},
      {"double without digits", ",.\r\n"},
      {"double with an empty exponent", ",1e\r\n"},
      {"big number with letters", "(12a\r\n"},
      {"number longer than any", ":" + std::string(kReplyNumberBytesMax + 1, '1')},
      {"nested too deep", deep},
      {"an item that is wrong", "*2\r\n:1\r\n:x\r\n"},
  };
  for (const auto& [why, wire] : wrong) {
    SCOPED_TRACE(why);
    Reply reply;
    size_t consumed = 0;
    EXPECT_EQ(parse_reply(wire, reply, consumed), ReplyStatus::kError);
  }
}

TEST(ParseReply, DeclaredCountsAllocateNothing) {
  Reply reply;
  size_t consumed = 0;
  EXPECT_EQ(parse_reply("*4294967296\r\n:1\r\n", reply, consumed), ReplyStatus::kNeedMore);
  EXPECT_EQ(parse_reply("$4294967296\r\nabc", reply, consumed), ReplyStatus::kNeedMore);
}

}  // namespace
}  // namespace leat
