// Verifying frame files, for `leat check`: every frame of every file, its checksums and that it opens.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "io/io.h"
#include "storage/frame_writer.h"
#include "storage/log.h"

namespace leat {

struct FrameCheck {
  uint64_t files = 0;
  uint64_t frames = 0;  // Good ones.
  uint64_t bytes = 0;   // Read and verified.
  // Damage is what the checkpoint needs and is not there as it was. What nothing refers to, as a crash may leave
  // it, is only worth saying.
  std::vector<CheckFinding> findings;
};

// Verifies the frame files of `home` without changing anything. `named` are the frames that the published checkpoint
// names, in any order. Findings are sentences with file, offset and extent. Takes memory for `named` and one frame.
//   errors  kIo: a file can't be read.
[[nodiscard]] Result<FrameCheck> check_frames(io::Disk& disk, const FrameHome& home,
                                              std::vector<FrameRef> named);

}  // namespace leat
