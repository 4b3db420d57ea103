// leat: serve, bench, check.
#include <cstdio>

#include "base/log.h"
#include "io/system.h"
#include "server/server.h"

int main(int argc, char** argv) {
  leat::Config config;
  if (argc > 1) config.port = static_cast<uint16_t>(std::atoi(argv[1]));
  if (argc > 2) config.directory = argv[2];
  if (argc > 3) config.sync = argv[3][0] == 'n' ? leat::SyncMode::kNever : argv[3][0] == 'e' ? leat::SyncMode::kEverySec : leat::SyncMode::kAlways;
  auto system = leat::io::SystemWorld::create(leat::io::Backend::kAuto);
  if (!system.ok()) return std::fprintf(stderr, "leat: %s\n", system.error().detail.c_str()), 1;
  auto server = leat::Server::start(system.value()->world(), config);
  if (!server.ok()) return std::fprintf(stderr, "leat: %s\n", server.error().detail.c_str()), 1;
  leat::log(leat::LogLevel::kNotice, "Ready to accept connections");
  return server.value()->run();
}
