#include "server/shard.h"

#include <utility>

#include <fmt/format.h>

#include "storage/log_reader.h"

namespace leat {

Result<std::unique_ptr<Shard>> Shard::begin(const io::World& world, const LogOptions& options,
                                            const FramesOptions& frames, Host& host) {
  std::unique_ptr<Shard> shard(new Shard(world, options, frames, host));
  shard->engine_.share().set_size(frames.cache_bytes);
  shard->engine_.share().seals.set_frame_bytes(frames.frame_bytes);
  // Loading seals, so the frame files are open before it; a log that is yet to be made has nothing to load.
  LogScan known;
  if (const Status status = read_superblock(world.disk, options.directory, known); !status.ok())
    return status.error();
  if (known.exists) {
    if (const Status status = shard->open_frames(known.superblock.uuid); !status.ok())
      return status.error();
  }
  auto log = Log::begin(world, options, shard->replay_, shard->recovery_);
  if (!log.ok()) return log.error();
  shard->log_ = std::move(log).value();
  shard->loading_.active = true;
  shard->engine_.tracking().pause(true);
  return shard;
}

Result<bool> Shard::load(uint64_t bytes) {
  auto done = log_->load(bytes);
  if (!done.ok() && !refused_.ok()) return refused_.error();
  if (!done.ok() || !done.value()) return done;
  if (!frames_.opened()) {
    if (const Status status = open_frames(log_->identity().uuid); !status.ok())
      return status.error();
  }
  frames_.files().remove_orphans();
  dispatcher_.set_frames_max(ShardFrames::kFramesAtOnce);
  engine_.share().frames.end_loading();
  loading_.active = false;
  engine_.tracking().pause(false);
  committed_ = engine_.last_lsn();
  checkpoints_ =
      std::make_unique<CheckpointRunner>(world_, engine_, *log_, frames_, directory_, databases_);
  checkpoints_->set(checkpoint_settings_);
  return true;
}

void Shard::set(const CheckpointSettings& settings) {
  checkpoint_settings_ = settings;
  if (checkpoints_) checkpoints_->set(settings);
}

bool Shard::Replay::on_state(Lsn lsn) {
  if (!EngineReplay::on_state(lsn)) return false;
  shard_.refused_ = shard_.frames_.files().adopt();
  return shard_.refused_.ok();
}

bool Shard::Replay::on_record(Lsn lsn, const RecordView& record) {
  const StreamShare& share = shard_.engine_.share();
  if (!EngineReplay::on_record(lsn, record)) {
    // It is not the record that is wrong.
    if (share.frames.counters().failures != 0) {
      shard_.refused_ =
          Error{Errc::kCorrupt, fmt::format("record {} needs a sealed frame that can't be read: {}",
                                            lsn.value, shard_.frames_.files().read_failure())};
    }
    return false;
  }
  // What the log appends need not have room in memory.
  if (share.seals.over_budget()) shard_.frames_.seal_now();
  return true;
}

void Shard::Replay::on_progress(uint64_t done, uint64_t total) {
  shard_.loading_.done = done;
  shard_.loading_.total = total;
}

Status Shard::open_frames(const LogUuid& uuid) {
  return frames_.open(world_, {.directory = directory_,
                               .uuid = uuid,
                               .shard = shard_number_,
                               .file_bytes = frame_file_bytes_});
}

void Shard::on_disk(io::Lane lane, const Status& status) {
  switch (lane) {
    case io::Lane::kCheckpoint:
      return checkpoints_->on_disk(status);
    case io::Lane::kFrames:
    case io::Lane::kFetch:
      return frames_.on_disk(lane, status);
    default:
      return log_->on_disk(lane, status);
  }
}

}  // namespace leat
