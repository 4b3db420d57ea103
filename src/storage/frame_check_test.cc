// `leat check` finds whatever is wrong with a frame, says where, and tells damage from what a crash leaves behind.
#include "storage/frame_check.h"

#include <gtest/gtest.h>

#include "storage/frame_files_fixture.h"

namespace leat {
namespace {

class FrameCheckTest : public testing::Test, public FrameFilesFixture {
 protected:
  void SetUp() override { start(); }
  // The only finding.
  CheckFinding finding(const std::vector<FrameRef>& named) {
    const FrameCheck checked = check(named);
    EXPECT_EQ(checked.findings.size(), 1U);
    return checked.findings.empty() ? CheckFinding() : checked.findings[0];
  }
  void flip(uint64_t file, uint64_t at, int bit = 0) {
    disk.damage(path(file), [&](std::string& content) {
      content[at] = static_cast<char>(content[at] ^ (1 << bit));
    });
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(FrameCheckTest, CountsWhatIsGood) {
  std::vector<FrameRef> frames;
  uint64_t bytes = 0;
  while (frames.empty() || frames.back().file < 3) {
    // With padding behind some of them.
    if (frames.size() % 3 == 0) {
      ASSERT_TRUE(sync().ok());
    }
    frames.push_back(seal_well());
    bytes += frames.back().size;
  }
  const FrameCheck checked = check(frames);
  EXPECT_TRUE(checked.findings.empty()) << checked.findings[0].text;
  EXPECT_EQ(checked.files, 3U);
  EXPECT_EQ(checked.frames, frames.size());
  EXPECT_EQ(checked.bytes, bytes);
}

// Reading finds each as well.
TEST_F(FrameCheckTest, FindsEveryFlippedBit) {
  const std::vector<FrameRef> frames{seal_well(3), seal_well(3)};
  const uint64_t size = frames[1].offset + frames[1].size;
  for (uint64_t at = 0; at < size; ++at) {
    const FrameRef& hit = frames[at < frames[1].offset ? 0 : 1];
    const FrameRef& other = frames[at < frames[1].offset ? 1 : 0];
    for (int bit = 0; bit < 8; ++bit) {
      SCOPED_TRACE(testing::Message() << "byte " << at << ", bit " << bit);
      flip(1, at, bit);
      const CheckFinding found = finding(frames);
      ASSERT_TRUE(found.damage);
      ASSERT_TRUE(has(found.text, fmt::format("d/frames-0-0000000001.frm, offset {} to {}: ",
                                              hit.offset, hit.offset + hit.size)))
          << found.text;
      BlockImages images;
      ASSERT_FALSE(files->read(hit, images));
      ASSERT_TRUE(reads_back(other));
      flip(1, at, bit);
    }
  }
  EXPECT_TRUE(check(frames).findings.empty());
}

TEST_F(FrameCheckTest, DamageIsWhatTheCheckpointNames) {
  const FrameRef first = seal_well();
  const FrameRef second = seal_well();
  const FrameRef third = seal_well();
  flip(1, second.offset + 10);
  const CheckFinding unnamed = finding({first, third});
  EXPECT_FALSE(unnamed.damage);
  EXPECT_TRUE(has(unnamed.text, "names nothing there")) << unnamed.text;
  flip(1, first.offset + 10);
  const CheckFinding both = finding({first, second, third});
  EXPECT_TRUE(both.damage);
  EXPECT_TRUE(has(both.text, "names 2 frames there")) << both.text;
  EXPECT_EQ(check({first, second, third}).frames, 1U) << "what follows is found";
}

TEST_F(FrameCheckTest, ATornTailIsOnlyWorthSaying) {
  const FrameRef first = seal_well();
  const FrameRef second = seal_well();
  disk.damage(path(1), [&](std::string& content) { content.resize(second.offset + 100); });
  const CheckFinding torn = finding({first});
  EXPECT_FALSE(torn.damage);
  EXPECT_TRUE(has(torn.text, fmt::format("offset {} to {}", second.offset, second.offset + 100)));
  EXPECT_TRUE(finding({first, second}).damage);
}

TEST_F(FrameCheckTest, FilesThatAreMissingAndFilesThatNothingNeeds) {
  const FrameRef frame = seal_well();
  const CheckFinding orphan = finding({});
  EXPECT_FALSE(orphan.damage);
  EXPECT_TRUE(has(orphan.text, "the next start removes it")) << orphan.text;
  const CheckFinding missing = finding({frame, {7, 0, 100}, {7, 100, 100}});
  EXPECT_TRUE(missing.damage);
  EXPECT_TRUE(
      has(missing.text, "d/frames-0-0000000007.frm is missing: the checkpoint names 2 frames"))
      << missing.text;
}

TEST_F(FrameCheckTest, AFrameThatIsNotWhereTheCheckpointSaysIt) {
  const FrameRef first = seal_well();
  const FrameRef second = seal_well();
  const FrameRef shifted{1, first.offset + 1, first.size};
  const FrameRef behind{1, second.offset + second.size, 90};
  const FrameCheck checked = check({shifted, second, behind});
  ASSERT_EQ(checked.findings.size(), 2U);
  for (const CheckFinding& found : checked.findings) {
    EXPECT_TRUE(found.damage);
    EXPECT_TRUE(has(found.text, "does not stand there")) << found.text;
  }
}

// A good frame that was copied over another place of the same file, or into another file.
TEST_F(FrameCheckTest, MisplacedFramesAreNotTaken) {
  const FrameRef first = seal_well(7);
  const FrameRef second = seal_well(7);
  disk.damage(path(1), [&](std::string& content) {
    content.replace(second.offset, std::string::npos, content.substr(0, first.size));
  });
  const CheckFinding found = finding({first, second});
  EXPECT_TRUE(found.damage);
  EXPECT_TRUE(has(found.text, "belongs elsewhere: to file 1 of shard 0, offset 0")) << found.text;
  BlockImages images;
  EXPECT_FALSE(files->read(second, images));
}

}  // namespace
}  // namespace leat
