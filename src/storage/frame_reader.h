// FrameReader: sealed frames as the disk has them, for an engine that only reads: a checkpoint that is verified, a
// directory that is checked.
//
// Thread     one at a time; read() blocks.
// Ownership  borrows the Disk.
#pragma once

#include <utility>
#include <vector>

#include "base/log.h"
#include "model/frame_store.h"
#include "storage/frame_writer.h"

namespace leat {

class FrameReader final : public FrameStore {
 public:
  FrameReader(io::Disk& disk, FrameHome home) : disk_(disk), home_(std::move(home)) {}

  [[nodiscard]] const FrameHome& home() const { return home_; }
  // Frames that the checkpoint names which was loaded, in its order.
  [[nodiscard]] std::vector<FrameRef> take_named() { return std::exchange(named_, {}); }

  [[nodiscard]] bool read(const FrameRef& frame, BlockImages& images) override {
    Result<BlockImages> opened = open_frame(disk_, home_, frame, bytes_, decoder_);
    if (!opened.ok()) {
      log(LogLevel::kWarning, "A sealed frame can't be read: {}", opened.error().detail);
      return false;
    }
    images = std::move(opened).value();
    return true;
  }
  void refer(const FrameRef& /*frame*/) override {}
  void forget(const FrameRef& /*frame*/) override {}
  void checkpoint_refers(const FrameRef& frame) override { named_.push_back(frame); }

 private:
  io::Disk& disk_;
  const FrameHome home_;
  std::vector<FrameRef> named_;
  ByteBuffer bytes_;
  FrameDecoder decoder_;
};

}  // namespace leat
