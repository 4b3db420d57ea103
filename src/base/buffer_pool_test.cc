// BufferPool: gives back what fits, keeps no more than it may.
#include "base/buffer_pool.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

TEST(BufferPoolTest, GivesBackABufferThatFits) {
  BufferPool pool;
  ByteBuffer buffer(4000);
  buffer.append("x");
  const char* const bytes = buffer.bytes();
  pool.give(std::move(buffer));
  const ByteBuffer again = pool.take(3000);
  EXPECT_EQ(again.bytes(), bytes);
  EXPECT_TRUE(again.empty());
}

TEST(BufferPoolTest, MakesOneWhereNoneFits) {
  BufferPool pool;
  pool.give(ByteBuffer(4000));
  EXPECT_GE(pool.take(5000).capacity(), 5000) << "too small";
  EXPECT_LT(pool.take(100).capacity(), 1000) << "far too large: a small stream must stay small";
  EXPECT_EQ(pool.take(3000).capacity(), 4000) << "it is still there";
}

TEST(BufferPoolTest, KeepsNeitherSmallNorLargeOnesNorTooMany) {
  BufferPool pool;
  pool.give(ByteBuffer(BufferPool::kBytesMin - 1));
  pool.give(ByteBuffer(BufferPool::kBytesMax + 1));
  EXPECT_EQ(pool.take(BufferPool::kBytesMin - 10).capacity(), BufferPool::kBytesMin - 10);
  for (size_t i = 0; i < BufferPool::kBuffers + 10; ++i) pool.give(ByteBuffer(2000));
  std::vector<ByteBuffer> taken;
  for (size_t i = 0; i < BufferPool::kBuffers; ++i) {
    taken.push_back(pool.take(1500));
    EXPECT_EQ(taken.back().capacity(), 2000);
  }
  EXPECT_EQ(pool.take(1500).capacity(), 1500);
}

}  // namespace
}  // namespace leat
