// Subscriptions: which clients listen to which channels, patterns and shard channels.
//
// Volatile: it concerns connections. Order of delivery is by channel or pattern, then by client id, so that a run
// repeats itself.
//
// Thread     owned by one reactor.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include "base/bytes.h"
#include "command/session.h"
#include "engine/waits.h"

namespace leat {

enum class ChannelKind : uint8_t { kChannel, kPattern, kShard };
constexpr size_t kChannelKinds = 3;

// The channels of that kind that the session listens to.
[[nodiscard]] absl::btree_set<std::string>& channels_of(Session& session, ChannelKind kind);

struct PublishedMessage {
  ChannelKind kind = ChannelKind::kChannel;
  Bytes pattern;  // kPattern: the one that matched.
  Bytes channel;
  Bytes message;
};

class Subscriptions {
 public:
  using Clients = absl::btree_set<ClientId>;
  using Channels = absl::btree_map<std::string, Clients, std::less<>>;

  // False when the session listened already / did not listen.
  bool add(Session& session, ChannelKind kind, Bytes channel);
  bool remove(Session& session, ChannelKind kind, Bytes channel);
  // Removes all of the session.
  void remove_all(Session& session);

  [[nodiscard]] const Channels& channels(ChannelKind kind) const {
    return by_kind_[static_cast<size_t>(kind)];
  }
  // The clients that listen to the channel itself; null when there are none.
  [[nodiscard]] const Clients* listeners(ChannelKind kind, Bytes channel) const;

 private:
  std::array<Channels, kChannelKinds> by_kind_;
};

}  // namespace leat
