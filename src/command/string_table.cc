// The rows of the string commands.
#include "command/command_table.h"
#include "command/string_commands.h"

namespace leat {
namespace {

constexpr uint32_t kStringReadFast = kAclRead | kAclString | kAclFast;
constexpr uint32_t kStringReadSlow = kAclRead | kAclString | kAclSlow;
constexpr uint32_t kStringWriteFast = kAclWrite | kAclString | kAclFast;
constexpr uint32_t kStringWriteSlow = kAclWrite | kAclString | kAclSlow;
constexpr uint32_t kStringStore = kWrite | kDenyOom;
constexpr uint32_t kStringStoreFast = kStringStore | kFast;
constexpr KeyRange kStringKey = {1, 1, 1};

// clang-format off
constexpr CommandSpec kStringCommands[] = {
    {"append", 3, kStringStoreFast, kStringWriteFast, kStringKey, cmd_append, "2.0.0", "string", "Appends to a string."},
    {"decr", 2, kStringStoreFast, kStringWriteFast, kStringKey, cmd_decr, "1.0.0", "string", "Subtracts one from an integer."},
    {"decrby", 3, kStringStoreFast, kStringWriteFast, kStringKey, cmd_decrby, "1.0.0", "string", "Subtracts from an integer."},
    {"get", 2, kReadonly | kFast, kStringReadFast, kStringKey, cmd_get, "1.0.0", "string", "Replies a string."},
    {"getdel", 2, kWrite | kFast, kStringWriteFast, kStringKey, cmd_getdel, "6.2.0", "string", "Replies a string and deletes its key."},
    {"getex", -2, kWrite | kFast, kStringWriteFast, kStringKey, cmd_getex, "6.2.0", "string", "Replies a string and sets when its key goes."},
    {"getrange", 4, kReadonly, kStringReadSlow, kStringKey, cmd_getrange, "2.4.0", "string", "Replies a part of a string."},
    {"getset", 3, kStringStoreFast, kStringWriteFast, kStringKey, cmd_getset, "1.0.0", "string", "Sets a string and replies what it was."},
    {"incr", 2, kStringStoreFast, kStringWriteFast, kStringKey, cmd_incr, "1.0.0", "string", "Adds one to an integer."},
    {"incrby", 3, kStringStoreFast, kStringWriteFast, kStringKey, cmd_incrby, "1.0.0", "string", "Adds to an integer."},
    {"incrbyfloat", 3, kStringStoreFast, kStringWriteFast, kStringKey, cmd_incrbyfloat, "2.6.0", "string", "Adds to a floating-point number."},
    {"mget", -2, kReadonly | kFast, kStringReadFast, {1, -1, 1}, cmd_mget, "1.0.0", "string", "Replies several strings."},
    {"mset", -3, kStringStore, kStringWriteSlow, {1, -1, 2}, cmd_mset, "1.0.1", "string", "Sets several strings."},
    {"msetnx", -3, kStringStore, kStringWriteSlow, {1, -1, 2}, cmd_msetnx, "1.0.1", "string", "Sets several strings if none of the keys exists."},
    {"psetex", 4, kStringStore, kStringWriteSlow, kStringKey, cmd_psetex, "2.6.0", "string", "Sets a string and the milliseconds after which it goes."},
    {"set", -3, kStringStore, kStringWriteSlow, kStringKey, cmd_set, "1.0.0", "string", "Sets a string."},
    {"setex", 4, kStringStore, kStringWriteSlow, kStringKey, cmd_setex, "2.0.0", "string", "Sets a string and the seconds after which it goes."},
    {"setnx", 3, kStringStoreFast, kStringWriteFast, kStringKey, cmd_setnx, "1.0.0", "string", "Sets a string if its key does not exist."},
    {"setrange", 4, kStringStore, kStringWriteSlow, kStringKey, cmd_setrange, "2.2.0", "string", "Overwrites a part of a string."},
    {"strlen", 2, kReadonly | kFast, kStringReadFast, kStringKey, cmd_strlen, "2.2.0", "string", "Tells the length of a string."},
    {"substr", 4, kReadonly, kStringReadSlow, kStringKey, cmd_getrange, "1.0.0", "string", "Replies a part of a string."},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> string_commands() {
  return kStringCommands;
}

}  // namespace leat
