#include "bench/socket.h"

#include <bit>
#include <chrono>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"

namespace leat::bench {

uint64_t now_ns() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot).count());
}

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

void set_nonblocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void set_nodelay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Result<Fd> connect_to(const Address& address) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &wanted, &list);
  if (error != 0) return failure(fmt::format("{}: {}", address.host, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    Fd fd(::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol));
    if (fd.get() < 0 || ::connect(fd.get(), each->ai_addr, each->ai_addrlen) != 0) continue;
    set_nodelay(fd.get());
    return fd;
  }
  return system_failure(fmt::format("cannot connect to {}:{}", address.host, address.port));
}

Result<Fd> listen_on_loopback(uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return system_failure("socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(port);
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd.get(), std::bit_cast<const sockaddr*>(&local), sizeof local) != 0 ||
      ::listen(fd.get(), 1024) != 0) {
    return system_failure(fmt::format("cannot listen on 127.0.0.1:{}", port));
  }
  return fd;
}

Result<uint16_t> port_of(const Fd& listener) {
  sockaddr_in local{};  // NOLINT(misc-const-correctness): written through the cast below
  socklen_t size = sizeof local;
  if (::getsockname(listener.get(), std::bit_cast<sockaddr*>(&local), &size) != 0) {
    return system_failure("getsockname");
  }
  return ntohs(local.sin_port);
}

Result<Poller> Poller::create() {
  Fd fd(::epoll_create1(EPOLL_CLOEXEC));
  if (fd.get() < 0) return system_failure("epoll_create1");
  return Poller(std::move(fd));
}

Status Poller::add(int fd, uint32_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = tag;
  if (::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return system_failure("epoll_ctl");
  return Status();
}

Status Poller::watch_writing(int fd, uint32_t tag, bool on) {
  epoll_event event{};
  event.events = on ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u32 = tag;
  if (::epoll_ctl(fd_.get(), EPOLL_CTL_MOD, fd, &event) != 0) return system_failure("epoll_ctl");
  return Status();
}

std::span<const epoll_event> Poller::wait(uint64_t timeout_ns) {
  constexpr uint64_t kSecondNs = kNsPerSecond;
  const timespec timeout{.tv_sec = static_cast<time_t>(timeout_ns / kSecondNs),
                         .tv_nsec = static_cast<long>(timeout_ns % kSecondNs)};
  const int count = ::epoll_pwait2(fd_.get(), events_.data(), static_cast<int>(events_.size()),
                                   &timeout, nullptr);
  return {events_.data(), count > 0 ? static_cast<size_t>(count) : 0};
}

}  // namespace leat::bench
