// The turn, and what runs in it; what poll() reports is in reactor_events.cc.
#include "server/reactor.h"

#include <algorithm>

#include "base/flatten.h"
#include "base/log.h"

namespace leat {
namespace {

// A long pipeline leaves room for others: one connection runs at most that many requests in one turn, and none runs any
// more when the turn has executed for this long.
constexpr size_t kRequestsPerTurn = 1024;
constexpr int64_t kExecuteNs = 2 * kNsPerMs;
// A client that is owed more than this gets nothing executed until it has read; its input still is, up to
// client-query-buffer-limit, so a client that writes all before it reads does not deadlock.
constexpr size_t kOwedPause = 1 << 20;
// Input that has been executed is dropped from the front of its buffer in steps of at least this.
constexpr size_t kCompactFrom = size_t{64} << 10;
// The longest wait for nothing: expiry and limits by time are looked at this often.
constexpr int64_t kTickNs = 100 * kNsPerMs;
constexpr int64_t kSecondNs = 1000 * kNsPerMs;
// Parts of what was dropped that are freed in a turn, and in a slice: some 0.3 ms in all, where a part is a block of a
// stream or a small object that has to be found.
constexpr size_t kReapedPerTurn = 500;
constexpr size_t kReapedPerSlice = 10;
// Nobody waits for freeing and for what a checkpoint writes down, so both stop after this, but for a slice of each. It
// is not enough to count what they do: where pages are slow to get at, as in virtual machines without nested tables, or
// data has left all caches, the same takes twenty times as long.
constexpr int64_t kReapNs = kNsPerMs / 2;
constexpr int64_t kSlicesNs = kNsPerMs;

// The command changes data or is shown to others: CLIENT PAUSE WRITE holds it back.
bool writes(const Request& request) {
  const CommandSpec* spec = find_command(request.arguments[0]);
  if (spec != nullptr && !spec->subcommands.empty() && request.arguments.size() > 1) {
    spec = find_subcommand(*spec, request.arguments[1]);
  }
  return spec != nullptr && (spec->flags & (kWrite | kReplicated)) != 0;
}

}  // namespace

Connection* Reactor::find(ClientId client) const {
  const auto found = connections_.find(client);
  return found == connections_.end() || found->second->dead ? nullptr : found->second.get();
}

Connection* Reactor::find(io::ConnectionId id) const {
  const auto found = by_io_.find(id.value);
  return found == by_io_.end() || found->second->dead ? nullptr : found->second;
}

MonoNs Reactor::poll_deadline(MonoNs deadline) const {
  const MonoNs now = world_.clock.mono();
  deadline = std::min(deadline, MonoNs{now.value + kTickNs});
  if (held_by_) return deadline;
  if (!runnable_.empty() || replies_due_ || follows_sends_) return MonoNs{0};
  if (!dues_.empty()) deadline = std::min(deadline, dues_.begin()->first);
  if (shard_ == nullptr) return deadline;
  if (shard_->engine().reaping()) return MonoNs{0};
  const CheckpointRunner* const checkpoints = shard_->checkpoints();
  if (checkpoints != nullptr && checkpoints->has_work()) return MonoNs{0};
  if (shard_->dispatcher().evicting()) return MonoNs{0};
  if (shard_->frames().has_work(now)) return MonoNs{0};
  if (const auto wake = shard_->log().wake_at()) deadline = std::min(deadline, *wake);
  if (shard_->loading().active) return deadline;
  // Entries that reach MAXAGE are looked for at every turn, so within a tick; nothing waits for them more exactly.
  const WallMs expiry = shard_->engine().keyspace().next_expiry();
  if (expiry.value != 0 && shard_->dispatcher().active_expiry()) {
    const int64_t left_ms = std::max(expiry.value - world_.clock.wall().value, int64_t{0});
    if (left_ms < kTickNs / kNsPerMs)
      deadline = std::min(deadline, MonoNs{now.value + left_ms * kNsPerMs});
  }
  return deadline;
}

void Reactor::turn(MonoNs deadline) {
  ++counters_.turns;
  world_.loop.poll(poll_deadline(deadline), *this);
  settle_sent();
  const Now now{.wall = world_.clock.wall(), .mono = world_.clock.mono()};
  if (shard_ != nullptr) {
    if (held_by_) serve_frames();
    if (!held_by_) serve(now);
    if (shard_->log().failure() && !failed_) fail_stop();
  }
  release_outputs();
  forget_dead();
  note_turn(now.mono);
}

void Reactor::note_turn(MonoNs begun) {
  const MonoNs now = world_.clock.mono();
  const int64_t spent = now.value - begun.value;
  counters_.turns_ns += spent;
  counters_.longest_turn_ns = std::max(counters_.longest_turn_ns, spent);
  if (now.value - cpu_read_.value < kCpuReadNs) return;
  const int64_t cpu = world_.clock.thread_cpu();
  if (spent >= kCpuReadNs) {
    counters_.longest_turn_cpu_ns =
        std::max(counters_.longest_turn_cpu_ns, std::min(spent, cpu - cpu_ns_));
  }
  cpu_ns_ = cpu;
  cpu_read_ = now;
}

void Reactor::serve(Now now) {
  shard_->dispatcher().begin_turn(now);
  if (paused_until_.value != 0 && now.mono >= paused_until_) unpause();
  if (now.mono.value - last_second_.value >= kSecondNs) {
    last_second_ = now.mono;
    enforce_time_limits(now.mono);
    if (second_observer_) second_observer_(now.mono);
  }
  serve_frames();
  if (replies_due_ || !replying_.empty()) write_replies();
  execute_runnable();
  // An atomic group is under way: nothing may come between its records.
  if (held_by_) return;
  tick();
  serve_ready();
  shard_->dispatcher().end_turn();
  shard_->commit();
  if (!shard_->loading().active) shard_->frames().end_turn(now.mono);
  work_in_slices(now);
  serve_durable();
  serve_checkpoint();
  follow_disk();
}

void Reactor::reap(MonoNs until) {
  Engine& engine = shard_->engine();
  const size_t unreaped = engine.unreaped();
  for (size_t left = kReapedPerTurn; left != 0 && engine.reaping(); left -= kReapedPerSlice) {
    engine.reap(kReapedPerSlice);
    if (world_.clock.mono() >= until) break;
  }
  counters_.reaped += unreaped - std::min(unreaped, engine.unreaped());
}

void Reactor::work_in_slices(const Now& now) {
  Engine& engine = shard_->engine();
  const bool sliced = engine.reaping() || engine.checkpoint() != nullptr;
  const MonoNs begun = sliced ? world_.clock.mono() : now.mono;
  if (engine.reaping()) reap(MonoNs{begun.value + kReapNs});
  if (CheckpointRunner* const checkpoints = shard_->checkpoints())
    checkpoints->step(now, MonoNs{begun.value + kSlicesNs});
}

void Reactor::tick() {
  serve_due();
  if (shard_->loading().active) return;
  shard_->dispatcher().expire(shard_->log().batch());
  age_out();
  shard_->dispatcher().evict(shard_->log().batch());
}

bool Reactor::paused(const Connection& connection) const {
  if (paused_until_.value == 0) return false;
  return !pause_only_writes_ || would_write(connection);
}

bool Reactor::would_write(const Connection& connection) {
  if (writes(connection.request)) return true;
  if (!connection.session.transaction || !same_word(connection.request.arguments[0], "exec")) {
    return false;
  }
  const auto& queue = connection.session.transaction->queue;
  return std::any_of(queue.begin(), queue.end(),
                     [](const OwnedRequest& queued) { return writes(queued.request()); });
}

void Reactor::follow_disk() {
  if (!held_back_ || shard_->behind()) return;
  held_back_ = false;
  for (const auto& [id, connection] : connections_) make_runnable(*connection);
}

void Reactor::pause_until(MonoNs until, bool only_writes) {
  paused_until_ = std::max(paused_until_, until);
  pause_only_writes_ = only_writes;
}

void Reactor::unpause() {
  paused_until_ = MonoNs{0};
  for (const auto& [id, connection] : connections_) {
    connection->postponed = false;
    make_runnable(*connection);
  }
}

void Reactor::execute_runnable() {
  const std::vector<Connection*> due = std::exchange(runnable_, {});
  auto next = due.begin();
  while (next != due.end() && !held_by_) {
    Connection& connection = **next++;
    if (connection.dead) continue;
    execute(connection);
    if (shard_->dispatcher().spent_ns() >= kExecuteNs) break;
  }
  // Those that have had nothing of this turn come before those that have more to run.
  runnable_.insert(runnable_.begin(), next, due.end());
}

void Reactor::execute(Connection& connection) {
  connection.runnable = false;
  size_t executed = 0;
  bool more = true;
  while (more && execute_next(connection)) {
    ++executed;
    more = executed < kRequestsPerTurn && shard_->dispatcher().spent_ns() < kExecuteNs;
  }
  if (!connection.dead) close_if_stranger(connection);
  if (connection.dead) return;
  compact_input(connection);
  if (more || connection.unread().empty()) {
    close_if_ended(connection);
  } else {
    make_runnable(connection);
  }
}

// A client may send its commands and end its side at once: they are executed, and what it is owed leaves,
// before its connection is closed. Only a command that waits is given up, as Redis does.
void Reactor::close_if_ended(Connection& connection) {
  if (!connection.ended || connection.dead) return;
  if (connection.replying || (connection.parked && connection.parked->for_frames)) return;
  forget_parked(connection);
  // Each of them makes it runnable again when it is over.
  const bool held_back =
      connection.output.pending() > kOwedPause || paused_until_.value != 0 || shard_->behind();
  if (held_back && !connection.unread().empty()) return;
  close_after_output(connection);
}

LEAT_FLATTEN bool Reactor::execute_next(Connection& connection) {
  if (connection.dead || connection.parked || connection.replying) return false;
  if (connection.session.close_after_reply) return false;
  if (connection.output.pending() > kOwedPause) return false;
  size_t consumed = 0;
  switch (connection.parser.next(connection.unread(), connection.request, consumed)) {
    case RequestParser::Status::kNeedMore:
      close_if_too_large(connection);
      return false;
    case RequestParser::Status::kEmpty:
      connection.input_at += consumed;
      return true;
    case RequestParser::Status::kError:
      protocol_error(connection);
      return false;
    case RequestParser::Status::kHttp:
      log(LogLevel::kWarning,
          "Possible cross-protocol attack: {} sent an HTTP request; the connection is closed",
          connection.peer);
      close(connection);
      return false;
    case RequestParser::Status::kRequest:
      break;
  }
  connection.postponed = paused(connection);
  if (connection.postponed) return false;
  // A disk that is slower than its clients makes those wait that write, and so does sealing.
  if (shard_->behind() && would_write(connection)) {
    held_back_ = true;
    return false;
  }
  const bool authenticated = connection.session.authenticated;
  const bool skips = connection.session.reply_mode == ReplyMode::kSkipNext;
  if (skips) connection.session.reply_mode = ReplyMode::kSkip;
  const size_t reply_start = connection.output.buffer().size();
  executing_ = &connection;
  Dispatcher::Outcome outcome =
      shard_->execute(connection.request, connection.session, connection.output.buffer());
  executing_ = nullptr;
  // CLIENT REPLY SKIP, skipped itself, still holds for the next one.
  const bool renewed = skips && connection.session.reply_mode == ReplyMode::kSkipNext;
  if ((connection.session.silent() || renewed) && !outcome.pushed) {
    connection.output.buffer().truncate(reply_start);
    outcome.rest.reset();
  }
  if (authenticated != connection.session.authenticated) set_parser_limits(connection);
  finish_request(connection, outcome);
  connection.input_at += consumed;
  if (held_by_) return false;
  if (shard_->engine().waits().ready()) serve_ready();
  return true;
}

void Reactor::finish_request(Connection& connection, Dispatcher::Outcome& outcome) {
  connection.last_active = shard_->dispatcher().now().mono;
  if (outcome.park) {
    park(connection, OwnedRequest(connection.request), outcome);
    if (connection.blocked()) release_pushes(connection);
  } else if (outcome.rest != nullptr) [[unlikely]] {
    added(connection, outcome.release);
    begin_reply(connection, outcome);
  } else {
    connection.session.end_skip();
    added(connection, outcome.release);
    release_pushes(connection);
    // A client without replies leaves at once: nothing will ever be sent.
    if (connection.session.close_after_reply && connection.output.empty()) close(connection);
  }
}

void Reactor::release_pushes(Connection& connection) {
  if (connection.pushes.empty()) return;
  connection.output.buffer().append(connection.pushes.view());
  connection.pushes.clear();
  added(connection, shard_->engine().last_lsn());
}

void Reactor::protocol_error(Connection& connection) {
  ++counters_.protocol_errors;
  if (connection.session.silent()) return close_after_output(connection);
  ReplyWriter writer(connection.output.buffer(), connection.session.protocol);
  writer.error(std::string("ERR Protocol error: ") + std::string(connection.parser.error_text()));
  added(connection, Lsn{});
  connection.session.close_after_reply = true;
}

void Reactor::park(Connection& connection, OwnedRequest request, Dispatcher::Outcome& outcome,
                   OpenedFrames opened) {
  Park& park = *outcome.park;
  request.replace(park.frozen);
  const bool for_frames = !park.frames.empty();
  if (outcome.held) held_by_ = connection.session.id;
  if (for_frames) {
    shard_->frames().park(connection.session.id, park.frames, std::move(opened));
  } else {
    shard_->engine().waits().park(connection.session.id, park.keys, park.on_absence);
  }
  connection.parked = Parked{.request = std::move(request),
                             .deadline = park.deadline,
                             .again = park.again,
                             .release = outcome.release,
                             .late = std::move(park.late),
                             .durable = std::move(park.durable),
                             .checkpoint = std::move(park.checkpoint),
                             .for_frames = for_frames,
                             .planned = !for_frames};
  if (park.works) connection.parked->works_since = shard_->dispatcher().now().mono;
  if (connection.parked->durable) {
    awaiting_.emplace(connection.parked->durable->lsn, connection.session.id);
  }
  if (connection.parked->checkpoint) {
    awaiting_checkpoint_.emplace(connection.parked->checkpoint->number, connection.session.id);
  }
  if (const auto due = connection.parked->due(); due && !for_frames)
    dues_.emplace(*due, connection.session.id);
}

void Reactor::forget_parked(Connection& connection) {
  if (!connection.parked) return;
  if (connection.parked->for_frames) {
    shard_->frames().forget(connection.session.id);
  } else {
    shard_->engine().waits().unpark(connection.session.id);
  }
  if (const auto due = connection.parked->due()) dues_.erase({*due, connection.session.id});
  if (connection.parked->durable) {
    awaiting_.erase({connection.parked->durable->lsn, connection.session.id});
  }
  if (connection.parked->checkpoint) {
    awaiting_checkpoint_.erase({connection.parked->checkpoint->number, connection.session.id});
  }
  connection.parked.reset();
}

void Reactor::serve_ready() {
  Waits& waits = shard_->engine().waits();
  while (waits.ready()) {
    for (const ClientId client : waits.take_ready()) {
      Connection* const connection = find(client);
      if (connection != nullptr && connection->parked) resume(*connection);
    }
  }
}

void Reactor::serve_frames() {
  ShardFrames& frames = shard_->frames();
  for (FrameWaits::Ready& ready : frames.take_ready()) {
    if (held_by_ && ready.who != FrameWaiter(*held_by_)) {
      frames.put_back(std::move(ready));
      continue;
    }
    ++ready.opened.waits;
    frames.begin_ready(ready.opened);
    serve(std::move(ready));
    frames.end_ready();
  }
  if (!held_by_ && shard_->engine().waits().ready()) serve_ready();
}

void Reactor::serve(FrameWaits::Ready ready) {
  ShardFrames& frames = shard_->frames();
  if (const auto* const object = std::get_if<ObjectId>(&ready.who)) {
    const auto missing = shard_->dispatcher().age_out(*object, shard_->log().batch(),
                                                      ShardFrames::frames_max(ready.opened));
    if (!missing.empty()) frames.park(*object, missing, std::move(ready.opened));
    return;
  }
  const auto client = std::get<ClientId>(ready.who);
  Connection* const connection = held_by_ ? connections_.at(client).get() : find(client);
  if (connection != nullptr && connection->replying)
    return resume_reply(*connection, std::move(ready.opened));
  if (connection == nullptr || !connection->parked || !connection->parked->for_frames) return;
  resume(*connection, std::move(ready.opened));
  if (!connection->runnable) close_if_ended(*connection);
}

void Reactor::age_out() {
  ShardFrames& frames = shard_->frames();
  for (const auto& [object, missing] : shard_->dispatcher().age_out(shard_->log().batch())) {
    if (!frames.waits(object)) frames.park(object, missing, {});
  }
}

void Reactor::resume(Connection& connection, OpenedFrames opened) {
  Parked parked = std::move(*connection.parked);
  forget_parked(connection);
  const bool held = held_by_.has_value();
  const size_t reply_start = connection.output.buffer().size();
  executing_ = &connection;
  Dispatcher::Outcome outcome = shard_->dispatcher().resume(
      parked.request.request(), connection.session, shard_->log().batch(),
      connection.output.buffer(), ShardFrames::frames_max(opened));
  executing_ = nullptr;
  held_by_.reset();
  const bool closed_while_held = held && connection.dead;
  if (connection.session.silent()) {
    connection.output.buffer().truncate(reply_start);
    outcome.rest.reset();
  }
  if (outcome.park) {
    // The time to wait counts from the first call.
    if (parked.planned) outcome.park->deadline = parked.deadline;
    outcome.release = std::max(outcome.release, parked.release);
    park(connection, std::move(parked.request), outcome, std::move(opened));
    connection.parked->planned = connection.parked->planned || parked.planned;
    if (connection.blocked()) release_pushes(connection);
    return;
  }
  finish_request(connection, outcome);
  make_runnable(connection);
  if (closed_while_held) bury(connection);
}

// One that is planned again and has to wait on is due later than now.
void Reactor::serve_due() {
  const MonoNs now = shard_->dispatcher().now().mono;
  while (!dues_.empty() && dues_.begin()->first <= now) {
    Connection* const connection = find(dues_.begin()->second);
    LEAT_CHECK(connection != nullptr);
    const std::optional<MonoNs> deadline = connection->parked->deadline;
    deadline && *deadline <= now ? static_cast<void>(end_wait(*connection)) : resume(*connection);
  }
}

void Reactor::end_parked(Connection& connection, size_t reply_start) {
  const Parked& parked = *connection.parked;
  const MonoNs now = shard_->dispatcher().now().mono;
  const int64_t took_ns = parked.works_since ? now.value - parked.works_since->value : 0;
  const Lsn release = parked.release;
  ByteBuffer& output = connection.output.buffer();
  shard_->dispatcher().note_ended(connection.session, parked.request.request(), took_ns,
                                  output.view(reply_start));
  forget_parked(connection);
  const bool silent = connection.session.silent();
  connection.session.end_skip();
  silent ? output.truncate(reply_start) : added(connection, release);
  make_runnable(connection);
}

bool Reactor::end_wait(Connection& connection) {
  if (!connection.blocked()) return false;
  const std::string late = connection.parked ? connection.parked->late : std::string();
  return unpark(connection, [&late](ReplyWriter& reply) {
    late.empty() ? reply.null_array() : reply.raw(late);
  });
}

void Reactor::serve_durable() {
  const Lsn durable = shard_->log().durable_lsn();
  while (!awaiting_.empty() && awaiting_.begin()->first <= durable) {
    Connection* const connection = find(awaiting_.begin()->second);
    LEAT_CHECK(connection != nullptr);
    const std::string reply = connection->parked->durable->reply;
    unpark(*connection, [&reply](ReplyWriter& writer) { writer.raw(reply); });
  }
}

void Reactor::serve_checkpoint() {
  if (awaiting_checkpoint_.empty() || shard_->checkpoints() == nullptr) return;
  const CheckpointFacts facts = shard_->checkpoints()->facts();
  while (!awaiting_checkpoint_.empty() && awaiting_checkpoint_.begin()->first <= facts.ended) {
    Connection* const connection = find(awaiting_checkpoint_.begin()->second);
    LEAT_CHECK(connection != nullptr);
    const AwaitCheckpoint& awaited = *connection->parked->checkpoint;
    const std::string reply = facts.last_ok ? awaited.reply : awaited.failed;
    unpark(*connection, [&reply](ReplyWriter& writer) { writer.raw(reply); });
  }
}

void Reactor::added(Connection& connection, Lsn release) {
  const Lsn committed = shard_ == nullptr ? Lsn{} : shard_->committed();
  connection.output.added(release, committed, [this] {
    return shard_ == nullptr ? Lsn{} : shard_->log().released_lsn();
  });
  make_dirty(connection);
}

void Reactor::make_runnable(Connection& connection) {
  if (connection.runnable || connection.dead || connection.unread().empty()) return;
  connection.runnable = true;
  runnable_.push_back(&connection);
}

void Reactor::make_dirty(Connection& connection) {
  if (connection.dirty || connection.dead) return;
  connection.dirty = true;
  dirty_.push_back(&connection);
}

void Reactor::compact_input(Connection& connection) {
  if (connection.input_at == connection.input.size()) {
    connection.input.clear();
    connection.input_at = 0;
    if (connection.input.capacity() > kCompactFrom) connection.input.release();
  } else if (connection.input_at >= kCompactFrom) {
    connection.input.consume(connection.input_at);
    connection.input_at = 0;
  }
  if (connection.paused && connection.unread().size() <= limits_.query_buffer_max) {
    connection.paused = false;
    world_.loop.resume_receive(connection.id);
  }
}

void Reactor::release_outputs() {
  const Lsn released = shard_ == nullptr ? Lsn{} : shard_->log().released_lsn();
  std::vector<Connection*> still;
  for (Connection* const connection : std::exchange(dirty_, {})) {
    if (connection->dead) continue;
    connection->output.release(released);
    enforce_output_limit(*connection);
    if (connection->dead) continue;
    send_released(*connection);
    connection->dirty = !connection->output.empty();
    if (connection->dirty) still.push_back(connection);
  }
  dirty_.insert(dirty_.end(), still.begin(), still.end());
}

void Reactor::send_released(Connection& connection) {
  if (connection.sending || connection.blocked_on_send) return;
  const Bytes bytes = connection.output.sendable();
  if (bytes.empty()) return;
  connection.sending = true;
  const bool owed_much = connection.output.pending() > kOwedPause && !connection.unread().empty();
  follows_sends_ =
      follows_sends_ || connection.replying || owed_much || connection.session.close_after_reply;
  connection.send_size = bytes.size();
  sending_.push_back(&connection);
  world_.loop.send(connection.id, bytes);
}

void Reactor::settle_sent() {
  follows_sends_ = false;
  for (Connection* const connection : std::exchange(sending_, {})) {
    if (connection->dead) continue;
    if (connection->sending) {
      connection->sending = false;
      connection->output.sent(connection->send_size);
      note_sent(*connection, connection->send_size);
    }
    // A client that has ended is owed what is not written yet: the rest of a large reply, and the reply of an EXEC that is held
    // and may have killed its own client.
    const bool done = connection->output.empty() && !connection->replying && !connection->parked;
    if (done && connection->session.close_after_reply) {
      close(*connection);
    } else if (connection->output.pending() <= kOwedPause) {
      make_runnable(*connection);
    }
  }
}

void Reactor::fail_stop() {
  failed_ = true;
  log(LogLevel::kWarning,
      "The log failed: {}. Nothing is acknowledged any more; restart the server once the disk is "
      "repaired",
      shard_->log().failure()->detail);
  // What waits for the disk will never be durable: its clients must learn that the outcome is unknown.
  for (const auto& [id, connection] : connections_) {
    const bool awaits =
        connection->parked && (connection->parked->durable || connection->parked->checkpoint);
    const bool waits = awaits || held_by_ == id || connection->output.waiting();
    if (!connection->dead && waits) close(*connection);
  }
}

void Reactor::close(Connection& connection) {
  if (connection.dead) return;
  connection.dead = true;
  world_.loop.close(connection.id);
  by_io_.erase(connection.id.value);
  if (held_by_ != connection.session.id) bury(connection);
}

void Reactor::bury(Connection& connection) {
  forget_parked(connection);
  forget_reply(connection);
  if (shard_ != nullptr) {
    shard_->engine().watches().forget(connection.session.id);
    shard_->engine().tracking().forget(connection.session.id);
  }
  if (close_observer_) close_observer_(connection);
  dead_.push_back(&connection);
}

void Reactor::close_after_output(Connection& connection) {
  connection.session.close_after_reply = true;
  const bool done = connection.output.empty() && !connection.replying;
  if (done && &connection != executing_) close(connection);
}

void Reactor::forget_dead() {
  if (dead_.empty()) return;
  for (auto* const list : {&runnable_, &dirty_, &sending_, &replying_}) {
    std::erase_if(*list, [](const Connection* connection) { return connection->dead; });
  }
  for (const Connection* const connection : std::exchange(dead_, {})) {
    connections_.erase(connection->session.id);
  }
}

void Reactor::drain(MonoNs deadline) {
  if (shard_ == nullptr) return;
  CheckpointRunner* const checkpoints = shard_->checkpoints();
  if (checkpoints != nullptr) checkpoints->stop();
  // A job that the disk is busy with can't be called off: the files it works on must outlive it.
  const auto working = [this, checkpoints] {
    return shard_->log().facts().in_flight || !shard_->frames().settled() ||
           (checkpoints != nullptr && !checkpoints->settled());
  };
  while (held_by_ || working() || (!shard_->settled() && world_.clock.mono() < deadline)) {
    if (!held_by_) shard_->commit();
    world_.loop.poll(MonoNs{world_.clock.mono().value + kNsPerMs}, *this);
    settle_sent();
    if (held_by_) serve_frames();
    release_outputs();
  }
}

void Reactor::flush(MonoNs deadline) {
  release_outputs();
  while (!sending_.empty() || !dirty_.empty()) {
    const MonoNs now = world_.clock.mono();
    if (now >= deadline) break;
    world_.loop.poll(std::min(deadline, MonoNs{now.value + kNsPerMs}), *this);
    settle_sent();
    release_outputs();
  }
  forget_dead();
}

}  // namespace leat
