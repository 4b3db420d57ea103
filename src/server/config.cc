#include "server/config.h"

#include <algorithm>
#include <charconv>

#include "base/numbers.h"
#include "command/retention_words.h"
#include "io/process.h"

namespace leat {
namespace {

std::string below(const std::string& directory, const std::string& path) {
  return path.empty() || path[0] == '/' ? path : directory + "/" + path;
}

unsigned octal(const std::string& text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 8);
  return value;
}

std::vector<BindAddress> bind_addresses(const std::string& text) {
  std::vector<BindAddress> addresses;
  for (Bytes word : words_of(text)) {
    BindAddress address;
    if (word.size() > 1 && word[0] == '-') {
      address.optional = true;
      word.remove_prefix(1);
    }
    if (word == "*") word = "0.0.0.0";
    if (word == "::*") word = "::";
    address.address = word;
    addresses.push_back(std::move(address));
  }
  return addresses;
}

LogLevel log_level_of(const std::string& text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "verbose") return LogLevel::kVerbose;
  if (text == "warning") return LogLevel::kWarning;
  return text == "nothing" ? LogLevel::kNothing : LogLevel::kNotice;
}

SyncMode sync_mode_of(const std::string& text) {
  if (text == "everysec") return SyncMode::kEverySec;
  return text == "no" ? SyncMode::kNever : SyncMode::kAlways;
}

io::Backend backend(const std::string& text) {
  if (text == "io_uring") return io::Backend::kUring;
  return text == "epoll" ? io::Backend::kEpoll : io::Backend::kAuto;
}

DebugAccess debug_access(const std::string& text) {
  if (text == "yes") return DebugAccess::kAll;
  return text == "no" ? DebugAccess::kNobody : DebugAccess::kLocal;
}

}  // namespace

Settings make_settings(const ConfigValues& values) {
  Settings settings;
  settings.stream_node_max_entries = values.memory("stream-node-max-entries");
  settings.stream_node_max_bytes = values.memory("stream-node-max-bytes");
  settings.idempotency.duration_s = values.memory("stream-idmp-duration");
  settings.idempotency.size_max = values.memory("stream-idmp-maxsize");
  LEAT_CHECK(
      read_retention_rules(words_of(values.text("stream-retention")), settings.retention).empty());
  settings.databases = static_cast<uint32_t>(values.integer("databases"));
  settings.password = values.text("requirepass");
  settings.query_buffer_max = values.memory("client-query-buffer-limit");
  settings.memory_max = values.memory("maxmemory");
  settings.eviction = policy_named(values.text("maxmemory-policy"));
  settings.eviction_samples = static_cast<uint32_t>(values.integer("maxmemory-samples"));
  settings.events = EventChoice::parse(values.text("notify-keyspace-events")).value();
  settings.debug = debug_access(values.text("enable-debug-command"));
  settings.tracked_keys_max = values.memory("tracking-table-max-keys");
  settings.slowlog_threshold_us = values.integer("slowlog-log-slower-than");
  settings.slowlog_length_max = values.memory("slowlog-max-len");
  settings.latency_threshold_ms = values.integer("latency-monitor-threshold");
  return settings;
}

ConnectionLimits make_limits(const ConfigValues& values) {
  ConnectionLimits limits;
  limits.clients_max = values.memory("maxclients");
  limits.query_buffer_max = values.memory("client-query-buffer-limit");
  limits.bulk_bytes_max = values.integer("proto-max-bulk-len");
  const auto words = words_of(values.text("client-output-buffer-limit"));
  const auto output = [&words](size_t at) {
    return OutputLimit{.hard = *parse_uint64(words[at + 1]),
                       .soft = *parse_uint64(words[at + 2]),
                       .soft_seconds = *parse_uint64(words[at + 3])};
  };
  limits.normal = output(0);
  limits.pubsub = output(8);
  limits.keepalive_seconds = static_cast<int>(values.integer("tcp-keepalive"));
  limits.idle_seconds = values.integer("timeout");
  limits.password_required = !values.text("requirepass").empty();
  limits.protected_mode = values.flag("protected-mode") && !limits.password_required;
  return limits;
}

SyncMode make_sync_mode(const ConfigValues& values) {
  return sync_mode_of(values.text("appendfsync"));
}
CheckpointSettings make_checkpoint_settings(const ConfigValues& values) {
  return {.log_bytes = values.memory("checkpoint-log-size"),
          .retain_bytes = values.memory("log-retain")};
}
uint64_t make_cache_bytes(const ConfigValues& values) {
  const uint64_t bytes = values.memory("stream-cache-size");
  if (bytes != 0) return bytes;
  const uint64_t limit = values.memory("maxmemory");
  return std::min(io::memory_limit_bytes(), limit == 0 ? UINT64_MAX : limit) / 4;
}

LogLevel make_log_level(const ConfigValues& values) {
  return log_level_of(values.text("loglevel"));
}

std::string_view describe(SyncMode mode) {
  switch (mode) {
    case SyncMode::kAlways:
      return "a write is acknowledged when it is on disk (appendfsync always)";
    case SyncMode::kEverySec:
      return "a write is acknowledged before it is on disk: a power failure may lose the last "
             "second "
             "(appendfsync everysec)";
    case SyncMode::kNever:
      return "a write is acknowledged before it is on disk: a power failure may lose what the "
             "system had not "
             "written by itself (appendfsync no)";
  }
  return "";
}

Config make_config(const ConfigValues& values) {
  Config config;
  config.bind = bind_addresses(values.text("bind"));
  config.port = static_cast<uint16_t>(values.integer("port"));
  config.backlog = static_cast<int>(values.integer("tcp-backlog"));
  config.directory = values.text("dir");
  config.unix_socket = below(config.directory, values.text("unixsocket"));
  const unsigned mode = octal(values.text("unixsocketperm"));
  config.unix_socket_mode = mode == 0 ? 0700 : mode;
  config.pid_file = below(config.directory, values.text("pidfile"));
  config.log_file = below(config.directory, values.text("logfile"));
  config.log_level = make_log_level(values);
  config.daemonize = values.flag("daemonize");
  config.backend = backend(values.text("io-backend"));
  config.sync = make_sync_mode(values);
  config.segment_bytes = values.memory("log-segment-size");
  config.checkpoint = make_checkpoint_settings(values);
  config.frames.cache_bytes = make_cache_bytes(values);
  config.limits = make_limits(values);
  config.settings = make_settings(values);
  config.values = values;
  return config;
}

}  // namespace leat
