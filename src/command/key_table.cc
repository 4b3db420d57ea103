// The rows of the commands that work on keys of any kind.
#include "command/command_table.h"
#include "command/key_commands.h"

namespace leat {
namespace {

constexpr uint32_t kKeyReadFast = kAclKeyspace | kAclRead | kAclFast;
constexpr uint32_t kKeyReadSlow = kAclKeyspace | kAclRead | kAclSlow;
constexpr uint32_t kKeyWriteFast = kAclKeyspace | kAclWrite | kAclFast;
constexpr uint32_t kKeyWriteSlow = kAclKeyspace | kAclWrite | kAclSlow;

// clang-format off
constexpr CommandSpec kObjectCommands[] = {
    {"encoding", 3, kReadonly, kKeyReadSlow, {2, 2, 1}, cmd_object_encoding, "2.2.3", "generic", "Tells the encoding of a key's value."},
    {"freq", 3, kReadonly, kKeyReadSlow, {2, 2, 1}, cmd_object_freq, "4.0.0", "generic", "Tells how often a key is used."},
    {"help", 2, kLoading | kStale, kAclKeyspace | kAclSlow, {}, cmd_object_help, "6.2.0", "generic", "Lists the subcommands of OBJECT."},
    {"idletime", 3, kReadonly, kKeyReadSlow, {2, 2, 1}, cmd_object_idletime, "2.2.3", "generic", "Tells the seconds since a key was last used."},
    {"refcount", 3, kReadonly, kKeyReadSlow, {2, 2, 1}, cmd_object_refcount, "2.2.3", "generic", "Tells the references to a key's value."},
};
constexpr CommandSpec kKeyCommands[] = {
    {"copy", -3, kWrite | kDenyOom, kKeyWriteSlow, {1, 2, 1}, cmd_copy, "6.2.0", "generic", "Copies the value of a key to another."},
    {"dbsize", 1, kReadonly | kFast, kKeyReadFast, {}, cmd_dbsize, "1.0.0", "server", "Counts the keys of the database."},
    {"del", -2, kWrite | kFreesSpace, kKeyWriteSlow, {1, -1, 1}, cmd_del, "1.0.0", "generic", "Deletes keys."},
    {"exists", -2, kReadonly | kFast, kKeyReadFast, {1, -1, 1}, cmd_exists, "1.0.0", "generic", "Counts how many of the keys exist."},
    {"expire", -3, kWrite | kFast, kKeyWriteFast, {1, 1, 1}, cmd_expire, "1.0.0", "generic", "Sets the seconds after which a key goes."},
    {"expireat", -3, kWrite | kFast, kKeyWriteFast, {1, 1, 1}, cmd_expireat, "1.2.0", "generic", "Sets the Unix time, seconds, at which a key goes."},
    {"expiretime", 2, kReadonly | kFast, kKeyReadFast, {1, 1, 1}, cmd_expiretime, "7.0.0", "generic", "Tells the Unix time, seconds, at which a key goes."},
    {"flushall", -1, kWrite | kFreesSpace, kAclKeyspace | kAclWrite | kAclSlow | kAclDangerous, {}, cmd_flushall, "1.0.0", "server", "Deletes all keys of all databases."},
    {"flushdb", -1, kWrite | kFreesSpace, kAclKeyspace | kAclWrite | kAclSlow | kAclDangerous, {}, cmd_flushdb, "1.0.0", "server", "Deletes all keys of the database."},
    {"keys", 2, kReadonly, kKeyReadSlow | kAclDangerous, {}, cmd_keys, "1.0.0", "generic", "Lists the keys that match a pattern."},
    {"move", 3, kWrite | kFast, kKeyWriteFast, {1, 1, 1}, cmd_move, "1.0.0", "generic", "Moves a key to another database."},
    {"object", -2, 0, kAclSlow, {}, nullptr, "2.2.3", "generic", "Commands that describe a key's value.", kObjectCommands},
    {"persist", 2, kWrite | kFast, kKeyWriteFast, {1, 1, 1}, cmd_persist, "2.2.0", "generic", "Makes a key stay for good."},
    {"pexpire", -3, kWrite | kFast, kKeyWriteFast, {1, 1, 1}, cmd_pexpire, "2.6.0", "generic", "Sets the milliseconds after which a key goes."},
    {"pexpireat", -3, kWrite | kFast, kKeyWriteFast, {1, 1, 1}, cmd_pexpireat, "2.6.0", "generic", "Sets the Unix time, milliseconds, at which a key goes."},
    {"pexpiretime", 2, kReadonly | kFast, kKeyReadFast, {1, 1, 1}, cmd_pexpiretime, "7.0.0", "generic", "Tells the Unix time, milliseconds, at which a key goes."},
    {"pttl", 2, kReadonly | kFast, kKeyReadFast, {1, 1, 1}, cmd_pttl, "2.6.0", "generic", "Tells the milliseconds after which a key goes."},
    {"randomkey", 1, kReadonly, kKeyReadSlow, {}, cmd_randomkey, "1.0.0", "generic", "Replies some key of the database."},
    {"rename", 3, kWrite, kKeyWriteSlow, {1, 2, 1}, cmd_rename, "1.0.0", "generic", "Renames a key, over any that has the new name."},
    {"renamenx", 3, kWrite | kFast, kKeyWriteFast, {1, 2, 1}, cmd_renamenx, "1.0.0", "generic", "Renames a key unless the new name exists."},
    {"scan", -2, kReadonly, kKeyReadSlow, {}, cmd_scan, "2.8.0", "generic", "Walks the keys of the database in steps."},
    {"swapdb", 3, kWrite | kFast, kAclKeyspace | kAclWrite | kAclFast | kAclDangerous, {}, cmd_swapdb, "4.0.0", "server", "Swaps two databases."},
    {"touch", -2, kReadonly | kFast, kKeyReadFast, {1, -1, 1}, cmd_touch, "3.2.1", "generic", "Counts how many of the keys exist, and marks them as used."},
    {"ttl", 2, kReadonly | kFast, kKeyReadFast, {1, 1, 1}, cmd_ttl, "1.0.0", "generic", "Tells the seconds after which a key goes."},
    {"type", 2, kReadonly | kFast, kKeyReadFast, {1, 1, 1}, cmd_type, "1.0.0", "generic", "Tells the kind of a key's value."},
    {"unlink", -2, kWrite | kFast | kFreesSpace, kKeyWriteFast, {1, -1, 1}, cmd_del, "4.0.0", "generic", "Deletes keys."},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> key_commands() {
  return kKeyCommands;
}

}  // namespace leat
