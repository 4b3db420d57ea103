// Reading a log back: which batches are good, and whether what is not good may be cut.
//
// A crash leaves a torn tail: bytes that no sync had covered. Rot and lost files damage what was covered.
// Both look the same where they stand; what tells them apart is what is known to have been durable: the
// superblock knows an LSN and the newest segment, every batch header an LSN and an offset, also those of
// batches behind the damage, and no segment is opened before all earlier ones are durable, unless its header says that
// it did not wait for the one right before it. Damage to what was durable is corruption, and is reported; damage behind
// that is a torn tail, and may be cut, with all that follows it.
//
// Source     Alagappan et al., "Protocol-Aware Recovery for Consensus-Based Storage", FAST 2018.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/io.h"
#include "storage/log.h"
#include "storage/log_format.h"

namespace leat {

struct SegmentFile {
  uint64_t number = 0;
  std::string path;
  uint64_t size = 0;
  bool used =
      false;  // Was opened: has a valid header. Else it was prepared at most, or nothing of it is durable.
  SegmentHeader header;
  uint32_t previous_crc = 0;     // Header crc of the last good batch before it.
  bool header_copy_bad = false;  // One of the two copies; the other is in `header`.
  uint64_t lost_bytes = 0;       // Behind a header that never reached the disk.
  bool behind_end = false;       // Follows a torn tail: is to be removed.
  uint64_t end_offset = 0;       // Behind its last good batch.
  uint64_t durable_end = 0;      // What that one says of its own segment; 0: nothing.
};

// What a scan of a whole log found.
struct LogScan {
  bool exists = false;  // There is a superblock.
  Superblock superblock;
  bool superblock_slot_bad = false;
  CheckpointFiles checkpoint;
  std::vector<SegmentFile> segments;  // By number, from the manifest's on.
  std::vector<SegmentFile> before;    // Those before it, not opened; by number.
  uint64_t opened = 0;                // Number of the newest used segment.
  uint64_t last_lsn = 0;
  uint64_t max_epoch = 0;
  uint32_t last_crc = 0;            // Header crc of the last good batch.
  uint64_t end_offset = 0;          // In the last used segment: where the next batch goes.
  size_t end_segment = 0;           // Index of that segment; segments.size() when none is used.
  uint64_t durable_lsn = 0;         // Highest known.
  uint64_t header_durable_lsn = 0;  // The one that the last good batch carries.
  bool torn = false;                // Bytes behind the end are not zero and are to be cut.
};

// Reads the superblock into `scan`; leaves `exists` false where there is none.
Status read_superblock(io::Disk& disk, const std::string& directory, LogScan& scan);
// Lists the files of `shard`'s segments, with sizes and headers.
//   errors  kCorrupt for a file of another log, one of another size than it was made with and one that has
//           lost both headers; kInvalid; kIo.
Status list_segments(io::Disk& disk, const std::string& directory, uint32_t shard, LogScan& scan);

// The number of the segment with which the log begins, or must begin.
[[nodiscard]] inline uint64_t first_segment(const LogScan& scan) {
  return scan.checkpoint.manifest ? scan.checkpoint.manifest->segment : 1;
}

// Reads superblock, manifest, checkpoint, headers and batches of `directory` in order, and gives the checkpoint's pieces
// and the records behind it to `sink`.
//   errors  kCorrupt: damage to what was durable, files missing, shortened or of another log, or a record
//           that does not fit; kInvalid: written by a newer version; kIo.
Result<LogScan> scan_log(io::Disk& disk, const std::string& directory, uint32_t shard,
                         RecordSink& sink, RecoveryReport& report);

}  // namespace leat
