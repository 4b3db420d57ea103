// `leat check`: verifies a data directory and says in words what is wrong.
#include <cstdio>

#include <fmt/format.h>

#include "engine/engine.h"
#include "engine/state_loader.h"
#include "io/posix_disk.h"
#include "server/serve.h"
#include "storage/frame_check.h"
#include "storage/frame_reader.h"
#include "storage/log.h"
#include "storage/log_reader.h"

namespace leat {
namespace {

constexpr std::string_view kUsage =
    "leat check DIR\n\n"
    "Verifies the data in DIR without changing it: superblock, checkpoint, segments, batches, "
    "records, sealed\n"
    "frames. No server may run on it meanwhile. Exit status 0: clean; 1: damaged or not readable; "
    "2: usage.\n";

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

  [[nodiscard]] const Engine& engine() const { return engine_; }

 private:
  Engine engine_;
  StateLoader loader_{engine_};
};

// Says what was found; whether any of it is damage.
bool report_findings(const std::vector<CheckFinding>& findings) {
  bool damaged = false;
  for (const CheckFinding& finding : findings) {
    damaged = damaged || finding.damage;
    fmt::print("{}: {}\n", finding.damage ? "damage" : "note", finding.text);
  }
  return damaged;
}

int fail(const Error& error) {
  std::fprintf(stderr, "leat: %s\n", error.detail.c_str());
  return 1;
}

int check(const std::string& directory) {
  io::PosixDisk disk;
  if (!disk.exists(directory)) {
    std::fprintf(stderr, "leat: %s does not exist\n", directory.c_str());
    return 1;
  }
  auto lock = disk.lock_directory(directory);
  // What can't be locked for other reasons (a read-only copy) can be read all the same.
  if (!lock.ok() && lock.error().code == Errc::kUnavailable) return fail(lock.error());
  // What is wrong with the superblock is found again, and said, when the log is read.
  LogScan scan;
  const bool known = read_superblock(disk, directory, scan).ok() && scan.exists;
  FrameReader reader(disk, {.directory = directory, .uuid = scan.superblock.uuid});
  Verify verify(reader);
  RecoveryReport report;
  const auto findings = check_log(disk, directory, verify, report);
  if (!findings.ok()) return fail(findings.error());
  bool damaged = report_findings(findings.value());
  if (known) {
    const auto frames = check_frames(disk, reader.home(), reader.take_named());
    if (!frames.ok()) return fail(frames.error());
    damaged = report_findings(frames.value().findings) || damaged;
    if (frames.value().files != 0) {
      fmt::print("{} frame files, {} good frames, {} bytes\n", frames.value().files,
                 frames.value().frames, frames.value().bytes);
    }
  }
  if (report.checkpoint_bytes != 0) {
    fmt::print("a checkpoint of {} bytes holds the state up to record {}\n",
               report.checkpoint_bytes, report.checkpoint.value);
  }
  fmt::print("{} segments, {} batches, {} records, {} bytes read: {}\n", report.segments,
             report.batches, report.records, report.bytes, damaged ? "damaged" : "clean");
  return damaged ? 1 : 0;
}

}  // namespace

int check_main(std::span<const std::string_view> args) {
  if (args.size() == 1 && (args[0] == "--help" || args[0] == "-h")) {
    fmt::print("{}", kUsage);
    return 0;
  }
  if (args.size() != 1 || args[0].starts_with("-")) {
    std::fprintf(stderr, "%s", std::string(kUsage).c_str());
    return 2;
  }
  return check(std::string(args[0]));
}

}  // namespace leat
