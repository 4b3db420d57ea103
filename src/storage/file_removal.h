// FileRemoval: takes a file away on a lane: its name at once, and its bytes bit by bit.
//
// Some disks are told which blocks are free, and are busy with those of a log segment for some 30 ms; commits wait behind
// that. In pieces the wait is short, and who calls decides when it comes.
//
// A crash in between leaves nothing behind: the file has no name any more.
//
// Thread     run() on the lane; the others while it does not run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/crash_points.h"
#include "base/result.h"
#include "io/io.h"

namespace leat {

class FileRemoval final : public io::DiskWork {
 public:
  static constexpr uint64_t kPiece = 1 << 20;

  // The next run() takes the name away, and `removed` is reached. What is left of another file goes at once.
  void begin(std::string path, CrashPoint removed);
  // Further runs give a piece back each. begin() need not wait for that.
  [[nodiscard]] bool unfinished() const { return file_ != nullptr; }

  Status run(io::Disk& disk) override;

 private:
  Status take_name(io::Disk& disk);

  std::string path_;
  CrashPoint removed_ = CrashPoint::kNone;
  bool named_ = false;
  std::unique_ptr<io::File> file_;
  uint64_t size_ = 0;
};

}  // namespace leat
