// CLIENT, but for KILL, LIST and TRACKING.
#include <fmt/format.h>

#include "base/numbers.h"
#include "command/client_words.h"
#include "command/connection_commands.h"
#include "command/subcommands.h"

namespace leat {
namespace {

// ON or OFF; false after the error has been replied.
bool read_switch(Context& context, Bytes word, bool& on) {
  on = same_word(word, "on");
  if (on || same_word(word, "off")) return true;
  context.error(kErrSyntax);
  return false;
}

}  // namespace

// CLIENT ID  ->  integer
void cmd_client_id(Context& context, const Arguments& /*words*/) {
  context.reply().integer(static_cast<int64_t>(context.session().id.value));
}

// CLIENT INFO  ->  verbatim string: the line of CLIENT LIST for this connection.
void cmd_client_info(Context& context, const Arguments& /*words*/) {
  std::string text;
  context.host().clients().visit(context.session().id, [&](const ClientFacts& client) {
    text = client_line(client, context.watches()) + "\n";
  });
  context.reply().verbatim("txt", text);
}

// CLIENT GETNAME  ->  bulk string; null when it has none.
void cmd_client_getname(Context& context, const Arguments& /*words*/) {
  const std::string& name = context.session().name;
  if (name.empty()) return context.reply().null();
  context.reply().bulk(name);
}

// CLIENT SETNAME name  ->  OK; an empty one takes it away.
void cmd_client_setname(Context& context, const Arguments& words) {
  if (!check_client_name(context, words[2])) return;
  context.session().name = words[2];
  context.reply().ok();
}

// CLIENT SETINFO LIB-NAME|LIB-VER text  ->  OK
// Source: redis.io/docs/latest/commands/client-setinfo
void cmd_client_setinfo(Context& context, const Arguments& words) {
  const bool is_name = same_word(words[2], "lib-name");
  if (!is_name && !same_word(words[2], "lib-ver")) {
    return context.error(
        fmt::format("ERR Unrecognized option '{}'", words[2].substr(0, kQuotedMax)));
  }
  if (!is_client_word(words[3])) {
    return context.error(
        fmt::format("ERR {} cannot contain spaces, newlines or special characters.",
                    is_name ? "lib-name" : "lib-ver"));
  }
  (is_name ? context.session().library_name : context.session().library_version) = words[3];
  context.reply().ok();
}

// CLIENT NO-EVICT ON|OFF  ->  OK. Nothing is ever evicted; it is remembered and shown.
void cmd_client_no_evict(Context& context, const Arguments& words) {
  if (read_switch(context, words[2], context.session().no_evict)) context.reply().ok();
}

// CLIENT NO-TOUCH ON|OFF  ->  OK; with ON what the client reads does not count as used.
void cmd_client_no_touch(Context& context, const Arguments& words) {
  if (read_switch(context, words[2], context.session().no_touch)) context.reply().ok();
}

// CLIENT REPLY ON|OFF|SKIP  ->  OK to ON, nothing else.
// Source: redis.io/docs/latest/commands/client-reply
void cmd_client_reply(Context& context, const Arguments& words) {
  ReplyMode& mode = context.session().reply_mode;
  if (same_word(words[2], "on")) {
    mode = ReplyMode::kOn;
    context.reply().ok();
  } else if (same_word(words[2], "off")) {
    mode = ReplyMode::kOff;
  } else if (same_word(words[2], "skip")) {
    if (mode != ReplyMode::kOff) mode = ReplyMode::kSkipNext;
  } else {
    return context.error(kErrSyntax);
  }
  if (mode != ReplyMode::kOn) context.replied_nothing();
}

// CLIENT UNBLOCK id [TIMEOUT|ERROR]  ->  integer: 1 when the client was waiting.
// Source: redis.io/docs/latest/commands/client-unblock
void cmd_client_unblock(Context& context, const Arguments& words) {
  Unblock how = Unblock::kAsTimedOut;
  if (words.size() > 4) return context.error(kErrSyntax);
  if (words.size() == 4) {
    if (same_word(words[3], "error")) {
      how = Unblock::kWithError;
    } else if (!same_word(words[3], "timeout")) {
      return context.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
  }
  const auto id = parse_int64(words[2]);
  if (!id) return context.error(kErrNotInteger);
  const bool waited =
      *id > 0 && context.host().clients().unblock(ClientId{static_cast<uint64_t>(*id)}, how);
  context.reply().integer(waited ? 1 : 0);
}

// CLIENT PAUSE milliseconds [WRITE|ALL]  ->  OK; commands wait until then.
// Source: redis.io/docs/latest/commands/client-pause
void cmd_client_pause(Context& context, const Arguments& words) {
  bool only_writes = false;
  if (words.size() > 4) return context.error(kErrSyntax);
  if (words.size() == 4) {
    only_writes = same_word(words[3], "write");
    if (!only_writes && !same_word(words[3], "all")) {
      return context.error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  const auto ms = parse_int64(words[2]);
  if (!ms) return context.error("ERR timeout is not an integer or out of range");
  if (*ms < 0) return context.error("ERR timeout is negative");
  const int64_t now = context.now().mono.value;
  if (*ms > (INT64_MAX - now) / kNsPerMs) return context.error("ERR timeout is out of range");
  context.host().clients().pause(MonoNs{now + *ms * kNsPerMs}, only_writes);
  context.reply().ok();
}

// CLIENT UNPAUSE  ->  OK
void cmd_client_unpause(Context& context, const Arguments& /*words*/) {
  context.host().clients().unpause();
  context.reply().ok();
}

// CLIENT HELP  ->  array of simple strings.
void cmd_client_help(Context& context, const Arguments& words) {
  static constexpr Bytes kKillForms =
      "KILL <address> | [ID <id>] [ADDR <address>] [LADDR <address>] [TYPE <type>] [USER <name>] "
      "[SKIPME YES|NO]";
  static constexpr Bytes kTrackingForms =
      "TRACKING ON|OFF [REDIRECT <id>] [BCAST] [PREFIX <prefix> ...] [OPTIN] [OPTOUT] [NOLOOP]";
  static constexpr Bytes kLines[] = {
      "CACHING YES|NO",
      "    With OPTIN or OPTOUT, says whether what the next command reads is tracked.",
      "GETNAME",
      "    Replies the name of this connection.",
      "GETREDIR",
      "    Replies the id of the connection that is told what this one tracks.",
      "ID",
      "    Replies the id of this connection.",
      "INFO",
      "    Describes this connection.",
      kKillForms,
      "    Closes connections: the one of the address, or all that fit.",
      "LIST [TYPE normal|pubsub|master|replica] [ID <id> ...]",
      "    Describes connections, one per line.",
      "NO-EVICT ON|OFF",
      "    Protects this connection from being evicted.",
      "NO-TOUCH ON|OFF",
      "    With ON, keys that this connection reads do not count as used.",
      "PAUSE <milliseconds> [WRITE|ALL]",
      "    Lets commands wait for that long.",
      "REPLY ON|OFF|SKIP",
      "    Switches the replies to this connection.",
      "SETINFO LIB-NAME|LIB-VER <text>",
      "    Says which library this connection uses.",
      "SETNAME <name>",
      "    Names this connection.",
      kTrackingForms,
      "    With ON, this connection is told when what it has read changes.",
      "TRACKINGINFO",
      "    Describes what this connection tracks.",
      "UNBLOCK <id> [TIMEOUT|ERROR]",
      "    Ends the command that a connection waits with.",
      "UNPAUSE",
      "    Ends PAUSE.",
  };
  reply_help(context, words, kLines);
}

}  // namespace leat
