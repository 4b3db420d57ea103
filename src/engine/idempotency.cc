#include "engine/idempotency.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/hash.h"

namespace leat {

std::unique_ptr<Idempotency> Idempotency::clone() const {
  auto copy = std::make_unique<Idempotency>();
  copy->limits_ = limits_;
  for (const auto& [place, iid] : row_)
    chain(copy->insert(place, iid->producer->name, iid->text, iid->id));
  copy->counters_ = counters_;
  return copy;
}

uint64_t Idempotency::hash_of(Bytes producer, Bytes iid) {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;
  return hash64(producer) * kOdd ^ hash64(iid);
}

Idempotency::Known::const_iterator Idempotency::find_known(Bytes producer, Bytes iid) const {
  const uint64_t hash = hash_of(producer, iid);
  for (auto at = known_.lower_bound({hash, nullptr}); at != known_.end() && at->first == hash;
       ++at) {
    if (at->second->text == iid && at->second->producer->name == producer) return at;
  }
  return known_.end();
}

std::optional<StreamId> Idempotency::find(Bytes producer, Bytes iid) const {
  const auto found = find_known(producer, iid);
  if (found == known_.end()) return std::nullopt;
  return found->second->id;
}

std::optional<uint64_t> Idempotency::place_of_surplus(Bytes producer) const {
  const auto found = producers_.find(producer);
  if (found == producers_.end() || (*found)->size < limits_.size_max) return std::nullopt;
  return (*found)->first->place;
}

uint64_t Idempotency::place_of_nth(uint64_t nth) const {
  return std::next(row_.begin(), static_cast<ptrdiff_t>(nth - 1))->first;
}

size_t Idempotency::memory() const {
  constexpr size_t kSlots = size_t{3} * 16;  // In the trees.
  return sizeof(Idempotency) + text_bytes_ + row_.size() * (sizeof(Iid) + kSlots) +
         producers_.size() * (sizeof(Producer) + kSlots);
}

Idempotency::Producer& Idempotency::producer_named(Bytes name) {
  const auto found = producers_.find(name);
  if (found != producers_.end()) return **found;
  auto added = std::make_unique<Producer>();
  added->name = std::string(name);
  text_bytes_ += name.size();
  return **producers_.insert(std::move(added)).first;
}

Idempotency::Iid& Idempotency::insert(uint64_t place, Bytes producer, Bytes iid, StreamId id) {
  auto added = std::make_unique<Iid>();
  added->text = std::string(iid);
  added->id = id;
  added->producer = &producer_named(producer);
  added->place = place;
  text_bytes_ += iid.size();
  ++added->producer->size;
  known_.emplace(hash_of(producer, iid), added.get());
  next_place_ = std::max(next_place_, place + 1);
  return *row_.emplace(place, std::move(added)).first->second;
}

void Idempotency::chain(Iid& iid) {
  Producer& producer = *iid.producer;
  (producer.first == nullptr ? producer.first : producer.last->next) = &iid;
  producer.last = &iid;
}

bool Idempotency::add(Bytes producer, Bytes iid, StreamId id) {
  if (find_known(producer, iid) != known_.end()) return false;
  Iid& added = insert(next_place_, producer, iid, id);
  chain(added);
  ++counters_.added;
  if (added.producer->size > limits_.size_max) forget_first(*added.producer);
  return true;
}

void Idempotency::forget_first(Producer& producer) {
  const Iid& iid = *producer.first;
  known_.erase(find_known(producer.name, iid.text));
  text_bytes_ -= iid.text.size();
  producer.first = iid.next;
  --producer.size;
  const uint64_t place = iid.place;
  row_.erase(place);
  if (producer.size != 0) return;
  text_bytes_ -= producer.name.size();
  producers_.erase(producers_.find(Bytes(producer.name)));
}

bool Idempotency::forget(uint64_t count) {
  if (count > row_.size()) return false;
  for (; count != 0; --count) forget_first(*row_.begin()->second->producer);
  return true;
}

size_t Idempotency::free_some(size_t count) {
  size_t freed = 0;
  for (; freed < count && !row_.empty(); ++freed) forget_first(*row_.begin()->second->producer);
  return freed;
}

bool Idempotency::restore(const View& view) {
  if (view.place == UINT64_MAX || row_.contains(view.place) ||
      find_known(view.producer, view.iid) != known_.end()) {
    return false;
  }
  insert(view.place, view.producer, view.iid, view.id);
  return true;
}

bool Idempotency::finish_restore() {
  for (const auto& [place, iid] : row_) {
    if (iid->producer->size > limits_.size_max) return false;
    chain(*iid);
  }
  return true;
}

}  // namespace leat
