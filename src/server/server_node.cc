#include "server/server_node.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "io/process.h"
#include "io/system_memory.h"

namespace leat {
namespace {

constexpr double kKilobyte = 1024;

double seconds(int64_t us) {
  return static_cast<double>(us) / kUsPerSecond;
}

}  // namespace

ServerNode::ServerNode(const io::World& world, const Config& config, Reactor& reactor)
    : world_(world),
      config_(config),
      reactor_(reactor),
      started_(world.clock.mono()),
      started_s_(world.clock.wall().value / 1000) {
  run_id_ = fmt::format("{:016x}{:016x}{:08x}", world.random.next(), world.random.next(),
                        static_cast<uint32_t>(world.random.next()));
  sample_memory();
  allocated_at_start_ = allocated_;
}

void ServerNode::sample_memory() {
  if (world_.memory == nullptr) return;
  allocated_ = world_.memory->allocated();
  allocated_peak_ = std::max(allocated_peak_, allocated_);
}

uint64_t ServerNode::count_memory(uint64_t limit) {
  if (world_.memory == nullptr) return 0;
  sample_memory();
  const uint64_t counted = allocated_ - std::min(allocated_, not_counted());
  limit_ = limit;
  handed_out_ = world_.memory->handed_out();
  room_ = std::max(limit, counted) - counted;
  return std::max(counted, limit) - limit;
}

ServerNode::Sample ServerNode::present(MonoNs now) const {
  const ReactorCounters& counters = reactor_.counters();
  return {.at = now,
          .operations = shard_->dispatcher().statistics().calls(),
          .bytes_in = counters.bytes_in,
          .bytes_out = counters.bytes_out};
}

void ServerNode::sample(MonoNs now) {
  sample_memory();
  room_ = 0;  // Other threads may have allocated.
  const Sample current = present(now);
  const double spent =
      static_cast<double>(now.value - last_.at.value) / static_cast<double>(kNsPerSecond);
  // A counter that was reset meanwhile is behind its last sample.
  const auto rate = [spent](uint64_t was, uint64_t is) {
    return is < was || spent <= 0 ? 0.0 : static_cast<double>(is - was) / spent;
  };
  operations_per_s_ = rate(last_.operations, current.operations);
  input_kb_per_s_ = rate(last_.bytes_in, current.bytes_in) / kKilobyte;
  output_kb_per_s_ = rate(last_.bytes_out, current.bytes_out) / kKilobyte;
  last_ = current;
}

void ServerNode::add_clients(NodeFacts& facts) const {
  for (const auto& [id, connection] : reactor_.connections()) {
    if (connection->dead) continue;
    ++facts.clients;
    if (connection->held_back()) ++facts.clients_blocked;
    if (connection->blocked() && connection->parked->deadline) ++facts.clients_with_deadline;
    if (connection->session.subscribed()) ++facts.clients_pubsub;
    facts.input_largest = std::max<uint64_t>(facts.input_largest, connection->unread().size());
    facts.output_largest = std::max<uint64_t>(facts.output_largest, connection->output.pending());
    facts.clients_bytes +=
        sizeof(Connection) + connection->input.capacity() + connection->output.capacity();
  }
  facts.clients_max = config_.limits.clients_max;
  facts.long_replies = shard_->long_replies().size();
  facts.long_replies_held = shard_->long_replies().held_bytes();
  facts.clients_bytes += facts.long_replies_held;
}

void ServerNode::add_memory(NodeFacts& facts) const {
  const io::AllocatorFacts allocator = io::allocator_facts();
  facts.allocated = allocated_;
  facts.allocated_peak = allocated_peak_;
  facts.allocated_at_start = allocated_at_start_;
  facts.resident = io::resident_bytes();
  facts.system_memory = io::memory_limit_bytes();
  facts.log_buffers = shard_->log().buffer_bytes();
  facts.memory_not_counted = not_counted();
  facts.allocator = allocator.name;
  facts.allocator_allocated = allocator.allocated;
  facts.allocator_active = allocator.active;
  facts.allocator_resident = allocator.resident;
  facts.allocator_backed_ahead = allocator.backed_ahead;
}

void ServerNode::add_traffic(NodeFacts& facts) const {
  const ReactorCounters& counters = reactor_.counters();
  facts.connections_received = counters.connections_received;
  facts.connections_rejected = counters.connections_rejected;
  facts.bytes_in = counters.bytes_in;
  facts.bytes_out = counters.bytes_out;
  facts.turns = counters.turns;
  facts.turns_us = counters.turns_ns / kNsPerUs;
  facts.longest_turn_us = counters.longest_turn_ns / kNsPerUs;
  facts.longest_turn_cpu_us = counters.longest_turn_cpu_ns / kNsPerUs;
  facts.reads = counters.reads;
  facts.writes = counters.writes;
  facts.output_limit_disconnections = counters.output_limit_disconnections;
  facts.reaped = counters.reaped;
  facts.operations_per_s = operations_per_s_;
  facts.input_kb_per_s = input_kb_per_s_;
  facts.output_kb_per_s = output_kb_per_s_;
}

void ServerNode::add_log(NodeFacts& facts) const {
  const Log::Facts log = shard_->log().facts();
  facts.log_bytes = log.bytes;
  facts.log_segments = log.segments;
  facts.log_commits = log.commits;
  facts.log_syncs = log.syncs;
  facts.log_epoch = log.epoch;
  facts.log_appended = log.bytes_appended;
  facts.log_last_sync_us = log.last_sync_ns / 1000;
  facts.log_recovered_records = shard_->recovery().records;
  facts.checkpoint = checkpoint();
  facts.written = shard_->log().written_lsn();
  facts.durable = shard_->log().durable_lsn();
}

void ServerNode::add_loading(NodeFacts& facts) const {
  const Loading& loading = shard_->loading();
  if (!loading.active) return;
  facts.loading = true;
  facts.loading_start_s = started_s_;
  facts.loading_total = loading.total;
  facts.loading_done = loading.done;
  const auto left = static_cast<double>(loading.total - std::min(loading.done, loading.total));
  const auto spent = static_cast<double>(world_.clock.mono().value - started_.value);
  if (loading.done != 0) {
    facts.loading_left_s = static_cast<int64_t>(spent / static_cast<double>(kNsPerSecond) * left /
                                                static_cast<double>(loading.done));
  }
}

void ServerNode::add_frames(NodeFacts& facts) const {
  if (!shard_->frames().opened()) return;
  const FrameFiles::Facts frames = shard_->frames().files().facts();
  facts.frame_files = frames.files;
  facts.frame_bytes = frames.bytes;
  facts.frame_bytes_live = frames.bytes_live;
  facts.frame_bytes_sealed = frames.sealed_bytes;
  facts.frames_rewritten = frames.rewritten;
}

NodeFacts ServerNode::facts() {
  sample_memory();
  NodeFacts facts;
  facts.backend = config_.backend_name;
  facts.executable = io::executable_path();
  facts.config_file = config_.file;
  facts.operating_system = io::operating_system();
  facts.sync_mode = config_.values.text("appendfsync");
  facts.directory = config_.directory;
  facts.port = config_.port;
  facts.process_id = io::process_id();
  facts.uptime_s = (world_.clock.mono().value - started_.value) / kNsPerSecond;
  add_memory(facts);
  add_clients(facts);
  add_traffic(facts);
  add_log(facts);
  add_loading(facts);
  add_frames(facts);
  const io::CpuTimes process = io::cpu_times(io::CpuScope::kProcess);
  const io::CpuTimes thread = io::cpu_times(io::CpuScope::kCallingThread);
  facts.cpu_system_s = seconds(process.system_us);
  facts.cpu_user_s = seconds(process.user_us);
  facts.cpu_system_thread_s = seconds(thread.system_us);
  facts.cpu_user_thread_s = seconds(thread.user_us);
  return facts;
}

void ServerNode::reset_counters() {
  shard_->dispatcher().statistics().reset();
  reactor_.counters() = {};
  allocated_peak_ = allocated_;
}

CheckpointFacts ServerNode::checkpoint() const {
  if (const CheckpointRunner* const checkpoints = shard_->checkpoints())
    return checkpoints->facts();
  CheckpointFacts none;
  none.published_s = started_s_;
  return none;
}

uint64_t ServerNode::make_checkpoint(CheckpointReason reason) {
  CheckpointRunner* const checkpoints = shard_->checkpoints();
  return checkpoints == nullptr ? 1 : checkpoints->request(reason);
}

// While it loads, nothing has changed that could be saved.
void ServerNode::shut_down_after(uint64_t checkpoint, bool force) {
  if (shard_->checkpoints() == nullptr) return shut_down();
  shutdown_after_ = checkpoint;
  shutdown_forced_ = force;
  shutdown_client_ = reactor_.executing()->session.id;
}

bool ServerNode::abort_shutdown() {
  if (std::exchange(shutdown_after_, 0) <= checkpoint().ended) return false;
  if (Connection* const waiting = reactor_.find(shutdown_client_)) {
    reactor_.unpark(*waiting, [](ReplyWriter& writer) {
      writer.error("ERR Errors trying to SHUTDOWN. Check logs.");
    });
  }
  return true;
}

// Asked after every turn, so the turn in which that checkpoint ended is never missed.
bool ServerNode::shutdown_requested() const {
  if (shutdown_requested_ || shutdown_after_ == 0) return shutdown_requested_;
  const CheckpointFacts facts = checkpoint();
  return facts.ended == shutdown_after_ && (facts.last_ok || shutdown_forced_);
}

}  // namespace leat
