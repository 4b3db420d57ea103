// Tracking: which clients keep what they have read, and are to be told when it changes.
//
// A client is told of the keys that it has read since it was told last, or of all keys with its prefixes. What
// touches a key tells watches and tracking in one call, so the two can't differ (Engine::touch).
//
//   keys_      (hash of the name, name) -> numbers of readers, ascending
//   prefixes_  prefix -> followers, and the names that were touched since take_changes()
//
// A key that is touched goes from the table, as its readers have nothing of it any more. A reader that goes is a number that
// nobody has: its places in the table are swept by reap(), some keys at a time, and so is a table that is flushed.
//
// Names are those of keys in any database, as in Redis: clients are told of a name whatever database it was read in.
//
// Volatile   it concerns connections, dies with them, and is neither logged nor in the digest.
// Limits     as many keys as shed() is told; prefixes of a client: kPrefixesMax, kPrefixBytesMax in all.
// Thread     owned by one engine.
// Source     redis.io/docs/latest/develop/reference/client-side-caching
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "engine/waits.h"

namespace leat {

// How a client is told.
struct TrackingMode {
  bool by_prefix = false;  // BCAST
  bool no_loop = false;    // Not of what it changes itself.
};

class Tracking {
 public:
  static constexpr size_t kPrefixesMax = 1000;
  static constexpr size_t kPrefixBytesMax = size_t{64} << 10;

  using Prefixes = absl::btree_set<std::string>;
  // Keys, and who has changed each of them; ClientId{0}: several, or nobody.
  using Authors = absl::btree_map<std::string, ClientId>;
  // Who is to be told of what.
  struct Notice {
    std::vector<ClientId> clients;
    std::string key;
    bool all = false;  // Of any key, instead of `key`.
  };

  // The keys that were touched with one prefix, and who follows it.
  struct Change {
    struct Follower {
      ClientId client;
      bool no_loop = false;
    };
    Authors keys;
    std::vector<Follower> followers;

    // The keys that the follower is to be told of.
    [[nodiscard]] std::vector<Bytes> told(const Follower& follower) const;
  };

  // The client is told of changes from now on, or in another mode. Requires that a client that is told already keeps its
  // `by_prefix`.
  void start(ClientId client, TrackingMode mode);
  // A client that is told by prefix is told of this one too.
  void follow(ClientId client, Bytes prefix);
  // The client is told of nothing any more. O(1), and its prefixes.
  void forget(ClientId client);
  // The client has read the key. Nothing for one that is told by prefix, or not at all.
  void remember(ClientId client, Bytes key);

  // The key has changed. O(1) when nobody is to be told of anything.
  void touch(Bytes key) {
    if (listening_) [[unlikely]]
      note(key);
  }
  // Every key may have changed.
  void flush() {
    if (listening_) [[unlikely]]
      note_all();
  }
  // Who changes what is touched from now on; ClientId{0}: nobody, it expires or makes room.
  //   returns  who did before.
  ClientId set_author(ClientId author) { return std::exchange(author_, author); }
  // While it is paused nothing that is touched is noted: what is loaded at the start is no change.
  void pause(bool paused) {
    paused_ = paused;
    update();
  }

  [[nodiscard]] bool active() const { return listening_; }
  [[nodiscard]] bool has_notices() const { return !notices_.empty(); }
  // What readers are to be told, in the order in which it happened.
  [[nodiscard]] std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }
  // What followers are to be told, by prefix.
  [[nodiscard]] std::vector<Change> take_changes();
  [[nodiscard]] bool has_changes() const { return !changed_.empty(); }

  // More is kept than `keys_max` keys, of kKeyBytes on average, may take; 0: no limit.
  [[nodiscard]] bool exceeds(uint64_t keys_max) const {
    if (keys_max == 0) return false;
    return keys_.size() > keys_max || bytes_ / kKeyBytes > std::max(keys_max, kKeysLeast);
  }
  // Takes a key near a place that `random` picks out of the table, as if it had been touched by nobody. Requires one.
  void shed(uint64_t random);

  // Sweeps about `count` keys of what nobody needs any more.
  void reap(size_t count);
  [[nodiscard]] bool reaping() const { return swept_left_ != 0 || !flushed_.empty(); }

  [[nodiscard]] size_t clients() const { return clients_.size(); }
  [[nodiscard]] size_t keys() const { return keys_.size(); }
  // Keys, each as often as it has readers.
  [[nodiscard]] size_t items() const { return items_; }
  [[nodiscard]] size_t prefixes() const { return prefixes_.size(); }
  // What the table takes, about.
  [[nodiscard]] size_t bytes() const { return bytes_; }
  // Those that the client follows; null: none.
  [[nodiscard]] const Prefixes* prefixes_of(ClientId client) const;

 private:
  // Stands for a client from start() to forget(), and for nobody after that.
  using Reader = uint64_t;
  using Readers = absl::InlinedVector<Reader, 2>;

  static constexpr uint64_t kKeyBytes = 256;
  static constexpr uint64_t kKeysLeast = 4096;

  struct Place {
    uint64_t hash = 0;
    std::string name;
  };
  struct PlaceView {
    uint64_t hash = 0;
    Bytes name;
  };
  struct Order {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return a.hash != b.hash ? a.hash < b.hash : Bytes(a.name) < Bytes(b.name);
    }
  };
  using Keys = absl::btree_map<Place, Readers, Order>;

  struct Client {
    TrackingMode mode;
    Reader reader = 0;
    size_t items = 0;
    Prefixes prefixes;
  };
  struct Prefix {
    absl::btree_set<ClientId> followers;
    Authors changed;
  };

  static PlaceView place_of(Bytes key) { return {hash64(key), key}; }
  static size_t bytes_of(const Keys::value_type& key) {
    return sizeof(key) + key.first.name.capacity() + key.second.size() * sizeof(Reader);
  }
  void update() { listening_ = !paused_ && !clients_.empty(); }
  void note(Bytes key);
  void note_all();
  void note_followers(Bytes key);
  // The key's readers are to be told, and it goes.
  void note_readers(Keys::iterator key, ClientId author);
  // Takes out of the key's readers those that are gone; the key too when none is left.
  //   returns  the next one.
  Keys::iterator sweep(Keys::iterator key);
  Keys::iterator erase(Keys::iterator key);

  Keys keys_;
  absl::btree_map<ClientId, Client> clients_;
  absl::flat_hash_map<Reader, ClientId> readers_;
  absl::btree_map<std::string, Prefix, std::less<>> prefixes_;
  absl::btree_set<std::string> changed_;  // Prefixes that keys were touched with.
  std::vector<Notice> notices_;
  std::vector<Keys> flushed_;  // Whole tables to be freed.
  uint64_t swept_to_ = 0;      // Up to this hash the sweep has come.
  size_t swept_left_ = 0;      // Items of readers that are gone.
  size_t items_ = 0;
  size_t bytes_ = 0;
  Reader last_reader_ = 0;
  ClientId author_;
  bool paused_ = false;
  bool listening_ = false;
};

}  // namespace leat
