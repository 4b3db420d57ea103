// MEMORY.
#include <algorithm>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/server_commands.h"
#include "command/subcommands.h"

namespace leat {
namespace {

// Below this, what the process occupies is mostly its program and first buffers.
constexpr uint64_t kSparseFrom = uint64_t{64} << 20;

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

// How much larger `part` is than `whole`, as a ratio and in bytes.
struct Relation {
  Bytes ratio;
  Bytes bytes;
  uint64_t part = 0;
  uint64_t whole = 0;
};

void reply_relation(ReplyWriter& reply, const Relation& relation) {
  reply_ratio(reply, relation.ratio, percent(relation.part, relation.whole) / 100);
  reply.bulk(relation.bytes);
  reply.integer(static_cast<int64_t>(relation.part) - static_cast<int64_t>(relation.whole));
}

// From what is in use, by way of what the allocator holds, to what the system sees.
void reply_allocator(ReplyWriter& reply, const NodeFacts& facts) {
  reply_count(reply, "allocator.allocated", facts.allocator_allocated);
  reply_count(reply, "allocator.active", facts.allocator_active);
  reply_count(reply, "allocator.resident", facts.allocator_resident);
  reply_relation(reply, {"allocator-fragmentation.ratio", "allocator-fragmentation.bytes",
                         facts.allocator_active, facts.allocator_allocated});
  reply_relation(reply, {"allocator-rss.ratio", "allocator-rss.bytes", facts.allocator_resident,
                         facts.allocator_active});
  reply_relation(reply, {"rss-overhead.ratio", "rss-overhead.bytes", facts.resident,
                         facts.allocator_resident});
}

}  // namespace

// MEMORY USAGE key [SAMPLES count]  ->  integer: bytes; null when there is no such key. Extrapolated from five fields,
// blocks and groups, or `count`; all with 0.
// Source: redis.io/docs/latest/commands/memory-usage
void cmd_memory_usage(Context& context, const Arguments& words) {
  constexpr int64_t kSamplesUsual = 5;
  int64_t count = kSamplesUsual;
  for (size_t i = 3; i < words.size(); i += 2) {
    if (!same_word(words[i], "samples") || i + 1 == words.size()) return context.error(kErrSyntax);
    const auto samples = parse_int64(words[i + 1]);
    if (!samples) return context.error(kErrNotInteger);
    if (*samples < 0) return context.error(kErrSyntax);
    count = *samples;
  }
  const Object* const object = context.live(words[2]);
  if (object == nullptr) return context.reply().null();
  const size_t samples = count == 0 ? ~size_t{0} : static_cast<size_t>(count);
  context.reply().integer(static_cast<int64_t>(memory_of(*object, samples)));
}

// MEMORY STATS  ->  map
// Source: redis.io/docs/latest/commands/memory-stats
void cmd_memory_stats(Context& context, const Arguments& /*words*/) {
  const NodeFacts facts = context.host().node().facts();
  const uint64_t keys = keys_of(context.engine().keyspace());
  ReplyWriter& reply = context.reply();
  reply.map(27);
  reply_count(reply, "peak.allocated", facts.allocated_peak);
  reply_count(reply, "total.allocated", facts.allocated);
  reply_count(reply, "startup.allocated", facts.allocated_at_start);
  reply_count(reply, "replication.backlog", 0);
  reply_count(reply, "clients.slaves", 0);
  reply_count(reply, "clients.normal", facts.clients_bytes);
  reply_count(reply, "cluster.links", 0);
  reply_count(reply, "aof.buffer", facts.log_buffers);
  reply_count(reply, "lua.caches", 0);
  reply_count(reply, "functions.caches", 0);
  reply_count(reply, "overhead.total", facts.overhead());
  reply_count(reply, "keys.count", keys);
  reply_count(reply, "keys.bytes-per-key", keys == 0 ? 0 : facts.dataset() / keys);
  reply_count(reply, "dataset.bytes", facts.dataset());
  reply_ratio(reply, "dataset.percentage", percent(facts.dataset(), facts.allocated));
  reply_ratio(reply, "peak.percentage", percent(facts.allocated, facts.allocated_peak));
  reply_allocator(reply, facts);
  reply_relation(reply, {"fragmentation", "fragmentation.bytes", facts.resident, facts.allocated});
}

// MEMORY DOCTOR  ->  verbatim string for humans.
void cmd_memory_doctor(Context& context, const Arguments& /*words*/) {
  const NodeFacts facts = context.host().node().facts();
  const Settings& settings = context.settings();
  std::string text =
      fmt::format("{} bytes are in use, {} at most so far; the process occupies {}.\n",
                  facts.allocated, facts.allocated_peak, facts.resident);
  if (context.host().memory_excess() != 0) {
    text += settings.eviction == EvictionPolicy::kNone
                ? "More than maxmemory: commands that add data are refused.\n"
                : "More than maxmemory: keys are dropped, or commands that add data are refused.\n";
  }
  if (facts.resident > kSparseFrom && facts.resident / 2 > facts.allocated) {
    text +=
        "The process occupies more than twice of what is in use: what was freed is returned "
        "within some ten seconds, but for pages on which something is still in use.\n";
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

// MEMORY PURGE  ->  OK; the allocator returns by itself what has been free for some seconds, and all at once would
// stop everybody.
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
