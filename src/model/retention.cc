#include "model/retention.h"

namespace leat {

char* put_retention(char* out, const Retention& policy) {
  out = put_varint(out, policy.length_max);
  out = put_varint(out, policy.age_max_ms);
  out = put_varint(out, policy.bytes_max);
  *out++ = static_cast<char>(policy.retain);
  *out++ = static_cast<char>(policy.when_full);
  return out;
}

void read_retention(ByteReader& in, Retention& policy) {
  policy.length_max = in.varint();
  policy.age_max_ms = in.varint();
  policy.bytes_max = in.varint();
  const uint8_t retain = in.u8();
  const uint8_t when_full = in.u8();
  if (retain > static_cast<uint8_t>(Retain::kUnacked) ||
      when_full > static_cast<uint8_t>(WhenFull::kReject)) {
    in.fail();
  }
  policy.retain = static_cast<Retain>(retain);
  policy.when_full = static_cast<WhenFull>(when_full);
}

}  // namespace leat
