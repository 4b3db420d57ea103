// StateWriter: writes the engine's state at one LSN as pieces, range by range, while commands go on.
//
// Two sides write ranges. The walk, step(), goes through the objects in the order of their ids. The engine, before it
// changes anything, calls one of the functions below, which write the range first unless it is done or was born later.
// What is dropped before it is written comes here whole, and step() writes it before it is freed.
//
// Notes of done ranges are kept for objects between their first touch and the walk's coming past them.
//
// Invariant  the first piece of an object is its head, so the head's numbers are those of the checkpoint's LSN.
// Cost       without a checkpoint none. With one, a change of what is done costs a few ns, and O(log) when it is not
//            about the same object as the last; what it writes is in proportion to what it changes.
// Limits     a group's head names all its consumers, and one large element is written as a whole.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <variant>

#include <absl/container/btree_map.h>

#include "base/bytes.h"
#include "engine/done_ranges.h"
#include "engine/keyspace.h"
#include "engine/object.h"
#include "engine/reaper.h"
#include "engine/state_pieces.h"
#include "engine/state_ranges.h"
#include "model/ids.h"

namespace leat {

class StateWriter {
 public:
  // Outlived by all of them. `node` is the state's own head; the number of objects in it is filled in here.
  StateWriter(Keyspace& keyspace, Reaper& reaper, FrameCache& frames, NodePiece node);
  // What was dropped and is not written goes to the reaper. O(notes).
  ~StateWriter();
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  // S: the pieces hold the state after this record.
  [[nodiscard]] Lsn lsn() const { return lsn_; }
  // Emits about `budget` bytes of pieces, at least one range, unless complete().
  void step(size_t budget);
  // Every range of the state at S is in out() or was taken from it.
  [[nodiscard]] bool complete() const { return position_ == end_ && condemned_.empty(); }
  // Whole pieces back to back, those that commands emitted as well; the caller swaps the buffer away when it likes.
  [[nodiscard]] ByteBuffer& out() { return ranges_.out(); }
  // What was dropped and waits to be written holds so many bytes, about.
  [[nodiscard]] size_t condemned_bytes() const { return condemned_bytes_; }

  // ---- Before a change. The engine calls before_change() first; the others are about the same object.

  // Anything in the object changes, its name or its last change too.
  void before_change(const Object& object) {
    if (object.id != touched_) touch(object);
  }
  // The string gets another value altogether; takes this one when it is not written.
  void before_set(std::string& value);
  void before_patch(const std::string& value, uint64_t offset, uint64_t size);
  template <typename Value>
  void before_field(const FieldMap<Value>& map, Bytes name) {
    if (note_ == nullptr) return;
    const uint64_t place = FieldMap<Value>::place_of(name);
    if (!note_->values.contains(place))
      ranges_.fields(touched_, map, note_->values, place, kNeighbours);
  }
  void before_append(const Stream& stream, StreamId id, bool new_block) {
    if (note_ == nullptr) return;
    if (!note_->tail_done) append_to_tail(stream, id, new_block);
    // Groups that stand beyond the stream's end count what is appended before them.
    if (id <= stream.groups_reach()) [[unlikely]]
      write_group_heads(stream);
  }
  void before_erase(const Stream& stream, StreamId id);
  // The trim itself gives its extents to drop().
  void before_trim(const Stream& stream, StreamId last);
  // A trim that leaves entries before `first`.
  void before_trim(const Stream& stream, StreamId first, StreamId last);
  void before_set_id(const Stream& stream);
  // Counters, consumers or pending entries of the group.
  void before_group(const Group& group);
  // Pending entries from `first` to `last`; after before_group().
  void before_pending(const Group& group, StreamId first, StreamId last);

  // Iids at the places from `first` to `last` are forgotten.
  void before_forget(const Idempotency& idempotency, uint64_t first, uint64_t last);

  // ---- What was dropped, after before_change() and what belongs to it.

  void drop(std::unique_ptr<Object> object);
  // Every entry up to `last` went; `extents` are those that went whole.
  void drop(DroppedExtents extents, StreamId last);
  void drop(std::unique_ptr<Group> group);
  // All that is pending in a group.
  void drop(GroupId group, PendingEntries pending);
  // All that a stream remembered of idempotent producers.
  void drop(std::unique_ptr<Idempotency> idempotency);
  // What was pending to a consumer of the group stays in its place until this checkpoint has ended.
  void drop(const DroppedConsumer& consumer, const Group& group);

 private:
  // What is done of an object whose head is written.
  struct Note {
    uint64_t string_size = 0;
    DoneRanges<uint64_t> values;  // Offsets of a string, places of a large hash or set, or of iids.
    uint64_t remembered_end = 0;  // Places of iids from it on were born later.
    DoneRanges<StreamId> extents;
    bool tail_done = false;   // Of extents: appending changes nothing that is not done.
    bool heads_done = false;  // Of all groups.
    // Groups whose head is written. Those before `group` are done; those from `groups_end` on were born later.
    absl::btree_map<GroupId, DoneRanges<StreamId>> pending;
    GroupId group;
    GroupId groups_end;
  };
  // What waits to be written, and then to be freed.
  struct CondemnedObject {
    std::unique_ptr<Object> object;
    std::unique_ptr<Note> note;
  };
  struct CondemnedString {
    ObjectId object;
    std::string value;
    std::unique_ptr<Note> note;
  };
  struct CondemnedExtents {
    ObjectId object;
    DroppedExtents extents;
    DoneRanges<StreamId> done;
  };
  struct CondemnedPending {
    ObjectId object;
    GroupId group;
    PendingEntries pending;
    DoneRanges<StreamId> done;
  };
  struct CondemnedIdempotency {
    ObjectId object;
    std::unique_ptr<Idempotency> idempotency;
    DoneRanges<uint64_t> done;
    uint64_t end = 0;
  };
  using Condemned = std::variant<CondemnedObject, CondemnedString, CondemnedExtents,
                                 CondemnedPending, CondemnedIdempotency>;

  struct Waiting {
    Condemned condemned;
    size_t bytes = 0;
  };

  void condemn(Condemned condemned, size_t bytes);
  void touch(const Object& object);
  // Writes the object's head, and all of it when it is small.
  //   returns  what is left of it; null when nothing is.
  std::unique_ptr<Note> open(const Object& object);
  void append_to_tail(const Stream& stream, StreamId id, bool new_block);
  void write_extent_of(const Stream& stream, StreamId id);
  void write_group_heads(const Stream& stream);
  // What is done of the group's pending entries; null when everything is.
  DoneRanges<StreamId>* done_of(const Group& group);

  // Each writes until out() has `end` bytes; true when nothing is left.
  bool walk(const Object& object, Note& note, size_t end);
  bool walk(ObjectId object, const std::string& value, Note& note, size_t end);
  template <typename Value>
  bool walk(ObjectId object, const FieldMap<Value>& map, Note& note, size_t end);
  bool walk(ObjectId object, const Stream& stream, Note& note, size_t end);
  bool walk(ObjectId object, const Stream::Extents& extents, DoneRanges<StreamId>& done,
            size_t end);
  bool walk(ObjectId object, GroupId group, const PendingEntries& pending,
            DoneRanges<StreamId>& done, size_t end);
  bool walk(ObjectId object, const Idempotency& idempotency, DoneRanges<uint64_t>& done,
            uint64_t places_end, size_t end);
  bool walk(CondemnedObject& condemned, size_t end);
  bool walk(CondemnedString& condemned, size_t end);
  bool walk(CondemnedExtents& condemned, size_t end);
  bool walk(CondemnedPending& condemned, size_t end);
  bool walk(CondemnedIdempotency& condemned, size_t end);
  // The object at the walk's position; goes on behind it when it is done.
  //   returns  what it is charged as beside its bytes.
  size_t walk_next(size_t end);
  void free(Condemned& condemned);

  Keyspace& keyspace_;
  Reaper& reaper_;
  Lsn lsn_;
  ObjectId position_{0};  // Objects before it are done.
  ObjectId end_;          // Objects from it on were born later.
  RangeWriter ranges_;
  // Of objects from position_ on; null: done.
  absl::btree_map<ObjectId, std::unique_ptr<Note>> notes_;
  std::deque<Waiting> condemned_;
  std::deque<DroppedConsumer> dropped_consumers_;
  size_t condemned_bytes_ = 0;  // The sum over both.
  // The object of the last before_change(), and its note; null when it is done. 0: none.
  ObjectId touched_{0};
  Note* note_ = nullptr;
};

}  // namespace leat
