// NodeHost: the process, its log and its counters, as INFO, SAVE, WAITAOF and SHUTDOWN see them.
//
// Thread     called on the reactor thread, from inside a command.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "model/ids.h"

namespace leat {

class LatencyEvents;
class SlowLog;

// Why a checkpoint is made; INFO shows one that BGREWRITEAOF has asked for in other fields.
enum class CheckpointReason : uint8_t {
  kLogSize,  // The log has grown.
  kSave,     // SAVE, BGSAVE, SHUTDOWN SAVE
  kRewrite,  // BGREWRITEAOF
  kVerify,   // DEBUG RELOAD: it is read back and compared as well.
};

struct CheckpointFacts {
  bool running = false;
  CheckpointReason reason = CheckpointReason::kLogSize;  // Of the one that runs.
  std::optional<CheckpointReason> requested;             // One that has not begun yet.
  uint64_t ended = 0;                                    // Since start, published or given up.
  uint64_t published = 0;                                // Of these.
  uint64_t rewrites = 0;                                 // Of these, because of BGREWRITEAOF.
  bool last_ok = true;
  CheckpointReason last_reason = CheckpointReason::kLogSize;
  int64_t last_duration_s = -1;  // Of the last one that ended; -1: there was none.
  int64_t running_s = -1;
  int64_t published_s =
      0;    // Unix time at which the one that counts was made; of the start if there is none.
  Lsn lsn;  // The record up to which it holds the state; 0: there is none.
  uint64_t bytes = 0;      // Of its file.
  uint64_t log_bytes = 0;  // Of log behind it.
};

// What the node says about itself. Bytes and counts unless the name says otherwise.
struct NodeFacts {
  std::string backend;  // "io_uring" or "epoll"
  std::string executable;
  std::string config_file;
  std::string operating_system;
  std::string sync_mode;  // appendfsync
  std::string directory;
  uint16_t port = 0;
  int process_id = 0;
  int64_t uptime_s = 0;

  uint64_t clients = 0;
  uint64_t clients_blocked = 0;
  uint64_t clients_max = 0;
  uint64_t clients_pubsub = 0;
  uint64_t clients_with_deadline = 0;
  uint64_t input_largest = 0;
  uint64_t output_largest = 0;
  uint64_t clients_bytes = 0;
  uint64_t long_replies = 0;
  uint64_t long_replies_held = 0;  // Bytes that are kept for them.

  uint64_t allocated = 0;  // By this process, and not freed.
  uint64_t allocated_peak = 0;
  uint64_t allocated_at_start = 0;
  uint64_t resident = 0;
  uint64_t system_memory = 0;
  uint64_t log_buffers = 0;
  uint64_t memory_not_counted = 0;  // Of what is allocated: does not count against maxmemory.
  // What the allocator itself says: see io::AllocatorFacts.
  std::string allocator;
  uint64_t allocator_allocated = 0;
  uint64_t allocator_active = 0;
  uint64_t allocator_resident = 0;
  uint64_t allocator_backed_ahead = 0;

  // What is not data.
  [[nodiscard]] uint64_t overhead() const {
    return std::min(allocated, allocated_at_start + clients_bytes + log_buffers);
  }
  [[nodiscard]] uint64_t dataset() const { return allocated - overhead(); }

  uint64_t connections_received = 0;
  uint64_t connections_rejected = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t turns = 0;
  int64_t turns_us = 0;
  int64_t longest_turn_us = 0;
  int64_t longest_turn_cpu_us = 0;
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t output_limit_disconnections = 0;
  uint64_t reaped = 0;  // Dropped things that were freed in slices.
  double operations_per_s = 0;
  double input_kb_per_s = 0;
  double output_kb_per_s = 0;

  bool loading = false;
  int64_t loading_start_s = 0;  // Unix time.
  int64_t loading_left_s = 0;   // About.
  uint64_t loading_total = 0;
  uint64_t loading_done = 0;

  uint64_t log_bytes = 0;
  uint64_t log_segments = 0;
  uint64_t log_commits = 0;
  uint64_t log_syncs = 0;
  uint64_t log_epoch = 0;
  uint64_t log_appended = 0;
  uint64_t log_last_sync_us = 0;
  uint64_t log_recovered_records = 0;
  CheckpointFacts checkpoint;
  int64_t last_sync_s = 0;  // Unix time.
  uint64_t frame_files = 0;
  uint64_t frame_bytes = 0;       // Of the frame files.
  uint64_t frame_bytes_live = 0;  // Of what streams hold in them.
  uint64_t frame_bytes_sealed = 0;
  uint64_t frames_rewritten = 0;  // Out of files that were mostly dead.
  Lsn written;
  Lsn durable;

  double cpu_system_s = 0;
  double cpu_user_s = 0;
  double cpu_system_thread_s = 0;
  double cpu_user_thread_s = 0;
};

class NodeHost {
 public:
  virtual ~NodeHost() = default;

  [[nodiscard]] virtual NodeFacts facts() = 0;
  // 40 hexadecimal digits, new with every start.
  [[nodiscard]] virtual const std::string& run_id() const = 0;
  // CONFIG RESETSTAT.
  virtual void reset_counters() = 0;

  // The last record that is on disk for certain.
  [[nodiscard]] virtual Lsn durable() const = 0;
  // Has the log synced soon, whatever appendfsync says.
  virtual void sync_soon() = 0;

  [[nodiscard]] virtual CheckpointFacts checkpoint() const = 0;
  // Asks for a checkpoint of the present state, or of a later one.
  //   returns  its number: it is over once checkpoint().ended has reached it.
  virtual uint64_t make_checkpoint(CheckpointReason reason) = 0;

  // The server ends after this turn.
  virtual void shut_down() = 0;
  // The server ends once this checkpoint has been published, with `force` also once it was given up, unless
  // abort_shutdown() comes first.
  virtual void shut_down_after(uint64_t checkpoint, bool force) = 0;
  //   returns  false when no shutdown waits.
  virtual bool abort_shutdown() = 0;

  [[nodiscard]] virtual SlowLog& slow_log() = 0;
  [[nodiscard]] virtual LatencyEvents& latency_events() = 0;
};

}  // namespace leat
