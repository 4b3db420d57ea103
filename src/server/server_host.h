// ServerHost: the Host of a running node.
#pragma once

#include <algorithm>
#include <string>

#include "command/host.h"
#include "io/io.h"
#include "server/config.h"
#include "server/reactor.h"
#include "server/server_clients.h"
#include "server/server_config.h"
#include "server/server_node.h"
#include "server/shard.h"

namespace leat {

class ServerHost : public Host {
 public:
  ServerHost(const io::World& world, Config& config, Reactor& reactor);
  // Commands run from now on.
  void serve(Shard& shard);
  [[nodiscard]] bool shutdown_requested() const { return node_.shutdown_requested(); }
  // The connection has been closed.
  void forget(Connection& connection);

  [[nodiscard]] const Settings& settings() const override { return config_.settings; }
  [[nodiscard]] uint64_t random() override { return world_.random.next(); }
  [[nodiscard]] int64_t wall_us() override { return world_.clock.wall_us(); }
  [[nodiscard]] int64_t stopwatch() override { return world_.clock.stopwatch(); }
  [[nodiscard]] Bytes write_refusal(uint64_t bytes, bool frees_space) override;
  [[nodiscard]] bool serving() const override {
    return !shard_->log().failure() && !shard_->loading().active;
  }
  [[nodiscard]] bool loading() const override { return shard_->loading().active; }
  [[nodiscard]] Bytes failure() const override;
  [[nodiscard]] uint64_t memory_excess() override {
    const uint64_t limit = config_.settings.memory_max;
    return limit == 0 ? 0 : node_.memory_over(limit);
  }
  [[nodiscard]] ClientsHost& clients() override { return clients_; }
  [[nodiscard]] ConfigHost& config() override { return configuration_; }
  [[nodiscard]] NodeHost& node() override { return node_; }
  [[nodiscard]] Subscriptions& subscriptions() override { return subscriptions_; }
  void deliver(ClientId client, const PublishedMessage& message) override;
  void invalidate(ClientId client, const std::vector<Bytes>& keys) override;
  [[nodiscard]] bool monitored() const override { return clients_.watched(); }
  void show_to_monitors(const Session& session, const Request& request) override {
    clients_.show(session, request);
  }
  void note_slow(const Session& session, const Request& request, const CommandSpec& spec,
                 int64_t duration_ns) override;
  [[nodiscard]] int64_t slow_ns() const override { return slow_ns_; }

 private:
  // Pushes an invalidation; closes the connection when it is owed too many, unless their number is `bounded` otherwise.
  template <typename Write>
  void tell(Connection& connection, bool bounded, Write&& write);
  // Makes what CONFIG SET has changed take effect.
  void configure();

  io::World world_;
  Config& config_;
  Reactor& reactor_;
  Shard* shard_ = nullptr;
  Subscriptions subscriptions_;
  ServerClients clients_;
  ServerConfig configuration_;
  ServerNode node_;
  int64_t slow_ns_ = INT64_MAX;
};

}  // namespace leat
