#include "rdb/rdb_words.h"

#include <cstring>
#include <limits>

#include <liblzf/lzf.h>

namespace leat {
namespace {

constexpr uint8_t kLength32 = 0x80;
constexpr uint8_t kLength64 = 0x81;
constexpr uint8_t kEncoded = 0xC0;

uint64_t great_end_of(Bytes bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

}  // namespace

uint64_t RdbReader::great_end(size_t bytes) {
  return great_end_of(in_.bytes(bytes));
}

uint64_t RdbReader::length() {
  const uint8_t first = in_.u8();
  if (first < 0x40) return first;
  if (first < 0x80) return (uint64_t{first} & 0x3F) << 8 | in_.u8();
  if (first == kLength32) return great_end(4);
  if (first == kLength64) return great_end(8);
  fail();
  return 0;
}

uint64_t RdbReader::count(uint64_t bytes) {
  const uint64_t count = length();
  if (count <= in_.left() / bytes) return count;
  fail();
  return 0;
}

Bytes RdbReader::string() {
  if (!ok() || in_.done()) {
    fail();
    return {};
  }
  const auto first = static_cast<uint8_t>(*in_.position());
  if ((first & kEncoded) != kEncoded) return in_.bytes(length());
  in_.u8();
  switch (first - kEncoded) {
    case 0:
      return kept(std::to_string(static_cast<int8_t>(in_.u8())));
    case 1: {
      const uint8_t low = in_.u8();
      return kept(std::to_string(static_cast<int16_t>(low | in_.u8() << 8)));
    }
    case 2:
      return kept(std::to_string(static_cast<int32_t>(in_.u32())));
    case 3:
      return inflated();
    default:
      fail();
      return {};
  }
}

Bytes RdbReader::inflated() {
  constexpr uint64_t kMost = std::numeric_limits<unsigned>::max();
  const uint64_t compressed = length();
  const uint64_t size = length();
  const Bytes bytes = in_.bytes(compressed);
  if (!ok() || size == 0 || size > inflated_left_ || size > kMost || compressed > kMost) {
    fail();
    return {};
  }
  std::string text(size, '\0');
  const unsigned got = lzf_decompress(bytes.data(), static_cast<unsigned>(bytes.size()),
                                      text.data(), static_cast<unsigned>(size));
  if (got != size) {
    fail();
    return {};
  }
  inflated_left_ -= size;
  return kept(std::move(text));
}

StreamId RdbReader::raw_id() {
  const Bytes bytes = in_.bytes(16);
  return ok() ? id_of_bytes(bytes) : StreamId{};
}

void RdbWriter::great_end(uint64_t value, size_t bytes) {
  for (size_t i = bytes; i != 0; --i) out_.push_back(static_cast<char>(value >> (8 * (i - 1))));
}

void RdbWriter::length(uint64_t length) {
  if (length < 0x40) {
    great_end(length, 1);
  } else if (length < 0x4000) {
    great_end(length | 0x4000, 2);
  } else if (length <= std::numeric_limits<uint32_t>::max()) {
    out_.push_back(static_cast<char>(kLength32));
    great_end(length, 4);
  } else {
    out_.push_back(static_cast<char>(kLength64));
    great_end(length, 8);
  }
}

void RdbWriter::time(WallMs time) {
  std::memcpy(out_.grow(sizeof(time.value)), &time.value, sizeof(time.value));
}

void RdbWriter::raw_id(StreamId id) {
  great_end(id.ms, 8);
  great_end(id.seq, 8);
}

StreamId id_of_bytes(Bytes bytes) {
  return {great_end_of(bytes.substr(0, 8)), great_end_of(bytes.substr(8, 8))};
}

std::string bytes_of_id(StreamId id) {
  ByteBuffer out;
  RdbWriter(out).raw_id(id);
  return std::string(out.view());
}

}  // namespace leat
