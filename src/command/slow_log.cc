#include "command/slow_log.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace leat {

void SlowLog::add(SlowCommand command, const std::vector<Bytes>& words, size_t length_max) {
  const bool too_many = words.size() > kWordsMax;
  const size_t kept = too_many ? kWordsMax - 1 : words.size();
  for (size_t i = 0; i < kept; ++i) {
    std::string word(words[i].substr(0, kWordBytesMax));
    if (words[i].size() > kWordBytesMax) {
      word += fmt::format("... ({} more bytes)", words[i].size() - kWordBytesMax);
    }
    command.words.push_back(std::move(word));
  }
  if (too_many) {
    command.words.push_back(fmt::format("... ({} more arguments)", words.size() - kept));
  }
  command.id = next_id_++;
  commands_.push_front(std::move(command));
  while (commands_.size() > length_max) commands_.pop_back();
}

}  // namespace leat
