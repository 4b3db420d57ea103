// When checkpoints are made, that they hold the state, and that a failed one does no harm. On a disk in memory.
#include "server/checkpoint_runner.h"

#include <gtest/gtest.h>

#include "engine/state_loader.h"
#include "storage/log_fixture.h"

namespace leat {
namespace {

constexpr uint32_t kDatabases = 4;

class Replayed final : public RecordSink {
 public:
  bool on_pieces(Bytes pieces) override { return loader.take(pieces); }
  bool on_state(Lsn lsn) override { return loader.finish() && engine.last_lsn() == lsn; }
  bool on_record(Lsn lsn, const RecordView& record) override {
    return lsn.value == engine.last_lsn().value + 1 && engine.apply(record);
  }
  void on_progress(uint64_t /*done*/, uint64_t /*total*/) override {}
  Engine engine{kDatabases};
  StateLoader loader{engine};
};

class CheckpointRunnerTest : public testing::Test {
 protected:
  CheckpointRunnerTest() {
    options_.directory = "d";
    options_.segment_bytes = 32 << 10;
    settings_.log_bytes = 0;
    start();
  }

  io::World world() { return {clock_, random_, disk_, loop_}; }
  // Recovers what is on the disk.
  void start() {
    node_.reset();
    loop_.forget();
    node_ = std::make_unique<Node>();
    auto log = Log::open(world(), options_, node_->state, node_->report);
    ASSERT_TRUE(log.ok()) << log.error().detail;
    node_->log = std::move(log).value();
    node_->runner = std::make_unique<CheckpointRunner>(world(), node_->state.engine, *node_->log,
                                                       options_.directory, kDatabases);
    node_->runner->set(settings_);
    turns();
  }
  void crash(Keep keep) {
    node_.reset();
    loop_.forget();
    disk_.restore(keep);
  }
  Engine& engine() { return node_->state.engine; }
  Log& log() { return *node_->log; }
  CheckpointRunner& runner() { return *node_->runner; }
  CheckpointFacts facts() { return runner().facts(); }
  std::vector<std::string> names() { return disk_.list("d").value(); }
  size_t count(Bytes prefix) {
    size_t found = 0;
    for (const std::string& name : names()) found += name.starts_with(prefix) ? 1U : 0U;
    return found;
  }

  // SET of a key, as a group of records.
  void set(const std::string& key, const std::string& value) {
    const size_t start = log().batch().size();
    const Object* object = engine().keyspace().find(DbIndex{0}, key);
    const ObjectId id = object == nullptr ? engine().keyspace().next_id() : object->id;
    if (object == nullptr) record(KeyCreate{.object = id, .kind = ObjectKind::kString, .key = key});
    record(StringSet{.object = id, .value = value});
    end_group(log().batch(), start);
  }
  template <typename Record>
  void record(const Record& record) {
    RecordWriter(log().batch()).put(record);
    ASSERT_TRUE(engine().apply_decoded(record));
  }
  void turn() {
    const Now now{.wall = clock_.wall(), .mono = clock_.mono()};
    log().commit(engine().last_lsn(), now.wall, now.mono);
    runner().step(now);
    for (size_t i = 0; i < io::kLanes; ++i) {
      const auto lane = static_cast<io::Lane>(i);
      if (!loop_.job(lane)) continue;
      const Status status = loop_.run(lane);
      lane == io::Lane::kCheckpoint ? runner().on_disk(status) : log().on_disk(lane, status);
    }
    clock_.ns += kNsPerMs;
  }
  // Turns until nothing is to be done any more.
  void turns() {
    for (int i = 0; i < 5; ++i) turn();
    for (int i = 0; i < 2000 && (runner().has_work() || !runner().settled()); ++i) turn();
    EXPECT_FALSE(runner().has_work());
  }
  void pass(int64_t ms) { clock_.ns += ms * kNsPerMs; }

  struct Node {
    Replayed state;
    RecoveryReport report;
    std::unique_ptr<Log> log;
    std::unique_ptr<CheckpointRunner> runner;
  };
  FakeClock clock_;
  FakeRandom random_;
  FakeDisk disk_;
  FakeLoop loop_{disk_};
  LogOptions options_;
  CheckpointSettings settings_;
  std::unique_ptr<Node> node_;
};

TEST_F(CheckpointRunnerTest, OnRequestTheStateIsWrittenAndTheLogReclaimed) {
  for (int i = 0; i < 40; ++i) {
    set("key" + std::to_string(i % 7), std::string(static_cast<size_t>(3000 + i), 'x'));
    turn();
  }
  EXPECT_GT(count("log-"), 3U);
  const uint64_t number = runner().request(CheckpointReason::kSave);
  EXPECT_EQ(number, 1U);
  EXPECT_EQ(facts().requested, CheckpointReason::kSave);
  turn();
  EXPECT_TRUE(facts().running);
  EXPECT_EQ(facts().ended, 0U);
  const Lsn state = engine().last_lsn();
  // What happens meanwhile is not in it, and is not lost.
  for (int i = 0; i < 7; ++i) {
    set("key" + std::to_string(i), "later");
    turn();
  }
  turns();
  EXPECT_EQ(facts().ended, 1U);
  EXPECT_TRUE(facts().last_ok);
  EXPECT_EQ(facts().published, 1U);
  EXPECT_EQ(facts().lsn, state);
  EXPECT_EQ(facts().published_s, clock_.wall().value / 1000);
  EXPECT_LE(count("log-"), 3U);
  const uint64_t digest = engine().digest();
  crash(Keep::kNothing);
  start();
  EXPECT_EQ(node_->report.checkpoint, state);
  EXPECT_EQ(engine().digest(), digest);
  EXPECT_EQ(facts().lsn, state);
}

TEST_F(CheckpointRunnerTest, TheLogsGrowthAsksForIt) {
  settings_.log_bytes = 20'000;
  runner().set(settings_);
  for (int i = 0; i < 4; ++i) {
    set("key", std::string(3000, 'x'));
    turns();
  }
  EXPECT_EQ(facts().published, 0U);
  for (int i = 0; i < 4; ++i) {
    set("key", std::string(3000, 'x'));
    turns();
  }
  EXPECT_EQ(facts().published, 1U);
  EXPECT_LT(facts().log_bytes, 10'000U);
}

// Otherwise a large state would be written again and again for a little log.
TEST_F(CheckpointRunnerTest, ALargeStateWaitsForAsMuchLog) {
  set("large", std::string(100'000, 'x'));
  runner().request(CheckpointReason::kSave);
  turns();
  ASSERT_EQ(facts().published, 1U);
  settings_.log_bytes = 20'000;
  runner().set(settings_);
  for (int i = 0; i < 20; ++i) {
    set("key", std::string(4000, 'x'));
    turns();
  }
  EXPECT_EQ(facts().published, 1U);
  for (int i = 0; i < 10; ++i) {
    set("key", std::string(4000, 'x'));
    turns();
  }
  EXPECT_EQ(facts().published, 2U);
}

TEST_F(CheckpointRunnerTest, ARestartCountsTheLogThatItReplayed) {
  set("key", std::string(15'000, 'x'));
  turns();
  crash(Keep::kNothing);
  settings_.log_bytes = 14'000;
  start();
  EXPECT_EQ(facts().published, 1U);
}

TEST_F(CheckpointRunnerTest, WithEverysecItWaitsForTheSync) {
  log().set_sync_mode(SyncMode::kEverySec);
  set("key", "value");
  turn();
  EXPECT_LT(log().durable_lsn(), engine().last_lsn());
  runner().request(CheckpointReason::kSave);
  turns();
  EXPECT_EQ(facts().published, 1U);
  EXPECT_GE(log().durable_lsn(), facts().lsn);
}

TEST_F(CheckpointRunnerTest, AFailureIsGivenUpAndTriedAgain) {
  settings_.log_bytes = 10'000;
  runner().set(settings_);
  set("key", std::string(12'000, 'x'));
  disk_.fail(FakeDisk::Op::kSync, Errc::kIo, 2);
  turns();
  ASSERT_EQ(facts().ended, 1U);
  EXPECT_FALSE(facts().last_ok);
  EXPECT_FALSE(log().failure());
  EXPECT_EQ(engine().checkpoint(), nullptr);
  EXPECT_EQ(count("checkpoint-"), 0U);
  pass(5'000);
  turns();
  EXPECT_EQ(facts().ended, 1U) << "not again at once";
  pass(6'000);
  turns();
  EXPECT_EQ(facts().ended, 2U);
  EXPECT_TRUE(facts().last_ok);
}

TEST_F(CheckpointRunnerTest, WhoAsksMeanwhileGetsTheNextOne) {
  set("key", "value");
  EXPECT_EQ(runner().request(CheckpointReason::kSave), 1U);
  turn();
  set("key", "other");
  EXPECT_EQ(runner().request(CheckpointReason::kRewrite), 2U);
  EXPECT_EQ(runner().request(CheckpointReason::kVerify), 2U);
  EXPECT_EQ(facts().requested, CheckpointReason::kVerify);
  turns();
  EXPECT_EQ(facts().ended, 2U);
  EXPECT_TRUE(facts().last_ok);
  EXPECT_EQ(facts().lsn, engine().last_lsn());
}

TEST_F(CheckpointRunnerTest, AVerificationReadsItBack) {
  set("key", std::string(2000, 'x'));
  runner().request(CheckpointReason::kVerify);
  turns();
  EXPECT_TRUE(facts().last_ok);
  // Its file is damaged while it is published.
  runner().request(CheckpointReason::kVerify);
  while (count("checkpoint-0-0000000002") == 0) turn();
  while (disk_.content("d/checkpoint-0-0000000002.ckp").size() < 2000) turn();
  disk_.damage("d/checkpoint-0-0000000002.ckp", [](std::string& content) { content[1000] ^= 1; });
  turns();
  EXPECT_EQ(facts().ended, 2U);
  EXPECT_FALSE(facts().last_ok);
}

TEST_F(CheckpointRunnerTest, WhenTheServerStopsItIsGivenUp) {
  set("key", std::string(2000, 'x'));
  runner().request(CheckpointReason::kSave);
  turn();
  turn();
  runner().stop();
  for (int i = 0; i < 10 && !runner().settled(); ++i) turn();
  EXPECT_TRUE(runner().settled());
  EXPECT_FALSE(runner().has_work());
  EXPECT_EQ(engine().checkpoint(), nullptr);
  EXPECT_EQ(count("checkpoint-"), 0U);
  runner().request(CheckpointReason::kSave);
  turns();
  EXPECT_EQ(count("checkpoint-"), 0U);
}

TEST_F(CheckpointRunnerTest, AFailedLogMakesNoCheckpoints) {
  set("key", "value");
  runner().request(CheckpointReason::kSave);
  turn();
  disk_.fail(FakeDisk::Op::kWrite);
  set("key", "other");
  turns();
  ASSERT_TRUE(log().failure());
  EXPECT_EQ(count("manifest-"), 0U);
  EXPECT_EQ(count("checkpoint-"), 0U);
}

TEST_F(CheckpointRunnerTest, LeftoversGoAfterTheStart) {
  set("key", "value");
  runner().request(CheckpointReason::kSave);
  turns();
  crash(Keep::kNothing);
  FakeDisk::Image image = disk_.image();
  image["d/checkpoint-0-0000000009.ckp"] = "half";
  image["d/manifest-0.new"] = "half";
  disk_.load(image);
  start();
  EXPECT_EQ(count("checkpoint-"), 1U);
  EXPECT_EQ(count("manifest-"), 1U);
}

}  // namespace
}  // namespace leat
