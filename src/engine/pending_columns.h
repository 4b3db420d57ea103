// The columns of a leaf of pending entries: which slots are alive, their ids, and who has them.
//
// A leaf has up to 256 slots in id order. Ids and attributes are rows of 64-bit words in one of two
// forms, chosen for the whole column and changed when a value does not fit:
//
//   PendingIds   narrow  1 word    ms - base in the upper half, seq in the lower
//                wide    2 words   ms, seq
//   PendingRuns  narrow  1 word    when - base : 32 | share : 16 | deliveries : 8 | first slot : 8
//                wide    3 words   when, deliveries, share : 16 << 8 | first slot : 8
//
// Narrow holds ids within 49 days of each other with a seq below 2^32, delivery times within 49 days
// and up to 254 deliveries; 255 stands for kDeliveriesMax. Order in a narrow id column is the order of
// its words, so a search compares plain integers.
//
// A run is a maximal stretch of slots whose attributes are equal; a consumer that reads 100 entries at
// a time makes one run of 100. Dead slots keep the attributes they had, which mean nothing.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/counting_allocator.h"
#include "model/stream_id.h"

namespace leat {

constexpr size_t kLeafSlots = 256;
constexpr uint64_t kDeliveriesMax = std::numeric_limits<int64_t>::max();

using PendingWords = std::vector<uint64_t, CountingAllocator<uint64_t>>;

// One bit a slot: alive or not.
class LiveSlots {
 public:
  [[nodiscard]] bool test(size_t slot) const { return (words_[slot / 64] >> (slot % 64) & 1) != 0; }
  void set(size_t slot) { words_[slot / 64] |= uint64_t{1} << (slot % 64); }
  void clear(size_t slot) { words_[slot / 64] &= ~(uint64_t{1} << (slot % 64)); }
  void set_range(size_t from, size_t to) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= mask(i, from, to);
  }
  void clear_range(size_t from, size_t to) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= ~mask(i, from, to);
  }

  // The first live slot at or after `from`; kLeafSlots if there is none.
  [[nodiscard]] size_t next(size_t from) const {
    if (from >= kLeafSlots) return kLeafSlots;
    size_t i = from / 64;
    uint64_t bits = words_[i] & (~uint64_t{0} << (from % 64));
    while (bits == 0) {
      if (++i == words_.size()) return kLeafSlots;
      bits = words_[i];
    }
    return i * 64 + static_cast<size_t>(std::countr_zero(bits));
  }
  // The last live slot; kLeafSlots if there is none.
  [[nodiscard]] size_t last() const {
    for (size_t i = words_.size(); i-- > 0;)
      if (words_[i] != 0) return i * 64 + 63 - static_cast<size_t>(std::countl_zero(words_[i]));
    return kLeafSlots;
  }
  // How many of the slots from `from` to before `to` are alive.
  [[nodiscard]] size_t count(size_t from, size_t to) const {
    size_t total = 0;
    for (size_t i = from / 64; i < words_.size() && i * 64 < to; ++i)
      total += static_cast<size_t>(std::popcount(words_[i] & mask(i, from, to)));
    return total;
  }
  // Moves `slot` and all after it up by one; `slot` is dead then.
  void open_at(size_t slot) {
    const size_t at = slot / 64;
    for (size_t i = words_.size() - 1; i > at; --i)
      words_[i] = words_[i] << 1 | words_[i - 1] >> 63;
    const uint64_t below = (uint64_t{1} << (slot % 64)) - 1;
    words_[at] = (words_[at] & below) | (words_[at] & ~below) << 1;
  }

 private:
  // The bits of word `i` that stand for slots from `from` to before `to`.
  static uint64_t mask(size_t i, size_t from, size_t to) {
    const size_t start = i * 64;
    if (to <= start || from >= start + 64) return 0;
    const uint64_t above = from <= start ? ~uint64_t{0} : ~uint64_t{0} << (from - start);
    const uint64_t below = to >= start + 64 ? ~uint64_t{0} : (uint64_t{1} << (to - start)) - 1;
    return above & below;
  }

  std::array<uint64_t, kLeafSlots / 64> words_{};
};

// The ids of a leaf's slots, dead ones included, strictly ascending.
class PendingIds {
 public:
  explicit PendingIds(size_t& bytes) : words_(CountingAllocator<uint64_t>(bytes)) {}

  [[nodiscard]] size_t size() const { return wide_ ? words_.size() / 2 : words_.size(); }
  [[nodiscard]] StreamId at(size_t slot) const {
    const uint64_t* const words = words_.data();
    if (wide_) return {words[2 * slot], words[2 * slot + 1]};
    return {base_ms_ + (words[slot] >> 32), words[slot] & 0xffff'ffff};
  }
  // The first slot whose id is not less than `id`; size() if there is none.
  [[nodiscard]] size_t lower_bound(StreamId id) const;
  // Whether `id` can be added without making the column wide or giving it another base.
  [[nodiscard]] bool fits(StreamId id) const {
    return wide_ || (id.ms >= base_ms_ && id.ms - base_ms_ <= 0xffff'ffff && id.seq <= 0xffff'ffff);
  }

  void push_back(StreamId id) {
    if (!fits(id) || words_.empty()) recode(id);
    if (wide_) {
      words_.push_back(id.ms);
      words_.push_back(id.seq);
    } else {
      words_.push_back(narrow(id));
    }
  }
  // Puts `id` before what stands at `slot`.
  void insert(size_t slot, StreamId id);
  // Puts `id` in the place of what stands at `slot`.
  void replace(size_t slot, StreamId id);
  // Drops the slots that are not in `live`; goes back to the narrow form if what is left allows it.
  void retain(const LiveSlots& live);

  void reserve(size_t slots) { words_.reserve(wide_ ? 2 * slots : slots); }
  void release_unused() { release_capacity(words_); }

 private:
  struct Stretch {
    size_t from = 0;
    size_t count = 0;
  };
  // A stretch of a narrow column, not empty, with the lower bound of `key` in it or at its end.
  [[nodiscard]] Stretch expected_at(uint64_t key) const;
  [[nodiscard]] uint64_t narrow(StreamId id) const { return (id.ms - base_ms_) << 32 | id.seq; }
  // Chooses form and base so that `id` fits as well, and rewrites the column.
  void recode(StreamId id);

  PendingWords words_;
  uint64_t base_ms_ = 0;
  bool wide_ = false;
};

// A run's attributes. `share` names the owner within the leaf: 0 is nobody, and `when` is then the
// entry's place in the order of the released instead of a time.
struct PendingRun {
  size_t first = 0;  // Its first slot; it ends before the next run's.
  uint16_t share = 0;
  int64_t when = 0;
  uint64_t deliveries = 0;

  [[nodiscard]] bool same_attributes(const PendingRun& other) const {
    return share == other.share && when == other.when && deliveries == other.deliveries;
  }
};

// The attributes of a leaf's slots as runs. The first run starts at slot 0; the last ends with the leaf.
class PendingRuns {
 public:
  explicit PendingRuns(size_t& bytes) : words_(CountingAllocator<uint64_t>(bytes)) {}

  [[nodiscard]] size_t size() const { return wide_ ? words_.size() / 3 : words_.size(); }
  [[nodiscard]] size_t first_of(size_t run) const {
    return words_.data()[wide_ ? 3 * run + 2 : run] & 0xff;
  }
  [[nodiscard]] PendingRun at(size_t run) const {
    const uint64_t* const words = words_.data() + (wide_ ? 3 * run : run);
    const uint64_t low = wide_ ? words[2] : words[0];
    PendingRun found{.first = low & 0xff};
    if (wide_) {
      found.share = static_cast<uint16_t>(low >> 8);
      found.when = static_cast<int64_t>(words[0]);
      found.deliveries = words[1];
      return found;
    }
    found.share = static_cast<uint16_t>(low >> 16);
    found.when = static_cast<int64_t>(base_[found.share == 0 ? 0 : 1] + (low >> 32));
    const uint64_t deliveries = low >> 8 & 0xff;
    found.deliveries = deliveries == 0xff ? kDeliveriesMax : deliveries;
    return found;
  }
  // The run of `slot`, in a leaf of `slots` slots.
  [[nodiscard]] size_t run_of(size_t slot, size_t slots) const;
  // Where `run` ends, in a leaf of `slots` slots.
  [[nodiscard]] size_t end_of(size_t run, size_t slots) const {
    return run + 1 < size() ? first_of(run + 1) : slots;
  }

  // Gives the attributes to new slots at the end, from attributes.first on.
  void append(const PendingRun& attributes);
  // Gives the attributes to attributes.first, one of `slots` slots.
  void assign(const PendingRun& attributes, size_t slots);
  // Makes room for a slot before `slot`; it has the attributes of a neighbour then.
  void open_at(size_t slot);
  // Drops the slots that are not in `live`, and replaces every share s by shares[s]; goes back to the
  // narrow form if what is left allows it.
  void retain(const LiveSlots& live, size_t slots, const std::vector<uint16_t>& shares);

  void release_unused() { release_capacity(words_); }

 private:
  [[nodiscard]] bool fits(const PendingRun& run) const;
  [[nodiscard]] bool same_attributes(size_t run, const PendingRun& other) const {
    return run < size() && at(run).same_attributes(other);
  }
  void store(uint64_t* words, const PendingRun& run) const;
  void set(size_t run, const PendingRun& value);
  void set_first(size_t run, size_t slot);
  void insert(size_t run, const PendingRun& value);
  void erase(size_t run);
  // Chooses form and bases so that `run` fits as well, and rewrites the column.
  void recode(const PendingRun* run);

  PendingWords words_;
  // What `when` counts from: [0] the places of the released, [1] the times of the owned. Modulo 2^64.
  std::array<uint64_t, 2> base_{};
  bool wide_ = false;
};

}  // namespace leat
