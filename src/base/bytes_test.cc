#include "base/bytes.h"

#include <algorithm>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace leat {
namespace {

TEST(ByteBuffer, StartsEmptyAndWithoutStorage) {
  ByteBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_EQ(buffer.view(), "");
  buffer.append({});
  buffer.consume(0);
  buffer.truncate(0);
  buffer.clear();
  buffer.release();
  EXPECT_EQ(buffer.bytes(), nullptr);
}

TEST(ByteBuffer, AppendsWhateverTheLength) {
  ByteBuffer buffer;
  std::string want;
  for (size_t length = 0; length < 300; ++length) {
    const std::string piece(length, static_cast<char>(length));
    buffer.append(piece);
    buffer.push_back('|');
    want += piece + '|';
    ASSERT_EQ(buffer.view(), want);
    ASSERT_LE(buffer.size(), buffer.capacity());
  }
}

TEST(ByteBuffer, GrowthIsGeometric) {
  ByteBuffer buffer;
  int moves = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const size_t before = buffer.capacity();
    buffer.push_back('x');
    if (buffer.capacity() != before) ++moves;
  }
  EXPECT_LT(moves, 40);
}

TEST(ByteBuffer, RoomBelongsToTheBufferOnceCommitted) {
  ByteBuffer buffer(8);
  buffer.append("ab");
  char* const room = buffer.room(100);
  EXPECT_EQ(buffer.size(), 2U);
  EXPECT_GE(buffer.capacity(), 102U);
  std::copy_n("cde", 3, room);
  buffer.commit(3);
  EXPECT_EQ(buffer.view(), "abcde");
}

TEST(ByteBuffer, LosesBytesAtEitherEnd) {
  ByteBuffer buffer;
  buffer.append("0123456789");
  buffer.consume(3);
  EXPECT_EQ(buffer.view(), "3456789");
  buffer.truncate(5);
  EXPECT_EQ(buffer.view(), "34567");
  EXPECT_EQ(buffer.view(2), "567");
  EXPECT_EQ(buffer.view(5), "");
  buffer.consume(5);
  EXPECT_TRUE(buffer.empty());
  EXPECT_GT(buffer.capacity(), 0U);
  buffer.release();
  EXPECT_EQ(buffer.capacity(), 0U);
}

TEST(ByteBuffer, MovesItsStorage) {
  ByteBuffer buffer;
  buffer.append("abc");
  const char* const storage = buffer.bytes();
  ByteBuffer moved(std::move(buffer));
  EXPECT_EQ(moved.bytes(), storage);
  EXPECT_EQ(moved.view(), "abc");
  ByteBuffer assigned;
  assigned.append("old");
  assigned = std::move(moved);
  EXPECT_EQ(assigned.view(), "abc");
  ByteBuffer other;
  other.append("x");
  assigned.swap(other);
  EXPECT_EQ(assigned.view(), "x");
  EXPECT_EQ(other.view(), "abc");
}

TEST(ByteBufferDeathTest, BugsAbort) {
  ByteBuffer buffer;
  buffer.append("abc");
  EXPECT_DEATH(buffer.consume(4), "bug");
  EXPECT_DEATH(buffer.truncate(4), "bug");
  EXPECT_DEATH(buffer.commit(buffer.capacity()), "bug");
  EXPECT_DEATH(static_cast<void>(buffer.view(4)), "bug");
}

}  // namespace
}  // namespace leat
