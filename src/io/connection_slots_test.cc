#include "io/connection_slots.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace leat::io {
namespace {

TEST(ConnectionSlots, FindsWhatLivesAndNothingElse) {
  ConnectionSlots<int> slots;
  EXPECT_EQ(slots.find({0}), nullptr);
  const ConnectionId a = slots.add(1);
  const ConnectionId b = slots.add(2);
  EXPECT_EQ(*slots.find(a), 1);
  EXPECT_EQ(*slots.find(b), 2);
  EXPECT_EQ(slots.remove(a), 1);
  EXPECT_EQ(slots.find(a), nullptr);
  EXPECT_EQ(*slots.find(b), 2);
  EXPECT_EQ(slots.find({~uint64_t{0}}), nullptr);
}

TEST(ConnectionSlots, ReusesSlotsButNeverIds) {
  ConnectionSlots<int> slots;
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const ConnectionId id = slots.add(i);
    EXPECT_TRUE(seen.insert(id.value).second);
    EXPECT_EQ(id.value & (ConnectionSlots<int>::kSlotsMax - 1), 0U) << "one slot is enough";
    EXPECT_EQ(id.value & ~kConnectionIdMask, 0U);
    slots.remove(id);
    EXPECT_EQ(slots.find(id), nullptr);
  }
}

TEST(ConnectionSlots, VisitsEveryLiveOne) {
  ConnectionSlots<int> slots;
  std::vector<ConnectionId> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(slots.add(i));
  for (size_t i = 0; i < 10; i += 2) slots.remove(ids[i]);
  int sum = 0;
  slots.for_each([&](const int& value) { sum += value; });
  EXPECT_EQ(sum, 1 + 3 + 5 + 7 + 9);
}

}  // namespace
}  // namespace leat::io
