#include "engine/state_loader.h"

#include <algorithm>
#include <utility>

namespace leat {
namespace {

// Gives the object the empty value of its kind.
void make_empty(Object& object, const ObjectPiece& piece, StreamShare& share) {
  switch (piece.kind) {
    case ObjectKind::kString:
      break;
    case ObjectKind::kHash:
      if (auto& hash = object.value.emplace<HashValue>(); piece.large) hash.fields.make_large();
      break;
    case ObjectKind::kSet:
      if (auto& set = object.value.emplace<SetValue>(); piece.large) set.members.make_large();
      break;
    case ObjectKind::kStream:
      object.value = std::make_unique<Stream>(&share);
      break;
  }
}

// Reads a field's value; members of a set have none.
void read_value(ByteReader& in, std::string& value) {
  value = std::string(in.string());
}
void read_value(ByteReader&, None&) {}

// Adds the fields of `list` to the map, at most `left`, which is counted down; false when it is malformed, or one is
// there, or the map takes another form by it.
template <typename Value>
bool add_fields(FieldMap<Value>& map, Bytes list, uint64_t& left) {
  const bool small = map.small();
  ByteReader in(list);
  while (!in.done()) {
    const Bytes name = in.string();
    Value value{};
    read_value(in, value);
    if (!in.ok() || left == 0 || !map.set(name, std::move(value))) return false;
    --left;
  }
  return map.small() == small;
}

bool add_consumers(Group& group, const GroupPiece& piece) {
  Bytes list = piece.list;
  ConsumerPart part;
  while (!list.empty()) {
    if (!next_consumer(list, part)) return false;
    if (!add_consumer(group, part.consumer, part.name, part.seen)) return false;
    group.consumer(part.consumer)->active = part.active;
  }
  if (group.next_consumer > piece.next_consumer) return false;
  group.next_consumer = piece.next_consumer;
  return true;
}

}  // namespace

StateLoader::StateLoader(Engine& engine) : engine_(engine) {
  LEAT_CHECK(engine.last_lsn() == Lsn{0});
}

bool StateLoader::take(Bytes pieces) {
  while (!refused_ && !pieces.empty()) {
    const auto piece = next_piece(pieces);
    refused_ = !piece || !add(*piece);
  }
  return !refused_;
}

bool StateLoader::finish() {
  if (refused_ || !node_ || !missing_.empty() || objects_ != node_->objects) return false;
  if (last_object_ >= node_->next_object) return false;
  engine_.keyspace_.set_next_id(node_->next_object);
  engine_.keyspace_.count_sizes();
  engine_.last_lsn_ = node_->lsn;
  engine_.last_swap_ = node_->last_swap;
  engine_.changes_ = node_->changes;
  engine_.note_saved(node_->changes);
  return true;
}

bool StateLoader::add(const PieceView& piece) {
  const auto decode_and_add = [this, &piece](auto decoded) {
    return decode(piece.payload, decoded) && add(decoded);
  };
  switch (piece.kind) {
    case PieceKind::kNode:
      return decode_and_add(NodePiece{});
    case PieceKind::kObject: {
      ObjectPiece object;
      StreamPart stream;
      return decode(piece.payload, object, stream) && add(object, stream);
    }
    case PieceKind::kString:
      return decode_and_add(StringPiece{});
    case PieceKind::kFields:
      return decode_and_add(FieldsPiece{});
    case PieceKind::kBlock:
      return decode_and_add(BlockPiece{});
    case PieceKind::kGroup:
      return decode_and_add(GroupPiece{});
    case PieceKind::kPending:
      return decode_and_add(PendingPiece{});
    case PieceKind::kRemembered:
      return decode_and_add(RememberedPiece{});
    case PieceKind::kFrame:
      return decode_and_add(FramePiece{});
  }
  return false;
}

bool StateLoader::add(const NodePiece& piece) {
  if (node_ || piece.next_object.value == 0 || piece.last_swap > piece.lsn) return false;
  node_ = piece;
  return true;
}

bool StateLoader::add(const ObjectPiece& piece, const StreamPart& stream) {
  const bool large_kind = piece.kind == ObjectKind::kHash || piece.kind == ObjectKind::kSet;
  if (piece.object.value == 0 || (piece.large && !large_kind)) return false;
  auto object = std::make_unique<Object>();
  object->id = piece.object;
  object->key = std::string(piece.key);
  object->expires = piece.expires;
  object->changed = piece.changed;
  object->used = piece.used;
  make_empty(*object, piece, engine_.share_);
  Missing left{.object = object.get()};
  if (piece.kind == ObjectKind::kStream) {
    auto& value = std::get<std::unique_ptr<Stream>>(object->value);
    if (stream.next_group != value->groups().next_id())
      value->mutable_groups().set_next_id(stream.next_group);
    left.blocks = stream.blocks;
    left.groups = stream.groups;
    if (const auto& part = stream.idempotency) {
      if (part->limits.size_max == 0) return false;
      value->mutable_idempotency().configure(part->limits, part->counters);
      left.remembered = part->size;
    }
    left.counters = {.length = piece.elements,
                     .entries_added = stream.entries_added,
                     .last_id = stream.last_id,
                     .max_deleted = stream.max_deleted,
                     .groups_reach = stream.groups_reach,
                     .retention = stream.retention};
  } else {
    left.elements = piece.elements;
  }
  if (!engine_.keyspace_.restore(std::move(object), piece.db)) return false;
  ++objects_;
  last_object_ = std::max(last_object_, piece.object);
  if (piece.kind != ObjectKind::kStream && left.nothing()) return true;
  const auto [place, added] = missing_.emplace(piece.object, std::move(left));
  return settle(piece.object, place->second);
}

StateLoader::Missing* StateLoader::missing(ObjectId object) {
  const auto found = missing_.find(object);
  return found == missing_.end() ? nullptr : &found->second;
}

bool StateLoader::settle(ObjectId object, Missing& missing) {
  if (!missing.nothing()) return true;
  if (Stream* const stream = missing.stream(); stream != nullptr) {
    if (!stream->restore(missing.counters)) return false;
    if (stream->idempotency() != nullptr && !stream->mutable_idempotency().finish_restore())
      return false;
    engine_.keyspace_.schedule_age(*missing.object);
  }
  if (auto* const string = std::get_if<std::string>(&missing.object->value)) {
    for (const auto& [offset, part] : missing.strings) string->append(part);
  }
  missing_.erase(object);
  return true;
}

bool StateLoader::add(const StringPiece& piece) {
  Missing* const left = missing(piece.object);
  if (left == nullptr || left->object->kind() != ObjectKind::kString) return false;
  const uint64_t size = piece.bytes.size();
  if (size == 0 || size > left->elements) return false;
  // Parts do not overlap; that they leave no gaps is seen when all are there.
  auto& parts = left->strings;
  const auto behind = parts.lower_bound(piece.offset);
  if (behind != parts.end() && behind->first - piece.offset < size) return false;
  if (behind != parts.begin()) {
    const auto before = std::prev(behind);
    if (piece.offset - before->first < before->second.size()) return false;
  }
  parts.emplace_hint(behind, piece.offset, std::string(piece.bytes));
  left->elements -= size;
  if (left->elements == 0) {
    uint64_t end = 0;
    for (const auto& [offset, part] : parts) {
      if (offset != end) return false;
      end += part.size();
    }
  }
  return settle(piece.object, *left);
}

bool StateLoader::add(const FieldsPiece& piece) {
  Missing* const left = missing(piece.object);
  if (left == nullptr || piece.list.empty()) return false;
  auto* const hash = std::get_if<HashValue>(&left->object->value);
  auto* const set = std::get_if<SetValue>(&left->object->value);
  if (hash == nullptr && set == nullptr) return false;
  const bool added = hash != nullptr ? add_fields(hash->fields, piece.list, left->elements)
                                     : add_fields(set->members, piece.list, left->elements);
  return added && settle(piece.object, *left);
}

bool StateLoader::add(const BlockPiece& piece) {
  Missing* const left = missing(piece.object);
  if (left == nullptr || left->blocks == 0) return false;
  auto block = Block::restore(piece.parts);
  Stream* const stream = left->stream();
  if (stream == nullptr || block == nullptr || !stream->restore(std::move(block))) return false;
  --left->blocks;
  return settle(piece.object, *left);
}

bool StateLoader::add(const FramePiece& piece) {
  Missing* const left = missing(piece.object);
  if (left == nullptr || left->blocks < piece.fence.blocks) return false;
  Stream* const stream = left->stream();
  if (stream == nullptr || !stream->restore(piece.first_id, piece.fence)) return false;
  engine_.share_.frames.checkpoint_refers(piece.fence.ref);
  left->blocks -= piece.fence.blocks;
  return settle(piece.object, *left);
}

bool StateLoader::add(const GroupPiece& piece) {
  Missing* const left = missing(piece.object);
  if (left == nullptr || left->groups == 0) return false;
  Stream* const stream = left->stream();
  if (stream == nullptr || piece.group >= stream->groups().next_id() ||
      piece.delivered_live > left->counters.length) {
    return false;
  }
  auto group = std::make_unique<Group>();
  group->id = piece.group;
  group->name = std::string(piece.name);
  group->last_delivered = piece.last_delivered;
  group->entries_read = piece.entries_read;
  group->delivered_live = piece.delivered_live;
  group->pending.set_last_release(piece.last_release);
  if (!add_consumers(*group, piece) || !stream->mutable_groups().restore(std::move(group)))
    return false;
  --left->groups;
  if (piece.pending > ~left->pending) return false;
  left->pending += piece.pending;
  if (piece.pending != 0) left->pending_of.emplace(piece.group, piece.pending);
  return settle(piece.object, *left);
}

bool StateLoader::add(const PendingPiece& piece) {
  Missing* const left = missing(piece.object);
  if (left == nullptr || piece.list.empty()) return false;
  const auto found = left->pending_of.find(piece.group);
  if (found == left->pending_of.end()) return false;
  Group& group = *left->stream()->mutable_groups().find(piece.group);
  PendingReader reader(piece.list);
  PendingEntry entry;
  uint64_t count = 0;
  std::optional<StreamId> previous;
  while (reader.next(entry)) {
    const bool owned = entry.owner.value == 0 || group.consumer(entry.owner) != nullptr;
    if (!owned || (previous && entry.id <= *previous) || group.pending.find(entry.id)) return false;
    group.pending.put(entry);
    previous = entry.id;
    ++count;
  }
  if (!reader.ok() || count > found->second) return false;
  found->second -= count;
  left->pending -= count;
  if (found->second == 0) left->pending_of.erase(found);
  return settle(piece.object, *left);
}

bool StateLoader::add(const RememberedPiece& piece) {
  Missing* const left = missing(piece.object);
  if (left == nullptr || left->remembered == 0 || piece.list.empty()) return false;
  Idempotency& known = left->stream()->mutable_idempotency();
  Bytes list = piece.list;
  Idempotency::View iid;
  while (!list.empty()) {
    if (left->remembered == 0 || !next_remembered(list, iid) || !known.restore(iid)) return false;
    --left->remembered;
  }
  return settle(piece.object, *left);
}

}  // namespace leat
