#include "server/server_host.h"

#include <algorithm>

#include "base/log.h"
#include "base/time.h"
#include "command/redaction.h"

namespace leat {
namespace {

// The lower one of the thresholds of SLOWLOG and LATENCY, of those that are on.
int64_t slow_from(const Settings& settings) {
  int64_t slow = INT64_MAX;
  if (settings.slowlog_threshold_us >= 0 && settings.slowlog_threshold_us < INT64_MAX / kNsPerUs) {
    slow = settings.slowlog_threshold_us * kNsPerUs;
  }
  if (settings.latency_threshold_ms > 0 && settings.latency_threshold_ms < INT64_MAX / kNsPerMs) {
    slow = std::min(slow, settings.latency_threshold_ms * kNsPerMs);
  }
  return slow;
}

}  // namespace

ServerHost::ServerHost(const io::World& world, Config& config, Reactor& reactor)
    : world_(world),
      config_(config),
      reactor_(reactor),
      clients_(world.clock, reactor),
      configuration_(world.disk, config, [this] { configure(); }),
      node_(world, config, reactor),
      slow_ns_(slow_from(config.settings)) {}

void ServerHost::serve(Shard& shard) {
  shard_ = &shard;
  node_.serve(shard);
  shard.set(config_.checkpoint);
  reactor_.on_second([this](MonoNs now) { node_.sample(now); });
}

void ServerHost::forget(Connection& connection) {
  subscriptions_.remove_all(connection.session);
  clients_.forget(connection.session);
}

void ServerHost::configure() {
  config_.settings = make_settings(config_.values);
  config_.limits = make_limits(config_.values);
  reactor_.set_limits(config_.limits);
  const SyncMode sync = make_sync_mode(config_.values);
  if (sync != config_.sync) {
    log(sync == SyncMode::kAlways ? LogLevel::kNotice : LogLevel::kWarning,
        "Durability: from now on {}", describe(sync));
  }
  config_.sync = sync;
  shard_->log().set_sync_mode(sync);
  config_.checkpoint = make_checkpoint_settings(config_.values);
  shard_->set(config_.checkpoint);
  config_.frames.cache_bytes = make_cache_bytes(config_.values);
  shard_->engine().share().set_size(config_.frames.cache_bytes);
  config_.log_level = make_log_level(config_.values);
  set_log_level(config_.log_level);
  slow_ns_ = slow_from(config_.settings);
  if (const uint64_t excess = memory_excess(); excess != 0) {
    log(LogLevel::kWarning,
        "{} bytes more are in use than maxmemory allows: with maxmemory-policy {} {}", excess,
        config_.values.text("maxmemory-policy"),
        config_.settings.eviction == EvictionPolicy::kNone ? "commands that add data are refused"
                                                           : "keys are dropped");
  }
}

Bytes ServerHost::write_refusal(uint64_t bytes, bool frees_space) {
  if (shard_->log().has_room(bytes, frees_space)) return {};
  return "MISCONF The disk is full: the log has no room for this write. Reads work, and so do "
         "XACK, XDEL, XTRIM and DEL; writes are accepted again as soon as there is space.";
}

Bytes ServerHost::failure() const {
  if (!shard_->log().failure()) return {};
  return "MISCONF The log failed: the outcome of the last writes is unknown, and nothing is "
         "answered until the server has been restarted. Its own messages say what happened.";
}

void ServerHost::deliver(ClientId client, const PublishedMessage& message) {
  Connection* const connection = reactor_.find(client);
  if (connection == nullptr) return;
  reactor_.push(*connection, [&message](ReplyWriter& writer) {
    const bool pattern = message.kind == ChannelKind::kPattern;
    writer.push(pattern ? 4 : 3);
    writer.bulk(pattern                               ? "pmessage"
                : message.kind == ChannelKind::kShard ? "smessage"
                                                      : "message");
    if (pattern) writer.bulk(message.pattern);
    writer.bulk(message.channel);
    writer.bulk(message.message);
  });
}

// Who is told of what it has read itself can't be owed more than the table of tracked keys has held. A large reply alone
// is no reason, either: that client reads.
template <typename Write>
void ServerHost::tell(Connection& connection, bool bounded, Write&& write) {
  const auto owed = [&connection] {
    return connection.output.pending() + connection.pushes.size();
  };
  const size_t before = owed();
  if (before == 0) connection.told_bytes = 0;
  reactor_.push_at_once(connection, write);
  if (bounded) return;
  connection.told_bytes += owed() - before;
  const uint64_t hard = config_.limits.pubsub.hard;
  if (hard == 0 || connection.told_bytes <= hard || owed() <= hard) return;
  log(LogLevel::kWarning,
      "Client {} is closed: it is owed {} bytes, and does not read which keys have changed",
      connection.peer, owed());
  ++reactor_.counters().output_limit_disconnections;
  clients_.kill(connection.session.id);
}

void ServerHost::invalidate(ClientId client, const std::vector<Bytes>& keys) {
  Connection* const from = reactor_.find(client);
  if (from == nullptr || !from->session.tracking.on) return;
  TrackingState& tracking = from->session.tracking;
  const bool redirected = tracking.redirect.value != 0;
  Connection* const to = redirected ? reactor_.find(tracking.redirect) : from;
  if (to == nullptr) {
    tracking.broken = true;
    if (from->session.protocol != Protocol::kResp3) return;
    return tell(*from, /*bounded=*/true, [&tracking](ReplyWriter& writer) {
      writer.push(2);
      writer.bulk("tracking-redir-broken");
      writer.integer(static_cast<int64_t>(tracking.redirect.value));
    });
  }
  // Without pushes only messages can tell replies from what nobody has asked for.
  const bool resp3 = to->session.protocol == Protocol::kResp3;
  if (!resp3 && !(redirected && to->session.subscribed())) return;
  tell(*to, !redirected && !tracking.by_prefix, [&keys, resp3](ReplyWriter& writer) {
    writer.push(resp3 ? 2 : 3);
    writer.bulk(resp3 ? "invalidate" : "message");
    if (!resp3) writer.bulk("__redis__:invalidate");
    if (keys.empty()) return writer.null();
    writer.array(keys.size());
    for (const Bytes key : keys) writer.bulk(key);
  });
}

void ServerHost::note_slow(const Session& session, const Request& request, const CommandSpec& spec,
                           int64_t duration_ns) {
  const Settings& settings = config_.settings;
  const int64_t now_s = world_.clock.wall_us() / kUsPerSecond;
  const int64_t us = duration_ns / kNsPerUs;
  const bool slow = settings.slowlog_threshold_us >= 0 && us >= settings.slowlog_threshold_us;
  if (slow && (spec.flags & kSkipSlowlog) == 0) {
    const Connection* const connection = reactor_.find(session.id);
    node_.slow_log().add({.time_s = now_s,
                          .duration_us = us,
                          .peer = connection == nullptr ? "" : connection->peer,
                          .client_name = session.name},
                         shown_words(request), settings.slowlog_length_max);
  }
  const int64_t ms = duration_ns / kNsPerMs;
  if (settings.latency_threshold_ms > 0 && ms >= settings.latency_threshold_ms) {
    const bool fast = (spec.flags & kFast) != 0;
    node_.latency_events().add(fast ? "fast-command" : "command",
                               {.time_s = now_s, .latency_ms = ms});
  }
}

}  // namespace leat
