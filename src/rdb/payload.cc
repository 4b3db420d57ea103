#include "rdb/payload.h"

#include <cstring>
#include <unordered_set>

#include <isa-l/crc64.h>

#include "rdb/listpack.h"
#include "rdb/rdb_words.h"
#include "rdb/stream_words.h"

namespace leat {
namespace {

// Of what one payload may inflate to.
constexpr uint64_t kInflatedMax = uint64_t{1} << 30;
constexpr size_t kFootSize = 10;

uint64_t checksum(Bytes bytes) {
  uint64_t state = ~uint64_t{0};  // The library inverts before and after, Redis does not.
  auto* const start =
      reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));  // It only reads.
  state = crc64_jones_refl(state, start, bytes.size());
  return ~state;
}

std::string text_of(const ListpackReader::Element& element) {
  return element.is_integer ? std::to_string(element.integer) : std::string(element.text);
}

// All elements; none when the list is malformed.
std::optional<std::vector<std::string>> elements_of(Bytes list) {
  ListpackReader reader(list);
  std::vector<std::string> elements;
  ListpackReader::Element element;
  while (reader.next(element)) elements.push_back(text_of(element));
  if (!reader.ok()) return std::nullopt;
  return elements;
}

// Sorted integers: u32 width, u32 count, integers.
std::optional<std::vector<std::string>> integers_of(Bytes set) {
  ByteReader in(set);
  const uint32_t width = in.u32();
  const uint32_t count = in.u32();
  if (!in.ok() || (width != 2 && width != 4 && width != 8) || in.left() != uint64_t{count} * width)
    return std::nullopt;
  std::vector<std::string> members;
  for (uint32_t i = 0; i < count; ++i) {
    const Bytes bytes = in.bytes(width);
    int64_t value = static_cast<int8_t>(bytes.back()) < 0 ? -1 : 0;
    std::memcpy(&value, bytes.data(), width);
    members.push_back(std::to_string(value));
  }
  return members;
}

std::vector<std::string> strings(RdbReader& in, uint64_t each) {
  const uint64_t count = in.count(each);
  std::vector<std::string> list;
  for (uint64_t left = count * each; left != 0 && in.ok(); --left) list.emplace_back(in.string());
  return list;
}

bool all_differ(const std::vector<std::string>& list, size_t step) {
  std::unordered_set<Bytes> seen;
  for (size_t i = 0; i < list.size(); i += step) {
    if (!seen.insert(list[i]).second) return false;
  }
  return true;
}

std::optional<RdbValue> hash_of(std::optional<std::vector<std::string>> list) {
  if (!list || list->empty() || list->size() % 2 != 0 || !all_differ(*list, 2)) return std::nullopt;
  RdbHash hash;
  for (size_t i = 0; i < list->size(); i += 2)
    hash.emplace_back(std::move((*list)[i]), std::move((*list)[i + 1]));
  return hash;
}

std::optional<RdbValue> set_of(std::optional<std::vector<std::string>> list) {
  if (!list || list->empty() || !all_differ(*list, 1)) return std::nullopt;
  return std::move(*list);
}

std::optional<RdbValue> read_value(RdbReader& in, RdbType type) {
  switch (type) {
    case RdbType::kString:
      return std::string(in.string());
    case RdbType::kSet:
      return set_of(strings(in, 1));
    case RdbType::kHash:
      return hash_of(strings(in, 2));
    case RdbType::kSetOfIntegers:
      return set_of(integers_of(in.string()));
    case RdbType::kHashListpack:
      return hash_of(elements_of(in.string()));
    case RdbType::kSetListpack:
      return set_of(elements_of(in.string()));
    default:
      break;
  }
  auto stream = read_stream(in, type);
  if (!stream) return std::nullopt;
  return std::move(*stream);
}

// Writes the value; returns the version of the format.
uint16_t write(RdbWriter& out, const std::string& value) {
  out.type(static_cast<uint8_t>(RdbType::kString));
  out.string(value);
  return kRdbVersionOldest;
}
uint16_t write(RdbWriter& out, const RdbHash& hash) {
  out.type(static_cast<uint8_t>(RdbType::kHash));
  out.length(hash.size());
  for (const auto& [field, value] : hash) {
    out.string(field);
    out.string(value);
  }
  return kRdbVersionOldest;
}
uint16_t write(RdbWriter& out, const RdbSet& set) {
  out.type(static_cast<uint8_t>(RdbType::kSet));
  out.length(set.size());
  for (const std::string& member : set) out.string(member);
  return kRdbVersionOldest;
}
uint16_t write(RdbWriter& out, const RdbStream& stream) {
  return write_stream(out, stream);
}

}  // namespace

std::variant<RdbValue, PayloadFault> read_payload(Bytes payload) {
  if (payload.size() < kFootSize) return PayloadFault::kChecksum;
  uint16_t version = 0;
  uint64_t sum = 0;
  const Bytes summed = payload.substr(0, payload.size() - sizeof(sum));
  std::memcpy(&version, payload.data() + payload.size() - kFootSize, sizeof(version));
  std::memcpy(&sum, payload.data() + summed.size(), sizeof(sum));
  if (version > kRdbVersionNewest || sum != checksum(summed)) return PayloadFault::kChecksum;
  const Bytes body = payload.substr(0, payload.size() - kFootSize);
  if (body.empty()) return PayloadFault::kFormat;
  RdbReader in(body.substr(1), kInflatedMax);
  auto value = read_value(in, static_cast<RdbType>(body[0]));
  if (!value || !in.ok() || !in.done()) return PayloadFault::kFormat;
  return std::move(*value);
}

std::string write_payload(const RdbValue& value) {
  ByteBuffer out;
  RdbWriter writer(out);
  const uint16_t version =
      std::visit([&writer](const auto& one) { return write(writer, one); }, value);
  return sealed_payload(out.view(), version);
}

std::string sealed_payload(Bytes type_and_body, uint16_t version) {
  std::string payload(type_and_body);
  payload.append(reinterpret_cast<const char*>(&version), sizeof(version));
  const uint64_t sum = checksum(payload);
  payload.append(reinterpret_cast<const char*>(&sum), sizeof(sum));
  return payload;
}

}  // namespace leat
