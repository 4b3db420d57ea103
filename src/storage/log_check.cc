// Verifying a data directory, for `leat check`.
#include <utility>

#include <fmt/format.h>

#include "storage/log.h"
#include "storage/log_reader.h"

namespace leat {

Result<std::vector<CheckFinding>> check_log(io::Disk& disk, const std::string& directory,
                                            RecordSink& sink, RecoveryReport& report) {
  std::vector<CheckFinding> findings;
  auto scan = scan_log(disk, directory, /*shard=*/0, sink, report);
  if (!scan.ok()) {
    if (scan.error().code != Errc::kCorrupt) return scan.error();
    findings.push_back({.damage = true, .text = scan.error().detail});
    return findings;
  }
  if (!scan.value().exists) {
    findings.push_back({.damage = false, .text = fmt::format("{} holds no log", directory)});
    return findings;
  }
  if (scan.value().superblock_slot_bad) {
    findings.push_back(
        {.damage = false,
         .text =
             "one of the two copies of the superblock is damaged; the other one is used, and the "
             "next start repairs it"});
  }
  if (scan.value().torn) {
    findings.push_back(
        {.damage = false,
         .text = fmt::format(
             "a torn tail that a crash has left, never acknowledged as durable: {}; the "
             "next start cuts it",
             report.cut_detail)});
  }
  return findings;
}

}  // namespace leat
