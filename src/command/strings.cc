// Strings: GET, SET and their kin. What is counted (INCR ...) is in counters.cc.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/context.h"
#include "command/key_commands.h"
#include "command/string_commands.h"

namespace leat {
namespace {

struct SetWords {
  bool only_new = false;      // NX
  bool only_present = false;  // XX
  bool reply_old = false;     // GET
  bool keep_expiry = false;   // KEEPTTL
  bool drop_expiry = false;   // PERSIST, of GETEX
  size_t expiry_word = 0;     // Where EX, PX, EXAT or PXAT stands; 0: nowhere.
  std::optional<WallMs> expires;
};

enum class SetFor : uint8_t { kSet, kGetEx };

bool invalid_expiry(Context& context, Bytes command) {
  context.error(fmt::format("ERR invalid expire time in '{}' command", lower_case(command)));
  return false;
}

// The time that EX, PX, EXAT or PXAT asks for. Apart from reading the options, because GETEX looks for its key
// in between, and SET complains of an unknown option before a bad time.
bool read_expiry(Context& context, const Arguments& words, SetWords& asked) {
  const size_t i = asked.expiry_word;
  if (i == 0) return true;
  const auto amount = parse_int64(words[i + 1]);
  if (!amount) {
    context.error(kErrNotInteger);
    return false;
  }
  const bool milliseconds = words[i][0] == 'p' || words[i][0] == 'P';
  const bool absolute = words[i].size() == 4;
  if (*amount <= 0) return invalid_expiry(context, words[0]);
  asked.expires = expiry_time(*amount, !milliseconds, absolute ? WallMs{0} : context.now().wall);
  return asked.expires ? true : invalid_expiry(context, words[0]);
}

bool names_expiry(Bytes word) {
  return same_word(word, "ex") || same_word(word, "px") || same_word(word, "exat") ||
         same_word(word, "pxat");
}

bool read_set_words(Context& context, const Arguments& words, size_t from, SetFor command,
                    SetWords& asked) {
  const bool set = command == SetFor::kSet;
  for (size_t i = from; i < words.size(); ++i) {
    const bool expiry_free = asked.expiry_word == 0 && !asked.keep_expiry && !asked.drop_expiry;
    if (set && same_word(words[i], "nx") && !asked.only_present) {
      asked.only_new = true;
    } else if (set && same_word(words[i], "xx") && !asked.only_new) {
      asked.only_present = true;
    } else if (set && same_word(words[i], "get")) {
      asked.reply_old = true;
    } else if (set && same_word(words[i], "keepttl") && expiry_free) {
      asked.keep_expiry = true;
    } else if (!set && same_word(words[i], "persist") && expiry_free) {
      asked.drop_expiry = true;
    } else if (names_expiry(words[i]) && expiry_free && i + 1 < words.size()) {
      asked.expiry_word = i++;
    } else {
      context.error(kErrSyntax);
      return false;
    }
  }
  return true;
}

// Stores over whatever the key held.
void overwrite(Context& context, Bytes key, const Object* object, Bytes value,
               const SetWords& how) {
  std::optional<ObjectKind> before;
  if (object != nullptr) before = object->kind();
  store_string(context, key, object, value, how.expires, how.keep_expiry);
  context.notify_overwritten(key, before, ObjectKind::kString);
  context.notify(EventClass::kString, "set", key);
}

void set_key(Context& context, const Arguments& words, Bytes value, const SetWords& asked) {
  const Object* object = context.find(words[1]);
  if (asked.reply_old && object != nullptr && object->string() == nullptr)
    return context.error(kErrWrongType);
  const bool refused = object == nullptr ? asked.only_present : asked.only_new;
  if (asked.reply_old) {
    object == nullptr ? context.reply().null() : context.reply().bulk(*object->string());
  } else if (refused) {
    context.reply().null();
  } else {
    context.reply().ok();
  }
  if (refused) return;
  overwrite(context, words[1], object, value, asked);
  if (asked.expires) context.notify(EventClass::kGeneric, "expire", words[1]);
}

void set_with_expiry(Context& context, const Arguments& words, bool seconds) {
  const auto amount = parse_int64(words[2]);
  if (!amount) return context.error(kErrNotInteger);
  SetWords asked;
  if (*amount > 0) asked.expires = expiry_time(*amount, seconds, context.now().wall);
  if (!asked.expires) {
    static_cast<void>(invalid_expiry(context, words[0]));
    return;
  }
  set_key(context, words, words[3], asked);
}

// The string under the key; null, with WRONGTYPE or a null replied, when there is none.
const Object* found_string(Context& context, Bytes key) {
  const Object* object = nullptr;
  if (!context.find(key, ObjectKind::kString, object)) return nullptr;
  if (object == nullptr) context.reply().null();
  return object;
}

void set_many(Context& context, const Arguments& words) {
  for (size_t i = 1; i < words.size(); i += 2) {
    overwrite(context, words[i], context.find(words[i]), words[i + 1], {});
  }
}

bool even_pairs(Context& context, const Arguments& words) {
  if (words.size() % 2 != 0) return true;
  context.error(
      fmt::format("ERR wrong number of arguments for '{}' command", lower_case(words[0])));
  return false;
}

}  // namespace

const Object& store_string(Context& context, Bytes key, const Object* object, Bytes value,
                           std::optional<WallMs> expires, bool keep_expiry) {
  const WallMs before = object == nullptr ? WallMs{0} : object->expires;
  auto creates = Context::Creates::kNew;
  if (object != nullptr && object->string() == nullptr) {
    context.drop(*object);
    object = nullptr;
    creates = Context::Creates::kReplaces;
  }
  if (object == nullptr) object = &context.create(key, ObjectKind::kString, creates);
  context.put(StringSet{.object = object->id, .value = value});
  const WallMs at = expires ? *expires : keep_expiry ? before : WallMs{0};
  if (at != object->expires) context.put(KeyExpire{.object = object->id, .at = at});
  context.apply();
  return *object;
}

bool fits_string(Context& context, uint64_t size) {
  if (size <= kStringBytesMax) return true;
  context.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return false;
}

// GET key  ->  bulk string, or null.
void cmd_get(Context& context, const Arguments& words) {
  if (const Object* const object = found_string(context, words[1]))
    context.reply().bulk(*object->string());
}

// SET key value [NX|XX] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL]  ->  OK; null when NX or XX does not hold; with GET the
// old value.
// Source: redis.io/docs/latest/commands/set
void cmd_set(Context& context, const Arguments& words) {
  SetWords asked;
  if (read_set_words(context, words, 3, SetFor::kSet, asked) && read_expiry(context, words, asked))
    set_key(context, words, words[2], asked);
}

void cmd_setnx(Context& context, const Arguments& words) {
  const Object* const object = context.find(words[1]);
  context.reply().integer(object == nullptr ? 1 : 0);
  if (object != nullptr) return;
  overwrite(context, words[1], object, words[2], {});
}
void cmd_setex(Context& context, const Arguments& words) {
  set_with_expiry(context, words, /*seconds=*/true);
}
void cmd_psetex(Context& context, const Arguments& words) {
  set_with_expiry(context, words, /*seconds=*/false);
}

// GETSET key value  ->  the old value; the key no longer expires.
void cmd_getset(Context& context, const Arguments& words) {
  SetWords asked;
  asked.reply_old = true;
  set_key(context, words, words[2], asked);
}

// GETDEL key  ->  the value; the key is gone.
void cmd_getdel(Context& context, const Arguments& words) {
  const Object* const object = found_string(context, words[1]);
  if (object == nullptr) return;
  context.reply().bulk(*object->string());
  context.drop(*object);
  context.notify(EventClass::kGeneric, "del", words[1]);
}

// GETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST]  ->  the value.
void cmd_getex(Context& context, const Arguments& words) {
  SetWords asked;
  if (!read_set_words(context, words, 2, SetFor::kGetEx, asked)) return;
  const Object* const object = found_string(context, words[1]);
  if (object == nullptr || !read_expiry(context, words, asked)) return;
  context.reply().bulk(*object->string());
  if (asked.expires && *asked.expires <= context.now().wall) {
    context.drop(*object);
    context.notify(EventClass::kGeneric, "del", words[1]);
  } else if (asked.expires || (asked.drop_expiry && object->expires.value != 0)) {
    context.commit(KeyExpire{.object = object->id, .at = asked.expires.value_or(WallMs{0})});
    context.notify(EventClass::kGeneric, asked.expires ? "expire" : "persist", words[1]);
  }
}

// MGET key [key ...]  ->  array; null for a key that is missing or no string.
void cmd_mget(Context& context, const Arguments& words) {
  context.reply().array(words.size() - 1);
  for (size_t i = 1; i < words.size(); ++i) {
    const Object* const object = context.find(words[i]);
    const std::string* const value = object == nullptr ? nullptr : object->string();
    value == nullptr ? context.reply().null() : context.reply().bulk(*value);
  }
}

// MSET key value [key value ...]  ->  OK
void cmd_mset(Context& context, const Arguments& words) {
  if (!even_pairs(context, words)) return;
  set_many(context, words);
  context.reply().ok();
}

// MSETNX key value [key value ...]  ->  1, or 0 and nothing set when one of the keys exists.
void cmd_msetnx(Context& context, const Arguments& words) {
  if (!even_pairs(context, words)) return;
  for (size_t i = 1; i < words.size(); i += 2) {
    if (context.find(words[i]) != nullptr) return context.reply().integer(0);
  }
  set_many(context, words);
  context.reply().integer(1);
}

// STRLEN key  ->  integer, bytes.
void cmd_strlen(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kString, object)) return;
  context.reply().integer(object == nullptr ? 0 : static_cast<int64_t>(object->string()->size()));
}

// APPEND key value  ->  integer: the new length.
void cmd_append(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kString, object)) return;
  const size_t before = object == nullptr ? 0 : object->string()->size();
  if (!fits_string(context, before + words[2].size())) return;
  if (object == nullptr) object = &context.create(words[1], ObjectKind::kString);
  context.commit(StringAppend{.object = object->id, .tail = words[2]});
  context.notify(EventClass::kString, "append", words[1]);
  context.reply().integer(static_cast<int64_t>(before + words[2].size()));
}

// GETRANGE key start end  ->  bulk string; ends count from 0, negative ones from the end; both are included.
void cmd_getrange(Context& context, const Arguments& words) {
  const auto from = parse_int64(words[2]);
  const auto to = parse_int64(words[3]);
  if (!from || !to) return context.error(kErrNotInteger);
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kString, object)) return;
  const Bytes value = object == nullptr ? Bytes("") : Bytes(*object->string());
  const auto size = static_cast<int64_t>(value.size());
  if (*from < 0 && *to < 0 && *from > *to) return context.reply().bulk("");
  const int64_t first = std::max(*from < 0 ? *from + size : *from, int64_t{0});
  const int64_t last = std::min(std::max(*to < 0 ? *to + size : *to, int64_t{0}), size - 1);
  if (size == 0 || first > last) return context.reply().bulk("");
  context.reply().bulk(
      value.substr(static_cast<size_t>(first), static_cast<size_t>(last - first + 1)));
}

// SETRANGE key offset value  ->  integer: the new length. What lies between the old end and offset is zero bytes.
void cmd_setrange(Context& context, const Arguments& words) {
  const auto offset = parse_int64(words[2]);
  if (!offset) return context.error(kErrNotInteger);
  if (*offset < 0) return context.error("ERR offset is out of range");
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kString, object)) return;
  const size_t before = object == nullptr ? 0 : object->string()->size();
  if (words[3].empty()) return context.reply().integer(static_cast<int64_t>(before));
  const uint64_t end = static_cast<uint64_t>(*offset) + words[3].size();
  if (!fits_string(context, end)) return;
  if (object == nullptr) object = &context.create(words[1], ObjectKind::kString);
  context.commit(StringPatch{
      .object = object->id, .offset = static_cast<uint64_t>(*offset), .bytes = words[3]});
  context.notify(EventClass::kString, "setrange", words[1]);
  context.reply().integer(static_cast<int64_t>(std::max<uint64_t>(before, end)));
}

}  // namespace leat
