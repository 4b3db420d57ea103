// Power is lost at every single change to the disk in turn: what was acknowledged is there, in order, and nothing
// that was not written; then the log goes on.
#include <gtest/gtest.h>

#include "storage/log_fixture.h"

namespace leat {
namespace {

// Fills a few segments with batches of several sizes, with pauses, a change of mode and a restart.
// Returns the last LSN that was durable for sure.
uint64_t run_until_power_fails(LogFixture& fixture) {
  uint64_t durable = 0;
  const auto turn = [&](const std::vector<std::string>& values) {
    if (!fixture.log || fixture.log->failure()) return;
    fixture.turn(values);
    durable = fixture.log->durable_lsn().value;
  };
  const auto pass = [&](int64_t ms) {
    if (!fixture.log) return;
    fixture.pass(ms);
    durable = std::max(durable, fixture.log->durable_lsn().value);
  };
  for (int start = 0; start < 2; ++start) {
    if (!fixture.open()) return durable;
    fixture.settle();
    for (int i = 0; i < 4; ++i) {
      turn({fixture.value(500), fixture.value(2)});
      pass(150);
      turn({fixture.value(2500)});
      pass(1000);
    }
    // A sync that takes long: of what is written meanwhile it covers nothing.
    fixture.syncs_stuck = true;
    for (int i = 0; i < 5; ++i) turn({fixture.value(2500)});
    fixture.syncs_stuck = false;
    pass(1);
    turn({fixture.value(20'000)});
    fixture.log->set_sync_mode(start == 0 ? SyncMode::kAlways : SyncMode::kEverySec);
    turn({fixture.value(10)});
    pass(1100);
    if (start == 1 && fixture.log->close(Lsn{fixture.lsn}, fixture.clock.wall()).ok())
      durable = fixture.lsn;
    fixture.log.reset();
    fixture.loop.forget();
    if (!fixture.disk.powered()) return durable;
  }
  return durable;
}

class LogCrash : public testing::TestWithParam<std::tuple<SyncMode, Keep>> {};

TEST_P(LogCrash, AtEveryChange) {
  const auto [mode, keep] = GetParam();
  uint64_t changes = 0;
  {
    LogFixture whole(mode);
    run_until_power_fails(whole);
    changes = whole.disk.changes();
  }
  ASSERT_GT(changes, 100U);
  for (uint64_t change = 0; change < changes; ++change) {
    SCOPED_TRACE(testing::Message() << "power is lost at change " << change);
    LogFixture fixture(mode);
    fixture.disk.lose_power_at(change);
    const uint64_t durable = run_until_power_fails(fixture);
    fixture.crash(keep);
    ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
    const size_t found = fixture.recovered.values.size();
    ASSERT_GE(found, durable);
    ASSERT_LE(found, fixture.written.size());
    ASSERT_EQ(fixture.recovered.values, fixture.first(found));
    // It goes on from there, and a second crash changes nothing.
    fixture.written.resize(found);
    fixture.settle();
    fixture.log->set_sync_mode(SyncMode::kAlways);
    fixture.turn({fixture.value(700)});
    ASSERT_EQ(fixture.log->durable_lsn(), Lsn{found + 1});
    const uint64_t epoch = fixture.report.epoch;
    fixture.crash(Keep::kNothing);
    ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
    ASSERT_EQ(fixture.recovered.values, fixture.written);
    ASSERT_GT(fixture.report.epoch, epoch);
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, LogCrash,
                         testing::Combine(testing::Values(SyncMode::kAlways, SyncMode::kEverySec,
                                                          SyncMode::kNever),
                                          testing::Values(Keep::kNothing, Keep::kAll,
                                                          Keep::kEveryOther, Keep::kHalfOfLast)));

// Power is lost a second time while recovery cuts a torn tail.
TEST(LogCrashTwice, DuringRecovery) {
  for (uint64_t change = 0; change < 12; ++change) {
    for (const Keep keep : {Keep::kNothing, Keep::kAll, Keep::kEveryOther, Keep::kHalfOfLast}) {
      LogFixture fixture(SyncMode::kNever);
      ASSERT_TRUE(fixture.open());
      fixture.settle();
      fixture.turn({fixture.value(600)});
      fixture.turn({fixture.value(600)});
      fixture.turn({fixture.value(600)});
      // The first and the third batch reach the disk, the second does not.
      fixture.crash(Keep::kAll);
      fixture.disk.damage("d/log-0-0000000001.seg", [](std::string& content) {
        std::fill_n(content.begin() + 8192 + 1024, 1024, '\0');
      });
      fixture.disk.lose_power_at(change);
      const bool opened = fixture.open();
      fixture.crash(keep);
      ASSERT_TRUE(fixture.open()) << change << ": " << fixture.problem->detail;
      ASSERT_EQ(fixture.recovered.values, fixture.first(1)) << opened;
      fixture.settle();
      fixture.written.resize(1);
      fixture.turn({fixture.value(600)});
      fixture.crash(Keep::kAll);
      ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
      // The old third batch was cut for good.
      ASSERT_EQ(fixture.recovered.values, fixture.written);
    }
  }
}

}  // namespace
}  // namespace leat
