// Host: the server around the engine, as commands see it: other connections, configuration, persistence.
//
// The server implements it; tests of the command layer bring their own.
//
// Thread     called on the reactor thread, from inside a command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "command/clients_host.h"
#include "command/config_host.h"
#include "command/eviction.h"
#include "command/node_host.h"
#include "command/notifications.h"
#include "command/subscriptions.h"
#include "model/idempotency.h"
#include "model/ids.h"
#include "model/retention.h"

namespace leat {

struct CommandSpec;

// Who may use DEBUG. enable-debug-command.
enum class DebugAccess : uint8_t { kNobody, kLocal, kAll };

// The policy of streams that are created under a name that the glob matches. stream-retention.
struct RetentionRule {
  std::string pattern;
  Retention policy;
};

// Configuration that commands read while they decide. Values as CONFIG GET shows them.
struct Settings {
  uint64_t stream_node_max_entries = 100;  // 0: no limit.
  uint64_t stream_node_max_bytes = 4096;   // 0: 1 GiB.
  std::vector<RetentionRule> retention;    // The last one that matches counts.
  IdempotencyLimits idempotency;           // Of streams that are created. stream-idmp-*.
  uint32_t databases = 16;
  std::string password;                             // requirepass; empty: none.
  uint64_t query_buffer_max = 1ULL << 30;           // client-query-buffer-limit, bytes.
  uint64_t memory_max = 0;                          // maxmemory, bytes; 0: no limit.
  EvictionPolicy eviction = EvictionPolicy::kNone;  // maxmemory-policy.
  uint32_t eviction_samples = 5;                    // maxmemory-samples.
  EventChoice events;                               // notify-keyspace-events.
  DebugAccess debug = DebugAccess::kNobody;
  int64_t slowlog_threshold_us = 10'000;  // -1: nothing is noted.
  uint64_t slowlog_length_max = 128;
  int64_t latency_threshold_ms = 0;       // 0: nothing is noted.
  uint64_t tracked_keys_max = 1'000'000;  // tracking-table-max-keys; 0: no limit.
};

class Host {
 public:
  virtual ~Host() = default;

  // The same object for as long as the host lives; what it says may change with every command.
  [[nodiscard]] virtual const Settings& settings() const = 0;
  // 64 random bits.
  [[nodiscard]] virtual uint64_t random() = 0;
  // Unix time, microseconds, read now (TIME).
  [[nodiscard]] virtual int64_t wall_us() = 0;
  // Nanoseconds, read now, for how long commands take.
  [[nodiscard]] virtual int64_t stopwatch() = 0;

  // Why a write of about `bytes` can't be taken now, as the whole error text; empty when it can.
  // `frees_space`: the command may use the space that is reserved for giving space back.
  [[nodiscard]] virtual Bytes write_refusal(uint64_t bytes, bool frees_space) = 0;

  // Neither of the next two.
  [[nodiscard]] virtual bool serving() const = 0;
  // What is on the disk is still being read: only commands run that need no data.
  [[nodiscard]] virtual bool loading() const = 0;
  // Set after the log has failed: the error text that every command gets until the restart.
  [[nodiscard]] virtual Bytes failure() const = 0;
  // By how many bytes what counts against maxmemory exceeds it; 0 when it does not, or there is no limit.
  [[nodiscard]] virtual uint64_t memory_excess() = 0;

  [[nodiscard]] virtual ClientsHost& clients() = 0;
  [[nodiscard]] virtual ConfigHost& config() = 0;
  [[nodiscard]] virtual NodeHost& node() = 0;

  [[nodiscard]] virtual Subscriptions& subscriptions() = 0;
  // Sends a message to one client that listens to it.
  virtual void deliver(ClientId client, const PublishedMessage& message) = 0;

  // Tells a client that tracks, or whom it redirects to, that these keys have changed; none: that any may have.
  virtual void invalidate(ClientId client, const std::vector<Bytes>& keys) = 0;

  // Somebody watches with MONITOR.
  [[nodiscard]] virtual bool monitored() const = 0;
  virtual void show_to_monitors(const Session& session, const Request& request) = 0;
  // A command has run for longer than slow_ns(): for SLOWLOG and LATENCY.
  virtual void note_slow(const Session& session, const Request& request, const CommandSpec& spec,
                         int64_t duration_ns) = 0;
  // What is slow: the lower one of the thresholds of SLOWLOG and LATENCY.
  [[nodiscard]] virtual int64_t slow_ns() const = 0;
};

}  // namespace leat
