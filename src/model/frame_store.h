// FrameStore: where the engine gets sealed frames from. Storage implements it; tests keep frames in memory.
//
// Contract   a frame that was sealed reads back as exactly the images that were given, or not at all.
// Thread     the engine's reactor.
#pragma once

#include "model/block_image.h"

namespace leat {

class FrameStore {
 public:
  virtual ~FrameStore() = default;
  // Reads and verifies a frame on the spot, which blocks; for replay, and for what could not be foreseen.
  //   returns  false when it can't be read or is damaged; the store has logged where and why.
  [[nodiscard]] virtual bool read(const FrameRef& frame, BlockImages& images) = 0;
  // The engine refers to the frame once more, or once less. A frame that nothing refers to, no checkpoint
  // either, is dead bytes of its file.
  virtual void refer(const FrameRef& frame) = 0;
  virtual void forget(const FrameRef& frame) = 0;
  // The checkpoint being written, or loaded, names `frame`, to which the engine has referred.
  virtual void checkpoint_refers(const FrameRef& frame) = 0;
};

}  // namespace leat
