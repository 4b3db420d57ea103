// Damaged directories: every truncation of the last batch, every flipped bit, missing and foreign files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/log_fixture.h"
#include "storage/log_format.h"
#include "storage/log_reader.h"
#include "storage/read_ahead.h"

namespace leat {
namespace {

using testing::HasSubstr;

constexpr const char* kSuperblockPath = "d/superblock";

// Writes `turns` groups of two records, with a loss of power at the end.
void fill(LogFixture& fixture, int turns, size_t bytes) {
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  for (int i = 0; i < turns; ++i) fixture.turn({fixture.value(bytes), fixture.value(1)});
  fixture.crash(Keep::kNothing);
}

// Opens what is left; it is `count` values, or refused with an error that names `detail`.
void expect_refused(LogFixture& fixture, const std::string& detail, Errc code = Errc::kCorrupt) {
  const FakeDisk::Image before = fixture.disk.image();
  EXPECT_FALSE(fixture.open());
  if (!fixture.problem) return;
  EXPECT_EQ(fixture.problem->code, code);
  EXPECT_THAT(fixture.problem->detail, HasSubstr(detail));
  EXPECT_EQ(fixture.disk.image(), before) << "a refused log was changed";
}

TEST(LogRecovery, EveryTruncationOfTheLastBatchCutsAllOfItsGroup) {
  LogFixture whole;
  fill(whole, 3, 300);
  const FakeDisk::Image image = whole.disk.image();
  const std::string segment = image.at(LogFixture::segment_path(1));
  const size_t end = segment.find_last_not_of('\0') + 1;
  const size_t start = (end - 1) / 1024 * 1024;  // A batch takes two blocks of 512.
  ASSERT_EQ(Bytes(segment).substr(start, 8), "LEATBAT1");
  for (size_t cut = start; cut < end; ++cut) {
    LogFixture fixture;
    FakeDisk::Image torn = image;
    std::fill(torn[LogFixture::segment_path(1)].begin() + static_cast<ptrdiff_t>(cut),
              torn[LogFixture::segment_path(1)].end(), '\0');
    fixture.disk.load(torn);
    ASSERT_TRUE(fixture.open()) << cut << ": " << fixture.problem->detail;
    ASSERT_EQ(fixture.recovered.values, whole.first(4)) << cut;
    ASSERT_EQ(fixture.report.cut_bytes == 0, cut == start) << cut;
    fixture.written = fixture.recovered.values;
    fixture.settle();
    fixture.turn({"next"});
    fixture.crash(Keep::kNothing);
    ASSERT_TRUE(fixture.open());
    ASSERT_EQ(fixture.recovered.values, fixture.written);
  }
}

// Bits that only recovery's last batch may lose: it is cut and reported. Anything else is served whole or refused.
TEST(LogRecovery, NoFlippedBitIsEverServed) {
  LogFixture whole;
  fill(whole, 7, 1500);
  FakeDisk::Image image = whole.disk.image();
  ASSERT_TRUE(image.contains(LogFixture::segment_path(2)));
  for (auto& [path, content] : image) {
    for (size_t byte = 0; byte < content.size(); ++byte) {
      // Zeros that nothing has been written to yet are all alike: a sample of them.
      if (content[byte] == '\0' && byte % 16 != 0 && byte % 512 > 128) continue;
      for (const int bit : {0, 3, 7}) {
        content[byte] = static_cast<char>(content[byte] ^ (1 << bit));
        FakeDisk disk;
        disk.load(image);
        Recovered recovered;
        RecoveryReport report;
        const auto scan = scan_log(disk, "d", 0, recovered, report);
        content[byte] = static_cast<char>(content[byte] ^ (1 << bit));
        if (!scan.ok()) {
          ASSERT_THAT(scan.error().detail, HasSubstr(path)) << byte;
          continue;
        }
        const size_t found = recovered.values.size();
        ASSERT_EQ(recovered.values, whole.first(found));
        if (found == whole.written.size()) continue;
        ASSERT_EQ(found, whole.written.size() - 2)
            << path << " " << byte << ": more than the last batch";
        ASSERT_GT(report.cut_bytes, 0U) << path << " " << byte;
        ASSERT_FALSE(report.cut_detail.empty());
      }
    }
  }
}

// The marker's records are none, but what follows it says that it had been durable.
TEST(LogRecovery, ADamagedMarkerDoesNotHideTheBatchBehindIt) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.turn({"a"});
  fixture.pass(150);
  fixture.turn({"b"});
  fixture.crash(Keep::kNothing);
  fixture.disk.damage(LogFixture::segment_path(1),
                      [](std::string& bytes) { bytes[kSegmentHeaderSpace + 512 + 60] ^= 1; });
  expect_refused(fixture, "d/log-0-0000000001.seg, offset 8704 to 9216");
}

TEST(LogRecovery, DamageInASegmentBeforeAnOpenedOneIsCorruption) {
  LogFixture fixture;
  fill(fixture, 7, 1500);
  fixture.disk.damage(LogFixture::segment_path(2), [](std::string& bytes) {
    std::fill(bytes.begin() + kSegmentHeaderSpace, bytes.end(), '\0');
  });
  fixture.disk.damage(LogFixture::segment_path(1),
                      [](std::string& bytes) { bytes[bytes.find_last_not_of('\0')] ^= 1; });
  // The superblock of the start only.
  expect_refused(fixture, "segment 2 was opened after");
}

TEST(LogRecovery, DamageToTheUnusedEndOfASegmentIsReported) {
  LogFixture whole;
  fill(whole, 7, 1200);
  const FakeDisk::Image image = whole.disk.image();
  ASSERT_TRUE(image.contains(LogFixture::segment_path(2)));
  const size_t end = image.at(LogFixture::segment_path(1)).find_last_not_of('\0') + 1;
  ASSERT_EQ(align_up(end), LogFixture::kSegmentBytes - 512);
  // Where the next batch would have stood, and behind that.
  for (const size_t at : {align_up(end), align_up(end) + 300, LogFixture::kSegmentBytes - 1}) {
    LogFixture fixture;
    fixture.disk.load(image);
    fixture.disk.damage(LogFixture::segment_path(1), [at](std::string& bytes) { bytes[at] ^= 4; });
    ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
    EXPECT_EQ(fixture.recovered.values, whole.written);
    EXPECT_EQ(fixture.report.cut_bytes, 0U);
    ASSERT_EQ(fixture.report.unused.size(), 1U);
    EXPECT_THAT(fixture.report.unused[0], HasSubstr("log-0-0000000001.seg, offset"));
  }
}

TEST(LogRecovery, WhatIsDamagedAndNotProvedUnusedIsRefused) {
  LogFixture whole;
  ASSERT_TRUE(whole.open());
  whole.settle();
  whole.turn({whole.value(3000)});
  whole.pass(150);  // A marker, which the next segment's first batch names as the one before it.
  whole.turn({whole.value(7000)});
  whole.turn({whole.value(10)});
  whole.crash(Keep::kNothing);
  ASSERT_TRUE(whole.disk.exists(LogFixture::segment_path(2)));
  whole.disk.damage(LogFixture::segment_path(1),
                    [](std::string& bytes) { bytes[bytes.find_last_not_of('\0')] ^= 1; });
  expect_refused(whole, "segment 2 was opened after");
}

// What a loss of power may leave of a segment that was opened without a sync, and of the one before it.
class UnsyncedSegment : public testing::Test {
 protected:
  // Segment 1 with two batches of 2048 and 3072 bytes, segment 2 with two of 3584 and 3072, none of them synced.
  void SetUp() override {
    ASSERT_TRUE(fixture_.open());
    fixture_.settle();
    fixture_.syncs_stuck = true;
    fixture_.turn({fixture_.value(1800)});
    fixture_.turn({fixture_.value(2800)});
    fixture_.turn({fixture_.value(3200)});
    fixture_.turn({fixture_.value(2800)});
    fixture_.crash(Keep::kAll);
    ASSERT_TRUE(fixture_.disk.exists(LogFixture::segment_path(2)));
  }
  void lose(uint64_t segment, size_t from, size_t to) {
    fixture_.disk.damage(LogFixture::segment_path(segment), [&](std::string& bytes) {
      std::fill(bytes.begin() + static_cast<ptrdiff_t>(from),
                bytes.begin() + static_cast<ptrdiff_t>(to), '\0');
    });
  }
  // It starts with `count` values, goes on, and a later start finds no trace of what was cut.
  void expect_cut_to(size_t count, bool reported = true) {
    ASSERT_TRUE(fixture_.open()) << fixture_.problem->detail;
    EXPECT_EQ(fixture_.recovered.values, fixture_.first(count));
    EXPECT_EQ(fixture_.report.cut_bytes != 0, reported) << fixture_.report.cut_detail;
    fixture_.written.resize(count);
    fixture_.syncs_stuck = false;
    for (int i = 0; i < 4; ++i) fixture_.turn({fixture_.value(2500)});
    fixture_.pass(10);
    fixture_.crash(Keep::kAll);
    ASSERT_TRUE(fixture_.open()) << fixture_.problem->detail;
    EXPECT_EQ(fixture_.recovered.values, fixture_.written);
    EXPECT_EQ(fixture_.report.cut_bytes, 0U);
  }
  LogFixture fixture_{SyncMode::kNever};
};

TEST_F(UnsyncedSegment, IsThereAsAWhole) {
  expect_cut_to(4, /*reported=*/false);
}
TEST_F(UnsyncedSegment, FollowsATornTail) {
  lose(1, kSegmentHeaderSpace + 2048 + 512, kSegmentHeaderSpace + 2048 + 1024);
  expect_cut_to(1);
}
TEST_F(UnsyncedSegment, FollowsAnEndThatIsMissing) {
  lose(1, kSegmentHeaderSpace + 2048, LogFixture::kSegmentBytes);
  expect_cut_to(1);
}
TEST_F(UnsyncedSegment, IsTornItself) {
  lose(2, kSegmentHeaderSpace + 512, kSegmentHeaderSpace + 1024);
  expect_cut_to(2);
}
TEST_F(UnsyncedSegment, HasLostItsHeader) {
  lose(2, 0, kSegmentHeaderSpace);
  expect_cut_to(2);
}
TEST_F(UnsyncedSegment, HasNothingButItsHeader) {
  lose(2, kSegmentHeaderSpace, LogFixture::kSegmentBytes);
  lose(1, kSegmentHeaderSpace + 2048, LogFixture::kSegmentBytes);
  expect_cut_to(1, /*reported=*/false);
}

// After the syncs the same damage is corruption.
class SyncedSegment : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fixture_.open());
    fixture_.settle();
    fixture_.turn({fixture_.value(1800)});
    fixture_.turn({fixture_.value(2800)});
    fixture_.syncs_stuck = true;
    fixture_.turn({fixture_.value(3200)});
    ASSERT_EQ(fixture_.loop.job(io::Lane::kSync)->file->path(), LogFixture::segment_path(1));
    fixture_.run(io::Lane::kSync);
    fixture_.commit();
    fixture_.run(io::Lane::kSync);  // Of segment 2.
    fixture_.settle();
  }
  void break_segment(uint64_t number, size_t at) {
    fixture_.disk.damage(LogFixture::segment_path(number), [at](std::string& bytes) {
      std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at), 512, '\0');
    });
  }
  LogFixture fixture_{SyncMode::kNever};
};

TEST_F(SyncedSegment, TheSuperblockKnowsOfIt) {
  fixture_.crash(Keep::kAll);
  break_segment(1, kSegmentHeaderSpace + 2048 + 512);
  expect_refused(fixture_, "segment 2 was opened after");
}
TEST_F(SyncedSegment, ALaterBatchKnowsOfIt) {
  fixture_.turn({fixture_.value(10)});
  fixture_.crash(Keep::kAll);
  // The superblocks of the start.
  fixture_.disk.damage("d/superblock", [](std::string& bytes) {
    for (const uint64_t at : {uint64_t{0}, kHeaderCopyOffset}) {
      Superblock slot;
      ASSERT_TRUE(read_header(Bytes(bytes).substr(at), slot));
      slot.segment = 1;
      slot.durable_lsn = 0;
      const Bytes rendered = sealed(slot);
      rendered.copy(bytes.data() + at, rendered.size());
    }
  });
  const FakeDisk::Image image = fixture_.disk.image();
  break_segment(1, kSegmentHeaderSpace + 2048 + 512);
  expect_refused(fixture_, "of segment 2 was written after");
  fixture_.disk.load(image);
  fixture_.disk.damage(LogFixture::segment_path(2), [](std::string& bytes) {
    std::fill_n(bytes.begin(), kSegmentHeaderSpace, '\0');
  });
  expect_refused(fixture_, "both copies of its header");
}
TEST_F(SyncedSegment, AThirdSegmentProvesTheFirst) {
  fixture_.turn({fixture_.value(7000)});
  ASSERT_TRUE(fixture_.disk.exists(LogFixture::segment_path(3)));
  fixture_.crash(Keep::kAll);
  break_segment(1, kSegmentHeaderSpace + 2048 + 512);
  expect_refused(fixture_, "was opened after");
}

TEST(LogRecovery, AMissingSegmentIsNoticed) {
  for (uint64_t missing = 1; missing <= 3; ++missing) {
    LogFixture fixture;
    fill(fixture, 12, 1500);
    FakeDisk::Image image = fixture.disk.image();
    ASSERT_TRUE(image.contains(LogFixture::segment_path(3)));
    for (uint64_t number = missing; number <= 3; ++number) {
      image.erase(LogFixture::segment_path(number));
      if (missing < 3 && number == missing) {
        LogFixture one;
        one.disk.load(image);
        expect_refused(one, "missing");
      }
    }
    image.erase(LogFixture::segment_path(4));
    fixture.disk.load(image);
    expect_refused(fixture, "missing");
  }
}

TEST(LogRecovery, TheOnlySegmentOfTheFirstRunIsMissed) {
  LogFixture fixture;
  fill(fixture, 1, 100);
  FakeDisk::Image image = fixture.disk.image();
  image.erase(LogFixture::segment_path(1));
  fixture.disk.load(image);
  expect_refused(fixture, "segment 1 is missing");
}

TEST(LogRecovery, ShortenedAndLengthenedSegmentsAreRefused) {
  for (const int change : {-1, -512, 1}) {
    LogFixture fixture;
    fill(fixture, 3, 1500);
    fixture.disk.damage(LogFixture::segment_path(1), [change](std::string& bytes) {
      bytes.resize(bytes.size() + static_cast<size_t>(change));
    });
    expect_refused(fixture, "bytes long");
  }
}

TEST(LogRecovery, FilesOfAnotherLogAreRefusedAndKept) {
  LogFixture other;
  other.random = {};
  static_cast<void>(other.random.next());
  fill(other, 3, 1500);
  LogFixture fixture;
  fill(fixture, 1, 100);
  for (const uint64_t number : {uint64_t{1}, uint64_t{2}}) {
    FakeDisk::Image image = fixture.disk.image();
    image[LogFixture::segment_path(number)] = other.disk.image().at(LogFixture::segment_path(1));
    LogFixture mixed;
    mixed.disk.load(image);
    expect_refused(mixed, "belongs to another log");
  }
  // A renamed file of this log, and one of another shard.
  FakeDisk::Image image = fixture.disk.image();
  image[LogFixture::segment_path(2)] = image.at(LogFixture::segment_path(1));
  LogFixture mixed;
  mixed.disk.load(image);
  expect_refused(mixed, "was renamed");
}

TEST(LogRecovery, ASegmentWithoutHeadersIsRefusedOnlyIfItHasData) {
  LogFixture fixture;
  fill(fixture, 2, 100);
  FakeDisk::Image image = fixture.disk.image();
  std::string& segment = image[LogFixture::segment_path(1)];
  segment[10] ^= 1;
  fixture.disk.load(image);
  ASSERT_TRUE(fixture.open()) << "one copy is enough";
  EXPECT_EQ(fixture.disk.content(LogFixture::segment_path(1))[10], segment[10] ^ 1)
      << "and is repaired";
  segment[kHeaderCopyOffset + 10] ^= 1;
  fixture.disk.load(image);
  expect_refused(fixture, "both copies of its header");
}

TEST(LogRecovery, TheSuperblock) {
  LogFixture fixture;
  fill(fixture, 2, 100);
  const FakeDisk::Image image = fixture.disk.image();
  for (const uint64_t slot : {uint64_t{0}, kHeaderCopyOffset}) {
    LogFixture one;
    one.disk.load(image);
    one.disk.damage(kSuperblockPath, [slot](std::string& bytes) { bytes[slot + 20] ^= 1; });
    ASSERT_TRUE(one.open());
    EXPECT_EQ(one.recovered.values, fixture.written);
  }
  LogFixture both;
  both.disk.load(image);
  both.disk.damage(kSuperblockPath,
                   [](std::string& bytes) { bytes[20] ^= 1, bytes[kHeaderCopyOffset + 20] ^= 1; });
  expect_refused(both, "both copies of the superblock");
  both.disk.damage(kSuperblockPath, [](std::string& bytes) { bytes.clear(); });
  expect_refused(both, "both copies of the superblock");
  FakeDisk::Image without = image;
  without.erase(kSuperblockPath);
  both.disk.load(without);
  expect_refused(both, "no superblock");
}

// An interrupted backup may have got no further than its first file, whichever that is.
TEST(LogRecovery, AnyDataFileWithoutASuperblockIsRefused) {
  for (const char* const name : {"log-0-0000000001.seg", "checkpoint-0-0000000001.ckp",
                                 "frames-0-0000000001.frm", "manifest-0", "manifest-0.new"}) {
    LogFixture fixture;
    const std::string path = std::string("d/") + name;
    fixture.disk.load({{path, ""}});
    expect_refused(fixture, std::string("as ") + name + ", but no superblock");
    EXPECT_EQ(fixture.disk.image().size(), 1U) << name;
  }
  for (const char* const name : {"superblock.new", "LOCK", "frames-0-1.frm", "server.log"}) {
    LogFixture fixture;
    fixture.disk.load({{std::string("d/") + name, ""}});
    EXPECT_TRUE(fixture.open()) << name;
  }
}

TEST(LogRecovery, ANewerVersionIsRefusedAsSuch) {
  LogFixture fixture;
  fill(fixture, 2, 100);
  const FakeDisk::Image image = fixture.disk.image();
  const auto raise = [](std::string& bytes, auto header, bool version) {
    for (const uint64_t slot : {uint64_t{0}, kHeaderCopyOffset}) {
      ASSERT_TRUE(read_header(Bytes(bytes).substr(slot), header));
      (version ? header.version : header.required) += 2;
      const Bytes rendered = sealed(header);
      rendered.copy(bytes.data() + slot, rendered.size());
    }
  };
  for (const bool version : {true, false}) {
    fixture.disk.load(image);
    fixture.disk.damage(kSuperblockPath,
                        [&](std::string& bytes) { raise(bytes, Superblock{}, version); });
    expect_refused(fixture, "newer version", Errc::kInvalid);
    fixture.disk.load(image);
    fixture.disk.damage(LogFixture::segment_path(1),
                        [&](std::string& bytes) { raise(bytes, SegmentHeader{}, version); });
    expect_refused(fixture, "newer version", Errc::kInvalid);
  }
}

TEST(LogRecovery, ABatchThatEndsWithinAGroupIsRefused) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  RecordWriter(fixture.log->batch()).put(StringSet{.object = ObjectId{1}, .value = "half a group"});
  fixture.lsn = 1;
  fixture.commit();
  fixture.settle();
  fixture.crash(Keep::kNothing);
  expect_refused(fixture, "within a group");
}

TEST(LogRecovery, ARecordThatDoesNotFitIsRefused) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  RecordWriter(fixture.log->batch()).put(KeyDrop{.object = ObjectId{1}});
  end_group(fixture.log->batch(), sizeof(BatchHeader));
  fixture.lsn = 1;
  fixture.commit();
  fixture.settle();
  fixture.crash(Keep::kNothing);
  expect_refused(fixture, "record 1 does not fit");
}

TEST(LogRecovery, AReadErrorIsNotATornTail) {
  LogFixture fixture;
  fill(fixture, 7, 1500);
  for (uint64_t after = 0; after < 6; ++after) {
    fixture.disk.fail(FakeDisk::Op::kRead, Errc::kIo, after);
    expect_refused(fixture, "fails as planned", Errc::kIo);
  }
}

TEST(LogRecovery, TheNextPieceIsReadBeforeTheFirstIsApplied) {
  LogFixture fixture;
  fixture.options.segment_bytes = 16 << 20;
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  // Some batches are larger than a piece, and some pieces end within a batch.
  for (const size_t bytes : {600U << 10, 600U << 10, 100U << 10, 3U << 20, 10U, 1U << 20, 1U << 10})
    fixture.turn({fixture.value(bytes), fixture.value(1)});
  FakeDisk disk;
  disk.load(fixture.disk.image());
  const std::string path = LogFixture::segment_path(1);
  ReadSoFar sink(disk, path);
  RecoveryReport report;
  const auto scan = scan_log(disk, "d", 0, sink, report);
  ASSERT_TRUE(scan.ok()) << scan.error().detail;
  EXPECT_EQ(sink.values.values, fixture.written);
  EXPECT_TRUE(sink.values.whole_progress);
  EXPECT_GT(sink.at_first, kSegmentHeaderSpace + (600 << 10) + ReadAhead::kPiece);
}

TEST(LogRecovery, NamesOfSegments) {
  EXPECT_EQ(segment_number(0, segment_name(0, 1)), 1U);
  EXPECT_EQ(segment_number(3, segment_name(3, 12'345'678'901)), 12'345'678'901U);
  for (const char* name : {"log-0-1.seg", "log-1-0000000001.seg", "log-0-00000000001.seg",
                           "log-0-000000000a.seg", "log-0-.seg", "log-0-0000000000.seg",
                           "log-0-0000000001.seg.new", "log-0-99999999999999999999.seg"}) {
    EXPECT_EQ(segment_number(0, name), 0U) << name;
  }
}

}  // namespace
}  // namespace leat
