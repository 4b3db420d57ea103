// ServerFixture: a whole server on a disk in memory, with clients that a test speaks for and disk lanes that it can stop.
//
// Contract   nothing happens but in turn(): what clients have said, what leaves for them, one job of each lane that is
//            not stopped. Streams keep nothing of their full blocks in memory.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/log.h"
#include "server/server.h"
#include "storage/log_fixture.h"

namespace leat {

// The sockets and lanes of such a server.
class FakeSockets final : public io::Loop {
 public:
  FakeSockets(FakeDisk& disk, FakeClock& clock) : lanes_(disk), clock_(clock) {}

  io::ConnectionId connect() {
    const io::ConnectionId id{++last_connection_};
    events_.push_back([id](io::Handler& handler) {
      handler.on_accepted(id, io::ListenerId{1}, "127.0.0.1:1", "127.0.0.1:2");
    });
    return id;
  }
  void say(io::ConnectionId id, std::string bytes) {
    events_.push_back(
        [id, said = std::move(bytes)](io::Handler& handler) { handler.on_received(id, said); });
  }
  // The client has nothing more to say.
  void end(io::ConnectionId id) {
    events_.push_back([id](io::Handler& handler) { handler.on_ended(id); });
  }
  // The connection breaks.
  void hang_up(io::ConnectionId id) {
    events_.push_back([id](io::Handler& handler) { handler.on_closed(id); });
  }
  // What it has been sent since the last call.
  [[nodiscard]] std::string take(io::ConnectionId id) { return std::exchange(sent_[id.value], {}); }
  // The server has closed it.
  [[nodiscard]] bool closed(io::ConnectionId id) const { return closed_.contains(id.value); }

  // Jobs of the lane wait from now on; for `polls` more, or until it goes on.
  void stop(io::Lane lane, size_t polls = SIZE_MAX) { stopped_[static_cast<size_t>(lane)] = polls; }
  void go_on(io::Lane lane) { stop(lane, 0); }
  // There is something left to report.
  [[nodiscard]] bool busy() const { return !events_.empty() || !sends_.empty() || works(); }
  // How often poll() would have waited.
  [[nodiscard]] size_t waits() const { return waits_; }
  // The process has died.
  void forget() {
    lanes_.forget();
    events_.clear();
    sends_.clear();
  }

  Result<io::ListenerId> listen_tcp(const std::string& /*address*/, uint16_t /*port*/,
                                    int /*backlog*/) override {
    return io::ListenerId{1};
  }
  Result<io::ListenerId> listen_unix(const std::string& /*path*/, unsigned /*mode*/,
                                     int /*backlog*/) override {
    return io::ListenerId{2};
  }
  [[nodiscard]] uint16_t port(io::ListenerId /*listener*/) const override { return 6379; }
  void close_listener(io::ListenerId /*listener*/) override {}
  void send(io::ConnectionId id, Bytes bytes) override { sends_.emplace_back(id.value, bytes); }
  void pause_receive(io::ConnectionId /*id*/) override {}
  void resume_receive(io::ConnectionId /*id*/) override {}
  void close(io::ConnectionId id) override {
    std::erase_if(sends_, [id](const auto& send) { return send.first == id.value; });
    closed_.emplace(id.value, true);
  }
  void set_keepalive(io::ConnectionId /*id*/, int /*seconds*/) override {}
  void start(io::Lane lane, io::DiskJob job) override { lanes_.start(lane, std::move(job)); }
  // Waits for nothing: a millisecond passes. As in a real one, what it sends is no event.
  void poll(MonoNs deadline, io::Handler& handler) override {
    if (deadline.value > clock_.ns && events_.empty() && !works()) ++waits_;
    clock_.ns += kNsPerMs;
    for (const auto& [id, bytes] : std::exchange(sends_, {})) sent_[id] += bytes;
    for (const auto& event : std::exchange(events_, {})) event(handler);
    for (size_t i = 0; i < io::kLanes; ++i) {
      const auto lane = static_cast<io::Lane>(i);
      if (stopped_[i] != 0) {
        if (stopped_[i] != SIZE_MAX) --stopped_[i];
      } else if (lanes_.job(lane)) {
        handler.on_disk(lane, lanes_.run(lane));
      }
    }
  }
  void wake() override {}

 private:
  // A lane that is not stopped has a job.
  [[nodiscard]] bool works() const {
    bool works = false;
    for (size_t lane = 0; lane < io::kLanes; ++lane)
      works = works || (stopped_[lane] == 0 && lanes_.job(static_cast<io::Lane>(lane)));
    return works;
  }

  FakeLoop lanes_;
  FakeClock& clock_;
  size_t waits_ = 0;
  uint64_t last_connection_ = 0;
  std::deque<std::function<void(io::Handler&)>> events_;
  std::vector<std::pair<uint64_t, Bytes>> sends_;
  std::map<uint64_t, std::string> sent_;
  std::map<uint64_t, bool> closed_;
  std::array<size_t, io::kLanes> stopped_{};
};

class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture() {
    set_log_level(LogLevel::kNothing);
    config_.directory = "d";
    config_.segment_bytes = 64 << 10;
    config_.checkpoint.log_bytes = 0;
    config_.settings.stream_node_max_entries = 2;
    config_.frames.cache_bytes = 2;
    config_.frames.frame_bytes = 1;
    start();
  }
  ~ServerFixture() override { set_log_level(LogLevel::kNotice); }

  void start() {
    auto server = Server::start({clock_, random_, disk_, loop_}, config_);
    ASSERT_TRUE(server.ok()) << server.error().detail;
    server_ = std::move(server).value();
  }
  // The process is killed, and started again.
  void crash() {
    server_.reset();
    loop_.forget();
    disk_.restore(Keep::kAll);
    ASSERT_TRUE(disk_.remove("d/lock").ok());
    start();
  }
  void turn() { server_->turn(MonoNs{0}); }
  // Turns until nothing happens any more.
  void settle() {
    constexpr int kTurnsMax = 2000;
    constexpr int kQuiet = 4;
    int quiet = 0;
    for (int turns = 0; quiet < kQuiet; ++turns) {
      ASSERT_LT(turns, kTurnsMax) << "it never comes to rest";
      turn();
      quiet = loop_.busy() ? 0 : quiet + 1;
    }
  }
  // Says the commands, which it then executes as far as it can; what the client gets for that.
  std::string run(io::ConnectionId client, const std::string& commands) {
    loop_.say(client, commands);
    settle();
    return loop_.take(client);
  }

  FakeClock clock_;
  FakeRandom random_;
  FakeDisk disk_;
  FakeSockets loop_{disk_, clock_};
  Config config_;
  std::unique_ptr<Server> server_;
};

}  // namespace leat
