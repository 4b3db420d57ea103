// Retention: the policy of one stream: how much of it is kept, and what happens when it is full.
//
// Format     in a StreamConfigure record and wherever else it is stored: length_max, age_max_ms, bytes_max as varints,
//            retain and when_full as one byte each.
// Source     docs/adr/0013-retention-policies.md
#pragma once

#include <cstdint>

#include "base/varint.h"

namespace leat {

// Which entries a policy may drop. The numbers are on disk.
enum class Retain : uint8_t {
  kAny = 0,      // All of them.
  kUnacked = 1,  // Those that every group has been given and has acknowledged.
};
// What an append meets that exceeds length_max or bytes_max. The numbers are on disk.
enum class WhenFull : uint8_t {
  kTrim = 0,    // The oldest entries go.
  kReject = 1,  // The append is refused.
};

struct Retention {
  uint64_t length_max = 0;  // Entries; 0: no limit.
  uint64_t age_max_ms = 0;  // By the milliseconds of the id; 0: no limit.
  uint64_t bytes_max = 0;   // Of fields and values in wire form; 0: no limit.
  Retain retain = Retain::kAny;
  WhenFull when_full = WhenFull::kTrim;

  // Nothing has been asked for.
  [[nodiscard]] bool none() const { return *this == Retention(); }
  [[nodiscard]] bool limits_size() const { return length_max != 0 || bytes_max != 0; }
  friend bool operator==(const Retention&, const Retention&) = default;
};

constexpr size_t kRetentionBytesMax = 3 * kVarintBytesMax + 2;

// Writes the policy at `out`, which has room for kRetentionBytesMax bytes; returns the end.
char* put_retention(char* out, const Retention& policy);
// Reads a policy; `in` has failed when it is not one.
void read_retention(ByteReader& in, Retention& policy);

}  // namespace leat
