// What a policy decides: how far a stream is cut, what is kept for groups, what is refused.
#include "engine/retention_plan.h"

#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "engine/wire_fixture.h"

namespace leat {
namespace {

constexpr uint64_t kEntryBytes = 14;

// Entries 1-0, 2-0 ... in blocks of `block` entries.
void append_entries(Stream& stream, uint64_t count, uint64_t block) {
  for (uint64_t i = 1; i <= count; ++i) {
    ASSERT_TRUE(stream.append({i, 0}, 2, kEntry, (i - 1) % block == 0));
  }
}

Group& add_group(Stream& stream, const std::string& name, StreamId position) {
  auto group = std::make_unique<Group>();
  group->id = stream.groups().next_id();
  group->name = name;
  EXPECT_TRUE(stream.place(*group, position));
  EXPECT_TRUE(stream.mutable_groups().add(std::move(group)));
  return *stream.mutable_groups().find(name);
}

TEST(PlanSizeTest, CutsToTheLimit) {
  struct Case {
    Retention policy;
    uint64_t kept;  // Of ten entries.
  };
  for (const Case& c : {
           Case{{.length_max = 11}, 10},
           Case{{.length_max = 10}, 10},
           Case{{.length_max = 9}, 9},
           Case{{.length_max = 7}, 7},
           Case{{.length_max = 6}, 6},
           Case{{.length_max = 1}, 1},
           Case{{.bytes_max = 10 * kEntryBytes}, 10},
           Case{{.bytes_max = 10 * kEntryBytes - 1}, 9},
           Case{{.bytes_max = 6 * kEntryBytes}, 6},
           Case{{.bytes_max = 6 * kEntryBytes + 13}, 6},
           Case{{.bytes_max = 1}, 1},  // The newest stays.
           Case{{.length_max = 8, .bytes_max = 5 * kEntryBytes}, 5},
           Case{{.length_max = 5, .bytes_max = 8 * kEntryBytes}, 5},
           Case{{.length_max = 3, .when_full = WhenFull::kReject}, 10},
           Case{{.length_max = 3, .retain = Retain::kUnacked}, 3},
           Case{{.length_max = 3, .retain = Retain::kUnacked, .when_full = WhenFull::kReject}, 3},
       }) {
    for (const uint64_t block : {1U, 3U, 100U}) {
      Stream stream;
      append_entries(stream, 10, block);
      stream.configure(c.policy);
      const SizePlan plan = plan_size(stream, {});
      EXPECT_EQ(plan.length, c.kept);
      stream.trim(plan.last_dropped);
      EXPECT_EQ(stream.length(), c.kept) << "limits " << c.policy.length_max << " and "
                                         << c.policy.bytes_max << ", blocks of " << block;
      EXPECT_EQ(stream.bytes(), plan.bytes);
    }
  }
}

TEST(PlanSizeTest, KeepsWhatAGroupNeeds) {
  Stream stream;
  append_entries(stream, 10, 3);
  stream.configure({.length_max = 2, .retain = Retain::kUnacked});
  EXPECT_EQ(stream.unacked_from(), StreamId::max());
  add_group(stream, "a", {8, 0});
  EXPECT_EQ(stream.unacked_from(), (StreamId{8, 1}));
  EXPECT_EQ(plan_size(stream, {}).last_dropped, (StreamId{8, 0}));
  Group& behind = add_group(stream, "b", {5, 0});
  EXPECT_EQ(plan_size(stream, {}).last_dropped, (StreamId{5, 0}));
  behind.pending.put({.id = {2, 0}, .owner = ConsumerId{1}});
  behind.pending.put({.id = {4, 0}, .owner = ConsumerId{1}});
  static_cast<void>(stream.mutable_groups());
  EXPECT_EQ(stream.unacked_from(), (StreamId{2, 0}));
  EXPECT_EQ(plan_size(stream, {}).last_dropped, (StreamId{1, 0}));
  ASSERT_TRUE(stream.erase({2, 0}));
  EXPECT_EQ(stream.unacked_from(), (StreamId{4, 0})) << "what is deleted needs no room";
  EXPECT_EQ(plan_size(stream, {}).last_dropped, (StreamId{3, 0}));
  stream.trim({4, 0});
  EXPECT_EQ(stream.unacked_from(), (StreamId{5, 1}));
}

TEST(PlanAdmissionTest, RefusesOnlyWhenFullSaysSo) {
  Stream stream;
  append_entries(stream, 10, 3);
  const auto admission = [&stream](const Retention& policy, uint64_t bytes) {
    stream.configure(policy);
    return plan_admission(&stream, policy, bytes);
  };
  constexpr auto kReject = WhenFull::kReject;
  constexpr auto kUnacked = Retain::kUnacked;
  EXPECT_EQ(admission({.length_max = 3}, 14), Excess::kNone);
  EXPECT_EQ(admission({.length_max = 10, .when_full = kReject}, 14), Excess::kLength);
  EXPECT_EQ(admission({.length_max = 11, .when_full = kReject}, 14), Excess::kNone);
  EXPECT_EQ(admission({.bytes_max = 154, .when_full = kReject}, 14), Excess::kNone);
  EXPECT_EQ(admission({.bytes_max = 154, .when_full = kReject}, 15), Excess::kBytes);
  EXPECT_EQ(admission({.length_max = 3, .retain = kUnacked, .when_full = kReject}, 14),
            Excess::kNone);
  EXPECT_EQ(admission({.bytes_max = 20, .retain = kUnacked, .when_full = kReject}, 21),
            Excess::kBytes);
  add_group(stream, "g", {7, 0});
  EXPECT_EQ(admission({.length_max = 4, .retain = kUnacked, .when_full = kReject}, 14),
            Excess::kNone);
  EXPECT_EQ(admission({.length_max = 3, .retain = kUnacked, .when_full = kReject}, 14),
            Excess::kLength);
  const Retention small{.bytes_max = 20, .when_full = kReject};
  EXPECT_EQ(plan_admission(nullptr, small, 20), Excess::kNone);
  EXPECT_EQ(plan_admission(nullptr, small, 21), Excess::kBytes);
}

TEST(PlanAgeTest, DropsWhatHasReachedTheAge) {
  Stream stream;
  append_entries(stream, 10, 3);
  EXPECT_EQ(plan_age(stream, WallMs{100}, 100).last_dropped, StreamId::min()) << "no MAXAGE";
  stream.configure({.age_max_ms = 20});
  for (const int64_t now : {-1, 0, 19, 20}) {
    EXPECT_EQ(plan_age(stream, WallMs{now}, 100).last_dropped, StreamId::min()) << now;
  }
  for (const uint64_t oldest : {1U, 2U, 5U, 9U, 10U, 50U}) {
    Stream aged;
    append_entries(aged, 10, 3);
    aged.configure({.age_max_ms = 20});
    const AgePlan plan = plan_age(aged, WallMs{static_cast<int64_t>(20 + oldest)}, 100);
    EXPECT_FALSE(plan.unfinished);
    aged.trim(plan.last_dropped);
    EXPECT_EQ(aged.length(), 10 - std::min<uint64_t>(oldest, 10)) << oldest;
  }
}

TEST(PlanAgeTest, DropsABoundedNumberOfBlocks) {
  Stream stream;
  append_entries(stream, 10, 3);
  stream.configure({.age_max_ms = 20});
  const AgePlan plan = plan_age(stream, WallMs{1000}, 2);
  EXPECT_TRUE(plan.unfinished);
  EXPECT_EQ(plan.last_dropped, (StreamId{6, 0}));
}

TEST(PlanAgeTest, KeepsWhatAGroupNeeds) {
  Stream stream;
  append_entries(stream, 10, 3);
  stream.configure({.age_max_ms = 20, .retain = Retain::kUnacked});
  add_group(stream, "g", {4, 0});
  const AgePlan early = plan_age(stream, WallMs{23}, 100);
  EXPECT_FALSE(early.held);
  EXPECT_GE(early.last_dropped, (StreamId{3, 0}));
  EXPECT_LT(early.last_dropped, (StreamId{4, 0}));
  const AgePlan late = plan_age(stream, WallMs{1000}, 100);
  EXPECT_TRUE(late.held);
  EXPECT_EQ(late.last_dropped, (StreamId{4, 0}));
  stream.trim(late.last_dropped);
  EXPECT_EQ(plan_age(stream, WallMs{1000}, 100).last_dropped, StreamId::min());
}

// Bytes and the first needed id are kept by small steps; random changes must leave them what counting gives.
TEST(RetentionTest, CountersAgreeWithWhatTheyCount) {
  std::mt19937_64 random(7);
  const auto below = [&random](uint64_t bound) { return random() % bound; };
  Stream stream;
  Group& group = add_group(stream, "g", {});
  uint64_t next = 1;
  for (int step = 0; step < 4000; ++step) {
    const StreamId some{1 + below(next), 0};
    switch (below(6)) {
      case 0:
        stream.erase(some);
        break;
      case 1:
        if (below(20) == 0) stream.trim(some);
        break;
      case 2:
        stream.mutable_groups().find("g")->pending.put({.id = some, .owner = ConsumerId{1}});
        break;
      case 3:
        stream.mutable_groups().find("g")->pending.erase(some);
        break;
      case 4:
        ASSERT_TRUE(stream.place(*stream.mutable_groups().find("g"), some));
        break;
      default:
        ASSERT_TRUE(
            stream.append({next++, 0}, 2, wire({"f", std::string(below(30), 'v')}), below(8) == 0));
    }
    uint64_t bytes = 0;
    StreamId needed = group.last_delivered.next();
    for (auto cursor = stream.seek({}); !cursor.done(); cursor.advance()) {
      bytes += cursor.entry().wire.size();
      if (group.pending.find(cursor.entry().id)) needed = std::min(needed, cursor.entry().id);
    }
    ASSERT_EQ(stream.bytes(), bytes);
    if (below(3) != 0) {
      ASSERT_EQ(stream.unacked_from(), needed);
    }
  }
}

}  // namespace
}  // namespace leat
