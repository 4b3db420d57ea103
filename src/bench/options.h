// Command-line options as data: one row per option gives its parsing and its line of help.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "bench/failure.h"

namespace leat::bench {

// A whole number within [min, max].
struct Whole {
  uint64_t* value;
  uint64_t min;
  uint64_t max;
};

// A decimal number within [min, max].
struct Decimal {
  double* value;
  double min;
  double max;
};

struct Option {
  std::string_view name;   // With its dashes.
  std::string_view value;  // What stands after it, for help; empty for a switch.
  std::string_view help;
  std::variant<Whole, Decimal, std::string*, bool*> target;
};

// Sets the targets of the options in `arguments`. A failure names the argument that is wrong and
// leaves the targets of those before it set.
Status parse_options(std::span<const std::string_view> arguments, std::span<const Option> options);

// One line per option, aligned.
std::string describe(std::span<const Option> options);

}  // namespace leat::bench
