// For tests of io/: a real loop per backend, plain blocking clients, and a Handler that records.
//
// The clients run in the loop's thread as long as their bytes fit the kernel's buffers. Nothing
// sleeps: tests poll until a condition holds, at most kPatience long.
#pragma once

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "io/descriptor.h"
#include "io/system.h"

namespace leat::io {

inline constexpr int64_t kPatience = 20'000 * kNsPerMs;
inline constexpr MonoNs kNow{0};  // A deadline that has always passed.

// Records what the loop says and does what a test tells it to do at that moment.
class Recorder : public Handler {
 public:
  void on_accepted(ConnectionId connection, ListenerId, const std::string& peer,
                   const std::string& local) override {
    accepted.push_back(connection);
    peers.push_back(peer);
    locals.push_back(local);
    if (do_on_accepted) do_on_accepted(connection);
  }
  void on_received(ConnectionId connection, Bytes bytes) override {
    EXPECT_FALSE(bytes.empty());
    received[connection.value].append(bytes);
    if (do_on_received) do_on_received(connection, bytes);
  }
  void on_ended(ConnectionId connection) override { ended.push_back(connection); }
  void on_closed(ConnectionId connection) override {
    closed.push_back(connection);
    if (do_on_closed) do_on_closed(connection);
  }
  void on_send_short(ConnectionId connection, size_t taken) override {
    if (do_on_send_short) do_on_send_short(connection, taken);
  }
  void on_writable(ConnectionId connection) override {
    ++writable;
    if (do_on_writable) do_on_writable(connection);
  }
  void on_disk(Lane lane, Status status) override { disk.emplace_back(lane, std::move(status)); }
  void on_signal(int signal) override { signals.push_back(signal); }

  std::vector<ConnectionId> accepted;
  std::vector<std::string> peers;
  std::vector<std::string> locals;
  std::map<uint64_t, std::string> received;
  std::vector<ConnectionId> ended;
  std::vector<ConnectionId> closed;
  int writable = 0;
  std::vector<std::pair<Lane, Status>> disk;
  std::vector<int> signals;

  std::function<void(ConnectionId)> do_on_accepted;
  std::function<void(ConnectionId, Bytes)> do_on_received;
  std::function<void(ConnectionId)> do_on_closed;
  std::function<void(ConnectionId, size_t)> do_on_send_short;
  std::function<void(ConnectionId)> do_on_writable;
};

// A client: a blocking socket whose calls give up after kPatience. They may be interrupted: a ring of
// the same thread has completions to deliver.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect_to(&address, sizeof address);
  }
  explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connect_to(&address, sizeof address);
  }

  void send(Bytes bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put < 0 && errno == EINTR) continue;
      ASSERT_GT(put, 0);
      bytes.remove_prefix(static_cast<size_t>(put));
    }
  }
  // Exactly `size` bytes, or fewer if the peer closes or nothing comes.
  [[nodiscard]] std::string read(size_t size) const {
    std::string bytes(size, '\0');
    size_t done = 0;
    while (done < size) {
      const ssize_t got = ::recv(fd_.get(), bytes.data() + done, size - done, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      done += static_cast<size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }
  // True once the other side has closed; whether by an end or by a reset does not matter.
  [[nodiscard]] bool at_end() const {
    char byte = 0;
    ssize_t got = 0;
    do {
      got = ::recv(fd_.get(), &byte, 1, 0);
    } while (got < 0 && errno == EINTR);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }
  void close() { fd_.reset(); }
  // Sends nothing more, but still reads.
  void end() const { ::shutdown(fd_.get(), SHUT_WR); }
  // Closing sends a reset instead of an orderly end.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

 private:
  void connect_to(const void* address, socklen_t size) {
    EXPECT_EQ(::connect(fd_.get(), static_cast<const sockaddr*>(address), size), 0)
        << std::generic_category().message(errno);
    // Afterwards, because an interrupted connect() continues by itself only without a time limit.
    const timeval patience{kPatience / kNsPerSecond, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }

  Descriptor fd_;
};

class LoopTest : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "leat-loop-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    Result<std::unique_ptr<SystemWorld>> made = SystemWorld::create(GetParam());
    ASSERT_TRUE(made.ok());
    system_ = std::move(made).value();
    if (system_->backend() != GetParam()) GTEST_SKIP() << "this system forbids the backend";
  }
  void TearDown() override {
    system_.reset();
    std::filesystem::remove_all(directory_);
  }

  [[nodiscard]] Loop& loop() const { return system_->world().loop; }
  [[nodiscard]] Clock& clock() const { return system_->world().clock; }
  [[nodiscard]] Disk& disk() const { return system_->world().disk; }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }

  uint16_t listen() {
    const Result<ListenerId> listener = loop().listen_tcp("127.0.0.1", 0, 1024);
    EXPECT_TRUE(listener.ok());
    return loop().port(listener.value());
  }
  // Polls until `condition` holds; false when it does not within kPatience.
  bool poll_until(const std::function<bool()>& condition) {
    const MonoNs deadline{clock().mono().value + kPatience};
    while (!condition()) {
      if (clock().mono() > deadline) return false;
      loop().poll(deadline, recorder_);
    }
    return true;
  }
  ConnectionId accept_one() {
    const size_t before = recorder_.accepted.size();
    EXPECT_TRUE(poll_until([&] { return recorder_.accepted.size() > before; }));
    return recorder_.accepted.back();
  }
  // Answers everything with itself.
  void echo() {
    recorder_.do_on_received = [this](ConnectionId connection, Bytes) {
      echoes_[connection.value] = recorder_.received[connection.value];
      recorder_.received[connection.value].clear();
      loop().send(connection, echoes_[connection.value]);
    };
  }

  std::string directory_;
  std::unique_ptr<SystemWorld> system_;
  Recorder recorder_;
  std::map<uint64_t, std::string> echoes_;
};

inline std::string backend_test_name(const testing::TestParamInfo<Backend>& tested) {
  return tested.param == Backend::kUring ? "uring" : "epoll";
}

}  // namespace leat::io
