#include "storage/frame_codec.h"

#include <utility>

#include <fmt/format.h>
#include <zstd.h>

#include "base/crc32c.h"

namespace leat {
namespace {

// The fastest level that codes by entropy: the next ones take twice the time for a few parts in a hundred.
constexpr int kLevel = 1;

void put_head(FrameHead& head, ByteBuffer& frame) {
  const Bytes bytes = sealed(head);
  std::memcpy(frame.bytes(), bytes.data(), bytes.size());
}

Error corrupt(std::string text) {
  return {Errc::kCorrupt, std::move(text)};
}

}  // namespace

FrameEncoder::FrameEncoder() : zstd_(ZSTD_createCCtx(), &ZSTD_freeCCtx) {
  LEAT_CHECK(zstd_ != nullptr);
}
FrameEncoder::~FrameEncoder() = default;

Status FrameEncoder::encode(const BlockImages& images, const FramePlace& place, ByteBuffer& frame) {
  uint64_t rows = 0;
  for (const BlockImage& image : images) rows += image.rows.size();
  if (rows > kFrameRowsMax) {
    return Error{Errc::kLimit, fmt::format("{} bytes of entries are too many for a frame", rows)};
  }
  empty_frame_buffer(body_);
  writer_.write(images, body_);
  if (body_.size() > kFrameBodyMax) {
    return Error{Errc::kLimit, fmt::format("{} bytes are too many for a frame", body_.size())};
  }
  empty_frame_buffer(frame);
  frame.grow(sizeof(FrameHead));
  const size_t bound = ZSTD_compressBound(body_.size());
  const size_t size =
      ZSTD_compressCCtx(zstd_.get(), frame.room(bound), bound, body_.bytes(), body_.size(), kLevel);
  LEAT_CHECK(ZSTD_isError(size) == 0);
  frame.commit(size);
  FrameHead head{.uuid = place.uuid,
                 .file = place.file,
                 .offset = place.offset,
                 .shard = place.shard,
                 .size = static_cast<uint32_t>(frame.size()),
                 .body_size = static_cast<uint32_t>(body_.size()),
                 .rows_size = static_cast<uint32_t>(rows),
                 .blocks = static_cast<uint32_t>(images.size()),
                 .body_crc = crc32c(frame.view(sizeof(FrameHead)))};
  put_head(head, frame);
  return {};
}

Result<FrameHead> read_frame_head(Bytes bytes, const FramePlace& place) {
  FrameHead head;
  if (bytes.size() < sizeof(head)) {
    return corrupt(fmt::format("{} bytes are there, fewer than the head of a frame", bytes.size()));
  }
  if (!read_header(bytes, head)) return corrupt("the head of the frame is not readable");
  if (head.version != kFrameVersion || head.required != 0) {
    return Error{Errc::kInvalid,
                 fmt::format("the frame has version {} and needs features {:#x}: it was "
                             "written by a newer Leat",
                             head.version, head.required)};
  }
  if (head.uuid != place.uuid) return corrupt("the frame is another log's");
  if (head.shard != place.shard || head.file != place.file || head.offset != place.offset) {
    return corrupt(fmt::format("the frame belongs elsewhere: to file {} of shard {}, offset {}",
                               head.file, head.shard, head.offset));
  }
  if (head.size < sizeof(head) || head.body_size > kFrameBodyMax ||
      head.rows_size > kFrameRowsMax || head.zero != 0)
    return corrupt("the head of the frame has sizes that no frame has");
  return head;
}

Result<FrameHead> verify_frame(Bytes frame, const FramePlace& place) {
  Result<FrameHead> head = read_frame_head(frame, place);
  if (!head.ok()) return head;
  if (head.value().size != frame.size()) {
    return corrupt(
        fmt::format("the frame has {} bytes instead of {}", head.value().size, frame.size()));
  }
  if (crc32c(frame.substr(sizeof(FrameHead))) != head.value().body_crc) {
    return corrupt("the checksum of the frame is wrong");
  }
  return head;
}

void move_frame(const FramePlace& place, ByteBuffer& frame) {
  FrameHead head;
  LEAT_CHECK(read_header(frame.view(), head));
  head.uuid = place.uuid;
  head.file = place.file;
  head.offset = place.offset;
  head.shard = place.shard;
  put_head(head, frame);
}

FrameDecoder::FrameDecoder() : zstd_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
  LEAT_CHECK(zstd_ != nullptr);
}
FrameDecoder::~FrameDecoder() = default;

Result<BlockImages> FrameDecoder::decode(Bytes frame, const FramePlace& place) {
  const Result<FrameHead> verified = verify_frame(frame, place);
  return verified.ok() ? decode_verified(frame) : verified.error();
}

Result<BlockImages> FrameDecoder::decode_verified(Bytes frame) {
  FrameHead head;
  LEAT_CHECK(read_header(frame, head));
  frame.remove_prefix(sizeof(head));
  empty_frame_buffer(body_);
  const size_t size = ZSTD_decompressDCtx(zstd_.get(), body_.room(head.body_size), head.body_size,
                                          frame.data(), frame.size());
  if (ZSTD_isError(size) != 0 || size != head.body_size) {
    return corrupt("the frame can't be decompressed, though its checksum is right");
  }
  body_.commit(size);
  BlockImages images;
  if (!read_frame_body(body_.view(), head.rows_size, images) || images.size() != head.blocks) {
    return corrupt("the frame is not well formed, though its checksum is right");
  }
  return images;
}

}  // namespace leat
