#include "engine/node_model.h"

#include <charconv>
#include <optional>

#include "base/wire_length.h"

namespace leat {
namespace {

constexpr size_t kListpackFrame = 7;  // Header of six bytes and the end mark.

constexpr ptrdiff_t kBulkShortest = 6;  // "$0\r\n\r\n"

// Names of fields are mostly of a size that two overlapping words cover, which is less work than a call.
bool same_bytes(const char* a, const char* b, size_t size) {
  if (size < sizeof(uint64_t) || size > 2 * sizeof(uint64_t)) return std::memcmp(a, b, size) == 0;
  const auto word = [](const char* at) {
    uint64_t value = 0;
    std::memcpy(&value, at, sizeof(value));
    return value;
  };
  const size_t last = size - sizeof(uint64_t);
  return word(a) == word(b) && word(a + last) == word(b + last);
}

// Reads the bulk strings of a wire form one after the other. What is no bulk string as RESP writes them reads as an
// empty one, and complete() stays false.
class WireReader {
 public:
  explicit WireReader(Bytes wire) : at_(wire.data()), end_(wire.data() + wire.size()) {}

  // All that was read was well formed, and nothing is left.
  [[nodiscard]] bool complete() const { return ok_ && at_ == end_; }

  Bytes next() {
    Bytes element;
    at_ = read_wire(at_, end_, element);
    if (at_ == nullptr) [[unlikely]]
      fail();
    return element;
  }

 private:
  void fail() {
    ok_ = false;
    at_ = end_;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

constexpr size_t with_backlen(size_t encoded) {
  if (encoded <= 127) return encoded + 1;
  if (encoded < 16383) return encoded + 2;
  if (encoded < 2097151) return encoded + 3;
  if (encoded < 268435455) return encoded + 4;
  return encoded + 5;
}

constexpr size_t integer_size(int64_t value) {
  if (value >= 0 && value <= 127) return 2;
  if (value >= -4096 && value <= 4095) return 3;
  if (value >= INT16_MIN && value <= INT16_MAX) return 4;
  if (value >= -8388608 && value <= 8388607) return 5;
  if (value >= INT32_MIN && value <= INT32_MAX) return 6;
  return 10;
}

size_t element_size(Bytes element) {
  const bool may_be_integer = !element.empty() && element.size() < 21 &&
                              (element[0] == '-' || (element[0] >= '0' && element[0] <= '9'));
  if (may_be_integer) {
    int64_t value = 0;
    const char* const end = element.data() + element.size();
    const auto [stop, error] = std::from_chars(element.data(), end, value);
    const bool leading_zero = element[0] == '0' && element.size() > 1;
    const bool negative_zero = element[0] == '-' && (element.size() == 1 || element[1] == '0');
    if (error == std::errc() && stop == end && !leading_zero && !negative_zero) {
      return integer_size(value);
    }
  }
  const size_t size = element.size();
  return with_backlen(size + (size < 64 ? 1 : size < 4096 ? 2 : 5));
}

// What the entry's elements take in the node; nothing when `wire` is malformed.
struct Payload {
  bool same_fields =
      false;  // The names are those of the node's first entry, in its order: only values stand.
  size_t bytes = 0;
};

std::optional<Payload> weigh_all(Bytes wire, uint32_t elements) {
  Payload payload;
  WireReader reader(wire);
  for (uint32_t i = 0; i < elements; ++i) payload.bytes += element_size(reader.next());
  if (!reader.complete()) return std::nullopt;
  return payload;
}

// `first_wire` was checked when its entry was added.
std::optional<Payload> weigh(Bytes first_wire, uint32_t first_elements, Bytes wire,
                             uint32_t elements) {
  if (elements != first_elements) return weigh_all(wire, elements);
  Payload payload{.same_fields = true};
  const char* first = first_wire.data();
  const char* const first_end = first + first_wire.size();
  const char* at = wire.data();
  const char* const end = at + wire.size();
  for (uint32_t i = 0; i < elements; i += 2) {
    Bytes name;
    Bytes value;
    const char* const behind_name = read_wire(at, end, name);
    if (behind_name == nullptr) [[unlikely]]
      return std::nullopt;
    const auto name_size = static_cast<size_t>(behind_name - at);
    const auto left = static_cast<size_t>(first_end - first);
    if (name_size >= left || !same_bytes(first, at, name_size)) return weigh_all(wire, elements);
    first = skip_wire(first + name_size, first_end);
    if (first == nullptr) [[unlikely]]
      return weigh_all(wire, elements);
    at = read_wire(behind_name, end, value);
    if (at == nullptr) [[unlikely]]
      return std::nullopt;
    payload.bytes += element_size(value);
  }
  if (at != end) return std::nullopt;
  return payload;
}

// The node's own head: live count, deleted count, number of fields, their names, a zero.
size_t node_head(Bytes wire, uint32_t elements) {
  const uint32_t fields = elements / 2;
  size_t bytes = kListpackFrame + 3 * size_t{2} + integer_size(fields);
  WireReader reader(wire);
  for (uint32_t i = 0; i < fields; ++i) {
    bytes += element_size(reader.next());
    static_cast<void>(reader.next());
  }
  return bytes;
}

}  // namespace

bool NodeModel::add(StreamId first, Bytes first_wire, uint32_t first_elements, StreamId id,
                    Bytes wire, uint32_t elements) {
  if (elements > wire.size() / kBulkShortest) return false;
  const auto payload = weigh(first_wire, first_elements, wire, elements);
  if (!payload) return false;
  size_t bytes = bytes_ == 0 ? node_head(wire, elements) : bytes_;
  // Flags, the two differences to the node's first id, and at the end the entry's element count.
  const int64_t fields = elements / 2;
  bytes += 2 + integer_size(static_cast<int64_t>(id.ms - first.ms)) +
           integer_size(static_cast<int64_t>(id.seq - first.seq)) + payload->bytes;
  bytes += payload->same_fields ? integer_size(fields + 3)
                                : integer_size(fields) + integer_size(2 * fields + 4);
  if (bytes > kBytesMax) return false;
  bytes_ = static_cast<uint32_t>(bytes);
  return true;
}

}  // namespace leat
