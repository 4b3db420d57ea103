// LatencyEvents: when something took longer than latency-monitor-threshold, by what it was. LATENCY.
//
// Limits     kSamplesMax samples per event, one per second, the worst of it; events are named by the server,
//            not by clients.
// Source     redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include <absl/container/btree_map.h>

#include "base/bytes.h"

namespace leat {

struct LatencySample {
  int64_t time_s = 0;  // Unix time.
  int64_t latency_ms = 0;
};

class LatencyEvents {
 public:
  static constexpr size_t kSamplesMax = 160;

  struct Event {
    std::deque<LatencySample> samples;  // Oldest first.
    int64_t max_ms = 0;
  };
  using Events = absl::btree_map<std::string, Event, std::less<>>;

  void add(Bytes event, LatencySample sample);
  // Forgets one event; false when there is none of that name.
  bool reset(Bytes event);
  // Forgets all; returns how many there were.
  size_t reset();

  [[nodiscard]] const Events& events() const { return events_; }
  [[nodiscard]] const Event* find(Bytes event) const;

 private:
  Events events_;
};

}  // namespace leat
