// The rows of the server commands.
#include "command/command_table.h"
#include "command/server_commands.h"

namespace leat {
namespace {

constexpr uint32_t kHelp = kLoading | kStale;
constexpr uint32_t kAdminSub = kAdmin | kNoScript | kLoading | kStale;
constexpr uint32_t kLogged = kAdmin | kLoading | kStale;

// clang-format off
constexpr CommandSpec kCommandCommands[] = {
    {"count", 2, kHelp, kAclConnection, {}, cmd_command_count,
     "", "2.8.13", "server", "O(1)", "Counts the commands."},
    {"docs", -2, kHelp, kAclConnection, {}, cmd_command_docs,
     "[command-name [command-name ...]]", "7.0.0", "server", "O(N) for N commands", "Says what commands do.", "nondeterministic_output_order"},
    {"getkeys", -4, kHelp, kAclConnection, {}, cmd_command_getkeys,
     "command arg [arg ...]", "2.8.13", "server", "O(N) for N arguments", "Replies the keys among the words of a command."},
    {"getkeysandflags", -4, kHelp, kAclConnection, {}, cmd_command_getkeysandflags,
     "command arg [arg ...]", "7.0.0", "server", "O(N) for N arguments", "Replies the keys among the words of a command, with flags."},
    {"help", 2, kHelp, kAclConnection, {}, cmd_command_help,
     "", "5.0.0", "server", "O(1)", "Lists the subcommands of COMMAND."},
    {"info", -2, kHelp, kAclConnection, {}, cmd_command_info,
     "[command-name [command-name ...]]",
     "2.8.13", "server", "O(N) for N commands", "Replies the facts about commands.", "nondeterministic_output_order"},
    {"list", -2, kHelp, kAclConnection, {}, cmd_command_list,
     "[FILTERBY <MODULE module-name|ACLCAT category|PATTERN pattern>]",
     "7.0.0", "server", "O(N) for N commands", "Lists the names of commands.", "nondeterministic_output_order"},
};
constexpr CommandSpec kConfigCommands[] = {
    {"get", -3, kAdminSub, 0, {}, cmd_config_get,
     "parameter [parameter ...]", "2.0.0", "server", "O(N) for N directives", "Replies the values of directives."},
    {"help", 2, kHelp, 0, {}, cmd_config_help,
     "", "5.0.0", "server", "O(1)", "Lists the subcommands of CONFIG."},
    {"resetstat", 2, kAdminSub, 0, {}, cmd_config_resetstat,
     "", "2.0.0", "server", "O(1)", "Sets the counters of INFO to 0."},
    {"rewrite", 2, kAdminSub, 0, {}, cmd_config_rewrite,
     "", "2.8.0", "server", "O(N) for N directives", "Writes the configuration to its file."},
    {"set", -4, kAdminSub, 0, {}, cmd_config_set,
     "parameter value [parameter value ...]",
     "2.0.0", "server", "O(N) for N directives", "Changes directives.", "request_policy:all_nodes response_policy:all_succeeded"},
};
constexpr CommandSpec kFunctionCommands[] = {
    {"flush", -2, kWrite | kNoScript, kAclScripting, {}, cmd_function_flush,
     "[ASYNC|SYNC]", "7.0.0", "scripting", "O(1)", "Forgets all functions.", "request_policy:all_shards response_policy:all_succeeded"},
    {"help", 2, kHelp, kAclScripting, {}, cmd_function_help,
     "", "7.0.0", "scripting", "O(1)", "Lists the subcommands of FUNCTION."},
    {"list", -2, kNoScript, kAclScripting, {}, cmd_function_list,
     "[LIBRARYNAME library-name-pattern] [WITHCODE]", "7.0.0", "scripting", "O(1)", "Lists the functions.", "nondeterministic_output_order"},
};
constexpr CommandSpec kLatencyCommands[] = {
    {"doctor", 2, kAdminSub, 0, {}, cmd_latency_doctor,
     "", "2.8.13", "server", "O(1)", "Says in words what was slow.", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"graph", 3, kAdminSub, 0, {}, cmd_latency_graph,
     "event",
     "2.8.13", "server", "O(1)", "Draws the history of an event.", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"help", 2, kHelp, 0, {}, cmd_latency_help,
     "", "2.8.13", "server", "O(1)", "Lists the subcommands of LATENCY."},
    {"histogram", -2, kAdminSub, 0, {}, cmd_latency_histogram,
     "[command [command ...]]",
     "7.0.0", "server", "O(N) for N commands", "Replies how long commands took.", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"history", 3, kAdminSub, 0, {}, cmd_latency_history,
     "event",
     "2.8.13", "server", "O(1)", "Replies the history of an event.", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"latest", 2, kAdminSub, 0, {}, cmd_latency_latest,
     "",
     "2.8.13", "server", "O(1)", "Replies the latest latency of every event.", "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {"reset", -2, kAdminSub, 0, {}, cmd_latency_reset,
     "[event [event ...]]", "2.8.13", "server", "O(N) for N events", "Forgets events.", "request_policy:all_nodes response_policy:all_succeeded"},
};
constexpr CommandSpec kMemoryCommands[] = {
    {"doctor", 2, 0, 0, {}, cmd_memory_doctor,
     "", "4.0.0", "server", "O(1)", "Says in words how memory is used.", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"help", 2, kHelp, 0, {}, cmd_memory_help,
     "", "4.0.0", "server", "O(1)", "Lists the subcommands of MEMORY."},
    {"malloc-stats", 2, 0, 0, {}, cmd_memory_malloc_stats,
     "",
     "4.0.0", "server", "O(1)", "Replies what the allocator says about itself.", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"purge", 2, 0, 0, {}, cmd_memory_purge,
     "", "4.0.0", "server", "O(1)", "Asks the allocator to give memory back.", "request_policy:all_shards response_policy:all_succeeded"},
    {"stats", 2, 0, 0, {}, cmd_memory_stats,
     "", "4.0.0", "server", "O(1)", "Replies how memory is used.", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"usage", -3, kReadonly, 0, "2 RO", cmd_memory_usage,
     "key [SAMPLES count]", "4.0.0", "server", "O(N) for N samples", "Replies how many bytes a key holds."},
};
constexpr CommandSpec kModuleCommands[] = {
    {"help", 2, kHelp, 0, {}, cmd_module_help,
     "", "5.0.0", "server", "O(1)", "Lists the subcommands of MODULE."},
    {"list", 2, kAdmin | kNoScript, 0, {}, cmd_module_list,
     "", "4.0.0", "server", "O(1)", "Lists the modules.", "nondeterministic_output_order"},
};
constexpr CommandSpec kScriptCommands[] = {
    {"exists", -3, kNoScript, kAclScripting, {}, cmd_script_exists,
     "sha1 [sha1 ...]",
     "2.6.0", "scripting", "O(N) for N names", "Says which scripts are known.", "request_policy:all_shards response_policy:agg_logical_and"},
    {"flush", -2, kNoScript, kAclScripting, {}, cmd_script_flush,
     "[ASYNC|SYNC]", "2.6.0", "scripting", "O(1)", "Forgets all scripts.", "request_policy:all_nodes response_policy:all_succeeded"},
    {"help", 2, kHelp, kAclScripting, {}, cmd_script_help,
     "", "5.0.0", "scripting", "O(1)", "Lists the subcommands of SCRIPT."},
};
constexpr CommandSpec kSlowlogCommands[] = {
    {"get", -2, kLogged, 0, {}, cmd_slowlog_get,
     "[count]",
     "2.2.12", "server", "O(N) for N replied commands", "Replies the slowest commands lately.", "request_policy:all_nodes nondeterministic_output"},
    {"help", 2, kHelp, 0, {}, cmd_slowlog_help,
     "", "6.2.0", "server", "O(1)", "Lists the subcommands of SLOWLOG."},
    {"len", 2, kLogged, 0, {}, cmd_slowlog_len,
     "",
     "2.2.12", "server", "O(1)", "Counts the slow commands that are kept.", "request_policy:all_nodes response_policy:agg_sum nondeterministic_output"},
    {"reset", 2, kLogged, 0, {}, cmd_slowlog_reset,
     "", "2.2.12", "server", "O(N) for N kept commands", "Forgets the slow commands.", "request_policy:all_nodes response_policy:all_succeeded"},
};
constexpr CommandSpec kServerCommands[] = {
    {"bgrewriteaof", 1, kAdmin | kNoAsyncLoading | kNoScript, 0, {}, cmd_bgrewriteaof,
     "", "1.0.0", "server", "O(1); O(N) for N keys in the background", "Makes a checkpoint, after which the log before it can go."},
    {"bgsave", -1, kAdmin | kNoAsyncLoading | kNoScript, 0, {}, cmd_bgsave,
     "[SCHEDULE]", "1.0.0", "server", "O(1); O(N) for N keys in the background", "Makes a checkpoint in the background."},
    {"command", -1, kHelp, kAclConnection, {}, cmd_command,
     "", "2.8.13", "server", "O(N) for N commands", "Replies the facts about all commands.", "nondeterministic_output_order", kCommandCommands},
    {"config", -2, 0, 0, {}, nullptr,
     "", "2.0.0", "server", "", "Commands about the configuration.", {}, kConfigCommands},
    {"debug", -2, kAdminSub, 0, {}, cmd_debug,
     "subcommand [arg [arg ...]]", "1.0.0", "server", "Depends on the subcommand", "What test suites use; see enable-debug-command."},
    {"function", -2, 0, 0, {}, nullptr,
     "", "7.0.0", "scripting", "", "Commands about functions.", {}, kFunctionCommands},
    {"info", -1, kHelp, kAclDangerous, {}, cmd_info,
     "[section [section ...]]",
     "1.0.0", "server", "O(1)", "Says how the server is doing.", "nondeterministic_output request_policy:all_shards response_policy:special"},
    {"lastsave", 1, kLoading | kStale | kFast, kAclAdmin | kAclDangerous, {}, cmd_lastsave,
     "", "1.0.0", "server", "O(1)", "Replies when the last checkpoint was made.", "nondeterministic_output"},
    {"latency", -2, 0, 0, {}, nullptr,
     "", "2.8.13", "server", "", "Commands about slow events.", {}, kLatencyCommands},
    {"memory", -2, 0, 0, {}, nullptr,
     "", "4.0.0", "server", "", "Commands about memory.", {}, kMemoryCommands},
    {"module", -2, 0, 0, {}, nullptr,
     "", "4.0.0", "server", "", "Commands about modules.", {}, kModuleCommands},
    {"monitor", 1, kAdminSub, 0, {}, cmd_monitor,
     "", "1.0.0", "server", "", "Shows every command of every client."},
    {"role", 1, kLoading | kNoScript | kStale | kFast, kAclAdmin | kAclDangerous, {}, cmd_role,
     "", "2.8.12", "server", "O(1)", "Replies the role in replication."},
    {"save", 1, kAdmin | kNoAsyncLoading | kNoMulti | kNoScript, 0, {}, cmd_save,
     "", "1.0.0", "server", "O(N) for N keys", "Makes a checkpoint and replies when it is done."},
    {"script", -2, 0, 0, {}, nullptr,
     "", "2.6.0", "scripting", "", "Commands about scripts.", {}, kScriptCommands},
    {"shutdown", -1, kAdmin | kAllowBusy | kLoading | kNoMulti | kNoScript | kStale, 0, {}, cmd_shutdown,
     "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]", "1.0.0", "server", "O(1); O(N) for N keys with SAVE", "Ends the server."},
    {"slowlog", -2, 0, 0, {}, nullptr,
     "", "2.2.12", "server", "", "Commands about slow commands.", {}, kSlowlogCommands},
    {"time", 1, kLoading | kStale | kFast, 0, {}, cmd_time,
     "", "2.6.0", "server", "O(1)", "Replies the server's time.", "nondeterministic_output"},
    {"wait", 3, kNoScript, kAclConnection, {}, cmd_wait,
     "numreplicas timeout", "3.0.0", "generic", "O(1)", "Waits for replicas.", "request_policy:all_shards response_policy:agg_min"},
    {"waitaof", 4, kNoScript, kAclConnection, {}, cmd_waitaof,
     "numlocal numreplicas timeout",
     "7.2.0", "generic", "O(1)", "Waits until writes are on disk.", "request_policy:all_shards response_policy:agg_min"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> server_commands() {
  return kServerCommands;
}

}  // namespace leat
