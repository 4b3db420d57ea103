#include "server/config_directives.h"

#include <algorithm>
#include <vector>

#include "command/arguments.h"

namespace leat {
namespace {

using enum ValueKind;
using enum Change;

// clang-format off
constexpr Directive kDirectives[] = {
    {.name = "appendfsync", .kind = kChoice, .initial = "always", .choices = "always|everysec|no", .help = "when a write is acknowledged: always: it is on disk; everysec: written, synced once a second; no: written"},
    {.name = "bind", .kind = kAddresses, .initial = "127.0.0.1 -::1", .change = kAtStart, .help = "addresses to listen on; * for all; with - in front it may be missing on this machine"},
    {.name = "checkpoint-log-size", .kind = kMemory, .initial = "268435456", .help = "a checkpoint is made when the log behind the last one, and behind its size, is larger; 0: only when asked for"},
    {.name = "client-output-buffer-limit", .kind = kOutputLimits, .initial = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60", .help = "<class> <hard> <soft> <seconds>: a client that is owed more is closed; class is normal, replica or pubsub"},
    {.name = "client-query-buffer-limit", .kind = kMemory, .initial = "1073741824", .min = 1 << 20, .help = "how much of what a client has sent may wait to be executed"},
    {.name = "daemonize", .kind = kYesNo, .initial = "no", .change = kAtStart, .help = "run in the background; needs a logfile to say anything from there"},
    {.name = "databases", .kind = kInteger, .initial = "16", .change = kAtStart, .min = 1, .max = 65536, .help = "number of databases"},
    {.name = "dir", .kind = kText, .initial = ".", .change = kAtStart, .help = "directory of the data; created if it does not exist"},
    {.name = "enable-debug-command", .kind = kChoice, .initial = "no", .change = kAtStart, .choices = "no|yes|local", .help = "who may use DEBUG: nobody, everybody, clients on this machine"},
    {.name = "io-backend", .kind = kChoice, .initial = "auto", .change = kAtStart, .choices = "auto|io_uring|epoll", .help = "how the server talks to the kernel; auto takes io_uring where it is allowed"},
    {.name = "latency-monitor-threshold", .kind = kInteger, .initial = "0", .help = "commands that take this many milliseconds are noted for LATENCY; 0: none"},
    {.name = "log-retain", .kind = kMemory, .initial = "0", .help = "how much of the log that a checkpoint has made superfluous is kept"},
    {.name = "log-segment-size", .kind = kMemory, .initial = "33554432", .change = kAtStart, .min = 1 << 20, .max = 1LL << 40, .help = "size of one file of the log"},
    {.name = "logfile", .kind = kText, .initial = "", .change = kAtStart, .help = "file for the server's own messages, relative to dir; empty: standard output"},
    {.name = "loglevel", .kind = kChoice, .initial = "notice", .choices = "debug|verbose|notice|warning|nothing", .help = "the least important message that is written"},
    {.name = "maxclients", .kind = kInteger, .initial = "10000", .min = 1, .max = UINT32_MAX, .help = "number of clients at a time"},
    {.name = "maxmemory", .kind = kMemory, .initial = "0", .help = "when more memory is in use, keys are dropped, or commands that add data refused; 0: no limit"},
    {.name = "maxmemory-policy", .kind = kChoice, .initial = "noeviction", .choices = "volatile-lru|volatile-random|volatile-ttl|allkeys-lru|allkeys-random|noeviction", .help = "which keys are dropped then, whole streams with their groups as well: any (allkeys) or those with an expiry (volatile), the least recently used first (lru), at random, or what expires first (ttl); noeviction: none. Those by frequency (lfu) are not supported"},
    {.name = "maxmemory-samples", .kind = kInteger, .initial = "5", .min = 1, .max = 64, .help = "how many keys are compared to find one that has not been used for long"},
    {.name = "pidfile", .kind = kText, .initial = "", .change = kAtStart, .help = "file that holds the process id while the server runs, relative to dir"},
    {.name = "notify-keyspace-events", .kind = kEvents, .initial = "", .help = "which events of keys are published: K by key, E by event, and classes of Ag$lshzxetdnm; empty: none"},
    {.name = "port", .kind = kInteger, .initial = "6379", .change = kAtStart, .max = 65535, .help = "TCP port; 0: no TCP"},
    {.name = "protected-mode", .kind = kYesNo, .initial = "yes", .help = "without a password and without bind, serve only clients on this machine"},
    {.name = "proto-max-bulk-len", .kind = kMemory, .initial = "536870912", .min = 1 << 20, .help = "size of one argument of a command"},
    {.name = "requirepass", .kind = kText, .initial = "", .help = "the password; empty: none"},
    {.name = "slowlog-log-slower-than", .kind = kInteger, .initial = "10000", .min = -1, .help = "commands that take this many microseconds are noted for SLOWLOG; -1: none"},
    {.name = "slowlog-max-len", .kind = kInteger, .initial = "128", .max = 1 << 20, .help = "how many of them are kept"},
    {.name = "stream-cache-size", .kind = kMemory, .initial = "0", .help = "memory for entries of streams, but for small streams; older ones are sealed on disk; 0: a quarter of the memory, or of maxmemory"},
    {.name = "stream-node-max-bytes", .kind = kMemory, .initial = "4096", .help = "size of a node of a stream, what XTRIM ~ trims by; 0: no limit"},
    {.name = "stream-node-max-entries", .kind = kInteger, .initial = "100", .help = "entries of a node of a stream; 0: no limit"},
    {.name = "stream-retention", .kind = kRetention, .initial = "", .help = "<pattern> <options of XCFGSET>: what streams with such names keep from when they are created; the last one that matches counts"},
    {.name = "tcp-backlog", .kind = kInteger, .initial = "511", .change = kAtStart, .max = INT32_MAX, .help = "connections that may wait to be accepted"},
    {.name = "tcp-keepalive", .kind = kInteger, .initial = "300", .max = INT32_MAX, .help = "seconds of silence after which a client is probed; 0: never"},
    {.name = "timeout", .kind = kInteger, .initial = "0", .max = INT32_MAX, .help = "seconds of idleness after which a client is closed; 0: never"},
    {.name = "unixsocket", .kind = kText, .initial = "", .change = kAtStart, .help = "path of a unix socket to listen on, relative to dir; empty: none"},
    {.name = "unixsocketperm", .kind = kOctal, .initial = "0", .change = kAtStart, .max = 0777, .help = "its permissions, octal; 0: 700"},

    {.name = "aclfile", .kind = kText, .initial = "", .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "access control lists are not part of this version"},
    {.name = "cluster-enabled", .kind = kYesNo, .initial = "no", .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "cluster mode is not part of this version"},
    {.name = "loadmodule", .kind = kText, .initial = "", .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "there are no modules"},
    {.name = "rename-command", .kind = kText, .initial = "", .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "commands can't be renamed"},
    {.name = "replicaof", .kind = kText, .initial = "", .effect = Effect::kDefaultOnly, .change = kAtStart, .alias = "slaveof", .help = "replication is not part of this version"},
    {.name = "tls-port", .kind = kInteger, .initial = "0", .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "TLS is not part of this version"},
    {.name = "user", .kind = kText, .initial = "", .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "users other than the default one are not part of this version"},
};
// clang-format on

const std::vector<Directive>& table() {
  static const std::vector<Directive> kTable = [] {
    std::vector<Directive> rows(std::begin(kDirectives), std::end(kDirectives));
    const auto ignored = ignored_directives();
    rows.insert(rows.end(), ignored.begin(), ignored.end());
    std::sort(rows.begin(), rows.end(),
              [](const Directive& a, const Directive& b) { return a.name < b.name; });
    return rows;
  }();
  return kTable;
}

}  // namespace

std::span<const Directive> directives() {
  return table();
}

const Directive* find_directive(Bytes name) {
  for (const Directive& row : table()) {
    if (same_word(row.name, name) || (!row.alias.empty() && same_word(row.alias, name))) {
      return &row;
    }
  }
  return nullptr;
}

size_t index_of(const Directive& directive) {
  return static_cast<size_t>(&directive - table().data());
}

}  // namespace leat
