// Sockets as both loops need them: listening, naming the two ends, options.
//
// Every descriptor made here is non-blocking and closed on exec.
#pragma once

#include <cstdint>
#include <string>

#include <sys/socket.h>

#include "base/result.h"
#include "io/descriptor.h"

namespace leat::io {

// `address` is a numeric IPv4 or IPv6 address, the latter with an optional "%interface".
//   errors  see Loop::listen_tcp().
[[nodiscard]] Result<Descriptor> open_tcp_listener(const std::string& address, uint16_t port,
                                                   int backlog);

// Replaces a socket file that nobody listens on.
//   errors  see Loop::listen_unix(); kUnavailable also when the name is taken by something else.
[[nodiscard]] Result<Descriptor> open_unix_listener(const std::string& path, unsigned mode,
                                                    int backlog);

// The port that a TCP socket is bound to.
[[nodiscard]] uint16_t bound_port(int fd);

// "address:port" or "[v6]:port" of the two ends of a TCP connection; "?:0" when it is gone already.
[[nodiscard]] std::string peer_name(int fd);
[[nodiscard]] std::string local_name(int fd);

// Small answers leave at once instead of waiting for an acknowledgement of the one before.
void set_no_delay(int fd);

// See Loop::set_keepalive(). A peer that does not answer is given up after twice that time.
void set_keepalive_seconds(int fd, int seconds);

}  // namespace leat::io
