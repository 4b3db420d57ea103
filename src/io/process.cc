#include "io/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/check.h"
#include "io/descriptor.h"
#include "io/system_error.h"

namespace leat::io {
namespace {

// The start of a small file of the kernel; empty when it cannot be read.
std::string read_small(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text;
  const ssize_t got = fd.valid() ? ::read(fd.get(), text.data(), text.size()) : -1;
  return got > 0 ? std::string(text.data(), static_cast<size_t>(got)) : std::string();
}

uint64_t machine_memory_bytes() {
  return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Where a version of control groups keeps its limits.
struct Hierarchy {
  std::string_view controllers;  // What /proc/self/cgroup calls it.
  std::string_view mount;
  std::string_view file;
};
constexpr std::array kHierarchies = {
    Hierarchy{"", "/sys/fs/cgroup", "/memory.max"},
    Hierarchy{"memory", "/sys/fs/cgroup/memory", "/memory.limit_in_bytes"},
};

// The number in the file of a group; the machine's memory when it says "max" or nothing.
uint64_t group_limit(const Hierarchy& hierarchy, std::string_view group) {
  const std::string text =
      read_small(fmt::format("{}{}{}", hierarchy.mount, group, hierarchy.file));
  uint64_t limit = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), limit);
  return parsed.ec == std::errc() ? limit : machine_memory_bytes();
}

// Path of our control group, from lines "number:controllers:path".
std::string control_group(std::string_view controllers) {
  const std::string text = read_small("/proc/self/cgroup");
  const std::string wanted = fmt::format(":{}:", controllers);
  for (size_t line = 0; line < text.size();) {
    const size_t end = std::min(text.find('\n', line), text.size());
    const size_t colon = text.find(':', line);
    if (colon < end && text.compare(colon, wanted.size(), wanted) == 0) {
      const std::string path = text.substr(colon + wanted.size(), end - colon - wanted.size());
      return path.starts_with('/') ? path : "";
    }
    line = end + 1;
  }
  return "";
}

// A limit may stand at any level above our group; in a container ours looks like the root.
uint64_t lowest_limit(const Hierarchy& hierarchy) {
  uint64_t limit = group_limit(hierarchy, "");
  std::string group = control_group(hierarchy.controllers);
  while (group.size() > 1) {
    limit = std::min(limit, group_limit(hierarchy, group));
    group.resize(group.find_last_of('/'));
  }
  return limit;
}

int64_t microseconds(const timeval& time) {
  return time.tv_sec * 1'000'000 + time.tv_usec;
}

int rusage_scope(CpuScope scope) {
  switch (scope) {
    case CpuScope::kProcess:
      return RUSAGE_SELF;
    case CpuScope::kCallingThread:
      return RUSAGE_THREAD;
    case CpuScope::kChildren:
      return RUSAGE_CHILDREN;
  }
  return RUSAGE_SELF;
}

}  // namespace

int process_id() {
  return ::getpid();
}

CpuTimes cpu_times(CpuScope scope) {
  rusage usage{};
  LEAT_CHECK(::getrusage(rusage_scope(scope), &usage) == 0);
  return {microseconds(usage.ru_utime), microseconds(usage.ru_stime)};
}

uint64_t resident_bytes() {
  // "size resident shared ...", in pages.
  const std::string text = read_small("/proc/self/statm");
  const size_t space = text.find(' ');
  if (space == std::string::npos) return 0;
  uint64_t pages = 0;
  std::from_chars(text.data() + space + 1, text.data() + text.size(), pages);
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t memory_limit_bytes() {
  uint64_t limit = machine_memory_bytes();
  for (const Hierarchy& hierarchy : kHierarchies) limit = std::min(limit, lowest_limit(hierarchy));
  return limit;
}

std::string operating_system() {
  utsname name{};
  LEAT_CHECK(::uname(&name) == 0);
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

std::string executable_path() {
  std::array<char, 4096> path;
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<size_t>(size)) : std::string();
}

std::string working_directory() {
  std::array<char, 4096> path;
  const char* const found = ::getcwd(path.data(), path.size());
  return found == nullptr ? "/" : found;
}

Result<Background> Background::enter() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("create", "a pipe", errno);
  const Descriptor reads(ends[0]);
  Descriptor writes(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return system_error("create", "the background process", errno);
  if (child != 0) {
    writes.reset();
    char verdict = 0;
    ssize_t got = 0;
    do {
      got = ::read(reads.get(), &verdict, 1);
    } while (got < 0 && errno == EINTR);
    ::_exit(got == 1 ? 0 : 1);
  }
  ::setsid();
  return Background(std::move(writes));
}

void Background::ready() {
  const Descriptor nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (nowhere.valid()) ::dup2(nowhere.get(), standard);
  }
  // A parent that is gone needs no verdict.
  static_cast<void>(::write(parent_.get(), "r", 1));
  parent_.reset();
}

uint64_t raise_open_files(uint64_t wanted) {
  rlimit limit{};
  LEAT_CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  // Only a privileged process may raise the hard limit, so try that first.
  const rlimit raised{wanted, std::max<rlim_t>(wanted, limit.rlim_max)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return wanted;
  const rlimit allowed{std::min<rlim_t>(wanted, limit.rlim_max), limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &allowed) == 0 ? allowed.rlim_cur : limit.rlim_cur;
}

}  // namespace leat::io
