// ServerHost: the Host of a running node.
#pragma once

#include <string>

#include "command/host.h"
#include "io/io.h"
#include "server/config.h"
#include "server/reactor.h"
#include "server/shard.h"

namespace leat {

class ServerHost : public Host {
 public:
  ServerHost(const io::World& world, Config& config, Reactor& reactor)
      : world_(world), config_(config), reactor_(reactor) {}
  // Commands run from now on.
  void serve(Shard& shard) { shard_ = &shard; }
  [[nodiscard]] bool shutdown_requested() const { return shutdown_requested_; }

  [[nodiscard]] const Settings& settings() const override { return config_.settings; }
  [[nodiscard]] uint64_t random() override { return world_.random.next(); }
  [[nodiscard]] int64_t wall_us() override { return world_.clock.wall_us(); }
  [[nodiscard]] int64_t stopwatch() override { return world_.clock.stopwatch(); }
  [[nodiscard]] Bytes write_refusal(uint64_t bytes, bool frees_space) override;
  [[nodiscard]] Subscriptions& subscriptions() override { return subscriptions_; }
  void deliver(ClientId client, const PublishedMessage& message) override;
  [[nodiscard]] bool monitored() const override { return false; }
  void show_to_monitors(const Session& session, const Request& request) override;
  void note_duration(const Session& session, const Request& request, int64_t duration_ns) override;

 private:
  io::World world_;
  Config& config_;
  Reactor& reactor_;
  Shard* shard_ = nullptr;
  Subscriptions subscriptions_;
  bool shutdown_requested_ = false;
};

}  // namespace leat
