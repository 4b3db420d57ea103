// A column: the values of one field in the entries of a frame, in the shortest of a few codings.
//
// Coding     u8 kind, then by kind
//              1 same      string: the value of all of them
//              2 integers  the values are decimal integers as Leat would write them: string of zigzag varints, each the
//                          difference to the one before, the first to 0, modulo 2^64
//              3 listed    varint n, n strings: the distinct values; then a byte per value: its place in that list
//              4 sized     varint: size of each value; string: the values back to back
//              5 text      string of varints: the sizes; string: the values back to back
//            A string is a varint and so many bytes. Nothing is compressed here: the codings make the work of the compressor
//            that follows smaller and its outcome shorter.
// Contract   what is read is exactly what was written; a reader never goes beyond its input.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/numbers.h"
#include "base/varint.h"

namespace leat {

enum class ColumnKind : uint8_t { kSame = 1, kIntegers = 2, kListed = 3, kSized = 4, kText = 5 };

constexpr size_t kColumnListedMax = 256;

// Writes columns behind what `out` holds. Keeps its working memory from one to the next.
class ColumnWriter {
 public:
  // `values` is not empty.
  void put(const std::vector<Bytes>& values, ByteBuffer& out);

 private:
  bool put_integers(const std::vector<Bytes>& values, ByteBuffer& out);
  bool put_listed(const std::vector<Bytes>& values, ByteBuffer& out);
  void put_text(const std::vector<Bytes>& values, ByteBuffer& out);

  ByteBuffer numbers_;
  std::vector<uint8_t> places_;
  std::vector<Bytes> list_;
};

class ColumnReader {
 public:
  // Takes the column of `count` values off `input`.
  //   returns  false when it is not well formed. What next() may still find wrong is that a value is missing.
  [[nodiscard]] bool open(ByteReader& input, uint64_t count);
  // The next value; lent until the next call. Behind the end, and where the column is damaged, ok() turns false.
  Bytes next();
  [[nodiscard]] bool ok() const { return ok_ && numbers_.ok() && bytes_.ok(); }
  // All that the column holds has been read.
  [[nodiscard]] bool done() const { return ok() && left_ == 0 && numbers_.done() && bytes_.done(); }

 private:
  ColumnKind kind_ = ColumnKind::kSame;
  bool ok_ = true;
  uint64_t left_ = 0;
  Bytes same_;
  uint64_t size_ = 0;   // kSized
  uint64_t value_ = 0;  // kIntegers: the last one.
  ByteReader numbers_{Bytes()};
  ByteReader bytes_{Bytes()};
  std::vector<Bytes> list_;
  std::array<char, kDecimalBytesMax> text_{};
};

}  // namespace leat
