// Frames as bytes: blocks sealed, and opened again.
//
// A frame says whose it is and where it stands, and everything in it is under a checksum, so that one that was
// damaged, torn, misplaced or left over from another log is never taken for what was asked for.
//
// Contract   decode(encode(images)) gives the same images. Before both checksums were right nothing is decompressed; then
//            nothing takes more memory than kFrameBodyMax and kFrameRowsMax, whatever the bytes say.
// Cost       some 450 ns to seal and 120 ns to open an entry of eight fields (docs/adr/0008).
// Format     docs/formats/frame.md
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "model/block_image.h"
#include "storage/frame_body.h"
#include "storage/frame_format.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace leat {

// Empties a buffer for the next frame; what one unusual frame has made large is not kept for all that follow.
inline void empty_frame_buffer(ByteBuffer& buffer) {
  constexpr size_t kKeptMax = size_t{4} << 20;
  buffer.clear();
  if (buffer.capacity() > kKeptMax) buffer.release();
}

// Where a frame stands, and whose it is.
struct FramePlace {
  LogUuid uuid{};
  uint32_t shard = 0;
  uint64_t file = 0;
  uint64_t offset = 0;
};

// Keeps its working memory, about a megabyte, from one frame to the next.
class FrameEncoder {
 public:
  FrameEncoder();
  FrameEncoder(const FrameEncoder&) = delete;
  FrameEncoder& operator=(const FrameEncoder&) = delete;
  ~FrameEncoder();

  // Replaces `frame` by `images`, sealed for `place`.
  //   errors  kLimit when their rows are larger than kFrameRowsMax.
  [[nodiscard]] Status encode(const BlockImages& images, const FramePlace& place,
                              ByteBuffer& frame);

 private:
  FrameBodyWriter writer_;
  ByteBuffer body_;
  std::unique_ptr<ZSTD_CCtx_s, size_t (*)(ZSTD_CCtx_s*)> zstd_;
};

// Reads the head at the start of `bytes`, which may go on behind it.
//   errors  kCorrupt: damaged, or of another place, shard or log; kInvalid: of a newer version. In words that follow
//           the name of the file and the offset.
[[nodiscard]] Result<FrameHead> read_frame_head(Bytes bytes, const FramePlace& place);
// Verifies the whole of `frame` without opening it; the errors are those of read_frame_head().
[[nodiscard]] Result<FrameHead> verify_frame(Bytes frame, const FramePlace& place);
// Changes the head of a verified frame to that of the same frame at `place`.
void move_frame(const FramePlace& place, ByteBuffer& frame);

class FrameDecoder {
 public:
  FrameDecoder();
  FrameDecoder(const FrameDecoder&) = delete;
  FrameDecoder& operator=(const FrameDecoder&) = delete;
  ~FrameDecoder();

  // Verifies and opens `frame`.
  //   errors  those of verify_frame(), and kCorrupt when a body with the right checksum is not well formed.
  [[nodiscard]] Result<BlockImages> decode(Bytes frame, const FramePlace& place);
  // Opens a frame that verify_frame() was content with.
  [[nodiscard]] Result<BlockImages> decode_verified(Bytes frame);

 private:
  ByteBuffer body_;
  std::unique_ptr<ZSTD_DCtx_s, size_t (*)(ZSTD_DCtx_s*)> zstd_;
};

}  // namespace leat
