// Sampling, as Redis does it: an exact order of use would cost every key two pointers, and every read a write to
// three keys' memory.
#include "command/eviction.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace leat {
namespace {

constexpr size_t kPoolMax = 16;

// Far apart for databases that stand next to each other.
uint64_t place_in(uint32_t db, uint64_t random) {
  return random + db * 0x9E3779B97F4A7C15ULL;
}

const Object* any_of(const Keyspace& keyspace, Keyspace::Keys keys, uint64_t random) {
  const Object* found = nullptr;
  const uint32_t databases = keyspace.databases();
  for (uint32_t i = 0; i < databases && found == nullptr; ++i) {
    const auto db = static_cast<uint32_t>((random + i) % databases);
    keyspace.sample(DbIndex{db}, keys, place_in(db, random), 1,
                    [&found](const Object& object) { found = &object; });
  }
  return found;
}

const Object* first_to_expire(const Keyspace& keyspace) {
  const auto first = keyspace.due(WallMs{std::numeric_limits<int64_t>::max()}, 1);
  return first.empty() ? nullptr : first.front();
}

constexpr std::pair<Bytes, EvictionPolicy> kNames[] = {
    {"noeviction", EvictionPolicy::kNone},
    {"allkeys-lru", EvictionPolicy::kAllKeysLru},
    {"allkeys-random", EvictionPolicy::kAllKeysRandom},
    {"volatile-lru", EvictionPolicy::kVolatileLru},
    {"volatile-random", EvictionPolicy::kVolatileRandom},
    {"volatile-ttl", EvictionPolicy::kVolatileTtl},
};

}  // namespace

Bytes policy_name(EvictionPolicy policy) {
  for (const auto& [name, named] : kNames) {
    if (named == policy) return name;
  }
  return "";
}

EvictionPolicy policy_named(Bytes name) {
  for (const auto& [known, policy] : kNames) {
    if (known == name) return policy;
  }
  return EvictionPolicy::kNone;
}

const Object* Eviction::choose(const Keyspace& keyspace, EvictionPolicy policy, size_t samples,
                               uint64_t random) {
  if (policy != policy_) pool_.clear();
  policy_ = policy;
  switch (policy) {
    case EvictionPolicy::kNone:
      return nullptr;
    case EvictionPolicy::kAllKeysLru:
      return least_recently_used(keyspace, Keyspace::Keys::kAll, samples, random);
    case EvictionPolicy::kVolatileLru:
      return least_recently_used(keyspace, Keyspace::Keys::kExpiring, samples, random);
    case EvictionPolicy::kAllKeysRandom:
      return any_of(keyspace, Keyspace::Keys::kAll, random);
    case EvictionPolicy::kVolatileRandom:
      return any_of(keyspace, Keyspace::Keys::kExpiring, random);
    case EvictionPolicy::kVolatileTtl:
      return first_to_expire(keyspace);
  }
  return nullptr;
}

void Eviction::consider(const Object& object) {
  const auto known = [&object](const Candidate& candidate) { return candidate.id == object.id; };
  if (std::any_of(pool_.begin(), pool_.end(), known)) return;
  const auto place = std::find_if(pool_.begin(), pool_.end(),
                                  [&object](const Candidate& c) { return object.used < c.used; });
  if (place == pool_.end() && pool_.size() == kPoolMax) return;
  pool_.insert(place, {.used = object.used, .id = object.id});
  if (pool_.size() > kPoolMax) pool_.pop_back();
}

const Object* Eviction::least_recently_used(const Keyspace& keyspace, Keyspace::Keys keys,
                                            size_t samples, uint64_t random) {
  // What has changed since it was seen leaves first, so that it does not keep a fresh sample out.
  std::erase_if(pool_, [&keyspace, keys](const Candidate& candidate) {
    const Object* const object = keyspace.find(candidate.id);
    return object == nullptr || object->used != candidate.used ||
           (keys == Keyspace::Keys::kExpiring && object->expires.value == 0);
  });
  for (uint32_t db = 0; db < keyspace.databases(); ++db) {
    keyspace.sample(DbIndex{db}, keys, place_in(db, random), samples,
                    [this](const Object& object) { consider(object); });
  }
  return pool_.empty() ? nullptr : keyspace.find(pool_.front().id);
}

}  // namespace leat
