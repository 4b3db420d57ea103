// Frames in files: what was sealed is there as long as somebody refers to it, and no longer; what goes wrong is told.
#include "storage/frame_files.h"

#include <gtest/gtest.h>

#include "storage/frame_files_fixture.h"

namespace leat {
namespace {

class FrameFilesTest : public testing::Test, public FrameFilesFixture {
 protected:
  // Frames until `count` files are closed; those of each file together.
  std::map<uint64_t, std::vector<FrameRef>> fill(size_t count) {
    std::map<uint64_t, std::vector<FrameRef>> filled;
    while (filled.size() <= count) {
      const FrameRef frame = seal_well();
      filled[frame.file].push_back(frame);
    }
    return filled;
  }
  void forget(const std::vector<FrameRef>& frames) {
    for (const FrameRef& frame : frames) files->forget(frame);
  }
};

TEST_F(FrameFilesTest, WhatWasSealedIsFetchedAndRead) {
  start();
  std::vector<std::string> wanted;
  for (uint64_t token = 10; token < 13; ++token) {
    BlockImages made_now = images();
    wanted.push_back(text_of(made_now));
    files->seal(token, std::move(made_now));
  }
  EXPECT_TRUE(sealed.empty()) << "nothing is told within the call";
  settle();
  // The first job had taken the first one only.
  ASSERT_EQ(sealed_tokens, (std::vector<uint64_t>{10, 11, 12}));
  uint64_t offset = 0;
  for (size_t i = 0; i < 3; ++i) {
    const FrameRef frame = sealed[i].value();
    EXPECT_EQ(frame.file, 1U);
    EXPECT_EQ(frame.offset, offset);
    offset += frame.size;
    ASSERT_TRUE(files->fetch(frame));
    BlockImages read;
    ASSERT_TRUE(files->read(frame, read));
    EXPECT_EQ(text_of(read), wanted[i]);
  }
  EXPECT_TRUE(fetched.empty());
  settle();
  ASSERT_EQ(fetched.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(fetched[i].first, sealed[i].value());
    EXPECT_EQ(fetched[i].second, wanted[i]);
  }
  EXPECT_TRUE(files->settled());
  const auto facts = files->facts();
  EXPECT_EQ(facts.sealed, 3U);
  EXPECT_EQ(facts.sealed_bytes, offset);
  EXPECT_EQ(facts.bytes_live, offset);
  EXPECT_EQ(facts.fetched, 3U);
  EXPECT_EQ(facts.read_blocking, 3U);
  EXPECT_EQ(disk.content(path(1)).size(), offset);
}

TEST_F(FrameFilesTest, QueuesAreBounded) {
  start();
  for (size_t i = 0; i < FrameFiles::kSealsMax; ++i) {
    ASSERT_TRUE(files->accepts(clock.mono())) << i;
    files->seal(i, images());
  }
  EXPECT_FALSE(files->accepts(clock.mono()));
  EXPECT_FALSE(files->settled());
  settle();
  EXPECT_TRUE(files->accepts(clock.mono()));
  // One job, then a second with all that had gathered: the lane does not wait for a turn per frame.
  EXPECT_EQ(sealed.size(), FrameFiles::kSealsMax);
  const FrameRef frame = sealed[0].value();
  ASSERT_TRUE(files->fetch(frame));
  for (uint64_t i = 0; i < FrameFiles::kFetchesMax; ++i) ASSERT_TRUE(files->fetch({1, i, 80}));
  EXPECT_FALSE(files->fetch({2, 0, 80}));
  EXPECT_TRUE(files->fetch(frame)) << "it is on its way";
  EXPECT_TRUE(files->fetch({1, 5, 80})) << "it waits";
  settle();
  EXPECT_EQ(fetched.size(), 1 + FrameFiles::kFetchesMax) << "each frame is told once";
}

TEST_F(FrameFilesTest, AFileIsClosedAtItsSize) {
  start();
  const auto filled = fill(2);
  ASSERT_EQ(filled.size(), 3U);
  for (const auto& [number, frames] : filled) {
    EXPECT_LE(disk.content(path(number)).size(), options.file_bytes);
    for (const FrameRef& frame : frames) EXPECT_TRUE(reads_back(frame));
  }
  // A larger frame gets a file of its own.
  const FrameRef large = seal_well(2000);
  EXPECT_EQ(large.offset, 0U);
  EXPECT_GT(large.size, options.file_bytes);
  EXPECT_TRUE(reads_back(large));
  EXPECT_EQ(seal_well().file, large.file + 1);
}

TEST_F(FrameFilesTest, AFileGoesWithItsLastReference) {
  start();
  const auto filled = fill(2);
  forget(filled.at(1));
  EXPECT_TRUE(disk.exists(path(1))) << "not within a turn";
  // Whoever refers again in the same turn is in time.
  files->refer(filled.at(1)[0]);
  end_turn();
  EXPECT_TRUE(disk.exists(path(1)));
  EXPECT_TRUE(reads_back(filled.at(1)[0]));
  files->forget(filled.at(1)[0]);
  end_turn();
  EXPECT_FALSE(disk.exists(path(1)));
  EXPECT_TRUE(disk.exists(path(2)));
  // The open file stays for what comes.
  forget(filled.at(3));
  end_turn();
  EXPECT_TRUE(disk.exists(path(3)));
  fill(1);
  end_turn();
  EXPECT_TRUE(disk.exists(path(3)));
}

TEST_F(FrameFilesTest, FramesThatNobodyRefersToAreDeadBytes) {
  start();
  refers = false;
  fill(1);
  end_turn();
  EXPECT_FALSE(disk.exists(path(1)));
  EXPECT_EQ(files->facts().bytes_live, 0U);
}

TEST_F(FrameFilesTest, AFrameIsReferredToTwiceByACopy) {
  start();
  const auto filled = fill(1);
  for (const FrameRef& frame : filled.at(1)) files->refer(frame);
  forget(filled.at(1));
  end_turn();
  EXPECT_TRUE(reads_back(filled.at(1)[0]));
  forget(filled.at(1));
  end_turn();
  EXPECT_FALSE(disk.exists(path(1)));
}

TEST_F(FrameFilesTest, CheckpointsKeepFiles) {
  start();
  auto filled = fill(3);
  ASSERT_TRUE(checkpoint(filled.at(1)).ok());
  for (uint64_t number = 1; number <= 3; ++number) forget(filled.at(number));
  files->checkpoint_refers(filled.at(2)[0]);
  end_turn();
  EXPECT_TRUE(reads_back(filled.at(1)[0])) << "the published one names it";
  EXPECT_TRUE(reads_back(filled.at(2)[0])) << "the one being written names it";
  EXPECT_FALSE(disk.exists(path(3)));
  // Nobody knows which of both a manifest names whose replacement failed.
  files->checkpoint_abandoned(/*perhaps_published=*/true);
  end_turn();
  EXPECT_TRUE(disk.exists(path(1)));
  EXPECT_TRUE(disk.exists(path(2)));
  ASSERT_TRUE(checkpoint({filled.at(4)[0]}).ok());
  end_turn();
  EXPECT_FALSE(disk.exists(path(1)));
  EXPECT_FALSE(disk.exists(path(2)));
}

TEST_F(FrameFilesTest, AnAbandonedCheckpointKeepsNothing) {
  start();
  const auto filled = fill(1);
  files->checkpoint_refers(filled.at(1)[0]);
  forget(filled.at(1));
  end_turn();
  EXPECT_TRUE(disk.exists(path(1)));
  files->checkpoint_abandoned(/*perhaps_published=*/false);
  end_turn();
  EXPECT_FALSE(disk.exists(path(1)));
}

TEST_F(FrameFilesTest, AFetchOfAFileThatIsGoneSaysSo) {
  start();
  const auto filled = fill(1);
  ASSERT_TRUE(files->fetch(filled.at(1)[0]));
  ASSERT_TRUE(files->fetch({2, 9, 80}));
  forget(filled.at(1));
  files->end_turn();
  ASSERT_TRUE(run(io::Lane::kFrames));
  settle();
  ASSERT_EQ(fetch_errors.size(), 2U);
  EXPECT_EQ(fetch_errors[0]->code, Errc::kUnavailable);
  EXPECT_EQ(fetch_errors[1]->code, Errc::kCorrupt) << "this file is there";
}

TEST_F(FrameFilesTest, RewritingEmptiesAFile) {
  start();
  auto filled = fill(2);
  EXPECT_TRUE(files->candidates().empty());
  // Of the first file a third is alive, of the second nearly half.
  const size_t count = filled.at(1).size();
  std::vector<FrameRef> living;
  for (size_t i = 0; i < count; ++i) {
    if (i < count / 3) {
      living.push_back(filled.at(1)[i]);
    } else {
      files->forget(filled.at(1)[i]);
    }
    if (i > count / 2) files->forget(filled.at(2)[i]);
  }
  ASSERT_EQ(files->candidates(), std::vector<uint64_t>{1});
  for (const FrameRef& frame : living) {
    files->rewrite(77, frame);
    settle();
    ASSERT_TRUE(sealed.back().ok());
    const FrameRef moved = sealed.back().value();
    EXPECT_NE(moved.file, 1U);
    texts[moved] = texts.at(frame);
    files->forget(frame);
    EXPECT_TRUE(reads_back(moved));
  }
  EXPECT_EQ(files->facts().rewritten, living.size());
  end_turn();
  EXPECT_FALSE(disk.exists(path(1)));
  EXPECT_TRUE(files->candidates().empty());
  // What is gone meanwhile can't be rewritten.
  files->rewrite(78, living[0]);
  settle();
  EXPECT_EQ(sealed.back().error().code, Errc::kUnavailable);
  EXPECT_TRUE(files->accepts(clock.mono()));
}

TEST_F(FrameFilesTest, AFullDiskLeavesBlocksHotAndIsTriedAgain) {
  start();
  const FrameRef first = seal_well();
  disk.set_capacity(disk.used() + 100);
  const auto refused = seal();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::kFull);
  EXPECT_FALSE(files->accepts(clock.mono()));
  clock.ns += 500 * kNsPerMs;
  ASSERT_TRUE(files->accepts(clock.mono()));
  EXPECT_FALSE(seal().ok()) << "nor in another file";
  EXPECT_EQ(disk.list("d").value().size(), 1U) << "which is not left behind";
  clock.ns += 500 * kNsPerMs;
  disk.set_capacity(UINT64_MAX);
  const FrameRef second = seal_well();
  EXPECT_NE(second.file, first.file);
  EXPECT_TRUE(reads_back(first));
  EXPECT_TRUE(reads_back(second));
  EXPECT_TRUE(files->accepts(clock.mono()));
  EXPECT_EQ(files->facts().failed_seals, 2U);
}

TEST_F(FrameFilesTest, BehindAFailedWriteNothingIsWritten) {
  start();
  const FrameRef first = seal_well();
  disk.fail(FakeDisk::Op::kWrite);
  ASSERT_FALSE(seal().ok());
  const FrameRef second = seal_well();
  EXPECT_EQ(second, (FrameRef{2, 0, second.size}));
  EXPECT_EQ(disk.content(path(1)).size(), first.size) << "what was half-written is given back";
  EXPECT_TRUE(reads_back(first));
  // The closed file was synced: a checkpoint may name it.
  EXPECT_TRUE(checkpoint({first, second}).ok());
  for (const auto op :
       {FakeDisk::Op::kCreate, FakeDisk::Op::kSyncDirectory, FakeDisk::Op::kWrite}) {
    disk.fail(FakeDisk::Op::kWrite);
    ASSERT_FALSE(seal().ok());
    disk.fail(op);
    EXPECT_FALSE(seal().ok());
    EXPECT_TRUE(reads_back(seal_well()));
  }
}

TEST_F(FrameFilesTest, ACheckpointThatNamesADoubtfulFileFails) {
  start();
  const FrameRef first = seal_well();
  disk.fail(FakeDisk::Op::kSync);
  EXPECT_FALSE(checkpoint({first}).ok());
  const FrameRef second = seal_well();
  EXPECT_EQ(second.file, 2U) << "nothing more is written to it";
  EXPECT_FALSE(checkpoint({first, second}).ok()) << "though this time the sync succeeds";
  EXPECT_NE(synced.back().error().detail.find(path(1)), std::string::npos);
  EXPECT_EQ(files->facts().doubtful_files, 1U);
  ASSERT_EQ(files->candidates(), std::vector<uint64_t>{1});
  files->rewrite(9, first);
  settle();
  files->forget(first);
  end_turn();
  EXPECT_FALSE(disk.exists(path(1)));
  EXPECT_TRUE(checkpoint({sealed.back().value(), second}).ok());
  EXPECT_EQ(files->facts().doubtful_files, 0U);
}

TEST_F(FrameFilesTest, SyncsFollowTheWrites) {
  options.unsynced_bytes = 800;
  start();
  ASSERT_LT(seal_well().size, 800U);
  ASSERT_GE(seal_well().size, 400U) << "together they reach the threshold";
  const uint64_t changes = disk.changes();
  disk.fail(FakeDisk::Op::kSync);
  EXPECT_TRUE(sync().ok()) << "there was nothing left to sync";
  EXPECT_EQ(disk.changes(), changes);
  // What follows shares no sector with what is durable.
  const FrameRef third = seal_well();
  EXPECT_EQ(third.offset % 512, 0U);
  EXPECT_TRUE(reads_back(third));
  EXPECT_FALSE(sync().ok());
}

TEST_F(FrameFilesTest, FramesOfAJobWhoseSyncFailsAreNotReported) {
  options.unsynced_bytes = 2000;
  start();
  const FrameRef early = seal_well();
  disk.fail(FakeDisk::Op::kSync);
  files->seal(1, images());
  files->seal(2, images());
  files->seal(3, images(200));
  settle();
  ASSERT_EQ(sealed.size(), 4U);
  // The first one went with a job of its own, before the sync.
  EXPECT_TRUE(sealed[1].ok());
  EXPECT_FALSE(sealed[2].ok());
  EXPECT_FALSE(sealed[3].ok());
  EXPECT_EQ(files->candidates(), std::vector<uint64_t>{early.file});
}

}  // namespace
}  // namespace leat
