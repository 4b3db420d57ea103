// Directives of Redis that mean nothing here: accepted, remembered, shown, and named once at start.
#include <algorithm>
#include <iterator>
#include <vector>

#include "server/config_directives.h"

namespace leat {
namespace {

using enum ValueKind;
using enum Change;

struct Row {
  std::string_view name;
  std::string_view initial;
  ValueKind kind;
  Change change = kAnyTime;
  std::string_view choices;
  std::string_view alias;
  int64_t min = 0;
};

// CONFIG GET shows these to who names them in full only.
constexpr std::string_view kHidden[] = {"key-load-delay", "loading-process-events-interval-bytes",
                                        "rdb-key-save-delay"};

// clang-format off
constexpr Row kRows[] = {
    {"acl-pubsub-default", "resetchannels", kChoice, kAnyTime, "allchannels|resetchannels"},
    {"acllog-max-len", "128", kInteger},
    {"active-defrag-cycle-max", "25", kInteger},
    {"active-defrag-cycle-min", "1", kInteger},
    {"active-defrag-ignore-bytes", "104857600", kMemory},
    {"active-defrag-max-scan-fields", "1000", kInteger},
    {"active-defrag-threshold-lower", "10", kInteger},
    {"active-defrag-threshold-upper", "100", kInteger},
    {"active-expire-effort", "1", kInteger},
    {"activedefrag", "no", kYesNo},
    {"activerehashing", "yes", kYesNo},
    {"always-show-logo", "no", kYesNo, kAtStart},
    {"aof-disable-auto-gc", "no", kYesNo},
    {"aof-load-truncated", "yes", kYesNo},
    {"aof-rewrite-incremental-fsync", "yes", kYesNo},
    {"aof-timestamp-enabled", "no", kYesNo},
    {"aof-use-rdb-preamble", "yes", kYesNo},
    {"aof_rewrite_cpulist", "", kText, kAtStart},
    {"appenddirname", "appendonlydir", kText, kAtStart},
    {"appendfilename", "appendonly.aof", kText, kAtStart},
    {"appendonly", "yes", kYesNo},
    {"auto-aof-rewrite-min-size", "67108864", kMemory},
    {"auto-aof-rewrite-percentage", "100", kInteger},
    {"bgsave_cpulist", "", kText, kAtStart},
    {"bind-source-addr", "", kText},
    {"bio_cpulist", "", kText, kAtStart},
    {"busy-reply-threshold", "5000", kInteger, kAnyTime, {}, "lua-time-limit"},
    {"cluster-allow-pubsubshard-when-down", "yes", kYesNo},
    {"cluster-allow-reads-when-down", "no", kYesNo},
    {"cluster-allow-replica-migration", "yes", kYesNo},
    {"cluster-announce-bus-port", "0", kInteger},
    {"cluster-announce-hostname", "", kText},
    {"cluster-announce-ip", "", kText},
    {"cluster-announce-port", "0", kInteger},
    {"cluster-announce-tls-port", "0", kInteger},
    {"cluster-config-file", "nodes.conf", kText, kAtStart},
    {"cluster-link-sendbuf-limit", "0", kMemory},
    {"cluster-migration-barrier", "1", kInteger},
    {"cluster-node-timeout", "15000", kInteger},
    {"cluster-port", "0", kInteger, kAtStart},
    {"cluster-preferred-endpoint-type", "ip", kChoice, kAnyTime, "ip|hostname|unknown-endpoint"},
    {"cluster-replica-no-failover", "no", kYesNo, kAnyTime, {}, "cluster-slave-no-failover"},
    {"cluster-replica-validity-factor", "10", kInteger, kAnyTime, {}, "cluster-slave-validity-factor"},
    {"cluster-require-full-coverage", "yes", kYesNo},
    {"crash-log-enabled", "yes", kYesNo},
    {"crash-memcheck-enabled", "yes", kYesNo},
    {"dbfilename", "dump.rdb", kText},
    {"disable-thp", "yes", kYesNo, kAtStart},
    {"dynamic-hz", "yes", kYesNo},
    {"enable-module-command", "no", kChoice, kAtStart, "no|yes|local"},
    {"enable-protected-configs", "no", kChoice, kAtStart, "no|yes|local"},
    {"hash-max-listpack-entries", "512", kInteger, kAnyTime, {}, "hash-max-ziplist-entries"},
    {"hash-max-listpack-value", "64", kMemory, kAnyTime, {}, "hash-max-ziplist-value"},
    {"hll-sparse-max-bytes", "3000", kInteger},
    {"hz", "10", kInteger},
    {"ignore-warnings", "", kText, kAtStart},
    {"io-threads", "1", kInteger, kAtStart},
    {"io-threads-do-reads", "no", kYesNo, kAtStart},
    {"jemalloc-bg-thread", "yes", kYesNo},
    {"key-load-delay", "0", kInteger, kAnyTime, {}, {}, INT64_MIN},
    {"latency-tracking", "yes", kYesNo},
    {"latency-tracking-info-percentiles", "50 99 99.9", kText},
    {"lazyfree-lazy-eviction", "no", kYesNo},
    {"lazyfree-lazy-expire", "no", kYesNo},
    {"lazyfree-lazy-server-del", "no", kYesNo},
    {"lazyfree-lazy-user-del", "no", kYesNo},
    {"lazyfree-lazy-user-flush", "no", kYesNo},
    {"lfu-decay-time", "1", kInteger},
    {"lfu-log-factor", "10", kInteger},
    {"list-compress-depth", "0", kInteger},
    {"list-max-listpack-size", "-2", kInteger, kAnyTime, {}, "list-max-ziplist-size", INT64_MIN},
    {"loading-process-events-interval-bytes", "2097152", kInteger},
    {"locale-collate", "", kText},
    {"masterauth", "", kText},
    {"masteruser", "", kText},
    {"maxmemory-clients", "0", kText},
    {"maxmemory-eviction-tenacity", "10", kInteger},
    {"min-replicas-max-lag", "10", kInteger, kAnyTime, {}, "min-slaves-max-lag"},
    {"min-replicas-to-write", "0", kInteger, kAnyTime, {}, "min-slaves-to-write"},
    {"no-appendfsync-on-rewrite", "no", kYesNo},
    {"oom-score-adj", "no", kChoice, kAnyTime, "no|yes|relative|absolute"},
    {"oom-score-adj-values", "0 200 800", kText},
    {"proc-title-template", "{title} {listen-addr} {server-mode}", kText},
    {"propagation-error-behavior", "ignore", kChoice, kAnyTime, "ignore|panic|panic-on-replicas"},
    {"rdb-del-sync-files", "no", kYesNo},
    {"rdb-key-save-delay", "0", kInteger, kAnyTime, {}, {}, INT64_MIN},
    {"rdb-save-incremental-fsync", "yes", kYesNo},
    {"rdbchecksum", "yes", kYesNo},
    {"rdbcompression", "yes", kYesNo},
    {"repl-backlog-size", "1048576", kMemory},
    {"repl-backlog-ttl", "3600", kInteger},
    {"repl-disable-tcp-nodelay", "no", kYesNo},
    {"repl-diskless-load", "disabled", kChoice, kAnyTime, "disabled|on-empty-db|swapdb"},
    {"repl-diskless-sync", "yes", kYesNo},
    {"repl-diskless-sync-delay", "5", kInteger},
    {"repl-diskless-sync-max-replicas", "0", kInteger},
    {"repl-ping-replica-period", "10", kInteger, kAnyTime, {}, "repl-ping-slave-period"},
    {"repl-timeout", "60", kInteger},
    {"replica-announce-ip", "", kText, kAnyTime, {}, "slave-announce-ip"},
    {"replica-announce-port", "0", kInteger, kAnyTime, {}, "slave-announce-port"},
    {"replica-announced", "yes", kYesNo},
    {"replica-ignore-disk-write-errors", "no", kYesNo},
    {"replica-ignore-maxmemory", "yes", kYesNo, kAnyTime, {}, "slave-ignore-maxmemory"},
    {"replica-lazy-flush", "no", kYesNo, kAnyTime, {}, "slave-lazy-flush"},
    {"replica-priority", "100", kInteger, kAnyTime, {}, "slave-priority"},
    {"replica-read-only", "yes", kYesNo, kAnyTime, {}, "slave-read-only"},
    {"replica-serve-stale-data", "yes", kYesNo, kAnyTime, {}, "slave-serve-stale-data"},
    {"sanitize-dump-payload", "no", kChoice, kAnyTime, "no|yes|clients"},
    {"save", "", kSave},
    {"server_cpulist", "", kText, kAtStart},
    {"set-max-intset-entries", "512", kInteger},
    {"set-proc-title", "yes", kYesNo, kAtStart},
    {"shutdown-on-sigint", "default", kText},
    {"shutdown-on-sigterm", "default", kText},
    {"shutdown-timeout", "10", kInteger},
    {"socket-mark-id", "0", kInteger, kAtStart},
    {"stop-writes-on-bgsave-error", "yes", kYesNo},
    {"supervised", "no", kChoice, kAtStart, "upstart|systemd|auto|no"},
    {"syslog-enabled", "no", kYesNo, kAtStart},
    {"syslog-facility", "local0", kChoice, kAtStart, "user|local0|local1|local2|local3|local4|local5|local6|local7"},
    {"syslog-ident", "redis", kText, kAtStart},
    {"tls-auth-clients", "yes", kChoice, kAnyTime, "yes|no|optional"},
    {"tls-ca-cert-dir", "", kText},
    {"tls-ca-cert-file", "", kText},
    {"tls-cert-file", "", kText},
    {"tls-ciphers", "", kText},
    {"tls-ciphersuites", "", kText},
    {"tls-client-cert-file", "", kText},
    {"tls-client-key-file", "", kText},
    {"tls-client-key-file-pass", "", kText},
    {"tls-cluster", "no", kYesNo},
    {"tls-dh-params-file", "", kText},
    {"tls-key-file", "", kText},
    {"tls-key-file-pass", "", kText},
    {"tls-prefer-server-ciphers", "no", kYesNo},
    {"tls-protocols", "", kText},
    {"tls-replication", "no", kYesNo},
    {"tls-session-cache-size", "20480", kInteger},
    {"tls-session-cache-timeout", "300", kInteger},
    {"tls-session-caching", "yes", kYesNo},
    {"zset-max-listpack-entries", "128", kInteger, kAnyTime, {}, "zset-max-ziplist-entries"},
    {"zset-max-listpack-value", "64", kMemory, kAnyTime, {}, "zset-max-ziplist-value"},
};
// clang-format on

}  // namespace

std::span<const Directive> ignored_directives() {
  static const std::vector<Directive> kIgnored = [] {
    std::vector<Directive> built;
    for (const Row& row : kRows) {
      built.push_back({.name = row.name,
                       .initial = row.initial,
                       .kind = row.kind,
                       .effect = Effect::kIgnored,
                       .change = row.change,
                       .hidden = std::find(std::begin(kHidden), std::end(kHidden), row.name) !=
                                 std::end(kHidden),
                       .choices = row.choices,
                       .min = row.min,
                       .alias = row.alias});
    }
    return built;
  }();
  return kIgnored;
}

}  // namespace leat
