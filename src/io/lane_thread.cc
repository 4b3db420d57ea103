#include "io/lane_thread.h"

#include <utility>

#include <pthread.h>
#include <signal.h>

#include "base/check.h"

namespace leat::io {

std::thread start_thread(const std::string& name, std::function<void()> run) {
  // It is born with all signals blocked.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  LEAT_CHECK(::pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
  std::thread thread(std::move(run));
  ::pthread_setname_np(thread.native_handle(), name.substr(0, 15).c_str());
  LEAT_CHECK(::pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
  return thread;
}

}  // namespace leat::io
