#include "server/config_values.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/arguments.h"
#include "command/notifications.h"
#include "command/retention_words.h"

namespace leat {
namespace {

// A value in its normal form, or what is wrong with it.
struct Normal {
  std::string text;
  std::string problem;
};

Normal wrong(std::string problem) {
  return {.text = {}, .problem = std::move(problem)};
}

Normal in_range(const Directive& directive, int64_t value) {
  if (value >= directive.min && value <= directive.max) return {fmt::format("{}", value), {}};
  return wrong(
      fmt::format("argument must be between {} and {} inclusive", directive.min, directive.max));
}

Normal normal_yes_no(Bytes text) {
  if (same_word(text, "yes")) return {"yes", {}};
  if (same_word(text, "no")) return {"no", {}};
  return wrong("argument must be 'yes' or 'no'");
}

Normal normal_integer(const Directive& directive, Bytes text) {
  const auto value = parse_int64(text);
  if (!value) return wrong("argument couldn't be parsed into an integer");
  return in_range(directive, *value);
}

Normal normal_memory(const Directive& directive, Bytes text) {
  const auto bytes = parse_memory(text);
  if (!bytes) return wrong("argument must be a memory value");
  return in_range(directive, static_cast<int64_t>(std::min<uint64_t>(*bytes, INT64_MAX)));
}

Normal normal_octal(const Directive& directive, Bytes text) {
  int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return wrong("argument couldn't be parsed into an octal number");
  }
  if (value < directive.min || value > directive.max) {
    return wrong(fmt::format("argument must be between {:o} and {:o} inclusive", directive.min,
                             directive.max));
  }
  return {fmt::format("{:o}", value), {}};
}

Normal normal_choice(const Directive& directive, Bytes text) {
  std::string listed;
  Bytes rest = directive.choices;
  while (!rest.empty()) {
    const Bytes choice = rest.substr(0, rest.find('|'));
    if (same_word(choice, text)) return {std::string(choice), {}};
    rest.remove_prefix(std::min(rest.size(), choice.size() + 1));
    listed += fmt::format("{}{}", listed.empty() ? "" : ", ", choice);
  }
  return wrong(fmt::format("argument(s) must be one of the following: {}", listed));
}

std::string joined(const std::vector<Bytes>& words) {
  std::string text;
  for (const Bytes word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

Normal normal_save(Bytes text) {
  const auto words = words_of(text);
  if (words.size() % 2 != 0) return wrong("Invalid save parameters");
  for (size_t i = 0; i < words.size(); ++i) {
    const auto value = parse_int64(words[i]);
    if (!value || *value < (i % 2 == 0 ? 1 : 0)) return wrong("Invalid save parameters");
  }
  return {joined(words), {}};
}

Normal normal_retention(Bytes text) {
  std::vector<RetentionRule> rules;
  if (std::string problem = read_retention_rules(words_of(text), rules); !problem.empty())
    return wrong(std::move(problem));
  Normal value;
  for (const RetentionRule& rule : rules) {
    value.text += fmt::format("{}{} {}", value.text.empty() ? "" : " ", rule.pattern,
                              retention_text(rule.policy));
  }
  return value;
}

Normal normal_events(Bytes text) {
  const auto choice = EventChoice::parse(text);
  if (!choice) return wrong("Invalid event class character. Use 'Ag$lshzxeKEtmdnoc'.");
  return {choice->text(), {}};
}

constexpr std::string_view kClasses[] = {"normal", "slave", "pubsub"};

// Replaces in `current`, which has all classes, those that `text` names.
Normal normal_limits(Bytes current, Bytes text) {
  const auto words = words_of(text);
  if (words.empty() || words.size() % 4 != 0) {
    return wrong("Wrong number of arguments in buffer limit configuration.");
  }
  std::vector<std::string> result;
  for (const Bytes word : words_of(current)) result.emplace_back(word);
  for (size_t i = 0; i < words.size(); i += 4) {
    const Bytes name = same_word(words[i], "replica") ? Bytes("slave") : words[i];
    size_t at = 0;
    while (at < std::size(kClasses) && !same_word(kClasses[at], name)) ++at;
    if (at == std::size(kClasses)) {
      return wrong("Invalid client class specified in buffer limit configuration.");
    }
    const auto hard = parse_memory(words[i + 1]);
    const auto soft = parse_memory(words[i + 2]);
    const auto seconds = parse_int64(words[i + 3]);
    if (!hard || !soft || !seconds || *seconds < 0) {
      return wrong("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    }
    result[4 * at + 1] = fmt::format("{}", *hard);
    result[4 * at + 2] = fmt::format("{}", *soft);
    result[4 * at + 3] = fmt::format("{}", *seconds);
  }
  return {joined({result.begin(), result.end()}), {}};
}

Normal normal(const Directive& directive, Bytes current, Bytes text) {
  switch (directive.kind) {
    case ValueKind::kYesNo:
      return normal_yes_no(text);
    case ValueKind::kInteger:
      return normal_integer(directive, text);
    case ValueKind::kMemory:
      return normal_memory(directive, text);
    case ValueKind::kOctal:
      return normal_octal(directive, text);
    case ValueKind::kChoice:
      return normal_choice(directive, text);
    case ValueKind::kText:
      return {std::string(text), {}};
    case ValueKind::kAddresses:
      return {joined(words_of(text)), {}};
    case ValueKind::kSave:
      return normal_save(text);
    case ValueKind::kOutputLimits:
      return normal_limits(current, text);
    case ValueKind::kRetention:
      return normal_retention(text);
    case ValueKind::kEvents:
      return normal_events(text);
  }
  return wrong("unknown kind of value");
}

}  // namespace

std::vector<Bytes> words_of(Bytes text) {
  std::vector<Bytes> words;
  constexpr Bytes kSpace = " \t\r\n";
  size_t at = text.find_first_not_of(kSpace);
  while (at != Bytes::npos) {
    const size_t end = std::min(text.find_first_of(kSpace, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kSpace, end);
  }
  return words;
}

ConfigValues::ConfigValues() : given_(directives().size()) {
  for (const Directive& row : directives()) texts_.emplace_back(row.initial);
}

std::string ConfigValues::set(const Directive& directive, Bytes text) {
  std::string& current = texts_[index_of(directive)];
  Normal value = normal(directive, current, text);
  if (!value.problem.empty()) return std::move(value.problem);
  if (directive.effect == Effect::kDefaultOnly && value.text != directive.initial) {
    return fmt::format("it has no other value than '{}' here: {}", directive.initial,
                       directive.help);
  }
  // What holds the log holds every write; it can't be switched off.
  if (directive.name == "appendonly") value.text = "yes";
  current = std::move(value.text);
  given_[index_of(directive)] = true;
  return {};
}

std::string ConfigValues::add(const Directive& directive, Bytes text) {
  const bool repeated =
      directive.kind == ValueKind::kSave || directive.kind == ValueKind::kRetention;
  const bool adds = repeated && given(directive) && !words_of(text).empty();
  if (!adds) return set(directive, text);
  return set(directive, fmt::format("{} {}", texts_[index_of(directive)], text));
}

const std::string& ConfigValues::text(Bytes name) const {
  const Directive* const directive = find_directive(name);
  LEAT_CHECK(directive != nullptr);
  return text(*directive);
}

int64_t ConfigValues::integer(Bytes name) const {
  const auto value = parse_int64(text(name));
  LEAT_CHECK(value.has_value());
  return *value;
}

uint64_t ConfigValues::memory(Bytes name) const {
  return static_cast<uint64_t>(integer(name));
}

}  // namespace leat
