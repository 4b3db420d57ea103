#include "engine/seal_queue.h"

#include <algorithm>

#include "engine/stream.h"

namespace leat {
namespace {

// Streams asked in one call for blocks to seal; one that has all of them in flight has none.
constexpr int kStreamsAsked = 8;

}  // namespace

void SealQueue::changed(Place& place, size_t before, size_t after) {
  hot_ += counted(after);
  hot_ -= counted(before);
  const bool wanted = counted(after) != 0;
  if (wanted == place.queued) return;
  wanted ? enqueue(place) : dequeue(place);
}

void SealQueue::forget(Place& place) {
  if (place.queued) dequeue(place);
  for (Job& job : jobs_) {
    if (job.place == &place) job.place = nullptr;
  }
}

std::optional<SealJob> SealQueue::next() {
  if (!over_budget() || jobs_.size() == kJobsMax) return std::nullopt;
  for (int i = 0; i < kStreamsAsked && head_ != nullptr; ++i) {
    Place& place = *head_;
    dequeue(place);
    enqueue(place);
    if (++last_token_ == 0) ++last_token_;
    auto run = place.stream.begin_seal(last_token_);
    if (!run) continue;
    jobs_.push_back({.token = last_token_,
                     .place = &place,
                     .first = run->images.front().first_id,
                     .blocks = static_cast<uint32_t>(run->images.size()),
                     .bytes = run->bytes});
    in_flight_ += run->bytes;
    return SealJob{.token = last_token_, .images = std::move(run->images)};
  }
  return std::nullopt;
}

void SealQueue::finish(uint32_t token, const FrameRef* ref) {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(),
                                  [token](const Job& job) { return job.token == token; });
  LEAT_CHECK(found != jobs_.end());
  const Job job = *found;
  jobs_.erase(found);
  in_flight_ -= job.bytes;
  bool taken = false;
  if (job.place != nullptr)
    taken = job.place->stream.end_seal(token, job.first, job.blocks, paused_ ? nullptr : ref);
  if (ref == nullptr) {
    ++counters_.failed;
  } else if (taken) {
    ++counters_.sealed;
    counters_.sealed_bytes += job.bytes;
  } else {
    ++counters_.outdated;
  }
}

void SealQueue::enqueue(Place& place) {
  place.queued = true;
  place.previous = tail_;
  place.next = nullptr;
  (tail_ == nullptr ? head_ : tail_->next) = &place;
  tail_ = &place;
}

void SealQueue::dequeue(Place& place) {
  place.queued = false;
  (place.previous == nullptr ? head_ : place.previous->next) = place.next;
  (place.next == nullptr ? tail_ : place.next->previous) = place.previous;
}

}  // namespace leat
