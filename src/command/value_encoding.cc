#include "command/value_encoding.h"

#include <string>

#include "base/numbers.h"

namespace leat {
namespace {

constexpr size_t kEmbeddedMax = 44;   // Bytes of a string that Redis stores beside its header.
constexpr size_t kIntsetMax = 512;    // Members of a set of integers.
constexpr size_t kListpackMax = 128;  // Fields or members of the small encoding.

Bytes encoding_of(const std::string& value) {
  if (value.size() <= kDecimalBytesMax && parse_int64(value)) return "int";
  return value.size() <= kEmbeddedMax ? "embstr" : "raw";
}

Bytes encoding_of(const FieldMap<None>& members) {
  bool integers = members.size() <= kIntsetMax;
  if (integers) {
    members.visit([&integers](const std::string& member, None) {
      integers = integers && parse_int64(member).has_value();
    });
  }
  if (integers) return "intset";
  return members.small() && members.size() <= kListpackMax ? "listpack" : "hashtable";
}

}  // namespace

Bytes kind_name(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kString:
      return "string";
    case ObjectKind::kHash:
      return "hash";
    case ObjectKind::kSet:
      return "set";
    case ObjectKind::kStream:
      return "stream";
  }
  return "none";
}

Bytes encoding_name(const Object& object) {
  if (const auto* string = object.string()) return encoding_of(*string);
  if (const auto* hash = object.hash()) return hash->small() ? "listpack" : "hashtable";
  if (const auto* set = object.set()) return encoding_of(*set);
  return "stream";
}

}  // namespace leat
