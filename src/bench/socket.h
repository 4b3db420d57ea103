// The benchmark's own door to the network and the clock. It does not use the server's io layer: a
// client that shared its event loop with the server under test would not be independent of it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include <sys/epoll.h>

#include "bench/failure.h"

namespace leat::bench {

// Monotonic.
uint64_t now_ns();

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();

  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Address {
  std::string host = "127.0.0.1";
  uint16_t port = 6379;
};

// A connected, blocking TCP socket without Nagle's delay.
Result<Fd> connect_to(const Address& address);

// A non-blocking socket that listens on 127.0.0.1; port 0 lets the kernel choose.
Result<Fd> listen_on_loopback(uint16_t port);

Result<uint16_t> port_of(const Fd& listener);

void set_nonblocking(int fd);
void set_nodelay(int fd);

// epoll, level-triggered. `tag` comes back with the event.
class Poller {
 public:
  static Result<Poller> create();

  Status add(int fd, uint32_t tag);
  // Asks for room to write as well, or no longer.
  Status watch_writing(int fd, uint32_t tag, bool on);

  // Waits at most `timeout_ns` for something to happen; the span is valid until the next call.
  std::span<const epoll_event> wait(uint64_t timeout_ns);

 private:
  explicit Poller(Fd fd) : fd_(std::move(fd)) {}

  Fd fd_;
  std::array<epoll_event, 256> events_{};
};

}  // namespace leat::bench
