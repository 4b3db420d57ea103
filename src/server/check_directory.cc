#include "server/check_directory.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/engine.h"
#include "server/engine_replay.h"
#include "storage/frame_reader.h"
#include "storage/log_reader.h"

namespace leat {
namespace {

constexpr uint32_t kDatabasesMax = 65536;  // The most that `databases` may say.

}  // namespace

Result<DirectoryCheck> check_directory(io::Disk& disk, const std::string& directory) {
  // What is wrong with the superblock is found again, and said, when the log is read.
  LogScan scan;
  const bool known = read_superblock(disk, directory, scan).ok() && scan.exists;
  FrameReader reader(disk, {.directory = directory, .uuid = scan.superblock.uuid});
  // The records are applied, so that one that does not fit is found as well.
  Engine engine(kDatabasesMax, &reader);
  EngineReplay replay(engine);
  DirectoryCheck check;
  auto findings = check_log(disk, directory, replay, check.report);
  if (!findings.ok()) return findings.error();
  check.findings = std::move(findings).value();
  if (!known) return check;
  auto frames = check_frames(disk, reader.home(), reader.take_named());
  if (!frames.ok()) return frames.error();
  check.frames = std::move(frames).value();
  std::ranges::move(check.frames.findings, std::back_inserter(check.findings));
  check.frames.findings.clear();
  return check;
}

}  // namespace leat
