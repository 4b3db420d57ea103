// SAVE, WAIT and WAITAOF: what they wait for, and what they reply when it does not come.
#include "command/command_fixture.h"

namespace leat {
namespace {

using SaveTest = CommandFixture;
using WaitTest = CommandFixture;
using LoadingTest = CommandFixture;

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

TEST_F(LoadingTest, OnlyWhatNeedsNoDataWorks) {
  run("SET a 1");
  host().set_loading(true);
  constexpr std::string_view kRefused = "-LOADING Redis is loading the dataset in memory";
  for (const std::string_view line : {"GET a", "SET a 2", "PING", "XADD s * f v", "SAVE", "BGSAVE",
                                      "DEBUG OBJECT a", "WAITAOF 1 0 0"})
    EXPECT_EQ(run(line), kRefused) << line;
  expect({{"ECHO x", "x"},
          {"SELECT 1", "+OK"},
          {"SELECT 0", "+OK"},
          {"CONFIG GET answer", "[answer 42]"},
          {"CLIENT SETNAME c", "+OK"}});
  EXPECT_EQ(run("NOSUCH").substr(0, 4), "-ERR");
  // What is refused breaks the transaction that it was meant for.
  expect({{"MULTI", "+OK"},
          {"SET a 3", kRefused},
          {"EXEC", "-EXECABORT Transaction discarded because of previous errors."}});
  EXPECT_EQ(run("SHUTDOWN NOSAVE"), "");
  EXPECT_TRUE(host().node().ended());
  host().set_loading(false);
  EXPECT_EQ(run("GET a"), "1");
}

TEST_F(LoadingTest, InfoTellsHowFarItIs) {
  NodeFacts& facts = host().node().change_facts();
  facts.loading = true;
  facts.loading_start_s = 1700;
  facts.loading_total = 4000;
  facts.loading_done = 1000;
  facts.loading_left_s = 9;
  const std::string text = run("INFO persistence");
  for (const std::string_view line :
       {"loading:1", "loading_start_time:1700", "loading_total_bytes:4000",
        "loading_loaded_bytes:1000", "loading_loaded_perc:25.00", "loading_eta_seconds:9"})
    EXPECT_NE(text.find(line), std::string::npos) << line;
  facts.loading = false;
  EXPECT_EQ(run("INFO persistence").find("loading_"), std::string::npos);
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
