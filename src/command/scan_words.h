// What SCAN, HSCAN and SSCAN have in common.
#pragma once

#include <cstdint>

#include "base/glob.h"
#include "command/context.h"

namespace leat {

enum class ScanFor : uint8_t { kKeys, kFields };

struct ScanWords {
  uint64_t cursor = 0;
  size_t count = 10;
  Bytes pattern;  // Empty: all.
  Bytes type;     // SCAN only; empty: all.

  [[nodiscard]] bool matches(Bytes name) const {
    return pattern.data() == nullptr || glob_matches(pattern, name);
  }
};

// Reads cursor and options from words[at] on. False after the error has been replied.
[[nodiscard]] bool read_scan_words(Context& context, const Arguments& words, size_t at,
                                   ScanFor scan, ScanWords& asked);

// The outer array and its first element.
void reply_cursor(ReplyWriter& reply, uint64_t next);

}  // namespace leat
