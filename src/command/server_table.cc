// The rows of the server commands.
#include "command/command_table.h"
#include "command/server_commands.h"

namespace leat {
namespace {

constexpr uint32_t kHelp = kLoading | kStale;
constexpr uint32_t kAdminSub = kAdmin | kNoScript | kLoading | kStale;
constexpr uint32_t kAdminAcl = kAclAdmin | kAclDangerous | kAclSlow;
constexpr uint32_t kAdminFastAcl = kAclAdmin | kAclDangerous | kAclFast;
constexpr uint32_t kLogged = kAdmin | kLoading | kStale;

// clang-format off
constexpr CommandSpec kCommandCommands[] = {
    {"count", 2, kHelp, kAclSlow | kAclConnection, {}, cmd_command_count, "2.8.13", "server", "Counts the commands."},
    {"docs", -2, kHelp, kAclSlow | kAclConnection, {}, cmd_command_docs, "7.0.0", "server", "Says what commands do."},
    {"getkeys", -4, kHelp, kAclSlow | kAclConnection, {}, cmd_command_getkeys, "2.8.13", "server", "Replies the keys among the words of a command."},
    {"getkeysandflags", -4, kHelp, kAclSlow | kAclConnection, {}, cmd_command_getkeysandflags, "7.0.0", "server", "Replies the keys among the words of a command, with flags."},
    {"help", 2, kHelp, kAclSlow | kAclConnection, {}, cmd_command_help, "5.0.0", "server", "Lists the subcommands of COMMAND."},
    {"info", -2, kHelp, kAclSlow | kAclConnection, {}, cmd_command_info, "2.8.13", "server", "Replies the facts about commands."},
    {"list", -2, kHelp, kAclSlow | kAclConnection, {}, cmd_command_list, "7.0.0", "server", "Lists the names of commands."},
};
constexpr CommandSpec kConfigCommands[] = {
    {"get", -3, kAdminSub, kAdminAcl, {}, cmd_config_get, "2.0.0", "server", "Replies the values of directives."},
    {"help", 2, kHelp, kAclSlow, {}, cmd_config_help, "5.0.0", "server", "Lists the subcommands of CONFIG."},
    {"resetstat", 2, kAdminSub, kAdminAcl, {}, cmd_config_resetstat, "2.0.0", "server", "Sets the counters of INFO to 0."},
    {"rewrite", 2, kAdminSub, kAdminAcl, {}, cmd_config_rewrite, "2.8.0", "server", "Writes the configuration to its file."},
    {"set", -4, kAdminSub, kAdminAcl, {}, cmd_config_set, "2.0.0", "server", "Changes directives."},
};
constexpr CommandSpec kFunctionCommands[] = {
    {"flush", -2, kWrite | kNoScript, kAclScripting | kAclWrite | kAclSlow, {}, cmd_function_flush, "7.0.0", "scripting", "Forgets all functions."},
    {"help", 2, kHelp, kAclScripting | kAclSlow, {}, cmd_function_help, "7.0.0", "scripting", "Lists the subcommands of FUNCTION."},
    {"list", -2, kNoScript, kAclScripting | kAclSlow, {}, cmd_function_list, "7.0.0", "scripting", "Lists the functions."},
};
constexpr CommandSpec kLatencyCommands[] = {
    {"doctor", 2, kAdminSub, kAdminAcl, {}, cmd_latency_doctor, "2.8.13", "server", "Says in words what was slow."},
    {"graph", 3, kAdminSub, kAdminAcl, {}, cmd_latency_graph, "2.8.13", "server", "Draws the history of an event."},
    {"help", 2, kHelp, kAclSlow, {}, cmd_latency_help, "2.8.13", "server", "Lists the subcommands of LATENCY."},
    {"histogram", -2, kAdminSub, kAdminAcl, {}, cmd_latency_histogram, "7.0.0", "server", "Replies how long commands took."},
    {"history", 3, kAdminSub, kAdminAcl, {}, cmd_latency_history, "2.8.13", "server", "Replies the history of an event."},
    {"latest", 2, kAdminSub, kAdminAcl, {}, cmd_latency_latest, "2.8.13", "server", "Replies the latest latency of every event."},
    {"reset", -2, kAdminSub, kAdminAcl, {}, cmd_latency_reset, "2.8.13", "server", "Forgets events."},
};
constexpr CommandSpec kMemoryCommands[] = {
    {"doctor", 2, 0, kAclSlow, {}, cmd_memory_doctor, "4.0.0", "server", "Says in words how memory is used."},
    {"help", 2, kHelp, kAclSlow, {}, cmd_memory_help, "4.0.0", "server", "Lists the subcommands of MEMORY."},
    {"malloc-stats", 2, 0, kAclSlow, {}, cmd_memory_malloc_stats, "4.0.0", "server", "Replies what the allocator says about itself."},
    {"purge", 2, 0, kAclSlow, {}, cmd_memory_purge, "4.0.0", "server", "Asks the allocator to give memory back."},
    {"stats", 2, 0, kAclSlow, {}, cmd_memory_stats, "4.0.0", "server", "Replies how memory is used."},
    {"usage", -3, kReadonly, kAclRead | kAclSlow, {2, 2, 1}, cmd_memory_usage, "4.0.0", "server", "Replies how many bytes a key holds."},
};
constexpr CommandSpec kModuleCommands[] = {
    {"help", 2, kHelp, kAclSlow, {}, cmd_module_help, "5.0.0", "server", "Lists the subcommands of MODULE."},
    {"list", 2, kAdmin | kNoScript, kAdminAcl, {}, cmd_module_list, "4.0.0", "server", "Lists the modules."},
};
constexpr CommandSpec kScriptCommands[] = {
    {"exists", -3, kNoScript, kAclScripting | kAclSlow, {}, cmd_script_exists, "2.6.0", "scripting", "Says which scripts are known."},
    {"flush", -2, kNoScript, kAclScripting | kAclSlow, {}, cmd_script_flush, "2.6.0", "scripting", "Forgets all scripts."},
    {"help", 2, kHelp, kAclScripting | kAclSlow, {}, cmd_script_help, "5.0.0", "scripting", "Lists the subcommands of SCRIPT."},
};
constexpr CommandSpec kSlowlogCommands[] = {
    {"get", -2, kLogged, kAdminAcl, {}, cmd_slowlog_get, "2.2.12", "server", "Replies the slowest commands lately."},
    {"help", 2, kHelp, kAclSlow, {}, cmd_slowlog_help, "6.2.0", "server", "Lists the subcommands of SLOWLOG."},
    {"len", 2, kLogged, kAdminAcl, {}, cmd_slowlog_len, "2.2.12", "server", "Counts the slow commands that are kept."},
    {"reset", 2, kLogged, kAdminAcl, {}, cmd_slowlog_reset, "2.2.12", "server", "Forgets the slow commands."},
};
constexpr CommandSpec kServerCommands[] = {
    {"bgrewriteaof", 1, kAdmin | kNoAsyncLoading | kNoScript, kAdminAcl, {}, cmd_bgrewriteaof, "1.0.0", "server", "Makes a checkpoint, after which the log before it can go."},
    {"bgsave", -1, kAdmin | kNoAsyncLoading | kNoScript, kAdminAcl, {}, cmd_bgsave, "1.0.0", "server", "Makes a checkpoint in the background."},
    {"command", -1, kHelp, kAclSlow | kAclConnection, {}, cmd_command, "2.8.13", "server", "Replies the facts about all commands.", kCommandCommands},
    {"config", -2, 0, kAclSlow, {}, nullptr, "2.0.0", "server", "Commands about the configuration.", kConfigCommands},
    {"debug", -2, kAdminSub, kAdminAcl, {}, cmd_debug, "1.0.0", "server", "What test suites use; see enable-debug-command."},
    {"function", -2, 0, kAclSlow, {}, nullptr, "7.0.0", "scripting", "Commands about functions.", kFunctionCommands},
    {"info", -1, kHelp, kAclSlow | kAclDangerous, {}, cmd_info, "1.0.0", "server", "Says how the server is doing."},
    {"lastsave", 1, kLoading | kStale | kFast, kAdminFastAcl, {}, cmd_lastsave, "1.0.0", "server", "Replies when the last checkpoint was made."},
    {"latency", -2, 0, kAclSlow, {}, nullptr, "2.8.13", "server", "Commands about slow events.", kLatencyCommands},
    {"memory", -2, 0, kAclSlow, {}, nullptr, "4.0.0", "server", "Commands about memory.", kMemoryCommands},
    {"module", -2, 0, kAclSlow, {}, nullptr, "4.0.0", "server", "Commands about modules.", kModuleCommands},
    {"monitor", 1, kAdminSub, kAdminAcl, {}, cmd_monitor, "1.0.0", "server", "Shows every command of every client."},
    {"role", 1, kLoading | kNoScript | kStale | kFast, kAdminFastAcl, {}, cmd_role, "2.8.12", "server", "Replies the role in replication."},
    {"save", 1, kAdmin | kNoAsyncLoading | kNoMulti | kNoScript, kAdminAcl, {}, cmd_save, "1.0.0", "server", "Makes a checkpoint and replies when it is done."},
    {"script", -2, 0, kAclSlow, {}, nullptr, "2.6.0", "scripting", "Commands about scripts.", kScriptCommands},
    {"shutdown", -1, kAdmin | kAllowBusy | kLoading | kNoMulti | kNoScript | kStale, kAdminAcl, {}, cmd_shutdown, "1.0.0", "server", "Ends the server."},
    {"slowlog", -2, 0, kAclSlow, {}, nullptr, "2.2.12", "server", "Commands about slow commands.", kSlowlogCommands},
    {"time", 1, kLoading | kStale | kFast, kAclFast, {}, cmd_time, "2.6.0", "server", "Replies the server's time."},
    {"wait", 3, kNoScript, kAclSlow | kAclConnection, {}, cmd_wait, "3.0.0", "generic", "Waits for replicas."},
    {"waitaof", 4, kNoScript, kAclSlow | kAclConnection, {}, cmd_waitaof, "7.2.0", "generic", "Waits until writes are on disk."},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> server_commands() {
  return kServerCommands;
}

}  // namespace leat
