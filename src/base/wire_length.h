// RESP bulk strings, and their length lines, in the one form that every client and Leat itself write.
//
// Source     redis.io/docs/latest/develop/reference/protocol-spec, "Bulk strings"
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "base/numbers.h"

namespace leat {

constexpr ptrdiff_t kWireLengthDigitsMax = 10;
// What put_wire() writes beside the bytes, at most.
constexpr size_t kWireHeadMax = 1 + kDecimalBytesMax + 2 + 2;

// Writes one bulk string "$<length>\r\n<bytes>\r\n" at `out`, which has room for it and no more; returns the end.
inline char* put_wire(char* out, Bytes bytes) {
  const auto put = [](char* at, Bytes part) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    return at + part.size();
  };
  char digits[kDecimalBytesMax];
  const char* const end = put_decimal(digits, uint64_t{bytes.size()});
  out = put(out, "$");
  out = put(out, {digits, static_cast<size_t>(end - digits)});
  out = put(out, "\r\n");
  out = put(out, bytes);
  return put(out, "\r\n");
}

// Reads "<length>\r\n" at `at`, never beyond `end`: decimal, without sign or leading zero.
//   returns  what follows it; null if anything is missing, in another form, or longer than
//            kWireLengthDigitsMax digits.
inline const char* read_wire_length(const char* at, const char* end, uint64_t& length) {
  const auto units = [](char byte) {
    return static_cast<uint64_t>(static_cast<uint8_t>(byte)) - '0';
  };
  // Nearly all words are shorter than ten or a hundred bytes; the loop costs several times as much.
  if (end - at >= 4) [[likely]] {
    const uint64_t first = units(at[0]);
    if (at[1] == '\r' && at[2] == '\n' && first <= 9) {
      length = first;
      return at + 3;
    }
    const uint64_t second = units(at[1]);
    if (at[2] == '\r' && at[3] == '\n' && first - 1 <= 8 && second <= 9) {
      length = first * 10 + second;
      return at + 4;
    }
  }
  if (end - at < 3) return nullptr;
  const char* const stop = std::min(end - 2, at + kWireLengthDigitsMax);
  const char* digit = at;
  uint64_t value = 0;
  for (; units(*digit) <= 9; ++digit) {
    if (digit == stop) return nullptr;
    value = value * 10 + units(*digit);
  }
  if (digit == at || (*at == '0' && digit - at > 1)) return nullptr;
  if (digit[0] != '\r' || digit[1] != '\n') return nullptr;
  length = value;
  return digit + 2;
}

// Reads one bulk string "$<length>\r\n<bytes>\r\n" at `at`, never beyond `end`.
//   returns  what follows it, and the bytes in `payload`; null if it is not there or not in this form.
inline const char* read_wire(const char* at, const char* end, Bytes& payload) {
  constexpr uint32_t kHeadOfNone = 0x0a0d'3024;  // "$0\r\n"
  constexpr uint16_t kLineEnd = 0x0a0d;          // "\r\n"
  if (end - at < 6) return nullptr;
  uint32_t head = 0;
  std::memcpy(&head, at, sizeof(head));
  // The most frequent length lines, of one digit, differ from that of nothing by the digit only: one comparison.
  uint64_t size = std::rotr(head ^ kHeadOfNone, 8);
  const char* start = at + 4;
  if (size > 9) [[unlikely]] {
    start = *at == '$' ? read_wire_length(at + 1, end, size) : nullptr;
    if (start == nullptr) return nullptr;
  }
  if (size + 2 > static_cast<uint64_t>(end - start)) return nullptr;
  uint16_t line_end = 0;
  std::memcpy(&line_end, start + size, sizeof(line_end));
  if (line_end != kLineEnd) return nullptr;
  payload = {start, size};
  return start + size + 2;
}

// Skips one bulk string at `at` that was read and found well formed before, so that its form is not looked at again.
//   returns  what follows it; null if that is beyond `end`.
inline const char* skip_wire(const char* at, const char* end) {
  uint64_t size = 0;
  for (++at; at < end && *at != '\r'; ++at) size = size * 10 + static_cast<uint64_t>(*at - '0');
  constexpr uint64_t kLineEnds = 4;
  if (size + kLineEnds > static_cast<uint64_t>(end - at)) return nullptr;
  return at + size + kLineEnds;
}

}  // namespace leat
