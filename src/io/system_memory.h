// SystemMemory: what this process has allocated, as its allocator counts it; and how it gives memory back.
//
// The allocator (jemalloc) keeps two sums for each thread: of what it has handed out to it, and of what it
// has taken back from it, each allocation as large as the allocator has made it. The sum over threads of
// their differences is what the process holds, whoever frees what another has allocated. A sanitizer brings
// its own allocator, which counts for the whole process.
//
// Source: jemalloc(3), thread.allocatedp, thread.deallocatedp, background_thread.
#pragma once

#include <cstdint>
#include <string>

#include "io/io.h"

namespace leat::io {

// CountedThread: while it lives, what its thread allocates and frees is part of SystemMemory::allocated(); all of
// what it ever has, also before. Made and destroyed on the thread itself. At most kCountedThreadsMax at a time.
class CountedThread {
 public:
  CountedThread();
  CountedThread(const CountedThread&) = delete;
  CountedThread& operator=(const CountedThread&) = delete;
  ~CountedThread();

 private:
  friend class SystemMemory;

  [[maybe_unused]] size_t slot_ = 0;
  [[maybe_unused]] uint64_t handed_out_ =
      0;  // Where the allocator does not count it: enough for allocated().
};

constexpr size_t kCountedThreadsMax = 64;

class SystemMemory final : public Memory {
 public:
  // Only on a thread that outlives the counted ones, or waits for their end.
  [[nodiscard]] uint64_t allocated() override;
  // Of the thread that has made it.
  [[nodiscard]] uint64_t handed_out() override;

 private:
  CountedThread own_;  // The thread that has made it.
};

// What the allocator says about the whole process. Bytes.
struct AllocatorFacts {
  std::string name;
  uint64_t allocated = 0;
  uint64_t active = 0;    // Of pages that hold something.
  uint64_t resident = 0;  // Of pages that the system has given and not got back, about.
  uint64_t backed_ahead =
      0;  // By back_heap_ahead(), since start; 0 where the system does not know how.
};
// Takes tens of microseconds.
[[nodiscard]] AllocatorFacts allocator_facts();

// From now on a thread of the allocator returns free pages to the system, those that have been free for about ten
// seconds; without it only the threads that allocate do so, while they do. The calling thread then never waits for the
// system to take pages back, however much of them it frees in one place. Call after the last fork.
void return_memory_in_background();

}  // namespace leat::io
