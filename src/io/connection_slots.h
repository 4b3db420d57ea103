// ConnectionSlots<T>: a loop's connections in a flat array, named by ids that are never reused.
//
//   id     bits 24..59 generation of the slot, bits 0..23 slot; bits 60..63 are 0 and free for
//          a loop's own tags
//
// A slot's generation grows each time it is freed, so an id of a closed connection finds nothing,
// however late it is used. A slot whose generations are used up is not filled again.
// Cost       every operation O(1); no allocation once the array has its size.
// Ownership  pointers from find() die with the next add().
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"
#include "io/io.h"

namespace leat::io {

constexpr unsigned kSlotBits = 24;
constexpr unsigned kGenerationBits = 36;
constexpr unsigned kConnectionIdBits = kSlotBits + kGenerationBits;
constexpr uint64_t kConnectionIdMask = (uint64_t{1} << kConnectionIdBits) - 1;

template <typename T>
class ConnectionSlots {
 public:
  // More are refused by the open-files limit long before.
  static constexpr size_t kSlotsMax = size_t{1} << kSlotBits;

  ConnectionId add(T connection) {
    uint32_t index = 0;
    if (free_.empty()) {
      LEAT_CHECK(slots_.size() < kSlotsMax);
      index = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
      free_.reserve(slots_.capacity());
    } else {
      index = free_.back();
      free_.pop_back();
    }
    Slot& slot = slots_[index];
    slot.live = true;
    slot.connection = std::move(connection);
    return {slot.generation << kSlotBits | index};
  }

  // Null when the connection is gone.
  [[nodiscard]] T* find(ConnectionId id) {
    const size_t index = id.value & (kSlotsMax - 1);
    if (index >= slots_.size()) return nullptr;
    Slot& slot = slots_[index];
    return slot.live && slot.generation == id.value >> kSlotBits ? &slot.connection : nullptr;
  }

  // Empties the slot; what was in it is returned. The id must be live.
  T remove(ConnectionId id) {
    LEAT_CHECK(find(id) != nullptr);
    const auto index = static_cast<uint32_t>(id.value & (kSlotsMax - 1));
    Slot& slot = slots_[index];
    slot.live = false;
    ++slot.generation;
    if (slot.generation < uint64_t{1} << kGenerationBits) free_.push_back(index);
    return std::exchange(slot.connection, T());
  }

  // Calls `visit(connection)` for every live one.
  template <typename Visit>
  void for_each(Visit visit) {
    for (Slot& slot : slots_) {
      if (slot.live) visit(slot.connection);
    }
  }

 private:
  struct Slot {
    uint64_t generation = 1;  // So that no id is 0.
    bool live = false;
    T connection;
  };

  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace leat::io
