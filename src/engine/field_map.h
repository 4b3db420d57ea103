// FieldMap: names to values, for hashes (Value = std::string) and sets (Value = None).
//
// Small maps keep the order of insertion, which clients see in HGETALL and SMEMBERS of small keys;
// larger ones are b-trees ordered by (hash, name): no insert ever rehashes everything, and the hash is
// SCAN's cursor. Same choice and same default thresholds as Redis' small encodings.
//
// Cost       small: O(n) with n <= kSmallMax; large: O(log n).
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/btree_map.h>

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
      const auto found = large_->find(Key{hash64(name), std::string(name)});
      return found == large_->end() ? nullptr : &found->second;
    }
    for (const auto& [field, value] : small_) {
      if (field == name) return &value;
    }
    return nullptr;
  }
  [[nodiscard]] bool contains(Bytes name) const { return find(name) != nullptr; }

  // Sets `name` to `value`; true if it was not there.
  bool set(Bytes name, Value value) {
    if (!large_ && !fits_small(name, value)) grow();
    if (large_) {
      return large_->insert_or_assign(Key{hash64(name), std::string(name)}, std::move(value))
          .second;
    }
    for (auto& [field, old] : small_) {
      if (field != name) continue;
      old = std::move(value);
      return false;
    }
    if (small_.size() == kSmallMax) {
      grow();
      large_->emplace(Key{hash64(name), std::string(name)}, std::move(value));
    } else {
      small_.emplace_back(std::string(name), std::move(value));
    }
    return true;
  }

  bool erase(Bytes name) {
    if (large_) return large_->erase(Key{hash64(name), std::string(name)}) != 0;
    for (auto field = small_.begin(); field != small_.end(); ++field) {
      if (field->first != name) continue;
      small_.erase(field);
      return true;
    }
    return false;
  }

  // Calls visit(const std::string& name, const Value& value) for all, in the map's order.
  template <typename Visit>
  void visit(Visit&& visit) const {
    for (const auto& [name, value] : small_) visit(name, value);
    if (!large_) return;
    for (const auto& [key, value] : *large_) visit(key.name, value);
  }

  // The same for the first `count`.
  template <typename Visit>
  void visit_first(size_t count, Visit&& visit) const {
    for (size_t i = 0; i < std::min(count, small_.size()); ++i)
      visit(small_[i].first, small_[i].second);
    if (!large_) return;
    for (auto at = large_->begin(); at != large_->end() && count != 0; ++at, --count)
      visit(at->first.name, at->second);
  }

  // The place of a name in the order of a large map.
  [[nodiscard]] static uint64_t place_of(Bytes name) { return hash64(name); }
  // Calls visit(uint64_t place, const std::string& name, const Value& value) for the fields of a large map from
  // `place` on, until it returns false.
  template <typename Visit>
  void visit_from(uint64_t place, Visit&& visit) const {
    if (!large_) return;
    for (auto at = large_->lower_bound(Key{place, {}}); at != large_->end(); ++at) {
      if (!visit(at->first.hash, at->first.name, at->second)) return;
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
    auto at = large_->lower_bound(Key{cursor << kScanShift, {}});
    for (size_t seen = 0; at != large_->end(); ++at, ++seen) {
      const uint64_t position = at->first.hash >> kScanShift;
      // A position is visited whole: the cursor cannot stand inside one.
      if (seen >= count && position != cursor) return position;
      cursor = position;
      visit(at->first.name, at->second);
    }
    return 0;
  }

  // The field at a place that `random` picks: uniform while small, else near-uniform (a random place
  // in hash order, then a random walk). Requires a non-empty map.
  [[nodiscard]] std::pair<const std::string*, const Value*> pick(uint64_t random) const {
    if (!large_) {
      const auto& [name, value] = small_[random % small_.size()];
      return {&name, &value};
    }
    auto at = large_->lower_bound(Key{random, {}});
    for (uint64_t steps = (random * 0x9E3779B97F4A7C15ULL) >> 59; steps > 0; --steps) {
      if (at == large_->end()) at = large_->begin();
      ++at;
    }
    if (at == large_->end()) at = large_->begin();
    return {&at->first.name, &at->second};
  }

 private:
  struct Key {
    uint64_t hash = 0;
    std::string name;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  static bool fits_small(Bytes name, const Value& value) {
    if (name.size() > kSmallBytesMax) return false;
    if constexpr (std::is_same_v<Value, std::string>) return value.size() <= kSmallBytesMax;
    return true;
  }
  void grow() {
    large_ = std::make_unique<absl::btree_map<Key, Value>>();
    for (auto& [name, value] : small_) {
      const uint64_t hash = hash64(name);
      large_->emplace(Key{hash, std::move(name)}, std::move(value));
    }
    small_ = {};
  }

  std::vector<std::pair<std::string, Value>> small_;
  std::unique_ptr<absl::btree_map<Key, Value>> large_;

 public:
  FieldMap() = default;
  FieldMap(FieldMap&&) noexcept = default;
  FieldMap& operator=(FieldMap&&) noexcept = default;
  FieldMap(const FieldMap& other)
      : small_(other.small_),
        large_(other.large_ ? std::make_unique<absl::btree_map<Key, Value>>(*other.large_)
                            : nullptr) {}
  FieldMap& operator=(const FieldMap&) = delete;
  ~FieldMap() = default;
};

}  // namespace leat
