// FrameCache: the sealed frames that are open, and how one is opened.
//
// A frame that is not open is noted as missing when whoever asks may wait: the frame is then got elsewhere and admit()ted,
// and what needed it is planned from the start. Otherwise it is read on the spot, which blocks, as replay does.
//
// Contract   what is opened stays at its place while it is pinned. A command that writes keeps all that it opens
//            until end(), so that applying its records finds what planning them has seen. What is no
//            longer pinned stays until another frame is opened.
// Limits     frames take `limit` bytes, but for those that are pinned; the least recently used go first.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include <absl/container/btree_map.h>

#include "engine/block.h"
#include "engine/extent.h"
#include "model/block_image.h"
#include "model/frame_store.h"

namespace leat {

class FrameCache {
 public:
  using Blocks = std::vector<std::unique_ptr<Block>>;

  enum class Keep : uint8_t { kPinned, kAll };
  // Why the entries that the running command has seen are not all that it asked for.
  enum class Trouble : uint8_t { kNone, kMissing, kUnreadable };

  struct Counters {
    uint64_t hits = 0;
    uint64_t misses = 0;  // Frames that a command waited for.
    // Frames read on the spot: before loading had ended, since then, and for check_from_now().
    uint64_t loads_at_start = 0;
    uint64_t loads = 0;
    uint64_t loads_checking = 0;
    uint64_t failures = 0;  // Frames that could not be read, or were damaged.
  };

 private:
  struct Frame {
    FrameRef ref;
    Blocks blocks;
    size_t bytes = 0;
    uint32_t pins = 0;
    bool kept = false;     // Pinned until the command ends.
    bool dropped = false;  // Goes with its last pin.
    std::list<Frame>::iterator self;
    FrameCache* cache = nullptr;
  };

 public:
  // Keeps an opened frame open.
  class Pin {
   public:
    Pin() = default;
    Pin(Pin&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    Pin& operator=(Pin&& other) noexcept {
      std::swap(frame_, other.frame_);
      return *this;
    }
    ~Pin() { reset(); }
    void reset() {
      if (frame_ != nullptr) frame_->cache->unpin(*std::exchange(frame_, nullptr));
    }
    explicit operator bool() const { return frame_ != nullptr; }
    [[nodiscard]] const Blocks& blocks() const { return frame_->blocks; }

   private:
    friend class FrameCache;
    explicit Pin(Frame* frame) : frame_(frame) {}
    Frame* frame_ = nullptr;
  };

  // Borrows the store; null: nothing is ever sealed.
  explicit FrameCache(FrameStore* store) : store_(store) {}
  FrameCache(FrameCache&&) = delete;
  FrameCache& operator=(FrameCache&&) = delete;
  ~FrameCache() = default;

  // Reads from there; called before anything is sealed.
  void use(FrameStore* store) { store_ = store; }
  void set_limit(size_t bytes);
  // All that is on the disk has been loaded.
  void end_loading() { counters_.loads_at_start = std::exchange(counters_.loads, 0); }
  // From now on frames are neither read nor referred to: the engine goes, its frames stay on disk.
  void close() { store_ = nullptr; }

  // A command begins, or what else plans. It may wait for up to `missing_max` frames; 0: they are read on the spot.
  void begin(Keep keep, size_t missing_max) {
    keep_ = keep;
    missing_max_ = missing_max;
    checking_ = false;
    trouble_ = Trouble::kNone;
    missing_.clear();
  }
  void load_from_now() { missing_max_ = 0; }
  // The same until end(), for what only tests and operators ask for: a digest looks at everything.
  void check_from_now() {
    load_from_now();
    checking_ = true;
  }
  void end() {
    if (!kept_.empty()) let_go();
    begin(Keep::kPinned, 0);
  }
  [[nodiscard]] Trouble trouble() const { return trouble_; }
  // There is trouble that further questions would add nothing to.
  [[nodiscard]] bool gives_up() const {
    return trouble_ == Trouble::kUnreadable ||
           (trouble_ == Trouble::kMissing && missing_.size() >= missing_max_);
  }
  // What the command has to wait for.
  [[nodiscard]] std::vector<FrameRef> take_missing() { return std::exchange(missing_, {}); }

  // The frame of a fence named `first`; empty, with trouble() set, when it can't be had now.
  [[nodiscard]] Pin open(StreamId first, const Fence& fence);
  // Notes that the frame will be needed after one that is missing.
  //   returns  false when enough is missing already.
  bool foresee(const Fence& fence);
  // The frame is open from now on. Nothing when it is already.
  //   returns  empty when the images are damaged.
  [[nodiscard]] Pin admit(const FrameRef& ref, BlockImages images);
  // The frame can't be had: until retry() what needs it fails, instead of waiting for it again.
  void note_unreadable(const FrameRef& ref) { unreadable_.push_back(ref); }
  void retry() { unreadable_.clear(); }

  // Takes the blocks of the frame to make them part of the stream again; its fence is then gone.
  //   returns  none, with trouble() set and nothing changed, when it can't be read.
  [[nodiscard]] Blocks thaw(StreamId first, const Fence& fence);
  // Another fence stands for the same frame; or one less does.
  void refer(const FrameRef& ref) {
    ++fences_;
    if (store_ != nullptr) store_->refer(ref);
  }
  void forget(const FrameRef& ref);
  // The checkpoint that is written, or loaded, names the frame, to which a fence refers.
  void checkpoint_refers(const FrameRef& ref) {
    if (store_ != nullptr) store_->checkpoint_refers(ref);
  }

  [[nodiscard]] uint64_t fences() const { return fences_; }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  [[nodiscard]] size_t bytes_pinned() const { return bytes_pinned_; }
  [[nodiscard]] size_t limit() const { return limit_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  // By ref; a list per use: idle ones from the most to the least recently used, and those pinned.
  using Frames = std::list<Frame>;

  void let_go();  // Of kept_.
  [[nodiscard]] Pin pin(Frame& frame);
  void unpin(Frame& frame);
  [[nodiscard]] bool known_unreadable(const FrameRef& ref) const;
  [[nodiscard]] Frame* load(const FrameRef& ref);
  Frame* insert(const FrameRef& ref, BlockImages images);
  void drop(Frame& frame);
  void make_room(size_t bytes);
  void fail();

  FrameStore* store_;
  absl::btree_map<FrameRef, Frame*> by_ref_;
  Frames idle_;
  Frames pinned_;
  std::vector<Pin> kept_;
  std::vector<FrameRef> missing_;
  std::vector<FrameRef> unreadable_;
  size_t missing_max_ = 0;  // 0: what is missing is read on the spot.
  bool checking_ = false;
  uint64_t fences_ = 0;
  size_t bytes_ = 0;
  size_t bytes_pinned_ = 0;
  size_t limit_ = 0;
  Counters counters_;
  Keep keep_ = Keep::kPinned;
  Trouble trouble_ = Trouble::kNone;
};

}  // namespace leat
