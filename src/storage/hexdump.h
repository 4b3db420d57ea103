// Bytes as the documents of formats show them; for the tests that compare both.
#pragma once

#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "base/bytes.h"

namespace leat {

// As `hexdump -C` shows it, repeated lines as one asterisk.
inline std::string hexdump(Bytes file, size_t from, size_t size) {
  std::string text;
  std::string previous;
  for (size_t at = from; at < from + size; at += 16) {
    const Bytes line = file.substr(at, 16);
    if (line == previous) {
      if (!text.ends_with("*\n")) text += "*\n";
      continue;
    }
    previous = line;
    text += fmt::format("{:08x} ", at);
    std::string readable;
    for (size_t i = 0; i < line.size(); ++i) {
      const auto byte = static_cast<uint8_t>(line[i]);
      text += fmt::format("{}{:02x}", i == 8 ? "  " : " ", byte);
      readable += byte >= 0x20 && byte < 0x7f ? line[i] : '.';
    }
    text += fmt::format("  |{}|\n", readable);
  }
  return text;
}

}  // namespace leat
