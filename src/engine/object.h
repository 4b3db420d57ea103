// Object: one key's value with its name, its expiry and what is known about its last change.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "base/time.h"
#include "engine/field_map.h"
#include "engine/stream.h"
#include "model/ids.h"
#include "model/record.h"

namespace leat {

struct HashValue {
  FieldMap<std::string> fields;
};
struct SetValue {
  FieldMap<None> members;
};

// The database in which objects stand, under whatever number: it stays at its address when databases are swapped.
struct Home {
  DbIndex number;
  DbIndex checkpoint_number;  // At the LSN of the running checkpoint.
  bool flushed = false;       // Its objects are gone for everybody; they are freed later.
  bool forgotten = false;     // It was flushed when the checkpoint began.
};

struct Object {
  ObjectId id;
  const Home* home = nullptr;  // Set by the keyspace.
  std::string key;
  WallMs expires;       // 0: never.
  Lsn changed;          // The last record that named this object.
  mutable WallMs used;  // Last read or write by a client. Volatile.
  // In the order of ObjectKind. Streams live apart: most of the code only passes them by.
  std::variant<std::string, HashValue, SetValue, std::unique_ptr<Stream>> value;

  [[nodiscard]] DbIndex db() const { return home->number; }
  [[nodiscard]] ObjectKind kind() const { return static_cast<ObjectKind>(value.index() + 1); }
  [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&value); }
  [[nodiscard]] const FieldMap<std::string>* hash() const {
    const auto* hash = std::get_if<HashValue>(&value);
    return hash == nullptr ? nullptr : &hash->fields;
  }
  [[nodiscard]] const FieldMap<None>* set() const {
    const auto* set = std::get_if<SetValue>(&value);
    return set == nullptr ? nullptr : &set->members;
  }
  [[nodiscard]] const Stream* stream() const {
    const auto* stream = std::get_if<std::unique_ptr<Stream>>(&value);
    return stream == nullptr ? nullptr : stream->get();
  }
  [[nodiscard]] bool expired(WallMs now) const { return expires.value != 0 && expires <= now; }
};

// Enough samples to know about what a large object holds.
constexpr size_t kFewSamples = 16;
// Bytes that the object holds, about: extrapolated from `samples` of its fields, blocks and groups. O(samples).
[[nodiscard]] size_t memory_of(const Object& object, size_t samples = ~size_t{0});
[[nodiscard]] size_t memory_of(const Group& group);

}  // namespace leat
