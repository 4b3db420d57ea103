// Restorations: what they keep, and that a half-made one is never taken for a whole one.
#include <set>
#include <utility>

#include <gtest/gtest.h>

#include "storage/backup.h"
#include "storage/checkpoint_fixture.h"
#include "storage/log_reader.h"

namespace leat {
namespace {

class RestoreTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(node_.open());
    node_.settle();
  }
  Result<CopyFacts> restore(RestorePoint until = {}) {
    return restore_backup(node_.disk, node_.random, "b", "r", until);
  }
  // The files in `directory`, as those of a data directory.
  FakeDisk::Image files_in(const std::string& directory) {
    FakeDisk::Image image;
    for (const auto& [path, content] : node_.disk.image()) {
      if (path.starts_with(directory + "/")) image["d" + path.substr(directory.size())] = content;
    }
    return image;
  }
  // What a start on `directory` gives; nothing when it is refused.
  std::optional<std::vector<std::string>> start(const std::string& directory) {
    CheckpointFixture copy;
    copy.disk.load(files_in(directory));
    if (!copy.open()) return std::nullopt;
    epoch_ = copy.report.epoch;
    return copy.recovered.values;
  }
  void forget(const std::string& directory) {
    FakeDisk::Image image = node_.disk.image();
    std::erase_if(image, [&](const auto& file) { return file.first.starts_with(directory + "/"); });
    node_.disk.load(image);
  }

  CheckpointFixture node_;
  uint64_t epoch_ = 0;  // Of the last start.
};

// A checkpoint's last record may stand in the middle of a batch, which was written later than the checkpoint was begun.
TEST_F(RestoreTest, KeepsTheRecordsOfTheCheckpointWhenTheirBatchIsLaterThanTheMoment) {
  node_.turn({"a"});
  node_.append({"b"});
  const WallMs begun = node_.clock.wall();
  bool done = false;
  ASSERT_TRUE(node_.checkpoint([&] {
    if (std::exchange(done, true)) return;
    node_.clock.ns += 5000 * kNsPerMs;
    node_.turn({"c"});
  }));
  ASSERT_EQ(node_.writer->current()->lsn, 2U);
  ASSERT_TRUE(make_backup(node_.disk, "d", "b").ok());
  const auto made = restore({.wall = WallMs{begun.value + 1000}});
  ASSERT_TRUE(made.ok()) << made.error().detail;
  EXPECT_EQ(made.value().last.value, 2U);
  EXPECT_EQ(start("r"), (std::vector<std::string>{"a", "b"}));
}

TEST_F(RestoreTest, IsCompleteOrRefusedWhicheverStepIsTheLast) {
  for (int i = 0; i < 4; ++i) node_.turn({node_.value(6000), node_.value(10)});
  ASSERT_TRUE(node_.checkpoint());
  for (int i = 0; i < 4; ++i) node_.turn({node_.value(6000), node_.value(10)});
  ASSERT_TRUE(make_backup(node_.disk, "d", "b").ok());
  const auto backup = start("b");
  ASSERT_EQ(backup, node_.written);
  const RestorePoint until{.lsn = Lsn{14}};
  const uint64_t before = node_.disk.changes();
  ASSERT_TRUE(restore(until).ok());
  const uint64_t steps = node_.disk.changes() - before;
  ASSERT_GT(steps, 10U);
  for (const Keep keep : {Keep::kNothing, Keep::kAll, Keep::kEveryOther, Keep::kHalfOfLast}) {
    for (uint64_t step = 0; step <= steps; ++step) {
      SCOPED_TRACE(testing::Message() << "step " << step);
      forget("r");
      node_.disk.lose_power_at(step);
      const bool done = restore(until).ok();
      node_.disk.restore(keep);
      const auto found = start("r");
      if (done) {
        ASSERT_TRUE(found.has_value());
      }
      // Nothing but an empty directory starts as an empty server.
      if (found) {
        ASSERT_TRUE(*found == node_.first(14) || files_in("r").empty());
      }
      ASSERT_EQ(start("b"), backup);
    }
  }
}

// The original may go on, and a backup may be restored more than once: no two of them share an epoch.
TEST_F(RestoreTest, BeginsAHistoryOfItsOwn) {
  node_.turn({"a"});
  ASSERT_TRUE(make_backup(node_.disk, "d", "b").ok());
  std::set<uint64_t> epochs;
  ASSERT_TRUE(start("d").has_value());
  epochs.insert(epoch_);
  const uint64_t original = epoch_;
  for (int i = 0; i < 3; ++i) {
    forget("r");
    ASSERT_TRUE(restore().ok());
    ASSERT_TRUE(start("r").has_value());
    EXPECT_GT(epoch_, original);
    epochs.insert(epoch_);
  }
  EXPECT_EQ(epochs.size(), 4U);
}

// A server fills the last segment further, and a full disk has to show before it has applied what it can't write.
TEST_F(RestoreTest, TakesTheSpaceThatTheServerWillWriteTo) {
  node_.turn({"a"});
  ASSERT_TRUE(make_backup(node_.disk, "d", "b").ok());
  constexpr uint64_t kWithoutTheRest = LogFixture::kSegmentBytes - 1;
  node_.disk.set_capacity(node_.disk.used() + kWithoutTheRest);
  const auto full = restore();
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, Errc::kFull);
  EXPECT_EQ(start("r"), std::nullopt);
}

}  // namespace
}  // namespace leat
