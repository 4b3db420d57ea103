// The digest of the logical state: sums of hashes, so that neither the order of containers nor the
// history (tombstones, block sizes) shows.
#include <bit>
#include <string>

#include "base/hash.h"
#include "engine/engine.h"
#include "model/record_lists.h"

namespace leat {
namespace {

// Feeds values into one hash, in order.
class Mixer {
 public:
  Mixer& operator<<(uint64_t value) {
    append_varint(bytes_, value);
    return *this;
  }
  Mixer& operator<<(Bytes bytes) {
    append_string(bytes_, bytes);
    return *this;
  }
  Mixer& operator<<(StreamId id) { return *this << id.ms << id.seq; }
  [[nodiscard]] uint64_t hash() const { return hash64(bytes_.view()); }

 private:
  ByteBuffer bytes_;
};

uint64_t digest_of(const Group& group) {
  uint64_t sum = (Mixer() << group.id.value << group.name << group.last_delivered
                          << static_cast<uint64_t>(group.entries_read) << group.delivered_live
                          << group.next_consumer.value)
                     .hash();
  for (const auto& [name, consumer] : group.consumers) {
    sum += (Mixer() << uint64_t{1} << consumer->id.value << name
                    << static_cast<uint64_t>(consumer->active.value))
               .hash();
  }
  group.pending.visit_from(StreamId::min(), [&sum](const PendingEntry& entry) {
    sum += (Mixer() << uint64_t{2} << entry.id << entry.owner.value
                    << static_cast<uint64_t>(entry.delivered.value) << entry.deliveries)
               .hash();
    return true;
  });
  return sum;
}

uint64_t digest_of(const Retention& policy) {
  return (Mixer() << policy.length_max << policy.age_max_ms << policy.bytes_max
                  << static_cast<uint64_t>(policy.retain)
                  << static_cast<uint64_t>(policy.when_full))
      .hash();
}

// Of a stream that has never had any, it is that of a new one.
uint64_t digest_of(const Idempotency* idempotency) {
  if (idempotency == nullptr) {
    const Idempotency none;
    return digest_of(&none);
  }
  uint64_t sum = (Mixer() << idempotency->limits().duration_s << idempotency->limits().size_max
                          << idempotency->counters().added << idempotency->counters().duplicates)
                     .hash();
  uint64_t position = 0;
  idempotency->visit_from(0, [&](const Idempotency::View& iid) {
    sum += (Mixer() << position++ << iid.producer << iid.iid << iid.id).hash();
    return true;
  });
  return sum;
}

uint64_t digest_of(const Stream& stream) {
  uint64_t sum = (Mixer() << stream.length() << stream.entries_added() << stream.last_id()
                          << stream.max_deleted() << stream.groups().next_id().value
                          << digest_of(stream.retention()) << digest_of(stream.idempotency()))
                     .hash();
  for (auto cursor = stream.seek(StreamId::min()); !cursor.done(); cursor.advance()) {
    const EntryView& entry = cursor.entry();
    sum += (Mixer() << uint64_t{3} << entry.id << entry.elements << entry.wire).hash();
  }
  for (const auto& [name, group] : stream.groups().by_name()) {
    sum += std::rotl(digest_of(*group), 17);
  }
  return sum;
}

}  // namespace

uint64_t Engine::value_digest(const Object& object) {
  uint64_t sum = 0;
  if (const auto* string = object.string()) sum = hash64(*string);
  if (const auto* hash = object.hash()) {
    hash->visit([&sum](const std::string& name, const std::string& value) {
      sum += (Mixer() << name << value).hash();
    });
  }
  if (const auto* set = object.set()) {
    set->visit([&sum](const std::string& name, None) { sum += (Mixer() << name).hash(); });
  }
  if (const auto* stream = object.stream()) sum = digest_of(*stream);
  return (Mixer() << static_cast<uint64_t>(object.kind()) << sum).hash();
}

uint64_t Engine::digest(const Object& object) {
  return (Mixer() << object.id.value << uint64_t{object.db().value} << object.key
                  << static_cast<uint64_t>(object.expires.value) << object.changed.value
                  << value_digest(object))
      .hash();
}

uint64_t Engine::digest() const {
  uint64_t sum = (Mixer() << last_lsn_.value << keyspace_.next_id().value).hash();
  for (uint32_t db = 0; db < keyspace_.databases(); ++db) {
    keyspace_.visit(DbIndex{db}, [&sum](const Object& object) {
      sum += digest(object);
      return true;
    });
  }
  return sum;
}

}  // namespace leat
