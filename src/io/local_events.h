// LocalEvents: what reaches a Loop from its own process instead of from a socket: finished disk
// jobs, wake() from other threads, and signals. Both loops wait on its two descriptors.
//
// Contract   construct it before the process has other threads: SIGTERM and SIGINT are blocked in
//            the constructing thread, and threads inherit that. SIGPIPE, SIGHUP and SIGXFSZ are
//            ignored process-wide: their cause is reported as an error of the call, or means nothing.
// Thread     wake() from any thread, the rest from the reactor.
#pragma once

#include <array>
#include <memory>

#include <signal.h>

#include "base/result.h"
#include "io/descriptor.h"
#include "io/disk_lane.h"
#include "io/io.h"

namespace leat::io {

class LocalEvents {
 public:
  //   errors  kIo when the system is out of descriptors.
  [[nodiscard]] static Result<std::unique_ptr<LocalEvents>> create(Disk& disk);
  LocalEvents(const LocalEvents&) = delete;
  LocalEvents& operator=(const LocalEvents&) = delete;
  ~LocalEvents();

  // An eventfd in blocking mode: readable once something was completed or wake() was called.
  [[nodiscard]] int wake_descriptor() const { return wake_.get(); }
  // A signalfd, non-blocking: readable while a signal waits.
  [[nodiscard]] int signal_descriptor() const { return signals_.get(); }

  void start(Lane lane, DiskJob job);
  void wake();

  void report_disk(Handler& handler);
  void report_signals(Handler& handler);

 private:
  LocalEvents(Descriptor wake, Descriptor signals, const sigset_t& mask_before, Disk& disk);

  Descriptor wake_;
  Descriptor signals_;
  sigset_t mask_before_;
  std::array<DiskLane, kLanes> lanes_;
};

}  // namespace leat::io
