// Shard: one engine, its log and the dispatcher in front of them.
//
// Thread     pinned to one reactor.
#pragma once

#include <memory>

#include "base/result.h"
#include "command/dispatcher.h"
#include "engine/engine.h"
#include "io/io.h"
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
  // The last record handed to the log in an earlier turn.
  [[nodiscard]] Lsn committed() const { return committed_; }

 private:
  // Feeds recovered records to the engine.
  class Replay : public RecordSink {
   public:
    Replay(Engine& engine, Loading& loading) : engine_(engine), loading_(loading) {}
    bool on_record(Lsn lsn, const RecordView& record) override {
      // What the log drops by the way is freed by the way.
      constexpr size_t kReapedPerRecord = 256;
      if (engine_.reaping()) engine_.reap(kReapedPerRecord);
      return lsn.value == engine_.last_lsn().value + 1 && engine_.apply(record);
    }
    void on_progress(uint64_t done, uint64_t total) override {
      loading_.done = done;
      loading_.total = total;
    }

   private:
    Engine& engine_;
    Loading& loading_;
  };
  Shard(uint32_t databases, Host& host)
      : engine_(databases), dispatcher_(engine_, host), replay_(engine_, loading_) {}

  Engine engine_;
  Dispatcher dispatcher_;
  std::unique_ptr<Log> log_;
  RecoveryReport recovery_;
  Loading loading_;
  Replay replay_;
  Lsn committed_;
};

}  // namespace leat
