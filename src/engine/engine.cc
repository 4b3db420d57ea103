// apply() and the records of the directory, strings, hashes and sets; those of streams and groups are in
// apply_stream.cc.
#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "base/varint.h"
#include "engine/state_writer.h"

namespace leat {
namespace {

// Calls visit(Bytes) for each byte string of `list`; false when the list is malformed.
template <typename Visit>
bool for_each_string(Bytes list, Visit&& visit) {
  ByteReader in(list);
  while (!in.done()) {
    const Bytes string = in.string();
    if (!in.ok()) return false;
    visit(string);
  }
  return true;
}

}  // namespace

bool Engine::apply(const RecordView& record) {
  ++last_lsn_.value;
  return resized(apply_payload(record));
}

bool Engine::apply_payload(const RecordView& record) {
  switch (record.type) {
    case RecordType::kKeyCreate:
      return decode_and_apply<KeyCreate>(record.payload);
    case RecordType::kKeyDrop:
      return decode_and_apply<KeyDrop>(record.payload);
    case RecordType::kKeyRename:
      return decode_and_apply<KeyRename>(record.payload);
    case RecordType::kKeyCopy:
      return decode_and_apply<KeyCopy>(record.payload);
    case RecordType::kKeyExpire:
      return decode_and_apply<KeyExpire>(record.payload);
    case RecordType::kDbSwap:
      return decode_and_apply<DbSwap>(record.payload);
    case RecordType::kDbFlush:
      return decode_and_apply<DbFlush>(record.payload);
    case RecordType::kStringSet:
      return decode_and_apply<StringSet>(record.payload);
    case RecordType::kStringAppend:
      return decode_and_apply<StringAppend>(record.payload);
    case RecordType::kStringPatch:
      return decode_and_apply<StringPatch>(record.payload);
    case RecordType::kHashSet:
      return decode_and_apply<HashSet>(record.payload);
    case RecordType::kHashDelete:
      return decode_and_apply<HashDelete>(record.payload);
    case RecordType::kSetAdd:
      return decode_and_apply<SetAdd>(record.payload);
    case RecordType::kSetRemove:
      return decode_and_apply<SetRemove>(record.payload);
    default:
      return apply_to_stream(record);
  }
}

Engine::Engine(uint32_t databases, FrameStore* frames) : share_(frames), keyspace_(databases) {}

Engine::~Engine() {
  share_.frames.close();
}

StateWriter& Engine::start_checkpoint() {
  LEAT_CHECK(writer_ == nullptr);
  share_.seals.set_paused(true);
  writer_ = std::make_unique<StateWriter>(keyspace_, reaper_, share_.frames,
                                          NodePiece{.lsn = last_lsn_,
                                                    .next_object = keyspace_.next_id(),
                                                    .last_swap = last_swap_,
                                                    .changes = changes_});
  return *writer_;
}

void Engine::end_checkpoint() {
  writer_.reset();
  share_.seals.set_paused(false);
}

void Engine::reap(size_t count) {
  // What is flushed is the running checkpoint's to free: it may not have written it.
  constexpr size_t kObject = 10;  // Taking one out costs as much as that many parts.
  while (writer_ == nullptr && count != 0 && keyspace_.has_flushed()) {
    const size_t freed = kObject + reaper_.add(keyspace_.next_flushed());
    count -= std::min(count, freed);
  }
  for (size_t left = count; left != 0 && !share_.let_go.empty(); --left) {
    reaper_.add(std::move(share_.let_go.back()));
    share_.let_go.pop_back();
  }
  reaper_.reap(count);
  if (tracking_.reaping()) [[unlikely]]
    tracking_.reap(count);
}

bool Engine::reaping() const {
  return !reaper_.empty() || !share_.let_go.empty() || tracking_.reaping() ||
         (writer_ == nullptr && keyspace_.has_flushed());
}

size_t Engine::dropped_bytes() const {
  return reaper_.bytes() + keyspace_.flushed_bytes() +
         (writer_ == nullptr ? 0 : writer_->condemned_bytes());
}

Object* Engine::changed(ObjectId id) {
  if (recent_ == nullptr || recent_->id != id) {
    recent_ = keyspace_.find(id);
    if (recent_ != nullptr) recent_class_ = size_class(*recent_);
  }
  if (recent_ == nullptr) return nullptr;
  if (writer_ != nullptr) [[unlikely]]
    writer_->before_change(*recent_);
  recent_->changed = last_lsn_;
  return recent_;
}

void Engine::appeared(const Object& object) {
  touch(object);
  if (object.kind() == ObjectKind::kStream) {
    waits_.signal(object.db(), object.key);
  } else {
    waits_.signal_absence(object.db(), object.key);
  }
}

void Engine::disappeared(const Object& object) {
  touch(object);
  waits_.signal_absence(object.db(), object.key);
}

void Engine::touch_database(DbIndex db) {
  for (const KeyName& name : watches_.watched(db)) {
    if (keyspace_.find(name.db, name.key) != nullptr) watches_.touch(name.db, name.key);
  }
}

void Engine::signal_database(DbIndex db) {
  std::vector<KeyName> waited;
  waits_.visit_keys([&waited, db](const KeyName& name) {
    if (name.db == db) waited.push_back(name);
  });
  // The table of waits has no order of its own; who is woken first must not depend on it.
  std::sort(waited.begin(), waited.end());
  for (const KeyName& name : waited) {
    const Object* const object = keyspace_.find(name.db, name.key);
    if (object != nullptr && object->kind() == ObjectKind::kStream) {
      waits_.signal(name.db, name.key);
    } else {
      waits_.signal_absence(name.db, name.key);
    }
  }
}

bool Engine::on(const KeyCreate& record) {
  auto object = std::make_unique<Object>();
  object->id = record.object;
  object->key = std::string(record.key);
  switch (record.kind) {
    case ObjectKind::kString:
      break;
    case ObjectKind::kHash:
      object->value.emplace<HashValue>();
      break;
    case ObjectKind::kSet:
      object->value.emplace<SetValue>();
      break;
    case ObjectKind::kStream:
      object->value = std::make_unique<Stream>(&share_);
      break;
  }
  Object* const added = object.get();
  if (!keyspace_.add(std::move(object), record.db)) return false;
  recent_ = added;
  recent_class_ = size_class(*added);
  added->changed = last_lsn_;
  appeared(*added);
  return true;
}

bool Engine::on(const KeyDrop& record) {
  const Object* const object = keyspace_.find(record.object);
  if (object == nullptr) return false;
  ++changes_;
  disappeared(*object);
  recent_ = nullptr;
  if (writer_ != nullptr) {
    writer_->before_change(*object);
    writer_->drop(keyspace_.drop(record.object));
  } else {
    reaper_.add(keyspace_.drop(record.object));
  }
  return true;
}

bool Engine::on(const KeyRename& record) {
  Object* const object = changed(record.object);
  if (object == nullptr) return false;
  ++changes_;
  disappeared(*object);
  if (!keyspace_.rename(record.object, record.db, record.key)) return false;
  appeared(*object);
  return true;
}

bool Engine::on(const KeyCopy& record) {
  const Object* const source = keyspace_.find(record.object);
  if (source == nullptr) return false;
  auto copy = std::make_unique<Object>();
  copy->id = record.copy;
  copy->key = std::string(record.key);
  copy->expires = source->expires;
  copy->changed = last_lsn_;
  if (const auto* string = source->string()) copy->value = *string;
  if (const auto* hash = source->hash()) copy->value = HashValue{*hash};
  if (const auto* set = source->set()) copy->value = SetValue{*set};
  if (const auto* stream = source->stream()) copy->value = stream->clone();
  const Object* const added = copy.get();
  if (!keyspace_.add(std::move(copy), record.db)) return false;
  ++changes_;
  appeared(*added);
  return true;
}

bool Engine::on(const KeyExpire& record) {
  const Object* const object = changed(record.object);
  if (object == nullptr) return false;
  ++changes_;
  touch(*object);
  return keyspace_.expire(record.object, record.at);
}

bool Engine::on(const DbSwap& record) {
  if (record.first.value >= keyspace_.databases()) return false;
  touch_database(record.first);
  touch_database(record.second);
  tracking_.flush();
  if (!keyspace_.swap(record.first, record.second)) return false;
  ++changes_;
  last_swap_ = last_lsn_;
  for (const DbIndex db : {record.first, record.second}) {
    touch_database(db);
    signal_database(db);
  }
  return true;
}

bool Engine::on(const DbFlush& record) {
  if (record.db.value >= keyspace_.databases()) return false;
  recent_ = nullptr;
  tracking_.flush();
  const uint32_t first = record.every ? 0 : record.db.value;
  const uint32_t end = record.every ? keyspace_.databases() : record.db.value + 1;
  for (uint32_t db = first; db < end; ++db) {
    changes_ += keyspace_.size(DbIndex{db});
    touch_database(DbIndex{db});
    keyspace_.flush(DbIndex{db});
    signal_database(DbIndex{db});
  }
  return true;
}

bool Engine::on(const StringSet& record) {
  Object* const object = changed(record.object);
  auto* const value = object == nullptr ? nullptr : std::get_if<std::string>(&object->value);
  if (value == nullptr) return false;
  if (writer_ != nullptr) [[unlikely]]
    writer_->before_set(*value);
  value->assign(record.value);
  ++changes_;
  touch(*object);
  return true;
}

bool Engine::on(const StringAppend& record) {
  Object* const object = changed(record.object);
  auto* const value = object == nullptr ? nullptr : std::get_if<std::string>(&object->value);
  if (value == nullptr) return false;
  value->append(record.tail);
  ++changes_;
  touch(*object);
  return true;
}

bool Engine::on(const StringPatch& record) {
  Object* const object = changed(record.object);
  auto* const value = object == nullptr ? nullptr : std::get_if<std::string>(&object->value);
  if (value == nullptr) return false;
  const uint64_t end = record.offset + record.bytes.size();
  if (end < record.offset || end > kStringBytesMax) return false;
  if (writer_ != nullptr) [[unlikely]]
    writer_->before_patch(*value, record.offset, record.bytes.size());
  if (end > value->size()) value->resize(end);
  std::copy(record.bytes.begin(), record.bytes.end(),
            value->begin() + static_cast<ptrdiff_t>(record.offset));
  ++changes_;
  touch(*object);
  return true;
}

bool Engine::on(const HashSet& record) {
  Object* const object = changed(record.object);
  auto* const hash = object == nullptr ? nullptr : std::get_if<HashValue>(&object->value);
  if (hash == nullptr) return false;
  ByteReader in(record.list);
  while (!in.done()) {
    const Bytes field = in.string();
    const Bytes value = in.string();
    if (!in.ok()) return false;
    if (writer_ != nullptr) [[unlikely]]
      writer_->before_field(hash->fields, field);
    hash->fields.set(field, std::string(value));
    ++changes_;
  }
  touch(*object);
  return true;
}

bool Engine::on(const HashDelete& record) {
  Object* const object = changed(record.object);
  auto* const hash = object == nullptr ? nullptr : std::get_if<HashValue>(&object->value);
  if (hash == nullptr) return false;
  touch(*object);
  return for_each_string(record.list, [this, hash](Bytes field) {
    if (writer_ != nullptr) [[unlikely]]
      writer_->before_field(hash->fields, field);
    hash->fields.erase(field);
    ++changes_;
  });
}

bool Engine::on(const SetAdd& record) {
  Object* const object = changed(record.object);
  auto* const set = object == nullptr ? nullptr : std::get_if<SetValue>(&object->value);
  if (set == nullptr) return false;
  touch(*object);
  return for_each_string(record.list, [this, set](Bytes member) {
    if (writer_ != nullptr) [[unlikely]]
      writer_->before_field(set->members, member);
    set->members.set(member, {});
    ++changes_;
  });
}

bool Engine::on(const SetRemove& record) {
  Object* const object = changed(record.object);
  auto* const set = object == nullptr ? nullptr : std::get_if<SetValue>(&object->value);
  if (set == nullptr) return false;
  touch(*object);
  return for_each_string(record.list, [this, set](Bytes member) {
    if (writer_ != nullptr) [[unlikely]]
      writer_->before_field(set->members, member);
    set->members.erase(member);
    ++changes_;
  });
}

}  // namespace leat
