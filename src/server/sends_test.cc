// What follows a send, follows at once: poll() sends and then waits for something to happen, which nothing may do.
#include <string>

#include <gtest/gtest.h>

#include "server/server_fixture.h"

namespace leat {
namespace {

constexpr int kTurnsMax = 100;

class SendsTest : public ServerFixture {
 protected:
  SendsTest() { run(client_, "ECHO hello\r\n"); }
  // What the client gets until it has `size` bytes, or is sent nothing more before something else happens.
  std::string take_without_waiting(size_t size) {
    std::string all;
    const size_t waits = loop_.waits();
    for (int turns = 0; turns < kTurnsMax && loop_.waits() == waits && all.size() < size; ++turns) {
      server_->turn(MonoNs{clock_.ns + kNsPerSecond});
      all += loop_.take(client_);
    }
    return all;
  }

  io::ConnectionId client_ = loop_.connect();
};

TEST_F(SendsTest, APipelineGoesOnWhenWhatIsOwedHasLeft) {
  constexpr size_t kValue = 300 << 10;
  constexpr size_t kReads = 20;
  const std::string value = "$307200\r\n" + std::string(kValue, 'v') + "\r\n";
  ASSERT_EQ(run(client_, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n" + value), "+OK\r\n");
  std::string commands;
  for (size_t i = 0; i < kReads; ++i) commands += "GET k\r\n";
  loop_.say(client_, commands);
  const size_t size = kReads * value.size();
  EXPECT_EQ(take_without_waiting(size).size(), size);
}

TEST_F(SendsTest, ALargeReplyGoesOnWhenItsPieceHasLeft) {
  config_.reply_piece_bytes = 1000;
  crash();
  client_ = loop_.connect();
  std::string commands;
  for (int i = 1; i <= 200; ++i) commands += "XADD s " + std::to_string(i) + "-0 f value\r\n";
  run(client_, commands);
  const std::string whole = run(client_, "XRANGE s - +\r\n");
  ASSERT_GT(whole.size(), 5 * config_.reply_piece_bytes);
  loop_.say(client_, "XRANGE s - +\r\n");
  EXPECT_TRUE(take_without_waiting(whole.size()) == whole);
}

TEST_F(SendsTest, AClientThatQuitsIsClosedWhenItsReplyHasLeft) {
  const size_t waits = loop_.waits();
  loop_.say(client_, "QUIT\r\n");
  EXPECT_EQ(take_without_waiting(5), "+OK\r\n");
  server_->turn(MonoNs{clock_.ns + kNsPerSecond});
  EXPECT_EQ(loop_.waits(), waits + 1) << "only when it was over";
  EXPECT_TRUE(loop_.closed(client_));
}

}  // namespace
}  // namespace leat
