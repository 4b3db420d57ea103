// FieldMap: small and large, the same map.
#include "engine/field_map.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using Map = FieldMap<std::string>;

std::vector<std::pair<std::string, std::string>> all(const Map& map) {
  std::vector<std::pair<std::string, std::string>> fields;
  map.visit([&fields](const std::string& name, const std::string& value) {
    fields.emplace_back(name, value);
  });
  return fields;
}

TEST(FieldMapTest, KeepsTheOrderOfInsertionWhileSmall) {
  Map map;
  EXPECT_TRUE(map.empty());
  EXPECT_TRUE(map.set("b", "1"));
  EXPECT_TRUE(map.set("a", "2"));
  EXPECT_TRUE(map.set("c", "3"));
  EXPECT_FALSE(map.set("a", "4"));
  EXPECT_THAT(all(map), ElementsAre(Pair("b", "1"), Pair("a", "4"), Pair("c", "3")));
  EXPECT_TRUE(map.erase("b"));
  EXPECT_FALSE(map.erase("b"));
  EXPECT_TRUE(map.set("b", "5"));
  EXPECT_THAT(all(map), ElementsAre(Pair("a", "4"), Pair("c", "3"), Pair("b", "5")));
  EXPECT_EQ(*map.find("c"), "3");
  EXPECT_EQ(map.find("d"), nullptr);
}

TEST(FieldMapTest, GrowsByCountNameOrValue) {
  const auto filled = [](size_t count) {
    Map map;
    for (size_t i = 0; i < count; ++i) EXPECT_TRUE(map.set(std::to_string(i), "v"));
    return map;
  };
  EXPECT_TRUE(filled(Map::kSmallMax).small());
  EXPECT_FALSE(filled(Map::kSmallMax + 1).small());
  Map again = filled(Map::kSmallMax);
  EXPECT_FALSE(again.set("0", "w"));
  EXPECT_TRUE(again.small()) << "overwriting adds nothing";

  Map name;
  name.set(std::string(Map::kSmallBytesMax, 'x'), "v");
  EXPECT_TRUE(name.small());
  name.set(std::string(Map::kSmallBytesMax + 1, 'x'), "v");
  EXPECT_FALSE(name.small());
  EXPECT_EQ(name.size(), 2);
  Map value;
  value.set("f", std::string(Map::kSmallBytesMax, 'x'));
  EXPECT_TRUE(value.small());
  value.set("f", std::string(Map::kSmallBytesMax + 1, 'x'));
  EXPECT_FALSE(value.small());
  EXPECT_EQ(value.size(), 1);
}

TEST(FieldMapTest, IsAMapOfAnySize) {
  std::mt19937_64 random(1);
  for (const uint64_t names : {5U, 100U, 140U, 1000U}) {
    Map map;
    std::map<std::string, std::string> model;
    for (int i = 0; i < 4000; ++i) {
      const std::string name = std::to_string(random() % names);
      if (random() % 3 == 0) {
        ASSERT_EQ(map.erase(name), model.erase(name) != 0);
      } else {
        const std::string value = std::to_string(random());
        ASSERT_EQ(map.set(name, value), model.insert_or_assign(name, value).second);
      }
      ASSERT_EQ(map.size(), model.size());
      const std::string probe = std::to_string(random() % names);
      const auto found = model.find(probe);
      ASSERT_EQ(map.contains(probe), found != model.end());
      if (found != model.end()) {
        ASSERT_EQ(*map.find(probe), found->second);
      }
    }
    auto fields = all(map);
    std::sort(fields.begin(), fields.end());
    ASSERT_TRUE(std::equal(
        fields.begin(), fields.end(), model.begin(), model.end(),
        [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }));
    const Map copy(map);
    EXPECT_EQ(all(copy), all(map));
  }
}

// All that is there from the first call to the last is seen, whatever comes and goes meanwhile.
TEST(FieldMapTest, ScansWhatStaysAtLeastOnce) {
  std::mt19937_64 random(2);
  for (const uint64_t size : {0U, 3U, 128U, 129U, 2000U}) {
    FieldMap<None> map;
    std::set<std::string> stays;
    for (uint64_t i = 0; i < size; ++i) {
      const std::string name = "stays" + std::to_string(i);
      map.set(name, {});
      stays.insert(name);
    }
    std::set<std::string> seen;
    uint64_t cursor = 0;
    size_t calls = 0;
    do {
      size_t visited = 0;
      cursor = map.scan(cursor, 10, [&](const std::string& name, None) {
        seen.insert(name);
        ++visited;
      });
      EXPECT_TRUE(visited <= 12 || map.small()) << visited;
      map.set("comes" + std::to_string(random() % 500), {});
      map.erase("comes" + std::to_string(random() % 500));
      ASSERT_LT(++calls, size + 2);
    } while (cursor != 0);
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), stays.begin(), stays.end())) << size;
  }
}

TEST(FieldMapTest, PicksEveryFieldSometime) {
  std::mt19937_64 random(3);
  for (const int size : {1, 10, 300}) {
    FieldMap<None> map;
    for (int i = 0; i < size; ++i) map.set(std::to_string(i), {});
    std::set<std::string> picked;
    for (int i = 0; i < size * 100; ++i) picked.insert(*map.pick(random()).first);
    EXPECT_EQ(picked.size(), static_cast<size_t>(size));
    EXPECT_NE(map.pick(0).first, nullptr);
    EXPECT_NE(map.pick(~uint64_t{0}).first, nullptr);
  }
}

}  // namespace
}  // namespace leat
