// Stream: the entries of one stream, its counters and its groups.
//
// Invariants  ids increase strictly; last_id() never goes down but by set_id(); length() is the number
//             of live entries, bytes() that of their wire forms; a block without live entries is freed, the
//             last one too.
// Cost        O(log blocks) to find a block, O(entries of a block, at most stream-node-max-entries) in it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/container/btree_map.h>

#include "base/time.h"
#include "engine/block.h"
#include "engine/group.h"
#include "model/ids.h"
#include "model/retention.h"
#include "model/stream_id.h"

namespace leat {

class Stream {
 public:
  using Blocks = absl::btree_map<StreamId, std::unique_ptr<Block>>;

  Stream() = default;
  Stream(Stream&&) = delete;
  Stream& operator=(Stream&&) = delete;
  ~Stream() = default;

  // A deep copy: entries, groups, pending entries.
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
  [[nodiscard]] const Blocks& blocks() const { return blocks_; }
  // The block that takes the next append unless it is full; null when there is none.
  [[nodiscard]] const Block* tail() const { return tail_; }
  // The live entry `id`.
  [[nodiscard]] std::optional<EntryView> find(StreamId id) const;
  [[nodiscard]] std::optional<EntryView> last_entry() const;
  // Live entries with an id > `id`. O(blocks) from the nearer end.
  [[nodiscard]] uint64_t count_after(StreamId id) const;
  // Bytes that it holds, about: extrapolated from `samples` of its blocks and of its groups. O(samples).
  [[nodiscard]] size_t memory(size_t samples = ~size_t{0}) const;

  // Walks live entries upwards; views die when the stream changes.
  class Cursor {
   public:
    [[nodiscard]] bool done() const { return block_ == end_; }
    [[nodiscard]] const EntryView& entry() const { return cursor_.entry(); }
    void advance() {
      cursor_.advance();
      settle();
    }

   private:
    friend class Stream;
    Cursor(const Blocks& blocks, StreamId from);
    void settle();

    Blocks::const_iterator block_;
    Blocks::const_iterator end_;
    Block::Cursor cursor_;
  };
  // At the first live entry with an id >= `from`.
  [[nodiscard]] Cursor seek(StreamId from) const { return {blocks_, from}; }

  // Calls visit(const EntryView&) for live entries with ids from `from` down to `to`, until it returns false.
  template <typename Visit>
  void visit_backwards(StreamId from, StreamId to, Visit&& visit) const;

  [[nodiscard]] const Groups& groups() const { return groups_; }
  [[nodiscard]] Groups& groups() {
    unacked_from_.reset();
    return groups_;
  }

  [[nodiscard]] const Retention& retention() const { return retention_; }
  // Every entry before this id, every group has been given and has acknowledged; one that stands at it is pending in
  // a group, or was not given to it. The greatest id without groups.
  // O(groups) after a group has changed or an entry was deleted, else O(1); more when many entries were deleted
  // while they were pending.
  [[nodiscard]] StreamId unacked_from() const;
  // When Keyspace looks at the stream's age next; 0: not at all.
  [[nodiscard]] WallMs age_check() const { return age_check_; }

  // Changes; only apply() calls them.

  // Requires id > last_id().
  //   returns  false, and nothing has changed, when `wire` is not `elements` bulk strings.
  [[nodiscard]] bool append(StreamId id, uint32_t elements, Bytes wire, bool new_block);
  // Moves `group`, which is or becomes one of groups(), behind `last_delivered` and counts what it then has
  // had. O(blocks) from the nearer end.
  void place(Group& group, StreamId last_delivered);
  bool erase(StreamId id);
  // Drops every entry up to and including `last`; returns how many. Blocks that end there are moved to `dropped`,
  // which is empty: freeing many takes long. O(blocks dropped or kept, whichever are fewer, + groups).
  uint64_t trim(StreamId last, Blocks& dropped);
  uint64_t trim(StreamId last) {
    Blocks dropped;
    return trim(last, dropped);
  }
  // False, and nothing has changed, when a live entry stands beyond `last_id`.
  [[nodiscard]] bool set_id(StreamId last_id, uint64_t entries_added, StreamId max_deleted);
  // Frees up to `count` blocks, pending entries by leaves and consumers, after which nothing but freeing may follow;
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
  // The block in which `id` stands or would stand; end() when it lies before all of them.
  [[nodiscard]] Blocks::const_iterator block_at(StreamId id) const;
  // Puts a block into a stream that is being loaded, in any order; false when it overlaps another.
  [[nodiscard]] bool restore(std::unique_ptr<Block> block);
  // Ends the loading; false when the blocks are not those of a stream with these counters.
  [[nodiscard]] bool restore(const Counters& counters);
  void configure(const Retention& policy) { retention_ = policy; }
  // Only Keyspace calls it, which has an index of these times. Volatile.
  void set_age_check(WallMs at) { age_check_ = at; }

 private:
  [[nodiscard]] Blocks::const_iterator block_of(StreamId id) const;
  // Moves the blocks before `kept` to `dropped`; returns how many live entries are in them.
  uint64_t take_blocks_before(Blocks::iterator kept, Blocks& dropped);
  void settle_first_id();
  void count_behind_groups(StreamId id);

  Blocks blocks_;
  Block* tail_ = nullptr;
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

// Frees up to `count` blocks from the front; returns how many.
size_t free_blocks(Stream::Blocks& blocks, size_t count);

// The offsets of a block's entries are known only forwards, so each block is walked once into a small list.
template <typename Visit>
void Stream::visit_backwards(StreamId from, StreamId to, Visit&& visit) const {
  std::vector<EntryView> entries;
  auto block = blocks_.upper_bound(from);
  while (block != blocks_.begin()) {
    --block;
    if (block->second->last_id() < to) return;
    entries.clear();
    for (auto cursor = block->second->begin(); !cursor.done(); cursor.advance()) {
      const StreamId id = cursor.entry().id;
      if (cursor.live() && id >= to && id <= from) entries.push_back(cursor.entry());
    }
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (!visit(*entry)) return;
    }
  }
}

}  // namespace leat
