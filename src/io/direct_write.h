// DirectWrite: a synced write of the commit lane as one operation of the ring, past the page cache.
//
// Contract   takes a kWriteSync whose place and size are whole blocks and whose file has a direct descriptor; what the
//            file then refuses is for the lane to do. One at a time, like the lane. The bytes are copied when the job
//            is taken.
// Cost       on ext4 in a virtual machine some 76 us of processor time a commit; a thread that writes, syncs and wakes
//            the loop 129 (docs/adr/0002).
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

#include <liburing.h>

#include "base/result.h"
#include "io/io.h"

namespace leat::io {

class DirectWrite {
 public:
  // False, and nothing done: the job is for the lane.
  [[nodiscard]] bool take(const DiskJob& job);
  // A job is taken and not completed.
  [[nodiscard]] bool busy() const { return stage_ != Stage::kNone; }
  // A job is taken and not submitted.
  [[nodiscard]] bool due() const { return stage_ == Stage::kDue; }
  // All fields but user_data.
  void prepare(io_uring_sqe& submission);
  // Ends the job that was submitted. Nothing: the lane has to do job(), which remains until the next is taken.
  [[nodiscard]] std::optional<Status> complete(int result);
  [[nodiscard]] const DiskJob& job() const { return job_; }

 private:
  enum class Stage : uint8_t { kNone, kDue, kSubmitted };
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  DiskJob job_;
  Stage stage_ = Stage::kNone;
  int descriptor_ = -1;
  bool refused_ = false;  // Once is enough: all the files are on one file system.
  size_t capacity_ = 0;
  std::unique_ptr<void, Free> block_;
};

}  // namespace leat::io
