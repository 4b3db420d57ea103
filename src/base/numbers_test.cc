#include "base/numbers.h"

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace leat {
namespace {

using namespace std::string_literals;

TEST(ParseInt64, TakesOnlyTheFormThatWritingGives) {
  const std::pair<std::string, std::optional<int64_t>> rows[] = {
      {"0", 0},
      {"7", 7},
      {"-1", -1},
      {"10", 10},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"9223372036854775808", {}},
      {"-9223372036854775809", {}},
      {"18446744073709551616", {}},
      {"99999999999999999999999", {}},
      {"", {}},
      {"-", {}},
      {"--1", {}},
      {"+1", {}},
      {"-0", {}},
      {"00", {}},
      {"01", {}},
      {"-01", {}},
      {" 1", {}},
      {"1 ", {}},
      {"1a", {}},
      {"0x1", {}},
      {"1.0", {}},
      {"1\0"s, {}},
  };
  for (const auto& [text, want] : rows) EXPECT_EQ(parse_int64(text), want) << "'" << text << "'";
}

TEST(ParseUint64, TakesOnlyTheFormThatWritingGives) {
  const std::pair<std::string, std::optional<uint64_t>> rows[] = {
      {"0", 0},
      {"18446744073709551615", UINT64_MAX},
      {"18446744073709551616", {}},
      {"-1", {}},
      {"+1", {}},
      {"01", {}},
      {"", {}},
      {"1 ", {}},
  };
  for (const auto& [text, want] : rows) EXPECT_EQ(parse_uint64(text), want) << "'" << text << "'";
}

TEST(ParseMemory, KnowsTheUnitsOfRedisConf) {
  const std::pair<std::string, std::optional<uint64_t>> rows[] = {
      {"0", 0},
      {"100", 100},
      {"01", 1},
      {"1b", 1},
      {"1k", 1000},
      {"1kb", 1024},
      {"1KB", 1024},
      {"4Kb", 4096},
      {"5m", 5'000'000},
      {"5mb", 5 * 1024 * 1024},
      {"1g", 1'000'000'000},
      {"2gb", 2147483648},
      {"18446744073709551615", UINT64_MAX},
      {"18446744073709551616", {}},
      {"18446744073709551615kb", {}},
      {"17179869184gb", {}},
      {"", {}},
      {"kb", {}},
      {"-1", {}},
      {"+1", {}},
      {" 1", {}},
      {"1 ", {}},
      {"1 kb", {}},
      {"1.5gb", {}},
      {"1t", {}},
      {"1kbb", {}},
      {"1bk", {}},
      {"0x10", {}},
  };
  for (const auto& [text, want] : rows) EXPECT_EQ(parse_memory(text), want) << "'" << text << "'";
}

// What ZADD of redis-server 7.0.15 takes for a score.
TEST(ParseDouble, ReadsWhatStrtodReadsButNotNan) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::pair<std::string, std::optional<double>> rows[] = {
      {"1", 1.0},
      {"+1", 1.0},
      {"-1.5", -1.5},
      {".5", 0.5},
      {"5.", 5.0},
      {"1e5", 1e5},
      {"00012", 12.0},
      {"0x10", 16.0},
      {"0x1p3", 8.0},
      {"inf", infinity},
      {"-INFINITY", -infinity},
      {"5e-324", 5e-324},
      {std::string(300, '1'), 1.1111111111111112e299},
      {"1e400", {}},
      {"-1e400", {}},
      {"1e-400", {}},
      {"", {}},
      {" 1", {}},
      {"\t1", {}},
      {"1 ", {}},
      {"1e", {}},
      {".", {}},
      {"-", {}},
      {"1\0"
       "2"s,
       {}},
      {"nan", {}},
      {"-nan", {}},
      {"nan(1)", {}},
      {std::string(kRealTextBytesMax + 1, '1'), {}},
  };
  for (const auto& [text, want] : rows) EXPECT_EQ(parse_double(text), want) << "'" << text << "'";
}

TEST(ParseLongDouble, KeepsMoreThanADouble) {
  EXPECT_EQ(parse_long_double("0.1"), 0.1L);
  EXPECT_EQ(parse_long_double("1e4000"), 1e4000L);
  EXPECT_EQ(parse_long_double("1e5000"), std::nullopt);
  EXPECT_EQ(parse_long_double("1e-5000"), std::nullopt);
  EXPECT_EQ(parse_long_double("nan"), std::nullopt);
  EXPECT_EQ(parse_long_double(" 1"), std::nullopt);
  EXPECT_EQ(parse_long_double(""), std::nullopt);
}

std::string decimal(int64_t value) {
  std::array<char, kDecimalBytesMax> text;
  return {text.data(), put_decimal(text.data(), value)};
}

TEST(PutDecimal, WritesEveryLength) {
  EXPECT_EQ(decimal(0), "0");
  EXPECT_EQ(decimal(-1), "-1");
  EXPECT_EQ(decimal(INT64_MIN), "-9223372036854775808");
  for (int64_t value = 1, digits = 1; digits <= 18; value = value * 10 + digits % 10, ++digits) {
    EXPECT_EQ(decimal(value), std::to_string(value));
    EXPECT_EQ(decimal(-value), std::to_string(-value));
  }
  std::array<char, kDecimalBytesMax> text;
  EXPECT_EQ(std::string(text.data(), put_decimal(text.data(), UINT64_MAX)), "18446744073709551615");
}

TEST(PutDecimal, WritesWhatStandsAroundEachPowerOfTen) {
  std::array<char, kDecimalBytesMax> text;
  uint64_t power = 1;
  for (int digits = 1; digits <= 20; ++digits, power *= 10) {
    for (const uint64_t value : {power - 1, power, power + 1, power * 9, power / 3 * 2}) {
      EXPECT_EQ(std::string(text.data(), put_decimal(text.data(), value)), std::to_string(value));
    }
  }
}

TEST(PutDecimal, WritesEverySmallNumber) {
  std::array<char, kDecimalBytesMax> text;
  for (uint64_t value = 0; value <= 10'100; ++value)
    ASSERT_EQ(std::string(text.data(), put_decimal(text.data(), value)), std::to_string(value));
}

std::string real(double value) {
  std::array<char, kDoubleBytesMax> text;
  return {text.data(), put_double(text.data(), value)};
}

TEST(PutDouble, WritesTheShortestTextThatReadsBack) {
  const std::pair<double, const char*> rows[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-10, "-10"},
      {3.2, "3.2"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1.5, "1.5"},
      {100.25, "100.25"},
      {0.001, "0.001"},
      {0.000001, "0.000001"},
      {0.0000001, "1e-7"},
      {1.5e-10, "1.5e-10"},
      {1.0 / 3, "0.3333333333333333"},
      {123456789.125, "123456789.125"},
      {4503599627370495.5, "4503599627370495.5"},
      {1e15, "1000000000000000"},
      {1e17, "100000000000000000"},
      {4611686018427387904.0, "4611686018427387904"},
      {-4611686018427387904.0, "-4611686018427387904"},
      {5e18, "5e+18"},
      {1e19, "1e+19"},
      {1.2345678901234567e+19, "12345678901234567000"},
      {1.2345678901234566e+25, "1.2345678901234566e+25"},
      {1e100, "1e+100"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {-2.2250738585072014e-308, "-2.2250738585072014e-308"},
      {5e-324, "5e-324"},
      {std::numeric_limits<double>::infinity(), "inf"},
      {-std::numeric_limits<double>::infinity(), "-inf"},
      {std::nan(""), "nan"},
      {-std::nan(""), "nan"},
  };
  for (const auto& [value, want] : rows) EXPECT_EQ(real(value), want);
}

TEST(PutDouble, ReadsBackTheSame) {
  uint64_t bits = 1;
  for (int i = 0; i < 100'000; ++i) {
    bits = bits * 6364136223846793005U + 1442695040888963407U;
    double value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isfinite(value)) continue;
    const std::string text = real(value);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    ASSERT_LE(text.size(), kDoubleBytesMax);
  }
}

// Each row is what INCRBYFLOAT of redis-server 7.0.15 answers for a missing key.
TEST(FormatLongDouble, WritesWhatIncrbyfloatStores) {
  const std::pair<const char*, const char*> rows[] = {
      {"1", "1"},
      {"3.2", "3.2"},
      {"0.1", "0.1"},
      {"1e20", "100000000000000000000"},
      {"1e-5", "0.00001"},
      {"1e-17", "0.00000000000000001"},
      {"1e-18", "0"},
      {"5.0e3", "5000"},
      {"-0.0", "0"},
      {"-1e-20", "0"},
      {"-1.5", "-1.5"},
      {".1", "0.1"},
      {"0x10", "16"},
      {"123456789.123456789", "123456789.12345678899873747"},
      {"3.14159265358979323846", "3.14159265358979324"},
      {"17179869184.0001", "17179869184.00009999983012676"},
      {"1e30", "1000000000000000000024696061952"},
      {"100", "100"},
      {"1e-4940", "0"},
      {"0.00000000000000001", "0.00000000000000001"},
  };
  for (const auto& [text, want] : rows) {
    const std::optional<long double> value = parse_long_double(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(format_long_double(*value), want) << text;
  }
  EXPECT_EQ(format_long_double(INFINITY), "inf");
  EXPECT_EQ(format_long_double(-INFINITY), "-inf");
}

}  // namespace
}  // namespace leat
