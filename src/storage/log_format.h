// The bytes of a log: superblock, segment header, batch header. docs/formats/log.md is normative.
//
// All integers are little-endian. Every structure ends with the CRC-32C of the bytes before it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace leat {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian");

// Identity of a log, drawn when it is created; every header carries it, so that bytes of another log in a
// recycled or misplaced file are never taken for this one's.
using LogUuid = std::array<uint8_t, 16>;

constexpr uint32_t kLogVersion = 1;
constexpr uint64_t kLogAlignment = 512;         // Batches start at multiples of it.
constexpr uint64_t kSegmentHeaderSpace = 8192;  // The header, at 0 and again at 4096.
constexpr uint64_t kHeaderCopyOffset = 4096;

//   superblock slot  (88 bytes, at offset 0 and 4096 of the file "superblock"; the valid one with the
//                     greater generation counts)
//      0  u64  magic         "LEATSUP1"
//      8  u32  version       1; a reader refuses any other
//     12  u32  required      feature bits that a reader must know; 0
//     16  16   uuid
//     32  u64  node          identity of the node, drawn at creation
//     40  u64  generation    counts writes; slot = generation mod 2
//     48  u64  epoch         of the present or last run
//     56  u64  segment       number of the newest segment that had been opened; 0: none
//     64  u64  durable_lsn   known durable when it was written
//     72  i64  wall          Unix time of the write, ms
//     80  u32  clean         1 after a clean shutdown
//     84  u32  crc           of bytes 0 .. 83
struct Superblock {
  static constexpr uint64_t kMagic = 0x31505553'5441454C;
  uint64_t magic = kMagic;
  uint32_t version = kLogVersion;
  uint32_t required = 0;
  LogUuid uuid{};
  uint64_t node = 0;
  uint64_t generation = 0;
  uint64_t epoch = 0;
  uint64_t segment = 0;
  uint64_t durable_lsn = 0;
  int64_t wall = 0;
  uint32_t clean = 0;
  uint32_t crc = 0;
};
static_assert(sizeof(Superblock) == 88 && offsetof(Superblock, crc) == 84);

//   segment header  (80 bytes, at offset 0 and 4096 of a segment file)
//      0  u64  magic         "LEATSEG1"
//      8  u32  version       1
//     12  u32  required      bit 0: kUnsynced
//     16  16   uuid
//     32  u64  node
//     40  u64  number        of the segment, from 1; also in its name
//     48  u64  first_lsn     LSN of the first record that stands in it
//     56  u64  epoch         in which it was opened
//     64  u64  size          of the file, bytes
//     72  u32  shard
//     76  u32  crc           of bytes 0 .. 75
struct SegmentHeader {
  static constexpr uint64_t kMagic = 0x31474553'5441454C;
  // Feature bit: it was opened without a sync, when neither this header nor all of the segment right before it was
  // durable. So it does not prove that the one before had been; the one before that had.
  static constexpr uint32_t kUnsynced = 1;
  static constexpr uint32_t kFeaturesKnown = kUnsynced;
  uint64_t magic = kMagic;
  uint32_t version = kLogVersion;
  uint32_t required = 0;
  LogUuid uuid{};
  uint64_t node = 0;
  uint64_t number = 0;
  uint64_t first_lsn = 0;
  uint64_t epoch = 0;
  uint64_t size = 0;
  uint32_t shard = 0;
  uint32_t crc = 0;
};
static_assert(sizeof(SegmentHeader) == 80 && offsetof(SegmentHeader, crc) == 76);

//   batch header  (128 bytes, at a multiple of 512; the body follows, zeros up to the next multiple)
//      0  u64  magic         "LEATBAT1"
//      8  16   uuid
//     24  u64  segment       number of the segment that holds it
//     32  u64  epoch
//     40  u64  first_lsn     of its first record
//     48  u64  last_lsn      of its last record; first_lsn - 1 in a marker, which has no records
//     56  i64  wall          Unix time, ms
//     64  u64  durable_lsn   known durable when it was written
//     72  u64  commit_lsn    reserved for replication; 0
//     80  u64  body_size     bytes
//     88  u32  body_crc      CRC-32C of the body
//     92  u32  previous_crc  header crc of the batch before it in the log; 0 for the first
//     96  u64  durable_end   bytes of its segment before this offset were durable when it was written;
//                            all earlier segments were as well. 0: neither is said
//    104  20   zero
//    124  u32  crc           of bytes 0 .. 123
struct BatchHeader {
  static constexpr uint64_t kMagic = 0x31544142'5441454C;
  uint64_t magic = kMagic;
  LogUuid uuid{};
  uint64_t segment = 0;
  uint64_t epoch = 0;
  uint64_t first_lsn = 0;
  uint64_t last_lsn = 0;
  int64_t wall = 0;
  uint64_t durable_lsn = 0;
  uint64_t commit_lsn = 0;
  uint64_t body_size = 0;
  uint32_t body_crc = 0;
  uint32_t previous_crc = 0;
  uint64_t durable_end = 0;
  std::array<uint8_t, 20> zero{};
  uint32_t crc = 0;
};
static_assert(sizeof(BatchHeader) == 128 && offsetof(BatchHeader, crc) == 124);
static_assert(std::has_unique_object_representations_v<BatchHeader> &&
                  std::has_unique_object_representations_v<SegmentHeader> &&
                  std::has_unique_object_representations_v<Superblock>,
              "no padding reaches the disk");

constexpr uint64_t align_up(uint64_t size) {
  return (size + kLogAlignment - 1) / kLogAlignment * kLogAlignment;
}
// Bytes that a batch with a body of `body_size` takes in its segment.
constexpr uint64_t batch_space(uint64_t body_size) {
  return align_up(sizeof(BatchHeader) + body_size);
}

template <typename Header>
[[nodiscard]] uint32_t header_crc(const Header& header) {
  return crc32c(Bytes(reinterpret_cast<const char*>(&header), offsetof(Header, crc)));
}
// Fills the checksum and gives the header's bytes.
template <typename Header>
[[nodiscard]] Bytes sealed(Header& header) {
  header.crc = header_crc(header);
  return {reinterpret_cast<const char*>(&header), sizeof(Header)};
}
// Reads a header at the start of `bytes`; false when it is too short, of another kind or damaged.
template <typename Header>
[[nodiscard]] bool read_header(Bytes bytes, Header& header) {
  if (bytes.size() < sizeof(Header)) return false;
  std::memcpy(&header, bytes.data(), sizeof(Header));
  return header.magic == Header::kMagic && header.crc == header_crc(header);
}

// "log-0-0000000001.seg"
[[nodiscard]] std::string segment_name(uint32_t shard, uint64_t number);
// The number in a segment's name; 0 when the name is not one of `shard`.
[[nodiscard]] uint64_t segment_number(uint32_t shard, const std::string& name);
constexpr const char* kSuperblockName = "superblock";

}  // namespace leat
