// EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, PERSIST and the commands that tell when a key goes.
#include <limits>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/context.h"
#include "command/key_commands.h"

namespace leat {
namespace {

enum class Unit : uint8_t { kSeconds, kMilliseconds };
enum class Base : uint8_t { kNow, kEpoch };

struct Conditions {
  bool only_without = false;  // NX
  bool only_with = false;     // XX
  bool only_later = false;    // GT
  bool only_earlier = false;  // LT
};

bool read_conditions(Context& context, const Arguments& words, Conditions& asked) {
  for (size_t i = 3; i < words.size(); ++i) {
    if (same_word(words[i], "nx")) {
      asked.only_without = true;
    } else if (same_word(words[i], "xx")) {
      asked.only_with = true;
    } else if (same_word(words[i], "gt")) {
      asked.only_later = true;
    } else if (same_word(words[i], "lt")) {
      asked.only_earlier = true;
    } else {
      context.error(fmt::format("ERR Unsupported option {}", words[i].substr(0, 128)));
      return false;
    }
  }
  if (asked.only_without && (asked.only_with || asked.only_later || asked.only_earlier)) {
    context.error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (asked.only_later && asked.only_earlier) {
    context.error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

// A key that never expires counts as one that expires infinitely late.
bool allowed(const Conditions& conditions, WallMs present, WallMs asked) {
  if (conditions.only_without && present.value != 0) return false;
  if (conditions.only_with && present.value == 0) return false;
  if (conditions.only_later && (present.value == 0 || asked <= present)) return false;
  if (conditions.only_earlier && present.value != 0 && asked >= present) return false;
  return true;
}

void expire(Context& context, const Arguments& words, Unit unit, Base base) {
  Conditions conditions;
  if (!read_conditions(context, words, conditions)) return;
  const auto amount = parse_int64(words[2]);
  if (!amount) return context.error(kErrNotInteger);
  const auto at = expiry_time(*amount, unit == Unit::kSeconds,
                              base == Base::kNow ? context.now().wall : WallMs{0});
  if (!at) {
    return context.error(
        fmt::format("ERR invalid expire time in '{}' command", lower_case(words[0])));
  }
  const Object* const object = context.find(words[1]);
  if (object == nullptr || !allowed(conditions, object->expires, *at))
    return context.reply().integer(0);
  const bool over = *at <= context.now().wall;
  if (over) {
    context.drop(*object);
  } else {
    context.commit(KeyExpire{.object = object->id, .at = *at});
  }
  context.notify(EventClass::kGeneric, over ? "del" : "expire", words[1]);
  context.reply().integer(1);
}

// -2: no key; -1: never; else the time in `unit`, from `base` on.
void reply_expiry(Context& context, Bytes key, Unit unit, Base base) {
  const Object* const object = context.peek(key);
  if (object == nullptr) return context.reply().integer(-2);
  if (object->expires.value == 0) return context.reply().integer(-1);
  const int64_t ms = object->expires.value - (base == Base::kNow ? context.now().wall.value : 0);
  const int64_t rounding = base == Base::kNow ? 500 : 0;
  context.reply().integer(unit == Unit::kMilliseconds ? ms : (ms + rounding) / 1000);
}

}  // namespace

std::optional<WallMs> expiry_time(int64_t amount, bool seconds, WallMs base) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  if (seconds) {
    if (amount > kMax / 1000 || amount < kMin / 1000) return std::nullopt;
    amount *= 1000;
  }
  if (amount > kMax - base.value) return std::nullopt;
  return WallMs{amount + base.value};
}

std::string lower_case(Bytes word) {
  std::string text(word.substr(0, 128));
  for (char& byte : text) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte + 32);
  }
  return text;
}

// EXPIRE key seconds [NX|XX|GT|LT], and with milliseconds or an absolute time  ->  1, or 0 when there is no key or
// the condition does not hold. A time that is over deletes the key at once.
// Source: redis.io/docs/latest/commands/expire
void cmd_expire(Context& context, const Arguments& words) {
  expire(context, words, Unit::kSeconds, Base::kNow);
}
void cmd_pexpire(Context& context, const Arguments& words) {
  expire(context, words, Unit::kMilliseconds, Base::kNow);
}
void cmd_expireat(Context& context, const Arguments& words) {
  expire(context, words, Unit::kSeconds, Base::kEpoch);
}
void cmd_pexpireat(Context& context, const Arguments& words) {
  expire(context, words, Unit::kMilliseconds, Base::kEpoch);
}

// PERSIST key  ->  1, or 0 when there is no key or it does not expire.
void cmd_persist(Context& context, const Arguments& words) {
  const Object* const object = context.find(words[1]);
  if (object == nullptr || object->expires.value == 0) return context.reply().integer(0);
  context.commit(KeyExpire{.object = object->id, .at = WallMs{0}});
  context.notify(EventClass::kGeneric, "persist", words[1]);
  context.reply().integer(1);
}

// TTL, PTTL: the time left; EXPIRETIME, PEXPIRETIME: the Unix time at which the key goes.
void cmd_ttl(Context& context, const Arguments& words) {
  reply_expiry(context, words[1], Unit::kSeconds, Base::kNow);
}
void cmd_pttl(Context& context, const Arguments& words) {
  reply_expiry(context, words[1], Unit::kMilliseconds, Base::kNow);
}
void cmd_expiretime(Context& context, const Arguments& words) {
  reply_expiry(context, words[1], Unit::kSeconds, Base::kEpoch);
}
void cmd_pexpiretime(Context& context, const Arguments& words) {
  reply_expiry(context, words[1], Unit::kMilliseconds, Base::kEpoch);
}

}  // namespace leat
