// BufferPool: a few buffers of what was freed, for what is made next: memory that has been touched before costs no
// page fault.
//
// Limits     kBuffers buffers of at most kBytesMax each.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace leat {

class BufferPool {
 public:
  static constexpr size_t kBuffers = 256;
  static constexpr size_t kBytesMin = 1 << 10;  // Smaller ones are not worth keeping.
  static constexpr size_t kBytesMax = 16 << 10;

  // An empty buffer with room for `capacity` bytes, and for twice that at most.
  [[nodiscard]] ByteBuffer take(size_t capacity) {
    if (buffers_.empty() || buffers_.back().capacity() < capacity ||
        buffers_.back().capacity() > 2 * capacity) {
      return ByteBuffer(capacity);
    }
    ByteBuffer buffer = std::move(buffers_.back());
    buffers_.pop_back();
    bytes_ -= buffer.capacity();
    return buffer;
  }
  // What they hold.
  [[nodiscard]] size_t bytes() const { return bytes_; }
  // Keeps the buffer if it is worth it, in place of the oldest when there is no room.
  void give(ByteBuffer buffer) {
    if (buffer.capacity() < kBytesMin || buffer.capacity() > kBytesMax) return;
    buffer.clear();
    bytes_ += buffer.capacity();
    if (buffers_.size() < kBuffers) {
      buffers_.push_back(std::move(buffer));
    } else {
      bytes_ -= buffers_[next_].capacity();
      buffers_[next_] = std::move(buffer);
      next_ = (next_ + 1) % kBuffers;
    }
  }

 private:
  std::vector<ByteBuffer> buffers_;
  size_t next_ = 0;  // Who makes room next.
  size_t bytes_ = 0;
};

}  // namespace leat
