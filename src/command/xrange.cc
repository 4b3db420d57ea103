// XLEN, XRANGE, XREVRANGE, XDEL and XSETID.
#include <algorithm>
#include <vector>

#include "command/stream_commands.h"
#include "command/stream_words.h"
#include "model/record_lists.h"

namespace leat {
namespace {

struct RangeWords {
  IdRange range;
  int64_t count = -1;  // -1: all.
};

bool read_range_words(Context& context, const Arguments& words, bool reverse, RangeWords& asked) {
  if (!read_range_start(context, words[reverse ? 3 : 2], asked.range.first)) return false;
  if (!read_range_end(context, words[reverse ? 2 : 3], asked.range.last)) return false;
  for (size_t i = 4; i < words.size(); i += 2) {
    if (!same_word(words[i], "count") || i + 1 == words.size()) {
      context.error(kErrSyntax);
      return false;
    }
    if (!read_integer(context, words[i + 1], asked.count)) return false;
    asked.count = std::max(asked.count, int64_t{0});
  }
  return true;
}

void reply_range(Context& context, const Arguments& words, bool reverse) {
  RangeWords asked;
  if (!read_range_words(context, words, reverse, asked)) return;
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kStream, object)) return;
  ReplyWriter& reply = context.reply();
  if (object == nullptr) return reply.array(0);
  if (asked.count == 0) return reply.null_array();

  const size_t mark = reply.begin();
  int64_t sent = 0;
  const size_t piece = context.piece_bytes();
  StreamId last;
  bool full = false;
  const auto send = [&](const EntryView& entry) {
    reply_entry(reply, entry);
    if (++sent == asked.count) return false;
    full = reply.buffer().size() - mark >= piece;
    if (full) [[unlikely]]
      last = entry.id;
    return !full;
  };
  const Stream& stream = *object->stream();
  const uint64_t count = asked.count < 0 ? 0 : static_cast<uint64_t>(asked.count);
  const IdRange& range = asked.range;
  if (reverse) {
    stream.visit_backwards(range.last, {.end = range.first, .count = count, .bytes = piece}, send);
  } else {
    auto cursor = stream.seek(range.first, {.end = range.last, .count = count, .bytes = piece});
    for (; !cursor.done(); cursor.advance()) {
      const EntryView& entry = cursor.entry();
      if (entry.id > range.last || !send(entry)) break;
    }
  }
  auto total = static_cast<uint64_t>(sent);
  if (full) [[unlikely]] {
    const EntriesLeft left{.range = range, .last = last, .reverse = reverse};
    total += reply_later(context, stream, left, count == 0 ? 0 : count - total);
  }
  reply.end_array(mark, total);
}

struct SetIdWords {
  StreamId last_id;
  int64_t entries_added = -1;  // -1: as it is.
  StreamId max_deleted;        // 0-0: as it is.
};

bool read_set_id_words(Context& context, const Arguments& words, SetIdWords& asked) {
  if (!read_id(context, words[2], 0, asked.last_id)) return false;
  for (size_t i = 3; i < words.size(); i += 2) {
    const bool has_value = i + 1 < words.size();
    if (has_value && same_word(words[i], "entriesadded")) {
      if (!read_integer(context, words[i + 1], asked.entries_added)) return false;
      if (asked.entries_added < 0) {
        context.error("ERR entries_added must be positive");
        return false;
      }
    } else if (has_value && same_word(words[i], "maxdeletedid")) {
      if (!read_id(context, words[i + 1], 0, asked.max_deleted)) return false;
      if (asked.last_id < asked.max_deleted) {
        context.error(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
        return false;
      }
    } else {
      context.error(kErrSyntax);
      return false;
    }
  }
  return true;
}

// Why `stream` can't take what was asked; empty when it can.
Bytes set_id_refusal(const Stream& stream, const SetIdWords& asked) {
  if (asked.last_id < stream.max_deleted()) {
    return "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
  }
  if (stream.length() == 0) return {};
  const auto last = stream.last_entry();
  if (last && asked.last_id < last->id) {
    return "ERR The ID specified in XSETID is smaller than the target stream top item";
  }
  if (asked.entries_added >= 0 && static_cast<uint64_t>(asked.entries_added) < stream.length()) {
    return "ERR The entries_added specified in XSETID is smaller than the target stream length";
  }
  return {};
}

}  // namespace

// XLEN key  ->  integer.
void cmd_xlen(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kStream, object)) return;
  context.reply().integer(object == nullptr ? 0 : static_cast<int64_t>(object->stream()->length()));
}

// XRANGE key start end [COUNT n]  ->  array of [id, [field, value ...]], the same in RESP2 and RESP3.
// COUNT 0 or less on a key that exists gives a null array, on one that does not an empty one.
// Source: redis.io/docs/latest/commands/xrange
void cmd_xrange(Context& context, const Arguments& words) {
  reply_range(context, words, /*reverse=*/false);
}

// XREVRANGE key end start [COUNT n]
void cmd_xrevrange(Context& context, const Arguments& words) {
  reply_range(context, words, /*reverse=*/true);
}

// XDEL key id [id ...]  ->  integer: how many entries went. One bad id refuses all.
// Source: redis.io/docs/latest/commands/xdel
void cmd_xdel(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kStream, object)) return;
  if (object == nullptr) return context.reply().integer(0);
  std::vector<StreamId> ids(words.size() - 2);
  for (size_t i = 2; i < words.size(); ++i) {
    if (!read_id(context, words[i], 0, ids[i - 2])) return;
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  IdListWriter list(context.scratch());
  ByteBuffer& bytes = list.buffer();
  int64_t removed = 0;
  for (const StreamId id : ids) {
    if (context.gives_up()) return;
    if (!object->stream()->find(id)) continue;
    list.add(id);
    ++removed;
  }
  if (removed != 0) {
    context.commit(StreamDelete{.object = object->id, .ids = bytes.view()});
    context.notify(EventClass::kStream, "xdel", words[1]);
  }
  context.reply().integer(removed);
}

// XSETID key last-id [ENTRIESADDED n] [MAXDELETEDID id]  ->  OK
// Source: redis.io/docs/latest/commands/xsetid
void cmd_xsetid(Context& context, const Arguments& words) {
  SetIdWords asked;
  if (!read_set_id_words(context, words, asked)) return;
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kStream, object)) return;
  if (object == nullptr) return context.error(kErrNoSuchKey);
  const Stream& stream = *object->stream();
  if (const Bytes refusal = set_id_refusal(stream, asked); !refusal.empty())
    return context.error(refusal);
  const bool keep_added = asked.entries_added < 0;
  const bool keep_deleted = asked.max_deleted == StreamId::min();
  context.commit(
      StreamSetId{.object = object->id,
                  .last_id = asked.last_id,
                  .entries_added = keep_added ? stream.entries_added()
                                              : static_cast<uint64_t>(asked.entries_added),
                  .max_deleted = keep_deleted ? stream.max_deleted() : asked.max_deleted});
  context.notify(EventClass::kStream, "xsetid", words[1]);
  context.reply().ok();
}

}  // namespace leat
