// ServerNode: the running process, as INFO and the persistence commands see it.
#pragma once

#include <string>

#include "command/latency_events.h"
#include "command/node_host.h"
#include "command/slow_log.h"
#include "io/io.h"
#include "server/config.h"
#include "server/reactor.h"
#include "server/shard.h"

namespace leat {

class ServerNode : public NodeHost {
 public:
  ServerNode(const io::World& world, const Config& config, Reactor& reactor);
  void serve(Shard& shard) { shard_ = &shard; }

  [[nodiscard]] NodeFacts facts() override;
  [[nodiscard]] const std::string& run_id() const override { return run_id_; }
  void reset_counters() override;
  [[nodiscard]] Lsn durable() const override { return shard_->log().durable_lsn(); }
  void sync_soon() override { shard_->log().sync_up_to(shard_->engine().last_lsn()); }
  [[nodiscard]] CheckpointFacts checkpoint() const override;
  uint64_t make_checkpoint(CheckpointReason reason) override;
  void shut_down() override { shutdown_requested_ = true; }
  void shut_down_after(uint64_t checkpoint, bool force) override;
  bool abort_shutdown() override;
  [[nodiscard]] SlowLog& slow_log() override { return slow_log_; }
  [[nodiscard]] LatencyEvents& latency_events() override { return latency_events_; }

  [[nodiscard]] bool shutdown_requested() const;
  // About once a second: rates, memory.
  void sample(MonoNs now);
  // By how many bytes that which counts against maxmemory exceeds `limit`: what is allocated, less what does not shrink
  // when a key goes, is bounded by a directive of its own, or was dropped and is about to be freed. As long as what was
  // left below the limit the last time can't have been used up since, nothing is counted.
  [[nodiscard]] uint64_t memory_over(uint64_t limit) {
    if (limit == limit_ && world_.memory->handed_out() - handed_out_ < room_) [[likely]]
      return 0;
    return count_memory(limit);
  }
  // Looks at what is allocated now, and remembers the peak.
  void sample_memory();

 private:
  // What rates are computed from.
  struct Sample {
    MonoNs at{0};
    uint64_t operations = 0;
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
  };
  void add_clients(NodeFacts& facts) const;
  void add_traffic(NodeFacts& facts) const;
  void add_log(NodeFacts& facts) const;
  void add_loading(NodeFacts& facts) const;
  void add_frames(NodeFacts& facts) const;
  [[nodiscard]] Sample present(MonoNs now) const;
  [[nodiscard]] uint64_t not_counted() const {
    return shard_->log().buffer_bytes() + shard_->engine().dropped_bytes() +
           shard_->engine().cached_bytes();
  }
  void add_memory(NodeFacts& facts) const;
  [[nodiscard]] uint64_t count_memory(uint64_t limit);

  io::World world_;
  const Config& config_;
  Reactor& reactor_;
  Shard* shard_ = nullptr;
  std::string run_id_;
  MonoNs started_;
  int64_t started_s_ = 0;  // Unix time.
  bool shutdown_requested_ = false;
  uint64_t shutdown_after_ = 0;  // The checkpoint that a shutdown waits for; 0: none does.
  bool shutdown_forced_ = false;
  ClientId shutdown_client_;
  SlowLog slow_log_;
  LatencyEvents latency_events_;
  // When it was last counted for this limit: what was left below it, and what had been handed out by then.
  uint64_t limit_ = 0;
  uint64_t room_ = 0;
  uint64_t handed_out_ = 0;
  uint64_t allocated_ = 0;  // When it was last looked at.
  uint64_t allocated_peak_ = 0;
  uint64_t allocated_at_start_ = 0;
  Sample last_;
  double operations_per_s_ = 0;
  double input_kb_per_s_ = 0;
  double output_kb_per_s_ = 0;
};

}  // namespace leat
