// Goal: files keep what they are told, and what goes wrong is an Error with path and cause.
#include "io/posix_disk.h"

#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace leat::io {
namespace {

class PosixDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "leat-disk-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::unique_ptr<File> create(const std::string& name) {
    Result<std::unique_ptr<File>> file = disk_.open(path(name), OpenMode::kCreate);
    EXPECT_TRUE(file.ok());
    return std::move(file).value();
  }
  static std::string read(File& file, uint64_t offset, size_t size) {
    std::string bytes(size, '\0');
    const Result<size_t> got = file.read(offset, bytes.data(), size);
    EXPECT_TRUE(got.ok());
    bytes.resize(got.value());
    return bytes;
  }

  std::string directory_;
  PosixDisk disk_;
};

TEST_F(PosixDiskTest, WritesAndReadsAtOffsets) {
  const std::unique_ptr<File> file = create("f");
  EXPECT_EQ(file->path(), path("f"));
  ASSERT_TRUE(file->write(0, "hello").ok());
  ASSERT_TRUE(file->write(10, "world").ok());
  ASSERT_TRUE(file->sync().ok());
  EXPECT_EQ(file->size().value(), 15U);
  EXPECT_EQ(read(*file, 0, 100), std::string("hello\0\0\0\0\0world", 15));
  EXPECT_EQ(read(*file, 12, 2), "rl");
  EXPECT_EQ(read(*file, 15, 4), "") << "nothing beyond the end";
  ASSERT_TRUE(file->truncate(3).ok());
  EXPECT_EQ(read(*file, 0, 100), "hel");
}

// A file system in memory has no such descriptor; everything else that a server runs on has.
TEST_F(PosixDiskTest, ADirectDescriptorIsThereWhenAllThatWasWrittenIsSynced) {
  const std::unique_ptr<File> file = create("f");
  const int direct = file->direct_descriptor();
  if (direct < 0) GTEST_SKIP() << "no direct writes in " << directory_;
  ASSERT_TRUE(file->write(0, "not synced").ok());
  EXPECT_EQ(file->direct_descriptor(), -1);
  ASSERT_TRUE(file->sync().ok());
  EXPECT_EQ(file->direct_descriptor(), direct);
  const int flags = ::fcntl(direct, F_GETFL);
  EXPECT_EQ(flags & (O_DIRECT | O_DSYNC), O_DIRECT | O_DSYNC);
}

TEST_F(PosixDiskTest, ADirectDescriptorIsOfTheFileNotOfItsName) {
  const std::unique_ptr<File> file = create("f");
  ASSERT_TRUE(disk_.rename(path("f"), path("g")).ok());
  const std::unique_ptr<File> other = create("f");
  const int direct = file->direct_descriptor();
  if (direct < 0) GTEST_SKIP() << "no direct writes in " << directory_;
  alignas(4096) char block[4096];
  std::memset(block, 'x', sizeof block);
  ASSERT_EQ(::pwrite(direct, block, sizeof block, 0), sizeof block);
  EXPECT_EQ(other->size().value(), 0U);
  EXPECT_EQ(read(*file, 0, 8192), std::string(sizeof block, 'x'));
}

TEST_F(PosixDiskTest, WritesMoreThanOneCallTakes) {
  const std::unique_ptr<File> file = create("f");
  std::string bytes(size_t{20} << 20, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 24);
  ASSERT_TRUE(file->write(1, bytes).ok());
  EXPECT_EQ(read(*file, 1, bytes.size()), bytes);
}

TEST_F(PosixDiskTest, ReservedFileHasItsSizeAndReadsAsZeros) {
  const std::unique_ptr<File> file = create("f");
  const Status reserved = file->reserve(100'000);
  if (!reserved.ok()) {
    EXPECT_EQ(reserved.error().code, Errc::kUnavailable) << reserved.error().detail;
    GTEST_SKIP() << "the file system does not reserve blocks";
  }
  EXPECT_EQ(file->size().value(), 100'000U);
  EXPECT_EQ(read(*file, 0, 200'000), std::string(100'000, '\0'));
  struct stat status{};
  ASSERT_EQ(::stat(path("f").c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, 100'000) << "the blocks are there";
}

TEST_F(PosixDiskTest, OpenModes) {
  struct Case {
    const char* why;
    OpenMode mode;
    bool exists;
    bool ok;
  };
  const Case cases[] = {
      {"read what is there", OpenMode::kRead, true, true},
      {"read what is not there", OpenMode::kRead, false, false},
      {"change what is there", OpenMode::kReadWrite, true, true},
      {"change what is not there", OpenMode::kReadWrite, false, false},
      {"create over what is there", OpenMode::kCreate, true, false},
      {"create what is not there", OpenMode::kCreate, false, true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    const std::string name = path(c.why);
    if (c.exists) create(c.why);
    const Result<std::unique_ptr<File>> file = disk_.open(name, c.mode);
    EXPECT_EQ(file.ok(), c.ok);
    if (file.ok()) continue;
    EXPECT_EQ(file.error().code, Errc::kIo);
    EXPECT_NE(file.error().detail.find(name), std::string::npos) << file.error().detail;
  }
}

TEST_F(PosixDiskTest, FilesAreNotForEverybody) {
  const mode_t before = ::umask(0);
  create("f");
  ASSERT_TRUE(disk_.make_directory(path("d")).ok());
  ::umask(before);
  struct stat status{};
  ASSERT_EQ(::stat(path("f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
  ASSERT_EQ(::stat(path("d").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0750U);
}

TEST_F(PosixDiskTest, ListsNamesInOrder) {
  for (const char* name : {"b", "a", ".hidden", "c"}) create(name);
  ASSERT_TRUE(disk_.make_directory(path("dir")).ok());
  const Result<std::vector<std::string>> names = disk_.list(directory_);
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(names.value(), (std::vector<std::string>{".hidden", "a", "b", "c", "dir"}));
  EXPECT_EQ(disk_.list(path("none")).error().code, Errc::kIo);
}

TEST_F(PosixDiskTest, MakesMissingParents) {
  ASSERT_TRUE(disk_.make_directory(path("a/b/c")).ok());
  ASSERT_TRUE(disk_.make_directory(path("a/b/c")).ok()) << "what is there already is fine";
  ASSERT_TRUE(disk_.make_directory(path("a//d/")).ok());
  EXPECT_TRUE(disk_.exists(path("a/b/c")));
  EXPECT_TRUE(disk_.exists(path("a/d")));
  create("file");
  EXPECT_FALSE(disk_.make_directory(path("file")).ok());
  EXPECT_FALSE(disk_.make_directory(path("file/below")).ok());
}

TEST_F(PosixDiskTest, ASecondNameIsTheSameFileAndReplacesNone) {
  const std::unique_ptr<File> file = create("f");
  ASSERT_TRUE(disk_.link(path("f"), path("g")).ok());
  ASSERT_TRUE(file->write(0, "hello").ok());
  ASSERT_TRUE(disk_.remove(path("f")).ok());
  const auto second = disk_.open(path("g"), OpenMode::kRead);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(read(*second.value(), 0, 100), "hello");
  static_cast<void>(create("h"));
  const Status taken = disk_.link(path("g"), path("h"));
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, Errc::kIo);
  EXPECT_FALSE(disk_.link(path("missing"), path("i")).ok());
}

TEST_F(PosixDiskTest, ASecondNameOnAnotherFileSystemIsNotGiven) {
  struct stat here{};
  struct stat there{};
  ASSERT_EQ(::stat(directory_.c_str(), &here), 0);
  if (::stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev)
    GTEST_SKIP() << "there is no other file system";
  static_cast<void>(create("f"));
  const Status linked = disk_.link(path("f"), "/dev/shm/leat-disk-test");
  ASSERT_FALSE(linked.ok());
  EXPECT_EQ(linked.error().code, Errc::kUnavailable);
}

TEST_F(PosixDiskTest, RenamesRemovesAndSyncsTheDirectory) {
  ASSERT_TRUE(create("old")->write(0, "x").ok());
  ASSERT_TRUE(disk_.rename(path("old"), path("new")).ok());
  ASSERT_TRUE(disk_.sync_directory(directory_).ok());
  EXPECT_FALSE(disk_.exists(path("old")));
  EXPECT_TRUE(disk_.exists(path("new")));
  ASSERT_TRUE(disk_.remove(path("new")).ok());
  EXPECT_FALSE(disk_.exists(path("new")));
  EXPECT_EQ(disk_.remove(path("new")).error().code, Errc::kIo);
  EXPECT_EQ(disk_.rename(path("none"), path("x")).error().code, Errc::kIo);
  EXPECT_EQ(disk_.sync_directory(path("none")).error().code, Errc::kIo);
}

TEST_F(PosixDiskTest, HandsADetachedFileOverThatNobodyElseUses) {
  ASSERT_TRUE(create("alone")->write(0, "bytes").ok());
  const auto alone = disk_.detach(path("alone"));
  ASSERT_TRUE(alone.ok());
  ASSERT_NE(alone.value(), nullptr);
  EXPECT_FALSE(disk_.exists(path("alone")));
  EXPECT_EQ(read(*alone.value(), 0, 9), "bytes");
  EXPECT_TRUE(alone.value()->truncate(2).ok());
  EXPECT_EQ(alone.value()->size().value(), 2);
  EXPECT_EQ(disk_.detach(path("alone")).error().code, Errc::kIo) << "it is gone";
}

// A backup may hold it by a second name, or open.
TEST_F(PosixDiskTest, KeepsADetachedFileThatSomebodyElseUses) {
  ASSERT_TRUE(create("linked")->write(0, "bytes").ok());
  ASSERT_TRUE(disk_.link(path("linked"), path("other")).ok());
  const auto linked = disk_.detach(path("linked"));
  ASSERT_TRUE(linked.ok());
  EXPECT_EQ(linked.value(), nullptr);
  EXPECT_FALSE(disk_.exists(path("linked")));
  EXPECT_TRUE(disk_.exists(path("other")));

  ASSERT_TRUE(create("opened")->write(0, "bytes").ok());
  const auto reader = disk_.open(path("opened"), OpenMode::kRead);
  ASSERT_TRUE(reader.ok());
  const auto opened = disk_.detach(path("opened"));
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened.value(), nullptr);
  EXPECT_EQ(read(*reader.value(), 0, 9), "bytes");
}

// Its thread, and what it came to.
class Notes final : public DiskWork {
 public:
  explicit Notes(Status status) : status_(std::move(status)) {}
  Status run(Disk& disk) override {
    disk_ = &disk;
    thread_ = std::this_thread::get_id();
    return status_;
  }
  [[nodiscard]] const Disk* disk() const { return disk_; }
  [[nodiscard]] std::thread::id thread() const { return thread_; }

 private:
  Status status_;
  Disk* disk_ = nullptr;
  std::thread::id thread_;
};

TEST_F(PosixDiskTest, AWorkerIsAThreadThatIsWaitedFor) {
  const std::unique_ptr<Worker> worker = disk_.worker();
  Notes good{Status()};
  Notes bad{Error{Errc::kIo, "why"}};
  worker->start(good);
  EXPECT_TRUE(worker->wait().ok());
  EXPECT_EQ(good.disk(), &disk_);
  EXPECT_NE(good.thread(), std::this_thread::get_id());
  worker->start(bad);
  const Status failed = worker->wait();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().detail, "why");
  EXPECT_EQ(bad.thread(), good.thread());
}

TEST_F(PosixDiskTest, WhatIsExpectedIsReadAsEver) {
  const auto file = create("f");
  ASSERT_TRUE(file->write(0, "abc").ok());
  file->expect(1, uint64_t{8} << 20);
  EXPECT_EQ(read(*file, 0, 8), "abc");
}

TEST_F(PosixDiskTest, OneOwnerPerDirectory) {
  Result<std::unique_ptr<File>> first = disk_.lock_directory(directory_);
  ASSERT_TRUE(first.ok());
  const Result<std::unique_ptr<File>> second = disk_.lock_directory(directory_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Errc::kUnavailable);
  EXPECT_NE(second.error().detail.find("process " + std::to_string(::getpid())), std::string::npos)
      << second.error().detail;
  first.value().reset();
  EXPECT_TRUE(disk_.lock_directory(directory_).ok()) << "free again";
  EXPECT_EQ(disk_.lock_directory(path("none")).error().code, Errc::kIo);
}

TEST_F(PosixDiskTest, FileSizeLimitIsFull) {
  const std::unique_ptr<File> file = create("f");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status status = file->write(0, std::string(10'000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, ignored);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::kFull);
  EXPECT_NE(status.error().detail.find(path("f")), std::string::npos) << status.error().detail;
}

TEST_F(PosixDiskTest, FullDeviceIsFull) {
  ASSERT_TRUE(disk_.make_directory(path("small")).ok());
  if (::mount("leat-test", path("small").c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "a small file system needs the right to mount";
  }
  Status status;
  {
    const std::unique_ptr<File> file = create("small/f");
    status = file->write(0, std::string(1'000'000, 'x'));
  }
  ASSERT_EQ(::umount(path("small").c_str()), 0);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::kFull);
  EXPECT_NE(status.error().detail.find("No space left"), std::string::npos);
}

TEST_F(PosixDiskTest, WriteToAFileOpenedForReadingIsAnError) {
  create("f");
  const Result<std::unique_ptr<File>> file = disk_.open(path("f"), OpenMode::kRead);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file.value()->write(0, "x").error().code, Errc::kIo);
  EXPECT_EQ(file.value()->truncate(1).error().code, Errc::kIo);
}

}  // namespace
}  // namespace leat::io
