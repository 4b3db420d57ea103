// A checkpoint and the log behind it are the whole state; what is damaged or missing of either is refused, in words.
#include <gtest/gtest.h>

#include "storage/checkpoint_fixture.h"
#include "storage/log_reader.h"

namespace leat {
namespace {

class CheckpointRecovery : public testing::Test {
 protected:
  // A log of one turn in each segment, with a checkpoint at the end of segment kNeeded.
  static constexpr uint64_t kNeeded = 8;
  void fill() {
    ASSERT_TRUE(fixture_.open());
    fixture_.settle();
    for (int i = 0; i < 8; ++i) fixture_.turn({fixture_.value(4000), fixture_.value(3)});
    ASSERT_TRUE(fixture_.checkpoint());
    for (int i = 0; i < 8; ++i) fixture_.turn({fixture_.value(4000), fixture_.value(3)});
    fixture_.pass(200);
    fixture_.crash(Keep::kNothing);
  }
  // Opens it, which must fail with all of `words` in the error; then nothing may have changed.
  void expect_refused(const std::vector<std::string>& words) {
    const FakeDisk::Image before = fixture_.disk.image();
    ASSERT_FALSE(fixture_.open());
    EXPECT_EQ(fixture_.problem->code, Errc::kCorrupt);
    for (const std::string& word : words) {
      EXPECT_NE(fixture_.problem->detail.find(word), std::string::npos)
          << word << ": " << fixture_.problem->detail;
    }
    EXPECT_EQ(fixture_.disk.image(), before);
    RecoveryReport report;
    Recovered sink;
    const auto findings = check_log(fixture_.disk, "d", sink, report);
    ASSERT_TRUE(findings.ok());
    ASSERT_FALSE(findings.value().empty());
    EXPECT_TRUE(findings.value()[0].damage);
    EXPECT_EQ(findings.value()[0].text, fixture_.problem->detail);
  }
  void expect_whole() {
    ASSERT_TRUE(fixture_.open()) << fixture_.problem->detail;
    EXPECT_EQ(fixture_.recovered.values, fixture_.written);
    EXPECT_TRUE(fixture_.recovered.whole_progress);
  }
  // Removes a file for good.
  void lose(const std::string& name) {
    ASSERT_TRUE(fixture_.disk.remove("d/" + name).ok());
    ASSERT_TRUE(fixture_.disk.sync_directory("d").ok());
  }

  CheckpointFixture fixture_;
};

constexpr const char* kFirstCheckpoint = "checkpoint-0-0000000001.ckp";

TEST_F(CheckpointRecovery, StateAndLogAreRead) {
  fill();
  expect_whole();
  EXPECT_EQ(fixture_.report.checkpoint, Lsn{16});
  EXPECT_EQ(fixture_.report.records, 16U);
  EXPECT_EQ(fixture_.report.checkpoint_bytes,
            fixture_.disk.content(std::string("d/") + kFirstCheckpoint).size());
  EXPECT_EQ(fixture_.count("log-0-0000000001"), 0U) << "the first segment was reclaimed";
  fixture_.settle();
  fixture_.turn({fixture_.value(100)});
  fixture_.crash(Keep::kNothing);
  expect_whole();
}

TEST_F(CheckpointRecovery, TheNextChunkIsReadBeforeTheFirstIsApplied) {
  ASSERT_TRUE(fixture_.open());
  fixture_.settle();
  for (int i = 0; i < 4; ++i) fixture_.turn({fixture_.value(1 << 20)});
  ASSERT_TRUE(fixture_.checkpoint());
  FakeDisk disk;
  disk.load(fixture_.disk.image());
  const std::string path = std::string("d/") + kFirstCheckpoint;
  ReadSoFar sink(disk, path);
  RecoveryReport report;
  ASSERT_TRUE(scan_log(disk, "d", 0, sink, report).ok());
  EXPECT_EQ(sink.values.values, fixture_.written);
  EXPECT_GT(sink.at_first, disk.content(path).size() - 1000) << "it is in two chunks of 2 MB";
}

TEST_F(CheckpointRecovery, TheLogIsKeptAsRetainSays) {
  fixture_.retain = 2 * LogFixture::kSegmentBytes;
  fill();
  EXPECT_EQ(fixture_.count("log-0-0000000005"), 0U);
  EXPECT_EQ(fixture_.count("log-0-0000000006"), 1U);
  expect_whole();
  ASSERT_EQ(fixture_.writer->current()->segment, kNeeded);
  EXPECT_FALSE(fixture_.log->reclaimable(kNeeded, fixture_.retain));
  // What is kept is not lost when the log goes on, and goes when less is to be kept.
  fixture_.settle();
  fixture_.retain = 0;
  const uint64_t segments = fixture_.log->facts().segments;
  const uint64_t bytes = fixture_.log->facts().bytes;
  fixture_.clean();
  EXPECT_EQ(fixture_.log->facts().segments, segments - 2);
  EXPECT_EQ(fixture_.log->facts().bytes, bytes - 2 * LogFixture::kSegmentBytes);
  fixture_.crash(Keep::kNothing);
  expect_whole();
}

TEST_F(CheckpointRecovery, LeftoversOfACrashAreRemoved) {
  fill();
  FakeDisk::Image image = fixture_.disk.image();
  image["d/checkpoint-0-0000000007.ckp"] = "half";
  image["d/manifest-0.new"] = "half";
  image["d/log-0-0000000001.seg"] = std::string(LogFixture::kSegmentBytes, 'x');
  fixture_.disk.load(image);
  expect_whole();
  fixture_.settle();
  fixture_.clean();
  for (const char* const name : {"checkpoint-0-0000000007", "manifest-0.new", "log-0-0000000001"}) {
    EXPECT_EQ(fixture_.count(name), 0U) << name;
  }
  // The next file is not one that was there.
  ASSERT_TRUE(fixture_.checkpoint());
  EXPECT_EQ(fixture_.count("checkpoint-0-0000000008"), 1U);
}

TEST_F(CheckpointRecovery, SegmentsThatDoNotJoinTheLogAreRemovedToo) {
  fixture_.retain = 100 * LogFixture::kSegmentBytes;
  fill();
  FakeDisk::Image image = fixture_.disk.image();
  image.erase("d/log-0-0000000002.seg");
  fixture_.disk.load(image);
  expect_whole();
  fixture_.settle();
  fixture_.clean();
  EXPECT_EQ(fixture_.count("log-0-0000000001"), 0U);
}

TEST_F(CheckpointRecovery, ALostManifestIsNoticed) {
  fill();
  lose("manifest-0");
  expect_refused({"log-0-0000000008.seg", "is the first segment of the log",
                  "the manifest is missing", "or segment 7"});
}

// A log that begins with segment 1 holds everything.
TEST_F(CheckpointRecovery, ALostManifestDoesNoHarmToAWholeLog) {
  fixture_.retain = 100 * LogFixture::kSegmentBytes;
  fill();
  lose("manifest-0");
  expect_whole();
  EXPECT_EQ(fixture_.report.checkpoint, Lsn{0});
}

TEST_F(CheckpointRecovery, ALostCheckpointIsNoticed) {
  fill();
  lose(kFirstCheckpoint);
  expect_refused({kFirstCheckpoint, "is missing", "up to record 16"});
}

TEST_F(CheckpointRecovery, LostSegmentsAreNoticed) {
  fill();
  const FakeDisk::Image image = fixture_.disk.image();
  lose("log-0-0000000008.seg");
  expect_refused({"log-0-0000000009.seg", "segment 8 of this log is needed"});
  fixture_.disk.load(image);
  for (const std::string& name : fixture_.files()) {
    if (name.starts_with("log-")) lose(name);
  }
  expect_refused({"segment 8 is missing", "the manifest says"});
  lose("superblock");
  expect_refused({"but no superblock"});
}

TEST_F(CheckpointRecovery, ALogThatEndsBeforeTheCheckpointIsRefused) {
  ASSERT_TRUE(fixture_.open());
  fixture_.settle();
  fixture_.turn({fixture_.value(4000)});
  fixture_.turn({fixture_.value(100)});
  const std::string segment = LogFixture::segment_path(1);
  ASSERT_TRUE(fixture_.checkpoint());
  fixture_.crash(Keep::kNothing);
  fixture_.disk.damage(segment, [](std::string& content) {
    std::fill(content.begin() + 8192 + 4608, content.end(), '\0');
  });
  expect_refused({"records 2 to 2", "was durable"});
}

// Whatever bit rots in what counts: it is refused, or nothing is missing. What recovery reads is all of it but zeros.
TEST_F(CheckpointRecovery, EveryBitOfManifestAndCheckpointCounts) {
  ASSERT_TRUE(fixture_.open());
  fixture_.settle();
  fixture_.turn({fixture_.value(10), fixture_.value(20)});
  ASSERT_TRUE(fixture_.checkpoint());
  fixture_.crash(Keep::kNothing);
  for (const std::string& name : fixture_.files()) {
    if (!name.starts_with("checkpoint-") && !name.starts_with("manifest-")) continue;
    const std::string path = "d/" + name;
    const size_t bits = fixture_.disk.content(path).size() * 8;
    for (size_t bit = 0; bit < bits; ++bit) {
      SCOPED_TRACE(testing::Message() << path << " bit " << bit);
      const auto flip = [bit](std::string& content) {
        content[bit / 8] = static_cast<char>(content[bit / 8] ^ (1 << (bit % 8)));
      };
      fixture_.disk.damage(path, flip);
      ASSERT_FALSE(fixture_.open());
      ASSERT_NE(fixture_.problem->detail.find(path), std::string::npos) << fixture_.problem->detail;
      fixture_.disk.damage(path, flip);
    }
  }
  expect_whole();
}

TEST_F(CheckpointRecovery, PiecesThatDoNotFitAreRefused) {
  ASSERT_TRUE(fixture_.open());
  fixture_.settle();
  fixture_.turn({fixture_.value(10), fixture_.value(20)});
  ASSERT_TRUE(fixture_.checkpoint());
  fixture_.crash(Keep::kNothing);
  // Whole, but of another number of values than the LSN says.
  ASSERT_TRUE(fixture_.open());
  fixture_.settle();
  fixture_.writer->begin(Lsn{2}, fixture_.clock.wall());
  fixture_.run_all();
  fixture_.writer->write(fixture_.pieces(0, 1));
  fixture_.run_all();
  fixture_.writer->finish();
  fixture_.run_all();
  fixture_.writer->publish(fixture_.log->place_of(Lsn{3}));
  fixture_.run_all();
  fixture_.clean();
  fixture_.crash(Keep::kNothing);
  expect_refused({"checkpoint-0-0000000002.ckp", "are not the state at record 2"});
}

// A checkpoint that finds no space is given up, and the log goes on; with space it succeeds and frees some.
TEST_F(CheckpointRecovery, AFullDiskStopsOnlyTheCheckpoint) {
  ASSERT_TRUE(fixture_.open());
  fixture_.settle();
  for (int i = 0; i < 8; ++i) fixture_.turn({fixture_.value(4000)});
  const uint64_t used = fixture_.disk.used();
  for (uint64_t space = 0; space < 33'000; space += 3'000) {
    fixture_.disk.set_capacity(used + space);
    ASSERT_FALSE(fixture_.checkpoint()) << space;
    ASSERT_EQ(fixture_.failure.code, Errc::kFull);
    ASSERT_EQ(fixture_.disk.used(), used);
  }
  fixture_.turn({fixture_.value(100)});
  EXPECT_FALSE(fixture_.log->failure());
  EXPECT_EQ(fixture_.log->durable_lsn(), Lsn{fixture_.lsn});
  fixture_.disk.set_capacity(used + 40'000);
  ASSERT_TRUE(fixture_.checkpoint()) << fixture_.failure.detail;
  EXPECT_LT(fixture_.disk.used(), used + 20'000);
  fixture_.crash(Keep::kNothing);
  expect_whole();
}

TEST_F(CheckpointRecovery, CheckSaysWhatItFinds) {
  fill();
  FakeDisk::Image image = fixture_.disk.image();
  image["d/checkpoint-0-0000000007.ckp"] = "half";
  fixture_.disk.load(image);
  const auto check = [&] {
    RecoveryReport report;
    Recovered sink;
    std::string text;
    const auto findings = check_log(fixture_.disk, "d", sink, report);
    for (const CheckFinding& finding : findings.value())
      text += (finding.damage ? "damage: " : "note: ") + finding.text + "\n";
    return text;
  };
  EXPECT_EQ(check(),
            "note: d/checkpoint-0-0000000007.ckp: not needed, as a crash leaves it; the next start "
            "removes it\n");
  // Both chunks are damaged: both are named.
  fixture_.disk.damage(std::string("d/") + kFirstCheckpoint, [](std::string& content) {
    content[200] ^= 1;
    content[content.size() - 200] ^= 1;
  });
  const std::string text = check();
  EXPECT_NE(text.find("chunk 1 of the checkpoint at record 16 is damaged"), std::string::npos)
      << text;
  EXPECT_NE(text.find("chunk 2 of the checkpoint at record 16 is damaged"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace leat
