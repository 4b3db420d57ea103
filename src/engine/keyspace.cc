#include "engine/keyspace.h"

#include <algorithm>
#include <limits>

#include "base/hash.h"

namespace leat {
namespace {

constexpr auto kLatest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

// When what was added as `id` reaches an age of `age_ms`.
WallMs reached(StreamId id, uint64_t age_ms) {
  const uint64_t from = std::min(id.ms, kLatest);
  return WallMs{static_cast<int64_t>(from + std::min(age_ms, kLatest - from))};
}

// When the oldest entry of the stream reaches MAXAGE, or its oldest iid its duration; 0: there are none, or no MAXAGE.
WallMs age_due(const Stream& stream) {
  constexpr uint64_t kSecondMs = 1000;
  WallMs due;
  const uint64_t age_max = stream.retention().age_max_ms;
  if (age_max != 0 && stream.length() != 0) due = reached(stream.first_id(), age_max);
  const Idempotency* const known = stream.idempotency();
  if (known == nullptr || known->size() == 0) return due;
  const uint64_t duration_s = std::min(known->limits().duration_s, kLatest / kSecondMs);
  const WallMs forgotten = reached(known->oldest(), duration_s * kSecondMs);
  return due.value == 0 ? forgotten : std::min(due, forgotten);
}

}  // namespace

Keyspace::Keyspace(uint32_t databases) {
  databases_.reserve(databases);
  for (uint32_t i = 0; i < databases; ++i) databases_.push_back(make_database(DbIndex{i}));
}

std::unique_ptr<Keyspace::Database> Keyspace::make_database(DbIndex number) {
  auto database = std::make_unique<Database>();
  database->home.number = number;
  return database;
}

Object* Keyspace::find(DbIndex db, Bytes key) const {
  if (recent_ != nullptr && recent_->key == key && recent_->db() == db) return recent_;
  const auto& keys = databases_[db.value]->keys;
  const uint64_t hash = hash64(key);
  for (auto at = keys.lower_bound(Place{hash, nullptr}); at != keys.end() && at->first == hash;
       ++at) {
    if (at->second->key == key) return recent_ = at->second;
  }
  return nullptr;
}

Object* Keyspace::find(ObjectId id) const {
  const auto found = objects_.find(id);
  if (found == objects_.end() || found->second->home->flushed) return nullptr;
  return found->second.get();
}

const Object* Keyspace::pick(DbIndex db, uint64_t random) const {
  const auto& keys = databases_[db.value]->keys;
  if (keys.empty()) return nullptr;
  auto at = keys.lower_bound(Place{random, nullptr});
  if (at == keys.end()) at = keys.begin();
  return at->second;
}

std::vector<const Object*> Keyspace::due(WallMs now, size_t count) const {
  std::vector<std::pair<WallMs, ObjectId>> due;
  for (const Database* const database : expiring_) {
    size_t left = count;
    for (auto at = database->expiries.begin(); at != database->expiries.end(); ++at) {
      if (at->first > now || left-- == 0) break;
      due.push_back(*at);
    }
  }
  std::sort(due.begin(), due.end());
  due.resize(std::min(due.size(), count));
  std::vector<const Object*> objects;
  objects.reserve(due.size());
  for (const auto& [at, id] : due) objects.push_back(find(id));
  return objects;
}

WallMs Keyspace::next_expiry() const {
  WallMs next{0};
  for (const Database* const database : expiring_) {
    const WallMs first = database->expiries.begin()->first;
    if (next.value == 0 || first < next) next = first;
  }
  return next;
}

std::vector<const Object*> Keyspace::ageing(WallMs now, size_t count) const {
  std::vector<const Object*> objects;
  for (const std::unique_ptr<Database>& database : databases_) {
    for (const auto& [at, id] : database->ages) {
      if (at > now || objects.size() == count) break;
      objects.push_back(find(id));
    }
  }
  return objects;
}

WallMs Keyspace::next_ageing() const {
  WallMs next{0};
  for (const std::unique_ptr<Database>& database : databases_) {
    if (database->ages.empty()) continue;
    const WallMs first = database->ages.begin()->first;
    if (next.value == 0 || first < next) next = first;
  }
  return next;
}

bool Keyspace::add(std::unique_ptr<Object> object, DbIndex db) {
  if (object->id < next_id_) return false;
  const ObjectId id = object->id;
  if (!restore(std::move(object), db)) return false;
  next_id_ = ObjectId{id.value + 1};
  return true;
}

bool Keyspace::restore(std::unique_ptr<Object> object, DbIndex db) {
  if (db.value >= databases_.size() || objects_.contains(object->id)) return false;
  if (find(db, object->key) != nullptr) return false;
  Object* const added = object.get();
  objects_.emplace_hint(objects_.end(), added->id, std::move(object));
  link(*added, *databases_[db.value]);
  schedule_age(*added);
  return true;
}

std::unique_ptr<Object> Keyspace::drop(ObjectId id) {
  const auto found = objects_.find(id);
  if (found == objects_.end() || found->second->home->flushed) return nullptr;
  std::unique_ptr<Object> object = std::move(found->second);
  objects_.erase(found);
  unlink(*object);
  return object;
}

bool Keyspace::rename(ObjectId id, DbIndex db, Bytes key) {
  Object* const object = find(id);
  if (object == nullptr || db.value >= databases_.size() || find(db, key) != nullptr) return false;
  unlink(*object);
  object->key = std::string(key);
  link(*object, *databases_[db.value]);
  schedule_age(*object);
  return true;
}

bool Keyspace::expire(ObjectId id, WallMs at) {
  Object* const object = find(id);
  if (object == nullptr) return false;
  Database& database = database_of(*object);
  forget_expiry(*object, database);
  object->expires = at;
  enter_expiry(*object, database);
  return true;
}

bool Keyspace::swap(DbIndex first, DbIndex second) {
  if (first.value >= databases_.size() || second.value >= databases_.size()) return false;
  std::swap(databases_[first.value], databases_[second.value]);
  databases_[first.value]->home.number = first;
  databases_[second.value]->home.number = second;
  return true;
}

// Hash order is no order at all: the first ones are as good a sample as any. Few of them: none has been touched for long,
// and where pages are slow to get at, each object and each of its parts costs some microseconds.
void Keyspace::sample_flushed(Database& database) {
  constexpr size_t kObjects = 128;
  constexpr size_t kParts = 2;
  for (auto at = database.keys.begin(); at != database.keys.end() && database.seen < kObjects;
       ++at, ++database.seen) {
    database.seen_bytes += memory_of(*at->second, kParts);
  }
}

void Keyspace::flush(DbIndex db) {
  std::unique_ptr<Database>& database = databases_[db.value];
  if (database->keys.empty()) return;
  recent_ = nullptr;
  std::erase(expiring_, database.get());
  database->home.flushed = true;
  sample_flushed(*database);
  flushed_bytes_ += database->flushed_bytes();
  flushed_.push_back(std::exchange(database, make_database(db)));
}

std::unique_ptr<Object> Keyspace::next_flushed() {
  if (flushed_.empty()) return nullptr;
  return take_flushed(*flushed_.front()->keys.begin()->second);
}

size_t Keyspace::flushed() const {
  size_t count = 0;
  for (const std::unique_ptr<Database>& database : flushed_) count += database->keys.size();
  return count;
}

std::unique_ptr<Object> Keyspace::take_flushed(Object& object) {
  const auto database = std::find_if(
      flushed_.begin(), flushed_.end(),
      [&object](const std::unique_ptr<Database>& one) { return &one->home == object.home; });
  LEAT_CHECK(database != flushed_.end());
  auto& [home, keys, sizes, expiring, expiries, ages, seen_bytes, seen] = **database;
  flushed_bytes_ -= (*database)->flushed_bytes();
  seen_bytes += memory_of(object, kFewSamples);
  ++seen;
  if (keys.begin()->second == &object) {
    keys.erase(keys.begin());
  } else {
    keys.erase(place_of(object));
  }
  // Nobody asks when it would have expired or aged: with each object one of each goes, whichever is quickest. What
  // remains may name objects that are gone, and is never looked at.
  if (!expiries.empty()) expiries.erase(expiries.begin());
  if (!expiring.empty()) expiring.erase(expiring.begin());
  if (!ages.empty()) ages.erase(ages.begin());
  flushed_bytes_ += (*database)->flushed_bytes();
  if (keys.empty()) flushed_.erase(database);
  const auto found = objects_.find(object.id);
  std::unique_ptr<Object> taken = std::move(found->second);
  objects_.erase(found);
  return taken;
}

Object* Keyspace::first_from(ObjectId id) const {
  const auto found = objects_.lower_bound(id);
  return found == objects_.end() ? nullptr : found->second.get();
}

void Keyspace::note_numbers() {
  for (const std::unique_ptr<Database>& database : databases_) {
    database->home.checkpoint_number = database->home.number;
  }
  for (const std::unique_ptr<Database>& database : flushed_) database->home.forgotten = true;
}

void Keyspace::count_sizes() {
  for (const std::unique_ptr<Database>& database : databases_) {
    database->sizes = {};
    for (const Place& place : database->keys)
      database->sizes.add(place.second->kind(), size_class(*place.second));
  }
}

void Keyspace::schedule_age(Object& object) {
  if (const Stream* const stream = object.stream()) look_at(object, age_due(*stream));
}

void Keyspace::schedule_age(ObjectId id, WallMs earliest) {
  Object* const object = find(id);
  const Stream* const stream = object == nullptr ? nullptr : object->stream();
  if (stream == nullptr) return;
  const WallMs due = age_due(*stream);
  look_at(*object, due.value == 0 ? due : std::max(due, earliest));
}

void Keyspace::look_at(Object& object, WallMs at) {
  auto* const stream = std::get_if<std::unique_ptr<Stream>>(&object.value);
  if (stream == nullptr || (*stream)->age_check() == at) return;
  auto& ages = database_of(object).ages;
  if ((*stream)->age_check().value != 0) ages.erase({(*stream)->age_check(), object.id});
  if (at.value != 0) ages.emplace(at, object.id);
  (*stream)->set_age_check(at);
}

void Keyspace::unlink(Object& object) {
  if (recent_ == &object) recent_ = nullptr;
  Database& database = database_of(object);
  database.keys.erase(place_of(object));
  database.sizes.remove(object.kind(), size_class(object));
  forget_expiry(object, database);
  look_at(object, WallMs{0});
}

void Keyspace::link(Object& object, Database& database) {
  object.home = &database.home;
  database.keys.insert(place_of(object));
  database.sizes.add(object.kind(), size_class(object));
  enter_expiry(object, database);
}

void Keyspace::enter_expiry(Object& object, Database& database) {
  if (object.expires.value == 0) return;
  if (database.expiries.empty()) expiring_.push_back(&database);
  database.expiries.emplace(object.expires, object.id);
  database.expiring.insert(place_of(object));
}

void Keyspace::forget_expiry(Object& object, Database& database) {
  if (object.expires.value == 0) return;
  database.expiries.erase({object.expires, object.id});
  database.expiring.erase(place_of(object));
  if (database.expiries.empty()) std::erase(expiring_, &database);
}

}  // namespace leat
