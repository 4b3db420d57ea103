// Varints: LEB128, seven bits a byte, least significant first; at most ten bytes. Signed values are
// zigzag-coded. A decoder that reads beyond its input or past 64 bits fails and stays failed.
#pragma once

#include <bit>
#include <cstdint>

#include "base/bytes.h"

namespace leat {

constexpr size_t kVarintBytesMax = 10;

// How many bytes put_varint() writes.
constexpr size_t varint_size(uint64_t value) {
  if (value < 0x80) [[likely]]
    return 1;
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// Writes `value` at `out`, which has room for kVarintBytesMax bytes; returns the end.
inline char* put_varint(char* out, uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

inline void append_varint(ByteBuffer& out, uint64_t value) {
  char* const start = out.room(kVarintBytesMax);
  out.commit(static_cast<size_t>(put_varint(start, value) - start));
}

// The length, as a varint, and the bytes.
inline void append_counted(ByteBuffer& out, Bytes bytes) {
  append_varint(out, bytes.size());
  out.append(bytes);
}

constexpr uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// ByteReader: reads fixed and variable integers and byte strings off a view, never beyond it.
//
// After a failed read ok() is false, every further read returns zero or an empty view, and the
// position no longer moves.
class ByteReader {
 public:
  explicit ByteReader(Bytes input) : at_(input.data()), end_(input.data() + input.size()) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return at_ == end_; }
  [[nodiscard]] size_t left() const { return static_cast<size_t>(end_ - at_); }
  [[nodiscard]] const char* position() const { return at_; }

  uint8_t u8() { return fixed<uint8_t>(); }
  uint32_t u32() { return fixed<uint32_t>(); }
  uint64_t u64() { return fixed<uint64_t>(); }

  uint64_t varint() {
    if (at_ != end_ && static_cast<uint8_t>(*at_) < 0x80) [[likely]]
      return static_cast<uint8_t>(*at_++);
    return varint_slow();
  }
  int64_t signed_varint() { return unzigzag(varint()); }

  Bytes bytes(uint64_t count) {
    if (count > left()) {
      fail();
      return {};
    }
    const Bytes view(at_, static_cast<size_t>(count));
    at_ += count;
    return view;
  }
  // A byte string: varint length, then the bytes.
  Bytes string() { return bytes(varint()); }

  void fail() {
    ok_ = false;
    at_ = end_;
  }

 private:
  template <typename T>
  T fixed() {
    T value = 0;
    const Bytes raw = bytes(sizeof(T));
    if (raw.size() == sizeof(T)) std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }
  uint64_t varint_slow() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) break;
      const auto byte = static_cast<uint8_t>(*at_++);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    fail();
    return 0;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace leat
