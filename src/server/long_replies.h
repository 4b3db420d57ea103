// LongReplies: what clients of a shard have still to be replied, and is written as they read
// (docs/adr/0017-large-replies-in-pieces.md).
//
// Thread     the shard's reactor.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <absl/container/btree_map.h>

#include "command/long_reply.h"
#include "engine/waits.h"
#include "model/ids.h"
#include "server/frame_waits.h"

namespace leat {

// Replies that are larger are written in pieces of that size.
constexpr size_t kReplyPieceBytes = size_t{256} << 10;

class LongReplies {
 public:
  struct One {
    std::unique_ptr<LongReply> reply;
    Lsn release;          // Of what it shows.
    OpenedFrames opened;  // For the next piece.
  };

  // The client has none.
  void begin(ClientId client, std::unique_ptr<LongReply> reply, Lsn release) {
    replies_[client] = {.reply = std::move(reply), .release = release};
  }
  // The client has one.
  [[nodiscard]] One& of(ClientId client) { return replies_.at(client); }
  void end(ClientId client) { replies_.erase(client); }

  [[nodiscard]] size_t size() const { return replies_.size(); }
  // What is kept for the client, about; 0 when it has none.
  [[nodiscard]] size_t held_bytes(ClientId client) const {
    const auto found = replies_.find(client);
    return found == replies_.end() ? 0 : found->second.reply->held_bytes();
  }
  // For all of them. O(size()).
  [[nodiscard]] size_t held_bytes() const {
    size_t bytes = 0;
    for (const auto& [client, one] : replies_) bytes += one.reply->held_bytes();
    return bytes;
  }

 private:
  absl::btree_map<ClientId, One> replies_;
};

}  // namespace leat
