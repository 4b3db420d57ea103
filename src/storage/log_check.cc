// Verifying a data directory, for `leat check`: what recovery would say, and beyond its first error all else.
#include <utility>

#include <fmt/format.h>

#include "storage/checkpoint_reader.h"
#include "storage/file_window.h"
#include "storage/log.h"
#include "storage/log_reader.h"

namespace leat {
namespace {

// Lists what stands in the segments without needing what precedes it, for a log that recovery refuses: which
// batches are whole, and which extents are not.
class Survey {
 public:
  Survey(const LogScan& scan, std::vector<CheckFinding>& findings)
      : scan_(scan), findings_(findings) {}

  Status segment(const SegmentFile& segment, FileWindow& file) {
    uint64_t offset = kSegmentHeaderSpace;
    uint64_t bad_from = 0;  // 0: the batch before was whole.
    while (offset < file.size()) {
      BatchHeader header;
      const auto whole = whole_batch(segment, file, offset, header);
      if (!whole.ok()) return whole.error();
      if (!whole.value()) {
        if (bad_from == 0) bad_from = offset;
        offset += kLogAlignment;
        continue;
      }
      if (bad_from != 0) {
        findings_.push_back(
            {.damage = true,
             .text =
                 fmt::format("{}, offset {} to {}: not readable; a whole batch with records {} "
                             "to {} follows. Restore the file from a copy",
                             segment.path, bad_from, offset, header.first_lsn, header.last_lsn)});
        bad_from = 0;
      }
      offset += batch_space(header.body_size);
    }
    if (bad_from == 0) return {};
    const auto rest = find_nonzero(file, bad_from, file.size());
    if (!rest.ok()) return rest.error();
    if (rest.value().first == file.size()) return {};
    findings_.push_back(
        {.damage = true,
         .text = fmt::format("{}, offset {} to {}: not readable, and no whole batch "
                             "follows in this file. Restore the file from a copy",
                             segment.path, bad_from, rest.value().end)});
    return {};
  }

 private:
  Result<bool> whole_batch(const SegmentFile& segment, FileWindow& file, uint64_t offset,
                           BatchHeader& header) const {
    const auto head = file.at(offset, sizeof(BatchHeader));
    if (!head.ok()) return head.error();
    if (!read_header(head.value(), header) || header.uuid != scan_.superblock.uuid ||
        header.segment != segment.number ||
        header.body_size > file.size() - offset - sizeof(BatchHeader))
      return false;
    const auto body = file.at(offset + sizeof(BatchHeader), header.body_size);
    if (!body.ok()) return body.error();
    return body.value().size() == header.body_size && crc32c(body.value()) == header.body_crc;
  }

  const LogScan& scan_;
  std::vector<CheckFinding>& findings_;
};

// Zeros that nothing reads: damage to them is a sign of a bad disk all the same.
Status check_unused(const SegmentFile& segment, FileWindow& file,
                    std::vector<CheckFinding>& findings) {
  const auto check = [&](uint64_t from, uint64_t to) -> Status {
    const auto found = find_nonzero(file, from, to);
    if (!found.ok()) return found.error();
    if (found.value().first == to) return {};
    findings.push_back({.damage = false,
                        .text = fmt::format("{}, offset {} to {}: unused bytes that should be zero "
                                            "are not; no data is wrong, but the disk may be",
                                            segment.path, found.value().first, found.value().end)});
    return {};
  };
  if (Status status = check(sizeof(SegmentHeader), kHeaderCopyOffset); !status.ok()) return status;
  if (Status status = check(kHeaderCopyOffset + sizeof(SegmentHeader), kSegmentHeaderSpace);
      !status.ok())
    return status;
  // Behind each batch, up to the next multiple of the alignment.
  for (uint64_t offset = kSegmentHeaderSpace; offset < file.size();) {
    const auto head = file.at(offset, sizeof(BatchHeader));
    if (!head.ok()) return head.error();
    BatchHeader header;
    if (!read_header(head.value(), header)) break;
    const uint64_t end = offset + sizeof(BatchHeader) + header.body_size;
    offset += batch_space(header.body_size);
    if (offset > file.size()) break;
    if (Status status = check(end, offset); !status.ok()) return status;
  }
  return {};
}

void note(std::vector<CheckFinding>& findings, std::string text) {
  findings.push_back({.damage = false, .text = std::move(text)});
}

void note_scan(const LogScan& scan, std::vector<CheckFinding>& findings) {
  if (scan.superblock_slot_bad) {
    note(findings,
         "one of the two copies of the superblock is damaged or half-written; the other one is "
         "used, "
         "and the next start repairs it");
  }
  for (const SegmentFile& segment : scan.segments) {
    if (segment.header_copy_bad) {
      note(findings,
           fmt::format("{}: one of the two copies of its header is damaged; the other one is used, "
                       "and the next start repairs it",
                       segment.path));
    }
  }
}

void note_leftovers(const LogScan& scan, std::vector<CheckFinding>& findings) {
  for (const std::string& path : scan.checkpoint.leftovers) {
    note(findings,
         fmt::format("{}: not needed, as a crash leaves it; the next start removes it", path));
  }
  if (scan.before.empty()) return;
  note(findings,
       fmt::format("{} segments before the checkpoint, {} to {}, are not needed and were not read",
                   scan.before.size(), scan.before.front().number, scan.before.back().number));
}

// All chunks that are damaged, the first of which recovery has named.
void survey_checkpoint(io::Disk& disk, const std::string& directory, const Manifest& manifest,
                       std::vector<CheckFinding>& findings) {
  auto reader = CheckpointReader::open(disk, directory, manifest);
  if (!reader.ok()) return;
  while (reader.value().more()) {
    const auto pieces = reader.value().next();
    if (pieces.ok() || pieces.error().detail == findings.front().text) continue;
    findings.push_back({.damage = true, .text = pieces.error().detail});
    if (pieces.error().code == Errc::kIo) return;
  }
}

// What each segment holds, one by one; for a log that is damaged, also whole batches behind the damage.
void look_closely(io::Disk& disk, const LogScan& scan, bool refused,
                  std::vector<CheckFinding>& findings) {
  for (const SegmentFile& segment : scan.segments) {
    if (!segment.used) continue;
    auto opened = disk.open(segment.path, io::OpenMode::kRead);
    if (!opened.ok()) {
      findings.push_back({.damage = true, .text = opened.error().detail});
      continue;
    }
    FileWindow file(*opened.value(), segment.size);
    const Status status = refused ? Survey(scan, findings).segment(segment, file)
                                  : check_unused(segment, file, findings);
    if (!status.ok()) {
      findings.push_back({.damage = true,
                          .text = fmt::format("{}. The disk can't read its own data: copy what is "
                                              "readable, and restore the file from a copy",
                                              status.error().detail)});
    }
  }
}

}  // namespace

Result<std::vector<CheckFinding>> check_log(io::Disk& disk, const std::string& directory,
                                            RecordSink& sink, RecoveryReport& report) {
  std::vector<CheckFinding> findings;
  auto scanned = scan_log(disk, directory, /*shard=*/0, sink, report);
  if (!scanned.ok() && scanned.error().code == Errc::kInvalid) return scanned.error();
  if (!scanned.ok()) {
    findings.push_back({.damage = true, .text = scanned.error().detail});
    // As far as the files can be told apart, what else is there.
    LogScan files;
    if (!read_superblock(disk, directory, files).ok() || !files.exists) return findings;
    if (auto manifest = read_manifest(disk, directory, files.superblock, /*shard=*/0);
        manifest.ok() && manifest.value()) {
      files.checkpoint.manifest = *manifest.value();
      survey_checkpoint(disk, directory, *manifest.value(), findings);
    }
    if (!list_segments(disk, directory, /*shard=*/0, files).ok()) return findings;
    note_scan(files, findings);
    look_closely(disk, files, /*refused=*/true, findings);
    return findings;
  }
  const LogScan& scan = scanned.value();
  if (!scan.exists) {
    note(findings, fmt::format("{} holds no log", directory));
    return findings;
  }
  note_scan(scan, findings);
  for (const std::string& text : report.unused) note(findings, text);
  note_leftovers(scan, findings);
  if (report.cut_bytes != 0) {
    note(findings, fmt::format("a torn tail, as a crash leaves it, of writes that nobody had been "
                               "told of as durable: {}; the next start cuts it",
                               report.cut_detail));
  }
  look_closely(disk, scan, /*refused=*/false, findings);
  return findings;
}

}  // namespace leat
