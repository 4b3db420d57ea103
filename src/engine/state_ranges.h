// RangeWriter: writes what stands in a range of an object, and notes the range as done: the one operation of
// checkpoints (docs/adr/0009-checkpoints.md), whoever needs it.
//
// Contract   a range starts at a point that is not done and ends before the next done one, or earlier: at an element,
//            so that ranges cover the space without gaps where there is nothing. Each call does at least one element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "engine/done_ranges.h"
#include "engine/field_map.h"
#include "engine/frame_cache.h"
#include "engine/group.h"
#include "engine/idempotency.h"
#include "engine/object.h"
#include "engine/pending_entries.h"
#include "engine/stream.h"
#include "model/ids.h"

namespace leat {

// How many neighbours are written with the one that is about to change; of a large hash or set, whose elements lie all
// over the heap, by the walk too.
constexpr size_t kNeighbours = 64;
// How many pending entries or iids the walk writes at once.
constexpr size_t kWalked = 512;
// Bytes of a piece; larger only when a single element is.
constexpr size_t kPieceBytes = size_t{64} << 10;

class RangeWriter {
 public:
  // `lsn` is the checkpoint's.
  RangeWriter(FrameCache& frames, Lsn lsn) : frames_(frames), lsn_(lsn) {}

  [[nodiscard]] ByteBuffer& out() { return out_; }

  // The head of an object: `db` is where it stood at the checkpoint's LSN.
  void object(const Object& object, DbIndex db);
  void group(ObjectId object, const Group& group);

  // `size` is the size at the checkpoint's LSN; what was appended since is no part of it.
  void string(ObjectId object, const std::string& value, uint64_t size, DoneRanges<uint64_t>& done,
              uint64_t from);
  // All fields of a small map.
  void fields(ObjectId object, const FieldMap<std::string>& map);
  void fields(ObjectId object, const FieldMap<None>& map);
  // Up to `most` fields of a large map, by their places.
  void fields(ObjectId object, const FieldMap<std::string>& map, DoneRanges<uint64_t>& done,
              uint64_t from, size_t most);
  void fields(ObjectId object, const FieldMap<None>& map, DoneRanges<uint64_t>& done, uint64_t from,
              size_t most);
  // One block or frame, by the ids of first entries. The checkpoint refers to the frame from then on.
  void extent(ObjectId object, const Stream::Extents& extents, DoneRanges<StreamId>& done,
              StreamId from);
  // Up to `most` pending entries, those of consumers that were dropped after the checkpoint's LSN among them.
  void pending(ObjectId object, GroupId group, const PendingEntries& pending,
               DoneRanges<StreamId>& done, StreamId from, size_t most);

  // Up to `most` iids, by their places; those from `end` on were born later.
  void remembered(ObjectId object, const Idempotency& idempotency, DoneRanges<uint64_t>& done,
                  uint64_t from, uint64_t end, size_t most);

 private:
  FrameCache& frames_;
  Lsn lsn_;
  ByteBuffer out_;
  std::vector<PendingEntry> entries_;  // Kept to keep its memory.
};

}  // namespace leat
