// FrameWriter: appends frames to the open frame file, and closes it when it is full or something went wrong.
//
// Syncs follow the writes in short pieces, so that the one that a checkpoint asks for has little left to do and no flush
// of many megabytes stands in the way of the log's.
//
// Contract   a frame whose place was returned stands there whole, unless the file turns out to be doubtful. What stands behind
//            a failed write is never used: the next frame goes to another file.
// Errors     after a failed sync the file is closed and doubtful: of what was written since the sync before, anything
//            may be missing after a crash, whatever later syncs say (docs/adr/0006).
// Thread     one at a time, whichever it is.
// Ownership  borrows the Disk; owns the open file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/io.h"
#include "model/block_image.h"
#include "storage/frame_codec.h"

namespace leat {

// Whose frame files, and where.
struct FrameHome {
  std::string directory;
  LogUuid uuid{};
  uint32_t shard = 0;

  [[nodiscard]] std::string path_of(uint64_t file) const {
    return directory + "/" + frame_file_name(shard, file);
  }
  [[nodiscard]] FramePlace place_of(uint64_t file, uint64_t offset) const {
    return {.uuid = uuid, .shard = shard, .file = file, .offset = offset};
  }
};

// Reads `frame` off its file into `bytes` and verifies it.
//   errors  kCorrupt, kInvalid, kIo, with file, offset and extent in words.
[[nodiscard]] Status read_frame(io::Disk& disk, const FrameHome& home, const FrameRef& frame,
                                ByteBuffer& bytes);
// The same, and opens it.
[[nodiscard]] Result<BlockImages> open_frame(io::Disk& disk, const FrameHome& home,
                                             const FrameRef& frame, ByteBuffer& bytes,
                                             FrameDecoder& decoder);

class FrameWriter {
 public:
  struct Limits {
    uint64_t file_bytes =
        0;  // A file is closed before it gets larger; a larger frame gets a file of its own.
    uint64_t unsynced_bytes = 0;  // Once so much has been written, it is synced.
  };

  // Files are numbered from `next` on.
  FrameWriter(io::Disk& disk, FrameHome home, const Limits& limits, uint64_t next)
      : disk_(disk), home_(std::move(home)), limits_(limits), next_(next) {}

  // Seals `images` behind the last frame.
  //   errors  kLimit: too large; kFull, kIo: not written.
  [[nodiscard]] Result<FrameRef> append(const BlockImages& images);
  // Writes an existing frame anew; also the errors of read_frame().
  [[nodiscard]] Result<FrameRef> append(const FrameRef& existing);
  // Makes all frames durable that have been written, but those in doubtful files.
  [[nodiscard]] Status sync();

  // The open file; 0 when there is none.
  [[nodiscard]] uint64_t open_file() const { return file_ == nullptr ? 0 : number_; }
  // Files that have become doubtful since the last call.
  [[nodiscard]] std::vector<uint64_t> take_doubtful() { return std::exchange(doubtful_, {}); }

 private:
  [[nodiscard]] Result<FrameRef> write(CrashPoint step);
  [[nodiscard]] Status open_next();
  [[nodiscard]] Status sync_open();
  [[nodiscard]] Status close();
  void close_after_failure();

  io::Disk& disk_;
  const FrameHome home_;
  const Limits limits_;
  uint64_t next_;

  std::unique_ptr<io::File> file_;
  uint64_t number_ = 0;
  uint64_t offset_ = 0;
  uint64_t synced_ = 0;
  std::vector<uint64_t> doubtful_;
  FrameEncoder encoder_;
  ByteBuffer frame_;
};

}  // namespace leat
