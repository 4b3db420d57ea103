#include "server/check_directory.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/engine.h"
#include "engine/state_loader.h"
#include "storage/frame_reader.h"
#include "storage/log_reader.h"

namespace leat {
namespace {

constexpr uint32_t kDatabasesMax = 65536;  // The most that `databases` may say.

// Applies the records, so that one that does not fit is found as well.
class Verify : public RecordSink {
 public:
  explicit Verify(FrameStore& frames) : engine_(kDatabasesMax, &frames) {}
  bool on_pieces(Bytes pieces) override { return loader_.take(pieces); }
  bool on_state(Lsn lsn) override { return loader_.finish() && engine_.last_lsn() == lsn; }
  bool on_record(Lsn lsn, const RecordView& record) override {
    constexpr size_t kReapedPerRecord = 256;
    if (engine_.reaping()) engine_.reap(kReapedPerRecord);
    return lsn.value == engine_.last_lsn().value + 1 && engine_.apply(record);
  }
  void on_progress(uint64_t /*done*/, uint64_t /*total*/) override {}

 private:
  Engine engine_;
  StateLoader loader_{engine_};
};

}  // namespace

Result<DirectoryCheck> check_directory(io::Disk& disk, const std::string& directory) {
  // What is wrong with the superblock is found again, and said, when the log is read.
  LogScan scan;
  const bool known = read_superblock(disk, directory, scan).ok() && scan.exists;
  FrameReader reader(disk, {.directory = directory, .uuid = scan.superblock.uuid});
  Verify verify(reader);
  DirectoryCheck check;
  auto findings = check_log(disk, directory, verify, check.report);
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
