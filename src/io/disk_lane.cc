#include "io/disk_lane.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "io/lane_thread.h"
#include "io/system_memory.h"

namespace leat::io {
namespace {

// A commit waits behind whatever flush the device is busy with, so a large file is flushed piece by piece. Flushing
// every 8 MB instead made the 99th percentile of pipelined synced writes three times as long.
constexpr uint64_t kZeroPiece = uint64_t{1} << 19;

std::string directory_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status fill_with_zeros(File& file, uint64_t size) {
  const std::vector<char> zeros(std::min(size, kZeroPiece));
  for (uint64_t at = 0; at < size;) {
    const uint64_t piece = std::min(size - at, kZeroPiece);
    if (Status written = file.write(at, Bytes(zeros.data(), piece)); !written.ok()) return written;
    if (Status synced = file.sync(); !synced.ok()) return synced;
    at += piece;
  }
  return {};
}

Status reserve_or_fill(File& file, uint64_t size) {
  const Status reserved = file.reserve(size);
  if (reserved.ok()) return file.sync();
  return reserved.error().code == Errc::kUnavailable ? fill_with_zeros(file, size) : reserved;
}

Status prepare_file(Disk& disk, const DiskJob& job) {
  const std::string& path = job.path;
  const Result<std::unique_ptr<File>> file = disk.open(path, OpenMode::kCreate);
  if (!file.ok()) return file.error();
  crash_point(job.steps.begun);
  Status done = job.kind == DiskJob::Kind::kReserve ? reserve_or_fill(*file.value(), job.size)
                                                    : fill_with_zeros(*file.value(), job.size);
  if (done.ok()) {
    crash_point(job.steps.changed);
    done = disk.sync_directory(directory_of(path));
  }
  if (!done.ok()) {
    // On a full disk the useless part would take the space that is missing. Should the removal
    // fail as well, then the first error is the one worth reporting.
    [[maybe_unused]] const Status removed = disk.remove(path);
  }
  return done;
}

// Every change of a name that the file goes through is durable at the end, or the caller learns that it may not be.
Status replace_file(Disk& disk, const DiskJob& job) {
  const std::string& path = job.path;
  const std::string fresh = path + ".new";
  if (disk.exists(fresh)) {
    if (Status removed = disk.remove(fresh); !removed.ok()) return removed;
  }
  const Result<std::unique_ptr<File>> file = disk.open(fresh, OpenMode::kCreate);
  if (!file.ok()) return file.error();
  Status done = file.value()->write(0, job.bytes);
  if (done.ok()) {
    crash_point(job.steps.begun);
    done = file.value()->sync();
  }
  if (done.ok()) done = disk.rename(fresh, path);
  if (!done.ok()) {
    // Should the removal fail as well, then the first error is the one worth reporting.
    [[maybe_unused]] const Status removed = disk.remove(fresh);
    return done;
  }
  crash_point(job.steps.changed);
  return disk.sync_directory(directory_of(path));
}

// The job, up to its last step.
Status run_to_the_end(Disk& disk, const DiskJob& job) {
  switch (job.kind) {
    case DiskJob::Kind::kWrite:
      return job.file->write(job.offset, job.bytes);
    case DiskJob::Kind::kWriteSync: {
      if (Status written = job.file->write(job.offset, job.bytes); !written.ok()) return written;
      crash_point(job.steps.changed);
      return job.file->sync();
    }
    case DiskJob::Kind::kSync:
      return job.file->sync();
    case DiskJob::Kind::kPrepare:
    case DiskJob::Kind::kReserve:
      return prepare_file(disk, job);
    case DiskJob::Kind::kReplace:
      return replace_file(disk, job);
    case DiskJob::Kind::kRemove: {
      if (Status removed = disk.remove(job.path); !removed.ok()) return removed;
      crash_point(job.steps.changed);
      return {};
    }
    case DiskJob::Kind::kWork:
      return job.work->run(disk);
  }
  return {};
}

// What a disk without threads has.
class InlineWorker final : public Worker {
 public:
  explicit InlineWorker(Disk& disk) : disk_(disk) {}
  void start(DiskWork& work) override { status_ = work.run(disk_); }
  Status wait() override { return std::exchange(status_, Status()); }

 private:
  Disk& disk_;
  Status status_;
};

}  // namespace

Result<std::unique_ptr<File>> Disk::detach(const std::string& path) {
  if (const Status removed = remove(path); !removed.ok()) return removed.error();
  return std::unique_ptr<File>();
}

std::unique_ptr<Worker> Disk::worker() {
  return std::make_unique<InlineWorker>(*this);
}

Status run_disk_job(Disk& disk, const DiskJob& job) {
  Status done = run_to_the_end(disk, job);
  if (done.ok()) crash_point(job.steps.durable);
  return done;
}

DiskLane::DiskLane(const std::string& name, Urgency urgency, Disk& disk, std::function<void()> wake)
    : disk_(disk), wake_(std::move(wake)) {
  thread_ = start_thread(name, urgency, [this] { run(); });
}

DiskLane::~DiskLane() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return state_ != State::kStarted; });
    state_ = State::kStopping;
  }
  changed_.notify_all();
  thread_.join();
}

void DiskLane::start(DiskJob job) {
  {
    const std::lock_guard lock(mutex_);
    LEAT_CHECK(state_ == State::kIdle);
    LEAT_CHECK(!job.path.empty() || job.file != nullptr || job.work != nullptr);
    job_ = std::move(job);
    state_ = State::kStarted;
  }
  changed_.notify_all();
}

std::optional<Status> DiskLane::take_completed() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kCompleted) return std::nullopt;
  state_ = State::kIdle;
  return std::exchange(status_, Status());
}

Status DiskLane::wait_completed() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return state_ == State::kCompleted; });
  state_ = State::kIdle;
  return std::exchange(status_, Status());
}

void DiskLane::run() {
  const CountedThread counted;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return state_ == State::kStarted || state_ == State::kStopping; });
    if (state_ == State::kStopping) return;
    // While the state is kStarted nobody else touches job_.
    lock.unlock();
    Status status = run_disk_job(disk_, job_);
    lock.lock();
    status_ = std::move(status);
    state_ = State::kCompleted;
    lock.unlock();
    changed_.notify_all();
    wake_();
    lock.lock();
  }
}

}  // namespace leat::io
