// UringRing: one io_uring with one ring of receive buffers, set up the way a reactor uses it.
//
// Set-up     SINGLE_ISSUER and DEFER_TASKRUN: completions are produced only inside our own call
//            into the kernel, on our own thread. The ring is created disabled and belongs to the
//            thread that enables it, so it may be created elsewhere.
// Thread     create() and destruction anywhere, everything else on the thread that called enable().
// Limits     kBuffers * kBufferBytes of received bytes per turn, over all connections.
// Source     io_uring(7), io_uring_setup(2), io_uring_enter(2). Needs Linux 6.1.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include <liburing.h>

#include "base/bytes.h"
#include "base/result.h"

namespace leat::io {

class UringRing {
 public:
  static constexpr unsigned kBuffers = 128;
  static constexpr unsigned kBufferBytes = 16U << 10;
  static constexpr uint16_t kBufferGroup = 0;

  //   errors  kUnavailable when the kernel is too old, or a container or policy forbids it.
  [[nodiscard]] static Result<std::unique_ptr<UringRing>> create();
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;
  ~UringRing();

  // Makes the calling thread the ring's only user.
  void enable();

  // The next free submission; all its fields but user_data are for the caller to prepare.
  // Submits what is queued when the queue is full. Never null.
  [[nodiscard]] io_uring_sqe* next_submission();

  // Submits everything queued and waits up to `wait_ns` for a completion; one system call.
  void submit_and_wait(int64_t wait_ns);

  // Completions that wait, at most `size`; valid until release_completions().
  [[nodiscard]] unsigned peek_completions(io_uring_cqe** out, unsigned size);
  void release_completions(unsigned count);

  // The received bytes that `completion` (with IORING_CQE_F_BUFFER) brought.
  [[nodiscard]] Bytes received(const io_uring_cqe& completion) const;
  // Gives the buffer of `completion` back to the kernel.
  void recycle(const io_uring_cqe& completion);

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  UringRing() = default;
  Status set_up_buffers();
  [[nodiscard]] char* buffer(unsigned id) const {
    return static_cast<char*>(buffers_.get()) + size_t{id} * kBufferBytes;
  }

  io_uring ring_{};
  bool has_ring_ = false;
  std::unique_ptr<void, Free> buffer_ring_;
  std::unique_ptr<void, Free> buffers_;
};

}  // namespace leat::io
