// The rows of the stream commands.
#include "command/command_table.h"
#include "command/stream_commands.h"

namespace leat {
namespace {

// The keys of XREAD and XREADGROUP: the first half of what follows STREAMS. Options are parsed, not searched:
// a group or consumer may be called STREAMS.
std::vector<size_t> read_keys(const Arguments& words) {
  size_t i = 1;
  while (i < words.size() && !same_word(words[i], "streams")) {
    if (same_word(words[i], "group")) {
      i += 3;
    } else if (same_word(words[i], "noack")) {
      i += 1;
    } else {
      i += 2;  // BLOCK, COUNT
    }
  }
  std::vector<size_t> positions;
  if (i + 1 >= words.size() || (words.size() - i - 1) % 2 != 0) return positions;
  for (size_t key = i + 1; key < i + 1 + (words.size() - i - 1) / 2; ++key)
    positions.push_back(key);
  return positions;
}

constexpr uint32_t kStreamRead = kAclRead | kAclStream;
constexpr uint32_t kStreamWrite = kAclWrite | kAclStream;

// clang-format off
constexpr CommandSpec kGroupCommands[] = {
    {"create", -5, kWrite | kDenyOom, kStreamWrite | kAclSlow, {2, 2, 1}, cmd_xgroup_create, "5.0.0", "stream", "Creates a consumer group."},
    {"createconsumer", 5, kWrite | kDenyOom, kStreamWrite | kAclSlow, {2, 2, 1}, cmd_xgroup_createconsumer, "6.2.0", "stream", "Creates a consumer in a consumer group."},
    {"delconsumer", 5, kWrite | kFreesSpace, kStreamWrite | kAclSlow, {2, 2, 1}, cmd_xgroup_delconsumer, "5.0.0", "stream", "Deletes a consumer from a consumer group."},
    {"destroy", 4, kWrite | kFreesSpace, kStreamWrite | kAclSlow, {2, 2, 1}, cmd_xgroup_destroy, "5.0.0", "stream", "Destroys a consumer group."},
    {"help", 2, kLoading | kStale, kAclStream | kAclSlow, {}, cmd_xgroup_help, "5.0.0", "stream", "Lists the subcommands of XGROUP."},
    {"setid", -5, kWrite, kStreamWrite | kAclSlow, {2, 2, 1}, cmd_xgroup_setid, "5.0.0", "stream", "Sets the last-delivered id of a consumer group."},
};
constexpr CommandSpec kInfoCommands[] = {
    {"consumers", 4, kReadonly, kStreamRead | kAclSlow, {2, 2, 1}, cmd_xinfo_consumers, "5.0.0", "stream", "Lists the consumers of a consumer group."},
    {"groups", 3, kReadonly, kStreamRead | kAclSlow, {2, 2, 1}, cmd_xinfo_groups, "5.0.0", "stream", "Lists the consumer groups of a stream."},
    {"help", 2, kLoading | kStale, kAclStream | kAclSlow, {}, cmd_xinfo_help, "5.0.0", "stream", "Lists the subcommands of XINFO."},
    {"stream", -3, kReadonly, kStreamRead | kAclSlow, {2, 2, 1}, cmd_xinfo_stream, "5.0.0", "stream", "Describes a stream."},
};
constexpr CommandSpec kStreamCommands[] = {
    {"xack", -4, kWrite | kFast | kFreesSpace, kStreamWrite | kAclFast, {1, 1, 1}, cmd_xack, "5.0.0", "stream", "Acknowledges entries that are pending in a consumer group."},
    {"xackdel", -6, kWrite | kFast | kFreesSpace, kStreamWrite | kAclFast, {1, 1, 1}, cmd_xackdel, "8.2.0", "stream", "Acknowledges pending entries and deletes them from the stream."},
    {"xadd", -5, kWrite | kDenyOom | kFast, kStreamWrite | kAclFast, {1, 1, 1}, cmd_xadd, "5.0.0", "stream", "Appends an entry to a stream."},
    {"xautoclaim", -6, kWrite | kFast, kStreamWrite | kAclFast, {1, 1, 1}, cmd_xautoclaim, "6.2.0", "stream", "Makes a consumer the owner of entries that have been pending for long."},
    {"xcfgset", -2, kWrite | kFast | kFreesSpace, kStreamWrite | kAclFast, {1, 1, 1}, cmd_xcfgset, "8.6.0", "stream", "Sets how much of a stream is kept."},
    {"xclaim", -6, kWrite | kFast, kStreamWrite | kAclFast, {1, 1, 1}, cmd_xclaim, "5.0.0", "stream", "Makes a consumer the owner of pending entries."},
    {"xdel", -3, kWrite | kFast | kFreesSpace, kStreamWrite | kAclFast, {1, 1, 1}, cmd_xdel, "5.0.0", "stream", "Deletes entries of a stream."},
    {"xdelex", -5, kWrite | kFast | kFreesSpace, kStreamWrite | kAclFast, {1, 1, 1}, cmd_xdelex, "8.2.0", "stream", "Deletes entries of a stream, with regard to what its groups hold."},
    {"xgroup", -2, 0, kAclSlow, {}, nullptr, "5.0.0", "stream", "Consumer group commands.", kGroupCommands},
    {"xinfo", -2, 0, kAclSlow, {}, nullptr, "5.0.0", "stream", "Stream introspection commands.", kInfoCommands},
    {"xlen", 2, kReadonly | kFast, kStreamRead | kAclFast, {1, 1, 1}, cmd_xlen, "5.0.0", "stream", "Counts the entries of a stream."},
    {"xnack", -7, kWrite | kFast, kStreamWrite | kAclFast, {1, 1, 1}, cmd_xnack, "8.8.0", "stream", "Gives pending entries back, for another consumer to claim."},
    {"xpending", -3, kReadonly, kStreamRead | kAclSlow, {1, 1, 1}, cmd_xpending, "5.0.0", "stream", "Lists what is pending in a consumer group."},
    {"xrange", -4, kReadonly, kStreamRead | kAclSlow, {1, 1, 1}, cmd_xrange, "5.0.0", "stream", "Replies the entries of a stream within a range of ids."},
    {"xread", -4, kReadonly | kBlocking | kMovableKeys, kStreamRead | kAclSlow | kAclBlocking, {}, cmd_xread, "5.0.0", "stream", "Replies entries of streams behind given ids; blocks until there is one.", {}, read_keys},
    {"xreadgroup", -7, kWrite | kBlocking | kMovableKeys, kStreamWrite | kAclSlow | kAclBlocking, {}, cmd_xreadgroup, "5.0.0", "stream", "Delivers entries to a consumer of a group; blocks until there is one.", {}, read_keys},
    {"xrevrange", -4, kReadonly, kStreamRead | kAclSlow, {1, 1, 1}, cmd_xrevrange, "5.0.0", "stream", "Replies the entries of a stream within a range of ids, newest first."},
    {"xsetid", -3, kWrite | kDenyOom | kFast, kStreamWrite | kAclFast, {1, 1, 1}, cmd_xsetid, "5.0.0", "stream", "Sets the last id of a stream."},
    {"xtrim", -4, kWrite | kFreesSpace, kStreamWrite | kAclSlow, {1, 1, 1}, cmd_xtrim, "5.0.0", "stream", "Drops entries from the head of a stream."},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> stream_commands() {
  return kStreamCommands;
}

}  // namespace leat
