#include "command/read_claims.h"

#include <algorithm>

#include "command/stream_words.h"
#include "model/record_lists.h"

namespace leat {
namespace {

// When nothing is pending, what others are given next is old enough `min_idle_ms` from now. With a very short one a
// client would be asking all the time.
constexpr int64_t kNextMsLeast = 10;

// What was released counts as idle since the beginning of time.
int64_t idle_ms(const PendingEntry& pending, WallMs now) {
  return pending.owner == kNoOwner ? now.value : now.value - pending.delivered.value;
}

void reply_delivered(ReplyWriter& reply, const EntryView& entry, int64_t idle,
                     uint64_t deliveries) {
  reply.array(4);
  reply_id(reply, entry.id);
  reply.array(entry.elements);
  reply.raw(entry.wire);
  reply.integer(idle);
  reply.integer(static_cast<int64_t>(deliveries));
}

}  // namespace

void plan_claims(const Context& context, const Stream& stream, const Group& group,
                 const ClaimLimits& limits, std::span<ReadClaims* const> takers) {
  const auto wait_all = [takers](size_t from, int64_t ms) {
    for (ReadClaims* const claims : takers.subspan(from)) claims->next_ms = ms;
  };
  wait_all(0, std::max(limits.min_idle_ms, kNextMsLeast));
  size_t taker = 0;
  uint64_t bytes = 0;
  group.pending.visit_by_age([&](const PendingEntry& pending) {
    const int64_t idle = idle_ms(pending, context.now().wall);
    if (idle < limits.min_idle_ms) {
      wait_all(taker, limits.min_idle_ms - idle);
      return false;
    }
    const auto entry = stream.find(pending.id);
    if (!entry) return !context.gives_up();
    ReadClaims& claims = *takers[taker];
    claims.entries.push_back(pending);
    bytes += entry->wire.size();
    claims.full = bytes >= limits.bytes;
    if (claims.entries.size() != limits.count && !claims.full) return true;
    bytes = 0;
    return ++taker != takers.size();
  });
}

uint64_t reply_claims(Context& context, const Object& object, const Group& group,
                      const Consumer& consumer, const ReadClaims& claims, Budget& budget) {
  ReplyWriter& reply = context.reply();
  const WallMs now = context.now().wall;
  std::vector<StreamId> ids;
  ids.reserve(claims.entries.size());
  for (const PendingEntry& pending : claims.entries) {
    if (budget.spent(reply.buffer().size(), ids.size())) break;
    const auto entry = object.stream()->find(pending.id);
    if (!entry)
      break;  // It can't be read, which the plan has not found: nothing of this becomes a reply.
    reply_delivered(reply, *entry, idle_ms(pending, now), pending.deliveries);
    budget.take();
    ids.push_back(pending.id);
  }
  std::sort(ids.begin(), ids.end());
  ByteBuffer& list = context.scratch();
  IdListWriter writer(list);
  for (const StreamId id : ids) writer.add(id);
  context.commit(GroupClaim{.object = object.id,
                            .group = group.id,
                            .consumer = consumer.id,
                            .at = now,
                            .delivered = now,
                            .count = DeliveryCount::kIncrement,
                            .ids = list.view()});
  return ids.size();
}

void reply_unclaimed(ReplyWriter& reply, const EntryView& entry) {
  reply_delivered(reply, entry, 0, 0);
}

}  // namespace leat
