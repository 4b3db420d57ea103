#include "base/strong.h"

#include <type_traits>

#include <gtest/gtest.h>

#include "base/time.h"

namespace leat {
namespace {

using Lap = Strong<struct LapTag>;
using Lane = Strong<struct LaneTag>;

static_assert(!std::is_convertible_v<Lap, Lane> && !std::is_constructible_v<Lap, Lane>);
static_assert(!std::is_convertible_v<uint64_t, Lap> && !std::is_convertible_v<Lap, uint64_t>);
static_assert(!std::is_convertible_v<WallMs, MonoNs>);
static_assert(std::is_trivially_copyable_v<Lap> && sizeof(Lap) == sizeof(uint64_t));

TEST(Strong, ComparesAsItsNumber) {
  EXPECT_EQ(Lap{3}, Lap{3});
  EXPECT_LT(Lap{3}, Lap{4});
  EXPECT_GT(WallMs{1}, WallMs{-1});
  EXPECT_EQ(Lap().value, 0U);
}

}  // namespace
}  // namespace leat
