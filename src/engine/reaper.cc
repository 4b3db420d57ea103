#include "engine/reaper.h"

#include <algorithm>
#include <utility>

namespace leat {
namespace {

// Parts that are freed at once; more of them wait.
constexpr size_t kAtOnce = 256;
// Sweeping a leaf of pending entries costs as much as that many parts.
constexpr size_t kSweptLeaf = 16;

// What is pending in the consumer's group; null if that is gone.
PendingEntries* pending_of(const DroppedConsumer& consumer) {
  Object* const object = consumer.keyspace->find(consumer.object);
  const auto* const stream =
      object == nullptr ? nullptr : std::get_if<std::unique_ptr<Stream>>(&object->value);
  Group* const group =
      stream == nullptr ? nullptr : (*stream)->mutable_groups().find(consumer.group);
  return group == nullptr ? nullptr : &group->pending;
}

size_t free_some(std::unique_ptr<Object>& object, size_t count) {
  if (auto* const hash = std::get_if<HashValue>(&object->value)) {
    return hash->fields.free_some(count);
  }
  if (auto* const set = std::get_if<SetValue>(&object->value)) return set->members.free_some(count);
  auto* const stream = std::get_if<std::unique_ptr<Stream>>(&object->value);
  return stream == nullptr ? 0 : (*stream)->free_some(count);
}
size_t free_some(std::unique_ptr<Group>& group, size_t count) {
  return group->free_some(count);
}
size_t free_some(DroppedExtents& extents, size_t count) {
  return extents.free_some(count);
}
size_t free_some(PendingEntries& pending, size_t count) {
  return pending.free_some(count);
}
size_t free_some(std::unique_ptr<Idempotency>& idempotency, size_t count) {
  return idempotency->free_some(count);
}
size_t free_some(DroppedConsumer& consumer, size_t count) {
  PendingEntries* const pending = pending_of(consumer);
  const size_t leaves = std::max(count / kSweptLeaf, size_t{1});
  const size_t swept = pending == nullptr ? 0 : pending->sweep(consumer.consumer, leaves);
  return swept == leaves ? count : swept * kSweptLeaf;
}

size_t bytes_of(const std::unique_ptr<Object>& object) {
  return memory_of(*object, kFewSamples);
}
size_t bytes_of(const std::unique_ptr<Group>& group) {
  return memory_of(*group);
}
size_t bytes_of(const DroppedExtents& extents) {
  return extents.memory(kFewSamples);
}
size_t bytes_of(const PendingEntries& pending) {
  return pending.memory();
}
size_t bytes_of(const std::unique_ptr<Idempotency>& idempotency) {
  return idempotency->memory();
}
size_t bytes_of(const DroppedConsumer& consumer) {
  const PendingEntries* const pending = pending_of(consumer);
  return pending == nullptr ? 0 : pending->dropped_memory(consumer.consumer);
}

}  // namespace

size_t Reaper::add(std::unique_ptr<Object> object) {
  return enqueue(std::move(object));
}
size_t Reaper::add(std::unique_ptr<Group> group) {
  return enqueue(std::move(group));
}
size_t Reaper::add(DroppedExtents extents) {
  return enqueue(std::move(extents));
}
size_t Reaper::add(PendingEntries pending) {
  return enqueue(std::move(pending));
}
size_t Reaper::add(std::unique_ptr<Idempotency> idempotency) {
  return enqueue(std::move(idempotency));
}

size_t Reaper::add(const DroppedConsumer& consumer) {
  return enqueue(consumer);
}

void Reaper::add_later(const DroppedConsumer& consumer) {
  queue_.push_back({consumer, 0});
  measure(queue_.back());
}

size_t Reaper::enqueue(Dropped dropped) {
  const size_t freed = std::visit([](auto& one) { return free_some(one, kAtOnce); }, dropped);
  if (freed == kAtOnce) {
    queue_.push_back({std::move(dropped), 0});
    measure(queue_.back());
  }
  return freed;
}

void Reaper::measure(Waiting& waiting) {
  bytes_ -= waiting.bytes;
  waiting.bytes = std::visit([](const auto& one) { return bytes_of(one); }, waiting.dropped);
  bytes_ += waiting.bytes;
}

size_t Reaper::reap(size_t count) {
  size_t freed = 0;
  while (freed < count && !queue_.empty()) {
    const size_t left = count - freed;
    Waiting& first = queue_.front();
    const size_t some =
        std::visit([left](auto& one) { return free_some(one, left); }, first.dropped);
    freed += some;
    if (some == left) {
      measure(first);
      break;
    }
    bytes_ -= first.bytes;
    queue_.pop_front();
    ++freed;
  }
  return freed;
}

}  // namespace leat
