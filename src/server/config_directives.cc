#include "server/config_directives.h"

#include <algorithm>
#include <vector>

#include "command/arguments.h"
#include "model/idempotency.h"

namespace leat {
namespace {

using enum ValueKind;
using enum Change;

// clang-format off
constexpr Directive kDirectives[] = {
    {.name = "appendfsync", .initial = "always", .kind = kChoice, .choices = "always|everysec|no", .help = "when a write is acknowledged: always: it is on disk; everysec: written, synced once a second; no: written"},
    {.name = "bind", .initial = "127.0.0.1 -::1", .kind = kAddresses, .change = kAtStart, .help = "addresses to listen on; * for all; with - in front it may be missing on this machine"},
    {.name = "checkpoint-log-size", .initial = "268435456", .kind = kMemory, .help = "a checkpoint is made when the log behind the last one, and behind its size, is larger; 0: only when asked for"},
    {.name = "client-output-buffer-limit", .initial = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60", .kind = kOutputLimits, .help = "<class> <hard> <soft> <seconds>: a client that is owed more is closed; class is normal, replica or pubsub"},
    {.name = "client-query-buffer-limit", .initial = "1073741824", .kind = kMemory, .min = 1 << 20, .help = "how much of what a client has sent may wait to be executed"},
    {.name = "daemonize", .initial = "no", .kind = kYesNo, .change = kAtStart, .help = "run in the background; needs a logfile to say anything from there"},
    {.name = "databases", .initial = "16", .kind = kInteger, .change = kAtStart, .min = 1, .max = 65536, .help = "number of databases"},
    {.name = "dir", .initial = ".", .kind = kText, .change = kAtStart, .help = "directory of the data; created if it does not exist"},
    {.name = "enable-debug-command", .initial = "no", .kind = kChoice, .change = kAtStart, .choices = "no|yes|local", .help = "who may use DEBUG: nobody, everybody, clients on this machine"},
    {.name = "io-backend", .initial = "auto", .kind = kChoice, .change = kAtStart, .choices = "auto|io_uring|epoll", .help = "how the server talks to the kernel; auto takes io_uring where it is allowed"},
    {.name = "latency-monitor-threshold", .initial = "0", .kind = kInteger, .help = "commands that take this many milliseconds are noted for LATENCY; 0: none"},
    {.name = "log-retain", .initial = "0", .kind = kMemory, .help = "how much of the log that a checkpoint has made superfluous is kept"},
    {.name = "log-segment-size", .initial = "33554432", .kind = kMemory, .change = kAtStart, .min = 1 << 20, .max = 1LL << 40, .help = "size of one file of the log"},
    {.name = "logfile", .initial = "", .kind = kText, .change = kAtStart, .help = "file for the server's own messages, relative to dir; empty: standard output"},
    {.name = "loglevel", .initial = "notice", .kind = kChoice, .choices = "debug|verbose|notice|warning|nothing", .help = "the least important message that is written"},
    {.name = "maxclients", .initial = "10000", .kind = kInteger, .min = 1, .max = UINT32_MAX, .help = "number of clients at a time"},
    {.name = "maxmemory", .initial = "0", .kind = kMemory, .help = "when more memory is in use, keys are dropped, or commands that add data refused; 0: no limit"},
    {.name = "maxmemory-policy", .initial = "noeviction", .kind = kChoice, .choices = "volatile-lru|volatile-random|volatile-ttl|allkeys-lru|allkeys-random|noeviction", .help = "which keys are dropped then, whole streams with their groups as well: any (allkeys) or those with an expiry (volatile), the least recently used first (lru), at random, or what expires first (ttl); noeviction: none. Those by frequency (lfu) are not supported"},
    {.name = "maxmemory-samples", .initial = "5", .kind = kInteger, .min = 1, .max = 64, .help = "how many keys are compared to find one that has not been used for long"},
    {.name = "pidfile", .initial = "", .kind = kText, .change = kAtStart, .help = "file that holds the process id while the server runs, relative to dir"},
    {.name = "notify-keyspace-events", .initial = "", .kind = kEvents, .help = "which events of keys are published: K by key, E by event, and classes of Ag$lshzxetdnocm; empty: none"},
    {.name = "port", .initial = "6379", .kind = kInteger, .change = kAtStart, .max = 65535, .help = "TCP port; 0: no TCP"},
    {.name = "protected-mode", .initial = "yes", .kind = kYesNo, .help = "without a password and without bind, serve only clients on this machine"},
    {.name = "proto-max-bulk-len", .initial = "536870912", .kind = kMemory, .min = 1 << 20, .help = "size of one argument of a command"},
    {.name = "requirepass", .initial = "", .kind = kText, .help = "the password; empty: none"},
    {.name = "slowlog-log-slower-than", .initial = "10000", .kind = kInteger, .min = -1, .help = "commands that take this many microseconds are noted for SLOWLOG; -1: none"},
    {.name = "slowlog-max-len", .initial = "128", .kind = kInteger, .max = 1 << 20, .help = "how many of them are kept"},
    {.name = "stream-cache-size", .initial = "0", .kind = kMemory, .help = "memory for entries of streams, but for small streams; older ones are sealed on disk; 0: a quarter of the memory, or of maxmemory"},
    {.name = "stream-idmp-duration", .initial = "100", .kind = kInteger, .min = 1, .max = kIdempotencyDurationMax, .help = "seconds for which a new stream remembers what was added with IDMP or IDMPAUTO"},
    {.name = "stream-idmp-maxsize", .initial = "100", .kind = kInteger, .min = 1, .max = kIdempotencySizeMax, .help = "how many such entries of each producer it remembers"},
    {.name = "stream-node-max-bytes", .initial = "4096", .kind = kMemory, .help = "size of a node of a stream, what XTRIM ~ trims by; 0: no limit"},
    {.name = "stream-node-max-entries", .initial = "100", .kind = kInteger, .help = "entries of a node of a stream; 0: no limit"},
    {.name = "stream-retention", .initial = "", .kind = kRetention, .help = "<pattern> <options of XCFGSET>: what streams with such names keep from when they are created; the last one that matches counts"},
    {.name = "tcp-backlog", .initial = "511", .kind = kInteger, .change = kAtStart, .max = INT32_MAX, .help = "connections that may wait to be accepted"},
    {.name = "tcp-keepalive", .initial = "300", .kind = kInteger, .max = INT32_MAX, .help = "seconds of silence after which a client is probed; 0: never"},
    {.name = "timeout", .initial = "0", .kind = kInteger, .max = INT32_MAX, .help = "seconds of idleness after which a client is closed; 0: never"},
    {.name = "tracking-table-max-keys", .initial = "1000000", .kind = kInteger, .help = "of how many keys, of 256 bytes on average with their readers, it is remembered which clients keep them (CLIENT TRACKING); beyond that some are invalidated; 0: no limit"},
    {.name = "unixsocket", .initial = "", .kind = kText, .change = kAtStart, .help = "path of a unix socket to listen on, relative to dir; empty: none"},
    {.name = "unixsocketperm", .initial = "0", .kind = kOctal, .change = kAtStart, .max = 0777, .help = "its permissions, octal; 0: 700"},

    {.name = "aclfile", .initial = "", .kind = kText, .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "access control lists are not part of this version"},
    {.name = "cluster-enabled", .initial = "no", .kind = kYesNo, .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "cluster mode is not part of this version"},
    {.name = "loadmodule", .initial = "", .kind = kText, .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "there are no modules"},
    {.name = "rename-command", .initial = "", .kind = kText, .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "commands can't be renamed"},
    {.name = "replicaof", .initial = "", .kind = kText, .effect = Effect::kDefaultOnly, .change = kAtStart, .alias = "slaveof", .help = "replication is not part of this version"},
    {.name = "tls-port", .initial = "0", .kind = kInteger, .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "TLS is not part of this version"},
    {.name = "user", .initial = "", .kind = kText, .effect = Effect::kDefaultOnly, .change = kAtStart, .help = "users other than the default one are not part of this version"},
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
