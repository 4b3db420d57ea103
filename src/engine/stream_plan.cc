#include "engine/stream_plan.h"

#include <algorithm>
#include <limits>

#include "base/flatten.h"
#include "engine/reference_plan.h"

namespace leat {
namespace {

constexpr uint64_t kSequenceMax = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kNodeBytesMax = 1ULL << 30;

// The id of the `count`-th live entry of the block; `count` >= 1 and <= live().
StreamId nth_live(const Block& block, uint64_t count) {
  auto cursor = block.begin();
  while (!cursor.live() || --count != 0) cursor.advance();
  return cursor.entry().id;
}

// What goes of a head block that stays in part.
void plan_part(const Block& block, const Trim& trim, uint64_t length_left, TrimPlan& plan) {
  if (trim.by == Trim::By::kLength) {
    const uint64_t count = length_left - trim.length;
    if (count == 0) return;
    plan.last_dropped = nth_live(block, count);
    plan.count += count;
    return;
  }
  for (auto cursor = block.begin(); !cursor.done(); cursor.advance()) {
    if (cursor.entry().id >= trim.first_kept) return;
    if (!cursor.live()) continue;
    plan.last_dropped = cursor.entry().id;
    ++plan.count;
  }
}

// TrimWalk: drops extents and blocks from the head as long as they go whole.
class TrimWalk {
 public:
  TrimWalk(const Trim& trim, uint64_t length) : trim_(trim), left_(length) {}

  // Takes all `live` entries, the last id of which is `last`; false when not all of them go.
  bool take(uint64_t live, StreamId last) {
    if (trim_.limit != 0 && plan_.count + live > trim_.limit) return false;
    const bool whole = trim_.by == Trim::By::kLength ? left_ - std::min(left_, live) >= trim_.length
                                                     : last < trim_.first_kept;
    if (!whole) return false;
    plan_.last_dropped = last;
    plan_.count += live;
    left_ -= live;
    return true;
  }
  [[nodiscard]] bool done() const { return trim_.by == Trim::By::kLength && left_ <= trim_.length; }
  void take_part(const Block& block) {
    const bool exceeds = trim_.limit != 0 && plan_.count + block.live() > trim_.limit;
    if (!trim_.approximate && !exceeds && !done()) plan_part(block, trim_, left_, plan_);
  }
  [[nodiscard]] const TrimPlan& plan() const { return plan_; }

 private:
  const Trim& trim_;
  uint64_t left_;
  TrimPlan plan_;
};

}  // namespace

AppendRefusal plan_append_id(const Stream* stream, const AppendId& asked, WallMs now,
                             StreamId& id) {
  const StreamId last = stream == nullptr ? StreamId::min() : stream->last_id();
  if (last == StreamId::max()) return AppendRefusal::kExhausted;
  switch (asked.kind) {
    case AppendId::Kind::kAuto: {
      const auto ms = static_cast<uint64_t>(std::max(now.value, int64_t{0}));
      id = ms > last.ms ? StreamId{ms, 0} : last.next();
      return AppendRefusal::kNone;
    }
    case AppendId::Kind::kAutoSequence:
      if (asked.id.ms < last.ms) return AppendRefusal::kTooSmall;
      if (asked.id.ms == last.ms && last.seq == kSequenceMax) return AppendRefusal::kTooSmall;
      id = {asked.id.ms, asked.id.ms == last.ms ? last.seq + 1 : 0};
      return AppendRefusal::kNone;
    case AppendId::Kind::kExplicit:
      if (asked.id <= last) return AppendRefusal::kTooSmall;
      id = asked.id;
      return AppendRefusal::kNone;
  }
  return AppendRefusal::kTooSmall;
}

LEAT_FLATTEN bool plan_new_block(const Stream& stream, uint64_t payload_bytes,
                                 const NodeLimits& limits) {
  const Block* const tail = stream.tail();
  if (tail == nullptr || tail->bytes_used() >= kNodeBytesMax) return true;
  const uint64_t bytes_max =
      limits.bytes == 0 ? kNodeBytesMax : std::min(limits.bytes, kNodeBytesMax);
  if (tail->node().bytes() + payload_bytes >= bytes_max) return true;
  return limits.entries != 0 && tail->live() + tail->deleted() >= limits.entries;
}

TrimPlan plan_trim(const Stream& stream, const Trim& trim) {
  if (trim.references == References::kAcknowledged) return plan_acked_trim(stream, trim);
  TrimWalk walk(trim, stream.length());
  for (auto extent = stream.extents().begin(); extent != stream.extents().end(); ++extent) {
    if (walk.done()) break;
    if (walk.take(extent->second.live(), extent->second.last_id())) continue;
    if (const Fence* const fence = extent->second.fence()) {
      // What can be told without opening it.
      if (trim.by == Trim::By::kId && fence->first_live >= trim.first_kept) break;
      const auto known = stream.known_first_block(extent);
      if (trim.approximate && known && !TrimWalk(walk).take(known->live, known->last_id)) break;
    }
    stream.visit_blocks(extent, [&walk](const Block& block) {
      if (walk.done()) return false;
      if (walk.take(block.live(), block.last_id())) return true;
      walk.take_part(block);
      return false;
    });
    break;
  }
  return walk.plan();
}

int64_t estimate_entries_read(const Stream& stream, StreamId id) {
  const auto added = static_cast<int64_t>(stream.entries_added());
  if (added == 0) return 0;
  if (stream.length() == 0 && id <= stream.last_id()) return added;
  if (id != StreamId::min() && id < stream.max_deleted()) return kEntriesReadUnknown;
  if (id == stream.last_id()) return added;
  if (id > stream.last_id()) return kEntriesReadUnknown;
  if (stream.max_deleted() == StreamId::min() || stream.max_deleted() < stream.first_id()) {
    const int64_t before_first = added - static_cast<int64_t>(stream.length());
    if (id < stream.first_id()) return before_first;
    if (id == stream.first_id()) return before_first + 1;
  }
  return kEntriesReadUnknown;
}

void EntriesRead::deliver(StreamId id) {
  const bool tombstone_ahead = stream_.length() != 0 && stream_.max_deleted() != StreamId::min() &&
                               last_ <= stream_.max_deleted();
  if (count_ != kEntriesReadUnknown && last_ >= stream_.first_id() && !tombstone_ahead) {
    count_ = std::min(count_, kEntriesCountedMax - 1) + 1;
  } else if (stream_.entries_added() != 0) {
    count_ = estimate_entries_read(stream_, id);
  }
  last_ = id;
}

}  // namespace leat
