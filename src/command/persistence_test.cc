// SAVE and its relatives, WAIT and WAITAOF: what they ask and wait for, and what they reply when it does not come.
#include "command/command_fixture.h"

namespace leat {
namespace {

class SaveTest : public CommandFixture {
 protected:
  CheckpointFacts& checkpoint() { return host().node().change_facts().checkpoint; }
};
using WaitTest = CommandFixture;
using LoadingTest = CommandFixture;

TEST_F(SaveTest, RepliesWhenTheCheckpointIsMade) {
  run("SET a 1");
  EXPECT_EQ(run("SAVE"), "parked");
  ASSERT_TRUE(awaits_checkpoint("main"));
  EXPECT_EQ(awaits_checkpoint("main")->number, 1U);
  EXPECT_EQ(awaits_checkpoint("main")->reply, "+OK\r\n");
  EXPECT_EQ(awaits_checkpoint("main")->failed,
            "-ERR The checkpoint was not made; the server's own messages say why\r\n");
  EXPECT_EQ(checkpoint().requested, CheckpointReason::kSave);
}

TEST_F(SaveTest, InTheBackgroundItOnlyAsks) {
  expect_refused({{"BGSAVE NOW", "-ERR syntax error"}});
  EXPECT_EQ(checkpoint().requested, std::nullopt);
  EXPECT_EQ(run("BGSAVE"), "+Background saving started");
  EXPECT_EQ(checkpoint().requested, CheckpointReason::kSave);
  checkpoint().requested.reset();
  EXPECT_EQ(run("BGSAVE SCHEDULE"), "+Background saving started");
  checkpoint().requested.reset();
  EXPECT_EQ(run("BGREWRITEAOF"), "+Background append only file rewriting started");
  EXPECT_EQ(checkpoint().requested, CheckpointReason::kRewrite);
}

TEST_F(SaveTest, OneAtATime) {
  constexpr const char* kSaving = "-ERR Background save already in progress";
  EXPECT_EQ(run("BGSAVE"), "+Background saving started");
  expect_refused({{"BGSAVE", kSaving}, {"BGSAVE SCHEDULE", kSaving}, {"SAVE", kSaving}});
  checkpoint() = {.running = true, .reason = CheckpointReason::kLogSize};
  expect_refused({{"BGSAVE", kSaving}, {"SAVE", kSaving}});
  EXPECT_EQ(run("BGREWRITEAOF"), "+Background append only file rewriting scheduled");
  EXPECT_EQ(checkpoint().requested, CheckpointReason::kRewrite);
}

TEST_F(SaveTest, BesideARewrite) {
  checkpoint() = {.running = true, .reason = CheckpointReason::kRewrite};
  expect_refused(
      {{"BGREWRITEAOF", "-ERR Background append only file rewriting already in progress"},
       {"SAVE", "-ERR Background save already in progress"},
       {"BGSAVE",
        "-ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE "
        "in order to schedule a BGSAVE whenever possible."}});
  EXPECT_EQ(run("BGSAVE SCHEDULE"), "+Background saving scheduled");
  EXPECT_EQ(checkpoint().requested, CheckpointReason::kSave);
}

TEST_F(SaveTest, InATransactionItIsScheduled) {
  expect({{"MULTI", "+OK"},
          {"BGSAVE", "+QUEUED"},
          {"EXEC", "[+Background saving scheduled]"},
          {"MULTI", "+OK"}});
  expect_refused({{"SAVE", "-ERR Command not allowed inside a transaction"}});
}

TEST_F(SaveTest, LastsaveIsTheTimeOfTheCheckpoint) {
  checkpoint().published_s = 1'700'000'001;
  EXPECT_EQ(run("LASTSAVE"), ":1700000001");
}

TEST_F(SaveTest, InfoTellsSnapshotsAndRewritesApart) {
  const auto shows = [this](const std::string& line) {
    return run("INFO persistence").find(line) != std::string::npos;
  };
  run("SET a 1");
  checkpoint() = {.running = true,
                  .reason = CheckpointReason::kSave,
                  .published = 3,
                  .last_duration_s = 4,
                  .running_s = 5,
                  .published_s = 1'700'000'001,
                  .lsn = Lsn{1}};
  for (const char* const line :
       {"rdb_bgsave_in_progress:1", "aof_rewrite_in_progress:0", "rdb_last_save_time:1700000001",
        "rdb_last_bgsave_time_sec:4", "rdb_current_bgsave_time_sec:5", "rdb_saves:3",
        "rdb_last_bgsave_status:ok", "rdb_changes_since_last_save:1", "leat_checkpoint_lsn:1"}) {
    EXPECT_TRUE(shows(line)) << line;
  }
  checkpoint().reason = CheckpointReason::kRewrite;
  checkpoint().last_ok = false;
  for (const char* const line :
       {"rdb_bgsave_in_progress:0", "aof_rewrite_in_progress:1", "rdb_last_bgsave_status:err",
        "rdb_current_bgsave_time_sec:-1", "aof_current_rewrite_time_sec:5"}) {
    EXPECT_TRUE(shows(line)) << line;
  }
}

TEST_F(SaveTest, ReloadReadsTheCheckpointBack) {
  host().change_settings().debug = DebugAccess::kAll;
  EXPECT_EQ(run("DEBUG RELOAD"), "parked");
  EXPECT_EQ(checkpoint().requested, CheckpointReason::kVerify);
  EXPECT_EQ(awaits_checkpoint("main")->reply, "+OK\r\n");
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

TEST_F(WaitTest, ShutdownSaveEndsTheServerAfterACheckpoint) {
  EXPECT_EQ(run("SHUTDOWN SAVE FORCE"), "parked");
  EXPECT_EQ(host().node().ends_after(), std::pair(uint64_t{1}, true));
  add_client("other");
  EXPECT_EQ(run_as("other", "SHUTDOWN ABORT"), "+OK");
  EXPECT_EQ(run_as("other", "SHUTDOWN ABORT"), "-ERR No shutdown in progress.");
  EXPECT_EQ(run_as("other", "SHUTDOWN SAVE"), "parked");
  EXPECT_EQ(host().node().ends_after(), std::pair(uint64_t{1}, false));
  EXPECT_FALSE(host().node().ended());
  EXPECT_EQ(awaits_checkpoint("other")->failed, "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
}

}  // namespace
}  // namespace leat
