// How the heap gets its pages.
//
//   a step      | used ...        | there, not used | not there yet            |
//               begin             reached           backed                     end
//
// A page fault costs more than the page, so the allocator's own thread asks for some pages more when it is about to use
// some that are not there. While gigabytes are loaded that is not enough: where the host of a virtual machine must find memory
// first, a huge page takes 4 ms, and the loading would wait for half of its time. So a thread goes ahead. Where it falls
// behind, pages come by faults.
#include "io/heap_growth.h"

#ifndef LEAT_SANITIZED
#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <string>

#include <sys/mman.h>

#include "base/check.h"
#include "io/allocator_settings.h"
#include "io/lane_thread.h"
#endif

namespace leat::io {

#ifdef LEAT_SANITIZED

uint64_t heap_backed_ahead() {
  return 0;
}
void back_heap_ahead() {}

HeapGrowth::HeapGrowth() = default;
HeapGrowth::~HeapGrowth() = default;

#else

namespace {

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

  // The rest serves HeapGrowth, whose thread must see a step as a whole.
  std::mutex step_changes;
  std::atomic<uintptr_t> begin{0};  // Of the newest step.
  // Up to where the heap has come; in the newest step, or before it.
  std::atomic<uintptr_t> reached{0};
  std::atomic<bool> growing{false};
  std::atomic<uint32_t> moves{0};  // Counts the huge pages that the heap has come to.

  // Without the thread: what came by faults need not be asked for.
  void go_on() {
    const std::lock_guard lock(step_changes);
    const uintptr_t here = reached;
    if (here >= begin && here <= end) backed = std::max(backed.load(), here);
  }
};

// Of the process, like the allocator.
Backing& backing() {
  static Backing of_process;
  return of_process;
}

// How far ahead of what the heap has reached its pages are there. One call for 64 KB takes some 15 us.
constexpr uintptr_t kBackedAhead = uintptr_t{64} << 10;

// The same while the heap grows by gigabytes, which a thread does then; but no more than a quarter of what it has grown.
constexpr uintptr_t kGrownAhead = uintptr_t{8} << 20;
constexpr uintptr_t kHugePage = uintptr_t{2} << 20;

// NOLINTNEXTLINE(readability-function-size): the allocator calls it so.
void* take_step(extent_hooks_t* /*hooks*/, void* wanted, size_t size, size_t alignment, bool* zero,
                bool* commit, unsigned arena) {
  Backing& all = backing();
  void* const at = all.usual->alloc(all.usual, wanted, size, alignment, zero, commit, arena);
  if (at == nullptr) return nullptr;
  // Where they do not belong together for a moment, pages may come by faults: only those of an extent that is about to
  // be used are ever asked for.
  const auto begin = reinterpret_cast<uintptr_t>(at);
  const std::lock_guard lock(all.step_changes);
  all.begin.store(begin, std::memory_order_relaxed);
  all.end.store(begin + size, std::memory_order_relaxed);
  all.backed.store(begin, std::memory_order_relaxed);
  return at;
}

// Asks for the pages [from, to), which are part of a step.
void back(uintptr_t from, uintptr_t to) {
  // It is advice, which systems before Linux 5.14 do not know: without it everything works as well.
  // NOLINTNEXTLINE(performance-no-int-to-ptr): what the allocator has taken is known by its place.
  if (::madvise(reinterpret_cast<void*>(from), to - from, MADV_POPULATE_WRITE) == 0)
    backing().bytes.fetch_add(to - from, std::memory_order_relaxed);
}

// Asks for the next huge page of the newest step, unless it is `ahead` or more beyond what the heap has reached.
bool back_huge_page(uintptr_t ahead) {
  Backing& all = backing();
  uintptr_t from = 0;
  uintptr_t to = 0;
  {
    const std::lock_guard lock(all.step_changes);
    const uintptr_t end = all.end.load(std::memory_order_relaxed);
    const uintptr_t reached = all.reached.load(std::memory_order_relaxed);
    // Nothing of a step that is newer than what has been reached is asked for.
    if (reached < all.begin.load(std::memory_order_relaxed) || reached > end) return false;
    // Two threads that touch the same huge page both wait for all of it: the one that the heap is at is left to it.
    from =
        std::max(all.backed.load(std::memory_order_relaxed), (reached / kHugePage + 1) * kHugePage);
    to = std::min(from + kHugePage, end);
    if (from >= end || from >= reached + ahead) return false;
    all.backed.store(to, std::memory_order_relaxed);
  }
  back(from, to);
  return true;
}

// The thread of HeapGrowth.
void back_huge_pages() {
  Backing& all = backing();
  const uint32_t begun = all.moves.load();
  while (all.growing.load()) {
    const uint32_t moves = all.moves.load();
    const uintptr_t grown = (moves - begun) * kHugePage;
    if (!back_huge_page(std::min(kGrownAhead, grown / 4))) all.moves.wait(moves);
  }
}

// The heap has come to `reached`, in the newest step: the thread goes on.
void grow_to(Backing& all, uintptr_t reached) {
  const uintptr_t before = all.reached.exchange(reached, std::memory_order_relaxed);
  if (before / kHugePage == reached / kHugePage) return;
  all.moves.fetch_add(1);
  all.moves.notify_one();
}

// The allocator is about to use the first `used` bytes of the `size` at `at`.
// NOLINTNEXTLINE(readability-function-size): the allocator calls it so.
bool back_ahead(extent_hooks_t* /*hooks*/, void* at, size_t size, size_t used, size_t rest,
                bool committed, unsigned arena) {
  Backing& all = backing();
  const auto begin = reinterpret_cast<uintptr_t>(at);
  const uintptr_t end = all.end.load(std::memory_order_relaxed);
  if (all.growing.load(std::memory_order_relaxed)) {
    if (begin >= all.begin.load(std::memory_order_relaxed) && begin + size <= end)
      grow_to(all, begin + used);
    return all.usual->split(all.usual, at, size, used, rest, committed, arena);
  }
  uintptr_t backed = all.backed.load(std::memory_order_relaxed);
  const bool reaches_new = begin <= backed && begin + used > backed && begin + size <= end;
  if (reaches_new) {
    const uintptr_t wanted = std::min(begin + used + kBackedAhead, begin + size);
    if (all.backed.compare_exchange_strong(backed, wanted, std::memory_order_relaxed))
      back(backed, wanted);
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

uint64_t heap_backed_ahead() {
  return backing().bytes.load(std::memory_order_relaxed);
}

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
  backing().growing = true;
  thread_ = start_thread("leat-heap", Urgency::kServing, &back_huge_pages);
}

HeapGrowth::~HeapGrowth() {
  Growth& all = growth();
  backing().growing = false;
  backing().moves.fetch_add(1);
  backing().moves.notify_one();
  thread_.join();
  backing().go_on();
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
