// The pages of the heap, asked for before they are touched.
//
// Of a sanitizer's allocator nothing is known: all of this does nothing there.
//
// Source: jemalloc(3), arena.<i>.extent_hooks; madvise(2), MADV_POPULATE_WRITE.
#pragma once

#include <cstdint>
#include <thread>

namespace leat::io {

// From now on the system is asked for the pages by which the calling thread's heap grows before they are touched, 64 KB at
// a time: a page fault costs more than the page, in virtual machines several times as much. Pages that were returned
// and are needed again come by faults.
void back_heap_ahead();
// Bytes that the system has given so, since start; 0 where it does not know how.
[[nodiscard]] uint64_t heap_backed_ahead();

// HeapGrowth: while it lives, the system is asked to back with huge pages by what the calling thread's heap grows, and,
// after back_heap_ahead(), for up to 8 MB of them ahead, by a thread.
//
// For a process that fills gigabytes at once: a page fault per 4 KB took three quarters of the time of loading a log, and waiting
// for huge pages half of it. What was allocated meanwhile keeps its pages; afterwards no others are made huge there, so that what
// is freed stays freed.
// At most one at a time; made and destroyed on the same thread.
class HeapGrowth {
 public:
  HeapGrowth();
  HeapGrowth(const HeapGrowth&) = delete;
  HeapGrowth& operator=(const HeapGrowth&) = delete;
  ~HeapGrowth();

 private:
  std::thread thread_;
};

}  // namespace leat::io
