// MULTI, EXEC, DISCARD, WATCH and UNWATCH.
//
// What EXEC runs is one atomic group of the log: after a crash all of it is there, or nothing.
// Source: redis.io/docs/latest/develop/interact/transactions
#include <utility>

#include "command/command_table.h"
#include "command/context.h"
#include "command/dispatcher.h"

namespace leat {
namespace {

// Why a queued command can't run now, as the text of EXEC's error; empty when all can. Checked before the first one
// runs, as a transaction runs whole or not at all.
std::string refusal_of(Context& context, const Transaction& transaction) {
  for (const OwnedRequest& queued : transaction.queue) {
    const Arguments words(queued.request());
    const CommandSpec* spec = find_command(words[0]);
    if (!spec->subcommands.empty() && words.size() > 1) spec = find_subcommand(*spec, words[1]);
    if ((spec->flags & kWrite) == 0) continue;
    const Bytes refused =
        context.host().write_refusal(transaction.bytes, (spec->flags & kFreesSpace) != 0);
    if (!refused.empty())
      return "EXECABORT Transaction discarded because of: " + std::string(refused);
  }
  return {};
}

void cmd_multi(Context& context, const Arguments& /*words*/) {
  if (context.session().transaction) return context.error("ERR MULTI calls can not be nested");
  context.session().transaction.emplace();
  context.reply().ok();
}

// A watched key whose time is over goes now, and breaks the watch: it has changed, though nobody has asked for it.
void drop_expired_watched(Context& context) {
  for (const KeyName& name : context.watches().watched_by(context.session().id))
    static_cast<void>(context.live(name.db, name.key));
}

// Whether the transaction runs; else it is over, and replied.
bool may_begin(Context& context) {
  Session& session = context.session();
  drop_expired_watched(context);
  const Transaction& transaction = *session.transaction;
  if (transaction.broken) {
    context.error(kErrExecAbort);
  } else if (context.watches().broken(session.id)) {
    context.reply().null_array();
  } else if (const std::string refused = refusal_of(context, transaction); !refused.empty()) {
    context.error(refused);
  } else {
    return true;
  }
  session.transaction.reset();
  context.watches().forget(session.id);
  return false;
}

// EXEC  ->  array of the replies; null when a watched key has changed; EXECABORT when a command was refused while
// queueing. The array announces what is in it: a SUBSCRIBE has one reply per channel, CLIENT REPLY SKIP none.
// It waits for sealed entries like a single command: before anything has run it begins anew, then it goes on.
void cmd_exec(Context& context, const Arguments& /*words*/) {
  Session& session = context.session();
  if (!session.transaction) return context.error("ERR EXEC without MULTI");
  if (!session.transaction->open && !may_begin(context)) return;
  Transaction transaction = std::move(*session.transaction);
  session.transaction.reset();
  context.forbid_blocking();
  ByteBuffer& reply = context.reply().buffer();
  const size_t mark = context.reply().begin();
  for (; transaction.done < transaction.queue.size(); ++transaction.done) {
    context.dispatcher().run_queued(context, transaction.queue[transaction.done].request(),
                                    !transaction.shown);
    transaction.shown = context.parked() != nullptr;
    if (transaction.shown) {
      transaction.reply += reply.view(mark);
      reply.truncate(mark);
      session.transaction = std::move(transaction);
      return;
    }
    transaction.replies += context.take_replies();
  }
  context.watches().forget(session.id);
  if (!transaction.reply.empty()) {
    transaction.reply += reply.view(mark);
    reply.truncate(mark);
    context.reply().raw(transaction.reply);
  }
  context.reply().end_array(mark, transaction.replies);
}

void cmd_discard(Context& context, const Arguments& /*words*/) {
  if (!context.session().transaction) return context.error("ERR DISCARD without MULTI");
  context.session().transaction.reset();
  context.watches().forget(context.session().id);
  context.reply().ok();
}

// WATCH key [key ...]  ->  OK; EXEC does nothing if one of them changes before it.
void cmd_watch(Context& context, const Arguments& words) {
  if (context.session().transaction) return context.error("ERR WATCH inside MULTI is not allowed");
  const DbIndex db = context.session().db;
  for (size_t i = 1; i < words.size(); ++i) {
    // One that has expired goes now, so that its going does not break the watch later.
    static_cast<void>(context.live(words[i]));
    context.watches().watch(context.session().id, KeyName{db, std::string(words[i])});
  }
  context.reply().ok();
}

void cmd_unwatch(Context& context, const Arguments& /*words*/) {
  context.watches().forget(context.session().id);
  context.reply().ok();
}

constexpr uint32_t kPlain = kNoScript | kLoading | kStale | kFast;

// clang-format off
constexpr CommandSpec kTransactionCommands[] = {
    {"discard", 1, kPlain | kAllowBusy | kImmediate, kAclTransaction, {}, cmd_discard,
     "", "+OK", "2.0.0", "transactions", "O(N) for N queued commands", "Forgets the commands queued since MULTI."},
    {"exec", 1, kNoScript | kLoading | kStale | kSkipSlowlog | kImmediate | kShownLast, kAclTransaction, {}, cmd_exec,
     "", "[any ...]|null", "1.2.0", "transactions", "That of the queued commands", "Runs the commands queued since MULTI."},
    {"multi", 1, kPlain | kAllowBusy | kImmediate, kAclTransaction, {}, cmd_multi,
     "", "+OK", "1.2.0", "transactions", "O(1)", "Begins a transaction."},
    {"unwatch", 1, kPlain | kAllowBusy, kAclTransaction, {}, cmd_unwatch,
     "", "+OK", "2.2.0", "transactions", "O(N) for N watched keys", "Forgets the watched keys."},
    {"watch", -2, kPlain | kAllowBusy | kImmediate, kAclTransaction, "1..-1 RO", cmd_watch,
     "key [key ...]", "+OK", "2.2.0", "transactions", "O(N) for N keys", "Watches keys: EXEC does nothing if one changes."},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> transaction_commands() {
  return kTransactionCommands;
}

}  // namespace leat
