// Directives: what can be configured, as data: one row per directive.
//
// Names, defaults, units and ranges are those of Redis 7.2 where the meaning is the same, so that a
// redis.conf starts. What means nothing here is accepted as well and said once at start; what it would
// be dangerous to ignore is refused unless it has its default.
//
// Source     redis.conf of Redis 7.2; redis.io/docs/latest/commands/config-set
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace leat {

enum class ValueKind : uint8_t {
  kYesNo,
  kInteger,
  kMemory,        // Bytes, with units; shown as a plain number.
  kOctal,         // File permissions.
  kChoice,        // One of `choices`.
  kText,          // Words, joined by single spaces.
  kAddresses,     // What to bind to.
  kSave,          // Pairs of seconds and changes.
  kOutputLimits,  // Class, hard limit, soft limit, seconds; any number of times.
  kRetention,     // Pattern and options of a policy; any number of times.
  kEvents,        // Letters of classes of keyspace events.
};

enum class Effect : uint8_t {
  kUsed,
  kIgnored,      // Accepted, remembered and shown, nothing else.
  kDefaultOnly,  // Refused unless it has its default.
};

enum class Change : uint8_t { kAnyTime, kAtStart };

struct Directive {
  std::string_view name;
  std::string_view initial;  // As CONFIG GET shows it.
  ValueKind kind = ValueKind::kText;
  Effect effect = Effect::kUsed;
  Change change = Change::kAnyTime;
  bool hidden = false;       // CONFIG GET shows it to who names it in full only.
  std::string_view choices;  // "a|b|c"
  int64_t min = 0;
  int64_t max = INT64_MAX;
  std::string_view alias;  // An older name for the same.
  std::string_view help;   // One line, for those in use; why it is refused, for kDefaultOnly.
};

// All rows, by name.
[[nodiscard]] std::span<const Directive> directives();
// By name or alias in any case; null if there is none.
[[nodiscard]] const Directive* find_directive(Bytes name);
// Where the row stands in directives().
[[nodiscard]] size_t index_of(const Directive& directive);

// The rows of directives without effect; config_directives.cc puts both together.
[[nodiscard]] std::span<const Directive> ignored_directives();

}  // namespace leat
