// Budget: what the reply of XREAD or XREADGROUP may still show, all its streams together: MAXCOUNT and MAXSIZE.
//
// MAXSIZE looks back, as in Redis: an entry is shown unless so many bytes stand there already, and the first one always
// is. Such a reply is written at once and not in pieces, so there is an end to what may be asked for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "command/stream_words.h"

namespace leat {

class Budget {
 public:
  // At most so many entries and bytes, 0: no such limit; more than kHandedOutBytesMax counts as that. The reply begins at
  // `start` of its buffer.
  Budget(uint64_t entries_max, uint64_t bytes_max, size_t start)
      : limits_entries_(entries_max != 0),
        limits_bytes_(bytes_max != 0),
        entries_(entries_max),
        bytes_(limits_bytes_ ? std::min(bytes_max, kHandedOutBytesMax)
                             : std::numeric_limits<uint64_t>::max()),
        start_(start) {}

  [[nodiscard]] size_t start() const { return start_; }
  [[nodiscard]] bool limits_bytes() const { return limits_bytes_; }
  // In all.
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  // How many entries a stream may show of which `asked` are wanted; 0: all.
  [[nodiscard]] uint64_t count(int64_t asked) const {
    const auto count = static_cast<uint64_t>(asked);
    if (!limits_entries_) return count;
    return count == 0 ? entries_ : std::min(count, entries_);
  }
  // No further stream is shown. The reply's buffer has `size` bytes.
  [[nodiscard]] bool spent(size_t size) const {
    if (limits_entries_ && entries_ == 0) return true;
    return any_ && size - start_ >= bytes_;
  }
  // No further entry of a stream is shown that shows `sent` so far: one that has begun shows one.
  [[nodiscard]] bool spent(size_t size, uint64_t sent) const { return sent != 0 && spent(size); }
  void take(uint64_t entries = 1) {
    any_ = true;
    if (limits_entries_) entries_ -= entries;
  }

 private:
  bool limits_entries_;
  bool limits_bytes_;
  uint64_t entries_;
  uint64_t bytes_;
  size_t start_;
  bool any_ = false;  // Something is shown.
};

}  // namespace leat
