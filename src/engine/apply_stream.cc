// The records of streams and groups.
#include <algorithm>
#include <utility>

#include "base/flatten.h"
#include "engine/engine.h"
#include "engine/pending_columns.h"
#include "engine/state_writer.h"
#include "model/record_lists.h"

namespace leat {
namespace {

uint64_t counted(uint64_t deliveries, DeliveryCount count, uint64_t set_to) {
  switch (count) {
    case DeliveryCount::kKeep:
      return deliveries;
    case DeliveryCount::kIncrement:
      return std::min(deliveries + 1, kDeliveriesMax);
    case DeliveryCount::kDecrement:
      return deliveries - std::min(deliveries, uint64_t{1});
    case DeliveryCount::kSet:
      return set_to;
  }
  return deliveries;
}

}  // namespace

bool Engine::apply_to_stream(const RecordView& record) {
  switch (record.type) {
    case RecordType::kStreamAppend:
      return decode_and_apply<StreamAppend>(record.payload);
    case RecordType::kStreamTrim:
      return decode_and_apply<StreamTrim>(record.payload);
    case RecordType::kStreamTrimRanges:
      return decode_and_apply<StreamTrimRanges>(record.payload);
    case RecordType::kStreamDelete:
      return decode_and_apply<StreamDelete>(record.payload);
    case RecordType::kStreamSetId:
      return decode_and_apply<StreamSetId>(record.payload);
    case RecordType::kStreamConfigure:
      return decode_and_apply<StreamConfigure>(record.payload);
    case RecordType::kStreamIdempotency:
      return decode_and_apply<StreamIdempotency>(record.payload);
    case RecordType::kStreamRemember:
      return decode_and_apply<StreamRemember>(record.payload);
    case RecordType::kStreamForget:
      return decode_and_apply<StreamForget>(record.payload);
    case RecordType::kStreamDuplicate:
      return decode_and_apply<StreamDuplicate>(record.payload);
    case RecordType::kGroupCreate:
      return decode_and_apply<GroupCreate>(record.payload);
    case RecordType::kGroupSetId:
      return decode_and_apply<GroupSetId>(record.payload);
    case RecordType::kGroupDrop:
      return decode_and_apply<GroupDrop>(record.payload);
    case RecordType::kConsumerCreate:
      return decode_and_apply<ConsumerCreate>(record.payload);
    case RecordType::kConsumerDrop:
      return decode_and_apply<ConsumerDrop>(record.payload);
    case RecordType::kGroupDeliver:
      return decode_and_apply<GroupDeliver>(record.payload);
    case RecordType::kGroupAck:
      return decode_and_apply<GroupAck>(record.payload);
    case RecordType::kGroupClaim:
      return decode_and_apply<GroupClaim>(record.payload);
    case RecordType::kGroupRelease:
      return decode_and_apply<GroupRelease>(record.payload);
    case RecordType::kGroupRedeliver:
      return decode_and_apply<GroupRedeliver>(record.payload);
    default:
      return false;
  }
}

Stream* Engine::changed_stream(ObjectId id, Object** object) {
  Object* const found = changed(id);
  if (found == nullptr) return nullptr;
  auto* const stream = std::get_if<std::unique_ptr<Stream>>(&found->value);
  if (stream == nullptr) return nullptr;
  if (object != nullptr) *object = found;
  return stream->get();
}

Group* Engine::changed_group(ObjectId id, GroupId group, Stream** stream) {
  Stream* const found = changed_stream(id);
  if (found == nullptr) return nullptr;
  if (stream != nullptr) *stream = found;
  Group* const named = found->mutable_groups().find(group);
  if (writer_ != nullptr && named != nullptr) [[unlikely]]
    writer_->before_group(*named);
  return named;
}

LEAT_FLATTEN bool Engine::on(const StreamAppend& record) {
  Object* object = nullptr;
  Stream* const stream = changed_stream(record.object, &object);
  if (stream == nullptr || record.id <= stream->last_id()) return false;
  if (record.elements == 0 || record.elements % 2 != 0) return false;
  if (writer_ != nullptr) [[unlikely]]
    writer_->before_append(*stream, record.id, record.new_block);
  if (!stream->append(record.id, record.elements, record.wire, record.new_block)) return false;
  if (stream->length() == 1) [[unlikely]]
    keyspace_.schedule_age(*object);
  ++changes_;
  touch(*object);
  waits_.signal(object->db(), object->key);
  return true;
}

bool Engine::on(const StreamTrim& record) {
  Object* object = nullptr;
  Stream* const stream = changed_stream(record.object, &object);
  if (stream == nullptr) return false;
  if (writer_ != nullptr) [[unlikely]]
    writer_->before_trim(*stream, record.last_dropped);
  DroppedExtents dropped(&share_);
  const uint64_t before = stream->length();
  if (!stream->trim(record.last_dropped, dropped)) return false;
  changes_ += before - stream->length();
  if (writer_ != nullptr) {
    writer_->drop(std::move(dropped), record.last_dropped);
  } else if (!dropped.empty()) {
    reaper_.add(std::move(dropped));
  }
  touch(*object);
  return true;
}

bool Engine::on(const StreamTrimRanges& record) {
  Object* object = nullptr;
  Stream* const stream = changed_stream(record.object, &object);
  if (stream == nullptr) return false;
  touch(*object);
  const uint64_t before = stream->length();
  IdListReader ranges(record.ranges);
  StreamId first;
  StreamId last;
  while (ranges.next(first)) {
    if (!ranges.next(last)) return false;
    if (writer_ != nullptr) [[unlikely]]
      writer_->before_trim(*stream, first, last);
    if (!stream->trim_range(first, last)) return false;
  }
  changes_ += before - stream->length();
  return ranges.ok();
}

bool Engine::on(const StreamDelete& record) {
  Object* object = nullptr;
  Stream* const stream = changed_stream(record.object, &object);
  if (stream == nullptr) return false;
  touch(*object);
  IdListReader ids(record.ids);
  StreamId id;
  while (ids.next(id)) {
    if (writer_ != nullptr) [[unlikely]]
      writer_->before_erase(*stream, id);
    if (!stream->erase(id)) return false;
    ++changes_;
  }
  return ids.ok();
}

bool Engine::on(const StreamSetId& record) {
  Stream* const stream = changed_stream(record.object);
  if (stream == nullptr) return false;
  if (writer_ != nullptr) [[unlikely]]
    writer_->before_set_id(*stream);
  ++changes_;
  return stream->set_id(record.last_id, record.entries_added, record.max_deleted);
}

bool Engine::on(const StreamConfigure& record) {
  Object* object = nullptr;
  Stream* const stream = changed_stream(record.object, &object);
  if (stream == nullptr) return false;
  ++changes_;
  stream->configure(record.policy);
  keyspace_.schedule_age(*object);
  return true;
}

bool Engine::on(const StreamIdempotency& record) {
  Object* object = nullptr;
  Stream* const stream = changed_stream(record.object, &object);
  if (stream == nullptr || record.limits.size_max == 0) return false;
  ++changes_;
  if (auto known = stream->take_idempotency()) {
    if (writer_ != nullptr) {
      writer_->drop(std::move(known));
    } else {
      reaper_.add(std::move(known));
    }
  }
  stream->mutable_idempotency().configure(record.limits,
                                          {.added = record.added, .duplicates = record.duplicates});
  keyspace_.schedule_age(*object);
  return true;
}

bool Engine::on(const StreamRemember& record) {
  Object* object = nullptr;
  Stream* const stream = changed_stream(record.object, &object);
  if (stream == nullptr || record.producer.empty() || record.iid.empty()) return false;
  Idempotency& known = stream->mutable_idempotency();
  if (writer_ != nullptr) [[unlikely]] {
    if (const auto surplus = known.place_of_surplus(record.producer))
      writer_->before_forget(known, *surplus, *surplus);
  }
  if (!known.add(record.producer, record.iid, record.id)) return false;
  if (known.size() == 1) keyspace_.schedule_age(*object);
  return true;
}

bool Engine::on(const StreamForget& record) {
  Stream* const stream = changed_stream(record.object);
  if (stream == nullptr || stream->idempotency() == nullptr || record.count == 0) return false;
  Idempotency& known = stream->mutable_idempotency();
  if (writer_ != nullptr && record.count <= known.size()) [[unlikely]]
    writer_->before_forget(known, 0, known.place_of_nth(record.count));
  return known.forget(record.count);
}

bool Engine::on(const StreamDuplicate& record) {
  Stream* const stream = changed_stream(record.object);
  if (stream == nullptr || stream->idempotency() == nullptr) return false;
  ++changes_;
  stream->mutable_idempotency().count_duplicate();
  return true;
}

bool Engine::on(const GroupCreate& record) {
  Stream* const stream = changed_stream(record.object);
  if (stream == nullptr) return false;
  auto group = std::make_unique<Group>();
  group->id = record.group;
  group->name = std::string(record.name);
  ++changes_;
  group->entries_read = record.entries_read;
  return stream->place(*group, record.last_delivered) &&
         stream->mutable_groups().add(std::move(group));
}

bool Engine::on(const GroupSetId& record) {
  Stream* stream = nullptr;
  Group* const group = changed_group(record.object, record.group, &stream);
  if (group == nullptr) return false;
  ++changes_;
  group->entries_read = record.entries_read;
  return stream->place(*group, record.last_delivered);
}

bool Engine::on(const GroupDrop& record) {
  Object* object = nullptr;
  Stream* const stream = changed_stream(record.object, &object);
  Group* const group = stream == nullptr ? nullptr : stream->mutable_groups().find(record.group);
  if (group == nullptr) return false;
  if (writer_ != nullptr) {
    writer_->before_group(*group);
    writer_->drop(stream->mutable_groups().drop(record.group));
  } else {
    reaper_.add(stream->mutable_groups().drop(record.group));
  }
  ++changes_;
  waits_.signal_group_gone(object->db(), object->key);
  return true;
}

bool Engine::on(const ConsumerCreate& record) {
  Group* const group = changed_group(record.object, record.group);
  ++changes_;
  return group != nullptr && add_consumer(*group, record.consumer, record.name, record.at);
}

bool Engine::on(const ConsumerDrop& record) {
  Group* const group = changed_group(record.object, record.group);
  if (group == nullptr || group->consumer(record.consumer) == nullptr) return false;
  ++changes_;
  // One that has all that is pending loses it as a whole; what lies among that of others is swept in slices.
  const size_t pending = group->pending.count_of(record.consumer);
  if (pending == group->pending.size() && writer_ == nullptr) {
    reaper_.add(group->pending.take_all());
  } else if (pending == group->pending.size()) {
    writer_->drop(group->id, group->pending.take_all());
  }
  const bool dropped = drop_consumer(*group, record.consumer, last_lsn_);
  const DroppedConsumer rest{&keyspace_, record.object, group->id, record.consumer};
  if (writer_ != nullptr) {
    writer_->drop(rest, *group);
  } else {
    reaper_.add(rest);
  }
  return dropped;
}

bool Engine::on(const GroupDeliver& record) {
  Stream* stream = nullptr;
  Group* const group = changed_group(record.object, record.group, &stream);
  Consumer* const consumer = group == nullptr ? nullptr : group->consumer(record.consumer);
  if (consumer == nullptr || record.first <= group->last_delivered) return false;
  delivered_.clear();
  for (auto cursor = stream->seek(group->last_delivered.next(), {.end = record.last});
       !cursor.done(); cursor.advance()) {
    const StreamId id = cursor.entry().id;
    if (id > record.last) break;
    delivered_.push_back(id);
  }
  // The range is what the group has not been given yet, from entry to entry. A group that went beyond
  // the stream or over entries without counting them would have a wrong lag from then on.
  if (delivered_.empty() || delivered_.front() != record.first || delivered_.back() != record.last)
    return false;
  if (writer_ != nullptr && !record.no_ack) [[unlikely]]
    writer_->before_pending(*group, record.first, record.last);
  if (!record.no_ack) {
    group->pending.put_run(delivered_.data(), delivered_.size(), record.consumer, record.at, 1);
  }
  group->last_delivered = record.last;
  group->delivered_live += delivered_.size();
  group->entries_read = record.entries_read;
  consumer->seen = std::max(consumer->seen, record.at);
  if (!record.no_ack) consumer->active = record.at;
  ++changes_;
  return true;
}

bool Engine::on(const GroupAck& record) {
  Group* const group = changed_group(record.object, record.group);
  if (group == nullptr) return false;
  IdListReader ranges(record.ranges);
  StreamId first;
  StreamId last;
  while (ranges.next(first)) {
    if (!ranges.next(last)) return false;
    if (writer_ != nullptr) [[unlikely]]
      writer_->before_pending(*group, first, last);
    changes_ += group->pending.erase_run(first, last);
  }
  return ranges.ok();
}

bool Engine::on(const GroupClaim& record) {
  Group* const group = changed_group(record.object, record.group);
  Consumer* const consumer = group == nullptr ? nullptr : group->consumer(record.consumer);
  if (consumer == nullptr) return false;
  IdListReader ids(record.ids);
  PendingEntry pending;
  pending.owner = record.consumer;
  pending.delivered = record.delivered;
  while (ids.next(pending.id)) {
    if (writer_ != nullptr) [[unlikely]]
      writer_->before_pending(*group, pending.id, pending.id);
    const auto present = group->pending.find(pending.id);
    const uint64_t deliveries = present ? present->deliveries : 1;
    pending.deliveries = counted(deliveries, record.count, record.deliveries);
    group->pending.put(pending);
    ++changes_;
  }
  consumer->seen = std::max(consumer->seen, record.at);
  consumer->active = record.at;
  return ids.ok();
}

bool Engine::on(const GroupRedeliver& record) {
  Stream* stream = nullptr;
  Group* const group = changed_group(record.object, record.group, &stream);
  Consumer* const consumer = group == nullptr ? nullptr : group->consumer(record.consumer);
  if (consumer == nullptr) return false;
  std::vector<PendingEntry> again;
  const uint64_t failures = share_.frames.counters().failures;
  group->pending.visit_from(record.first, record.consumer, [&](const PendingEntry& entry) {
    if (entry.id > record.last) return false;
    if (stream->find(entry.id)) again.push_back(entry);
    return true;
  });
  if (share_.frames.counters().failures != failures) return false;
  for (PendingEntry& entry : again) {
    if (writer_ != nullptr) [[unlikely]]
      writer_->before_pending(*group, entry.id, entry.id);
    entry.delivered = record.at;
    entry.deliveries = counted(entry.deliveries, DeliveryCount::kIncrement, 0);
    group->pending.put(entry);
  }
  consumer->seen = std::max(consumer->seen, record.at);
  return true;
}

bool Engine::on(const GroupRelease& record) {
  Group* const group = changed_group(record.object, record.group);
  if (group == nullptr) return false;
  IdListReader ids(record.ids);
  StreamId id;
  while (ids.next(id)) {
    if (writer_ != nullptr) [[unlikely]]
      writer_->before_pending(*group, id, id);
    const auto present = group->pending.find(id);
    const uint64_t deliveries = present ? present->deliveries : 0;
    group->pending.release(id, counted(deliveries, record.count, record.deliveries));
    ++changes_;
  }
  // A reader that claims may have it at once.
  const Object& object = *keyspace_.find(record.object);
  waits_.signal(object.db(), object.key);
  return ids.ok();
}

void Engine::note_seen(const Object& object, GroupId group, ConsumerId consumer, WallMs now) {
  Object* const found = keyspace_.find(object.id);
  auto* const stream =
      found == nullptr ? nullptr : std::get_if<std::unique_ptr<Stream>>(&found->value);
  if (stream == nullptr) return;
  Group* const named = (*stream)->groups().find(group);
  Consumer* const reader = named == nullptr ? nullptr : named->consumer(consumer);
  if (reader != nullptr) reader->seen = now;
}

}  // namespace leat
