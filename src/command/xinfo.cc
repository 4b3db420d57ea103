// XINFO.
#include <algorithm>

#include "command/idempotency_words.h"
#include "command/stream_commands.h"
#include "command/stream_words.h"
#include "command/subcommands.h"

namespace leat {
namespace {

constexpr int64_t kFullCountDefault = 10;

struct StreamWords {
  bool full = false;
  int64_t count = kFullCountDefault;  // Of each list; 0: all.
};

// [FULL [COUNT n]]
bool read_stream_words(Context& context, const Arguments& words, StreamWords& asked) {
  asked.full = words.size() > 3;
  if (!asked.full) return true;
  const bool counted = words.size() == 6 && same_word(words[4], "count");
  if (!same_word(words[3], "full") || (words.size() != 4 && !counted)) {
    reply_subcommand_error(context, words);
    return false;
  }
  if (counted && !read_integer(context, words[5], asked.count)) return false;
  if (asked.count < 0) asked.count = kFullCountDefault;
  return true;
}

// The stream under words[2]. False after the error has been replied.
bool find_described(Context& context, const Arguments& words, const Object*& object) {
  if (!context.find(words[2], ObjectKind::kStream, object)) return false;
  if (object != nullptr) return true;
  context.error(kErrNoSuchKey);
  return false;
}

void reply_named_count(ReplyWriter& reply, Bytes name, uint64_t count) {
  reply.bulk(name);
  reply.integer(static_cast<int64_t>(count));
}

void reply_named_id(ReplyWriter& reply, Bytes name, StreamId id) {
  reply.bulk(name);
  reply_id(reply, id);
}

// The pairs that both forms of XINFO STREAM begin with. The two radix tree figures are what monitoring expects
// to grow with the stream: its blocks, and an index above them.
void reply_stream_head(ReplyWriter& reply, const Stream& stream) {
  reply_named_count(reply, "length", stream.length());
  reply_named_count(reply, "radix-tree-keys", stream.blocks());
  reply_named_count(reply, "radix-tree-nodes", stream.blocks() + 1);
  reply_named_id(reply, "last-generated-id", stream.last_id());
  reply_named_id(reply, "max-deleted-entry-id", stream.max_deleted());
  reply_named_count(reply, "entries-added", stream.entries_added());
  reply_named_id(reply, "recorded-first-entry-id", stream.first_id());
  const IdempotencyLimits limits = idempotency_limits(stream);
  const Idempotency* const known = stream.idempotency();
  const auto counters = known == nullptr ? Idempotency::Counters() : known->counters();
  reply_named_count(reply, "idmp-duration", limits.duration_s);
  reply_named_count(reply, "idmp-maxsize", limits.size_max);
  reply_named_count(reply, "pids-tracked", known == nullptr ? 0 : known->producers());
  reply_named_count(reply, "iids-tracked", known == nullptr ? 0 : known->size());
  reply_named_count(reply, "iids-added", counters.added);
  reply_named_count(reply, "iids-duplicates", counters.duplicates);
}

// What Redis does not have stands behind what it has, and only where a policy has been set: some clients (go-redis)
// refuse a description with a name that they do not know.
constexpr size_t kRetentionPairs = 6;
size_t retention_pairs(const Stream& stream) {
  return stream.retention().none() ? 0 : kRetentionPairs;
}
void reply_retention(ReplyWriter& reply, const Stream& stream) {
  const Retention& policy = stream.retention();
  if (policy.none()) return;
  reply_named_count(reply, "bytes", stream.bytes());
  reply_named_count(reply, "retention-maxlen", policy.length_max);
  reply_named_count(reply, "retention-maxage-ms", policy.age_max_ms);
  reply_named_count(reply, "retention-maxbytes", policy.bytes_max);
  reply.bulk("retention-retain");
  reply.bulk(policy.retain == Retain::kUnacked ? "unacked" : "any");
  reply.bulk("retention-whenfull");
  reply.bulk(policy.when_full == WhenFull::kReject ? "reject" : "trim");
}

void reply_edge_entry(ReplyWriter& reply, Bytes name, const std::optional<EntryView>& entry) {
  reply.bulk(name);
  entry ? reply_entry(reply, *entry) : reply.null();
}

void reply_entries_read(ReplyWriter& reply, const Group& group) {
  reply.bulk("entries-read");
  group.entries_read == kEntriesReadUnknown ? reply.null() : reply.integer(group.entries_read);
}

// Calls `one` for pending entries from `cursor` on, at most `count` (0: all), inside an array.
template <typename ReplyOne>
void reply_pending(ReplyWriter& reply, PendingEntries::Cursor cursor, int64_t count,
                   ReplyOne&& one) {
  reply.bulk("pending");
  const size_t mark = reply.begin();
  int64_t sent = 0;
  for (; cursor.valid() && (count == 0 || sent < count); cursor.advance()) {
    one(cursor.entry());
    ++sent;
  }
  reply.end_array(mark, static_cast<size_t>(sent));
}

void reply_full_consumer(ReplyWriter& reply, const Group& group, const Consumer& consumer,
                         int64_t count) {
  reply.map(5);
  reply.bulk("name");
  reply.bulk(consumer.name);
  reply.bulk("seen-time");
  reply.integer(consumer.seen.value);
  reply.bulk("active-time");
  reply.integer(consumer.active.value);
  reply_named_count(reply, "pel-count", group.pending.count_of(consumer.id));
  reply_pending(reply, group.pending.cursor_from(StreamId::min(), consumer.id), count,
                [&reply](const PendingEntry& pending) {
                  reply.array(3);
                  reply_id(reply, pending.id);
                  reply.integer(pending.delivered.value);
                  reply.integer(static_cast<int64_t>(pending.deliveries));
                });
}

void reply_full_group(ReplyWriter& reply, const Stream& stream, const Group& group, int64_t count) {
  reply.map(8);
  reply.bulk("name");
  reply.bulk(group.name);
  reply_named_id(reply, "last-delivered-id", group.last_delivered);
  reply_entries_read(reply, group);
  reply_named_count(reply, "lag", lag_of(stream, group));
  reply_named_count(reply, "pel-count", group.pending.size());
  reply_named_count(reply, "nacked-count", group.pending.count_of(kNoOwner));
  reply_pending(reply, group.pending.cursor_from(StreamId::min()), count,
                [&](const PendingEntry& pending) {
                  reply.array(4);
                  reply_id(reply, pending.id);
                  reply.bulk(owner_name(group, pending));
                  reply.integer(pending.owner == kNoOwner ? 0 : pending.delivered.value);
                  reply.integer(static_cast<int64_t>(pending.deliveries));
                });
  reply.bulk("consumers");
  reply.array(group.consumers.size());
  for (const auto& [name, consumer] : group.consumers)
    reply_full_consumer(reply, group, *consumer, count);
}

void reply_full(ReplyWriter& reply, const Stream& stream, int64_t count) {
  reply.map(15 + retention_pairs(stream));
  reply_stream_head(reply, stream);
  reply.bulk("entries");
  const size_t mark = reply.begin();
  int64_t sent = 0;
  for (auto cursor = stream.seek(StreamId::min(), {.count = static_cast<uint64_t>(count)});
       !cursor.done() && (count == 0 || sent < count); cursor.advance()) {
    reply_entry(reply, cursor.entry());
    ++sent;
  }
  reply.end_array(mark, static_cast<size_t>(sent));
  reply.bulk("groups");
  reply.array(stream.groups().size());
  for (const auto& [name, group] : stream.groups().by_name())
    reply_full_group(reply, stream, *group, count);
  reply_retention(reply, stream);
}

void reply_short(ReplyWriter& reply, const Stream& stream) {
  reply.map(16 + retention_pairs(stream));
  reply_stream_head(reply, stream);
  reply_named_count(reply, "groups", stream.groups().size());
  reply_edge_entry(reply, "first-entry", stream.find(stream.first_id()));
  reply_edge_entry(reply, "last-entry", stream.last_entry());
  reply_retention(reply, stream);
}

// Milliseconds since `then`; a clock that went back shows as 0.
int64_t since(WallMs then, WallMs now) {
  return std::max(now.value - then.value, int64_t{0});
}

}  // namespace

// XINFO STREAM key [FULL [COUNT n]]
//   ->  map of 16: length, radix-tree-keys, radix-tree-nodes, last-generated-id, max-deleted-entry-id,
//       entries-added, recorded-first-entry-id, idmp-duration, idmp-maxsize, pids-tracked, iids-tracked, iids-added,
//       iids-duplicates, groups (how many), first-entry, last-entry;
//       FULL: map of 15, the first 13 of these, then entries and groups, each list cut at COUNT.
//       A stream with a policy has six more: bytes, retention-maxlen, retention-maxage-ms, retention-maxbytes,
//       retention-retain (any, unacked), retention-whenfull (trim, reject).
// Source: redis.io/docs/latest/commands/xinfo-stream
void cmd_xinfo_stream(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  if (!find_described(context, words, object)) return;
  StreamWords asked;
  if (!read_stream_words(context, words, asked)) return;
  const Stream& stream = *object->stream();
  asked.full ? reply_full(context.reply(), stream, asked.count)
             : reply_short(context.reply(), stream);
}

// XINFO GROUPS key  ->  array of maps: name, consumers, pending, last-delivered-id, entries-read, lag.
// The lag is exact and never null, unlike Redis': see docs/differences.md.
// Source: redis.io/docs/latest/commands/xinfo-groups
void cmd_xinfo_groups(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  if (!find_described(context, words, object)) return;
  const Stream& stream = *object->stream();
  ReplyWriter& reply = context.reply();
  reply.array(stream.groups().size());
  for (const auto& [name, group] : stream.groups().by_name()) {
    reply.map(6);
    reply.bulk("name");
    reply.bulk(name);
    reply_named_count(reply, "consumers", group->consumers.size());
    reply_named_count(reply, "pending", group->pending.size());
    reply_named_id(reply, "last-delivered-id", group->last_delivered);
    reply_entries_read(reply, *group);
    reply_named_count(reply, "lag", lag_of(stream, *group));
  }
}

// XINFO CONSUMERS key group
//   ->  array of maps: name, pending, idle (ms since it last tried to read or claim), inactive (ms since it last
//       got something; -1: never).
// Source: redis.io/docs/latest/commands/xinfo-consumers
void cmd_xinfo_consumers(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  if (!find_described(context, words, object)) return;
  const Group* const group = object->stream()->groups().find(words[3]);
  if (group == nullptr) return reply_no_such_group(context, words[2], words[3]);
  const WallMs now = context.now().wall;
  ReplyWriter& reply = context.reply();
  reply.array(group->consumers.size());
  for (const auto& [name, consumer] : group->consumers) {
    reply.map(4);
    reply.bulk("name");
    reply.bulk(name);
    reply_named_count(reply, "pending", group->pending.count_of(consumer->id));
    reply.bulk("idle");
    reply.integer(since(consumer->seen, now));
    reply.bulk("inactive");
    reply.integer(consumer->active.value < 0 ? -1 : since(consumer->active, now));
  }
}

// XINFO HELP  ->  array of simple strings.
void cmd_xinfo_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "CONSUMERS <key> <group>",
      "    Lists the consumers of a group.",
      "GROUPS <key>",
      "    Lists the groups of a stream.",
      "STREAM <key> [FULL [COUNT <count>]]",
      "    Describes a stream; FULL: with its entries, groups, consumers and what is pending.",
  };
  reply_help(context, words, kLines);
}

}  // namespace leat
