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

bool add(Keyspace& keyspace, uint64_t id, uint32_t db, std::string key, int64_t expires = 0) {
  auto object = std::make_unique<Object>();
  object->id = ObjectId{id};
  object->key = std::move(key);
  object->expires = WallMs{expires};
  object->value = std::string(id % 20, 'x');
  return keyspace.add(std::move(object), DbIndex{db});
}

std::vector<uint64_t> ids(const std::vector<const Object*>& objects) {
  std::vector<uint64_t> numbers;
  for (const Object* object : objects) numbers.push_back(object->id.value);
  return numbers;
}

TEST(KeyspaceTest, FindsByNameAndById) {
  Keyspace keyspace(2);
  ASSERT_TRUE(leat::add(keyspace, 5, 0, "k"));
  EXPECT_EQ(keyspace.find(DbIndex{0}, "k"), keyspace.find(ObjectId{5}));
  EXPECT_EQ(keyspace.find(DbIndex{1}, "k"), nullptr);
  EXPECT_EQ(keyspace.find(DbIndex{0}, "K"), nullptr);
  EXPECT_EQ(keyspace.find(ObjectId{6}), nullptr);
  EXPECT_EQ(keyspace.next_id(), ObjectId{6});
}

TEST(KeyspaceTest, RefusesWhatIsTakenOrMissing) {
  Keyspace keyspace(2);
  ASSERT_TRUE(leat::add(keyspace, 1, 0, "a"));
  ASSERT_TRUE(leat::add(keyspace, 2, 0, "b"));
  EXPECT_FALSE(leat::add(keyspace, 1, 0, "c")) << "the id is taken";
  EXPECT_FALSE(leat::add(keyspace, 3, 0, "a")) << "the name is taken";
  EXPECT_FALSE(leat::add(keyspace, 3, 2, "c")) << "no such database";
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

TEST(KeyspaceTest, SwapsDatabasesWithAllThatIsInThem) {
  Keyspace keyspace(3);
  ASSERT_TRUE(leat::add(keyspace, 1, 0, "a", 30));
  ASSERT_TRUE(leat::add(keyspace, 2, 2, "a"));
  keyspace.note_numbers();
  ASSERT_TRUE(keyspace.swap(DbIndex{0}, DbIndex{2}));
  EXPECT_EQ(keyspace.find(DbIndex{2}, "a")->id, ObjectId{1});
  EXPECT_EQ(keyspace.find(ObjectId{1})->db(), DbIndex{2});
  EXPECT_EQ(keyspace.find(ObjectId{1})->home->checkpoint_number, DbIndex{0});
  EXPECT_EQ(keyspace.find(DbIndex{0}, "a")->id, ObjectId{2});
  EXPECT_EQ(keyspace.expiring(DbIndex{2}), 1);
}

TEST(KeyspaceTest, GivesNoIdTwice) {
  Keyspace keyspace(1);
  ASSERT_TRUE(leat::add(keyspace, 4, 0, "a"));
  ASSERT_NE(keyspace.drop(ObjectId{4}), nullptr);
  EXPECT_FALSE(leat::add(keyspace, 4, 0, "b"));
  EXPECT_FALSE(leat::add(keyspace, 3, 0, "b"));
  EXPECT_TRUE(leat::add(keyspace, 5, 0, "b"));
}

TEST(KeyspaceTest, AFlushedDatabaseIsGoneBeforeItsObjectsAreFreed) {
  Keyspace keyspace(2);
  ASSERT_TRUE(leat::add(keyspace, 1, 0, "a", 30));
  ASSERT_TRUE(leat::add(keyspace, 2, 0, "b"));
  ASSERT_TRUE(leat::add(keyspace, 3, 1, "c", 40));
  keyspace.flush(DbIndex{0});
  EXPECT_EQ(keyspace.size(DbIndex{0}), 0);
  EXPECT_EQ(keyspace.find(ObjectId{1}), nullptr);
  EXPECT_EQ(keyspace.drop(ObjectId{1}), nullptr);
  EXPECT_EQ(keyspace.find(DbIndex{0}, "a"), nullptr);
  EXPECT_EQ(keyspace.next_expiry(), WallMs{40});
  ASSERT_TRUE(leat::add(keyspace, 4, 0, "a"));
  ASSERT_NE(keyspace.first_from(ObjectId{2}), nullptr);
  EXPECT_EQ(keyspace.take_flushed(*keyspace.first_from(ObjectId{2}))->key, "b");
  ASSERT_TRUE(keyspace.has_flushed());
  EXPECT_EQ(keyspace.next_flushed()->key, "a");
  EXPECT_FALSE(keyspace.has_flushed());
  EXPECT_EQ(keyspace.next_flushed(), nullptr);
  EXPECT_EQ(keyspace.find(DbIndex{0}, "a")->id, ObjectId{4});
}

TEST(KeyspaceTest, TellsWhatIsDueEarliestFirst) {
  Keyspace keyspace(2);
  EXPECT_EQ(keyspace.next_expiry(), WallMs{0});
  ASSERT_TRUE(leat::add(keyspace, 1, 0, "a", 30));
  ASSERT_TRUE(leat::add(keyspace, 2, 1, "b"));
  ASSERT_TRUE(leat::add(keyspace, 3, 1, "c", 10));
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

// Random changes to a keyspace and to a map of names, which must stay the same.
class KeyspaceAgainstMap : public ::testing::Test {
 protected:
  static constexpr uint32_t kDatabases = 3;
  using Name = std::pair<uint32_t, std::string>;  // Database and key.
  struct Known {
    uint64_t id = 0;
    int64_t expires = 0;
  };

  uint32_t database() { return static_cast<uint32_t>(random_() % kDatabases); }
  Name name() { return {database(), "k" + std::to_string(random_() % 60)}; }

  void add(const Name& name) {
    const Known known = {next_++,
                         random_() % 2 == 0 ? 0 : 1 + static_cast<int64_t>(random_() % 100)};
    const bool added = leat::add(keyspace_, known.id, name.first, name.second, known.expires);
    ASSERT_EQ(added, model_.emplace(name, known).second);
  }
  void drop(const Name& name) {
    ASSERT_TRUE(keyspace_.drop(ObjectId{model_.at(name).id}));
    model_.erase(name);
  }
  void rename(const Name& from, const Name& to) {
    const Known known = model_.at(from);
    const bool renamed = keyspace_.rename(ObjectId{known.id}, DbIndex{to.first}, to.second);
    ASSERT_EQ(renamed, model_.emplace(to, known).second);
    if (renamed) model_.erase(from);
  }
  void expire(const Name& name) {
    Known& known = model_.at(name);
    known.expires = static_cast<int64_t>(random_() % 3) * 50;
    ASSERT_TRUE(keyspace_.expire(ObjectId{known.id}, WallMs{known.expires}));
  }
  void swap(uint32_t one, uint32_t other) {
    ASSERT_TRUE(keyspace_.swap(DbIndex{one}, DbIndex{other}));
    std::map<Name, Known> swapped;
    for (const auto& [name, known] : model_) {
      const uint32_t to = name.first == one ? other : name.first == other ? one : name.first;
      swapped[{to, name.second}] = known;
    }
    model_ = std::move(swapped);
  }
  void flush(uint32_t db) {
    keyspace_.flush(DbIndex{db});
    std::erase_if(model_, [db](const auto& entry) { return entry.first.first == db; });
  }

  void change(const Name& at) {
    const uint64_t kind = random_() % 8;
    if (kind < 3) return add(at);
    if (kind == 6 && random_() % 20 == 0) return swap(at.first, database());
    if (kind == 7 && random_() % 200 == 0) return flush(at.first);
    if (!model_.contains(at)) return;
    if (kind == 3) return drop(at);
    if (kind == 4) return rename(at, name());
    if (kind == 5) return expire(at);
  }
  void compare(const Name& name) {
    const auto known = model_.find(name);
    const Object* const found = keyspace_.find(DbIndex{name.first}, name.second);
    ASSERT_EQ(found != nullptr, known != model_.end());
    if (found == nullptr) return;
    ASSERT_EQ(found->id.value, known->second.id);
    ASSERT_EQ(found->expires.value, known->second.expires);
    ASSERT_EQ(found->db().value, name.first);
  }
  void compare_all() {
    std::set<Name> names;
    std::set<Name> wanted;
    size_t expiring = 0;
    std::set<Name> sampled;
    std::set<Name> will_expire;
    for (uint32_t db = 0; db < kDatabases; ++db) {
      keyspace_.sample(DbIndex{db}, Keyspace::Keys::kExpiring, random_(), 10'000,
                       [&sampled, db](const Object& object) { sampled.emplace(db, object.key); });
      const size_t before = names.size();
      SizeHistogram sizes;
      keyspace_.visit(DbIndex{db}, [&names, &sizes, db](const Object& object) {
        sizes.add(object.kind(), size_class(object));
        return names.emplace(db, object.key).second;
      });
      ASSERT_EQ(keyspace_.sizes(DbIndex{db}).counts(ObjectKind::kString),
                sizes.counts(ObjectKind::kString));
      ASSERT_EQ(keyspace_.size(DbIndex{db}), names.size() - before);
      expiring += keyspace_.expiring(DbIndex{db});
    }
    for (const auto& [name, known] : model_) {
      wanted.insert(name);
      if (known.expires != 0) will_expire.insert(name);
    }
    ASSERT_EQ(sampled, will_expire);
    ASSERT_EQ(names, wanted);
    ASSERT_EQ(keyspace_.due(WallMs{1000}, 10'000).size(), expiring);
  }

  std::mt19937_64 random_{1};
  Keyspace keyspace_{kDatabases};
  std::map<Name, Known> model_;
  uint64_t next_ = 1;
};

TEST_F(KeyspaceAgainstMap, HoldsTheSame) {
  for (int i = 0; i < 20'000 && !HasFatalFailure(); ++i) {
    const Name at = name();
    change(at);
    compare(at);
    if (i % 100 == 0) compare_all();
  }
  EXPECT_FALSE(model_.empty());
}

TEST(KeyspaceTest, ScansWhatStaysAtLeastOnce) {
  Keyspace keyspace(1);
  constexpr uint64_t kStay = 1000;
  uint64_t next = 1;
  for (uint64_t i = 0; i < kStay; ++i)
    ASSERT_TRUE(leat::add(keyspace, next++, 0, "s" + std::to_string(i)));
  std::set<std::string> seen;
  uint64_t cursor = 0;
  do {
    cursor = keyspace.scan(DbIndex{0}, cursor, 7,
                           [&seen](const Object& object) { seen.insert(object.key); });
    ASSERT_TRUE(leat::add(keyspace, next, 0, "c" + std::to_string(next)));
    ++next;
    if (next % 2 == 0) {
      ASSERT_TRUE(keyspace.drop(ObjectId{next - 1}));
    }
  } while (cursor != 0);
  for (uint64_t i = 0; i < kStay; ++i) EXPECT_TRUE(seen.contains("s" + std::to_string(i)));
}

TEST(KeyspaceTest, SamplesNeighboursOnceEachFromAnyPlace) {
  Keyspace keyspace(1);
  for (uint64_t i = 1; i <= 40; ++i) {
    ASSERT_TRUE(leat::add(keyspace, i, 0, std::to_string(i), i <= 3 ? 5 : 0));
  }
  const auto sample = [&keyspace](Keyspace::Keys keys, uint64_t random, size_t count) {
    std::vector<uint64_t> seen;
    keyspace.sample(DbIndex{0}, keys, random, count,
                    [&seen](const Object& object) { seen.push_back(object.id.value); });
    return seen;
  };
  std::mt19937_64 random(1);
  std::set<uint64_t> all;
  for (int i = 0; i < 1000; ++i) {
    const auto seen = sample(Keyspace::Keys::kAll, random(), 5);
    ASSERT_EQ(std::set<uint64_t>(seen.begin(), seen.end()).size(), 5);
    all.insert(seen.begin(), seen.end());
  }
  EXPECT_EQ(all.size(), 40);
  EXPECT_EQ(sample(Keyspace::Keys::kAll, UINT64_MAX, 100).size(), 40);
  EXPECT_THAT(sample(Keyspace::Keys::kExpiring, random(), 100),
              ::testing::UnorderedElementsAre(1, 2, 3));
  EXPECT_THAT(sample(Keyspace::Keys::kAll, 0, 0), IsEmpty());
}

TEST(KeyspaceTest, PicksSomeObject) {
  Keyspace keyspace(1);
  EXPECT_EQ(keyspace.pick(DbIndex{0}, 5), nullptr);
  for (uint64_t i = 1; i <= 5; ++i) ASSERT_TRUE(leat::add(keyspace, i, 0, std::to_string(i)));
  std::mt19937_64 random(1);
  std::set<std::string> picked;
  for (int i = 0; i < 1000; ++i) picked.insert(keyspace.pick(DbIndex{0}, random())->key);
  EXPECT_EQ(picked.size(), 5);
}

}  // namespace
}  // namespace leat
