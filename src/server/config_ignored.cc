// Directives of Redis that mean nothing here: accepted, remembered, shown, and named once at start.
#include <iterator>
#include <vector>

#include "server/config_directives.h"

namespace leat {
namespace {

using enum ValueKind;
using enum Change;

struct Row {
  std::string_view name;
  ValueKind kind;
  std::string_view initial;
  Change change = kAnyTime;
  std::string_view choices;
  std::string_view alias;
  int64_t min = 0;
};

// clang-format off
constexpr Row kRows[] = {
    {"acl-pubsub-default", kChoice, "resetchannels", kAnyTime, "allchannels|resetchannels"},
    {"acllog-max-len", kInteger, "128"},
    {"active-defrag-cycle-max", kInteger, "25"},
    {"active-defrag-cycle-min", kInteger, "1"},
    {"active-defrag-ignore-bytes", kMemory, "104857600"},
    {"active-defrag-max-scan-fields", kInteger, "1000"},
    {"active-defrag-threshold-lower", kInteger, "10"},
    {"active-defrag-threshold-upper", kInteger, "100"},
    {"active-expire-effort", kInteger, "1"},
    {"activedefrag", kYesNo, "no"},
    {"activerehashing", kYesNo, "yes"},
    {"always-show-logo", kYesNo, "no", kAtStart},
    {"aof-disable-auto-gc", kYesNo, "no"},
    {"aof-load-truncated", kYesNo, "yes"},
    {"aof-rewrite-incremental-fsync", kYesNo, "yes"},
    {"aof-timestamp-enabled", kYesNo, "no"},
    {"aof-use-rdb-preamble", kYesNo, "yes"},
    {"aof_rewrite_cpulist", kText, "", kAtStart},
    {"appenddirname", kText, "appendonlydir", kAtStart},
    {"appendfilename", kText, "appendonly.aof", kAtStart},
    {"appendonly", kYesNo, "yes", kAtStart},
    {"auto-aof-rewrite-min-size", kMemory, "67108864"},
    {"auto-aof-rewrite-percentage", kInteger, "100"},
    {"bgsave_cpulist", kText, "", kAtStart},
    {"bind-source-addr", kText, ""},
    {"bio_cpulist", kText, "", kAtStart},
    {"busy-reply-threshold", kInteger, "5000", kAnyTime, {}, "lua-time-limit"},
    {"cluster-allow-pubsubshard-when-down", kYesNo, "yes"},
    {"cluster-allow-reads-when-down", kYesNo, "no"},
    {"cluster-allow-replica-migration", kYesNo, "yes"},
    {"cluster-announce-bus-port", kInteger, "0"},
    {"cluster-announce-hostname", kText, ""},
    {"cluster-announce-ip", kText, ""},
    {"cluster-announce-port", kInteger, "0"},
    {"cluster-announce-tls-port", kInteger, "0"},
    {"cluster-config-file", kText, "nodes.conf", kAtStart},
    {"cluster-link-sendbuf-limit", kMemory, "0"},
    {"cluster-migration-barrier", kInteger, "1"},
    {"cluster-node-timeout", kInteger, "15000"},
    {"cluster-port", kInteger, "0", kAtStart},
    {"cluster-preferred-endpoint-type", kChoice, "ip", kAnyTime, "ip|hostname|unknown-endpoint"},
    {"cluster-replica-no-failover", kYesNo, "no", kAnyTime, {}, "cluster-slave-no-failover"},
    {"cluster-replica-validity-factor", kInteger, "10", kAnyTime, {}, "cluster-slave-validity-factor"},
    {"cluster-require-full-coverage", kYesNo, "yes"},
    {"crash-log-enabled", kYesNo, "yes"},
    {"crash-memcheck-enabled", kYesNo, "yes"},
    {"dbfilename", kText, "dump.rdb"},
    {"disable-thp", kYesNo, "yes", kAtStart},
    {"dynamic-hz", kYesNo, "yes"},
    {"enable-module-command", kChoice, "no", kAtStart, "no|yes|local"},
    {"enable-protected-configs", kChoice, "no", kAtStart, "no|yes|local"},
    {"hash-max-listpack-entries", kInteger, "512", kAnyTime, {}, "hash-max-ziplist-entries"},
    {"hash-max-listpack-value", kMemory, "64", kAnyTime, {}, "hash-max-ziplist-value"},
    {"hll-sparse-max-bytes", kInteger, "3000"},
    {"hz", kInteger, "10"},
    {"ignore-warnings", kText, "", kAtStart},
    {"io-threads", kInteger, "1", kAtStart},
    {"io-threads-do-reads", kYesNo, "no", kAtStart},
    {"jemalloc-bg-thread", kYesNo, "yes"},
    {"latency-tracking", kYesNo, "yes"},
    {"latency-tracking-info-percentiles", kText, "50 99 99.9"},
    {"lazyfree-lazy-eviction", kYesNo, "no"},
    {"lazyfree-lazy-expire", kYesNo, "no"},
    {"lazyfree-lazy-server-del", kYesNo, "no"},
    {"lazyfree-lazy-user-del", kYesNo, "no"},
    {"lazyfree-lazy-user-flush", kYesNo, "no"},
    {"lfu-decay-time", kInteger, "1"},
    {"lfu-log-factor", kInteger, "10"},
    {"list-compress-depth", kInteger, "0"},
    {"list-max-listpack-size", kInteger, "-2", kAnyTime, {}, "list-max-ziplist-size", INT64_MIN},
    {"locale-collate", kText, ""},
    {"masterauth", kText, ""},
    {"masteruser", kText, ""},
    {"maxmemory-clients", kText, "0"},
    {"maxmemory-eviction-tenacity", kInteger, "10"},
    {"min-replicas-max-lag", kInteger, "10", kAnyTime, {}, "min-slaves-max-lag"},
    {"min-replicas-to-write", kInteger, "0", kAnyTime, {}, "min-slaves-to-write"},
    {"no-appendfsync-on-rewrite", kYesNo, "no"},
    {"oom-score-adj", kChoice, "no", kAnyTime, "no|yes|relative|absolute"},
    {"oom-score-adj-values", kText, "0 200 800"},
    {"proc-title-template", kText, "{title} {listen-addr} {server-mode}"},
    {"propagation-error-behavior", kChoice, "ignore", kAnyTime, "ignore|panic|panic-on-replicas"},
    {"rdb-del-sync-files", kYesNo, "no"},
    {"rdb-save-incremental-fsync", kYesNo, "yes"},
    {"rdbchecksum", kYesNo, "yes"},
    {"rdbcompression", kYesNo, "yes"},
    {"repl-backlog-size", kMemory, "1048576"},
    {"repl-backlog-ttl", kInteger, "3600"},
    {"repl-disable-tcp-nodelay", kYesNo, "no"},
    {"repl-diskless-load", kChoice, "disabled", kAnyTime, "disabled|on-empty-db|swapdb"},
    {"repl-diskless-sync", kYesNo, "yes"},
    {"repl-diskless-sync-delay", kInteger, "5"},
    {"repl-diskless-sync-max-replicas", kInteger, "0"},
    {"repl-ping-replica-period", kInteger, "10", kAnyTime, {}, "repl-ping-slave-period"},
    {"repl-timeout", kInteger, "60"},
    {"replica-announce-ip", kText, "", kAnyTime, {}, "slave-announce-ip"},
    {"replica-announce-port", kInteger, "0", kAnyTime, {}, "slave-announce-port"},
    {"replica-announced", kYesNo, "yes"},
    {"replica-ignore-disk-write-errors", kYesNo, "no"},
    {"replica-ignore-maxmemory", kYesNo, "yes", kAnyTime, {}, "slave-ignore-maxmemory"},
    {"replica-lazy-flush", kYesNo, "no", kAnyTime, {}, "slave-lazy-flush"},
    {"replica-priority", kInteger, "100", kAnyTime, {}, "slave-priority"},
    {"replica-read-only", kYesNo, "yes", kAnyTime, {}, "slave-read-only"},
    {"replica-serve-stale-data", kYesNo, "yes", kAnyTime, {}, "slave-serve-stale-data"},
    {"sanitize-dump-payload", kChoice, "no", kAnyTime, "no|yes|clients"},
    {"save", kSave, ""},
    {"server_cpulist", kText, "", kAtStart},
    {"set-max-intset-entries", kInteger, "512"},
    {"set-proc-title", kYesNo, "yes", kAtStart},
    {"shutdown-on-sigint", kText, "default"},
    {"shutdown-on-sigterm", kText, "default"},
    {"shutdown-timeout", kInteger, "10"},
    {"socket-mark-id", kInteger, "0", kAtStart},
    {"stop-writes-on-bgsave-error", kYesNo, "yes"},
    {"supervised", kChoice, "no", kAtStart, "upstart|systemd|auto|no"},
    {"syslog-enabled", kYesNo, "no", kAtStart},
    {"syslog-facility", kChoice, "local0", kAtStart, "user|local0|local1|local2|local3|local4|local5|local6|local7"},
    {"syslog-ident", kText, "redis", kAtStart},
    {"tls-auth-clients", kChoice, "yes", kAnyTime, "yes|no|optional"},
    {"tls-ca-cert-dir", kText, ""},
    {"tls-ca-cert-file", kText, ""},
    {"tls-cert-file", kText, ""},
    {"tls-ciphers", kText, ""},
    {"tls-ciphersuites", kText, ""},
    {"tls-client-cert-file", kText, ""},
    {"tls-client-key-file", kText, ""},
    {"tls-client-key-file-pass", kText, ""},
    {"tls-cluster", kYesNo, "no"},
    {"tls-dh-params-file", kText, ""},
    {"tls-key-file", kText, ""},
    {"tls-key-file-pass", kText, ""},
    {"tls-prefer-server-ciphers", kYesNo, "no"},
    {"tls-protocols", kText, ""},
    {"tls-replication", kYesNo, "no"},
    {"tls-session-cache-size", kInteger, "20480"},
    {"tls-session-cache-timeout", kInteger, "300"},
    {"tls-session-caching", kYesNo, "yes"},
    {"tracking-table-max-keys", kInteger, "1000000"},
    {"zset-max-listpack-entries", kInteger, "128", kAnyTime, {}, "zset-max-ziplist-entries"},
    {"zset-max-listpack-value", kMemory, "64", kAnyTime, {}, "zset-max-ziplist-value"},
};
// clang-format on

}  // namespace

std::span<const Directive> ignored_directives() {
  static const std::vector<Directive> kIgnored = [] {
    std::vector<Directive> built;
    for (const Row& row : kRows) {
      built.push_back({.name = row.name,
                       .kind = row.kind,
                       .initial = row.initial,
                       .effect = Effect::kIgnored,
                       .change = row.change,
                       .choices = row.choices,
                       .min = row.min,
                       .alias = row.alias});
    }
    return built;
  }();
  return kIgnored;
}

}  // namespace leat
