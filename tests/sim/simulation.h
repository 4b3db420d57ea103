// Simulation: one run: a real Server on a simulated world, clients, faults, crashes and restarts, all from one seed.
//
// A run is a number of lives. A life begins with a start, which may itself be cut off by a crash, goes on turn by
// turn, and ends with the process killed, with the power gone, or cleanly. The ledger judges everything.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/frames_options.h"
#include "server/server.h"
#include "sim/ledger.h"
#include "sim/sim_clock.h"
#include "sim/sim_disk.h"
#include "sim/sim_loop.h"
#include "sim/sim_memory.h"
#include "sim/sim_random.h"
#include "sim/workload.h"

namespace leat::sim {

// What a seed switches on.
struct Swarm {
  Swarm(SimRandom& random, SimRandom frames_random);

  SyncMode mode = SyncMode::kAlways;
  uint64_t segment_bytes = 0;
  uint64_t node_entries = 0;
  FramesOptions frames;
  uint64_t clients = 1;
  uint64_t lives = 1;
  uint64_t turns = 100;  // Of a life, at most.
  int64_t think_ns = 0;
  bool power_failures = false;
  bool crash_in_start = false;
  bool crash_in_call = false;
  bool disk_errors = false;
  bool full_disk = false;
  bool rot = false;
  bool clock_steps = false;
  bool disconnects = false;
  bool short_sends = false;
  bool stalls = false;
  // What a failed sync has dropped is read back by the next process, and lost with the power soon after.
  bool seek_dropped = false;
  std::optional<io::Lane> slow_lane;
  // Of random numbers of their own, so that the others mean the same with and without them.
  void draw_checkpoints(SimRandom random);
  CheckpointSettings checkpoint{.log_bytes = 0};
  bool verify_checkpoints = false;  // Now and then one is made that is read back and compared.
  uint64_t memory_max = 0;          // 0: no limit.
  EvictionPolicy eviction = EvictionPolicy::kNone;

  size_t reply_piece_bytes = kReplyPieceBytes;
  // Of random numbers of their own as well.
  void cut_replies(SimRandom random);
  void draw_disk(SimRandom random);

  // Of a seed's own: what a seed did before there were limits to memory, it does still, where it draws none.
  void limit_memory(SimRandom& random);
};

class Simulation final : private SimLoop::Clients, private ExecutionObserver {
 public:
  explicit Simulation(uint64_t seed, bool trace = false);
  ~Simulation() override;

  // The disk is left as the server wrote it, for who damages it himself: undoing other damage would pass for doing some.
  void leave_disk_whole() { swarm_.rot = false; }
  // Runs to the end, or to the first thing that is wrong; returns what that was, empty when all was right.
  std::string run();
  // A number for everything that happened, equal for equal seeds.
  [[nodiscard]] uint64_t trace_hash() const { return hash_; }
  [[nodiscard]] const Ledger::Counters& counters() const { return ledger_.counters(); }
  // What the server is started with, and the disk as it is.
  [[nodiscard]] Config config() const;
  [[nodiscard]] const SimDisk& disk() const { return disk_; }

 private:
  struct SimClient {
    std::optional<io::ConnectionId> connection;
    uint64_t session = 0;      // Its number at the server; 0: not accepted yet.
    std::vector<Words> early;  // Sent before it was accepted.
  };
  enum class End : uint8_t { kKilled, kPower, kClean };

  // A life.
  bool start();
  bool try_start(bool faults);
  std::string start_server();
  void set_faults(bool on);
  void live();
  void turn();
  void step_faults();
  void check_checkpoints();
  void check_leftovers();
  void settle();
  void probe();
  void end_life();
  void end(End how);
  void rot_and_start();
  // Shows the whole state to `judge`, with all its frames open: what a failed sync has dropped may be gone when it is read
  // again. False, and nothing shown: something is gone. The process then counts as dead; its log still has it.
  bool look(const std::function<void(const Engine&)>& judge);
  // What the server does from now on is not judged.
  [[nodiscard]] bool blind();
  void compare();
  void check_clean_log();
  void crash(Ledger::Crash how);
  [[nodiscard]] bool failed() const { return !ledger_.violation().empty(); }
  [[nodiscard]] Ledger::Moment moment();

  // SimLoop::Clients
  void on_accepted(io::ConnectionId connection) override;
  void on_sent(io::ConnectionId connection, Bytes bytes) override;
  void on_server_closed(io::ConnectionId connection) override;
  void on_client_closed(io::ConnectionId connection) override;
  void on_time(uint64_t client) override;
  SimClient* owner(io::ConnectionId connection);
  void act(SimClient& client);
  void say(SimClient& client, const std::vector<Words>& pipeline);
  // The client hangs up; what it has sent may still be executed.
  void hang_up(SimClient& client);

  // ExecutionObserver
  void on_executed(const Session& session, const Request& request, Bytes reply,
                   Replied replied) override;
  void on_expired() override;
  void on_aged(const Object& object, StreamId last_dropped) override;
  void on_forgotten(const Object& object, uint64_t count) override;
  void on_evicted(const Object& object) override;

  void note(const std::string& text);
  void mix(uint64_t value) { hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15ULL; }

  bool trace_;
  uint64_t hash_ = 0;
  SimRandom random_;
  SimRandom server_random_;
  SimRandom memory_random_;
  Swarm swarm_;
  SimClock clock_;
  SimDisk disk_;
  SimLoop loop_;
  SimMemory memory_;
  Workload workload_;
  Ledger ledger_;
  std::vector<SimClient> clients_;
  std::map<uint64_t, uint64_t> sessions_;  // Connections to the server's numbers of them.
  uint64_t next_session_ = 1;
  uint64_t checkpoints_ended_ = 0;  // In this life.
  uint64_t errors_before_ = 0;      // Of the disk, before this life.
  bool dropped_before_ = false;  // The life before has ended by itself, after an error of the disk.
  bool blind_ = false;
  bool rotten_ = false;  // A bit of what is durable is flipped.
  bool quiet_ = false;   // Clients say nothing new.
  uint64_t full_seen_ = 0;
  uint64_t epoch_ = 0;
  std::unique_ptr<Server> server_;
};

}  // namespace leat::sim
