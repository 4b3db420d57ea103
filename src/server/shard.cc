#include "server/shard.h"

#include <utility>

namespace leat {
namespace {

// Feeds recovered records to the engine.
class Replay : public RecordSink {
 public:
  Replay(Engine& engine, const Shard::Progress& progress) : engine_(engine), progress_(progress) {}

  // The engine knows no pieces yet, so a directory with a checkpoint is refused.
  bool on_pieces(Bytes /*pieces*/) override { return false; }
  bool on_state(Lsn /*lsn*/) override { return false; }
  bool on_record(Lsn lsn, const RecordView& record) override {
    // What the log drops by the way is freed by the way.
    constexpr size_t kReapedPerRecord = 256;
    if (engine_.reaping()) engine_.reap(kReapedPerRecord);
    return lsn.value == engine_.last_lsn().value + 1 && engine_.apply(record);
  }
  void on_progress(uint64_t done, uint64_t total) override { progress_(done, total); }

 private:
  Engine& engine_;
  const Shard::Progress& progress_;
};

}  // namespace

Result<std::unique_ptr<Shard>> Shard::open(const io::World& world, const LogOptions& options,
                                           Host& host, const Progress& progress) {
  std::unique_ptr<Shard> shard(new Shard(host.settings().databases, host));
  Replay replay(shard->engine_, progress);
  auto log = Log::open(world, options, replay, shard->recovery_);
  if (!log.ok()) return log.error();
  shard->log_ = std::move(log).value();
  shard->committed_ = shard->engine_.last_lsn();
  return shard;
}

}  // namespace leat
