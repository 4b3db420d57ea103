#include "base/numbers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace leat {
namespace {

constexpr double kPlainMax = 4611686018427387904.0;  // Integers up to 2^62 show all their digits.
constexpr const char* kLongDoubleFormat = "%.17Lf";

// Digits without sign; nothing if there are none, too many, or a zero in front of others.
std::optional<uint64_t> parse_digits(Bytes text) {
  if (text.empty() || (text[0] == '0' && text.size() > 1)) return std::nullopt;
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

uint64_t unit_bytes(Bytes unit) {
  std::string lower(unit);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (lower.empty() || lower == "b") return 1;
  if (lower == "k") return 1000;
  if (lower == "kb") return 1024;
  if (lower == "m") return 1'000'000;
  if (lower == "mb") return uint64_t{1} << 20;
  if (lower == "g") return 1'000'000'000;
  if (lower == "gb") return uint64_t{1} << 30;
  return 0;
}

template <typename Real>
std::optional<Real> parse_real(Bytes text, Real (*read)(const char*, char**)) {
  if (text.empty() || text.size() > kRealTextBytesMax || kBlanks.find(text[0]) != Bytes::npos) {
    return std::nullopt;
  }
  std::array<char, kRealTextBytesMax + 1> copy;  // The reader wants a terminated string.
  text.copy(copy.data(), text.size());
  copy[text.size()] = '\0';
  char* end = nullptr;
  errno = 0;
  const Real value = read(copy.data(), &end);
  if (end != copy.data() + text.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

char* put(char* out, Bytes text) {
  return std::copy(text.begin(), text.end(), out);
}

// Lays out `digits` times 10^`exponent`, where the point stands after the first digit: plain as long
// as that does not need many zeros, scientific otherwise.
char* put_digits(char* out, Bytes digits, int exponent) {
  const int count = static_cast<int>(digits.size());
  const int last = exponent - (count - 1);  // The power of ten of the last digit.
  const int magnitude = std::abs(exponent);
  if (last >= 0 && magnitude < count + 7) {
    return std::fill_n(put(out, digits), last, '0');
  }
  if (last < 0 && (last > -7 || magnitude < 4)) {
    if (exponent < 0) {
      out = std::fill_n(put(out, "0."), -exponent - 1, '0');
      return put(out, digits);
    }
    const size_t whole = static_cast<size_t>(exponent) + 1;
    out = put(out, digits.substr(0, whole));
    *out++ = '.';
    return put(out, digits.substr(whole));
  }
  *out++ = digits[0];
  if (count > 1) {
    *out++ = '.';
    out = put(out, digits.substr(1));
  }
  *out++ = 'e';
  *out++ = exponent < 0 ? '-' : '+';
  return put_decimal(out, static_cast<uint64_t>(magnitude));
}

}  // namespace

std::optional<int64_t> parse_int64(Bytes text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::optional<uint64_t> magnitude = parse_digits(text);
  if (!magnitude) return std::nullopt;
  const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (*magnitude > limit || (negative && *magnitude == 0)) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - *magnitude : *magnitude);
}

std::optional<uint64_t> parse_uint64(Bytes text) {
  return parse_digits(text);
}

std::optional<uint64_t> parse_memory(Bytes text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  uint64_t value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc()) return std::nullopt;
  if (text.size() - digits > 2) return std::nullopt;
  const uint64_t unit = unit_bytes(text.substr(digits));
  uint64_t bytes = 0;
  if (unit == 0 || __builtin_mul_overflow(value, unit, &bytes)) return std::nullopt;
  return bytes;
}

std::optional<double> parse_double(Bytes text) {
  return parse_real<double>(text, std::strtod);
}

std::optional<long double> parse_long_double(Bytes text) {
  return parse_real<long double>(text, std::strtold);
}

char* put_double(char* out, double value) {
  if (std::isnan(value)) return put(out, "nan");
  if (std::signbit(value)) {
    *out++ = '-';
    value = -value;
  }
  if (std::isinf(value)) return put(out, "inf");
  if (value <= kPlainMax && value == std::floor(value)) {
    return put_decimal(out, static_cast<uint64_t>(value));
  }
  std::array<char, kDoubleBytesMax> text;  // "d.ddde+xx"
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific);
  LEAT_CHECK(error == std::errc());
  const Bytes shortest(text.data(), static_cast<size_t>(end - text.data()));
  const size_t mark = shortest.find('e');
  int exponent = 0;
  const char* const sign = shortest.data() + mark + 1;
  std::from_chars(*sign == '+' ? sign + 1 : sign, end, exponent);
  if (mark == 1) return put_digits(out, shortest.substr(0, 1), exponent);
  text[1] = text[0];  // Closes the gap of the point: "dddd".
  return put_digits(out, shortest.substr(1, mark - 1), exponent);
}

std::string format_long_double(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const int size = std::snprintf(nullptr, 0, kLongDoubleFormat, value);
  LEAT_CHECK(size > 0);
  std::string text(static_cast<size_t>(size), '\0');
  std::snprintf(text.data(), text.size() + 1, kLongDoubleFormat, value);
  if (text.find('.') != std::string::npos) {
    text.resize(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

}  // namespace leat
