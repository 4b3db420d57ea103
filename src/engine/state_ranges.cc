#include "engine/state_ranges.h"

#include <algorithm>
#include <optional>
#include <type_traits>

#include "engine/state_pieces.h"
#include "model/record_lists.h"

namespace leat {
namespace {

template <typename Value>
void append_field(ByteBuffer& out, const std::string& name, const Value& value) {
  append_string(out, name);
  if constexpr (std::is_same_v<Value, std::string>) append_string(out, value);
}

template <typename Value>
void write_small(ByteBuffer& out, ObjectId object, const FieldMap<Value>& map) {
  if (map.empty()) return;
  const OpenPiece piece(out, FieldsPiece{.object = object, .list = {}});
  map.visit(
      [&out](const std::string& name, const Value& value) { append_field(out, name, value); });
}

template <typename Value>
void write_large(ByteBuffer& out, ObjectId object, const FieldMap<Value>& map,
                 DoneRanges<uint64_t>& done, uint64_t from, size_t most) {
  const uint64_t end = done.gap_end(from);
  uint64_t last = end;
  uint64_t previous = from;
  size_t count = 0;
  std::optional<OpenPiece> piece;
  map.visit_from(from, [&](uint64_t place, const std::string& name, const Value& value) {
    if (place > end) return false;
    const bool full = count >= most || (piece && piece->size() >= kPieceBytes);
    // Names of one place are never parted: a range ends between places.
    if (full && place != previous) {
      last = place - 1;
      return false;
    }
    if (!piece) piece.emplace(out, FieldsPiece{.object = object, .list = {}});
    append_field(out, name, value);
    previous = place;
    ++count;
    return true;
  });
  done.add(from, last);
}

ObjectPiece head_of(const Object& object, DbIndex db) {
  ObjectPiece head{.object = object.id,
                   .db = db,
                   .kind = object.kind(),
                   .expires = object.expires,
                   .changed = object.changed,
                   .used = object.used,
                   .key = object.key};
  if (const auto* string = object.string()) head.elements = string->size();
  if (const auto* hash = object.hash()) {
    head.elements = hash->size();
    head.large = !hash->small();
  }
  if (const auto* set = object.set()) {
    head.elements = set->size();
    head.large = !set->small();
  }
  if (const auto* stream = object.stream()) head.elements = stream->length();
  return head;
}

std::optional<IdempotencyPart> idempotency_part(const Stream& stream) {
  const Idempotency* const known = stream.idempotency();
  if (known == nullptr) return std::nullopt;
  return IdempotencyPart{
      .limits = known->limits(), .counters = known->counters(), .size = known->size()};
}

}  // namespace

void RangeWriter::object(const Object& object, DbIndex db) {
  OpenPiece piece(out_, head_of(object, db));
  const Stream* const stream = object.stream();
  if (stream == nullptr) return;
  const Stream::Counters counters = stream->counters();
  piece.put(StreamPart{.entries_added = counters.entries_added,
                       .last_id = counters.last_id,
                       .max_deleted = counters.max_deleted,
                       .groups_reach = counters.groups_reach,
                       .retention = counters.retention,
                       .next_group = stream->groups().next_id(),
                       .blocks = stream->blocks(),
                       .groups = stream->groups().size(),
                       .idempotency = idempotency_part(*stream)});
}

void RangeWriter::group(ObjectId object, const Group& group) {
  OpenPiece piece(out_, GroupPiece{.object = object,
                                   .group = group.id,
                                   .last_delivered = group.last_delivered,
                                   .entries_read = group.entries_read,
                                   .delivered_live = group.delivered_live,
                                   .next_consumer = group.next_consumer,
                                   .last_release = group.pending.last_release(),
                                   .pending = group.pending.size(),
                                   .name = group.name,
                                   .list = {}});
  for (const auto& [name, consumer] : group.consumers) {
    piece.put(ConsumerPart{.consumer = consumer->id,
                           .seen = consumer->seen,
                           .active = consumer->active,
                           .name = name});
  }
}

void RangeWriter::string(ObjectId object, const std::string& value, uint64_t size,
                         DoneRanges<uint64_t>& done, uint64_t from) {
  LEAT_CHECK(from < size && size <= value.size());
  const uint64_t end = std::min({done.gap_end(from), size - 1, from + kPieceBytes - 1});
  const Bytes part = Bytes(value).substr(from, end - from + 1);
  write_piece(out_, StringPiece{.object = object, .offset = from, .bytes = part});
  done.add(from, end);
}

void RangeWriter::fields(ObjectId object, const FieldMap<std::string>& map) {
  write_small(out_, object, map);
}
void RangeWriter::fields(ObjectId object, const FieldMap<None>& map) {
  write_small(out_, object, map);
}
void RangeWriter::fields(ObjectId object, const FieldMap<std::string>& map,
                         DoneRanges<uint64_t>& done, uint64_t from, size_t most) {
  write_large(out_, object, map, done, from, most);
}
void RangeWriter::fields(ObjectId object, const FieldMap<None>& map, DoneRanges<uint64_t>& done,
                         uint64_t from, size_t most) {
  write_large(out_, object, map, done, from, most);
}

void RangeWriter::extent(ObjectId object, const Stream::Extents& extents,
                         DoneRanges<StreamId>& done, StreamId from) {
  const StreamId end = done.gap_end(from);
  const auto extent = extents.lower_bound(from);
  if (extent == extents.end() || extent->first > end) return done.add(from, end);
  if (const Block* const block = extent->second.block()) {
    write_piece(out_, BlockPiece{.object = object, .parts = block->parts()});
  } else {
    const Fence& fence = *extent->second.fence();
    write_piece(out_, FramePiece{.object = object, .first_id = extent->first, .fence = fence});
    frames_.checkpoint_refers(fence.ref);
  }
  const auto next = std::next(extent);
  const bool within = next != extents.end() && next->first <= end;
  done.add(from, within ? next->first.previous() : end);
}

void RangeWriter::pending(ObjectId object, GroupId group, const PendingEntries& pending,
                          DoneRanges<StreamId>& done, StreamId from, size_t most) {
  const StreamId end = done.gap_end(from);
  StreamId last = end;
  entries_.clear();
  pending.visit_as_of(lsn_, from, [&](const PendingEntry& entry) {
    if (entry.id > end) return false;
    if (entries_.size() >= most) {
      last = entry.id.previous();
      return false;
    }
    entries_.push_back(entry);
    return true;
  });
  if (!entries_.empty()) {
    const OpenPiece piece(out_, PendingPiece{.object = object, .group = group, .list = {}});
    append_pending(out_, entries_.data(), entries_.size());
  }
  done.add(from, last);
}

void RangeWriter::remembered(ObjectId object, const Idempotency& idempotency,
                             DoneRanges<uint64_t>& done, uint64_t from, uint64_t end, size_t most) {
  uint64_t last = std::min(done.gap_end(from), end - 1);
  std::optional<OpenPiece> piece;
  size_t count = 0;
  idempotency.visit_from(from, [&](const Idempotency::View& iid) {
    if (iid.place > last) return false;
    if (count >= most || (piece && piece->size() >= kPieceBytes)) {
      last = iid.place - 1;
      return false;
    }
    if (!piece) piece.emplace(out_, RememberedPiece{.object = object, .list = {}});
    piece->put(iid);
    ++count;
    return true;
  });
  done.add(from, last);
}

}  // namespace leat
