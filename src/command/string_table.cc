// The rows of the string commands.
#include "command/command_table.h"
#include "command/string_commands.h"

namespace leat {
namespace {

constexpr uint32_t kReadFast = kAclRead | kAclString | kAclFast;
constexpr uint32_t kReadSlow = kAclRead | kAclString | kAclSlow;
constexpr uint32_t kWriteFast = kAclWrite | kAclString | kAclFast;
constexpr uint32_t kWriteSlow = kAclWrite | kAclString | kAclSlow;
constexpr uint32_t kStore = kWrite | kDenyOom;
constexpr uint32_t kStoreFast = kStore | kFast;
constexpr KeyRange kFirst = {1, 1, 1};

// clang-format off
constexpr CommandSpec kCommands[] = {
    {"append", 3, kStoreFast, kWriteFast, kFirst, cmd_append, "2.0.0", "string", "Appends to a string."},
    {"decr", 2, kStoreFast, kWriteFast, kFirst, cmd_decr, "1.0.0", "string", "Subtracts one from an integer."},
    {"decrby", 3, kStoreFast, kWriteFast, kFirst, cmd_decrby, "1.0.0", "string", "Subtracts from an integer."},
    {"get", 2, kReadonly | kFast, kReadFast, kFirst, cmd_get, "1.0.0", "string", "Replies a string."},
    {"getdel", 2, kWrite | kFast, kWriteFast, kFirst, cmd_getdel, "6.2.0", "string", "Replies a string and deletes its key."},
    {"getex", -2, kWrite | kFast, kWriteFast, kFirst, cmd_getex, "6.2.0", "string", "Replies a string and sets when its key goes."},
    {"getrange", 4, kReadonly, kReadSlow, kFirst, cmd_getrange, "2.4.0", "string", "Replies a part of a string."},
    {"getset", 3, kStoreFast, kWriteFast, kFirst, cmd_getset, "1.0.0", "string", "Sets a string and replies what it was."},
    {"incr", 2, kStoreFast, kWriteFast, kFirst, cmd_incr, "1.0.0", "string", "Adds one to an integer."},
    {"incrby", 3, kStoreFast, kWriteFast, kFirst, cmd_incrby, "1.0.0", "string", "Adds to an integer."},
    {"incrbyfloat", 3, kStoreFast, kWriteFast, kFirst, cmd_incrbyfloat, "2.6.0", "string", "Adds to a floating-point number."},
    {"mget", -2, kReadonly | kFast, kReadFast, {1, -1, 1}, cmd_mget, "1.0.0", "string", "Replies several strings."},
    {"mset", -3, kStore, kWriteSlow, {1, -1, 2}, cmd_mset, "1.0.1", "string", "Sets several strings."},
    {"msetnx", -3, kStore, kWriteSlow, {1, -1, 2}, cmd_msetnx, "1.0.1", "string", "Sets several strings if none of the keys exists."},
    {"psetex", 4, kStore, kWriteSlow, kFirst, cmd_psetex, "2.6.0", "string", "Sets a string and the milliseconds after which it goes."},
    {"set", -3, kStore, kWriteSlow, kFirst, cmd_set, "1.0.0", "string", "Sets a string."},
    {"setex", 4, kStore, kWriteSlow, kFirst, cmd_setex, "2.0.0", "string", "Sets a string and the seconds after which it goes."},
    {"setnx", 3, kStoreFast, kWriteFast, kFirst, cmd_setnx, "1.0.0", "string", "Sets a string if its key does not exist."},
    {"setrange", 4, kStore, kWriteSlow, kFirst, cmd_setrange, "2.2.0", "string", "Overwrites a part of a string."},
    {"strlen", 2, kReadonly | kFast, kReadFast, kFirst, cmd_strlen, "2.2.0", "string", "Tells the length of a string."},
    {"substr", 4, kReadonly, kReadSlow, kFirst, cmd_getrange, "1.0.0", "string", "Replies a part of a string."},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> string_commands() {
  return kCommands;
}

}  // namespace leat
