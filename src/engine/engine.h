// Engine: the deterministic state of one shard. No I/O, no clock, no randomness, no threads.
//
// State changes through apply() and through nothing else: live traffic, recovery and replicas give it
// the same bytes. Everything that decides (which id, what to trim, whom to deliver to) only reads the
// engine and writes records; see engine/stream_plan.h and the command folder.
//
// A running checkpoint is told before anything changes, and takes what is dropped before it is written
// (engine/state_writer.h); without one a record pays a branch. Freeing what is large takes many turns: reap().
//
// Invariant  two engines that applied the same records have the same digest().
// Volatile   waits(), watches(), tracking(), Consumer::seen, Object::used: not logged, not in the digest.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "engine/keyspace.h"
#include "engine/object.h"
#include "engine/reaper.h"
#include "engine/stream_share.h"
#include "engine/tracking.h"
#include "engine/waits.h"
#include "model/ids.h"
#include "model/record.h"

namespace leat {

class StateWriter;

class Engine {
 public:
  // Borrows where sealed frames are; null: nothing is sealed.
  explicit Engine(uint32_t databases, FrameStore* frames = nullptr);
  // Its frames stay on disk.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const Keyspace& keyspace() const { return keyspace_; }
  // The LSN of the last applied record.
  [[nodiscard]] Lsn last_lsn() const { return last_lsn_; }
  // The last record that put whole databases under other numbers: what any key shows depends on it.
  [[nodiscard]] Lsn last_swap() const { return last_swap_; }
  // Changes to data so far, for rdb_changes_since_last_save: an entry, field or member each, a read of a group once, a
  // history not at all. Nearly what Redis counts: docs/differences.md.
  [[nodiscard]] uint64_t changes() const { return changes_; }
  // Of these, those since the last checkpoint.
  [[nodiscard]] uint64_t unsaved_changes() const { return changes_ - saved_changes_; }
  // A checkpoint that holds as many of them has been published.
  void note_saved(uint64_t changes) { saved_changes_ = changes; }

  // Applies one record; it takes the next LSN.
  //   returns  false when the record does not fit the state (its object, group or consumer does not
  //            exist, a name is taken, the payload is malformed). Then it was not written by this
  //            engine's plans, or a sealed frame that it changes can't be read: recovery reports
  //            corruption; on the live path, where plans have opened the frames, it is a bug.
  [[nodiscard]] bool apply(const RecordView& record);
  // The same for a record that has been decoded, or has just been encoded.
  template <typename Record>
  [[nodiscard]] bool apply_decoded(const Record& record) {
    ++last_lsn_.value;
    return resized(on(record));
  }

  // A number that is equal for equal logical states, independent of how they came about.
  // O(everything).
  [[nodiscard]] uint64_t digest() const;
  [[nodiscard]] static uint64_t digest(const Object& object);
  // Of the value alone: equal under whatever key and history.
  [[nodiscard]] static uint64_t value_digest(const Object& object);

  // The stream has been looked at for entries and iids that are too old, and need not be before `earliest`. Volatile.
  void note_aged(ObjectId object, WallMs earliest) { keyspace_.schedule_age(object, earliest); }
  // A consumer has tried to read or claim. Volatile.
  void note_seen(const Object& object, GroupId group, ConsumerId consumer, WallMs now);

  // Opened frames, sealing, freed buffers. Volatile.
  [[nodiscard]] StreamShare& share() { return share_; }
  [[nodiscard]] const StreamShare& share() const { return share_; }

  // Begins to write the state as it is now. Requires that none is being written, and that the last record ended its
  // atomic group.
  StateWriter& start_checkpoint();
  // Null when none runs.
  [[nodiscard]] StateWriter* checkpoint() { return writer_.get(); }
  // It is done, or given up.
  void end_checkpoint();

  // Frees about `count` parts of what was dropped or flushed, at least one, some 100 ns each.
  void reap(size_t count);
  // Something waits to be freed that reap() would free now.
  [[nodiscard]] bool reaping() const;
  // What was dropped or flushed and is not freed yet holds so many bytes, about. O(1). Volatile.
  [[nodiscard]] size_t dropped_bytes() const;
  // What is kept for later, opened frames and freed buffers, holds so many bytes. O(1). Volatile.
  [[nodiscard]] size_t cached_bytes() const {
    return std::min(share_.frames.bytes(), share_.frames.limit()) + share_.buffers.bytes();
  }
  // Objects, and parts of others, that were dropped or flushed and have not been freed whole.
  [[nodiscard]] size_t unreaped() const { return reaper_.size() + keyspace_.flushed(); }

  [[nodiscard]] Waits& waits() { return waits_; }
  [[nodiscard]] Watches& watches() { return watches_; }
  [[nodiscard]] Tracking& tracking() { return tracking_; }

 private:
  friend class StateLoader;

  [[nodiscard]] bool on(const KeyCreate& record);
  [[nodiscard]] bool on(const KeyDrop& record);
  [[nodiscard]] bool on(const KeyRename& record);
  [[nodiscard]] bool on(const KeyCopy& record);
  [[nodiscard]] bool on(const KeyExpire& record);
  [[nodiscard]] bool on(const DbSwap& record);
  [[nodiscard]] bool on(const DbFlush& record);
  [[nodiscard]] bool on(const StringSet& record);
  [[nodiscard]] bool on(const StringAppend& record);
  [[nodiscard]] bool on(const StringPatch& record);
  [[nodiscard]] bool on(const HashSet& record);
  [[nodiscard]] bool on(const HashDelete& record);
  [[nodiscard]] bool on(const SetAdd& record);
  [[nodiscard]] bool on(const SetRemove& record);
  [[nodiscard]] bool on(const StreamAppend& record);
  [[nodiscard]] bool on(const StreamTrim& record);
  [[nodiscard]] bool on(const StreamTrimRanges& record);
  [[nodiscard]] bool on(const StreamDelete& record);
  [[nodiscard]] bool on(const StreamSetId& record);
  [[nodiscard]] bool on(const StreamConfigure& record);
  [[nodiscard]] bool on(const StreamIdempotency& record);
  [[nodiscard]] bool on(const StreamRemember& record);
  [[nodiscard]] bool on(const StreamForget& record);
  [[nodiscard]] bool on(const StreamDuplicate& record);
  [[nodiscard]] bool on(const GroupCreate& record);
  [[nodiscard]] bool on(const GroupSetId& record);
  [[nodiscard]] bool on(const GroupDrop& record);
  [[nodiscard]] bool on(const ConsumerCreate& record);
  [[nodiscard]] bool on(const ConsumerDrop& record);
  [[nodiscard]] bool on(const GroupDeliver& record);
  [[nodiscard]] bool on(const GroupAck& record);
  [[nodiscard]] bool on(const GroupClaim& record);
  [[nodiscard]] bool on(const GroupRedeliver& record);
  [[nodiscard]] bool on(const GroupRelease& record);

  template <typename Record>
  [[nodiscard]] bool decode_and_apply(Bytes payload) {
    Record record;
    return decode(payload, record) && on(record);
  }
  // Behind each record, of which `applied` is what it came to: recent_ may have another size.
  bool resized(bool applied) {
    if (recent_ == nullptr) return applied;
    const uint8_t now = size_class(*recent_);
    if (now != recent_class_) [[unlikely]] {
      keyspace_.recount(*recent_, recent_class_);
      recent_class_ = now;
    }
    return applied;
  }
  [[nodiscard]] bool apply_payload(const RecordView& record);
  // The records of streams and groups; false for others.
  [[nodiscard]] bool apply_to_stream(const RecordView& record);

  // The object of a record, marked as changed by it; null if it does not exist.
  Object* changed(ObjectId id);
  Stream* changed_stream(ObjectId id, Object** object = nullptr);
  Group* changed_group(ObjectId id, GroupId group, Stream** stream = nullptr);
  // Tells watchers of the key and those who keep what they have read of it, and waiters when the object under it
  // appeared or went.
  void touch(const Object& object) {
    watches_.touch(object.db(), object.key);
    tracking_.touch(object.key);
  }
  void appeared(const Object& object);
  void disappeared(const Object& object);
  // The same for a whole database: watchers of its keys, waiters for names in it.
  void touch_database(DbIndex db);
  void signal_database(DbIndex db);

  StreamShare share_;
  Keyspace keyspace_;
  Reaper reaper_;
  std::unique_ptr<StateWriter> writer_;  // Null when no checkpoint runs.
  std::vector<StreamId> delivered_;      // Of the record being applied; kept to keep its memory.
  Waits waits_;
  Watches watches_;
  Tracking tracking_;
  Lsn last_lsn_;
  Lsn last_swap_;
  uint64_t changes_ = 0;
  uint64_t saved_changes_ = 0;
  Object* recent_ = nullptr;  // The object of the last record: the next one mostly names it too.
  uint8_t recent_class_ = 0;  // Its size_class(), as the keyspace has counted it.
};

}  // namespace leat
