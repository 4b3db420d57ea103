#include "engine/reference_plan.h"

#include <algorithm>
#include <vector>

namespace leat {
namespace {

// Needed: what the groups of a stream need of its entries, asked upwards.
class Needed {
 public:
  explicit Needed(const Stream& stream) {
    for (const auto& [name, group] : stream.groups().by_name()) {
      reach_ = std::min(reach_, group->last_delivered);
      if (group->pending.size() != 0)
        pending_.push_back({&group->pending, group->pending.cursor_from(stream.first_id())});
    }
  }

  // All that stands behind it is needed.
  [[nodiscard]] StreamId reach() const { return reach_; }
  // Nothing from `first` to `last` is needed. Requires that `first` is not less than what was asked before.
  [[nodiscard]] bool nothing(StreamId first, StreamId last) {
    return last <= reach_ && std::all_of(pending_.begin(), pending_.end(), [&](Held& held) {
             return !held.move_to(first) || held.at.entry().id > last;
           });
  }

 private:
  struct Held {
    const PendingEntries* entries;
    PendingEntries::Cursor at;

    // False when nothing is pending from there on.
    bool move_to(StreamId id) {
      if (at.valid() && at.entry().id < id) at.advance();
      if (at.valid() && at.entry().id < id) at = entries->cursor_from(id);
      return at.valid();
    }
  };

  StreamId reach_ = StreamId::max();
  std::vector<Held> pending_;
};

// AckedTrim: walks from the head, and takes what `trim` drops and nobody needs.
class AckedTrim {
 public:
  AckedTrim(const Stream& stream, const Trim& trim)
      : stream_(stream), trim_(trim), left_(stream.length()), needed_(stream) {}

  [[nodiscard]] TrimPlan plan() {
    const auto& extents = stream_.extents();
    for (auto extent = extents.begin(); extent != extents.end() && !ended_; ++extent) {
      const Fence* const fence = extent->second.fence();
      const StreamId first = fence != nullptr ? fence->first_live : extent->first;
      if (done(first)) break;
      if (take_whole(extent->second, first)) continue;
      bool opened = false;
      stream_.visit_blocks(extent, [this, &opened](const Block& block) {
        opened = true;
        take_of(block);
        return !ended_;
      });
      // The plan is made again once the frame is there. What else it will need is told best as if all of this went.
      if (!opened) left_ -= std::min<uint64_t>(left_, extent->second.live());
    }
    return std::move(plan_);
  }

 private:
  // Nothing from `id` on goes.
  [[nodiscard]] bool done(StreamId id) const {
    if (id > needed_.reach()) return true;
    return trim_.by == Trim::By::kLength ? left_ <= trim_.length : id >= trim_.first_kept;
  }
  [[nodiscard]] bool exceeds(uint64_t live) const {
    return trim_.limit != 0 && plan_.count + live > trim_.limit;
  }
  bool take_whole(const Extent& extent, StreamId first) {
    const uint64_t live = extent.live();
    const bool whole = trim_.by == Trim::By::kLength ? left_ - std::min(left_, live) >= trim_.length
                                                     : extent.last_id() < trim_.first_kept;
    if (!whole || exceeds(live) || !needed_.nothing(first, extent.last_id())) return false;
    take(first, extent.last_id(), live);
    return true;
  }
  void take_of(const Block& block) {
    ended_ = exceeds(block.live());
    for (auto cursor = block.begin(); !cursor.done() && !ended_; cursor.advance()) {
      if (!cursor.live()) continue;
      const StreamId id = cursor.entry().id;
      ended_ = done(id);
      if (ended_) return;
      if (needed_.nothing(id, id)) {
        take(id, id, 1);
      } else {
        kept_ = true;
        open_ = false;
      }
    }
  }
  void take(StreamId first, StreamId last, uint64_t live) {
    plan_.count += live;
    left_ -= std::min(left_, live);
    if (!kept_) {
      plan_.last_dropped = last;
    } else if (open_) {
      plan_.ranges.back().second = last;
    } else {
      plan_.ranges.emplace_back(first, last);
      open_ = true;
    }
  }

  const Stream& stream_;
  const Trim& trim_;
  uint64_t left_;
  Needed needed_;
  TrimPlan plan_;
  bool ended_ = false;
  bool kept_ = false;  // Something before stays.
  bool open_ = false;  // What goes next belongs to the last range.
};

}  // namespace

bool is_referenced(const Stream& stream, StreamId id, const Group* but) {
  for (const auto& [name, group] : stream.groups().by_name()) {
    if (group->last_delivered < id) return true;
    if (group.get() != but && group->pending.find(id)) return true;
  }
  return false;
}

TrimPlan plan_acked_trim(const Stream& stream, const Trim& trim) {
  return AckedTrim(stream, trim).plan();
}

}  // namespace leat
