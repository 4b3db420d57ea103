// Goal: what a ring makes of a direct write ends as done, as an error with path and cause, or with the lane.
#include "io/direct_write.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace leat::io {
namespace {

class NamedFile final : public File {
 public:
  [[nodiscard]] const std::string& path() const override { return path_; }
  Result<size_t> read(uint64_t /*offset*/, char* /*out*/, size_t /*size*/) override { return 0; }
  Status write(uint64_t /*offset*/, Bytes /*bytes*/) override { return {}; }
  Status sync() override { return {}; }
  [[nodiscard]] Result<uint64_t> size() override { return uint64_t{0}; }
  Status truncate(uint64_t /*size*/) override { return {}; }
  Status reserve(uint64_t /*size*/) override { return {}; }
  [[nodiscard]] int direct_descriptor() override { return descriptor; }

  int descriptor = 7;

 private:
  std::string path_ = "the/log";
};

class DirectWriteTest : public testing::Test {
 protected:
  bool take(uint64_t offset, Bytes bytes, DiskJob::Kind kind = DiskJob::Kind::kWriteSync) {
    return write_.take(
        {.kind = kind, .file = &file_, .offset = offset, .bytes = bytes, .path = ""});
  }
  std::optional<Status> end(int result) {
    io_uring_sqe submission{};
    write_.prepare(submission);
    return write_.complete(result);
  }

  NamedFile file_;
  DirectWrite write_;
  const std::string block_ = std::string(512, 'b');
};

TEST_F(DirectWriteTest, TakesSyncedWritesOfWholeBlocks) {
  EXPECT_FALSE(take(100, block_));
  EXPECT_FALSE(take(512, "short"));
  EXPECT_FALSE(take(512, ""));
  EXPECT_FALSE(take(512, std::string(size_t{2} << 20, 'x')));
  EXPECT_FALSE(take(512, block_, DiskJob::Kind::kWrite));
  file_.descriptor = -1;
  EXPECT_FALSE(take(512, block_));
  EXPECT_FALSE(write_.busy());
  file_.descriptor = 7;
  EXPECT_TRUE(take(512, block_));
  EXPECT_TRUE(write_.due());
}

TEST_F(DirectWriteTest, WritesAnAlignedCopy) {
  std::string bytes(1536, 'a');
  ASSERT_TRUE(take(1024, bytes));
  bytes.assign(1536, 'z');
  io_uring_sqe submission{};
  write_.prepare(submission);
  EXPECT_FALSE(write_.due());
  EXPECT_TRUE(write_.busy());
  EXPECT_EQ(submission.fd, 7);
  EXPECT_EQ(submission.off, 1024U);
  ASSERT_EQ(submission.len, 1536U);
  EXPECT_EQ(submission.addr % 4096, 0U);
  EXPECT_EQ(std::string(std::bit_cast<const char*>(submission.addr), 1536), std::string(1536, 'a'));
  const std::optional<Status> done = write_.complete(1536);
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->ok());
  EXPECT_FALSE(write_.busy());
}

TEST_F(DirectWriteTest, WhatIsRefusedOrCutShortIsForTheLane) {
  for (const int result : {512, -EAGAIN, -EINTR, -ENOMEM, -EINVAL}) {
    ASSERT_TRUE(take(512, std::string(1024, 'c')));
    EXPECT_FALSE(end(result)) << result;
    EXPECT_EQ(write_.job().offset, 512U);
  }
  EXPECT_FALSE(take(512, block_)) << "who can't do it once is not asked again";
}

TEST_F(DirectWriteTest, AnErrorNamesTheFile) {
  ASSERT_TRUE(take(512, block_));
  const std::optional<Status> done = end(-EIO);
  ASSERT_TRUE(done && !done->ok());
  EXPECT_EQ(done->error().code, Errc::kIo);
  EXPECT_NE(done->error().detail.find("the/log"), std::string::npos);
  ASSERT_TRUE(take(512, block_));
  EXPECT_EQ(end(-ENOSPC)->error().code, Errc::kFull);
}

}  // namespace
}  // namespace leat::io
