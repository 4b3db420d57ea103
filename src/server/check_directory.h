// check_directory(): verifies a data directory, and says in words what is wrong.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "io/io.h"
#include "storage/frame_check.h"
#include "storage/log.h"

namespace leat {

struct DirectoryCheck {
  std::vector<CheckFinding> findings;  // Of every file, in words; empty: nothing to say.
  RecoveryReport report;               // What was read, as a start would read it.
  FrameCheck frames;                   // Its findings stand with the others.
};

// Reads everything in `directory` as a start would, applies the records, and looks at what a start does not need as
// well. Changes nothing; no server may run on it.
//   errors  kInvalid: this is no data directory, or one of a later version.
//   cost    as a start, and the memory of its data.
Result<DirectoryCheck> check_directory(io::Disk& disk, const std::string& directory);

}  // namespace leat
