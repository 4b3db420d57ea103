// FrameMoves: finds the frames that streams hold in certain files, and puts the place where each has been written anew
// into its fence; for cleaning files that are mostly dead.
//
// A list per file of who refers to it would cost every fence two words; a walk over all fences is cheap, and one walk
// cleans many files. It goes through the objects in the order of their ids, and remembers where it is by id, so that
// anything may change between two steps.
//
// Contract   next() gives one frame at a time, until finish() has been called for it. A frame that several fences share is given
//            once for each of them.
// Cost       next(): what it is allowed to look at, objects and extents together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/keyspace.h"
#include "model/block_image.h"
#include "model/ids.h"
#include "model/stream_id.h"

namespace leat {

class FrameMoves {
 public:
  explicit FrameMoves(const Keyspace& keyspace) : keyspace_(keyspace) {}

  // Walks all fences for frames in one of `files`, which is sorted. Requires !active().
  void begin(std::vector<uint64_t> files);
  // The walk has not come to its end.
  [[nodiscard]] bool active() const { return !files_.empty(); }
  // A frame is being written anew: finish() is awaited.
  [[nodiscard]] bool waiting() const { return moving_.has_value(); }
  // Looks at up to `count` objects and extents. Requires !waiting().
  //   returns  the next frame to be written anew; none: none of what it looked at.
  [[nodiscard]] std::optional<FrameRef> next(size_t count);
  // The frame that next() gave stands at `to` as well, where nobody refers to it yet; null: it stays where it is.
  void finish(const FrameRef* to);
  // Ends the walk early. Requires !waiting().
  void stop() { files_.clear(); }

 private:
  const Keyspace& keyspace_;
  std::vector<uint64_t> files_;
  ObjectId object_;  // The walk stands before this extent of this object.
  StreamId extent_;
  std::optional<FrameRef> moving_;  // The frame of that extent.
};

}  // namespace leat
