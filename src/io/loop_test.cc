// Goal: what io.h promises about sockets holds for each backend.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "io/descriptor.h"
#include "io/loop_fixture.h"

namespace leat::io {
namespace {

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

TEST_P(LoopTest, EchoesToMoreClientsThanOneCallTakes) {
  constexpr size_t kClients = 1500;  // More than the queue of a ring holds.
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
    struct stat status{};
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
  ASSERT_TRUE(poll_until([&] { return !recorder_.ended.empty(); }));
  EXPECT_EQ(recorder_.received[connection.value], "last words");
  EXPECT_EQ(recorder_.ended[0], connection);
  loop().close(connection);
  loop().send(connection, "to a dead id");
  loop().close(connection);
  loop().poll(kNow, recorder_);
  EXPECT_EQ(recorder_.ended.size(), 1U);
  EXPECT_TRUE(recorder_.closed.empty());
}

TEST_P(LoopTest, PeerThatOnlySendsNothingMoreStillGetsItsAnswer) {
  const Client client(listen());
  const ConnectionId connection = accept_one();
  client.send("question");
  client.end();
  ASSERT_TRUE(poll_until([&] { return !recorder_.ended.empty(); }));
  // The end is told once, and a loop that has nothing else to do waits.
  const MonoNs deadline{clock().mono().value + 20 * kNsPerMs};
  int polls = 0;
  for (; clock().mono() < deadline; ++polls) loop().poll(deadline, recorder_);
  EXPECT_LT(polls, 5);
  EXPECT_EQ(recorder_.ended.size(), 1U);
  std::string answer(size_t{8} << 20, 'a');
  Bytes left = answer;
  recorder_.do_on_send_short = [&](ConnectionId, size_t taken) { left.remove_prefix(taken); };
  recorder_.do_on_writable = [&](ConnectionId id) { loop().send(id, left); };
  loop().send(connection, left);
  std::atomic<bool> finished = false;
  std::string got;
  std::thread reader([&] {
    got = client.read(answer.size());
    finished = true;
    loop().wake();
  });
  EXPECT_TRUE(poll_until([&] { return finished.load(); }));
  reader.join();
  EXPECT_EQ(got, answer);
  EXPECT_TRUE(recorder_.closed.empty());
  loop().close(connection);
  EXPECT_TRUE(client.at_end());
}

TEST_P(LoopTest, SendToAPeerThatHasGoneCloses) {
  Client client(listen());
  const ConnectionId connection = accept_one();
  client.close();
  ASSERT_TRUE(poll_until([&] { return !recorder_.ended.empty(); }));
  // The first send provokes the refusal, a later one meets it.
  const MonoNs deadline{clock().mono().value + kPatience};
  while (recorder_.closed.empty() && clock().mono() < deadline) {
    loop().send(connection, "anybody there?");
    loop().poll(kNow, recorder_);
  }
  EXPECT_EQ(recorder_.closed.size(), 1U);
}

TEST_P(LoopTest, ConnectionResetIsReportedAfterItsBytes) {
  for (int round = 0; round < 20; ++round) {
    Client client(listen());
    const ConnectionId connection = accept_one();
    client.send("fire and forget");
    client.reset();
    bool heard_together = false;
    const size_t before = recorder_.closed.size();
    ASSERT_TRUE(poll_until([&] {
      const bool had_bytes = !recorder_.received[connection.value].empty();
      loop().poll(kNow, recorder_);
      const bool has_bytes = !recorder_.received[connection.value].empty();
      const bool closed = recorder_.closed.size() > before;
      heard_together = heard_together || (closed && has_bytes && !had_bytes);
      return closed;
    }));
    EXPECT_EQ(recorder_.received[connection.value], "fire and forget");
    EXPECT_FALSE(heard_together) << "no turn between the bytes and the end";
    EXPECT_TRUE(recorder_.ended.empty());
  }
}

TEST_P(LoopTest, SendToABrokenConnectionClosesItOnce) {
  Client client(listen());
  const ConnectionId connection = accept_one();
  loop().pause_receive(connection);  // So that only sending can notice.
  loop().poll(kNow, recorder_);
  client.reset();
  const std::string bytes(1000, 'x');
  const MonoNs deadline{clock().mono().value + kPatience};
  while (recorder_.closed.empty() && clock().mono() < deadline) {
    loop().send(connection, bytes);
    loop().poll(kNow, recorder_);
  }
  for (int i = 0; i < 3; ++i) loop().poll(kNow, recorder_);
  EXPECT_EQ(recorder_.closed.size(), 1U);
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
  std::atomic<bool> finished = false;
  std::thread reader([&] {
    got = client.read(sent.size());
    finished = true;
    loop().wake();
  });
  EXPECT_TRUE(poll_until([&] { return finished.load(); }));
  reader.join();
  EXPECT_EQ(got, sent);
  EXPECT_GT(recorder_.writable, 0);
}

TEST_P(LoopTest, CloseWithEventsPendingReportsNothingMore) {
  const uint16_t port = listen();
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(port);
  ASSERT_TRUE(poll_until([&] { return recorder_.accepted.size() == 20; }));
  for (const Client& client : clients) client.send("x");
  // The first that speaks closes everybody: the others' bytes and ends are already on their way.
  size_t received = 0;
  recorder_.do_on_received = [&](ConnectionId, Bytes) {
    ++received;
    for (const ConnectionId connection : recorder_.accepted) {
      loop().send(connection, "never leaves");
      loop().close(connection);
    }
  };
  ASSERT_TRUE(poll_until([&] { return received > 0; }));
  for (int i = 0; i < 5; ++i) loop().poll(kNow, recorder_);
  EXPECT_EQ(received, 1U);
  EXPECT_TRUE(recorder_.closed.empty());
  for (const Client& client : clients) EXPECT_TRUE(client.at_end());
}

TEST_P(LoopTest, EventsOfAClosedConnectionNeverReachItsSuccessor) {
  const uint16_t port = listen();
  ConnectionId last{0};
  for (int round = 0; round < 200; ++round) {
    const Client first(port);
    const ConnectionId old = accept_one();
    EXPECT_NE(old, last) << "an id was used twice";
    first.send("for the old one");
    loop().send(old, "from the old one");
    loop().close(old);
    // The number of the descriptor and the slot are free again: the next client gets both.
    const Client second(port);
    const ConnectionId fresh = accept_one();
    EXPECT_NE(fresh, old);
    second.send("new");
    ASSERT_TRUE(poll_until([&] { return recorder_.received[fresh.value] == "new"; }));
    EXPECT_EQ(recorder_.received.count(old.value), 0U);
    loop().send(fresh, "answer");
    loop().poll(kNow, recorder_);
    ASSERT_EQ(second.read(6), "answer");
    loop().close(fresh);
    last = fresh;
  }
  EXPECT_TRUE(recorder_.closed.empty());
}

TEST_P(LoopTest, PausedConnectionReceivesNothingUntilResumed) {
  const Client client(listen());
  const ConnectionId connection = accept_one();
  std::string& got = recorder_.received[connection.value];
  client.send("one ");
  ASSERT_TRUE(poll_until([&] { return got == "one "; }));
  for (int round = 0; round < 20; ++round) {
    const std::string before = got;
    loop().pause_receive(connection);
    client.send("more ");
    for (int i = 0; i < 3; ++i) loop().poll(kNow, recorder_);
    client.send("and more ");
    for (int i = 0; i < 3; ++i) loop().poll(kNow, recorder_);
    ASSERT_EQ(got, before);
    loop().resume_receive(connection);
    ASSERT_TRUE(poll_until([&] { return got == before + "more and more "; })) << got;
  }
}

TEST_P(LoopTest, PauseAndResumeWithinOneTurnLosesNothing) {
  const Client client(listen());
  const ConnectionId connection = accept_one();
  std::string want;
  recorder_.do_on_received = [&](ConnectionId id, Bytes bytes) {
    loop().pause_receive(id);
    if (bytes.size() % 2 == 0) loop().resume_receive(id);
  };
  for (int round = 0; round < 100; ++round) {
    const std::string text(static_cast<size_t>(round % 7 + 1), static_cast<char>('a' + round % 26));
    want += text;
    client.send(text);
    ASSERT_TRUE(poll_until([&] {
      loop().resume_receive(connection);
      return recorder_.received[connection.value] == want;
    }));
  }
}

TEST_P(LoopTest, PausedReceiverHoldsBackAFastSender) {
  const Client client(listen());
  const ConnectionId connection = accept_one();
  size_t got = 0;
  recorder_.do_on_received = [&](ConnectionId id, Bytes bytes) {
    got += bytes.size();
    loop().pause_receive(id);
  };
  const std::string bytes(size_t{32} << 20, 'x');
  std::thread sender([&] { client.send(bytes); });
  ASSERT_TRUE(poll_until([&] { return got > 0; }));
  for (int i = 0; i < 50; ++i) loop().poll({clock().mono().value + kNsPerMs}, recorder_);
  EXPECT_LE(got, size_t{64} << 10) << "one report, then the pause";
  EXPECT_TRUE(poll_until([&] {
    loop().resume_receive(connection);
    return got == bytes.size();
  }));
  sender.join();
}

TEST_P(LoopTest, PeerThatClosesWhilePausedIsReportedAfterItsBytes) {
  Client client(listen());
  const ConnectionId connection = accept_one();
  loop().pause_receive(connection);
  client.send("kept");
  client.close();
  for (int i = 0; i < 5; ++i) loop().poll(kNow, recorder_);
  EXPECT_EQ(recorder_.received.count(connection.value), 0U);
  EXPECT_TRUE(recorder_.ended.empty());
  loop().resume_receive(connection);
  ASSERT_TRUE(poll_until([&] { return !recorder_.ended.empty(); }));
  EXPECT_EQ(recorder_.received[connection.value], "kept");
}

TEST_P(LoopTest, LargeTransferArrivesWholeBesideOthers) {
  const uint16_t port = listen();
  const Client large(port);
  const ConnectionId busy = accept_one();
  const Client small(port);
  const ConnectionId modest = accept_one();
  std::string sent(size_t{16} << 20, '\0');
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 2654435761U >> 24);
  std::thread sender([&] { large.send(sent); });
  size_t answered = 0;
  small.send("tick");
  recorder_.do_on_received = [&](ConnectionId id, Bytes) {
    if (id != modest) return;
    ++answered;
    small.send("tick");
  };
  EXPECT_TRUE(poll_until([&] { return recorder_.received[busy.value].size() == sent.size(); }));
  sender.join();
  EXPECT_EQ(recorder_.received[busy.value], sent);
  EXPECT_GT(answered, 2U) << "a fast sender starves the others";
}

TEST_P(LoopTest, KeepaliveAndCallsOnDeadIdsAreHarmless) {
  const Client client(listen());
  const ConnectionId connection = accept_one();
  loop().set_keepalive(connection, 300);
  loop().set_keepalive(connection, 0);
  loop().close(connection);
  loop().set_keepalive(connection, 300);
  loop().pause_receive(connection);
  loop().resume_receive(connection);
  loop().send(connection, "x");
  loop().close(connection);
  loop().close_listener({12345});
  loop().poll(kNow, recorder_);
  EXPECT_TRUE(recorder_.closed.empty());
}

TEST_P(LoopTest, HandlerMayCloseInEveryCall) {
  const uint16_t port = listen();
  recorder_.do_on_accepted = [&](ConnectionId id) { loop().close(id); };
  const Client first(port);
  accept_one();
  EXPECT_TRUE(first.at_end());
  recorder_.do_on_accepted = nullptr;
  const Client second(port);
  const ConnectionId connection = accept_one();
  recorder_.do_on_send_short = [&](ConnectionId id, size_t) { loop().close(id); };
  const std::string bytes(size_t{32} << 20, 'x');
  loop().send(connection, bytes);
  loop().poll(kNow, recorder_);
  loop().send(connection, bytes);
  loop().poll(kNow, recorder_);
  EXPECT_TRUE(recorder_.closed.empty());
}

INSTANTIATE_TEST_SUITE_P(Backends, LoopTest, testing::Values(Backend::kEpoll, Backend::kUring),
                         backend_test_name);

}  // namespace
}  // namespace leat::io
