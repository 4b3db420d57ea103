#include "io/local_events.h"

#include <cerrno>
#include <optional>
#include <utility>

#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"
#include "io/system_error.h"

namespace leat::io {

Result<std::unique_ptr<LocalEvents>> LocalEvents::create(Disk& disk) {
  Descriptor wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake.valid()) return system_error("create", "an event descriptor", errno);

  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGTERM);
  ::sigaddset(&wanted, SIGINT);
  Descriptor signals(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) return system_error("create", "a signal descriptor", errno);

  sigset_t before;
  LEAT_CHECK(::pthread_sigmask(SIG_BLOCK, &wanted, &before) == 0);
  for (const int ignored : {SIGPIPE, SIGHUP, SIGXFSZ}) ::signal(ignored, SIG_IGN);
  return std::unique_ptr<LocalEvents>(
      new LocalEvents(std::move(wake), std::move(signals), before, disk));
}

LocalEvents::LocalEvents(Descriptor wake, Descriptor signals, const sigset_t& mask_before,
                         Disk& disk)
    : wake_(std::move(wake)),
      signals_(std::move(signals)),
      mask_before_(mask_before),
      lanes_{DiskLane("leat-commit", Urgency::kServing, disk, [this] { this->wake(); }),
             DiskLane("leat-background", Urgency::kServing, disk, [this] { this->wake(); }),
             DiskLane("leat-sync", Urgency::kServing, disk, [this] { this->wake(); }),
             DiskLane("leat-checkpoint", Urgency::kBehind, disk, [this] { this->wake(); }),
             DiskLane("leat-frames", Urgency::kBehind, disk, [this] { this->wake(); }),
             DiskLane("leat-fetch", Urgency::kServing, disk, [this] { this->wake(); })} {}

LocalEvents::~LocalEvents() {
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void LocalEvents::start(Lane lane, DiskJob job) {
  lanes_[static_cast<size_t>(lane)].start(std::move(job));
}

void LocalEvents::wake() {
  const uint64_t one = 1;
  ssize_t put = 0;
  do {
    put = ::write(wake_.get(), &one, sizeof one);
  } while (put < 0 && errno == EINTR);
  LEAT_CHECK(put == sizeof one);
}

void LocalEvents::report_disk(Handler& handler) {
  for (size_t i = 0; i < kLanes; ++i) {
    std::optional<Status> status = lanes_[i].take_completed();
    if (status) handler.on_disk(static_cast<Lane>(i), std::move(*status));
  }
}

void LocalEvents::report_signals(Handler& handler) {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
    handler.on_signal(static_cast<int>(signal.ssi_signo));
  }
}

}  // namespace leat::io
