// Model: what the commands of the workload do, as plainly as it can be said: std::map, one command at a time.
//
// The simulator feeds it every command in the order of execution; what it replies must be what the server has
// replied, byte for byte, and what it holds must be what the server recovers. It knows the grammar only as the
// workload writes it: upper-case words, RESP2, well-formed numbers and ids.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "model/idempotency.h"
#include "model/retention.h"
#include "model/stream_id.h"

namespace leat::sim {

using Words = std::vector<std::string>;

struct ModelEntry {
  Words fields;
  uint64_t node = 0;
};
struct ModelPending {
  std::string owner;
  int64_t delivered = 0;  // Without an owner: its place among those that have none.
  uint64_t deliveries = 0;
};
struct ModelGroup {
  StreamId last_delivered;
  std::map<StreamId, ModelPending> pending;
  int64_t releases = 0;  // The last place that was given to an entry which nobody owns.
  std::set<std::string> consumers;
};
struct ModelStream {
  std::map<StreamId, ModelEntry> entries;
  // Entries go into nodes, and "~" trims whole ones: by number, those that hold live entries.
  struct Node {
    uint64_t total = 0;  // Entries ever put into it.
    StreamId last;       // The last of them, live or not.
  };
  std::map<uint64_t, Node> nodes;
  uint64_t next_node = 0;
  uint64_t added = 0;
  StreamId last;
  StreamId max_deleted;
  std::map<std::string, ModelGroup> groups;
  int64_t group_gone_at = 0;  // When one was destroyed last.
  Retention policy;
  struct Iid {
    std::string producer;
    std::string iid;  // Of IDMPAUTO: the pairs, in order.
    StreamId id;
    bool automatic = false;
  };
  std::vector<Iid> iids;  // In the order in which they were remembered.
  uint64_t iids_added = 0;
  uint64_t iids_duplicates = 0;
  IdempotencyLimits idempotency;
};
struct ModelObject {
  int64_t expires = 0;  // 0: never.
  std::variant<std::string, std::map<std::string, std::string>, std::set<std::string>, ModelStream>
      value;
};
// Entries up to `last_dropped` have reached MAXAGE, or the `forgotten` oldest iids their duration.
struct Ageing {
  uint64_t db = 0;
  std::string key;
  StreamId last_dropped;
  uint64_t forgotten = 0;
};
using ModelDatabase = std::map<std::string, ModelObject>;

class Model {
 public:
  static constexpr uint64_t kDatabases = 2;
  explicit Model(uint64_t node_entries) : node_entries_(node_entries) {}

  struct Outcome {
    std::string reply;
    bool parks = false;
  };
  // Executes one command of `client` at `now` (Unix time, ms).
  Outcome execute(uint64_t client, const Words& words, int64_t now);
  // The same, of a server that refused it because its disk was full.
  void refuse(uint64_t client, const Words& words);
  // Drops all keys whose time has come.
  void expire(int64_t now);
  // The server has dropped what is too old.
  //   returns  what is wrong about it; empty: nothing.
  [[nodiscard]] std::string age(const Ageing& ageing, int64_t now);
  // Which stream holds an entry that had to be gone at `now`; empty: none.
  // `fetching(db, key)`: the stream waits for sealed entries before more of it can go.
  [[nodiscard]] std::string overdue(
      int64_t now, const std::function<bool(uint32_t, const std::string&)>& fetching) const;
  void evict(uint32_t db, const std::string& key);
  // The connection is gone.
  void forget(uint64_t client) { sessions_.erase(client); }
  void forget_clients() { sessions_.clear(); }
  // The words of a read that has parked, with "$" as what it meant.
  [[nodiscard]] Words frozen(const Words& words);
  // The parked read would be answered now; of what it would claim, what is old enough at `idle_wall`.
  [[nodiscard]] bool ready(const Words& words, int64_t idle_wall) const;
  [[nodiscard]] bool in_transaction(uint64_t client) const;

  [[nodiscard]] const std::vector<ModelDatabase>& databases() const { return databases_; }
  [[nodiscard]] const ModelStream* stream(const std::string& key) const;
  // Keys whose value the last execute() changed; "*" stands for all.
  [[nodiscard]] const std::set<std::string>& touched() const { return touched_; }

 private:
  struct Session {
    std::optional<std::vector<Words>> queue;
    bool broken = false;  // A queued command was refused.
    std::set<std::string> watched;
    bool watch_broken = false;
  };
  struct Trim {
    bool by_length = true;
    bool approximate = false;
    uint64_t length = 0;
    StreamId first_kept;
    uint64_t limit = 0;
    std::string references;  // DELREF or ACKED; else they stay.
  };
  // What MAXCOUNT and MAXSIZE leave of a reply.
  struct Budget {
    uint64_t entries = UINT64_MAX;
    uint64_t bytes_max = 0;  // 0: no limit.
    uint64_t bytes = 0;      // So far.
    bool any = false;
    bool begun = false;  // A stream, which shows one entry in any case.
    // Counts the entry; false when it is not shown any more.
    bool take(const std::string& entry);
  };
  using Handler = void (Model::*)(const Words&);

  void run(const Words& words);
  void touch(const std::string& key);
  ModelObject* find(const std::string& key);
  void drop(const std::string& key);
  // The value of that type under the key; null with `reply_` set to WRONGTYPE when it is another.
  template <typename Value>
  bool find(const std::string& key, Value*& value);
  // The stream and group of a command on a group; false after replying NOGROUP.
  bool find_group(const Words& words, ModelStream*& stream, ModelGroup*& group);

  // Transactions and keys.
  void exec(Session& session);
  void watch(Session& session, const Words& words);
  void get(const Words& words);
  void set(const Words& words);
  void del(const Words& words);
  void pexpire(const Words& words);
  void persist(const Words& words);
  void rename(const Words& words);
  void copy(const Words& words);
  void flushall(const Words& words);
  void swapdb(const Words& words);
  void hset(const Words& words);
  void hdel(const Words& words);
  void hget(const Words& words);
  void sadd(const Words& words);
  void srem(const Words& words);
  void scard(const Words& words);
  // Streams.
  void xadd(const Words& words);
  void xidmprecord(const Words& words);
  void xtrim(const Words& words);
  void xcfgset(const Words& words);
  void xdel(const Words& words);
  void xdelex(const Words& words);  // XACKDEL, too.
  void xsetid(const Words& words);
  void xlen(const Words& words);
  void xrange(const Words& words);
  void xread(const Words& words);
  void xgroup(const Words& words);
  void xack(const Words& words);
  void xclaim(const Words& words);
  void xautoclaim(const Words& words);
  void xnack(const Words& words);
  void xpending(const Words& words);
  static std::optional<Trim> read_trim(const Words& words, size_t& i);
  static bool unwanted(const ModelStream& stream, const Trim& asked);
  // Each returns how many entries it has removed.
  static uint64_t trim(ModelStream& stream, const Trim& asked);
  static uint64_t trim_nodes(ModelStream& stream, const Trim& asked);
  static uint64_t trim_with_references(ModelStream& stream, const Trim& asked);
  static void release(ModelStream& stream);
  static void erase(ModelStream& stream, StreamId id);
  // What XDELEX answers for one id.
  static int64_t delete_with_references(ModelStream& stream, StreamId id,
                                        const std::string& references);
  // A group has not acknowledged the entry, or not been given it.
  static bool needed(const ModelStream& stream, StreamId id);
  static bool over(const ModelStream& stream, uint64_t entries, uint64_t bytes);
  // Drops the oldest entries until MAXLEN and MAXBYTES hold with `entries` more of `bytes`, as far as the policy lets it.
  //   returns  whether they hold.
  static bool make_room(ModelStream& stream, uint64_t entries, uint64_t bytes);
  bool admits(const std::string& key, const ModelStream* stream, const Words& fields);
  void append(ModelStream& stream, StreamId id, Words fields);
  static std::optional<ModelStream::Iid> read_iid(const Words& words, size_t& i);
  // The entry with `fields` is there already; then it has been replied. The iid of IDMPAUTO is filled in.
  bool duplicate(ModelStream* stream, ModelStream::Iid& asked, const Words& fields);
  static void remember(ModelStream& stream, const ModelStream::Iid& iid);
  static void limit_idempotency(ModelStream& stream, const IdempotencyLimits& limits);
  static std::string forget_iids(ModelStream& stream, uint64_t count, int64_t now);
  static bool remembers_too_long(const ModelStream& stream, int64_t now);
  // What a read of one key returns, nothing if there is nothing for it.
  static std::optional<std::string> read_last(const ModelStream& stream);
  static std::optional<std::string> read_after(const ModelStream& stream, StreamId after,
                                               uint64_t count_max, Budget& budget);
  static Budget budget_of(const Words& words);
  // The key may be read by XREAD or XREADGROUP; false after replying why it may not.
  bool can_read(const Words& words, const std::string& key);
  std::optional<std::string> read_source(const Words& words, size_t id, ModelStream& stream,
                                         Budget& budget);
  std::optional<std::string> read_group(const Words& words, size_t id, ModelStream& stream,
                                        Budget& budget);
  std::string read_history(ModelStream& stream, ModelGroup& group, StreamId after,
                           const Words& words, Budget& budget);
  std::string read_new(ModelStream& stream, ModelGroup& group, const Words& words, Budget& budget,
                       size_t& count);
  std::string read_claims(ModelStream& stream, ModelGroup& group, const Words& words,
                          Budget& budget, size_t& count);
  // An entry as CLAIM shows it.
  static std::string delivered(StreamId id, const Words& fields, int64_t idle, uint64_t deliveries);
  // What the read asks for with CLAIM is there at `wall`.
  static bool claimable(const ModelStream& stream, const ModelGroup& group, const Words& words,
                        int64_t wall);

  std::vector<ModelDatabase> databases_{kDatabases};
  std::map<uint64_t, Session> sessions_;
  uint64_t node_entries_;
  int64_t now_ = 0;
  bool may_park_ = true;
  bool parks_ = false;
  std::string reply_;
  std::set<std::string> touched_;
};

// RESP2, as the model writes it.
[[nodiscard]] std::string bulk(const std::string& text);
[[nodiscard]] std::string bulk(StreamId id);
[[nodiscard]] std::string integer(int64_t number);
[[nodiscard]] StreamId id_of(const std::string& word, uint64_t missing_seq = 0);
[[nodiscard]] std::string array(size_t size);
[[nodiscard]] std::string entry(StreamId id, const Words& fields);
constexpr const char* kOk = "+OK\r\n";
constexpr const char* kNull = "$-1\r\n";
constexpr const char* kNullArray = "*-1\r\n";
// XSETID's complaint about its own words.
constexpr const char* kIdsContradict =
    "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id\r\n";

// The word behind `option`; empty when it is not there.
[[nodiscard]] std::string option(const Words& words, const std::string& name);
[[nodiscard]] bool has_word(const Words& words, const std::string& name);

}  // namespace leat::sim
