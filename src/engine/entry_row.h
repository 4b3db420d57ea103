// EntryRow: the entries of a row of extents, for whoever walks them: a stream's, or those that it has lost.
//
// Errors     where an entry can't be had because its frame is not open, or can't be read, walks end; FrameCache::trouble()
//            tells.
// Cost       O(log extents) to find an extent, O(entries of a block, at most stream-node-max-entries) in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <absl/container/btree_map.h>

#include "engine/block.h"
#include "engine/extent.h"
#include "engine/frame_cache.h"
#include "model/stream_id.h"

namespace leat {

struct StreamShare;

// By the id of the first entry ever appended to it.
using Extents = absl::btree_map<StreamId, Extent>;

// How far a walk will go at most: what a command may have to wait for at once.
struct Reach {
  StreamId end = StreamId::max();  // Its last id in the direction of the walk.
  uint64_t count = 0;              // Entries; 0: all.
  uint64_t bytes = UINT64_MAX;     // Of entries in wire form, about.
};

// A view; lives as long as what it looks at, and until that changes.
class EntryRow {
 public:
  // Null: there are no frames.
  EntryRow(const Extents& extents, StreamShare* share) : extents_(&extents), share_(share) {}

  // Walks live entries upwards; an entry is lent until the walk moves on or the extents change.
  class Cursor {
   public:
    [[nodiscard]] bool done() const { return block_ == nullptr; }
    [[nodiscard]] const EntryView& entry() const { return cursor_.entry(); }
    void advance() {
      ++passed_;
      cursor_.advance();
      settle();
    }

   private:
    friend class EntryRow;
    Cursor(const EntryRow& row, StreamId from, const Reach& reach);
    // Stands at the first entry of the extent with an id >= `from`.
    void enter(StreamId from);
    void settle();

    const Extents* extents_;
    StreamShare* share_;
    Extents::const_iterator extent_;
    const Block* block_ = nullptr;
    Block::Cursor cursor_;
    FrameCache::Pin frame_;  // Of the extent; empty: it is hot.
    size_t next_ = 0;        // The frame's block behind block_.
    uint64_t passed_ = 0;
    Reach reach_;
  };
  // At the first live entry with an id >= `from`.
  [[nodiscard]] Cursor seek(StreamId from, const Reach& reach) const {
    return Cursor(*this, from, reach);
  }
  // Calls visit(const EntryView&) for live entries with ids from `from` down to `reach.end`, until it returns false.
  template <typename Visit>
  void visit_backwards(StreamId from, const Reach& reach, Visit&& visit) const;

  // Opens the frames that a walk upwards would need. What is missing is noted, so that one wait gets all of it.
  void foresee(StreamId from, const Reach& reach) const;
  [[nodiscard]] FrameCache::Pin open(Extents::const_iterator sealed) const;

 private:
  // Notes the frames of a walk from `extent` on, the first of which is missing; it would begin at `from` there, and
  // `seen` entries have been.
  void foresee_up(Extents::const_iterator extent, StreamId from, const Reach& reach,
                  uint64_t seen) const;
  void foresee_down(Extents::const_iterator extent, StreamId from, const Reach& reach,
                    uint64_t seen) const;
  template <typename Visit>
  static bool visit_block_backwards(const Block& block, StreamId from, StreamId to,
                                    std::vector<EntryView>& entries, Visit&& visit);

  const Extents* extents_;
  StreamShare* share_;
};

// The offsets of a block's entries are known only forwards, so each block is walked once into a small list.
template <typename Visit>
bool EntryRow::visit_block_backwards(const Block& block, StreamId from, StreamId to,
                                     std::vector<EntryView>& entries, Visit&& visit) {
  entries.clear();
  if (block.first_id() > from) return true;
  if (block.last_id() < to) return false;
  for (auto cursor = block.begin(); !cursor.done(); cursor.advance()) {
    const StreamId id = cursor.entry().id;
    if (cursor.live() && id >= to && id <= from) entries.push_back(cursor.entry());
  }
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (!visit(*entry)) return false;
  }
  return true;
}

template <typename Visit>
void EntryRow::visit_backwards(StreamId from, const Reach& reach, Visit&& visit) const {
  std::vector<EntryView> entries;
  uint64_t seen = 0;
  for (auto extent = extents_->upper_bound(from); extent != extents_->begin();) {
    --extent;
    if (extent->second.last_id() < reach.end) return;
    if (const Block* const block = extent->second.block()) {
      if (!visit_block_backwards(*block, from, reach.end, entries, visit)) return;
      seen += entries.size();
      continue;
    }
    if (from < extent->second.fence()->first_live) continue;
    const FrameCache::Pin frame = open(extent);
    if (!frame) return foresee_down(extent, from, reach, seen);
    const auto& blocks = frame.blocks();
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      if (!visit_block_backwards(**block, from, reach.end, entries, visit)) return;
      seen += entries.size();
    }
  }
}

}  // namespace leat
