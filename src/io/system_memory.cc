#include "io/system_memory.h"

#include <algorithm>
#include <array>
#include <atomic>

#include <sys/mman.h>

#include "base/check.h"
#include "io/process.h"

#ifdef LEAT_SANITIZED
// Part of the interface of every sanitizer, in a header that not every compiler brings.
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#else
#include <jemalloc/jemalloc.h>
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
void back_heap_ahead() {}

HeapGrowth::HeapGrowth() = default;
HeapGrowth::~HeapGrowth() = default;

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

template <typename Value>
Value setting(const char* name) {
  std::array<Value, 1> value{};
  size_t size = sizeof(value);
  LEAT_CHECK(::mallctl(name, static_cast<void*>(value.data()), &size, nullptr, 0) == 0);
  return value[0];
}

// Refused where the allocator has been built without it.
template <typename Value>
void try_setting(const char* name, Value wanted) {
  std::array<Value, 1> value{wanted};
  void* const at = static_cast<void*>(value.data());
  static_cast<void>(::mallctl(name, nullptr, nullptr, at, sizeof(value)));
}

// The allocator takes address space in steps that grow by a fifth, does not give it back, and uses each from its
// low end on. Other threads may share the arena.
struct Backing {
  extent_hooks_t hooks{};
  // What the arena had before, which still does all the work. Null: back_heap_ahead() has not been called.
  extent_hooks_t* usual = nullptr;
  // Of the newest step: up to where the system has been asked for pages, and where it ends.
  std::atomic<uintptr_t> backed{0};
  std::atomic<uintptr_t> end{0};
  std::atomic<uint64_t> bytes{0};  // What the system has given so, since start.
};

// Of the process, like the allocator.
Backing& backing() {
  static Backing of_process;
  return of_process;
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
          .backed_ahead = backing().bytes.load(std::memory_order_relaxed)};
}

namespace {

std::string setting_of_this_arena(const std::string& name) {
  return "arena." + std::to_string(setting<unsigned>("thread.arena")) + "." + name;
}

}  // namespace

void return_memory_in_background() {
  // Refused as well when the system grants no thread; the threads that allocate then do what they can.
  try_setting("background_thread", true);
  // By default, whoever frees the last piece of free space of 8 MB returns all of that on the spot: milliseconds.
  constexpr size_t kNever = ~size_t{0};
  try_setting(setting_of_this_arena("oversize_threshold").c_str(), kNever);
}

namespace {

// How far ahead of what the heap has reached its pages are there. One call for 64 KB takes some 15 us.
constexpr uintptr_t kBackedAhead = uintptr_t{64} << 10;

// NOLINTNEXTLINE(readability-function-size): the allocator calls it so.
void* take_step(extent_hooks_t* /*hooks*/, void* wanted, size_t size, size_t alignment, bool* zero,
                bool* commit, unsigned arena) {
  Backing& all = backing();
  void* const at = all.usual->alloc(all.usual, wanted, size, alignment, zero, commit, arena);
  if (at == nullptr) return nullptr;
  // Where they do not belong together for a moment, pages may come by faults: only those of an extent that is about to
  // be used are ever asked for.
  const auto begin = reinterpret_cast<uintptr_t>(at);
  all.end.store(begin + size, std::memory_order_relaxed);
  all.backed.store(begin, std::memory_order_relaxed);
  return at;
}

// The allocator is about to use the first `used` bytes of the `size` at `at`.
// NOLINTNEXTLINE(readability-function-size): the allocator calls it so.
bool back_ahead(extent_hooks_t* /*hooks*/, void* at, size_t size, size_t used, size_t rest,
                bool committed, unsigned arena) {
  Backing& all = backing();
  const auto begin = reinterpret_cast<uintptr_t>(at);
  const uintptr_t end = all.end.load(std::memory_order_relaxed);
  uintptr_t backed = all.backed.load(std::memory_order_relaxed);
  const bool reaches_new = begin <= backed && begin + used > backed && begin + size <= end;
  if (reaches_new) {
    const uintptr_t wanted = std::min(begin + used + kBackedAhead, begin + size);
    if (all.backed.compare_exchange_strong(backed, wanted, std::memory_order_relaxed) &&
        // It is advice, which systems before Linux 5.14 do not know: without it everything works as well.
        ::madvise(static_cast<char*>(at) + (backed - begin), wanted - backed,
                  MADV_POPULATE_WRITE) == 0) {
      all.bytes.fetch_add(wanted - backed, std::memory_order_relaxed);
    }
  }
  return all.usual->split(all.usual, at, size, used, rest, committed, arena);
}

struct Grown {
  void* at = nullptr;
  size_t size = 0;
};
struct Growth {
  std::array<Grown, 128> grown;
  std::atomic<size_t> count{0};
  std::atomic<extent_hooks_t*> usual{nullptr};
  extent_hooks_t growing{};
  std::atomic<bool> exists{false};
};

// Of the process, like the allocator.
Growth& growth() {
  static Growth of_process;
  return of_process;
}

// NOLINTNEXTLINE(readability-function-size): the allocator calls it so.
void* grow(extent_hooks_t* /*hooks*/, void* wanted, size_t size, size_t alignment, bool* zero,
           bool* commit, unsigned arena) {
  Growth& all = growth();
  extent_hooks_t* const hooks = all.usual.load(std::memory_order_relaxed);
  void* const at = hooks->alloc(hooks, wanted, size, alignment, zero, commit, arena);
  if (at == nullptr) return nullptr;
  const size_t index = all.count.fetch_add(1, std::memory_order_relaxed);
  if (index >= all.grown.size()) return at;
  // It is advice: without huge pages everything works as well.
  if (::madvise(at, size, MADV_HUGEPAGE) == 0) all.grown[index] = {at, size};
  return at;
}

}  // namespace

void back_heap_ahead() {
  Backing& all = backing();
  if (all.usual != nullptr) return;
  const std::string name = setting_of_this_arena("extent_hooks");
  all.usual = setting<extent_hooks_t*>(name.c_str());
  all.hooks = *all.usual;
  all.hooks.alloc = &take_step;
  all.hooks.split = &back_ahead;
  try_setting(name.c_str(), &all.hooks);
}

HeapGrowth::HeapGrowth() {
  Growth& all = growth();
  const std::string name = setting_of_this_arena("extent_hooks");
  auto* const hooks = setting<extent_hooks_t*>(name.c_str());
  LEAT_CHECK(!all.exists.exchange(true));
  all.usual = hooks;
  all.count = 0;
  all.growing = *hooks;
  all.growing.alloc = &grow;
  try_setting(name.c_str(), &all.growing);
}

HeapGrowth::~HeapGrowth() {
  Growth& all = growth();
  try_setting(setting_of_this_arena("extent_hooks").c_str(), all.usual.load());
  const size_t count = std::min(all.count.load(), all.grown.size());
  for (size_t i = 0; i < count; ++i) {
    if (all.grown[i].at != nullptr)
      static_cast<void>(::madvise(all.grown[i].at, all.grown[i].size, MADV_NOHUGEPAGE));
  }
  all.exists = false;
}

#endif

}  // namespace leat::io
