#include "io/lane_thread.h"

#include <utility>

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"

namespace leat::io {

namespace {

constexpr int kBehindBy = 10;

// Of the calling thread. Where it is refused (a sandbox), everything works, with longer turns.
void step_behind() {
  const auto self = static_cast<id_t>(::gettid());
  static_cast<void>(
      ::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + kBehindBy));
}

}  // namespace

std::thread start_thread(const std::string& name, Urgency urgency, std::function<void()> run) {
  // It is born with all signals blocked.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  LEAT_CHECK(::pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
  std::thread thread([urgency, run = std::move(run)] {
    if (urgency == Urgency::kBehind) step_behind();
    run();
  });
  ::pthread_setname_np(thread.native_handle(), name.substr(0, 15).c_str());
  LEAT_CHECK(::pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
  return thread;
}

}  // namespace leat::io
