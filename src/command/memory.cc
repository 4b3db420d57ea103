// MEMORY.
#include <algorithm>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/server_commands.h"
#include "command/subcommands.h"

namespace leat {
namespace {

double percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

uint64_t keys_of(const Keyspace& keyspace) {
  uint64_t keys = 0;
  for (uint32_t db = 0; db < keyspace.databases(); ++db) keys += keyspace.size(DbIndex{db});
  return keys;
}

void reply_count(ReplyWriter& reply, Bytes name, uint64_t value) {
  reply.bulk(name);
  reply.integer(static_cast<int64_t>(value));
}

void reply_ratio(ReplyWriter& reply, Bytes name, double value) {
  reply.bulk(name);
  reply.real(value);
}

}  // namespace

// MEMORY USAGE key [SAMPLES count]  ->  integer: bytes; null when there is no such key.
// Source: redis.io/docs/latest/commands/memory-usage
void cmd_memory_usage(Context& context, const Arguments& words) {
  for (size_t i = 3; i < words.size(); i += 2) {
    if (!same_word(words[i], "samples") || i + 1 == words.size()) return context.error(kErrSyntax);
    const auto samples = parse_int64(words[i + 1]);
    if (!samples) return context.error(kErrNotInteger);
    if (*samples < 0) return context.error(kErrSyntax);
  }
  const Object* const object = context.peek(words[2]);
  if (object == nullptr) return context.reply().null();
  context.reply().integer(static_cast<int64_t>(memory_of(*object)));
}

// MEMORY STATS  ->  map
// Source: redis.io/docs/latest/commands/memory-stats
void cmd_memory_stats(Context& context, const Arguments& /*words*/) {
  const NodeFacts facts = context.host().node().facts();
  const uint64_t overhead = std::min(facts.heap, facts.heap_at_start + facts.clients_bytes);
  const uint64_t dataset = facts.heap - overhead;
  const uint64_t keys = keys_of(context.engine().keyspace());
  ReplyWriter& reply = context.reply();
  reply.map(18);
  reply_count(reply, "peak.allocated", facts.heap_peak);
  reply_count(reply, "total.allocated", facts.heap);
  reply_count(reply, "startup.allocated", facts.heap_at_start);
  reply_count(reply, "replication.backlog", 0);
  reply_count(reply, "clients.slaves", 0);
  reply_count(reply, "clients.normal", facts.clients_bytes);
  reply_count(reply, "cluster.links", 0);
  reply_count(reply, "aof.buffer", 0);
  reply_count(reply, "lua.caches", 0);
  reply_count(reply, "functions.caches", 0);
  reply_count(reply, "overhead.total", overhead);
  reply_count(reply, "keys.count", keys);
  reply_count(reply, "keys.bytes-per-key", keys == 0 ? 0 : dataset / keys);
  reply_count(reply, "dataset.bytes", dataset);
  reply_ratio(reply, "dataset.percentage", percent(dataset, facts.heap));
  reply_ratio(reply, "peak.percentage", percent(facts.heap, facts.heap_peak));
  reply_ratio(reply, "fragmentation", percent(facts.resident, facts.heap) / 100);
  reply.bulk("fragmentation.bytes");
  reply.integer(static_cast<int64_t>(facts.resident) - static_cast<int64_t>(facts.heap));
}

// MEMORY DOCTOR  ->  verbatim string for humans.
void cmd_memory_doctor(Context& context, const Arguments& /*words*/) {
  const NodeFacts facts = context.host().node().facts();
  std::string text =
      fmt::format("{} bytes are in use, {} at most so far; the process occupies {}.\n", facts.heap,
                  facts.heap_peak, facts.resident);
  const uint64_t limit = context.settings().memory_max;
  if (limit != 0 && facts.heap > limit) {
    text += "More than maxmemory: commands that add data are refused.\n";
  }
  if (facts.system_memory != 0 && facts.resident > facts.system_memory / 10 * 9) {
    text += "That is more than 90 % of what the system grants: it may end the process.\n";
  }
  context.reply().verbatim("txt", text);
}

// MEMORY MALLOC-STATS  ->  string
void cmd_memory_malloc_stats(Context& context, const Arguments& /*words*/) {
  context.reply().bulk("Stats not supported for the current allocator");
}

// MEMORY PURGE  ->  OK; the allocator gives back by itself.
void cmd_memory_purge(Context& context, const Arguments& /*words*/) {
  context.reply().ok();
}

void cmd_memory_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "DOCTOR",
      "    Says in words how memory is used.",
      "MALLOC-STATS",
      "    Replies what the allocator says about itself.",
      "PURGE",
      "    Asks the allocator to give memory back.",
      "STATS",
      "    Replies how memory is used.",
      "USAGE <key> [SAMPLES <count>]",
      "    Replies how many bytes a key holds.",
  };
  reply_help(context, words, kLines);
}

}  // namespace leat
