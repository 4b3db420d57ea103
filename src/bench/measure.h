// One measurement: one workload against one running server.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "bench/failure.h"
#include "bench/histogram.h"
#include "bench/link.h"
#include "bench/workload.h"

namespace leat::bench {

// Five points of a distribution, microseconds.
struct Latency {
  double p50 = 0;
  double p99 = 0;
  double p999 = 0;
  double max = 0;
};

struct Measurement {
  uint64_t operations = 0;
  double seconds = 0;
  double rate = 0;                  // Operations per second.
  Latency latency;                  // What it is the latency of: docs/benchmark.md.
  std::optional<Latency> ack;       // Delivery: of XADD.
  std::optional<Latency> late;      // Delivery: of the client's own sending.
  std::optional<double> cpu_ns;     // Server CPU per operation, when its process is visible.
  std::optional<double> client_ns;  // The benchmark's own CPU per operation.
  std::optional<double> memory;     // Append: growth of used_memory per entry, bytes.
  std::optional<double> rss;        // Append: growth of the resident set per entry, bytes.
  double load = 0;                  // The machine's load average when the measurement began.
};

// Why these measurements should not be trusted, one line each; empty when nothing speaks against
// them. `cores` is how many the machine has.
std::string doubts(std::span<const Measurement> rounds, size_t cores);

// What a server says about itself.
struct Identity {
  std::string
      version;  // "redis 7.0.15", "leat 0.1.0 (as redis 7.2.4)"; empty when it does not say.
  std::string durability;    // "none", "everysec", "always"; empty when it does not say.
  std::optional<pid_t> pid;  // As the server sees it.
};

Result<Identity> identify(const Target& target);

struct Effort {
  bool synced = false;      // Use the workload's operations_synced.
  double seconds_max = 10;  // Begin nothing after this time; the set-up is not counted.
};

// Runs `workload` over keys of its own ("leat-bench:...") and removes them afterwards.
//   errors  an error reply; a server that did not store what it acknowledged; no server
Result<Measurement> measure(const Target& target, const Workload& workload, const Effort& effort);

}  // namespace leat::bench
