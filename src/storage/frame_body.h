// The body of a frame before it is compressed: the blocks' facts, then their rows, as columns where that is possible.
//
// Entries with the same field names are of one *shape*; of these only the values are kept, a column for each field. Entries
// that are no pairs of names and values, and those of shapes beyond the sixteenth, are kept as they are, in one
// column. Rows that do not follow model/block_image.h are kept untouched.
//
// Format     docs/formats/frame.md
// Contract   read(write(images)) gives the same images, whatever their rows hold. Reading never goes beyond its input,
//            and rows take no more memory than the caller allows.
// Cost       O(bytes), some ten nanoseconds per field.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/varint.h"
#include "model/block_image.h"
#include "storage/frame_column.h"

namespace leat {

enum class FrameCoding : uint8_t { kRows = 0, kColumns = 1 };

constexpr size_t kFrameShapesMax = 16;
constexpr size_t kFrameFieldsMax = 256;  // Of a shape; entries with more are kept as they are.

// Keeps its working memory from one frame to the next.
class FrameBodyWriter {
 public:
  // Renders `images` behind what `out` holds.
  void write(const BlockImages& images, ByteBuffer& out);

 private:
  // Entries with the same field names. `fields[i]` is the name's wire form.
  struct Shape {
    std::vector<std::string> fields;
    std::vector<std::vector<Bytes>> columns;
  };

  bool split(const BlockImage& image);
  bool split_row(ByteReader& rows);
  void put_entry(uint64_t elements, Bytes wire);
  bool put_values(size_t shape, uint64_t elements, Bytes wire);
  bool add_shape(uint64_t elements, Bytes wire);
  void put_columns(ByteBuffer& out);

  ColumnWriter columns_;
  std::vector<Shape> shapes_;
  std::vector<uint8_t> shape_of_;  // Per entry; kFrameShapesMax: kept as it is.
  std::vector<uint8_t> live_;      // Per entry.
  std::vector<Bytes> values_;      // Of the entry at hand.
  std::vector<Bytes> whole_;       // Entries that are kept as they are.
  ByteBuffer whole_elements_;
  ByteBuffer ms_;
  ByteBuffer seq_;
  uint64_t last_ms_ = 0;
  uint64_t last_seq_ = 0;
  std::vector<uint64_t> counts_;  // Entries per block.
};

// Reads what FrameBodyWriter has written. `rows_bytes` is what the rows of all blocks take, no more than the caller
// is ready to give.
//   returns  false when the body is not well formed or says otherwise; `images` then holds anything.
[[nodiscard]] bool read_frame_body(Bytes body, uint64_t rows_bytes, BlockImages& images);

}  // namespace leat
