#include "io/system_memory.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/check.h"
#include "io/heap_growth.h"
#include "io/process.h"

#ifdef LEAT_SANITIZED
// Part of the interface of every sanitizer, in a header that not every compiler brings.
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#else
#include "io/allocator_settings.h"
#endif

namespace leat::io {

#ifdef LEAT_SANITIZED

CountedThread::CountedThread() = default;
CountedThread::~CountedThread() = default;

uint64_t SystemMemory::allocated() {
  return __sanitizer_get_current_allocated_bytes();
}

uint64_t SystemMemory::handed_out() {
  constexpr uint64_t kMore = uint64_t{1} << 40;
  return own_.handed_out_ += kMore;
}

AllocatorFacts allocator_facts() {
  const uint64_t allocated = __sanitizer_get_current_allocated_bytes();
  return {.name = "sanitizer",
          .allocated = allocated,
          .active = allocated,
          .resident = std::max(allocated, resident_bytes())};
}

void return_memory_in_background() {}

#else

namespace {

// The sums of one thread. The allocator writes them as it allocates, without synchronisation: another thread reads
// a value of a moment ago. Null: free.
struct Sums {
  std::atomic<const uint64_t*> allocated{nullptr};
  std::atomic<const uint64_t*> freed{nullptr};
  uint64_t settled = 0;  // What of it held_by_ended has already.

  [[nodiscard]] uint64_t held() const {
    const uint64_t* const in = allocated.load(std::memory_order_acquire);
    const uint64_t* const out = freed.load(std::memory_order_acquire);
    if (in == nullptr || out == nullptr) return 0;
    return __atomic_load_n(in, __ATOMIC_RELAXED) - __atomic_load_n(out, __ATOMIC_RELAXED) - settled;
  }
};

struct Counting {
  std::array<Sums, kCountedThreadsMax> threads;
  // How many slots have ever been taken.
  std::atomic<size_t> slots{0};
  // What threads held when they ceased to be counted. Wraps around where others have freed it.
  std::atomic<uint64_t> held_by_ended{0};
};

// Of the process, like the allocator.
Counting& counting() {
  static Counting of_process;
  return of_process;
}

// How much of held_by_ended is the calling thread's, which may be counted again.
uint64_t& settled_here() {
  thread_local uint64_t bytes = 0;
  return bytes;
}

}  // namespace

CountedThread::CountedThread() {
  Counting& all = counting();
  const auto* const allocated = setting<const uint64_t*>("thread.allocatedp");
  const auto* const freed = setting<const uint64_t*>("thread.deallocatedp");
  for (;; ++slot_) {
    LEAT_CHECK(slot_ < all.threads.size());
    const uint64_t* free_slot = nullptr;
    if (!all.threads[slot_].allocated.compare_exchange_strong(free_slot, allocated)) continue;
    all.threads[slot_].settled = settled_here();
    all.threads[slot_].freed.store(freed, std::memory_order_release);
    break;
  }
  size_t taken = all.slots.load();
  while (taken <= slot_ && !all.slots.compare_exchange_weak(taken, slot_ + 1)) {
  }
}

CountedThread::~CountedThread() {
  Sums& own = counting().threads[slot_];
  const uint64_t held = own.held();
  counting().held_by_ended.fetch_add(held);
  settled_here() += held;
  own.freed.store(nullptr);
  own.allocated.store(nullptr);
}

uint64_t SystemMemory::allocated() {
  const Counting& all = counting();
  uint64_t sum = all.held_by_ended.load(std::memory_order_relaxed);
  const size_t taken = all.slots.load(std::memory_order_relaxed);
  for (size_t i = 0; i < taken; ++i) sum += all.threads[i].held();
  // A thread was read before another freed what it had allocated meanwhile.
  return static_cast<int64_t>(sum) < 0 ? 0 : sum;
}

uint64_t SystemMemory::handed_out() {
  return *counting().threads[own_.slot_].allocated.load(std::memory_order_relaxed);
}

AllocatorFacts allocator_facts() {
  // The statistics are those of the last epoch.
  uint64_t epoch = 1;
  size_t size = sizeof(epoch);
  LEAT_CHECK(::mallctl("epoch", &epoch, &size, &epoch, size) == 0);
  const std::string version = setting<const char*>("version");
  return {.name = "jemalloc-" + version.substr(0, version.find('-')),
          .allocated = setting<size_t>("stats.allocated"),
          .active = setting<size_t>("stats.active"),
          .resident = setting<size_t>("stats.resident"),
          .backed_ahead = heap_backed_ahead()};
}

void return_memory_in_background() {
  // Refused as well when the system grants no thread; the threads that allocate then do what they can.
  try_setting("background_thread", true);
  // By default, whoever frees the last piece of free space of 8 MB returns all of that on the spot: milliseconds.
  constexpr size_t kNever = ~size_t{0};
  try_setting(setting_of_this_arena("oversize_threshold").c_str(), kNever);
}

#endif

}  // namespace leat::io
