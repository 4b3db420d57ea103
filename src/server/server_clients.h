// ServerClients: the connections of the reactor, as commands see them.
#pragma once

#include <absl/container/btree_set.h>

#include "command/clients_host.h"
#include "io/io.h"
#include "resp/request_parser.h"
#include "server/reactor.h"

namespace leat {

class ServerClients : public ClientsHost {
 public:
  ServerClients(io::Clock& clock, Reactor& reactor) : clock_(clock), reactor_(reactor) {}

  void visit(const std::function<void(const ClientFacts&)>& visitor) const override;
  void visit(ClientId client,
             const std::function<void(const ClientFacts&)>& visitor) const override;
  void kill(ClientId client) override;
  bool unblock(ClientId client, Unblock how) override;
  void pause(MonoNs until, bool only_writes) override;
  void unpause() override;
  void watch_commands(Session& session, bool watches) override;
  [[nodiscard]] bool is_local(const Session& session) const override;

  [[nodiscard]] bool watched() const { return !monitors_.empty(); }
  // Sends the line of a command to all that watch.
  void show(const Session& session, const Request& request);
  // The connection has been closed.
  void forget(const Session& session) { monitors_.erase(session.id); }

 private:
  io::Clock& clock_;
  Reactor& reactor_;
  absl::btree_set<ClientId> monitors_;
};

}  // namespace leat
