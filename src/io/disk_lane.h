// DiskLane: one thread that runs one blocking DiskJob at a time, so that a reactor never blocks.
//
// Contract   start() while idle; the thread runs the job and calls `wake`; take_completed() then
//            gives its status once and the lane is idle again. Or wait_completed(), which waits for it.
// Thread     start(), take_completed() and wait_completed() belong to the reactor; `wake` is called by the lane.
// Ownership  the Disk outlives the lane. Destruction waits for the job in flight.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "io/io.h"
#include "io/lane_thread.h"

namespace leat::io {

class DiskLane {
 public:
  // `name`, up to 15 characters, is what the operating system's tools show for the thread.
  DiskLane(const std::string& name, Urgency urgency, Disk& disk, std::function<void()> wake);
  DiskLane(const DiskLane&) = delete;
  DiskLane& operator=(const DiskLane&) = delete;
  ~DiskLane();

  void start(DiskJob job);
  [[nodiscard]] std::optional<Status> take_completed();
  [[nodiscard]] Status wait_completed();

 private:
  enum class State : uint8_t { kIdle, kStarted, kCompleted, kStopping };

  void run();

  Disk& disk_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kIdle;  // This and the next two are guarded by mutex_.
  DiskJob job_;
  Status status_;
  std::thread thread_;  // Last: it uses everything above.
};

// Runs `job` now, on the calling thread.
//   errors  those of File and Disk. A kPrepare that fails removes what it had created. After a kReplace that
//           fails either content may be there.
[[nodiscard]] Status run_disk_job(Disk& disk, const DiskJob& job);

}  // namespace leat::io
