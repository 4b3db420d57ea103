// Bytes and ByteBuffer: binary-safe views and a growable buffer that does not zero what it grows.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace leat {

// A view of bytes owned by somebody else; valid as long as its source is not changed.
using Bytes = std::string_view;

// ByteBuffer: contiguous bytes, appended at the end.
//
// Contract   append() may move the storage: views into it die with the next append or reserve.
// Invariant  size() <= capacity(). Allocation failure aborts.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  explicit ByteBuffer(size_t capacity) { reserve(capacity); }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;
  ByteBuffer(ByteBuffer&& other) noexcept
      : bytes_(std::exchange(other.bytes_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  // Most buffers of a command stay empty; not every allocator lets a null go by as quickly.
  ~ByteBuffer() {
    if (bytes_ != nullptr) std::free(bytes_);
  }

  [[nodiscard]] char* bytes() { return bytes_; }
  [[nodiscard]] const char* bytes() const { return bytes_; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t capacity() const { return capacity_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] Bytes view() const { return {bytes_, size_}; }
  [[nodiscard]] Bytes view(size_t from) const {
    LEAT_CHECK(from <= size_);
    return {bytes_ + from, size_ - from};
  }

  void append(Bytes more) {
    if (more.empty()) return;
    std::memcpy(grow(more.size()), more.data(), more.size());
  }
  void push_back(char byte) { *grow(1) = byte; }

  // Adds `count` bytes of unspecified content; returns where they start.
  char* grow(size_t count) {
    if (count > capacity_ - size_) [[unlikely]]
      enlarge(count);
    char* const start = bytes_ + size_;
    size_ += count;
    return start;
  }
  // Makes room for `count` more bytes without changing size(); returns the end.
  char* room(size_t count) {
    if (count > capacity_ - size_) [[unlikely]]
      enlarge(count);
    return bytes_ + size_;
  }
  // Declares that `count` bytes written at room() now belong to the buffer.
  void commit(size_t count) {
    LEAT_CHECK(count <= capacity_ - size_);
    size_ += count;
  }
  void truncate(size_t size) {
    LEAT_CHECK(size <= size_);
    size_ = size;
  }
  void clear() { size_ = 0; }
  // Makes room for `capacity` bytes in all, and no more.
  void reserve(size_t capacity) {
    if (capacity > capacity_) move_to(capacity);
  }
  // Removes the first `count` bytes. O(size).
  void consume(size_t count) {
    LEAT_CHECK(count <= size_);
    if (count == 0) return;
    std::memmove(bytes_, bytes_ + count, size_ - count);
    size_ -= count;
  }
  // Frees the storage.
  void release() { ByteBuffer().swap(*this); }
  void swap(ByteBuffer& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  // Makes room for `count` more bytes, and for what may follow.
  [[gnu::cold, gnu::noinline]] void enlarge(size_t count);
  void move_to(size_t capacity);

  char* bytes_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace leat
