// CheckpointWriter: puts one checkpoint at a time into a file, makes it the one that recovery loads, and removes
// what it replaces; all of it on the checkpoint lane, one job in flight.
//
//   kIdle -begin-> kBusy -> kOpen -write-> kBusy -> kOpen ... -finish-> kBusy -> kWritten -publish-> kBusy -> kIdle
//                    \________ any error, or abandon(): kBusy until the file is removed ________/-> kFailed -> kIdle
//
// Contract   a file that was not written and synced as a whole is never published, and one whose write or sync has
//            failed never written to again: the next checkpoint gets a file of its own. publish() may be called
//            only when the log is durable up to the checkpoint's LSN.
// Errors     are the checkpoint's alone: failure() says why, take_failure() makes room for the next one. A manifest
//            whose replacement failed half-way may name either checkpoint, so both files stay until the next success.
// Thread     owned by its shard's reactor.
// Ownership  borrows World; owns its file and buffers.
// Format     docs/formats/checkpoint.md (normative); pinned in storage/checkpoint_format.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "io/io.h"
#include "model/ids.h"
#include "storage/checkpoint_format.h"
#include "storage/file_removal.h"
#include "storage/log.h"

namespace leat {

class CheckpointWriter {
 public:
  enum class State : uint8_t {
    kIdle,     // begin(), remove().
    kBusy,     // The disk works.
    kOpen,     // write(), finish().
    kWritten,  // The file is whole and synced: publish().
    kFailed,   // take_failure().
  };

  // `found` is what recovery has found.
  CheckpointWriter(const io::World& world, std::string directory, const LogIdentity& log,
                   const CheckpointFiles& found);
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  [[nodiscard]] State state() const { return state_; }

  // Makes the file for the state after record `lsn`.
  void begin(Lsn lsn, WallMs wall);
  // Writes `pieces`, whole ones, as the next chunk. They are copied: one chunk is to be some 512 KB.
  void write(Bytes pieces);
  // Nothing follows.
  void finish();
  // From now on recovery loads this checkpoint and needs the log from `from` on.
  void publish(const LogPlace& from);
  // Gives up what has not been published, whatever the disk is doing.
  void abandon(Error why);
  [[nodiscard]] const Error& failure() const { return *failure_; }
  Error take_failure();

  // A file that recovery does not need any more; none: all are gone.
  [[nodiscard]] std::optional<std::string> outdated() const;
  // Removes a file: outdated(), or a segment of the log. Its outcome is taken by take_removed().
  void remove(const std::string& path);
  [[nodiscard]] std::optional<Status> take_removed();
  // Bytes of what was removed last are still to be given back: some with each shrink(). remove() and begin() need not
  // wait for that.
  [[nodiscard]] bool shrinking() const { return removal_.unfinished(); }
  void shrink();

  // The job on the checkpoint lane has completed.
  void on_disk(const Status& status);

  // What recovery would load now.
  [[nodiscard]] const std::optional<Manifest>& current() const { return current_; }
  // Of the file being written.
  [[nodiscard]] uint64_t bytes() const { return offset_; }

 private:
  enum class Job : uint8_t { kNone, kCreate, kChunk, kEnd, kManifest, kDiscard, kRemove, kShrink };

  void start(Job kind, io::DiskJob job);
  void start_chunk(Job job, ChunkKind kind, Bytes body);
  void created();
  void published();
  void discard();
  void fail(const Error& error);
  [[nodiscard]] std::string path_of(uint64_t number) const;

  io::World world_;
  std::string directory_;
  LogIdentity log_;
  std::optional<Manifest> current_;
  std::vector<std::string> outdated_;  // Paths of files that the manifest does not name.
  std::vector<std::string> unsure_;    // Of files that it may name after a crash.
  uint64_t newest_ = 0;                // The last number that was used.

  State state_ = State::kIdle;
  Job job_ = Job::kNone;
  bool abandoned_ = false;
  std::optional<Error> failure_;
  std::optional<Status> removed_;
  std::string removing_;
  FileRemoval removal_;

  CheckpointHeader header_;
  CheckpointCounts counts_;
  std::unique_ptr<io::File> file_;
  uint64_t offset_ = 0;
  uint32_t previous_crc_ = 0;
  Manifest next_;  // To be published.
  ByteBuffer buffer_;
};

}  // namespace leat
