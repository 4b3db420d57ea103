#include "command/info_sections.h"

#include <algorithm>
#include <vector>

#include "base/time.h"
#include "base/version.h"
#include "command/command_table.h"
#include "command/dispatcher.h"
#include "command/redis_version.h"

namespace leat {
namespace {

constexpr double kKibi = 1024;
constexpr int64_t kSecondsPerDay = 86'400;
constexpr std::string_view kNoReplication = "0000000000000000000000000000000000000000";

// "0", "1", "2", "4" ... "512", "1K" ...: the smallest size of the class.
std::string size_class_name(size_t size_class) {
  if (size_class == 0) return "0";
  constexpr Bytes kUnits[] = {"", "K", "M", "G", "T", "P", "E"};
  const size_t power = size_class - 1;
  return fmt::format("{}{}", 1U << power % 10, kUnits[power / 10]);
}

std::string for_humans(uint64_t bytes) {
  constexpr std::string_view kUnits[] = {"B", "K", "M", "G", "T", "P"};
  if (bytes < 1024) return fmt::format("{}B", bytes);
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= kKibi && unit + 1 < std::size(kUnits); ++unit) value /= kKibi;
  return fmt::format("{:.2f}{}", value, kUnits[unit]);
}

double ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// The statistics of all commands that ran or were refused, by full name.
std::vector<std::pair<std::string_view, const CommandStatistics*>> commands_by_name(
    Context& context) {
  std::vector<std::pair<std::string_view, const CommandStatistics*>> commands;
  for (const auto& [spec, statistics] : context.dispatcher().statistics().commands()) {
    commands.emplace_back(full_name(*spec), &statistics);
  }
  std::sort(commands.begin(), commands.end());
  return commands;
}

}  // namespace

void InfoText::bytes(Bytes name, uint64_t value) {
  line(name, value);
  line(fmt::format("{}_human", name), for_humans(value));
}

void info_server(Context& context, const NodeFacts& facts, InfoText& text) {
  const int64_t now = context.host().wall_us();
  text.section("Server");
  text.line("redis_version", kRedisVersion);
  text.line("leat_version", version());
  text.line("redis_git_sha1", "00000000");
  text.line("redis_git_dirty", 0);
  text.line("redis_build_id", "0000000000000000");
  text.line("redis_mode", "standalone");
  text.line("os", facts.operating_system);
  text.line("arch_bits", 64);
  text.line("monotonic_clock", "POSIX clock_gettime");
  text.line("multiplexing_api", facts.backend);
  text.line("atomicvar_api", "c11-builtin");
  text.line("gcc_version", fmt::format("{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__));
  text.line("process_id", facts.process_id);
  text.line("process_supervised", "no");
  text.line("run_id", context.host().node().run_id());
  text.line("tcp_port", facts.port);
  text.line("server_time_usec", now);
  text.line("uptime_in_seconds", facts.uptime_s);
  text.line("uptime_in_days", facts.uptime_s / kSecondsPerDay);
  text.line("hz", 10);
  text.line("configured_hz", 10);
  text.line("lru_clock", (now / kUsPerSecond) & 0xffffff);
  text.line("executable", facts.executable);
  text.line("config_file", facts.config_file);
  text.line("io_threads_active", 0);
}

void info_clients(Context& context, const NodeFacts& facts, InfoText& text) {
  text.section("Clients");
  text.line("connected_clients", facts.clients);
  text.line("cluster_connections", 0);
  text.line("maxclients", facts.clients_max);
  text.line("client_recent_max_input_buffer", facts.input_largest);
  text.line("client_recent_max_output_buffer", facts.output_largest);
  text.line("blocked_clients", facts.clients_blocked);
  text.line("tracking_clients", context.tracking().clients());
  text.line("pubsub_clients", facts.clients_pubsub);
  text.line("watching_clients", context.watches().watching_clients());
  text.line("clients_in_timeout_table", facts.clients_with_deadline);
  text.line("total_blocking_keys", context.waits().keys());
  text.line("total_blocking_keys_on_nokey", context.waits().keys_on_absence());
  text.line("leat_tracking_bytes", context.tracking().bytes());
  text.line("leat_long_replies", facts.long_replies);
  text.line("leat_long_replies_held_bytes", facts.long_replies_held);
}

void info_memory(Context& context, const NodeFacts& facts, InfoText& text) {
  const uint64_t used = facts.allocated;
  const auto difference = [](uint64_t a, uint64_t b) {
    return static_cast<int64_t>(a) - static_cast<int64_t>(b);
  };
  text.section("Memory");
  text.bytes("used_memory", used);
  text.bytes("used_memory_rss", facts.resident);
  text.bytes("used_memory_peak", facts.allocated_peak);
  text.line("used_memory_peak_perc",
            fmt::format("{:.2f}%", 100 * ratio(used, facts.allocated_peak)));
  text.line("used_memory_overhead", facts.overhead());
  text.line("used_memory_startup", facts.allocated_at_start);
  text.line("used_memory_dataset", facts.dataset());
  text.line("used_memory_dataset_perc",
            fmt::format("{:.2f}%", 100 * ratio(facts.dataset(),
                                               used - std::min(used, facts.allocated_at_start))));
  text.line("allocator_allocated", facts.allocator_allocated);
  text.line("allocator_active", facts.allocator_active);
  text.line("allocator_resident", facts.allocator_resident);
  text.bytes("total_system_memory", facts.system_memory);
  text.bytes("used_memory_lua", 0);
  text.bytes("used_memory_scripts", 0);
  text.line("number_of_cached_scripts", 0);
  text.line("number_of_functions", 0);
  text.line("number_of_libraries", 0);
  text.bytes("maxmemory", context.settings().memory_max);
  text.line("maxmemory_policy", policy_name(context.settings().eviction));
  text.real("allocator_frag_ratio", ratio(facts.allocator_active, facts.allocator_allocated), 2);
  text.line("allocator_frag_bytes", difference(facts.allocator_active, facts.allocator_allocated));
  text.real("allocator_rss_ratio", ratio(facts.allocator_resident, facts.allocator_active), 2);
  text.line("allocator_rss_bytes", difference(facts.allocator_resident, facts.allocator_active));
  text.real("rss_overhead_ratio", ratio(facts.resident, facts.allocator_resident), 2);
  text.line("rss_overhead_bytes", difference(facts.resident, facts.allocator_resident));
  text.real("mem_fragmentation_ratio", ratio(facts.resident, used), 2);
  text.line("mem_fragmentation_bytes", difference(facts.resident, used));
  text.line("mem_not_counted_for_evict", facts.memory_not_counted);
  text.line("mem_replication_backlog", 0);
  text.line("mem_total_replication_buffers", 0);
  text.line("mem_clients_slaves", 0);
  text.line("mem_clients_normal", facts.clients_bytes);
  text.line("mem_cluster_links", 0);
  text.line("mem_aof_buffer", facts.log_buffers);
  text.line("mem_allocator", facts.allocator);
  text.line("leat_heap_backed_ahead_bytes", facts.allocator_backed_ahead);
  text.line("active_defrag_running", 0);
  text.line("lazyfree_pending_objects", context.engine().unreaped());
  text.line("lazyfreed_objects", facts.reaped);
}

// A checkpoint is shown as what its command would have made in Redis: a snapshot, or a rewritten log.
void info_saving(Context& context, const CheckpointFacts& facts, InfoText& text) {
  const bool rewrite = facts.reason == CheckpointReason::kRewrite;
  const bool last_rewrite = facts.last_reason == CheckpointReason::kRewrite;
  const bool waits = facts.requested == CheckpointReason::kRewrite;
  text.line("rdb_changes_since_last_save", context.engine().unsaved_changes());
  text.line("rdb_bgsave_in_progress", facts.running && !rewrite ? 1 : 0);
  text.line("rdb_last_save_time", facts.published_s);
  text.line("rdb_last_bgsave_status", facts.last_ok ? "ok" : "err");
  text.line("rdb_last_bgsave_time_sec", last_rewrite ? -1 : facts.last_duration_s);
  text.line("rdb_current_bgsave_time_sec", rewrite ? -1 : facts.running_s);
  text.line("rdb_saves", facts.published);
  text.line("rdb_last_cow_size", 0);
  text.line("aof_enabled", 1);
  text.line("aof_rewrite_in_progress", facts.running && rewrite ? 1 : 0);
  text.line("aof_rewrite_scheduled", waits ? 1 : 0);
  text.line("aof_last_rewrite_time_sec", last_rewrite ? facts.last_duration_s : -1);
  text.line("aof_current_rewrite_time_sec", rewrite ? facts.running_s : -1);
  text.line("aof_last_bgrewrite_status", facts.last_ok ? "ok" : "err");
  text.line("aof_rewrites", facts.rewrites);
  text.line("aof_rewrites_consecutive_failures", 0);
}

void info_persistence(Context& context, const NodeFacts& facts, InfoText& text) {
  text.section("Persistence");
  text.line("loading", facts.loading ? 1 : 0);
  text.line("async_loading", 0);
  text.line("current_cow_peak", 0);
  text.line("current_cow_size", 0);
  text.line("current_cow_size_age", 0);
  text.real("current_fork_perc", 0, 2);
  text.line("current_save_keys_processed", 0);
  text.line("current_save_keys_total", 0);
  info_saving(context, facts.checkpoint, text);
  text.line("rdb_last_load_keys_expired", 0);
  text.line("rdb_last_load_keys_loaded", facts.log_recovered_records);
  text.line("aof_last_write_status", "ok");
  text.line("aof_last_cow_size", 0);
  text.line("module_fork_in_progress", 0);
  text.line("module_fork_last_cow_size", 0);
  text.line("aof_current_size", facts.log_bytes);
  text.line("aof_base_size", facts.checkpoint.bytes);
  text.line("aof_pending_rewrite", 0);
  text.line("aof_buffer_length", facts.log_buffers);
  text.line("aof_pending_bio_fsync", facts.written > facts.durable ? 1 : 0);
  text.line("aof_delayed_fsync", 0);
  text.line("leat_appendfsync", facts.sync_mode);
  text.line("leat_log_epoch", facts.log_epoch);
  text.line("leat_log_segments", facts.log_segments);
  text.line("leat_log_appended_bytes", facts.log_appended);
  text.line("leat_log_commits", facts.log_commits);
  text.line("leat_log_syncs", facts.log_syncs);
  text.line("leat_log_last_sync_usec", facts.log_last_sync_us);
  text.line("leat_last_lsn", context.engine().last_lsn().value);
  text.line("leat_written_lsn", facts.written.value);
  text.line("leat_durable_lsn", facts.durable.value);
  text.line("leat_checkpoint_lsn", facts.checkpoint.lsn.value);
  text.line("leat_checkpoint_bytes", facts.checkpoint.bytes);
  text.line("leat_checkpoint_log_bytes", facts.checkpoint.log_bytes);
  if (!facts.loading) return;
  text.line("loading_start_time", facts.loading_start_s);
  text.line("loading_total_bytes", facts.loading_total);
  text.line("loading_rdb_used_mem", 0);
  text.line("loading_loaded_bytes", facts.loading_done);
  text.real("loading_loaded_perc", 100 * ratio(facts.loading_done, facts.loading_total), 2);
  text.line("loading_eta_seconds", facts.loading_left_s);
}

// What of the streams is sealed on disk, and what of that is open.
void info_frames(Context& context, const NodeFacts& facts, InfoText& text) {
  const FrameCache& cache = context.engine().share().frames;
  const SealQueue& seals = context.engine().share().seals;
  text.section("Frames");
  text.line("leat_frames", cache.fences());
  text.line("leat_frame_files", facts.frame_files);
  text.line("leat_frame_file_bytes", facts.frame_bytes);
  text.line("leat_frame_live_bytes", facts.frame_bytes_live);
  text.line("leat_frames_sealed", seals.counters().sealed);
  text.line("leat_frames_sealed_bytes", facts.frame_bytes_sealed);
  text.line("leat_frames_sealed_memory_bytes", seals.counters().sealed_bytes);
  text.line("leat_frames_outdated", seals.counters().outdated);
  text.line("leat_frames_failed", seals.counters().failed);
  text.line("leat_frames_rewritten", facts.frames_rewritten);
  text.line("leat_hot_bytes", seals.hot_bytes());
  text.line("leat_frame_cache_bytes", cache.bytes());
  text.line("leat_frame_cache_limit", cache.limit());
  text.line("leat_frame_cache_hits", cache.counters().hits);
  text.line("leat_frame_cache_misses", cache.counters().misses);
  text.line("leat_cold_reads_blocking", cache.counters().loads);
  text.line("leat_cold_reads_at_start", cache.counters().loads_at_start);
  text.line("leat_cold_reads_debug", cache.counters().loads_checking);
  text.line("leat_cold_read_failures", cache.counters().failures);
}

void info_stats(Context& context, const NodeFacts& facts, InfoText& text) {
  const Statistics& statistics = context.dispatcher().statistics();
  Subscriptions& subscriptions = context.host().subscriptions();
  text.section("Stats");
  text.line("total_connections_received", facts.connections_received);
  text.line("total_commands_processed", statistics.calls());
  text.line("instantaneous_ops_per_sec", static_cast<uint64_t>(facts.operations_per_s));
  text.line("total_net_input_bytes", facts.bytes_in);
  text.line("total_net_output_bytes", facts.bytes_out);
  text.line("total_net_repl_input_bytes", 0);
  text.line("total_net_repl_output_bytes", 0);
  text.real("instantaneous_input_kbps", facts.input_kb_per_s, 2);
  text.real("instantaneous_output_kbps", facts.output_kb_per_s, 2);
  text.real("instantaneous_input_repl_kbps", 0, 2);
  text.real("instantaneous_output_repl_kbps", 0, 2);
  text.line("rejected_connections", facts.connections_rejected);
  text.line("sync_full", 0);
  text.line("sync_partial_ok", 0);
  text.line("sync_partial_err", 0);
  text.line("expired_keys", statistics.expired());
  text.real("expired_stale_perc", 0, 2);
  text.line("expired_time_cap_reached_count", 0);
  text.line("expire_cycle_cpu_milliseconds", 0);
  text.line("evicted_keys", statistics.evicted());
  text.line("evicted_clients", 0);
  text.line("total_eviction_exceeded_time", 0);
  text.line("current_eviction_exceeded_time", 0);
  text.line("keyspace_hits", statistics.hits());
  text.line("keyspace_misses", statistics.misses());
  text.line("pubsub_channels", subscriptions.channels(ChannelKind::kChannel).size());
  text.line("pubsub_patterns", subscriptions.channels(ChannelKind::kPattern).size());
  text.line("pubsubshard_channels", subscriptions.channels(ChannelKind::kShard).size());
  text.line("latest_fork_usec", 0);
  text.line("total_forks", 0);
  text.line("migrate_cached_sockets", 0);
  text.line("slave_expires_tracked_keys", 0);
  text.line("active_defrag_hits", 0);
  text.line("active_defrag_misses", 0);
  text.line("active_defrag_key_hits", 0);
  text.line("active_defrag_key_misses", 0);
  text.line("tracking_total_keys", context.tracking().keys());
  text.line("tracking_total_items", context.tracking().items());
  text.line("tracking_total_prefixes", context.tracking().prefixes());
  text.line("unexpected_error_replies", 0);
  text.line("total_error_replies", statistics.errors());
  text.line("dump_payload_sanitizations", 0);
  text.line("total_reads_processed", facts.reads);
  text.line("total_writes_processed", facts.writes);
  text.line("io_threaded_reads_processed", 0);
  text.line("io_threaded_writes_processed", 0);
  text.line("client_output_buffer_limit_disconnections", facts.output_limit_disconnections);
  text.line("eventloop_cycles", facts.turns);
  text.line("eventloop_duration_sum", facts.turns_us);
  text.line("leat_longest_turn_usec", facts.longest_turn_us);
  text.line("leat_longest_turn_cpu_usec", facts.longest_turn_cpu_us);
}

void info_replication(Context& context, const NodeFacts& /*facts*/, InfoText& text) {
  text.section("Replication");
  text.line("role", "master");
  text.line("connected_slaves", 0);
  text.line("master_failover_state", "no-failover");
  text.line("master_replid", context.host().node().run_id());
  text.line("master_replid2", kNoReplication);
  text.line("master_repl_offset", context.engine().last_lsn().value);
  text.line("second_repl_offset", -1);
  text.line("repl_backlog_active", 0);
  text.line("repl_backlog_size", 1 << 20);
  text.line("repl_backlog_first_byte_offset", 0);
  text.line("repl_backlog_histlen", 0);
}

void info_cpu(Context& /*context*/, const NodeFacts& facts, InfoText& text) {
  text.section("CPU");
  text.real("used_cpu_sys", facts.cpu_system_s, 6);
  text.real("used_cpu_user", facts.cpu_user_s, 6);
  text.real("used_cpu_sys_children", 0, 6);
  text.real("used_cpu_user_children", 0, 6);
  text.real("used_cpu_sys_main_thread", facts.cpu_system_thread_s, 6);
  text.real("used_cpu_user_main_thread", facts.cpu_user_thread_s, 6);
}

void info_modules(Context& /*context*/, const NodeFacts& /*facts*/, InfoText& text) {
  text.section("Modules");
}

void info_commandstats(Context& context, const NodeFacts& /*facts*/, InfoText& text) {
  text.section("Commandstats");
  for (const auto& [name, statistics] : commands_by_name(context)) {
    const double us = static_cast<double>(statistics->duration_ns) / kNsPerUs;
    const double per_call =
        statistics->calls == 0 ? 0 : us / static_cast<double>(statistics->calls);
    text.line(fmt::format("cmdstat_{}", name),
              fmt::format("calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={}",
                          statistics->calls, static_cast<uint64_t>(us), per_call,
                          statistics->rejected, statistics->failed));
  }
}

void info_errorstats(Context& context, const NodeFacts& /*facts*/, InfoText& text) {
  text.section("Errorstats");
  for (const auto& [code, count] : context.dispatcher().statistics().errors_by_code()) {
    text.line(fmt::format("errorstat_{}", code), fmt::format("count={}", count));
  }
}

void info_latencystats(Context& context, const NodeFacts& /*facts*/, InfoText& text) {
  text.section("Latencystats");
  for (const auto& [name, statistics] : commands_by_name(context)) {
    if (statistics->latencies == nullptr) continue;
    const auto us = [&latencies = *statistics->latencies](double percent) {
      return static_cast<double>(latencies.percentile(percent)) / kNsPerUs;
    };
    text.line(fmt::format("latency_percentiles_usec_{}", name),
              fmt::format("p50={:.3f},p99={:.3f},p99.9={:.3f}", us(50), us(99), us(99.9)));
  }
}

void info_cluster(Context& /*context*/, const NodeFacts& /*facts*/, InfoText& text) {
  text.section("Cluster");
  text.line("cluster_enabled", 0);
}

void info_keyspace(Context& context, const NodeFacts& /*facts*/, InfoText& text) {
  const Keyspace& keyspace = context.engine().keyspace();
  text.section("Keyspace");
  for (uint32_t db = 0; db < keyspace.databases(); ++db) {
    const size_t keys = keyspace.size(DbIndex{db});
    if (keys == 0) continue;
    text.line(fmt::format("db{}", db),
              fmt::format("keys={},expires={},avg_ttl=0", keys, keyspace.expiring(DbIndex{db})));
  }
}

// One line for each kind in each database: how many keys have which size.
void info_keysizes(Context& context, const NodeFacts& /*facts*/, InfoText& text) {
  constexpr std::pair<ObjectKind, Bytes> kKinds[] = {{ObjectKind::kString, "strings_sizes"},
                                                     {ObjectKind::kSet, "sets_items"},
                                                     {ObjectKind::kHash, "hashes_items"},
                                                     {ObjectKind::kStream, "streams_items"}};
  const Keyspace& keyspace = context.engine().keyspace();
  text.section("Keysizes");
  for (uint32_t db = 0; db < keyspace.databases(); ++db) {
    if (keyspace.size(DbIndex{db}) == 0) continue;
    for (const auto& [kind, name] : kKinds) {
      const SizeHistogram::Counts counts = keyspace.sizes(DbIndex{db}).counts(kind);
      std::vector<std::string> shown;
      for (size_t i = 0; i < counts.size(); ++i)
        if (counts[i] != 0) shown.push_back(fmt::format("{}={}", size_class_name(i), counts[i]));
      if (shown.empty()) continue;
      text.line(fmt::format("db{}_distrib_{}", db, name), fmt::format("{}", fmt::join(shown, ",")));
    }
  }
}

}  // namespace leat
