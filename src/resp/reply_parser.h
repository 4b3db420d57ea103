// Reply and parse_reply: RESP2 and RESP3 replies to values; for tests, the simulator and tools.
//
// Contract   complete: every type of the protocol, as Redis sends them (no streamed strings and
//            aggregates, which no server sends; attributes are skipped). Never reads beyond the input;
//            hostile bytes give kError, not a crash or an allocation that the input does not pay for.
// Limits     depth kReplyDepthMax; a length or a count is at most kReplyCountMax; a line that is not
//            text, at most kReplyNumberBytesMax.
// Source     redis.io/docs/latest/develop/reference/protocol-spec
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace leat {

constexpr size_t kReplyDepthMax = 64;
constexpr int64_t kReplyCountMax = int64_t{1} << 32;
constexpr size_t kReplyNumberBytesMax = 4096;

struct Reply {
  enum class Kind : uint8_t {
    kSimple,
    kError,
    kInteger,
    kBulk,
    kNullBulk,
    kNullArray,
    kNull,
    kArray,
    kMap,
    kSet,
    kPush,
    kDouble,
    kBoolean,
    kVerbatim,
    kBigNumber,
  };
  Kind kind = Kind::kNull;
  std::string text;     // kSimple, kError, kBulk, kVerbatim (without format), kBigNumber, kDouble.
                        // A blob error "!" is kError too; its text may hold line ends.
  int64_t integer = 0;  // kInteger, kBoolean.
  std::vector<Reply> items;  // Aggregates; a map has key, value, key, value ...

  friend bool operator==(const Reply&, const Reply&) = default;
};

enum class ReplyStatus : uint8_t { kReply, kNeedMore, kError };

// Parses the first reply in `input`; `consumed` is its length when kReply is returned. `reply` is
// unspecified otherwise. O(input).
ReplyStatus parse_reply(Bytes input, Reply& reply, size_t& consumed);

}  // namespace leat
