// Shard: one engine, its log, its sealed frames and the dispatcher in front of them.
//
// Thread     pinned to one reactor.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "command/dispatcher.h"
#include "engine/engine.h"
#include "io/io.h"
#include "server/frames_options.h"
#include "server/shard_frames.h"
#include "storage/log.h"

namespace leat {

class Shard {
 public:
  // Recovers the log; `progress(done, total)` is called now and then with bytes of log read. Blocks.
  using Progress = std::function<void(uint64_t done, uint64_t total)>;
  static Result<std::unique_ptr<Shard>> open(const io::World& world, const LogOptions& options,
                                             const FramesOptions& frames, Host& host,
                                             const Progress& progress);

  [[nodiscard]] Engine& engine() { return engine_; }
  [[nodiscard]] Log& log() { return *log_; }
  [[nodiscard]] ShardFrames& frames() { return frames_; }
  [[nodiscard]] Dispatcher& dispatcher() { return dispatcher_; }
  [[nodiscard]] const RecoveryReport& recovery() const { return recovery_; }

  Dispatcher::Outcome execute(const Request& request, Session& session, ByteBuffer& reply) {
    return dispatcher_.execute(request, session, log_->batch(), reply);
  }
  // A job on one of the lanes has completed.
  void on_disk(io::Lane lane, const Status& status);
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
  Shard(uint32_t databases, Host& host) : engine_(databases), dispatcher_(engine_, host) {}

  Status open_frames(const io::World& world, const LogOptions& log, const FramesOptions& frames,
                     const LogUuid& uuid);

  Engine engine_;
  ShardFrames frames_{engine_};
  Dispatcher dispatcher_;
  std::unique_ptr<Log> log_;
  RecoveryReport recovery_;
  Lsn committed_;
};

}  // namespace leat
