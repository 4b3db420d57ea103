// Ledger: everything that was executed and everything that left, against the model and against the disk.
//
// It is told of each command when it has taken effect (executed), of the batches that the log writes and syncs, and
// of the bytes that clients receive. It knows therefore, without asking the server, what must have been replied,
// which LSN each reply had to wait for, and what a crash may take back.
//
// Contract   the first thing that is wrong stands in violation(); nothing is checked after it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command/dispatcher.h"
#include "engine/engine.h"
#include "sim/model.h"
#include "storage/log.h"

namespace leat::sim {

class Ledger {
 public:
  Ledger(uint64_t node_entries, SyncMode mode)
      : mode_(mode), model_(node_entries), base_(node_entries) {}

  // What one command was and did.
  struct Executed {
    uint64_t client = 0;
    Words words;
    int64_t wall = 0;
    bool refused = false;          // By a full disk, or for want of memory.
    bool expiry = false;           // Not a command: keys whose time had come were dropped.
    uint64_t lsn = 0;              // Of the last record then.
    std::optional<Ageing> ageing;  // Nor this: entries that had reached MAXAGE were.
    // Nor this: the key of the database made room.
    std::optional<std::pair<uint32_t, std::string>> eviction;
  };

  // Clients, by the number the server gives them.
  void connected(uint64_t client) { clients_[client] = {}; }
  // `executing`: an EXEC of it is half done, and will be ended for nobody.
  void disconnected(uint64_t client, bool executing);
  void sent(uint64_t client, const Words& words) { clients_[client].sent.push_back(words); }
  // Bytes have arrived at the client.
  void received(uint64_t client, Bytes bytes);
  // It has sent nothing that is not answered; a parked read is not.
  [[nodiscard]] bool settled(uint64_t client) const;
  [[nodiscard]] bool parked(uint64_t client) const;
  [[nodiscard]] std::string outstanding(uint64_t client) const;

  // Execution.
  struct Moment {
    int64_t wall = 0;
    int64_t mono = 0;
    uint64_t lsn = 0;            // Of the last record.
    bool may_refuse = false;     // A refusal is right: the disk was full or has failed.
    bool steady = true;          // The wall clock makes no steps.
    bool out_of_memory = false;  // So is a refusal for want of memory.
  };
  using Replied = ExecutionObserver::Replied;
  void executed(uint64_t client, Words words, Bytes reply, Replied replied, const Moment& moment);
  void expired(const Moment& moment);
  void aged(const Ageing& ageing, const Moment& moment);
  // The key is about to be dropped, by the next record.
  void evicted(uint32_t db, const std::string& key, const Moment& moment);
  // The turn is over: who waits, waits rightly.
  // Who waits for sealed entries: a client that has been woken; a stream of which entries are too old.
  struct Fetching {
    std::function<bool(uint64_t)> client;
    std::function<bool(uint32_t db, const std::string& key)> stream;
  };
  void turn_ended(Waits& waits, const Moment& moment, const Fetching& fetching);

  // The disk. Paths tell segments apart.
  void batch_written(const std::string& path, uint64_t last_lsn);
  void sync_begun(const std::string& path);
  void synced(const std::string& path, bool durable);
  [[nodiscard]] uint64_t durable() const { return durable_; }

  // Crashes.
  enum class Crash : uint8_t { kProcess, kPower };
  void crashed(Crash crash);
  // Damage was done on purpose: only what a sync has covered can be asked back.
  void forgive_unsynced() { must_have_ = std::min(must_have_, durable_); }
  // A start has succeeded: is what it holds what was executed, up to a point that no promise lies behind?
  void recovered(const Engine& engine);
  // The engine agrees with the model now.
  void compare(const Engine& engine);
  // Remembers the digest of the live engine, for a recovery that ends at the same record.
  void note_digest(const Engine& engine) { digests_[engine.last_lsn().value] = engine.digest(); }

  [[nodiscard]] const Model& model() const { return model_; }
  [[nodiscard]] const std::string& violation() const { return violation_; }
  void violated(const std::string& text) {
    if (violation_.empty()) violation_ = text;
  }
  // How much was checked.
  struct Counters {
    uint64_t commands = 0;
    uint64_t replies = 0;
    uint64_t recoveries = 0;
    uint64_t rolled_back = 0;  // Commands that a crash took back.
    uint64_t wakes = 0;
    uint64_t timeouts = 0;
    uint64_t refusals = 0;
    uint64_t evictions = 0;
    uint64_t long_replies = 0;  // Written in pieces.
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Part {
    size_t size = 0;
    uint64_t required = 0;  // The LSN that it must wait for.
    bool begun = false;
  };
  struct Parked {
    Words words;
    std::optional<int64_t> deadline;
    uint64_t required = 0;
    bool excused = false;  // XGROUP SETID has moved a group back, which wakes nobody.
  };
  struct Client {
    std::deque<Words> sent;  // Not executed yet.
    std::string expected;    // Executed, not received yet.
    std::deque<Part> parts;  // Of `expected`.
    std::optional<Parked> parked;
    bool gone = false;  // It goes for good when its EXEC has been executed.
  };

  // Was the command next, and is its reply right?
  void judge(uint64_t client, Words words, Bytes reply, Replied replied, const Moment& moment);
  // What a command starts with: of the parked read that it continues, or of its own words.
  struct Begun {
    uint64_t required = 0;
    std::optional<int64_t> deadline;
  };

  // The command was the one that was next for the client, or its parked read; nothing after a violation.
  std::optional<Begun> begin(uint64_t number, Client& client, const Words& words, int64_t mono);
  // A group's position may have moved back: whoever waits now may sleep though there is something for it.
  void excuse_waiters();
  void owe(Client& client, Bytes reply, uint64_t required);
  // The LSN that a reply of `words` must wait for when the command has written nothing.
  [[nodiscard]] uint64_t shown_by(const Words& words) const;
  void note_changes(const Words& words, uint64_t lsn);

  SyncMode mode_;
  Model model_;
  Model base_;  // As it was recovered.
  std::vector<Executed> since_;
  std::map<uint64_t, Client> clients_;
  std::map<std::string, uint64_t> changed_;  // Key to the LSN of its last change.
  uint64_t changed_all_ = 0;
  // Of each segment the last LSN that was written, that the sync which runs will cover, and that one has covered. In
  // the order of the log.
  struct Reach {
    uint64_t written = 0;
    std::optional<uint64_t> syncing;
    uint64_t synced = 0;
  };
  std::map<std::string, Reach> files_;
  std::map<uint64_t, uint64_t> digests_;
  uint64_t last_ = 0;
  uint64_t written_ = 0;
  uint64_t durable_ = 0;
  uint64_t acknowledged_ = 0;
  uint64_t must_have_ = 0;
  // A sync has failed: even without a power failure, reads may show the old bytes.
  bool dropped_ = false;
  std::string violation_;
  Counters counters_;
};

}  // namespace leat::sim
