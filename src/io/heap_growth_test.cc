// Goal: pages are there before the heap comes to them, and a thread goes ahead while gigabytes are loaded; but not far.
#include "io/heap_growth.h"

#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace leat::io {
namespace {

constexpr uint64_t kGrowthMegabyte = 1 << 20;

// Allocates `bytes` in pieces, and touches them.
void grow(std::vector<std::unique_ptr<std::vector<char>>>& held, uint64_t bytes) {
  constexpr uint64_t kPiece = 64 << 10;
  for (uint64_t i = 0; i < bytes; i += kPiece)
    held.push_back(std::make_unique<std::vector<char>>(kPiece, 'x'));
}

// Some systems, and the allocators of sanitizers, can't be asked.
bool can_be_asked() {
  const uint64_t before = heap_backed_ahead();
  std::vector<std::unique_ptr<std::vector<char>>> held;
  grow(held, 32 * kGrowthMegabyte);
  return heap_backed_ahead() != before;
}

TEST(HeapGrowth, AThreadGoesAheadWhileItLives) {
  back_heap_ahead();
  if (!can_be_asked()) GTEST_SKIP() << "this system or allocator can't be asked";
  std::vector<std::unique_ptr<std::vector<char>>> held;
  uint64_t grown = 0;
  const uint64_t before = heap_backed_ahead();
  {
    const HeapGrowth growth;
    // Nobody asks for pages here but the thread. What earlier cases have freed serves first.
    while (heap_backed_ahead() == before && grown < 512 * kGrowthMegabyte) {
      grow(held, kGrowthMegabyte);
      grown += kGrowthMegabyte;
      for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    }
    EXPECT_GT(heap_backed_ahead(), before);
  }
  EXPECT_LE(heap_backed_ahead(), before + grown + 12 * kGrowthMegabyte) << "but not far";
  const uint64_t afterwards = heap_backed_ahead();
  grow(held, 32 * kGrowthMegabyte);
  EXPECT_GT(heap_backed_ahead(), afterwards)
      << "when all is loaded, the heap goes on without a thread";
}

TEST(HeapGrowth, NothingIsAskedForWhereLittleIsLoaded) {
  back_heap_ahead();
  const uint64_t before = heap_backed_ahead();
  std::vector<std::unique_ptr<std::vector<char>>> held;
  {
    const HeapGrowth growth;
    grow(held, 4 * kGrowthMegabyte);
  }
  EXPECT_EQ(heap_backed_ahead(), before);
}

TEST(HeapGrowth, MayBeginAgain) {
  back_heap_ahead();
  std::vector<std::unique_ptr<std::vector<char>>> held;
  for (int i = 0; i < 3; ++i) {
    const HeapGrowth growth;
    grow(held, 4 * kGrowthMegabyte);
  }
  for (const auto& piece : held) EXPECT_EQ(piece->front(), 'x');
}

}  // namespace
}  // namespace leat::io
