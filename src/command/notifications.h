// Keyspace notifications: clients that subscribe to __keyspace@0__:key or __keyevent@0__:event are told what happens to
// keys, as far as notify-keyspace-events says.
//
// Names of events and when there is one are those of Redis. A client is told once what it is told of can't be taken back
// by a crash. What nobody asks for costs a test of a flag.
//
// Source     redis.io/docs/latest/develop/pubsub/keyspace-notifications
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "model/ids.h"

namespace leat {

class Host;

enum class EventClass : uint32_t {
  kGeneric = 1U << 0,       // g: of keys, whatever they hold.
  kString = 1U << 1,        // $
  kList = 1U << 2,          // l
  kSet = 1U << 3,           // s
  kHash = 1U << 4,          // h
  kSortedSet = 1U << 5,     // z
  kExpired = 1U << 6,       // x
  kEvicted = 1U << 7,       // e
  kStream = 1U << 8,        // t
  kModule = 1U << 9,        // d
  kNew = 1U << 10,          // n: a key has been created.
  kMiss = 1U << 11,         // m: a key that was read does not exist.
  kOverwritten = 1U << 12,  // o: what a key held was thrown away for something else.
  kTypeChanged = 1U << 13,  // c: and that is of another kind.
};

// What notify-keyspace-events asks for.
class EventChoice {
 public:
  // None when a character is not one of `Ag$lshzxeKEtmdnoc`.
  [[nodiscard]] static std::optional<EventChoice> parse(Bytes text);
  // The same in the order in which CONFIG GET shows it.
  [[nodiscard]] std::string text() const;

  [[nodiscard]] bool wants(EventClass one) const {
    return (classes_ & static_cast<uint32_t>(one)) != 0 && (by_key_ || by_event_);
  }
  [[nodiscard]] bool by_key() const { return by_key_; }      // K
  [[nodiscard]] bool by_event() const { return by_event_; }  // E

 private:
  uint32_t classes_ = 0;
  bool by_key_ = false;
  bool by_event_ = false;
};

// Tells those who listen of `event`, of a class that is wanted, at `key`. O(their number, and that of all patterns).
void notify(Host& host, Bytes event, DbIndex db, Bytes key);

}  // namespace leat
