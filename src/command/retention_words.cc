#include "command/retention_words.h"

#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/glob.h"
#include "base/numbers.h"
#include "command/arguments.h"

namespace leat {
namespace {

constexpr auto kNumberMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

std::optional<uint64_t> read_count(Bytes text) {
  const auto count = parse_int64(text);
  if (!count || *count < 0) return std::nullopt;
  return static_cast<uint64_t>(*count);
}

std::optional<uint64_t> read_duration_ms(Bytes text) {
  constexpr struct {
    Bytes name;
    uint64_t ms;
  } kUnits[] = {{"ms", 1},        {"s", 1000},       {"m", 60'000},
                {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}};
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = read_count(text.substr(0, digits));
  if (!count || digits == text.size()) return count;
  for (const auto& unit : kUnits) {
    if (!same_word(text.substr(digits), unit.name)) continue;
    if (*count > kNumberMax / unit.ms) return std::nullopt;
    return *count * unit.ms;
  }
  return std::nullopt;
}

std::optional<uint64_t> read_bytes(Bytes text) {
  const auto bytes = parse_memory(text);
  return bytes && *bytes <= kNumberMax ? bytes : std::nullopt;
}

bool store(const std::optional<uint64_t>& number, uint64_t& limit) {
  if (number) limit = *number;
  return number.has_value();
}

template <typename Choice>
bool choose(Bytes word, Bytes first, Bytes second, Choice& choice) {
  choice = static_cast<Choice>(same_word(word, second) ? 1 : 0);
  return same_word(word, first) || same_word(word, second);
}

// An option by its place in kOptions; false when the value is wrong.
struct Option {
  Bytes name;
  Bytes rule;  // What a value must be.
  bool (*read)(Bytes value, Retention& policy);
  void (*take)(const Retention& from, Retention& to);
};
constexpr Option kOptions[] = {
    {"MAXLEN", "must be a number of entries; 0: no limit",
     [](Bytes value, Retention& policy) { return store(read_count(value), policy.length_max); },
     [](const Retention& from, Retention& to) { to.length_max = from.length_max; }},
    {"MAXAGE",
     "must be a number of milliseconds, or a number with the unit ms, s, m, h, d or w; 0: no limit",
     [](Bytes value, Retention& policy) {
       return store(read_duration_ms(value), policy.age_max_ms);
     },
     [](const Retention& from, Retention& to) { to.age_max_ms = from.age_max_ms; }},
    {"MAXBYTES",
     "must be a number of bytes, which may have the unit k, kb, m, mb, g or gb; 0: no limit",
     [](Bytes value, Retention& policy) { return store(read_bytes(value), policy.bytes_max); },
     [](const Retention& from, Retention& to) { to.bytes_max = from.bytes_max; }},
    {"RETAIN", "must be UNACKED or ANY",
     [](Bytes value, Retention& policy) { return choose(value, "any", "unacked", policy.retain); },
     [](const Retention& from, Retention& to) { to.retain = from.retain; }},
    {"WHENFULL", "must be TRIM or REJECT",
     [](Bytes value, Retention& policy) {
       return choose(value, "trim", "reject", policy.when_full);
     },
     [](const Retention& from, Retention& to) { to.when_full = from.when_full; }},
};

bool is_option(Bytes word) {
  for (const Option& option : kOptions) {
    if (same_word(option.name, word)) return true;
  }
  return false;
}

}  // namespace

RetentionWords::Read RetentionWords::read(Bytes name, Bytes value) {
  unsigned bit = 1;
  for (const Option& option : kOptions) {
    if (same_word(option.name, name)) {
      if ((seen_ & bit) != 0) {
        problem_ = fmt::format("{} specified multiple times", option.name);
      } else if (!option.read(value, said_)) {
        problem_ = fmt::format("{} {}", option.name, option.rule);
      }
      seen_ |= bit;
      return problem_.empty() ? Read::kTaken : Read::kWrong;
    }
    bit <<= 1;
  }
  return Read::kNotMine;
}

Retention RetentionWords::over(Retention base) const {
  unsigned bit = 1;
  for (const Option& option : kOptions) {
    if ((seen_ & bit) != 0) option.take(said_, base);
    bit <<= 1;
  }
  return base;
}

std::string read_retention_rules(const std::vector<Bytes>& words,
                                 std::vector<RetentionRule>& rules) {
  for (size_t i = 0; i < words.size();) {
    const Bytes pattern = words[i++];
    RetentionWords options;
    for (; i < words.size() && is_option(words[i]); i += 2) {
      if (i + 1 == words.size()) return fmt::format("{} needs a value", words[i]);
      if (options.read(words[i], words[i + 1]) != RetentionWords::Read::kTaken)
        return options.problem();
    }
    if (!options.any()) {
      return fmt::format(
          "the pattern '{}' needs at least one of MAXLEN, MAXAGE, MAXBYTES, RETAIN and WHENFULL",
          pattern);
    }
    rules.push_back({std::string(pattern), options.over({})});
  }
  return {};
}

std::string retention_text(const Retention& policy) {
  std::string text;
  const auto limit = [&text](Bytes name, uint64_t value) {
    if (value != 0) text += fmt::format("{}{} {}", text.empty() ? "" : " ", name, value);
  };
  limit("MAXLEN", policy.length_max);
  limit("MAXAGE", policy.age_max_ms);
  limit("MAXBYTES", policy.bytes_max);
  if (text.empty()) text = "MAXLEN 0";
  if (policy.retain == Retain::kUnacked) text += " RETAIN UNACKED";
  if (policy.when_full == WhenFull::kReject) text += " WHENFULL REJECT";
  return text;
}

Retention default_retention(const Settings& settings, Bytes key) {
  for (auto rule = settings.retention.rbegin(); rule != settings.retention.rend(); ++rule) {
    if (glob_matches(rule->pattern, key)) return rule->policy;
  }
  return {};
}

}  // namespace leat
