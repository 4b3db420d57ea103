#include "base/result.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace leat {
namespace {

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> value = 7;
  EXPECT_TRUE(value.ok());
  EXPECT_EQ(value.value(), 7);
  const Result<int> error = Error{Errc::kCorrupt, "a.log: bad checksum"};
  EXPECT_FALSE(error.ok());
  EXPECT_EQ(error.error().code, Errc::kCorrupt);
  EXPECT_EQ(error.error().detail, "a.log: bad checksum");
}

TEST(Result, GivesItsValueAway) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  const std::unique_ptr<int> owned = std::move(result).value();
  EXPECT_EQ(*owned, 5);
}

TEST(ResultDeathTest, TheOtherSideIsABug) {
  const Result<int> value = 7;
  const Result<int> error = Error{Errc::kIo, ""};
  EXPECT_DEATH(static_cast<void>(value.error()), "bug");
  EXPECT_DEATH(static_cast<void>(error.value()), "bug");
  EXPECT_DEATH(static_cast<void>(Status().error()), "bug");
}

TEST(Status, IsSuccessByDefault) {
  EXPECT_TRUE(Status().ok());
  const Status failed = Error{Errc::kFull, "no space"};
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Errc::kFull);
}

}  // namespace
}  // namespace leat
