// Config: what the operator has chosen: Redis' directive names where the meaning is the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command/host.h"
#include "server/connection_limits.h"
#include "storage/log.h"

namespace leat {

struct Config {
  std::vector<std::string> bind = {"127.0.0.1"};
  uint16_t port = 6379;
  int backlog = 511;
  std::string unix_socket;            // unixsocket; empty: none.
  unsigned unix_socket_mode = 0700;   // unixsocketperm
  std::string directory = ".";        // dir
  SyncMode sync = SyncMode::kAlways;  // appendfsync
  uint64_t segment_bytes = 64ULL << 20;
  ConnectionLimits limits;
  Settings settings;
};

}  // namespace leat
