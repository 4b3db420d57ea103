// ShardFrames: carries sealed frames between a shard's engine, its frame files and the clients that wait for them.
//
// Contract   end_turn() hands out what is to be sealed; what has been written stands in its stream before the turn goes
//            on. A client that park() was told of is in take_ready() once all its frames have come, or can't be had.
// Thread     the shard's reactor.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"
#include "io/io.h"
#include "server/frame_waits.h"
#include "storage/frame_files.h"

namespace leat {

class ShardFrames final : public FrameOwner {
 public:
  // Frames that a command waits for at once, at first; it doubles from wait to wait.
  static constexpr size_t kFramesAtOnce = 32;

  explicit ShardFrames(Engine& engine) : engine_(engine) {}

  // Opens the frame files; from then on the engine seals.
  Status open(const io::World& world, const FrameFilesOptions& options);
  [[nodiscard]] bool opened() const { return files_ != nullptr; }
  [[nodiscard]] FrameFiles& files() { return *files_; }

  // Seals on the spot what is beyond its budget, which blocks; for replay. Once that has failed it does nothing.
  void seal_now();
  // Hands to the lane what is to be sealed, and asks again for what it had no room for.
  void end_turn(MonoNs now);
  void on_disk(io::Lane lane, const Status& status) { files_->on_disk(lane, status); }
  // No job is under way.
  [[nodiscard]] bool settled() const { return !opened() || files_->settled(); }

  // The client waits for `frames`, keeping open what it has waited for before.
  void park(ClientId client, const std::vector<FrameRef>& frames, OpenedFrames opened);
  void forget(ClientId client) { waits_.forget(client); }
  [[nodiscard]] std::vector<FrameWaits::Ready> take_ready() { return waits_.take_ready(); }
  // For how many frames more a command may wait that has waited for `opened`; 0: the rest is read on the spot, which
  // takes no more memory than the cache may have.
  [[nodiscard]] size_t frames_max(const OpenedFrames& opened) const;

 private:
  void on_sealed(uint64_t token, const Result<FrameRef>& frame) override;
  void on_fetched(const FrameRef& frame, Result<BlockImages> images) override;
  void on_synced(const Status& status) override;
  void fetch_waiting();

  Engine& engine_;
  std::unique_ptr<FrameFiles> files_;
  FrameWaits waits_;
  bool failed_now_ = false;        // seal_now() has failed.
  std::deque<FrameRef> to_fetch_;  // The lane has no room for these yet.
};

}  // namespace leat
