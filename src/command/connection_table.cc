// The rows of the connection commands.
#include "command/command_table.h"
#include "command/connection_commands.h"

namespace leat {
namespace {

constexpr uint32_t kSub = kNoScript | kLoading | kStale;
constexpr uint32_t kClientAdminSub = kAdmin | kSub;
constexpr uint32_t kPlainAcl = kAclConnection | kAclSlow;
constexpr uint32_t kClientAdminAcl = kAclAdmin | kAclDangerous | kAclConnection | kAclSlow;
constexpr uint32_t kEntry = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;
constexpr uint32_t kFastAcl = kAclConnection | kAclFast;

// clang-format off
constexpr CommandSpec kClientCommands[] = {
    {"caching", 3, kSub, kPlainAcl, {}, cmd_client_caching, "6.0.0", "connection", "Says whether the next command's keys are tracked."},
    {"getname", 2, kSub, kPlainAcl, {}, cmd_client_getname, "2.6.9", "connection", "Replies the name of the connection."},
    {"getredir", 2, kSub, kPlainAcl, {}, cmd_client_getredir, "6.0.0", "connection", "Replies where invalidations are sent."},
    {"help", 2, kLoading | kStale, kPlainAcl, {}, cmd_client_help, "5.0.0", "connection", "Lists the subcommands of CLIENT."},
    {"id", 2, kSub, kPlainAcl, {}, cmd_client_id, "5.0.0", "connection", "Replies the id of the connection."},
    {"info", 2, kSub, kPlainAcl, {}, cmd_client_info, "6.2.0", "connection", "Describes the connection."},
    {"kill", -3, kClientAdminSub, kClientAdminAcl, {}, cmd_client_kill, "2.4.0", "connection", "Closes connections."},
    {"list", -2, kClientAdminSub, kClientAdminAcl, {}, cmd_client_list, "2.4.0", "connection", "Describes connections."},
    {"no-evict", 3, kClientAdminSub, kClientAdminAcl, {}, cmd_client_no_evict, "7.0.0", "connection", "Protects the connection from being evicted."},
    {"no-touch", 3, kSub, kPlainAcl, {}, cmd_client_no_touch, "7.2.0", "connection", "Says whether reading a key counts as using it."},
    {"pause", -3, kClientAdminSub, kClientAdminAcl, {}, cmd_client_pause, "2.9.50", "connection", "Lets commands wait for a while."},
    {"reply", 3, kSub, kPlainAcl, {}, cmd_client_reply, "3.2.0", "connection", "Switches the replies to the connection."},
    {"setinfo", 4, kSub, kPlainAcl, {}, cmd_client_setinfo, "7.2.0", "connection", "Says which library the connection uses."},
    {"setname", 3, kSub, kPlainAcl, {}, cmd_client_setname, "2.6.9", "connection", "Names the connection."},
    {"tracking", -3, kSub, kPlainAcl, {}, cmd_client_tracking, "6.0.0", "connection", "Switches the tracking of keys."},
    {"trackinginfo", 2, kSub, kPlainAcl, {}, cmd_client_trackinginfo, "6.2.0", "connection", "Describes the tracking of keys."},
    {"unblock", -3, kClientAdminSub, kClientAdminAcl, {}, cmd_client_unblock, "5.0.0", "connection", "Ends the command that a connection waits with."},
    {"unpause", 2, kClientAdminSub, kClientAdminAcl, {}, cmd_client_unpause, "6.2.0", "connection", "Ends CLIENT PAUSE."},
};
constexpr CommandSpec kConnectionCommands[] = {
    {"auth", -2, kEntry, kFastAcl, {}, cmd_auth, "1.0.0", "connection", "Authenticates the connection."},
    {"client", -2, 0, kAclSlow, {}, nullptr, "2.4.0", "connection", "Commands about connections.", kClientCommands},
    {"echo", 2, kLoading | kStale | kFast, kFastAcl, {}, cmd_echo, "1.0.0", "connection", "Replies its argument."},
    {"hello", -1, kEntry, kFastAcl, {}, cmd_hello, "6.0.0", "connection", "Says who the server is; switches the protocol."},
    {"ping", -1, kFast, kFastAcl, {}, cmd_ping, "1.0.0", "connection", "Replies PONG."},
    {"quit", -1, kEntry | kImmediate | kUnwatched, kFastAcl, {}, cmd_quit, "1.0.0", "connection", "Closes the connection."},
    {"readonly", 1, kLoading | kStale | kFast, kFastAcl, {}, cmd_no_cluster, "3.0.0", "cluster", "Means something in a cluster only."},
    {"readwrite", 1, kLoading | kStale | kFast, kFastAcl, {}, cmd_no_cluster, "3.0.0", "cluster", "Means something in a cluster only."},
    {"reset", 1, kEntry | kImmediate, kFastAcl, {}, cmd_reset, "6.2.0", "connection", "Takes back what the connection has set."},
    {"select", 2, kLoading | kStale | kFast, kFastAcl, {}, cmd_select, "1.0.0", "connection", "Changes the database of the connection."},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> connection_commands() {
  return kConnectionCommands;
}

}  // namespace leat
