#include "io/posix_clock.h"

#include <cerrno>

#include <sys/random.h>
#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/check.h"

namespace leat::io {
namespace {

timespec read_clock(clockid_t clock) {
  timespec now{};
  LEAT_CHECK(::clock_gettime(clock, &now) == 0);
  return now;
}

#if defined(__x86_64__)
constexpr int64_t kCalibrationNs = 2 * kNsPerMs;

// The counter runs at one rate whatever the processor's clock does, and never stops.
bool has_invariant_counter() {
  constexpr unsigned kPowerLeaf = 0x80000007;
  constexpr unsigned kInvariant = 1U << 8;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(kPowerLeaf, &a, &b, &c, &d) != 0 && (d & kInvariant) != 0;
}
#endif

}  // namespace

WallMs PosixClock::wall() {
  const timespec now = read_clock(CLOCK_REALTIME);
  return {now.tv_sec * 1000 + now.tv_nsec / kNsPerMs};
}

int64_t PosixClock::wall_us() {
  const timespec now = read_clock(CLOCK_REALTIME);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

MonoNs PosixClock::mono() {
  const timespec now = read_clock(CLOCK_MONOTONIC);
  return {now.tv_sec * kNsPerSecond + now.tv_nsec};
}

// Two readings a few milliseconds apart give the counter's rate to better than a part in a thousand; the system's
// clock, which is disciplined and exact, costs several times as much to read in a virtual machine.
PosixClock::PosixClock() {
#if defined(__x86_64__)
  if (!has_invariant_counter()) return;
  const int64_t start_ns = mono().value;
  const uint64_t start = __builtin_ia32_rdtsc();
  int64_t elapsed_ns = 0;
  while (elapsed_ns < kCalibrationNs) elapsed_ns = mono().value - start_ns;
  const uint64_t ticks = __builtin_ia32_rdtsc() - start;
  if (ticks != 0) scale_ = (static_cast<uint64_t>(elapsed_ns) << 32) / ticks;
#endif
}

int64_t PosixClock::stopwatch() {
#if defined(__x86_64__)
  if (scale_ != 0) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<int64_t>(
        static_cast<uint64_t>((Wide{__builtin_ia32_rdtsc()} * scale_) >> 32));
  }
#endif
  return mono().value;
}

int64_t PosixClock::thread_cpu() {
  const timespec spent = read_clock(CLOCK_THREAD_CPUTIME_ID);
  return spent.tv_sec * kNsPerSecond + spent.tv_nsec;
}

uint64_t PosixRandom::next() {
  if (used_ == block_.size()) {
    ssize_t got = 0;
    do {
      got = ::getrandom(block_.data(), sizeof block_, 0);
    } while (got < 0 && errno == EINTR);
    LEAT_CHECK(got == static_cast<ssize_t>(sizeof block_));
    used_ = 0;
  }
  return block_[used_++];
}

}  // namespace leat::io
