// FrameWaits: who waits for which sealed frames.
//
// Contract   one that waits does so once at a time. A frame is asked for once, however many wait for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include <absl/container/btree_map.h>

#include "engine/frame_cache.h"
#include "engine/waits.h"
#include "model/block_image.h"
#include "model/ids.h"

namespace leat {

// Frames that have been waited for, kept open until what waits has run.
struct OpenedFrames {
  std::vector<FrameCache::Pin> pins;
  std::vector<FrameRef> unreadable;  // Those that could not be had.
  unsigned waits = 0;                // How often it has waited.
};

// A client whose command is parked, or a stream with entries that have reached MAXAGE.
using FrameWaiter = std::variant<ClientId, ObjectId>;

class FrameWaits {
 public:
  // `who`, who waits for none, waits for `frames`, keeping what was `opened`.
  //   returns  those that nobody has asked for yet.
  [[nodiscard]] std::vector<FrameRef> park(FrameWaiter who, const std::vector<FrameRef>& frames,
                                           OpenedFrames opened);
  [[nodiscard]] bool waits(FrameWaiter who) const { return tickets_.contains(who); }
  // `who` waits no longer.
  void forget(FrameWaiter who);
  // The frame has been opened in `cache`, or can't be had.
  void settle(const FrameRef& frame, FrameCache& cache, bool had);

  struct Ready {
    FrameWaiter who;
    OpenedFrames opened;
  };
  // Those that have all they waited for, but for what can't be had, in the order in which they got it.
  [[nodiscard]] std::vector<Ready> take_ready() { return std::exchange(ready_, {}); }
  void put_back(Ready ready) { ready_.push_back(std::move(ready)); }
  [[nodiscard]] bool ready() const { return !ready_.empty(); }

 private:
  using Ticket = uint64_t;  // One per park().
  struct Waiter {
    FrameWaiter who;
    size_t outstanding = 0;
    OpenedFrames opened;
  };

  absl::btree_map<FrameRef, std::vector<Ticket>> asked_;
  absl::btree_map<Ticket, Waiter> waiters_;
  absl::btree_map<FrameWaiter, Ticket> tickets_;
  Ticket last_ticket_ = 0;
  std::vector<Ready> ready_;
};

}  // namespace leat
