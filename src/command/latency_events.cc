#include "command/latency_events.h"

#include <algorithm>

namespace leat {

void LatencyEvents::add(Bytes name, LatencySample sample) {
  Event& event = events_[std::string(name)];
  event.max_ms = std::max(event.max_ms, sample.latency_ms);
  if (!event.samples.empty() && event.samples.back().time_s == sample.time_s) {
    LatencySample& last = event.samples.back();
    last.latency_ms = std::max(last.latency_ms, sample.latency_ms);
    return;
  }
  event.samples.push_back(sample);
  if (event.samples.size() > kSamplesMax) event.samples.pop_front();
}

bool LatencyEvents::reset(Bytes event) {
  const auto found = events_.find(event);
  if (found == events_.end()) return false;
  events_.erase(found);
  return true;
}

size_t LatencyEvents::reset() {
  const size_t count = events_.size();
  events_.clear();
  return count;
}

const LatencyEvents::Event* LatencyEvents::find(Bytes event) const {
  const auto found = events_.find(event);
  return found == events_.end() ? nullptr : &found->second;
}

}  // namespace leat
