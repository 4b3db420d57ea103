// Keyspace: which names stand for which objects, in every database.
//
// Ordered by (hash of the name, name) in b-trees with small leaves, not in one large hash table: no
// insert ever stalls for a rehash, and the order is SCAN's cursor.
//
// A flushed database is put aside as a whole: its objects can't be found any more, but stand in the map of ids until
// next_flushed() or take_flushed() has taken each of them out.
//
// Invariant  every object stands under exactly one (database, name); its id under exactly one object.
// Cost       O(log keys) unless said otherwise.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include "base/hash.h"
#include "engine/object.h"
#include "engine/size_histogram.h"

namespace leat {

class Keyspace {
 public:
  explicit Keyspace(uint32_t databases);

  [[nodiscard]] uint32_t databases() const { return static_cast<uint32_t>(databases_.size()); }
  // The object under the name, expired or not; null if there is none.
  [[nodiscard]] Object* find(DbIndex db, Bytes key) const;
  [[nodiscard]] Object* find(ObjectId id) const;
  [[nodiscard]] size_t size(DbIndex db) const { return databases_[db.value]->keys.size(); }
  // How many objects of `db` will expire.
  [[nodiscard]] size_t expiring(DbIndex db) const { return databases_[db.value]->expiries.size(); }
  // The objects of `db` by their sizes.
  [[nodiscard]] const SizeHistogram& sizes(DbIndex db) const { return databases_[db.value]->sizes; }
  [[nodiscard]] ObjectId next_id() const { return next_id_; }

  // Calls visit(const Object&) for every object of `db`, in hash order, until it returns false.
  template <typename Visit>
  void visit(DbIndex db, Visit&& visit) const {
    for (const auto& [hash, object] : databases_[db.value]->keys) {
      if (!visit(std::as_const(*object))) return;
    }
  }
  // Calls visit(const Object&) for about `count` objects from `cursor` on; returns the next cursor, 0 at the end.
  template <typename Visit>
  [[nodiscard]] uint64_t scan(DbIndex db, uint64_t cursor, size_t count, Visit&& visit) const {
    const auto& keys = databases_[db.value]->keys;
    auto at = keys.lower_bound({cursor << kScanShift, nullptr});
    for (size_t seen = 0; at != keys.end(); ++at, ++seen) {
      const uint64_t position = at->first >> kScanShift;
      if (seen >= count && position != cursor) return position;
      cursor = position;
      visit(std::as_const(*at->second));
    }
    return 0;
  }
  // An object near a place that `random` picks; null when the database is empty.
  [[nodiscard]] const Object* pick(DbIndex db, uint64_t random) const;
  // Calls visit(const Object&) for `count` objects of `db`, or all if there are fewer: neighbours in hash order, from a
  // place that `random` picks.
  enum class Keys : uint8_t { kAll, kExpiring };
  template <typename Visit>
  void sample(DbIndex db, Keys keys, uint64_t random, size_t count, Visit&& visit) const {
    const Database& database = *databases_[db.value];
    const Places& places = keys == Keys::kAll ? database.keys : database.expiring;
    if (places.empty()) return;
    auto at = places.lower_bound(Place{random, nullptr});
    for (size_t left = std::min(count, places.size()); left != 0; --left, ++at) {
      if (at == places.end()) at = places.begin();
      visit(std::as_const(*at->second));
    }
  }
  // Up to `count` objects whose time has come by `now`, the earliest first.
  [[nodiscard]] std::vector<const Object*> due(WallMs now, size_t count) const;
  // The time at which the next object expires; 0 if none will.
  [[nodiscard]] WallMs next_expiry() const;
  // Up to `count` streams whose oldest entries or iids may be too old by `now`; in each database those that were to
  // be looked at first come first. O(databases + result).
  [[nodiscard]] std::vector<const Object*> ageing(WallMs now, size_t count) const;
  // The time at which the next stream is to be looked at; 0 if none is.
  [[nodiscard]] WallMs next_ageing() const;

  // ---- Changes; only apply() calls them. All are false, and nothing has changed, when a name or id is
  // taken or missing.

  // The object's id is beyond all that were ever given.
  bool add(std::unique_ptr<Object> object, DbIndex db);
  // Returns the object; null if there is none.
  std::unique_ptr<Object> drop(ObjectId id);
  bool rename(ObjectId id, DbIndex db, Bytes key);
  bool expire(ObjectId id, WallMs at);
  // O(1).
  bool swap(DbIndex first, DbIndex second);
  // O(1): looks at a bounded number of objects.
  void flush(DbIndex db);
  // The stream's policy is another, or it has its first entry or iid: looks at it when its oldest entry reaches MAXAGE or
  // its oldest iid its duration, or never. A stream that loses its head need not be told of: it is looked at too early,
  // once.
  void schedule_age(Object& object);
  // The same, not before `earliest`. Volatile.
  void schedule_age(ObjectId id, WallMs earliest);
  // The object has changed: size_class() of it was another.
  void recount(const Object& object, uint8_t was) {
    SizeHistogram& sizes = database_of(object).sizes;
    sizes.remove(object.kind(), was);
    sizes.add(object.kind(), size_class(object));
  }

  // ---- Objects of flushed databases.

  [[nodiscard]] bool has_flushed() const { return !flushed_.empty(); }
  // They hold so many bytes, about: extrapolated from a sample when they were flushed, and from those that were taken
  // out since.
  [[nodiscard]] size_t flushed_bytes() const { return flushed_bytes_; }
  // How many are left.
  [[nodiscard]] size_t flushed() const;
  // Takes one out; null when none is left.
  std::unique_ptr<Object> next_flushed();
  // Takes this one out.
  std::unique_ptr<Object> take_flushed(Object& object);

  // ---- For checkpoints.

  // The first object with an id from `id` on, flushed or not; null if there is none.
  [[nodiscard]] Object* first_from(ObjectId id) const;
  // Remembers the numbers of the databases, and which are flushed. O(databases).
  void note_numbers();
  // Like add(), but in any order of ids. They say nothing about next_id(), which set_next_id() sets.
  bool restore(std::unique_ptr<Object> object, DbIndex db);
  void set_next_id(ObjectId id) { next_id_ = id; }
  // Counts all objects by what they hold now: restore() was given them empty. O(objects).
  void count_sizes();

 private:
  // (hash, object): objects are compared by name when hashes are equal; null sorts first.
  struct Place {
    uint64_t first = 0;
    Object* second = nullptr;
  };
  struct Order {
    bool operator()(const Place& a, const Place& b) const {
      if (a.first != b.first) return a.first < b.first;
      if (a.second == nullptr || b.second == nullptr)
        return a.second == nullptr && b.second != nullptr;
      return a.second->key < b.second->key;
    }
  };
  using Places = absl::btree_set<Place, Order>;
  [[nodiscard]] static Place place_of(Object& object) { return {hash64(object.key), &object}; }
  struct Database {
    Home home;
    Places keys;
    SizeHistogram sizes;  // Of `keys`, until it is flushed.
    Places expiring;      // Those of keys that will expire.
    absl::btree_set<std::pair<WallMs, ObjectId>> expiries;
    // Streams with MAXAGE and entries, or with iids, by Stream::age_check(): not later than when the oldest is too old,
    // but for what schedule_age() was asked to wait.
    absl::btree_set<std::pair<WallMs, ObjectId>> ages;
    // Once it is flushed: what the objects hold that were looked at, and of how many that is the sum.
    size_t seen_bytes = 0;
    size_t seen = 0;

    // What those that are left hold, about.
    [[nodiscard]] size_t flushed_bytes() const {
      return seen == 0 ? 0 : seen_bytes / seen * keys.size();
    }
  };

  [[nodiscard]] static std::unique_ptr<Database> make_database(DbIndex number);
  [[nodiscard]] Database& database_of(const Object& object) const {
    return *databases_[object.home->number.value];
  }
  // Looks at some objects of a database that is flushed.
  static void sample_flushed(Database& database);
  // Takes the object out of its database, and out of recent_.
  void unlink(Object& object);
  void link(Object& object, Database& database);
  void enter_expiry(Object& object, Database& database);
  void forget_expiry(Object& object, Database& database);
  void look_at(Object& object, WallMs at);

  std::vector<std::unique_ptr<Database>> databases_;
  std::vector<Database*> expiring_;  // Those with expiries, in no order.
  std::deque<std::unique_ptr<Database>> flushed_;
  size_t flushed_bytes_ = 0;
  absl::btree_map<ObjectId, std::unique_ptr<Object>> objects_;
  ObjectId next_id_{1};
  // What was found last by name: clients tend to stay with one stream. Null, or linked.
  mutable Object* recent_ = nullptr;
};

}  // namespace leat
