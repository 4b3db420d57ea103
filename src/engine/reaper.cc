#include "engine/reaper.h"

#include <utility>

namespace leat {
namespace {

// Parts that are freed at once; more of them wait.
constexpr size_t kAtOnce = 256;
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
