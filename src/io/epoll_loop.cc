#include "io/epoll_loop.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <utility>

#include <sys/socket.h>

#include "base/check.h"
#include "base/log.h"
#include "base/time.h"
#include "io/sockets.h"
#include "io/system_error.h"

namespace leat::io {
namespace {

// What an event belongs to: a tag in the bits that a connection's id leaves free.
enum class Source : uint64_t { kConnection, kListener, kWake, kSignal };

constexpr int kAcceptsPerPoll = 64;
constexpr uint32_t kEnds = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

uint64_t token(Source source, uint64_t id) {
  return static_cast<uint64_t>(source) << kConnectionIdBits | id;
}
Source source_of(uint64_t token) {
  return static_cast<Source>(token >> kConnectionIdBits);
}
uint64_t id_of(uint64_t token) {
  return token & ((uint64_t{1} << kConnectionIdBits) - 1);
}

}  // namespace

Result<std::unique_ptr<Loop>> EpollLoop::create(Clock& clock, Disk& disk) {
  Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return system_error("create", "an epoll descriptor", errno);
  Result<std::unique_ptr<LocalEvents>> local = LocalEvents::create(disk);
  if (!local.ok()) return local.error();
  std::unique_ptr<EpollLoop> loop(new EpollLoop(clock, std::move(epoll), std::move(local).value()));
  if (const Status watched = loop->watch_local(); !watched.ok()) return watched.error();
  return std::unique_ptr<Loop>(std::move(loop));
}

EpollLoop::EpollLoop(Clock& clock, Descriptor epoll, std::unique_ptr<LocalEvents> local)
    : clock_(clock), epoll_(std::move(epoll)), local_(std::move(local)) {}

Status EpollLoop::watch_local() {
  // Edge-triggered: every wake() is an edge, so the counter never needs to be read.
  Status watched = watch(local_->wake_descriptor(), EPOLLIN | EPOLLET, token(Source::kWake, 0));
  if (!watched.ok()) return watched;
  return watch(local_->signal_descriptor(), EPOLLIN, token(Source::kSignal, 0));
}

Status EpollLoop::watch(int fd, uint32_t events, uint64_t token) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = token;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return system_error("watch", "a descriptor with epoll", errno);
  }
  return {};
}

Result<ListenerId> EpollLoop::listen_tcp(const std::string& address, uint16_t port, int backlog) {
  return watch_listener(listeners_.add_tcp(address, port, backlog));
}

Result<ListenerId> EpollLoop::listen_unix(const std::string& path, unsigned mode, int backlog) {
  return watch_listener(listeners_.add_unix(path, mode, backlog));
}

Result<ListenerId> EpollLoop::watch_listener(Result<ListenerId> added) {
  if (!added.ok()) return added;
  const ListenerId id = added.value();
  const Status watched =
      watch(listeners_.find(id)->fd.get(), EPOLLIN, token(Source::kListener, id.value));
  if (watched.ok()) return id;
  listeners_.close(id);
  return watched.error();
}

uint16_t EpollLoop::port(ListenerId listener) const {
  const Listener* const found = listeners_.find(listener);
  return found != nullptr ? found->port : uint16_t{0};
}

void EpollLoop::close_listener(ListenerId listener) {
  listeners_.close(listener);
}

void EpollLoop::send(ConnectionId connection, Bytes bytes) {
  if (!bytes.empty()) outbox_.push_back({connection, bytes});
}

void EpollLoop::pause_receive(ConnectionId connection) {
  if (Connection* const found = connections_.find(connection)) found->paused = true;
}

void EpollLoop::resume_receive(ConnectionId connection) {
  Connection* const found = connections_.find(connection);
  if (found == nullptr) return;
  found->paused = false;
  set_ready(connection, *found);
}

void EpollLoop::close(ConnectionId connection) {
  if (connections_.find(connection) != nullptr) connections_.remove(connection);
}

void EpollLoop::set_keepalive(ConnectionId connection, int seconds) {
  Connection* const found = connections_.find(connection);
  if (found != nullptr) set_keepalive_seconds(found->fd.get(), seconds);
}

void EpollLoop::start(Lane lane, DiskJob job) {
  local_->start(lane, std::move(job));
}

void EpollLoop::wake() {
  local_->wake();
}

void EpollLoop::set_ready(ConnectionId id, Connection& connection) {
  if (!connection.readable || connection.paused || connection.queued) return;
  connection.queued = true;
  ready_.push_back(id);
}

void EpollLoop::poll(MonoNs deadline, Handler& handler) {
  // No handler runs between here and the end of the sends, so no id or view can die under them.
  flush_sends();
  resume_listeners();
  const int count = wait_for_events(deadline);
  report_sends(handler);
  for (int i = 0; i < count; ++i) report_event(events_[static_cast<size_t>(i)], handler);
  report_ready(handler);
}

void EpollLoop::flush_sends() {
  for (const QueuedSend& queued : outbox_) {
    Connection* const connection = connections_.find(queued.connection);
    if (connection == nullptr) continue;
    LEAT_CHECK(!connection->waiting);
    ssize_t put = 0;
    do {
      put = ::send(connection->fd.get(), queued.bytes.data(), queued.bytes.size(), MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    if (put == static_cast<ssize_t>(queued.bytes.size())) continue;
    const bool broken = put < 0 && errno != EAGAIN;
    connection->waiting = !broken;
    short_sends_.push_back({queued.connection, put < 0 ? 0 : static_cast<size_t>(put), broken});
  }
  outbox_.clear();
}

void EpollLoop::resume_listeners() {
  if (!listeners_.next_resume()) return;
  const MonoNs now = clock_.mono();
  while (const Listener* const listener = listeners_.take_rested(now)) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = token(Source::kListener, listener->id.value);
    LEAT_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener->fd.get(), &event) == 0);
  }
}

int EpollLoop::wait_for_events(MonoNs deadline) {
  const std::optional<MonoNs> resume = listeners_.next_resume();
  if (resume) deadline = std::min(deadline, *resume);
  int64_t wait_ns = 0;
  if (short_sends_.empty() && ready_.empty() && deadline.value > 0) {
    wait_ns = std::max<int64_t>(0, deadline.value - clock_.mono().value);
  }
  int count = -1;
  if (has_pwait2_) {
    const timespec timeout{wait_ns / kNsPerSecond, wait_ns % kNsPerSecond};
    count = ::epoll_pwait2(epoll_.get(), events_.data(), kEventsPerPoll, &timeout, nullptr);
    if (count < 0 && errno == ENOSYS) has_pwait2_ = false;
  }
  if (!has_pwait2_) {
    // Rounded up: waking early would only make the caller ask again.
    const int64_t wait_ms = std::min<int64_t>((wait_ns + kNsPerMs - 1) / kNsPerMs, 1'000'000);
    count = ::epoll_wait(epoll_.get(), events_.data(), kEventsPerPoll, static_cast<int>(wait_ms));
  }
  if (count >= 0) return count;
  LEAT_CHECK(errno == EINTR);
  return 0;
}

void EpollLoop::report_sends(Handler& handler) {
  for (const ShortSend& sent : short_sends_) {
    if (connections_.find(sent.connection) == nullptr) continue;
    if (sent.broken) {
      connections_.remove(sent.connection);
      handler.on_closed(sent.connection);
    } else {
      handler.on_send_short(sent.connection, sent.taken);
    }
  }
  short_sends_.clear();
}

void EpollLoop::report_event(const epoll_event& event, Handler& handler) {
  const uint64_t id = id_of(event.data.u64);
  switch (source_of(event.data.u64)) {
    case Source::kConnection:
      return report_connection({id}, event.events, handler);
    case Source::kListener:
      return report_accepts({static_cast<uint32_t>(id)}, handler);
    case Source::kWake:
      return local_->report_disk(handler);
    case Source::kSignal:
      return local_->report_signals(handler);
  }
}

void EpollLoop::report_connection(ConnectionId id, uint32_t events, Handler& handler) {
  Connection* const connection = connections_.find(id);
  if (connection == nullptr) return;  // Closed by the handler of an earlier event.
  if ((events & (EPOLLIN | kEnds)) != 0 && !connection->ended) connection->readable = true;
  if ((events & kEnds) != 0) connection->ending = true;
  set_ready(id, *connection);
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 && connection->waiting) {
    connection->waiting = false;
    handler.on_writable(id);
  }
}

void EpollLoop::report_ready(Handler& handler) {
  std::swap(ready_, reading_);
  for (const ConnectionId id : reading_) {
    Connection* const connection = connections_.find(id);
    if (connection == nullptr) continue;
    connection->queued = false;
    if (!connection->paused) receive(id, *connection, handler);
  }
  reading_.clear();
}

void EpollLoop::receive(ConnectionId id, Connection& connection, Handler& handler) {
  ssize_t got = 0;
  do {
    got = ::recv(connection.fd.get(), received_.data(), received_.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) {
    connection.readable = false;
    return;
  }
  if (got == 0) {
    connection.readable = false;
    connection.ended = true;
    return handler.on_ended(id);
  }
  if (got < 0) {
    connections_.remove(id);
    return handler.on_closed(id);
  }
  const auto size = static_cast<size_t>(got);
  // A short read means drained, but an announced end is still to be read: no edge will tell again.
  connection.readable = size == received_.size() || connection.ending;
  set_ready(id, connection);
  handler.on_received(id, Bytes(received_.data(), size));
}

void EpollLoop::report_accepts(ListenerId id, Handler& handler) {
  for (int i = 0; i < kAcceptsPerPoll; ++i) {
    Listener* const listener = listeners_.find(id);
    if (listener == nullptr) return;
    Descriptor fd(::accept4(listener->fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      // Otherwise nobody waits any more, or who waited has gone: the next event tells.
      if (Listeners::is_shortage(errno)) pause_listener(*listener, errno);
      return;
    }
    listener->shortage_logged = false;
    if (listener->unix_path.empty()) set_no_delay(fd.get());
    const EndNames names = end_names(*listener, fd.get());
    const std::optional<ConnectionId> connection = add_connection(std::move(fd));
    if (connection) handler.on_accepted(*connection, id, names.peer, names.local);
  }
}

void EpollLoop::pause_listener(Listener& listener, int code) {
  listeners_.pause(listener, code, clock_.mono());
  epoll_event silent{};
  silent.data.u64 = token(Source::kListener, listener.id.value);
  LEAT_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener.fd.get(), &silent) == 0);
}

std::optional<ConnectionId> EpollLoop::add_connection(Descriptor fd) {
  const int number = fd.get();
  const ConnectionId id = connections_.add({.fd = std::move(fd)});
  const Status watched = watch(number, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                               token(Source::kConnection, id.value));
  if (watched.ok()) return id;
  log(LogLevel::kWarning, "dropped a new connection: {}", watched.error().detail);
  connections_.remove(id);
  return std::nullopt;
}

}  // namespace leat::io
