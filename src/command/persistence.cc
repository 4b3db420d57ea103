// SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE, WAIT, WAITAOF, ROLE and SHUTDOWN.
//
// Every write is in the log before it is acknowledged. To save means to have the log synced, whatever
// appendfsync says; there is nothing to rewrite.
#include <algorithm>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/server_commands.h"
#include "command/subcommands.h"

namespace leat {
namespace {

// A number of milliseconds, 0 for ever; false after the error has been replied.
bool read_timeout(Context& context, Bytes word, std::optional<MonoNs>& deadline) {
  const auto ms = parse_int64(word);
  const int64_t now = context.now().mono.value;
  if (!ms || *ms > (INT64_MAX - now) / kNsPerMs) {
    context.error("ERR timeout is not an integer or out of range");
    return false;
  }
  if (*ms < 0) {
    context.error("ERR timeout is negative");
    return false;
  }
  if (*ms > 0) deadline = MonoNs{now + *ms * kNsPerMs};
  return true;
}

// Replies `reply` once everything written so far is on disk; `late` if that takes too long.
void reply_when_durable(Context& context, std::string reply, std::string late,
                        std::optional<MonoNs> deadline) {
  const Lsn last = context.engine().last_lsn();
  if (context.host().node().durable() >= last) return context.reply().raw(reply);
  context.host().node().sync_soon();
  if (!context.may_block()) return context.reply().raw(late);
  context.park({.keys = {},
                .deadline = deadline,
                .frozen = {},
                .durable = AwaitDurable{.lsn = last, .reply = std::move(reply)},
                .late = std::move(late)});
}

}  // namespace

// SAVE  ->  OK, when everything is on disk.
void cmd_save(Context& context, const Arguments& /*words*/) {
  reply_when_durable(context, "+OK\r\n", "+OK\r\n", std::nullopt);
}

// BGSAVE [SCHEDULE]  ->  simple string; everything will be on disk soon.
void cmd_bgsave(Context& context, const Arguments& words) {
  if (words.size() > 2 || (words.size() == 2 && !same_word(words[1], "schedule"))) {
    return context.error(kErrSyntax);
  }
  context.host().node().sync_soon();
  context.reply().simple("Background saving started");
}

// BGREWRITEAOF  ->  simple string; the same.
void cmd_bgrewriteaof(Context& context, const Arguments& /*words*/) {
  context.host().node().sync_soon();
  context.reply().simple("Background append only file rewriting started");
}

// LASTSAVE  ->  integer: Unix time of the last sync of the log.
void cmd_lastsave(Context& context, const Arguments& /*words*/) {
  context.reply().integer(context.host().node().last_sync_s());
}

// WAIT numreplicas timeout  ->  integer: how many replicas have it. There are none.
// Source: redis.io/docs/latest/commands/wait
void cmd_wait(Context& context, const Arguments& words) {
  const auto replicas = parse_int64(words[1]);
  if (!replicas) return context.error(kErrNotInteger);
  std::optional<MonoNs> deadline;
  if (!read_timeout(context, words[2], deadline)) return;
  if (*replicas <= 0 || !context.may_block()) return context.reply().integer(0);
  context.park({.keys = {}, .deadline = deadline, .frozen = {}, .durable = {}, .late = ":0\r\n"});
}

// WAITAOF numlocal numreplicas timeout  ->  array: 1 when everything written so far is on disk here, else 0;
// the number of replicas that have it on disk.
// Source: redis.io/docs/latest/commands/waitaof
void cmd_waitaof(Context& context, const Arguments& words) {
  const auto local = parse_int64(words[1]);
  if (!local) return context.error(kErrNotInteger);
  if (*local < 0 || *local > 1) {
    return context.error("ERR value is out of range, must be between 0 and 1");
  }
  const auto replicas = parse_int64(words[2]);
  if (!replicas) return context.error(kErrNotInteger);
  if (*replicas < 0) return context.error("ERR value is out of range, must be positive");
  std::optional<MonoNs> deadline;
  if (!read_timeout(context, words[3], deadline)) return;
  constexpr Bytes kDone = "*2\r\n:1\r\n:0\r\n";
  constexpr Bytes kNotYet = "*2\r\n:0\r\n:0\r\n";
  const bool durable = context.host().node().durable() >= context.engine().last_lsn();
  if (*replicas > 0 && context.may_block()) {
    // No replica will ever answer: this waits for the timeout.
    if (!durable) context.host().node().sync_soon();
    return context.park({.keys = {},
                         .deadline = deadline,
                         .frozen = {},
                         .durable = {},
                         .late = std::string(durable ? kDone : kNotYet)});
  }
  if (*local == 0) return context.reply().raw(durable ? kDone : kNotYet);
  reply_when_durable(context, std::string(kDone), std::string(kNotYet), deadline);
}

// ROLE  ->  array: "master", the offset in the log, no replicas.
void cmd_role(Context& context, const Arguments& /*words*/) {
  context.reply().array(3);
  context.reply().bulk("master");
  context.reply().integer(static_cast<int64_t>(context.engine().last_lsn().value));
  context.reply().array(0);
}

// SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]  ->  nothing: the server ends. Everything acknowledged is in
// the log, so there is nothing that NOSAVE could leave out.
// Source: redis.io/docs/latest/commands/shutdown
void cmd_shutdown(Context& context, const Arguments& words) {
  bool save = false;
  bool no_save = false;
  bool abort = false;
  for (size_t i = 1; i < words.size(); ++i) {
    if (same_word(words[i], "save")) {
      save = true;
    } else if (same_word(words[i], "nosave")) {
      no_save = true;
    } else if (same_word(words[i], "abort")) {
      abort = true;
    } else if (!same_word(words[i], "now") && !same_word(words[i], "force")) {
      return context.error(kErrSyntax);
    }
  }
  if ((save && no_save) || (abort && words.size() > 2)) return context.error(kErrSyntax);
  if (abort) return context.error("ERR No shutdown in progress.");
  // The connection stays until the process ends: whoever waits for its end may start the next server then.
  context.host().node().shut_down();
}

}  // namespace leat
