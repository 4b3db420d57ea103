// FrameWaits: which clients wait for which sealed frames.
//
// Contract   a client waits for frames once at a time. A frame is asked for once, however many wait for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <absl/container/btree_map.h>

#include "engine/frame_cache.h"
#include "engine/waits.h"
#include "model/block_image.h"

namespace leat {

// Frames that a parked command has waited for, kept open until it has run.
struct OpenedFrames {
  std::vector<FrameCache::Pin> pins;
  unsigned waits = 0;   // How often it has waited.
  bool failed = false;  // One of them could not be had.
};

class FrameWaits {
 public:
  // The client, which waits for none, waits for `frames`, keeping what it has.
  //   returns  those that nobody has asked for yet.
  [[nodiscard]] std::vector<FrameRef> park(ClientId client, const std::vector<FrameRef>& frames,
                                           OpenedFrames opened);
  // The client waits no longer.
  void forget(ClientId client);
  // The frame has been opened in `cache`, or can't be had.
  void settle(const FrameRef& frame, FrameCache& cache, bool had);

  struct Ready {
    ClientId client;
    OpenedFrames opened;
  };
  // Clients that have all they waited for, in the order in which they got it.
  [[nodiscard]] std::vector<Ready> take_ready() { return std::exchange(ready_, {}); }
  [[nodiscard]] bool ready() const { return !ready_.empty(); }

 private:
  using Ticket = uint64_t;  // One per park().
  struct Waiter {
    ClientId client;
    size_t outstanding = 0;
    OpenedFrames opened;
  };

  absl::btree_map<FrameRef, std::vector<Ticket>> asked_;
  absl::btree_map<Ticket, Waiter> waiters_;
  absl::btree_map<ClientId, Ticket> tickets_;
  Ticket last_ticket_ = 0;
  std::vector<Ready> ready_;
};

}  // namespace leat
