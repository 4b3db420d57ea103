// Statistics: what INFO commandstats and errorstats show; per shard, volatile.
#pragma once

#include <cstdint>
#include <string>

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include "base/bytes.h"

namespace leat {

struct CommandSpec;

struct CommandStatistics {
  uint64_t calls = 0;
  uint64_t duration_ns = 0;
  uint64_t rejected = 0;  // Refused before it ran: arity, authentication, queueing.
  uint64_t failed = 0;    // Ran and answered an error.
};

class Statistics {
 public:
  [[nodiscard]] CommandStatistics& of(const CommandSpec& spec) { return commands_[&spec]; }
  // Counts an error reply by its code, the first word of `text`.
  void note_error(Bytes text);
  void reset();

  [[nodiscard]] uint64_t calls() const { return calls_; }
  void note_call() { ++calls_; }
  [[nodiscard]] uint64_t errors() const { return errors_total_; }
  [[nodiscard]] const auto& commands() const { return commands_; }
  [[nodiscard]] const auto& errors_by_code() const { return errors_; }

 private:
  absl::flat_hash_map<const CommandSpec*, CommandStatistics> commands_;
  absl::btree_map<std::string, uint64_t> errors_;
  uint64_t calls_ = 0;
  uint64_t errors_total_ = 0;
};

}  // namespace leat
