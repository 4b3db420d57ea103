#include "server/serve.h"

#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "base/crash_points.h"
#include "base/log.h"
#include "base/version.h"
#include "io/heap_growth.h"
#include "io/posix_disk.h"
#include "io/process.h"
#include "io/system.h"
#include "io/system_memory.h"
#include "server/config_read.h"
#include "server/server.h"

namespace leat {
namespace {

// Besides clients: log segments, listeners, the loop.
constexpr uint64_t kOpenFilesReserved = 64;
constexpr size_t kHelpColumn = 30;
constexpr size_t kHelpWidth = 100;

int fail(const std::string& text) {
  std::fprintf(stderr, "leat: %s\n", text.c_str());
  return 1;
}

void print_help() {
  fmt::print(
      "leat serve [file] [--name value ...]\n\n"
      "Starts a server. The file has the form of a redis.conf: one directive per line, which "
      "`include` may\n"
      "take from other files. Options are directives with -- in front; they count more than the "
      "file.\n\n"
      "  leat serve --port 7001 --dir data\n"
      "  leat serve /etc/leat.conf --appendfsync everysec\n\n"
      "Directives, with their defaults:\n\n");
  std::string ignored;
  for (const Directive& row : directives()) {
    if (row.effect == Effect::kUsed) {
      fmt::print("  {:<{}} {}\n  {:<{}} default: {}\n", row.name, kHelpColumn, row.help, "",
                 kHelpColumn, row.initial.empty() ? "none" : row.initial);
    } else if (row.effect == Effect::kIgnored) {
      ignored += fmt::format("{}{}", ignored.empty() ? "" : " ", row.name);
    }
  }
  fmt::print("\nAccepted, because a redis.conf has them, and without effect:\n\n");
  for (Bytes rest = ignored; !rest.empty();) {
    const size_t end = rest.size() <= kHelpWidth ? rest.size() : rest.rfind(' ', kHelpWidth);
    fmt::print("  {}\n", rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
}

void announce(const Config& config, const io::SystemWorld& system) {
  log(LogLevel::kNotice, "Leat {} starts, process id {}, {}", version(), io::process_id(),
      io::backend_name(system.backend()));
  if (const std::string names = ignored_names(config.values); !names.empty()) {
    log(LogLevel::kNotice, "Accepted in the configuration, without effect: {}", names);
  }
  if (crash_points_unlocked()) {
    log(LogLevel::kWarning,
        "LEAT_CRASH_POINT is set: a test may let this server kill itself at any step. Never set it "
        "where data counts");
  }
  log(LogLevel::kNotice, "Data is in {}", config.directory);
  const bool safe = config.sync == SyncMode::kAlways;
  log(safe ? LogLevel::kNotice : LogLevel::kWarning, "Durability: {}", describe(config.sync));
}

void announce_listeners(const Config& config, const Server& server) {
  for (const std::string& address : server.addresses())
    log(LogLevel::kNotice, "Listening on {}", address);
  if (config.limits.protected_mode) {
    log(LogLevel::kNotice,
        "Protected mode: without a password only clients on this machine are served");
  }
  if (config.port != 0) {
    log(LogLevel::kNotice, "Connect with: redis-cli -p {}, or any Redis client", config.port);
  } else if (!config.unix_socket.empty()) {
    log(LogLevel::kNotice, "Connect with: redis-cli -s {}, or any Redis client",
        config.unix_socket);
  }
}

// The pid file, removed when the server ends.
class PidFile {
 public:
  explicit PidFile(io::Disk& disk) : disk_(disk) {}
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  ~PidFile() {
    if (!path_.empty()) static_cast<void>(disk_.remove(path_).ok());
  }

  Status write(const std::string& path) {
    if (disk_.exists(path)) {
      if (Status status = disk_.remove(path); !status.ok()) return status;
    }
    auto file = disk_.open(path, io::OpenMode::kCreate);
    if (!file.ok()) return file.error();
    path_ = path;
    return file.value()->write(0, fmt::format("{}\n", io::process_id()));
  }

 private:
  io::Disk& disk_;
  std::string path_;
};

int serve(Config config) {
  std::optional<io::Background> background;
  if (config.daemonize) {
    auto entered = io::Background::enter();
    if (!entered.ok()) return fail(entered.error().detail);
    background = std::move(entered).value();
  }
  auto system = io::SystemWorld::create(config.backend);
  if (!system.ok()) return fail(system.error().detail);
  config.backend_name = io::backend_name(system.value()->backend());
  const io::World world = system.value()->world();
  if (const Status status = world.disk.make_directory(config.directory); !status.ok())
    return fail(status.error().detail);
  if (!open_log(config.log_file, config.log_level)) {
    return fail(fmt::format("can't write to the logfile {}", config.log_file));
  }
  const uint64_t files = io::raise_open_files(config.limits.clients_max + kOpenFilesReserved);
  if (files < config.limits.clients_max + kOpenFilesReserved) {
    log(LogLevel::kWarning, "The system allows {} open files: not all of maxclients {} may connect",
        files, config.limits.clients_max);
  }
  announce(config, *system.value());
  io::return_memory_in_background();
  io::back_heap_ahead();
  const auto refuse = [&config](const Error& error) {
    if (!config.log_file.empty()) log(LogLevel::kWarning, "Can't start: {}", error.detail);
    return fail(error.detail);
  };
  auto server = Server::start(world, config, Server::Listen::kAtOnce);
  if (!server.ok()) return refuse(server.error());
  PidFile pid_file(world.disk);
  if (!config.pid_file.empty()) {
    if (const Status status = pid_file.write(config.pid_file); !status.ok()) {
      log(LogLevel::kWarning, "No pidfile: {}", status.error().detail);
    }
  }
  announce_listeners(config, *server.value());
  if (background) background->ready();
  const auto ended = server.value()->run();
  return ended.ok() ? ended.value() : refuse(ended.error());
}

}  // namespace

int serve_main(std::span<const std::string_view> args) {
  if (!args.empty() && (args[0] == "--help" || args[0] == "-h")) {
    print_help();
    return 0;
  }
  io::PosixDisk disk;
  auto read = read_config(args, disk, io::working_directory());
  if (!read.ok()) return fail(read.error().detail);
  Config config = make_config(read.value().values);
  config.file = read.value().file;
  return serve(std::move(config));
}

}  // namespace leat
