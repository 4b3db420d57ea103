// Session: what commands know and change about the connection they came from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/container/btree_set.h>

#include "command/arguments.h"
#include "engine/waits.h"
#include "model/ids.h"
#include "resp/reply_writer.h"

namespace leat {

// Commands queued between MULTI and EXEC.
struct Transaction {
  std::vector<OwnedRequest> queue;
  size_t bytes = 0;         // Of the words, as RESP.
  size_t memory = 0;        // What the queue holds, about; client-query-buffer-limit bounds it.
  bool denies_oom = false;  // A command in it is refused when memory is used up; so is EXEC then.
  bool broken = false;      // A command was refused while queueing: EXEC answers EXECABORT.

  // How far EXEC has come that waits for sealed entries of the command at `done`.
  size_t done = 0;     // Commands that have run.
  size_t replies = 0;  // Of these, and what they are in wire form.
  std::string reply;
  bool shown = false;  // The command at `done`, with MONITOR.
  // It has run or written something, so that it can't begin anew: nothing else may run before the rest of it has.
  bool open = false;
  size_t records_start = 0;  // Where its group begins in the log's open batch.
  Lsn release;               // Of what has run.
};

// CLIENT REPLY. kSkip: the reply of the command that is executed, or waits, is dropped.
enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkip };

struct CommandSpec;

// CLIENT TRACKING: the client is told when what it has read changes. What it has read, and the prefixes that it follows,
// stand in the engine.
struct TrackingState {
  bool on = false;
  bool by_prefix = false;  // BCAST
  bool opt_in = false;
  bool opt_out = false;
  bool no_loop = false;
  // CLIENT CACHING: the next command, or transaction, is not treated as the others are.
  bool caching = false;
  bool broken = false;  // The client that is told instead is gone.
  ClientId redirect;    // Who that is; 0: nobody.

  // What the command reads is remembered.
  [[nodiscard]] bool remembers() const {
    return on && !by_prefix && (!opt_in || caching) && !(opt_out && caching);
  }
};

struct Session {
  ClientId id;
  DbIndex db;
  Protocol protocol = Protocol::kResp2;
  bool authenticated = true;
  std::string name;
  std::string library_name;
  std::string library_version;
  std::optional<Transaction> transaction;
  // Channels by kind, in byte order.
  absl::btree_set<std::string> channels;
  absl::btree_set<std::string> patterns;
  absl::btree_set<std::string> shard_channels;
  const CommandSpec* last_command = nullptr;
  bool monitor = false;
  bool no_evict = false;
  bool no_touch = false;
  TrackingState tracking;
  ReplyMode reply_mode = ReplyMode::kOn;
  bool close_after_reply = false;  // QUIT, and errors after which the stream of requests is lost.

  [[nodiscard]] bool silent() const {
    return reply_mode == ReplyMode::kOff || reply_mode == ReplyMode::kSkip;
  }
  // The command that was executed, or waited, has its reply.
  void end_skip() {
    if (reply_mode == ReplyMode::kSkip) reply_mode = ReplyMode::kOn;
  }
  [[nodiscard]] bool subscribed() const {
    return !channels.empty() || !patterns.empty() || !shard_channels.empty();
  }
};

}  // namespace leat
