#include "sim/simulation.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/log.h"
#include "storage/checkpoint_format.h"
#include "storage/frame_format.h"
#include "storage/log_format.h"
#include "storage/log_reader.h"

namespace leat::sim {
namespace {

constexpr int64_t kMs = kNsPerMs;
constexpr uint64_t kKiB = 1024;
constexpr const char* kDirectory = "data";

std::string wire_of(const Words& words) {
  std::string text = array(words.size());
  for (const std::string& word : words) text += bulk(word);
  return text;
}

}  // namespace

Swarm::Swarm(SimRandom& random, SimRandom frames_random) {
  if (random.one_in(4)) mode = random.one_in(2) ? SyncMode::kEverySec : SyncMode::kNever;
  segment_bytes = 24 * kKiB + random.below(4) * 16 * kKiB;
  node_entries = 1 + random.below(12);
  if (!frames_random.one_in(4)) frames.cache_bytes = 2 + frames_random.below(8 * kKiB);
  frames.frame_bytes = 1 + frames_random.below(2 * kKiB);
  frames.file_bytes = kKiB * (1 + frames_random.below(32));
  clients = 1 + random.below(6);
  lives = 1 + random.below(4);
  turns = 20 + random.below(250);
  think_ns = random.one_in(4) ? 40 * kMs : random.between(1, 3) * kMs;
  power_failures = !random.one_in(3);
  crash_in_start = random.one_in(2);
  crash_in_call = random.one_in(2);
  disk_errors = random.one_in(4);
  full_disk = random.one_in(4);
  rot = random.one_in(4);
  clock_steps = random.one_in(4);
  disconnects = random.one_in(2);
  short_sends = random.one_in(2);
  stalls = random.one_in(4);
}

void Swarm::draw_checkpoints(SimRandom random) {
  if (random.one_in(4)) return;
  checkpoint.log_bytes = (1 + random.below(12)) * 2 * kKiB;
  checkpoint.retain_bytes = random.one_in(3) ? random.below(4) * segment_bytes : 0;
  verify_checkpoints = random.one_in(3);
}

void Swarm::cut_replies(SimRandom random) {
  if (random.one_in(2)) reply_piece_bytes = 1 + random.below(300);
}

void Swarm::draw_disk(SimRandom random) {
  if (random.one_in(4)) slow_lane = static_cast<io::Lane>(random.below(io::kLanes));
  seek_dropped = random.one_in(2);
}

void Swarm::limit_memory(SimRandom& random) {
  if (!random.one_in(4)) return;
  memory_max = kKiB + random.below(8) * kKiB / 2;
  eviction = static_cast<EvictionPolicy>(random.below(6));
}

Simulation::Simulation(uint64_t seed, bool trace)
    : trace_(trace),
      random_(seed),
      server_random_(seed + 1),
      memory_random_(seed + 4),
      swarm_(random_, SimRandom(seed + 3)),
      disk_(random_),
      loop_(random_, clock_, disk_),
      // Drawn apart, so that a seed without policies draws the same for everything else.
      workload_(random_, SimRandom(seed + 2).one_in(3)),
      ledger_(swarm_.node_entries, swarm_.mode),
      clients_(swarm_.clients) {
  swarm_.draw_checkpoints(SimRandom(seed + 2));
  swarm_.limit_memory(memory_random_);
  swarm_.cut_replies(SimRandom(seed + 5));
  swarm_.draw_disk(SimRandom(seed + 6));
  loop_.serve(*this);
  disk_.on_write = [this](const std::string& path, Bytes bytes) {
    BatchHeader header;
    if (!read_header(bytes, header)) return;
    ledger_.batch_written(path, header.last_lsn);
    if (trace_) note(fmt::format("records up to {} are written into {}", header.last_lsn, path));
  };
  disk_.on_sync_begun = [this](const std::string& path) { ledger_.sync_begun(path); };
  disk_.on_sync = [this](const std::string& path, bool durable) {
    ledger_.synced(path, durable);
    if (trace_)
      note(fmt::format("{} is {}", path, durable ? "synced" : "dropped by a failed sync"));
  };
  for (size_t i = 0; i < clients_.size(); ++i)
    loop_.wake_client(i, clock_.mono().value + random_.between(1, kMs));
}

Simulation::~Simulation() = default;

void Simulation::note(const std::string& text) {
  mix(hash64(text));
  if (!trace_) return;
  const int64_t us = clock_.mono().value / 1000;
  std::fputs(fmt::format("{:>10}.{:03} {}\n", us / 1000, us % 1000, text).c_str(), stdout);
}

Ledger::Moment Simulation::moment() {
  // That of the turn: an EXEC that waits in the middle ends in the time in which it has begun.
  const Now now = server_->shard().dispatcher().now();
  return {
      .wall = now.wall.value,
      .mono = now.mono.value,
      .lsn = server_->shard().engine().last_lsn().value,
      .may_refuse = disk_.full_given() != full_seen_ || disk_.errors_given() != 0 || disk_.dead(),
      .steady = !swarm_.clock_steps,
      .out_of_memory = swarm_.memory_max != 0 && memory_.allocated() > swarm_.memory_max};
}

std::string Simulation::run() {
  note(fmt::format("mode {} segment {} clients {} lives {} turns {}", static_cast<int>(swarm_.mode),
                   swarm_.segment_bytes, swarm_.clients, swarm_.lives, swarm_.turns));
  for (uint64_t life = 0; (life < swarm_.lives || dropped_before_) && !failed(); ++life) {
    errors_before_ = disk_.errors_given();
    if (!start()) break;
    live();
    if (!failed()) end_life();
  }
  if (!failed() && start()) {
    settle();
    if (!failed()) end(random_.one_in(2) ? End::kClean : End::kKilled);
  }
  if (!failed() && swarm_.rot) rot_and_start();
  mix(disk_.digest());
  return ledger_.violation();
}

void Simulation::end_life() {
  const bool healthy = !server_->shard().log().failure() && !disk_.dead();
  End how = swarm_.power_failures && random_.one_in(2) ? End::kPower : End::kKilled;
  if (healthy && random_.one_in(4)) settle();
  if (healthy && random_.one_in(4)) how = End::kClean;
  if (swarm_.seek_dropped && swarm_.power_failures) {
    const bool dropped = !healthy && disk_.errors_given() != errors_before_;
    if (dropped_before_) {
      how = End::kPower;
    } else if (dropped) {
      how = End::kKilled;
    }
    dropped_before_ = how == End::kKilled && dropped;
  }
  if (!failed()) end(how);
}

void Simulation::set_faults(bool on) {
  disk_.faults = {};
  loop_.faults = {};
  if (!on && !disk_.dead()) disk_.die_after(UINT64_MAX);
  if (!on) return;
  if (swarm_.disk_errors) {
    disk_.faults.write_error = 400;
    disk_.faults.sync_error = swarm_.seek_dropped ? 40 : 200;
  }
  disk_.faults.flip_unsynced = 4;
  if (swarm_.short_sends) {
    loop_.faults.send_short = 4;
    loop_.faults.cut_receive = 3;
  }
  if (swarm_.stalls) loop_.faults.disk_stall = 50;
  loop_.faults.slow_lane = swarm_.slow_lane;
}

Config Simulation::config() const {
  Config config;
  config.directory = kDirectory;
  config.sync = swarm_.mode;
  config.segment_bytes = swarm_.segment_bytes;
  config.checkpoint = swarm_.checkpoint;
  config.settings.stream_node_max_entries = swarm_.node_entries;
  config.settings.stream_node_max_bytes = 0;
  config.settings.memory_max = swarm_.memory_max;
  config.settings.eviction = swarm_.eviction;
  config.frames = swarm_.frames;
  config.reply_piece_bytes = swarm_.reply_piece_bytes;
  return config;
}

// Why the server does not start; empty when it does.
std::string Simulation::start_server() {
  auto server = Server::start({clock_, server_random_, disk_, loop_, &memory_}, config());
  if (!server.ok()) return server.error().detail;
  server_ = std::move(server).value();
  memory_.serve(&server_->shard());
  return {};
}

bool Simulation::try_start(bool faults) {
  set_faults(faults);
  if (faults && swarm_.crash_in_start && random_.one_in(2)) disk_.die_after(1 + random_.below(40));
  const uint64_t errors = disk_.errors_given();
  const std::string refusal = start_server();
  if (refusal.empty() && !disk_.dead()) return true;
  note("start failed: " + refusal);
  if (!disk_.dead() && disk_.errors_given() == errors) {
    ledger_.violated("the server does not start: " + refusal);
  }
  crash(swarm_.power_failures && random_.one_in(2) ? Ledger::Crash::kPower
                                                   : Ledger::Crash::kProcess);
  return false;
}

bool Simulation::start() {
  constexpr int kTries = 4;
  for (int tries = kTries; tries >= 0 && !failed(); --tries) {
    if (!try_start(/*faults=*/tries != 0)) continue;
    next_session_ = 1;
    checkpoints_ended_ = 0;
    full_seen_ = disk_.full_given();
    if (!look([this](const Engine& engine) { ledger_.recovered(engine); })) {
      crash(Ledger::Crash::kProcess);
      continue;
    }
    server_->shard().dispatcher().observe(this);
    note(fmt::format("started with record {}", server_->shard().engine().last_lsn().value));
    const uint64_t epoch = server_->shard().log().facts().epoch;
    if (epoch <= epoch_) ledger_.violated(fmt::format("epoch {} follows epoch {}", epoch, epoch_));
    epoch_ = epoch;
    if (!failed() && random_.one_in(4)) check_clean_log();
    return !failed();
  }
  return false;
}

// Right after a start nothing of a torn tail may be left: what a crash spared must never look valid again.
void Simulation::check_clean_log() {
  class Ignore : public RecordSink {
   public:
    bool on_pieces(Bytes /*pieces*/) override { return true; }
    bool on_state(Lsn /*lsn*/) override { return true; }
    bool on_record(Lsn /*lsn*/, const RecordView& /*record*/) override { return true; }
    void on_progress(uint64_t /*done*/, uint64_t /*total*/) override {}
  } sink;
  RecoveryReport report;
  const auto scan = scan_log(disk_, kDirectory, 0, sink, report);
  if (!scan.ok()) return ledger_.violated("after a start: " + scan.error().detail);
  if (scan.value().torn)
    ledger_.violated("after a start the torn tail is still there: " + report.cut_detail);
}

void Simulation::turn() {
  const FrameCache::Counters& frames = server_->shard().engine().share().frames.counters();
  const uint64_t read = frames.loads;
  server_->turn(MonoNs{clock_.mono().value + 20 * kMs});
  if (frames.loads != read) ledger_.violated("a turn read a frame on the spot");
  if (!loop_.violation().empty()) ledger_.violated(loop_.violation());
  if (blind() || disk_.dead() || failed()) return;
  if (const uint64_t claimed = server_->shard().log().durable_lsn().value;
      claimed > ledger_.durable()) {
    return ledger_.violated(
        fmt::format("record {} counts as durable when {} is", claimed, ledger_.durable()));
  }
  check_checkpoints();
  if (server_->reactor().held()) return;
  Shard& shard = server_->shard();
  const auto client_fetches = [this](uint64_t client) {
    const Connection* const connection = server_->reactor().find(ClientId{client});
    return connection != nullptr && connection->parked && connection->parked->for_frames;
  };
  const auto stream_fetches = [&shard](uint32_t db, const std::string& key) {
    const Object* const object = shard.engine().keyspace().find(DbIndex{db}, key);
    return object != nullptr && shard.frames().waits(object->id);
  };
  ledger_.turn_ended(shard.engine().waits(), moment(), {client_fetches, stream_fetches});
}

// A checkpoint that the disk has done nothing to is published, and holds the state that it was made of.
void Simulation::check_checkpoints() {
  const CheckpointFacts facts = server_->shard().checkpoints()->facts();
  if (facts.ended == checkpoints_ended_) return;
  checkpoints_ended_ = facts.ended;
  note(fmt::format("checkpoint {} at record {}", facts.last_ok ? "published" : "given up",
                   facts.lsn.value));
  const bool may_fail = disk_.errors_given() != 0 || disk_.full_given() != 0;
  if (!facts.last_ok && !may_fail) ledger_.violated("a checkpoint failed on a disk that works");
}

// After a while without faults nothing is there that recovery would not read, but for what log-retain keeps.
void Simulation::check_leftovers() {
  const auto names = disk_.list(kDirectory);
  if (!names.ok()) return ledger_.violated(names.error().detail);
  uint64_t checkpoints = 0;
  uint64_t segments = 0;
  uint64_t frame_files = 0;
  for (const std::string& name : names.value()) {
    checkpoints += checkpoint_number(0, name) != 0 ? 1U : 0U;
    segments += segment_number(0, name) != 0 ? 1U : 0U;
    frame_files += frame_file_number(0, name) != 0 ? 1U : 0U;
    if (name == manifest_name(0) + ".new") ledger_.violated(name + " was left over");
  }
  // Of a manifest that failed half-way nobody knows which one a crash would show: both files stay for a while.
  const bool may_be_two = disk_.errors_given() != 0 || disk_.full_given() != 0;
  if (checkpoints > 1 && !may_be_two)
    ledger_.violated(fmt::format("{} checkpoints are left", checkpoints));
  const uint64_t known = server_->shard().log().facts().segments;
  if (segments != known) {
    ledger_.violated(fmt::format("{} segments are there, and {} of them known", segments, known));
  }
  // A file that could not be made, or removed, stays for the next start.
  const uint64_t known_frames = server_->shard().frames().files().facts().files;
  if (frame_files != known_frames && !may_be_two) {
    ledger_.violated(
        fmt::format("{} frame files are there, and {} of them known", frame_files, known_frames));
  }
}

void Simulation::step_faults() {
  if (swarm_.verify_checkpoints && random_.one_in(40))
    server_->shard().checkpoints()->request(CheckpointReason::kVerify);
  if (swarm_.clock_steps && random_.one_in(60)) {
    const int64_t step_us = random_.between(-5'000, 5'000) * 1000;
    clock_.step_wall(step_us);
    note(fmt::format("wall clock steps by {} ms", step_us / 1000));
  }
  if (swarm_.crash_in_call && random_.one_in(150)) disk_.die_after(1 + random_.below(6));
  if (!swarm_.full_disk) return;
  if (disk_.faults.quota == UINT64_MAX && random_.one_in(60)) {
    disk_.faults.quota = disk_.bytes_used() + random_.below(2 * swarm_.segment_bytes);
    note("the disk fills up");
  } else if (disk_.faults.quota != UINT64_MAX && random_.one_in(60)) {
    disk_.faults.quota = UINT64_MAX;
    note("the disk has space again");
  }
}

void Simulation::live() {
  const uint64_t turns = 1 + random_.below(dropped_before_ ? 5 : swarm_.turns);
  uint64_t after_failure = 1 + random_.below(20);
  for (uint64_t i = 0; i < turns && !failed(); ++i) {
    step_faults();
    turn();
    if (failed() || disk_.dead()) return;
    if (server_->shard().log().failure() && after_failure-- == 0) return;
    if (random_.one_in(64)) compare();
    if (random_.one_in(16) && !server_->reactor().held())
      look([this](const Engine& engine) { ledger_.note_digest(engine); });
  }
}

// No more faults: everything that was asked must be answered, and what is asked now must be served.
void Simulation::settle() {
  set_faults(false);
  quiet_ = true;
  const int64_t until = clock_.mono().value + 3000 * kMs;
  while (clock_.mono().value < until && !failed() && !disk_.dead()) turn();
  for (const SimClient& client : clients_) {
    if (failed() || disk_.dead() || server_->shard().log().failure()) break;
    if (client.session == 0 || ledger_.settled(client.session) || ledger_.parked(client.session))
      continue;
    ledger_.violated(fmt::format("client {} was never answered: {}", client.session,
                                 ledger_.outstanding(client.session)));
  }
  const bool whole =
      !failed() && !server_->shard().log().failure() && look([this](const Engine& engine) {
        if (!server_->reactor().held()) ledger_.compare(engine);
        ledger_.note_digest(engine);
      });
  if (whole) {
    check_leftovers();
    probe();
  }
  quiet_ = false;
}

void Simulation::probe() {
  full_seen_ = disk_.full_given();
  SimClient& client = clients_[0];
  if (client.connection) hang_up(client);
  client.connection = loop_.connect();
  say(client, {{"SET", "k0", "probe"}});
  const int64_t until = clock_.mono().value + 1000 * kMs;
  while (clock_.mono().value < until && !failed() && !disk_.dead()) turn();
  if (failed() || disk_.dead()) return;
  if (client.session == 0 || !ledger_.settled(client.session)) {
    ledger_.violated("the server does not serve any more");
  }
}

void Simulation::crash(Ledger::Crash how) {
  note(how == Ledger::Crash::kPower ? "power failure" : "process killed");
  loop_.crash();
  memory_.serve(nullptr);
  server_.reset();
  blind_ = false;
  for (SimClient& client : clients_) client = {};
  sessions_.clear();
  ledger_.crashed(how);
  disk_.revive();
  if (how == Ledger::Crash::kPower) disk_.lose_power();
  mix(disk_.digest());
}

void Simulation::end(End how) {
  if (how == End::kClean && disk_.dead()) how = End::kKilled;
  if (how == End::kClean) {
    set_faults(false);
    quiet_ = true;
    note("shutdown");
    const uint64_t last = server_->shard().engine().last_lsn().value;
    const Status status = server_->close();
    quiet_ = false;
    // What has no room on a full disk was never acknowledged: the shutdown says so, and it is gone.
    const bool no_room = !status.ok() && status.error().code == Errc::kFull &&
                         (disk_.full_given() != 0 || disk_.errors_given() != 0);
    if (no_room) return crash(Ledger::Crash::kProcess);
    if (!status.ok()) return ledger_.violated("the shutdown failed: " + status.error().detail);
    if (ledger_.durable() < last) {
      return ledger_.violated(
          fmt::format("after the shutdown {} of {} records are durable", ledger_.durable(), last));
    }
  }
  crash(how == End::kPower ? Ledger::Crash::kPower : Ledger::Crash::kProcess);
}

bool Simulation::look(const std::function<void(const Engine&)>& judge) {
  Engine& engine = server_->shard().engine();
  FrameCache& frames = engine.share().frames;
  disk_.let_read(true);
  frames.begin(FrameCache::Keep::kAll, /*missing_max=*/0);
  static_cast<void>(engine.digest());
  const bool whole = !blind();
  if (whole) judge(engine);
  frames.end();
  disk_.let_read(false);
  return whole;
}

bool Simulation::blind() {
  if (blind_ || server_->shard().engine().share().frames.counters().failures == 0) return blind_;
  if (disk_.errors_given() == 0 && !rotten_ && !disk_.dead())
    ledger_.violated("a frame can't be read");
  note("a frame can't be read");
  blind_ = true;
  disk_.die_after(0);
  return true;
}

void Simulation::compare() {
  // The model knows nothing of half an EXEC.
  if (server_->reactor().held()) return;
  look([this](const Engine& engine) { ledger_.compare(engine); });
}

// Rot of what is durable is found at the start: it is refused, or nothing that was promised is missing. What no
// later sync has noted as durable can't be told from a torn tail; after a pause everything has been noted.
void Simulation::rot_and_start() {
  const auto names = disk_.list(kDirectory);
  if (!names.ok() || names.value().empty()) return;
  const std::string path = kDirectory + ("/" + names.value()[random_.below(names.value().size())]);
  const uint64_t offset = random_.below(std::max<uint64_t>(disk_.content_end(path), 1));
  const auto bit = static_cast<unsigned>(random_.below(8));
  note(fmt::format("bit {} of byte {} of {} flips", bit, offset, path));
  disk_.flip_synced(path, offset, bit);
  rotten_ = true;
  ledger_.forgive_unsynced();
  set_faults(false);
  const std::string refusal = start_server();
  // Damage inside of a frame shows when it is read.
  const bool unreadable =
      refusal.empty() && !look([this](const Engine& engine) { ledger_.recovered(engine); });
  if (unreadable && path.find("/frames-") == std::string::npos)
    ledger_.violated("frames can't be read, though none of them was damaged");
  if (unreadable) {
    note("a frame can't be read, and nothing is served in its place");
  } else if (refusal.empty()) {
    return crash(Ledger::Crash::kProcess);
  } else {
    note("refused: " + refusal);
  }
  if (!refusal.empty() && refusal.find(kDirectory) == std::string::npos) {
    ledger_.violated("the refusal does not say where the damage is: " + refusal);
  }
  crash(Ledger::Crash::kProcess);
  disk_.flip_synced(path, offset, bit);
  rotten_ = false;
  start();
}

Simulation::SimClient* Simulation::owner(io::ConnectionId connection) {
  for (SimClient& client : clients_) {
    if (client.connection == connection) return &client;
  }
  return nullptr;
}

void Simulation::on_accepted(io::ConnectionId connection) {
  const uint64_t session = next_session_++;
  ledger_.connected(session);
  sessions_[connection.value] = session;
  SimClient* const client = owner(connection);
  if (client == nullptr) return;
  client->session = session;
  for (const Words& words : client->early) ledger_.sent(session, words);
  client->early.clear();
}

void Simulation::on_sent(io::ConnectionId connection, Bytes bytes) {
  mix(hash64(bytes));
  if (server_ != nullptr && blind()) return;
  ledger_.received(sessions_.at(connection.value), bytes);
}

void Simulation::on_server_closed(io::ConnectionId connection) {
  // It can't go on with a reply whose entries can't be read.
  const bool may = server_ != nullptr && (server_->shard().log().failure() || blind());
  if (!may && !quiet_) ledger_.violated("the server has closed a connection");
  note("connection closed by the server");
  if (SimClient* const client = owner(connection)) *client = {};
  on_client_closed(connection);
}

void Simulation::on_client_closed(io::ConnectionId connection) {
  const auto session = sessions_.find(connection.value);
  if (session == sessions_.end()) return;
  const bool executing =
      server_ != nullptr && server_->reactor().held_by() == ClientId{session->second};
  ledger_.disconnected(session->second, executing);
  sessions_.erase(session);
}

void Simulation::hang_up(SimClient& client) {
  loop_.disconnect(*client.connection);
  client = {};
}

void Simulation::on_time(uint64_t number) {
  SimClient& client = clients_[number];
  if (!quiet_ && server_ != nullptr) act(client);
  loop_.wake_client(number, clock_.mono().value + random_.between(1, swarm_.think_ns));
}

void Simulation::act(SimClient& client) {
  if (!client.connection) {
    client.connection = loop_.connect();
    return;
  }
  if (client.session == 0) return;
  if (swarm_.disconnects && random_.one_in(ledger_.parked(client.session) ? 30 : 120)) {
    return hang_up(client);
  }
  if (ledger_.settled(client.session)) say(client, workload_.next(ledger_.model()));
}

void Simulation::say(SimClient& client, const std::vector<Words>& pipeline) {
  std::string bytes;
  for (const Words& words : pipeline) {
    bytes += wire_of(words);
    if (client.session != 0) {
      ledger_.sent(client.session, words);
    } else {
      client.early.push_back(words);
    }
  }
  loop_.client_send(*client.connection, bytes);
}

void Simulation::on_executed(const Session& session, const Request& request, Bytes reply,
                             Replied replied) {
  Words words(request.arguments.begin(), request.arguments.end());
  mix(hash64(reply));
  if (blind()) return;
  if (trace_) {
    std::string text;
    for (const std::string& word : words) text += " " + word.substr(0, 30);
    note(fmt::format(
        "client {}:{} -> {}{}", session.id.value, text,
        replied == Replied::kParked ? "parked" : std::string(reply.substr(0, reply.find('\r'))),
        fmt::format("{} [{}]", replied == Replied::kBegun ? " ..." : "",
                    server_->shard().engine().last_lsn().value)));
  }
  ledger_.executed(session.id.value, std::move(words), reply, replied, moment());
}

void Simulation::on_expired() {
  if (blind()) return;
  note("keys expire");
  ledger_.expired(moment());
}

void Simulation::on_aged(const Object& object, StreamId last_dropped) {
  if (blind()) return;
  note(fmt::format("{} loses what is too old, up to {}", object.key, to_string(last_dropped)));
  ledger_.aged({.db = object.db().value, .key = object.key, .last_dropped = last_dropped},
               moment());
}

void Simulation::on_forgotten(const Object& object, uint64_t count) {
  if (blind()) return;
  note(fmt::format("{} forgets {} iids", object.key, count));
  ledger_.aged({.db = object.db().value, .key = object.key, .forgotten = count}, moment());
}

void Simulation::on_evicted(const Object& object) {
  note(fmt::format("{} of database {} makes room", object.key, object.db().value));
  const bool only_volatile = swarm_.eviction == EvictionPolicy::kVolatileLru ||
                             swarm_.eviction == EvictionPolicy::kVolatileRandom ||
                             swarm_.eviction == EvictionPolicy::kVolatileTtl;
  if (only_volatile && object.expires.value == 0)
    ledger_.violated(object.key + " makes room though it does not expire");
  if (swarm_.memory_max == 0 || memory_.allocated() <= swarm_.memory_max)
    ledger_.violated(object.key + " makes room though nothing has to");
  ledger_.evicted(object.db().value, object.key, moment());
}

}  // namespace leat::sim
