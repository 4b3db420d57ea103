// What a start makes of the frame files that it finds, also after power was lost at any moment.
#include <functional>
#include <set>

#include <gtest/gtest.h>

#include "storage/frame_files_fixture.h"

namespace leat {
namespace {

class FrameFilesStart : public testing::Test, public FrameFilesFixture {};

TEST_F(FrameFilesStart, TakesWhatTheCheckpointNamesAndRemovesTheRest) {
  start();
  const FrameRef kept = seal_well();
  while (seal_well().file != 4) {
  }
  ASSERT_TRUE(checkpoint({kept}).ok());
  open();
  files->refer(kept);
  files->checkpoint_refers(kept);
  ASSERT_TRUE(files->adopt().ok());
  EXPECT_TRUE(reads_back(kept));
  end_turn();
  EXPECT_TRUE(disk.exists(path(3))) << "the log has not been verified yet";
  // Replay seals again, on the spot, into a file of this run.
  const BlockImages replayed = images();
  const auto sealed_now = files->seal_now(replayed);
  ASSERT_TRUE(sealed_now.ok());
  EXPECT_EQ(sealed_now.value().file, 5U) << "no number is used twice";
  texts[sealed_now.value()] = text_of(replayed);
  files->refer(sealed_now.value());
  files->remove_orphans();
  EXPECT_EQ(disk.list("d").value(),
            (std::vector<std::string>{"frames-0-0000000001.frm", "frames-0-0000000005.frm"}));
  EXPECT_TRUE(reads_back(kept));
  EXPECT_TRUE(reads_back(sealed_now.value()));
  EXPECT_EQ(files->facts().files, 2U);
  // And the file of the earlier run goes like any other.
  files->forget(kept);
  ASSERT_TRUE(checkpoint({sealed_now.value()}).ok());
  end_turn();
  EXPECT_FALSE(disk.exists(path(1)));
}

TEST_F(FrameFilesStart, LeavesOtherFilesAlone) {
  const FakeDisk::Image others{{"d/frames-0-1.frm", "x"},
                               {"d/frames-1-0000000001.frm", "x"},
                               {"d/frames-0-0000000000.frm", "x"},
                               {"d/frames-0-0000000001.frm.bak", "x"},
                               {"d/superblock", "x"}};
  disk.load(others);
  start();
  EXPECT_EQ(disk.image(), others);
  EXPECT_EQ(seal_well().file, 1U);
}

TEST_F(FrameFilesStart, RefusesWhatIsNotThereAsItWas) {
  start();
  const FrameRef first = seal_well();
  const FrameRef last = seal_well();
  const FakeDisk::Image good = disk.image();
  const std::string name = path(1);
  struct Case {
    const char* want;
    Errc code;
    std::function<void()> harm;
  };
  const auto change_head = [&](const std::function<void(FrameHead&)>& change) {
    disk.damage(name, [&](std::string& content) {
      FrameHead head;
      ASSERT_TRUE(read_header(Bytes(content).substr(last.offset), head));
      change(head);
      content.replace(last.offset, sizeof(head), leat::sealed(head));
    });
  };
  const Case cases[] = {
      {"d/frames-0-0000000001.frm is missing", Errc::kCorrupt,
       [&] { static_cast<void>(disk.remove(name).ok()); }},
      {"frame in it that ends at", Errc::kCorrupt,
       [&] { disk.damage(name, [](auto& content) { content.pop_back(); }); }},
      {"another log's", Errc::kCorrupt,
       [&] { change_head([](FrameHead& head) { ++head.uuid[0]; }); }},
      {"belongs elsewhere: to file 2", Errc::kCorrupt,
       [&] { change_head([](FrameHead& head) { head.file = 2; }); }},
      {"newer Leat", Errc::kInvalid, [&] { change_head([](FrameHead& head) { ++head.version; }); }},
      {"not readable", Errc::kCorrupt,
       [&] { disk.damage(name, [&](auto& content) { content[last.offset] ^= 1; }); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.want);
    disk.load(good);
    c.harm();
    const FakeDisk::Image before = disk.image();
    const Status status = start({last, first});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, c.code);
    EXPECT_NE(status.error().detail.find(c.want), std::string::npos) << status.error().detail;
    EXPECT_NE(status.error().detail.find(name), std::string::npos) << status.error().detail;
    EXPECT_EQ(disk.image(), before);
  }
  disk.load(good);
  EXPECT_TRUE(start({last, first}).ok());
}

// A life with two runs: frames come and go, checkpoints are made, a file is cleaned.
class Life {
 public:
  // What the newest manifest names that may be there after a crash, and the one before: which of the two it is nobody
  // knows while the manifest is being replaced.
  std::vector<FrameRef> published;
  std::vector<FrameRef> before;

  explicit Life(FrameFilesFixture& fixture) : fixture_(fixture) {}

  void run() {
    for (int start = 0; start < 2 && fixture_.disk.powered(); ++start) {
      if (!fixture_.start(published).ok()) return;
      living_ = published;
      for (int round = 0; round < 4; ++round) {
        for (int i = 0; i < 5; ++i) seal();
        // The oldest third is trimmed.
        for (size_t i = living_.size() / 3; i != 0; --i) forget();
        checkpoint();
        fixture_.end_turn();
        clean();
      }
    }
  }

 private:
  void seal() {
    const auto frame = fixture_.seal();
    if (frame.ok()) living_.push_back(frame.value());
  }
  void forget() {
    fixture_.files->forget(living_.front());
    living_.erase(living_.begin());
  }
  void checkpoint() {
    for (const FrameRef& frame : living_) fixture_.files->checkpoint_refers(frame);
    if (!fixture_.sync().ok()) return fixture_.files->checkpoint_abandoned(false);
    before = std::exchange(published, living_);
    // The manifest is replaced; when the power is off by now, either may be there.
    if (!fixture_.disk.powered()) return;
    before = published;
    fixture_.files->checkpoint_published();
  }
  void clean() {
    const std::vector<uint64_t> candidates = fixture_.files->candidates();
    for (FrameRef& frame : living_) {
      if (!std::ranges::binary_search(candidates, frame.file)) continue;
      fixture_.files->rewrite(0, frame);
      fixture_.settle();
      if (!fixture_.sealed.back().ok()) continue;
      const FrameRef moved = fixture_.sealed.back().value();
      fixture_.texts[moved] = fixture_.texts.at(frame);
      fixture_.files->forget(frame);
      frame = moved;
    }
  }

  FrameFilesFixture& fixture_;
  std::vector<FrameRef> living_;
};

class FrameFilesCrash : public testing::TestWithParam<Keep> {};

TEST_P(FrameFilesCrash, AtEveryChange) {
  uint64_t changes = 0;
  {
    FrameFilesFixture whole;
    Life life(whole);
    life.run();
    changes = whole.disk.changes();
    EXPECT_GT(whole.files->facts().rewritten, 0U) << "a file was cleaned";
    ASSERT_GT(life.published.size(), 3U);
  }
  ASSERT_GT(changes, 60U);
  for (uint64_t change = 0; change <= changes; ++change) {
    for (const bool newest : {true, false}) {
      SCOPED_TRACE(testing::Message() << "power is lost at change " << change);
      FrameFilesFixture fixture;
      fixture.disk.lose_power_at(change);
      Life life(fixture);
      life.run();
      fixture.files.reset();
      fixture.disk.restore(GetParam());
      const std::vector<FrameRef>& named = newest ? life.published : life.before;
      for (const CheckFinding& finding : fixture.check(named).findings)
        ASSERT_FALSE(finding.damage) << finding.text;
      const Status status = fixture.start(named);
      ASSERT_TRUE(status.ok()) << status.error().detail;
      for (const FrameRef& frame : named) ASSERT_TRUE(fixture.reads_back(frame));
      // It goes on, with nothing left behind.
      const FrameRef more = fixture.seal_well();
      std::vector<FrameRef> all = named;
      all.push_back(more);
      ASSERT_TRUE(fixture.checkpoint(all).ok());
      fixture.end_turn();
      for (const FrameRef& frame : all) ASSERT_TRUE(fixture.reads_back(frame));
      std::set<uint64_t> needed;
      for (const FrameRef& frame : all) needed.insert(frame.file);
      ASSERT_EQ(fixture.disk.list("d").value().size(), needed.size());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(What, FrameFilesCrash,
                         testing::Values(Keep::kNothing, Keep::kAll, Keep::kEveryOther,
                                         Keep::kHalfOfLast));

}  // namespace
}  // namespace leat
