// Extent: a part of a stream: a block in memory, or a sealed frame of which memory keeps the fence.
//
// Invariant  an extent holds at least one live entry.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "engine/block.h"
#include "model/block_image.h"
#include "model/stream_id.h"

namespace leat {

// What memory knows of a sealed frame. The id of the first entry ever appended to it is its name in the stream.
struct Fence {
  StreamId last_id;
  StreamId first_live;
  FrameRef ref;
  uint32_t live = 0;
  uint32_t deleted = 0;
  uint32_t blocks = 0;
  uint32_t bytes = 0;       // Of the rows of its blocks.
  uint32_t live_bytes = 0;  // Of the live entries in wire form.
};
static_assert(sizeof(Fence) == 80, "a stream of a terabyte has millions of them");

// One word: which of the two it points at stands in the lowest bit.
class Extent {
 public:
  explicit Extent(std::unique_ptr<Block> block)
      : word_(reinterpret_cast<uintptr_t>(block.release())) {}
  explicit Extent(std::unique_ptr<Fence> fence)
      : word_(reinterpret_cast<uintptr_t>(fence.release()) | kSealed) {}
  Extent(Extent&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  Extent& operator=(Extent&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  ~Extent() { sealed() ? delete fence() : delete block(); }

  [[nodiscard]] bool sealed() const { return (word_ & kSealed) != 0; }
  // Null when it is the other.
  [[nodiscard]] Block* block() const {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the word is the pointer, marked in a bit that is always 0.
    return sealed() ? nullptr : reinterpret_cast<Block*>(word_);
  }
  [[nodiscard]] Fence* fence() const {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): see block().
    return sealed() ? reinterpret_cast<Fence*>(word_ & ~kSealed) : nullptr;
  }
  [[nodiscard]] std::unique_ptr<Block> take_block() {
    std::unique_ptr<Block> taken(block());
    if (taken != nullptr) word_ = 0;
    return taken;
  }

  [[nodiscard]] StreamId last_id() const {
    return sealed() ? fence()->last_id : block()->last_id();
  }
  [[nodiscard]] uint32_t live() const { return sealed() ? fence()->live : block()->live(); }
  // Bytes of the live entries in wire form.
  [[nodiscard]] uint64_t live_bytes() const {
    return sealed() ? fence()->live_bytes : block()->live_bytes();
  }
  [[nodiscard]] uint32_t blocks() const { return sealed() ? fence()->blocks : 1; }

 private:
  static constexpr uintptr_t kSealed = 1;
  static_assert(alignof(Block) > kSealed && alignof(Fence) > kSealed);

  uintptr_t word_;
};

}  // namespace leat
