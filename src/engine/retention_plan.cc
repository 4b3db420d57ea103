#include "engine/retention_plan.h"

#include <algorithm>
#include <limits>

namespace leat {
namespace {

bool is_over(const Retention& policy, const SizePlan& plan) {
  if (policy.length_max != 0 && plan.length > policy.length_max) return true;
  return policy.bytes_max != 0 && plan.bytes > policy.bytes_max;
}

// The id from which on nothing goes to make room.
StreamId kept_from(const Stream& stream) {
  const Retention& policy = stream.retention();
  if (policy.retain == Retain::kUnacked) return stream.unacked_from();
  return policy.when_full == WhenFull::kReject ? StreamId::min() : StreamId::max();
}

// The limits still reach, or are exceeded, when all of the block has gone: all of it must go.
bool goes_whole(const Retention& policy, const SizePlan& plan, const Block& block) {
  const uint64_t length = plan.length - block.live();
  const uint64_t bytes = plan.bytes - block.live_bytes();
  if (length == 0) return false;
  return (policy.length_max != 0 && length >= policy.length_max) ||
         (policy.bytes_max != 0 && bytes >= policy.bytes_max);
}

void plan_part(const Retention& policy, const Block& block, StreamId kept, SizePlan& plan) {
  for (auto cursor = block.begin(); !cursor.done(); cursor.advance()) {
    if (!cursor.live()) continue;
    const EntryView& entry = cursor.entry();
    if (plan.length <= 1 || !is_over(policy, plan) || entry.id >= kept) return;
    plan.last_dropped = entry.id;
    --plan.length;
    plan.bytes -= entry.wire.size();
  }
}

}  // namespace

SizePlan plan_size(const Stream& stream, const Addition& addition) {
  const Retention& policy = stream.retention();
  SizePlan plan{.length = stream.length() + addition.entries,
                .bytes = stream.bytes() + addition.bytes};
  if (!is_over(policy, plan)) return plan;
  const StreamId kept = kept_from(stream);
  if (stream.first_id() >= kept) return plan;
  for (const auto& [first, block] : stream.blocks()) {
    if (plan.length <= 1 || !is_over(policy, plan) || first >= kept) break;
    if (block->last_id() >= kept || !goes_whole(policy, plan, *block)) {
      plan_part(policy, *block, kept, plan);
      break;
    }
    plan.last_dropped = block->last_id();
    plan.length -= block->live();
    plan.bytes -= block->live_bytes();
  }
  return plan;
}

Excess plan_admission(const Stream* stream, const Retention& policy, uint64_t bytes) {
  if (policy.when_full != WhenFull::kReject) return Excess::kNone;
  const SizePlan plan = stream == nullptr ? SizePlan{.length = 1, .bytes = bytes}
                                          : plan_size(*stream, {.entries = 1, .bytes = bytes});
  if (policy.length_max != 0 && plan.length > policy.length_max) return Excess::kLength;
  return is_over(policy, plan) ? Excess::kBytes : Excess::kNone;
}

AgePlan plan_age(const Stream& stream, WallMs now, size_t blocks_max) {
  AgePlan plan;
  const uint64_t age_max = stream.retention().age_max_ms;
  const auto wall = static_cast<uint64_t>(std::max(now.value, int64_t{0}));
  if (age_max == 0 || age_max > wall || stream.length() == 0) return plan;
  StreamId last{wall - age_max, std::numeric_limits<uint64_t>::max()};
  if (stream.first_id() > last) return plan;
  if (stream.retention().retain == Retain::kUnacked) {
    const StreamId kept = stream.unacked_from();
    plan.held = kept <= last;
    if (plan.held) last = kept.previous();
    if (kept <= stream.first_id()) return plan;
  }
  size_t blocks = 0;
  for (const auto& [first, block] : stream.blocks()) {
    if (block->last_id() > last) break;
    if (++blocks < blocks_max) continue;
    plan.unfinished = true;
    last = block->last_id();
    break;
  }
  plan.last_dropped = last;
  return plan;
}

}  // namespace leat
