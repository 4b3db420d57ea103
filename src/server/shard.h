// Shard: one engine, its log, its checkpoints and the dispatcher in front of them.
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
  //   errors  as Log::open(), here and in load(); final.
  static Result<std::unique_ptr<Shard>> begin(const io::World& world, const LogOptions& options,
                                              Host& host);
  // Loads about `bytes` more; true when done. Blocks for that long.
  Result<bool> load(uint64_t bytes);
  [[nodiscard]] const Loading& loading() const { return loading_; }

  [[nodiscard]] Engine& engine() { return engine_; }
  [[nodiscard]] Log& log() { return *log_; }
  // Null while loading.
  [[nodiscard]] CheckpointRunner* checkpoints() { return checkpoints_.get(); }
  void set(const CheckpointSettings& settings);
  [[nodiscard]] Dispatcher& dispatcher() { return dispatcher_; }
  [[nodiscard]] const RecoveryReport& recovery() const { return recovery_; }

  Dispatcher::Outcome execute(const Request& request, Session& session, ByteBuffer& reply) {
    return dispatcher_.execute(request, session, log_->batch(), reply);
  }
  // Ends the turn: hands its records to the log.
  void commit() {
    committed_ = engine_.last_lsn();
    log_->commit(committed_, dispatcher_.now().wall, dispatcher_.now().mono);
  }
  // A job on one of the lanes has completed.
  void on_disk(io::Lane lane, const Status& status) {
    lane == io::Lane::kCheckpoint ? checkpoints_->on_disk(status) : log_->on_disk(lane, status);
  }
  // The last record handed to the log in an earlier turn.
  [[nodiscard]] Lsn committed() const { return committed_; }

 private:
  // Notes how far it is, as well.
  class Replay final : public EngineReplay {
   public:
    Replay(Engine& engine, Loading& loading) : EngineReplay(engine), loading_(loading) {}
    void on_progress(uint64_t done, uint64_t total) override {
      loading_.done = done;
      loading_.total = total;
    }

   private:
    Loading& loading_;
  };
  Shard(const io::World& world, const LogOptions& options, Host& host)
      : world_(world),
        directory_(options.directory),
        databases_(host.settings().databases),
        engine_(databases_),
        dispatcher_(engine_, host),
        replay_(engine_, loading_) {}

  io::World world_;
  std::string directory_;
  uint32_t databases_;
  CheckpointSettings checkpoint_settings_;
  Engine engine_;
  Dispatcher dispatcher_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<CheckpointRunner> checkpoints_;
  RecoveryReport recovery_;
  Loading loading_;
  Replay replay_;
  Lsn committed_;
};

}  // namespace leat
