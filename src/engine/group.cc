#include "engine/group.h"

#include <algorithm>
#include <utility>

namespace leat {

bool Groups::add(std::unique_ptr<Group> group) {
  const GroupId id = group->id;
  if (id < next_id_ || !restore(std::move(group))) return false;
  next_id_ = GroupId{id.value + 1};
  return true;
}

bool Groups::restore(std::unique_ptr<Group> group) {
  Group* const added = group.get();
  if (added->id.value == kGroupIdEnd || by_id_.contains(added->id)) return false;
  if (!groups_.try_emplace(added->name, std::move(group)).second) return false;
  by_id_.emplace(added->id, added);
  return true;
}

std::unique_ptr<Group> Groups::drop(GroupId id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return nullptr;
  const auto named = groups_.find(found->second->name);
  std::unique_ptr<Group> group = std::move(named->second);
  groups_.erase(named);
  by_id_.erase(found);
  return group;
}

size_t Groups::free_some(size_t count) {
  size_t freed = 0;
  while (freed < count && !groups_.empty()) {
    freed += groups_.begin()->second->free_some(count - freed);
    if (freed == count) break;
    groups_.erase(groups_.begin());
    ++freed;
  }
  return freed;
}

size_t Group::free_some(size_t count) {
  size_t freed = pending.free_some(count);
  consumers_by_id.clear();
  for (; freed < count && !consumers.empty(); ++freed) consumers.erase(consumers.begin());
  return freed;
}

void Groups::copy_from(const Groups& other) {
  for (const auto& [name, group] : other.groups_) {
    auto copy = std::make_unique<Group>();
    copy->id = group->id;
    copy->name = name;
    copy->last_delivered = group->last_delivered;
    copy->entries_read = group->entries_read;
    copy->delivered_live = group->delivered_live;
    for (const auto& [consumer_name, consumer] : group->consumers) {
      LEAT_CHECK(add_consumer(*copy, consumer->id, consumer_name, consumer->seen));
      copy->consumer(consumer->id)->active = consumer->active;
    }
    copy->next_consumer = group->next_consumer;
    group->pending.visit_from(StreamId::min(), [&copy](const PendingEntry& entry) {
      copy->pending.put(entry);
      return true;
    });
    copy->pending.set_last_release(group->pending.last_release());
    LEAT_CHECK(restore(std::move(copy)));
  }
  next_id_ = other.next_id_;
}

bool add_consumer(Group& group, ConsumerId id, Bytes name, WallMs at) {
  if (id.value == 0 || id.value == kConsumerIdEnd || group.consumers_by_id.contains(id))
    return false;
  auto consumer = std::make_unique<Consumer>();
  consumer->id = id;
  consumer->name = std::string(name);
  consumer->seen = at;
  Consumer* const added = consumer.get();
  if (!group.consumers.try_emplace(added->name, std::move(consumer)).second) return false;
  group.consumers_by_id.emplace(id, added);
  group.next_consumer = std::max(group.next_consumer, ConsumerId{id.value + 1});
  return true;
}

bool drop_consumer(Group& group, ConsumerId id, Lsn at) {
  const auto found = group.consumers_by_id.find(id);
  if (found == group.consumers_by_id.end()) return false;
  static_cast<void>(group.pending.drop(id, at));
  group.consumers.erase(group.consumers.find(found->second->name));
  group.consumers_by_id.erase(found);
  return true;
}

}  // namespace leat
