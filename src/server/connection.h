// Connection: one client: what it has sent, its session, what it is owed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "command/context.h"
#include "command/session.h"
#include "io/io.h"
#include "resp/request_parser.h"
#include "server/output.h"

namespace leat {

// A command that waits for keys, for the disk, or for its deadline.
struct Parked {
  OwnedRequest request;
  std::optional<MonoNs> deadline;
  std::optional<MonoNs> again;  // Planned again then.
  Lsn release;       // What it had seen, or written, when it was parked: an answer waits for that.
  std::string late;  // The reply at the deadline, in wire form; empty: a null array.
  std::optional<AwaitDurable> durable;
  std::optional<AwaitCheckpoint> checkpoint;
  bool for_frames =
      false;  // It waits for sealed entries: for its client it is not blocked, but being executed.
  bool planned = true;  // `deadline` is what it asked for; else it has not come to that yet.
  std::optional<MonoNs> works_since = std::nullopt;  // Its wait counts as time that it takes.

  // When something is to be done about it, at the latest.
  [[nodiscard]] std::optional<MonoNs> due() const {
    if (!deadline || !again) return deadline ? deadline : again;
    return std::min(*deadline, *again);
  }
};

// The address of a peer belongs to this machine.
[[nodiscard]] inline bool is_loopback(const std::string& peer) {
  return peer.starts_with("127.") || peer.starts_with("[::1]") || peer.starts_with("[::ffff:127.");
}

struct Connection {
  io::ConnectionId id;
  Session session;
  std::string peer;
  std::string local;
  bool unix_socket = false;
  MonoNs created;
  MonoNs last_active;
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;

  ByteBuffer input;
  size_t input_at = 0;  // Where the first request that has not been executed begins.
  RequestParser parser;
  Request request;
  std::optional<Parked> parked;

  Output output;
  // Pushes to this connection that came while it executes a command, or is being replied: they follow the reply.
  ByteBuffer pushes;
  size_t told_bytes = 0;  // Invalidations that it was sent since it was last owed nothing.
  MonoNs soft_limit_since{
      0};  // When the output went over the soft limit of its class; 0: it is below.

  bool sending = false;          // send() has been called since the last poll().
  size_t send_size = 0;          // How many bytes it was given.
  bool blocked_on_send = false;  // Waits for on_writable().
  bool paused = false;           // Receiving is paused: the input buffer is full.
  bool postponed = false;        // CLIENT PAUSE holds its next command back.
  bool replying = false;         // A long reply is being written to it: nothing may come between.
  bool runnable = false;         // On the list of connections with input to execute.
  bool dirty = false;  // On the list of connections whose output may have something to send.
  bool ended = false;  // The client sends nothing more.
  bool dead = false;   // Closed; to be forgotten at the end of the turn.

  // It has a command that waits for others to do something.
  [[nodiscard]] bool blocked() const { return parked && !parked->for_frames; }
  // The same, or one that may not run now: what INFO and CLIENT LIST call blocked.
  [[nodiscard]] bool held_back() const { return blocked() || postponed; }
  [[nodiscard]] Bytes unread() const { return input.view(input_at); }
};

}  // namespace leat
