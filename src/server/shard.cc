#include "server/shard.h"

#include <utility>

#include "storage/log_reader.h"

namespace leat {
namespace {

// Feeds recovered records to the engine.
class Replay : public RecordSink {
 public:
  Replay(Engine& engine, ShardFrames& frames, const Shard::Progress& progress)
      : engine_(engine), frames_(frames), progress_(progress) {}

  // The engine knows no pieces yet, so a directory with a checkpoint is refused.
  bool on_pieces(Bytes /*pieces*/) override { return false; }
  bool on_state(Lsn /*lsn*/) override { return false; }
  bool on_record(Lsn lsn, const RecordView& record) override {
    // What the log drops by the way is freed by the way.
    constexpr size_t kReapedPerRecord = 256;
    if (engine_.reaping()) engine_.reap(kReapedPerRecord);
    if (lsn.value != engine_.last_lsn().value + 1 || !engine_.apply(record)) return false;
    // What the log appends need not have room in memory.
    if (engine_.share().seals.over_budget()) frames_.seal_now();
    return true;
  }
  void on_progress(uint64_t done, uint64_t total) override { progress_(done, total); }

 private:
  Engine& engine_;
  ShardFrames& frames_;
  const Shard::Progress& progress_;
};

}  // namespace

Result<std::unique_ptr<Shard>> Shard::open(const io::World& world, const LogOptions& options,
                                           const FramesOptions& frames, Host& host,
                                           const Progress& progress) {
  std::unique_ptr<Shard> shard(new Shard(host.settings().databases, host));
  shard->engine_.share().set_size(frames.cache_bytes);
  shard->engine_.share().seals.set_frame_bytes(frames.frame_bytes);
  // Replay seals, so the frame files are open before it; a log that is yet to be made has nothing to replay.
  LogScan known;
  if (Status status = read_superblock(world.disk, options.directory, known); !status.ok())
    return status.error();
  if (known.exists) {
    if (Status status = shard->open_frames(world, options, frames, known.superblock.uuid);
        !status.ok())
      return status.error();
  }
  Replay replay(shard->engine_, shard->frames_, progress);
  auto log = Log::open(world, options, replay, shard->recovery_);
  if (!log.ok()) return log.error();
  shard->log_ = std::move(log).value();
  shard->committed_ = shard->engine_.last_lsn();
  if (!known.exists) {
    const LogUuid uuid = shard->log_->identity().uuid;
    if (Status status = shard->open_frames(world, options, frames, uuid); !status.ok())
      return status.error();
  }
  shard->frames_.files().remove_orphans();
  shard->dispatcher_.set_frames_max(ShardFrames::kFramesAtOnce);
  return shard;
}

Status Shard::open_frames(const io::World& world, const LogOptions& log,
                          const FramesOptions& frames, const LogUuid& uuid) {
  return frames_.open(world, {.directory = log.directory,
                              .uuid = uuid,
                              .shard = log.shard,
                              .file_bytes = frames.file_bytes});
}

void Shard::on_disk(io::Lane lane, const Status& status) {
  if (lane == io::Lane::kFrames || lane == io::Lane::kFetch) {
    frames_.on_disk(lane, status);
  } else {
    log_->on_disk(lane, status);
  }
}

}  // namespace leat
