// INCR, DECR, INCRBY, DECRBY and INCRBYFLOAT.
#include <cmath>
#include <limits>

#include "base/numbers.h"
#include "command/context.h"
#include "command/string_commands.h"

namespace leat {
namespace {

void add(Context& context, Bytes key, int64_t step) {
  const Object* object = nullptr;
  if (!context.find(key, ObjectKind::kString, object)) return;
  const auto before =
      object == nullptr ? std::optional<int64_t>(0) : parse_int64(*object->string());
  if (!before) return context.error(kErrNotInteger);
  int64_t after = 0;
  if (__builtin_add_overflow(*before, step, &after)) {
    return context.error("ERR increment or decrement would overflow");
  }
  char text[kDecimalBytesMax];
  const Bytes value(text, static_cast<size_t>(put_decimal(text, after) - text));
  store_string(context, key, object, value, std::nullopt, /*keep_expiry=*/true);
  context.notify(EventClass::kString, "incrby", key);
  context.reply().integer(after);
}

}  // namespace

// INCR key, DECR key, INCRBY key n, DECRBY key n  ->  integer: the new value. A missing key counts as 0.
void cmd_incr(Context& context, const Arguments& words) {
  add(context, words[1], 1);
}
void cmd_decr(Context& context, const Arguments& words) {
  add(context, words[1], -1);
}
void cmd_incrby(Context& context, const Arguments& words) {
  const auto step = parse_int64(words[2]);
  if (!step) return context.error(kErrNotInteger);
  add(context, words[1], *step);
}
void cmd_decrby(Context& context, const Arguments& words) {
  const auto step = parse_int64(words[2]);
  if (!step) return context.error(kErrNotInteger);
  if (*step == std::numeric_limits<int64_t>::min())
    return context.error("ERR decrement would overflow");
  add(context, words[1], -*step);
}

// INCRBYFLOAT key n  ->  bulk string: the new value, without exponent.
void cmd_incrbyfloat(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kString, object)) return;
  const auto before =
      object == nullptr ? std::optional<long double>(0) : parse_long_double(*object->string());
  const auto step = parse_long_double(words[2]);
  if (!before || !step) return context.error(kErrNotFloat);
  const long double after = *before + *step;
  if (std::isnan(after) || std::isinf(after))
    return context.error("ERR increment would produce NaN or Infinity");
  const std::string text = format_long_double(after);
  store_string(context, words[1], object, text, std::nullopt, /*keep_expiry=*/true);
  context.notify(EventClass::kString, "incrbyfloat", words[1]);
  context.reply().bulk(text);
}

}  // namespace leat
