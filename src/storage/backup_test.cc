// Backups of a log with checkpoints: complete or recognised as incomplete whatever fails at whichever step, with the source
// untouched; restored up to any record.
#include "storage/backup.h"

#include <gtest/gtest.h>

#include "storage/checkpoint_fixture.h"

namespace leat {
namespace {

class BackupTest : public testing::Test {
 protected:
  // Several segments, a checkpoint in the middle, and what comes behind it.
  void SetUp() override {
    ASSERT_TRUE(fixture_.open());
    fixture_.settle();
    write(3);
    ASSERT_TRUE(fixture_.checkpoint());
    fixture_.clean();
    checkpoint_ = fixture_.lsn;
    write(6);
    fixture_.pass(150);
  }
  void write(int times) {
    for (int i = 0; i < times; ++i) {
      fixture_.clock.ns += 1000 * kNsPerMs;
      fixture_.turn({fixture_.value(2500), fixture_.value(300)});
      fixture_.turn({fixture_.value(6000)});
    }
  }
  // What a start on `directory` gives; nothing when it is refused.
  std::optional<std::vector<std::string>> start(const std::string& directory) {
    FakeDisk::Image image;
    for (const auto& [path, content] : fixture_.disk.image()) {
      if (path.starts_with(directory + "/")) image["d" + path.substr(directory.size())] = content;
    }
    CheckpointFixture copy;
    copy.disk.load(image);
    if (!copy.open()) return std::nullopt;
    // It goes on as well.
    copy.turn({"one more"});
    EXPECT_EQ(copy.log->durable_lsn().value, copy.recovered.values.size() + 1);
    return copy.recovered.values;
  }
  Result<CopyFacts> backup() { return make_backup(fixture_.disk, "d", "b"); }
  Result<CopyFacts> restore(RestorePoint until = {}) {
    return restore_backup(fixture_.disk, fixture_.random, "b", "r", until);
  }

  CheckpointFixture fixture_;
  uint64_t checkpoint_ = 0;
};

TEST_F(BackupTest, HoldsAllThatWasWritten) {
  const auto made = backup();
  ASSERT_TRUE(made.ok()) << made.error().detail;
  EXPECT_EQ(made.value().last.value, fixture_.lsn);
  EXPECT_EQ(made.value().checkpoint.value, checkpoint_);
  EXPECT_EQ(made.value().last_wall, fixture_.clock.wall());
  EXPECT_GE(made.value().linked_files, 2U) << "the checkpoint and closed segments";
  EXPECT_EQ(made.value().copied_files, 3U) << "the manifest and two segments";
  EXPECT_EQ(start("b"), fixture_.written);
}

TEST_F(BackupTest, IsNotChangedByWhatTheServerDoesLater) {
  ASSERT_TRUE(backup().ok());
  const std::vector<std::string> then = fixture_.written;
  write(6);
  ASSERT_TRUE(fixture_.checkpoint());
  fixture_.clean();
  fixture_.crash(Keep::kNothing);
  ASSERT_TRUE(fixture_.open());
  write(4);
  EXPECT_EQ(start("b"), then);
}

TEST_F(BackupTest, CopiesWhereNothingCanBeLinked) {
  fixture_.disk.fail(FakeDisk::Op::kLink, Errc::kUnavailable);
  const auto made = backup();
  ASSERT_TRUE(made.ok()) << made.error().detail;
  EXPECT_EQ(made.value().copied_files, 4U);
  EXPECT_EQ(start("b"), fixture_.written);
}

TEST_F(BackupTest, LeavesABatchThatIsBeingWritten) {
  const std::vector<std::string> then = fixture_.written;
  fixture_.append({fixture_.value(3000)});
  fixture_.commit();
  // Half of it is there.
  fixture_.disk.fail(FakeDisk::Op::kWrite);
  ASSERT_FALSE(fixture_.loop.run(io::Lane::kCommit).ok());
  const auto made = backup();
  ASSERT_TRUE(made.ok()) << made.error().detail;
  EXPECT_EQ(start("b"), then);
}

TEST_F(BackupTest, IsCompleteOrRefusedWhicheverStepIsTheLast) {
  const uint64_t before = fixture_.disk.changes();
  ASSERT_TRUE(backup().ok());
  const uint64_t steps = fixture_.disk.changes() - before;
  ASSERT_GT(steps, 15U);
  const FakeDisk::Image source = fixture_.disk.image();
  for (const Keep keep : {Keep::kNothing, Keep::kAll, Keep::kEveryOther, Keep::kHalfOfLast}) {
    for (uint64_t step = 0; step <= steps; ++step) {
      SCOPED_TRACE(testing::Message() << "step " << step);
      FakeDisk::Image image = source;
      std::erase_if(image, [](const auto& file) { return file.first.starts_with("b/"); });
      fixture_.disk.load(image);
      fixture_.disk.lose_power_at(step);
      const bool done = backup().ok();
      fixture_.disk.restore(keep);
      const auto found = start("b");
      if (done) {
        ASSERT_TRUE(found.has_value());
      }
      // An empty directory starts as an empty server: there is nothing that could be taken for a backup.
      if (found && !found->empty()) {
        ASSERT_EQ(*found, fixture_.written);
      }
      ASSERT_EQ(start("d"), fixture_.written) << "the source";
    }
  }
}

TEST_F(BackupTest, SaysWhatItCanNotDo) {
  EXPECT_EQ(make_backup(fixture_.disk, "nothing", "b").error().code, Errc::kInvalid);
  fixture_.disk.set_capacity(fixture_.disk.used() + 2000);
  const auto full = backup();
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, Errc::kFull);
  EXPECT_EQ(start("b"), std::nullopt);
}

TEST_F(BackupTest, IsRestoredUpToEveryRecord) {
  ASSERT_TRUE(backup().ok());
  for (uint64_t lsn = checkpoint_; lsn <= fixture_.lsn; ++lsn) {
    SCOPED_TRACE(testing::Message() << "record " << lsn);
    const auto made = restore({.lsn = Lsn{lsn}});
    ASSERT_TRUE(made.ok()) << made.error().detail;
    // A turn wrote two records that are one change and then one: records 1 and 2, 3, 4 and 5, 6 ...
    const uint64_t reached = lsn % 3 == 1 && lsn > checkpoint_ ? lsn - 1 : lsn;
    EXPECT_EQ(made.value().last.value, reached);
    EXPECT_EQ(start("r"), fixture_.first(reached));
    FakeDisk::Image image = fixture_.disk.image();
    std::erase_if(image, [](const auto& file) { return file.first.starts_with("r/"); });
    fixture_.disk.load(image);
  }
}

TEST_F(BackupTest, IsRestoredUpToAMoment) {
  ASSERT_TRUE(backup().ok());
  // Two turns, with three records, each second.
  const WallMs moment{fixture_.clock.wall().value - int64_t{2} * 1000 - 1};
  const auto made = restore({.wall = moment});
  ASSERT_TRUE(made.ok()) << made.error().detail;
  EXPECT_LE(made.value().last_wall, moment);
  EXPECT_GT(made.value().last_wall.value, moment.value - 1000);
  EXPECT_LT(made.value().last.value, fixture_.lsn);
  EXPECT_EQ(start("r"), fixture_.first(made.value().last.value));
}

TEST_F(BackupTest, IsNotRestoredToAPointThatItDoesNotHold) {
  ASSERT_TRUE(backup().ok());
  const auto early = restore({.lsn = Lsn{checkpoint_ - 1}});
  ASSERT_FALSE(early.ok());
  EXPECT_NE(early.error().detail.find("begins with a checkpoint at record"), std::string::npos);
  EXPECT_EQ(restore({.wall = WallMs{1}}).error().code, Errc::kInvalid);
  const auto late = restore({.lsn = Lsn{fixture_.lsn + 1}});
  ASSERT_FALSE(late.ok());
  EXPECT_NE(late.error().detail.find("ends with record"), std::string::npos);
}

TEST_F(BackupTest, IsNotRestoredWhenItIsDamaged) {
  ASSERT_TRUE(backup().ok());
  std::string last;
  for (const auto& [path, content] : fixture_.disk.image()) {
    if (path.starts_with("b/log-")) last = last.empty() ? path : last;
  }
  fixture_.disk.damage(last, [](std::string& content) { content[9000] ^= 1; });
  const auto made = restore();
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Errc::kCorrupt);
}

}  // namespace
}  // namespace leat
