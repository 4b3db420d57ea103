// PING to SELECT, and CLIENT.
#include "command/command_fixture.h"

namespace leat {
namespace {

using ConnectionTest = CommandFixture;
using AuthTest = CommandFixture;
using ClientTest = CommandFixture;

constexpr std::string_view kNoAuth = "-NOAUTH Authentication required.";
constexpr std::string_view kWrongPass =
    "-WRONGPASS invalid username-password pair or user is disabled.";

TEST_F(ConnectionTest, HelloSwitchesTheProtocolFromItsOwnReplyOn) {
  const std::string map = run("HELLO 3");
  EXPECT_EQ(map.substr(0, 14), "{server redis ");
  EXPECT_NE(map.find("proto :3 id :1 mode standalone role master modules []"), std::string::npos);
  EXPECT_EQ(run("GET none"), "null");
  EXPECT_EQ(run("HELLO 2").substr(0, 14), "[server redis ");
  EXPECT_EQ(run("GET none"), "nil");
}

TEST_F(ConnectionTest, HelloWithAnErrorChangesNothing) {
  expect({
      {"HELLO 4 SETNAME x", "-NOPROTO unsupported protocol version"},
      {"HELLO 3 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'"},
      {"HELLO 3 AUTH nobody x SETNAME y", kWrongPass},
      {"CLIENT GETNAME", "nil"},
  });
}

TEST_F(ConnectionTest, ResetTakesEverythingBack) {
  expect({{"SELECT 3", "+OK"},
          {"CLIENT SETNAME me", "+OK"},
          {"SUBSCRIBE a", "[subscribe a :1]"},
          {"RESET", "+RESET"},
          {"CLIENT GETNAME", "nil"},
          {"WATCH k", "+OK"},
          {"MULTI", "+OK"},
          {"RESET", "+RESET"},
          {"EXEC", "-ERR EXEC without MULTI"}});
  EXPECT_EQ(session().db, DbIndex{0});
  EXPECT_FALSE(session().subscribed());
}

TEST_F(AuthTest, NothingGoesBeforeThePassword) {
  host().change_settings().password = "sesame";
  session().authenticated = false;
  expect({
      {"PING", kNoAuth},
      {"GET a", kNoAuth},
      {"AUTH sesam", kWrongPass},
      {"AUTH sesamesesame", kWrongPass},
      {"AUTH ''", kWrongPass},
      {"AUTH nobody sesame", kWrongPass},
      {"AUTH a b c", "-ERR syntax error"},
      {"AUTH sesame", "+OK"},
      {"PING", "+PONG"},
      {"AUTH wrong", kWrongPass},
      {"PING", "+PONG"},
      {"RESET", "+RESET"},
      {"PING", kNoAuth},
  });
}

TEST_F(ConnectionTest, AfterTheLogHasFailedEveryCommandGetsTheError) {
  host().fail("MISCONF it failed");
  expect({{"PING", "-MISCONF it failed"},
          {"XADD s * f v", "-MISCONF it failed"},
          {"XLEN s", "-MISCONF it failed"}});
}

TEST_F(ClientTest, ListShowsFlagsAndCounts) {
  add_client("other");
  run("CLIENT SETNAME me");
  run_as("other", "SUBSCRIBE a b");
  run_as("other", "PSUBSCRIBE p*");
  const std::string all = run("CLIENT LIST");
  EXPECT_NE(all.find("id=1 addr=127.0.0.1:1 laddr=127.0.0.1:6379 fd=1 name=me age=5 idle=3 flags=N "
                     "db=0 sub=0 psub=0 ssub=0 multi=-1 watch=0"),
            std::string::npos)
      << all;
  EXPECT_NE(all.find("cmd=client|list user=default redir=-1 resp=2"), std::string::npos);
  EXPECT_NE(all.find("id=2 addr=127.0.0.1:2 "), std::string::npos);
  EXPECT_NE(all.find("flags=P db=0 sub=2 psub=1 "), std::string::npos);
  EXPECT_EQ(run("CLIENT LIST TYPE pubsub").find("id=1 "), std::string::npos);
  EXPECT_EQ(run("CLIENT LIST ID 1 7").find("id=2 "), std::string::npos);
  EXPECT_EQ(run("CLIENT LIST TYPE replica"), "\"\"");
}

TEST_F(ClientTest, KillTakesThoseThatFitEveryFilter) {
  add_client("two");
  add_client("three");
  run_as("three", "SUBSCRIBE a");
  struct Case {
    std::string_view command;
    std::string_view reply;
    std::vector<uint64_t> killed;
  };
  const Case cases[] = {
      {"CLIENT KILL 127.0.0.1:2", "+OK", {2}},
      {"CLIENT KILL 127.0.0.1:1", "+OK", {1}},
      {"CLIENT KILL 127.0.0.1:9", "-ERR No such client", {}},
      {"CLIENT KILL ID 2", ":1", {2}},
      {"CLIENT KILL ID 1", ":0", {}},
      {"CLIENT KILL ID 1 SKIPME no", ":1", {1}},
      {"CLIENT KILL ADDR 127.0.0.1:3", ":1", {3}},
      {"CLIENT KILL ADDR 127.0.0.1:3 ID 2", ":0", {}},
      {"CLIENT KILL LADDR 127.0.0.1:6379", ":2", {2, 3}},
      {"CLIENT KILL LADDR 127.0.0.1:6379 SKIPME no", ":3", {1, 2, 3}},
      {"CLIENT KILL TYPE normal", ":1", {2}},
      {"CLIENT KILL TYPE pubsub", ":1", {3}},
      {"CLIENT KILL TYPE replica", ":0", {}},
      {"CLIENT KILL USER default TYPE pubsub", ":1", {3}},
      {"CLIENT KILL USER nobody", "-ERR No such user 'nobody'", {}},
      {"CLIENT KILL ID 0", "-ERR client-id should be greater than 0", {}},
      {"CLIENT KILL ID 2 SKIPME", "-ERR syntax error", {}},
      {"CLIENT KILL ID 2 SKIPME maybe", "-ERR syntax error", {}},
      {"CLIENT KILL TYPE some", "-ERR Unknown client type 'some'", {}},
      {"CLIENT KILL WHAT 2", "-ERR syntax error", {}},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(run(one.command), one.reply) << one.command;
    EXPECT_EQ(host().clients().take_killed(), one.killed) << one.command;
  }
}

TEST_F(ClientTest, PauseReadsItsWords) {
  expect({{"CLIENT PAUSE 20 WRITE", "+OK"}});
  EXPECT_EQ(host().clients().paused_until().value, kNsPerMs + 20 * kNsPerMs);
  EXPECT_TRUE(host().clients().only_writes());
  expect({
      {"CLIENT PAUSE -1", "-ERR timeout is negative"},
      {"CLIENT PAUSE x", "-ERR timeout is not an integer or out of range"},
      {"CLIENT PAUSE 9223372036854775807", "-ERR timeout is out of range"},
      {"CLIENT PAUSE 1 SOME", "-ERR CLIENT PAUSE mode must be WRITE or ALL"},
      {"CLIENT UNPAUSE", "+OK"},
  });
  EXPECT_EQ(host().clients().paused_until(), MonoNs{0});
}

TEST_F(ClientTest, UnblockPassesTheReasonOn) {
  expect({{"CLIENT UNBLOCK 1 ERROR", ":1"},
          {"CLIENT UNBLOCK 1", ":1"},
          {"CLIENT UNBLOCK 9", ":0"},
          {"CLIENT UNBLOCK -1", ":0"},
          {"CLIENT UNBLOCK 1 WHY", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"}});
  ASSERT_EQ(host().clients().unblocked().size(), 3U);
  EXPECT_EQ(host().clients().unblocked()[0].second, Unblock::kWithError);
  EXPECT_EQ(host().clients().unblocked()[1].second, Unblock::kAsTimedOut);
}

// A short command takes a multiple of its bytes to keep.
TEST_F(ConnectionTest, ATransactionHoldsNoMoreThanTheQueryBufferMay) {
  constexpr size_t kLimit = 100'000;
  host().change_settings().query_buffer_max = kLimit;
  run("MULTI");
  size_t queued = 0;
  while (run("PING") == "+QUEUED") ++queued;
  EXPECT_GT(queued, 100U);
  EXPECT_LT(queued * sizeof(OwnedRequest), kLimit);
  EXPECT_EQ(run("EXEC"), "-EXECABORT Transaction discarded because of previous errors.");
}

TEST_F(ConnectionTest, ExecAnnouncesAsManyRepliesAsThereAre) {
  expect({{"MULTI", "+OK"},
          {"UNSUBSCRIBE", "+QUEUED"},
          {"SUBSCRIBE a b", "+QUEUED"},
          {"PING", "+QUEUED"},
          {"UNSUBSCRIBE", "+QUEUED"},
          {"CLIENT REPLY SKIP", "+QUEUED"},
          {"EXEC",
           "[[unsubscribe nil :0] [subscribe a :1] [subscribe b :2] [pong \"\"] "
           "[unsubscribe a :1] [unsubscribe b :0]]"}});
}

TEST_F(ClientTest, SkipLastsForOneReplyAndNotOverOff) {
  run("CLIENT REPLY SKIP");
  EXPECT_EQ(session().reply_mode, ReplyMode::kSkipNext);
  run("CLIENT REPLY OFF");
  run("CLIENT REPLY SKIP");
  EXPECT_EQ(session().reply_mode, ReplyMode::kOff);
  EXPECT_EQ(run("CLIENT REPLY ON"), "+OK");
}

}  // namespace
}  // namespace leat
