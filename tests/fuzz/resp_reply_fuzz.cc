// Properties: (1) whatever ReplyWriter writes, parse_reply reads back as the same value, in both
// protocols, to the last byte and not before it. (2) What parse_reply accepts of arbitrary bytes is one
// value that can be written and read again, also behind an attribute; more bytes never change a verdict
// that was not "need more".
//
// Input: the first byte chooses the property; (1) takes the rest as decisions for a tree of values,
// (2) as the bytes of a server.
#include <array>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "base/check.h"
#include "base/numbers.h"
#include "resp/reply_parser.h"
#include "resp/reply_writer.h"

namespace leat {
namespace {

using Kind = Reply::Kind;

ReplyStatus parse_exact(Bytes wire, Reply& reply, size_t& consumed) {
  const std::vector<char> exact(wire.begin(), wire.end());  // Reading beyond the end is caught.
  return parse_reply({exact.data(), exact.size()}, reply, consumed);
}

Reply value(Kind kind, Bytes text, int64_t integer = 0) {
  return {kind, std::string(text), integer, {}};
}

// Writes a random value and says what a parser is to read.
class Author {
 public:
  Author(FuzzedDataProvider& decisions, ReplyWriter& writer)
      : decisions_(decisions), writer_(writer) {}

  Reply write(size_t depth) {
    const bool aggregate = depth > 0 && decisions_.ConsumeBool();
    return aggregate ? write_aggregate(depth) : write_scalar();
  }

 private:
  [[nodiscard]] bool resp3() const { return writer_.protocol() == Protocol::kResp3; }

  Reply write_scalar() {
    const std::string text = decisions_.ConsumeRandomLengthString(40);
    switch (decisions_.ConsumeIntegralInRange<int>(0, 9)) {
      case 0:
        writer_.simple(text);
        return value(Kind::kSimple, one_line(text));
      case 1:
        writer_.error(text);
        return value(Kind::kError, one_line(text));
      case 2:
        writer_.bulk(text);
        return value(Kind::kBulk, text);
      case 3:
        writer_.null();
        return value(resp3() ? Kind::kNull : Kind::kNullBulk, "");
      case 4:
        writer_.null_array();
        return value(resp3() ? Kind::kNull : Kind::kNullArray, "");
      case 5:
        writer_.verbatim("txt", text);
        return value(resp3() ? Kind::kVerbatim : Kind::kBulk, text);
      case 6:
        return write_real();
      case 7:
        return write_boolean();
      default:
        return write_integer();
    }
  }

  Reply write_integer() {
    const int64_t number = decisions_.ConsumeIntegral<int64_t>();
    if (decisions_.ConsumeBool()) {
      writer_.integer(number);
      return value(Kind::kInteger, "", number);
    }
    writer_.bulk_integer(number);
    return value(Kind::kBulk, std::to_string(number));
  }

  Reply write_boolean() {
    const bool flag = decisions_.ConsumeBool();
    writer_.boolean(flag);
    return value(resp3() ? Kind::kBoolean : Kind::kInteger, "", flag ? 1 : 0);
  }

  // Any bit pattern, or a number of everyday size: most bit patterns are of extreme magnitude.
  double pick_real() {
    const uint64_t bits = decisions_.ConsumeIntegral<uint64_t>();
    if (decisions_.ConsumeBool()) return std::bit_cast<double>(bits);
    const int exponent = decisions_.ConsumeIntegralInRange<int>(-30, 30);
    return static_cast<double>(static_cast<int64_t>(bits) >> 20) * std::pow(10.0, exponent);
  }

  // The text must read back as the same number.
  Reply write_real() {
    const double number = pick_real();
    writer_.real(number);
    std::array<char, kDoubleBytesMax> text;
    const Bytes digits(text.data(),
                       static_cast<size_t>(put_double(text.data(), number) - text.data()));
    if (std::isnan(number)) {
      LEAT_CHECK(digits == "nan");
    } else {
      LEAT_CHECK(std::strtod(std::string(digits).c_str(), nullptr) == number);
    }
    return value(resp3() ? Kind::kDouble : Kind::kBulk, digits);
  }

  Reply write_aggregate(size_t depth) {
    const size_t count = decisions_.ConsumeIntegralInRange<size_t>(0, 4);
    const int shape = decisions_.ConsumeIntegralInRange<int>(0, 5);
    const size_t mark = writer_.begin();
    Reply reply;
    switch (shape) {
      case 0:
        writer_.array(count);
        reply.kind = Kind::kArray;
        break;
      case 1:
        writer_.set(count);
        reply.kind = resp3() ? Kind::kSet : Kind::kArray;
        break;
      case 2:
        writer_.push(count);
        reply.kind = resp3() ? Kind::kPush : Kind::kArray;
        break;
      case 3:
        writer_.map(count);
        break;
      default:
        break;  // The header comes afterwards.
    }
    const bool map = shape == 3 || shape == 5;
    for (size_t i = 0; i < (map ? 2 * count : count); ++i) reply.items.push_back(write(depth - 1));
    if (shape == 4) writer_.end_array(mark, count);
    if (shape == 5) writer_.end_map(mark, count);
    if (shape >= 3) reply.kind = map && resp3() ? Kind::kMap : Kind::kArray;
    return reply;
  }

  static std::string one_line(std::string text) {
    for (char& c : text) {
      if (c == '\r' || c == '\n') c = ' ';
    }
    return text;
  }

  FuzzedDataProvider& decisions_;
  ReplyWriter& writer_;
};

void check_written_reads_back(FuzzedDataProvider& decisions) {
  const Protocol protocol = decisions.ConsumeBool() ? Protocol::kResp3 : Protocol::kResp2;
  ByteBuffer out;
  ReplyWriter writer(out, protocol);
  const Reply want = Author(decisions, writer).write(5);
  Reply got;
  size_t consumed = 0;
  LEAT_CHECK(parse_exact(out.view(), got, consumed) == ReplyStatus::kReply);
  LEAT_CHECK(got == want);
  LEAT_CHECK(consumed == out.size());
  for (size_t size = 0; size < out.size(); size += 1 + out.size() / 64) {
    LEAT_CHECK(parse_exact(out.view().substr(0, size), got, consumed) == ReplyStatus::kNeedMore);
  }
}

void append_counted(std::string& out, char type, size_t count) {
  out += type + std::to_string(count) + "\r\n";
}

// The other way round than the writer: any value, in the form that can hold it.
void render(const Reply& reply, std::string& out) {
  switch (reply.kind) {
    case Kind::kSimple:
      out += "+" + reply.text + "\r\n";
      return;
    case Kind::kError:
      append_counted(out, '!', reply.text.size());
      out += reply.text + "\r\n";
      return;
    case Kind::kInteger:
      out += ":" + std::to_string(reply.integer) + "\r\n";
      return;
    case Kind::kBulk:
      append_counted(out, '$', reply.text.size());
      out += reply.text + "\r\n";
      return;
    case Kind::kVerbatim:
      append_counted(out, '=', reply.text.size() + 4);
      out += "mkd:" + reply.text + "\r\n";
      return;
    case Kind::kNullBulk:
      out += "$-1\r\n";
      return;
    case Kind::kNullArray:
      out += "*-1\r\n";
      return;
    case Kind::kNull:
      out += "_\r\n";
      return;
    case Kind::kBoolean:
      out += reply.integer != 0 ? "#t\r\n" : "#f\r\n";
      return;
    case Kind::kDouble:
      out += "," + reply.text + "\r\n";
      return;
    case Kind::kBigNumber:
      out += "(" + reply.text + "\r\n";
      return;
    case Kind::kArray:
      append_counted(out, '*', reply.items.size());
      break;
    case Kind::kSet:
      append_counted(out, '~', reply.items.size());
      break;
    case Kind::kPush:
      append_counted(out, '>', reply.items.size());
      break;
    case Kind::kMap:
      append_counted(out, '%', reply.items.size() / 2);
      break;
  }
  for (const Reply& item : reply.items) render(item, out);
}

void check_accepted_is_a_value(Bytes wire) {
  Reply reply;
  size_t consumed = 0;
  const ReplyStatus status = parse_exact(wire, reply, consumed);
  for (size_t size = 0; size < wire.size(); size += 1 + wire.size() / 16) {
    Reply early;
    size_t early_consumed = 0;
    const ReplyStatus verdict = parse_exact(wire.substr(0, size), early, early_consumed);
    if (verdict == ReplyStatus::kNeedMore) continue;
    LEAT_CHECK(verdict == status);
    if (verdict == ReplyStatus::kReply) LEAT_CHECK(early == reply && early_consumed == consumed);
  }
  if (status != ReplyStatus::kReply) return;
  LEAT_CHECK(consumed > 0 && consumed <= wire.size());
  std::string again;
  render(reply, again);
  Reply reread;
  size_t reread_consumed = 0;
  LEAT_CHECK(parse_exact(again, reread, reread_consumed) == ReplyStatus::kReply);
  LEAT_CHECK(reread == reply);
  LEAT_CHECK(reread_consumed == again.size());
  const std::string attributed = "|1\r\n+ttl\r\n*1\r\n:1\r\n" + again;
  LEAT_CHECK(parse_exact(attributed, reread, reread_consumed) == ReplyStatus::kReply);
  LEAT_CHECK(reread == reply);
}

}  // namespace
}  // namespace leat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  if (bytes[0] % 2 == 0) {
    leat::check_accepted_is_a_value({reinterpret_cast<const char*>(bytes) + 1, size - 1});
  } else {
    FuzzedDataProvider decisions(bytes + 1, size - 1);
    leat::check_written_reads_back(decisions);
  }
  return 0;
}
