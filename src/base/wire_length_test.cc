#include "base/wire_length.h"

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace leat {
namespace {

// The bytes of the bulk string that `input` starts with, if all of `input` is one.
std::optional<std::string> whole(const std::string& input) {
  // A copy of exact size: address sanitizer sees a read beyond its end.
  const std::unique_ptr<char[]> copy(new char[input.size()]);
  input.copy(copy.get(), input.size());
  Bytes payload;
  const char* const end = copy.get() + input.size();
  if (read_wire(copy.get(), end, payload) != end) return std::nullopt;
  return std::string(payload);
}

TEST(WireLengthTest, ReadsBulkStringsOfEveryNumberOfDigits) {
  for (const size_t size : {0U, 1U, 9U, 10U, 11U, 99U, 100U, 101U, 999U, 1000U, 12345U, 100000U}) {
    const std::string payload(size, 'x');
    EXPECT_EQ(whole("$" + std::to_string(size) + "\r\n" + payload + "\r\n"), payload) << size;
  }
}

TEST(WireLengthTest, TakesNothingThatIsCutOff) {
  for (const size_t size : {0U, 7U, 42U, 123U}) {
    const std::string wire = "$" + std::to_string(size) + "\r\n" + std::string(size, '\r') + "\r\n";
    for (size_t cut = 0; cut < wire.size(); ++cut) {
      EXPECT_EQ(whole(wire.substr(0, cut)), std::nullopt) << wire << " cut at " << cut;
    }
  }
}

TEST(WireLengthTest, TakesNoOtherForm) {
  for (const char* const odd :
       {"", "$\r\n\r\n", "$-1\r\n", "$+1\r\nx\r\n", "$01\r\nx\r\n", "$001\r\nx\r\n", "$1\n\nx\r\n",
        "$1\r\rx\r\n", "$1\r\nx\r\r", "$1\r\nxx\r\n", "$1 \r\nx\r\n", "$:\r\nxxxxxxxxxx\r\n",
        "$1:\r\nxxxxxxxxxxxxxxxxxxxx\r\n", "*1\r\nx\r\n", "$99999999999\r\nx\r\n",
        "$18446744073709551615\r\nx\r\n", "$18446744073709551614\r\nx\r\n"}) {
    EXPECT_EQ(whole(odd), std::nullopt) << odd;
  }
}

TEST(WireLengthTest, BinaryPayloadsStayAsTheyAre) {
  const std::string payload("\r\n$5\r\n\0\xff", 8);
  EXPECT_EQ(whole("$8\r\n" + payload + "\r\n"), payload);
}

TEST(WireLengthTest, TakesWhatIsWritten) {
  for (const size_t size : {0U, 1U, 9U, 10U, 99U, 100U, 12'345U}) {
    const std::string payload(size, 'x');
    std::string wire(kWireHeadMax + size, '\0');
    const char* const end = put_wire(wire.data(), payload);
    wire.resize(static_cast<size_t>(end - wire.data()));
    EXPECT_EQ(wire, "$" + std::to_string(size) + "\r\n" + payload + "\r\n");
    EXPECT_EQ(whole(wire), payload);
  }
}

// How far skip_wire() goes at the start of `input`; none when it finds no end.
std::optional<size_t> skipped(const std::string& input) {
  const std::unique_ptr<char[]> copy(new char[input.size()]);
  input.copy(copy.get(), input.size());
  const char* const behind = skip_wire(copy.get(), copy.get() + input.size());
  if (behind == nullptr) return std::nullopt;
  return static_cast<size_t>(behind - copy.get());
}

TEST(WireLengthTest, SkipsWhatItCanReadAndNeverBeyondTheEnd) {
  for (const size_t size : {0U, 7U, 42U, 123U}) {
    const std::string wire = "$" + std::to_string(size) + "\r\n" + std::string(size, '\r') + "\r\n";
    EXPECT_EQ(skipped(wire), wire.size());
    EXPECT_EQ(skipped(wire + "$1\r\nx\r\n"), wire.size());
    for (size_t cut = 1; cut < wire.size(); ++cut) {
      EXPECT_EQ(skipped(wire.substr(0, cut)), std::nullopt) << wire << " cut at " << cut;
    }
  }
  EXPECT_EQ(skipped("$99999999999999999999\r\nx\r\n"), std::nullopt);
}

}  // namespace
}  // namespace leat
