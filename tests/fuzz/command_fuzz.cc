// Properties: whatever clients send to a server, in whatever order,
//   (1) a command that does not wait is answered by exactly one reply (subscriptions: one per channel), complete, in
//       the protocol of its connection; no line end leaks into an error or a simple string;
//   (2) what each client receives is a sequence of whole replies;
//   (3) the log replayed from the start gives the state that the server had.
// The server is the real one, on the simulator's clock, disk and sockets: blocked readers, transactions, expiry, CLIENT
// KILL, pub/sub and the turn itself are in it.
//
// Input: a script (command_script.h); the seeds are the conformance transcripts.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/numbers.h"
#include "engine/state_loader.h"
#include "fuzz/command_script.h"
#include "resp/reply_parser.h"
#include "resp/reply_writer.h"
#include "server/server.h"
#include "sim/sim_clock.h"
#include "sim/sim_disk.h"
#include "sim/sim_loop.h"
#include "sim/sim_memory.h"
#include "sim/sim_random.h"
#include "storage/log_reader.h"

namespace leat::fuzz {
namespace {

constexpr const char* kDirectory = "data";
constexpr size_t kStepsMax = 400;
constexpr int64_t kWaitMsMax = 1'000'000'000;
constexpr int64_t kStringEndMax = 1 << 20;
constexpr size_t kWordsMax = 100'000;  // Of all commands together.
constexpr int kQuietTurns = 12;

using Kind = Reply::Kind;

bool is(const Request& request, size_t i, Bytes word) {
  return i < request.arguments.size() && same_word(request.arguments[i], word);
}

bool is_subscription(const Request& request) {
  const CommandSpec* const spec = find_command(request.arguments[0]);
  return spec != nullptr && spec->name.ends_with("subscribe");
}

// May end without a reply.
bool is_silent(const Request& request) {
  return is(request, 0, "shutdown") || (is(request, 0, "client") && is(request, 1, "reply"));
}

// What only one of the protocols has.
bool speaks(Protocol protocol, Kind kind) {
  switch (kind) {
    case Kind::kSimple:
    case Kind::kError:
    case Kind::kInteger:
    case Kind::kBulk:
    case Kind::kArray:
      return true;
    case Kind::kNullBulk:
    case Kind::kNullArray:
      return protocol == Protocol::kResp2;
    default:
      return protocol == Protocol::kResp3;
  }
}

void check_reply(const Reply& reply, std::optional<Protocol> protocol) {
  LEAT_CHECK(!protocol || speaks(*protocol, reply.kind));
  if (reply.kind == Kind::kError || reply.kind == Kind::kSimple) {
    LEAT_CHECK(reply.text.find_first_of("\r\n") == std::string::npos);
  }
  if (reply.kind == Kind::kError) {
    const size_t code = reply.text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    LEAT_CHECK(code != 0 && code != std::string::npos && reply.text[code] == ' ');
  }
  for (const Reply& item : reply.items) check_reply(item, protocol);
}

// How many replies `bytes` holds; `bytes` is left with what is not a whole one.
size_t take_replies(Bytes& bytes, std::optional<Protocol> protocol) {
  for (size_t count = 0;; ++count) {
    Reply reply;
    size_t consumed = 0;
    const ReplyStatus status = parse_reply(bytes, reply, consumed);
    LEAT_CHECK(status != ReplyStatus::kError);
    if (status == ReplyStatus::kNeedMore) return count;
    check_reply(reply, protocol);
    bytes.remove_prefix(consumed);
  }
}

// Half a gigabyte of zeros is a valid string, and nothing is learnt from it.
bool is_too_large(const Step& step) {
  if (step.words.size() < 3 || !same_word(step.words[0], "setrange")) return false;
  const auto offset = parse_int64(step.words[2]);
  return offset && *offset > kStringEndMax;
}

Config config() {
  Config config;
  for (const auto& [name, value] : {std::pair("appendfsync", "always"),
                                    {"dir", kDirectory},
                                    {"loglevel", "nothing"},
                                    {"enable-debug-command", "yes"},
                                    {"log-segment-size", "1048576"},
                                    {"stream-node-max-entries", "4"}}) {
    LEAT_CHECK(config.values.set(*find_directive(name), value).empty());
  }
  config = make_config(config.values);
  config.segment_bytes = 64 << 10;
  config.reply_piece_bytes = 100;
  return config;
}

class World final : private sim::SimLoop::Clients, private ExecutionObserver {
 public:
  World() : random_(1), disk_(random_), loop_(random_, clock_, disk_) {
    loop_.serve(*this);
    loop_.faults.network_ns = 1;
    loop_.faults.disk_ns = 1;
    static const Config kChosen = config();
    auto server = Server::start({clock_, random_, disk_, loop_, &memory_}, kChosen);
    LEAT_CHECK(server.ok());
    server_ = std::move(server).value();
    memory_.serve(&server_->shard());
    server_->shard().dispatcher().observe(this);
  }

  void run(const Script& script) {
    size_t steps = 0;
    for (const Step& step : script) {
      if (++steps > kStepsMax || server_->stopping()) break;
      take(step);
      turn();
    }
    for (int left = kQuietTurns; left > 0; --left) turn();
    while (server_->shard().long_replies().size() != 0) turn();
    // No turn after that: it could drop a key whose time has come, which the log no longer takes.
    LEAT_CHECK(server_->close().ok());
    LEAT_CHECK(loop_.violation().empty());
    for (const auto& [connection, rest] : received_) LEAT_CHECK(rest.empty());
    check_log();
  }

 private:
  struct Spoken {
    Protocol protocol = Protocol::kResp2;
    bool mixed =
        false;  // A transaction has queued what changes the protocol within the reply of EXEC.
  };

  void turn() { server_->turn(MonoNs{clock_.mono().value + kNsPerMs}); }

  void take(const Step& step) {
    if (step.kind == Step::Kind::kWait) {
      const int64_t ms = parse_int64(step.words[0]).value_or(1);
      clock_.advance_to(clock_.mono().value + std::clamp(ms, int64_t{0}, kWaitMsMax) * kNsPerMs);
      return;
    }
    std::optional<io::ConnectionId>& connection = clients_[step.client];
    if (step.kind == Step::Kind::kClose) {
      if (connection) loop_.disconnect(*connection);
      connection.reset();
      return;
    }
    if (is_too_large(step)) return;
    const std::string bytes = wire(step);
    if (bytes.empty()) return;
    if (!connection) connection = loop_.connect();
    loop_.client_send(*connection, bytes);
  }

  // Nothing if there are too many words.
  std::string wire(const Step& step) {
    if (step.kind == Step::Kind::kBytes) {
      std::string bytes;
      for (const std::string& word : step.words) bytes += word;
      return bytes;
    }
    const std::vector<std::string> words = expanded(step.words, words_left_);
    words_left_ -= words.size();
    if (words.empty()) return "";
    ByteBuffer out;
    ReplyWriter writer(out, Protocol::kResp2);
    writer.array(words.size());
    for (const std::string& word : words) writer.bulk(word);
    return std::string(out.view());
  }

  void check_log() {
    class Replay : public RecordSink {
     public:
      bool on_pieces(Bytes pieces) override { return loader.take(pieces); }
      bool on_state(Lsn lsn) override { return loader.finish() && engine.last_lsn() == lsn; }
      bool on_record(Lsn lsn, const RecordView& record) override {
        return lsn.value == engine.last_lsn().value + 1 && engine.apply(record);
      }
      void on_progress(uint64_t /*done*/, uint64_t /*total*/) override {}
      Engine engine{Settings{}.databases};
      StateLoader loader{engine};
    } replay;
    RecoveryReport report;
    LEAT_CHECK(scan_log(disk_, kDirectory, 0, replay, report).ok());
    const Engine& engine = server_->shard().engine();
    LEAT_CHECK(replay.engine.last_lsn() == engine.last_lsn());
    LEAT_CHECK(replay.engine.digest() == engine.digest());
  }

  // ---- SimLoop::Clients
  void on_accepted(io::ConnectionId connection) override { received_[connection.value]; }
  void on_sent(io::ConnectionId connection, Bytes bytes) override {
    std::string& rest = received_[connection.value];
    rest += bytes;
    Bytes left = rest;
    take_replies(left, std::nullopt);
    rest.erase(0, rest.size() - left.size());
  }
  void on_server_closed(io::ConnectionId connection) override {
    for (auto& client : clients_) {
      if (client == connection) client.reset();
    }
    on_client_closed(connection);
  }
  void on_client_closed(io::ConnectionId connection) override { received_.erase(connection.value); }
  void on_time(uint64_t /*client*/) override {}

  // ---- ExecutionObserver
  void on_executed(const Session& session, const Request& request, Bytes reply,
                   Replied replied) override {
    Spoken& spoken = spoken_[session.id.value];
    const bool switches = is(request, 0, "hello") || is(request, 0, "reset");
    const bool executes = is(request, 0, "exec");
    if (switches && !session.transaction) spoken.protocol = session.protocol;
    std::optional<Protocol> protocol = spoken.protocol;
    if (executes && spoken.mixed) protocol.reset();
    if (executes) spoken.protocol = session.protocol;
    spoken.mixed = session.transaction && (spoken.mixed || switches);
    Bytes rest = reply;
    const size_t count = take_replies(rest, protocol);
    LEAT_CHECK(rest.empty() == (replied != Replied::kBegun));
    if (replied != Replied::kWhole) {
      LEAT_CHECK(count == 0);
    } else {
      const bool any = is_subscription(request) && count > 1;
      LEAT_CHECK(count == 1 || any || (count == 0 && is_silent(request)));
    }
  }
  void on_expired() override {}
  void on_aged(const Object& /*object*/, StreamId /*last_dropped*/) override {}
  void on_forgotten(const Object& /*object*/, uint64_t /*count*/) override {}
  void on_evicted(const Object& /*object*/) override {}

  sim::SimRandom random_;
  sim::SimClock clock_;
  sim::SimDisk disk_;
  sim::SimLoop loop_;
  sim::SimMemory memory_;
  std::optional<io::ConnectionId> clients_[kClients];
  std::map<uint64_t, std::string> received_;  // By connection: the begin of a reply.
  std::map<uint64_t, Spoken> spoken_;         // By session.
  size_t words_left_ = kWordsMax;
  std::unique_ptr<Server> server_;
};

}  // namespace
}  // namespace leat::fuzz

extern "C" size_t LLVMFuzzerMutate(uint8_t* bytes, size_t size, size_t size_max);

namespace {

leat::Bytes text_of(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

size_t give(const std::string& text, uint8_t* out, size_t size_max) {
  const size_t size = std::min(text.size(), size_max);
  text.copy(reinterpret_cast<char*>(out), size);
  return size;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  LEAT_CHECK(leat::open_log("/dev/null", leat::LogLevel::kNothing));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* bytes, size_t size, size_t size_max,
                                          unsigned seed) {
  leat::fuzz::Chance chance(seed);
  if (chance() % 16 == 0) return LLVMFuzzerMutate(bytes, size, size_max);
  leat::fuzz::Script script = leat::fuzz::parse_script(text_of(bytes, size));
  for (auto left = 1 + chance() % 5; left > 0; --left) leat::fuzz::mutate_script(script, chance);
  return give(leat::fuzz::script_text(script), bytes, size_max);
}

// NOLINTNEXTLINE(readability-function-size): libFuzzer says what its parameters are.
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t one_size,
                                            const uint8_t* other, size_t other_size, uint8_t* out,
                                            size_t size_max, unsigned seed) {
  leat::fuzz::Chance chance(seed);
  return give(leat::fuzz::script_text(leat::fuzz::cross_scripts(
                  leat::fuzz::parse_script(text_of(one, one_size)),
                  leat::fuzz::parse_script(text_of(other, other_size)), chance)),
              out, size_max);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const leat::fuzz::Script script = leat::fuzz::parse_script(text_of(bytes, size));
  LEAT_CHECK(leat::fuzz::parse_script(leat::fuzz::script_text(script)) == script);
  leat::fuzz::World world;
  world.run(script);
  return 0;
}
