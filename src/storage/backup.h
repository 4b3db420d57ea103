// Copies of a data directory: a backup, made while a server writes, and its restoration, up to a point if wished.
//
// A backup is a data directory as a crash would have left it at one moment: recovery brings it to its last whole batch.
// What never changes again is linked, not copied: the checkpoint, files of sealed frames but the newest one, and segments
// that at least two others follow. The last two are copied, as far as their batches are whole: a server that loses power
// may go on writing into the older of them (docs/adr/0015-backups.md).
//
// Contract   The source is only read. The target is complete once it has a superblock, which is written last, when
//            all else is durable; without one a directory with files of Leat is refused by every command.
// Thread     any; blocks.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "io/io.h"
#include "model/record.h"

namespace leat {

struct CopyFacts {
  uint64_t linked_files = 0;
  uint64_t linked_bytes = 0;
  uint64_t copied_files = 0;
  uint64_t copied_bytes = 0;  // Without the zeros behind the end of a segment.
  Lsn checkpoint;             // The state that the copy begins with; 0: an empty one.
  Lsn last;                   // The last record that it holds.
  WallMs last_wall;           // When that was written; 0: nothing was.
};

// Makes a backup of `source` in `target`, which does not exist or is empty. A server may run on `source`.
//   errors  kInvalid: the source holds no data, the target is not empty; kCorrupt: the source is damaged; kUnavailable:
//           it changed too often meanwhile; kFull; kIo. What stands in the target then is no backup, and may be removed.
//   cost    reads and writes what it copies; a link is some microseconds.
Result<CopyFacts> make_backup(io::Disk& disk, const std::string& source, const std::string& target);

// The last point that is wanted: nothing behind the first of the two.
struct RestorePoint {
  Lsn lsn{UINT64_MAX};
  WallMs wall{INT64_MAX};  // Batches up to the first one that was written later.
};

// Copies `backup` to `target`, which does not exist or is empty, up to `until`; a group of records that are one change
// is kept whole or not at all. Nothing is shared with the backup. A new history begins: its epochs go on behind those of
// the backup by a number drawn from `random`, so that no pair of epoch and LSN is used twice, whatever is done with the
// original or restored once more.
//   errors  as make_backup(); kInvalid also when the point is before the checkpoint or behind the end.
Result<CopyFacts> restore_backup(io::Disk& disk, io::Random& random, const std::string& backup,
                                 const std::string& target, const RestorePoint& until);

}  // namespace leat
