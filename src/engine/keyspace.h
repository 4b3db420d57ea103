// Keyspace: which names stand for which objects, in every database.
//
// Ordered by (hash of the name, name) in b-trees with small leaves, not in one large hash table: no
// insert ever stalls for a rehash, and the order is SCAN's cursor.
//
// Invariant  every object stands under exactly one (database, name); its id under exactly one object.
// Cost       O(log keys) unless said otherwise.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include "engine/object.h"

namespace leat {

class Keyspace {
 public:
  explicit Keyspace(uint32_t databases) : databases_(databases) {}

  [[nodiscard]] uint32_t databases() const { return static_cast<uint32_t>(databases_.size()); }
  // The object under the name, expired or not; null if there is none.
  [[nodiscard]] Object* find(DbIndex db, Bytes key) const;
  [[nodiscard]] Object* find(ObjectId id) const;
  [[nodiscard]] size_t size(DbIndex db) const { return databases_[db.value].keys.size(); }
  // How many objects of `db` will expire.
  [[nodiscard]] size_t expiring(DbIndex db) const { return databases_[db.value].expiring.size(); }
  [[nodiscard]] ObjectId next_id() const { return next_id_; }

  // Calls visit(const Object&) for every object of `db`, in hash order, until it returns false.
  template <typename Visit>
  void visit(DbIndex db, Visit&& visit) const {
    for (const auto& [hash, object] : databases_[db.value].keys) {
      if (!visit(std::as_const(*object))) return;
    }
  }
  // Calls visit(const Object&) for about `count` objects from `cursor` on; returns the next cursor, 0 at the end.
  template <typename Visit>
  [[nodiscard]] uint64_t scan(DbIndex db, uint64_t cursor, size_t count, Visit&& visit) const {
    const auto& keys = databases_[db.value].keys;
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
    const Database& database = databases_[db.value];
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

  // ---- Changes; only apply() calls them. All are false, and nothing has changed, when a name or id is
  // taken or missing.

  bool add(std::unique_ptr<Object> object);
  bool drop(ObjectId id);
  bool rename(ObjectId id, DbIndex db, Bytes key);
  bool expire(ObjectId id, WallMs at);
  bool swap(DbIndex first, DbIndex second);
  void flush(DbIndex db);

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
  struct Database {
    Places keys;
    Places expiring;  // Those of keys that will expire.
  };

  // Takes the object out of its database, and out of recent_, puts it into its database; expiries_ is not changed.
  void unlink(Object& object);
  void link(Object& object);
  void forget_expiry(const Object& object);

  std::vector<Database> databases_;
  absl::btree_map<ObjectId, std::unique_ptr<Object>> objects_;
  absl::btree_set<std::pair<WallMs, ObjectId>> expiries_;
  ObjectId next_id_{1};
  // What was found last by name: clients tend to stay with one stream. Null, or linked.
  mutable Object* recent_ = nullptr;
};

}  // namespace leat
