// The simulated disk loses what a real one may lose, and nothing else.
#include "sim/sim_disk.h"

#include <gtest/gtest.h>

namespace leat::sim {
namespace {

constexpr int kTries = 200;

std::string read_all(SimDisk& disk, const std::string& path) {
  auto file = disk.open(path, io::OpenMode::kRead);
  if (!file.ok()) return "(none)";
  std::string bytes(file.value()->size().value(), '\0');
  EXPECT_TRUE(file.value()->read(0, bytes.data(), bytes.size()).ok());
  return bytes;
}

std::unique_ptr<io::File> create(SimDisk& disk, const std::string& path, Bytes bytes) {
  auto file = disk.open(path, io::OpenMode::kCreate);
  EXPECT_TRUE(file.ok());
  EXPECT_TRUE(file.value()->write(0, bytes).ok());
  EXPECT_TRUE(file.value()->sync().ok());
  EXPECT_TRUE(disk.sync_directory("d").ok());
  return std::move(file).value();
}

TEST(SimDisk, KeepsWhatWasSyncedOverAPowerFailure) {
  SimRandom random(1);
  SimDisk disk(random);
  create(disk, "d/a", "kept");
  disk.lose_power();
  EXPECT_EQ(read_all(disk, "d/a"), "kept");
}

TEST(SimDisk, KeepsOrLosesEachUnsyncedSectorByItself) {
  int kept_all = 0;
  int lost_all = 0;
  int mixed = 0;
  for (int seed = 0; seed < kTries; ++seed) {
    SimRandom random(static_cast<uint64_t>(seed));
    SimDisk disk(random);
    const std::string old(4 * kSector, 'o');
    const std::string fresh(4 * kSector, 'n');
    auto file = create(disk, "d/a", old);
    ASSERT_TRUE(file->write(0, fresh).ok());
    EXPECT_EQ(read_all(disk, "d/a"), fresh) << "the page cache shows it at once";
    disk.lose_power();
    const std::string left = read_all(disk, "d/a");
    ASSERT_EQ(left.size(), old.size());
    for (size_t at = 0; at < left.size(); at += kSector) {
      const std::string sector = left.substr(at, kSector);
      EXPECT_TRUE(sector == old.substr(at, kSector) || sector == fresh.substr(at, kSector));
    }
    left == fresh ? ++kept_all : left == old ? ++lost_all : ++mixed;
  }
  EXPECT_GT(kept_all, 0);
  EXPECT_GT(lost_all, 0);
  EXPECT_GT(mixed, 0);
}

TEST(SimDisk, MayLoseANameThatNoDirectorySyncHasCovered) {
  int kept = 0;
  for (int seed = 0; seed < kTries; ++seed) {
    SimRandom random(static_cast<uint64_t>(seed));
    SimDisk disk(random);
    auto file = disk.open("d/a", io::OpenMode::kCreate);
    ASSERT_TRUE(file.value()->write(0, "x").ok());
    ASSERT_TRUE(file.value()->sync().ok());
    disk.lose_power();
    kept += disk.exists("d/a") ? 1 : 0;
  }
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, kTries);
}

TEST(SimDisk, RenamesAtomically) {
  for (int seed = 0; seed < kTries; ++seed) {
    SimRandom random(static_cast<uint64_t>(seed));
    SimDisk disk(random);
    create(disk, "d/a", "x");
    ASSERT_TRUE(disk.rename("d/a", "d/b").ok());
    disk.lose_power();
    EXPECT_NE(disk.exists("d/a"), disk.exists("d/b"));
  }
}

TEST(SimDisk, DropsThePagesOfAFailedSync) {
  int lost = 0;
  for (int seed = 0; seed < kTries; ++seed) {
    SimRandom random(static_cast<uint64_t>(seed));
    SimDisk disk(random);
    auto file = create(disk, "d/a", "old");
    ASSERT_TRUE(file->write(0, "new").ok());
    disk.faults.sync_error = 1;
    EXPECT_FALSE(file->sync().ok());
    disk.faults.sync_error = 0;
    EXPECT_TRUE(file->sync().ok()) << "the pages count as clean";
    disk.lose_power();
    lost += read_all(disk, "d/a") == "old" ? 1 : 0;
  }
  EXPECT_GT(lost, 0) << "the second sync must not have saved what the first one dropped";
  EXPECT_LT(lost, kTries);
}

TEST(SimDisk, RefusesGrowthBeyondItsQuotaAndOverwritesAlways) {
  SimRandom random(1);
  SimDisk disk(random);
  disk.faults.quota = 8;
  auto file = create(disk, "d/a", "12345678");
  const Status status = file->write(4, "abcdefgh");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::kFull);
  EXPECT_TRUE(file->write(0, "87654321").ok());
  disk.faults.quota = UINT64_MAX;
  EXPECT_TRUE(file->write(4, "abcdefgh").ok()) << "there is space again";
}

TEST(SimDisk, DoesNothingOnceTheProcessIsDead) {
  SimRandom random(1);
  SimDisk disk(random);
  auto file = create(disk, "d/a", "x");
  disk.die_after(1);
  EXPECT_FALSE(file->sync().ok());
  EXPECT_TRUE(disk.dead());
  EXPECT_FALSE(file->write(0, "y").ok());
  disk.revive();
  EXPECT_EQ(read_all(disk, "d/a"), "x");
}

TEST(SimDisk, LocksADirectoryUntilTheLockOrTheProcessDies) {
  SimRandom random(1);
  SimDisk disk(random);
  auto lock = disk.lock_directory("d");
  ASSERT_TRUE(lock.ok());
  EXPECT_FALSE(disk.lock_directory("d").ok());
  std::move(lock).value().reset();
  EXPECT_TRUE(disk.lock_directory("d").ok());
}

}  // namespace
}  // namespace leat::sim
