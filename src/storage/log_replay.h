// LogReplay: reading a checkpoint and the log behind it back a piece at a time, so that whoever loads it can do other things between two pieces.
//
// Contract   begin() once, then step() until it says that the end is reached; an error is final. Nothing on the disk is
//            changed. What a sink was given before an error is not to be served.
// Thread     one; reading and checksums are a worker's of the disk, a piece ahead (ReadAhead).
// Limits     a piece is longer than asked for by one batch or chunk at most; the zeros at the end of a segment are read at once.
// Ownership  borrows all that it is made with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/io.h"
#include "storage/checkpoint_reader.h"
#include "storage/file_window.h"
#include "storage/log.h"
#include "storage/log_format.h"
#include "storage/log_reader.h"
#include "storage/read_ahead.h"

namespace leat {

class LogReplay {
 public:
  LogReplay(io::Disk& disk, std::string directory, uint32_t shard, RecordSink& sink,
            RecoveryReport& report)
      : disk_(disk),
        directory_(std::move(directory)),
        shard_(shard),
        sink_(sink),
        report_(report) {}

  // Reads superblock, manifest and headers.
  //   errors  as scan_log().
  Status begin();
  // Loads or replays about `bytes` more.
  //   returns  true at the end of the log, of which nothing is missing that was durable.
  //   errors   as scan_log().
  Result<bool> step(uint64_t bytes);

  [[nodiscard]] LogScan& scan() { return scan_; }
  // Bytes of the checkpoint and of segment files, and of those what has been read.
  [[nodiscard]] uint64_t total() const { return total_; }
  [[nodiscard]] uint64_t done() const { return done_; }

 private:
  struct Batch {
    BatchHeader header;
    Bytes body;
  };

  [[nodiscard]] Status expect_no_data() const;
  Status read_checkpoint();
  // Gives the next chunk of the checkpoint; the last one ends it.
  Status load_chunk();
  Status open_next();
  Status replay_next();
  // Of the first segment behind a checkpoint: no record is missing between them.
  Status connect_to_checkpoint(const SegmentFile& segment);
  // The record is part of the checkpoint's state.
  [[nodiscard]] bool in_checkpoint(uint64_t lsn) const {
    return scan_.checkpoint.manifest && lsn <= scan_.checkpoint.manifest->lsn;
  }
  void close();
  // All segments have been read: is what was left out corruption?
  [[nodiscard]] Status verdict() const;
  // True when the segment goes on where the log has ended so far.
  Result<bool> follows(const SegmentFile& segment, FileWindow& file);
  // The segment stands behind the end: what does it know of what is missing before it?
  Status behind_end(SegmentFile& segment, FileWindow& file);
  // The batch at offset_ of the open segment; false when there is no good one that follows the last.
  Result<bool> next_batch(const SegmentFile& segment, Batch& batch);
  // The same at any place: the batch at `offset`; false when there is no good one that follows the last.
  Result<bool> read_batch(const SegmentFile& segment, FileWindow& file, uint64_t offset,
                          Batch& batch) const;
  // It may follow the last batch, as far as its header says.
  [[nodiscard]] bool follows_last(const SegmentFile& segment, const BatchHeader& header) const;
  Status replay(SegmentFile& segment, uint64_t offset, const Batch& batch);
  // Notes where good batches end, and what valid headers behind that say.
  Status look_beyond(const SegmentFile& segment, FileWindow& file, uint64_t offset);
  // Takes what the valid headers in [from, to) know. One whose durable_end is beyond `claimed` is a proof.
  Status seek_headers(const SegmentFile& segment, FileWindow& file, uint64_t from, uint64_t to,
                      uint64_t claimed);
  [[nodiscard]] bool of_this_log(const SegmentFile& segment, const BatchHeader& header) const {
    return header.uuid == scan_.superblock.uuid && header.segment == segment.number;
  }
  [[nodiscard]] const SegmentFile& end() const { return scan_.segments[scan_.end_segment]; }
  void note_cut(uint64_t bytes, const std::string& detail);

  io::Disk& disk_;
  std::string directory_;
  uint32_t shard_;
  RecordSink& sink_;
  RecoveryReport& report_;
  LogScan scan_;
  uint64_t total_ = 0;
  uint64_t passed_ = 0;  // Of segments that are done with.
  uint64_t done_ = 0;
  std::unique_ptr<io::Worker> worker_;          // There is one once there is something to read.
  std::optional<CheckpointReader> checkpoint_;  // While it is being loaded.
  // The segment that is being read, if there is a window.
  size_t next_ = 0;
  std::unique_ptr<io::File> file_;
  std::optional<FileWindow> window_;
  std::optional<ReadAhead>
      ahead_;  // Of the segment, from its first batch on; while it lives, it alone reads.
  uint64_t offset_ = 0;
  bool cut_short_ = false;  // A segment stands behind the end.
  // Bytes that stand behind the last good batch of its segment and are no batch.
  uint64_t end_from_ = 0;
  uint64_t end_to_ = 0;
  std::string proof_;  // Why what is missing must have been durable; empty when nothing says so.
};

}  // namespace leat
