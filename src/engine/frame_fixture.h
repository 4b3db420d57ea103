// Sealed frames in memory, for tests of the engine.
#pragma once

#include <map>
#include <utility>

#include "base/check.h"
#include "engine/seal_queue.h"
#include "model/frame_store.h"

namespace leat {

class MemoryFrames : public FrameStore {
 public:
  // Writes the frame down; nobody refers to it yet.
  FrameRef put(const BlockImages& images, uint64_t file = 1) {
    const FrameRef ref{.file = file, .offset = next_++, .size = 1};
    Frame& frame = frames_[ref];
    for (const BlockImage& image : images) frame.images.push_back(copy(image));
    return ref;
  }
  bool read(const FrameRef& ref, BlockImages& images) override {
    ++reads_;
    const auto found = frames_.find(ref);
    if (broken_ || found == frames_.end()) return false;
    images.clear();
    for (const BlockImage& image : found->second.images) images.push_back(copy(image));
    return true;
  }
  void refer(const FrameRef& ref) override { ++frames_.at(ref).references; }
  void forget(const FrameRef& ref) override {
    if (--frames_.at(ref).references == 0 && !named_.contains(ref)) frames_.erase(ref);
  }

  void checkpoint_refers(const FrameRef& ref) override { ++named_[ref]; }

  // Frames that the checkpoint names.
  [[nodiscard]] const std::map<FrameRef, int>& named() const { return named_; }
  // Nothing can be read while it is set.
  void set_broken(bool broken) { broken_ = broken; }
  // How many frames are referred to.
  [[nodiscard]] size_t size() const {
    size_t count = 0;
    for (const auto& [ref, frame] : frames_) count += frame.references != 0 ? 1U : 0U;
    return count;
  }
  [[nodiscard]] size_t reads() const { return reads_; }
  // To spoil what was written.
  [[nodiscard]] BlockImages& images(const FrameRef& ref) { return frames_.at(ref).images; }

  // Seals all that there is to seal now.
  void seal(SealQueue& seals) {
    while (auto job = seals.next()) {
      const FrameRef ref = put(job->images);
      seals.finish(job->token, &ref);
    }
  }

 private:
  struct Frame {
    BlockImages images;
    int references = 0;
  };
  static BlockImage copy(const BlockImage& image) {
    BlockImage twin{.first_id = image.first_id,
                    .last_id = image.last_id,
                    .live = image.live,
                    .deleted = image.deleted,
                    .node_bytes = image.node_bytes};
    twin.rows.append(image.rows.view());
    return twin;
  }

  std::map<FrameRef, Frame> frames_;
  std::map<FrameRef, int> named_;
  uint64_t next_ = 0;
  size_t reads_ = 0;
  bool broken_ = false;
};

}  // namespace leat
