// When checkpoints are made, that they hold the state, and that a failed one does no harm. On a disk in memory.
#include "server/checkpoint_runner.h"

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "engine/state_loader.h"
#include "engine/state_writer.h"
#include "server/shard_frames.h"
#include "storage/frame_format.h"
#include "storage/log_fixture.h"
#include "storage/log_reader.h"

namespace leat {
namespace {

constexpr uint32_t kDatabases = 4;

class Replayed final : public RecordSink {
 public:
  bool on_pieces(Bytes pieces) override { return loader.take(pieces); }
  bool on_state(Lsn lsn) override {
    return loader.finish() && engine.last_lsn() == lsn && frames.files().adopt().ok();
  }
  bool on_record(Lsn lsn, const RecordView& record) override {
    return lsn.value == engine.last_lsn().value + 1 && engine.apply(record);
  }
  void on_progress(uint64_t /*done*/, uint64_t /*total*/) override {}
  Engine engine{kDatabases};
  ShardFrames frames{engine};
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
    engine().share().set_size(cache_bytes_);
    engine().share().seals.set_frame_bytes(400);
    LogScan scan;
    ASSERT_TRUE(read_superblock(disk_, options_.directory, scan).ok());
    if (scan.exists) open_frames(scan.superblock.uuid);
    auto log = Log::open(world(), options_, node_->state, node_->report);
    ASSERT_TRUE(log.ok()) << log.error().detail;
    node_->log = std::move(log).value();
    if (!scan.exists) open_frames(node_->log->identity().uuid);
    frames().files().remove_orphans();
    node_->runner = std::make_unique<CheckpointRunner>(world(), node_->state.engine, *node_->log,
                                                       frames(), options_.directory, kDatabases);
    node_->runner->set(settings_);
    turns();
  }
  void open_frames(const LogUuid& uuid) {
    ASSERT_TRUE(
        frames().open(world(), {.directory = "d", .uuid = uuid, .file_bytes = 4 << 10}).ok());
  }
  void crash(Keep keep) {
    node_.reset();
    loop_.forget();
    disk_.restore(keep);
  }
  Engine& engine() { return node_->state.engine; }
  ShardFrames& frames() { return node_->state.frames; }
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
  // An entry of 60 bytes that nobody compresses much.
  static std::string wire(uint64_t number) {
    std::string value;
    for (; value.size() < 40; number = number * 6364136223846793005U + 11)
      value += static_cast<char>('!' + (number >> 33) % 90);
    return "$5\r\nfield\r\n$40\r\n" + value + "\r\n";
  }
  // XADD, four entries a block.
  void add(const std::string& key, uint64_t number) {
    const size_t start = log().batch().size();
    const Object* object = engine().keyspace().find(DbIndex{0}, key);
    const ObjectId id = object == nullptr ? engine().keyspace().next_id() : object->id;
    if (object == nullptr) record(KeyCreate{.object = id, .kind = ObjectKind::kStream, .key = key});
    record(StreamAppend{.object = id,
                        .new_block = number % 4 == 0,
                        .id = {number + 1, 0},
                        .elements = 2,
                        .wire = wire(random_.next())});
    end_group(log().batch(), start);
  }
  void drop(const std::string& key) {
    const size_t start = log().batch().size();
    record(KeyDrop{engine().keyspace().find(DbIndex{0}, key)->id});
    end_group(log().batch(), start);
  }
  // Entries of these streams, which are sealed by the way.
  void fill(const std::vector<std::string>& keys, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; ++i) {
      for (const std::string& key : keys) add(key, i);
      turn();
    }
    turns();
  }
  template <typename Record>
  void record(const Record& record) {
    RecordWriter(log().batch()).put(record);
    ASSERT_TRUE(engine().apply_decoded(record));
  }
  void turn() {
    const Now now{.wall = clock_.wall(), .mono = clock_.mono()};
    log().commit(engine().last_lsn(), now.wall, now.mono);
    frames().end_turn(now.mono);
    while (engine().reaping()) engine().reap(100);
    runner().step(now, MonoNs{now.mono.value + kNsPerMs});
    for (size_t i = 0; i < io::kLanes; ++i) {
      const auto lane = static_cast<io::Lane>(i);
      if (!loop_.job(lane)) continue;
      if (lane ==
          std::exchange(failing_lane_, lane == failing_lane_ ? std::nullopt : failing_lane_))
        disk_.fail(FakeDisk::Op::kSync);
      done(lane, loop_.run(lane));
    }
    clock_.ns += kNsPerMs;
  }
  void done(io::Lane lane, const Status& status) {
    switch (lane) {
      case io::Lane::kCheckpoint:
        return runner().on_disk(status);
      case io::Lane::kFrames:
      case io::Lane::kFetch:
        return frames().on_disk(lane, status);
      default:
        return log().on_disk(lane, status);
    }
  }
  // Turns until nothing is to be done any more.
  void turns() {
    const auto busy = [this] {
      return runner().has_work() || !runner().settled() || !frames().settled() ||
             frames().has_work(clock_.mono());
    };
    // A small checkpoint begins, is written down, handed over, finished, and asks the log for a sync: nobody is busy until
    // the turn after that begins it.
    for (int i = 0; i < 6; ++i) turn();
    for (int i = 0; i < 2000 && busy(); ++i) turn();
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
  size_t cache_bytes_ = 2;                // All full blocks are sealed.
  std::optional<io::Lane> failing_lane_;  // The next sync of this lane fails.
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

// Who waits for a commit must not wait for a disk that frees a whole segment.
TEST_F(CheckpointRunnerTest, TheBytesOfWhatIsReclaimedAreGivenBackBitByBit) {
  constexpr uint64_t kMegabyte = 1 << 20;
  disk_.hand_over_detached();
  const std::string large(4 * kMegabyte, 'x');
  for (int i = 0; i < 3; ++i) {
    set("key", large);
    turns();
  }
  set("key", "small");
  turns();
  runner().request(CheckpointReason::kSave);
  for (int i = 0; i < 1000 && disk_.detached_bytes() < 3 * kMegabyte; ++i) turn();
  EXPECT_EQ(facts().ended, 1U);
  ASSERT_GT(disk_.detached_bytes(), 3 * kMegabyte) << "a segment has lost its name";
  const uint64_t before = disk_.detached_bytes();
  for (int i = 0; i < 50; ++i) turn();
  EXPECT_LT(disk_.detached_bytes(), before);
  EXPECT_GT(disk_.detached_bytes() + 5 * kMegabyte, before) << "50 ms: 2.5 MB, and a piece";
  EXPECT_FALSE(runner().has_work()) << "until the next piece may go";
  pass(1000);
  turns();
  EXPECT_LE(disk_.detached_bytes(), 4 * kMegabyte) << "what is left of the last piece of each";
  EXPECT_LE(count("log-"), 2U);
}

TEST_F(CheckpointRunnerTest, WhoWaitsForTheNextCheckpointDoesNotWaitForTheBytesOfTheLast) {
  disk_.hand_over_detached();
  for (int i = 0; i < 3; ++i) {
    set("key", std::string(8 << 20, 'x'));
    turns();
  }
  set("key", "small");
  turns();
  runner().request(CheckpointReason::kSave);
  for (int i = 0; i < 1000 && disk_.detached_bytes() < (4U << 20); ++i) turn();
  ASSERT_GT(disk_.detached_bytes(), 4U << 20);
  runner().request(CheckpointReason::kSave);
  for (int i = 0; i < 60; ++i) turn();
  EXPECT_EQ(facts().ended, 2U) << "60 ms later, and not half a second";
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

// A look at the clock stands behind every slice: where those are slow, a turn has fewer of them.
TEST_F(CheckpointRunnerTest, ATurnWritesDownWhatItHasTimeFor) {
  for (int i = 0; i < 500; ++i) {
    set("key" + std::to_string(i), std::string(1000, 'x'));
    turn();
  }
  turns();
  runner().request(CheckpointReason::kSave);
  turn();
  const ByteBuffer& out = engine().checkpoint()->out();
  const char* const begin = out.bytes();
  const auto written = [&] {
    const size_t before = out.size();
    turn();
    return out.size() - before;
  };
  const size_t quick = written();
  EXPECT_GT(quick, 100U << 10);
  EXPECT_LT(quick, 140U << 10);
  clock_.ns_per_look = kNsPerMs / 5 * 2;
  const size_t slow = written();
  EXPECT_GT(slow, 18U << 10);
  EXPECT_LT(slow, 28U << 10) << "three slices";
  clock_.ns_per_look = 5 * kNsPerMs;
  const size_t slowest = written();
  EXPECT_GT(slowest, 6U << 10) << "it gets on, however slow";
  EXPECT_LT(slowest, 10U << 10);
  clock_.ns_per_look = 0;
  while (out.size() < 400U << 10) turn();
  EXPECT_EQ(out.bytes(), begin) << "the buffer is not moved as it fills";
  turns();
  EXPECT_TRUE(facts().last_ok);
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

// What is sealed and named by a checkpoint outlives the log that it came from.
TEST_F(CheckpointRunnerTest, SealedFramesStandInItsPlaceOfTheLog) {
  fill({"a", "b"}, 0, 200);
  EXPECT_GT(frames().files().facts().sealed, 20U);
  EXPECT_GT(count("log-"), 1U);
  runner().request(CheckpointReason::kVerify);
  turns();
  ASSERT_TRUE(facts().last_ok);
  EXPECT_LT(facts().bytes, 8'000U) << "it names the frames and does not hold what is in them";
  const uint64_t digest = engine().digest();
  const uint64_t fences = engine().share().frames.fences();
  EXPECT_GT(fences, 20U);
  crash(Keep::kNothing);
  start();
  EXPECT_EQ(node_->report.records, 0U);
  EXPECT_EQ(engine().share().frames.fences(), fences);
  EXPECT_EQ(engine().digest(), digest);
}

TEST_F(CheckpointRunnerTest, FramesThatNoCheckpointNamesGoAtTheStart) {
  fill({"a"}, 0, 50);
  runner().request(CheckpointReason::kSave);
  turns();
  const std::string named = frame_file_name(0, count("frames-"));
  fill({"a"}, 50, 400);
  const std::string unnamed = frame_file_name(0, count("frames-"));
  ASSERT_LT(named, unnamed);
  const uint64_t digest = engine().digest();
  crash(Keep::kAll);
  start();
  EXPECT_TRUE(disk_.exists("d/" + named));
  EXPECT_FALSE(disk_.exists("d/" + unnamed)) << "what it held is in the log";
  EXPECT_EQ(engine().digest(), digest);
}

// The checkpoint before still needs them.
TEST_F(CheckpointRunnerTest, FramesGoWhenTheNextCheckpointDoesNotNameThem) {
  fill({"a", "b"}, 0, 200);
  runner().request(CheckpointReason::kSave);
  turns();
  const size_t named = count("frames-");
  EXPECT_GT(named, 2U);
  drop("a");
  drop("b");
  turns();
  EXPECT_EQ(count("frames-"), named);
  runner().request(CheckpointReason::kSave);
  turns();
  EXPECT_LE(count("frames-"), 1U) << "but for the open one";
}

TEST_F(CheckpointRunnerTest, FramesThatAreNotDurableAreNotNamed) {
  fill({"a"}, 0, 100);
  runner().request(CheckpointReason::kSave);
  failing_lane_ = io::Lane::kFrames;
  turns();
  ASSERT_FALSE(failing_lane_);
  EXPECT_EQ(facts().ended, 1U);
  EXPECT_FALSE(facts().last_ok);
  EXPECT_EQ(count("manifest-"), 0U);
  EXPECT_EQ(frames().files().facts().doubtful_files, 1U);
  // They are written anew, and then can be named.
  pass(1000);
  turns();
  EXPECT_GT(frames().files().facts().rewritten, 0U);
  EXPECT_EQ(frames().files().facts().doubtful_files, 0U);
  runner().request(CheckpointReason::kVerify);
  turns();
  EXPECT_TRUE(facts().last_ok);
  const uint64_t digest = engine().digest();
  crash(Keep::kNothing);
  start();
  EXPECT_EQ(engine().digest(), digest);
}

TEST_F(CheckpointRunnerTest, FilesThatAreMostlyDeadAreCleaned) {
  fill({"a", "b", "c"}, 0, 200);
  runner().request(CheckpointReason::kSave);
  turns();
  const size_t before = count("frames-");
  drop("a");
  drop("b");
  turns();
  const uint64_t digest = engine().digest();
  for (int i = 0; i < 3; ++i) {
    pass(1000);
    turns();
  }
  EXPECT_GT(frames().files().facts().rewritten, 20U);
  EXPECT_EQ(engine().digest(), digest);
  EXPECT_GE(count("frames-"), before) << "the checkpoint names the old ones";
  runner().request(CheckpointReason::kVerify);
  turns();
  EXPECT_TRUE(facts().last_ok);
  EXPECT_LT(count("frames-"), before / 2 + 2);
  crash(Keep::kNothing);
  start();
  EXPECT_EQ(engine().digest(), digest);
}

// The power goes at every change of the disk that a life with seals, checkpoints, cleaning and a start makes.
TEST_F(CheckpointRunnerTest, ACrashAtAnyMomentLosesNothing) {
  const Keep kinds[] = {Keep::kNothing, Keep::kAll, Keep::kEveryOther, Keep::kHalfOfLast};
  uint64_t lived = 0;
  for (uint64_t at = 0; lived == 0 || at <= lived; at += 3) {
    node_.reset();
    disk_ = FakeDisk();
    start();
    disk_.lose_power_at(at);
    std::map<uint64_t, uint64_t> digests = {{0, engine().digest()}};
    const auto step = [&](const std::function<void()>& act) {
      act();
      digests[engine().last_lsn().value] = engine().digest();
      turn();
    };
    for (uint64_t i = 0; i < 100; ++i) {
      step([&] { add("a", i); });
      step([&] { add("b", i); });
      if (i % 40 == 20) runner().request(CheckpointReason::kSave);
      if (i == 70) step([&] { drop("a"); });
      if (i % 10 == 0) pass(500);
    }
    turns();
    if (disk_.powered()) lived = disk_.changes();
    const uint64_t durable = log().durable_lsn().value;
    crash(kinds[at % 4]);
    start();
    const uint64_t last = engine().last_lsn().value;
    ASSERT_GE(last, durable) << "power lost at change " << at;
    ASSERT_EQ(engine().digest(), digests.at(last)) << "power lost at change " << at;
    if (lived != 0) break;
  }
  EXPECT_GT(lived, 300U);
}

// Entries of 100 KB, a frame each, until writers have to wait.
TEST_F(CheckpointRunnerTest, WritersWaitForSealingThatIsBehindAsLongAsItGoesOn) {
  add("a", 0);
  const ObjectId id = engine().keyspace().find(DbIndex{0}, "a")->id;
  const std::string wire = "$5\r\nfield\r\n$100000\r\n" + std::string(100'000, 'x') + "\r\n";
  uint64_t number = 10;
  const auto append = [&](int entries) {
    for (int i = 0; i < entries; ++i) {
      const size_t start = log().batch().size();
      record(StreamAppend{
          .object = id, .new_block = true, .id = {++number, 0}, .elements = 2, .wire = wire});
      end_group(log().batch(), start);
    }
  };
  append(30);
  turn();
  EXPECT_FALSE(frames().behind()) << "a small excess";
  turns();
  append(100);
  turn();
  EXPECT_TRUE(frames().behind());
  for (int i = 0; i < 100 && frames().behind(); ++i) turn();
  EXPECT_FALSE(frames().behind());
  EXPECT_GT(engine().share().seals.hot_bytes(), ShardFrames::kExcessMin / 2)
      << "no longer than needed";
  turns();
  engine().share().seals.set_paused(true);
  append(100);
  turn();
  EXPECT_FALSE(frames().behind()) << "nobody waits for what does not go on";
}

}  // namespace
}  // namespace leat
