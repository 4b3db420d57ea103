#include "server/check_directory.h"

#include <utility>

#include "engine/engine.h"
#include "engine/state_loader.h"

namespace leat {
namespace {

constexpr uint32_t kDatabasesMax = 65536;  // The most that `databases` may say.

// Applies the records, so that one that does not fit is found as well.
class Verify : public RecordSink {
 public:
  bool on_pieces(Bytes pieces) override { return loader_.take(pieces); }
  bool on_state(Lsn lsn) override { return loader_.finish() && engine_.last_lsn() == lsn; }
  bool on_record(Lsn lsn, const RecordView& record) override {
    constexpr size_t kReapedPerRecord = 256;
    if (engine_.reaping()) engine_.reap(kReapedPerRecord);
    return lsn.value == engine_.last_lsn().value + 1 && engine_.apply(record);
  }
  void on_progress(uint64_t /*done*/, uint64_t /*total*/) override {}

 private:
  Engine engine_{kDatabasesMax};
  StateLoader loader_{engine_};
};

}  // namespace

Result<DirectoryCheck> check_directory(io::Disk& disk, const std::string& directory) {
  Verify verify;
  DirectoryCheck check;
  auto findings = check_log(disk, directory, verify, check.report);
  if (!findings.ok()) return findings.error();
  check.findings = std::move(findings).value();
  return check;
}

}  // namespace leat
