// Reactor: the connections of one thread and the turn that serves them.
//
//   poll      what came: bytes, completions, new connections
//   now       one clock reading
//   execute   per connection, its requests in order; after each, the readers that it made ready
//   tick      parked commands that are due, expiry, eviction
//   commit    the turn's records: one write (and sync) by the loop or its helper lane
//   checkpoint  a step of the one being made
//   release   what may leave, leaves
//
// Contract   nothing leaves a connection before the LSN it depends on is released by the log. A turn blocks
//            in poll() and nowhere else. One connection can't keep the others waiting: what it may execute
//            and what it may be owed in one turn is bounded, and so is the time for all of them; the rest waits
//            for the next.
// Thread     all of it runs on the thread that calls turn().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include "io/io.h"
#include "server/connection.h"
#include "server/connection_limits.h"
#include "server/shard.h"

namespace leat {

// Reading a thread's processor time is a system call: made once in so long, not in every turn.
inline constexpr int64_t kCpuReadNs = kNsPerMs;

struct ReactorCounters {
  uint64_t connections_received = 0;
  uint64_t connections_rejected = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t turns = 0;
  // From the end of the wait for events to the end of the turn, without the reading of sockets.
  int64_t turns_ns = 0;
  int64_t longest_turn_ns = 0;
  // Processor time of the turn that took most of it, at most kCpuReadNs too much; of turns that last as long.
  int64_t longest_turn_cpu_ns = 0;
  uint64_t protocol_errors = 0;
  uint64_t output_limit_disconnections = 0;
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t reaped = 0;  // Dropped things that were freed in slices.
};

class Reactor : public io::Handler {
 public:
  // By id, which is also the order of arrival: the order of CLIENT LIST.
  using Connections = absl::btree_map<ClientId, std::unique_ptr<Connection>>;

  Reactor(const io::World& world, const ConnectionLimits& limits)
      : world_(world), limits_(limits) {}
  // The shard that commands go to. Before it is set, requests wait.
  void serve(Shard& shard) { shard_ = &shard; }

  // One turn; waits until `deadline` at most, less when something is due.
  void turn(MonoNs deadline);
  [[nodiscard]] bool stopped() const { return stop_signal_ != 0; }
  [[nodiscard]] int stop_signal() const { return stop_signal_; }

  [[nodiscard]] const Connections& connections() const { return connections_; }
  [[nodiscard]] Connection* find(ClientId client) const;
  // An EXEC waits for sealed entries in the middle: nothing else is executed or committed.
  [[nodiscard]] bool held() const { return held_by_.has_value(); }
  // Whose it is.
  [[nodiscard]] std::optional<ClientId> held_by() const { return held_by_; }
  // The connection whose command is being executed; null between commands.
  [[nodiscard]] Connection* executing() const { return executing_; }
  // What is kept for what the connection has still to be replied, about.
  [[nodiscard]] size_t held_bytes(const Connection& connection) const;
  [[nodiscard]] const ReactorCounters& counters() const { return counters_; }
  [[nodiscard]] ReactorCounters& counters() { return counters_; }
  [[nodiscard]] const ConnectionLimits& limits() const { return limits_; }
  // Connections that are there keep their authentication.
  void set_limits(const ConnectionLimits& limits);

  // Calls write(ReplyWriter&) to add something to the connection's output that no command of its own asks
  // for (a message, a monitor line); it leaves when all that was written so far is released. What comes
  // while the connection executes a command, or is being replied, follows that command's reply.
  template <typename Write>
  void push(Connection& connection, Write&& write) {
    push(connection, shard_->engine().last_lsn(), write);
  }
  // The same for what shows no data, and so waits for nothing but what stands before it.
  template <typename Write>
  void push_at_once(Connection& connection, Write&& write) {
    push(connection, Lsn{}, write);
  }
  // Ends a parked command with what `write` replies. Nothing when the connection has none.
  template <typename Write>
  bool unpark(Connection& connection, Write&& write) {
    if (!connection.parked) return false;
    const size_t reply_start = connection.output.buffer().size();
    ReplyWriter writer(connection.output.buffer(), connection.session.protocol);
    write(writer);
    end_parked(connection, reply_start);
    return true;
  }
  // Ends a parked command as if its time were over; false when the connection has none.
  bool end_wait(Connection& connection);
  // Closes the connection: at once, or once its output has left.
  [[gnu::cold, gnu::noinline]] void close(Connection& connection);
  void close_after_output(Connection& connection);
  // Commands of normal clients (or only those that write) wait until then. CLIENT PAUSE.
  void pause_until(MonoNs until, bool only_writes);
  void unpause();
  // Called when a connection has been closed, with what it still subscribes to and watches.
  void on_close(std::function<void(Connection&)> observer) {
    close_observer_ = std::move(observer);
  }
  void identify_unix(std::function<bool(io::ListenerId)> is_unix) { is_unix_ = std::move(is_unix); }
  // Called about once a second, at the start of a turn.
  void on_second(std::function<void(MonoNs now)> observer) {
    second_observer_ = std::move(observer);
  }
  // Turns without executing anything until the log is idle; for the shutdown.
  void drain(MonoNs deadline);
  // Sends all output that is released, waiting at most until `deadline`; for the shutdown.
  void flush(MonoNs deadline);

 private:
  void on_accepted(io::ConnectionId id, io::ListenerId listener, const std::string& peer,
                   const std::string& local) override;
  void on_received(io::ConnectionId id, Bytes bytes) override;
  void on_ended(io::ConnectionId id) override;
  void on_closed(io::ConnectionId id) override;
  void on_send_short(io::ConnectionId id, size_t taken) override;
  void on_writable(io::ConnectionId id) override;
  void on_disk(io::Lane lane, Status status) override;
  void on_signal(int signal) override;

  template <typename Write>
  void push(Connection& connection, Lsn release, Write&& write) {
    const bool inside = &connection == executing_ || connection.replying;
    ReplyWriter writer(inside ? connection.pushes : connection.output.buffer(),
                       connection.session.protocol);
    write(writer);
    if (!inside) added(connection, release);
  }
  [[nodiscard]] Connection* find(io::ConnectionId id) const;
  void settle_sent();
  void note_sent(Connection& connection, size_t count) {
    counters_.bytes_out += count;
    ++counters_.writes;
    connection.sent_bytes += count;
  }
  void note_turn(MonoNs begun);
  // What a turn does for the shard between poll and release.
  void serve(Now now);
  void tick();
  void reap(MonoNs until);
  // Freeing, and the checkpoint's step.
  void work_in_slices(const Now& now);
  // Each connection's requests, until there are none or it is late: the rest is for the next turn.
  void execute_runnable();
  void execute(Connection& connection);
  // Executes the next request of the connection; false when there is none that may run now.
  bool execute_next(Connection& connection);
  void finish_request(Connection& connection, Dispatcher::Outcome& outcome);
  // Pushes that came while the connection executed a command follow its reply, or do not wait for it: the command does.
  void release_pushes(Connection& connection);
  // What is left of the outcome's reply is written from now on, as the client reads.
  [[gnu::noinline]] void begin_reply(Connection& connection, Dispatcher::Outcome& outcome);
  // Writes the next pieces of long replies, for a bounded time.
  void write_replies();
  // Writes the next piece of one; `opened` are frames that it has waited for.
  //   returns  bytes, 1 at least.
  size_t write_reply(Connection& connection, OpenedFrames opened);
  // Frames have come that a long reply has waited for.
  void resume_reply(Connection& connection, OpenedFrames opened);
  void end_reply(Connection& connection);
  void forget_reply(Connection& connection);
  [[gnu::cold, gnu::noinline]] void protocol_error(Connection& connection);
  // Closes a connection whose next request does not fit its input buffer: it would wait for ever.
  [[gnu::noinline]] void close_if_too_large(Connection& connection);
  // Closes a connection that has sent much and not authenticated.
  void close_if_stranger(Connection& connection);
  [[gnu::noinline]] void serve_ready();
  // Plans again what needed sealed entries that have come.
  void serve_frames();
  void serve(FrameWaits::Ready ready);
  // Drops entries that have reached MAXAGE; streams that need frames for that wait for them.
  void age_out();
  void resume(Connection& connection, OpenedFrames opened = {});
  void serve_due();
  // Ends the commands that waited for what is on disk by now; for a checkpoint that is over.
  void serve_durable();
  void serve_checkpoint();
  // Closes those that have been idle, unauthenticated or owed too much for too long.
  void enforce_time_limits(MonoNs now);
  [[nodiscard]] Bytes overdue(const Connection& connection, MonoNs now) const;
  [[gnu::noinline]] void park(Connection& connection, OwnedRequest request,
                              Dispatcher::Outcome& outcome, OpenedFrames opened = {});
  void set_parser_limits(Connection& connection);
  void forget_parked(Connection& connection);
  // Its reply stands at `reply_start` of its output.
  void end_parked(Connection& connection, size_t reply_start);
  void added(Connection& connection, Lsn release);
  void make_runnable(Connection& connection);
  void make_dirty(Connection& connection);
  void compact_input(Connection& connection);
  void close_if_ended(Connection& connection);
  // Nothing that a closed connection has begun is left to do.
  void bury(Connection& connection);
  void release_outputs();
  void send_released(Connection& connection);
  void enforce_output_limit(Connection& connection);
  void fail_stop();
  void forget_dead();
  [[nodiscard]] bool paused(const Connection& connection) const;
  // The request, or the transaction that it would end, writes.
  [[nodiscard]] static bool would_write(const Connection& connection);
  // Runs those again that wait for the disk to catch up, once it has.
  void follow_disk();
  [[nodiscard]] MonoNs poll_deadline(MonoNs deadline) const;

  io::World world_;
  ConnectionLimits limits_;
  Shard* shard_ = nullptr;
  Connections connections_;
  absl::flat_hash_map<uint64_t, Connection*> by_io_;
  // A connection that dies stays on these lists until the end of the turn, when it is forgotten everywhere.
  std::vector<Connection*> runnable_;
  std::vector<Connection*> dirty_;
  std::vector<Connection*> sending_;
  std::vector<Connection*> replying_;  // Those with a long reply.
  std::vector<Connection*> dead_;
  absl::btree_set<std::pair<MonoNs, ClientId>> dues_;   // Of parked commands.
  absl::btree_set<std::pair<Lsn, ClientId>> awaiting_;  // Commands that wait for the disk.
  absl::btree_set<std::pair<uint64_t, ClientId>> awaiting_checkpoint_;  // By its number.
  MonoNs last_second_{0};
  Connection* executing_ = nullptr;
  // The client whose EXEC is held(). Should it go, its connection stays here, dead, until that is over.
  std::optional<ClientId> held_by_;
  ClientId next_client_{1};
  ReactorCounters counters_;
  int64_t cpu_ns_ = 0;  // The thread's processor time when it was last read, and when that was.
  MonoNs cpu_read_{0};
  MonoNs paused_until_{0};
  bool pause_only_writes_ = false;
  bool held_back_ = false;    // Some connection waits for the disk to catch up.
  bool replies_due_ = false;  // A piece of a long reply waits for nobody.
  // Some connection goes on as soon as what it is being sent has left: the next poll(), which sends it, does not wait.
  bool follows_sends_ = false;
  bool failed_ = false;
  std::function<void(Connection&)> close_observer_;
  std::function<void(MonoNs now)> second_observer_;
  std::function<bool(io::ListenerId)> is_unix_;
  int stop_signal_ = 0;
};

}  // namespace leat
