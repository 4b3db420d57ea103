// EpollLoop: the Loop for systems without (or with a forbidden) io_uring.
//
// Each connection is registered once, edge-triggered for both directions, so that neither pausing
// nor waiting for room to send costs a system call. What the edges said is kept per connection; one
// receive per connection and poll keeps a fast sender from starving the others.
//
// Invariants  a connection that may have bytes to read (`readable`) and is not paused is in
//             `ready_`, exactly once (`queued`).
//             Between two polls nothing but send() changes `outbox_`.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/epoll.h>

#include "io/connection_slots.h"
#include "io/descriptor.h"
#include "io/listeners.h"
#include "io/local_events.h"

namespace leat::io {

class EpollLoop final : public Loop {
 public:
  // `clock` and `disk` outlive the loop.
  //   errors  kIo when the system is out of descriptors.
  [[nodiscard]] static Result<std::unique_ptr<Loop>> create(Clock& clock, Disk& disk);

  Result<ListenerId> listen_tcp(const std::string& address, uint16_t port, int backlog) override;
  Result<ListenerId> listen_unix(const std::string& path, unsigned mode, int backlog) override;
  [[nodiscard]] uint16_t port(ListenerId listener) const override;
  void close_listener(ListenerId listener) override;
  void send(ConnectionId connection, Bytes bytes) override;
  void pause_receive(ConnectionId connection) override;
  void resume_receive(ConnectionId connection) override;
  void close(ConnectionId connection) override;
  void set_keepalive(ConnectionId connection, int seconds) override;
  void start(Lane lane, DiskJob job) override;
  void poll(MonoNs deadline, Handler& handler) override;
  void wake() override;

 private:
  struct Connection {
    Descriptor fd;
    bool readable = false;  // The kernel may hold bytes, an end or an error for us.
    bool ending = false;    // The kernel has announced an end or an error.
    bool ended = false;     // on_ended() has been called: there is nothing more to read.
    bool paused = false;
    bool queued = false;   // In ready_.
    bool waiting = false;  // A send came back short; on_writable() is due.
  };
  struct QueuedSend {
    ConnectionId connection;
    Bytes bytes;  // Borrowed until poll() returns.
  };
  struct ShortSend {
    ConnectionId connection;
    size_t taken = 0;
    bool broken = false;
  };

  EpollLoop(Clock& clock, Descriptor epoll, std::unique_ptr<LocalEvents> local);

  Status watch(int fd, uint32_t events, uint64_t token);
  Status watch_local();
  Result<ListenerId> watch_listener(Result<ListenerId> added);
  void set_ready(ConnectionId id, Connection& connection);

  void flush_sends();
  void resume_listeners();
  [[nodiscard]] int wait_for_events(MonoNs deadline);
  void report_sends(Handler& handler);
  void report_event(const epoll_event& event, Handler& handler);
  void report_connection(ConnectionId id, uint32_t events, Handler& handler);
  void report_accepts(ListenerId id, Handler& handler);
  void pause_listener(Listener& listener, int code);
  std::optional<ConnectionId> add_connection(Descriptor fd);
  void report_ready(Handler& handler);
  void receive(ConnectionId id, Connection& connection, Handler& handler);

  static constexpr int kEventsPerPoll = 512;
  static constexpr size_t kReceiveBytes = size_t{64} << 10;

  Clock& clock_;
  Descriptor epoll_;
  std::unique_ptr<LocalEvents> local_;
  Listeners listeners_;
  ConnectionSlots<Connection> connections_;
  std::vector<QueuedSend> outbox_;
  std::vector<ShortSend> short_sends_;
  std::vector<ConnectionId> ready_;
  std::vector<ConnectionId> reading_;  // What ready_ was when this poll began to read.
  bool has_pwait2_ = true;             // epoll_pwait2(): Linux 5.11 and newer.
  std::array<epoll_event, kEventsPerPoll> events_{};
  std::array<char, kReceiveBytes> received_{};
};

}  // namespace leat::io
