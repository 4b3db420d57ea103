#include "bench/options.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace leat::bench {
namespace {

template <typename T>
bool parse_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

template <typename T>
Status set_number(const Option& option, std::string_view text, T* value, T min, T max) {
  T number{};
  if (!parse_number(text, number) || !(number >= min && number <= max)) {
    return failure(
        fmt::format("{} wants a number from {} to {}, not \"{}\"", option.name, min, max, text));
  }
  *value = number;
  return Status();
}

Status set(const Option& option, std::string_view text) {
  if (const auto* whole = std::get_if<Whole>(&option.target)) {
    return set_number(option, text, whole->value, whole->min, whole->max);
  }
  if (const auto* decimal = std::get_if<Decimal>(&option.target)) {
    return set_number(option, text, decimal->value, decimal->min, decimal->max);
  }
  if (auto* const* string = std::get_if<std::string*>(&option.target)) **string = text;
  return Status();
}

}  // namespace

Status parse_options(std::span<const std::string_view> arguments, std::span<const Option> options) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto found = std::ranges::find(options, arguments[i], &Option::name);
    if (found == options.end()) {
      return failure(fmt::format("unknown option \"{}\"; --help lists all", arguments[i]));
    }
    if (auto* const* flag = std::get_if<bool*>(&found->target)) {
      **flag = true;
      continue;
    }
    if (i + 1 == arguments.size()) {
      return failure(
          fmt::format("{} wants a value: {} {}", found->name, found->name, found->value));
    }
    auto done = set(*found, arguments[++i]);
    if (!done.ok()) return done;
  }
  return Status();
}

std::string describe(std::span<const Option> options) {
  std::string text;
  for (const Option& option : options) {
    fmt::format_to(std::back_inserter(text), "  {:<24}{}\n",
                   fmt::format("{} {}", option.name, option.value), option.help);
  }
  return text;
}

}  // namespace leat::bench
