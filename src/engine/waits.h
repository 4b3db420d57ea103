// Waits and Watches: who waits for a key to have something, and whose transaction a change of a key breaks.
//
// Both are volatile: they concern connections, die with them, and are neither logged nor in the digest.
//
// Thread     owned by one engine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/hash/hash.h>

#include "base/bytes.h"
#include "model/ids.h"

namespace leat {

// A connection, as the engine knows it.
using ClientId = Strong<struct ClientIdTag>;

// A key by name: what clients wait for and watch need not exist.
struct KeyName {
  DbIndex db;
  std::string key;

  friend auto operator<=>(const KeyName&, const KeyName&) = default;
};

// The same without owning the name, for look-ups that need not copy it.
struct KeyNameView {
  KeyNameView(DbIndex in, Bytes name) : db(in), key(name) {}
  // NOLINTNEXTLINE(google-explicit-constructor): the map hashes and compares its own keys as views.
  KeyNameView(const KeyName& name) : db(name.db), key(name.key) {}

  DbIndex db;
  Bytes key;

  friend bool operator==(const KeyNameView&, const KeyNameView&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const KeyNameView& name) {
    return H::combine(std::move(state), name.db, name.key);
  }
};
struct KeyNameHash {
  using is_transparent = void;
  size_t operator()(const KeyNameView& name) const { return absl::Hash<KeyNameView>()(name); }
};
struct KeyNameEqual {
  using is_transparent = void;
  bool operator()(const KeyNameView& a, const KeyNameView& b) const { return a == b; }
};
template <typename Value>
using KeyNameMap = absl::flat_hash_map<KeyName, Value, KeyNameHash, KeyNameEqual>;

// Waits: the queues of blocked readers, one per key, first come first served.
class Waits {
 public:
  // Queues `client` at the tail of each of `keys` (a key named twice counts once). With `on_absence` it
  // is also woken when a key it waits for disappears or becomes something else (XREADGROUP).
  // Requires that the client does not wait already.
  void park(ClientId client, const std::vector<KeyName>& keys, bool on_absence);
  // Takes the client off all its queues; nothing if it does not wait.
  void unpark(ClientId client);

  [[nodiscard]] bool empty() const { return clients_.empty(); }
  [[nodiscard]] size_t clients() const { return clients_.size(); }
  // Keys somebody waits for; of these, keys with a waiter that absence wakes.
  [[nodiscard]] size_t keys() const { return queues_.size(); }
  [[nodiscard]] size_t keys_on_absence() const { return keys_on_absence_; }
  [[nodiscard]] bool waiting(ClientId client) const { return clients_.contains(client); }

  // The key may now satisfy its waiters / is gone or holds another type / has lost a group. Noted once until taken, and
  // what the key is in the end counts: one that is gone again wakes nobody whom absence does not wake. O(1).
  void signal(DbIndex db, Bytes key) {
    if (!queues_.empty()) note(db, key, Cause::kData);
  }
  void signal_absence(DbIndex db, Bytes key) {
    if (keys_on_absence_ != 0 || !signalled_.empty()) note(db, key, Cause::kGone);
  }
  void signal_group_gone(DbIndex db, Bytes key) {
    if (keys_on_absence_ != 0) note(db, key, Cause::kGroupGone);
  }

  // Takes the clients to be planned again, in order: keys as they were first signalled, and for each its
  // waiters as they queued. They stay parked; the caller unparks those it has served.
  [[nodiscard]] std::vector<ClientId> take_ready();
  [[nodiscard]] bool ready() const { return !signalled_.empty(); }

  // Calls visit(const KeyName&) for all keys somebody waits for.
  template <typename Visit>
  void visit_keys(Visit&& visit) const {
    for (const auto& [name, queue] : queues_) visit(name);
  }

 private:
  static constexpr size_t kNotSignalled = ~size_t{0};
  struct Queue {
    absl::btree_map<uint64_t, ClientId> clients;  // By order of arrival.
    size_t on_absence = 0;
    size_t signal = kNotSignalled;  // Its place in signalled_.
  };
  struct Client {
    std::vector<std::pair<KeyName, uint64_t>> places;
    bool on_absence = false;
  };
  struct Signal {
    KeyName name;
    bool absence_only = false;
  };

  enum class Cause : uint8_t { kData, kGone, kGroupGone };
  void note(DbIndex db, Bytes key, Cause cause);

  KeyNameMap<Queue> queues_;
  absl::flat_hash_map<ClientId, Client> clients_;
  std::vector<Signal>
      signalled_;  // In the order of the first signal; a key whose queue went meanwhile may stand twice.
  size_t keys_on_absence_ = 0;
  uint64_t arrivals_ = 0;
};

// Watches: WATCHed keys and whose watch has been broken by a change.
class Watches {
 public:
  void watch(ClientId client, const KeyName& name);
  // Forgets all of the client's watches and that they were broken.
  void forget(ClientId client);
  [[nodiscard]] bool broken(ClientId client) const { return broken_.contains(client); }
  [[nodiscard]] bool watching(ClientId client) const { return clients_.contains(client); }
  [[nodiscard]] size_t watching_clients() const { return clients_.size(); }

  // The key has changed. O(1) when nobody watches.
  void touch(DbIndex db, Bytes key) {
    if (!clients_.empty()) note(db, key);
  }
  // Keys that anybody watches in `db`, by name: for changes of a whole database.
  [[nodiscard]] std::vector<KeyName> watched(DbIndex db) const;
  // Keys that the client watches. Valid until its watches change.
  [[nodiscard]] std::span<const KeyName> watched_by(ClientId client) const;

 private:
  void note(DbIndex db, Bytes key);

  KeyNameMap<absl::flat_hash_set<ClientId>> watchers_;
  absl::flat_hash_map<ClientId, std::vector<KeyName>> clients_;
  absl::flat_hash_set<ClientId> broken_;
};

}  // namespace leat
