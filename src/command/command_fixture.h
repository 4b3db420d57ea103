// CommandFixture: one shard without a server, for tests of commands: words go in, replies come out as
// text.
//
// Contract   time stands still unless the test moves it; random numbers come from a fixed seed. After
//            every command the records that it wrote are applied to a second engine, and both must have
//            the same digest: what the log holds is the whole state. At the end a third engine replays
//            everything from the start. Full blocks of streams are sealed after every command, and almost
//            no frame is kept open, so that every command meets sealed entries and waits for them: none may
//            read a frame on the spot.
// Format     of a reply: fixture_replies.h; "parked" when there is no reply yet.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/split_arguments.h"
#include "command/dispatcher.h"
#include "command/fixture_hosts.h"
#include "command/fixture_replies.h"
#include "command/session.h"
#include "engine/frame_fixture.h"
#include "resp/reply_parser.h"
#include "resp/reply_writer.h"
#include "resp/request_parser.h"

namespace leat {

// Errors of many commands, as the fixture shows them: written out again, so that a change of a text fails a test.
constexpr std::string_view kSyntax = "-ERR syntax error";
constexpr std::string_view kNotInteger = "-ERR value is not an integer or out of range";
constexpr std::string_view kBadId = "-ERR Invalid stream ID specified as stream command argument";
constexpr std::string_view kWrongType =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";

class CommandFixture : public ::testing::Test {
 public:
  static constexpr int64_t kStartMs = 1'000'000;

  static constexpr size_t kFramesMax = 3;

  // One command and its reply.
  struct Step {
    std::string_view command;
    std::string_view reply;
  };

 protected:
  CommandFixture() {
    add_client("main");
    engine_.share().set_size(2);
    engine_.share().seals.set_frame_bytes(1);
    dispatcher_.set_frames_max(kFramesMax);
  }
  ~CommandFixture() override = default;

  void TearDown() override {
    check_replay();
    Engine fresh(databases());
    ASSERT_TRUE(replay(fresh, history_.view()));
    EXPECT_EQ(fresh.digest(), engine_.digest());
  }

  // Runs a command line (quoted as inline commands are) for the client "main", and serves whom it woke.
  std::string run(std::string_view line) { return run_as("main", line); }
  std::string run_as(const std::string& name, std::string_view line) {
    std::string storage;
    std::vector<Bytes> words;
    EXPECT_TRUE(split_arguments(line, storage, words)) << line;
    return run_words(name, std::vector<std::string>(words.begin(), words.end()));
  }
  std::string run_words(const std::string& name, const std::vector<std::string>& words) {
    const std::string reply = execute(name, words);
    check_replay();
    serve_ready();
    check_replay();
    return reply;
  }
  // The same without the checks, which cost time in proportion to the state; the next run() makes them.
  std::string run_unchecked(std::string_view line) {
    std::string storage;
    std::vector<Bytes> words;
    EXPECT_TRUE(split_arguments(line, storage, words)) << line;
    return execute("main", std::vector<std::string>(words.begin(), words.end()));
  }

  // Writes and applies a record that no command would write (now).
  template <typename Record>
  void commit(const Record& record) {
    last_start_ = history_.size();
    RecordWriter(history_).put(record);
    end_group(history_, last_start_);
    ASSERT_TRUE(replay(engine_, history_.view(last_start_)));
  }
  std::string run_request(const Request& request) {
    return plan(clients_.at("main"), request, /*again=*/false);
  }

  // Runs the steps in order and compares every reply.
  void expect(std::initializer_list<Step> steps) {
    for (const Step& step : steps) EXPECT_EQ(run(step.command), step.reply) << step.command;
  }
  // Each of these commands is refused with that error and writes nothing.
  void expect_refused(std::initializer_list<Step> steps) {
    for (const Step& step : steps) {
      const size_t records = history_.size();
      EXPECT_EQ(run(step.command), step.reply) << step.command;
      EXPECT_EQ(history_.size(), records) << "a refused command has written: " << step.command;
    }
  }

  void add_client(const std::string& name) {
    Client& client = clients_[name];
    client.session.id = ClientId{clients_.size()};
    host_.clients().add(client.session);
  }
  [[nodiscard]] Session& session(const std::string& name = "main") {
    return clients_[name].session;
  }
  void speak_resp3() { session().protocol = Protocol::kResp3; }

  // What a turn does for eviction after its commands, and whom that has woken.
  void evict() {
    dispatcher_.begin_turn(now_);
    dispatcher_.evict(history_);
    check_replay();
    serve_ready();
    check_replay();
  }
  [[nodiscard]] bool evicting() const { return dispatcher_.evicting(); }
  [[nodiscard]] const Statistics& statistics() { return dispatcher_.statistics(); }

  void advance_ms(int64_t ms) {
    now_.wall.value += ms;
    now_.mono.value += ms * kNsPerMs;
  }
  // What a turn does without a command: entries that have reached MAXAGE go.
  void age_out() {
    age_out_unchecked();
    check_replay();
  }
  // The same without the checks; the next run() makes them.
  void age_out_unchecked() {
    dispatcher_.begin_turn(now_);
    engine_.share().frames.set_limit(1);  // What is open goes.
    last_start_ = history_.size();
    const uint64_t read = read_on_the_spot();
    for (auto& [object, missing] : dispatcher_.age_out(history_)) {
      std::vector<FrameCache::Pin> pins;
      while (!missing.empty()) {
        fetch(missing, pins);
        missing = dispatcher_.age_out(object, history_, kFramesMax);
      }
      waited_ += pins.size();
      engine_.share().frames.retry();
    }
    EXPECT_EQ(read_on_the_spot(), read) << "a frame was read on the spot";
  }
  [[nodiscard]] int64_t now_ms() const { return now_.wall.value; }

  // What blocked clients were replied since the last call: "name: reply", in order.
  [[nodiscard]] std::vector<std::string> served() { return std::exchange(served_, {}); }
  [[nodiscard]] bool parked(const std::string& name) const {
    return clients_.at(name).parked != nullptr;
  }
  // When the parked command gives up, milliseconds from now; -1: never.
  [[nodiscard]] int64_t deadline_ms(const std::string& name) const {
    const auto& deadline = clients_.at(name).deadline;
    return deadline ? (deadline->value - now_.mono.value) / kNsPerMs : -1;
  }

  // What it waits for on disk, if that is what it waits for; and what it is replied when its time is over.
  [[nodiscard]] const std::optional<AwaitDurable>& awaits(const std::string& name) const {
    return clients_.at(name).durable;
  }
  [[nodiscard]] const std::optional<AwaitCheckpoint>& awaits_checkpoint(
      const std::string& name) const {
    return clients_.at(name).checkpoint;
  }
  [[nodiscard]] std::string late_reply(const std::string& name) const {
    return replies_text(clients_.at(name).late);
  }

  // Calls it once, while the next command waits for a frame before it has done anything.
  void meanwhile(std::function<void()> call) { meanwhile_ = std::move(call); }
  // Replies that are larger are written in pieces of about that size, and this is called before each of them.
  void reply_in_pieces(size_t bytes, std::function<void()> call) {
    dispatcher_.set_piece_bytes(bytes);
    between_pieces_ = std::move(call);
  }
  // How many pieces have been written behind the first ones.
  [[nodiscard]] size_t pieces() const { return pieces_; }

  // The records that were written so far, and by the last command, by type.
  [[nodiscard]] size_t written() const { return history_.size(); }
  [[nodiscard]] std::vector<RecordType> last_records() const {
    std::vector<RecordType> types;
    Bytes input = history_.view(last_start_);
    while (const auto record = next_record(input)) types.push_back(record->type);
    return types;
  }

  [[nodiscard]] FixtureHost& host() { return host_; }
  [[nodiscard]] const Engine& engine() const { return engine_; }
  [[nodiscard]] Tracking& engine_tracking() { return engine_.tracking(); }
  [[nodiscard]] MemoryFrames& frames() { return frames_; }
  [[nodiscard]] Dispatcher& dispatcher() { return dispatcher_; }
  // Frames that were not waited for.
  [[nodiscard]] uint64_t read_on_the_spot() const {
    return engine_.share().frames.counters().loads;
  }
  // Frames that commands and ageing have waited for, and how often they were planned again for that.
  [[nodiscard]] size_t waited() const { return waited_; }
  [[nodiscard]] size_t rounds() const { return rounds_; }
  [[nodiscard]] const Stream& stream(std::string_view key) const {
    const Object* const object = engine_.keyspace().find(DbIndex{0}, key);
    LEAT_CHECK(object != nullptr && object->stream() != nullptr);
    return *object->stream();
  }

 private:
  struct Client {
    Session session;
    std::unique_ptr<OwnedRequest> parked;
    std::optional<MonoNs> deadline;
    std::optional<AwaitDurable> durable;
    std::optional<AwaitCheckpoint> checkpoint;
    std::string late;
  };

  [[nodiscard]] uint32_t databases() const { return host_.settings().databases; }

  std::string execute(const std::string& name, const std::vector<std::string>& words) {
    ByteBuffer input;
    ReplyWriter writer(input, Protocol::kResp2);
    writer.array(words.size());
    for (const std::string& word : words) writer.bulk(word);
    RequestParser parser;
    Request request;
    size_t consumed = 0;
    EXPECT_EQ(parser.next(input.view(), request, consumed), RequestParser::Status::kRequest);
    return plan(clients_.at(name), request, /*again=*/false);
  }

  std::string plan(Client& client, const Request& request, bool again) {
    dispatcher_.begin_turn(now_);
    engine_.share().frames.set_limit(1);  // What is open goes.
    last_start_ = history_.size();
    ByteBuffer reply;
    uint64_t read = read_on_the_spot();
    Dispatcher::Outcome outcome =
        again ? dispatcher_.resume(request, client.session, history_, reply)
              : dispatcher_.execute(request, client.session, history_, reply);
    std::vector<FrameCache::Pin> pins;
    while (outcome.park && !outcome.park->frames.empty()) {
      EXPECT_TRUE(reply.empty()) << "waits for frames with a reply: " << reply.view();
      if (const auto call = std::exchange(meanwhile_, nullptr)) {
        call();
        last_start_ = history_.size();
        read = read_on_the_spot();
      }
      fetch(outcome.park->frames, pins);
      ++rounds_;
      outcome = dispatcher_.resume(request, client.session, history_, reply);
    }
    waited_ += pins.size();
    engine_.share().frames.retry();
    EXPECT_EQ(read_on_the_spot(), read) << "a frame was read on the spot";
    frames_.seal(engine_.share().seals);
    expect_one_group();
    pins.clear();
    if (outcome.rest != nullptr) write_rest(*outcome.rest, reply);
    EXPECT_LE(outcome.release, engine_.last_lsn());
    if (outcome.park) {
      EXPECT_TRUE(reply.empty()) << "parked with a reply: " << reply.view();
      park(client, OwnedRequest(request), *outcome.park, again);
      return "parked";
    }
    return replies_text(reply.view());
  }

  // Writes what is left of a reply, piece by piece. What has come for a piece is open until the next one is written.
  void write_rest(LongReply& rest, ByteBuffer& reply) {
    FrameCache& cache = engine_.share().frames;
    std::vector<FrameCache::Pin> pins, before;
    for (auto state = LongReply::State::kMore; state != LongReply::State::kDone; ++pieces_) {
      if (between_pieces_) between_pieces_();
      const uint64_t read = read_on_the_spot();
      cache.begin(FrameCache::Keep::kPinned, kFramesMax);
      state = rest.write(cache, reply, dispatcher_.piece_bytes());
      const std::vector<FrameRef> missing = cache.take_missing();
      cache.end();
      EXPECT_EQ(read_on_the_spot(), read) << "a frame was read on the spot";
      if (state == LongReply::State::kUnreadable) return reply.append("+closed\r\n");
      before = std::exchange(pins, {});
      fetch(missing, pins);
    }
  }

  void fetch(const std::vector<FrameRef>& missing, std::vector<FrameCache::Pin>& pins) {
    for (const FrameRef& ref : missing) {
      BlockImages images;
      if (!frames_.read(ref, images)) {
        engine_.share().frames.note_unreadable(ref);
        continue;
      }
      pins.push_back(engine_.share().frames.admit(ref, std::move(images)));
      ASSERT_TRUE(pins.back());
    }
  }

  void park(Client& client, OwnedRequest request, const Park& park, bool again) {
    request.replace(park.frozen);
    client.parked = std::make_unique<OwnedRequest>(std::move(request));
    if (!again) client.deadline = park.deadline;
    client.durable = park.durable;
    client.checkpoint = park.checkpoint;
    client.late = park.late;
    engine_.waits().park(client.session.id, park.keys, park.on_absence);
  }

  void serve_ready() {
    while (engine_.waits().ready()) {
      for (const ClientId id : engine_.waits().take_ready()) {
        for (auto& [name, client] : clients_) {
          if (client.session.id != id || client.parked == nullptr) continue;
          const auto request = std::move(client.parked);
          engine_.waits().unpark(id);
          const std::string reply = plan(client, request->request(), /*again=*/true);
          if (reply != "parked") served_.push_back(fmt::format("{}: {}", name, reply));
        }
      }
    }
  }

  static std::string replies_text(Bytes bytes) {
    std::string text;
    while (!bytes.empty()) {
      Reply reply;
      size_t consumed = 0;
      if (parse_reply(bytes, reply, consumed) != ReplyStatus::kReply) return "not a reply";
      if (!text.empty()) text += " | ";
      text += reply_text(reply);
      bytes.remove_prefix(consumed);
    }
    return text;
  }

  // Exactly the last record of what a command wrote ends its group; before it may stand keys that had to make room.
  void expect_one_group() {
    Bytes input = history_.view(last_start_);
    bool evicted = host_.settings().eviction != EvictionPolicy::kNone;
    while (const auto record = next_record(input)) {
      evicted = evicted && record->type == RecordType::kKeyDrop && record->ends_group();
      EXPECT_TRUE(evicted || record->ends_group() == input.empty());
    }
    EXPECT_TRUE(input.empty()) << "not a record";
  }

  static bool replay(Engine& engine, Bytes input) {
    while (!input.empty()) {
      const auto record = next_record(input);
      if (!record || !engine.apply(*record)) return false;
    }
    return true;
  }

  void check_replay() {
    ASSERT_TRUE(replay(follower_, history_.view(followed_)));
    if (followed_ == history_.size() && followed_ != 0) return;
    followed_ = history_.size();
    ASSERT_EQ(follower_.digest(), engine_.digest()) << "the log does not tell the whole state";
  }

  FixtureHost host_;
  MemoryFrames frames_;
  size_t waited_ = 0, rounds_ = 0, pieces_ = 0;
  Engine engine_{host_.settings().databases, &frames_};
  Engine follower_{host_.settings().databases};
  Dispatcher dispatcher_{engine_, host_};
  Now now_{WallMs{kStartMs}, MonoNs{kNsPerMs}};
  ByteBuffer history_;  // Every record ever written.
  size_t followed_ = 0;
  size_t last_start_ = 0;
  std::map<std::string, Client> clients_;
  std::vector<std::string> served_;
  std::function<void()> meanwhile_;
  std::function<void()> between_pieces_;
};

}  // namespace leat
