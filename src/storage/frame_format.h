// The bytes of a sealed frame: head and compressed body. docs/formats/frame.md is normative.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "storage/file_names.h"
#include "storage/log_format.h"

namespace leat {

constexpr uint32_t kFrameVersion = 1;
// Of the rows of a frame's blocks, and a little more of the body that they are rendered to. Larger ones are not sealed.
constexpr uint64_t kFrameRowsMax = uint64_t{1} << 30;
constexpr uint64_t kFrameBodyMax = kFrameRowsMax + (uint64_t{1} << 26);

//   frame head  (80 bytes; the body follows, and then the next frame)
//      0  u64  magic       "LEATFRM1"
//      8  u32  version     1; a reader refuses any other
//     12  u32  required    feature bits that a reader must know; 0
//     16  16   uuid        of the log
//     32  u64  file        number of the file that holds it
//     40  u64  offset      where it stands in that file
//     48  u32  shard
//     52  u32  size        of head and body, bytes
//     56  u32  body_size   of the body once it is no longer compressed, bytes
//     60  u32  rows_size   of the rows of its blocks, bytes
//     64  u32  blocks
//     68  u32  body_crc    CRC-32C of the body as it stands here
//     72  u32  zero
//     76  u32  crc         of bytes 0 .. 75
struct FrameHead {
  static constexpr uint64_t kMagic = 0x314D5246'5441454C;
  uint64_t magic = kMagic;
  uint32_t version = kFrameVersion;
  uint32_t required = 0;
  LogUuid uuid{};
  uint64_t file = 0;
  uint64_t offset = 0;
  uint32_t shard = 0;
  uint32_t size = 0;
  uint32_t body_size = 0;
  uint32_t rows_size = 0;
  uint32_t blocks = 0;
  uint32_t body_crc = 0;
  uint32_t zero = 0;
  uint32_t crc = 0;
};
static_assert(sizeof(FrameHead) == 80 && offsetof(FrameHead, crc) == 76);
static_assert(std::has_unique_object_representations_v<FrameHead>, "no padding reaches the disk");

// "frames-0-0000000001.frm"
[[nodiscard]] inline std::string frame_file_name(uint32_t shard, uint64_t number) {
  return numbered_name(fmt::format("frames-{}-", shard), number, ".frm");
}
// The number in a frame file's name; 0 when the name is not one of `shard`.
[[nodiscard]] inline uint64_t frame_file_number(uint32_t shard, Bytes name) {
  return number_in_name(fmt::format("frames-{}-", shard), name, ".frm");
}

}  // namespace leat
