// SlowLog: the commands that took longest lately, newest first. SLOWLOG.
//
// Limits     slowlog-max-len entries of at most kWordsMax words of kWordBytesMax bytes.
// Source     redis.io/docs/latest/commands/slowlog-get
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace leat {

struct SlowCommand {
  uint64_t id = 0;
  int64_t time_s = 0;  // Unix time.
  int64_t duration_us = 0;
  std::vector<std::string> words;
  std::string peer;
  std::string client_name;
};

class SlowLog {
 public:
  static constexpr size_t kWordsMax = 32;
  static constexpr size_t kWordBytesMax = 128;

  // Shortens `words` and gives the entry its id; keeps at most `length_max` entries.
  void add(SlowCommand command, const std::vector<Bytes>& words, size_t length_max);
  void clear() { commands_.clear(); }

  [[nodiscard]] const std::deque<SlowCommand>& commands() const { return commands_; }

 private:
  std::deque<SlowCommand> commands_;  // Newest first.
  uint64_t next_id_ = 0;
};

}  // namespace leat
