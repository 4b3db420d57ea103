#include "server/server.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"

namespace leat {
namespace {

// A clean shutdown waits at most this long for clients to take their replies.
constexpr int64_t kFlushNs = 2000 * kNsPerMs;

}  // namespace

Server::Server(const io::World& world, const Config& config)
    : world_(world),
      config_(config),
      reactor_(world, config.limits),
      host_(world, config_, reactor_) {}

Result<std::unique_ptr<Server>> Server::start(const io::World& world, const Config& config) {
  std::unique_ptr<Server> server(new Server(world, config));
  if (Status status = server->open_shard(); !status.ok()) return status.error();
  if (Status status = server->listen(); !status.ok()) return status.error();
  return server;
}

Status Server::open_shard() {
  if (Status status = world_.disk.make_directory(config_.directory); !status.ok()) return status;
  auto lock = world_.disk.lock_directory(config_.directory);
  if (!lock.ok()) return lock.error();
  lock_ = std::move(lock).value();
  const LogOptions options{
      .directory = config_.directory, .segment_bytes = config_.segment_bytes, .sync = config_.sync};
  auto shard = Shard::open(world_, options, host_, [](uint64_t, uint64_t) {});
  if (!shard.ok()) return shard.error();
  shard_ = std::move(shard).value();
  host_.serve(*shard_);
  reactor_.on_close(
      [this](Connection& connection) { host_.subscriptions().remove_all(connection.session); });
  reactor_.serve(*shard_);
  return {};
}

Status Server::listen() {
  reactor_.identify_unix([this](io::ListenerId listener) {
    return std::find(unix_listeners_.begin(), unix_listeners_.end(), listener) !=
           unix_listeners_.end();
  });
  for (const std::string& address : config_.bind) {
    if (config_.port == 0) break;
    const auto listener = world_.loop.listen_tcp(address, config_.port, config_.backlog);
    if (!listener.ok()) return listener.error();
  }
  if (config_.unix_socket.empty()) return {};
  const auto listener =
      world_.loop.listen_unix(config_.unix_socket, config_.unix_socket_mode, config_.backlog);
  if (!listener.ok()) return listener.error();
  unix_listeners_.push_back(listener.value());
  return {};
}

int Server::run() {
  while (!stopping()) turn(MonoNs{INT64_MAX});
  log(LogLevel::kNotice, "Shutting down: finishing replies and syncing the log");
  if (Status status = close(); !status.ok()) {
    log(LogLevel::kWarning, "The shutdown was not clean: {}", status.error().detail);
    return 1;
  }
  log(LogLevel::kNotice, "Leat is now ready to exit, bye bye...");
  return 0;
}

Status Server::close() {
  const MonoNs deadline{world_.clock.mono().value + kFlushNs};
  reactor_.drain(deadline);
  if (Status status = shard_->log().close(shard_->engine().last_lsn(), world_.clock.wall());
      !status.ok())
    return status;
  reactor_.flush(deadline);
  return {};
}

}  // namespace leat
