#include "command/dispatcher.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/flatten.h"
#include "command/subcommands.h"
#include "engine/retention_plan.h"

namespace leat {
namespace {

// Keys dropped by one expire() call: bounds the turn, not the rate, as it is called every turn.
constexpr size_t kExpiresPerCall = 200;
// The same for streams whose oldest entries are too old, and for the blocks that one of them loses in a call.
constexpr size_t kAgedPerCall = 200;
constexpr size_t kAgedBlocksPerCall = 1000;
// A stream is looked at no more often than this, so that one that loses an entry each millisecond does not write a
// record each millisecond; what RETAIN UNACKED holds back, less often. Both keep age-out within its second.
constexpr int64_t kAgedEveryMs = 500;
constexpr int64_t kHeldEveryMs = 900;
constexpr uint64_t kForgottenPerCall = 1000;  // Iids of one stream.

// Keys that a command may drop to make room when the turn has dropped its share: enough to keep pace with
// what commands add.
constexpr size_t kEvictionsPerCommand = 4;
// While eviction is behind, commands may add this part of maxmemory to the least that was in use meanwhile.
constexpr uint64_t kOvershootPart = 20;
// Keys that are tracked no longer where too many are: what a command may add, and so many more.
constexpr size_t kShedPerCommand = 100;
constexpr size_t kShedPerTurn = 1000;
// What a KeyDrop takes in the log, at most.
constexpr uint64_t kDropBytes = 32;

std::string unknown_command(const Request& request) {
  std::string quoted;
  for (size_t i = 1; i < request.arguments.size() && quoted.size() < kQuotedMax; ++i) {
    quoted += fmt::format("'{}' ", request.arguments[i].substr(0, kQuotedMax - quoted.size()));
  }
  return fmt::format("ERR unknown command '{}', with args beginning with: {}",
                     request.arguments[0].substr(0, kQuotedMax), quoted);
}

// What the words take in the log, about. O(1) for words that lie back to back.
uint64_t bytes_of(const Request& request) {
  const auto& words = request.arguments;
  if (request.canonical) {
    return static_cast<uint64_t>(words.back().data() + words.back().size() - words.front().data());
  }
  uint64_t bytes = 0;
  for (const Bytes word : words) bytes += word.size();
  return bytes;
}

// A RESP2 client that has subscribed may send nothing else: it could not tell replies from messages.
bool works_subscribed(const CommandSpec& spec) {
  const Bytes name = spec.name;
  if (name == "ping" || name == "quit" || name == "reset") return true;
  return (spec.flags & kPubSub) != 0 && spec.group == "pubsub" && name != "publish" &&
         name != "spublish";
}

// DEBUG looks at keys, and may drop one that has expired, which is a record.
bool works_while_loading(const CommandSpec& spec) {
  return (spec.flags & kLoading) != 0 && Bytes(spec.name) != "debug";
}

// The command is refused when memory is used up. What MULTI queues takes memory whatever it does later, so there
// only what ends the transaction is exempt.
bool wants_memory(const CommandSpec& spec, const Session& session) {
  if ((spec.flags & kDenyOom) != 0) return true;
  if (!session.transaction) return false;
  const Bytes name = spec.name;
  if (name == "exec") return session.transaction->denies_oom;
  return name != "discard" && name != "quit" && name != "reset";
}

bool fits(int arity, size_t words) {
  return arity >= 0 ? words == static_cast<size_t>(arity) : words >= static_cast<size_t>(-arity);
}

}  // namespace

const CommandSpec* Dispatcher::resolve(const Request& request) {
  const CommandSpec* spec = find_command(request.arguments[0]);
  if (spec == nullptr) return nullptr;
  if (!spec->subcommands.empty() && request.arguments.size() > 1) {
    spec = find_subcommand(*spec, request.arguments[1]);
    if (spec == nullptr) return nullptr;
  }
  return fits(spec->arity, request.arguments.size()) ? spec : nullptr;
}

void Dispatcher::reject_unresolved(const Request& request, Session& session, ByteBuffer& reply) {
  const CommandSpec* const command = find_command(request.arguments[0]);
  if (command == nullptr) return reject(nullptr, session, reply, unknown_command(request));
  const CommandSpec* spec = command;
  if (!command->subcommands.empty() && request.arguments.size() > 1) {
    spec = find_subcommand(*command, request.arguments[1]);
    if (spec == nullptr) {
      return reject(
          command, session, reply,
          fmt::format("ERR unknown subcommand '{}'. Try {} HELP.",
                      request.arguments[1].substr(0, kQuotedMax), upper_case(command->name)));
    }
  }
  reject(spec, session, reply,
         fmt::format("ERR wrong number of arguments for '{}' command", full_name(*spec)));
}

Bytes Dispatcher::refusal(const CommandSpec& spec, const Request& request, const Session& session) {
  const bool serving = host_.serving();
  if (!serving) [[unlikely]]
    if (const Bytes failure = host_.failure(); !failure.empty()) return failure;
  if (!session.authenticated && (spec.flags & kNoAuth) == 0) return kErrNoAuth;
  if (!serving && host_.loading() && !works_while_loading(spec)) return kErrLoading;
  if ((spec.flags & kWrite) != 0) {
    const Bytes refused = host_.write_refusal(bytes_of(request), (spec.flags & kFreesSpace) != 0);
    if (!refused.empty()) return refused;
  }
  if (session.protocol == Protocol::kResp2 && session.subscribed() && !works_subscribed(spec)) {
    problem_ = fmt::format(
        "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
        "allowed in this context",
        spec.name);
    return problem_;
  }
  if (session.transaction && (spec.flags & kNoMulti) != 0) {
    return "ERR Command not allowed inside a transaction";
  }
  return {};
}

uint64_t Dispatcher::make_room(ByteBuffer& records, size_t least) {
  evicting_ = false;
  uint64_t excess = host_.memory_excess();
  if (excess == 0) {
    excess_low_ = UINT64_MAX;
    return 0;
  }
  if (settings_.eviction == EvictionPolicy::kNone || !host_.failure().empty()) return excess;
  for (size_t allowed = std::max(evictions_left_, least); excess != 0; --allowed) {
    if (allowed == 0) {
      evicting_ = true;
      break;
    }
    if (!host_.write_refusal(kDropBytes, /*frees_space=*/true).empty()) break;
    const Object* const victim = eviction_.choose(engine_.keyspace(), settings_.eviction,
                                                  settings_.eviction_samples, host_.random());
    if (victim == nullptr) break;
    if (observer_ != nullptr) [[unlikely]]
      observer_->on_evicted(*victim);
    drop(*victim, EventClass::kEvicted, "evicted", records);
    statistics_.note_evicted();
    if (evictions_left_ != 0) --evictions_left_;
    excess = host_.memory_excess();
  }
  return excess;
}

bool Dispatcher::has_memory(ByteBuffer& records) {
  const uint64_t excess = make_room(records, kEvictionsPerCommand);
  if (excess == 0) return true;
  if (!evicting_) return false;
  excess_low_ = std::min(excess_low_, excess);
  return excess - excess_low_ <= settings_.memory_max / kOvershootPart;
}

const CommandSpec* Dispatcher::admit(const Request& request, Session& session, ByteBuffer& records,
                                     ByteBuffer& reply) {
  const CommandSpec* const spec = resolve(request);
  if (spec == nullptr) {
    reject_unresolved(request, session, reply);
    return nullptr;
  }
  Bytes refused = refusal(*spec, request, session);
  if (refused.empty() && wants_memory(*spec, session) && host_.memory_excess() != 0) [[unlikely]] {
    if (!has_memory(records)) refused = kErrOutOfMemory;
  }
  if (refused.empty()) return spec;
  reject(spec, session, reply, refused);
  return nullptr;
}

void Dispatcher::reject(const CommandSpec* spec, Session& session, ByteBuffer& reply, Bytes text) {
  if (spec != nullptr) ++statistics_.of(*spec).rejected;
  const size_t start = reply.size();
  ReplyWriter writer(reply, session.protocol);
  if (spec != nullptr && spec->name == "exec") {
    // An EXEC that is refused ends the transaction, so that what follows it is not queued unnoticed.
    session.transaction.reset();
    engine_.watches().forget(session.id);
    if (text.starts_with("ERR ")) text.remove_prefix(4);
    writer.error("EXECABORT Transaction discarded because of: " + std::string(text));
  } else {
    if (session.transaction) session.transaction->broken = true;
    writer.error(text);
  }
  statistics_.note_error(reply.view(start).substr(1));
}

void Dispatcher::queue(const CommandSpec& spec, const Request& request, Session& session,
                       ByteBuffer& reply) {
  Transaction& transaction = *session.transaction;
  OwnedRequest owned(request);
  if (transaction.memory + owned.memory() > settings_.query_buffer_max) {
    reject(&spec, session, reply,
           "ERR the transaction is larger than client-query-buffer-limit; send it in smaller ones");
    return;
  }
  transaction.bytes += owned.bytes();
  transaction.memory += owned.memory();
  transaction.denies_oom = transaction.denies_oom || (spec.flags & kDenyOom) != 0;
  transaction.queue.push_back(std::move(owned));
  ReplyWriter(reply, session.protocol).simple("QUEUED");
}

LEAT_FLATTEN Dispatcher::Outcome Dispatcher::execute(const Request& request, Session& session,
                                                     ByteBuffer& records, ByteBuffer& reply) {
  const size_t start = reply.size();
  const size_t records_start = records.size();
  Outcome outcome = execute_unobserved(request, session, records, reply);
  if (engine_.tracking().active()) [[unlikely]]
    settle_tracking(request, session, outcome);
  if (observer_ != nullptr) [[unlikely]]
    tell_observer(session, request, reply.view(start), outcome, records.size() != records_start);
  return outcome;
}

Dispatcher::Outcome Dispatcher::resume(const Request& request, Session& session,
                                       ByteBuffer& records, ByteBuffer& reply, size_t frames_max) {
  const size_t start = reply.size();
  const size_t records_start = records.size();
  Outcome outcome = resume_unobserved(request, session, records, reply, frames_max);
  if (engine_.tracking().active()) [[unlikely]]
    settle_tracking(request, session, outcome);
  if (observer_ != nullptr) [[unlikely]]
    tell_observer(session, request, reply.view(start), outcome, records.size() != records_start);
  return outcome;
}

void Dispatcher::tell_observer(const Session& session, const Request& request, Bytes reply,
                               const Outcome& outcome, bool wrote) {
  using Replied = ExecutionObserver::Replied;
  if (!outcome.park || outcome.park->frames.empty()) {
    const Replied replied = outcome.park              ? Replied::kParked
                            : outcome.rest != nullptr ? Replied::kBegun
                                                      : Replied::kWhole;
    return observer_->on_executed(session, request, reply, replied);
  }
  if (wrote && !outcome.held) observer_->on_expired();
}

Dispatcher::Outcome Dispatcher::execute_unobserved(const Request& request, Session& session,
                                                   ByteBuffer& records, ByteBuffer& reply) {
  const CommandSpec* const spec = admit(request, session, records, reply);
  const bool queued = session.transaction && spec != nullptr && (spec->flags & kImmediate) == 0;
  if (spec == nullptr || queued) [[unlikely]] {
    if (queued) queue(*spec, request, session, reply);
    mark_ = host_.stopwatch();
    return {};
  }
  if ((spec->flags & kShownLast) == 0) show(*spec, request, session);
  return run(*spec, request, session, records, reply, frames_max_);
}

Dispatcher::Outcome Dispatcher::run(const CommandSpec& spec, const Request& request,
                                    Session& session, ByteBuffer& records, ByteBuffer& reply,
                                    size_t frames_max) {
  const bool open = session.transaction && session.transaction->open;
  const size_t records_start = open ? session.transaction->records_start : records.size();
  const Lsn before = open ? session.transaction->release : Lsn{};
  frames_now_ = frames_max;
  Context context({*this, engine_, host_, settings_, session, records, reply, now_});
  context.set_piece_bytes(piece_bytes_);
  engine_.tracking().set_author(session.id);
  call(context, spec, request, frames_max);
  if ((spec.flags & kShownLast) != 0 && !context.parked()) show(spec, request, session);
  engine_.tracking().set_author({});
  Outcome outcome{.release = std::max(before, context.release()),
                  .park = context.take_parked(),
                  .pushed = context.pushed(),
                  .rest = context.take_rest()};
  const bool wrote = records.size() != records_start;
  if (outcome.park && session.transaction && (wrote || session.transaction->done != 0)) {
    Transaction& transaction = *session.transaction;
    transaction.open = outcome.held = true;
    transaction.records_start = records_start;
    transaction.release = outcome.release;
  } else if (wrote) {
    end_group(records, records_start);
  }
  return outcome;
}

Dispatcher::Outcome Dispatcher::resume_unobserved(const Request& request, Session& session,
                                                  ByteBuffer& records, ByteBuffer& reply,
                                                  size_t frames_max) {
  // What was admitted and has begun is ended, whatever has happened since.
  if (session.transaction && session.transaction->open) {
    mark_ = host_.stopwatch();  // It has not taken the time in which it waited.
    return run(*resolve(request), request, session, records, reply, frames_max);
  }
  const CommandSpec* const spec = admit(request, session, records, reply);
  return spec == nullptr ? Outcome() : run(*spec, request, session, records, reply, frames_max);
}

void Dispatcher::run_queued(Context& context, const Request& request, bool shown) {
  const CommandSpec* const spec = resolve(request);
  LEAT_CHECK(spec !=
             nullptr);  // It was resolved when it was queued, and the table does not change.
  if (shown) show(*spec, request, context.session());
  call(context, *spec, request, frames_now_);
}

void Dispatcher::show(const CommandSpec& spec, const Request& request, const Session& session) {
  if (!host_.monitored() || (spec.flags & (kSkipMonitor | kAdmin | kUnwatched)) != 0) return;
  host_.show_to_monitors(session, request);
}

void Dispatcher::call(Context& context, const CommandSpec& spec, const Request& request,
                      size_t frames_max) {
  const size_t reply_start = context.reply().buffer().size();
  context.session().last_command = &spec;
  statistics_.count_lookups((spec.flags & kReadonly) != 0);
  FrameCache& frames = engine_.share().frames;
  frames.begin((spec.flags & kWrite) != 0 ? FrameCache::Keep::kAll : FrameCache::Keep::kPinned,
               frames_max);
  spec.handler(context, Arguments(request));
  if (context.lacks_entries()) [[unlikely]]
    settle_lack(context, reply_start);
  frames.end();
  if (context.session().tracking.remembers()) [[unlikely]] {
    if (!context.parked() || context.parked()->frames.empty())
      remember(spec, request, context.session());
  }
  const int64_t end = host_.stopwatch();
  const int64_t duration = end - mark_;
  mark_ = end;
  if (context.parked()) return;  // Counted once, when it completes.
  count(context.session(), spec, request, duration, context.reply().buffer().view(reply_start));
}

void Dispatcher::note_ended(const Session& session, const Request& request, int64_t took_ns,
                            Bytes reply) {
  const CommandSpec* const spec = resolve(request);
  LEAT_CHECK(spec != nullptr);  // It was resolved when it came.
  count(session, *spec, request, took_ns, reply);
}

void Dispatcher::count(const Session& session, const CommandSpec& spec, const Request& request,
                       int64_t took_ns, Bytes reply) {
  CommandStatistics& statistics = statistics_.of(spec);
  statistics_.note_call();
  statistics.note(took_ns);
  note_reply(statistics, reply);
  if (took_ns >= host_.slow_ns()) host_.note_slow(session, request, spec, took_ns);
}

// A command that waits for keys has read them: its client is told when one of them changes, and reads it then.
void Dispatcher::remember(const CommandSpec& spec, const Request& request, const Session& session) {
  if ((spec.flags & kReadonly) == 0) return;
  const Arguments words(request);
  const std::vector<KeyAt> keys = find_keys(spec.keys, words);
  for (const KeyAt& key : keys) engine_.tracking().remember(session.id, words[key.word]);
  shed_tracked(keys.size() + kShedPerCommand);
}

void Dispatcher::shed_tracked(size_t count) {
  Tracking& tracking = engine_.tracking();
  const uint64_t keys_max = settings_.tracked_keys_max;
  for (; count != 0 && tracking.exceeds(keys_max); --count) tracking.shed(host_.random());
}

void Dispatcher::settle_tracking(const Request& request, Session& session, const Outcome& outcome) {
  if (session.tracking.caching) end_caching(request, session, outcome);
  if (!outcome.held && engine_.tracking().has_notices()) tell_readers();
}

void Dispatcher::end_caching(const Request& request, Session& session, const Outcome& outcome) {
  if (session.transaction || outcome.park || same_word(request.arguments[0], "client")) return;
  session.tracking.caching = false;
}

void Dispatcher::tell_readers() {
  for (const Tracking::Notice& notice : engine_.tracking().take_notices()) {
    std::vector<Bytes> keys;
    if (!notice.all) keys.emplace_back(notice.key);
    for (const ClientId client : notice.clients) host_.invalidate(client, keys);
  }
}

void Dispatcher::end_turn() {
  Tracking& tracking = engine_.tracking();
  if (!tracking.active()) [[likely]]
    return;
  shed_tracked(kShedPerTurn);
  if (tracking.has_notices()) tell_readers();
  if (!tracking.has_changes()) return;
  for (const Tracking::Change& change : tracking.take_changes()) {
    for (const auto& follower : change.followers) {
      const std::vector<Bytes> keys = change.told(follower);
      if (!keys.empty()) host_.invalidate(follower.client, keys);
    }
  }
}

void Dispatcher::settle_lack(Context& context, size_t reply_start) {
  context.reply().buffer().truncate(reply_start);
  context.take_rest().reset();
  FrameCache& frames = engine_.share().frames;
  if (frames.trouble() == FrameCache::Trouble::kMissing) {
    context.park(Park{.frames = frames.take_missing()});
  } else {
    context.unpark();
    context.error(kErrUnreadable);
  }
}

void Dispatcher::note_reply(CommandStatistics& statistics, Bytes reply) {
  if (reply.empty() || reply[0] != '-') return;
  ++statistics.failed;
  statistics_.note_error(reply.substr(1));
}

void Dispatcher::drop(const Object& object, EventClass of, Bytes event, ByteBuffer& records) {
  const size_t start = records.size();
  const bool told = settings_.events.wants(of);
  const std::string key = told ? object.key : std::string();
  const DbIndex db = object.db();
  RecordWriter(records).put(KeyDrop{object.id});
  Bytes fresh = records.view(start);
  const auto record = next_record(fresh);
  LEAT_CHECK(record && engine_.apply(*record));
  end_group(records, start);
  if (told) notify(host_, event, db, key);
}

bool Dispatcher::expire(ByteBuffer& records) {
  if (!active_expiry_) return false;
  const auto due = engine_.keyspace().due(now_.wall, kExpiresPerCall);
  for (const Object* object : due) {
    drop(*object, EventClass::kExpired, "expired", records);
    statistics_.note_expired();
  }
  if (observer_ != nullptr && !due.empty()) [[unlikely]]
    observer_->on_expired();
  return due.size() == kExpiresPerCall;
}

bool Dispatcher::may_age() {
  constexpr uint64_t kRecordBytes = 64;
  return host_.failure().empty() && host_.write_refusal(kAgedPerCall * kRecordBytes, true).empty();
}

std::vector<Dispatcher::AgeWait> Dispatcher::age_out(ByteBuffer& records) {
  std::vector<AgeWait> waits;
  const WallMs next = engine_.keyspace().next_ageing();
  if (next.value == 0 || next > now_.wall) [[likely]]
    return waits;
  if (!may_age()) return waits;
  for (const Object* object : engine_.keyspace().ageing(now_.wall, kAgedPerCall)) {
    auto frames = age_out(*object, records, frames_max_);
    if (!frames.empty()) waits.push_back({object->id, std::move(frames)});
  }
  return waits;
}

std::vector<FrameRef> Dispatcher::age_out(ObjectId id, ByteBuffer& records, size_t frames_max) {
  const Object* const object = engine_.keyspace().find(id);
  if (object == nullptr || object->stream() == nullptr || !may_age()) return {};
  return age_out(*object, records, frames_max);
}

// What is planned without a frame ends before it: the record never needs what is not open.
std::vector<FrameRef> Dispatcher::age_out(const Object& object, ByteBuffer& records,
                                          size_t frames_max) {
  FrameCache& frames = engine_.share().frames;
  frames.begin(FrameCache::Keep::kAll, frames_max);
  const AgePlan plan = plan_age(*object.stream(), now_.wall, kAgedBlocksPerCall);
  if (plan.last_dropped != StreamId::min()) {
    const size_t start = records.size();
    const StreamTrim trim{.object = object.id, .last_dropped = plan.last_dropped};
    RecordWriter(records).put(trim);
    LEAT_CHECK(engine_.apply_decoded(trim));
    end_group(records, start);
    if (observer_ != nullptr) [[unlikely]]
      observer_->on_aged(object, plan.last_dropped);
    if (settings_.events.wants(EventClass::kStream)) [[unlikely]]
      notify(host_, "xtrim", object.db(), object.key);
  }
  std::vector<FrameRef> missing = frames.take_missing();
  frames.end();
  const bool forgotten = forget_iids(object, records);
  const bool finished = !plan.unfinished && forgotten;
  const int64_t pause = !finished ? 0 : plan.held ? kHeldEveryMs : kAgedEveryMs;
  engine_.note_aged(object.id, WallMs{now_.wall.value + pause});
  return missing;
}

bool Dispatcher::forget_iids(const Object& object, ByteBuffer& records) {
  const uint64_t count = plan_forgetting(*object.stream(), now_.wall, kForgottenPerCall);
  if (count == 0) return true;
  const size_t start = records.size();
  const StreamForget forget{.object = object.id, .count = count};
  RecordWriter(records).put(forget);
  LEAT_CHECK(engine_.apply_decoded(forget));
  end_group(records, start);
  if (observer_ != nullptr) [[unlikely]]
    observer_->on_forgotten(object, count);
  return count < kForgottenPerCall;
}

}  // namespace leat
