// FileWindow: reads a large file a piece at a time, so that a segment never stands in memory as a whole.
//
// Contract   at() gives views that die with the next at(). What it holds is kPiece, or the largest piece
//            asked for since.
#pragma once

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/result.h"
#include "io/io.h"

namespace leat {

class FileWindow {
 public:
  static constexpr uint64_t kPiece = 1 << 20;

  // `size` is the file's; it does not change meanwhile.
  FileWindow(io::File& file, uint64_t size) : file_(file), size_(size) {}

  [[nodiscard]] uint64_t size() const { return size_; }

  // The bytes [offset, offset + count), fewer at the end of the file.
  //   errors  kIo, with the offset.
  Result<Bytes> at(uint64_t offset, uint64_t count) {
    offset = std::min(offset, size_);
    count = std::min(count, size_ - offset);
    if (offset < start_ || offset + count > start_ + buffer_.size()) {
      if (const Status status = load(offset, std::max(count, kPiece)); !status.ok())
        return status.error();
    }
    return buffer_.view(offset - start_).substr(0, count);
  }

 private:
  Status load(uint64_t offset, uint64_t count) {
    count = std::min(count, size_ - offset);
    buffer_.clear();
    if (buffer_.capacity() > 4 * kPiece && count <= kPiece) buffer_.release();
    start_ = offset;
    if (count == 0) return {};
    const auto got = file_.read(offset, buffer_.room(count), count);
    if (!got.ok()) {
      return Error{got.error().code, fmt::format("{} (at offset {})", got.error().detail, offset)};
    }
    buffer_.commit(got.value());
    return {};
  }

  io::File& file_;
  uint64_t size_;
  uint64_t start_ = 0;
  ByteBuffer buffer_;
};

// The first offset in [from, to) whose byte is not zero and the offset behind the last such byte; both
// `to` when all are zero.
struct NonZero {
  uint64_t first = 0;
  uint64_t end = 0;
};
inline Result<NonZero> find_nonzero(FileWindow& file, uint64_t from, uint64_t to) {
  NonZero found{.first = to, .end = to};
  for (uint64_t at = from; at < to; at += FileWindow::kPiece) {
    const auto piece = file.at(at, std::min(FileWindow::kPiece, to - at));
    if (!piece.ok()) return piece.error();
    const Bytes bytes = piece.value();
    // A block of equal bytes equals itself shifted by one: memcmp is the fastest test for zeros.
    if (bytes.empty() ||
        (bytes[0] == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0))
      continue;
    if (found.first == to) found.first = at + bytes.find_first_not_of('\0');
    found.end = at + bytes.find_last_not_of('\0') + 1;
  }
  return found;
}

}  // namespace leat
