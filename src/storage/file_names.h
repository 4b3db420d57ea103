// Names of files that are numbered: "<prefix><number, ten digits at least><suffix>".
#pragma once

#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "base/bytes.h"

namespace leat {

[[nodiscard]] inline std::string numbered_name(Bytes prefix, uint64_t number, Bytes suffix) {
  return fmt::format("{}{:010}{}", prefix, number, suffix);
}

// The number in a name; 0 when the name is not such a one. Two names of one number would be two files of it, so only
// the spelling of numbered_name() counts.
[[nodiscard]] inline uint64_t number_in_name(Bytes prefix, Bytes name, Bytes suffix) {
  if (name.size() <= prefix.size() + suffix.size()) return 0;
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return 0;
  uint64_t number = 0;
  for (const char byte : name.substr(prefix.size(), name.size() - prefix.size() - suffix.size())) {
    if (byte < '0' || byte > '9' || number > UINT64_MAX / 10 - 10) return 0;
    number = number * 10 + static_cast<uint64_t>(byte - '0');
  }
  return name == numbered_name(prefix, number, suffix) ? number : 0;
}

}  // namespace leat
