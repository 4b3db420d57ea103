// The rows of the connection commands.
#include "command/command_table.h"
#include "command/connection_commands.h"

namespace leat {
namespace {

constexpr uint32_t kSub = kNoScript | kLoading | kStale;
constexpr uint32_t kClientAdminSub = kAdmin | kSub;
constexpr uint32_t kEntry = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;

// clang-format off
constexpr CommandSpec kClientCommands[] = {
    {"caching", 3, kSub, kAclConnection, {}, cmd_client_caching,
     "<YES|NO>", "+OK", "6.0.0", "connection", "O(1)", "Says whether the next command's keys are tracked."},
    {"getname", 2, kSub, kAclConnection, {}, cmd_client_getname,
     "", "bulk|null", "2.6.9", "connection", "O(1)", "Replies the name of the connection."},
    {"getredir", 2, kSub, kAclConnection, {}, cmd_client_getredir,
     "", "-1|count", "6.0.0", "connection", "O(1)", "Replies where invalidations are sent."},
    {"help", 2, kLoading | kStale, kAclConnection, {}, cmd_client_help,
     "", "[simple ...]", "5.0.0", "connection", "O(1)", "Lists the subcommands of CLIENT."},
    {"id", 2, kSub, kAclConnection, {}, cmd_client_id,
     "", "count", "5.0.0", "connection", "O(1)", "Replies the id of the connection."},
    {"info", 2, kSub, kAclConnection, {}, cmd_client_info,
     "", "verbatim", "6.2.0", "connection", "O(1)", "Describes the connection.", "nondeterministic_output"},
    {"kill", -3, kClientAdminSub, kAclConnection, {}, cmd_client_kill,
     "<ip:port|[ID client-id] [TYPE <NORMAL|MASTER|REPLICA|SLAVE|PUBSUB>] [ADDR ip:port] [LADDR ip:port] [USER username] [SKIPME <YES|NO>]>",
     "+OK|count",
     "2.4.0", "connection", "O(N) for N connections", "Closes connections."},
    {"list", -2, kClientAdminSub, kAclConnection, {}, cmd_client_list,
     "[TYPE <NORMAL|MASTER|REPLICA|SLAVE|PUBSUB>|ID client-id [client-id ...]]", "verbatim",
     "2.4.0", "connection", "O(N) for N connections", "Describes connections.", "nondeterministic_output"},
    {"no-evict", 3, kClientAdminSub, kAclConnection, {}, cmd_client_no_evict,
     "<ON|OFF>", "+OK", "7.0.0", "connection", "O(1)", "Protects the connection from being evicted."},
    {"no-touch", 3, kSub, kAclConnection, {}, cmd_client_no_touch,
     "<ON|OFF>", "+OK", "7.2.0", "connection", "O(1)", "Says whether reading a key counts as using it."},
    {"pause", -3, kClientAdminSub, kAclConnection, {}, cmd_client_pause,
     "timeout [WRITE|ALL]", "+OK", "2.9.50", "connection", "O(1)", "Lets commands wait for a while."},
    {"reply", 3, kSub, kAclConnection, {}, cmd_client_reply,
     "<ON|OFF|SKIP>", "+OK", "3.2.0", "connection", "O(1)", "Switches the replies to the connection."},
    {"setinfo", 4, kSub, kAclConnection, {}, cmd_client_setinfo,
     "<LIB-NAME libname|LIB-VER libver>", "+OK",
     "7.2.0", "connection", "O(1)", "Says which library the connection uses.", "request_policy:all_nodes response_policy:all_succeeded"},
    {"setname", 3, kSub, kAclConnection, {}, cmd_client_setname,
     "connection-name", "+OK", "2.6.9", "connection", "O(1)", "Names the connection."},
    {"tracking", -3, kSub, kAclConnection, {}, cmd_client_tracking,
     "<ON|OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]", "+OK",
     "6.0.0", "connection", "O(1)", "Switches the tracking of keys."},
    {"trackinginfo", 2, kSub, kAclConnection, {}, cmd_client_trackinginfo,
     "", "{flags: ~[bulk ...], redirect: -1|count, prefixes: [bulk ...]}", "6.2.0", "connection", "O(1)", "Describes the tracking of keys."},
    {"unblock", -3, kClientAdminSub, kAclConnection, {}, cmd_client_unblock,
     "client-id [TIMEOUT|ERROR]", "0|1", "5.0.0", "connection", "O(1)", "Ends the command that a connection waits with."},
    {"unpause", 2, kClientAdminSub, kAclConnection, {}, cmd_client_unpause,
     "", "+OK", "6.2.0", "connection", "O(N) for N waiting connections", "Ends CLIENT PAUSE."},
};
constexpr CommandSpec kConnectionCommands[] = {
    {"auth", -2, kEntry, kAclConnection, {}, cmd_auth,
     "[username] password", "+OK", "1.0.0", "connection", "O(1)", "Authenticates the connection."},
    {"client", -2, 0, 0, {}, nullptr,
     "", {}, "2.4.0", "connection", "", "Commands about connections.", {}, kClientCommands},
    {"echo", 2, kLoading | kStale | kFast, kAclConnection, {}, cmd_echo,
     "message", "bulk", "1.0.0", "connection", "O(1)", "Replies its argument."},
    {"hello", -1, kEntry, kAclConnection, {}, cmd_hello,
     "[protover [AUTH username password] [SETNAME clientname]]",
     "{server: 'redis', version: bulk, proto: 2|3, id: count, mode: 'standalone', role: 'master', modules: []}",
     "6.0.0", "connection", "O(1)", "Says who the server is; switches the protocol."},
    {"ping", -1, kFast, kAclConnection, {}, cmd_ping,
     "[message]", "+PONG|bulk|['pong', bulk]",
     "1.0.0", "connection", "O(1)", "Replies PONG.", "request_policy:all_shards response_policy:all_succeeded"},
    {"quit", -1, kEntry | kImmediate | kUnwatched, kAclConnection, {}, cmd_quit,
     "", "+OK", "1.0.0", "connection", "O(1)", "Closes the connection."},
    {"readonly", 1, kLoading | kStale | kFast, kAclConnection, {}, cmd_no_cluster,
     "", "error", "3.0.0", "cluster", "O(1)", "Means something in a cluster only."},
    {"readwrite", 1, kLoading | kStale | kFast, kAclConnection, {}, cmd_no_cluster,
     "", "error", "3.0.0", "cluster", "O(1)", "Means something in a cluster only."},
    {"reset", 1, kEntry | kImmediate, kAclConnection, {}, cmd_reset,
     "", "+RESET", "6.2.0", "connection", "O(N) for N subscriptions and watched keys", "Takes back what the connection has set."},
    {"select", 2, kLoading | kStale | kFast, kAclConnection, {}, cmd_select,
     "index", "+OK", "1.0.0", "connection", "O(1)", "Changes the database of the connection."},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> connection_commands() {
  return kConnectionCommands;
}

}  // namespace leat
