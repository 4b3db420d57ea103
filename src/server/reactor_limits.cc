// What a connection may cost: limits by size and by time, and what happens when they are reached.
#include <algorithm>

#include "base/log.h"
#include "server/reactor.h"

namespace leat {
namespace {}  // namespace

void Reactor::set_limits(const ConnectionLimits& limits) {
  const bool parser_changed = limits.bulk_bytes_max != limits_.bulk_bytes_max ||
                              arguments_max(limits) != arguments_max(limits_);
  const bool keepalive_changed = limits.keepalive_seconds != limits_.keepalive_seconds;
  limits_ = limits;
  for (const auto& [id, connection] : connections_) {
    if (connection->dead) continue;
    if (parser_changed) set_parser_limits(*connection);
    if (keepalive_changed && !connection->unix_socket) {
      world_.loop.set_keepalive(connection->id, limits_.keepalive_seconds);
    }
  }
}

void Reactor::set_parser_limits(Connection& connection) {
  RequestLimits limits;
  limits.arguments_max = arguments_max(limits_);
  limits.bulk_bytes_max = limits_.bulk_bytes_max;
  limits.authenticated = connection.session.authenticated;
  connection.parser.set_limits(limits);
}

void Reactor::close_if_too_large(Connection& connection) {
  if (connection.unread().size() <= limits_.query_buffer_max) return;
  log(LogLevel::kWarning,
      "Client {} is closed: one request is larger than client-query-buffer-limit", connection.peer);
  close(connection);
}

void Reactor::close_if_stranger(Connection& connection) {
  const size_t held = connection.unread().size();
  if (connection.session.authenticated || held <= kUnauthenticatedInput) return;
  log(LogLevel::kWarning, "Client {} is closed: it sent {} bytes without authenticating",
      connection.peer, held);
  close(connection);
}

void Reactor::enforce_output_limit(Connection& connection) {
  const OutputLimit& limit = connection.session.subscribed() ? limits_.pubsub : limits_.normal;
  const size_t pending =
      connection.output.pending() + connection.pushes.size() + held_bytes(connection);
  const MonoNs now = world_.clock.mono();
  const bool over_soft = limit.soft != 0 && pending > limit.soft;
  if (!over_soft) {
    connection.soft_limit_since = MonoNs{0};
  } else if (connection.soft_limit_since.value == 0) {
    connection.soft_limit_since = now;
  }
  const bool too_long = over_soft && now.value - connection.soft_limit_since.value >
                                         static_cast<int64_t>(limit.soft_seconds) * 1000 * kNsPerMs;
  if (!too_long && (limit.hard == 0 || pending <= limit.hard)) return;
  log(LogLevel::kWarning,
      "Client {} is closed: it is owed {} bytes, more than client-output-buffer-limit allows",
      connection.peer, pending);
  ++counters_.output_limit_disconnections;
  close(connection);
}

// Why the connection is to be closed now; empty: it may stay.
Bytes Reactor::overdue(const Connection& connection, MonoNs now) const {
  const Session& session = connection.session;
  if (!session.authenticated &&
      now.value - connection.created.value > kUnauthenticatedSeconds * kNsPerSecond) {
    return "it did not authenticate in time";
  }
  const bool waits = connection.parked || session.subscribed() || session.monitor;
  if (limits_.idle_seconds != 0 && !waits &&
      now.value - connection.last_active.value > limits_.idle_seconds * kNsPerSecond) {
    return "it was idle for longer than timeout allows";
  }
  return {};
}

void Reactor::enforce_time_limits(MonoNs now) {
  for (const auto& [id, connection] : connections_) {
    if (connection->dead) continue;
    if (!connection->output.empty()) enforce_output_limit(*connection);
    const Bytes reason = overdue(*connection, now);
    if (connection->dead || reason.empty()) continue;
    log(LogLevel::kVerbose, "Client {} is closed: {}", connection->peer, reason);
    close(*connection);
  }
}

}  // namespace leat
