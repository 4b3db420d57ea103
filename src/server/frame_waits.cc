#include "server/frame_waits.h"

namespace leat {

std::vector<FrameRef> FrameWaits::park(FrameWaiter who, const std::vector<FrameRef>& frames,
                                       OpenedFrames opened) {
  std::vector<FrameRef> fresh;
  ++last_ticket_;
  for (const FrameRef& frame : frames) {
    const auto [asked, added] = asked_.try_emplace(frame);
    if (added) fresh.push_back(frame);
    asked->second.push_back(last_ticket_);
  }
  waiters_.emplace(last_ticket_,
                   Waiter{.who = who, .outstanding = frames.size(), .opened = std::move(opened)});
  tickets_[who] = last_ticket_;
  return fresh;
}

// Its ticket stays with the frames: what is asked for comes in any case.
void FrameWaits::forget(FrameWaiter who) {
  std::erase_if(ready_, [&who](const Ready& ready) { return ready.who == who; });
  const auto ticket = tickets_.find(who);
  if (ticket == tickets_.end()) return;
  waiters_.erase(ticket->second);
  tickets_.erase(ticket);
}

void FrameWaits::settle(const FrameRef& frame, FrameCache& cache, bool had) {
  const auto asked = asked_.find(frame);
  if (asked == asked_.end()) return;
  for (const Ticket ticket : asked->second) {
    const auto waiter = waiters_.find(ticket);
    if (waiter == waiters_.end()) continue;
    OpenedFrames& opened = waiter->second.opened;
    if (had) {
      opened.pins.push_back(cache.admit(frame, {}));
    } else {
      opened.unreadable.push_back(frame);
    }
    if (--waiter->second.outstanding != 0) continue;
    tickets_.erase(waiter->second.who);
    ready_.push_back({waiter->second.who, std::move(opened)});
    waiters_.erase(waiter);
  }
  asked_.erase(asked);
}

}  // namespace leat
