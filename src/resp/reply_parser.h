// Reply and parse_reply: RESP2 and RESP3 replies to values; for tests, the simulator and tools.
//
// Contract   complete: every type of the protocol. Never reads beyond the input; depth and counts are
//            bounded, so hostile bytes give kError, not a crash or a large allocation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace leat {

struct Reply {
  enum class Kind : uint8_t {
    kSimple, kError, kInteger, kBulk, kNullBulk, kNullArray, kNull, kArray, kMap, kSet, kPush,
    kDouble, kBoolean, kVerbatim, kBigNumber,
  };
  Kind kind = Kind::kNull;
  std::string text;           // kSimple, kError, kBulk, kVerbatim (without format), kBigNumber, kDouble.
  int64_t integer = 0;        // kInteger, kBoolean.
  std::vector<Reply> items;   // Aggregates; a map has key, value, key, value ...

  friend bool operator==(const Reply&, const Reply&) = default;
};

enum class ReplyStatus : uint8_t { kReply, kNeedMore, kError };

// Parses the first reply in `input`; `consumed` is its length when kReply is returned.
ReplyStatus parse_reply(Bytes input, Reply& reply, size_t& consumed);

}  // namespace leat
