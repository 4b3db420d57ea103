// SealQueue: which blocks of which stream are sealed next.
//
// Once the full blocks in memory take more than their budget, the stream that was sealed least recently gives its
// oldest ones: those behind its frontier, which moves up as it is sealed, and when there is nothing left
// behind the frontier those that stand hot before it because they were changed. Streams with less than a frame's
// worth stay as they are, so nothing ever looks at all streams.
//
// Contract   next() takes images of blocks, which stay where they are; finish() puts the fence in their place if
//            nothing has changed them since. Neither shows in what the stream holds.
// Cost       next(): kLookedAt extents and a copy of a frame's worth of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/block_image.h"
#include "model/stream_id.h"

namespace leat {

class Stream;

// Rows of the blocks of a frame, bytes: blocks are added until this is reached.
constexpr size_t kFrameBytesDefault = size_t{64} << 10;

// A block so large that its copy would hold up a turn stays hot.
constexpr size_t kSealedBlockMax = size_t{64} << 20;

// Blocks to seal.
struct SealJob {
  uint32_t token = 0;
  BlockImages images;
};

class SealQueue {
 public:
  static constexpr size_t kJobsMax = 4;

  struct Counters {
    uint64_t sealed = 0;        // Frames.
    uint64_t sealed_bytes = 0;  // Of their rows.
    uint64_t outdated = 0;      // Frames that were written for nothing: their blocks had changed.
    uint64_t failed = 0;
  };

  // A stream's place in the queue. Lives as long as the stream, from when it first has a frame's worth.
  struct Place {
    explicit Place(Stream& owner) : stream(owner) {}
    Stream& stream;
    Place* previous = nullptr;
    Place* next = nullptr;
    bool queued = false;
    StreamId frontier;  // Below it all is sealed or being sealed, but for what was changed.
    StreamId hand;      // Where below the frontier the next look for hot blocks begins.
  };

  SealQueue() = default;
  SealQueue(SealQueue&&) = delete;
  SealQueue& operator=(SealQueue&&) = delete;
  ~SealQueue() = default;

  // Full blocks may take that much; 0: nothing is sealed.
  void set_budget(size_t bytes) { budget_ = bytes; }
  // At least 1, and fixed before there are streams.
  void set_frame_bytes(size_t bytes) { frame_bytes_ = bytes; }
  [[nodiscard]] size_t frame_bytes() const { return frame_bytes_; }
  // What a stream could seal has changed from `before` to `after` bytes, one of them a frame's worth.
  void changed(Place& place, size_t before, size_t after);
  // The stream goes.
  void forget(Place& place);

  // While a checkpoint runs nothing is sealed: what it has written of a stream is noted by its extents.
  void set_paused(bool paused) { paused_ = paused; }
  [[nodiscard]] bool over_budget() const {
    return !paused_ && budget_ != 0 && hot_ > budget_ + in_flight_;
  }
  // Blocks that are to be sealed now; none when there is nothing to do, or enough being done.
  [[nodiscard]] std::optional<SealJob> next();
  // The job is done: its frame, which nobody refers to yet, stands at `ref`; null: it has failed, and its blocks stay
  // hot until their turn comes again.
  void finish(uint32_t token, const FrameRef* ref);

  // Bytes of full blocks in memory that could be sealed.
  [[nodiscard]] size_t hot_bytes() const { return hot_; }
  [[nodiscard]] size_t in_flight() const { return jobs_.size(); }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Job {
    uint32_t token = 0;
    Place* place = nullptr;  // Null: the stream is gone.
    StreamId first;
    uint32_t blocks = 0;
    size_t bytes = 0;
  };

  // What a stream with `bytes` to seal counts for: with less than a frame's worth it is left alone.
  [[nodiscard]] size_t counted(size_t bytes) const { return bytes < frame_bytes_ ? 0 : bytes; }
  void enqueue(Place& place);
  void dequeue(Place& place);

  Place* head_ = nullptr;  // Sealed least recently.
  Place* tail_ = nullptr;
  size_t budget_ = 0;
  size_t frame_bytes_ = kFrameBytesDefault;
  size_t hot_ = 0;
  size_t in_flight_ = 0;
  uint32_t last_token_ = 0;
  bool paused_ = false;
  std::vector<Job> jobs_;
  Counters counters_;
};

}  // namespace leat
