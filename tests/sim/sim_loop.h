// SimLoop: sockets, helper lanes and the wait for them, in virtual time.
//
// Everything that happens stands in one queue by time: bytes that arrive, jobs that complete, clients that act.
// poll() takes what is due, and moves the clock when nothing is. A connection has a server side, which is the
// Loop's interface, and a client side, which the workload drives: connect(), client_send(), disconnect().
//
// Contract   what the real loops promise (io/io.h), checked where the server could break it: one send per
//            connection between two polls, none while it waits for on_writable(), borrowed bytes unchanged.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/io.h"
#include "sim/sim_clock.h"
#include "sim/sim_disk.h"
#include "sim/sim_random.h"

namespace leat::sim {

struct LoopFaults {
  uint64_t send_short = 0;                           // Once in so many sends only a part leaves.
  uint64_t cut_receive = 0;                          // Bytes of a client arrive in two pieces.
  int64_t network_ns = 50'000;                       // Longest delay of bytes.
  int64_t disk_ns = 200'000;                         // Longest time of a job.
  uint64_t disk_stall = 0;                           // A job takes a hundred times longer.
  std::optional<io::Lane> slow_lane = std::nullopt;  // As every job of this lane does.
};

class SimLoop final : public io::Loop {
 public:
  // What clients see and do.
  class Clients {
   public:
    virtual ~Clients() = default;
    virtual void on_accepted(io::ConnectionId connection) = 0;
    // Bytes have left the server for good.
    virtual void on_sent(io::ConnectionId connection, Bytes bytes) = 0;
    virtual void on_server_closed(io::ConnectionId connection) = 0;
    // The server has learnt that the client is gone.
    virtual void on_client_closed(io::ConnectionId connection) = 0;
    // The time that wake_client() asked for has come.
    virtual void on_time(uint64_t client) = 0;
  };

  SimLoop(SimRandom& random, SimClock& clock, SimDisk& disk)
      : random_(random), clock_(clock), disk_(disk) {}
  void serve(Clients& clients) { clients_ = &clients; }
  LoopFaults faults;

  // The server's side
  Result<io::ListenerId> listen_tcp(const std::string& address, uint16_t port,
                                    int backlog) override;
  Result<io::ListenerId> listen_unix(const std::string& path, unsigned mode, int backlog) override;
  [[nodiscard]] uint16_t port(io::ListenerId /*listener*/) const override { return 6379; }
  void close_listener(io::ListenerId /*listener*/) override { listening_ = false; }
  void send(io::ConnectionId connection, Bytes bytes) override;
  void pause_receive(io::ConnectionId connection) override;
  void resume_receive(io::ConnectionId connection) override;
  void close(io::ConnectionId connection) override;
  void set_keepalive(io::ConnectionId /*connection*/, int /*seconds*/) override {}
  void start(io::Lane lane, io::DiskJob job) override;
  void poll(MonoNs deadline, io::Handler& handler) override;
  void wake() override { woken_ = true; }

  // The clients' side
  // Nothing when nobody listens.
  std::optional<io::ConnectionId> connect();
  void client_send(io::ConnectionId connection, Bytes bytes);
  void disconnect(io::ConnectionId connection);
  void wake_client(uint64_t client, int64_t at);

  // The process has died: connections are gone, and of the jobs in flight any part may have happened.
  void crash();
  [[nodiscard]] const std::string& violation() const { return violation_; }
  [[nodiscard]] bool busy(io::Lane lane) const { return lanes_[static_cast<size_t>(lane)].busy; }

 private:
  struct Event {
    enum class Kind : uint8_t { kAccept, kBytes, kPeerClosed, kWritable, kDisk, kClient };
    Kind kind = Kind::kClient;
    uint64_t subject = 0;  // Connection, lane or client.
    std::string bytes;
  };
  struct Peer {
    bool accepted = false;
    bool paused = false;
    bool waits_writable = false;
    bool sent_this_turn = false;
    int64_t last_arrival = 0;  // Bytes do not overtake each other.
    std::string held;          // Arrived while receiving is paused.
    bool held_close = false;
  };
  struct Send {
    io::ConnectionId connection;
    Bytes bytes;
    uint64_t hash = 0;
  };
  struct LaneState {
    bool busy = false;
    io::DiskJob job;
    uint64_t hash = 0;  // Of the borrowed bytes.
  };

  void at(int64_t time, Event event) {
    events_.emplace(std::pair(time, next_event_++), std::move(event));
  }
  int64_t arrival(Peer& peer);
  void flush_sends(io::Handler& handler);
  // True when the server was told something.
  bool dispatch(Event& event, io::Handler& handler);
  bool complete(size_t lane, io::Handler& handler);
  void violated(const std::string& text) {
    if (violation_.empty()) violation_ = text;
  }

  SimRandom& random_;
  SimClock& clock_;
  SimDisk& disk_;
  Clients* clients_ = nullptr;
  bool listening_ = false;
  bool woken_ = false;
  uint64_t next_connection_ = 1;
  uint64_t next_event_ = 0;
  std::map<uint64_t, Peer> peers_;
  std::map<std::pair<int64_t, uint64_t>, Event> events_;
  std::vector<Send> sends_;
  std::array<LaneState, io::kLanes> lanes_;
  std::string violation_;
};

}  // namespace leat::sim
