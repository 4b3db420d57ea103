// `leat check`: verifies a data directory and says in words what is wrong.
#include <cstdio>

#include <fmt/format.h>

#include "io/posix_disk.h"
#include "server/check_directory.h"
#include "server/serve.h"

namespace leat {
namespace {

constexpr std::string_view kUsage =
    "leat check DIR\n\n"
    "Verifies the data in DIR without changing it: superblock, checkpoint, segments, batches,\n"
    "records, sealed frames. No server may run on it meanwhile. Exit status 0: clean; 1: damaged\n"
    "or not readable; 2: usage.\n";

int check(const std::string& directory) {
  io::PosixDisk disk;
  if (!disk.exists(directory)) {
    std::fprintf(stderr, "leat: %s does not exist\n", directory.c_str());
    return 1;
  }
  auto lock = disk.lock_directory(directory);
  // What can't be locked for other reasons (a read-only copy) can be read all the same.
  if (!lock.ok() && lock.error().code == Errc::kUnavailable) {
    std::fprintf(stderr, "leat: %s\n", lock.error().detail.c_str());
    return 1;
  }
  const auto checked = check_directory(disk, directory);
  if (!checked.ok()) {
    std::fprintf(stderr, "leat: %s\n", checked.error().detail.c_str());
    return 1;
  }
  const RecoveryReport& report = checked.value().report;
  bool damaged = false;
  for (const CheckFinding& finding : checked.value().findings) {
    damaged = damaged || finding.damage;
    fmt::print("{}: {}\n", finding.damage ? "damage" : "note", finding.text);
  }
  if (report.checkpoint_bytes != 0) {
    fmt::print("a checkpoint of {} bytes holds the state up to record {}\n",
               report.checkpoint_bytes, report.checkpoint.value);
  }
  const FrameCheck& frames = checked.value().frames;
  if (frames.files != 0) {
    fmt::print("{} frame files, {} good frames, {} bytes\n", frames.files, frames.frames,
               frames.bytes);
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
