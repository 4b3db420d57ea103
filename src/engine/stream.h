// Stream: the entries of one stream, its counters and its groups.
//
// Its entries are a row of extents in id order: hot blocks, and sealed frames of which memory has the fence. Nothing
// but the cost shows which is which: frames are opened as they are needed, and one that something is
// changed in becomes hot blocks again.
//
// Invariants  ids increase strictly; last_id() never goes down but by set_id(); length() is the number
//             of live entries, bytes() that of their wire forms; a block without live entries is freed, the
//             last one too.
// Errors      where an entry can't be had because its frame is not open, or can't be read, walks end and look-ups
//             find nothing; FrameCache::trouble() tells.
// Cost        O(log extents) to find an extent, O(entries of a block, at most stream-node-max-entries) in it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/btree_map.h>

#include "base/time.h"
#include "engine/block.h"
#include "engine/extent.h"
#include "engine/frame_cache.h"
#include "engine/group.h"
#include "engine/seal_queue.h"
#include "model/ids.h"
#include "model/retention.h"
#include "model/stream_id.h"

namespace leat {

struct StreamShare;

class Stream {
 public:
  // By the id of the first entry ever appended to it.
  using Extents = absl::btree_map<StreamId, Extent>;

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
  [[nodiscard]] StreamId max_deleted() const { return max_deleted_; }
  // The id of the first live entry; 0-0 when empty.
  [[nodiscard]] StreamId first_id() const { return first_id_; }
  [[nodiscard]] const Extents& extents() const { return extents_; }
  // Blocks, those of frames included.
  [[nodiscard]] uint64_t blocks() const { return blocks_; }
  // Some of its entries are sealed.
  [[nodiscard]] bool sealed() const { return frames_ != 0; }
  [[nodiscard]] uint64_t frames() const { return frames_; }
  // The block that takes the next append unless it is full; null when there is none. May open a frame.
  [[nodiscard]] const Block* tail() const { return tail_ != nullptr ? tail_ : sealed_tail(); }
  // The live entry `id`; lent until the stream changes or another frame is opened.
  [[nodiscard]] std::optional<EntryView> find(StreamId id) const;
  [[nodiscard]] std::optional<EntryView> last_entry() const;
  // There is a live entry with an id > `id`.
  [[nodiscard]] bool has_after(StreamId id) const;
  // Live entries with an id > `id`. O(extents) from the nearer end; opens at most the frame that `id` lies in.
  [[nodiscard]] uint64_t count_after(StreamId id) const;
  // Bytes that it holds, about: extrapolated from `samples` of its blocks and of its groups. O(samples).
  [[nodiscard]] size_t memory(size_t samples = ~size_t{0}) const;

  // How far a walk will go at most: what a command may have to wait for at once.
  struct Reach {
    StreamId end = StreamId::max();  // Its last id in the direction of the walk.
    uint64_t count = 0;              // Entries; 0: all.
  };
  // Opens the frames that a walk upwards would need. What is missing is noted, so that one wait gets all of it.
  void foresee(StreamId from, const Reach& reach) const;

  // Walks live entries upwards; an entry is lent until the walk moves on or the stream changes.
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
    friend class Stream;
    Cursor(const Stream& stream, StreamId from, const Reach& reach);
    // Stands at the first entry of the extent with an id >= `from`.
    void enter(StreamId from);
    void settle();

    const Stream* stream_;
    Extents::const_iterator extent_;
    const Block* block_ = nullptr;
    Block::Cursor cursor_;
    FrameCache::Pin frame_;  // Of the extent; empty: it is hot.
    size_t next_ = 0;        // The frame's block behind block_.
    uint64_t passed_ = 0;
    Reach reach_;
  };
  // At the first live entry with an id >= `from`.
  [[nodiscard]] Cursor seek(StreamId from) const { return seek(from, Reach()); }
  [[nodiscard]] Cursor seek(StreamId from, const Reach& reach) const {
    return Cursor(*this, from, reach);
  }

  // The first block of a frame. The stream remembers that of the frame it was trimmed in last: whether a trim drops
  // it is asked with each XADD, and must not need the frame each time.
  struct FirstBlock {
    StreamId frame;
    StreamId last_id;
    uint32_t live = 0;
  };
  [[nodiscard]] std::optional<FirstBlock> known_first_block(Extents::const_iterator sealed) const {
    if (first_block_ == nullptr || first_block_->frame != sealed->first) return std::nullopt;
    return *first_block_;
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
  void visit_backwards(StreamId from, const Reach& reach, Visit&& visit) const;

  [[nodiscard]] const Groups& groups() const { return groups_; }
  [[nodiscard]] Groups& groups() {
    unacked_from_.reset();
    return groups_;
  }

  [[nodiscard]] const Retention& retention() const { return retention_; }
  // Every entry before this id, every group has been given and has acknowledged; one that stands at it is pending in
  // a group, or was not given to it. The greatest id without groups.
  // Whether a pending entry in a frame that can't be had is still there is not known; it then counts as if it were.
  // O(groups) after a group has changed or an entry was deleted, else O(1); more when many entries were deleted
  // while they were pending.
  [[nodiscard]] StreamId unacked_from() const;
  // The same once the entries up to `trimmed` have gone. O(groups), and more as above.
  [[nodiscard]] StreamId unacked_from(StreamId trimmed) const;
  // When Keyspace looks at the stream's age next; 0: not at all.
  [[nodiscard]] WallMs age_check() const { return age_check_; }

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
  std::optional<uint64_t> trim(StreamId last, Extents& dropped);
  std::optional<uint64_t> trim(StreamId last);
  // False, and nothing has changed, when a live entry stands beyond `last_id`.
  [[nodiscard]] bool set_id(StreamId last_id, uint64_t entries_added, StreamId max_deleted);
  // Frees up to `count` extents, pending entries by leaves and consumers, after which nothing but freeing may follow;
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
  [[nodiscard]] Counters counters() const {
    return {length_, entries_added_, last_id_, max_deleted_, groups_reach_, retention_};
  }
  // The extent in which `id` stands or would stand; end() when it lies before all of them.
  [[nodiscard]] Extents::const_iterator extent_at(StreamId id) const;
  // Puts a block or a frame, to which it then refers, into a stream that is being loaded, in any order; false when it
  // overlaps another.
  [[nodiscard]] bool restore(std::unique_ptr<Block> block);
  [[nodiscard]] bool restore(StreamId first, const Fence& fence);
  // Ends the loading; false when the extents are not those of a stream with these counters.
  [[nodiscard]] bool restore(const Counters& counters);
  void configure(const Retention& policy) { retention_ = policy; }
  // Only Keyspace calls it, which has an index of these times. Volatile.
  void set_age_check(WallMs at) { age_check_ = at; }

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
  // The extent whose ids include `id`; end() when there is none.
  [[nodiscard]] Extents::iterator extent_of(StreamId id);
  [[nodiscard]] Extents::const_iterator extent_of(StreamId id) const {
    return const_cast<Stream*>(this)->extent_of(id);
  }
  // What unacked_from() is of the entries from `first` on; false in `known` when frames could not be had.
  [[nodiscard]] StreamId find_unacked(StreamId first, bool& known) const;
  // There is a live entry `id`; none when its frame can't be had.
  [[nodiscard]] std::optional<bool> has(StreamId id) const;
  [[nodiscard]] FrameCache::Pin open(Extents::const_iterator sealed) const;
  // Notes the frames of a walk from `extent` on, the first of which is missing; it would begin at `from` there, and
  // `seen` entries have been.
  void foresee_up(Extents::const_iterator extent, StreamId from, const Reach& reach,
                  uint64_t seen) const;
  void foresee_down(Extents::const_iterator extent, StreamId from, const Reach& reach,
                    uint64_t seen) const;
  [[nodiscard]] const Block* sealed_tail() const;
  void note_first_block(const Block& block) const;
  // Live entries of the extent with an id > `id`; none when its frame can't be had.
  [[nodiscard]] std::optional<uint64_t> count_in(Extents::const_iterator extent, StreamId id) const;
  [[nodiscard]] std::optional<uint64_t> counted_after(StreamId id) const;
  // Makes the frame's blocks hot; false, and nothing has changed, when it can't be read.
  [[nodiscard]] bool thaw(Extents::iterator sealed);
  // The block that is appended to is hot from now on; false when its frame can't be read.
  bool thaw_tail();
  // Moves the extents before `kept` to `dropped`; returns how many live entries are in them.
  uint64_t take_before(Extents::iterator kept, Extents& dropped);
  // Puts an extent into a stream that is being loaded; false when it overlaps another.
  [[nodiscard]] bool insert(StreamId first, Extent extent);
  // It is not sealed any more.
  void retire();
  // Drops the extent and returns the next one. tail_ is not looked after.
  Extents::iterator drop(Extents::iterator extent);
  // After extents have gone or come: tail_ is the last one if it is hot.
  void settle_tail();
  void settle_first_id();
  void count_behind_groups(StreamId id);
  // Full blocks, which could be sealed, take that much from now on.
  void set_full_bytes(size_t bytes);
  // From `at` on until there is a frame's worth, or a block that can't be sealed.
  Run gather(Extents::iterator at, uint32_t token);
  [[nodiscard]] bool sealable(const Extent& extent) const;
  template <typename Visit>
  static bool visit_block_backwards(const Block& block, StreamId from, StreamId to,
                                    std::vector<EntryView>& entries, Visit&& visit);

  Extents extents_;
  Block* tail_ = nullptr;  // Null: there is none, or it is sealed.
  StreamShare* share_;
  std::unique_ptr<SealQueue::Place> place_;  // Null: it never had enough to seal.
  mutable std::unique_ptr<FirstBlock> first_block_;
  size_t full_bytes_ = 0;  // Of hot blocks but the last; those too large to be sealed do not count.
  uint64_t blocks_ = 0;
  uint64_t frames_ = 0;
  uint64_t length_ = 0;
  uint64_t bytes_ = 0;
  uint64_t entries_added_ = 0;
  StreamId last_id_;
  StreamId max_deleted_;
  StreamId first_id_;
  // No group stands beyond both this and last_id_. A group can be placed beyond the last id, or the last id be
  // set back behind a group; it then counts as having had what is appended up to where it stands.
  StreamId groups_reach_;
  Groups groups_;
  Retention retention_;
  WallMs age_check_;
  // What unacked_from() has found, of the groups as they are, when the first entry was `first`.
  struct UnackedFrom {
    StreamId id;
    StreamId first;
  };
  mutable std::optional<UnackedFrom> unacked_from_;
};

// DroppedExtents: extents that a stream has dropped. Their frames are referred to until they are freed.
class DroppedExtents {
 public:
  // Borrows what the stream shared; null: it had no frames.
  explicit DroppedExtents(StreamShare* share) : share_(share) {}
  DroppedExtents(DroppedExtents&& other) noexcept
      : share_(other.share_), frames_(other.frames_), extents_(std::exchange(other.extents_, {})) {}
  DroppedExtents& operator=(DroppedExtents&& other) noexcept {
    std::swap(share_, other.share_);
    std::swap(frames_, other.frames_);
    extents_.swap(other.extents_);
    return *this;
  }
  ~DroppedExtents() { free_some(~size_t{0}); }

  [[nodiscard]] Stream::Extents& extents() { return extents_; }
  [[nodiscard]] const Stream::Extents& extents() const { return extents_; }
  [[nodiscard]] bool empty() const { return extents_.empty(); }
  [[nodiscard]] size_t size() const { return extents_.size(); }
  // How many of them are frames, for memory().
  void set_frames(uint64_t frames) { frames_ = frames; }
  // Bytes that they hold, about: extrapolated from `samples` of them. O(samples).
  [[nodiscard]] size_t memory(size_t samples) const;
  // Frees up to `count` from the front; returns how many.
  size_t free_some(size_t count);

 private:
  StreamShare* share_;
  uint64_t frames_ = 0;
  Stream::Extents extents_;
};

// The offsets of a block's entries are known only forwards, so each block is walked once into a small list.
template <typename Visit>
bool Stream::visit_block_backwards(const Block& block, StreamId from, StreamId to,
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
void Stream::visit_backwards(StreamId from, const Reach& reach, Visit&& visit) const {
  std::vector<EntryView> entries;
  uint64_t seen = 0;
  for (auto extent = extents_.upper_bound(from); extent != extents_.begin();) {
    --extent;
    if (extent->second.last_id() < reach.end) return;
    if (const Block* const block = extent->second.block()) {
      if (!visit_block_backwards(*block, from, reach.end, entries, visit)) return;
      seen += entries.size();
      continue;
    }
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
