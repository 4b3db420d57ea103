// Shard: one engine, its log, its checkpoints, its sealed frames and the dispatcher in front of them.
//
// Thread     pinned to one reactor.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "command/dispatcher.h"
#include "engine/engine.h"
#include "io/io.h"
#include "server/checkpoint_runner.h"
#include "server/engine_replay.h"
#include "server/frames_options.h"
#include "server/long_replies.h"
#include "server/shard_frames.h"
#include "storage/log.h"

namespace leat {

// How far a shard is with what it reads at the start, in bytes.
struct Loading {
  bool active = false;
  uint64_t done = 0;
  uint64_t total = 0;
};

class Shard {
 public:
  // A shard that has read nothing yet of what is on the disk: load() does, until it says that all is there. Until then
  // only commands may run that neither read nor change data.
  //   errors  as Log::open() and FrameFiles::open(), here and in load(); final.
  static Result<std::unique_ptr<Shard>> begin(const io::World& world, const LogOptions& options,
                                              const FramesOptions& frames, Host& host);
  // Loads about `bytes` more; true when done. Blocks for that long, and while frames are sealed.
  Result<bool> load(uint64_t bytes);
  [[nodiscard]] const Loading& loading() const { return loading_; }

  [[nodiscard]] Engine& engine() { return engine_; }
  [[nodiscard]] Log& log() { return *log_; }
  // Null while loading.
  [[nodiscard]] CheckpointRunner* checkpoints() { return checkpoints_.get(); }
  void set(const CheckpointSettings& settings);
  [[nodiscard]] ShardFrames& frames() { return frames_; }
  [[nodiscard]] LongReplies& long_replies() { return long_replies_; }
  [[nodiscard]] Dispatcher& dispatcher() { return dispatcher_; }
  [[nodiscard]] const RecoveryReport& recovery() const { return recovery_; }

  Dispatcher::Outcome execute(const Request& request, Session& session, ByteBuffer& reply) {
    return dispatcher_.execute(request, session, log_->batch(), reply);
  }
  // A job on one of the lanes has completed.
  void on_disk(io::Lane lane, const Status& status);
  // The disk, or what is written to it, is slower than the clients: those that write had better wait. Ends by itself,
  // after a completion.
  [[nodiscard]] bool behind() const { return log_->behind() || frames_.behind(); }
  // Nothing is under way to the disk, and all there is has been written.
  [[nodiscard]] bool settled() const { return log_->settled() && frames_.settled(); }
  // Ends the turn: hands its records to the log.
  void commit() {
    committed_ = engine_.last_lsn();
    log_->commit(committed_, dispatcher_.now().wall, dispatcher_.now().mono);
  }
  // The last record handed to the log in an earlier turn.
  [[nodiscard]] Lsn committed() const { return committed_; }

 private:
  // Notes how far it is and why it can't go on, and seals what memory has no room for.
  class Replay final : public EngineReplay {
   public:
    explicit Replay(Shard& shard) : EngineReplay(shard.engine_), shard_(shard) {}
    bool on_state(Lsn lsn) override;
    bool on_record(Lsn lsn, const RecordView& record) override;
    void on_progress(uint64_t done, uint64_t total) override;

   private:
    Shard& shard_;
  };
  Shard(const io::World& world, const LogOptions& log, const FramesOptions& frames, Host& host)
      : world_(world),
        directory_(log.directory),
        shard_number_(log.shard),
        frame_file_bytes_(frames.file_bytes),
        databases_(host.settings().databases),
        engine_(databases_),
        dispatcher_(engine_, host) {}

  Status open_frames(const LogUuid& uuid);

  io::World world_;
  std::string directory_;
  uint32_t shard_number_;
  uint64_t frame_file_bytes_;
  uint32_t databases_;
  CheckpointSettings checkpoint_settings_;
  Engine engine_;
  ShardFrames frames_{engine_};
  LongReplies long_replies_;  // They refer to streams, and keep frames open.
  Dispatcher dispatcher_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<CheckpointRunner> checkpoints_;
  RecoveryReport recovery_;
  Loading loading_;
  Status refused_;  // Why what was loaded can't be used.
  Replay replay_{*this};
  Lsn committed_;
};

}  // namespace leat
