// Config: what the operator has chosen, as the server uses it; made from the texts of ConfigValues.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"
#include "command/host.h"
#include "io/system.h"
#include "server/checkpoint_runner.h"
#include "server/config_values.h"
#include "server/connection_limits.h"
#include "server/frames_options.h"
#include "server/long_replies.h"
#include "storage/log.h"

namespace leat {

// An address to listen on.
struct BindAddress {
  std::string address;
  bool optional = false;  // May be missing on this machine.
};

struct Config {
  std::vector<BindAddress> bind = {{"127.0.0.1"}, {"::1", true}};
  uint16_t port = 6379;
  int backlog = 511;
  std::string unix_socket;           // unixsocket; empty: none.
  unsigned unix_socket_mode = 0700;  // unixsocketperm
  std::string directory = ".";       // dir
  std::string pid_file;              // pidfile; empty: none.
  std::string log_file;              // logfile; empty: standard output.
  LogLevel log_level = LogLevel::kNotice;
  bool daemonize = false;
  io::Backend backend = io::Backend::kAuto;
  SyncMode sync = SyncMode::kAlways;  // appendfsync
  uint64_t segment_bytes = 32ULL << 20;
  CheckpointSettings checkpoint;
  FramesOptions frames;  // .cache_bytes: stream-cache-size
  size_t reply_piece_bytes = kReplyPieceBytes;
  ConnectionLimits limits;
  Settings settings;

  ConfigValues values;       // What the rest was made from; CONFIG GET shows it.
  std::string file;          // Where CONFIG REWRITE writes it; empty: nowhere.
  std::string backend_name;  // What `backend` became.
};

// What an acknowledgement means in this mode, as one sentence for the operator.
[[nodiscard]] std::string_view describe(SyncMode mode);

// The texts are valid, so this can't fail. Relative paths of files are below `dir`.
[[nodiscard]] Config make_config(const ConfigValues& values);
// What may change while the server runs.
[[nodiscard]] Settings make_settings(const ConfigValues& values);
[[nodiscard]] ConnectionLimits make_limits(const ConfigValues& values);
[[nodiscard]] SyncMode make_sync_mode(const ConfigValues& values);
[[nodiscard]] CheckpointSettings make_checkpoint_settings(const ConfigValues& values);
[[nodiscard]] uint64_t make_cache_bytes(const ConfigValues& values);
[[nodiscard]] LogLevel make_log_level(const ConfigValues& values);

}  // namespace leat
