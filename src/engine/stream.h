// Stream: the entries of one stream, its counters and its groups.
//
// Its entries are a row of extents in id order: hot blocks, and sealed frames of which memory has the fence. Nothing
// but the cost shows which is which: frames are opened as they are needed, and one that something is
// changed in becomes hot blocks again.
//
// Invariants  ids increase strictly; last_id() never goes down but by set_id(); length() is the number
//             of live entries, bytes() that of their wire forms; a block without live entries is freed, the
//             last one too.
// Size        96 bytes, and those of StreamExtras once it has any.
// Errors      where an entry can't be had because its frame is not open, or can't be read, walks end and look-ups
//             find nothing; FrameCache::trouble() tells.
// Cost        O(log extents) to find an extent, O(entries of a block, at most stream-node-max-entries) in it.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "engine/block.h"
#include "engine/dropped_extents.h"
#include "engine/entry_row.h"
#include "engine/extent.h"
#include "engine/frame_cache.h"
#include "engine/group.h"
#include "engine/idempotency.h"
#include "engine/seal_queue.h"
#include "engine/stream_extras.h"
#include "model/ids.h"
#include "model/retention.h"
#include "model/stream_id.h"

namespace leat {

struct StreamShare;
class StreamSnapshot;

class Stream {
 public:
  using Extents = leat::Extents;
  using Reach = leat::Reach;
  using Cursor = EntryRow::Cursor;

  // Borrows what it shares with other streams; without it nothing is ever sealed.
  explicit Stream(StreamShare* share = nullptr) : share_(share) {}
  Stream(Stream&&) = delete;
  Stream& operator=(Stream&&) = delete;
  ~Stream();

  // A deep copy: entries, groups, pending entries. Frames are shared.
  [[nodiscard]] std::unique_ptr<Stream> clone() const;

  [[nodiscard]] uint64_t length() const { return length_; }
  // Of fields and values of the live entries, in wire form.
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  [[nodiscard]] uint64_t entries_added() const { return entries_added_; }
  [[nodiscard]] StreamId last_id() const { return last_id_; }
  // The greatest id that XDEL has removed; trimming does not count. 0-0: none.
  [[nodiscard]] StreamId max_deleted() const { return extras().max_deleted; }
  // The id of the first live entry; 0-0 when empty.
  [[nodiscard]] StreamId first_id() const { return first_id_; }
  [[nodiscard]] const Extents& extents() const { return extents_; }
  // Blocks, those of frames included.
  [[nodiscard]] uint64_t blocks() const {
    return extents_.size() - extras().frames + extras().frame_blocks;
  }
  // Some of its entries are sealed.
  [[nodiscard]] bool sealed() const { return frames() != 0; }
  [[nodiscard]] uint64_t frames() const { return extras().frames; }
  // The block that takes the next append unless it is full; null when there is none. May open a frame.
  [[nodiscard]] const Block* tail() const {
    const Block* const hot = hot_tail();
    return hot != nullptr ? hot : sealed_tail();
  }
  // The live entry `id`; lent until the stream changes or another frame is opened.
  [[nodiscard]] std::optional<EntryView> find(StreamId id) const;
  [[nodiscard]] std::optional<EntryView> last_entry() const;
  // There is a live entry with an id > `id`.
  [[nodiscard]] bool has_after(StreamId id) const;
  // Live entries with an id > `id`. O(extents) from the nearer end; opens at most the frame that `id` lies in.
  [[nodiscard]] uint64_t count_after(StreamId id) const;
  // Live entries from `first` to `last`; with `most` other than 0 no more than that many are counted, from the end of
  // the range that `upwards` says. O(extents) from the nearer end, or of what is counted; opens at most the frames
  // that the range begins and ends in.
  [[nodiscard]] uint64_t count_between(StreamId first, StreamId last, uint64_t most,
                                       bool upwards) const;
  // How many of the live entries from `first` on, `most` (0: all) of them or fewer, one may take so that it is no more
  // than about `bytes` in wire form: at least 1, or 0 for all. O(extents looked at); opens nothing, so of the extent
  // that `first` lies in it knows the average only.
  [[nodiscard]] uint64_t count_within(StreamId first, uint64_t most, uint64_t bytes) const;
  // Bytes that it holds, about: extrapolated from `samples` of its blocks and of its groups. O(samples).
  [[nodiscard]] size_t memory(size_t samples = ~size_t{0}) const;

  // Opens the frames that a walk upwards would need. What is missing is noted, so that one wait gets all of it.
  void foresee(StreamId from, const Reach& reach) const { row().foresee(from, reach); }
  // Its entries, to be walked.
  [[nodiscard]] EntryRow row() const { return {extents_, share_}; }
  // At the first live entry with an id >= `from`.
  [[nodiscard]] Cursor seek(StreamId from) const { return seek(from, Reach()); }
  [[nodiscard]] Cursor seek(StreamId from, const Reach& reach) const {
    return row().seek(from, reach);
  }

  // The stream remembers the first block of the frame it was trimmed in last: whether a trim drops it is asked with each
  // XADD, and must not need the frame each time.
  using FirstBlock = StreamExtras::FirstBlock;
  [[nodiscard]] std::optional<FirstBlock> known_first_block(Extents::const_iterator sealed) const {
    const FirstBlock* const known = extras().first_block.get();
    if (known == nullptr || known->frame != sealed->first) return std::nullopt;
    return *known;
  }
  // Calls visit(const Block&) for each block of the extent until it returns false.
  template <typename Visit>
  void visit_blocks(Extents::const_iterator extent, Visit&& visit) const {
    if (const Block* const block = extent->second.block()) {
      visit(*block);
    } else if (const FrameCache::Pin frame = open(extent)) {
      note_first_block(*frame.blocks().front());
      for (const auto& part : frame.blocks()) {
        if (!visit(*part)) return;
      }
    }
  }
  // Calls visit(const EntryView&) for live entries with ids from `from` down to `reach.end`, until it returns false.
  template <typename Visit>
  void visit_backwards(StreamId from, const Reach& reach, Visit&& visit) const {
    row().visit_backwards(from, reach, visit);
  }

  [[nodiscard]] const Groups& groups() const { return extras().groups; }
  [[nodiscard]] Groups& mutable_groups() {
    forget_unacked();
    return make_extras().groups;
  }

  [[nodiscard]] const Retention& retention() const { return extras().retention; }
  // Every entry before this id, every group has been given and has acknowledged; one that stands at it is pending in
  // a group, or was not given to it. The greatest id without groups.
  // Whether a pending entry in a frame that can't be had is still there is not known; it then counts as if it were.
  // O(groups) after a group has changed or an entry was deleted, else O(1); more when many entries were deleted
  // while they were pending.
  [[nodiscard]] StreamId unacked_from() const;
  // The same once the entries up to `trimmed` have gone. O(groups), and more as above.
  [[nodiscard]] StreamId unacked_from(StreamId trimmed) const;

  // What it remembers of idempotent producers; null: nothing, within the default limits.
  [[nodiscard]] const Idempotency* idempotency() const { return extras().idempotency.get(); }
  [[nodiscard]] Idempotency& mutable_idempotency() {
    auto& idempotency = make_extras().idempotency;
    if (idempotency == nullptr) idempotency = std::make_unique<Idempotency>();
    return *idempotency;
  }
  // It is as that of a new stream from now on.
  [[nodiscard]] std::unique_ptr<Idempotency> take_idempotency() {
    return extras_ == nullptr ? nullptr : std::move(extras_->idempotency);
  }

  // When Keyspace looks at the age of what is in the stream next; 0: not at all.
  [[nodiscard]] WallMs age_check() const { return extras().age_check; }

  // Changes; only apply() calls them.

  // Requires id > last_id().
  //   returns  false, and nothing has changed, when `wire` is not `elements` bulk strings.
  [[nodiscard]] bool append(StreamId id, uint32_t elements, Bytes wire, bool new_block);
  // Moves `group`, which is or becomes one of groups(), behind `last_delivered` and counts what it then has
  // had. O(extents) from the nearer end.
  //   returns  false, and nothing has changed, when a frame that must be counted can't be read.
  [[nodiscard]] bool place(Group& group, StreamId last_delivered);
  // False, and nothing has changed, when there is no such entry or its frame can't be read.
  bool erase(StreamId id);
  // Drops every entry up to and including `last`; returns how many. Extents that end there are moved to `dropped`,
  // which is empty: freeing many takes long. O(extents dropped or kept, whichever are fewer, + groups).
  //   returns  none, and nothing has changed, when the frame that `last` lies in can't be read.
  std::optional<uint64_t> trim(StreamId last, DroppedExtents& dropped);
  std::optional<uint64_t> trim(StreamId last);
  // Drops every entry from `first` to `last`; returns how many. O(extents in the range + entries of those that go in
  // part + groups x extents).
  //   returns  none when a frame that goes in part can't be read. What stood before it in the range has gone.
  std::optional<uint64_t> trim_range(StreamId first, StreamId last);
  // False, and nothing has changed, when a live entry stands beyond `last_id`.
  [[nodiscard]] bool set_id(StreamId last_id, uint64_t entries_added, StreamId max_deleted);
  // Frees up to `count` extents, pending entries by leaves, consumers and iids, after which nothing but freeing may follow;
  // less: nothing is left.
  size_t free_some(size_t count);

  // For checkpoints: what there is to a stream beside its blocks and groups.
  struct Counters {
    uint64_t length = 0;
    uint64_t entries_added = 0;
    StreamId last_id;
    StreamId max_deleted;
    StreamId groups_reach;
    Retention retention;
  };
  // No group stands beyond both this and last_id().
  [[nodiscard]] StreamId groups_reach() const { return extras().groups_reach; }
  [[nodiscard]] Counters counters() const {
    return {length_, entries_added_, last_id_, max_deleted(), groups_reach(), retention()};
  }
  // The extent in which `id` stands or would stand; end() when it lies before all of them.
  [[nodiscard]] Extents::const_iterator extent_at(StreamId id) const;
  // Puts a block or a frame, to which it then refers, into a stream that is being loaded, in any order; false when it
  // overlaps another.
  [[nodiscard]] bool restore(std::unique_ptr<Block> block);
  [[nodiscard]] bool restore(StreamId first, const Fence& fence);
  // Ends the loading; false when the extents are not those of a stream with these counters.
  [[nodiscard]] bool restore(const Counters& counters);
  void configure(const Retention& policy) {
    if (policy != retention()) make_extras().retention = policy;
  }
  // Only Keyspace calls it, which has an index of these times. Volatile.
  void set_age_check(WallMs at) {
    if (at != age_check()) make_extras().age_check = at;
  }

  // ---- Sealing. Nothing of it shows; SealQueue calls it.

  struct Run {
    size_t bytes = 0;
    BlockImages images;
  };
  // Images of the blocks that are to be sealed next, which are marked with `token`; none when there are none.
  [[nodiscard]] std::optional<Run> begin_seal(uint32_t token);
  // Puts the fence of the frame at `ref` in the place of the blocks that are marked with `token`.
  //   returns  false, and they are hot as before, when one of them has changed, or without `ref`.
  [[nodiscard]] bool end_seal(uint32_t token, StreamId first, uint32_t blocks, const FrameRef* ref);
  // The frame named `first`, if it is still the one at `from`, is from now on the equal one at `to`.
  void move_frame(StreamId first, const FrameRef& from, const FrameRef& to);

 private:
  friend class StreamSnapshot;

  // ---- Before a change, where there are snapshots; what of them still needs what is changed gets it.

  // Entries of the extent between `first` and `last` go.
  void keep_for_snapshots(Extents::const_iterator extent, StreamId first, StreamId last) const;
  // Every entry up to `last` has gone; `dropped` are the extents that went whole.
  void keep_for_snapshots(StreamId last, DroppedExtents& dropped) const;
  // What is appended from now on may have an id that has been there before, beyond `last`.
  void end_for_snapshots(StreamId last) const;
  // The stream is about to be freed: what they need are its extents.
  void leave_to_snapshots();

  // The extent whose ids include `id`; end() when there is none.
  [[nodiscard]] Extents::iterator extent_of(StreamId id);
  [[nodiscard]] Extents::const_iterator extent_of(StreamId id) const {
    return const_cast<Stream*>(this)->extent_of(id);
  }
  // What unacked_from() is of the entries from `first` on; false in `known` when frames could not be had.
  [[nodiscard]] StreamId find_unacked(StreamId first, bool& known) const;
  // There is a live entry `id`; none when its frame can't be had.
  [[nodiscard]] std::optional<bool> has(StreamId id) const;
  [[nodiscard]] FrameCache::Pin open(Extents::const_iterator sealed) const {
    return row().open(sealed);
  }
  [[nodiscard]] bool has_snapshots() const { return extras().snapshots != nullptr; }
  // The last extent, if it is hot. It is never sealed: more may be appended to it.
  [[nodiscard]] Block* hot_tail() const {
    if (extents_.empty()) return nullptr;
    auto last = extents_.end();
    --last;
    return last->second.block();
  }
  [[nodiscard]] const Block* sealed_tail() const;
  void note_first_block(const Block& block) const;
  // Live entries of the extent with an id > `id`; none when its frame can't be had.
  [[nodiscard]] std::optional<uint64_t> count_in(Extents::const_iterator extent, StreamId id) const;
  // The same from `first` to `last`.
  [[nodiscard]] std::optional<uint64_t> count_in(Extents::const_iterator extent, StreamId first,
                                                 StreamId last) const;
  [[nodiscard]] std::optional<uint64_t> counted_after(StreamId id) const;
  // Makes the frame's blocks hot; false, and nothing has changed, when it can't be read.
  [[nodiscard]] bool thaw(Extents::iterator sealed);
  // The block that is appended to, which is hot from now on; null when its frame can't be read. There is one.
  [[nodiscard]] Block* thawed_tail() {
    Block* const tail = hot_tail();
    if (tail != nullptr) [[likely]]
      return tail;
    return thaw(std::prev(extents_.end())) ? hot_tail() : nullptr;
  }
  // Takes the entry out; false, and nothing has changed, when there is none or its frame can't be read.
  bool remove(StreamId id);
  // All of the extent named `from` that is live stands between `first` and `last`, and every group before or behind it.
  [[nodiscard]] bool goes_whole(const Extent& extent, StreamId from, StreamId first,
                                StreamId last) const;
  // Drops the extent, and returns the next one.
  Extents::iterator trim_whole(Extents::iterator extent);
  // Removes what of the extent stands between `first` and `last`; false when its frame can't be read.
  bool trim_part(Extents::iterator extent, StreamId first, StreamId last);
  // Moves the extents before `kept` to `dropped`; returns how many live entries are in them.
  uint64_t take_before(Extents::iterator kept, Extents& dropped);
  // Puts an extent into a stream that is being loaded; false when it overlaps another.
  [[nodiscard]] bool insert(StreamId first, Extent extent);
  // It is not sealed any more.
  void retire();
  // Drops the extent and returns the next one. What becomes the last one can't be sealed any more.
  Extents::iterator drop(Extents::iterator extent);
  void settle_first_id();
  void count_behind_groups(StreamId id);
  // Full blocks, which could be sealed, take that much from now on.
  void set_full_bytes(size_t bytes);
  // From `at` on until there is a frame's worth, or a block that can't be sealed.
  Run gather(Extents::iterator at, uint32_t token);
  [[nodiscard]] bool sealable(const Extent& extent) const;

  // Those of a stream that has none are as in a new StreamExtras.
  [[nodiscard]] const StreamExtras& extras() const {
    return extras_ == nullptr ? kNoExtras : *extras_;
  }
  StreamExtras& make_extras() const {
    if (extras_ == nullptr) extras_ = std::make_unique<StreamExtras>();
    return *extras_;
  }
  void set_max_deleted(StreamId id) {
    if (id != max_deleted()) make_extras().max_deleted = id;
  }
  void set_groups_reach(StreamId id) {
    if (id != groups_reach()) make_extras().groups_reach = id;
  }
  // A frame has come.
  void count_frame(const Fence& fence) {
    ++make_extras().frames;
    extras_->frame_blocks += fence.blocks;
  }
  void set_frames(uint64_t frames, uint64_t blocks) {
    if (frames == extras().frames) return;
    extras_->frames = frames;
    extras_->frame_blocks = blocks;
  }
  void forget_unacked() {
    if (extras_ != nullptr) extras_->unacked_from.reset();
  }
  static const StreamExtras kNoExtras;

  Extents extents_;
  StreamShare* share_;
  mutable std::unique_ptr<StreamExtras> extras_;  // Null: none of it is needed.
  uint64_t length_ = 0;
  uint64_t bytes_ = 0;
  uint64_t entries_added_ = 0;
  StreamId last_id_;
  StreamId first_id_;
};
static_assert(sizeof(Stream) == 96, "there are millions of them");

}  // namespace leat
