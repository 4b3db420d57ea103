// CountingAllocator<T>: the standard allocator, which adds what it hands out to a counter and takes it
// off again: how a data structure knows its memory exactly, in O(1), whatever its containers do inside.
//
// Contract   the counter outlives every container that uses it. Counted are the bytes asked for; what
//            malloc adds to an allocation (8 to 16 bytes) is not known and not counted.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat {

template <typename T>
class CountingAllocator {
 public:
  // The standard library looks for these by name.
  using value_type = T;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  explicit CountingAllocator(size_t& bytes) noexcept : bytes_(&bytes) {}
  template <typename U>
  // NOLINTNEXTLINE(google-explicit-constructor): containers convert their allocator silently.
  CountingAllocator(const CountingAllocator<U>& other) noexcept : bytes_(&other.counter()) {}

  [[nodiscard]] T* allocate(size_t count) {
    *bytes_ += count * sizeof(T);
    return std::allocator<T>().allocate(count);
  }
  void deallocate(T* start, size_t count) noexcept {
    *bytes_ -= count * sizeof(T);
    std::allocator<T>().deallocate(start, count);
  }

  [[nodiscard]] size_t& counter() const { return *bytes_; }

  template <typename U>
  friend bool operator==(const CountingAllocator& left, const CountingAllocator<U>& right) {
    return &left.counter() == &right.counter();
  }

 private:
  size_t* bytes_;
};

// Gives the capacity of `values` that is not used back. The member shrink_to_fit() does nothing where
// exceptions are switched off (libstdc++ 12: it must not fail, so it does not try).
template <typename T, typename Allocator>
void release_capacity(std::vector<T, Allocator>& values) {
  if (values.capacity() == values.size()) return;
  std::vector<T, Allocator> exact(values.get_allocator());
  exact.reserve(values.size());
  for (T& value : values) exact.push_back(std::move(value));
  values.swap(exact);
}

}  // namespace leat
