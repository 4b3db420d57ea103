// Timer: processor time of the calling thread, so that what other programs on the machine take is not in it.
#pragma once

#include <time.h>

namespace leat {

class Timer {
 public:
  // Since it was made.
  [[nodiscard]] double ns() const { return read() - start_; }

 private:
  static double read() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  }
  double start_ = read();
};

}  // namespace leat
