// DEL, UNLINK, EXISTS, TOUCH, TYPE, RENAME, RENAMENX, COPY, MOVE and OBJECT.
#include <algorithm>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/context.h"
#include "command/key_commands.h"
#include "command/subcommands.h"
#include "command/value_encoding.h"

namespace leat {
namespace {

int64_t count_existing(Context& context, const Arguments& words, bool used) {
  int64_t count = 0;
  for (size_t i = 1; i < words.size(); ++i) {
    if ((used ? context.find(words[i]) : context.peek(words[i])) != nullptr) ++count;
  }
  return count;
}

// Renames words[1] to words[2]; with `only_new` not over a key that exists.
void rename(Context& context, const Arguments& words, bool only_new) {
  const Object* const source = context.find(words[1]);
  if (source == nullptr) return context.error(kErrNoSuchKey);
  ReplyWriter& reply = context.reply();
  const Object* const target = context.find(words[2]);
  if (only_new && target != nullptr) return reply.integer(0);
  if (source != target) {
    const ObjectKind kind = source->kind();
    const auto before = context.drop_replaced(target);
    context.commit(KeyRename{.object = source->id, .db = context.session().db, .key = words[2]});
    context.notify(EventClass::kNew, "new", words[2]);
    context.notify(EventClass::kGeneric, "rename_from", words[1]);
    context.notify(EventClass::kGeneric, "rename_to", words[2]);
    context.notify_overwritten(words[2], before, kind);
  }
  only_new ? reply.integer(1) : reply.ok();
}

struct CopyWords {
  DbIndex db;
  bool replace = false;
};

bool read_copy_words(Context& context, const Arguments& words, CopyWords& asked) {
  asked.db = context.session().db;
  for (size_t i = 3; i < words.size(); ++i) {
    if (same_word(words[i], "replace")) {
      asked.replace = true;
    } else if (same_word(words[i], "db") && i + 1 < words.size()) {
      if (!read_database(context, words[++i], asked.db)) return false;
    } else {
      context.error(kErrSyntax);
      return false;
    }
  }
  return true;
}

// The object that an OBJECT subcommand asks about; null, with a null replied, when there is none.
const Object* asked_object(Context& context, const Arguments& words) {
  const Object* const object = context.look(words[2]);
  if (object == nullptr) context.reply().null();
  return object;
}

}  // namespace

bool read_database(Context& context, Bytes word, DbIndex& db) {
  const auto number = parse_int64(word);
  if (!number) {
    context.error(kErrNotInteger);
  } else if (*number < INT32_MIN || *number > INT32_MAX) {
    context.error(fmt::format("ERR value is out of range, value must between {} and {}", INT32_MIN,
                              INT32_MAX));
  } else if (*number < 0 || *number >= context.settings().databases) {
    context.error("ERR DB index is out of range");
  } else {
    db = DbIndex{static_cast<uint32_t>(*number)};
    return true;
  }
  return false;
}

// DEL key [key ...], UNLINK key [key ...]  ->  integer: how many existed.
void cmd_del(Context& context, const Arguments& words) {
  int64_t count = 0;
  for (size_t i = 1; i < words.size(); ++i) {
    const Object* const object = context.find(words[i]);
    if (object == nullptr) continue;
    context.drop(*object);
    context.notify(EventClass::kGeneric, "del", words[i]);
    ++count;
  }
  context.reply().integer(count);
}

// EXISTS key [key ...]  ->  integer; a key named twice counts twice.
void cmd_exists(Context& context, const Arguments& words) {
  context.reply().integer(count_existing(context, words, /*used=*/false));
}

// TOUCH key [key ...]  ->  integer: how many exist; each counts as used now.
void cmd_touch(Context& context, const Arguments& words) {
  context.reply().integer(count_existing(context, words, /*used=*/true));
}

// TYPE key  ->  simple string: "none", "string", "hash", "set", "stream".
void cmd_type(Context& context, const Arguments& words) {
  const Object* const object = context.peek(words[1]);
  context.reply().simple(object == nullptr ? Bytes("none") : kind_name(object->kind()));
}

// RENAME key newkey  ->  OK; what stood under newkey is gone.
void cmd_rename(Context& context, const Arguments& words) {
  rename(context, words, /*only_new=*/false);
}

// RENAMENX key newkey  ->  1, or 0 when newkey exists.
void cmd_renamenx(Context& context, const Arguments& words) {
  rename(context, words, /*only_new=*/true);
}

// COPY source destination [DB number] [REPLACE]  ->  1, or 0 when there is no source or the destination exists.
// Everything is copied: expiry, groups, pending entries.
void cmd_copy(Context& context, const Arguments& words) {
  CopyWords asked;
  if (!read_copy_words(context, words, asked)) return;
  if (asked.db == context.session().db && words[1] == words[2]) {
    return context.error("ERR source and destination objects are the same");
  }
  const Object* const source = context.find(words[1]);
  if (source == nullptr) return context.reply().integer(0);
  const Object* const target = context.find(asked.db, words[2]);
  if (target != nullptr && !asked.replace) return context.reply().integer(0);
  const ObjectKind kind = source->kind();
  const auto before = context.drop_replaced(target);
  const ObjectId copy = context.next_object();
  context.commit(KeyCopy{.object = source->id, .copy = copy, .db = asked.db, .key = words[2]});
  context.engine().keyspace().find(copy)->used = context.now().wall;
  context.notify(EventClass::kNew, "new", asked.db, words[2]);
  context.notify(EventClass::kGeneric, "copy_to", asked.db, words[2]);
  context.notify_overwritten(asked.db, words[2], before, kind);
  context.reply().integer(1);
}

// MOVE key db  ->  1, or 0 when there is no key or db has one of that name.
void cmd_move(Context& context, const Arguments& words) {
  DbIndex db;
  if (!read_database(context, words[2], db)) return;
  if (db == context.session().db)
    return context.error("ERR source and destination objects are the same");
  const Object* const source = context.find(words[1]);
  if (source == nullptr || context.find(db, words[1]) != nullptr) return context.reply().integer(0);
  context.commit(KeyRename{.object = source->id, .db = db, .key = words[1]});
  context.notify(EventClass::kNew, "new", db, words[1]);
  context.notify(EventClass::kGeneric, "move_from", words[1]);
  context.notify(EventClass::kGeneric, "move_to", db, words[1]);
  context.reply().integer(1);
}

// OBJECT ENCODING key  ->  bulk string, the encoding that Redis would have chosen; null without the key.
void cmd_object_encoding(Context& context, const Arguments& words) {
  if (const Object* const object = asked_object(context, words))
    context.reply().bulk(encoding_name(*object));
}

// OBJECT FREQ key: no eviction policy counts accesses.
void cmd_object_freq(Context& context, const Arguments& words) {
  if (asked_object(context, words) == nullptr) return;
  context.error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
      "when switching "
      "between policies at runtime LRU and LFU data will take some time to adjust.");
}

// OBJECT IDLETIME key  ->  integer: seconds since the key was last used.
void cmd_object_idletime(Context& context, const Arguments& words) {
  const Object* const object = asked_object(context, words);
  if (object == nullptr) return;
  context.reply().integer(context.idle_ms(*object) / 1000);
}

// OBJECT REFCOUNT key  ->  integer.
void cmd_object_refcount(Context& context, const Arguments& words) {
  if (asked_object(context, words) != nullptr) context.reply().integer(1);
}

void cmd_object_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "ENCODING <key>", "    Replies the encoding that Redis would use for the value of a key.",
      "FREQ <key>",     "    Replies how often a key is used; needs an LFU policy.",
      "IDLETIME <key>", "    Replies the seconds since a key was last used.",
      "REFCOUNT <key>", "    Replies the number of references to the value of a key.",
  };
  reply_help(context, words, kLines);
}

}  // namespace leat
