#include "base/log.h"

#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::MatchesRegex;

// Every test logs to a file of its own and leaves standard output as it found it.
class LogTest : public testing::Test {
 protected:
  void TearDown() override { static_cast<void>(open_log("", LogLevel::kNotice)); }

  [[nodiscard]] std::vector<std::string> lines() const {
    std::ifstream file(path_);
    std::vector<std::string> all;
    for (std::string line; std::getline(file, line);) all.push_back(line);
    return all;
  }

  const std::string path_ =
      testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ".log";
};

TEST_F(LogTest, WritesALineThatRedisToolsCanRead) {
  std::remove(path_.c_str());
  ASSERT_TRUE(open_log(path_, LogLevel::kNotice));
  log(LogLevel::kNotice, "Ready to accept connections on port {}", 6379);
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_THAT(lines()[0], MatchesRegex("[0-9]+:M [0-9][0-9] [A-Z][a-z][a-z] [0-9]{4} "
                                       "[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\\.[0-9]{3} \\* "
                                       "Ready to accept connections on port 6379"));
}

TEST_F(LogTest, LeavesOutWhatIsBelowItsLevel) {
  const LogLevel levels[] = {LogLevel::kDebug, LogLevel::kVerbose, LogLevel::kNotice,
                             LogLevel::kWarning};
  for (const LogLevel least : levels) {
    std::remove(path_.c_str());
    ASSERT_TRUE(open_log(path_, LogLevel::kNothing));
    set_log_level(least);
    size_t expected = 0;
    for (const LogLevel level : levels) {
      EXPECT_EQ(log_enabled(level), level >= least);
      log(level, "line");
      if (level >= least) ++expected;
    }
    EXPECT_EQ(lines().size(), expected);
  }
}

TEST_F(LogTest, MarksTheLevel) {
  std::remove(path_.c_str());
  ASSERT_TRUE(open_log(path_, LogLevel::kDebug));
  log(LogLevel::kDebug, "d");
  log(LogLevel::kVerbose, "v");
  log(LogLevel::kNotice, "n");
  log(LogLevel::kWarning, "w");
  EXPECT_THAT(lines(),
              ElementsAre(EndsWith(" . d"), EndsWith(" - v"), EndsWith(" * n"), EndsWith(" # w")));
}

TEST_F(LogTest, NothingMeansNothing) {
  std::remove(path_.c_str());
  ASSERT_TRUE(open_log(path_, LogLevel::kNothing));
  log(LogLevel::kWarning, "w");
  EXPECT_THAT(lines(), IsEmpty());
}

// What clients send appears in lines; it must not forge others.
TEST_F(LogTest, ALineStaysOneLine) {
  std::remove(path_.c_str());
  ASSERT_TRUE(open_log(path_, LogLevel::kNotice));
  log(LogLevel::kNotice, "name '{}'", "a\r\n1:M fake\x1b[2J\x7f");
  EXPECT_THAT(lines(), ElementsAre(EndsWith(" * name 'a  1:M fake [2J '")));
}

TEST_F(LogTest, KeepsItsPlaceWhenAFileCannotBeOpened) {
  std::remove(path_.c_str());
  ASSERT_TRUE(open_log(path_, LogLevel::kWarning));
  EXPECT_FALSE(open_log(testing::TempDir() + "no/such/folder/x.log", LogLevel::kDebug));
  EXPECT_FALSE(log_enabled(LogLevel::kNotice));
  log(LogLevel::kWarning, "still here");
  EXPECT_THAT(lines(), ElementsAre(EndsWith("still here")));
}

TEST_F(LogTest, ReturnsToStandardOutput) {
  std::remove(path_.c_str());
  ASSERT_TRUE(open_log(path_, LogLevel::kNotice));
  testing::internal::CaptureStdout();
  ASSERT_TRUE(open_log("", LogLevel::kNotice));
  log(LogLevel::kNotice, "to the terminal");
  EXPECT_THAT(testing::internal::GetCapturedStdout(), EndsWith(" * to the terminal\n"));
  EXPECT_THAT(lines(), IsEmpty());
}

}  // namespace
}  // namespace leat
