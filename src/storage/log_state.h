// Log::State: the files, buffers and progress of an open log. Shared by log.cc (the turns) and
// log_open.cc (recovery); nobody else includes it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "io/io.h"
#include "storage/commit_delay.h"
#include "storage/log.h"
#include "storage/log_format.h"
#include "storage/log_replay.h"

namespace leat {

struct Log::State {
  // What the commit lane is doing.
  enum class Flight : uint8_t { kNone, kBatch, kMarker, kSegmentHeader };
  // What the background lane is doing.
  enum class Background : uint8_t { kNone, kPrepare, kZeros, kSuperblock };

  struct Segment {
    std::unique_ptr<io::File> file;
    uint64_t number = 0;
    uint64_t size = 0;
  };
  // A full segment that the next one was opened behind before all of it was durable.
  struct Closed {
    Segment segment;
    Lsn last;  // Of its records.
    uint64_t end = 0;
  };
  // What the sync lane is doing: it covers what had been written when it began.
  struct Sync {
    bool running = false;
    uint64_t segment = 0;
    Lsn last;
    uint64_t end = 0;
    MonoNs started{0};
  };

  // A segment as the log remembers it while it is needed.
  struct Kept {
    uint64_t number = 0;
    uint64_t size = 0;
    uint64_t first_lsn = 0;     // 0 in those before the checkpoint: nobody asks.
    uint32_t previous_crc = 0;  // Of the last batch before it.
  };

  State(const io::World& outside, const LogOptions& chosen) : world(outside), options(chosen) {}

  // log.cc
  void start_next();
  bool start_batch();
  void start_marker();
  void start_sync();
  void finish_sync(const Status& status);
  void seal(ByteBuffer& buffer, uint64_t first_lsn, uint64_t last_lsn);
  void write(Flight kind, ByteBuffer& buffer, Lsn last);
  void written(Lsn last);
  void synced(Lsn last, uint64_t end);
  bool open_next_segment(uint64_t needed);
  // Writes the spare's header without waiting for a sync, of it or of what precedes it.
  bool open_behind();
  void prepare_spare();
  void zero_spare();
  bool drop_spare();
  void take_spare();
  void name_in_superblock();
  void switch_to_spare();
  void fail(const Error& error);
  void finish_commit(const Status& status);
  void finish_background(const Status& status);
  void finish_prepare(const Status& status);
  void finish_zeros(const Status& status);
  void stay_without_spare(const Error& error);
  Status close_batch(Lsn last);
  Status write_now(ByteBuffer& buffer);
  void start_background();
  [[nodiscard]] uint64_t room() const;
  // Of the next segment: as configured, or what the gathered batch needs.
  [[nodiscard]] uint64_t wanted_size() const;
  [[nodiscard]] uint64_t gathered() const { return batch.size() - sizeof(BatchHeader); }
  // Of what has been written; what has only been gathered is written first.
  [[nodiscard]] bool sync_asked() const {
    return sync_wanted > durable_lsn && written_lsn > durable_lsn;
  }
  [[nodiscard]] bool sync_due() const;
  [[nodiscard]] bool marker_due() const;
  // The superblock's bytes for the present state and the next generation, in `out`.
  void render_superblock(bool clean, ByteBuffer& out);
  [[nodiscard]] uint64_t superblock_offset() const;
  // The header of `segment`, twice, in segment_bytes.
  void render_segment_header(const Segment& segment, uint32_t required);
  [[nodiscard]] std::string path_of(const std::string& name) const {
    return options.directory + "/" + name;
  }

  // log_open.cc
  Status create_superblock();
  Status recover(struct LogScan& scan);
  Status adopt(struct LogScan& scan);
  void keep(const struct LogScan& scan);
  Status remove_unopened(struct LogScan& scan);
  Status repair_headers(const struct LogScan& scan);
  Status open_end(const struct LogScan& scan);
  Status secure_previous(const struct LogScan& scan);
  Status write_superblock(bool clean);
  Status first_segment();
  Status fill_first_segment(const std::string& path);

  io::World world;
  LogOptions options;
  std::unique_ptr<LogReplay> replay;  // While it loads.
  RecoveryReport* report = nullptr;   // The same.
  Superblock superblock;
  std::unique_ptr<io::File> superblock_file;

  Segment segment;
  uint64_t offset = 0;  // In `segment`: where the next batch goes.
  // In `segment`: what stands before it has been synced, and so have all earlier segments. 0: not even its header is
  // known to have been.
  uint64_t durable_end = 0;
  Closed closed;  // Without a file when all earlier segments are durable.
  CheckpointFiles checkpoint_files;
  uint64_t bytes_recovered = 0;
  std::deque<Kept> kept;  // All segments that were opened, `segment` the last.
  Segment spare;
  bool spare_ready = false;
  uint64_t spare_zeroed = 0;  // Up to where it has been overwritten with zeros.
  bool disk_full = false;     // The last preparation found no space.
  MonoNs retry_at{0};         // When to try again.
  uint64_t spare_size = 0;    // Of the preparation that runs.
  uint64_t segments = 0;
  uint64_t bytes = 0;

  ByteBuffer batch;  // Room for the header, then the records of this turn.
  ByteBuffer flying;
  ByteBuffer segment_bytes;
  ByteBuffer superblock_bytes;
  Flight flight = Flight::kNone;
  Background background = Background::kNone;
  bool superblock_wanted = false;
  Lsn batch_last;  // Last record in `batch`.
  Lsn flying_last;
  uint64_t flying_end = 0;  // Where what is in flight ends.
  bool unsynced = false;    // Of `segment` something was written that no sync has covered.
  MonoNs flight_started{0};
  CommitDelay delay;
  Sync sync;

  Lsn last_submitted;  // Last record of the newest batch given to the disk.
  uint32_t previous_crc = 0;
  uint64_t noted_durable = 0;  // The durable LSN that the newest batch header carries.
  Lsn written_lsn;
  Lsn durable_lsn;
  Lsn sync_wanted;  // What is to be synced without waiting for the sync mode.
  WallMs wall;
  MonoNs now{0};
  MonoNs last_sync{0};
  MonoNs last_batch{0};
  std::optional<Error> failure;
  Facts facts;
};

// Bytes of log that stay free for what gives space back (XACK, XDEL, XTRIM, DEL), of one segment.
constexpr uint64_t kReservePart = 4;
// Files are overwritten with zeros in pieces of this size. A commit waits behind whatever flush the device is busy with;
// smaller pieces take more syncs in all.
constexpr uint64_t kZeroPiece = uint64_t{512} << 10;
constexpr int64_t kSyncEveryNs = 1000 * kNsPerMs;
constexpr int64_t kMarkerAfterNs = 100 * kNsPerMs;
constexpr int64_t kRetryNs = 500 * kNsPerMs;

}  // namespace leat
