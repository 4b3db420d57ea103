#include "io/posix_disk.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/descriptor.h"
#include "io/disk_lane.h"
#include "io/system_error.h"

namespace leat::io {
namespace {

// What a server stores is its users' business: nothing for "others".
constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;

// Repeats `call` while a signal interrupts it.
template <typename Call>
auto retry(Call call) {
  while (true) {
    const auto outcome = call();
    if (outcome >= 0 || errno != EINTR) return outcome;
  }
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const override { return path_; }
  Result<size_t> read(uint64_t offset, char* out, size_t size) override;
  Status write(uint64_t offset, Bytes bytes) override;
  Status sync() override;
  [[nodiscard]] Result<uint64_t> size() override;
  Status truncate(uint64_t size) override;
  Status reserve(uint64_t size) override;
  [[nodiscard]] int direct_descriptor() override;
  void expect(uint64_t offset, uint64_t size) override;

 private:
  Descriptor fd_;
  std::string path_;
  // Of writes that were begun, all and those that are durable. One thread writes while another syncs.
  std::atomic<uint64_t> written_{0};
  std::atomic<uint64_t> synced_{0};
  Descriptor direct_;
  bool direct_asked_ = false;
};

Result<size_t> PosixFile::read(uint64_t offset, char* out, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t got = retry([&] {
      return ::pread(fd_.get(), out + done, size - done, static_cast<off_t>(offset + done));
    });
    if (got < 0) return system_error("read", path_, errno);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

Status PosixFile::write(uint64_t offset, Bytes bytes) {
  ++written_;
  while (!bytes.empty()) {
    const ssize_t put = retry([&] {
      return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    });
    if (put < 0) return system_error("write", path_, errno);
    // Zero bytes taken without an error is no progress that a repetition would change.
    if (put == 0) return system_error("write", path_, EIO);
    bytes.remove_prefix(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  return {};
}

Status PosixFile::sync() {
  const uint64_t written = written_;
  // EINTR says that the wait was cut short, not that pages were lost: asking again is sound.
  if (retry([&] { return ::fdatasync(fd_.get()); }) != 0) {
    return system_error("fdatasync", path_, errno);
  }
  synced_ = written;
  return {};
}

// The file may have been renamed or removed since: it is opened by its descriptor, not its name.
int PosixFile::direct_descriptor() {
  if (written_ != synced_) return -1;
  if (!direct_asked_) {
    direct_asked_ = true;
    const std::string self = fmt::format("/proc/self/fd/{}", fd_.get());
    direct_ = Descriptor(
        retry([&] { return ::open(self.c_str(), O_WRONLY | O_DIRECT | O_DSYNC | O_CLOEXEC); }));
  }
  return direct_.valid() ? direct_.get() : -1;
}

Result<uint64_t> PosixFile::size() {
  struct stat status{};
  if (::fstat(fd_.get(), &status) != 0) return system_error("stat", path_, errno);
  return static_cast<uint64_t>(status.st_size);
}

Status PosixFile::truncate(uint64_t size) {
  if (retry([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
    return system_error("truncate", path_, errno);
  }
  return {};
}

Status PosixFile::reserve(uint64_t size) {
  if (retry([&] { return ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size)); }) == 0) return {};
  if (errno == EOPNOTSUPP || errno == ENOSYS) {
    return Error{Errc::kUnavailable, path_ + ": the file system does not reserve blocks"};
  }
  return system_error("reserve", path_, errno);
}

void PosixFile::expect(uint64_t offset, uint64_t size) {
  static_cast<void>(::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(size),
                                    POSIX_FADV_WILLNEED));
}

class LaneWorker final : public Worker {
 public:
  explicit LaneWorker(Disk& disk) : lane_("leat-load", Urgency::kServing, disk, [] {}) {}
  void start(DiskWork& work) override {
    lane_.start({.kind = DiskJob::Kind::kWork, .work = &work});
  }
  Status wait() override { return lane_.wait_completed(); }

 private:
  DiskLane lane_;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

Result<Descriptor> open_descriptor(const std::string& path, int flags) {
  Descriptor fd(retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); }));
  if (!fd.valid()) return system_error((flags & O_CREAT) != 0 ? "create" : "open", path, errno);
  return fd;
}

std::string parent_of(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  const size_t slash = path.find_last_of('/', end);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_directory(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Whose process id stands in the lock file, for the message to the operator.
std::string lock_owner(File& lock) {
  char text[32];
  const Result<size_t> got = lock.read(0, text, sizeof text);
  if (!got.ok()) return "unknown";
  const std::string owner(text, got.value());
  const std::string digits = owner.substr(0, owner.find_first_not_of("0123456789"));
  return digits.empty() ? "unknown" : digits;
}

// The file has no name any more, and is open nowhere else: a lease for writing is given to nobody but its only user.
bool is_only_user(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0 || status.st_nlink != 0) return false;
  // Who opens it by way of /proc meanwhile breaks the lease. Of that a signal tells: one that does nothing by default, as
  // SIGIO would end the process.
  if (::fcntl(fd, F_SETSIG, SIGURG) != 0) return false;
  if (::fcntl(fd, F_SETLEASE, F_WRLCK) != 0) return false;
  return ::fcntl(fd, F_SETLEASE, F_UNLCK) == 0;
}

}  // namespace

Result<std::unique_ptr<File>> PosixDisk::open(const std::string& path, OpenMode mode) {
  Result<Descriptor> fd = open_descriptor(path, open_flags(mode));
  if (!fd.ok()) return fd.error();
  return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(fd).value(), path));
}

std::unique_ptr<Worker> PosixDisk::worker() {
  return std::make_unique<LaneWorker>(*this);
}

Result<std::vector<std::string>> PosixDisk::list(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), &::closedir);
  if (stream == nullptr) return system_error("open directory", directory, errno);
  std::vector<std::string> names;
  errno = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): readdir() is safe as long as no two threads share a stream.
  while (const dirent* const entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  if (errno != 0) return system_error("read directory", directory, errno);
  std::ranges::sort(names);
  return names;
}

bool PosixDisk::exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

Status PosixDisk::make_directory(const std::string& directory) {
  if (is_directory(directory)) return {};
  const std::string parent = parent_of(directory);
  if (parent != directory && !is_directory(parent)) {
    if (const Status made = make_directory(parent); !made.ok()) return made;
  }
  if (::mkdir(directory.c_str(), kDirectoryMode) != 0) {
    const int code = errno;
    // Another process may have been faster; that the name is a directory is all we want.
    if (code != EEXIST || !is_directory(directory)) {
      return system_error("create directory", directory, code);
    }
  }
  return sync_directory(parent);
}

Status PosixDisk::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return system_error("rename", fmt::format("{} to {}", from, to), errno);
  }
  return {};
}

Status PosixDisk::remove(const std::string& path) {
  if (std::remove(path.c_str()) != 0) return system_error("remove", path, errno);
  return {};
}

Result<std::unique_ptr<File>> PosixDisk::detach(const std::string& path) {
  Result<Descriptor> fd = open_descriptor(path, O_RDWR);
  if (const Status removed = remove(path); !removed.ok()) return removed.error();
  if (!fd.ok() || !is_only_user(fd.value().get())) return std::unique_ptr<File>();
  return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(fd).value(), path));
}

Status PosixDisk::link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  const int code = errno;
  const std::string both = fmt::format("{} to {}", from, to);
  if (code == EXDEV || code == EPERM || code == EOPNOTSUPP || code == ENOSYS || code == EMLINK) {
    return Error{Errc::kUnavailable, both + ": the file systems give no second name"};
  }
  return system_error("link", both, code);
}

Status PosixDisk::sync_directory(const std::string& directory) {
  const Result<Descriptor> fd = open_descriptor(directory, O_RDONLY | O_DIRECTORY);
  if (!fd.ok()) return fd.error();
  if (retry([&] { return ::fsync(fd.value().get()); }) != 0) {
    return system_error("fsync directory", directory, errno);
  }
  return {};
}

Result<std::unique_ptr<File>> PosixDisk::lock_directory(const std::string& directory) {
  const std::string path = directory + "/" + kLockFileName;
  Result<Descriptor> fd = open_descriptor(path, O_RDWR | O_CREAT);
  if (!fd.ok()) return fd.error();
  const int outcome = retry([&] { return ::flock(fd.value().get(), LOCK_EX | LOCK_NB); });
  const int code = outcome == 0 ? 0 : errno;
  auto lock = std::make_unique<PosixFile>(std::move(fd).value(), path);
  if (code == EWOULDBLOCK) {
    return Error{Errc::kUnavailable, fmt::format("{} is in use by process {} (lock file {})",
                                                 directory, lock_owner(*lock), path)};
  }
  if (code != 0) return system_error("lock", path, code);
  const std::string owner = fmt::format("{}\n", ::getpid());
  if (const Status emptied = lock->truncate(0); !emptied.ok()) return emptied.error();
  if (const Status written = lock->write(0, owner); !written.ok()) return written.error();
  return std::unique_ptr<File>(std::move(lock));
}

}  // namespace leat::io
