#include "bench/null_server.h"

#include <cerrno>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <sys/socket.h>

#include "bench/reply.h"

namespace leat::bench {
namespace {

constexpr uint64_t kHour = 3'600'000'000'000;
constexpr uint32_t kListener = 0;  // The poller's tag; connections count from 1.
constexpr std::string_view kAnswer = "+OK\r\n";
// A client that sends and never reads is closed, so that its replies need no unbounded buffer.
constexpr size_t kUnsentMax = size_t{16} * 1024 * 1024;

struct Connection {
  Fd fd;
  ReplySkipper requests;
  std::string replies;  // Not sent yet.
  bool writing = false;
};

class NullServer {
 public:
  NullServer(const Fd& listener, Poller poller) : listener_(listener), poller_(std::move(poller)) {}

  Status run() {
    auto added = poller_.add(listener_.get(), kListener);
    if (!added.ok()) return added;
    for (;;) {
      for (const epoll_event& event : poller_.wait(kHour)) {
        if (event.data.u32 == kListener) {
          accept_one();
        } else if (!serve(event.data.u32)) {
          connections_.erase(event.data.u32);
        }
      }
    }
  }

 private:
  void accept_one() {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.get() < 0) return;
    set_nodelay(fd.get());
    const uint32_t tag = ++tag_last_;
    auto added = poller_.add(fd.get(), tag);
    if (added.ok()) connections_[tag].fd = std::move(fd);
  }

  // False when the connection is to be closed.
  bool serve(uint32_t tag) {
    const auto found = connections_.find(tag);
    if (found == connections_.end()) return true;
    Connection& connection = found->second;
    const ssize_t got = ::recv(connection.fd.get(), scratch_.data(), scratch_.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
    const size_t requests =
        got > 0 ? connection.requests.feed({scratch_.data(), static_cast<size_t>(got)}) : 0;
    if (connection.requests.failed()) return false;
    for (size_t i = 0; i < requests; ++i) connection.replies.append(kAnswer);
    return send_replies(connection, tag);
  }

  bool send_replies(Connection& connection, uint32_t tag) {
    std::string& replies = connection.replies;
    if (replies.empty()) return true;
    const ssize_t sent =
        ::send(connection.fd.get(), replies.data(), replies.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return false;
    replies.erase(0, sent < 0 ? 0 : static_cast<size_t>(sent));
    if (replies.size() > kUnsentMax) return false;
    if (connection.writing == !replies.empty()) return true;
    connection.writing = !replies.empty();
    return poller_.watch_writing(connection.fd.get(), tag, connection.writing).ok();
  }

  const Fd& listener_;
  Poller poller_;
  std::unordered_map<uint32_t, Connection> connections_;
  uint32_t tag_last_ = kListener;
  std::vector<char> scratch_ = std::vector<char>(size_t{64} * 1024);
};

}  // namespace

Status run_null_server(const Fd& listener) {
  auto poller = Poller::create();
  if (!poller.ok()) return poller.error();
  return NullServer(listener, std::move(poller.value())).run();
}

}  // namespace leat::bench
