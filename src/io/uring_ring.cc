#include "io/uring_ring.h"

#include <cerrno>
#include <cstring>

#include <fmt/core.h>

#include "base/check.h"
#include "base/time.h"
#include "io/system_error.h"

namespace leat::io {
namespace {

constexpr unsigned kSubmissions = 1024;
// Room for what many connections complete in one turn; more than that waits in the kernel.
constexpr unsigned kCompletions = 8192;
constexpr size_t kPageBytes = 4096;
static_assert(UringRing::kBuffers * sizeof(io_uring_buf) <= kPageBytes);

Error unavailable(const char* step, int code) {
  return system_error_as(Errc::kUnavailable, step, "io_uring", code);
}

// Success, the end of a wait, or a shortage that the next call overcomes; all else is our bug.
bool may_go_on(int code) {
  return code >= 0 || code == -ETIME || code == -EINTR || code == -EAGAIN || code == -EBUSY;
}

}  // namespace

Result<std::unique_ptr<UringRing>> UringRing::create() {
  std::unique_ptr<UringRing> created(new UringRing);
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
  params.cq_entries = kCompletions;
  if (const int code = ::io_uring_queue_init_params(kSubmissions, &created->ring_, &params);
      code != 0) {
    return unavailable("set up", -code);
  }
  created->has_ring_ = true;
  if (const Status made = created->set_up_buffers(); !made.ok()) return made.error();
  return created;
}

Status UringRing::set_up_buffers() {
  buffer_ring_.reset(std::aligned_alloc(kPageBytes, kPageBytes));
  buffers_.reset(std::aligned_alloc(kPageBytes, size_t{kBuffers} * kBufferBytes));
  LEAT_CHECK(buffer_ring_ != nullptr && buffers_ != nullptr);
  std::memset(buffer_ring_.get(), 0, kPageBytes);
  auto* const ring = static_cast<io_uring_buf_ring*>(buffer_ring_.get());
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uintptr_t>(ring);
  registration.ring_entries = kBuffers;
  registration.bgid = kBufferGroup;
  if (const int code = ::io_uring_register_buf_ring(&ring_, &registration, 0); code != 0) {
    return unavailable("register buffers with", -code);
  }
  ::io_uring_buf_ring_init(ring);
  for (unsigned id = 0; id < kBuffers; ++id) {
    ::io_uring_buf_ring_add(ring, buffer(id), kBufferBytes, static_cast<uint16_t>(id),
                            ::io_uring_buf_ring_mask(kBuffers), static_cast<int>(id));
  }
  ::io_uring_buf_ring_advance(ring, kBuffers);
  return {};
}

UringRing::~UringRing() {
  if (has_ring_) ::io_uring_queue_exit(&ring_);
}

void UringRing::enable() {
  // liburing 2.3 declares a function for this but does not export it.
  LEAT_CHECK(::io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_ENABLE_RINGS,
                                 nullptr, 0) == 0);
  // Saves a look-up per call; a kernel that refuses only costs that.
  [[maybe_unused]] const int outcome = ::io_uring_register_ring_fd(&ring_);
}

io_uring_sqe* UringRing::next_submission() {
  io_uring_sqe* next = ::io_uring_get_sqe(&ring_);
  while (next == nullptr) {
    const int code = ::io_uring_submit(&ring_);
    LEAT_CHECK(may_go_on(code));
    next = ::io_uring_get_sqe(&ring_);
  }
  return next;
}

void UringRing::submit_and_wait(int64_t wait_ns) {
  int code = 0;
  if (wait_ns > 0) {
    __kernel_timespec timeout{wait_ns / kNsPerSecond, wait_ns % kNsPerSecond};
    io_uring_cqe* first = nullptr;
    code = ::io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
  } else {
    code = ::io_uring_submit_and_get_events(&ring_);
  }
  // Sends borrow their bytes until poll() returns, so none of them may stay in the queue.
  while (::io_uring_sq_ready(&ring_) > 0) code = ::io_uring_submit(&ring_);
  LEAT_CHECK(may_go_on(code));
}

unsigned UringRing::peek_completions(io_uring_cqe** out, unsigned size) {
  return ::io_uring_peek_batch_cqe(&ring_, out, size);
}

void UringRing::release_completions(unsigned count) {
  ::io_uring_cq_advance(&ring_, count);
}

Bytes UringRing::received(const io_uring_cqe& completion) const {
  const unsigned id = completion.flags >> IORING_CQE_BUFFER_SHIFT;
  return {buffer(id), static_cast<size_t>(completion.res)};
}

void UringRing::recycle(const io_uring_cqe& completion) {
  const unsigned id = completion.flags >> IORING_CQE_BUFFER_SHIFT;
  auto* const ring = static_cast<io_uring_buf_ring*>(buffer_ring_.get());
  ::io_uring_buf_ring_add(ring, buffer(id), kBufferBytes, static_cast<uint16_t>(id),
                          ::io_uring_buf_ring_mask(kBuffers), 0);
  ::io_uring_buf_ring_advance(ring, 1);
}

}  // namespace leat::io
