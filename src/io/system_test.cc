// Goal: the loop that is asked for is the one that is made, and where io_uring is forbidden, as in
// many containers, epoll takes its place.
#include "io/system.h"

#include <array>
#include <cerrno>
#include <cstddef>

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

namespace leat::io {
namespace {

// From now on io_uring_setup() fails with `code` in this process.
bool forbid_io_uring(int code) {
  std::array<sock_filter, 4> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(code)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{program.size(), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// The exit code of a child that forbids io_uring and then asks for `wanted`.
int backend_when_forbidden(Backend wanted, int code) {
  const pid_t child = ::fork();
  if (child == 0) {
    set_log_level(LogLevel::kNothing);
    if (!forbid_io_uring(code)) ::_exit(100);
    const Result<std::unique_ptr<SystemWorld>> made = SystemWorld::create(wanted);
    ::_exit(made.ok() ? static_cast<int>(made.value()->backend()) : 101);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(SystemWorld, MakesTheLoopThatIsAskedFor) {
  const Result<std::unique_ptr<SystemWorld>> epoll = SystemWorld::create(Backend::kEpoll);
  ASSERT_TRUE(epoll.ok());
  EXPECT_EQ(epoll.value()->backend(), Backend::kEpoll);
  EXPECT_EQ(backend_name(Backend::kEpoll), "epoll");
  EXPECT_EQ(backend_name(Backend::kUring), "io_uring");
}

TEST(SystemWorld, FallsBackToEpoll) {
  for (const Backend wanted : {Backend::kAuto, Backend::kUring}) {
    for (const int code : {ENOSYS, EPERM, ENOMEM}) {
      SCOPED_TRACE(code);
      const int outcome = backend_when_forbidden(wanted, code);
      if (outcome == 100) GTEST_SKIP() << "this system has no system call filters";
      EXPECT_EQ(outcome, static_cast<int>(Backend::kEpoll));
    }
  }
}

}  // namespace
}  // namespace leat::io
