// Reaper: frees what was dropped. What is small goes at once; the rest in slices, so that no turn is long.
//
// Cost       add() O(1), or the freeing of a few parts. Bytes are extrapolated from a few parts as well.
// Limits     a string is one part: a single allocation can't be given back in slices.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <variant>

#include "engine/group.h"
#include "engine/idempotency.h"
#include "engine/keyspace.h"
#include "engine/object.h"
#include "engine/pending_entries.h"
#include "engine/stream.h"

namespace leat {

// What was pending to a consumer that is gone: it stands among that of others in its group, if that is still there.
struct DroppedConsumer {
  Keyspace* keyspace = nullptr;
  ObjectId object;
  GroupId group;
  ConsumerId consumer;
};

class Reaper {
 public:
  // Each returns how many parts were freed at once.
  size_t add(std::unique_ptr<Object> object);
  size_t add(std::unique_ptr<Group> group);
  size_t add(DroppedExtents extents);
  size_t add(PendingEntries pending);
  size_t add(std::unique_ptr<Idempotency> idempotency);
  size_t add(const DroppedConsumer& consumer);
  // The same, but nothing is freed at once. O(1).
  void add_later(const DroppedConsumer& consumer);

  [[nodiscard]] bool empty() const { return queue_.empty(); }
  // What waits to be freed holds so many bytes, about.
  [[nodiscard]] size_t bytes() const { return bytes_; }
  // Dropped objects, and parts of others, that have not been freed whole.
  [[nodiscard]] size_t size() const { return queue_.size(); }
  // Frees up to `count` parts: a field, a block, a leaf of pending entries, a consumer, an iid; each is some 100 ns of work.
  //   returns  how many; less when nothing is left.
  size_t reap(size_t count);

 private:
  using Dropped = std::variant<std::unique_ptr<Object>, std::unique_ptr<Group>, DroppedExtents,
                               PendingEntries, std::unique_ptr<Idempotency>, DroppedConsumer>;

  struct Waiting {
    Dropped dropped;
    size_t bytes = 0;
  };

  size_t enqueue(Dropped dropped);
  // Sets its bytes to what it holds now.
  void measure(Waiting& waiting);

  std::deque<Waiting> queue_;
  size_t bytes_ = 0;  // The sum over the queue.
};

}  // namespace leat
