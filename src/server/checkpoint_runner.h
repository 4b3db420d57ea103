// CheckpointRunner: when a checkpoint is made, and its steps, one a turn: begin, walk, wait for the log and the frames that it
// names, publish, reclaim what recovery does not need any more.
//
// Contract   step() is called once per turn, after the turn's records were handed to the log; it never blocks and
//            takes a bounded time. At most one checkpoint is made at a time; one that fails is given up, said in one
//            line, and tried again later: nothing that clients were promised depends on it.
// Thread     owned by its shard's reactor.
// Ownership  borrows World, engine, log and frames.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "command/context.h"
#include "command/node_host.h"
#include "engine/engine.h"
#include "io/io.h"
#include "server/shard_frames.h"
#include "storage/checkpoint_writer.h"
#include "storage/log.h"

namespace leat {

struct CheckpointSettings {
  uint64_t log_bytes = 256ULL << 20;  // checkpoint-log-size; 0: only when asked.
  uint64_t retain_bytes = 0;          // log-retain
};

class CheckpointRunner {
 public:
  // `log` has been recovered into `engine`, which has `databases` of them and the frames in `frames`, opened.
  CheckpointRunner(const io::World& world, Engine& engine, Log& log, ShardFrames& frames,
                   std::string directory, uint32_t databases);

  // What it writes down takes until `until`, but at least one slice.
  void step(const Now& now, MonoNs until);
  // The job on the checkpoint lane has completed.
  void on_disk(const Status& status) { writer_.on_disk(status); }
  // There is work that waits for nobody: the next turn should come at once.
  [[nodiscard]] bool has_work() const;

  // Asks for a checkpoint of what stands at the end of this turn or later.
  //   returns  its number: it is over once facts().ended has reached that.
  uint64_t request(CheckpointReason reason);
  void set(const CheckpointSettings& settings) { settings_ = settings; }
  [[nodiscard]] CheckpointFacts facts() const;

  // Gives up what is being made; no other is begun. For the shutdown.
  void stop();
  // The disk does nothing for checkpoints.
  [[nodiscard]] bool settled() const { return writer_.state() != CheckpointWriter::State::kBusy; }

 private:
  enum class Phase : uint8_t {
    kIdle,
    kWalking,  // The engine writes its state down, and the writer puts it on disk.
    kSealing,  // The file is being finished, or waits for the log to be durable up to its LSN, and for the
               // frames that it names.
    kPublishing,  // The manifest is being replaced.
    kCleaning,    // Files that nobody needs are removed one by one.
    kStopped,
  };

  [[nodiscard]] bool running() const;
  [[nodiscard]] bool due(MonoNs now) const;
  [[nodiscard]] uint64_t log_since() const;
  void begin(const Now& now);
  void walk(MonoNs until);
  void write_down(StateWriter& walk, MonoNs until);
  void seal();
  void finish_publishing();
  void start_cleaning();
  void clean();
  // The removed file's next bytes may be given back now.
  [[nodiscard]] bool may_shrink() const;
  void give_up(const Error& why);
  void end(bool ok);
  // Compares the checkpoint on disk with the state that it was made of.
  [[nodiscard]] bool verified() const;

  io::World world_;
  Engine& engine_;
  Log& log_;
  ShardFrames& frames_;
  std::string directory_;
  uint32_t databases_;
  CheckpointSettings settings_;
  CheckpointWriter writer_;
  Phase phase_ = Phase::kCleaning;  // What a crash has left behind goes first.
  Now now_;

  std::optional<CheckpointReason> requested_;
  CheckpointReason reason_ = CheckpointReason::kLogSize;
  Lsn lsn_;               // Of the checkpoint being made.
  uint64_t changes_ = 0;  // That it holds.
  uint64_t digest_ = 0;   // Of its state, when it is to be verified.
  MonoNs started_{0};
  uint64_t position_ = 0;  // Where the log stood when it was begun.
  uint64_t covered_ = 0;   // Where it stood at the one that counts.
  MonoNs retry_at_{0};
  bool removing_segment_ = false;
  MonoNs cleaning_since_{0};
  uint64_t cleaning_from_ = 0;  // Where the log stood then.
  uint64_t given_back_ = 0;     // Bytes, since then.
  CheckpointFacts facts_;
};

}  // namespace leat
