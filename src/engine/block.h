// Block: a run of entries of one stream in id order; the unit of `~` trimming. Runs of them are sealed as frames.
//
// Entries stay in wire form, as they arrived and as they leave: RESP bulk strings of fields and values.
// Appending and delivering are one copy each; a compact form would cost more on both than it saves here
// (docs/adr/0010).
//
//   entry   u8      1 while live, 0 once deleted
//           varint  size of the wire form
//           varint  elements (fields and values together)
//           varint  ms  - first id's ms
//           varint  seq, or seq - first id's seq when ms equals the first id's
//           bytes   wire form
//
// Invariant  ids increase strictly; live() + deleted() entries stand in the buffer, minus those that
//            were cut off at either end, which count as deleted.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "engine/node_model.h"
#include "model/block_image.h"
#include "model/stream_id.h"

namespace leat {

// An entry inside a block; dies when its block changes.
struct EntryView {
  StreamId id;
  uint32_t elements = 0;  // Fields and values together.
  Bytes wire;
};

// All there is to a block, for checkpoints.
struct BlockParts {
  StreamId first_id;
  StreamId last_id;
  uint32_t live = 0;
  uint32_t deleted = 0;
  uint64_t start = 0;  // Where in `rows` the first entry that is not cut off stands.
  uint64_t node_bytes = 0;
  Bytes rows;  // Entries as they stand in the buffer.
};

class Block {
 public:
  // Keeps its entries in `bytes`, which is empty.
  Block(StreamId first, ByteBuffer bytes)
      : first_id_(first), last_id_(first), bytes_(std::move(bytes)) {}
  // The block that the image was taken of, but that entries which were deleted may be gone from the buffer.
  // Requires fits(image).
  explicit Block(BlockImage image);

  // The image describes a block: its rows are well formed and agree with its counters. O(entries).
  [[nodiscard]] static bool fits(const BlockImage& image);
  [[nodiscard]] BlockImage image() const;
  [[nodiscard]] std::unique_ptr<Block> copy() const;

  // The id of the first entry ever appended, live or not; the block's name in the stream.
  [[nodiscard]] StreamId first_id() const { return first_id_; }
  [[nodiscard]] StreamId last_id() const { return last_id_; }
  [[nodiscard]] uint32_t live() const { return live_; }
  [[nodiscard]] uint32_t deleted() const { return deleted_; }
  // Bytes of the live entries in wire form.
  [[nodiscard]] uint64_t live_bytes() const { return live_bytes_; }
  [[nodiscard]] size_t bytes_used() const { return bytes_.size(); }
  // No block takes more.
  static constexpr uint64_t kBytesMax = std::numeric_limits<uint32_t>::max();
  [[nodiscard]] size_t memory() const { return sizeof(Block) + bytes_.capacity(); }
  [[nodiscard]] const NodeModel& node() const { return node_; }

  // What the block is marked with: the seal job that took its image, if nothing has changed it since; else 0.
  [[nodiscard]] uint32_t mark() const { return mark_; }
  void set_mark(uint32_t mark) { mark_ = mark; }

  // The buffer, for another block; nothing else may be called afterwards.
  [[nodiscard]] ByteBuffer take_bytes() { return std::move(bytes_); }

  // Views into the block.
  [[nodiscard]] BlockParts parts() const;
  // A block of these parts; null when they are not those of a block. O(bytes).
  [[nodiscard]] static std::unique_ptr<Block> restore(const BlockParts& parts);

  // Requires id > last_id(), or an empty block and id == first_id().
  //   returns  false, and nothing has changed, when `wire` is not `elements` bulk strings, or the block would be larger
  //            than kBytesMax.
  [[nodiscard]] bool append(StreamId id, uint32_t elements, Bytes wire);
  // Marks the entry deleted; false if there is no live entry `id`.
  bool erase(StreamId id);
  // Deletes every entry up to and including `last`; returns how many were live.
  uint32_t erase_until(StreamId last);
  // Cuts off the deleted entries behind the last live one: last_id() is then that of a live entry, of which
  // there must be one. They still count as deleted, so that the node fills up no later.
  void cut_deleted_tail();

  // Walks entries in order, deleted ones too (live() tells).
  class Cursor {
   public:
    Cursor() = default;
    [[nodiscard]] bool done() const { return at_ >= end_; }
    [[nodiscard]] bool live() const { return *at_ != 0; }
    // Lent until advance(). A copy right after read() would load in 16 bytes what was stored in 8,
    // which the processor can't forward: XRANGE COUNT 100 took twice as long.
    [[nodiscard]] const EntryView& entry() const { return entry_; }
    void advance() {
      at_ = entry_.wire.data() + entry_.wire.size();
      if (at_ < end_) read();
    }

   private:
    friend class Block;
    Cursor(const char* at, const char* end, StreamId base) : at_(at), end_(end), base_(base) {
      if (at_ < end_) read();
    }
    void read();

    const char* at_ = nullptr;
    const char* end_ = nullptr;
    StreamId base_;
    EntryView entry_;
  };
  [[nodiscard]] Cursor begin() const;
  // At the first entry, deleted or not, with an id >= `from`. O(entries of the block).
  [[nodiscard]] Cursor seek(StreamId from) const;

 private:
  // Accounts for an entry in the node; false as append().
  bool count(StreamId id, uint32_t elements, Bytes wire);

  StreamId first_id_;
  StreamId last_id_;
  uint32_t live_ = 0;
  uint32_t deleted_ = 0;
  uint32_t live_bytes_ = 0;
  uint32_t start_ = 0;  // Where the first entry that is not cut off stands.
  uint32_t mark_ = 0;
  NodeModel node_;
  ByteBuffer bytes_;
};
static_assert(sizeof(Block) == 80,
              "a stream of one entry has one, and there are millions of these");

}  // namespace leat
