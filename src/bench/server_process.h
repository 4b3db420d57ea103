// Servers that the benchmark starts itself: on a free loopback port, in a folder of their own, on a
// core of their own if wanted, and gone when the benchmark is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "bench/failure.h"
#include "bench/link.h"

namespace leat::bench {

enum class Product : uint8_t { kLeat, kRedis, kNull };

// How much of what a server acknowledges must be on disk.
enum class Durability : uint8_t {
  kNone,      // Redis: no append-only file at all. Leat: `appendfsync no`, the log is written.
  kEverysec,  // Written before the reply, synced every second.
  kAlways,    // Synced before the reply.
};

std::string_view name_of(Product product);
std::string_view name_of(Durability durability);

// A folder that is removed, with all it holds, at the end of its life.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> create(const std::string& parent);

  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

struct Launch {
  Product product = Product::kNull;
  std::string program;  // Looked up in PATH; not used for the null server, which runs in a fork.
  Durability durability = Durability::kNone;
  std::string folder;      // Data and log.
  std::vector<int> cores;  // The server may run on these only; empty: on any that we may.
};

class ServerProcess {
 public:
  // Returns when the server answers PING.
  //   errors  the program cannot be run, ends, or does not answer within 30 s; the failure then has
  //           the end of its log
  static Result<ServerProcess> start(const Launch& launch);

  ServerProcess(ServerProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), port_(other.port_) {}
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ServerProcess& operator=(ServerProcess&&) = delete;
  // Kills it; its data is thrown away anyway.
  ~ServerProcess();

  [[nodiscard]] Target target() const;

 private:
  ServerProcess(pid_t pid, uint16_t port) : pid_(pid), port_(port) {}
  Status wait_until_ready(const std::string& log_path) const;

  pid_t pid_;
  uint16_t port_;
};

// The cores that this process may run on when it is first asked.
const std::vector<int>& usable_cores();

// Lets the calling process run on `cores` only; empty: on all of usable_cores().
Status run_on(const std::vector<int>& cores);

}  // namespace leat::bench
