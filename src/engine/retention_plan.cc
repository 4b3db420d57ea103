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
StreamId kept_from(const Stream& stream, const Retention& policy, StreamId trimmed) {
  if (policy.retain == Retain::kUnacked)
    return trimmed == StreamId::min() ? stream.unacked_from() : stream.unacked_from(trimmed);
  return policy.when_full == WhenFull::kReject ? StreamId::min() : StreamId::max();
}

// SizeWalk: drops extents and blocks from the head as long as all that is live of them goes, and then entries.
class SizeWalk {
 public:
  SizeWalk(const Retention& policy, StreamId kept, SizePlan plan)
      : policy_(policy), kept_(kept), plan_(plan) {}

  [[nodiscard]] bool done(StreamId first) const {
    return plan_.length <= 1 || !is_over(policy_, plan_) || first >= kept_;
  }
  // Takes all of an extent or a block that ends with `last`; false when not all of it goes. The limits still reach, or
  // are exceeded, when all of it has gone: all of it must go.
  bool take(uint64_t live, uint64_t live_bytes, StreamId last) {
    const uint64_t length = plan_.length - live;
    const uint64_t bytes = plan_.bytes - live_bytes;
    if (last >= kept_ || length == 0) return false;
    const bool whole = (policy_.length_max != 0 && length >= policy_.length_max) ||
                       (policy_.bytes_max != 0 && bytes >= policy_.bytes_max);
    if (!whole) return false;
    plan_.last_dropped = last;
    plan_.length = length;
    plan_.bytes = bytes;
    return true;
  }
  void take_part(const Block& block) {
    for (auto cursor = block.begin(); !cursor.done(); cursor.advance()) {
      if (!cursor.live()) continue;
      const EntryView& entry = cursor.entry();
      if (done(entry.id)) return;
      plan_.last_dropped = entry.id;
      --plan_.length;
      plan_.bytes -= entry.wire.size();
    }
  }
  [[nodiscard]] const SizePlan& plan() const { return plan_; }

 private:
  const Retention& policy_;
  StreamId kept_;
  SizePlan plan_;
};

// Up to `last` an extent goes in part: whether its entries can be had, if it is a frame.
bool can_cut(const Stream& stream, Stream::Extents::const_iterator extent, StreamId last) {
  const Fence* const fence = extent->second.fence();
  if (fence == nullptr || last < fence->first_live) return true;
  bool opened = false;
  stream.visit_blocks(extent, [&opened](const Block&) {
    opened = true;
    return false;
  });
  return opened;
}

}  // namespace

SizePlan plan_size(const Stream& stream, const Addition& addition) {
  return plan_size(stream, stream.retention(), addition);
}

SizePlan plan_size(const Stream& stream, const Retention& policy, const Addition& addition) {
  SizePlan plan{.length = stream.length() + addition.entries,
                .bytes = stream.bytes() + addition.bytes};
  if (!is_over(policy, plan)) return plan;
  const StreamId kept = kept_from(stream, policy, addition.trimmed);
  if (stream.first_id() >= kept) return plan;
  SizeWalk walk(policy, kept, plan);
  for (auto at = stream.extents().begin(); at != stream.extents().end(); ++at) {
    const Extent& extent = at->second;
    if (walk.done(at->first)) break;
    if (walk.take(extent.live(), extent.live_bytes(), extent.last_id())) continue;
    if (extent.sealed() && extent.fence()->first_live >= kept) break;
    stream.visit_blocks(at, [&walk](const Block& block) {
      if (walk.done(block.first_id())) return false;
      if (walk.take(block.live(), block.live_bytes(), block.last_id())) return true;
      walk.take_part(block);
      return false;
    });
    break;
  }
  return walk.plan();
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
  StreamId whole;  // The last id of those that go whole.
  for (auto at = stream.extents().begin(); at != stream.extents().end(); ++at) {
    if (at->second.last_id() > last) {
      if (!can_cut(stream, at, last)) last = whole;
      break;
    }
    whole = at->second.last_id();
    blocks += at->second.blocks();
    if (blocks < blocks_max) continue;
    plan.unfinished = true;
    last = whole;
    break;
  }
  plan.last_dropped = last;
  return plan;
}

uint64_t plan_forgetting(const Stream& stream, WallMs now, uint64_t most) {
  constexpr uint64_t kSecondMs = 1000;
  const Idempotency* const known = stream.idempotency();
  const auto wall = static_cast<uint64_t>(std::max(now.value, int64_t{0}));
  if (known == nullptr || known->limits().duration_s > wall / kSecondMs) return 0;
  const uint64_t last_ms = wall - known->limits().duration_s * kSecondMs;
  uint64_t count = 0;
  known->visit_from(0, [&](const Idempotency::View& iid) {
    if (iid.id.ms > last_ms || count == most) return false;
    ++count;
    return true;
  });
  return count;
}

}  // namespace leat
