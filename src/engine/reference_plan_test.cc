// What goes when groups are asked what they still need.
#include "engine/reference_plan.h"

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/wire_fixture.h"

namespace leat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr StreamId id(uint64_t ms) {
  return {ms, 0};
}

// Entries 1-0, 2-0 ... in blocks of four.
void fill(Stream& stream, uint64_t count) {
  for (uint64_t i = 1; i <= count; ++i) ASSERT_TRUE(stream.append(id(i), 2, kEntry, i % 4 == 1));
}

// A group that has been given all up to `last`, and has `pending` of it pending.
void add_group(Stream& stream, const std::string& name, uint64_t last,
               const std::vector<uint64_t>& pending) {
  auto group = std::make_unique<Group>();
  group->id = stream.groups().next_id();
  group->name = name;
  ASSERT_TRUE(stream.place(*group, id(last)));
  for (const uint64_t ms : pending) group->pending.put({.id = id(ms), .owner = ConsumerId{1}});
  ASSERT_TRUE(stream.mutable_groups().add(std::move(group)));
}

Trim keep(uint64_t length, uint64_t limit = 0) {
  return {.length = length, .limit = limit, .references = References::kAcknowledged};
}

TEST(PlanAckedTrimTest, DropsTheOldestOfAStreamWithoutGroups) {
  Stream stream;
  fill(stream, 10);
  const TrimPlan plan = plan_trim(stream, keep(3));
  EXPECT_EQ(plan.last_dropped, id(7));
  EXPECT_EQ(plan.count, 7);
  EXPECT_THAT(plan.ranges, IsEmpty());
}

TEST(PlanAckedTrimTest, PassesOverWhatAGroupNeeds) {
  Stream stream;
  fill(stream, 20);
  add_group(stream, "a", 18, {3, 4, 10});
  add_group(stream, "b", 15, {10, 12});
  const TrimPlan plan = plan_trim(stream, keep(0));
  EXPECT_EQ(plan.last_dropped, id(2));
  EXPECT_EQ(plan.count, 11);
  EXPECT_THAT(plan.ranges,
              ElementsAre(Pair(id(5), id(9)), Pair(id(11), id(11)), Pair(id(13), id(15))));
  const TrimPlan less = plan_trim(stream, keep(14));
  EXPECT_EQ(less.count, 6) << "as many as are too many, from the oldest on";
  EXPECT_THAT(less.ranges, ElementsAre(Pair(id(5), id(8))));
}

TEST(PlanAckedTrimTest, LeavesANodeAloneThatWouldExceedTheLimit) {
  Stream stream;
  fill(stream, 20);
  add_group(stream, "a", 20, {2});
  EXPECT_EQ(plan_trim(stream, keep(0, 3)).count, 0);
  EXPECT_EQ(plan_trim(stream, keep(0, 4)).count, 3) << "then four more would be seven";
  EXPECT_EQ(plan_trim(stream, keep(0, 7)).count, 7);
}

TEST(PlanAckedTrimTest, DoesNotCountWhatIsPendingAndGone) {
  Stream stream;
  fill(stream, 8);
  add_group(stream, "a", 8, {2, 3});
  ASSERT_TRUE(stream.erase(id(2)));
  ASSERT_TRUE(stream.erase(id(3)));
  const TrimPlan plan = plan_trim(stream, keep(0));
  EXPECT_EQ(plan.count, 6);
  EXPECT_EQ(plan.last_dropped, id(8));
  EXPECT_THAT(plan.ranges, IsEmpty());
}

// Against the command as its documentation says it, entry by entry.
class PlanAckedTrimModelTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  uint64_t below(uint64_t end) { return random_() % end; }

  std::vector<uint64_t> draw_pending(uint64_t last) {
    std::vector<uint64_t> pending;
    const uint64_t rare = 1 + below(30);
    for (uint64_t ms = 1; ms <= last; ++ms) {
      if (below(rare) == 0) pending.push_back(ms);
    }
    return pending;
  }
  void draw(Stream& stream) {
    const uint64_t count = 1 + below(60);
    fill(stream, count);
    for (uint64_t left = below(20); left != 0; --left) stream.erase(id(1 + below(count)));
    for (uint64_t left = below(3); left != 0; --left) {
      const uint64_t last = below(4) == 0 ? below(count + 1) : count;
      add_group(stream, std::to_string(left), last, draw_pending(last));
    }
  }
  Trim draw_trim() {
    return {.by = below(2) == 0 ? Trim::By::kLength : Trim::By::kId,
            .length = below(40),
            .first_kept = id(below(70)),
            .limit = below(3) == 0 ? 1 + below(30) : 0,
            .references = References::kAcknowledged};
  }

  static std::vector<StreamId> expected(const Stream& stream, const Trim& trim) {
    std::vector<StreamId> gone;
    for (const auto& [first, extent] : stream.extents()) {
      if (trim.limit != 0 && gone.size() + extent.live() > trim.limit) return gone;
      for (auto at = extent.block()->begin(); !at.done(); at.advance()) {
        if (!at.live()) continue;
        const StreamId entry = at.entry().id;
        const bool ends = trim.by == Trim::By::kLength
                              ? stream.length() - gone.size() <= trim.length
                              : entry >= trim.first_kept;
        if (ends) return gone;
        if (!is_referenced(stream, entry, nullptr)) gone.push_back(entry);
      }
    }
    return gone;
  }
  static std::vector<StreamId> planned(const Stream& stream, const TrimPlan& plan) {
    std::vector<StreamId> gone;
    for (auto at = stream.seek(StreamId::min()); !at.done(); at.advance()) {
      const StreamId entry = at.entry().id;
      bool goes = entry <= plan.last_dropped;
      for (const auto& [first, last] : plan.ranges)
        goes = goes || (first <= entry && entry <= last);
      if (goes) gone.push_back(entry);
    }
    return gone;
  }

 private:
  std::mt19937_64 random_{GetParam()};
};

TEST_P(PlanAckedTrimModelTest, TakesTheOldestThatNobodyNeeds) {
  for (int i = 0; i < 500; ++i) {
    Stream stream;
    draw(stream);
    const Trim trim = draw_trim();
    const TrimPlan plan = plan_trim(stream, trim);
    const std::vector<StreamId> gone = planned(stream, plan);
    ASSERT_EQ(gone, expected(stream, trim));
    ASSERT_EQ(gone.size(), plan.count);
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, PlanAckedTrimModelTest, ::testing::Range<uint64_t>(1, 5));

}  // namespace
}  // namespace leat
