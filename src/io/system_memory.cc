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

std::array<Sums, kCountedThreadsMax> threads;
// How many slots have ever been taken.
std::atomic<size_t> slots{0};
// What threads held when they ceased to be counted. Wraps around where others have freed it.
std::atomic<uint64_t> held_by_ended{0};
// How much of it is the calling thread's, which may be counted again.
thread_local uint64_t settled_here = 0;

template <typename Value>
Value setting(const char* name) {
  Value value{};
  size_t size = sizeof(value);
  LEAT_CHECK(::mallctl(name, &value, &size, nullptr, 0) == 0);
  return value;
}

}  // namespace

CountedThread::CountedThread() {
  const auto* const allocated = setting<const uint64_t*>("thread.allocatedp");
  const auto* const freed = setting<const uint64_t*>("thread.deallocatedp");
  for (;; ++slot_) {
    LEAT_CHECK(slot_ < threads.size());
    const uint64_t* free_slot = nullptr;
    if (!threads[slot_].allocated.compare_exchange_strong(free_slot, allocated)) continue;
    threads[slot_].settled = settled_here;
    threads[slot_].freed.store(freed, std::memory_order_release);
    break;
  }
  size_t taken = slots.load();
  while (taken <= slot_ && !slots.compare_exchange_weak(taken, slot_ + 1)) {
  }
}

CountedThread::~CountedThread() {
  const uint64_t held = threads[slot_].held();
  held_by_ended.fetch_add(held);
  settled_here += held;
  threads[slot_].freed.store(nullptr);
  threads[slot_].allocated.store(nullptr);
}

uint64_t SystemMemory::allocated() {
  uint64_t sum = held_by_ended.load(std::memory_order_relaxed);
  const size_t taken = slots.load(std::memory_order_relaxed);
  for (size_t i = 0; i < taken; ++i) sum += threads[i].held();
  // A thread was read before another freed what it had allocated meanwhile.
  return static_cast<int64_t>(sum) < 0 ? 0 : sum;
}

uint64_t SystemMemory::handed_out() {
  return *threads[own_.slot_].allocated.load(std::memory_order_relaxed);
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
          .resident = setting<size_t>("stats.resident")};
}

void return_memory_in_background() {
  bool on = true;
  // Refused when the system grants no thread; the threads that allocate then do what they can.
  static_cast<void>(::mallctl("background_thread", nullptr, nullptr, &on, sizeof(on)));
}

namespace {

// The allocator takes address space in steps that grow by a fifth and does not give it back, so these are few.
struct Grown {
  void* at = nullptr;
  size_t size = 0;
};
std::array<Grown, 128> grown;
std::atomic<size_t> grown_count{0};
// What the thread's arena had before, which still does all the work. It stays: another thread may be in the middle of
// growing the same arena when the hooks are put back.
std::atomic<extent_hooks_t*> usual{nullptr};
std::atomic<bool> growth_exists{false};

void* grow(extent_hooks_t* /*hooks*/, void* wanted, size_t size, size_t alignment, bool* zero,
           bool* commit, unsigned arena) {
  extent_hooks_t* const hooks = usual.load(std::memory_order_relaxed);
  void* const at = hooks->alloc(hooks, wanted, size, alignment, zero, commit, arena);
  if (at == nullptr) return nullptr;
  const size_t index = grown_count.fetch_add(1, std::memory_order_relaxed);
  if (index >= grown.size()) return at;
  // It is advice: without huge pages everything works as well.
  if (::madvise(at, size, MADV_HUGEPAGE) == 0) grown[index] = {at, size};
  return at;
}

extent_hooks_t growing;

std::string hooks_of_this_thread() {
  return "arena." + std::to_string(setting<unsigned>("thread.arena")) + ".extent_hooks";
}

}  // namespace

HeapGrowth::HeapGrowth() {
  const std::string name = hooks_of_this_thread();
  auto* const hooks = setting<extent_hooks_t*>(name.c_str());
  LEAT_CHECK(!growth_exists.exchange(true));
  usual = hooks;
  grown_count = 0;
  growing = *hooks;
  growing.alloc = &grow;
  extent_hooks_t* with_advice = &growing;
  // Refused when the allocator has been built without it.
  static_cast<void>(::mallctl(name.c_str(), nullptr, nullptr, &with_advice, sizeof(with_advice)));
}

HeapGrowth::~HeapGrowth() {
  extent_hooks_t* hooks = usual;
  const std::string name = hooks_of_this_thread();
  static_cast<void>(::mallctl(name.c_str(), nullptr, nullptr, &hooks, sizeof(hooks)));
  const size_t count = std::min(grown_count.load(), grown.size());
  for (size_t i = 0; i < count; ++i) {
    if (grown[i].at != nullptr)
      static_cast<void>(::madvise(grown[i].at, grown[i].size, MADV_NOHUGEPAGE));
  }
  growth_exists = false;
}

#endif

}  // namespace leat::io
