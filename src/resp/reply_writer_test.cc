#include "resp/reply_writer.h"

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "resp/reply_parser.h"

namespace leat {
namespace {

struct WrittenCase {
  const char* why;
  std::function<void(ReplyWriter&)> write;
  std::string resp2;
  std::string resp3;
};

std::string written(const WrittenCase& c, Protocol protocol) {
  ByteBuffer out;
  ReplyWriter writer(out, protocol);
  c.write(writer);
  return std::string(out.view());
}

const WrittenCase kWrittenCases[] = {
    {"ok", [](ReplyWriter& w) { w.ok(); }, "+OK\r\n", "+OK\r\n"},
    {"simple", [](ReplyWriter& w) { w.simple("QUEUED"); }, "+QUEUED\r\n", "+QUEUED\r\n"},
    {"simple without line ends", [](ReplyWriter& w) { w.simple("a\r\nb\n"); }, "+a  b \r\n",
     "+a  b \r\n"},
    {"error", [](ReplyWriter& w) { w.error("ERR no such key"); }, "-ERR no such key\r\n",
     "-ERR no such key\r\n"},
    {"error without line ends", [](ReplyWriter& w) { w.error("ERR '\r\n+OK'"); },
     "-ERR '  +OK'\r\n", "-ERR '  +OK'\r\n"},
    {"integer", [](ReplyWriter& w) { w.integer(1234567); }, ":1234567\r\n", ":1234567\r\n"},
    {"zero", [](ReplyWriter& w) { w.integer(0); }, ":0\r\n", ":0\r\n"},
    {"greatest integer", [](ReplyWriter& w) { w.integer(INT64_MAX); }, ":9223372036854775807\r\n",
     ":9223372036854775807\r\n"},
    {"least integer", [](ReplyWriter& w) { w.integer(INT64_MIN); }, ":-9223372036854775808\r\n",
     ":-9223372036854775808\r\n"},
    {"bulk", [](ReplyWriter& w) { w.bulk("a\r\nb"); }, "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"},
    {"empty bulk", [](ReplyWriter& w) { w.bulk({}); }, "$0\r\n\r\n", "$0\r\n\r\n"},
    {"bulk of two digits", [](ReplyWriter& w) { w.bulk("0123456789"); }, "$10\r\n0123456789\r\n",
     "$10\r\n0123456789\r\n"},
    {"bulk integer", [](ReplyWriter& w) { w.bulk_integer(-12); }, "$3\r\n-12\r\n", "$3\r\n-12\r\n"},
    {"null", [](ReplyWriter& w) { w.null(); }, "$-1\r\n", "_\r\n"},
    {"null array", [](ReplyWriter& w) { w.null_array(); }, "*-1\r\n", "_\r\n"},
    {"array", [](ReplyWriter& w) { w.array(0); }, "*0\r\n", "*0\r\n"},
    {"map", [](ReplyWriter& w) { w.map(7); }, "*14\r\n", "%7\r\n"},
    {"set", [](ReplyWriter& w) { w.set(3); }, "*3\r\n", "~3\r\n"},
    {"push", [](ReplyWriter& w) { w.push(3); }, "*3\r\n", ">3\r\n"},
    {"true", [](ReplyWriter& w) { w.boolean(true); }, ":1\r\n", "#t\r\n"},
    {"false", [](ReplyWriter& w) { w.boolean(false); }, ":0\r\n", "#f\r\n"},
    {"double", [](ReplyWriter& w) { w.real(3.2); }, "$3\r\n3.2\r\n", ",3.2\r\n"},
    {"whole double", [](ReplyWriter& w) { w.real(10); }, "$2\r\n10\r\n", ",10\r\n"},
    {"infinite", [](ReplyWriter& w) { w.real(-std::numeric_limits<double>::infinity()); },
     "$4\r\n-inf\r\n", ",-inf\r\n"},
    {"not a number", [](ReplyWriter& w) { w.real(std::nan("")); }, "$3\r\nnan\r\n", ",nan\r\n"},
    {"longest double", [](ReplyWriter& w) { w.real(-2.2250738585072014e-308); },
     "$24\r\n-2.2250738585072014e-308\r\n", ",-2.2250738585072014e-308\r\n"},
    {"verbatim", [](ReplyWriter& w) { w.verbatim("txt", "a\nb"); }, "$3\r\na\nb\r\n",
     "=7\r\ntxt:a\nb\r\n"},
    {"raw", [](ReplyWriter& w) { w.raw("+A\r\n"); }, "+A\r\n", "+A\r\n"},
};

TEST(ReplyWriter, WritesEveryKindInBothProtocols) {
  for (const WrittenCase& c : kWrittenCases) {
    SCOPED_TRACE(c.why);
    EXPECT_EQ(written(c, Protocol::kResp2), c.resp2);
    EXPECT_EQ(written(c, Protocol::kResp3), c.resp3);
  }
}

TEST(ReplyWriter, AppendsToWhatIsThere) {
  ByteBuffer out;
  out.append("+A\r\n");
  ReplyWriter(out, Protocol::kResp2).integer(5);
  EXPECT_EQ(out.view(), "+A\r\n:5\r\n");
}

// Aggregates whose count is known only at the end, nested, and long enough to move much.
TEST(ReplyWriter, PutsDeferredHeadersWhereTheyBelong) {
  for (const Protocol protocol : {Protocol::kResp2, Protocol::kResp3}) {
    ByteBuffer out;
    ReplyWriter writer(out, protocol);
    writer.ok();
    const size_t outer = writer.begin();
    const size_t empty = writer.begin();
    writer.end_array(empty, 0);
    const size_t map = writer.begin();
    for (int64_t i = 0; i < 1000; ++i) {
      writer.bulk_integer(i);
      writer.integer(i);
    }
    writer.end_map(map, 1000);
    writer.end_array(outer, 2);

    std::string want = "+OK\r\n*2\r\n*0\r\n";
    want += protocol == Protocol::kResp2 ? "*2000\r\n" : "%1000\r\n";
    for (int i = 0; i < 1000; ++i) {
      const std::string digits = std::to_string(i);
      want += fmt::format("${}\r\n{}\r\n:{}\r\n", digits.size(), digits, digits);
    }
    EXPECT_EQ(out.view(), want);
  }
}

}  // namespace
}  // namespace leat
