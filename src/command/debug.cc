// DEBUG: the few subcommands that test suites use, behind enable-debug-command.
#include <algorithm>

#include <fmt/format.h>

#include "base/crash_points.h"
#include "base/glob.h"
#include "base/numbers.h"
#include "command/dispatcher.h"
#include "command/server_commands.h"
#include "command/subcommands.h"
#include "command/value_encoding.h"

namespace leat {
namespace {

constexpr double kSleepSecondsMax = 3600;
constexpr size_t kMatchedBytesMax = 1 << 20;

// Digests here have 64 bits; Redis' have 160, in 40 digits.
std::string digest_text(uint64_t digest) {
  return fmt::format("{:040x}", digest);
}

// The server answers nobody for that long. Nothing else stops: the reactor turns.
void debug_sleep(Context& context, Bytes word) {
  const auto seconds = parse_double(word);
  if (!seconds || !(*seconds >= 0) || *seconds > kSleepSecondsMax) {
    return context.error(kErrNotFloat);
  }
  const auto ns = static_cast<int64_t>(*seconds * 1e9);
  if (ns == 0 || !context.may_block()) return context.reply().ok();
  const MonoNs until{context.now().mono.value + ns};
  context.host().clients().pause(until, /*only_writes=*/false);
  context.park({.keys = {},
                .deadline = until,
                .frozen = {},
                .durable = {},
                .late = "+OK\r\n",
                .works = true});
}

void debug_object(Context& context, Bytes key) {
  const Object* const object = context.live(key);
  if (object == nullptr) return context.error(kErrNoSuchKey);
  const int64_t idle_ms = context.idle_ms(*object);
  context.reply().simple(fmt::format(
      "Value at:0x{:x} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
      object->id.value, encoding_name(*object), memory_of(*object),
      (context.now().wall.value - idle_ms) / 1000, idle_ms / 1000));
}

void debug_digest_values(Context& context, const Arguments& words) {
  context.reply().array(words.size() - 2);
  for (size_t i = 2; i < words.size(); ++i) {
    const Object* const object = context.live(words[i]);
    context.reply().simple(digest_text(object == nullptr ? 0 : Engine::value_digest(*object)));
  }
}

// How long matching takes is what its caller measures.
void debug_stringmatch(Context& context, Bytes length, Bytes pattern) {
  const auto size = parse_uint64(length);
  if (!size || *size > kMatchedBytesMax) return context.error(kErrNotInteger);
  const std::string text(*size, 'a');
  context.reply().integer(glob_matches(pattern, text) ? 1 : 0);
}

// Memory is what log and checkpoint say, always. So it is not replaced: a checkpoint is made, read back into a second
// engine, and compared.
void debug_reload(Context& context) {
  NodeHost& node = context.host().node();
  const uint64_t checkpoint = node.make_checkpoint(CheckpointReason::kVerify);
  if (!context.may_block()) return context.reply().ok();
  context.park(
      {.keys = {},
       .deadline = {},
       .frozen = {},
       .durable = {},
       .checkpoint = AwaitCheckpoint{.number = checkpoint,
                                     .reply = "+OK\r\n",
                                     .failed = "-ERR Error trying to load the checkpoint, check "
                                               "server logs.\r\n"},
       .late = {}});
}

// The process dies at a step that changes files, the n-th from now on. The reply may get out before.
void debug_crash_point(Context& context, Bytes point) {
  if (!crash_points_unlocked()) {
    return context.error(
        "ERR crash points are for tests: the server must be started with LEAT_CRASH_POINT=later in "
        "its environment.");
  }
  const Status armed = arm_crash_point(point);
  if (!armed.ok()) return context.error("ERR no such crash point.");
  context.reply().ok();
}

bool debug_allowed(Context& context) {
  switch (context.settings().debug) {
    case DebugAccess::kNobody:
      return false;
    case DebugAccess::kLocal:
      return context.host().clients().is_local(context.session());
    case DebugAccess::kAll:
      return true;
  }
  return false;
}

void debug_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "CHANGE-REPL-ID",
      "    Does nothing: there is no replication.",
      "CRASH-POINT <name>[:<n>]",
      "    Kills the server when it comes to a step of leat --crash-points for the n-th time.",
      "DIGEST",
      "    Replies a number for everything that is kept: a restart does not change it.",
      "DIGEST-VALUE <key> [<key> ...]",
      "    Replies a number for each key that is equal for equal values.",
      "LOADAOF | RELOAD",
      "    Replies when everything is on disk.",
      "OBJECT <key>",
      "    Describes the value of a key.",
      "QUICKLIST-PACKED-THRESHOLD <size>",
      "    Does nothing: there are no such lists.",
      "SET-ACTIVE-EXPIRE 0|1",
      "    Switches whether keys go that nobody asks for when their time has come.",
      "SLEEP <seconds>",
      "    Lets all clients wait.",
      "STRINGMATCH-LEN <length> <pattern>",
      "    Matches a text of that many letters 'a'.",
  };
  reply_help(context, words, kLines);
}

}  // namespace

// DEBUG subcommand [argument ...]
void cmd_debug(Context& context, const Arguments& words) {
  if (!debug_allowed(context)) {
    return context.error(
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", "
        "you can run it from a local connection, otherwise you need to set this option in the "
        "configuration file, and then restart the server.");
  }
  const auto is = [&words](Bytes name, size_t size) {
    return words.size() == size && same_word(words[1], name);
  };
  if (is("help", 2)) return debug_help(context, words);
  if (is("sleep", 3)) return debug_sleep(context, words[2]);
  if (is("object", 3)) return debug_object(context, words[2]);
  if (is("crash-point", 3)) return debug_crash_point(context, words[2]);
  if (is("stringmatch-len", 4)) return debug_stringmatch(context, words[2], words[3]);
  context.read_on_the_spot();
  if (same_word(words[1], "digest-value")) return debug_digest_values(context, words);
  if (same_word(words[1], "reload") || is("loadaof", 2)) return debug_reload(context);
  if (is("digest", 2)) {
    context.depends_on_all();
    return context.reply().simple(digest_text(context.engine().digest()));
  }
  if (is("set-active-expire", 3) && (words[2] == "0" || words[2] == "1")) {
    context.dispatcher().set_active_expiry(words[2] == "1");
    return context.reply().ok();
  }
  if (is("change-repl-id", 2) || is("quicklist-packed-threshold", 3)) return context.reply().ok();
  reply_subcommand_error(context, words);
}

}  // namespace leat
