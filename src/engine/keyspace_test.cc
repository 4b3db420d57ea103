// Keyspace: names to objects in every database, against a plain map.
#include "engine/keyspace.h"

#include <map>
#include <random>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::unique_ptr<Object> object_of(uint64_t id, uint32_t db, std::string key, int64_t expires = 0) {
  auto object = std::make_unique<Object>();
  object->id = ObjectId{id};
  object->db = DbIndex{db};
  object->key = std::move(key);
  object->expires = WallMs{expires};
  return object;
}

std::vector<uint64_t> ids(const std::vector<const Object*>& objects) {
  std::vector<uint64_t> numbers;
  for (const Object* object : objects) numbers.push_back(object->id.value);
  return numbers;
}

TEST(KeyspaceTest, FindsByNameAndById) {
  Keyspace keyspace(2);
  ASSERT_TRUE(keyspace.add(object_of(5, 0, "k")));
  EXPECT_EQ(keyspace.find(DbIndex{0}, "k"), keyspace.find(ObjectId{5}));
  EXPECT_EQ(keyspace.find(DbIndex{1}, "k"), nullptr);
  EXPECT_EQ(keyspace.find(DbIndex{0}, "K"), nullptr);
  EXPECT_EQ(keyspace.find(ObjectId{6}), nullptr);
  EXPECT_EQ(keyspace.next_id(), ObjectId{6});
}

TEST(KeyspaceTest, RefusesWhatIsTakenOrMissing) {
  Keyspace keyspace(2);
  ASSERT_TRUE(keyspace.add(object_of(1, 0, "a")));
  ASSERT_TRUE(keyspace.add(object_of(2, 0, "b")));
  EXPECT_FALSE(keyspace.add(object_of(1, 0, "c"))) << "the id is taken";
  EXPECT_FALSE(keyspace.add(object_of(3, 0, "a"))) << "the name is taken";
  EXPECT_FALSE(keyspace.add(object_of(3, 2, "c"))) << "no such database";
  EXPECT_FALSE(keyspace.rename(ObjectId{1}, DbIndex{0}, "b"));
  EXPECT_FALSE(keyspace.rename(ObjectId{1}, DbIndex{0}, "a"));
  EXPECT_FALSE(keyspace.rename(ObjectId{1}, DbIndex{2}, "c"));
  EXPECT_FALSE(keyspace.rename(ObjectId{9}, DbIndex{0}, "c"));
  EXPECT_FALSE(keyspace.drop(ObjectId{9}));
  EXPECT_FALSE(keyspace.expire(ObjectId{9}, WallMs{1}));
  EXPECT_FALSE(keyspace.swap(DbIndex{0}, DbIndex{2}));
  EXPECT_EQ(keyspace.size(DbIndex{0}), 2);
  EXPECT_EQ(keyspace.find(DbIndex{0}, "a")->id, ObjectId{1});
}

TEST(KeyspaceTest, TellsWhatIsDueEarliestFirst) {
  Keyspace keyspace(2);
  EXPECT_EQ(keyspace.next_expiry(), WallMs{0});
  ASSERT_TRUE(keyspace.add(object_of(1, 0, "a", 30)));
  ASSERT_TRUE(keyspace.add(object_of(2, 1, "b")));
  ASSERT_TRUE(keyspace.add(object_of(3, 1, "c", 10)));
  ASSERT_TRUE(keyspace.expire(ObjectId{2}, WallMs{20}));
  EXPECT_EQ(keyspace.next_expiry(), WallMs{10});
  EXPECT_THAT(ids(keyspace.due(WallMs{9}, 10)), IsEmpty());
  EXPECT_THAT(ids(keyspace.due(WallMs{20}, 10)), ElementsAre(3, 2));
  EXPECT_THAT(ids(keyspace.due(WallMs{99}, 2)), ElementsAre(3, 2));
  ASSERT_TRUE(keyspace.expire(ObjectId{3}, WallMs{0}));
  ASSERT_TRUE(keyspace.expire(ObjectId{2}, WallMs{40}));
  EXPECT_THAT(ids(keyspace.due(WallMs{99}, 10)), ElementsAre(1, 2));
  ASSERT_TRUE(keyspace.drop(ObjectId{1}));
  EXPECT_THAT(ids(keyspace.due(WallMs{99}, 10)), ElementsAre(2));
  EXPECT_EQ(keyspace.expiring(DbIndex{0}), 0);
  EXPECT_EQ(keyspace.expiring(DbIndex{1}), 1);
}

// Random changes against a map of names.
TEST(KeyspaceTest, IsAMapOfNamesPerDatabase) {
  constexpr uint32_t kDatabases = 3;
  std::mt19937_64 random(1);
  Keyspace keyspace(kDatabases);
  std::map<std::pair<uint32_t, std::string>, std::pair<uint64_t, int64_t>>
      model;  // To id and expiry.
  uint64_t next = 1;
  const auto database = [&random] { return static_cast<uint32_t>(random() % kDatabases); };
  const auto random_name = [&random] { return "k" + std::to_string(random() % 60); };
  for (int i = 0; i < 20'000; ++i) {
    const uint32_t db = database();
    const std::string name = random_name();
    const auto at = model.find({db, name});
    switch (random() % 8) {
      case 0:
      case 1:
      case 2: {
        const int64_t expires = random() % 2 == 0 ? 0 : 1 + static_cast<int64_t>(random() % 100);
        ASSERT_EQ(keyspace.add(object_of(next, db, name, expires)), at == model.end());
        if (at == model.end()) model[{db, name}] = {next, expires};
        ++next;
        break;
      }
      case 3:
        if (at == model.end()) break;
        ASSERT_TRUE(keyspace.drop(ObjectId{at->second.first}));
        model.erase(at);
        break;
      case 4: {
        if (at == model.end()) break;
        const std::pair<uint32_t, std::string> target{database(), random_name()};
        const bool free = !model.contains(target);
        ASSERT_EQ(keyspace.rename(ObjectId{at->second.first}, DbIndex{target.first}, target.second),
                  free);
        if (free) {
          model[target] = at->second;
          model.erase(at);
        }
        break;
      }
      case 5:
        if (at == model.end()) break;
        at->second.second = static_cast<int64_t>(random() % 3) * 50;
        ASSERT_TRUE(keyspace.expire(ObjectId{at->second.first}, WallMs{at->second.second}));
        break;
      case 6: {
        if (random() % 20 != 0) break;
        const uint32_t other = database();
        ASSERT_TRUE(keyspace.swap(DbIndex{db}, DbIndex{other}));
        decltype(model) swapped;
        for (const auto& [key, value] : model) {
          const uint32_t to = key.first == db ? other : key.first == other ? db : key.first;
          swapped[{to, key.second}] = value;
        }
        model = std::move(swapped);
        break;
      }
      default:
        if (random() % 200 != 0) break;
        keyspace.flush(DbIndex{db});
        std::erase_if(model, [db](const auto& entry) { return entry.first.first == db; });
    }
    const auto probe = model.find({db, name});
    const Object* const found = keyspace.find(DbIndex{db}, name);
    ASSERT_EQ(found != nullptr, probe != model.end());
    if (found != nullptr) {
      ASSERT_EQ(found->id.value, probe->second.first);
      ASSERT_EQ(found->expires.value, probe->second.second);
      ASSERT_EQ(found->db.value, db);
    }
    if (i % 100 != 0) continue;
    size_t expiring = 0;
    for (uint32_t each = 0; each < kDatabases; ++each) {
      std::set<std::string> names;
      keyspace.visit(DbIndex{each},
                     [&names](const Object& object) { return names.insert(object.key).second; });
      std::set<std::string> wanted;
      for (const auto& [key, value] : model) {
        if (key.first == each) wanted.insert(key.second);
      }
      ASSERT_EQ(names, wanted);
      ASSERT_EQ(keyspace.size(DbIndex{each}), wanted.size());
      expiring += keyspace.expiring(DbIndex{each});
    }
    ASSERT_EQ(keyspace.due(WallMs{1000}, 10'000).size(), expiring);
  }
}

TEST(KeyspaceTest, ScansWhatStaysAtLeastOnce) {
  Keyspace keyspace(1);
  constexpr uint64_t kStay = 1000;
  uint64_t next = 1;
  for (uint64_t i = 0; i < kStay; ++i)
    ASSERT_TRUE(keyspace.add(object_of(next++, 0, "s" + std::to_string(i))));
  std::set<std::string> seen;
  uint64_t cursor = 0;
  do {
    cursor = keyspace.scan(DbIndex{0}, cursor, 7,
                           [&seen](const Object& object) { seen.insert(object.key); });
    ASSERT_TRUE(keyspace.add(object_of(next, 0, "c" + std::to_string(next))));
    ++next;
    if (next % 2 == 0) {
      ASSERT_TRUE(keyspace.drop(ObjectId{next - 1}));
    }
  } while (cursor != 0);
  for (uint64_t i = 0; i < kStay; ++i) EXPECT_TRUE(seen.contains("s" + std::to_string(i)));
}

TEST(KeyspaceTest, PicksSomeObject) {
  Keyspace keyspace(1);
  EXPECT_EQ(keyspace.pick(DbIndex{0}, 5), nullptr);
  for (uint64_t i = 1; i <= 5; ++i) ASSERT_TRUE(keyspace.add(object_of(i, 0, std::to_string(i))));
  std::mt19937_64 random(1);
  std::set<std::string> picked;
  for (int i = 0; i < 1000; ++i) picked.insert(keyspace.pick(DbIndex{0}, random())->key);
  EXPECT_EQ(picked.size(), 5);
}

}  // namespace
}  // namespace leat
