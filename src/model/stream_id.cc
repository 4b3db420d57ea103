#include "model/stream_id.h"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/numbers.h"

namespace leat {
namespace {

// Redis gives up on ids of more than 127 bytes before looking at them.
constexpr size_t kIdTextAcceptedMax = 127;

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

std::optional<uint64_t> parse_number(Bytes text) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  if (!text.empty() && is_digit(text[0])) {
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && stop == end) return value;
  }
  if (parse_int64(text)) return std::nullopt;  // Strict decimal, and below zero.
  // Not strict decimal: what strtoull takes whole is accepted, modulo 2^64 and with a sign.
  char copy[kIdTextAcceptedMax + 1];
  if (text.empty() || text.size() > kIdTextAcceptedMax) return std::nullopt;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  char* stop = nullptr;
  errno = 0;
  value = std::strtoull(copy, &stop, 10);
  if (errno != 0 || stop == copy || stop != copy + text.size()) return std::nullopt;
  return value;
}

}  // namespace

char* format_stream_id(StreamId id, char* out) {
  // Ids come in runs of one millisecond, and its thirteen digits are most of the work.
  struct Milliseconds {
    uint64_t value = 0;
    size_t size = 1;
    char text[kDecimalBytesMax] = {'0'};
  };
  static thread_local Milliseconds last;
  if (id.ms != last.value) {
    last.size = static_cast<size_t>(put_decimal(last.text, id.ms) - last.text);
    last.value = id.ms;
  }
  std::memcpy(out, last.text, sizeof(last.text));  // All of it: a copy of fixed size is no call.
  out += last.size;
  *out++ = '-';
  return put_decimal(out, id.seq);
}

std::string to_string(StreamId id) {
  char text[kStreamIdTextMax];
  return {text, format_stream_id(id, text)};
}

std::optional<StreamId> parse_stream_id(Bytes text, uint64_t missing_seq) {
  if (text.size() > kIdTextAcceptedMax) return std::nullopt;
  const size_t dash = text.find('-');
  const auto ms = parse_number(text.substr(0, dash));
  if (!ms) return std::nullopt;
  if (dash == Bytes::npos) return StreamId{*ms, missing_seq};
  const auto seq = parse_number(text.substr(dash + 1));
  if (!seq) return std::nullopt;
  return StreamId{*ms, *seq};
}

}  // namespace leat
