// Hashes. A hash that loses its last field is gone.
// Source: redis.io/docs/latest/commands/?group=hash
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/numbers.h"
#include "command/command_table.h"
#include "command/context.h"
#include "command/random_picks.h"
#include "command/scan_words.h"
#include "model/record_lists.h"

namespace leat {
namespace {

using Fields = FieldMap<std::string>;

// The hash under the key, null if there is none. False after WRONGTYPE.
bool find_hash(Context& context, Bytes key, const Object*& object, const Fields*& fields) {
  if (!context.find(key, ObjectKind::kHash, object)) return false;
  fields = object == nullptr ? nullptr : object->hash();
  return true;
}

const Object& hash_for_write(Context& context, Bytes key, const Object* object) {
  return object == nullptr ? context.create(key, ObjectKind::kHash) : *object;
}

void set_field(Context& context, Bytes key, const Object* object, Bytes field, Bytes value,
               Bytes event) {
  const Object& hash = hash_for_write(context, key, object);
  ByteBuffer& list = context.scratch();
  append_string(list, field);
  append_string(list, value);
  context.commit(HashSet{.object = hash.id, .list = list.view()});
  context.notify(EventClass::kHash, event, key);
}

// Sets the pairs from words[2] on; returns how many fields are new, or nothing after an error.
std::optional<int64_t> set_pairs(Context& context, const Arguments& words) {
  if (words.size() % 2 != 0) {
    context.error("ERR wrong number of arguments for '" +
                  std::string(same_word(words[0], "hmset") ? "hmset" : "hset") + "' command");
    return std::nullopt;
  }
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return std::nullopt;
  const Object& hash = hash_for_write(context, words[1], object);
  const size_t before = hash.hash()->size();
  ByteBuffer& list = context.scratch();
  for (size_t i = 2; i < words.size(); ++i) append_string(list, words[i]);
  context.commit(HashSet{.object = hash.id, .list = list.view()});
  context.notify(EventClass::kHash, "hset", words[1]);
  return static_cast<int64_t>(hash.hash()->size() - before);
}

// HSET key field value [field value ...]  ->  integer: how many fields are new.
void cmd_hset(Context& context, const Arguments& words) {
  if (const auto added = set_pairs(context, words)) context.reply().integer(*added);
}
void cmd_hmset(Context& context, const Arguments& words) {
  if (set_pairs(context, words)) context.reply().ok();
}

// HSETNX key field value  ->  1, or 0 when the field exists.
void cmd_hsetnx(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  if (fields != nullptr && fields->contains(words[2])) return context.reply().integer(0);
  set_field(context, words[1], object, words[2], words[3], "hset");
  context.reply().integer(1);
}

void reply_field(ReplyWriter& reply, const Fields* fields, Bytes field) {
  const std::string* const value = fields == nullptr ? nullptr : fields->find(field);
  value == nullptr ? reply.null() : reply.bulk(*value);
}

// HGET key field  ->  bulk string, or null.
void cmd_hget(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (find_hash(context, words[1], object, fields)) reply_field(context.reply(), fields, words[2]);
}

// HMGET key field [field ...]  ->  array, null where there is no field.
void cmd_hmget(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  context.reply().array(words.size() - 2);
  for (size_t i = 2; i < words.size(); ++i) reply_field(context.reply(), fields, words[i]);
}

// HDEL key field [field ...]  ->  integer: how many existed.
void cmd_hdel(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  if (fields == nullptr) return context.reply().integer(0);
  const size_t before = fields->size();
  ByteBuffer& list = context.scratch();
  bool any = false;
  for (size_t i = 2; i < words.size(); ++i) {
    if (!fields->contains(words[i])) continue;
    append_string(list, words[i]);
    any = true;
  }
  if (any) context.commit(HashDelete{.object = object->id, .list = list.view()});
  const size_t left = fields->size();
  if (any) context.notify(EventClass::kHash, "hdel", words[1]);
  if (left == 0) {
    context.drop(*object);
    context.notify(EventClass::kGeneric, "del", words[1]);
  }
  context.reply().integer(static_cast<int64_t>(before - left));
}

// HEXISTS key field  ->  1 or 0.
void cmd_hexists(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  context.reply().integer(fields != nullptr && fields->contains(words[2]) ? 1 : 0);
}

// HLEN key  ->  integer.
void cmd_hlen(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  context.reply().integer(fields == nullptr ? 0 : static_cast<int64_t>(fields->size()));
}

// HSTRLEN key field  ->  integer: bytes of the value.
void cmd_hstrlen(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  const std::string* const value = fields == nullptr ? nullptr : fields->find(words[2]);
  context.reply().integer(value == nullptr ? 0 : static_cast<int64_t>(value->size()));
}

// HGETALL key  ->  map. HKEYS, HVALS  ->  array.
void cmd_hgetall(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  ReplyWriter& reply = context.reply();
  if (fields == nullptr) return reply.map(0);
  reply.map(fields->size());
  fields->visit([&reply](const std::string& field, const std::string& value) {
    reply.bulk(field);
    reply.bulk(value);
  });
}
void cmd_hkeys(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  ReplyWriter& reply = context.reply();
  if (fields == nullptr) return reply.array(0);
  reply.array(fields->size());
  fields->visit(
      [&reply](const std::string& field, const std::string& /*value*/) { reply.bulk(field); });
}
void cmd_hvals(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  ReplyWriter& reply = context.reply();
  if (fields == nullptr) return reply.array(0);
  reply.array(fields->size());
  fields->visit(
      [&reply](const std::string& /*field*/, const std::string& value) { reply.bulk(value); });
}

// HINCRBY key field n  ->  integer: the new value.
void cmd_hincrby(Context& context, const Arguments& words) {
  const auto step = parse_int64(words[3]);
  if (!step) return context.error(kErrNotInteger);
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  const std::string* const value = fields == nullptr ? nullptr : fields->find(words[2]);
  const auto before = value == nullptr ? std::optional<int64_t>(0) : parse_int64(*value);
  if (!before) return context.error("ERR hash value is not an integer");
  int64_t after = 0;
  if (__builtin_add_overflow(*before, *step, &after)) {
    return context.error("ERR increment or decrement would overflow");
  }
  char text[kDecimalBytesMax];
  set_field(context, words[1], object, words[2],
            Bytes(text, static_cast<size_t>(put_decimal(text, after) - text)), "hincrby");
  context.reply().integer(after);
}

// HINCRBYFLOAT key field n  ->  bulk string: the new value, without exponent.
void cmd_hincrbyfloat(Context& context, const Arguments& words) {
  const auto step = parse_long_double(words[3]);
  if (!step) return context.error(kErrNotFloat);
  if (std::isinf(*step)) return context.error("ERR value is NaN or Infinity");
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  const std::string* const value = fields == nullptr ? nullptr : fields->find(words[2]);
  const auto before = value == nullptr ? std::optional<long double>(0) : parse_long_double(*value);
  if (!before) return context.error("ERR hash value is not a float");
  const long double after = *before + *step;
  if (std::isnan(after) || std::isinf(after))
    return context.error("ERR increment would produce NaN or Infinity");
  const std::string text = format_long_double(after);
  set_field(context, words[1], object, words[2], text, "hincrbyfloat");
  context.reply().bulk(text);
}

// HSCAN key cursor [MATCH pattern] [COUNT n]  ->  [next cursor, [field, value ...]]
void cmd_hscan(Context& context, const Arguments& words) {
  ScanWords asked;
  if (!read_scan_words(context, words, 2, ScanFor::kFields, asked)) return;
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  if (!find_hash(context, words[1], object, fields)) return;
  std::vector<std::pair<const std::string*, const std::string*>> found;
  uint64_t next = 0;
  if (fields != nullptr) {
    next = fields->scan(asked.cursor, asked.count,
                        [&](const std::string& field, const std::string& value) {
                          if (asked.matches(field)) found.emplace_back(&field, &value);
                        });
  }
  ReplyWriter& reply = context.reply();
  reply_cursor(reply, next);
  reply.array(2 * found.size());
  for (const auto& [field, value] : found) {
    reply.bulk(*field);
    reply.bulk(*value);
  }
}

// HRANDFIELD key [count [WITHVALUES]]  ->  one field, or an array: different ones, or, with a negative count, so many
// picks. With values RESP3 has pairs, RESP2 a flat array.
void cmd_hrandfield(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Fields* fields = nullptr;
  ReplyWriter& reply = context.reply();
  if (words.size() == 2) {
    if (!find_hash(context, words[1], object, fields)) return;
    return fields == nullptr ? reply.null()
                             : reply.bulk(*fields->pick(context.host().random()).first);
  }
  const bool with_values = words.size() == 4 && same_word(words[3], "withvalues");
  PickCount asked;
  if (!read_pick_count(context, words[2], asked)) return;
  if (words.size() > 4 || (words.size() == 4 && !with_values)) return context.error(kErrSyntax);
  if (with_values && asked.count > kPicksMax / 2) return context.error(kErrOutOfRangeValue);
  if (!find_hash(context, words[1], object, fields)) return;
  if (fields == nullptr) return reply.array(0);
  const auto picks = pick_fields(*fields, asked, context.host());
  const bool pairs = with_values && reply.protocol() == Protocol::kResp3;
  reply.array(picks.size() * (with_values && !pairs ? 2 : 1));
  for (const auto& [field, value] : picks) {
    if (pairs) reply.array(2);
    reply.bulk(*field);
    if (with_values) reply.bulk(*value);
  }
}

constexpr uint32_t kHashStore = kWrite | kDenyOom | kFast;

// clang-format off
constexpr CommandSpec kHashCommands[] = {
    {"hdel", -3, kWrite | kFast | kFreesSpace, kAclHash, "1 RW delete", cmd_hdel,
     "key field [field ...]", "count", "2.0.0", "hash", "O(N) for N fields", "Deletes fields of a hash."},
    {"hexists", 3, kReadonly | kFast, kAclHash, "1 RO", cmd_hexists,
     "key field", "0|1", "2.0.0", "hash", "O(1)", "Tells whether a hash has a field."},
    {"hget", 3, kReadonly | kFast, kAclHash, "1 RO access", cmd_hget,
     "key field", "bulk|null", "2.0.0", "hash", "O(1)", "Replies a field of a hash."},
    {"hgetall", 2, kReadonly, kAclHash, "1 RO access", cmd_hgetall,
     "key", "{*: bulk}",
     "2.0.0", "hash", "O(N) for N fields of the hash", "Replies all fields and values of a hash.", "nondeterministic_output_order"},
    {"hincrby", 4, kHashStore, kAclHash, "1 RW access update", cmd_hincrby,
     "key field increment", "integer", "2.0.0", "hash", "O(1)", "Adds to an integer in a hash."},
    {"hincrbyfloat", 4, kHashStore, kAclHash, "1 RW access update", cmd_hincrbyfloat,
     "key field increment=double", "bulk", "2.6.0", "hash", "O(1)", "Adds to a floating-point number in a hash."},
    {"hkeys", 2, kReadonly, kAclHash, "1 RO access", cmd_hkeys,
     "key", "[bulk ...]", "2.0.0", "hash", "O(N) for N fields of the hash", "Replies all fields of a hash.", "nondeterministic_output_order"},
    {"hlen", 2, kReadonly | kFast, kAclHash, "1 RO", cmd_hlen,
     "key", "count", "2.0.0", "hash", "O(1)", "Counts the fields of a hash."},
    {"hmget", -3, kReadonly | kFast, kAclHash, "1 RO access", cmd_hmget,
     "key field [field ...]", "[bulk|null ...]", "2.0.0", "hash", "O(N) for N fields", "Replies several fields of a hash."},
    {"hmset", -4, kHashStore, kAclHash, "1 RW update", cmd_hmset,
     "key field value [field value ...]", "+OK", "2.0.0", "hash", "O(N) for N fields", "Sets fields of a hash.", {}, {}, "4.0.0", "HSET"},
    {"hrandfield", -2, kReadonly, kAclHash, "1 RO access", cmd_hrandfield,
     "key [count [WITHVALUES]]", "bulk|null|[bulk ...]|[[field: bulk, value: bulk] ...]",
     "6.2.0", "hash", "O(N) for N replied fields", "Replies some fields of a hash.", "nondeterministic_output"},
    {"hscan", -3, kReadonly, kAclHash, "1 RO access", cmd_hscan,
     "key cursor [MATCH pattern] [COUNT count]", "[cursor: digits, fields: [bulk ...]]",
     "2.8.0", "hash", "O(N) for N fields looked at", "Walks the fields of a hash in steps.", "nondeterministic_output"},
    {"hset", -4, kHashStore, kAclHash, "1 RW update", cmd_hset,
     "key field value [field value ...]", "count", "2.0.0", "hash", "O(N) for N fields", "Sets fields of a hash."},
    {"hsetnx", 4, kHashStore, kAclHash, "1 RW insert", cmd_hsetnx,
     "key field value", "0|1", "2.0.0", "hash", "O(1)", "Sets a field of a hash if it does not exist."},
    {"hstrlen", 3, kReadonly | kFast, kAclHash, "1 RO", cmd_hstrlen,
     "key field", "count", "3.2.0", "hash", "O(1)", "Tells the length of a field's value."},
    {"hvals", 2, kReadonly, kAclHash, "1 RO access", cmd_hvals,
     "key", "[bulk ...]", "2.0.0", "hash", "O(N) for N fields of the hash", "Replies all values of a hash.", "nondeterministic_output_order"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> hash_commands() {
  return kHashCommands;
}

}  // namespace leat
