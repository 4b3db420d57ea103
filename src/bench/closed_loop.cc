#include "bench/closed_loop.h"

#include <vector>

#include "base/time.h"
#include "bench/socket.h"

namespace leat::bench {
namespace {

constexpr uint64_t kLoopSilenceMax = uint64_t{60} * kNsPerSecond;
constexpr size_t kScratchSize = size_t{256} * 1024;

class ClosedLoop {
 public:
  ClosedLoop(std::span<Link> links, std::span<const std::unique_ptr<Dialogue>> says, Poller poller)
      : links_(links), says_(says), poller_(std::move(poller)), turns_(links.size()) {}

  Result<Tally> run(double seconds_max) {
    for (uint32_t i = 0; i < links_.size(); ++i) {
      auto added = poller_.add(links_[i].fd(), i);
      if (!added.ok()) return added.error();
    }
    const uint64_t start = now_ns();
    deadline_ = start + static_cast<uint64_t>(seconds_max * static_cast<double>(kNsPerSecond));
    for (uint32_t i = 0; i < links_.size(); ++i) {
      auto begun = begin(i);
      if (!begun.ok()) return begun.error();
    }
    while (busy_ > 0) {
      const auto events = poller_.wait(kLoopSilenceMax);
      if (events.empty()) return failure("the server did not answer for 60 s");
      for (const epoll_event& event : events) {
        auto stepped = step(event.data.u32, event.events);
        if (!stepped.ok()) return stepped.error();
      }
    }
    tally_.elapsed_ns = now_ns() - start;
    return tally_;
  }

 private:
  struct Turn {
    Dialogue::Batch batch;
    size_t missing = 0;  // Replies still to come.
    uint64_t sent_ns = 0;
    bool writing = false;  // The poller reports room to write.
  };

  Status begin(uint32_t i) {
    const uint64_t now = now_ns();
    const auto batch = now < deadline_ ? says_[i]->next() : std::nullopt;
    if (!batch) return Status();
    ++busy_;
    turns_[i].batch = *batch;
    turns_[i].missing = batch->replies;
    turns_[i].sent_ns = now;
    auto sent = links_[i].send(batch->requests);
    return sent.ok() ? match_writing(i) : std::move(sent);
  }

  Status match_writing(uint32_t i) {
    if (links_[i].has_unsent() == turns_[i].writing) return Status();
    turns_[i].writing = links_[i].has_unsent();
    return poller_.watch_writing(links_[i].fd(), i, turns_[i].writing);
  }

  Status step(uint32_t i, uint32_t events) {
    Turn& turn = turns_[i];
    Link& link = links_[i];
    if ((events & EPOLLOUT) != 0) {
      auto sent = link.send_rest();
      if (sent.ok()) sent = match_writing(i);
      if (!sent.ok()) return sent;
    }
    if ((events & ~uint32_t{EPOLLOUT}) == 0) return Status();
    auto ended = link.receive(scratch_, turn.batch.keep_replies);
    if (!ended.ok()) return ended.error();
    if (ended.value() == 0) return Status();
    if (ended.value() > turn.missing) return failure("the server sent a reply nobody asked for");
    if (turn.batch.timed) tally_.latency.record(now_ns() - turn.sent_ns, ended.value());
    turn.missing -= ended.value();
    return turn.missing == 0 ? finish(i) : Status();
  }

  Status finish(uint32_t i) {
    auto completed = says_[i]->finish(links_[i].received());
    if (!completed.ok()) return completed.error();
    links_[i].received().clear();
    tally_.operations += completed.value();
    --busy_;
    return begin(i);
  }

  std::span<Link> links_;
  std::span<const std::unique_ptr<Dialogue>> says_;
  Poller poller_;
  std::vector<Turn> turns_;
  std::vector<char> scratch_ = std::vector<char>(kScratchSize);
  size_t busy_ = 0;
  uint64_t deadline_ = 0;
  Tally tally_;
};

}  // namespace

Result<Tally> run_closed_loop(std::span<Link> links,
                              std::span<const std::unique_ptr<Dialogue>> says, double seconds_max) {
  auto poller = Poller::create();
  if (!poller.ok()) return poller.error();
  return ClosedLoop(links, says, std::move(poller.value())).run(seconds_max);
}

}  // namespace leat::bench
