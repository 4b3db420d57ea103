#include "bench/server_process.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/null_server.h"

namespace leat::bench {
namespace {

constexpr uint64_t kPatience = 30'000'000'000;
constexpr size_t kShown = 1000;  // Bytes of a log in a failure.

std::vector<std::string> command_line(const Launch& launch, uint16_t port) {
  const std::string number = std::to_string(port);
  const std::string synced(launch.durability == Durability::kNone ? "no"
                                                                  : name_of(launch.durability));
  if (launch.product == Product::kLeat) {
    return {launch.program, "serve",       "--port",        number,
            "--dir",        launch.folder, "--appendfsync", synced};
  }
  // Without rewriting: a rewrite in the middle of a run would fork and take a core from both sides.
  return {launch.program,
          "--port",
          number,
          "--bind",
          "127.0.0.1",
          "--dir",
          launch.folder,
          "--save",
          "",
          "--appendonly",
          launch.durability == Durability::kNone ? "no" : "yes",
          "--appendfsync",
          synced,
          "--auto-aof-rewrite-percentage",
          "0"};
}

// In the child, between fork and exec: settles where it runs, where it writes, when it dies.
Status settle_child(const Launch& launch, const std::string& log_path, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // It died before prctl.
  const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (log < 0) return system_failure(log_path);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  return run_on(launch.cores);
}

[[noreturn]] void run_program(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) {
    arguments.push_back(const_cast<char*>(word.c_str()));  // The type of execvp().
  }
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  fmt::print(stderr, "{}: {}\n", words[0], std::generic_category().message(errno));
  std::fflush(stderr);
  ::_exit(127);
}

std::string end_of(const std::string& path) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return text.size() > kShown ? "..." + text.substr(text.size() - kShown) : text;
}

std::vector<int> allowed_now() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<size_t>(core), &set)) cores.push_back(core);
  }
  return cores;
}

}  // namespace

std::string_view name_of(Product product) {
  switch (product) {
    case Product::kLeat:
      return "leat";
    case Product::kRedis:
      return "redis";
    case Product::kNull:
      return "null";
  }
  return "?";
}

std::string_view name_of(Durability durability) {
  switch (durability) {
    case Durability::kNone:
      return "none";
    case Durability::kEverysec:
      return "everysec";
    case Durability::kAlways:
      return "always";
  }
  return "?";
}

Result<TemporaryFolder> TemporaryFolder::create(const std::string& parent) {
  std::string path = parent + "/leat-bench-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return system_failure(parent);
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // What cannot be removed stays; there is nobody to tell.
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

const std::vector<int>& usable_cores() {
  static const std::vector<int> kCores = allowed_now();
  return kCores;
}

Status run_on(const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores.empty() ? usable_cores() : cores) {
    CPU_SET(static_cast<size_t>(core), &set);
  }
  if (::sched_setaffinity(0, sizeof set, &set) != 0) {
    return system_failure(fmt::format("cannot run on core {}", fmt::join(cores, ",")));
  }
  return {};
}

Result<ServerProcess> ServerProcess::start(const Launch& launch) {
  // The null server's own socket; for the others only a way to find a free port.
  auto listener = listen_on_loopback(0);
  if (!listener.ok()) return listener.error();
  auto port = port_of(listener.value());
  if (!port.ok()) return port.error();
  if (launch.product != Product::kNull) listener.value() = Fd();

  const auto words = command_line(launch, port.value());
  const std::string log_path = launch.folder + "/server.log";
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return system_failure("fork");
  if (pid == 0) {
    const Status settled = settle_child(launch, log_path, parent);
    if (!settled.ok()) ::_exit(1);
    if (launch.product != Product::kNull) run_program(words);
    const Status ended = run_null_server(listener.value());
    ::_exit(ended.ok() ? 0 : 1);
  }
  ServerProcess server(pid, port.value());
  const Status ready = server.wait_until_ready(log_path);
  if (!ready.ok()) return ready.error();
  return server;
}

Status ServerProcess::wait_until_ready(const std::string& log_path) const {
  for (const uint64_t give_up = now_ns() + kPatience; now_ns() < give_up;) {
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        ended.si_pid == pid_) {
      return failure(fmt::format("the server ended at its start:\n{}", end_of(log_path)));
    }
    auto call = Call::open(target());
    // An error reply (-LOADING) is an answer, but not yet the one that is waited for.
    if (call.ok() && call.value()({"PING"}).ok()) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return failure(fmt::format("the server did not answer PING for 30 s:\n{}", end_of(log_path)));
}

ServerProcess::~ServerProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Target ServerProcess::target() const {
  return {.address = {.host = "127.0.0.1", .port = port_}, .password = "", .pid = pid_};
}

}  // namespace leat::bench
