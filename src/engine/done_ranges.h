// DoneRanges: which points of an ordered space (hashes, offsets, ids) a checkpoint has done with.
//
// Invariants ranges are closed, disjoint, and no two touch: what grows together becomes one.
// Cost       O(log ranges); O(1) where the last question or change was.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include <absl/container/btree_map.h>

#include "base/check.h"
#include "model/stream_id.h"

namespace leat {

// The ends of a space, and the steps in it.
template <typename Point>
struct PointSpace;

template <>
struct PointSpace<uint64_t> {
  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return std::numeric_limits<uint64_t>::max(); }
  static constexpr uint64_t next(uint64_t at) { return at + 1; }
  static constexpr uint64_t previous(uint64_t at) { return at - 1; }
};
template <>
struct PointSpace<StreamId> {
  static constexpr StreamId min() { return StreamId::min(); }
  static constexpr StreamId max() { return StreamId::max(); }
  static constexpr StreamId next(StreamId at) { return at.next(); }
  static constexpr StreamId previous(StreamId at) { return at.previous(); }
};

template <typename Point>
class DoneRanges {
 public:
  using Space = PointSpace<Point>;

  [[nodiscard]] bool contains(Point at) const {
    if (recent_first_ <= at && at <= recent_last_) [[likely]]
      return true;
    const auto range = range_of(at);
    if (range == ranges_.end()) return false;
    recent_first_ = range->first;
    recent_last_ = range->second;
    return true;
  }
  [[nodiscard]] bool contains(Point first, Point last) const {
    return contains(first) && last <= recent_last_;
  }
  // The first point from `at` on that is not done.
  [[nodiscard]] std::optional<Point> gap_from(Point at) const {
    const auto range = range_of(at);
    if (range == ranges_.end()) return at;
    if (range->second == Space::max()) return std::nullopt;
    return Space::next(range->second);
  }
  // The last point of the gap in which `at`, which is not done, stands.
  [[nodiscard]] Point gap_end(Point at) const {
    const auto behind = ranges_.upper_bound(at);
    return behind == ranges_.end() ? Space::max() : Space::previous(behind->first);
  }
  [[nodiscard]] size_t size() const { return ranges_.size(); }

  // Adds the points from `first` to `last`, some of which may be done.
  void add(Point first, Point last) {
    LEAT_CHECK(first <= last);
    auto behind = ranges_.upper_bound(first);
    if (behind != ranges_.begin()) {
      const auto before = std::prev(behind);
      if (before->second >= first || Space::next(before->second) == first) {
        first = before->first;
        last = std::max(last, before->second);
        behind = ranges_.erase(before);
      }
    }
    while (behind != ranges_.end() &&
           (behind->first <= last || Space::previous(behind->first) == last)) {
      last = std::max(last, behind->second);
      behind = ranges_.erase(behind);
    }
    ranges_.emplace_hint(behind, first, last);
    recent_first_ = first;
    recent_last_ = last;
  }

  // Adds all points up to `last`.
  //   returns  what was done before of these, and everything behind `last`.
  DoneRanges split(Point last) {
    DoneRanges before;
    while (!ranges_.empty() && ranges_.begin()->first <= last) {
      const auto [first, end] = *ranges_.begin();
      before.add(first, end);
      ranges_.erase(ranges_.begin());
      if (end > last) add(Space::next(last), end);
    }
    if (last != Space::max()) before.add(Space::next(last), Space::max());
    add(Space::min(), last);
    return before;
  }

 private:
  using Ranges = absl::btree_map<Point, Point>;  // First to last.

  [[nodiscard]] typename Ranges::const_iterator range_of(Point at) const {
    auto range = ranges_.upper_bound(at);
    if (range == ranges_.begin()) return ranges_.end();
    --range;
    return range->second < at ? ranges_.end() : range;
  }

  Ranges ranges_;
  // A range that is done, though perhaps not the whole of it: mostly the next question is about it, too.
  mutable Point recent_first_ = Space::max();
  mutable Point recent_last_ = Space::min();
};

}  // namespace leat
