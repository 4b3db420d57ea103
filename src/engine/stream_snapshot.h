// StreamSnapshot: entries of a stream as they were at one moment, read bit by bit while the stream goes on
// (docs/adr/0017-large-replies-in-pieces.md).
//
// Nothing is copied until something changes. A stream tells its snapshots before it changes what they have still to read;
// then *holds* keep it: ranges of ids in which extents that were put aside say what there was, and not the stream.
//
//   left     [ first .............................................. last ]
//   holds          [ h1 ]      [   h2   ]                  [ h3 ......... ]
//   read in  stream  h1  stream    h2       stream            h3
//
// Invariant  holds do not overlap, as the older of two is right. What is appended lies beyond `last`, or in a hold.
//            Once the stream is gone there are holds everywhere.
// Cost       reading: O(log extents) a call beside the entries. A change: O(snapshots of the stream), and a copy of a hot
//            block at most, when one of them needs it.
#pragma once

#include <cstddef>
#include <cstdint>

#include <absl/container/btree_map.h>

#include "engine/dropped_extents.h"
#include "engine/entry_row.h"
#include "engine/stream.h"
#include "model/stream_id.h"

namespace leat {

class StreamSnapshot {
 public:
  enum class Order : uint8_t { kUp, kDown };

  // Of the entries from `first` to `last` that are there now. The stream may go before it. `held_total` counts what is
  // held for several of them; null: nobody asks.
  StreamSnapshot(const Stream& stream, StreamId first, StreamId last, Order order,
                 size_t* held_total = nullptr);
  ~StreamSnapshot();
  StreamSnapshot(const StreamSnapshot&) = delete;
  StreamSnapshot& operator=(const StreamSnapshot&) = delete;

  // All entries have been visited.
  [[nodiscard]] bool done() const { return done_; }
  // Calls visit(const EntryView&) for the entries that are left, in its order, until it returns false. An entry is lent for
  // the call. It ends as well where a frame is not open or can't be read, which FrameCache::trouble() tells; the next
  // call goes on there. Frames are asked for with regard to `bytes` of entries.
  template <typename Visit>
  void visit(uint64_t bytes, Visit&& visit) {
    bool more = true;
    while (more && !done_) {
      const Source source = next_source();
      more =
          order_ == Order::kUp ? visit_up(source, bytes, visit) : visit_down(source, bytes, visit);
    }
  }
  // Bytes of what is kept for it, about; what is shared with others counts in full.
  [[nodiscard]] size_t held_bytes() const { return held_bytes_; }

 private:
  friend class Stream;

  struct Hold {
    StreamId last;
    DroppedExtents extents;
    size_t bytes = 0;
  };
  // Who says what there is from `first` to `last`.
  struct Source {
    EntryRow row;
    StreamId first;
    StreamId last;
  };

  // ---- What the stream tells, before it changes; `first` and `last` are ids.

  // Something there is still to be read in it.
  [[nodiscard]] bool needs(StreamId first, StreamId last) const;
  // What is not held there yet is what `extents` say.
  void hold(StreamId first, StreamId last, DroppedExtents& extents);

  // Requires !done().
  [[nodiscard]] Source next_source() const;
  template <typename Visit>
  bool visit_up(const Source& source, uint64_t bytes, Visit&& visit);
  template <typename Visit>
  bool visit_down(const Source& source, uint64_t bytes, Visit&& visit);
  [[nodiscard]] bool in_trouble() const;
  // Everything up to `id`, in its order, has been visited.
  void pass(StreamId id);
  void let_go(absl::btree_map<StreamId, Hold>::iterator hold);
  void charge(size_t bytes) {
    held_bytes_ += bytes;
    if (held_total_ != nullptr) *held_total_ += bytes;
  }
  void unlink();

  const Stream* stream_;  // Null: it is gone.
  StreamShare* share_;
  // Of the same stream, which may have very many of one reply: each leaves the list at no cost.
  StreamSnapshot* next_ = nullptr;
  StreamSnapshot* previous_ = nullptr;
  StreamId first_;
  StreamId last_;
  Order order_;
  bool done_ = false;
  absl::btree_map<StreamId, Hold> holds_;  // By their first ids.
  size_t held_bytes_ = 0;                  // The sum over them.
  size_t* held_total_;
};

template <typename Visit>
bool StreamSnapshot::visit_up(const Source& source, uint64_t bytes, Visit&& visit) {
  StreamId passed;
  bool some = false;
  bool more = true;
  auto cursor = source.row.seek(source.first, {.end = source.last, .bytes = bytes});
  while (!cursor.done() && cursor.entry().id <= source.last) {
    passed = cursor.entry().id;
    some = true;
    more = visit(cursor.entry());
    if (!more) break;
    cursor.advance();
  }
  if (more && !in_trouble()) {
    pass(source.last);
    return true;
  }
  if (some) pass(passed);
  return false;
}

template <typename Visit>
bool StreamSnapshot::visit_down(const Source& source, uint64_t bytes, Visit&& visit) {
  StreamId passed;
  bool some = false;
  bool more = true;
  source.row.visit_backwards(source.last, {.end = source.first, .bytes = bytes},
                             [&](const EntryView& entry) {
                               passed = entry.id;
                               some = true;
                               more = visit(entry);
                               return more;
                             });
  if (more && !in_trouble()) {
    pass(source.first);
    return true;
  }
  if (some) pass(passed);
  return false;
}

}  // namespace leat
