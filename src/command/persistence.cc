// SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE, WAIT, WAITAOF, ROLE and SHUTDOWN.
//
// Every write is in the log before it is acknowledged, so none of these is needed to keep data. To save, or to rewrite
// the log, means to make a checkpoint: the state in a file, after which the log before it can go.
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

constexpr Bytes kErrSaving = "ERR Background save already in progress";
constexpr Bytes kErrCheckpointFailed =
    "ERR The checkpoint was not made; the server's own messages say why";
constexpr Bytes kErrShutdown = "ERR Errors trying to SHUTDOWN. Check logs.";

std::string error_line(Bytes text) {
  return fmt::format("-{}\r\n", text);
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

bool in_progress(const CheckpointFacts& facts) {
  return facts.running || facts.requested;
}

}  // namespace

// SAVE  ->  OK, when a checkpoint has been made. Only this client waits.
// Source: redis.io/docs/latest/commands/save
void cmd_save(Context& context, const Arguments& /*words*/) {
  NodeHost& node = context.host().node();
  if (in_progress(node.checkpoint())) return context.error(kErrSaving);
  context.park(
      {.keys = {},
       .deadline = {},
       .frozen = {},
       .durable = {},
       .checkpoint = AwaitCheckpoint{.number = node.make_checkpoint(CheckpointReason::kSave),
                                     .reply = "+OK\r\n",
                                     .failed = error_line(kErrCheckpointFailed)},
       .late = {}});
}

// BGSAVE [SCHEDULE]  ->  simple string; a checkpoint is made meanwhile.
// Source: redis.io/docs/latest/commands/bgsave
void cmd_bgsave(Context& context, const Arguments& words) {
  if (words.size() > 2 || (words.size() == 2 && !same_word(words[1], "schedule"))) {
    return context.error(kErrSyntax);
  }
  NodeHost& node = context.host().node();
  const CheckpointFacts facts = node.checkpoint();
  const bool rewriting = facts.running && facts.reason == CheckpointReason::kRewrite;
  if (in_progress(facts) && !rewriting) return context.error(kErrSaving);
  if (rewriting && words.size() == 1 && context.may_block()) {
    return context.error(
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE "
        "SCHEDULE in order to schedule a BGSAVE whenever possible.");
  }
  node.make_checkpoint(CheckpointReason::kSave);
  const bool later = rewriting || !context.may_block();
  context.reply().simple(later ? "Background saving scheduled" : "Background saving started");
}

// BGREWRITEAOF  ->  simple string; a checkpoint is made, and what it holds leaves the log.
// Source: redis.io/docs/latest/commands/bgrewriteaof
void cmd_bgrewriteaof(Context& context, const Arguments& /*words*/) {
  NodeHost& node = context.host().node();
  const CheckpointFacts facts = node.checkpoint();
  if (facts.running && facts.reason == CheckpointReason::kRewrite) {
    return context.error("ERR Background append only file rewriting already in progress");
  }
  node.make_checkpoint(CheckpointReason::kRewrite);
  const bool later = facts.running || !context.may_block();
  context.reply().simple(later ? "Background append only file rewriting scheduled"
                               : "Background append only file rewriting started");
}

// LASTSAVE  ->  integer: Unix time of the last checkpoint; of the start if there is none.
void cmd_lastsave(Context& context, const Arguments& /*words*/) {
  context.reply().integer(context.host().node().checkpoint().published_s);
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
// the log, so only SAVE makes a checkpoint first, which makes the next start short; with FORCE the server ends
// also when that fails.
// Source: redis.io/docs/latest/commands/shutdown
void cmd_shutdown(Context& context, const Arguments& words) {
  bool save = false;
  bool no_save = false;
  bool force = false;
  bool abort = false;
  for (size_t i = 1; i < words.size(); ++i) {
    if (same_word(words[i], "save")) {
      save = true;
    } else if (same_word(words[i], "nosave")) {
      no_save = true;
    } else if (same_word(words[i], "abort")) {
      abort = true;
    } else if (same_word(words[i], "force")) {
      force = true;
    } else if (!same_word(words[i], "now")) {
      return context.error(kErrSyntax);
    }
  }
  if ((save && no_save) || (abort && words.size() > 2)) return context.error(kErrSyntax);
  NodeHost& node = context.host().node();
  if (abort) {
    return node.abort_shutdown() ? context.reply().ok()
                                 : context.error("ERR No shutdown in progress.");
  }
  // The connection stays until the process ends: whoever waits for its end may start the next server then.
  if (!save) return node.shut_down();
  const uint64_t checkpoint = node.make_checkpoint(CheckpointReason::kSave);
  node.shut_down_after(checkpoint, force);
  context.park(
      {.keys = {},
       .deadline = {},
       .frozen = {},
       .durable = {},
       .checkpoint =
           AwaitCheckpoint{.number = checkpoint, .reply = {}, .failed = error_line(kErrShutdown)},
       .late = {}});
}

}  // namespace leat
