// FieldMap: names to values, for hashes (Value = std::string) and sets (Value = None).
//
// Small maps keep the order of insertion, which clients see in HGETALL and SMEMBERS of small keys;
// larger ones are b-trees ordered by (hash, name): no insert ever rehashes everything, and the hash is
// SCAN's cursor. Same choice and same default thresholds as Redis' small encodings.
//
// The tree's slots are a hash and a pointer, so that many fit into a node: in a map of millions each level of the tree
// is a cache miss.
//
// Cost       small: O(n) with n <= kSmallMax; large: O(log n).
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/btree_set.h>

#include "base/bytes.h"
#include "base/hash.h"

namespace leat {

struct None {
  friend bool operator==(None, None) = default;
};

// The 52 upper bits of a name's hash: cursors stay exact in clients that hold numbers as doubles.
constexpr unsigned kScanShift = 12;
[[nodiscard]] inline uint64_t scan_position(Bytes name) {
  return hash64(name) >> kScanShift;
}

template <typename Value>
class FieldMap {
 public:
  static constexpr size_t kSmallMax = 128;      // Fields.
  static constexpr size_t kSmallBytesMax = 64;  // Of a name or a value.

  [[nodiscard]] size_t size() const { return large_ ? large_->size() : small_.size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool small() const { return large_ == nullptr; }

  [[nodiscard]] const Value* find(Bytes name) const {
    if (large_) {
      const auto found = large_->find(Place{hash64(name), name});
      return found == large_->end() ? nullptr : &found->field->value;
    }
    for (const Field& field : small_) {
      if (field.name == name) return &field.value;
    }
    return nullptr;
  }
  [[nodiscard]] bool contains(Bytes name) const { return find(name) != nullptr; }

  // Sets `name` to `value`; true if it was not there.
  bool set(Bytes name, Value value) {
    if (!large_ && !fits_small(name, value)) grow();
    if (large_) return set_large(name, std::move(value));
    for (Field& field : small_) {
      if (field.name != name) continue;
      field.value = std::move(value);
      return false;
    }
    if (small_.size() == kSmallMax) {
      grow();
      return set_large(name, std::move(value));
    }
    small_.push_back(Field{std::string(name), std::move(value)});
    return true;
  }

  bool erase(Bytes name) {
    if (large_) return large_->erase(Place{hash64(name), name}) != 0;
    for (auto field = small_.begin(); field != small_.end(); ++field) {
      if (field->name != name) continue;
      small_.erase(field);
      return true;
    }
    return false;
  }

  // Calls visit(const std::string& name, const Value& value) for all, in the map's order.
  template <typename Visit>
  void visit(Visit&& visit) const {
    for (const Field& field : small_) visit(field.name, field.value);
    if (!large_) return;
    for (const Slot& slot : *large_) visit(slot.field->name, slot.field->value);
  }

  // The same for the first `count`.
  template <typename Visit>
  void visit_first(size_t count, Visit&& visit) const {
    for (size_t i = 0; i < std::min(count, small_.size()); ++i)
      visit(small_[i].name, small_[i].value);
    if (!large_) return;
    for (auto at = large_->begin(); at != large_->end() && count != 0; ++at, --count)
      visit(at->field->name, at->field->value);
  }

  // The place of a name in the order of a large map.
  [[nodiscard]] static uint64_t place_of(Bytes name) { return hash64(name); }
  // Calls visit(uint64_t place, const std::string& name, const Value& value) for the fields of a large map from
  // `place` on, until it returns false.
  template <typename Visit>
  void visit_from(uint64_t place, Visit&& visit) const {
    if (!large_) return;
    for (auto at = large_->lower_bound(Place{place, {}}); at != large_->end(); ++at) {
      if (!visit(at->hash, at->field->name, at->field->value)) return;
    }
  }
  // Makes the map a large one, as it would be when it had grown.
  void make_large() {
    if (!large_) grow();
  }
  // Frees up to `count` fields, after which nothing but freeing may follow; less: nothing large is left.
  size_t free_some(size_t count) {
    if (!large_) {
      const size_t some = std::min(count, small_.size());
      small_.resize(small_.size() - some);
      return some;
    }
    auto end = large_->begin();
    size_t freed = 0;
    for (; freed < count && end != large_->end(); ++freed) ++end;
    large_->erase(large_->begin(), end);
    return freed;
  }

  // Visits about `count` fields from `cursor` on; returns the cursor to go on with, 0 at the end. All
  // fields present from the first call to the last are visited at least once.
  template <typename Visit>
  [[nodiscard]] uint64_t scan(uint64_t cursor, size_t count, Visit&& visit) const {
    if (!large_) {
      this->visit(visit);
      return 0;
    }
    auto at = large_->lower_bound(Place{cursor << kScanShift, {}});
    for (size_t seen = 0; at != large_->end(); ++at, ++seen) {
      const uint64_t position = at->hash >> kScanShift;
      // A position is visited whole: the cursor cannot stand inside one.
      if (seen >= count && position != cursor) return position;
      cursor = position;
      visit(at->field->name, at->field->value);
    }
    return 0;
  }

  // The field at a place that `random` picks: uniform while small, else near-uniform (a random place
  // in hash order, then a random walk). Requires a non-empty map.
  [[nodiscard]] std::pair<const std::string*, const Value*> pick(uint64_t random) const {
    if (!large_) {
      const Field& field = small_[random % small_.size()];
      return {&field.name, &field.value};
    }
    auto at = large_->lower_bound(Place{random, {}});
    for (uint64_t steps = (random * 0x9E3779B97F4A7C15ULL) >> 59; steps > 0; --steps) {
      if (at == large_->end()) at = large_->begin();
      ++at;
    }
    if (at == large_->end()) at = large_->begin();
    return {&at->field->name, &at->field->value};
  }

 private:
  struct Field {
    std::string name;
    [[no_unique_address]] Value value;
  };
  struct Slot {
    uint64_t hash = 0;
    std::unique_ptr<Field> field;
  };
  // Where a name stands in the order, or would. The empty name comes first of those with its hash.
  struct Place {
    uint64_t hash = 0;
    Bytes name;
  };
  struct Order {
    using is_transparent = void;
    static Bytes name(const Slot& slot) { return slot.field->name; }
    static Bytes name(const Place& place) { return place.name; }
    template <typename First, typename Second>
    bool operator()(const First& a, const Second& b) const {
      // Names are far away, and differ only where hashes don't.
      return a.hash != b.hash ? a.hash < b.hash : name(a) < name(b);
    }
  };
  using Slots = absl::btree_set<Slot, Order>;

  static bool fits_small(Bytes name, const Value& value) {
    if (name.size() > kSmallBytesMax) return false;
    if constexpr (std::is_same_v<Value, std::string>) return value.size() <= kSmallBytesMax;
    return true;
  }
  static Slot slot_of(Field field) {
    const uint64_t hash = hash64(field.name);
    return {hash, std::make_unique<Field>(std::move(field))};
  }
  bool set_large(Bytes name, Value value) {
    const Place place{hash64(name), name};
    const auto at = large_->lower_bound(place);
    if (at != large_->end() && at->hash == place.hash && at->field->name == name) {
      at->field->value = std::move(value);
      return false;
    }
    large_->emplace_hint(at, slot_of(Field{std::string(name), std::move(value)}));
    return true;
  }
  void grow() {
    large_ = std::make_unique<Slots>();
    for (Field& field : small_) large_->insert(slot_of(std::move(field)));
    small_ = {};
  }

  std::vector<Field> small_;
  std::unique_ptr<Slots> large_;

 public:
  FieldMap() = default;
  FieldMap(FieldMap&&) noexcept = default;
  FieldMap& operator=(FieldMap&&) noexcept = default;
  FieldMap(const FieldMap& other) : small_(other.small_) {
    if (!other.large_) return;
    large_ = std::make_unique<Slots>();
    for (const Slot& slot : *other.large_)
      large_->emplace_hint(large_->end(), slot_of(*slot.field));
  }
  FieldMap& operator=(const FieldMap&) = delete;
  ~FieldMap() = default;
};

}  // namespace leat
