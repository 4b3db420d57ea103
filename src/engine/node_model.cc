#include "engine/node_model.h"

#include <charconv>

namespace leat {
namespace {

constexpr size_t kListpackFrame = 7;  // Header of six bytes and the end mark.

// Reads the bulk strings of a wire form one after the other.
class WireReader {
 public:
  explicit WireReader(Bytes wire) : at_(wire.data()) {}
  Bytes next() {
    // "$<digits>\r\n": written by this server or checked when it was parsed.
    const char* digit = at_ + 1;
    size_t size = 0;
    for (; *digit != '\r'; ++digit) size = size * 10 + static_cast<size_t>(*digit - '0');
    const Bytes element(digit + 2, size);
    at_ = digit + 2 + size + 2;
    return element;
  }

 private:
  const char* at_;
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

// True when both have the same number of fields with the same names in the same order. On a match the
// values of `wire` are added up in `values`.
bool same_fields(Bytes first_wire, Bytes wire, uint32_t elements, size_t& values) {
  WireReader master(first_wire);
  WireReader entry(wire);
  for (uint32_t i = 0; i < elements; i += 2) {
    if (master.next() != entry.next()) return false;
    static_cast<void>(master.next());
    values += element_size(entry.next());
  }
  return true;
}

size_t all_elements(Bytes wire, uint32_t elements) {
  size_t sum = 0;
  WireReader reader(wire);
  for (uint32_t i = 0; i < elements; ++i) sum += element_size(reader.next());
  return sum;
}

}  // namespace

void NodeModel::add(StreamId first, Bytes first_wire, uint32_t first_elements, StreamId id,
                    Bytes wire, uint32_t elements) {
  const int64_t fields = elements / 2;
  if (bytes_ == 0) {
    // The node's own head: live count, deleted count, number of fields, their names, a zero.
    bytes_ = kListpackFrame + 3 * 2 + integer_size(fields);
    WireReader reader(wire);
    for (int64_t i = 0; i < fields; ++i) {
      bytes_ += element_size(reader.next());
      static_cast<void>(reader.next());
    }
  }
  // Flags, the two differences to the node's first id, and at the end the entry's element count.
  bytes_ += 2 + integer_size(static_cast<int64_t>(id.ms - first.ms)) +
            integer_size(static_cast<int64_t>(id.seq - first.seq));
  size_t values = 0;
  if (elements == first_elements && same_fields(first_wire, wire, elements, values)) {
    bytes_ += values + integer_size(fields + 3);
  } else {
    bytes_ += integer_size(fields) + all_elements(wire, elements) + integer_size(2 * fields + 4);
  }
}

size_t NodeModel::payload_bytes(Bytes wire, uint32_t elements) {
  size_t sum = 0;
  WireReader reader(wire);
  for (uint32_t i = 0; i < elements; ++i) sum += reader.next().size();
  return sum;
}

}  // namespace leat
