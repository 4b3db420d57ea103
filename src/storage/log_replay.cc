#include "storage/log_replay.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "storage/frame_format.h"

namespace leat {
namespace {

bool unsynced(const SegmentFile& segment) {
  return (segment.header.required & SegmentHeader::kUnsynced) != 0;
}

// Of ReadAhead.
uint64_t whole_batch(Bytes bytes, uint64_t rest_of_file) {
  BatchHeader header;
  if (bytes.size() < sizeof header) return sizeof header;
  if (!read_header(bytes, header) || rest_of_file < sizeof header ||
      header.body_size > rest_of_file - sizeof header)
    return 0;
  const uint64_t taken = std::min(batch_space(header.body_size), rest_of_file);
  const Bytes body = bytes.substr(sizeof header, header.body_size);
  return bytes.size() < taken || crc32c(body) == header.body_crc ? taken : 0;
}

}  // namespace

void LogReplay::note_cut(uint64_t bytes, const std::string& detail) {
  report_.cut_bytes += bytes;
  report_.cut_detail += (report_.cut_detail.empty() ? "" : "; ") + detail;
}

Status LogReplay::begin() {
  if (Status status = read_superblock(disk_, directory_, scan_); !status.ok()) return status;
  if (scan_.exists) {
    auto manifest = read_manifest(disk_, directory_, scan_.superblock, shard_);
    if (!manifest.ok()) return manifest.error();
    scan_.checkpoint.manifest = manifest.value();
  } else if (Status status = expect_no_data(); !status.ok()) {
    return status;
  }
  if (Status status = list_segments(disk_, directory_, shard_, scan_); !status.ok()) return status;
  scan_.end_segment = scan_.segments.size();
  for (const SegmentFile& file : scan_.segments) total_ += file.size;
  if (scan_.exists) worker_ = disk_.worker();
  return read_checkpoint();
}

// A directory without a superblock is one in which a log may begin, unless there are files of one.
Status LogReplay::expect_no_data() const {
  const auto names = disk_.list(directory_);
  if (!names.ok()) return names.error();
  const std::string manifest = manifest_name(shard_);
  const auto data = std::ranges::find_if(names.value(), [&](const std::string& name) {
    return segment_number(shard_, name) != 0 || checkpoint_number(shard_, name) != 0 ||
           frame_file_number(shard_, name) != 0 || name == manifest || name == manifest + ".new";
  });
  if (data == names.value().end()) return {};
  return Error{
      Errc::kCorrupt,
      fmt::format("{} holds data, as {}, but no superblock: it is a backup or a restoration "
                  "that was not completed, or its superblock is lost. Nothing was changed",
                  directory_, *data)};
}

// The log goes on where the checkpoint ends; what the manifest knows was durable.
Status LogReplay::read_checkpoint() {
  if (!scan_.checkpoint.manifest) return {};
  const Manifest& manifest = *scan_.checkpoint.manifest;
  auto opened = CheckpointReader::open(disk_, directory_, manifest);
  if (!opened.ok()) return opened.error();
  checkpoint_ = std::move(opened).value();
  checkpoint_->read_ahead(*worker_);
  total_ += manifest.size;
  scan_.opened = manifest.segment - 1;
  scan_.last_crc = manifest.previous_crc;
  scan_.max_epoch = std::max(scan_.max_epoch, manifest.epoch);
  scan_.durable_lsn = std::max(scan_.durable_lsn, manifest.lsn);
  report_.last_wall = WallMs{manifest.wall};
  return {};
}

Status LogReplay::load_chunk() {
  const Manifest& manifest = *scan_.checkpoint.manifest;
  const uint64_t from = checkpoint_->offset();
  const auto pieces = checkpoint_->next();
  if (!pieces.ok()) return pieces.error();
  if (!pieces.value().empty() && !sink_.on_pieces(pieces.value())) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}, offset {} to {}: the chunk is whole, but its pieces do not fit "
                             "what precedes them",
                             checkpoint_->path(), from, checkpoint_->offset())};
  }
  done_ = checkpoint_->offset();
  sink_.on_progress(done_, total_);
  if (checkpoint_->more()) return {};
  if (!sink_.on_state(Lsn{manifest.lsn})) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}: its chunks are whole, but they are not the state at record {}",
                             checkpoint_->path(), manifest.lsn)};
  }
  checkpoint_.reset();
  report_.checkpoint = Lsn{manifest.lsn};
  report_.checkpoint_bytes = manifest.size;
  report_.bytes += manifest.size;
  passed_ = done_ = manifest.size;
  return {};
}

Result<bool> LogReplay::step(uint64_t bytes) {
  const uint64_t start = done_;
  while (done_ - start < bytes) {
    Status status;
    if (checkpoint_) {
      status = load_chunk();
    } else if (window_) {
      status = replay_next();
    } else if (next_ < scan_.segments.size()) {
      status = open_next();
    } else {
      status = verdict();
      if (status.ok()) return true;
    }
    if (!status.ok()) return status.error();
  }
  return false;
}

// The next batch of the open segment; behind the last one, what stands there.
Status LogReplay::replay_next() {
  SegmentFile& segment = scan_.segments[next_];
  if (offset_ < segment.size) {
    Batch batch;
    const auto good = next_batch(segment, batch);
    if (!good.ok()) return good.error();
    if (good.value()) {
      if (Status status = replay(segment, offset_, batch); !status.ok()) return status;
      const uint64_t space = batch_space(batch.header.body_size);
      offset_ += space;
      done_ += space;
      sink_.on_progress(done_, total_);
      return {};
    }
  }
  ahead_.reset();
  scan_.end_offset = segment.end_offset = offset_;
  if (Status status = look_beyond(segment, *window_, offset_); !status.ok()) return status;
  close();
  return {};
}

// The next segment, up to its first batch; one that holds none to be replayed is done with.
Status LogReplay::open_next() {
  SegmentFile& segment = scan_.segments[next_];
  if (segment.lost_bytes != 0)
    note_cut(segment.lost_bytes, segment.path + ": its header had not been written yet");
  if (!segment.used) {
    close();
    return {};
  }
  if (scan_.opened == 0 && segment.number != 1) {
    return Error{
        Errc::kCorrupt,
        fmt::format("{}: is the first segment of the log, and no manifest says why: either the "
                    "manifest is missing, and with it the name of the checkpoint that holds what "
                    "precedes this segment, or segment {} and all before it are",
                    segment.path, segment.number - 1)};
  }
  if (segment.number != scan_.opened + 1) {
    return Error{
        Errc::kCorrupt,
        fmt::format(
            "{}: the segment before it is missing or lost its header: segment {} of this log "
            "is needed, and the last one found before is {}",
            segment.path, segment.number - 1, scan_.opened)};
  }
  if (Status status = connect_to_checkpoint(segment); !status.ok()) return status;
  segment.previous_crc = scan_.last_crc;
  auto opened = disk_.open(segment.path, io::OpenMode::kRead);
  if (!opened.ok()) return opened.error();
  file_ = std::move(opened).value();
  window_.emplace(*file_, segment.size);
  offset_ = kSegmentHeaderSpace;
  ++report_.segments;
  scan_.opened = segment.number;
  scan_.max_epoch = std::max(scan_.max_epoch, segment.header.epoch);
  report_.bytes += segment.size;
  const auto goes_on = follows(segment, *window_);
  if (!goes_on.ok()) return goes_on.error();
  if (goes_on.value()) {
    scan_.end_segment = next_;
    ahead_.emplace(*worker_, *file_, segment.size, offset_, &whole_batch);
    return {};
  }
  if (Status status = behind_end(segment, *window_); !status.ok()) return status;
  close();
  return {};
}

// What stands before it was in the checkpoint, so its first record is where counting begins.
Status LogReplay::connect_to_checkpoint(const SegmentFile& segment) {
  if (!scan_.checkpoint.manifest || segment.number != scan_.checkpoint.manifest->segment) return {};
  const uint64_t lsn = scan_.checkpoint.manifest->lsn;
  if (segment.header.first_lsn > lsn + 1) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}: begins with record {}, but the checkpoint before it holds the "
                             "state up to record {}",
                             segment.path, segment.header.first_lsn, lsn)};
  }
  scan_.last_lsn = segment.header.first_lsn - 1;
  return {};
}

void LogReplay::close() {
  passed_ += scan_.segments[next_].size;
  done_ = passed_;
  ++next_;
  ahead_.reset();
  window_.reset();
  file_.reset();
}

Result<bool> LogReplay::follows(const SegmentFile& segment, FileWindow& file) {
  if (cut_short_ || segment.header.first_lsn != scan_.last_lsn + 1) return false;
  if (!scan_.torn) return true;
  // Every record is there that was given to the disk before this segment was opened. If its first batch follows the
  // last one as well, or it waited for what precedes it and is empty, then no data stood in the bytes that are not zero.
  if (!proof_.empty()) return false;
  Batch first;
  const auto good = read_batch(segment, file, kSegmentHeaderSpace, first);
  if (!good.ok()) return good.error();
  if (!good.value()) {
    if (unsynced(segment)) return false;
    const auto rest = find_nonzero(file, kSegmentHeaderSpace, file.size());
    if (!rest.ok()) return rest.error();
    if (rest.value().first != file.size()) return false;
  }
  report_.unused.push_back(
      fmt::format("{}, offset {} to {}: unused bytes that should be zero are not; no data is "
                  "wrong, but the disk may be",
                  end().path, end_from_, end_to_));
  report_.cut_bytes = 0;
  report_.cut_detail.clear();
  scan_.torn = false;
  return true;
}

Status LogReplay::behind_end(SegmentFile& segment, FileWindow& file) {
  cut_short_ = segment.behind_end = true;
  const bool waited = !unsynced(segment) || segment.number > end().number + 1;
  if (waited && !scan_.torn) {
    return Error{
        Errc::kCorrupt,
        fmt::format("{}: begins with record {}, but the log before it ends with {}; a segment was "
                    "replaced, or the end of the one before it is lost",
                    segment.path, segment.header.first_lsn, scan_.last_lsn)};
  }
  if (waited && proof_.empty())
    proof_ = fmt::format("segment {} was opened after they were on disk", segment.number);
  const auto rest = find_nonzero(file, kSegmentHeaderSpace, file.size());
  if (!rest.ok()) return rest.error();
  if (rest.value().first == file.size()) return {};
  note_cut(rest.value().end - kSegmentHeaderSpace,
           fmt::format("{}, up to offset {}: it follows what is incomplete", segment.path,
                       rest.value().end));
  return seek_headers(segment, file, kSegmentHeaderSpace, rest.value().end, /*claimed=*/0);
}

Result<bool> LogReplay::next_batch(const SegmentFile& segment, Batch& batch) {
  if (ahead_) {
    const auto ahead = ahead_->at(offset_);
    if (!ahead.ok()) return ahead.error();
    if (read_header(ahead.value(), batch.header) && follows_last(segment, batch.header)) {
      batch.body = ahead.value().substr(sizeof(BatchHeader), batch.header.body_size);
      return true;
    }
    ahead_.reset();
  }
  return read_batch(segment, *window_, offset_, batch);
}

bool LogReplay::follows_last(const SegmentFile& segment, const BatchHeader& header) const {
  return of_this_log(segment, header) && header.first_lsn == scan_.last_lsn + 1 &&
         header.last_lsn + 1 >= header.first_lsn && header.previous_crc == scan_.last_crc;
}

Result<bool> LogReplay::read_batch(const SegmentFile& segment, FileWindow& file, uint64_t offset,
                                   Batch& batch) const {
  const auto head = file.at(offset, sizeof(BatchHeader));
  if (!head.ok()) return head.error();
  BatchHeader& header = batch.header;
  if (!read_header(head.value(), header) || !follows_last(segment, header)) return false;
  if (header.body_size > file.size() - offset - sizeof(BatchHeader)) return false;
  const auto body = file.at(offset + sizeof(BatchHeader), header.body_size);
  if (!body.ok()) return body.error();
  batch.body = body.value();
  return batch.body.size() == header.body_size && crc32c(batch.body) == header.body_crc;
}

Status LogReplay::replay(SegmentFile& segment, uint64_t offset, const Batch& batch) {
  const BatchHeader& header = batch.header;
  Bytes body = batch.body;
  uint64_t lsn = header.first_lsn;
  bool whole_groups = true;
  for (; !body.empty(); ++lsn) {
    const auto record = next_record(body);
    const bool known = record && in_checkpoint(lsn);
    if (!record || lsn > header.last_lsn || (!known && !sink_.on_record(Lsn{lsn}, *record))) {
      return Error{
          Errc::kCorrupt,
          fmt::format("{}: the batch at offset {} is whole, but record {} does not fit what "
                      "precedes it",
                      segment.path, offset, lsn)};
    }
    whole_groups = (record->flags & kRecordEndsGroup) != 0;
    if (!known) ++report_.records;
  }
  if (lsn != header.last_lsn + 1 || !whole_groups) {
    return Error{
        Errc::kCorrupt,
        fmt::format("{}: the batch at offset {} ends at record {} instead of {}, or within "
                    "a group of records",
                    segment.path, offset, lsn - 1, header.last_lsn)};
  }
  scan_.last_lsn = header.last_lsn;
  scan_.last_crc = header.crc;
  scan_.max_epoch = std::max(scan_.max_epoch, header.epoch);
  scan_.durable_lsn = std::max(scan_.durable_lsn, header.durable_lsn);
  scan_.header_durable_lsn = header.durable_lsn;
  segment.durable_end = header.durable_end;
  report_.last_wall = WallMs{header.wall};
  ++report_.batches;
  return {};
}

Status LogReplay::look_beyond(const SegmentFile& segment, FileWindow& file, uint64_t offset) {
  const auto rest = find_nonzero(file, offset, file.size());
  if (!rest.ok()) return rest.error();
  if (rest.value().first == file.size()) return {};
  scan_.torn = true;
  end_from_ = offset;
  end_to_ = rest.value().end;
  note_cut(
      end_to_ - end_from_,
      fmt::format("{}, offset {} to {}: the batch that should begin with record {} is incomplete",
                  segment.path, end_from_, end_to_, scan_.last_lsn + 1));
  return seek_headers(segment, file, offset, rest.value().end, /*claimed=*/offset);
}

// Bytes behind the end that are a valid header know what was durable when they were written.
Status LogReplay::seek_headers(const SegmentFile& segment, FileWindow& file, uint64_t from,
                               uint64_t to, uint64_t claimed) {
  for (uint64_t at = from; at < to; at += kLogAlignment) {
    const auto head = file.at(at, sizeof(BatchHeader));
    if (!head.ok()) return head.error();
    BatchHeader header;
    if (!read_header(head.value(), header) || !of_this_log(segment, header)) continue;
    scan_.max_epoch = std::max(scan_.max_epoch, header.epoch);
    scan_.durable_lsn = std::max(scan_.durable_lsn, header.durable_lsn);
    if (header.durable_end <= claimed || !proof_.empty()) continue;
    if (!cut_short_) end_to_ = at;
    proof_ = fmt::format("the batch at offset {} {}was written after they were on disk", at,
                         cut_short_ ? fmt::format("of segment {} ", segment.number) : "");
  }
  return {};
}

Status LogReplay::verdict() const {
  if (scan_.checkpoint.manifest && scan_.opened < scan_.checkpoint.manifest->segment) {
    return Error{Errc::kCorrupt,
                 fmt::format("segment {} is missing or lost its header: the manifest says that the "
                             "log is needed from there on. Nothing was changed",
                             scan_.checkpoint.manifest->segment)};
  }
  const bool lost = scan_.durable_lsn > scan_.last_lsn;
  std::string proof = proof_;
  if (proof.empty() && cut_short_ && scan_.superblock.segment > end().number) {
    proof = fmt::format("the superblock says that segment {} was opened after they were on disk",
                        scan_.superblock.segment);
  }
  if (proof.empty() && !lost) {
    if (scan_.superblock.segment <= scan_.opened) return {};
    return Error{
        Errc::kCorrupt,
        fmt::format("segment {} is missing or lost its header: the superblock says that it "
                    "was opened, and the last one found is {}",
                    scan_.superblock.segment, scan_.opened)};
  }
  const std::string where = scan_.torn
                                ? fmt::format("{}, offset {} to {}", end().path, end_from_, end_to_)
                                : std::string("the end of the log");
  const std::string records =
      lost ? fmt::format("records {} to {} (at least)", scan_.last_lsn + 1, scan_.durable_lsn)
           : fmt::format("the log behind record {}", scan_.last_lsn);
  return Error{Errc::kCorrupt,
               fmt::format("{}: {} is damaged or missing, and was durable{}{}. Nothing was changed",
                           where, records, proof.empty() ? "" : ": ", proof)};
}

}  // namespace leat
