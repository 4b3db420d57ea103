// Power is lost at every single change to the disk while checkpoints are made, published and used to reclaim the
// log: what was acknowledged is there, nothing is left over, and it goes on.
#include <gtest/gtest.h>

#include "storage/checkpoint_fixture.h"

namespace leat {
namespace {

// Fills a few segments and makes checkpoints in between, with a restart. Returns the last LSN that was durable.
uint64_t run_until_power_fails(CheckpointFixture& fixture) {
  uint64_t durable = 0;
  const auto turn = [&](size_t bytes) {
    if (fixture.log->failure()) return;
    fixture.turn({fixture.value(bytes), fixture.value(2)});
    durable = std::max(durable, fixture.log->durable_lsn().value);
  };
  for (int start = 0; start < 2; ++start) {
    if (!fixture.open()) return durable;
    fixture.settle();
    fixture.clean();
    for (int i = 0; i < 3; ++i) {
      for (const size_t bytes : {2500U, 300U, 6000U}) turn(bytes);
      if (!fixture.log->failure()) fixture.checkpoint([&] { turn(1200); });
    }
    fixture.pass(150);
    durable = std::max(durable, fixture.log->durable_lsn().value);
    if (start == 1 && fixture.log->close(Lsn{fixture.lsn}, fixture.clock.wall()).ok())
      durable = fixture.lsn;
    fixture.writer.reset();
    fixture.log.reset();
    fixture.loop.forget();
    if (!fixture.disk.powered()) return durable;
  }
  return durable;
}

class CheckpointCrash
    : public testing::TestWithParam<std::tuple<SyncMode, Keep, uint64_t /*retain*/>> {};

TEST_P(CheckpointCrash, AtEveryChange) {
  const auto [mode, keep, retain] = GetParam();
  uint64_t changes = 0;
  {
    CheckpointFixture whole(mode);
    whole.retain = retain;
    run_until_power_fails(whole);
    changes = whole.disk.changes();
    ASSERT_EQ(whole.writer, nullptr);
    ASSERT_EQ(whole.count("checkpoint-"), 1U);
    ASSERT_LE(whole.count("log-"), retain == 0 ? 3U : 6U) << "the log is reclaimed";
    ASSERT_GT(whole.disk.changes(), 100U);
  }
  for (uint64_t change = 0; change < changes; ++change) {
    SCOPED_TRACE(testing::Message() << "power is lost at change " << change);
    CheckpointFixture fixture(mode);
    fixture.retain = retain;
    fixture.disk.lose_power_at(change);
    const uint64_t durable = run_until_power_fails(fixture);
    fixture.crash(keep);
    ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
    const size_t found = fixture.recovered.values.size();
    ASSERT_GE(found, durable);
    ASSERT_LE(found, fixture.written.size());
    ASSERT_EQ(fixture.recovered.values, fixture.first(found));
    fixture.written.resize(found);
    // Nothing is left that nobody needs.
    fixture.run_all();
    fixture.clean();
    const bool exists = fixture.writer->current().has_value();
    ASSERT_EQ(fixture.count("checkpoint-"), exists ? 1U : 0U);
    ASSERT_EQ(fixture.count("manifest-"), exists ? 1U : 0U);
    ASSERT_EQ(fixture.count("log-"), fixture.log->facts().segments);
    // It goes on from there, with a checkpoint of its own, and a second crash changes nothing.
    fixture.log->set_sync_mode(SyncMode::kAlways);
    fixture.turn({fixture.value(700)});
    ASSERT_EQ(fixture.log->durable_lsn(), Lsn{found + 1});
    ASSERT_TRUE(fixture.checkpoint()) << fixture.failure.detail;
    fixture.crash(Keep::kNothing);
    ASSERT_TRUE(fixture.open()) << fixture.problem->detail;
    ASSERT_EQ(fixture.recovered.values, fixture.written);
    ASSERT_EQ(fixture.report.checkpoint, Lsn{found + 1});
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, CheckpointCrash,
                         testing::Combine(testing::Values(SyncMode::kAlways, SyncMode::kEverySec,
                                                          SyncMode::kNever),
                                          testing::Values(Keep::kNothing, Keep::kAll,
                                                          Keep::kEveryOther, Keep::kHalfOfLast),
                                          testing::Values(0, LogFixture::kSegmentBytes)));

}  // namespace
}  // namespace leat
