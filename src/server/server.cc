#include "server/server.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "base/numbers.h"

namespace leat {
namespace {

// A clean shutdown waits at most this long for clients to take their replies.
constexpr int64_t kFlushNs = 2000 * kNsPerMs;

// Loading is done so many bytes at a time; after each of them the clock is looked at.
constexpr uint64_t kLoadPiece = 256 << 10;
// Between two turns, while clients are connected, and before anybody can be.
constexpr int64_t kLoadSliceNs = 3 * kNsPerMs;
constexpr int64_t kLoadUnseenNs = 100 * kNsPerMs;

}  // namespace

Server::Server(const io::World& world, const Config& config)
    : world_(world),
      config_(config),
      reactor_(world, config.limits),
      host_(world, config_, reactor_) {}

Result<std::unique_ptr<Server>> Server::start(const io::World& world, const Config& config,
                                              Listen when) {
  std::unique_ptr<Server> server(new Server(world, config));
  if (when == Listen::kAtOnce) server->heap_growth_.emplace();
  if (const Status status = server->open_shard(); !status.ok()) return status.error();
  const MonoNs until{when == Listen::kLoaded ? INT64_MAX
                                             : server->load_started_.value + kLoadUnseenNs};
  if (const Status status = server->load(until); !status.ok()) return status.error();
  if (const Status status = server->listen(); !status.ok()) return status.error();
  return server;
}

Status Server::open_shard() {
  if (Status status = world_.disk.make_directory(config_.directory); !status.ok()) return status;
  auto lock = world_.disk.lock_directory(config_.directory);
  if (!lock.ok()) return lock.error();
  lock_ = std::move(lock).value();
  const LogOptions options{
      .directory = config_.directory, .segment_bytes = config_.segment_bytes, .sync = config_.sync};
  load_started_ = progress_said_ = world_.clock.mono();
  auto shard = Shard::begin(world_, options, config_.frames, host_);
  if (!shard.ok()) return shard.error();
  shard_ = std::move(shard).value();
  shard_->dispatcher().set_piece_bytes(config_.reply_piece_bytes);
  host_.serve(*shard_);
  reactor_.on_close([this](Connection& connection) { host_.forget(connection); });
  reactor_.serve(*shard_);
  return {};
}

Status Server::load(MonoNs until) {
  while (true) {
    const auto done = shard_->load(kLoadPiece);
    if (!done.ok()) return done.error();
    if (done.value()) {
      heap_growth_.reset();
      report_recovery();
      return {};
    }
    const MonoNs now = world_.clock.mono();
    if (now.value - progress_said_.value >= kNsPerSecond) say_progress(now);
    if (now >= until) return {};
  }
}

void Server::say_progress(MonoNs now) {
  progress_said_ = now;
  const Loading& loading = shard_->loading();
  if (loading.done == 0 || loading.done > loading.total) return;
  const double part = static_cast<double>(loading.done) / static_cast<double>(loading.total);
  const double spent =
      static_cast<double>(now.value - load_started_.value) / static_cast<double>(kNsPerSecond);
  log(LogLevel::kNotice, "Reading the log: {:.0f} % of {:.1f} MB, about {:.0f} seconds left",
      100 * part, static_cast<double>(loading.total) / kMegabyte, spent / part - spent);
}

void Server::report_recovery() const {
  const RecoveryReport& report = shard_->recovery();
  if (report.checkpoint_bytes != 0) {
    log(LogLevel::kNotice, "Loaded the checkpoint at record {}, {:.1f} MB", report.checkpoint.value,
        static_cast<double>(report.checkpoint_bytes) / kMegabyte);
  }
  if (report.records != 0) {
    log(LogLevel::kNotice, "Recovered {} records from {:.1f} MB of log", report.records,
        static_cast<double>(report.bytes - report.checkpoint_bytes) / kMegabyte);
  }
  for (const std::string& text : report.unused) log(LogLevel::kWarning, "{}", text);
  if (report.cut_bytes != 0) {
    log(LogLevel::kWarning,
        "Cut {} bytes that a crash has left half-written and nobody had been told of: {}",
        report.cut_bytes, report.cut_detail);
  }
}

Status Server::listen() {
  reactor_.identify_unix([this](io::ListenerId listener) {
    return std::find(unix_listeners_.begin(), unix_listeners_.end(), listener) !=
           unix_listeners_.end();
  });
  if (config_.port != 0) {
    if (Status status = listen_tcp(); !status.ok()) return status;
  }
  if (!config_.unix_socket.empty()) {
    const auto listener =
        world_.loop.listen_unix(config_.unix_socket, config_.unix_socket_mode, config_.backlog);
    if (!listener.ok()) return listener.error();
    unix_listeners_.push_back(listener.value());
    addresses_.push_back(fmt::format("unix socket {}", config_.unix_socket));
  }
  if (addresses_.empty()) {
    return Error{Errc::kInvalid, "there is nothing to listen on: set port and bind, or unixsocket"};
  }
  return {};
}

Status Server::listen_tcp() {
  for (const BindAddress& bind : config_.bind) {
    const auto listener = world_.loop.listen_tcp(bind.address, config_.port, config_.backlog);
    if (listener.ok()) {
      const bool v6 = bind.address.find(':') != std::string::npos;
      addresses_.push_back(fmt::format("{}{}{}:{}", v6 ? "[" : "", bind.address, v6 ? "]" : "",
                                       world_.loop.port(listener.value())));
    } else if (!bind.optional || listener.error().code != Errc::kIo) {
      return listener.error();
    }
  }
  return {};
}

Result<int> Server::run() {
  while (shard_->loading().active && !stopping()) {
    turn(MonoNs{0});
    if (stopping()) break;
    const Status status = load(MonoNs{world_.clock.mono().value + kLoadSliceNs});
    if (!status.ok()) return status.error();
  }
  if (!stopping()) log(LogLevel::kNotice, "Ready to accept connections");
  while (!stopping()) turn(MonoNs{INT64_MAX});
  if (shard_->loading().active) {
    log(LogLevel::kNotice, "Shutting down while loading: nothing has changed");
    return 0;
  }
  log(LogLevel::kNotice, "Shutting down: finishing replies and syncing the log");
  if (const Status status = close(); !status.ok()) {
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
