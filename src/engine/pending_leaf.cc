#include "engine/pending_leaf.h"

#include <algorithm>

#include "base/check.h"

namespace leat {

PendingLeaf::PendingLeaf(StreamId fence, size_t& bytes)
    : ids_(bytes), runs_(bytes), shares_(CountingAllocator<PendingShare>(bytes)) {
  standing_.fence = fence;
  shares_.push_back({});
}

size_t PendingLeaf::find(StreamId id, size_t guess) const {
  size_t slot = guess;
  if (slot >= slots() || ids_.at(slot) != id) {
    slot = ids_.lower_bound(id);
    if (slot == slots() || ids_.at(slot) != id) return kLeafSlots;
  }
  return live_.test(slot) ? slot : kLeafSlots;
}

PendingDelivery PendingLeaf::delivery_at(size_t slot) const {
  const PendingRun run = runs_.at(run_of(slot));
  return {.owner = owner_of(run), .when = run.when, .deliveries = run.deliveries};
}

PendingLeaf::Oldest PendingLeaf::find_oldest() const {
  Oldest oldest;
  const size_t slot_count = slots();
  const size_t run_count = runs_.size();
  for (size_t i = 0; i < run_count; ++i) {
    const PendingRun run = runs_.at(i);
    const PendingAge age{.owned = run.share != 0, .when = run.when};
    if (oldest.count > 0 && age > oldest.age) continue;
    const size_t end = runs_.end_of(i, slot_count);
    const size_t alive = live_.count(run.first, end);
    if (alive == 0) continue;
    if (oldest.count > 0 && age == oldest.age) {
      oldest.count += alive;
    } else {
      oldest = {.age = age, .count = alive, .slot = live_.next(run.first)};
    }
  }
  return oldest;
}

bool PendingLeaf::append(std::span<const StreamId> ids, const PendingDelivery& delivery) {
  const size_t from = slots();
  const uint16_t share = gain(delivery.owner, ids.size());
  runs_.append({from, share, delivery.when, delivery.deliveries});
  for (const StreamId id : ids) ids_.push_back(id);
  live_.set_range(from, from + ids.size());
  live_count_ += static_cast<uint32_t>(ids.size());
  return shares_[share].count == ids.size();
}

bool PendingLeaf::insert(size_t slot, StreamId id, const PendingDelivery& delivery) {
  if (slot == slots()) return append({&id, 1}, delivery);
  if (live_.test(slot)) {
    ids_.insert(slot, id);
    runs_.open_at(slot);
    live_.open_at(slot);
  } else {
    ids_.replace(slot, id);  // A dead slot stands just where one is needed.
  }
  live_.set(slot);
  ++live_count_;
  const uint16_t share = gain(delivery.owner, 1);
  runs_.assign({slot, share, delivery.when, delivery.deliveries}, slots());
  return shares_[share].count == 1;
}

PendingLeaf::Replaced PendingLeaf::replace(size_t slot, const PendingDelivery& delivery) {
  Replaced result;
  PendingRun run = runs_.at(run_of(slot));
  const uint32_t old_owner = owner_of(run);
  if (old_owner != delivery.owner) {
    result.left = --shares_[run.share].count == 0;
    run.share = gain(delivery.owner, 1);
    result.entered = shares_[run.share].count == 1;
  }
  runs_.assign({slot, run.share, delivery.when, delivery.deliveries}, slots());
  return result;
}

PendingLeaf::Killed PendingLeaf::kill(size_t slot) {
  const PendingRun run = runs_.at(run_of(slot));
  PendingShare& share = shares_[run.share];
  live_.clear(slot);
  --live_count_;
  return {.delivery = {.owner = share.owner, .when = run.when, .deliveries = run.deliveries},
          .left = --share.count == 0};
}

size_t PendingLeaf::kill_range(size_t from, size_t to) {
  size_t killed = 0;
  for (size_t i = run_of(from); i < runs_.size(); ++i) {
    const PendingRun run = runs_.at(i);
    if (run.first >= to) break;
    const size_t alive = live_.count(std::max(from, run.first), std::min(to, end_of(i)));
    shares_[run.share].count -= static_cast<uint32_t>(alive);
    killed += alive;
  }
  live_.clear_range(from, to);
  live_count_ -= static_cast<uint32_t>(killed);
  return killed;
}

size_t PendingLeaf::kill_owner(uint32_t owner) {
  size_t killed = 0;
  for (size_t i = 0; i < runs_.size(); ++i) {
    const PendingRun run = runs_.at(i);
    if (owner_of(run) != owner) continue;
    const size_t alive = live_.count(run.first, end_of(i));
    shares_[run.share].count -= static_cast<uint32_t>(alive);
    live_.clear_range(run.first, end_of(i));
    killed += alive;
  }
  live_count_ -= static_cast<uint32_t>(killed);
  return killed;
}

void PendingLeaf::compact() {
  if (live_count_ == slots()) return;
  std::vector<uint16_t> renamed(shares_.size(), 0);
  size_t kept = 1;
  for (size_t i = 1; i < shares_.size(); ++i) {
    if (shares_[i].count == 0) continue;
    renamed[i] = static_cast<uint16_t>(kept);
    shares_[kept++] = shares_[i];
  }
  shares_.resize(kept);
  runs_.retain(live_, slots(), renamed);
  ids_.retain(live_);
  live_ = LiveSlots();
  live_.set_range(0, live_count_);
}

void PendingLeaf::release_unused() {
  ids_.release_unused();
  runs_.release_unused();
  release_capacity(shares_);
}

uint16_t PendingLeaf::gain(uint32_t owner, size_t count) {
  size_t share = 0;
  if (owner != 0) {
    size_t unused = shares_.size();
    for (share = 1; share < shares_.size() && shares_[share].owner != owner; ++share)
      if (shares_[share].count == 0) unused = share;
    // A share with a count of 0 is named by dead slots only, so it can become another owner's.
    if (share == shares_.size()) {
      share = unused;
      if (share == shares_.size()) shares_.push_back({});
      shares_[share] = {.owner = owner, .count = 0};
    }
  }
  shares_[share].count += static_cast<uint32_t>(count);
  return static_cast<uint16_t>(share);
}

void PendingLeaf::check_invariants() const {
  LEAT_CHECK(slots() > 0);
  LEAT_CHECK(slots() <= kLeafSlots);
  LEAT_CHECK(live_count_ == live_.count(0, slots()));
  LEAT_CHECK(live_.next(slots()) == kLeafSlots);
  std::vector<uint32_t> counted(shares_.size(), 0);
  for (size_t slot = 0; slot < slots(); ++slot) {
    if (slot > 0) LEAT_CHECK(ids_.at(slot - 1) < ids_.at(slot));
    if (live_.test(slot)) ++counted[runs_.at(run_of(slot)).share];
  }
  LEAT_CHECK(runs_.size() > 0);
  LEAT_CHECK(runs_.first_of(0) == 0);
  LEAT_CHECK(runs_.first_of(runs_.size() - 1) < slots());
  for (size_t run = 1; run < runs_.size(); ++run) {
    LEAT_CHECK(runs_.first_of(run - 1) < runs_.first_of(run));
  }
  for (size_t i = 0; i < shares_.size(); ++i) {
    LEAT_CHECK(shares_[i].count == counted[i]);
    LEAT_CHECK((shares_[i].owner == 0) == (i == 0));
    for (size_t j = 0; j < i; ++j) LEAT_CHECK(shares_[j].owner != shares_[i].owner);
  }
}

}  // namespace leat
