// Numbers as text: strict readers, and writers that give the text Redis gives.
//
// Contract   a reader takes the whole of its input or nothing: no surrounding white space, no rest.
//            Nothing here depends on the locale of the process being other than "C".
// Source     redis.io/docs/latest/commands/incr, incrbyfloat; redis.conf, "Note on units"
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace leat {

constexpr double kMegabyte = 1e6;  // Sizes are told to people in units of it.

constexpr size_t kDecimalBytesMax = 20;     // "-9223372036854775808", "18446744073709551615".
constexpr size_t kDoubleBytesMax = 32;      // Any text of format_double.
constexpr size_t kRealTextBytesMax = 5119;  // Longer text is not read as a floating-point number.

// The white space of C's locale.
constexpr Bytes kBlanks = " \t\n\v\f\r";

// A decimal integer in the one form that writing it gives: no '+', leading zero, space or "-0".
[[nodiscard]] std::optional<int64_t> parse_int64(Bytes text);
[[nodiscard]] std::optional<uint64_t> parse_uint64(Bytes text);

// A count of bytes: decimal digits and, in any case, nothing, b, k (1000), kb (1024), m, mb, g or gb.
// Nothing if it does not fit 64 bits.
[[nodiscard]] std::optional<uint64_t> parse_memory(Bytes text);

// A floating-point number as strtod and strtold read it: decimal or hexadecimal, inf, infinity; not
// nan, nothing that overflows or underflows to zero.
[[nodiscard]] std::optional<double> parse_double(Bytes text);
[[nodiscard]] std::optional<long double> parse_long_double(Bytes text);

// The eight decimal digits of `value`, which has no more, as the bytes of their text: the first digit lowest.
// Two, then four, then eight digits are split off at once in lanes of one word.
constexpr uint64_t eight_digits(uint64_t value) {
  uint64_t lanes = value / 10'000 | (value % 10'000) << 32;
  uint64_t high = lanes * 10'486 >> 20 & 0x0000'007f'0000'007f;  // Each lane / 100.
  lanes = high | (lanes - high * 100) << 16;
  high = lanes * 103 >> 10 & 0x000f'000f'000f'000f;  // Each lane / 10.
  return (high | (lanes - high * 10) << 8) + 0x3030'3030'3030'3030;
}

// The two decimal digits of each number below 100.
constexpr auto kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < pairs.size(); ++i)
    pairs[i] = static_cast<char>('0' + (i % 2 == 0 ? i / 20 : i / 2 % 10));
  return pairs;
}();

// Writes `value`, which is below 10,000, without leading zeros at `out`; returns the end. A sequence number is mostly such a one.
inline char* put_small_decimal(char* out, uint64_t value) {
  const auto put_pair = [](char* at, uint64_t pair) {
    std::memcpy(at, kDigitPairs.data() + 2 * pair, 2);
    return at + 2;
  };
  if (value < 10) {
    *out = static_cast<char>('0' + value);
    return out + 1;
  }
  if (value < 100) return put_pair(out, value);
  if (value >= 1000) return put_pair(put_pair(out, value / 100), value % 100);
  *out = static_cast<char>('0' + value / 100);
  return put_pair(out + 1, value % 100);
}

// Writes `value` in decimal at `out`, which has room for kDecimalBytesMax bytes, all of which may be written to;
// returns the end. Several times faster than std::to_chars for the length of a time in milliseconds.
inline char* put_decimal(char* out, uint64_t value) {
  constexpr uint64_t kEight = 100'000'000;
  if (value < 10'000) return put_small_decimal(out, value);
  if (value >= kEight) {
    out = put_decimal(out, value / kEight);
    const uint64_t digits = eight_digits(value % kEight);
    std::memcpy(out, &digits, sizeof(digits));
    return out + 8;
  }
  const uint64_t digits = eight_digits(value);
  const int zeros = std::countr_zero(digits - 0x3030'3030'3030'3030) / 8;
  const uint64_t text = digits >> 8 * zeros;
  std::memcpy(out, &text, sizeof(text));
  return out + 8 - zeros;
}
inline char* put_decimal(char* out, int64_t value) {
  uint64_t magnitude = static_cast<uint64_t>(value);
  if (value < 0) {
    *out++ = '-';
    magnitude = 0 - magnitude;
  }
  return put_decimal(out, magnitude);
}

// Writes the shortest text that reads back as `value` at `out`, which has room for kDoubleBytesMax
// bytes; returns the end: "3.2", "10", "1e+20", "5e-324", "-0", "inf", "-inf", "nan".
char* put_double(char* out, double value);

// What INCRBYFLOAT stores: 17 digits after the point, without trailing zeros, never an exponent.
[[nodiscard]] std::string format_long_double(long double value);

}  // namespace leat
