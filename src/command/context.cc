#include "command/context.h"

#include "command/command_table.h"
#include "command/dispatcher.h"

namespace leat {

const Object* Context::find(DbIndex db, Bytes key) {
  const Object* const object = live(db, key);
  parts_.dispatcher.statistics().note_lookup(object != nullptr);
  if (object == nullptr) {
    notify_miss(db, key);
  } else if (!parts_.session.no_touch) {
    object->used = parts_.now.wall;
  }
  return object;
}

const Object* Context::peek(Bytes key) {
  const Object* const object = look(key);
  if (object == nullptr) notify_miss(parts_.session.db, key);
  return object;
}

const Object* Context::look(Bytes key) {
  const Object* const object = live(key);
  parts_.dispatcher.statistics().note_lookup(object != nullptr);
  return object;
}

// A command that writes looks for what it may create.
void Context::notify_miss(DbIndex db, Bytes key) {
  const CommandSpec* const command = parts_.session.last_command;
  if (command != nullptr && (command->flags & kReadonly) != 0)
    notify(EventClass::kMiss, "keymiss", db, key);
}

const Object* Context::live(DbIndex db, Bytes key) {
  const Object* const object = parts_.engine.keyspace().find(db, key);
  if (object == nullptr) {
    depends_on_all();
    return nullptr;
  }
  if (object->expired(parts_.now.wall)) {
    const ClientId author = tracking().set_author({});
    drop(*object);
    tracking().set_author(author);
    parts_.dispatcher.statistics().note_expired();
    notify(EventClass::kExpired, "expired", db, key);
    return nullptr;
  }
  depends_on(*object);
  return object;
}

bool Context::find(Bytes key, ObjectKind kind, const Object*& object) {
  object = find(key);
  if (object == nullptr || object->kind() == kind) return true;
  error(kErrWrongType);
  return false;
}

void Context::apply() {
  Bytes fresh = parts_.records.view(applied_);
  while (!fresh.empty()) {
    const auto record = next_record(fresh);
    // The handler wrote it a moment ago, from this very state.
    LEAT_CHECK(record && parts_.engine.apply(*record));
  }
  applied_ = parts_.records.size();
  release_ = parts_.engine.last_lsn();
}

const Object& Context::create(Bytes key, ObjectKind kind, Creates creates) {
  const ObjectId id = next_object();
  commit(KeyCreate{.object = id, .db = parts_.session.db, .kind = kind, .key = key});
  const Object& object = *parts_.engine.keyspace().find(id);
  object.used = parts_.now.wall;
  if (creates == Creates::kNew) notify(EventClass::kNew, "new", key);
  return object;
}

int64_t Context::idle_ms(const Object& object) {
  return std::max(now().wall.value - std::max(object.used, parts_.dispatcher.started()).value,
                  int64_t{0});
}

}  // namespace leat
