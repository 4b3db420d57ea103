// BlockImage: a block of a stream as values, between the engine that keeps it and the storage that seals it.
//
// Format     `rows` are the block's entries in id order, back to back, each
//              u8      1 while live, 0 once deleted
//              varint  size of the wire form
//              varint  elements (fields and values together)
//              varint  ms  - first_id's ms
//              varint  seq, or seq - first_id's seq when ms equals first_id's
//              bytes   wire form: the elements as RESP bulk strings
//            Entries that were cut off at either end are not there; they count in `deleted`.
// Contract   an image that is taken from a block, sealed, opened and given back makes an equal block.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "model/stream_id.h"

namespace leat {

struct BlockImage {
  StreamId first_id;  // The block's name: the id of the first entry ever appended to it.
  StreamId last_id;
  uint32_t live = 0;
  uint32_t deleted = 0;
  uint64_t node_bytes =
      0;  // Of Redis' node with the same entries; decides where `~` trimming cuts.
  ByteBuffer rows;
};
using BlockImages = std::vector<BlockImage>;

// Where a sealed frame stands. Never reused: a frame that is written anew gets another place.
struct FrameRef {
  uint64_t file = 0;    // Number of the frame file, from 1.
  uint64_t offset = 0;  // In it, bytes.
  uint32_t size = 0;    // Of the sealed frame with its head, bytes.

  friend auto operator<=>(const FrameRef&, const FrameRef&) = default;
};

}  // namespace leat
