// TIME, MONITOR, and the commands about what there is none of: modules, functions, scripts.
#include "command/server_commands.h"

#include <fmt/format.h>

#include "base/time.h"
#include "command/subcommands.h"

namespace leat {
namespace {

// <container> FLUSH [ASYNC|SYNC]: there is nothing to flush.
void reply_flush(Context& context, const Arguments& words, Bytes problem) {
  const bool fits =
      words.size() == 2 ||
      (words.size() == 3 && (same_word(words[2], "async") || same_word(words[2], "sync")));
  fits ? context.reply().ok() : context.error(problem);
}

}  // namespace

// TIME  ->  array: Unix time in seconds, microseconds of the second.
void cmd_time(Context& context, const Arguments& /*words*/) {
  const int64_t now = context.host().wall_us();
  context.reply().array(2);
  context.reply().bulk_integer(now / kUsPerSecond);
  context.reply().bulk_integer(now % kUsPerSecond);
}

// MONITOR  ->  OK, then a line for every command of every client, until RESET or the end.
// Source: redis.io/docs/latest/commands/monitor
void cmd_monitor(Context& context, const Arguments& /*words*/) {
  context.host().clients().watch_commands(context.session(), true);
  context.reply().ok();
}

// MODULE LIST  ->  empty array.
void cmd_module_list(Context& context, const Arguments& /*words*/) {
  context.reply().array(0);
}

void cmd_module_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {"LIST", "    Lists the modules: there are none."};
  reply_help(context, words, kLines);
}

// FUNCTION FLUSH [ASYNC|SYNC]  ->  OK
void cmd_function_flush(Context& context, const Arguments& words) {
  reply_flush(context, words, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
}

// FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]  ->  empty array.
void cmd_function_list(Context& context, const Arguments& words) {
  for (size_t i = 2; i < words.size(); ++i) {
    if (same_word(words[i], "withcode")) continue;
    if (!same_word(words[i], "libraryname")) {
      return context.error(fmt::format("ERR Unknown argument {}", words[i].substr(0, kQuotedMax)));
    }
    if (++i == words.size()) return context.error("ERR library name argument was not given");
  }
  context.reply().array(0);
}

void cmd_function_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "FLUSH [ASYNC|SYNC]", "    There are no functions: does nothing.",
      "LIST [LIBRARYNAME <pattern>] [WITHCODE]", "    Lists the functions: there are none."};
  reply_help(context, words, kLines);
}

// SCRIPT EXISTS sha1 [sha1 ...]  ->  array of 0: no script is known.
void cmd_script_exists(Context& context, const Arguments& words) {
  context.reply().array(words.size() - 2);
  for (size_t i = 2; i < words.size(); ++i) context.reply().integer(0);
}

// SCRIPT FLUSH [ASYNC|SYNC]  ->  OK
void cmd_script_flush(Context& context, const Arguments& words) {
  reply_flush(context, words, "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
}

void cmd_script_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "EXISTS <sha1> [<sha1> ...]", "    Says which scripts are known: none.", "FLUSH [ASYNC|SYNC]",
      "    There are no scripts: does nothing."};
  reply_help(context, words, kLines);
}

}  // namespace leat
