#include "io/direct_write.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "io/system_error.h"

namespace leat::io {
namespace {

// What every file system takes that takes any on such a device; on one with larger blocks the first write is refused.
constexpr size_t kBlock = 512;
constexpr size_t kPage = 4096;
// Larger ones gain nothing, and would hold memory.
constexpr size_t kBytesMax = size_t{1} << 20;

// Nothing was written, because it can't be done this way or not now.
bool is_refusal(int result) {
  return result == -EINVAL || result == -EOPNOTSUPP || result == -ENOSYS || result == -EAGAIN ||
         result == -EINTR || result == -ECANCELED || result == -ENOMEM;
}

}  // namespace

bool DirectWrite::take(const DiskJob& job) {
  LEAT_CHECK(!busy());
  const size_t size = job.bytes.size();
  if (refused_ || job.kind != DiskJob::Kind::kWriteSync) return false;
  if (job.offset % kBlock != 0 || size % kBlock != 0 || size == 0 || size > kBytesMax) return false;
  descriptor_ = job.file->direct_descriptor();
  if (descriptor_ < 0) return false;
  if (size > capacity_) {
    capacity_ = std::max(size + kPage - 1, 2 * capacity_) / kPage * kPage;
    block_.reset(std::aligned_alloc(kPage, capacity_));
    LEAT_CHECK(block_ != nullptr);
  }
  std::memcpy(block_.get(), job.bytes.data(), size);
  job_ = job;
  stage_ = Stage::kDue;
  return true;
}

void DirectWrite::prepare(io_uring_sqe& submission) {
  LEAT_CHECK(due());
  ::io_uring_prep_write(&submission, descriptor_, block_.get(),
                        static_cast<unsigned>(job_.bytes.size()), job_.offset);
  stage_ = Stage::kSubmitted;
}

std::optional<Status> DirectWrite::complete(int result) {
  LEAT_CHECK(stage_ == Stage::kSubmitted);
  stage_ = Stage::kNone;
  if (is_refusal(result)) {
    refused_ = result == -EINVAL || result == -EOPNOTSUPP;
    return std::nullopt;
  }
  if (result < 0) return system_error("write", job_.file->path(), -result);
  // A part of it is no error yet; the lane learns why the rest did not fit.
  if (static_cast<size_t>(result) != job_.bytes.size()) return std::nullopt;
  crash_point(job_.steps.changed);
  crash_point(job_.steps.durable);
  return Status();
}

}  // namespace leat::io
