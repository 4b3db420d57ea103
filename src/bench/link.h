// Link: one connection of the load generator. Call: one connection for asking a server things.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "bench/failure.h"
#include "bench/reply.h"
#include "bench/socket.h"

namespace leat::bench {

// The server under test.
struct Target {
  Address address;
  std::string password;      // Empty: no AUTH.
  std::optional<pid_t> pid;  // Known only when the server runs on this machine.
};

// Asks and waits. A reply is whole and raw; an error reply is a failure that names the command.
class Call {
 public:
  static Result<Call> open(const Target& target);

  Result<std::string> operator()(const std::vector<std::string_view>& arguments);
  // Sends `requests`, which are `count` rendered requests, and waits for all their replies.
  Status batch(std::string_view requests, size_t count);

  // Gives the socket away, for a Link.
  Fd release() { return std::move(fd_); }

 private:
  explicit Call(Fd fd) : fd_(std::move(fd)) {}
  Status send_all(std::string_view bytes);
  Result<std::string> read_replies(size_t count);

  Fd fd_;
};

// Never blocks. A request that the kernel does not take whole is kept and sent when there is room.
class Link {
 public:
  static Result<Link> open(const Target& target);

  [[nodiscard]] int fd() const { return fd_.get(); }

  Status send(std::string_view requests);
  [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }
  Status send_rest();

  // Reads once into `scratch` and returns how many replies ended. With `keep` the bytes are added
  // to received() as well. An error reply and a closed connection are failures.
  Result<size_t> receive(std::span<char> scratch, bool keep);
  std::string& received() { return received_; }

 private:
  explicit Link(Fd fd) : fd_(std::move(fd)) {}

  Fd fd_;
  ReplySkipper skipper_;
  std::string unsent_;
  std::string received_;
};

Result<std::vector<Link>> open_links(const Target& target, size_t count);

}  // namespace leat::bench
