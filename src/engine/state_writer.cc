#include "engine/state_writer.h"

#include <algorithm>
#include <utility>

namespace leat {
namespace {

// Dropped extents that are written on the spot; more of them wait for the walk.
constexpr size_t kExtentsAtOnce = 4;
// A string of more bytes is not written when it is touched: most of them are about to be replaced or dropped, and then
// wait for the walk as they are. A thousand commands of one turn may touch as many.
constexpr size_t kSmallString = size_t{4} << 10;
// What looking at an object is charged as, in bytes: a walk over many that are done, empty or small ends, too.
constexpr size_t kVisitCharge = 64;
// The same for taking out one of a flushed database.
constexpr size_t kTakeCharge = 512;

bool is_small(const Object& object) {
  if (const auto* string = object.string()) return string->size() <= kSmallString;
  if (const auto* hash = object.hash()) return hash->small();
  if (const auto* set = object.set()) return set->small();
  const Stream& stream = *object.stream();
  return stream.extents().size() <= 1 && stream.groups().empty() &&
         (stream.idempotency() == nullptr || stream.idempotency()->size() <= kNeighbours);
}

}  // namespace

StateWriter::StateWriter(Keyspace& keyspace, Reaper& reaper, FrameCache& frames, NodePiece node)
    : keyspace_(keyspace),
      reaper_(reaper),
      lsn_(node.lsn),
      end_(node.next_object),
      ranges_(frames, node.lsn) {
  keyspace_.note_numbers();
  for (uint32_t db = 0; db < keyspace_.databases(); ++db)
    node.objects += keyspace_.size(DbIndex{db});
  write_piece(out(), node);
}

StateWriter::~StateWriter() {
  for (Waiting& waiting : condemned_) free(waiting.condemned);
  for (const DroppedConsumer& consumer : dropped_consumers_) reaper_.add_later(consumer);
}

// ---- Before a change.

void StateWriter::touch(const Object& object) {
  touched_ = object.id;
  note_ = nullptr;
  if (object.id < position_ || object.id >= end_) return;
  const auto [found, added] = notes_.try_emplace(object.id);
  if (added) found->second = open(object);
  note_ = found->second.get();
}

std::unique_ptr<StateWriter::Note> StateWriter::open(const Object& object) {
  ranges_.object(object, object.home->checkpoint_number);
  Note note;
  if (const auto* string = object.string()) note.string_size = string->size();
  if (const auto* stream = object.stream()) {
    note.groups_end = stream->groups().next_id();
    if (stream->idempotency() != nullptr) note.remembered_end = stream->idempotency()->next_place();
  }
  if (!is_small(object)) return std::make_unique<Note>(std::move(note));
  constexpr size_t kAll = ~size_t{0};
  LEAT_CHECK(walk(object, note, kAll));
  return nullptr;
}

void StateWriter::before_set(std::string& value) {
  if (note_ == nullptr) return;
  std::unique_ptr<Note> note = std::move(notes_[touched_]);
  note_ = nullptr;
  const size_t bytes = value.capacity();
  condemn(
      CondemnedString{
          .object = touched_, .value = std::exchange(value, {}), .note = std::move(note)},
      bytes);
}

void StateWriter::before_patch(const std::string& value, uint64_t offset, uint64_t size) {
  if (note_ == nullptr) return;
  const uint64_t end = std::min(offset + size, note_->string_size);
  for (auto gap = note_->values.gap_from(offset); gap && *gap < end;
       gap = note_->values.gap_from(*gap)) {
    ranges_.string(touched_, value, note_->string_size, note_->values, *gap);
  }
}

void StateWriter::append_to_tail(const Stream& stream, StreamId id, bool new_block) {
  const auto& extents = stream.extents();
  const StreamId from = extents.empty() || new_block ? id : extents.rbegin()->first;
  // All from there on: a trim that went beyond the stream's end leaves `from` done, and not what follows.
  for (auto gap = note_->extents.gap_from(from); gap; gap = note_->extents.gap_from(*gap)) {
    ranges_.extent(touched_, extents, note_->extents, *gap);
  }
  note_->tail_done = true;
}

void StateWriter::write_extent_of(const Stream& stream, StreamId id) {
  const auto extent = stream.extent_at(id);
  if (extent == stream.extents().end() || note_->extents.contains(extent->first)) return;
  ranges_.extent(touched_, stream.extents(), note_->extents, extent->first);
}

void StateWriter::write_group_heads(const Stream& stream) {
  if (note_->heads_done) return;
  note_->heads_done = true;
  for (const Group* group = stream.groups().first_from(note_->group); group != nullptr;
       group = stream.groups().first_from(GroupId{group->id.value + 1})) {
    before_group(*group);
  }
}

void StateWriter::before_erase(const Stream& stream, StreamId id) {
  if (note_ == nullptr) return;
  note_->tail_done = false;  // When the tail goes, the block before it is the tail.
  write_extent_of(stream, id);
  write_group_heads(stream);
}

void StateWriter::before_trim(const Stream& stream, StreamId last) {
  if (note_ == nullptr) return;
  write_group_heads(stream);
  const auto cut = stream.extent_at(last);
  if (cut != stream.extents().end() && cut->second.last_id() > last) write_extent_of(stream, last);
}

void StateWriter::before_trim(const Stream& stream, StreamId first, StreamId last) {
  if (note_ == nullptr) return;
  note_->tail_done = false;
  write_group_heads(stream);
  const auto& extents = stream.extents();
  auto extent = stream.extent_at(first);
  if (extent == extents.end()) extent = extents.begin();
  for (; extent != extents.end() && extent->first <= last; ++extent) {
    if (extent->second.last_id() >= first) write_extent_of(stream, extent->first);
  }
}

void StateWriter::before_set_id(const Stream& stream) {
  if (note_ != nullptr && !stream.extents().empty()) {
    write_extent_of(stream, stream.extents().rbegin()->first);
  }
}

DoneRanges<StreamId>* StateWriter::done_of(const Group& group) {
  if (group.id < note_->group || group.id >= note_->groups_end) return nullptr;
  const auto [found, added] = note_->pending.try_emplace(group.id);
  if (added) ranges_.group(touched_, group);
  return &found->second;
}

void StateWriter::before_group(const Group& group) {
  if (note_ != nullptr) static_cast<void>(done_of(group));
}

void StateWriter::before_pending(const Group& group, StreamId first, StreamId last) {
  if (note_ == nullptr || last < first) return;
  DoneRanges<StreamId>* const done = done_of(group);
  if (done == nullptr || done->contains(first, last)) return;
  for (auto gap = done->gap_from(first); gap && *gap <= last; gap = done->gap_from(*gap)) {
    ranges_.pending(touched_, group.id, group.pending, *done, *gap, kNeighbours);
  }
}

void StateWriter::before_forget(const Idempotency& idempotency, uint64_t first, uint64_t last) {
  if (note_ == nullptr) return;
  const uint64_t end = note_->remembered_end;
  for (auto gap = note_->values.gap_from(first); gap && *gap <= last && *gap < end;
       gap = note_->values.gap_from(*gap)) {
    ranges_.remembered(touched_, idempotency, note_->values, *gap, end, kNeighbours);
  }
}

// ---- What was dropped.

void StateWriter::condemn(Condemned condemned, size_t bytes) {
  condemned_.push_back({std::move(condemned), bytes});
  condemned_bytes_ += bytes;
}

void StateWriter::drop(std::unique_ptr<Object> object) {
  touched_ = ObjectId{0};
  note_ = nullptr;
  const auto found = notes_.find(object->id);
  std::unique_ptr<Note> note = found == notes_.end() ? nullptr : std::move(found->second);
  if (found != notes_.end()) notes_.erase(found);
  if (note == nullptr) return static_cast<void>(reaper_.add(std::move(object)));
  const size_t bytes = memory_of(*object, kFewSamples);
  condemn(CondemnedObject{.object = std::move(object), .note = std::move(note)}, bytes);
}

void StateWriter::drop(DroppedExtents extents, StreamId last) {
  if (note_ == nullptr) return static_cast<void>(reaper_.add(std::move(extents)));
  DoneRanges<StreamId> done = note_->extents.split(last);
  if (extents.size() > kExtentsAtOnce) {
    const size_t bytes = extents.memory(kFewSamples);
    condemn(
        CondemnedExtents{
            .object = touched_, .extents = std::move(extents), .done = std::move(done)},
        bytes);
    return;
  }
  LEAT_CHECK(walk(touched_, extents.extents(), done, ~size_t{0}));
}

void StateWriter::drop(std::unique_ptr<Group> group) {
  drop(group->id, group->pending.take_all());
  if (note_ != nullptr) note_->pending.erase(group->id);
  reaper_.add(std::move(group));
}

void StateWriter::drop(GroupId group, PendingEntries pending) {
  if (note_ == nullptr) return static_cast<void>(reaper_.add(std::move(pending)));
  const auto found = note_->pending.find(group);
  if (found == note_->pending.end()) return static_cast<void>(reaper_.add(std::move(pending)));
  // Those that the group gets from now on were born later.
  DoneRanges<StreamId> done = found->second.split(StreamId::max());
  const size_t bytes = pending.memory();
  condemn(CondemnedPending{.object = touched_,
                           .group = group,
                           .pending = std::move(pending),
                           .done = std::move(done)},
          bytes);
}

void StateWriter::drop(std::unique_ptr<Idempotency> idempotency) {
  if (note_ == nullptr || note_->remembered_end == 0)
    return static_cast<void>(reaper_.add(std::move(idempotency)));
  const size_t bytes = idempotency->memory();
  // Those that the stream remembers from now on were born later.
  DoneRanges<uint64_t> done = note_->values.split(DoneRanges<uint64_t>::Space::max());
  condemn(CondemnedIdempotency{.object = touched_,
                               .idempotency = std::move(idempotency),
                               .done = std::move(done),
                               .end = note_->remembered_end},
          bytes);
}

void StateWriter::drop(const DroppedConsumer& consumer, const Group& group) {
  if (note_ == nullptr || done_of(group) == nullptr)
    return static_cast<void>(reaper_.add(consumer));
  const size_t bytes = group.pending.dropped_memory(consumer.consumer);
  if (bytes == 0) return;
  dropped_consumers_.push_back(consumer);
  condemned_bytes_ += bytes;
}

// ---- The walk.

void StateWriter::step(size_t budget) {
  // Notes go when their object is done.
  touched_ = ObjectId{0};
  note_ = nullptr;
  const size_t start = out().size();
  const size_t end = start + std::clamp(budget, size_t{1}, ~size_t{0} - start);
  for (size_t charged = 0; !complete() && (charged == 0 || out().size() + charged < end);) {
    if (condemned_.empty()) {
      charged += walk_next(end);
      continue;
    }
    charged += kVisitCharge;
    Waiting& first = condemned_.front();
    if (!std::visit([this, end](auto& one) { return walk(one, end); }, first.condemned)) return;
    condemned_bytes_ -= first.bytes;
    free(first.condemned);
    condemned_.pop_front();
  }
}

size_t StateWriter::walk_next(size_t end) {
  Object* const object = keyspace_.first_from(position_);
  if (object == nullptr || object->id >= end_) {
    position_ = end_;
    notes_.clear();
    return kVisitCharge;
  }
  position_ = object->id;
  if (!object->home->forgotten) {
    const auto [found, added] = notes_.try_emplace(position_);
    if (added) found->second = open(*object);
    if (found->second != nullptr && !walk(*object, *found->second, end)) return kVisitCharge;
    notes_.erase(found);
  }
  position_ = ObjectId{position_.value + 1};
  if (!object->home->flushed) return kVisitCharge;
  reaper_.add(keyspace_.take_flushed(*object));
  return kTakeCharge;
}

bool StateWriter::walk(const Object& object, Note& note, size_t end) {
  if (const auto* string = object.string()) return walk(object.id, *string, note, end);
  if (const auto* hash = object.hash()) return walk(object.id, *hash, note, end);
  if (const auto* set = object.set()) return walk(object.id, *set, note, end);
  return walk(object.id, *object.stream(), note, end);
}

bool StateWriter::walk(ObjectId object, const std::string& value, Note& note, size_t end) {
  while (true) {
    const auto gap = note.values.gap_from(0);
    if (!gap || *gap >= note.string_size) return true;
    if (out().size() >= end) return false;
    ranges_.string(object, value, note.string_size, note.values, *gap);
  }
}

template <typename Value>
bool StateWriter::walk(ObjectId object, const FieldMap<Value>& map, Note& note, size_t end) {
  if (map.small()) {
    ranges_.fields(object, map);
    return true;
  }
  while (true) {
    const auto gap = note.values.gap_from(0);
    if (!gap) return true;
    if (out().size() >= end) return false;
    ranges_.fields(object, map, note.values, *gap, kNeighbours);
  }
}

bool StateWriter::walk(ObjectId object, const Stream& stream, Note& note, size_t end) {
  if (!walk(object, stream.extents(), note.extents, end)) return false;
  note.tail_done = true;
  if (const Idempotency* const known = stream.idempotency();
      known != nullptr && !walk(object, *known, note.values, note.remembered_end, end)) {
    return false;
  }
  while (true) {
    const Group* const group = stream.groups().first_from(note.group);
    if (group == nullptr || group->id >= note.groups_end) return true;
    if (out().size() >= end) return false;
    note.group = group->id;
    const auto [found, added] = note.pending.try_emplace(group->id);
    if (added) ranges_.group(object, *group);
    if (!walk(object, group->id, group->pending, found->second, end)) return false;
    note.pending.erase(found);
    note.group = GroupId{group->id.value + 1};
  }
}

bool StateWriter::walk(ObjectId object, const Stream::Extents& extents, DoneRanges<StreamId>& done,
                       size_t end) {
  while (true) {
    const auto gap = done.gap_from(StreamId::min());
    if (!gap) return true;
    if (out().size() >= end) return false;
    ranges_.extent(object, extents, done, *gap);
  }
}

bool StateWriter::walk(ObjectId object, GroupId group, const PendingEntries& pending,
                       DoneRanges<StreamId>& done, size_t end) {
  while (true) {
    const auto gap = done.gap_from(StreamId::min());
    if (!gap) return true;
    if (out().size() >= end) return false;
    ranges_.pending(object, group, pending, done, *gap, kWalked);
  }
}

bool StateWriter::walk(ObjectId object, const Idempotency& idempotency, DoneRanges<uint64_t>& done,
                       uint64_t places_end, size_t end) {
  while (true) {
    const auto gap = done.gap_from(0);
    if (!gap || *gap >= places_end) return true;
    if (out().size() >= end) return false;
    ranges_.remembered(object, idempotency, done, *gap, places_end, kWalked);
  }
}

bool StateWriter::walk(CondemnedObject& condemned, size_t end) {
  return walk(*condemned.object, *condemned.note, end);
}
bool StateWriter::walk(CondemnedString& condemned, size_t end) {
  return walk(condemned.object, condemned.value, *condemned.note, end);
}
bool StateWriter::walk(CondemnedExtents& condemned, size_t end) {
  return walk(condemned.object, condemned.extents.extents(), condemned.done, end);
}
bool StateWriter::walk(CondemnedPending& condemned, size_t end) {
  return walk(condemned.object, condemned.group, condemned.pending, condemned.done, end);
}
bool StateWriter::walk(CondemnedIdempotency& condemned, size_t end) {
  return walk(condemned.object, *condemned.idempotency, condemned.done, condemned.end, end);
}

void StateWriter::free(Condemned& condemned) {
  if (auto* const object = std::get_if<CondemnedObject>(&condemned)) {
    reaper_.add(std::move(object->object));
  } else if (auto* const extents = std::get_if<CondemnedExtents>(&condemned)) {
    reaper_.add(std::move(extents->extents));
  } else if (auto* const pending = std::get_if<CondemnedPending>(&condemned)) {
    reaper_.add(std::move(pending->pending));
  } else if (auto* const known = std::get_if<CondemnedIdempotency>(&condemned)) {
    reaper_.add(std::move(known->idempotency));
  }
}

}  // namespace leat
