// Property: a payload of DUMP is read or refused, whatever it is, under a right checksum too; and what was read is written
// so that it is read again and written the same.
//
// Input: type and body.
#include "base/check.h"
#include "rdb/payload.h"

namespace leat {
namespace {

constexpr uint16_t kVersion = 14;

void check(Bytes input) {
  static_cast<void>(read_payload(input));
  const auto read = read_payload(sealed_payload(input, kVersion));
  const auto* const value = std::get_if<RdbValue>(&read);
  if (value == nullptr) return;
  const std::string written = write_payload(*value);
  const auto again = read_payload(written);
  LEAT_CHECK(std::holds_alternative<RdbValue>(again));
  LEAT_CHECK(write_payload(std::get<RdbValue>(again)) == written);
}

}  // namespace
}  // namespace leat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  leat::check(leat::Bytes(reinterpret_cast<const char*>(data), size));
  return 0;
}
