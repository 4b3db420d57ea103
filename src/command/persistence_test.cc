// SAVE, WAIT and WAITAOF: what they wait for, and what they reply when it does not come.
#include "command/command_fixture.h"

namespace leat {
namespace {

using SaveTest = CommandFixture;
using WaitTest = CommandFixture;

TEST_F(SaveTest, RepliesWhenEverythingIsOnDisk) {
  run("SET a 1");
  EXPECT_EQ(run("SAVE"), "+OK");
  host().node().set_durable(Lsn{0});
  EXPECT_EQ(run("SAVE"), "parked");
  EXPECT_EQ(host().node().syncs_asked(), 1U);
  ASSERT_TRUE(awaits("main"));
  EXPECT_EQ(awaits("main")->lsn, engine().last_lsn());
  EXPECT_EQ(awaits("main")->reply, "+OK\r\n");
}

TEST_F(SaveTest, InTheBackgroundItOnlyAsks) {
  EXPECT_EQ(run("BGSAVE"), "+Background saving started");
  EXPECT_EQ(run("BGSAVE SCHEDULE"), "+Background saving started");
  EXPECT_EQ(run("BGREWRITEAOF"), "+Background append only file rewriting started");
  EXPECT_EQ(run("BGSAVE NOW"), "-ERR syntax error");
  EXPECT_EQ(host().node().syncs_asked(), 3U);
}

TEST_F(WaitTest, WaitaofTellsWhatIsOnDisk) {
  run("SET a 1");
  expect({{"WAITAOF 1 0 0", "[:1 :0]"}, {"WAITAOF 0 0 0", "[:1 :0]"}});
  host().node().set_durable(Lsn{0});
  expect({{"WAITAOF 0 0 0", "[:0 :0]"}, {"WAITAOF 1 0 30", "parked"}});
  EXPECT_EQ(deadline_ms("main"), 30);
  ASSERT_TRUE(awaits("main"));
  EXPECT_EQ(awaits("main")->lsn, engine().last_lsn());
  EXPECT_EQ(awaits("main")->reply, "*2\r\n:1\r\n:0\r\n");
  EXPECT_EQ(late_reply("main"), "[:0 :0]");
}

TEST_F(WaitTest, NoReplicaEverAnswers) {
  EXPECT_EQ(run("WAIT 0 0"), ":0");
  EXPECT_EQ(run("WAIT 1 25"), "parked");
  EXPECT_EQ(deadline_ms("main"), 25);
  EXPECT_EQ(late_reply("main"), ":0");
  add_client("other");
  EXPECT_EQ(run_as("other", "WAITAOF 0 1 40"), "parked");
  EXPECT_EQ(late_reply("other"), "[:1 :0]");
}

TEST_F(WaitTest, ATransactionNeverWaits) {
  host().node().set_durable(Lsn{0});
  expect({{"MULTI", "+OK"},
          {"SET a 1", "+QUEUED"},
          {"WAITAOF 1 0 0", "+QUEUED"},
          {"WAIT 3 0", "+QUEUED"},
          {"EXEC", "[+OK [:0 :0] :0]"}});
}

TEST_F(WaitTest, BadWords) {
  expect_refused({
      {"WAITAOF 2 0 0", "-ERR value is out of range, must be between 0 and 1"},
      {"WAITAOF 1 -1 0", "-ERR value is out of range, must be positive"},
      {"WAITAOF 1 0 -1", "-ERR timeout is negative"},
      {"WAITAOF x 0 0", "-ERR value is not an integer or out of range"},
      {"WAIT x 0", "-ERR value is not an integer or out of range"},
      {"WAIT 1 -1", "-ERR timeout is negative"},
      {"WAIT 1 9223372036854775807", "-ERR timeout is not an integer or out of range"},
  });
}

TEST_F(WaitTest, ShutdownEndsTheServerWithoutAReply) {
  expect_refused({{"SHUTDOWN ABORT", "-ERR No shutdown in progress."},
                  {"SHUTDOWN SAVE NOSAVE", "-ERR syntax error"},
                  {"SHUTDOWN LATER", "-ERR syntax error"}});
  EXPECT_FALSE(host().node().ended());
  EXPECT_EQ(run("SHUTDOWN NOSAVE NOW"), "");
  EXPECT_TRUE(host().node().ended());
}

}  // namespace
}  // namespace leat
