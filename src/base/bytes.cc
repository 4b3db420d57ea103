#include "base/bytes.h"

#include <algorithm>

namespace leat {

void ByteBuffer::enlarge(size_t count) {
  const size_t needed = size_ + count;
  LEAT_CHECK(needed >= size_);
  move_to(std::max({needed, capacity_ + capacity_ / 2, size_t{64}}));
}

void ByteBuffer::move_to(size_t capacity) {
  char* const moved = static_cast<char*>(std::realloc(bytes_, capacity));
  LEAT_CHECK(moved != nullptr);
  bytes_ = moved;
  capacity_ = capacity;
}

}  // namespace leat
