// FileRemoval: the name at once, the bytes bit by bit.
#include "storage/file_removal.h"

#include <string>

#include <gtest/gtest.h>

#include "storage/fake_disk.h"

namespace leat {
namespace {

constexpr uint64_t kPiece = FileRemoval::kPiece;

class FileRemovalTest : public testing::Test {
 protected:
  void create(const std::string& path, uint64_t size) {
    auto file = disk_.open(path, io::OpenMode::kCreate);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file.value()->write(0, std::string(size, 'x')).ok());
  }
  // Begins, and takes the name away.
  Status take(const std::string& path) {
    removal_.begin(path, CrashPoint::kSegmentRemoved);
    return removal_.run(disk_);
  }

  FakeDisk disk_;
  FileRemoval removal_;
};

TEST_F(FileRemovalTest, GivesALargeFileBackInPieces) {
  disk_.hand_over_detached();
  create("d/f", 3 * kPiece + 7);
  ASSERT_TRUE(take("d/f").ok());
  EXPECT_FALSE(disk_.exists("d/f"));
  EXPECT_EQ(disk_.detached_bytes(), 3 * kPiece + 7);
  for (uint64_t left = 2; left != 0; --left) {
    ASSERT_TRUE(removal_.unfinished());
    ASSERT_TRUE(removal_.run(disk_).ok());
    EXPECT_EQ(disk_.detached_bytes(), left * kPiece + 7);
  }
  ASSERT_TRUE(removal_.unfinished());
  ASSERT_TRUE(removal_.run(disk_).ok());
  EXPECT_FALSE(removal_.unfinished()) << "the last piece goes with the file";
}

TEST_F(FileRemovalTest, HasNothingLeftOfASmallFileOrOneThatOthersUse) {
  create("d/used", 3 * kPiece);
  ASSERT_TRUE(take("d/used").ok());
  EXPECT_FALSE(disk_.exists("d/used"));
  EXPECT_FALSE(removal_.unfinished());
  disk_.hand_over_detached();
  create("d/small", kPiece);
  ASSERT_TRUE(take("d/small").ok());
  EXPECT_FALSE(disk_.exists("d/small"));
  EXPECT_FALSE(removal_.unfinished());
}

TEST_F(FileRemovalTest, SaysThatTheNameCouldNotBeTaken) {
  disk_.hand_over_detached();
  EXPECT_FALSE(take("d/none").ok());
  EXPECT_FALSE(removal_.unfinished());
}

TEST_F(FileRemovalTest, LetsGoOfOneFileWhenTheNextIsToGo) {
  disk_.hand_over_detached();
  create("d/f", 9 * kPiece);
  create("d/g", 2 * kPiece);
  ASSERT_TRUE(take("d/f").ok());
  ASSERT_TRUE(take("d/g").ok());
  ASSERT_TRUE(removal_.run(disk_).ok());
  EXPECT_FALSE(removal_.unfinished());
}

}  // namespace
}  // namespace leat
