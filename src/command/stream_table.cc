// The rows of the stream commands.
#include "command/command_table.h"
#include "command/stream_commands.h"

namespace leat {
namespace {

// clang-format off
// What XINFO STREAM replies, without and with FULL.
constexpr std::string_view kStreamFacts =
    "{length: count, radix-tree-keys: count, radix-tree-nodes: count, last-generated-id: id, max-deleted-entry-id: id, entries-added: count,"
    " recorded-first-entry-id: id, idmp-duration: count, idmp-maxsize: count, pids-tracked: count, iids-tracked: count, iids-added: count,"
    " iids-duplicates: count, groups: count, first-entry: entry|null, last-entry: entry|null,"
    " bytes?: count, retention-maxlen?: count, retention-maxage-ms?: count, retention-maxbytes?: count,"
    " retention-retain?: 'any'|'unacked', retention-whenfull?: 'trim'|'reject'}|"
    "{length: count, radix-tree-keys: count, radix-tree-nodes: count, last-generated-id: id, max-deleted-entry-id: id, entries-added: count,"
    " recorded-first-entry-id: id, idmp-duration: count, idmp-maxsize: count, pids-tracked: count, iids-tracked: count, iids-added: count,"
    " iids-duplicates: count, entries: [entry ...], groups: [{name: bulk, last-delivered-id: id, entries-read: count|null, lag: count,"
    " pel-count: count, nacked-count: count, pending: [[id, consumer: bulk, delivered-ms: count, deliveries: count] ...],"
    " consumers: [{name: bulk, seen-time: count, active-time: -1|count, pel-count: count,"
    " pending: [[id, delivered-ms: count, deliveries: count] ...]} ...]} ...],"
    " bytes?: count, retention-maxlen?: count, retention-maxage-ms?: count, retention-maxbytes?: count,"
    " retention-retain?: 'any'|'unacked', retention-whenfull?: 'trim'|'reject'}";

constexpr CommandSpec kGroupCommands[] = {
    {"create", -5, kWrite | kDenyOom, kAclStream, "2 RW insert", cmd_xgroup_create,
     "key groupname <id|$> [MKSTREAM] [ENTRIESREAD entries_read]", "+OK", "5.0.0", "stream", "O(1)", "Creates a consumer group."},
    {"createconsumer", 5, kWrite | kDenyOom, kAclStream, "2 RW insert", cmd_xgroup_createconsumer,
     "key groupname consumername", "0|1", "6.2.0", "stream", "O(1)", "Creates a consumer in a consumer group."},
    {"delconsumer", 5, kWrite | kFreesSpace, kAclStream, "2 RW delete", cmd_xgroup_delconsumer,
     "key groupname consumername", "count", "5.0.0", "stream", "O(N) for N entries pending to it", "Deletes a consumer from a consumer group."},
    {"destroy", 4, kWrite | kFreesSpace, kAclStream, "2 RW delete", cmd_xgroup_destroy,
     "key groupname", "0|1", "5.0.0", "stream", "O(1); what was pending is freed later", "Destroys a consumer group."},
    {"help", 2, kLoading | kStale, kAclStream, {}, cmd_xgroup_help,
     "", "[simple ...]", "5.0.0", "stream", "O(1)", "Lists the subcommands of XGROUP."},
    {"setid", -5, kWrite, kAclStream, "2 RW update", cmd_xgroup_setid,
     "key groupname <id|$> [ENTRIESREAD entries_read]", "+OK", "5.0.0", "stream", "O(1)", "Sets the last-delivered id of a consumer group."},
};
constexpr CommandSpec kInfoCommands[] = {
    {"consumers", 4, kReadonly, kAclStream, "2 RO access", cmd_xinfo_consumers,
     "key groupname", "[{name: bulk, pending: count, idle: count, inactive: -1|count} ...]",
     "5.0.0", "stream", "O(N) for N consumers", "Lists the consumers of a consumer group.", "nondeterministic_output"},
    {"groups", 3, kReadonly, kAclStream, "2 RO access", cmd_xinfo_groups,
     "key", "[{name: bulk, consumers: count, pending: count, last-delivered-id: id, entries-read: count|null, lag: count} ...]",
     "5.0.0", "stream", "O(N) for N groups", "Lists the consumer groups of a stream."},
    {"help", 2, kLoading | kStale, kAclStream, {}, cmd_xinfo_help,
     "", "[simple ...]", "5.0.0", "stream", "O(1)", "Lists the subcommands of XINFO."},
    {"stream", -3, kReadonly, kAclStream, "2 RO access", cmd_xinfo_stream,
     "key [FULL [COUNT count]]", kStreamFacts, "5.0.0", "stream", "O(1); O(N) for N entries, groups and pending entries shown with FULL", "Describes a stream."},
};
constexpr CommandSpec kStreamCommands[] = {
    {"xack", -4, kWrite | kFast | kFreesSpace, kAclStream, "1 RW update", cmd_xack,
     "key group id [id ...]", "count",
     "5.0.0", "stream", "O(log N) for each id, N pending", "Acknowledges entries that are pending in a consumer group."},
    {"xackdel", -6, kWrite | kFast | kFreesSpace, kAclStream, "1 RW update delete", cmd_xackdel,
     "key group [KEEPREF|DELREF|ACKED] IDS numids id [id ...]", "[-1|1|2 ...]",
     "8.2.0", "stream", "O(G log N) for each id, G groups with N pending", "Acknowledges pending entries and deletes them from the stream."},
    {"xadd", -5, kWrite | kDenyOom | kFast, kAclStream, "1 RW update", cmd_xadd,
     "key [NOMKSTREAM] [KEEPREF|DELREF|ACKED] [IDMPAUTO producer-id|IDMP producer-id idempotent-id] [<MAXLEN|MINID> [=|~] threshold [LIMIT count]] <*|id> field value [field value ...]",
     "id|null",
     "5.0.0", "stream", "O(1); O(N) for N entries that trimming drops", "Appends an entry to a stream.", "nondeterministic_output"},
    {"xautoclaim", -6, kWrite | kFast, kAclStream, "1 RW delete", cmd_xautoclaim,
     "key group consumer min-idle-time start [COUNT count] [JUSTID]", "[next: id, claimed: [entry ...]|[id ...], deleted: [id ...]]",
     "6.2.0", "stream", "O(N) for N pending entries looked at", "Makes a consumer the owner of entries that have been pending for long.", "nondeterministic_output"},
    {"xcfgset", -2, kWrite | kFast | kFreesSpace, kAclStream, "1 RW update", cmd_xcfgset,
     "key [IDMP-DURATION seconds] [IDMP-MAXSIZE count] [MAXLEN count] [MAXAGE duration] [MAXBYTES bytes] [RETAIN <UNACKED|ANY>] [WHENFULL <TRIM|REJECT>]",
     "+OK",
     "8.6.0", "stream", "O(1); O(N) for N entries that exceed the new limits", "Sets how much a stream keeps, and how long it remembers idempotent producers."},
    {"xclaim", -6, kWrite | kFast, kAclStream, "1 RW update", cmd_xclaim,
     "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
     "[entry ...]|[id ...]",
     "5.0.0", "stream", "O(log N) for each id, N pending", "Makes a consumer the owner of pending entries.", "nondeterministic_output"},
    {"xdel", -3, kWrite | kFast | kFreesSpace, kAclStream, "1 RW delete", cmd_xdel,
     "key id [id ...]", "count", "5.0.0", "stream", "O(log N) for each id, N entries", "Deletes entries of a stream."},
    {"xdelex", -5, kWrite | kFast | kFreesSpace, kAclStream, "1 RW delete", cmd_xdelex,
     "key [KEEPREF|DELREF|ACKED] IDS numids id [id ...]", "[-1|1|2 ...]",
     "8.2.0", "stream", "O(G log N) for each id, G groups with N pending", "Deletes entries of a stream, with regard to what its groups hold."},
    {"xgroup", -2, 0, 0, {}, nullptr,
     "", {}, "5.0.0", "stream", "", "Consumer group commands.", {}, kGroupCommands},
    {"xidmprecord", 5, kWrite | kDenyOom | kFast, kAclStream, "1 RW update", cmd_xidmprecord,
     "key producer-id idempotent-id id", "+OK",
     "8.6.2", "stream", "O(log N), N idempotent ids", "Has a stream remember what entry an idempotent id became."},
    {"xinfo", -2, 0, 0, {}, nullptr,
     "", {}, "5.0.0", "stream", "", "Stream introspection commands.", {}, kInfoCommands},
    {"xlen", 2, kReadonly | kFast, kAclStream, "1 RO", cmd_xlen,
     "key", "count", "5.0.0", "stream", "O(1)", "Counts the entries of a stream."},
    {"xnack", -7, kWrite | kFast, kAclStream, "1 RW update", cmd_xnack,
     "key group <SILENT|FAIL|FATAL> IDS numids id [id ...] [RETRYCOUNT count] [FORCE]", "count",
     "8.8.0", "stream", "O(log N) for each id, N pending", "Gives pending entries back, for another consumer to claim."},
    {"xpending", -3, kReadonly, kAclStream, "1 RO access", cmd_xpending,
     "key group [[IDLE min-idle-time] start end count [consumer]]",
     "[0, null, null, null]|[pending: count, first: id, last: id, [[consumer: bulk, pending: digits] ...]]"
     "|[[id, consumer: bulk, idle: -1|count, deliveries: count] ...]",
     "5.0.0", "stream", "O(N) for N replied entries or consumers", "Lists what is pending in a consumer group.", "nondeterministic_output"},
    {"xrange", -4, kReadonly, kAclStream, "1 RO access", cmd_xrange,
     "key start end [COUNT count]", "[entry ...]|null",
     "5.0.0", "stream", "O(log N + M) for N entries, M replied", "Replies the entries of a stream within a range of ids."},
    {"xread", -4, kReadonly | kBlocking | kMovableKeys, kAclStream, "STREAMS@1 RO access", cmd_xread,
     "[COUNT count] [BLOCK milliseconds] [MAXCOUNT count] [MAXSIZE bytes] STREAMS key [key ...] id [id ...]", "@{*: [entry ...]}|null",
     "5.0.0", "stream", "O(log N + M) for each stream of N entries, M replied", "Replies entries of streams behind given ids; blocks until there is one."},
    {"xreadgroup", -7, kWrite | kBlocking | kMovableKeys, kAclStream, "STREAMS@4 RO access", cmd_xreadgroup,
     "GROUP group consumer [COUNT count] [BLOCK milliseconds] [CLAIM min-idle-time] [NOACK] [MAXCOUNT count] [MAXSIZE bytes] STREAMS key [key ...] id [id ...]",
     "@{*: [entry|[id, null] ...]|[[id, [bulk ...], idle: count, deliveries: count] ...]}|null",
     "5.0.0", "stream", "O(log N + M) for each stream of N entries, M delivered", "Delivers entries to a consumer of a group; blocks until there is one."},
    {"xrevrange", -4, kReadonly, kAclStream, "1 RO access", cmd_xrevrange,
     "key end start [COUNT count]", "[entry ...]|null",
     "5.0.0", "stream", "O(log N + M) for N entries, M replied", "Replies the entries of a stream within a range of ids, newest first."},
    {"xsetid", -3, kWrite | kDenyOom | kFast, kAclStream, "1 RW update", cmd_xsetid,
     "key last-id [ENTRIESADDED entries_added] [MAXDELETEDID max_deleted_entry_id]", "+OK",
     "5.0.0", "stream", "O(1)", "Sets the last id of a stream."},
    {"xtrim", -4, kWrite | kFreesSpace, kAclStream, "1 RW delete", cmd_xtrim,
     "key <MAXLEN|MINID> [=|~] threshold [LIMIT count] [KEEPREF|DELREF|ACKED]", "count",
     "5.0.0", "stream", "O(N) for N entries that go", "Drops entries from the head of a stream.", "nondeterministic_output"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> stream_commands() {
  return kStreamCommands;
}

}  // namespace leat
