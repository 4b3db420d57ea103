#include "base/counting_allocator.h"

#include <map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace leat {
namespace {

TEST(CountingAllocator, CounterFollowsTheContainer) {
  size_t bytes = 0;
  {
    std::vector<uint64_t, CountingAllocator<uint64_t>> values{CountingAllocator<uint64_t>(bytes)};
    EXPECT_EQ(bytes, 0u);
    values.reserve(10);
    EXPECT_EQ(bytes, 80u);
    auto moved = std::move(values);
    moved.assign(3, 1);
    release_capacity(moved);
    EXPECT_EQ(bytes, 24u);
  }
  EXPECT_EQ(bytes, 0u);
}

TEST(CountingAllocator, NodesAreCountedWhateverTheyHold) {
  size_t bytes = 0;
  using Item = std::pair<const int, int>;
  {
    std::map<int, int, std::less<>, CountingAllocator<Item>> values{CountingAllocator<Item>(bytes)};
    values.emplace(1, 2);
    EXPECT_GT(bytes, sizeof(Item));
    const size_t one = bytes;
    values.emplace(2, 2);
    EXPECT_EQ(bytes, 2 * one);
    values.erase(1);
    EXPECT_EQ(bytes, one);
  }
  EXPECT_EQ(bytes, 0u);
}

}  // namespace
}  // namespace leat
