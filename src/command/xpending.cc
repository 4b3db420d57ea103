// XPENDING.
#include <algorithm>
#include <optional>

#include "command/stream_commands.h"
#include "command/stream_words.h"

namespace leat {
namespace {

constexpr size_t kSummaryWords = 3;
constexpr size_t kListWordsMin = 6;
constexpr size_t kListWordsMax = 9;

// The list form: [IDLE min-idle] start end count [consumer].
struct PendingWords {
  int64_t min_idle_ms = 0;
  int64_t count = 0;
  IdRange range;
  std::optional<Bytes> consumer;
};

bool read_pending_words(Context& context, const Arguments& words, PendingWords& asked) {
  size_t start = 3;
  if (same_word(words[3], "idle")) {
    if (!read_integer(context, words[4], asked.min_idle_ms)) return false;
    if (words.size() < kListWordsMin + 2) {
      context.error(kErrSyntax);
      return false;
    }
    start += 2;
  }
  if (!read_integer(context, words[start + 2], asked.count)) return false;
  if (!read_range_start(context, words[start], asked.range.first)) return false;
  if (!read_range_end(context, words[start + 1], asked.range.last)) return false;
  // A word behind the consumer is accepted and ignored, as Redis does.
  if (start + 3 < words.size()) asked.consumer = words[start + 3];
  return true;
}

void reply_summary(ReplyWriter& reply, const Group& group) {
  reply.array(4);
  reply.integer(static_cast<int64_t>(group.pending.size()));
  const auto first = group.pending.first_from(StreamId::min());
  if (!first) {
    reply.null();
    reply.null();
    return reply.null_array();
  }
  reply_id(reply, first->id);
  reply_id(reply, group.pending.last()->id);
  const size_t mark = reply.begin();
  size_t consumers = 0;
  for (const auto& [name, consumer] : group.consumers) {
    const size_t count = group.pending.count_of(consumer->id);
    if (count == 0) continue;
    reply.array(2);
    reply.bulk(name);
    reply.bulk_integer(static_cast<int64_t>(count));
    ++consumers;
  }
  reply.end_array(mark, consumers);
}

int64_t idle_ms(const PendingEntry& pending, WallMs now) {
  return std::max(now.value - pending.delivered.value, int64_t{0});
}

void reply_list(Context& context, const Group& group, const PendingWords& asked) {
  ReplyWriter& reply = context.reply();
  const Consumer* consumer = nullptr;
  if (asked.consumer) {
    consumer = group.consumer(*asked.consumer);
    if (consumer == nullptr) return reply.array(0);
  }
  const WallMs now = context.now().wall;
  // Who polls for what is stuck mostly finds nothing: that must not cost a walk along all that is pending.
  if (asked.count <= 0 || group.pending.size() == 0) return reply.array(0);
  const PendingEntry oldest = *group.pending.oldest();
  if (oldest.owner != kNoOwner && idle_ms(oldest, now) < asked.min_idle_ms) return reply.array(0);

  const size_t mark = reply.begin();
  int64_t sent = 0;
  const auto send = [&](const PendingEntry& pending) {
    if (pending.id > asked.range.last) return false;
    const bool released = pending.owner == kNoOwner;
    const int64_t idle = released ? -1 : idle_ms(pending, now);
    if (!released && idle < asked.min_idle_ms) return true;
    reply.array(4);
    reply_id(reply, pending.id);
    reply.bulk(owner_name(group, pending));
    reply.integer(idle);
    reply.integer(static_cast<int64_t>(pending.deliveries));
    return ++sent != asked.count;
  };
  if (consumer == nullptr) {
    group.pending.visit_from(asked.range.first, send);
  } else {
    group.pending.visit_from(asked.range.first, consumer->id, send);
  }
  reply.end_array(mark, static_cast<size_t>(sent));
}

}  // namespace

// XPENDING key group
//   ->  [how many, first id, last id, [[consumer, how many as a bulk string] ...]]; nulls if nothing is pending.
// XPENDING key group [IDLE min-idle] start end count [consumer]
//   ->  array of [id, consumer, ms since its last delivery, deliveries]; of what was given back by XNACK, which IDLE does
//       not look at, "" and -1.
// Source: redis.io/docs/latest/commands/xpending
void cmd_xpending(Context& context, const Arguments& words) {
  const bool summary = words.size() == kSummaryWords;
  if (!summary && (words.size() < kListWordsMin || words.size() > kListWordsMax))
    return context.error(kErrSyntax);
  PendingWords asked;
  if (!summary && !read_pending_words(context, words, asked)) return;
  const Object* object = nullptr;
  const Group* group = nullptr;
  if (!find_group(context, words, object, group)) return;
  if (summary) return reply_summary(context.reply(), *group);
  reply_list(context, *group, asked);
}

}  // namespace leat
