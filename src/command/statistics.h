// Statistics: what INFO commandstats and errorstats show; per shard, volatile.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <absl/container/btree_map.h>
#include <absl/container/node_hash_map.h>

#include "base/bytes.h"
#include "command/latency_histogram.h"

namespace leat {

struct CommandSpec;

struct CommandStatistics {
  uint64_t calls = 0;
  uint64_t duration_ns = 0;
  uint64_t rejected = 0;  // Refused before it ran: arity, authentication, queueing.
  uint64_t failed = 0;    // Ran and answered an error.
  std::unique_ptr<LatencyHistogram> latencies;  // Once it has run.

  // It has run for that long.
  void note(int64_t duration) {
    ++calls;
    duration_ns += static_cast<uint64_t>(duration);
    if (latencies == nullptr) latencies = std::make_unique<LatencyHistogram>();
    latencies->add(duration);
  }
};

class Statistics {
 public:
  [[nodiscard]] CommandStatistics& of(const CommandSpec& spec) {
    if (&spec != last_spec_) {
      last_ = &commands_[&spec];
      last_spec_ = &spec;
    }
    return *last_;
  }
  // Counts an error reply by its code, the first word of `text`.
  void note_error(Bytes text);
  void reset();

  // Keys looked up from here on are counted as hits and misses, or not: commands that only read do.
  void count_lookups(bool counted) { counting_ = counted; }
  void note_lookup(bool hit) {
    if (counting_) ++(hit ? hits_ : misses_);
  }
  void note_expired() { ++expired_; }
  void note_evicted() { ++evicted_; }
  [[nodiscard]] uint64_t hits() const { return hits_; }
  [[nodiscard]] uint64_t misses() const { return misses_; }
  [[nodiscard]] uint64_t expired() const { return expired_; }
  [[nodiscard]] uint64_t evicted() const { return evicted_; }

  [[nodiscard]] uint64_t calls() const { return calls_; }
  void note_call() { ++calls_; }
  [[nodiscard]] uint64_t errors() const { return errors_total_; }
  [[nodiscard]] const auto& commands() const { return commands_; }
  [[nodiscard]] const auto& errors_by_code() const { return errors_; }

 private:
  // Nodes of their own: counters inside the table would share cache lines with what look-ups load, and each
  // look-up would wait for the counting before it (an eighth of the time of a pipelined XADD).
  absl::node_hash_map<const CommandSpec*, CommandStatistics> commands_;
  // The row asked for last: in a pipeline most commands are alike.
  const CommandSpec* last_spec_ = nullptr;
  CommandStatistics* last_ = nullptr;
  absl::btree_map<std::string, uint64_t> errors_;
  uint64_t calls_ = 0;
  uint64_t errors_total_ = 0;
  bool counting_ = false;
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
  uint64_t expired_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace leat
