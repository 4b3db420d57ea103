// Eviction: which key goes when more memory is in use than maxmemory allows.
//
// Contract   decides, and changes nothing; whoever asks drops the key by a record like any other.
// Cost       choose(): O(databases + samples * log keys).
// Thread     one per shard, on its reactor.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "engine/keyspace.h"
#include "model/ids.h"

namespace leat {

// maxmemory-policy.
enum class EvictionPolicy : uint8_t {
  kNone,
  kAllKeysLru,
  kAllKeysRandom,
  kVolatileLru,
  kVolatileRandom,
  kVolatileTtl,
};

[[nodiscard]] Bytes policy_name(EvictionPolicy policy);
// kNone for what is no policy.
[[nodiscard]] EvictionPolicy policy_named(Bytes name);

class Eviction {
 public:
  // The key to drop next; null when the policy leaves none. `samples` keys of each database are compared,
  // from a place that `random` picks.
  [[nodiscard]] const Object* choose(const Keyspace& keyspace, EvictionPolicy policy,
                                     size_t samples, uint64_t random);

 private:
  struct Candidate {
    WallMs used;
    ObjectId id;
  };
  [[nodiscard]] const Object* least_recently_used(const Keyspace& keyspace, Keyspace::Keys keys,
                                                  size_t samples, uint64_t random);
  void consider(const Object& object);

  // The best that was seen so far, longest unused first: a sample of five each time, but the choice of a
  // much larger one. Those that were used or went meanwhile are found out when it is their turn.
  std::vector<Candidate> pool_;
  EvictionPolicy policy_ = EvictionPolicy::kNone;
};

}  // namespace leat
