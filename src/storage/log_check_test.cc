// `leat check`: every kind of damage is named with its place, and nothing is changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/log_fixture.h"
#include "storage/log_format.h"

namespace leat {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kSegmentPath = "d/log-0-0000000001.seg";

struct Checked {
  std::vector<std::string> notes;
  std::vector<std::string> damage;
  uint64_t records = 0;
};

Checked check(LogFixture& fixture) {
  Checked checked;
  const FakeDisk::Image before = fixture.disk.image();
  Recovered recovered;
  RecoveryReport report;
  const auto findings = check_log(fixture.disk, "d", recovered, report);
  EXPECT_EQ(fixture.disk.image(), before);
  EXPECT_TRUE(findings.ok());
  if (!findings.ok()) return checked;
  for (const CheckFinding& finding : findings.value())
    (finding.damage ? checked.damage : checked.notes).push_back(finding.text);
  checked.records = report.records;
  return checked;
}

class LogCheck : public testing::Test {
 protected:
  // Three batches of 1024 bytes in the first segment, at 8192.
  void SetUp() override {
    ASSERT_TRUE(fixture_.open());
    fixture_.settle();
    for (int i = 0; i < 3; ++i) fixture_.turn({fixture_.value(700)});
    fixture_.crash(Keep::kNothing);
  }
  void flip(size_t at, const std::string& path = kSegmentPath) {
    fixture_.disk.damage(path, [at](std::string& bytes) { bytes[at] ^= 1; });
  }
  LogFixture fixture_;
};

TEST_F(LogCheck, ACleanLogHasNoFindings) {
  const Checked checked = check(fixture_);
  EXPECT_THAT(checked.notes, IsEmpty());
  EXPECT_THAT(checked.damage, IsEmpty());
  EXPECT_EQ(checked.records, 3U);
}

TEST_F(LogCheck, AnEmptyDirectoryIsNoDamage) {
  fixture_.disk.load({});
  const Checked checked = check(fixture_);
  EXPECT_THAT(checked.notes, testing::ElementsAre("d holds no log"));
  EXPECT_THAT(checked.damage, IsEmpty());
}

TEST_F(LogCheck, DamageIsToldFromATornTail) {
  flip(8192 + 1024 + 200);
  const Checked damaged = check(fixture_);
  ASSERT_EQ(damaged.damage.size(), 2U);
  EXPECT_THAT(damaged.damage[0], HasSubstr("offset 9216 to 10240"));
  EXPECT_THAT(damaged.damage[1], HasSubstr("offset 9216 to 10240: not readable; a whole batch with "
                                           "records 3 to 3 follows"));
  flip(8192 + 1024 + 200);
  flip(8192 + 2048 + 200);
  const Checked torn = check(fixture_);
  EXPECT_THAT(torn.damage, IsEmpty());
  ASSERT_EQ(torn.notes.size(), 1U);
  EXPECT_THAT(torn.notes[0], HasSubstr("torn tail"));
  EXPECT_EQ(torn.records, 2U);
}

TEST_F(LogCheck, CopiesAndUnusedBytesAreLookedAtAsWell) {
  flip(20);
  flip(kHeaderCopyOffset + 20, "d/superblock");
  flip(2000);
  flip(8192 + 1024 - 1);
  const Checked checked = check(fixture_);
  EXPECT_THAT(checked.damage, IsEmpty());
  ASSERT_EQ(checked.notes.size(), 4U);
  EXPECT_THAT(checked.notes[0], HasSubstr("superblock"));
  EXPECT_THAT(checked.notes[1], HasSubstr("copies of its header"));
  EXPECT_THAT(checked.notes[2], HasSubstr("offset 2000 to 2001"));
  EXPECT_THAT(checked.notes[3], HasSubstr("offset 9215 to 9216"));
}

TEST_F(LogCheck, ASectorThatCannotBeReadIsDamageWithItsPlace) {
  // The superblock takes two reads.
  fixture_.disk.fail(FakeDisk::Op::kRead, Errc::kIo, 2);
  const Checked checked = check(fixture_);
  ASSERT_FALSE(checked.damage.empty());
  EXPECT_THAT(checked.damage[0], HasSubstr("log-0-0000000001.seg"));
  EXPECT_THAT(checked.damage[0], HasSubstr("at offset"));
}

TEST_F(LogCheck, ANewerVersionIsNotJudged) {
  fixture_.disk.damage("d/superblock", [](std::string& bytes) {
    for (const uint64_t slot : {uint64_t{0}, kHeaderCopyOffset}) {
      Superblock superblock;
      ASSERT_TRUE(read_header(Bytes(bytes).substr(slot), superblock));
      ++superblock.version;
      const Bytes rendered = sealed(superblock);
      rendered.copy(bytes.data() + slot, rendered.size());
    }
  });
  Recovered recovered;
  RecoveryReport report;
  const auto findings = check_log(fixture_.disk, "d", recovered, report);
  ASSERT_FALSE(findings.ok());
  EXPECT_EQ(findings.error().code, Errc::kInvalid);
}

}  // namespace
}  // namespace leat
