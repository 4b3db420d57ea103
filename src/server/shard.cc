#include "server/shard.h"

#include <utility>

namespace leat {

Result<std::unique_ptr<Shard>> Shard::begin(const io::World& world, const LogOptions& options,
                                            Host& host) {
  std::unique_ptr<Shard> shard(new Shard(world, options, host));
  auto log = Log::begin(world, options, shard->replay_, shard->recovery_);
  if (!log.ok()) return log.error();
  shard->log_ = std::move(log).value();
  shard->loading_.active = true;
  return shard;
}

Result<bool> Shard::load(uint64_t bytes) {
  auto done = log_->load(bytes);
  if (!done.ok() || !done.value()) return done;
  loading_.active = false;
  committed_ = engine_.last_lsn();
  checkpoints_ = std::make_unique<CheckpointRunner>(world_, engine_, *log_, directory_, databases_);
  checkpoints_->set(checkpoint_settings_);
  return true;
}

void Shard::set(const CheckpointSettings& settings) {
  checkpoint_settings_ = settings;
  if (checkpoints_) checkpoints_->set(settings);
}

}  // namespace leat
