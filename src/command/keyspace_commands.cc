// Commands about all keys of a database: KEYS, SCAN, RANDOMKEY, DBSIZE, FLUSHDB, FLUSHALL, SWAPDB.
#include <algorithm>

#include "base/glob.h"
#include "base/numbers.h"
#include "command/context.h"
#include "command/key_commands.h"
#include "command/scan_words.h"
#include "command/value_encoding.h"

namespace leat {
namespace {

// An expired key that nobody has dropped yet is passed over; after so many the database may well be all expired.
constexpr int kTriesMax = 100;

// FLUSHDB and FLUSHALL take ASYNC or SYNC; both are the same here.
bool read_flush_words(Context& context, const Arguments& words) {
  if (words.size() == 1) return true;
  if (words.size() == 2 && (same_word(words[1], "async") || same_word(words[1], "sync")))
    return true;
  context.error(kErrSyntax);
  return false;
}

// Nothing is written where there is nothing; clients that track are told all the same, as by Redis.
void flush(Context& context, bool any, const DbFlush& record) {
  any ? context.commit(record) : context.tracking().flush();
}

// Both are read before it is asked whether there are such databases.
bool read_databases(Context& context, const Arguments& words, DbIndex& first, DbIndex& second) {
  const auto one = parse_int64(words[1]);
  const auto other = parse_int64(words[2]);
  const auto is_int = [](const std::optional<int64_t>& number) {
    return number && *number == static_cast<int32_t>(*number);
  };
  const auto exists = [&context](int64_t number) {
    return number >= 0 && number < context.settings().databases;
  };
  if (!is_int(one)) {
    context.error("ERR invalid first DB index");
  } else if (!is_int(other)) {
    context.error("ERR invalid second DB index");
  } else if (!exists(*one) || !exists(*other)) {
    context.error("ERR DB index is out of range");
  } else {
    first = DbIndex{static_cast<uint32_t>(*one)};
    second = DbIndex{static_cast<uint32_t>(*other)};
    return true;
  }
  return false;
}

// Watched keys whose time is over, and what would come to stand under such names, go first: who watches one is not told
// of a key that nobody can see.
void drop_expired_watched(Context& context, DbIndex first, DbIndex second) {
  for (const DbIndex db : {first, second}) {
    for (const KeyName& name : context.watches().watched(db)) {
      static_cast<void>(context.live(first, name.key));
      static_cast<void>(context.live(second, name.key));
    }
  }
}

}  // namespace

// KEYS pattern  ->  array of the names that match. Looks at every key.
void cmd_keys(Context& context, const Arguments& words) {
  context.depends_on_all();
  ReplyWriter& reply = context.reply();
  const size_t mark = reply.begin();
  size_t count = 0;
  const WallMs now = context.now().wall;
  context.engine().keyspace().visit(context.session().db, [&](const Object& object) {
    if (!object.expired(now) && glob_matches(words[1], object.key)) {
      reply.bulk(object.key);
      ++count;
    }
    return true;
  });
  reply.end_array(mark, count);
}

// SCAN cursor [MATCH pattern] [COUNT n] [TYPE name]  ->  [next cursor, [keys]]. A key that exists from the first call
// to the last is replied at least once.
// Source: redis.io/docs/latest/commands/scan
void cmd_scan(Context& context, const Arguments& words) {
  ScanWords asked;
  if (!read_scan_words(context, words, 1, ScanFor::kKeys, asked)) return;
  context.depends_on_all();
  ReplyWriter& reply = context.reply();
  std::vector<const Object*> found;
  const WallMs now = context.now().wall;
  const auto take = [&](const Object& object) {
    if (object.expired(now)) return;
    if (!asked.type.empty() && !same_word(kind_name(object.kind()), asked.type)) return;
    if (asked.matches(object.key)) found.push_back(&object);
  };
  const uint64_t next =
      context.engine().keyspace().scan(context.session().db, asked.cursor, asked.count, take);
  reply_cursor(reply, next);
  reply.array(found.size());
  for (const Object* object : found) reply.bulk(object->key);
}

// RANDOMKEY  ->  bulk string; null when the database is empty.
void cmd_randomkey(Context& context, const Arguments& /*words*/) {
  context.depends_on_all();
  const Keyspace& keyspace = context.engine().keyspace();
  for (int i = 0; i < kTriesMax; ++i) {
    const Object* const object = keyspace.pick(context.session().db, context.host().random());
    if (object == nullptr) break;
    if (!object->expired(context.now().wall)) return context.reply().bulk(object->key);
  }
  context.reply().null();
}

// DBSIZE  ->  integer.
void cmd_dbsize(Context& context, const Arguments& /*words*/) {
  context.depends_on_all();
  context.reply().integer(
      static_cast<int64_t>(context.engine().keyspace().size(context.session().db)));
}

// FLUSHDB [ASYNC|SYNC]  ->  OK
void cmd_flushdb(Context& context, const Arguments& words) {
  if (!read_flush_words(context, words)) return;
  const DbIndex db = context.session().db;
  flush(context, context.engine().keyspace().size(db) != 0, DbFlush{.every = false, .db = db});
  context.depends_on_all();
  context.reply().ok();
}

// FLUSHALL [ASYNC|SYNC]  ->  OK
void cmd_flushall(Context& context, const Arguments& words) {
  if (!read_flush_words(context, words)) return;
  const Keyspace& keyspace = context.engine().keyspace();
  bool any = false;
  for (uint32_t db = 0; db < keyspace.databases(); ++db)
    any = any || keyspace.size(DbIndex{db}) != 0;
  flush(context, any, DbFlush{.every = true});
  context.depends_on_all();
  context.reply().ok();
}

// SWAPDB first second  ->  OK; clients of the one see the other's keys from now on.
void cmd_swapdb(Context& context, const Arguments& words) {
  DbIndex first;
  DbIndex second;
  if (!read_databases(context, words, first, second)) return;
  if (first != second) {
    drop_expired_watched(context, first, second);
    context.commit(DbSwap{.first = first, .second = second});
  }
  context.depends_on_all();
  context.reply().ok();
}

}  // namespace leat
