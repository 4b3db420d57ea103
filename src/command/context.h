// Context: what a command handler works with: the engine to read, the records it writes, its reply.
//
// A handler parses its words, reads, decides, writes records, applies them and replies, in this order:
// an error leaves before anything has changed. Reading through the context keeps two promises for it:
// a key whose time has come is gone before the handler sees it, and the reply carries the LSN that must
// be durable before the reply may leave.
//
// Sealed entries that are not in memory: a handler is planned as if they were not there, nothing of what it
// writes or replies then counts, and it is planned again when they have come. So it needs to know nothing of that,
// as long as it reads before it writes.
//
// Thread     lives on its shard's reactor, for one command.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/time.h"
#include "command/arguments.h"
#include "command/host.h"
#include "command/long_reply.h"
#include "command/reply_errors.h"
#include "command/session.h"
#include "engine/engine.h"
#include "resp/reply_writer.h"

namespace leat {

class Dispatcher;

// The one clock reading of a turn.
struct Now {
  WallMs wall;
  MonoNs mono;
};

// A reply that is decided already and waits for the disk.
struct AwaitDurable {
  Lsn lsn;
  std::string reply;  // In wire form.
};

// A reply that waits for a checkpoint; see NodeHost::make_checkpoint().
struct AwaitCheckpoint {
  uint64_t number = 0;
  std::string reply;   // In wire form, when it has been published.
  std::string failed;  // When it was given up.
};

// What a command waits for when it can't be answered yet.
struct Park {
  std::vector<KeyName> keys;
  std::optional<MonoNs> deadline;  // Absolute; none: for ever.
  std::optional<MonoNs> again;     // Planned again then, whatever has happened.
  bool on_absence = false;         // Also planned again when a key goes.
  // Words to replace before it is planned again: what must not be looked at anew ("$").
  std::vector<std::pair<size_t, std::string>> frozen;
  std::optional<AwaitDurable> durable;                       // Waits for this instead of keys.
  std::optional<AwaitCheckpoint> checkpoint = std::nullopt;  // Or for this.
  std::string late;              // The reply at the deadline, in wire form; empty: a null array.
  bool works = false;            // Its wait counts as time that it takes (DEBUG SLEEP).
  std::vector<FrameRef> frames;  // Waits for these instead of keys, and without a deadline.
};

// Records that a plan which starts again finds in force and does not write again: that a key has expired.
template <typename Record>
constexpr bool kMayPrecedeWait = std::is_same_v<Record, KeyDrop>;

class Context {
 public:
  struct Parts {
    Dispatcher& dispatcher;
    Engine& engine;
    Host& host;
    const Settings& settings;
    Session& session;
    ByteBuffer& records;  // The log's open batch: records are appended at its end.
    ByteBuffer& reply;
    Now now;
  };
  explicit Context(const Parts& parts)
      : parts_(parts),
        writer_(parts.records),
        reply_(parts.reply, parts.session.protocol),
        applied_(parts.records.size()) {}

  [[nodiscard]] Dispatcher& dispatcher() { return parts_.dispatcher; }
  [[nodiscard]] const Engine& engine() const { return parts_.engine; }
  [[nodiscard]] Host& host() { return parts_.host; }
  [[nodiscard]] Session& session() { return parts_.session; }
  [[nodiscard]] ReplyWriter& reply() { return reply_; }
  [[nodiscard]] Now now() const { return parts_.now; }
  [[nodiscard]] const Settings& settings() const { return parts_.settings; }
  [[nodiscard]] Waits& waits() { return parts_.engine.waits(); }
  [[nodiscard]] Watches& watches() { return parts_.engine.watches(); }
  [[nodiscard]] Tracking& tracking() { return parts_.engine.tracking(); }

  // The object under `key` in the session's database (or in `db`); null if there is none. An expired one
  // is dropped first. Counts as use of the key unless the client asked not to be counted.
  [[nodiscard]] const Object* find(Bytes key) { return find(parts_.session.db, key); }
  [[nodiscard]] const Object* find(DbIndex db, Bytes key);
  // The same without counting as use of the key (TYPE, TTL).
  [[nodiscard]] const Object* peek(Bytes key);
  // The same, and who listens for misses is not told of one (OBJECT).
  [[nodiscard]] const Object* look(Bytes key);
  // The same, and it is no look-up for INFO (DEBUG).
  [[nodiscard]] const Object* live(Bytes key) { return live(parts_.session.db, key); }
  [[nodiscard]] const Object* live(DbIndex db, Bytes key);
  // The same for a command that works on one kind.
  //   returns  false, with WRONGTYPE replied, when the key holds another kind.
  [[nodiscard]] bool find(Bytes key, ObjectKind kind, const Object*& object);
  // The reply was made from everything (KEYS, DBSIZE): it waits for all that was written so far.
  void depends_on_all() { release_ = parts_.engine.last_lsn(); }
  // The reply shows this object.
  void depends_on(const Object& object) {
    release_ = std::max({release_, object.changed, parts_.engine.last_swap()});
  }

  // Milliseconds since a client has last read or written the key. Use is not logged: after a start all keys count as
  // used at the start.
  [[nodiscard]] int64_t idle_ms(const Object& object);

  // Writes one record; apply() makes what was written happen. Records of one command (of one EXEC) form
  // one atomic group whatever the number of apply() calls.
  template <typename Record>
  void put(const Record& record) {
    writer_.put(record);
  }
  void apply();
  // put() and apply(), but that the record just written need not be read back: the simulator and the tests hold
  // replaying the log to the same digest.
  template <typename Record>
  void commit(const Record& record) {
    if (lacks_entries()) [[unlikely]]
      return;
    // What has been written can't be planned again.
    if constexpr (!kMayPrecedeWait<Record>) parts_.engine.share().frames.load_from_now();
    const bool alone = applied_ == parts_.records.size();
    put(record);
    if (!alone) return apply();
    LEAT_CHECK(parts_.engine.apply_decoded(record));
    applied_ = parts_.records.size();
    release_ = parts_.engine.last_lsn();
  }
  // Entries that the handler has asked for are missing, or can't be read: what it does from here on is for nothing.
  [[nodiscard]] bool lacks_entries() const {
    return parts_.engine.share().frames.trouble() != FrameCache::Trouble::kNone;
  }
  // The same, and asking for more would not make the next plan better: for loops.
  [[nodiscard]] bool gives_up() const { return parts_.engine.share().frames.gives_up(); }
  // What the handler reads is read on the spot, whatever it costs. For what only tests and operators ask.
  void read_on_the_spot() { parts_.engine.share().frames.check_from_now(); }
  // The id for the next object that this command creates; apply() the creation before asking again.
  [[nodiscard]] ObjectId next_object() const { return parts_.engine.keyspace().next_id(); }
  // Creates an empty object under a free key and returns it. Applied at once. `kReplaces`: for its listeners the key was
  // there before.
  enum class Creates : uint8_t { kNew, kReplaces };
  const Object& create(Bytes key, ObjectKind kind, Creates creates = Creates::kNew);
  // Drops the key's object. Applied at once.
  void drop(const Object& object) { commit(KeyDrop{object.id}); }
  // The same for one that another will replace, if there is one; returns its kind, for notify_overwritten().
  std::optional<ObjectKind> drop_replaced(const Object* object) {
    if (object == nullptr) return std::nullopt;
    const ObjectKind kind = object->kind();
    drop(*object);
    return kind;
  }
  // A consumer has tried to read or claim (volatile).
  void note_seen(const Object& object, GroupId group, ConsumerId consumer) {
    parts_.engine.note_seen(object, group, consumer, parts_.now.wall);
  }

  // Tells who listens for it that `event` has happened to the key. After what made it happen.
  void notify(EventClass of, Bytes event, Bytes key) { notify(of, event, parts_.session.db, key); }
  void notify(EventClass of, Bytes event, DbIndex db, Bytes key) {
    if (settings().events.wants(of) && !lacks_entries()) [[unlikely]]
      leat::notify(parts_.host, event, db, key);
  }
  // The same for a key whose value has been replaced as a whole: one of kind `before`, if there was one, by one of `now`.
  void notify_overwritten(DbIndex db, Bytes key, std::optional<ObjectKind> before, ObjectKind now) {
    if (!before) return;
    notify(EventClass::kOverwritten, "overwritten", db, key);
    if (*before != now) notify(EventClass::kTypeChanged, "type_changed", db, key);
  }
  void notify_overwritten(Bytes key, std::optional<ObjectKind> before, ObjectKind now) {
    notify_overwritten(parts_.session.db, key, before, now);
  }

  [[gnu::cold, gnu::noinline]] void error(Bytes text) { reply_.error(text); }
  // A handler that does not write exactly one reply says so: for EXEC, which announces them.
  void replied_nothing() { replies_ = 0; }
  // Pushes leave whatever CLIENT REPLY says.
  void replied_pushes(size_t count) {
    replies_ = count;
    pushed_ = true;
  }
  [[nodiscard]] bool pushed() const { return pushed_; }
  // How many replies the command has written; what follows is another one.
  [[nodiscard]] size_t take_replies() {
    pushed_ = false;
    return std::exchange(replies_, 1);
  }
  // This reply and all that follow are in `protocol`. HELLO, RESET.
  void switch_protocol(Protocol protocol) {
    parts_.session.protocol = protocol;
    reply_ = ReplyWriter(parts_.reply, protocol);
  }
  // A buffer for rendering lists into records; empty at each call.
  [[nodiscard]] ByteBuffer& scratch() {
    scratch_.clear();
    return scratch_;
  }

  // In a transaction a command must answer at once.
  [[nodiscard]] bool may_block() const { return may_block_; }
  void forbid_blocking() { may_block_ = false; }
  // The handler has no reply yet; it is called again, with the words frozen, when a key is signalled.
  void park(Park park) { park_ = std::make_unique<Park>(std::move(park)); }
  void unpark() { park_.reset(); }
  [[nodiscard]] const Park* parked() const { return park_.get(); }
  [[nodiscard]] std::unique_ptr<Park> take_parked() { return std::move(park_); }

  // Once the reply has that many bytes, what is left of it may be written later.
  [[nodiscard]] size_t piece_bytes() const { return may_block_ ? piece_bytes_ : SIZE_MAX; }
  void set_piece_bytes(size_t bytes) { piece_bytes_ = bytes; }
  // What is written later, once there is something; else null.
  [[nodiscard]] LongReply* rest() { return rest_.get(); }
  [[nodiscard]] LongReply& make_rest() {
    if (rest_ == nullptr) rest_ = std::make_unique<LongReply>(reply_.protocol());
    return *rest_;
  }
  [[nodiscard]] std::unique_ptr<LongReply> take_rest() { return std::move(rest_); }

  [[nodiscard]] Lsn release() const { return release_; }

 private:
  void notify_miss(DbIndex db, Bytes key);

  Parts parts_;
  RecordWriter writer_;
  ReplyWriter reply_;
  size_t applied_;  // How far the records have been applied.
  Lsn release_;
  ByteBuffer scratch_;
  bool may_block_ = true;
  size_t replies_ = 1;
  bool pushed_ = false;
  std::unique_ptr<Park> park_;
  size_t piece_bytes_ = SIZE_MAX;
  std::unique_ptr<LongReply> rest_;
};

}  // namespace leat
