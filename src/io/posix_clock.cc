#include "io/posix_clock.h"

#include <cerrno>

#include <sys/random.h>
#include <time.h>

#include "base/check.h"

namespace leat::io {
namespace {

timespec read_clock(clockid_t clock) {
  timespec now{};
  LEAT_CHECK(::clock_gettime(clock, &now) == 0);
  return now;
}

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
  return {now.tv_sec * 1'000'000'000 + now.tv_nsec};
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
