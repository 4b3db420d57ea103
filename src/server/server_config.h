// ServerConfig: CONFIG GET, SET and REWRITE over the configuration of a running node.
#pragma once

#include <functional>

#include "command/config_host.h"
#include "io/io.h"
#include "server/config.h"

namespace leat {

class ServerConfig : public ConfigHost {
 public:
  // `changed` makes the new configuration take effect.
  ServerConfig(io::Disk& disk, Config& config, std::function<void()> changed)
      : disk_(disk), config_(config), changed_(std::move(changed)) {}

  [[nodiscard]] Pairs matching(const std::vector<Bytes>& patterns) const override;
  [[nodiscard]] std::string set(const std::vector<std::pair<Bytes, Bytes>>& changes) override;
  [[nodiscard]] std::string rewrite() override;

 private:
  Status write_file();

  io::Disk& disk_;
  Config& config_;
  std::function<void()> changed_;
};

}  // namespace leat
