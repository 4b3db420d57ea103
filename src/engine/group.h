// Group and Groups: the consumer groups of one stream.
//
// Invariant  every pending entry's owner is a consumer of the group; ids of groups and consumers are
//            never reused within their stream and group.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <absl/container/btree_map.h>

#include "base/time.h"
#include "engine/pending_entries.h"
#include "model/ids.h"
#include "model/record.h"
#include "model/stream_id.h"

namespace leat {

// Ids of groups and consumers are never given again; one that would reach this is not given.
constexpr uint32_t kGroupIdEnd = ~uint32_t{0};
constexpr uint32_t kConsumerIdEnd = ~uint32_t{0};

struct Consumer {
  ConsumerId id;
  std::string name;
  // Last attempt to read or claim. Volatile: not in the digest, and after a restart it is the time of
  // the last record that names the consumer.
  WallMs seen;
  WallMs active{-1};  // Last time something was delivered to it or claimed by it; -1: never.
};

struct Group {
  GroupId id;
  std::string name;
  StreamId last_delivered;
  int64_t entries_read =
      kEntriesReadUnknown;  // Redis' counter; kEntriesReadUnknown when it is lost.
  uint64_t delivered_live =
      0;  // Live entries of the stream with an id <= last_delivered: exact lag.
  PendingEntries pending;
  // By name, in byte order: the order of every reply that lists consumers.
  absl::btree_map<std::string, std::unique_ptr<Consumer>, std::less<>> consumers;
  absl::btree_map<ConsumerId, Consumer*> consumers_by_id;
  ConsumerId next_consumer{1};

  // Frees up to `count` leaves of pending entries and consumers, after which nothing but freeing may follow; less:
  // nothing is left.
  size_t free_some(size_t count);

  [[nodiscard]] const Consumer* consumer(Bytes consumer_name) const {
    const auto found = consumers.find(consumer_name);
    return found == consumers.end() ? nullptr : found->second.get();
  }
  [[nodiscard]] Consumer* consumer(ConsumerId consumer_id) const {
    const auto found = consumers_by_id.find(consumer_id);
    return found == consumers_by_id.end() ? nullptr : found->second;
  }
};

class Groups {
 public:
  // By name, in byte order: the order of every reply that lists groups.
  using Map = absl::btree_map<std::string, std::unique_ptr<Group>, std::less<>>;

  [[nodiscard]] const Map& by_name() const { return groups_; }
  [[nodiscard]] size_t size() const { return groups_.size(); }
  [[nodiscard]] bool empty() const { return groups_.empty(); }
  [[nodiscard]] Group* find(Bytes name) const {
    const auto found = groups_.find(name);
    return found == groups_.end() ? nullptr : found->second.get();
  }
  [[nodiscard]] Group* find(GroupId id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
  }
  [[nodiscard]] GroupId next_id() const { return next_id_; }

  // The first group with an id from `id` on; null if there is none.
  [[nodiscard]] Group* first_from(GroupId id) const {
    const auto found = by_id_.lower_bound(id);
    return found == by_id_.end() ? nullptr : found->second;
  }

  // Takes the group, whose id is beyond all that were ever given; false when it is not, or its name is taken.
  bool add(std::unique_ptr<Group> group);
  // Returns the group; null if there is none.
  std::unique_ptr<Group> drop(GroupId id);
  // A deep copy, ids included.
  void copy_from(const Groups& other);
  // Like add(), but in any order of ids. They say nothing about next_id(), which set_next_id() sets.
  bool restore(std::unique_ptr<Group> group);
  void set_next_id(GroupId id) { next_id_ = id; }
  // Frees up to `count` parts of groups, after which nothing but freeing may follow; less: nothing is left.
  size_t free_some(size_t count);

 private:
  Map groups_;
  absl::btree_map<GroupId, Group*> by_id_;
  GroupId next_id_{1};
};

// Adds `name` to the group under `id`; false when either is taken.
bool add_consumer(Group& group, ConsumerId id, Bytes name, WallMs at);
// Removes the consumer at `at`, and drops all that is pending to it; false if it does not exist.
bool drop_consumer(Group& group, ConsumerId id, Lsn at);

}  // namespace leat
