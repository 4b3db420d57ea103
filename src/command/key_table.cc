// The rows of the commands that work on keys of any kind.
#include "command/command_table.h"
#include "command/key_commands.h"

namespace leat {
namespace {

// clang-format off
constexpr CommandSpec kObjectCommands[] = {
    {"encoding", 3, kReadonly, kAclKeyspace, "2 RO", cmd_object_encoding,
     "key", "bulk|null", "2.2.3", "generic", "O(1)", "Tells the encoding of a key's value.", "nondeterministic_output"},
    {"freq", 3, kReadonly, kAclKeyspace, "2 RO", cmd_object_freq,
     "key", "null", "4.0.0", "generic", "O(1)", "Tells how often a key is used.", "nondeterministic_output"},
    {"help", 2, kLoading | kStale, kAclKeyspace, {}, cmd_object_help,
     "", "[simple ...]", "6.2.0", "generic", "O(1)", "Lists the subcommands of OBJECT."},
    {"idletime", 3, kReadonly, kAclKeyspace, "2 RO", cmd_object_idletime,
     "key", "count|null", "2.2.3", "generic", "O(1)", "Tells the seconds since a key was last used.", "nondeterministic_output"},
    {"refcount", 3, kReadonly, kAclKeyspace, "2 RO", cmd_object_refcount,
     "key", "count|null", "2.2.3", "generic", "O(1)", "Tells the references to a key's value.", "nondeterministic_output"},
};
constexpr CommandSpec kKeyCommands[] = {
    {"copy", -3, kWrite | kDenyOom, kAclKeyspace, "1 RO access, 2 OW update", cmd_copy,
     "source destination [DB destination-db] [REPLACE]", "0|1",
     "6.2.0", "generic", "O(N) for N fields, members or blocks of entries", "Copies the value of a key to another."},
    {"dbsize", 1, kReadonly | kFast, kAclKeyspace, {}, cmd_dbsize,
     "", "count", "1.0.0", "server", "O(1)", "Counts the keys of the database.", "request_policy:all_shards response_policy:agg_sum"},
    {"del", -2, kWrite | kFreesSpace, kAclKeyspace, "1..-1 RM delete", cmd_del,
     "key [key ...]", "count",
     "1.0.0", "generic", "O(N) for N keys; what they held is freed later", "Deletes keys.", "request_policy:multi_shard response_policy:agg_sum"},
    {"dump", 2, kReadonly, kAclKeyspace, "1 RO access", cmd_dump,
     "key", "bulk|null", "2.6.0", "generic", "O(N), N bytes", "Replies a key's value as a payload for RESTORE.", "nondeterministic_output"},
    {"exists", -2, kReadonly | kFast, kAclKeyspace, "1..-1 RO", cmd_exists,
     "key [key ...]", "count",
     "1.0.0", "generic", "O(N) for N keys", "Counts how many of the keys exist.", "request_policy:multi_shard response_policy:agg_sum"},
    {"expire", -3, kWrite | kFast, kAclKeyspace, "1 RW update", cmd_expire,
     "key seconds [NX|XX|GT|LT]", "0|1", "1.0.0", "generic", "O(1)", "Sets the seconds after which a key goes."},
    {"expireat", -3, kWrite | kFast, kAclKeyspace, "1 RW update", cmd_expireat,
     "key unix-time-seconds [NX|XX|GT|LT]", "0|1", "1.2.0", "generic", "O(1)", "Sets the Unix time, seconds, at which a key goes."},
    {"expiretime", 2, kReadonly | kFast, kAclKeyspace, "1 RO access", cmd_expiretime,
     "key", "-2|-1|count", "7.0.0", "generic", "O(1)", "Tells the Unix time, seconds, at which a key goes."},
    {"flushall", -1, kWrite | kFreesSpace, kAclKeyspace | kAclDangerous, {}, cmd_flushall,
     "[ASYNC|SYNC]", "+OK",
     "1.0.0", "server", "O(N) for N keys", "Deletes all keys of all databases.", "request_policy:all_shards response_policy:all_succeeded"},
    {"flushdb", -1, kWrite | kFreesSpace, kAclKeyspace | kAclDangerous, {}, cmd_flushdb,
     "[ASYNC|SYNC]", "+OK",
     "1.0.0", "server", "O(N) for N keys", "Deletes all keys of the database.", "request_policy:all_shards response_policy:all_succeeded"},
    {"keys", 2, kReadonly, kAclKeyspace | kAclDangerous, {}, cmd_keys,
     "pattern", "[bulk ...]",
     "1.0.0", "generic", "O(N) for N keys in the database", "Lists the keys that match a pattern.", "request_policy:all_shards nondeterministic_output_order"},
    {"move", 3, kWrite | kFast, kAclKeyspace, "1 RW access update", cmd_move,
     "key db", "0|1", "1.0.0", "generic", "O(1)", "Moves a key to another database."},
    {"object", -2, 0, 0, {}, nullptr,
     "", {}, "2.2.3", "generic", "", "Commands that describe a key's value.", {}, kObjectCommands},
    {"persist", 2, kWrite | kFast, kAclKeyspace, "1 RW update", cmd_persist,
     "key", "0|1", "2.2.0", "generic", "O(1)", "Makes a key stay for good."},
    {"pexpire", -3, kWrite | kFast, kAclKeyspace, "1 RW update", cmd_pexpire,
     "key milliseconds [NX|XX|GT|LT]", "0|1", "2.6.0", "generic", "O(1)", "Sets the milliseconds after which a key goes."},
    {"pexpireat", -3, kWrite | kFast, kAclKeyspace, "1 RW update", cmd_pexpireat,
     "key unix-time-milliseconds [NX|XX|GT|LT]", "0|1", "2.6.0", "generic", "O(1)", "Sets the Unix time, milliseconds, at which a key goes."},
    {"pexpiretime", 2, kReadonly | kFast, kAclKeyspace, "1 RO access", cmd_pexpiretime,
     "key", "-2|-1|count", "7.0.0", "generic", "O(1)", "Tells the Unix time, milliseconds, at which a key goes."},
    {"pttl", 2, kReadonly | kFast, kAclKeyspace, "1 RO access", cmd_pttl,
     "key", "-2|-1|count", "2.6.0", "generic", "O(1)", "Tells the milliseconds after which a key goes.", "nondeterministic_output"},
    {"randomkey", 1, kReadonly, kAclKeyspace, {}, cmd_randomkey,
     "", "bulk|null", "1.0.0", "generic", "O(1)", "Replies some key of the database.", "request_policy:all_shards nondeterministic_output"},
    {"rename", 3, kWrite, kAclKeyspace, "1 RW access delete, 2 OW update", cmd_rename,
     "key newkey", "+OK", "1.0.0", "generic", "O(1)", "Renames a key, over any that has the new name."},
    {"renamenx", 3, kWrite | kFast, kAclKeyspace, "1 RW access delete, 2 OW insert", cmd_renamenx,
     "key newkey", "0|1", "1.0.0", "generic", "O(1)", "Renames a key unless the new name exists."},
    {"restore", -4, kWrite | kDenyOom, kAclKeyspace | kAclDangerous, "1 OW update", cmd_restore,
     "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]", "+OK",
     "2.6.0", "generic", "O(N), N bytes; O(log N) for each entry of a stream", "Makes a key of a payload of DUMP."},
    {"scan", -2, kReadonly, kAclKeyspace, {}, cmd_scan,
     "cursor [MATCH pattern] [COUNT count] [TYPE type]", "[cursor: digits, keys: [bulk ...]]",
     "2.8.0", "generic", "O(N) for N keys looked at", "Walks the keys of the database in steps.", "nondeterministic_output request_policy:special"},
    {"swapdb", 3, kWrite | kFast, kAclKeyspace | kAclDangerous, {}, cmd_swapdb,
     "index1 index2", "+OK", "4.0.0", "server", "O(N) for N watched keys of both databases", "Swaps two databases."},
    {"touch", -2, kReadonly | kFast, kAclKeyspace, "1..-1 RO", cmd_touch,
     "key [key ...]", "count",
     "3.2.1", "generic", "O(N) for N keys", "Counts how many of the keys exist, and marks them as used.", "request_policy:multi_shard response_policy:agg_sum"},
    {"ttl", 2, kReadonly | kFast, kAclKeyspace, "1 RO access", cmd_ttl,
     "key", "-2|-1|count", "1.0.0", "generic", "O(1)", "Tells the seconds after which a key goes.", "nondeterministic_output"},
    {"type", 2, kReadonly | kFast, kAclKeyspace, "1 RO", cmd_type,
     "key", "+none|+string|+hash|+set|+stream", "1.0.0", "generic", "O(1)", "Tells the kind of a key's value."},
    {"unlink", -2, kWrite | kFast | kFreesSpace, kAclKeyspace, "1..-1 RM delete", cmd_del,
     "key [key ...]", "count",
     "4.0.0", "generic", "O(N) for N keys; what they held is freed later", "Deletes keys.", "request_policy:multi_shard response_policy:agg_sum"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> key_commands() {
  return kKeyCommands;
}

}  // namespace leat
