// Problem  Measure how long an entry needs from a producer to a blocked consumer without letting a
//          slow server slow the measurement down.
// Choice   One thread, one epoll, one clock for producers and consumers, so that no clocks have to
//          be compared. Entry i is due at a fixed time and carries i in its first value; a consumer
//          computes the age from i. A producer never waits for replies before it sends.
// Cost     The thread sleeps between due times (epoll_pwait2, nanoseconds); its wake-up and its
//          other sockets make it late by some microseconds, which are part of both latencies and
//          reported as `lateness`. Spinning would be earlier, but takes a core from the server.
#include "bench/delivery.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/prctl.h>

#include "base/time.h"
#include "bench/reply.h"
#include "bench/schedule.h"
#include "bench/socket.h"

namespace leat::bench {
namespace {

constexpr uint64_t kSecond = kNsPerSecond;
constexpr uint64_t kSilenceMax = 10 * kSecond;
constexpr uint64_t kHeadStart = kSecond / 20;  // The consumers' XREADs are parked by then.
constexpr size_t kMarkerSize = 8;

class DeliveryLoop {
 public:
  DeliveryLoop(const Workload& workload, std::string_view key, std::vector<Link> links,
               Poller poller)
      : workload_(workload),
        key_(key),
        links_(std::move(links)),
        poller_(std::move(poller)),
        schedule_(now_ns() + kHeadStart, workload.rate),
        writing_(links_.size()),
        acked_(workload.connections),
        seen_(workload.consumers),
        request_(append_request_for(workload, key, std::string(kMarkerSize, '0'))),
        marker_at_(request_.find(std::string(kMarkerSize, '0'))) {}

  Result<DeliveryTally> run() {
    auto begun = begin();
    if (!begun.ok()) return begun.error();
    uint64_t heard_ns = now_ns();
    while (acked_total_ < workload_.operations || seen_total_ < expected()) {
      auto sent = send_due();
      if (!sent.ok()) return sent.error();
      const auto events = poller_.wait(sleep_ns());
      const uint64_t now = now_ns();
      if (!events.empty()) heard_ns = now;
      if (now - heard_ns > kSilenceMax) return silence();
      for (const epoll_event& event : events) {
        auto stepped = step(event.data.u32, event.events);
        if (!stepped.ok()) return stepped.error();
      }
    }
    tally_.elapsed_ns = now_ns() - schedule_.due_ns(0);
    return tally_;
  }

 private:
  [[nodiscard]] uint64_t expected() const { return workload_.operations * workload_.consumers; }

  Status begin() {
    for (uint32_t i = 0; i < links_.size(); ++i) {
      auto added = poller_.add(links_[i].fd(), i);
      if (!added.ok()) return added;
    }
    for (uint32_t i = workload_.connections; i < links_.size(); ++i) {
      auto sent = send_read(i, "0-0");
      if (!sent.ok()) return sent;
    }
    return Status();
  }

  Status send_due() {
    for (uint64_t now = now_ns(); next_ < workload_.operations && schedule_.due_ns(next_) <= now;
         ++next_) {
      tally_.lateness.record(schedule_.age_ns(next_, now));
      const std::string marker = fmt::format("{:08x}", next_);
      request_.replace(marker_at_, kMarkerSize, marker, 0, kMarkerSize);
      auto sent = send(static_cast<uint32_t>(next_ % workload_.connections), request_);
      if (!sent.ok()) return sent;
      now = now_ns();
    }
    return Status();
  }

  [[nodiscard]] uint64_t sleep_ns() const {
    if (next_ == workload_.operations) return kSilenceMax + kSecond;
    const uint64_t due = schedule_.due_ns(next_);
    const uint64_t now = now_ns();
    return due > now ? due - now : 0;
  }

  Status send(uint32_t i, std::string_view request) {
    auto sent = links_[i].send(request);
    return sent.ok() ? match_writing(i) : std::move(sent);
  }

  Status send_read(uint32_t i, std::string_view after) {
    read_.clear();
    append_request(read_, {"XREAD", "BLOCK", "0", "STREAMS", key_, after});
    return send(i, read_);
  }

  Status match_writing(uint32_t i) {
    if (links_[i].has_unsent() == writing_[i]) return Status();
    writing_[i] = links_[i].has_unsent();
    return poller_.watch_writing(links_[i].fd(), i, writing_[i]);
  }

  Status step(uint32_t i, uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
      auto sent = links_[i].send_rest();
      if (sent.ok()) sent = match_writing(i);
      if (!sent.ok()) return sent;
    }
    if ((events & ~uint32_t{EPOLLOUT}) == 0) return Status();
    const bool is_consumer = i >= workload_.connections;
    auto ended = links_[i].receive(scratch_, is_consumer);
    if (!ended.ok()) return ended.error();
    if (ended.value() == 0) return Status();
    return is_consumer ? take_entries(i) : take_acks(i, ended.value());
  }

  // Replies of one connection come in the order of its requests: entries i, i + connections, ...
  Status take_acks(uint32_t i, uint64_t replies) {
    const uint64_t now = now_ns();
    for (; replies > 0; --replies, ++acked_total_) {
      tally_.ack.record(schedule_.age_ns(i + acked_[i]++ * workload_.connections, now));
    }
    return Status();
  }

  Status take_entries(uint32_t i) {
    const uint64_t now = now_ns();
    entries_.clear();
    if (!read_stream_reply(links_[i].received(), entries_) || entries_.empty()) {
      return failure("XREAD: not the reply of a stream read");
    }
    uint64_t& seen = seen_[i - workload_.connections];
    for (const EntryView& entry : entries_) {
      // Producers are separate connections, so neighbours may change places; but the number of
      // entries is exact, and an entry that nobody sent is noticed.
      const auto index = index_of(entry.first_value);
      if (!index || *index >= next_) return failure("XREAD: an entry that was never sent");
      tally_.delivery.record(schedule_.age_ns(*index, now));
    }
    seen += entries_.size();
    seen_total_ += entries_.size();
    if (seen > workload_.operations) return failure("XREAD: an entry was delivered twice");
    auto sent = send_read(i, entries_.back().id);
    links_[i].received().clear();
    return sent;
  }

  static std::optional<uint64_t> index_of(std::string_view value) {
    uint64_t index = 0;
    if (value.size() < kMarkerSize) return std::nullopt;
    const auto [end, error] = std::from_chars(value.data(), value.data() + kMarkerSize, index, 16);
    if (error != std::errc() || end != value.data() + kMarkerSize) return std::nullopt;
    return index;
  }

  [[nodiscard]] Error silence() const {
    return failure(
        fmt::format("nothing arrived for 10 s: {} of {} entries sent, {} acknowledged, "
                    "{} of {} deliveries",
                    next_, workload_.operations, acked_total_, seen_total_, expected()));
  }

  const Workload& workload_;
  std::string key_;
  std::vector<Link> links_;  // Producers first, then consumers.
  Poller poller_;
  Schedule schedule_;
  std::vector<bool> writing_;
  std::vector<uint64_t> acked_;  // Per producer.
  std::vector<uint64_t> seen_;   // Per consumer.
  uint64_t next_ = 0;            // The entry that is sent next.
  uint64_t acked_total_ = 0;
  uint64_t seen_total_ = 0;
  std::string request_;
  size_t marker_at_;
  std::string read_;
  std::vector<EntryView> entries_;
  std::vector<char> scratch_ = std::vector<char>(size_t{256} * 1024);
  DeliveryTally tally_;
};

}  // namespace

Result<DeliveryTally> run_delivery(const Target& target, const Workload& workload,
                                   std::string_view key) {
  // The kernel may round a thread's timers up by 50 us, as long as the whole interval here.
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  auto links = open_links(target, size_t{workload.connections} + workload.consumers);
  if (!links.ok()) return links.error();
  auto poller = Poller::create();
  if (!poller.ok()) return poller.error();
  DeliveryLoop loop(workload, key, std::move(links.value()), std::move(poller.value()));
  return loop.run();
}

}  // namespace leat::bench
