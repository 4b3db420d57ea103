// Goal: what io.h promises of a Loop holds for each backend.
// Method: a real loop, clients that are plain blocking sockets on loopback in the same thread (their
// bytes fit the kernel's buffers) or in a thread of their own, and polls until a condition holds, at
// most kPatience long.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "io/descriptor.h"
#include "io/system.h"

namespace leat::io {
namespace {

constexpr int64_t kPatience = 20'000 * kNsPerMs;
constexpr MonoNs kNow{0};  // A deadline that has always passed.

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
  void on_closed(ConnectionId connection, CloseReason reason) override {
    closed.push_back(connection);
    reasons.push_back(reason);
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
  std::vector<ConnectionId> closed;
  std::vector<CloseReason> reasons;
  int writable = 0;
  std::vector<std::pair<Lane, Status>> disk;
  std::vector<int> signals;

  std::function<void(ConnectionId)> do_on_accepted;
  std::function<void(ConnectionId, Bytes)> do_on_received;
  std::function<void(ConnectionId)> do_on_closed;
  std::function<void(ConnectionId, size_t)> do_on_send_short;
  std::function<void(ConnectionId)> do_on_writable;
};

// A client: a blocking socket whose calls give up after kPatience.
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
      if (got <= 0) break;
      done += static_cast<size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }
  // True once the other side has closed; whether by an end or by a reset does not matter.
  [[nodiscard]] bool at_end() const {
    char byte = 0;
    const ssize_t got = ::recv(fd_.get(), &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }
  void close() { fd_.reset(); }
  // Closing sends a reset instead of an orderly end.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

 private:
  void connect_to(const void* address, socklen_t size) {
    const timeval patience{kPatience / 1'000'000'000, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(fd_.get(), static_cast<const sockaddr*>(address), size), 0)
        << strerror(errno);
  }

  Descriptor fd_;
};

class LoopTest : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() /
                 ("leat-loop-test-" + std::to_string(::getpid()) + "-" +
                  testing::UnitTest::GetInstance()->current_test_info()->name());
    for (char& letter : directory_) letter = letter == '/' ? letter : letter;
    std::filesystem::create_directories(directory_);
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

TEST_P(LoopTest, EchoesToOneClient) {
  const Client client(listen());
  const ConnectionId connection = accept_one();
  EXPECT_TRUE(recorder_.peers[0].starts_with("127.0.0.1:")) << recorder_.peers[0];
  EXPECT_TRUE(recorder_.locals[0].starts_with("127.0.0.1:")) << recorder_.locals[0];
  for (int round = 0; round < 100; ++round) {
    const std::string text = "ping " + std::to_string(round);
    client.send(text);
    recorder_.received.clear();
    ASSERT_TRUE(poll_until([&] { return recorder_.received[connection.value] == text; }));
    loop().send(connection, text);
    loop().poll(kNow, recorder_);
    ASSERT_EQ(client.read(text.size()), text);
  }
}

TEST_P(LoopTest, EchoesToAThousandClients) {
  constexpr size_t kClients = 1000;
  const uint16_t port = listen();
  echo();
  std::vector<Client> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.emplace_back(port);
    loop().poll(kNow, recorder_);
  }
  ASSERT_TRUE(poll_until([&] { return recorder_.accepted.size() == kClients; }));
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < kClients; ++i) clients[i].send("message " + std::to_string(i) + ";");
    size_t answered = 0;
    recorder_.do_on_received = [&](ConnectionId connection, Bytes bytes) {
      std::string& message = echoes_[connection.value];
      if (message.ends_with(';')) message.clear();
      message.append(bytes);
      if (!message.ends_with(';')) return;
      ++answered;
      loop().send(connection, message);
    };
    ASSERT_TRUE(poll_until([&] { return answered == kClients; }));
    loop().poll(kNow, recorder_);
    for (size_t i = 0; i < kClients; ++i) {
      const std::string want = "message " + std::to_string(i) + ";";
      ASSERT_EQ(clients[i].read(want.size()), want);
    }
  }
}

TEST_P(LoopTest, ListensOnIpv6) {
  const Result<ListenerId> listener = loop().listen_tcp("::1", 0, 16);
  if (!listener.ok()) GTEST_SKIP() << listener.error().detail;
  const Descriptor fd(::socket(AF_INET6, SOCK_STREAM, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  address.sin6_port = htons(loop().port(listener.value()));
  const void* const general = &address;
  ASSERT_EQ(::connect(fd.get(), static_cast<const sockaddr*>(general), sizeof address), 0);
  accept_one();
  EXPECT_TRUE(recorder_.peers[0].starts_with("[::1]:")) << recorder_.peers[0];
}

TEST_P(LoopTest, ReportsWhatItCannotListenOn) {
  const uint16_t taken = listen();
  EXPECT_EQ(loop().listen_tcp("127.0.0.1", taken, 16).error().code, Errc::kUnavailable);
  EXPECT_EQ(loop().listen_tcp("not an address", 0, 16).error().code, Errc::kInvalid);
  EXPECT_EQ(loop().listen_tcp("203.0.113.1", 0, 16).error().code, Errc::kIo);
  EXPECT_EQ(loop().listen_unix(std::string(300, 'x'), 0700, 16).error().code, Errc::kInvalid);
  EXPECT_EQ(loop().listen_unix(path("no/such/place"), 0700, 16).error().code, Errc::kIo);
}

TEST_P(LoopTest, ClosedListenerGivesItsPortBack) {
  const Result<ListenerId> first = loop().listen_tcp("127.0.0.1", 0, 16);
  const uint16_t port = loop().port(first.value());
  loop().poll(kNow, recorder_);
  loop().close_listener(first.value());
  EXPECT_EQ(loop().port(first.value()), 0);
  const Result<ListenerId> second = loop().listen_tcp("127.0.0.1", port, 16);
  ASSERT_TRUE(second.ok()) << second.error().detail;
  const Client client(port);
  accept_one();
}

TEST_P(LoopTest, UnixSocketHasExactlyItsPermissions) {
  for (const unsigned mode : {0700U, 0770U, 0777U, 0600U}) {
    const mode_t before = ::umask(027);
    const Result<ListenerId> listener = loop().listen_unix(path("s"), mode, 16);
    ::umask(before);
    ASSERT_TRUE(listener.ok()) << listener.error().detail;
    struct stat status {};
    ASSERT_EQ(::lstat(path("s").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, mode);
    loop().close_listener(listener.value());
    EXPECT_NE(::lstat(path("s").c_str(), &status), 0) << "the file goes with the listener";
  }
}

TEST_P(LoopTest, UnixSocketEchoes) {
  ASSERT_TRUE(loop().listen_unix(path("s"), 0700, 16).ok());
  echo();
  const Client client(path("s"));
  accept_one();
  EXPECT_EQ(recorder_.peers[0], path("s"));
  client.send("hello");
  ASSERT_TRUE(poll_until([&] { return !echoes_.empty(); }));
  loop().poll(kNow, recorder_);
  EXPECT_EQ(client.read(5), "hello");
}

TEST_P(LoopTest, UnixSocketReplacesOnlyAStaleOne) {
  {
    // A socket that was bound by somebody who has died: the file stays, nobody listens.
    const Descriptor dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path("s").copy(address.sun_path, sizeof address.sun_path - 1);
    const void* const general = &address;
    ASSERT_EQ(::bind(dead.get(), static_cast<const sockaddr*>(general), sizeof address), 0);
  }
  ASSERT_TRUE(loop().listen_unix(path("s"), 0700, 16).ok());
  EXPECT_EQ(loop().listen_unix(path("s"), 0700, 16).error().code, Errc::kUnavailable);
  ASSERT_TRUE(disk().open(path("file"), OpenMode::kCreate).ok());
  EXPECT_EQ(loop().listen_unix(path("file"), 0700, 16).error().code, Errc::kUnavailable);
}

TEST_P(LoopTest, PeerThatClosesIsReportedAfterItsBytes) {
  Client client(listen());
  const ConnectionId connection = accept_one();
  client.send("last words");
  client.close();
  ASSERT_TRUE(poll_until([&] { return !recorder_.closed.empty(); }));
  EXPECT_EQ(recorder_.received[connection.value], "last words");
  EXPECT_EQ(recorder_.closed[0], connection);
  EXPECT_EQ(recorder_.reasons[0], CloseReason::kPeerClosed);
  loop().send(connection, "to a dead id");
  loop().close(connection);
  loop().poll(kNow, recorder_);
  EXPECT_EQ(recorder_.closed.size(), 1U);
}

TEST_P(LoopTest, ConnectionResetIsAnError) {
  Client client(listen());
  accept_one();
  client.reset();
  ASSERT_TRUE(poll_until([&] { return !recorder_.closed.empty(); }));
  EXPECT_EQ(recorder_.reasons[0], CloseReason::kError);
}

TEST_P(LoopTest, SendToABrokenConnectionClosesItOnce) {
  Client client(listen());
  const ConnectionId connection = accept_one();
  loop().pause_receive(connection);  // So that only sending can notice.
  loop().poll(kNow, recorder_);
  client.reset();
  const std::string bytes(1000, 'x');
  ASSERT_TRUE(poll_until([&] {
    if (recorder_.closed.empty()) loop().send(connection, bytes);
    loop().poll(kNow, recorder_);
    return !recorder_.closed.empty();
  }));
  for (int i = 0; i < 3; ++i) loop().poll(kNow, recorder_);
  EXPECT_EQ(recorder_.closed.size(), 1U);
  EXPECT_EQ(recorder_.reasons[0], CloseReason::kError);
}

TEST_P(LoopTest, SendsMoreThanTheSocketHoldsToAStalledReader) {
  std::string sent(size_t{8} << 20, '\0');
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 2654435761U >> 24);
  const Client client(listen());
  const ConnectionId connection = accept_one();
  Bytes left = sent;
  recorder_.do_on_send_short = [&](ConnectionId id, size_t taken) {
    EXPECT_EQ(id, connection);
    EXPECT_LT(taken, left.size());
    left.remove_prefix(taken);
  };
  recorder_.do_on_writable = [&](ConnectionId id) { loop().send(id, left); };
  loop().send(connection, left);
  loop().poll(kNow, recorder_);
  EXPECT_LT(left.size(), sent.size()) << "the first part leaves at once";
  EXPECT_GT(left.size(), 0U) << "the reader stalls, so not everything can leave";
  for (int i = 0; i < 3; ++i) loop().poll(kNow, recorder_);
  EXPECT_EQ(recorder_.writable, 0) << "nobody has read";

  std::string got;
  std::thread reader([&] {
    got = client.read(sent.size());
    loop().wake();
  });
  std::optional<size_t> done;
  EXPECT_TRUE(poll_until([&] {
    // The last send() is not reported when it takes everything: the reader's wake ends the wait.
    struct pollfd unused {};
    return ::poll(&unused, 0, 0) == 0 && got.size() == sent.size();
  }));
  reader.join();
  EXPECT_EQ(got, sent);
  EXPECT_GT(recorder_.writable, 0);
}

INSTANTIATE_TEST_SUITE_P(Backends, LoopTest, testing::Values(Backend::kEpoll, Backend::kUring),
                         [](const testing::TestParamInfo<Backend>& tested) {
                           return std::string(tested.param == Backend::kUring ? "uring" : "epoll");
                         });

}  // namespace
}  // namespace leat::io
