// The turns of a log: what is released when, segments, full disks, failures, shutdown.
#include "storage/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/log_fixture.h"
#include "storage/log_format.h"

namespace leat {
namespace {

using testing::HasSubstr;

TEST(Log, NothingIsReleasedBeforeItsSyncUnderAlways) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.append({"a", "b"});
  fixture.commit();
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{0});
  EXPECT_EQ(fixture.log->written_lsn(), Lsn{0});
  fixture.run(io::Lane::kCommit);
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{2});
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{2});
}

TEST(Log, RecordsGatherWhileABatchIsInFlight) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.append({"a"});
  fixture.commit();
  fixture.append({"b"});
  fixture.commit();
  fixture.append({"c"});
  fixture.commit();
  EXPECT_FALSE(fixture.log->settled());
  fixture.run(io::Lane::kCommit);
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{1});
  fixture.commit();
  fixture.run(io::Lane::kCommit);
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{3});
  EXPECT_EQ(fixture.log->facts().commits, 2U);
  EXPECT_TRUE(fixture.log->settled());
}

TEST(Log, ABatchWaitsForTheClientsThatTheLastCommitReleased) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  for (int client = 0; client < 8; ++client) fixture.append({"first half"});
  fixture.commit();
  for (int client = 0; client < 2; ++client) fixture.append({"second half"});
  fixture.commit();
  fixture.clock.ns += kNsPerMs / 10;
  fixture.run(io::Lane::kCommit);
  fixture.commit();
  EXPECT_FALSE(fixture.loop.job(io::Lane::kCommit));
  EXPECT_FALSE(fixture.log->settled());
  EXPECT_EQ(fixture.log->wake_at(), MonoNs{fixture.clock.ns + kNsPerMs / 5});

  for (int client = 0; client < 6; ++client) fixture.append({"back again"});
  fixture.commit();
  ASSERT_TRUE(fixture.loop.job(io::Lane::kCommit));

  // Now most of them do not come back.
  fixture.append({"late"});
  fixture.commit();
  fixture.clock.ns += kNsPerMs / 10;
  fixture.run(io::Lane::kCommit);
  fixture.commit();
  EXPECT_FALSE(fixture.loop.job(io::Lane::kCommit));
  fixture.clock.ns += kNsPerMs / 5;
  fixture.commit();
  EXPECT_TRUE(fixture.loop.job(io::Lane::kCommit));
  fixture.settle();
  EXPECT_TRUE(fixture.log->settled());
}

TEST(Log, WhatWasWrittenIsReadBackInEveryMode) {
  for (const SyncMode mode : {SyncMode::kAlways, SyncMode::kEverySec, SyncMode::kNever}) {
    LogFixture fixture(mode);
    for (int start = 0; start < 4; ++start) {
      ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
      EXPECT_EQ(fixture.recovered.values, fixture.written);
      EXPECT_TRUE(fixture.recovered.whole_progress);
      EXPECT_EQ(fixture.report.cut_bytes, 0U);
      EXPECT_EQ(fixture.report.epoch, static_cast<uint64_t>(start) + 1);
      for (int turn = 0; turn < 30; ++turn) fixture.turn({fixture.value(700), fixture.value(1)});
      EXPECT_EQ(fixture.log->released_lsn(), Lsn{fixture.lsn});
      // Alternately killed and shut down.
      if (start % 2 == 0) {
        ASSERT_TRUE(fixture.log->close(Lsn{fixture.lsn}, fixture.clock.wall()).ok());
      }
      fixture.crash(Keep::kAll);
    }
  }
}

TEST(Log, ASyncThatIsAskedForCoversWhatIsStillGathered) {
  for (const SyncMode mode : {SyncMode::kAlways, SyncMode::kEverySec, SyncMode::kNever}) {
    LogFixture fixture(mode);
    ASSERT_TRUE(fixture.open());
    fixture.settle();
    fixture.append({"a"});
    fixture.log->sync_up_to(Lsn{1});
    fixture.commit();
    const io::Lane lane = mode == SyncMode::kAlways ? io::Lane::kCommit : io::Lane::kSync;
    ASSERT_TRUE(fixture.loop.job(lane));
    fixture.run(lane);
    EXPECT_EQ(fixture.log->durable_lsn(), Lsn{1}) << static_cast<int>(mode);
    fixture.commit();
    EXPECT_FALSE(fixture.loop.job(lane)) << "nothing is left to do";
  }
}

TEST(Log, ASyncThatIsAskedForBetweenTurnsIsNoMatterOfTime) {
  for (const SyncMode mode : {SyncMode::kEverySec, SyncMode::kNever}) {
    LogFixture fixture(mode);
    ASSERT_TRUE(fixture.open());
    fixture.settle();
    fixture.append({"a"});
    fixture.commit();
    EXPECT_NE(fixture.log->wake_at(), MonoNs{0});
    fixture.log->sync_up_to(Lsn{1});
    EXPECT_EQ(fixture.log->wake_at(), MonoNs{0});
    fixture.commit();
    EXPECT_TRUE(fixture.loop.job(io::Lane::kSync));
    EXPECT_NE(fixture.log->wake_at(), MonoNs{0}) << "it runs";
  }
}

TEST(Log, EverySecReleasesWhatIsWrittenAndSyncsOnceASecond) {
  LogFixture fixture(SyncMode::kEverySec);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.append({"a"});
  fixture.commit();
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{1});
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{0});
  const auto wake = fixture.log->wake_at();
  ASSERT_TRUE(wake);
  fixture.clock.ns = wake->value - 1;
  fixture.commit();
  EXPECT_FALSE(fixture.loop.job(io::Lane::kSync));
  fixture.clock.ns = wake->value;
  fixture.commit();
  ASSERT_TRUE(fixture.loop.job(io::Lane::kSync));
  fixture.run(io::Lane::kSync);
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{1});
}

TEST(Log, WritesGoOnWhileASyncRunsWhichCoversWhatWasThereWhenItBegan) {
  LogFixture fixture(SyncMode::kEverySec);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.turn({"a"});
  fixture.syncs_stuck = true;
  fixture.pass(1000);
  ASSERT_TRUE(fixture.loop.job(io::Lane::kSync));
  fixture.turn({"b"});
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{2});
  EXPECT_FALSE(fixture.log->settled());
  fixture.run(io::Lane::kSync);
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{1});
  fixture.commit();
  EXPECT_FALSE(fixture.loop.job(io::Lane::kSync));
  fixture.pass(1000);
  ASSERT_TRUE(fixture.loop.job(io::Lane::kSync));
  fixture.run(io::Lane::kSync);
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{2});
}

TEST(Log, AFullSegmentIsSyncedBehindTheNextOne) {
  LogFixture fixture(SyncMode::kNever);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.syncs_stuck = true;
  fixture.turn({fixture.value(7000)});
  fixture.turn({fixture.value(7000)});
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{2});
  ASSERT_TRUE(fixture.loop.job(io::Lane::kSync));
  EXPECT_EQ(fixture.loop.job(io::Lane::kSync)->file->path(), LogFixture::segment_path(1));
  // One segment may be behind; what needs a third one waits.
  fixture.turn({fixture.value(7000)});
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{2});
  EXPECT_FALSE(fixture.log->behind());
  fixture.run(io::Lane::kSync);
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{1});
  fixture.commit();
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{2}) << "nothing is known yet of the second segment";
  ASSERT_TRUE(fixture.loop.job(io::Lane::kSync));
  EXPECT_EQ(fixture.loop.job(io::Lane::kSync)->file->path(), LogFixture::segment_path(2));
  fixture.run(io::Lane::kSync);
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{2});
  fixture.commit();
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{3});
}

TEST(Log, ASyncThatBeganBeforeItsSegmentWasFullDoesNotCoverTheRest) {
  LogFixture fixture(SyncMode::kEverySec);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.turn({fixture.value(3000)});
  fixture.syncs_stuck = true;
  fixture.pass(1000);
  fixture.turn({fixture.value(3000)});
  fixture.turn({fixture.value(3000)});
  ASSERT_EQ(fixture.log->released_lsn(), Lsn{3});
  fixture.run(io::Lane::kSync);
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{1});
  fixture.commit();
  fixture.run(io::Lane::kSync);
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{2});
  fixture.syncs_stuck = false;
  fixture.commit();
  fixture.settle();
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{3});
  EXPECT_TRUE(fixture.log->settled());
}

TEST(Log, GoingToAlwaysWaitsForTheSegmentThatIsBehind) {
  LogFixture fixture(SyncMode::kNever);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.syncs_stuck = true;
  fixture.turn({fixture.value(7000)});
  fixture.turn({fixture.value(2000)});
  fixture.log->set_sync_mode(SyncMode::kAlways);
  fixture.turn({fixture.value(10)});
  EXPECT_EQ(fixture.log->written_lsn(), Lsn{2});
  fixture.run(io::Lane::kSync);
  fixture.commit();
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{1});
  EXPECT_FALSE(fixture.loop.job(io::Lane::kCommit));
  fixture.syncs_stuck = false;
  fixture.settle();
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{3});
}

TEST(Log, IsLoadedInPieces) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  for (int turn = 0; turn < 30; ++turn) fixture.turn({fixture.value(700), fixture.value(1)});
  fixture.crash(Keep::kAll);
  Recovered recovered;
  RecoveryReport report;
  auto begun = Log::begin({fixture.clock, fixture.random, fixture.disk, fixture.loop},
                          fixture.options, recovered, report);
  ASSERT_TRUE(begun.ok());
  Log& log = *begun.value();
  const FakeDisk::Image image = fixture.disk.image();
  size_t pieces = 0;
  while (log.loading()) {
    EXPECT_TRUE(log.settled());
    EXPECT_FALSE(log.wake_at());
    log.commit(Lsn{0}, fixture.clock.wall(), fixture.clock.mono());
    EXPECT_EQ(fixture.disk.image(), image);
    const size_t before = recovered.values.size();
    const auto done = log.load(1);
    ASSERT_TRUE(done.ok());
    EXPECT_EQ(done.value(), !log.loading());
    EXPECT_LE(recovered.values.size(), before + 2) << "a batch at a time";
    ++pieces;
  }
  EXPECT_GE(pieces, 30U);
  EXPECT_EQ(recovered.values, fixture.written);
  EXPECT_EQ(log.released_lsn(), Lsn{60});
  EXPECT_EQ(report.epoch, 2U);
}

TEST(Log, ASlowDiskIsNotAFullOne) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  // The next segment is being made all the time.
  fixture.append({fixture.value(9000)});
  fixture.commit();
  fixture.append({fixture.value(60 << 20)});
  EXPECT_FALSE(fixture.log->behind());
  fixture.append({fixture.value(5 << 20)});
  EXPECT_TRUE(fixture.log->behind());
  EXPECT_TRUE(fixture.log->has_room(1 << 20, false));
  fixture.settle();
  EXPECT_FALSE(fixture.log->behind());
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{3});
}

TEST(Log, NeverSyncsOnlyWhenASegmentIsFull) {
  LogFixture fixture(SyncMode::kNever);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.turn({fixture.value(3000)});
  fixture.pass(5000);
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{0});
  EXPECT_FALSE(fixture.log->wake_at());
  fixture.turn({fixture.value(6000)});
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{2});
  // The full one, and then the next one's header, with what stood behind it.
  EXPECT_EQ(fixture.log->facts().syncs, 2U);
  fixture.turn({fixture.value(10)});
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{2});
}

TEST(Log, GoingToAlwaysReleasesOnlyWhatIsSyncedFromThenOn) {
  LogFixture fixture(SyncMode::kEverySec);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.append({"a"});
  fixture.commit();
  fixture.log->set_sync_mode(SyncMode::kAlways);
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{0});
  fixture.commit();
  ASSERT_TRUE(fixture.loop.job(io::Lane::kSync));
  fixture.run(io::Lane::kSync);
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{1});
  fixture.log->set_sync_mode(SyncMode::kNever);
  fixture.append({"b"});
  fixture.commit();
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{2});
}

TEST(Log, AMarkerSaysThatTheLastBatchIsDurable) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.turn({"a"});
  const uint64_t commits = fixture.log->facts().commits;
  ASSERT_TRUE(fixture.log->wake_at());
  fixture.pass(100);
  EXPECT_EQ(fixture.log->facts().commits, commits + 1);
  EXPECT_FALSE(fixture.log->wake_at());
  fixture.pass(60'000);
  EXPECT_EQ(fixture.log->facts().commits, commits + 1);
  // Damage to the batch is noticed from now on.
  fixture.crash(Keep::kNothing);
  fixture.disk.damage(LogFixture::segment_path(1), [](std::string& content) {
    content[kSegmentHeaderSpace + sizeof(BatchHeader) + 9] ^= 1;
  });
  EXPECT_FALSE(fixture.open());
  EXPECT_EQ(fixture.problem->code, Errc::kCorrupt);
}

TEST(Log, ALossOfPowerAfterASwitchBehindAnUnsyncedMarkerLosesNothingSynced) {
  LogFixture fixture(SyncMode::kEverySec);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.turn({fixture.value(3000)});
  fixture.pass(1000);  // Synced.
  fixture.pass(200);   // The marker is written.
  fixture.append({fixture.value(7000)});
  fixture.commit();  // Needs the next segment.
  fixture.settle();
  fixture.pass(1000);
  ASSERT_EQ(fixture.log->durable_lsn(), Lsn{2});
  fixture.crash(Keep::kNothing);
  ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
  EXPECT_EQ(fixture.recovered.values, fixture.written);
}

TEST(Log, ABatchLargerThanASegmentGetsALargerOne) {
  for (const SyncMode mode : {SyncMode::kAlways, SyncMode::kEverySec, SyncMode::kNever}) {
    LogFixture fixture(mode);
    ASSERT_TRUE(fixture.open());
    fixture.settle();
    fixture.turn({fixture.value(10)});
    EXPECT_TRUE(fixture.log->has_room(100'000, false));
    fixture.turn({fixture.value(100'000), fixture.value(1)});
    fixture.turn({fixture.value(10)});
    EXPECT_EQ(fixture.log->released_lsn(), Lsn{4});
    const uint64_t used = fixture.disk.used() - fixture.disk.content("d/superblock").size();
    EXPECT_EQ(fixture.log->facts().bytes, used);
    fixture.crash(Keep::kAll);
    ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
    EXPECT_EQ(fixture.recovered.values, fixture.written);
  }
}

TEST(Log, AFailedWriteOrSyncIsFinal) {
  for (const FakeDisk::Op op : {FakeDisk::Op::kWrite, FakeDisk::Op::kSync}) {
    LogFixture fixture;
    ASSERT_TRUE(fixture.open());
    fixture.settle();
    fixture.turn({"a"});
    fixture.append({"b"});
    fixture.commit();
    fixture.append({"c"});
    fixture.commit();
    fixture.disk.fail(op);
    fixture.run(io::Lane::kCommit);
    ASSERT_TRUE(fixture.log->failure());
    EXPECT_EQ(fixture.log->released_lsn(), Lsn{1});
    EXPECT_FALSE(fixture.log->has_room(1, true));
    EXPECT_FALSE(fixture.log->wake_at());
    fixture.pass(10'000);
    EXPECT_EQ(fixture.log->released_lsn(), Lsn{1});
    EXPECT_FALSE(fixture.loop.job(io::Lane::kCommit));
    EXPECT_FALSE(fixture.log->close(Lsn{3}, fixture.clock.wall()).ok());
    fixture.crash(Keep::kNothing);
    ASSERT_TRUE(fixture.open());
    EXPECT_EQ(fixture.recovered.values, fixture.first(1));
  }
}

TEST(Log, AFailedSyncBehindIsFinal) {
  LogFixture fixture(SyncMode::kNever);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.syncs_stuck = true;
  fixture.turn({fixture.value(7000)});
  fixture.turn({fixture.value(7000)});
  fixture.disk.fail(FakeDisk::Op::kSync);
  fixture.run(io::Lane::kSync);
  ASSERT_TRUE(fixture.log->failure());
  fixture.syncs_stuck = false;
  fixture.turn({"lost"});
  EXPECT_EQ(fixture.log->durable_lsn(), Lsn{0});
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{2});
  fixture.crash(Keep::kNothing);
  ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
  EXPECT_TRUE(fixture.recovered.values.empty());
}

TEST(Log, AFailedWriteIsFinalInTheOtherModes) {
  for (const SyncMode mode : {SyncMode::kEverySec, SyncMode::kNever}) {
    LogFixture fixture(mode);
    ASSERT_TRUE(fixture.open());
    fixture.settle();
    fixture.turn({"a"});
    fixture.disk.fail(FakeDisk::Op::kWrite);
    fixture.turn({"b"});
    EXPECT_TRUE(fixture.log->failure());
    EXPECT_EQ(fixture.log->released_lsn(), Lsn{1});
  }
}

TEST(Log, AFullDiskIsNoticedBeforeARecordIsAppendedAndItResumes) {
  LogFixture fixture;
  fixture.disk.set_capacity(2 * LogFixture::kSegmentBytes);
  ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
  fixture.settle();
  int refused = 0;
  while (fixture.log->has_room(300, false)) {
    fixture.turn({fixture.value(300)});
    ASSERT_EQ(fixture.log->released_lsn(), Lsn{fixture.lsn});
    ASSERT_LT(++refused, 100);
  }
  EXPECT_GT(refused, 0);
  // The reserve is there for what frees space.
  ASSERT_TRUE(fixture.log->has_room(300, true));
  while (fixture.log->has_room(300, true)) fixture.turn({fixture.value(300)});
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{fixture.lsn});
  EXPECT_FALSE(fixture.log->failure());
  // What comes all the same stalls without loss, and without spinning.
  fixture.append({fixture.value(5000)});
  fixture.commit();
  fixture.settle();
  EXPECT_LT(fixture.log->released_lsn(), Lsn{fixture.lsn});
  ASSERT_TRUE(fixture.log->wake_at());
  EXPECT_GT(*fixture.log->wake_at(), fixture.clock.mono());
  fixture.pass(400);
  ASSERT_TRUE(fixture.log->wake_at());
  EXPECT_GT(*fixture.log->wake_at(), fixture.clock.mono());
  // There is space again: it goes on by itself.
  fixture.disk.set_capacity(UINT64_MAX);
  fixture.pass(500);
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{fixture.lsn});
  EXPECT_TRUE(fixture.log->has_room(300, false));
  fixture.crash(Keep::kNothing);
  ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
  EXPECT_EQ(fixture.recovered.values, fixture.written);
}

TEST(Log, AGiantBatchOnAFullDiskWaitsWithoutFlapping) {
  LogFixture fixture;
  fixture.disk.set_capacity(4 * LogFixture::kSegmentBytes);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.append({fixture.value(200'000)});
  fixture.commit();
  fixture.settle();
  for (int i = 0; i < 4; ++i) {
    fixture.pass(500);
    EXPECT_FALSE(fixture.log->has_room(1, false));
    ASSERT_TRUE(fixture.log->wake_at());
    EXPECT_GT(*fixture.log->wake_at(), fixture.clock.mono());
  }
  fixture.disk.set_capacity(UINT64_MAX);
  fixture.pass(500);
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{1});
}

TEST(Log, TheFirstSegmentOnAFullDiskIsAClearErrorThatLeavesNoPart) {
  LogFixture fixture;
  fixture.disk.set_capacity(LogFixture::kSegmentBytes);
  EXPECT_FALSE(fixture.open());
  EXPECT_EQ(fixture.problem->code, Errc::kFull);
  EXPECT_THAT(fixture.problem->detail, HasSubstr("first log segment"));
  EXPECT_FALSE(fixture.disk.exists(LogFixture::segment_path(1)));
  fixture.disk.set_capacity(UINT64_MAX);
  EXPECT_TRUE(fixture.open()) << fixture.problem->detail;
}

TEST(Log, ASegmentThatCannotBeOpenedIsTriedAgain) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.disk.fail(FakeDisk::Op::kCreate);
  fixture.settle();
  EXPECT_FALSE(fixture.log->failure());
  fixture.pass(500);
  for (int i = 0; i < 30; ++i) fixture.turn({fixture.value(1000)});
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{30});
}

TEST(Log, TheNextSegmentIsZeroedInStepWithWhatIsAppended) {
  constexpr uint64_t kPiece = uint64_t{512} << 10;
  constexpr uint64_t kSegment = 8 * kPiece;
  LogFixture fixture;
  fixture.options.segment_bytes = kSegment;
  ASSERT_TRUE(fixture.open());
  const auto zeros = [&fixture] {
    const auto& job = fixture.loop.job(io::Lane::kBackground);
    return job && job->file != nullptr && job->file->path() == LogFixture::segment_path(2);
  };
  uint64_t zeroed = 0;
  uint64_t appended = kSegmentHeaderSpace;
  while (appended + (kPiece / 4) < kSegment) {
    fixture.append({fixture.value(kPiece / 8)});
    fixture.commit();
    for (bool ran = true; ran; fixture.commit()) {
      ran = false;
      if (fixture.loop.job(io::Lane::kCommit)) fixture.run(io::Lane::kCommit), ran = true;
      if (!fixture.loop.job(io::Lane::kBackground)) continue;
      if (zeros()) {
        EXPECT_EQ(fixture.loop.job(io::Lane::kBackground)->offset, zeroed);
        zeroed += fixture.loop.job(io::Lane::kBackground)->bytes.size();
      }
      fixture.run(io::Lane::kBackground);
      ran = true;
    }
    appended = kSegmentHeaderSpace + fixture.log->facts().bytes_appended;
    EXPECT_GE(zeroed, std::min(appended, kSegment)) << "behind what is appended";
    EXPECT_LE(zeroed, appended + appended / 8 + 2 * kPiece) << "far ahead of it";
  }
  EXPECT_EQ(zeroed, kSegment);
  EXPECT_EQ(fixture.disk.content(LogFixture::segment_path(2)), std::string(kSegment, '\0'));
}

TEST(Log, ASegmentIsNotOpenedWhileZerosAreWrittenOverIt) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.run(io::Lane::kBackground);
  fixture.commit();
  ASSERT_EQ(fixture.loop.job(io::Lane::kBackground)->kind, io::DiskJob::Kind::kWriteSync);
  fixture.append({fixture.value(7000)});
  fixture.commit();
  fixture.run(io::Lane::kCommit);
  fixture.append({fixture.value(7000)});
  fixture.commit();
  EXPECT_FALSE(fixture.loop.job(io::Lane::kCommit));
  EXPECT_FALSE(fixture.log->settled());
  fixture.run(io::Lane::kBackground);
  fixture.commit();
  EXPECT_TRUE(fixture.loop.job(io::Lane::kCommit));
  fixture.settle();
  EXPECT_EQ(fixture.log->released_lsn(), Lsn{2});
  fixture.crash(Keep::kNothing);
  ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
  EXPECT_EQ(fixture.recovered.values, fixture.written);
}

TEST(Log, ASegmentThatCannotBeZeroedIsMadeAgain) {
  for (const FakeDisk::Op op : {FakeDisk::Op::kWrite, FakeDisk::Op::kSync}) {
    LogFixture fixture;
    ASSERT_TRUE(fixture.open());
    fixture.run(io::Lane::kBackground);
    fixture.commit();
    fixture.disk.fail(op);
    fixture.run(io::Lane::kBackground);
    EXPECT_FALSE(fixture.log->failure());
    EXPECT_FALSE(fixture.disk.exists(LogFixture::segment_path(2)));
    EXPECT_EQ(fixture.log->facts().segments, 1U);
    fixture.pass(500);
    for (int i = 0; i < 30; ++i) fixture.turn({fixture.value(1000)});
    EXPECT_EQ(fixture.log->released_lsn(), Lsn{30});
  }
}

TEST(Log, OnlyCommitsThatWaitForTheirSyncGetZeros) {
  LogFixture fixture(SyncMode::kEverySec);
  ASSERT_TRUE(fixture.open());
  fixture.run(io::Lane::kBackground);
  fixture.commit();
  EXPECT_FALSE(fixture.loop.job(io::Lane::kBackground));
  fixture.log->set_sync_mode(SyncMode::kAlways);
  fixture.commit();
  ASSERT_TRUE(fixture.loop.job(io::Lane::kBackground));
  EXPECT_EQ(fixture.loop.job(io::Lane::kBackground)->file->path(), LogFixture::segment_path(2));
}

TEST(Log, CloseWritesWhatWasGatheredAndSwitchesIfItMust) {
  for (const SyncMode mode : {SyncMode::kAlways, SyncMode::kEverySec, SyncMode::kNever}) {
    LogFixture fixture(mode);
    ASSERT_TRUE(fixture.open());
    fixture.settle();
    fixture.turn({fixture.value(3000)});
    fixture.append({fixture.value(7000)});
    ASSERT_TRUE(fixture.log->close(Lsn{fixture.lsn}, fixture.clock.wall()).ok());
    fixture.crash(Keep::kNothing);
    ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
    EXPECT_EQ(fixture.recovered.values, fixture.written);
    EXPECT_EQ(fixture.report.cut_bytes, 0U);
  }
}

TEST(Log, CloseSyncsTheSegmentThatIsBehind) {
  LogFixture fixture(SyncMode::kNever);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.turn({fixture.value(3000)});
  fixture.log->sync_up_to(Lsn{1});
  fixture.syncs_stuck = true;
  fixture.commit();
  fixture.append({fixture.value(7000)});
  fixture.commit();
  fixture.run(io::Lane::kSync);
  ASSERT_EQ(fixture.log->durable_lsn(), Lsn{1});
  ASSERT_TRUE(fixture.log->close(Lsn{2}, fixture.clock.wall()).ok());
  fixture.crash(Keep::kNothing);
  ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
  EXPECT_EQ(fixture.recovered.values, fixture.written);
}

TEST(Log, CloseWhileTheDiskWritesIsRefused) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.append({"a"});
  fixture.commit();
  const Status status = fixture.log->close(Lsn{1}, fixture.clock.wall());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::kUnavailable);
  fixture.settle();
  EXPECT_TRUE(fixture.log->close(Lsn{1}, fixture.clock.wall()).ok());
}

TEST(Log, CloseWithoutRoomSaysSo) {
  LogFixture fixture;
  fixture.disk.set_capacity(2 * LogFixture::kSegmentBytes);
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  fixture.append({fixture.value(9000)});
  fixture.commit();
  fixture.settle();
  const Status status = fixture.log->close(Lsn{1}, fixture.clock.wall());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::kFull);
}

TEST(Log, EveryStartOpensItsOwnEpochAlsoWhenTheNewerSuperblockIsLost) {
  LogFixture fixture;
  uint64_t before = 0;
  for (int start = 0; start < 6; ++start) {
    ASSERT_TRUE(fixture.open());
    EXPECT_GT(fixture.report.epoch, before);
    before = fixture.report.epoch;
    fixture.log.reset();
    fixture.loop.forget();
    // The slot that this start has written is damaged.
    Superblock slots[2];
    const std::string content = fixture.disk.content("d/superblock");
    bool good[2];
    for (size_t i = 0; i < 2; ++i)
      good[i] = read_header(Bytes(content).substr(i * kHeaderCopyOffset), slots[i]);
    const size_t newer = good[1] && (!good[0] || slots[1].generation > slots[0].generation) ? 1 : 0;
    fixture.disk.damage("d/superblock", [newer](std::string& bytes) {
      bytes[newer * kHeaderCopyOffset + 40] ^= 4;
    });
  }
}

}  // namespace
}  // namespace leat
