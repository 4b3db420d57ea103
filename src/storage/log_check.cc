// Verifying a data directory, for `leat check`: what recovery would say, and beyond its first error all else.
#include <algorithm>
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
Status check_zeros(const std::string& path, FileWindow& file, uint64_t from, uint64_t to,
                   std::vector<CheckFinding>& findings) {
  const auto found = find_nonzero(file, from, to);
  if (!found.ok()) return found.error();
  if (found.value().first == to) return {};
  findings.push_back({.damage = false,
                      .text = fmt::format("{}, offset {} to {}: unused bytes that should be zero "
                                          "are not; no data is wrong, but the disk may be",
                                          path, found.value().first, found.value().end)});
  return {};
}

// Those between what a segment holds.
Status check_unused(const SegmentFile& segment, FileWindow& file,
                    std::vector<CheckFinding>& findings) {
  const auto check = [&](uint64_t from, uint64_t to) {
    return check_zeros(segment.path, file, from, to, findings);
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
       fmt::format("{} segments before the checkpoint, {} to {}, are not needed for a start",
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

// Opens the file and calls `look` with it; what can't be read is a finding.
template <typename Look>
void look_at(io::Disk& disk, const std::string& path, std::vector<CheckFinding>& findings,
             const Look& look) {
  const auto opened = disk.open(path, io::OpenMode::kRead);
  if (!opened.ok()) return findings.push_back({.damage = true, .text = opened.error().detail});
  const auto size = opened.value()->size();
  if (!size.ok()) return findings.push_back({.damage = true, .text = size.error().detail});
  FileWindow file(*opened.value(), size.value());
  const Status status = look(file);
  if (status.ok()) return;
  findings.push_back({.damage = true,
                      .text = fmt::format("{}. The disk can't read its own data: copy what is "
                                          "readable, and restore the file from a copy",
                                          status.error().detail)});
}

// What each segment holds, one by one; for a log that is damaged, also whole batches behind the damage.
void look_closely(io::Disk& disk, const LogScan& scan, bool refused,
                  std::vector<CheckFinding>& findings) {
  for (const SegmentFile& segment : scan.segments) {
    look_at(disk, segment.path, findings, [&](FileWindow& file) -> Status {
      if (segment.used) {
        return refused ? Survey(scan, findings).segment(segment, file)
                       : check_unused(segment, file, findings);
      }
      // Prepared, and not written to. What a header that was lost leaves behind is the torn tail's.
      return check_zeros(segment.path, file, 0,
                         segment.lost_bytes == 0 ? file.size() : kSegmentHeaderSpace, findings);
    });
  }
}

// The two copies stand in a file of zeros.
void look_at_superblock(io::Disk& disk, const std::string& directory,
                        std::vector<CheckFinding>& findings) {
  const std::string path = directory + "/" + kSuperblockName;
  look_at(disk, path, findings, [&](FileWindow& file) -> Status {
    if (Status status = check_zeros(path, file, sizeof(Superblock), kHeaderCopyOffset, findings);
        !status.ok())
      return status;
    return check_zeros(path, file, kHeaderCopyOffset + sizeof(Superblock),
                       std::max<uint64_t>(file.size(), kHeaderCopyOffset + sizeof(Superblock)),
                       findings);
  });
}

// Segments that the checkpoint has made superfluous, and that log-retain keeps: a start does not read them, so damage
// to them costs no data, only what they are kept for.
void look_at_retained(io::Disk& disk, const LogScan& scan, std::vector<CheckFinding>& findings) {
  for (const SegmentFile& segment : scan.before) {
    std::vector<CheckFinding> found;
    look_at(disk, segment.path, found, [&](FileWindow& file) -> Status {
      for (const uint64_t offset : {uint64_t{0}, kHeaderCopyOffset}) {
        const auto bytes = file.at(offset, sizeof(SegmentHeader));
        if (!bytes.ok()) return bytes.error();
        SegmentHeader header;
        if (read_header(bytes.value(), header) && header.uuid == scan.superblock.uuid) continue;
        found.push_back(
            {.text = fmt::format("{}, offset {} to {}: this copy of the header is damaged",
                                 segment.path, offset, offset + sizeof(SegmentHeader))});
      }
      const Status status = Survey(scan, found).segment(segment, file);
      return found.empty() && status.ok() ? check_unused(segment, file, found) : status;
    });
    for (CheckFinding& finding : found) {
      note(findings, fmt::format("{} (the checkpoint holds what stands here: no data is wrong)",
                                 finding.text));
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
  look_at_superblock(disk, directory, findings);
  look_at_retained(disk, scan, findings);
  return findings;
}

}  // namespace leat
