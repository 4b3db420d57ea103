// Log: one shard's write-ahead log: group commit, one write and one sync per turn, released by LSN.
//
// Contract   commands append records to batch() during a turn; commit() hands the turn's batch to the
//            loop and returns at once; on_disk() completes it in a later turn. At most one batch is
//            in flight; records meanwhile gather in the next. A batch is atomic: recovery sees all of it
//            or nothing, so an atomic group is never split. In the modes in which replies do not wait for a
//            sync, batches are written at once and synced behind.
//            durable_lsn() never exceeds what a successful sync has covered.
// Errors     a failed write or sync is final (fail-stop): failure() is set, nothing is retried and
//            nothing becomes durable any more. A full disk shows before that: the blocks of segments are
//            reserved beforehand, and has_room() turns false while there is still space for what frees space.
// Thread     owned by its shard's reactor.
// Ownership  borrows World; owns its files and buffers.
// Format     docs/formats/log.md (normative); pinned in storage/log_format.h.
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
#include "model/record.h"
#include "storage/checkpoint_format.h"
#include "storage/log_format.h"

namespace leat {

// appendfsync.
enum class SyncMode : uint8_t {
  kAlways,    // Synced before released.
  kEverySec,  // Written before released; synced once a second.
  kNever,     // Written before released; the system decides when it reaches the disk.
};

struct LogOptions {
  std::string directory;                 // Exists and is locked by the caller.
  uint64_t segment_bytes = 64ULL << 20;  // Of a segment file; a larger batch gets a larger file.
  SyncMode sync = SyncMode::kAlways;
  uint32_t shard = 0;
};

// What recovery found, for the start-up lines and INFO.
struct RecoveryReport {
  uint64_t segments = 0;
  uint64_t batches = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;               // Read and verified.
  uint64_t cut_bytes = 0;           // Torn tail that was cut: from the first bad byte on.
  std::string cut_detail;           // Where and why, in words; empty when nothing was cut.
  std::vector<std::string> unused;  // Damage to bytes that hold nothing, a sentence each.
  WallMs last_wall;                 // Wall time of the newest batch; 0 when there is none.
  uint64_t epoch = 0;               // Of this start.
  Lsn checkpoint;  // The record up to which a checkpoint gave the state; 0: there is none.
  uint64_t checkpoint_bytes = 0;
};

// What stands beside the log.
struct CheckpointFiles {
  std::optional<Manifest> manifest;
  std::vector<std::string>
      leftovers;        // Paths of files that nothing refers to, as crashes leave them.
  uint64_t newest = 0;  // Number of the newest checkpoint file, whatever it is worth.
};

// Whose log it is, and which of its runs: what the headers of every file of it carry.
struct LogIdentity {
  LogUuid uuid{};
  uint64_t node = 0;
  uint64_t epoch = 0;
  uint32_t shard = 0;
};

// A segment as the place where reading may begin.
struct LogPlace {
  uint64_t segment = 0;
  uint32_t previous_crc = 0;  // Of the last batch before it; 0: there is none.
};

// Takes what is recovered: the state of the checkpoint, if there is one, then records in log order.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // Pieces of the checkpoint's state, whole ones. False when they do not fit.
  virtual bool on_pieces(Bytes pieces) = 0;
  // All pieces have been given: false when they are not the state after record `lsn`.
  virtual bool on_state(Lsn lsn) = 0;
  // False when the record does not fit the state: recovery then reports corruption.
  virtual bool on_record(Lsn lsn, const RecordView& record) = 0;
  // Called now and then; `done` of `total` bytes of log have been read.
  virtual void on_progress(uint64_t done, uint64_t total) = 0;
};

class Log {
 public:
  // Recovers the log in `options.directory` into `sink` (creating an empty one where there is none), opens
  // the next epoch durably and is ready to append. Blocks.
  //   errors  kCorrupt with position and extent when bytes that were durable are damaged or missing, a file
  //           is not this log's or a record does not fit; kInvalid: of a newer version; kIo, kFull from the
  //           disk. Nothing was changed then, but for what a creation on a full disk leaves behind.
  static Result<std::unique_ptr<Log>> open(const io::World& world, const LogOptions& options,
                                           RecordSink& sink, RecoveryReport& report);
  // The same in pieces, for a caller that has other things to do meanwhile: begin(), then load() until it is true.
  // Until then the log takes no records, and what it holds counts as released, as it came from the disk. `sink` and
  // `report` are borrowed until then. load() recovers about `bytes` more and may block for that long; the last call
  // blocks for what open() does at the end: the first segment of a log, the new epoch.
  //   errors  as open(); final.
  static Result<std::unique_ptr<Log>> begin(const io::World& world, const LogOptions& options,
                                            RecordSink& sink, RecoveryReport& report);
  Result<bool> load(uint64_t bytes);
  [[nodiscard]] bool loading() const;
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // The open batch; whoever applies a record has appended it here first. Never shrinks by others.
  [[nodiscard]] ByteBuffer& batch();

  // The turn is over; `last` is the LSN of the last record in batch(). Starts the write if no other is in
  // flight and there is something to write; also the syncs and markers that are due at `now`.
  void commit(Lsn last, WallMs wall, MonoNs now);
  // A job on one of the lanes of the log has completed. commit() goes on from there.
  void on_disk(io::Lane lane, const Status& status);

  // The last record whose write() has returned / that a sync has covered.
  [[nodiscard]] Lsn written_lsn() const;
  [[nodiscard]] Lsn durable_lsn() const;
  // What a reply has to wait for under the present sync mode.
  [[nodiscard]] Lsn released_lsn() const;
  // Takes effect with the next commit. Going to kAlways releases only what has been synced from then on.
  void set_sync_mode(SyncMode mode);
  [[nodiscard]] SyncMode sync_mode() const;
  // Has everything up to `lsn` synced as soon as it can be, whatever the sync mode; from the next commit on.
  void sync_up_to(Lsn lsn);

  // So much has been gathered that whoever writes had better wait: the disk is slower than its clients. Ends by
  // itself, after a completion.
  [[nodiscard]] bool behind() const;
  // False on a full disk, unless `bytes` more can be appended without touching the reserve; with `reserve`, while the
  // reserve suffices. Becomes true again by itself when space has been found.
  [[nodiscard]] bool has_room(uint64_t bytes, bool reserve) const;
  // Set after a failed write or sync: nothing will be written any more.
  [[nodiscard]] const std::optional<Error>& failure() const;
  // When the log wants commit() to be called though no record came (sync or marker due); none: never.
  [[nodiscard]] std::optional<MonoNs> wake_at() const;

  // Nothing has been gathered that was not given to the disk, and the disk has done it all (or has failed).
  [[nodiscard]] bool settled() const;
  // Writes and syncs all there is, and a marker that says so; blocks until done. For a clean shutdown.
  //   errors  that of failure(); kUnavailable while a job is in flight; kFull when what was gathered (and
  //           never acknowledged) has no room; kIo.
  Status close(Lsn last, WallMs wall);

  [[nodiscard]] LogIdentity identity() const;
  // As recovery found them.
  [[nodiscard]] const CheckpointFiles& checkpoint_files() const;
  // The segment in which record `lsn` stands, or will stand: from there on the log holds it and all that follows.
  // Only for records that are still there.
  [[nodiscard]] LogPlace place_of(Lsn lsn) const;
  // The file of the oldest segment, if it may be removed: it stands before segment `needed`, and the files between
  // them are `retain` bytes or more. Whoever has removed it calls forget_oldest(). O(segments).
  [[nodiscard]] std::optional<std::string> reclaimable(uint64_t needed, uint64_t retain) const;
  void forget_oldest();

  struct Facts {
    uint64_t segments = 0;
    uint64_t bytes = 0;           // Of all segment files, as they count against the disk.
    uint64_t bytes_appended = 0;  // Since start.
    uint64_t bytes_logged =
        0;  // The same, what recovery has read behind the checkpoint, and what waits.
    uint64_t commits = 0;  // Batches written since start.
    uint64_t syncs = 0;
    MonoNs last_sync{0};        // When the last sync began; 0: there was none.
    uint64_t last_sync_ns = 0;  // How long the last write and sync took.
    bool in_flight = false;     // The disk works on the log's own files.
    uint64_t epoch = 0;
  };
  [[nodiscard]] Facts facts() const;
  // Memory of what is gathered and on its way to the disk.
  [[nodiscard]] uint64_t buffer_bytes() const;

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Verifies all of `directory` without changing anything: superblock, headers, batches, records (given to
// `sink`). Findings are sentences with file, offset and extent.
struct CheckFinding {
  bool damage = false;  // false: worth saying, but no data is wrong (a torn tail after a crash).
  std::string text;
};
Result<std::vector<CheckFinding>> check_log(io::Disk& disk, const std::string& directory,
                                            RecordSink& sink, RecoveryReport& report);

}  // namespace leat
