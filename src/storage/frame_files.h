// FrameFiles: sealed frames in files: written on one helper lane, read on another, counted per file.
//
// A frame is written behind the last one of the open file, which is closed at a size; a file of an earlier run is never
// appended to. Per frame nothing is kept here: whoever refers to a frame knows where it stands. Per file it is counted
// how many of its bytes the engine refers to, and whether a checkpoint does.
//
// Contract   A frame reads back as exactly the images that were sealed, or not at all.
//            refer() and forget() come in pairs, one for each fence that names the frame; a copied stream refers once
//            more. Nobody refers to a frame that on_sealed() reports: what the owner does not refer to until
//            end_turn() is dead bytes.
//            A file is removed once the engine refers to none of its bytes, neither the published checkpoint
//            nor the one being written names it, and it is closed: on the lane, after an end_turn().
// Start      open(), then the checkpoint is loaded: refer() and checkpoint_refers() for each of its frames; adopt(); then the log is
//            replayed, with read() and seal_now(); once it has been verified, remove_orphans().
// Checkpoint checkpoint_refers() as each frame is written into it; sync(); after on_synced() said that all is well,
//            the manifest is published durably; then checkpoint_published(). Or checkpoint_abandoned(), at any time.
// Errors     A frame that could not be written is reported, its blocks stay hot, and the file it was meant for is closed.
//            accepts() then is false for a while. After a failed sync the file is *doubtful*: a checkpoint that names it
//            fails in sync(), and candidates() names it, until its living frames have been rewritten. Should one of
//            them not be readable any more, then the log still has it: checkpoints go on after the next start.
// Limits     kSealsMax frames wait to be written, kFetchesMax to be read; see accepts() and fetch().
// Thread     the shard's reactor. Both lanes work on what was handed to them; destroy it when settled(), or when the
//            Loop runs no job any more.
// Format     docs/formats/frame.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/io.h"
#include "model/block_image.h"
#include "model/frame_store.h"
#include "storage/log_format.h"

namespace leat {

struct FrameFilesOptions {
  std::string directory;  // Exists and is locked by the caller.
  LogUuid uuid{};         // Of the log; frames of another are refused.
  uint32_t shard = 0;
  // A file is closed before it gets larger; a larger frame gets a file of its own.
  uint64_t file_bytes = 64ULL << 20;
  uint64_t unsynced_bytes = 1ULL << 20;  // Once so much has been written, it is synced.
};

// Whom FrameFiles tells what has become of its jobs, from inside on_disk() only.
class FrameOwner {
 public:
  virtual ~FrameOwner() = default;
  // Of seal() or rewrite(), in the order of the calls.
  //   errors  kFull, kIo: not written; what was to be sealed stays as it is. kLimit: too large to be sealed, ever. Of
  //           rewrite() also those of on_fetched().
  virtual void on_sealed(uint64_t token, const Result<FrameRef>& frame) = 0;
  // Of fetch(); once, however often the frame was asked for while it waited.
  //   errors  kCorrupt, kIo, said in the log as well. kUnavailable: its file is gone, as nobody referred to the frame any
  //           more; what needed it is to be planned anew.
  virtual void on_fetched(const FrameRef& frame, Result<BlockImages> images) = 0;
  // Of sync().
  virtual void on_synced(const Status& status) = 0;
};

class FrameFiles final : public FrameStore {
 public:
  static constexpr size_t kSealsMax = 8;
  static constexpr size_t kFetchesMax = 256;

  // Lists the frame files of the directory; reads none of them.
  //   errors  kIo.
  static Result<std::unique_ptr<FrameFiles>> open(const io::World& world,
                                                  const FrameFilesOptions& options,
                                                  FrameOwner& owner);
  ~FrameFiles() override;
  FrameFiles(const FrameFiles&) = delete;
  FrameFiles& operator=(const FrameFiles&) = delete;

  // FrameStore
  // Blocks, on the calling thread; lanes are not waited for.
  [[nodiscard]] bool read(const FrameRef& frame, BlockImages& images) override;
  // Why the last read() that failed did, with file, offset and extent.
  [[nodiscard]] const std::string& read_failure() const;
  void refer(const FrameRef& frame) override;
  void forget(const FrameRef& frame) override;

  // A frame can be given to seal() or rewrite(): the queue has room, and the disk has not just refused one.
  [[nodiscard]] bool accepts(MonoNs now) const;
  // Encodes and writes `images`, blocks in id order, on the lane; on_sealed(token) follows. Requires accepts().
  void seal(uint64_t token, BlockImages images);
  // Writes a frame that exists anew, into the open file, without opening it; on_sealed(token) follows with its other place. The
  // engine then refers to that and forgets `frame`. Requires accepts().
  void rewrite(uint64_t token, const FrameRef& frame);
  // seal() on the spot, which blocks: for replay. Requires that no seal() is on its way.
  //   errors  those of on_sealed().
  Result<FrameRef> seal_now(const BlockImages& images);

  // Reads, verifies and decodes `frame` on the other lane; on_fetched() follows. Nothing more is queued when the frame waits already.
  //   returns  false when the queue is full: ask again after an on_fetched().
  [[nodiscard]] bool fetch(const FrameRef& frame);

  // Makes every frame durable that was reported by on_sealed(); on_synced() follows. One at a time.
  //   errors of on_synced()  kIo: the checkpoint being written names a file that is doubtful; it must be abandoned.
  void sync();
  // The checkpoint being written, or loaded, names `frame`, to which the engine has referred.
  void checkpoint_refers(const FrameRef& frame) override;
  // The checkpoint being written is now the published one, durably: files that only the one before it named can go.
  void checkpoint_published();
  // It is given up. Where its manifest was being replaced when something went wrong, `perhaps_published`: its files and those of
  // the one before then stay until the next one is published.
  void checkpoint_abandoned(bool perhaps_published);

  // The checkpoint that was loaded is the published one: are its files there, long enough, and this log's?
  //   errors  kCorrupt with the file in words, kInvalid for a newer version, kIo.
  Status adopt();
  // Removes the files of earlier runs that nobody refers to, and from now on those of this one. Blocks.
  void remove_orphans();

  // Closed files whose living frames are better rewritten, by number: doubtful, or less than half alive. The engine walks its
  // fences and gives those in these files to rewrite(); when the last one of a file is forgotten the file goes. Bytes of
  // shared frames count as often as they are referred to.
  [[nodiscard]] std::vector<uint64_t> candidates() const;

  // The turn is over: files that have lost their last reference are removed, on the lane.
  void end_turn();
  // A job on Lane::kFrames or Lane::kFetch has completed. Tells the owner and starts what waits.
  void on_disk(io::Lane lane, const Status& status);
  // No job is under way or waits.
  [[nodiscard]] bool settled() const;

  struct Facts {
    uint64_t files = 0;
    uint64_t bytes = 0;       // Of all files.
    uint64_t bytes_live = 0;  // That the engine refers to.
    uint64_t sealed =
        0;  // Frames since start, and their bytes: on disk, and of the rows in memory.
    uint64_t sealed_bytes = 0;
    uint64_t sealed_rows_bytes = 0;
    uint64_t rewritten = 0;
    uint64_t rewritten_bytes = 0;
    uint64_t fetched = 0;        // On the lane.
    uint64_t read_blocking = 0;  // On the spot.
    uint64_t failed_seals = 0;
    uint64_t doubtful_files = 0;
  };
  [[nodiscard]] Facts facts() const;

 private:
  struct State;
  explicit FrameFiles(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace leat
