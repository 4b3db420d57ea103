// The rows of the string commands.
#include "command/command_table.h"
#include "command/string_commands.h"

namespace leat {
namespace {

constexpr uint32_t kStringStore = kWrite | kDenyOom;
constexpr uint32_t kStringStoreFast = kStringStore | kFast;

// clang-format off
constexpr CommandSpec kStringCommands[] = {
    {"append", 3, kStringStoreFast, kAclString, "1 RW insert", cmd_append,
     "key value", "count", "2.0.0", "string", "O(N) for N bytes of the string", "Appends to a string."},
    {"decr", 2, kStringStoreFast, kAclString, "1 RW access update", cmd_decr,
     "key", "integer", "1.0.0", "string", "O(1)", "Subtracts one from an integer."},
    {"decrby", 3, kStringStoreFast, kAclString, "1 RW access update", cmd_decrby,
     "key decrement", "integer", "1.0.0", "string", "O(1)", "Subtracts from an integer."},
    {"get", 2, kReadonly | kFast, kAclString, "1 RO access", cmd_get,
     "key", "bulk|null", "1.0.0", "string", "O(1)", "Replies a string."},
    {"getdel", 2, kWrite | kFast, kAclString, "1 RW access delete", cmd_getdel,
     "key", "bulk|null", "6.2.0", "string", "O(1)", "Replies a string and deletes its key."},
    {"getex", -2, kWrite | kFast, kAclString, "1 RW access update", cmd_getex,
     "key [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST]", "bulk|null",
     "6.2.0", "string", "O(1)", "Replies a string and sets when its key goes."},
    {"getrange", 4, kReadonly, kAclString, "1 RO access", cmd_getrange,
     "key start=integer end=integer", "bulk", "2.4.0", "string", "O(N) for N bytes of the reply", "Replies a part of a string."},
    {"getset", 3, kStringStoreFast, kAclString, "1 RW access update", cmd_getset,
     "key value", "bulk|null", "1.0.0", "string", "O(1)", "Sets a string and replies what it was.", {}, {}, "6.2.0", "SET with GET"},
    {"incr", 2, kStringStoreFast, kAclString, "1 RW access update", cmd_incr,
     "key", "integer", "1.0.0", "string", "O(1)", "Adds one to an integer."},
    {"incrby", 3, kStringStoreFast, kAclString, "1 RW access update", cmd_incrby,
     "key increment", "integer", "1.0.0", "string", "O(1)", "Adds to an integer."},
    {"incrbyfloat", 3, kStringStoreFast, kAclString, "1 RW access update", cmd_incrbyfloat,
     "key increment=double", "bulk", "2.6.0", "string", "O(1)", "Adds to a floating-point number."},
    {"mget", -2, kReadonly | kFast, kAclString, "1..-1 RO access", cmd_mget,
     "key [key ...]", "[bulk|null ...]", "1.0.0", "string", "O(N) for N keys", "Replies several strings.", "request_policy:multi_shard"},
    {"mset", -3, kStringStore, kAclString, "1..-1/2 OW update", cmd_mset,
     "key value [key value ...]", "+OK",
     "1.0.1", "string", "O(N) for N keys", "Sets several strings.", "request_policy:multi_shard response_policy:all_succeeded"},
    {"msetnx", -3, kStringStore, kAclString, "1..-1/2 OW insert", cmd_msetnx,
     "key value [key value ...]", "0|1",
     "1.0.1", "string", "O(N) for N keys", "Sets several strings if none of the keys exists.", "request_policy:multi_shard response_policy:agg_min"},
    {"psetex", 4, kStringStore, kAclString, "1 OW update", cmd_psetex,
     "key milliseconds value", "+OK", "2.6.0", "string", "O(1)", "Sets a string and the milliseconds after which it goes."},
    {"set", -3, kStringStore, kAclString, "1 RW access update variable_flags", cmd_set,
     "key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]", "+OK|bulk|null",
     "1.0.0", "string", "O(1)", "Sets a string."},
    {"setex", 4, kStringStore, kAclString, "1 OW update", cmd_setex,
     "key seconds value", "+OK", "2.0.0", "string", "O(1)", "Sets a string and the seconds after which it goes."},
    {"setnx", 3, kStringStoreFast, kAclString, "1 OW insert", cmd_setnx,
     "key value", "0|1", "1.0.0", "string", "O(1)", "Sets a string if its key does not exist."},
    {"setrange", 4, kStringStore, kAclString, "1 RW update", cmd_setrange,
     "key offset value", "count", "2.2.0", "string", "O(N) for N bytes of the string", "Overwrites a part of a string."},
    {"strlen", 2, kReadonly | kFast, kAclString, "1 RO", cmd_strlen,
     "key", "count", "2.2.0", "string", "O(1)", "Tells the length of a string."},
    {"substr", 4, kReadonly, kAclString, "1 RO access", cmd_getrange,
     "key start=integer end=integer", "bulk",
     "1.0.0", "string", "O(N) for N bytes of the reply", "Replies a part of a string.", {}, {}, "2.0.0", "GETRANGE"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> string_commands() {
  return kStringCommands;
}

}  // namespace leat
