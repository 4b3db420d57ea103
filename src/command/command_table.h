// The command table: what clients can say, as data. One row per command and per subcommand (docs/adr/0023).
//
// COMMAND and docs/commands.md show nothing else. A test compares the rows with COMMAND of a live
// redis-server. Each family keeps its rows beside its handlers.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "command/arguments.h"
#include "command/key_specs.h"

namespace leat {

class Context;
using CommandHandler = void (*)(Context& context, const Arguments& words);

enum CommandFlag : uint32_t {
  kWrite = 1U << 0,
  kReadonly = 1U << 1,
  kDenyOom = 1U << 2,
  kAdmin = 1U << 3,
  kPubSub = 1U << 4,
  kNoScript = 1U << 5,
  kBlocking = 1U << 6,
  kLoading = 1U << 7,
  kStale = 1U << 8,
  kSkipMonitor = 1U << 9,
  kSkipSlowlog = 1U << 10,
  kFast = 1U << 11,
  kNoAuth = 1U << 12,
  kMovableKeys = 1U << 13,
  kAllowBusy = 1U << 14,
  kNoMulti = 1U << 15,
  kNoAsyncLoading = 1U << 16,
  kNoMandatoryKeys = 1U << 17,
  // Held back by CLIENT PAUSE WRITE like a write; COMMAND does not show it.
  kReplicated = 1U << 18,
  // Ours, not shown: executed at once even inside MULTI.
  kImmediate = 1U << 24,
  // Ours, not shown: still works when the disk is full, on reserved log space (XACK, XDEL, XTRIM, DEL).
  kFreesSpace = 1U << 25,
  // Ours, not shown: MONITOR leaves it out (QUIT).
  kUnwatched = 1U << 26,
  // Ours, not shown: MONITOR has it behind the commands that it runs (EXEC).
  kShownLast = 1U << 27,
};

// ACL categories. A row names those that its flags do not imply: categories().
enum CommandCategory : uint32_t {
  kAclKeyspace = 1U << 0,
  kAclRead = 1U << 1,
  kAclWrite = 1U << 2,
  kAclSet = 1U << 3,
  kAclHash = 1U << 4,
  kAclString = 1U << 5,
  kAclStream = 1U << 6,
  kAclPubSub = 1U << 7,
  kAclAdmin = 1U << 8,
  kAclFast = 1U << 9,
  kAclSlow = 1U << 10,
  kAclBlocking = 1U << 11,
  kAclDangerous = 1U << 12,
  kAclConnection = 1U << 13,
  kAclTransaction = 1U << 14,
  kAclScripting = 1U << 15,
};

struct CommandSpec {
  std::string_view name;  // Lower case; a subcommand without its container's name.
  int arity = 0;          // Number of words, the name included; negative: at least.
  uint32_t flags = 0;
  uint32_t categories = 0;  // Beyond those that the flags imply.
  KeySpecs keys;
  CommandHandler handler = nullptr;
  std::string_view syntax;  // The words behind the name: command/syntax.h.
  std::string_view reply;   // What it replies: command/reply_schema.h.
  std::string_view since;   // The version of Redis.
  std::string_view group;
  std::string_view complexity;
  std::string_view summary;
  std::string_view tips;  // Those of COMMAND INFO, with a blank between them.
  std::span<const CommandSpec> subcommands;
  std::string_view deprecated_since;
  std::string_view replaced_by;
};

// The row of a command by its name in any case; null if there is none.
[[nodiscard]] const CommandSpec* find_command(Bytes name);
[[nodiscard]] const CommandSpec* find_subcommand(const CommandSpec& container, Bytes name);
// By "get" or "xgroup|create".
[[nodiscard]] const CommandSpec* find_by_full_name(Bytes name);
// "get", "xgroup|create".
[[nodiscard]] std::string_view full_name(const CommandSpec& spec);
// All rows, by name.
[[nodiscard]] std::span<const CommandSpec* const> all_commands();
// All ACL categories, as CommandCategory.
[[nodiscard]] uint32_t categories(const CommandSpec& spec);

// The families; command_table.cc puts them together.
[[nodiscard]] std::span<const CommandSpec> stream_commands();
[[nodiscard]] std::span<const CommandSpec> key_commands();
[[nodiscard]] std::span<const CommandSpec> string_commands();
[[nodiscard]] std::span<const CommandSpec> hash_commands();
[[nodiscard]] std::span<const CommandSpec> set_commands();
[[nodiscard]] std::span<const CommandSpec> pubsub_commands();
[[nodiscard]] std::span<const CommandSpec> transaction_commands();
[[nodiscard]] std::span<const CommandSpec> connection_commands();
[[nodiscard]] std::span<const CommandSpec> server_commands();

}  // namespace leat
