#include "engine/keyspace.h"

#include <algorithm>

#include "base/hash.h"

namespace leat {

Object* Keyspace::find(DbIndex db, Bytes key) const {
  if (recent_ != nullptr && recent_->key == key && recent_->db == db) return recent_;
  const auto& keys = databases_[db.value].keys;
  const uint64_t hash = hash64(key);
  for (auto at = keys.lower_bound(Place{hash, nullptr}); at != keys.end() && at->first == hash;
       ++at) {
    if (at->second->key == key) return recent_ = at->second;
  }
  return nullptr;
}

Object* Keyspace::find(ObjectId id) const {
  const auto found = objects_.find(id);
  return found == objects_.end() ? nullptr : found->second.get();
}

const Object* Keyspace::pick(DbIndex db, uint64_t random) const {
  const auto& keys = databases_[db.value].keys;
  if (keys.empty()) return nullptr;
  auto at = keys.lower_bound(Place{random, nullptr});
  if (at == keys.end()) at = keys.begin();
  return at->second;
}

std::vector<const Object*> Keyspace::due(WallMs now, size_t count) const {
  std::vector<const Object*> objects;
  for (const auto& [at, id] : expiries_) {
    if (at > now || objects.size() == count) break;
    objects.push_back(find(id));
  }
  return objects;
}

WallMs Keyspace::next_expiry() const {
  return expiries_.empty() ? WallMs{0} : expiries_.begin()->first;
}

bool Keyspace::add(std::unique_ptr<Object> object) {
  if (object->db.value >= databases_.size() || find(object->id) != nullptr) return false;
  if (find(object->db, object->key) != nullptr) return false;
  object->key_hash = hash64(object->key);
  Object* const added = object.get();
  next_id_ = std::max(next_id_, ObjectId{added->id.value + 1});
  objects_.emplace_hint(objects_.end(), added->id, std::move(object));
  link(*added);
  if (added->expires.value != 0) expiries_.emplace(added->expires, added->id);
  return true;
}

bool Keyspace::drop(ObjectId id) {
  const auto found = objects_.find(id);
  if (found == objects_.end()) return false;
  unlink(*found->second);
  forget_expiry(*found->second);
  objects_.erase(found);
  return true;
}

bool Keyspace::rename(ObjectId id, DbIndex db, Bytes key) {
  Object* const object = find(id);
  if (object == nullptr || db.value >= databases_.size() || find(db, key) != nullptr) return false;
  unlink(*object);
  object->db = db;
  object->key = std::string(key);
  object->key_hash = hash64(key);
  link(*object);
  return true;
}

bool Keyspace::expire(ObjectId id, WallMs at) {
  Object* const object = find(id);
  if (object == nullptr) return false;
  forget_expiry(*object);
  Database& database = databases_[object->db.value];
  object->expires = at;
  if (at.value != 0) {
    database.expiring.insert(Place{object->key_hash, object});
    expiries_.emplace(at, id);
  } else {
    database.expiring.erase(Place{object->key_hash, object});
  }
  return true;
}

bool Keyspace::swap(DbIndex first, DbIndex second) {
  if (first.value >= databases_.size() || second.value >= databases_.size()) return false;
  if (first == second) return true;
  std::swap(databases_[first.value], databases_[second.value]);
  for (const auto& [hash, object] : databases_[first.value].keys) object->db = first;
  for (const auto& [hash, object] : databases_[second.value].keys) object->db = second;
  return true;
}

void Keyspace::flush(DbIndex db) {
  Database& database = databases_[db.value];
  recent_ = nullptr;
  for (const auto& [hash, object] : database.keys) {
    const ObjectId id = object->id;
    forget_expiry(*object);
    objects_.erase(id);
  }
  database = {};
}

void Keyspace::unlink(Object& object) {
  if (recent_ == &object) recent_ = nullptr;
  Database& database = databases_[object.db.value];
  database.keys.erase(Place{object.key_hash, &object});
  if (object.expires.value != 0) database.expiring.erase(Place{object.key_hash, &object});
}

void Keyspace::link(Object& object) {
  Database& database = databases_[object.db.value];
  database.keys.insert(Place{object.key_hash, &object});
  if (object.expires.value != 0) database.expiring.insert(Place{object.key_hash, &object});
}

void Keyspace::forget_expiry(const Object& object) {
  if (object.expires.value != 0) expiries_.erase({object.expires, object.id});
}

}  // namespace leat
