// UringLoop: the Loop over io_uring, one call into the kernel per poll.
//
// That call submits every send and waits. Connections are accepted and received from by operations
// that stay armed and fill buffers of a shared ring; sends complete inside the call and are silent
// when everything left, so the bytes need not outlive it.
//
// Ids        an operation carries what it is and the connection's id (connection_slots.h), so a
//            completion that comes after its connection was closed finds nothing.
// Submitting happens only at the start of poll(), where no handler runs: a queued operation names a
//            descriptor by number, and a number that a handler closes may be somebody else's soon.
//            Until then a wish is a flag of the connection, which is in `changed_`.
// Pausing    cancels the armed receive. What the kernel delivers before it notices is kept aside,
//            at most the ring's buffers (UringRing), and reported after the resume.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "io/connection_slots.h"
#include "io/descriptor.h"
#include "io/direct_write.h"
#include "io/listeners.h"
#include "io/local_events.h"
#include "io/uring_ring.h"

namespace leat::io {

class UringLoop final : public Loop {
 public:
  // `clock` and `disk` outlive the loop. The thread that polls first must do all further polls.
  //   errors  kUnavailable when there is no io_uring for us, kIo when out of descriptors.
  [[nodiscard]] static Result<std::unique_ptr<Loop>> create(Clock& clock, Disk& disk);
  ~UringLoop() override;
  UringLoop(const UringLoop&) = delete;
  UringLoop& operator=(const UringLoop&) = delete;

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
  // What an operation is: a tag in the bits that a connection's id leaves free.
  enum class Operation : uint64_t {
    kReceive,
    kSend,
    kRoom,
    kAccept,
    kWake,
    kSignal,
    kCancel,
    kCommit
  };
  enum class Receiving : uint8_t { kNo, kArmed, kCancelling };
  // kEnded and kBroken are still to be reported, in a later poll than the last bytes.
  enum class End : uint8_t { kNone, kEnded, kBroken, kReported };

  struct Connection {
    Descriptor fd;
    Receiving receiving = Receiving::kNo;
    bool paused = false;
    bool changed = false;     // In changed_.
    bool waiting = false;     // A send came back short; on_writable() is due.
    bool wants_room = false;  // The wait for room to send is to be armed.
    End end = End::kNone;
    ByteBuffer kept;  // Received while paused.
  };
  struct QueuedSend {
    ConnectionId connection;
    Bytes bytes;  // Borrowed until poll() returns.
  };

  UringLoop(Clock& clock, std::unique_ptr<UringRing> ring, std::unique_ptr<LocalEvents> local);

  static uint64_t token(Operation operation, uint64_t id);
  static void shut_down(const Connection& connection);

  Result<ListenerId> accept_on(Result<ListenerId> added);
  void mark_changed(ConnectionId id, Connection& connection);

  void submit_changes();
  void submit_change(ConnectionId id, Connection& connection);
  void submit_cancel(ConnectionId id, Connection& connection);
  void submit_receive(ConnectionId id, Connection& connection);
  void submit_accepts();
  void submit_local();
  void submit_sends();
  void submit_commit();
  void finish_commit();
  [[nodiscard]] int64_t wait_ns(MonoNs deadline);

  void report_kept(Handler& handler);
  void report_end(ConnectionId id, Connection& connection, Handler& handler);
  void report_completions(Handler& handler);
  void report(const io_uring_cqe& completion, Handler& handler);
  void report_send(ConnectionId id, int sent, Handler& handler);
  static void note_receive_end(Connection& connection, int code);
  void report_received(ConnectionId id, const io_uring_cqe& completion, Handler& handler);
  void report_room(ConnectionId id, Handler& handler);
  void report_accepted(ListenerId id, const io_uring_cqe& completion, Handler& handler);
  void report_closed(ConnectionId id, Handler& handler);
  void report_commit(int result, Handler& handler);

  Clock& clock_;
  std::unique_ptr<LocalEvents> local_;
  Listeners listeners_;
  ConnectionSlots<Connection> connections_;
  // Lives longer than the ring, which may be reading from it.
  DirectWrite commit_;
  std::unique_ptr<UringRing> ring_;
  bool enabled_ = false;
  bool watches_wake_ = false;
  bool watches_signals_ = false;
  std::vector<QueuedSend> outbox_;
  std::vector<ListenerId> to_accept_;    // Listeners whose accept is to be armed.
  std::vector<ConnectionId> changed_;    // See submit_change().
  std::vector<ConnectionId> with_kept_;  // Not paused, and bytes or an end are to be reported.
};

}  // namespace leat::io
