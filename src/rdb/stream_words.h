// Streams in RDB: nodes of entries, then counters, groups, and what is remembered of idempotent producers.
//
//   nodes      count, of each: string of 16 bytes, the master id; string, a listpack:
//                live · deleted · fields of the master · their names · 0
//                entries: flags (1 deleted, 2 has the master's fields) · ms less the master's · sequence less the master's ·
//                         [fields] · [name] value ... · elements of the entry before this one
//   counters   length · last id; from kStream2 on: first id · greatest deleted id · entries added
//   groups     count, of each: name · last id · [from kStream2 on: entries read] ·
//                pending: count, of each raw id · time · deliveries
//                consumers: count, of each name · seen · [from kStream3 on: active] · count of raw ids
//                [from kStream5 on: count of raw ids, which nobody owns, in the order in which they were given back]
//   [from kStream4 on: seconds · iids of a producer at most · producers: count, of each name · count, of each iid · id;
//                iids added · duplicates]
//
// kPolicyStream is Leat's own: the stream's retention policy, as a string, and then all of kStream5.
#pragma once

#include <cstdint>
#include <optional>

#include "rdb/payload.h"
#include "rdb/rdb_words.h"

namespace leat {

enum class RdbType : uint8_t {
  kString = 0,
  kSet = 2,
  kHash = 4,
  kSetOfIntegers = 11,
  kStream1 = 15,
  kHashListpack = 16,
  kStream2 = 19,
  kSetListpack = 20,
  kStream3 = 21,
  kStream4 = 26,
  kStream5 = 27,
  kPolicyStream = 200,
};

// Flags of an entry.
constexpr int64_t kRdbDeleted = 1;
constexpr int64_t kRdbMasterFields = 2;

constexpr uint16_t kRdbVersionOldest = 10;  // Of Redis 7.0.
constexpr uint16_t kRdbVersionNewest = 14;  // Of Redis 8.8 and 8.10.

// The stream; none when it is not one, or `type` is no stream's.
[[nodiscard]] std::optional<RdbStream> read_stream(RdbReader& in, RdbType type);
// Writes type and stream in the oldest format that loses nothing; returns the version of the format.
uint16_t write_stream(RdbWriter& out, const RdbStream& stream);

}  // namespace leat
