#include "io/system_memory.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace leat::io {
namespace {

constexpr uint64_t kMegabyte = 1 << 20;
// What the test itself, its framework and the sizes of the allocator may add.
constexpr uint64_t kSlack = kMegabyte / 4;

TEST(SystemMemory, CountsWhatIsAllocatedAndNotFreed) {
  SystemMemory memory;
  const uint64_t before = memory.allocated();
  EXPECT_GT(before, 0);
  {
    const std::vector<char> large(8 * kMegabyte);
    EXPECT_GE(memory.allocated(), before + 8 * kMegabyte);
    EXPECT_LE(memory.allocated(), before + 8 * kMegabyte + kSlack + 2 * kMegabyte);
  }
  EXPECT_LE(memory.allocated(), before + kSlack);
}

TEST(SystemMemory, CountsManySmallAllocationsAndByteBuffers) {
  SystemMemory memory;
  const uint64_t before = memory.allocated();
  std::vector<std::unique_ptr<ByteBuffer>> buffers;
  for (int i = 0; i < 1000; ++i) buffers.push_back(std::make_unique<ByteBuffer>(4096));
  EXPECT_GE(memory.allocated(), before + uint64_t{1000} * 4096);
  EXPECT_LE(memory.allocated(), before + uint64_t{1000} * 4096 * 5 / 4);
  buffers.clear();
  buffers.shrink_to_fit();
  EXPECT_LE(memory.allocated(), before + kSlack);
}

// A lane reads what the reactor keeps and frees: the sum must neither drift nor go below zero.
TEST(SystemMemory, CountsWhatOneThreadAllocatesAndAnotherFrees) {
  SystemMemory memory;
  const uint64_t before = memory.allocated();
  std::vector<std::string> handed_over;
  std::thread lane([&handed_over] {
    const CountedThread counted;
    for (int i = 0; i < 16; ++i) handed_over.emplace_back(kMegabyte, 'x');
  });
  lane.join();
  EXPECT_GE(memory.allocated(), before + 16 * kMegabyte);
  handed_over.clear();
  handed_over.shrink_to_fit();
  EXPECT_LE(memory.allocated(), before + kSlack);
}

TEST(SystemMemory, ASlotIsFreeAgainWhenItsThreadHasEnded) {
  SystemMemory memory;
  const uint64_t before = memory.allocated();
  for (size_t i = 0; i < 2 * kCountedThreadsMax; ++i) {
    std::thread([] { const CountedThread counted; }).join();
  }
  EXPECT_LE(memory.allocated(), before + kSlack);
}

TEST(SystemMemory, TheAllocatorsOwnTotalAgrees) {
  SystemMemory memory;
  const std::vector<char> large(64 * kMegabyte, 'x');
  const AllocatorFacts facts = allocator_facts();
  EXPECT_FALSE(facts.name.empty());
  EXPECT_GE(facts.allocated, 64 * kMegabyte);
  EXPECT_GE(facts.active, facts.allocated);
  EXPECT_GE(facts.resident, facts.allocated);
  const uint64_t counted = memory.allocated();
  EXPECT_LT(std::max(counted, facts.allocated) - std::min(counted, facts.allocated), 2 * kMegabyte);
}

// Giving pages back takes milliseconds for a few megabytes, and whoever frees must not wait for it.
TEST(SystemMemory, WhatIsFreedInOnePlaceIsReturnedLater) {
  if (allocator_facts().name == "sanitizer") GTEST_SKIP() << "it keeps what is freed anyway";
  return_memory_in_background();
  std::vector<std::unique_ptr<std::string>> pieces;
  for (int i = 0; i < 1024; ++i) pieces.push_back(std::make_unique<std::string>(60'000, 'x'));
  const uint64_t held = allocator_facts().resident;
  pieces.clear();
  EXPECT_GE(allocator_facts().resident + 8 * kMegabyte, held);
}

}  // namespace
}  // namespace leat::io
