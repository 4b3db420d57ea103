#include "resp/request_parser.h"

#include <ostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace leat {
namespace {

using Status = RequestParser::Status;

struct Parsed {
  Status status = Status::kNeedMore;
  bool canonical = false;
  std::vector<std::string> arguments;  // kRequest only.
  std::string error;                   // kError only.

  friend bool operator==(const Parsed&, const Parsed&) = default;
};

std::ostream& operator<<(std::ostream& out, const Parsed& parsed) {
  out << "status " << static_cast<int>(parsed.status) << (parsed.canonical ? " canonical" : "");
  for (const std::string& argument : parsed.arguments) out << " [" << argument << "]";
  return out << " " << parsed.error;
}

// A connection as the server has one: bytes arrive, requests come out. The buffer is a fresh
// allocation of exactly the bytes received on each arrival, so that a stale view or a read beyond the
// end is caught by the address sanitizer.
class Connection {
 public:
  explicit Connection(const RequestLimits& limits = {}) : parser_(limits) {}

  void receive(Bytes bytes) {
    if (dead_) return;
    waiting_.append(bytes);
    while (!dead_ && !waiting_.empty()) {
      const std::vector<char> exact(waiting_.begin(), waiting_.end());
      size_t consumed = 0;
      const Status status = parser_.next({exact.data(), exact.size()}, request_, consumed);
      if (status == Status::kNeedMore) return;
      note(status);
      if (status == Status::kError || status == Status::kHttp) {
        dead_ = true;
      } else {
        waiting_.erase(0, consumed);
      }
    }
  }

  [[nodiscard]] const std::vector<Parsed>& parsed() const { return parsed_; }
  RequestParser& parser() { return parser_; }

 private:
  void note(Status status) {
    Parsed one;
    one.status = status;
    if (status == Status::kError) one.error = parser_.error_text();
    if (status == Status::kRequest) {
      one.canonical = request_.canonical;
      for (const Bytes argument : request_.arguments) one.arguments.emplace_back(argument);
    }
    parsed_.push_back(one);
  }

  RequestParser parser_;
  Request request_;
  std::string waiting_;
  std::vector<Parsed> parsed_;
  bool dead_ = false;
};

std::vector<Parsed> parse(Bytes wire, const RequestLimits& limits = {}) {
  Connection connection(limits);
  connection.receive(wire);
  return connection.parsed();
}

Parsed request(std::vector<std::string> arguments) {
  return {Status::kRequest, true, std::move(arguments), {}};
}
Parsed loose(std::vector<std::string> arguments) {
  return {Status::kRequest, false, std::move(arguments), {}};
}
Parsed error(std::string text) {
  return {Status::kError, false, {}, std::move(text)};
}
const Parsed kEmptyRequest{Status::kEmpty, false, {}, {}};
const Parsed kHttpRequest{Status::kHttp, false, {}, {}};

struct RequestCase {
  const char* why;
  std::string wire;
  std::vector<Parsed> want;
};

using namespace std::string_literals;

const Parsed kPing = request({"PING"});

const RequestCase kRequestCases[] = {
    {"one argument", "*1\r\n$4\r\nPING\r\n", {kPing}},
    {"several arguments, an empty one too",
     "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$2\r\nab\r\n",
     {request({"SET", "", "ab"})}},
    {"an argument may hold any byte",
     "*2\r\n$4\r\nECHO\r\n$8\r\n\r\n\0$*\xff\"'\r\n"s,
     {request({"ECHO", "\r\n\0$*\xff\"'"s})}},
    {"pipelined", "*1\r\n$4\r\nPING\r\n*1\r\n$1\r\na\r\n", {kPing, request({"a"})}},
    {"inline after multibulk", "*1\r\n$4\r\nPING\r\nping\r\n", {kPing, loose({"ping"})}},
    {"two-digit lengths", "*1\r\n$12\r\nabcdefghijkl\r\n", {request({"abcdefghijkl"})}},
    {"ten arguments",
     "*10\r\n$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n$"
     "1\r\n7\r\n"
     "$1\r\n8\r\n$1\r\n9\r\n",
     {request({"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"})}},
    {"zero arguments", "*0\r\n*1\r\n$4\r\nPING\r\n", {kEmptyRequest, kPing}},
    {"a negative count counts as zero",
     "*-1\r\n*-9\r\n*1\r\n$4\r\nPING\r\n",
     {kEmptyRequest, kEmptyRequest, kPing}},

    {"not a number", "*abc\r\n", {error("invalid multibulk length")}},
    {"no count", "*\r\n", {error("invalid multibulk length")}},
    {"leading zero", "*01\r\n", {error("invalid multibulk length")}},
    {"leading plus", "*+1\r\n", {error("invalid multibulk length")}},
    {"minus zero", "*-0\r\n", {error("invalid multibulk length")}},
    {"trailing space", "*1 \r\n", {error("invalid multibulk length")}},
    {"more than 64 bits", "*99999999999999999999\r\n", {error("invalid multibulk length")}},
    {"too many arguments", "*1048577\r\n", {error("invalid multibulk length")}},
    {"as many arguments as allowed are awaited", "*1048576\r\n$1\r\na\r\n", {}},
    {"LF alone does not end a length line", "*1\n$4\n", {}},
    {"not a bulk string", "*1\r\n+PING\r\n", {error("expected '$', got '+'")}},
    {"what came before an error is served",
     "*1\r\n$4\r\nPING\r\n*1\r\n:1\r\n",
     {kPing, error("expected '$', got ':'")}},
    {"CR in place of '$' shows as a space", "*1\r\n\r\n", {error("expected '$', got ' '")}},
    {"LF in place of '$' shows as a space", "*1\r\n\nx\r\n", {error("expected '$', got ' '")}},
    {"any byte can be shown", "*1\r\n\xff\r\n", {error("expected '$', got '\xff'")}},
    {"an error in a later argument", "*2\r\n$1\r\na\r\n$x\r\n", {error("invalid bulk length")}},
    {"the error waits for the end of the line", "*1\r\nPING", {}},
    {"bulk length missing", "*1\r\n$\r\n", {error("invalid bulk length")}},
    {"bulk length negative", "*1\r\n$-1\r\n", {error("invalid bulk length")}},
    {"bulk length with a leading zero", "*1\r\n$04\r\n", {error("invalid bulk length")}},
    {"bulk of the greatest size is awaited", "*1\r\n$536870912\r\n", {}},
    {"bulk beyond the greatest size", "*1\r\n$536870913\r\n", {error("invalid bulk length")}},
    {"bulk length of eleven digits", "*1\r\n$10000000000\r\n", {error("invalid bulk length")}},
    {"two bytes are taken for CRLF whatever the second is",
     "*1\rX$4\rYPINGab*1\r\n$4\r\nPING\r\n",
     {loose({"PING"}), kPing}},
    {"a bulk string not followed by CRLF is no wire form to be copied",
     "*1\r\n$4\r\nPINGab",
     {loose({"PING"})}},

    {"inline", "SET a b\r\n", {loose({"SET", "a", "b"})}},
    {"inline ended by LF alone", "PING\nPING\n", {loose({"PING"}), loose({"PING"})}},
    {"empty lines", "\r\n\nPING\r\n", {kEmptyRequest, kEmptyRequest, loose({"PING"})}},
    {"blank line", " \t\v\f \r\r\n", {kEmptyRequest}},
    {"blanks around a multibulk mark make it an inline word", " *1\r\n", {loose({"*1"})}},
    {"quotes",
     R"(SET "a b" 'c d')"
     "\r\n",
     {loose({"SET", "a b", "c d"})}},
    {"unbalanced double quote", "GET \"a\r\n", {error("unbalanced quotes in request")}},

    {"HTTP POST", "POST / HTTP/1.1\r\nHost: x\r\n", {kHttpRequest}},
    {"HTTP host line in any case", "hOsT: x\r\n", {kHttpRequest}},
    {"HTTP GET is a command until its host line",
     "GET / HTTP/1.1\r\nHost: x\r\n",
     {loose({"GET", "/", "HTTP/1.1"}), kHttpRequest}},
    {"HTTP word as a multibulk", "*1\r\n$4\r\npost\r\n", {kHttpRequest}},
    {"HTTP word as an argument is harmless",
     "*2\r\n$4\r\nECHO\r\n$4\r\nPOST\r\n",
     {request({"ECHO", "POST"})}},
    {"longer word", "POSTX\r\n", {loose({"POSTX"})}},
};

TEST(RequestParser, ReadsRequestsAndNamesErrorsAsRedisDoes) {
  for (const RequestCase& c : kRequestCases) {
    SCOPED_TRACE(c.why);
    EXPECT_EQ(parse(c.wire), c.want);
  }
}

TEST(RequestParser, TheSameRequestsWhereverTheBytesAreCut) {
  for (const RequestCase& c : kRequestCases) {
    SCOPED_TRACE(c.why);
    for (size_t cut = 0; cut <= c.wire.size(); ++cut) {
      Connection connection;
      connection.receive(Bytes(c.wire).substr(0, cut));
      connection.receive(Bytes(c.wire).substr(cut));
      EXPECT_EQ(connection.parsed(), c.want) << "cut at " << cut;
    }
    Connection byte_by_byte;
    for (const char byte : c.wire) byte_by_byte.receive({&byte, 1});
    EXPECT_EQ(byte_by_byte.parsed(), c.want) << "byte by byte";
  }
}

TEST(RequestParser, RefusesLinesThatAreTooLong) {
  const RequestLimits limits{.inline_bytes_max = 100};
  const std::string fill(98, '1');
  const RequestCase rows[] = {
      {"inline at the limit", std::string(100, 'a') + "\n", {loose({std::string(100, 'a')})}},
      {"inline over it", std::string(101, 'a') + "\n", {error("too big inline request")}},
      {"inline over it, end not seen", std::string(101, 'a'), {error("too big inline request")}},
      {"count at the limit", "*1" + fill + "\r\n", {error("invalid multibulk length")}},
      {"count at the limit, end not seen", "*1" + fill, {}},
      {"count over it", "*11" + fill + "\r\n", {error("too big mbulk count string")}},
      {"count over it, end not seen", "*11" + fill, {error("too big mbulk count string")}},
      {"length over it", "*1\r\n$11" + fill, {error("too big bulk count string")}},
      {"length over it in the second argument",
       "*2\r\n$1\r\na\r\n$11" + fill,
       {error("too big bulk count string")}},
      {"an argument may be longer",
       "*1\r\n$200\r\n" + std::string(200, 'b') + "\r\n",
       {request({std::string(200, 'b')})}},
  };
  for (const RequestCase& c : rows) {
    SCOPED_TRACE(c.why);
    EXPECT_EQ(parse(c.wire, limits), c.want);
  }
}

TEST(RequestParser, AllowsLittleBeforeAuthentication) {
  const RequestLimits limits{.authenticated = false};
  const RequestCase rows[] = {
      {"AUTH fits", "*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n", {request({"AUTH", "x"})}},
      {"ten arguments are awaited", "*10\r\n", {}},
      {"eleven are too many", "*11\r\n", {error("unauthenticated multibulk length")}},
      {"what is never allowed keeps its own text",
       "*99999999999\r\n",
       {error("invalid multibulk length")}},
      {"16 KiB are awaited", "*1\r\n$16384\r\n", {}},
      {"one byte more is not", "*1\r\n$16385\r\n", {error("unauthenticated bulk length")}},
      {"neither is half a gigabyte and one",
       "*1\r\n$536870913\r\n",
       {error("invalid bulk length")}},
  };
  for (const RequestCase& c : rows) {
    SCOPED_TRACE(c.why);
    EXPECT_EQ(parse(c.wire, limits), c.want);
  }
}

TEST(RequestParser, NewLimitsHoldForTheNextRequest) {
  Connection connection(RequestLimits{.authenticated = false});
  connection.receive("*1\r\n$4\r\nPING\r\n");
  connection.parser().set_limits({});
  connection.receive("*11\r\n");
  EXPECT_EQ(connection.parsed(), std::vector<Parsed>{kPing});
}

TEST(RequestParser, SaysHowMuchOfAnArgumentIsMissing) {
  RequestParser parser;
  Request parsed;
  size_t consumed = 0;
  EXPECT_EQ(parser.next("*2\r\n$4\r\nECHO\r\n$10", parsed, consumed), Status::kNeedMore);
  EXPECT_EQ(parser.bytes_missing(), 0U);
  EXPECT_EQ(parser.next("*2\r\n$4\r\nECHO\r\n$1000\r\nabc", parsed, consumed), Status::kNeedMore);
  EXPECT_EQ(parser.bytes_missing(), 999U);
}

TEST(RequestParser, DeclaredLengthsAllocateNothing) {
  RequestParser parser;
  Request parsed;
  size_t consumed = 0;
  EXPECT_EQ(parser.next("*1048576\r\n$1\r\na\r\n", parsed, consumed), Status::kNeedMore);
  EXPECT_LT(parsed.arguments.capacity(), 100U);
}

TEST(RequestParser, ForgetsTheRoomOfAnExtremeRequest) {
  std::string wire = "*100000\r\n";
  for (int i = 0; i < 100000; ++i) wire += "$1\r\na\r\n";
  RequestParser parser;
  Request parsed;
  size_t consumed = 0;
  ASSERT_EQ(parser.next(wire, parsed, consumed), Status::kRequest);
  EXPECT_EQ(parsed.arguments.size(), 100000U);
  ASSERT_EQ(parser.next("*1\r\n$4\r\nPING\r\n", parsed, consumed), Status::kRequest);
  EXPECT_LT(parsed.arguments.capacity(), 100U);
}

// Goal: cost in proportion to the bytes, also when they arrive one at a time.
// Method: a request of 20,000 arguments fed byte by byte takes 140,000 calls; if a call looked at all
// bytes again, that would be 10^10 steps and the test would not end in its time.
TEST(RequestParser, ByteByByteIsNotQuadratic) {
  std::string wire = "*20000\r\n";
  for (int i = 0; i < 20000; ++i) wire += "$1\r\na\r\n";
  RequestParser parser;
  Request parsed;
  size_t consumed = 0;
  for (size_t size = 1; size < wire.size(); ++size) {
    ASSERT_EQ(parser.next(Bytes(wire).substr(0, size), parsed, consumed), Status::kNeedMore);
  }
  ASSERT_EQ(parser.next(wire, parsed, consumed), Status::kRequest);
  EXPECT_EQ(parsed.arguments.size(), 20000U);
  EXPECT_EQ(consumed, wire.size());
}

TEST(RequestWire, IsTheExactBytesOfTheArguments) {
  const std::string long_value(12345, 'v');
  const std::string wire =
      fmt::format("*4\r\n$4\r\nXADD\r\n$1\r\ns\r\n$12345\r\n{}\r\n$0\r\n\r\n", long_value);
  RequestParser parser;
  Request parsed;
  size_t consumed = 0;
  ASSERT_EQ(parser.next(wire, parsed, consumed), Status::kRequest);
  ASSERT_TRUE(parsed.canonical);
  EXPECT_EQ(parsed.wire(0, 4), Bytes(wire).substr(4));
  EXPECT_EQ(parsed.wire(1, 2), "$1\r\ns\r\n");
  EXPECT_EQ(parsed.wire(2, 3), fmt::format("$12345\r\n{}\r\n", long_value));
  EXPECT_EQ(parsed.wire(3, 4), "$0\r\n\r\n");
}

}  // namespace
}  // namespace leat
