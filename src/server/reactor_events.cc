// What poll() reports: connections that come and go, bytes, completions.
#include <algorithm>

#include "base/log.h"
#include "server/reactor.h"

namespace leat {
namespace {

constexpr Bytes kTooManyClients = "-ERR max number of clients reached\r\n";
constexpr Bytes kProtected =
    "-DENIED Leat is running in protected mode: no password is set, so only clients on the same "
    "host may connect. Set a password with 'requirepass', or switch the protection off with "
    "'protected-mode no' if the network is trusted.\r\n";

}  // namespace

void Reactor::on_accepted(io::ConnectionId id, io::ListenerId listener, const std::string& peer,
                          const std::string& local) {
  auto connection = std::make_unique<Connection>();
  connection->id = id;
  connection->session.id = next_client_;
  ++next_client_.value;
  connection->session.authenticated = !limits_.password_required;
  connection->unix_socket = is_unix_ && is_unix_(listener);
  // Clients of a unix socket have no port; tools that split addresses at the colon know it as 0.
  const std::string port = connection->unix_socket ? ":0" : "";
  connection->peer = peer + port;
  connection->local = local + port;
  connection->created = connection->last_active = world_.clock.mono();
  set_parser_limits(*connection);
  Connection& added_connection = *connection;
  ++counters_.connections_received;
  by_io_.emplace(id.value, &added_connection);
  const size_t clients = connections_.size();
  connections_.emplace_hint(connections_.end(), added_connection.session.id, std::move(connection));

  Bytes refusal;
  if (clients >= limits_.clients_max) refusal = kTooManyClients;
  if (limits_.protected_mode && !added_connection.unix_socket && !is_loopback(peer))
    refusal = kProtected;
  if (refusal.empty()) {
    if (limits_.keepalive_seconds != 0 && !added_connection.unix_socket) {
      world_.loop.set_keepalive(id, limits_.keepalive_seconds);
    }
    return;
  }
  ++counters_.connections_rejected;
  added_connection.output.buffer().append(refusal);
  added(added_connection, Lsn{});
  added_connection.session.close_after_reply = true;
}

void Reactor::on_received(io::ConnectionId id, Bytes bytes) {
  Connection* const connection = find(id);
  if (connection == nullptr || connection->session.close_after_reply) return;
  counters_.bytes_in += bytes.size();
  ++counters_.reads;
  connection->received_bytes += bytes.size();
  connection->input.append(bytes);
  const size_t held = connection->unread().size();
  // Whether AUTH stands at its head shows when it is executed; no more is taken before.
  const uint64_t most =
      connection->session.authenticated ? limits_.query_buffer_max : kUnauthenticatedInput;
  if (held > most && !connection->paused) {
    connection->paused = true;
    world_.loop.pause_receive(id);
  }
  make_runnable(*connection);
}

void Reactor::on_ended(io::ConnectionId id) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  connection->ended = true;
  if (!connection->runnable) close_if_ended(*connection);
}

void Reactor::on_closed(io::ConnectionId id) {
  if (Connection* const connection = find(id)) close(*connection);
}

void Reactor::on_send_short(io::ConnectionId id, size_t taken) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  connection->sending = false;
  connection->blocked_on_send = true;
  connection->output.sent(taken);
  note_sent(*connection, taken);
}

void Reactor::on_writable(io::ConnectionId id) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  connection->blocked_on_send = false;
  make_dirty(*connection);
}

void Reactor::on_disk(io::Lane lane, Status status) {
  if (shard_ != nullptr) shard_->on_disk(lane, status);
}

void Reactor::on_signal(int signal) {
  stop_signal_ = signal;
}

}  // namespace leat
