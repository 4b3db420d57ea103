// Reading ahead: which items it gives, where it ends, and how far ahead of its caller it is. An item is a u32 with its size,
// and as many bytes, each the item's number; a damaged one has another byte.
#include "storage/read_ahead.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/fake_disk.h"

namespace leat {
namespace {

using testing::HasSubstr;

constexpr uint64_t kPiece = ReadAhead::kPiece;

uint64_t measure(Bytes bytes, uint64_t /*rest_of_file*/) {
  uint32_t size = 0;
  if (bytes.size() < sizeof size) return sizeof size;
  std::memcpy(&size, bytes.data(), sizeof size);
  if (size == 0) return 0;
  const Bytes body = bytes.substr(sizeof size).substr(0, size);
  const bool good = body.find_first_not_of(body.substr(0, 1)) == Bytes::npos;
  return body.size() < size || good ? sizeof size + size : 0;
}

// Does the work when it is waited for: as late as a thread may.
class LateWorker final : public io::Worker {
 public:
  explicit LateWorker(io::Disk& disk) : disk_(disk) {}
  void start(io::DiskWork& work) override { work_ = &work; }
  Status wait() override { return std::exchange(work_, nullptr)->run(disk_); }

 private:
  io::Disk& disk_;
  io::DiskWork* work_ = nullptr;
};

// Notes what the system is told of what will be read.
class ExpectingFile final : public io::File {
 public:
  explicit ExpectingFile(io::File& file) : file_(file) {}
  [[nodiscard]] const std::string& path() const override { return file_.path(); }
  Result<size_t> read(uint64_t offset, char* out, size_t size) override {
    return file_.read(offset, out, size);
  }
  Status write(uint64_t offset, Bytes bytes) override { return file_.write(offset, bytes); }
  Status sync() override { return file_.sync(); }
  [[nodiscard]] Result<uint64_t> size() override { return file_.size(); }
  Status truncate(uint64_t size) override { return file_.truncate(size); }
  Status reserve(uint64_t size) override { return file_.reserve(size); }
  void expect(uint64_t offset, uint64_t size) override { expected.emplace_back(offset, size); }

  std::vector<std::pair<uint64_t, uint64_t>> expected;

 private:
  io::File& file_;
};

class ReadAheadTest : public testing::Test {
 protected:
  void add(size_t size) {
    const auto body = static_cast<uint32_t>(size - sizeof(uint32_t));
    starts_.push_back(content_.size());
    content_.append(reinterpret_cast<const char*>(&body), sizeof body);
    content_.append(body, static_cast<char>('a' + starts_.size() % 26));
  }
  void make_file() {
    disk_.load({{"f", content_}});
    file_ = disk_.open("f", io::OpenMode::kRead).value();
  }
  ReadAhead begin(io::Worker& worker, uint64_t from = 0) {
    return {worker, *file_, content_.size(), from, &measure};
  }
  // Takes items, one at a time, until there are no more; each must be one that was added.
  //   returns  where it ended.
  uint64_t take(ReadAhead& ahead, uint64_t from = 0) {
    uint64_t at = from;
    while (true) {
      const auto items = ahead.at(at);
      EXPECT_TRUE(items.ok());
      if (!items.ok() || items.value().empty()) return at;
      const auto taken = measure(items.value(), 0);
      EXPECT_EQ(items.value().substr(0, taken), Bytes(content_).substr(at, taken)) << at;
      at += taken;
    }
  }

  FakeDisk disk_;
  std::unique_ptr<io::Worker> inline_ = disk_.worker();
  LateWorker late_{disk_};
  std::string content_;
  std::vector<uint64_t> starts_;
  std::unique_ptr<io::File> file_;
};

TEST_F(ReadAheadTest, GivesEveryItemWhereverPiecesAreCut) {
  for (const size_t size : {5UL, 1000UL, kPiece - 1, kPiece, kPiece + 1, 7 * kPiece + 3}) {
    content_.clear();
    for (int i = 0; i < 4; ++i) {
      add(size);
      add(300'000);
    }
    make_file();
    for (io::Worker* const worker : {inline_.get(), static_cast<io::Worker*>(&late_)}) {
      ReadAhead ahead = begin(*worker);
      EXPECT_EQ(take(ahead), content_.size()) << size;
      EXPECT_TRUE(ahead.at(content_.size()).value().empty()) << "an end lasts";
    }
  }
}

TEST_F(ReadAheadTest, BeginsWhereItIsTold) {
  for (int i = 0; i < 10; ++i) add(400'000);
  make_file();
  ReadAhead ahead = begin(late_, starts_[3]);
  EXPECT_EQ(take(ahead, starts_[3]), content_.size());
}

TEST_F(ReadAheadTest, EndsBeforeTheFirstItemThatIsDamaged) {
  for (int i = 0; i < 10; ++i) add(400'000);
  const std::string whole = content_;
  for (const uint64_t damaged : {starts_[0], starts_[1], starts_[5], starts_[9]}) {
    content_ = whole;
    content_[damaged + 399'999] = '#';
    make_file();
    ReadAhead ahead = begin(late_);
    EXPECT_EQ(take(ahead), damaged);
  }
}

TEST_F(ReadAheadTest, EndsBeforeAnItemThatTheFileDoesNotHoldAllOf) {
  for (int i = 0; i < 5; ++i) add(400'000);
  const std::string whole = content_;
  for (const uint64_t size : {starts_[4] + 399'999, starts_[4] + 3, starts_[4] + 1, uint64_t{2}}) {
    content_ = whole.substr(0, size);
    make_file();
    ReadAhead ahead = begin(*inline_);
    EXPECT_EQ(take(ahead), std::min(size / 400'000, uint64_t{4}) * 400'000) << size;
  }
  // It has been shortened since its size was asked for.
  content_ = whole;
  make_file();
  ASSERT_TRUE(file_->truncate(starts_[4] + 10).ok());
  ReadAhead ahead = begin(*inline_);
  EXPECT_EQ(take(ahead), starts_[4]);
}

TEST_F(ReadAheadTest, AReadThatFailsIsSaidWhenItsTurnHasCome) {
  for (int i = 0; i < 10; ++i) add(400'000);
  make_file();
  disk_.fail(FakeDisk::Op::kRead, Errc::kIo, 1);
  ReadAhead ahead = begin(*inline_);
  ASSERT_FALSE(ahead.at(0).value().empty());
  ASSERT_FALSE(ahead.at(starts_[1]).value().empty());
  const auto next = ahead.at(starts_[2]);
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().code, Errc::kIo);
  EXPECT_THAT(next.error().detail, HasSubstr("fails as planned (at offset 800000)"));
}

TEST_F(ReadAheadTest, IsOnePieceAheadAndNotTwo) {
  for (int i = 0; i < 8 * 16; ++i) add(kPiece / 16);
  make_file();
  ReadAhead ahead = begin(*inline_);
  EXPECT_EQ(disk_.read_up_to("f"), kPiece);
  for (const uint64_t at : starts_) {
    ASSERT_FALSE(ahead.at(at).value().empty());
    EXPECT_EQ(disk_.read_up_to("f"), std::min((at / kPiece + 2) * kPiece, content_.size())) << at;
  }
}

TEST_F(ReadAheadTest, TheSystemIsToldWhatFollowsAPiece) {
  for (int i = 0; i < 10; ++i) add(kPiece);
  make_file();
  ExpectingFile file(*file_);
  ReadAhead ahead(*inline_, file, content_.size(), 0, &measure);
  EXPECT_EQ(take(ahead), content_.size());
  ASSERT_EQ(file.expected.size(), 9U) << "behind the last piece is nothing";
  for (uint64_t i = 0; i < 9; ++i) {
    EXPECT_EQ(file.expected[i].first, (i + 1) * kPiece);
    EXPECT_EQ(file.expected[i].second, std::min(ReadAhead::kExpected, (9 - i) * kPiece));
  }
}

TEST_F(ReadAheadTest, WaitsForItsWorkBeforeItGoes) {
  add(5000);
  make_file();
  {
    const ReadAhead ahead = begin(late_);
  }
  EXPECT_EQ(disk_.read_up_to("f"), content_.size());
}

}  // namespace
}  // namespace leat
