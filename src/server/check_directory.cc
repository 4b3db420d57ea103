#include "server/check_directory.h"

#include <utility>

#include "engine/engine.h"
#include "server/engine_replay.h"

namespace leat {
namespace {

constexpr uint32_t kDatabasesMax = 65536;  // The most that `databases` may say.

}  // namespace

Result<DirectoryCheck> check_directory(io::Disk& disk, const std::string& directory) {
  // The records are applied, so that one that does not fit is found as well.
  Engine engine(kDatabasesMax);
  EngineReplay replay(engine);
  DirectoryCheck check;
  auto findings = check_log(disk, directory, replay, check.report);
  if (!findings.ok()) return findings.error();
  check.findings = std::move(findings).value();
  return check;
}

}  // namespace leat
