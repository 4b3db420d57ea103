#include "server/server_clients.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "command/redaction.h"

namespace leat {
namespace {

int64_t seconds_since(MonoNs then, MonoNs now) {
  return (now.value - then.value) / kNsPerSecond;
}

ClientFacts facts_of(const Reactor& reactor, const Connection& connection, MonoNs now) {
  const size_t unread = connection.unread().size();
  return {.session = connection.session,
          .peer = connection.peer,
          .local = connection.local,
          .descriptor = connection.id.value,
          .unix_socket = connection.unix_socket,
          .blocked = connection.held_back(),
          .age_s = seconds_since(connection.created, now),
          .idle_s = seconds_since(connection.last_active, now),
          .input_bytes = unread,
          .input_free_bytes = connection.input.capacity() - unread,
          .output_bytes = connection.output.pending(),
          .output_capacity = connection.output.capacity(),
          .held_bytes = reactor.held_bytes(connection),
          .received_bytes = connection.received_bytes,
          .sent_bytes = connection.sent_bytes};
}

// A word as MONITOR shows it.
void append_quoted(std::string& line, Bytes word) {
  line += " \"";
  for (const char byte : word) {
    switch (byte) {
      case '"':
        line += "\\\"";
        break;
      case '\\':
        line += "\\\\";
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\t':
        line += "\\t";
        break;
      case '\a':
        line += "\\a";
        break;
      case '\b':
        line += "\\b";
        break;
      default:
        if (byte >= ' ' && byte <= '~') {
          line += byte;
        } else {
          line += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        }
    }
  }
  line += '"';
}

}  // namespace

void ServerClients::visit(const std::function<void(const ClientFacts&)>& visitor) const {
  const MonoNs now = clock_.mono();
  for (const auto& [id, connection] : reactor_.connections()) {
    if (!connection->dead) visitor(facts_of(reactor_, *connection, now));
  }
}

void ServerClients::visit(ClientId client,
                          const std::function<void(const ClientFacts&)>& visitor) const {
  const Connection* const connection = reactor_.find(client);
  if (connection != nullptr) visitor(facts_of(reactor_, *connection, clock_.mono()));
}

void ServerClients::kill(ClientId client) {
  Connection* const connection = reactor_.find(client);
  if (connection == nullptr) return;
  connection == reactor_.executing() ? reactor_.close_after_output(*connection)
                                     : reactor_.close(*connection);
}

bool ServerClients::unblock(ClientId client, Unblock how) {
  Connection* const connection = reactor_.find(client);
  if (connection == nullptr || !connection->blocked()) return false;
  if (how == Unblock::kAsTimedOut) return reactor_.end_wait(*connection);
  return reactor_.unpark(*connection, [](ReplyWriter& reply) {
    reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
  });
}

void ServerClients::pause(MonoNs until, bool only_writes) {
  reactor_.pause_until(until, only_writes);
}

void ServerClients::unpause() {
  reactor_.unpause();
}

void ServerClients::watch_commands(Session& session, bool watches) {
  session.monitor = watches;
  watches ? static_cast<void>(monitors_.insert(session.id)) : forget(session);
}

bool ServerClients::is_local(const Session& session) const {
  const Connection* const connection = reactor_.find(session.id);
  return connection != nullptr && (connection->unix_socket || is_loopback(connection->peer));
}

void ServerClients::show(const Session& session, const Request& request) {
  const Connection* const from = reactor_.find(session.id);
  const int64_t now = clock_.wall_us();
  std::string line =
      fmt::format("{}.{:06} [{} {}]", now / kUsPerSecond, now % kUsPerSecond, session.db.value,
                  from == nullptr ? Bytes("?") : Bytes(from->peer));
  for (const Bytes word : shown_words(request)) append_quoted(line, word);
  for (const ClientId client : monitors_) {
    Connection* const connection = reactor_.find(client);
    if (connection == nullptr || connection->session.silent()) continue;
    reactor_.push(*connection, [&line](ReplyWriter& reply) { reply.simple(line); });
  }
}

}  // namespace leat
