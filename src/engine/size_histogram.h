// SizeHistogram: how many objects of each kind there are of which size, in powers of two (INFO keysizes).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/object.h"

namespace leat {

// 0, or n for 2^(n-1) to 2^n - 1: of a string's bytes, a hash's fields, a set's members, a stream's entries. O(1).
[[nodiscard]] inline uint8_t size_class(const Object& object) {
  size_t size = 0;
  switch (object.kind()) {
    case ObjectKind::kString:
      size = object.string()->size();
      break;
    case ObjectKind::kHash:
      size = object.hash()->size();
      break;
    case ObjectKind::kSet:
      size = object.set()->size();
      break;
    case ObjectKind::kStream:
      size = object.stream()->length();
      break;
  }
  return static_cast<uint8_t>(std::bit_width(size));
}

class SizeHistogram {
 public:
  static constexpr size_t kClasses = 65;
  using Counts = std::array<uint64_t, kClasses>;

  void add(ObjectKind kind, uint8_t size_class) {
    std::vector<uint64_t>& counts = counts_[index(kind)];
    if (counts.size() <= size_class) counts.resize(size_t{size_class} + 1);
    ++counts[size_class];
  }
  // One that was added.
  void remove(ObjectKind kind, uint8_t size_class) { --counts_[index(kind)][size_class]; }
  [[nodiscard]] Counts counts(ObjectKind kind) const {
    Counts counts{};
    std::copy(counts_[index(kind)].begin(), counts_[index(kind)].end(), counts.begin());
    return counts;
  }

 private:
  static constexpr size_t kKinds = 4;

  [[nodiscard]] static size_t index(ObjectKind kind) { return static_cast<size_t>(kind) - 1; }

  // Up to the greatest class there was: there may be many databases without a key.
  std::array<std::vector<uint64_t>, kKinds> counts_;
};

}  // namespace leat
