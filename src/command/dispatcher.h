// Dispatcher: everything between one request and its reply: look-up, checks, MULTI, the handler, the
// atomic group of its records, statistics.
//
// Contract   execute() appends to `records` the records of exactly one atomic group, or nothing; the
//            engine has applied them. Keys that had to go to make room stand before it, each as a group of
//            its own. It appends to `reply` exactly one reply, or nothing when parked
//            (subscriptions reply once per channel).
// Thread     one per shard, on its reactor.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command/command_table.h"
#include "command/context.h"
#include "command/eviction.h"
#include "command/statistics.h"

namespace leat {

// ExecutionObserver: told of everything in the order in which it takes effect, right after it has. For the
// simulator, whose reference model must do the same things in the same order.
class ExecutionObserver {
 public:
  virtual ~ExecutionObserver() = default;
  // `reply` is what the command has appended to its connection's output: nothing when it has parked.
  enum class Replied : uint8_t { kWhole, kBegun, kParked };
  virtual void on_executed(const Session& session, const Request& request, Bytes reply,
                           Replied replied) = 0;
  // Keys whose time has come have been dropped without a command, or by one that waits for sealed entries: nothing else
  // is told of such a one before it has them.
  virtual void on_expired() = 0;
  // Entries of the stream that had reached MAXAGE, those up to `last_dropped`, have been dropped without a command.
  virtual void on_aged(const Object& object, StreamId last_dropped) = 0;
  // The `count` oldest iids of the stream were forgotten.
  virtual void on_forgotten(const Object& object, uint64_t count) = 0;
  // The key is about to be dropped to make room.
  virtual void on_evicted(const Object& object) = 0;
};

class Dispatcher {
 public:
  Dispatcher(Engine& engine, Host& host)
      : engine_(engine), host_(host), settings_(host.settings()) {}

  struct Outcome {
    Lsn release;                 // The reply may leave when this is durable (written).
    std::unique_ptr<Park> park;  // No reply yet; null: there is one.
    bool pushed = false;  // What it has replied are pushes, which CLIENT REPLY does not hold back.
    // An EXEC waits for frames in the middle, its group of records begun: until resume() has ended it nothing else may be
    // executed, appended to the batch or committed.
    bool held = false;
    std::unique_ptr<LongReply> rest;  // Of the reply, to be written later; null: nothing.
  };

  // Borrowed; null: nobody observes.
  void observe(ExecutionObserver* observer) { observer_ = observer; }

  // The turn has begun: durations are counted from here.
  void begin_turn(Now now) {
    now_ = now;
    if (started_.value == 0) started_ = now.wall;
    begun_ = mark_ = host_.stopwatch();
    evictions_left_ = kEvictionsPerTurn;
  }
  // How long commands have taken since the turn began, until the last of them ended. Reads no clock.
  [[nodiscard]] int64_t spent_ns() const { return mark_ - begun_; }
  Outcome execute(const Request& request, Session& session, ByteBuffer& records, ByteBuffer& reply);
  // Plans a parked request again, as if it had just come: the same checks, the same outcomes. It may wait for
  // `frames_max` sealed frames more; 0: they are read on the spot.
  Outcome resume(const Request& request, Session& session, ByteBuffer& records, ByteBuffer& reply,
                 size_t frames_max);
  Outcome resume(const Request& request, Session& session, ByteBuffer& records, ByteBuffer& reply) {
    return resume(request, session, records, reply, frames_max_);
  }
  // A parked command has ended without being planned again: by its time, or by what it waited for. Counts it, as one
  // that took `took_ns`.
  void note_ended(const Session& session, const Request& request, int64_t took_ns, Bytes reply);
  // For how many sealed frames a command may wait at once; 0: they are read on the spot.
  void set_frames_max(size_t frames) { frames_max_ = frames; }
  // Replies that are larger may be written in pieces of about that size.
  void set_piece_bytes(size_t bytes) { piece_bytes_ = bytes; }
  [[nodiscard]] size_t piece_bytes() const { return piece_bytes_; }
  // Drops what has expired, a bounded number of keys per call.
  //   returns  true when there may be more to do now.
  bool expire(ByteBuffer& records);

  // Entries of a stream have reached MAXAGE, and sealed frames are not open that it takes to drop all of them.
  struct AgeWait {
    ObjectId object;
    std::vector<FrameRef> frames;
  };
  // Drops entries that have reached MAXAGE, of a bounded number of streams and blocks per call.
  //   returns  the streams that frames are needed for. It asks again within a second, whether they have come or not.
  std::vector<AgeWait> age_out(ByteBuffer& records);
  // The same for one stream, whose frames have come; as resume().
  //   returns  the frames that it lacks still.
  std::vector<FrameRef> age_out(ObjectId object, ByteBuffer& records, size_t frames_max);
  // Drops keys, as maxmemory-policy chooses them, while more memory is in use than maxmemory allows; a
  // bounded number per turn.
  void evict(ByteBuffer& records) { static_cast<void>(make_room(records, 0)); }
  // There is more to evict: another turn is wanted at once.
  [[nodiscard]] bool evicting() const { return evicting_; }

  // The turn has executed what it does: tells clients that track of what has changed without a command, and by prefix of
  // all that has.
  void end_turn();

  // Whether expire() does anything; without it keys go only when somebody asks for them.
  void set_active_expiry(bool active) { active_expiry_ = active; }

  [[nodiscard]] bool active_expiry() const { return active_expiry_; }

  [[nodiscard]] Statistics& statistics() { return statistics_; }
  [[nodiscard]] Now now() const { return now_; }
  // When the first turn began.
  [[nodiscard]] WallMs started() const { return started_; }

  // Runs a queued command inside EXEC, in the context of the transaction.
  void run_queued(Context& context, const Request& request, bool shown);

 private:
  // Bounds what eviction adds to a turn: some milliseconds.
  static constexpr size_t kEvictionsPerTurn = 1000;

  // The row that `request` names; null when there is none or the number of words does not fit it.
  static const CommandSpec* resolve(const Request& request);
  // The row, if the session may run it now; null after the error has been replied.
  const CommandSpec* admit(const Request& request, Session& session, ByteBuffer& records,
                           ByteBuffer& reply);
  // Replies why resolve() gave null.
  [[gnu::cold, gnu::noinline]] void reject_unresolved(const Request& request, Session& session,
                                                      ByteBuffer& reply);
  // Why the session may not run the command now, a text that lives until the next call; empty when it may.
  [[nodiscard]] Bytes refusal(const CommandSpec& spec, const Request& request,
                              const Session& session);
  // evict(), of at least `least` keys whatever the turn has evicted.
  //   returns  by how many bytes the limit is still exceeded.
  uint64_t make_room(ByteBuffer& records, size_t least);
  // Whether a command that adds may run now; makes room first.
  [[gnu::cold, gnu::noinline]] [[nodiscard]] bool has_memory(ByteBuffer& records);
  // Writes and applies the record, a group of its own.
  void drop(const Object& object, EventClass of, Bytes event, ByteBuffer& records);
  // Whether age_out() may write its records now.
  [[nodiscard]] bool may_age();
  std::vector<FrameRef> age_out(const Object& object, ByteBuffer& records, size_t frames_max);
  // Has the stream forget iids whose time has come; false when there may be more.
  bool forget_iids(const Object& object, ByteBuffer& records);
  void queue(const CommandSpec& spec, const Request& request, Session& session, ByteBuffer& reply);
  [[gnu::cold, gnu::noinline]] void tell_observer(const Session& session, const Request& request,
                                                  Bytes reply, const Outcome& outcome, bool wrote);
  // What execute() and resume() do, but for telling the observer.
  Outcome execute_unobserved(const Request& request, Session& session, ByteBuffer& records,
                             ByteBuffer& reply);
  Outcome resume_unobserved(const Request& request, Session& session, ByteBuffer& records,
                            ByteBuffer& reply, size_t frames_max);
  Outcome run(const CommandSpec& spec, const Request& request, Session& session,
              ByteBuffer& records, ByteBuffer& reply, size_t frames_max);
  // To those who watch with MONITOR.
  void show(const CommandSpec& spec, const Request& request, const Session& session);
  void call(Context& context, const CommandSpec& spec, const Request& request, size_t frames_max);
  // Notes what the command has read for a client that tracks.
  void remember(const CommandSpec& spec, const Request& request, const Session& session);
  // Drops what the table of tracked keys has room for no more, `count` keys at most.
  void shed_tracked(size_t count);
  // Tells clients that have read keys that they have changed.
  void tell_readers();
  // CLIENT CACHING holds for one command, or transaction.
  static void end_caching(const Request& request, Session& session, const Outcome& outcome);
  // What follows execute_unobserved() and resume_unobserved().
  [[gnu::noinline]] void settle_tracking(const Request& request, Session& session,
                                         const Outcome& outcome);
  // The command lacked sealed entries: takes back what it has replied, and parks it or replies the error.
  [[gnu::cold, gnu::noinline]] void settle_lack(Context& context, size_t reply_start);
  [[gnu::cold, gnu::noinline]] void reject(const CommandSpec* spec, Session& session,
                                           ByteBuffer& reply, Bytes text);
  void count(const Session& session, const CommandSpec& spec, const Request& request,
             int64_t took_ns, Bytes reply);
  void note_reply(CommandStatistics& statistics, Bytes reply);

  Engine& engine_;
  Host& host_;
  const Settings& settings_;  // The host's, asked for once.
  Statistics statistics_;
  Now now_;
  WallMs started_{0};
  int64_t mark_ = 0;     // When the last command ended.
  int64_t begun_ = 0;    // When the turn began.
  std::string problem_;  // What refusal() has composed.
  Eviction eviction_;
  size_t evictions_left_ = kEvictionsPerTurn;  // In this turn.
  bool evicting_ = false;
  uint64_t excess_low_ = UINT64_MAX;  // The lowest excess since memory was last below its limit.
  ExecutionObserver* observer_ = nullptr;
  bool active_expiry_ = true;
  size_t frames_max_ = 0;
  size_t frames_now_ = 0;  // For how many the command may wait that runs.
  size_t piece_bytes_ = SIZE_MAX;
};

}  // namespace leat
