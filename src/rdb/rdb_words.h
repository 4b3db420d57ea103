// RdbReader and RdbWriter: lengths, strings and numbers as RDB has them.
//
//   length   00xxxxxx · 01xxxxxx x · 0x80 u32 · 0x81 u64, the last three with the great end first
//   string   length, bytes; or 0xC0 i8, 0xC1 i16, 0xC2 i32, which stand for the number's text; or 0xC3, compressed
//            length, length, LZF
//
// Source     github.com/sripathikrishnan/redis-rdb-tools, docs/RDB_File_Format.textile; redis.io, RDB versions 6 to 14
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "base/varint.h"
#include "model/stream_id.h"

namespace leat {

// Reads what may be anything. After a failed read ok() is false, and every further one returns 0 or nothing.
class RdbReader {
 public:
  // What is compressed may become `inflated_max` bytes in all.
  RdbReader(Bytes input, uint64_t inflated_max) : in_(input), inflated_left_(inflated_max) {}

  [[nodiscard]] bool ok() const { return in_.ok(); }
  [[nodiscard]] bool done() const { return in_.done(); }
  void fail() { in_.fail(); }

  uint64_t length();
  // How many of something follow, each of at least `bytes`: more than the input can hold are refused.
  uint64_t count(uint64_t bytes);
  // Lent by the reader.
  Bytes string();
  WallMs time() { return WallMs{static_cast<int64_t>(in_.u64())}; }
  // As two lengths.
  StreamId id() {
    const uint64_t ms = length();
    return {ms, length()};
  }
  // As 16 bytes, the great end first.
  StreamId raw_id();

 private:
  uint64_t great_end(size_t bytes);
  Bytes inflated();
  Bytes kept(std::string text) { return kept_.emplace_back(std::move(text)); }

  ByteReader in_;
  uint64_t inflated_left_;
  std::deque<std::string> kept_;  // What does not stand in the input as it is.
};

class RdbWriter {
 public:
  explicit RdbWriter(ByteBuffer& out) : out_(out) {}

  void type(uint8_t type) { out_.push_back(static_cast<char>(type)); }
  void length(uint64_t length);
  void string(Bytes text) {
    length(text.size());
    out_.append(text);
  }
  // Bytes that stand for themselves.
  void raw(Bytes bytes) { out_.append(bytes); }
  void time(WallMs time);
  void id(StreamId id) {
    length(id.ms);
    length(id.seq);
  }
  void raw_id(StreamId id);

 private:
  void great_end(uint64_t value, size_t bytes);

  ByteBuffer& out_;
};

// The 16 bytes of raw_id().
[[nodiscard]] StreamId id_of_bytes(Bytes bytes);
[[nodiscard]] std::string bytes_of_id(StreamId id);

}  // namespace leat
