#include "io/uring_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/time.h"
#include "io/sockets.h"

namespace leat::io {
namespace {

// The length field of an operation has 32 bits, and the kernel moves at most 2 GB at once.
constexpr size_t kSendMax = size_t{1} << 30;
constexpr unsigned kCompletionsPerBatch = 512;

bool is_temporary(int code) {
  return code == -ENOBUFS || code == -ECANCELED || code == -EINTR || code == -EAGAIN;
}

}  // namespace

Result<std::unique_ptr<Loop>> UringLoop::create(Clock& clock, Disk& disk) {
  Result<std::unique_ptr<UringRing>> ring = UringRing::create();
  if (!ring.ok()) return ring.error();
  Result<std::unique_ptr<LocalEvents>> local = LocalEvents::create(disk);
  if (!local.ok()) return local.error();
  return std::unique_ptr<Loop>(
      new UringLoop(clock, std::move(ring).value(), std::move(local).value()));
}

UringLoop::UringLoop(Clock& clock, std::unique_ptr<UringRing> ring,
                     std::unique_ptr<LocalEvents> local)
    : clock_(clock), local_(std::move(local)), ring_(std::move(ring)) {}

// The kernel lets go of armed operations some time after the ring is closed. Shutting the sockets
// down first means that ports and peers do not wait for that.
UringLoop::~UringLoop() {
  finish_commit();
  connections_.for_each([](Connection& connection) { shut_down(connection); });
}

// A job that was started is done, as the lanes do theirs: its file is closed next.
void UringLoop::finish_commit() {
  submit_commit();
  while (commit_.busy()) {
    ring_->submit_and_wait(kNsPerSecond);
    io_uring_cqe* next = nullptr;
    while (ring_->peek_completions(&next, 1) != 0) {
      if (next->user_data == token(Operation::kCommit, 0) && !commit_.complete(next->res))
        local_->start(Lane::kCommit, commit_.job());
      ring_->release_completions(1);
    }
  }
}

uint64_t UringLoop::token(Operation operation, uint64_t id) {
  return static_cast<uint64_t>(operation) << kConnectionIdBits | id;
}

// An armed operation holds its own reference, so that close() alone would not reach the peer.
void UringLoop::shut_down(const Connection& connection) {
  ::shutdown(connection.fd.get(), SHUT_RDWR);
}

Result<ListenerId> UringLoop::listen_tcp(const std::string& address, uint16_t port, int backlog) {
  return accept_on(listeners_.add_tcp(address, port, backlog));
}

Result<ListenerId> UringLoop::listen_unix(const std::string& path, unsigned mode, int backlog) {
  return accept_on(listeners_.add_unix(path, mode, backlog));
}

Result<ListenerId> UringLoop::accept_on(Result<ListenerId> added) {
  if (added.ok()) to_accept_.push_back(added.value());
  return added;
}

uint16_t UringLoop::port(ListenerId listener) const {
  const Listener* const found = listeners_.find(listener);
  return found != nullptr ? found->port : uint16_t{0};
}

void UringLoop::close_listener(ListenerId listener) {
  listeners_.close(listener);
}

void UringLoop::send(ConnectionId connection, Bytes bytes) {
  if (!bytes.empty()) outbox_.push_back({connection, bytes});
}

void UringLoop::pause_receive(ConnectionId connection) {
  Connection* const found = connections_.find(connection);
  if (found == nullptr || found->paused) return;
  found->paused = true;
  mark_changed(connection, *found);
}

void UringLoop::resume_receive(ConnectionId connection) {
  Connection* const found = connections_.find(connection);
  if (found == nullptr || !found->paused) return;
  found->paused = false;
  mark_changed(connection, *found);
}

void UringLoop::close(ConnectionId connection) {
  if (connections_.find(connection) == nullptr) return;
  shut_down(connections_.remove(connection));
}

void UringLoop::set_keepalive(ConnectionId connection, int seconds) {
  const Connection* const found = connections_.find(connection);
  if (found != nullptr) set_keepalive_seconds(found->fd.get(), seconds);
}

void UringLoop::start(Lane lane, DiskJob job) {
  if (lane == Lane::kCommit && enabled_ && commit_.take(job)) return;
  local_->start(lane, std::move(job));
}

void UringLoop::wake() {
  local_->wake();
}

void UringLoop::mark_changed(ConnectionId id, Connection& connection) {
  if (connection.changed) return;
  connection.changed = true;
  changed_.push_back(id);
}

void UringLoop::poll(MonoNs deadline, Handler& handler) {
  if (!enabled_) {
    ring_->enable();
    enabled_ = true;
  }
  submit_changes();
  submit_accepts();
  submit_local();
  submit_sends();
  submit_commit();
  ring_->submit_and_wait(wait_ns(deadline));
  report_kept(handler);
  report_completions(handler);
}

void UringLoop::submit_changes() {
  for (const ConnectionId id : changed_) {
    Connection* const connection = connections_.find(id);
    if (connection == nullptr) continue;
    connection->changed = false;
    submit_change(id, *connection);
  }
  changed_.clear();
}

void UringLoop::submit_change(ConnectionId id, Connection& connection) {
  if (connection.wants_room) {
    connection.wants_room = false;
    io_uring_sqe* const next = ring_->next_submission();
    ::io_uring_prep_poll_add(next, connection.fd.get(), POLLOUT);
    next->user_data = token(Operation::kRoom, id.value);
  }
  if (connection.paused) {
    if (connection.receiving == Receiving::kArmed) submit_cancel(id, connection);
  } else if (!connection.kept.empty() || connection.end == End::kEnded ||
             connection.end == End::kBroken) {
    with_kept_.push_back(id);
  } else if (connection.receiving == Receiving::kNo && connection.end == End::kNone) {
    submit_receive(id, connection);
  }
}

void UringLoop::submit_cancel(ConnectionId id, Connection& connection) {
  io_uring_sqe* const next = ring_->next_submission();
  ::io_uring_prep_cancel64(next, token(Operation::kReceive, id.value), 0);
  next->user_data = token(Operation::kCancel, id.value);
  next->flags |= IOSQE_CQE_SKIP_SUCCESS;
  connection.receiving = Receiving::kCancelling;
}

void UringLoop::submit_receive(ConnectionId id, Connection& connection) {
  io_uring_sqe* const next = ring_->next_submission();
  ::io_uring_prep_recv_multishot(next, connection.fd.get(), nullptr, 0, 0);
  next->flags |= IOSQE_BUFFER_SELECT;
  next->buf_group = UringRing::kBufferGroup;
  next->user_data = token(Operation::kReceive, id.value);
  connection.receiving = Receiving::kArmed;
}

void UringLoop::submit_accepts() {
  if (listeners_.next_resume()) {
    const MonoNs now = clock_.mono();
    while (const Listener* const rested = listeners_.take_rested(now)) {
      to_accept_.push_back(rested->id);
    }
  }
  for (const ListenerId id : to_accept_) {
    const Listener* const listener = listeners_.find(id);
    if (listener == nullptr) continue;
    io_uring_sqe* const next = ring_->next_submission();
    ::io_uring_prep_multishot_accept(next, listener->fd.get(), nullptr, nullptr,
                                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    next->user_data = token(Operation::kAccept, id.value);
  }
  to_accept_.clear();
}

// Both stay armed and report edges: neither counter nor queue has to be read for the next one.
void UringLoop::submit_local() {
  if (!watches_wake_) {
    watches_wake_ = true;
    io_uring_sqe* const next = ring_->next_submission();
    ::io_uring_prep_poll_multishot(next, local_->wake_descriptor(), POLLIN);
    next->user_data = token(Operation::kWake, 0);
  }
  if (!watches_signals_) {
    watches_signals_ = true;
    io_uring_sqe* const next = ring_->next_submission();
    ::io_uring_prep_poll_multishot(next, local_->signal_descriptor(), POLLIN);
    next->user_data = token(Operation::kSignal, 0);
  }
}

// WAITALL and DONTWAIT together make the kernel take what fits, at once, and fail the operation
// unless that was everything; a success is silent. So the only sends that complete visibly are
// those that came short, and our own sends do not end our own wait.
void UringLoop::submit_sends() {
  for (const QueuedSend& queued : outbox_) {
    const Connection* const connection = connections_.find(queued.connection);
    if (connection == nullptr) continue;
    LEAT_CHECK(!connection->waiting);
    io_uring_sqe* const next = ring_->next_submission();
    const size_t size = std::min(queued.bytes.size(), kSendMax);
    ::io_uring_prep_send(next, connection->fd.get(), queued.bytes.data(), size,
                         MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL);
    if (size == queued.bytes.size()) next->flags |= IOSQE_CQE_SKIP_SUCCESS;
    next->user_data = token(Operation::kSend, queued.connection.value);
  }
  outbox_.clear();
}

void UringLoop::submit_commit() {
  if (!commit_.due()) return;
  io_uring_sqe* const next = ring_->next_submission();
  commit_.prepare(*next);
  next->user_data = token(Operation::kCommit, 0);
}

int64_t UringLoop::wait_ns(MonoNs deadline) {
  const std::optional<MonoNs> resume = listeners_.next_resume();
  if (resume) deadline = std::min(deadline, *resume);
  if (!with_kept_.empty() || deadline.value <= 0) return 0;
  return std::max<int64_t>(0, deadline.value - clock_.mono().value);
}

void UringLoop::report_kept(Handler& handler) {
  for (const ConnectionId id : with_kept_) {
    Connection* connection = connections_.find(id);
    if (connection == nullptr || connection->paused) continue;
    const ByteBuffer kept = std::move(connection->kept);
    mark_changed(id, *connection);  // The receive may have to be armed again.
    if (!kept.empty()) {
      handler.on_received(id, kept.view());
      connection = connections_.find(id);
      if (connection == nullptr || connection->paused) continue;
    }
    report_end(id, *connection, handler);
  }
  with_kept_.clear();
}

void UringLoop::report_end(ConnectionId id, Connection& connection, Handler& handler) {
  const End end = std::exchange(connection.end, End::kReported);
  switch (end) {
    case End::kEnded:
      return handler.on_ended(id);
    case End::kBroken:
      return report_closed(id, handler);
    case End::kNone:
      connection.end = End::kNone;
      return;
    case End::kReported:
      return;
  }
}

void UringLoop::report_completions(Handler& handler) {
  std::array<io_uring_cqe*, kCompletionsPerBatch> batch;
  while (const unsigned count = ring_->peek_completions(batch.data(), kCompletionsPerBatch)) {
    // What did not leave comes first: the owner must know it before it hears anything else.
    for (unsigned i = 0; i < count; ++i) {
      const uint64_t name = batch[i]->user_data;
      if (name >> kConnectionIdBits != static_cast<uint64_t>(Operation::kSend)) continue;
      report_send({name & kConnectionIdMask}, batch[i]->res, handler);
    }
    for (unsigned i = 0; i < count; ++i) report(*batch[i], handler);
    ring_->release_completions(count);
  }
}

void UringLoop::report(const io_uring_cqe& completion, Handler& handler) {
  const uint64_t id = completion.user_data & kConnectionIdMask;
  const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
  switch (static_cast<Operation>(completion.user_data >> kConnectionIdBits)) {
    case Operation::kReceive:
      return report_received({id}, completion, handler);
    case Operation::kRoom:
      return report_room({id}, handler);
    case Operation::kAccept:
      return report_accepted({static_cast<uint32_t>(id)}, completion, handler);
    case Operation::kWake:
      watches_wake_ = more;
      return local_->report_disk(handler);
    case Operation::kSignal:
      watches_signals_ = more;
      return local_->report_signals(handler);
    case Operation::kCommit:
      return report_commit(completion.res, handler);
    case Operation::kSend:    // Reported before.
    case Operation::kCancel:  // The receive was over already, which its own completion tells.
      return;
  }
}

void UringLoop::report_send(ConnectionId id, int sent, Handler& handler) {
  Connection* const connection = connections_.find(id);
  if (connection == nullptr) return;
  if (sent < 0 && sent != -EAGAIN) return report_closed(id, handler);
  connection->waiting = true;
  connection->wants_room = true;
  mark_changed(id, *connection);
  handler.on_send_short(id, static_cast<size_t>(std::max(sent, 0)));
}

void UringLoop::report_room(ConnectionId id, Handler& handler) {
  Connection* const connection = connections_.find(id);
  if (connection == nullptr || !connection->waiting) return;
  connection->waiting = false;
  handler.on_writable(id);
}

void UringLoop::report_received(ConnectionId id, const io_uring_cqe& completion, Handler& handler) {
  Connection* const connection = connections_.find(id);
  const bool over = (completion.flags & IORING_CQE_F_MORE) == 0;
  if (connection != nullptr && over) {
    connection->receiving = Receiving::kNo;
    mark_changed(id, *connection);
    if (completion.res <= 0) note_receive_end(*connection, completion.res);
  }
  if (completion.res > 0 && connection != nullptr) {
    const Bytes bytes = ring_->received(completion);
    if (connection->paused || !connection->kept.empty()) {
      connection->kept.append(bytes);
    } else {
      handler.on_received(id, bytes);
    }
  }
  // Also when the connection is gone: the buffer is the ring's, not the connection's.
  if ((completion.flags & IORING_CQE_F_BUFFER) != 0) ring_->recycle(completion);
}

void UringLoop::note_receive_end(Connection& connection, int code) {
  if (is_temporary(code)) return;
  connection.end = code == 0 ? End::kEnded : End::kBroken;
}

void UringLoop::report_accepted(ListenerId id, const io_uring_cqe& completion, Handler& handler) {
  Descriptor fd(completion.res);
  Listener* const listener = listeners_.find(id);
  if (listener == nullptr) return;
  const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
  if (!fd.valid() && Listeners::is_shortage(-completion.res)) {
    return listeners_.pause(*listener, -completion.res, clock_.mono());
  }
  if (!more) to_accept_.push_back(id);
  if (!fd.valid()) return;
  listener->shortage_logged = false;
  if (listener->unix_path.empty()) set_no_delay(fd.get());
  const EndNames names = end_names(*listener, fd.get());
  Connection fresh;
  fresh.fd = std::move(fd);
  const ConnectionId connection = connections_.add(std::move(fresh));
  mark_changed(connection, *connections_.find(connection));
  handler.on_accepted(connection, id, names.peer, names.local);
}

void UringLoop::report_commit(int result, Handler& handler) {
  const std::optional<Status> done = commit_.complete(result);
  if (done) return handler.on_disk(Lane::kCommit, *done);
  local_->start(Lane::kCommit, commit_.job());
}

void UringLoop::report_closed(ConnectionId id, Handler& handler) {
  shut_down(connections_.remove(id));
  handler.on_closed(id);
}

}  // namespace leat::io
