#include "io/sockets.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/system_error.h"

namespace leat::io {
namespace {

constexpr int kSocketFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
constexpr int kKeepaliveProbes = 3;

// The socket calls take a general address; these casts are how their interface is meant.
const sockaddr* general(const void* address) {
  return static_cast<const sockaddr*>(address);
}
sockaddr* general(void* address) {
  return static_cast<sockaddr*>(address);
}

void set_option(int fd, int level, int option, int value) {
  // Refusal (for example TCP options on a unix socket) costs latency at most: nothing to report.
  [[maybe_unused]] const int outcome = ::setsockopt(fd, level, option, &value, sizeof value);
}

using AddressList = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

AddressList parse_address(const std::string& address, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(port);
  if (::getaddrinfo(address.c_str(), service.c_str(), &hints, &found) != 0) found = nullptr;
  return {found, &::freeaddrinfo};
}

Error listen_error(std::string_view where, int code) {
  return system_error_as(code == EADDRINUSE ? Errc::kUnavailable : Errc::kIo, "listen on", where,
                         code);
}

std::string name_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
  }
  return "?:0";
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Error{Errc::kInvalid,
                 fmt::format("the path of a unix socket has 1 to {} bytes, not {}: {}",
                             sizeof address.sun_path - 1, path.size(), path)};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// Makes the name free, unless somebody answers behind it or it is not a socket.
Status clear_stale_socket(const std::string& path, const sockaddr_un& address) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return Error{Errc::kUnavailable, fmt::format("{} exists and is not a socket", path)};
  }
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | kSocketFlags, 0));
  if (!probe.valid()) return system_error("create a socket for", path, errno);
  if (::connect(probe.get(), general(&address), sizeof address) == 0 || errno != ECONNREFUSED) {
    return listen_error(path, EADDRINUSE);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("remove", path, errno);
  return {};
}

}  // namespace

Result<Descriptor> open_tcp_listener(const std::string& address, uint16_t port, int backlog) {
  const AddressList parsed = parse_address(address, port);
  if (parsed == nullptr) {
    return Error{Errc::kInvalid, fmt::format("'{}' is not an IPv4 or IPv6 address", address)};
  }
  const std::string where = fmt::format("{} port {}", address, port);
  Descriptor fd(::socket(parsed->ai_family, SOCK_STREAM | kSocketFlags, 0));
  if (!fd.valid()) return system_error("create a socket for", where, errno);
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  // Each family has listeners of its own, so "::" must not take the IPv4 port as well.
  if (parsed->ai_family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (::bind(fd.get(), parsed->ai_addr, parsed->ai_addrlen) != 0 ||
      ::listen(fd.get(), backlog) != 0) {
    return listen_error(where, errno);
  }
  return fd;
}

// The mode of the file is that of the socket's inode, cut by the umask, from the moment bind()
// makes it. Setting the umask instead would change what other threads create meanwhile, and
// chmod() alone would leave a moment in which anybody may connect (CVE-2023-45145).
Result<Descriptor> open_unix_listener(const std::string& path, unsigned mode, int backlog) {
  const Result<sockaddr_un> address = unix_address(path);
  if (!address.ok()) return address.error();
  if (const Status cleared = clear_stale_socket(path, address.value()); !cleared.ok()) {
    return cleared.error();
  }
  Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | kSocketFlags, 0));
  if (!fd.valid()) return system_error("create a socket for", path, errno);
  if (::fchmod(fd.get(), mode) != 0) return system_error("set permissions of", path, errno);
  if (::bind(fd.get(), general(&address.value()), sizeof address.value()) != 0) {
    return listen_error(path, errno);
  }
  // Gives back what the umask took; the file was never more open than `mode`.
  if (::chmod(path.c_str(), mode) != 0) return system_error("set permissions of", path, errno);
  if (::listen(fd.get(), backlog) != 0) return listen_error(path, errno);
  return fd;
}

uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, general(&address), &size) != 0) return 0;
  sockaddr_in v4{};
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  std::memcpy(&v4, &address, sizeof v4);
  return ntohs(v4.sin_port);
}

std::string peer_name(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  return ::getpeername(fd, general(&address), &size) == 0 ? name_of(address) : "?:0";
}

std::string local_name(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  return ::getsockname(fd, general(&address), &size) == 0 ? name_of(address) : "?:0";
}

void set_no_delay(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void set_keepalive_seconds(int fd, int seconds) {
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, seconds > 0 ? 1 : 0);
  if (seconds <= 0) return;
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, seconds / kKeepaliveProbes));
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
}

}  // namespace leat::io
