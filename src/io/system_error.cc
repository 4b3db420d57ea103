#include "io/system_error.h"

#include <cerrno>
#include <cstring>

#include <fmt/core.h>

namespace leat::io {
namespace {

bool is_full(int code) {
  return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

}  // namespace

Error system_error(std::string_view operation, std::string_view object, int code) {
  return system_error_as(is_full(code) ? Errc::kFull : Errc::kIo, operation, object, code);
}

Error system_error_as(Errc errc, std::string_view operation, std::string_view object, int code) {
  // strerrordesc_np is strerror without shared state, so any thread may call it.
  const char* const text = ::strerrordesc_np(code);
  return {errc, fmt::format("{} {}: {}", operation, object, text != nullptr ? text : "unknown")};
}

}  // namespace leat::io
