// ClientsHost: the connections of the server, as commands see them and act on them.
//
// Thread     called on the reactor thread, from inside a command.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "command/session.h"

namespace leat {

// One connection. Views and references die with the call that gave them.
struct ClientFacts {
  const Session& session;
  Bytes peer;
  Bytes local;
  uint64_t descriptor = 0;
  bool unix_socket = false;
  bool blocked = false;  // A command of it waits.
  int64_t age_s = 0;
  int64_t idle_s = 0;
  uint64_t input_bytes = 0;
  uint64_t input_free_bytes = 0;
  uint64_t output_bytes = 0;  // Owed.
  uint64_t output_capacity = 0;
  uint64_t held_bytes = 0;  // Kept for what it has still to be replied.
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
};

enum class Unblock : uint8_t { kAsTimedOut, kWithError };

class ClientsHost {
 public:
  virtual ~ClientsHost() = default;

  // All of them, oldest first.
  virtual void visit(const std::function<void(const ClientFacts&)>& visitor) const = 0;
  virtual void visit(ClientId client,
                     const std::function<void(const ClientFacts&)>& visitor) const = 0;
  // Closes it; the one whose command this is after its reply.
  virtual void kill(ClientId client) = 0;
  // Ends the command that it waits with; false when it waits with none.
  virtual bool unblock(ClientId client, Unblock how) = 0;
  // Commands (or only those that write) wait until then.
  virtual void pause(MonoNs until, bool only_writes) = 0;
  virtual void unpause() = 0;
  // The session gets to see every command, or no longer.
  virtual void watch_commands(Session& session, bool watches) = 0;
  // The client is on this machine.
  [[nodiscard]] virtual bool is_local(const Session& session) const = 0;
};

}  // namespace leat
