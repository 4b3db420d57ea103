// The bytes of a checkpoint: file header, chunk head, manifest. docs/formats/checkpoint.md is normative.
//
// All integers are little-endian. Every structure ends with the CRC-32C of the bytes before it. A checkpoint
// file is a header and chunks back to back: every byte of it is covered by a checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "storage/log_format.h"

namespace leat {

constexpr uint32_t kCheckpointVersion = 1;

//   checkpoint header  (80 bytes, at offset 0 of a checkpoint file; chunks follow)
//      0  u64  magic         "LEATCKP1"
//      8  u32  version       1
//     12  u32  required      feature bits that a reader must know; 0
//     16  16   uuid          of the log
//     32  u64  node
//     40  u64  number        of the checkpoint, from 1; also in its name
//     48  u64  lsn           S: the state is that after this record
//     56  u64  epoch         in which it was made
//     64  i64  wall          Unix time at which it was begun, ms
//     72  u32  shard
//     76  u32  crc           of bytes 0 .. 75
struct CheckpointHeader {
  static constexpr uint64_t kMagic = 0x31504B43'5441454C;
  uint64_t magic = kMagic;
  uint32_t version = kCheckpointVersion;
  uint32_t required = 0;
  LogUuid uuid{};
  uint64_t node = 0;
  uint64_t number = 0;
  uint64_t lsn = 0;
  uint64_t epoch = 0;
  int64_t wall = 0;
  uint32_t shard = 0;
  uint32_t crc = 0;
};
static_assert(sizeof(CheckpointHeader) == 80 && offsetof(CheckpointHeader, crc) == 76);

enum class ChunkKind : uint32_t {
  kPieces = 1,  // The body is whole pieces, back to back.
  kEnd = 2,     // The last one; the body is a CheckpointCounts.
};

//   chunk head  (48 bytes; the body follows, and behind it the next chunk)
//      0  u64  magic         "LEATCHK1"
//      8  u64  epoch         as in the file's header
//     16  u64  number        of the chunk, from 1
//     24  u64  body_size     bytes
//     32  u32  kind          1: pieces, 2: end
//     36  u32  body_crc      CRC-32C of the body
//     40  u32  previous_crc  crc of the chunk head before it; of the file's header for the first
//     44  u32  crc           of bytes 0 .. 43
struct ChunkHead {
  static constexpr uint64_t kMagic = 0x314B4843'5441454C;
  uint64_t magic = kMagic;
  uint64_t epoch = 0;
  uint64_t number = 0;
  uint64_t body_size = 0;
  ChunkKind kind = ChunkKind::kPieces;
  uint32_t body_crc = 0;
  uint32_t previous_crc = 0;
  uint32_t crc = 0;
};
static_assert(sizeof(ChunkHead) == 48 && offsetof(ChunkHead, crc) == 44);

//   counts  (16 bytes, the body of the end chunk)
//      0  u64  chunks        with pieces
//      8  u64  bytes         of pieces, in all
struct CheckpointCounts {
  uint64_t chunks = 0;
  uint64_t bytes = 0;
};
static_assert(sizeof(CheckpointCounts) == 16);

//   manifest  (104 bytes, the whole file "manifest-S")
//      0  u64  magic         "LEATMAN1"
//      8  u32  version       1
//     12  u32  required      0
//     16  16   uuid          of the log
//     32  u64  node
//     40  u64  epoch         in which the checkpoint was made
//     48  u64  checkpoint    number of the checkpoint file
//     56  u64  size          of that file, bytes
//     64  u64  lsn           S, as in that file
//     72  u64  segment       the log is needed from this segment on: record S + 1 stands in it, or will
//     80  i64  wall          Unix time of the checkpoint, ms
//     88  u32  shard
//     92  u32  previous_crc  crc of the last batch before that segment; 0 for the first
//     96  u32  end_crc       crc of the end chunk's head
//    100  u32  crc           of bytes 0 .. 99
struct Manifest {
  static constexpr uint64_t kMagic = 0x314E414D'5441454C;
  uint64_t magic = kMagic;
  uint32_t version = kCheckpointVersion;
  uint32_t required = 0;
  LogUuid uuid{};
  uint64_t node = 0;
  uint64_t epoch = 0;
  uint64_t checkpoint = 0;
  uint64_t size = 0;
  uint64_t lsn = 0;
  uint64_t segment = 0;
  int64_t wall = 0;
  uint32_t shard = 0;
  uint32_t previous_crc = 0;
  uint32_t end_crc = 0;
  uint32_t crc = 0;
};
static_assert(sizeof(Manifest) == 104 && offsetof(Manifest, crc) == 100);
static_assert(std::has_unique_object_representations_v<CheckpointHeader> &&
                  std::has_unique_object_representations_v<ChunkHead> &&
                  std::has_unique_object_representations_v<CheckpointCounts> &&
                  std::has_unique_object_representations_v<Manifest>,
              "no padding reaches the disk");

// "checkpoint-0-0000000001.ckp"
[[nodiscard]] std::string checkpoint_name(uint32_t shard, uint64_t number);
// The number in a checkpoint's name; 0 when the name is not one of `shard`.
[[nodiscard]] uint64_t checkpoint_number(uint32_t shard, const std::string& name);
// "manifest-0"
[[nodiscard]] std::string manifest_name(uint32_t shard);

}  // namespace leat
