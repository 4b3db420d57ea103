#include "base/varint.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace leat {
namespace {

using namespace std::string_literals;

std::string encoded(uint64_t value) {
  ByteBuffer out;
  append_varint(out, value);
  return std::string(out.view());
}

// An allocation of exactly these bytes, so that reading beyond them is caught.
class Exact {
 public:
  explicit Exact(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}
  [[nodiscard]] Bytes view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;
};

const std::pair<uint64_t, std::string> kVarints[] = {
    {0, "\0"s},
    {1, "\x01"},
    {127, "\x7f"},
    {128, "\x80\x01"},
    {300, "\xac\x02"},
    {16383, "\xff\x7f"},
    {16384, "\x80\x80\x01"},
    {UINT32_MAX, "\xff\xff\xff\xff\x0f"},
    {uint64_t{1} << 63, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"},
    {UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
};

TEST(Varint, HasTheFormOfLeb128) {
  for (const auto& [value, wire] : kVarints) {
    EXPECT_EQ(encoded(value), wire) << value;
    const Exact exact(wire);
    ByteReader reader(exact.view());
    EXPECT_EQ(reader.varint(), value);
    EXPECT_TRUE(reader.ok());
    EXPECT_TRUE(reader.done());
  }
}

TEST(Varint, EveryLengthReadsBack) {
  for (unsigned shift = 0; shift < 64; ++shift) {
    for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, UINT64_MAX}) {
      const uint64_t value = (uint64_t{1} << shift) + offset;
      const std::string wire = encoded(value);
      EXPECT_LE(wire.size(), kVarintBytesMax);
      ByteReader reader(wire);
      EXPECT_EQ(reader.varint(), value);
      EXPECT_TRUE(reader.ok() && reader.done());
    }
  }
}

TEST(Varint, CutShortFails) {
  for (const auto& [value, wire] : kVarints) {
    for (size_t size = 0; size < wire.size(); ++size) {
      const Exact exact(Bytes(wire).substr(0, size));
      ByteReader reader(exact.view());
      EXPECT_EQ(reader.varint(), 0U) << value;
      EXPECT_FALSE(reader.ok());
    }
  }
}

TEST(Varint, MoreThan64BitsFail) {
  const std::pair<const char*, std::string> rows[] = {
      {"the tenth byte holds one bit", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"},
      {"and is the last", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x81\x00"s},
      {"eleven bytes that would be zero", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"s},
      {"no end", std::string(20, '\xff')},
  };
  for (const auto& [why, wire] : rows) {
    SCOPED_TRACE(why);
    ByteReader reader(wire);
    EXPECT_EQ(reader.varint(), 0U);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(Zigzag, MapsSmallMagnitudesToSmallNumbers) {
  const std::pair<int64_t, uint64_t> rows[] = {
      {0, 0}, {-1, 1}, {1, 2}, {-2, 3}, {INT64_MAX, UINT64_MAX - 1}, {INT64_MIN, UINT64_MAX},
  };
  for (const auto& [value, coded] : rows) {
    EXPECT_EQ(zigzag(value), coded);
    EXPECT_EQ(unzigzag(coded), value);
  }
}

TEST(ByteReader, ReadsFieldsInOrder) {
  const std::string wire =
      "\x07\x01\x02\x03\x04\x01\0\0\0\0\0\0\x80\x03"
      "abc\x01"
      "rest"s;
  const Exact exact(wire);
  ByteReader reader(exact.view());
  EXPECT_EQ(reader.u8(), 7);
  EXPECT_EQ(reader.u32(), 0x04030201U);
  EXPECT_EQ(reader.u64(), 0x8000000000000001U);
  EXPECT_EQ(reader.string(), "abc");
  EXPECT_EQ(reader.signed_varint(), -1);
  EXPECT_EQ(reader.left(), 4U);
  EXPECT_EQ(reader.bytes(4), "rest");
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.bytes(0), "");
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReader, NeverReadsBeyondItsInput) {
  using Read = void (*)(ByteReader&);
  const std::pair<const char*, Read> reads[] = {
      {"u32", [](ByteReader& r) { EXPECT_EQ(r.u32(), 0U); }},
      {"u64", [](ByteReader& r) { EXPECT_EQ(r.u64(), 0U); }},
      {"bytes", [](ByteReader& r) { EXPECT_EQ(r.bytes(4), ""); }},
      {"very many bytes", [](ByteReader& r) { EXPECT_EQ(r.bytes(UINT64_MAX), ""); }},
      {"string", [](ByteReader& r) { EXPECT_EQ(r.string(), ""); }},
  };
  const Exact exact("\x03zz");  // As a string: three bytes announced, two there.
  for (const auto& [why, read] : reads) {
    SCOPED_TRACE(why);
    ByteReader reader(exact.view());
    read(reader);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(ByteReader, StaysFailed) {
  ByteReader reader("ab");
  static_cast<void>(reader.u32());
  const char* const position = reader.position();
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.varint(), 0U);
  EXPECT_EQ(reader.string(), "");
  EXPECT_EQ(reader.bytes(0), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.position(), position);
}

}  // namespace
}  // namespace leat
