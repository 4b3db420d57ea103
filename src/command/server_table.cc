// The rows of the server commands.
#include "command/command_table.h"
#include "command/server_commands.h"

namespace leat {
namespace {

constexpr uint32_t kHelp = kLoading | kStale;
constexpr uint32_t kAdminSub = kAdmin | kNoScript | kLoading | kStale;
constexpr uint32_t kLogged = kAdmin | kLoading | kStale;

// clang-format off
constexpr std::string_view kMemoryFacts =
    "{peak.allocated: count, total.allocated: count, startup.allocated: count, replication.backlog: count, clients.slaves: count,"
    " clients.normal: count, cluster.links: count, aof.buffer: count, lua.caches: count, functions.caches: count, overhead.total: count,"
    " keys.count: count, keys.bytes-per-key: count, dataset.bytes: count, dataset.percentage: double, peak.percentage: double,"
    " allocator.allocated: count, allocator.active: count, allocator.resident: count, allocator-fragmentation.ratio: double,"
    " allocator-fragmentation.bytes: integer, allocator-rss.ratio: double, allocator-rss.bytes: integer, rss-overhead.ratio: double,"
    " rss-overhead.bytes: integer, fragmentation: double, fragmentation.bytes: integer}";

constexpr CommandSpec kCommandCommands[] = {
    {"count", 2, kHelp, kAclConnection, {}, cmd_command_count,
     "", "count", "2.8.13", "server", "O(1)", "Counts the commands."},
    {"docs", -2, kHelp, kAclConnection, {}, cmd_command_docs,
     "[command-name [command-name ...]]",
     "{*: {summary: bulk, since: bulk, group: bulk, complexity?: bulk, doc_flags?: ~[simple ...], deprecated_since?: bulk, replaced_by?: bulk, "
     "arguments?: [{*: any} ...], reply_schema?: {*: any}, subcommands?: {*: {*: any}}}}",
     "7.0.0", "server", "O(N) for N commands", "Says what commands do.", "nondeterministic_output_order"},
    {"getkeys", -4, kHelp, kAclConnection, {}, cmd_command_getkeys,
     "command arg [arg ...]", "[bulk ...]", "2.8.13", "server", "O(N) for N arguments", "Replies the keys among the words of a command."},
    {"getkeysandflags", -4, kHelp, kAclConnection, {}, cmd_command_getkeysandflags,
     "command arg [arg ...]", "[[key: bulk, flags: ~[simple ...]] ...]",
     "7.0.0", "server", "O(N) for N arguments", "Replies the keys among the words of a command, with flags."},
    {"help", 2, kHelp, kAclConnection, {}, cmd_command_help,
     "", "[simple ...]", "5.0.0", "server", "O(1)", "Lists the subcommands of COMMAND."},
    {"info", -2, kHelp, kAclConnection, {}, cmd_command_info,
     "[command-name [command-name ...]]", "[command|null ...]",
     "2.8.13", "server", "O(N) for N commands", "Replies the facts about commands.", "nondeterministic_output_order"},
    {"list", -2, kHelp, kAclConnection, {}, cmd_command_list,
     "[FILTERBY <MODULE module-name|ACLCAT category|PATTERN pattern>]", "[bulk ...]",
     "7.0.0", "server", "O(N) for N commands", "Lists the names of commands.", "nondeterministic_output_order"},
};
constexpr CommandSpec kConfigCommands[] = {
    {"get", -3, kAdminSub, 0, {}, cmd_config_get,
     "parameter [parameter ...]", "{*: bulk}", "2.0.0", "server", "O(N) for N directives", "Replies the values of directives."},
    {"help", 2, kHelp, 0, {}, cmd_config_help,
     "", "[simple ...]", "5.0.0", "server", "O(1)", "Lists the subcommands of CONFIG."},
    {"resetstat", 2, kAdminSub, 0, {}, cmd_config_resetstat,
     "", "+OK", "2.0.0", "server", "O(1)", "Sets the counters of INFO to 0."},
    {"rewrite", 2, kAdminSub, 0, {}, cmd_config_rewrite,
     "", "+OK", "2.8.0", "server", "O(N) for N directives", "Writes the configuration to its file."},
    {"set", -4, kAdminSub, 0, {}, cmd_config_set,
     "parameter value [parameter value ...]", "+OK",
     "2.0.0", "server", "O(N) for N directives", "Changes directives.", "request_policy:all_nodes response_policy:all_succeeded"},
};
constexpr CommandSpec kFunctionCommands[] = {
    {"flush", -2, kWrite | kNoScript, kAclScripting, {}, cmd_function_flush,
     "[ASYNC|SYNC]", "+OK", "7.0.0", "scripting", "O(1)", "Forgets all functions.", "request_policy:all_shards response_policy:all_succeeded"},
    {"help", 2, kHelp, kAclScripting, {}, cmd_function_help,
     "", "[simple ...]", "7.0.0", "scripting", "O(1)", "Lists the subcommands of FUNCTION."},
    {"list", -2, kNoScript, kAclScripting, {}, cmd_function_list,
     "[LIBRARYNAME library-name-pattern] [WITHCODE]", "[]", "7.0.0", "scripting", "O(1)", "Lists the functions.", "nondeterministic_output_order"},
};
constexpr CommandSpec kLatencyCommands[] = {
    {"doctor", 2, kAdminSub, 0, {}, cmd_latency_doctor,
     "", "verbatim",
     "2.8.13", "server", "O(1)", "Says in words what was slow.", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"graph", 3, kAdminSub, 0, {}, cmd_latency_graph,
     "event", "verbatim",
     "2.8.13", "server", "O(1)", "Draws the history of an event.", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"help", 2, kHelp, 0, {}, cmd_latency_help,
     "", "[simple ...]", "2.8.13", "server", "O(1)", "Lists the subcommands of LATENCY."},
    {"histogram", -2, kAdminSub, 0, {}, cmd_latency_histogram,
     "[command [command ...]]", "{*: {calls: count, histogram_usec: {*: count}}}",
     "7.0.0", "server", "O(N) for N commands", "Replies how long commands took.", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"history", 3, kAdminSub, 0, {}, cmd_latency_history,
     "event", "[[time: count, milliseconds: count] ...]",
     "2.8.13", "server", "O(1)", "Replies the history of an event.", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"latest", 2, kAdminSub, 0, {}, cmd_latency_latest,
     "", "[[event: bulk, time: count, latest: count, worst: count] ...]",
     "2.8.13", "server", "O(1)", "Replies the latest latency of every event.", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"reset", -2, kAdminSub, 0, {}, cmd_latency_reset,
     "[event [event ...]]", "count",
     "2.8.13", "server", "O(N) for N events", "Forgets events.", "request_policy:all_nodes response_policy:all_succeeded"},
};
constexpr CommandSpec kMemoryCommands[] = {
    {"doctor", 2, 0, 0, {}, cmd_memory_doctor,
     "", "verbatim",
     "4.0.0", "server", "O(1)", "Says in words how memory is used.", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"help", 2, kHelp, 0, {}, cmd_memory_help,
     "", "[simple ...]", "4.0.0", "server", "O(1)", "Lists the subcommands of MEMORY."},
    {"malloc-stats", 2, 0, 0, {}, cmd_memory_malloc_stats,
     "", "bulk",
     "4.0.0", "server", "O(1)", "Replies what the allocator says about itself.", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"purge", 2, 0, 0, {}, cmd_memory_purge,
     "", "+OK", "4.0.0", "server", "O(1)", "Asks the allocator to give memory back.", "request_policy:all_shards response_policy:all_succeeded"},
    {"stats", 2, 0, 0, {}, cmd_memory_stats,
     "", kMemoryFacts, "4.0.0", "server", "O(1)", "Replies how memory is used.", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"usage", -3, kReadonly, 0, "2 RO", cmd_memory_usage,
     "key [SAMPLES count]", "count|null", "4.0.0", "server", "O(N) for N samples", "Replies how many bytes a key holds."},
};
constexpr CommandSpec kModuleCommands[] = {
    {"help", 2, kHelp, 0, {}, cmd_module_help,
     "", "[simple ...]", "5.0.0", "server", "O(1)", "Lists the subcommands of MODULE."},
    {"list", 2, kAdmin | kNoScript, 0, {}, cmd_module_list,
     "", "[]", "4.0.0", "server", "O(1)", "Lists the modules.", "nondeterministic_output_order"},
};
constexpr CommandSpec kScriptCommands[] = {
    {"exists", -3, kNoScript, kAclScripting, {}, cmd_script_exists,
     "sha1 [sha1 ...]", "[0 ...]",
     "2.6.0", "scripting", "O(N) for N names", "Says which scripts are known.", "request_policy:all_shards response_policy:agg_logical_and"},
    {"flush", -2, kNoScript, kAclScripting, {}, cmd_script_flush,
     "[ASYNC|SYNC]", "+OK", "2.6.0", "scripting", "O(1)", "Forgets all scripts.", "request_policy:all_nodes response_policy:all_succeeded"},
    {"help", 2, kHelp, kAclScripting, {}, cmd_script_help,
     "", "[simple ...]", "5.0.0", "scripting", "O(1)", "Lists the subcommands of SCRIPT."},
};
constexpr CommandSpec kSlowlogCommands[] = {
    {"get", -2, kLogged, 0, {}, cmd_slowlog_get,
     "[count]", "[[id: count, time: count, microseconds: count, words: [bulk ...], address: bulk, client-name: bulk] ...]",
     "2.2.12", "server", "O(N) for N replied commands", "Replies the slowest commands lately.", "request_policy:all_nodes nondeterministic_output"},
    {"help", 2, kHelp, 0, {}, cmd_slowlog_help,
     "", "[simple ...]", "6.2.0", "server", "O(1)", "Lists the subcommands of SLOWLOG."},
    {"len", 2, kLogged, 0, {}, cmd_slowlog_len,
     "", "count",
     "2.2.12", "server", "O(1)", "Counts the slow commands that are kept.", "request_policy:all_nodes response_policy:agg_sum nondeterministic_output"},
    {"reset", 2, kLogged, 0, {}, cmd_slowlog_reset,
     "", "+OK",
     "2.2.12", "server", "O(N) for N kept commands", "Forgets the slow commands.", "request_policy:all_nodes response_policy:all_succeeded"},
};
constexpr CommandSpec kServerCommands[] = {
    {"bgrewriteaof", 1, kAdmin | kNoAsyncLoading | kNoScript, 0, {}, cmd_bgrewriteaof,
     "", "+'Background append only file rewriting started'|+'Background append only file rewriting scheduled'",
     "1.0.0", "server", "O(1); O(N) for N keys in the background", "Makes a checkpoint, after which the log before it can go."},
    {"bgsave", -1, kAdmin | kNoAsyncLoading | kNoScript, 0, {}, cmd_bgsave,
     "[SCHEDULE]", "+'Background saving started'|+'Background saving scheduled'",
     "1.0.0", "server", "O(1); O(N) for N keys in the background", "Makes a checkpoint in the background."},
    {"command", -1, kHelp, kAclConnection, {}, cmd_command,
     "", "[command ...]",
     "2.8.13", "server", "O(N) for N commands", "Replies the facts about all commands.", "nondeterministic_output_order", kCommandCommands},
    {"config", -2, 0, 0, {}, nullptr,
     "", {}, "2.0.0", "server", "", "Commands about the configuration.", {}, kConfigCommands},
    {"debug", -2, kAdminSub, 0, {}, cmd_debug,
     "subcommand [arg [arg ...]]", "simple|[simple ...]|0|1",
     "1.0.0", "server", "Depends on the subcommand", "What test suites use; see enable-debug-command."},
    {"function", -2, 0, 0, {}, nullptr,
     "", {}, "7.0.0", "scripting", "", "Commands about functions.", {}, kFunctionCommands},
    {"info", -1, kHelp, kAclDangerous, {}, cmd_info,
     "[section [section ...]]", "verbatim",
     "1.0.0", "server", "O(1)", "Says how the server is doing.", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"lastsave", 1, kLoading | kStale | kFast, kAclAdmin | kAclDangerous, {}, cmd_lastsave,
     "", "count", "1.0.0", "server", "O(1)", "Replies when the last checkpoint was made.", "nondeterministic_output"},
    {"latency", -2, 0, 0, {}, nullptr,
     "", {}, "2.8.13", "server", "", "Commands about slow events.", {}, kLatencyCommands},
    {"memory", -2, 0, 0, {}, nullptr,
     "", {}, "4.0.0", "server", "", "Commands about memory.", {}, kMemoryCommands},
    {"module", -2, 0, 0, {}, nullptr,
     "", {}, "4.0.0", "server", "", "Commands about modules.", {}, kModuleCommands},
    {"monitor", 1, kAdminSub, 0, {}, cmd_monitor,
     "", "+OK", "1.0.0", "server", "", "Shows every command of every client."},
    {"role", 1, kLoading | kNoScript | kStale | kFast, kAclAdmin | kAclDangerous, {}, cmd_role,
     "", "['master', offset: count, replicas: []]", "2.8.12", "server", "O(1)", "Replies the role in replication."},
    {"save", 1, kAdmin | kNoAsyncLoading | kNoMulti | kNoScript, 0, {}, cmd_save,
     "", "+OK", "1.0.0", "server", "O(N) for N keys", "Makes a checkpoint and replies when it is done."},
    {"script", -2, 0, 0, {}, nullptr,
     "", {}, "2.6.0", "scripting", "", "Commands about scripts.", {}, kScriptCommands},
    {"shutdown", -1, kAdmin | kAllowBusy | kLoading | kNoMulti | kNoScript | kStale, 0, {}, cmd_shutdown,
     "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]", "+OK", "1.0.0", "server", "O(1); O(N) for N keys with SAVE", "Ends the server."},
    {"slowlog", -2, 0, 0, {}, nullptr,
     "", {}, "2.2.12", "server", "", "Commands about slow commands.", {}, kSlowlogCommands},
    {"time", 1, kLoading | kStale | kFast, 0, {}, cmd_time,
     "", "[seconds: digits, microseconds: digits]", "2.6.0", "server", "O(1)", "Replies the server's time.", "nondeterministic_output"},
    {"wait", 3, kNoScript, kAclConnection, {}, cmd_wait,
     "numreplicas timeout", "count", "3.0.0", "generic", "O(1)", "Waits for replicas.", "request_policy:all_shards response_policy:agg_min"},
    {"waitaof", 4, kNoScript, kAclConnection, {}, cmd_waitaof,
     "numlocal numreplicas timeout", "[local: 0|1, replicas: count]",
     "7.2.0", "generic", "O(1)", "Waits until writes are on disk.", "request_policy:all_shards response_policy:agg_min"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> server_commands() {
  return kServerCommands;
}

}  // namespace leat
