#include "server/shard.h"

#include <utility>

namespace leat {

Result<std::unique_ptr<Shard>> Shard::begin(const io::World& world, const LogOptions& options,
                                            Host& host) {
  std::unique_ptr<Shard> shard(new Shard(host.settings().databases, host));
  auto log = Log::begin(world, options, shard->replay_, shard->recovery_);
  if (!log.ok()) return log.error();
  shard->log_ = std::move(log).value();
  shard->loading_.active = true;
  return shard;
}

Result<bool> Shard::load(uint64_t bytes) {
  const auto done = log_->load(bytes);
  if (!done.ok() || !done.value()) return done;
  loading_.active = false;
  committed_ = engine_.last_lsn();
  return true;
}

}  // namespace leat
