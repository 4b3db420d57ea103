// ShardFrames: carries sealed frames between a shard's engine, its frame files and those that wait for them.
//
// Contract   end_turn() hands out what is to be sealed; what has been written stands in its stream before the turn goes
//            on. Who was given to park() is in take_ready() once all the frames have come, or can't be had.
//            Files that are mostly dead are cleaned by the way: their living frames are written anew, one after the other.
// Thread     the shard's reactor.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"
#include "engine/frame_moves.h"
#include "io/io.h"
#include "server/frame_waits.h"
#include "storage/frame_files.h"

namespace leat {

class ShardFrames final : public FrameOwner {
 public:
  // Frames that a command waits for at once, at first; it doubles from wait to wait.
  static constexpr size_t kFramesAtOnce = 32;
  // By how much full blocks may exceed their budget before clients wait, at least: a small budget is exceeded by few turns.
  static constexpr size_t kExcessMin = size_t{4} << 20;
  // The same while a checkpoint keeps them from being sealed, at most: it may take seconds.
  static constexpr size_t kExcessWhilePaused = size_t{256} << 20;

  explicit ShardFrames(Engine& engine) : engine_(engine), moves_(engine.keyspace()) {}

  // Opens the frame files; from then on the engine seals.
  Status open(const io::World& world, const FrameFilesOptions& options);
  [[nodiscard]] bool opened() const { return files_ != nullptr; }
  [[nodiscard]] FrameFiles& files() { return *files_; }

  // Seals on the spot what is beyond its budget, which blocks; for replay. Once that has failed it does nothing.
  void seal_now();
  // Hands to the lane what is to be sealed, and asks again for what it had no room for.
  void end_turn(MonoNs now);
  void on_disk(io::Lane lane, const Status& status) { files_->on_disk(lane, status); }
  // Clients append faster than frames are written: those that write had better wait. Only while sealing goes on, or the
  // checkpoint that it waits for, so it ends by itself.
  [[nodiscard]] bool behind() const;
  // There is work that waits for nobody: the next turn should come at once.
  [[nodiscard]] bool has_work(MonoNs now) const;
  // No job is under way.
  [[nodiscard]] bool settled() const { return !opened() || files_->settled(); }

  // ---- For a checkpoint, which names the frames of the fences that it wrote.

  // Makes all frames durable that have been written by now; synced() then says how that ended. One that begins while
  // another is under way takes its place.
  void sync();
  // Of the last sync(): none while it is under way. An error: the checkpoint must be given up.
  [[nodiscard]] const std::optional<Status>& synced() const { return synced_; }
  // What the manifest names now; as those of FrameFiles.
  void checkpoint_published() { files_->checkpoint_published(); }
  void checkpoint_abandoned(bool perhaps_published) {
    files_->checkpoint_abandoned(perhaps_published);
  }

  // ---- For those who wait.

  // `who` waits for `frames`, keeping open what has been waited for before.
  void park(FrameWaiter who, const std::vector<FrameRef>& frames, OpenedFrames opened);
  [[nodiscard]] bool waits(FrameWaiter who) const { return waits_.waits(who); }
  void forget(FrameWaiter who) { waits_.forget(who); }
  [[nodiscard]] std::vector<FrameWaits::Ready> take_ready() { return waits_.take_ready(); }
  void put_back(FrameWaits::Ready ready) { waits_.put_back(std::move(ready)); }
  // What has waited runs between these two: what it could not have, whenever that was found, is not waited for again.
  void begin_ready(const OpenedFrames& opened);
  void end_ready() { engine_.share().frames.retry(); }
  // For how many frames more may be waited after `opened`.
  [[nodiscard]] static size_t frames_max(const OpenedFrames& opened);

 private:
  void on_sealed(uint64_t token, const Result<FrameRef>& frame) override;
  void on_fetched(const FrameRef& frame, Result<BlockImages> images) override;
  void on_synced(const Status& status) override;
  void fetch_waiting();
  void clean(MonoNs now);

  Engine& engine_;
  std::unique_ptr<FrameFiles> files_;
  FrameWaits waits_;
  // Of that, what this machine has room for.
  size_t excess_while_paused_ = kExcessWhilePaused;
  bool sealing_ = false;           // A job was under way when the last turn ended.
  bool failed_now_ = false;        // seal_now() has failed.
  std::deque<FrameRef> to_fetch_;  // The lane has no room for these yet.

  bool syncing_ = false;
  bool sync_again_ = false;  // What is under way has begun too early.
  std::optional<Status> synced_;

  FrameMoves moves_;
  bool walking_ = false;     // A walk has begun, and its end has not been seen.
  bool moved_ = false;       // It has moved a frame.
  bool moves_fail_ = false;  // A frame of this walk could not be moved, or none was found.
  MonoNs clean_at_{0};
};

}  // namespace leat
