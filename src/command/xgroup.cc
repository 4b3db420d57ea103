// XGROUP.
#include <algorithm>

#include "command/retention_words.h"
#include "command/stream_commands.h"
#include "command/stream_words.h"
#include "command/subcommands.h"

namespace leat {
namespace {

constexpr Bytes kErrKeyRequired =
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use "
    "the MKSTREAM "
    "option to create an empty stream automatically.";

// With every option once; options that are repeated are read, and refused after the key has been looked at.
constexpr size_t kCreateWordsMax = 8;
constexpr size_t kSetIdWordsMax = 7;

enum class MakeStream : uint8_t { kRefused, kAccepted };

// The options of CREATE and SETID.
struct GroupWords {
  bool make_stream = false;
  int64_t entries_read = kEntriesReadUnknown;
};

bool read_group_words(Context& context, const Arguments& words, MakeStream make_stream,
                      GroupWords& asked) {
  for (size_t i = 5; i < words.size(); ++i) {
    if (make_stream == MakeStream::kAccepted && same_word(words[i], "mkstream")) {
      asked.make_stream = true;
    } else if (same_word(words[i], "entriesread") && i + 1 < words.size()) {
      if (!read_integer(context, words[++i], asked.entries_read)) return false;
      if (asked.entries_read < 0 && asked.entries_read != kEntriesReadUnknown) {
        context.error("ERR value for ENTRIESREAD must be positive or -1");
        return false;
      }
    } else {
      reply_subcommand_error(context, words);
      return false;
    }
  }
  return true;
}

// What the group's counter becomes: no more than was ever added, whatever was asked for.
int64_t entries_read(const GroupWords& asked, const Stream& stream) {
  return std::min(asked.entries_read, static_cast<int64_t>(stream.entries_added()));
}

// The stream under words[2]. False after the error has been replied.
bool find_stream(Context& context, const Arguments& words, const Object*& object) {
  if (!context.find(words[2], ObjectKind::kStream, object)) return false;
  if (object != nullptr) return true;
  context.error(kErrKeyRequired);
  return false;
}

// The same, and the group words[3].
bool find_stream_group(Context& context, const Arguments& words, const Object*& object,
                       const Group*& group) {
  if (!find_stream(context, words, object)) return false;
  group = object->stream()->groups().find(words[3]);
  if (group != nullptr) return true;
  reply_no_such_group(context, words[2], words[3]);
  return false;
}

}  // namespace

// XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD n]  ->  OK
// Source: redis.io/docs/latest/commands/xgroup-create
void cmd_xgroup_create(Context& context, const Arguments& words) {
  GroupWords asked;
  if (!read_group_words(context, words, MakeStream::kAccepted, asked)) return;
  const Object* object = nullptr;
  if (!context.find(words[2], ObjectKind::kStream, object)) return;
  if (object == nullptr && !asked.make_stream) return context.error(kErrKeyRequired);
  if (words.size() > kCreateWordsMax) return reply_subcommand_error(context, words);
  StreamId last_delivered;
  if (words[4] == "$") {
    if (object != nullptr) last_delivered = object->stream()->last_id();
  } else if (!read_id(context, words[4], 0, last_delivered)) {
    return;
  }
  if (object == nullptr) {
    object = &create_stream(context, words[2], default_retention(context.settings(), words[2]));
  } else if (object->stream()->groups().find(words[3]) != nullptr) {
    return context.error("BUSYGROUP Consumer Group name already exists");
  } else if (object->stream()->groups().next_id().value == kGroupIdEnd) {
    return context.error("ERR the stream has had as many groups as it can name");
  }
  if (!can_place(context, *object->stream(), last_delivered)) return;
  context.commit(GroupCreate{.object = object->id,
                             .group = object->stream()->groups().next_id(),
                             .last_delivered = last_delivered,
                             .entries_read = entries_read(asked, *object->stream()),
                             .name = words[3]});
  context.notify(EventClass::kStream, "xgroup-create", words[2]);
  context.reply().ok();
}

// XGROUP SETID key group id|$ [ENTRIESREAD n]  ->  OK. "-" and "+" are ids here.
// Source: redis.io/docs/latest/commands/xgroup-setid
void cmd_xgroup_setid(Context& context, const Arguments& words) {
  GroupWords asked;
  if (!read_group_words(context, words, MakeStream::kRefused, asked)) return;
  const Object* object = nullptr;
  const Group* group = nullptr;
  if (!find_stream_group(context, words, object, group)) return;
  if (words.size() > kSetIdWordsMax) return reply_subcommand_error(context, words);
  StreamId last_delivered;
  if (words[4] == "$") {
    last_delivered = object->stream()->last_id();
  } else if (words[4] == "+") {
    last_delivered = StreamId::max();
  } else if (words[4] != "-" && !read_id(context, words[4], 0, last_delivered)) {
    return;
  }
  if (!can_place(context, *object->stream(), last_delivered)) return;
  context.commit(GroupSetId{.object = object->id,
                            .group = group->id,
                            .last_delivered = last_delivered,
                            .entries_read = entries_read(asked, *object->stream())});
  context.notify(EventClass::kStream, "xgroup-setid", words[2]);
  context.reply().ok();
}

// XGROUP DESTROY key group  ->  integer: 1 if there was such a group.
// Source: redis.io/docs/latest/commands/xgroup-destroy
void cmd_xgroup_destroy(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  if (!find_stream(context, words, object)) return;
  const Group* const group = object->stream()->groups().find(words[3]);
  if (group == nullptr) return context.reply().integer(0);
  context.commit(GroupDrop{.object = object->id, .group = group->id});
  context.notify(EventClass::kStream, "xgroup-destroy", words[2]);
  context.reply().integer(1);
}

// XGROUP CREATECONSUMER key group consumer  ->  integer: 1 if it was created, 0 if it existed.
// Source: redis.io/docs/latest/commands/xgroup-createconsumer
void cmd_xgroup_createconsumer(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Group* group = nullptr;
  if (!find_stream_group(context, words, object, group)) return;
  if (group->consumer(words[4]) != nullptr) return context.reply().integer(0);
  if (!create_consumer(context, *object, *group, words[4])) return;
  context.reply().integer(1);
}

// XGROUP DELCONSUMER key group consumer  ->  integer: how many entries were pending to it; they go with it.
// Source: redis.io/docs/latest/commands/xgroup-delconsumer
void cmd_xgroup_delconsumer(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Group* group = nullptr;
  if (!find_stream_group(context, words, object, group)) return;
  const Consumer* const consumer = group->consumer(words[4]);
  if (consumer == nullptr) return context.reply().integer(0);
  const size_t pending = group->pending.count_of(consumer->id);
  context.commit(ConsumerDrop{.object = object->id, .group = group->id, .consumer = consumer->id});
  context.notify(EventClass::kStream, "xgroup-delconsumer", words[2]);
  context.reply().integer(static_cast<int64_t>(pending));
}

// XGROUP HELP  ->  array of simple strings.
void cmd_xgroup_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <count>]",
      "    Creates a group that is given the entries behind <id>; $: only those yet to come.",
      "    MKSTREAM creates an empty stream if the key does not exist.",
      "    ENTRIESREAD sets how many entries the group counts as read.",
      "CREATECONSUMER <key> <group> <consumer>",
      "    Creates a consumer.",
      "DELCONSUMER <key> <group> <consumer>",
      "    Deletes a consumer and what is pending to it.",
      "DESTROY <key> <group>",
      "    Deletes a consumer group.",
      "SETID <key> <group> <id|$> [ENTRIESREAD <count>]",
      "    Moves the group: it is given the entries behind <id> next.",
  };
  reply_help(context, words, kLines);
}

}  // namespace leat
