// DroppedExtents: extents that a stream has lost. Their frames are referred to until they are freed.
//
// They may be shared: snapshots still read them while a checkpoint writes them or they wait to be freed. Then they do not
// change, and are freed with the last of those that have them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "engine/entry_row.h"

namespace leat {

class DroppedExtents {
 public:
  // Borrows what the stream shared; null: it had no frames.
  explicit DroppedExtents(StreamShare* share) : share_(share) {}
  DroppedExtents(DroppedExtents&& other) noexcept
      : share_(other.share_),
        frames_(other.frames_),
        extents_(std::exchange(other.extents_, {})),
        body_(std::exchange(other.body_, nullptr)) {}
  DroppedExtents& operator=(DroppedExtents&& other) noexcept {
    std::swap(share_, other.share_);
    std::swap(frames_, other.frames_);
    std::swap(body_, other.body_);
    extents_.swap(other.extents_);
    return *this;
  }
  ~DroppedExtents() { free_some(~size_t{0}); }

  // What is shared must not be changed.
  [[nodiscard]] Extents& extents() { return body_ != nullptr ? body_->extents : extents_; }
  [[nodiscard]] const Extents& extents() const {
    return body_ != nullptr ? body_->extents : extents_;
  }
  [[nodiscard]] bool empty() const { return extents().empty(); }
  [[nodiscard]] size_t size() const { return extents().size(); }
  [[nodiscard]] EntryRow row() const { return {extents(), share_}; }

  // The same extents for one holder more. O(1).
  [[nodiscard]] DroppedExtents share();
  // Others have them, too.
  [[nodiscard]] bool shared() const { return body_ != nullptr && body_->holders > 1; }
  // Moves them to `extents`, which is empty. Requires !shared().
  void take_back(Extents& extents);

  // How many of them are frames, for memory().
  void set_frames(uint64_t frames) { frames_ = frames; }
  // Bytes that they hold, about: extrapolated from `samples` of them. O(samples).
  [[nodiscard]] size_t memory(size_t samples) const;
  // Frees up to `count` from the front; returns how many. What is shared is let go at once, and counts as nothing.
  size_t free_some(size_t count);

 private:
  // True when this was one of several holders, which it is no longer; else the extents are its own.
  bool leave();

  struct Body {
    Extents extents;
    size_t holders = 1;
  };

  StreamShare* share_;
  uint64_t frames_ = 0;
  Extents extents_;
  Body* body_ = nullptr;  // Has the extents once they have been shared.
};

}  // namespace leat
