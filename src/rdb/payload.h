// Payloads of DUMP and RESTORE: one value, its RDB version and a checksum.
//
// What is read may be anything: a value is given out only once all of it has been checked, so that what is built from it can
// rely on it. What is written is the oldest format that loses nothing of the value, so that older servers take it.
//
// Limits     lists and sorted sets, hashes whose fields expire, and the ziplists of Redis before 7.0 are refused.
// Cost       O(bytes); a value takes several times its payload while it is read.
// Source     docs/adr/0025-dump-and-restore.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "model/idempotency.h"
#include "model/record.h"
#include "model/retention.h"
#include "model/stream_id.h"

namespace leat {

// A stream as a payload holds it. Deleted entries are not in it.
struct RdbStream {
  struct Entry {
    StreamId id;
    bool begins_node = false;
    uint32_t elements = 0;  // Fields and values together.
    size_t wire =
        0;  // Where its fields and values begin in `wires`, as bulk strings; it ends where the next one begins.
  };
  static constexpr uint32_t kNobody = ~uint32_t{0};
  struct Pending {
    StreamId id;
    WallMs delivered;
    uint64_t deliveries = 0;
    uint32_t owner = kNobody;  // Index of the consumer.
  };
  struct Consumer {
    std::string name;
    WallMs seen;
    WallMs active{-1};
  };
  struct Group {
    std::string name;
    StreamId last_delivered;
    // None: to be estimated, as the payload's format does not say it.
    std::optional<int64_t> entries_read;
    std::vector<Consumer> consumers;
    std::vector<Pending> pending;  // In id order.
    std::vector<StreamId>
        released;  // Those that nobody owns, in the order in which they were given back.
  };
  struct Iid {
    std::string producer;
    std::string iid;
    StreamId id;
  };

  std::vector<Entry> entries;
  ByteBuffer wires;
  StreamId last_id;
  StreamId max_deleted;
  uint64_t entries_added = 0;
  std::vector<Group> groups;
  // None: those that a new stream has. What follows is empty then.
  std::optional<IdempotencyLimits> idempotency;
  std::vector<Iid> iids;  // By producers, each in its order.
  uint64_t iids_added = 0;
  uint64_t iids_duplicates = 0;
  Retention retention;

  // The fields and values of an entry.
  [[nodiscard]] Bytes wire_of(size_t entry) const {
    const size_t end = entry + 1 == entries.size() ? wires.size() : entries[entry + 1].wire;
    return wires.view().substr(entries[entry].wire, end - entries[entry].wire);
  }
};

// Fields with their values, and members, each once.
using RdbHash = std::vector<std::pair<std::string, std::string>>;
using RdbSet = std::vector<std::string>;
using RdbValue = std::variant<std::string, RdbHash, RdbSet, RdbStream>;

enum class PayloadFault : uint8_t { kChecksum, kFormat };
// A payload's value, or what is wrong with it: the version is unknown or the checksum another one, or what it holds is no
// value, or none that there is here.
[[nodiscard]] std::variant<RdbValue, PayloadFault> read_payload(Bytes payload);
[[nodiscard]] std::string write_payload(const RdbValue& value);
// A payload of this type and body, with the sum that belongs to it; what they are is not looked at.
[[nodiscard]] std::string sealed_payload(Bytes type_and_body, uint16_t version);

}  // namespace leat
