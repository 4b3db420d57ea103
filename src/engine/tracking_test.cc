// Tracking: who is told of which keys, and what the table forgets.
#include "engine/tracking.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr ClientId kAda{1};
constexpr ClientId kBea{2};

// "key: clients", "*" for all keys.
std::vector<std::string> notices(Tracking& tracking) {
  std::vector<std::string> texts;
  for (const auto& notice : tracking.take_notices()) {
    std::string text = notice.all ? "*:" : notice.key + ":";
    for (const ClientId client : notice.clients) text += " " + std::to_string(client.value);
    texts.push_back(text);
  }
  return texts;
}

// "client: keys", for each prefix.
std::vector<std::string> changes(Tracking& tracking) {
  std::vector<std::string> texts;
  for (const auto& change : tracking.take_changes()) {
    for (const auto& follower : change.followers) {
      std::string text = std::to_string(follower.client.value) + ":";
      for (const Bytes key : change.told(follower)) text += " " + std::string(key);
      texts.push_back(text);
    }
  }
  return texts;
}

void reap_all(Tracking& tracking) {
  for (int steps = 0; tracking.reaping(); ++steps) {
    ASSERT_LT(steps, 100'000) << "it never ends";
    tracking.reap(1);
  }
}

TEST(TrackingTest, TellsReadersOnce) {
  Tracking tracking;
  tracking.start(kAda, {});
  tracking.start(kBea, {});
  tracking.remember(kBea, "k");
  tracking.remember(kAda, "k");
  tracking.remember(kAda, "k");
  tracking.remember(kAda, "other");
  EXPECT_EQ(tracking.keys(), 2U);
  EXPECT_EQ(tracking.items(), 3U);
  tracking.touch("k");
  tracking.touch("k");
  tracking.touch("unread");
  EXPECT_THAT(notices(tracking), ElementsAre("k: 1 2"));
  EXPECT_EQ(tracking.keys(), 1U);
  EXPECT_EQ(tracking.items(), 1U);
}

TEST(TrackingTest, NobodyIsToldWithoutTracking) {
  Tracking tracking;
  tracking.remember(kAda, "k");
  tracking.touch("k");
  tracking.flush();
  EXPECT_FALSE(tracking.active());
  EXPECT_FALSE(tracking.has_notices());
  EXPECT_EQ(tracking.keys(), 0U);
}

TEST(TrackingTest, NoLoopLeavesOutWhoChangesTheKey) {
  Tracking tracking;
  tracking.start(kAda, {.no_loop = true});
  tracking.start(kBea, {});
  for (const ClientId client : {kAda, kBea}) tracking.remember(client, "k");
  tracking.set_author(kAda);
  tracking.touch("k");
  EXPECT_THAT(notices(tracking), ElementsAre("k: 2"));
  tracking.remember(kAda, "k");
  EXPECT_EQ(tracking.set_author({}), kAda);
  tracking.touch("k");
  EXPECT_THAT(notices(tracking), ElementsAre("k: 1")) << "it has expired";
}

TEST(TrackingTest, FlushingTellsAllAndEmptiesTheTable) {
  Tracking tracking;
  tracking.start(kAda, {});
  tracking.start(kBea, {.by_prefix = true});
  tracking.remember(kAda, "a");
  tracking.remember(kAda, "b");
  tracking.flush();
  tracking.touch("a");
  EXPECT_THAT(notices(tracking), ElementsAre("*: 1 2"));
  EXPECT_EQ(tracking.keys() + tracking.items() + tracking.bytes(), 0U);
  EXPECT_TRUE(tracking.reaping());
  reap_all(tracking);
  tracking.remember(kAda, "a");
  tracking.touch("a");
  EXPECT_THAT(notices(tracking), ElementsAre("a: 1"));
}

TEST(TrackingTest, FollowersAreToldByPrefixOfAllKeysAtOnce) {
  Tracking tracking;
  tracking.start(kAda, {.by_prefix = true});
  tracking.start(kBea, {.by_prefix = true});
  tracking.follow(kAda, "a");
  tracking.follow(kAda, "b");
  tracking.follow(kBea, "a");
  EXPECT_EQ(tracking.prefixes(), 2U);
  for (const char* key : {"b1", "a2", "c", "a", "a2", ""}) tracking.touch(key);
  EXPECT_TRUE(tracking.has_changes());
  EXPECT_THAT(changes(tracking), ElementsAre("1: a a2", "2: a a2", "1: b1"));
  EXPECT_FALSE(tracking.has_changes());
  EXPECT_THAT(changes(tracking), IsEmpty());
}

// Every prefix of a key is found, whatever stands between them in order.
TEST(TrackingTest, FindsAllPrefixesOfAKey) {
  const std::vector<std::string> prefixes = {"",    "a",   "aa",   "aab", "ab",   "aba", "abb",
                                             "abc", "abz", "abca", "abd", "abcd", "b",   "abcde"};
  for (const std::string key : {"abcd", "abce", "ab", "", "b", "aba", "z", "abzz", "aabb"}) {
    Tracking tracking;
    uint64_t client = 0;
    for (const std::string& prefix : prefixes) {
      tracking.start(ClientId{++client}, {.by_prefix = true});
      tracking.follow(ClientId{client}, prefix);
    }
    tracking.touch(key);
    size_t found = 0;
    for (const auto& change : tracking.take_changes()) {
      for (const auto& follower : change.followers) {
        EXPECT_TRUE(key.starts_with(prefixes[follower.client.value - 1])) << key;
        ++found;
      }
    }
    size_t starts = 0;
    for (const std::string& prefix : prefixes) starts += key.starts_with(prefix) ? 1U : 0U;
    EXPECT_EQ(found, starts) << key;
  }
}

TEST(TrackingTest, NoLoopByPrefixNamesWhatOthersHaveChangedToo) {
  Tracking tracking;
  tracking.start(kAda, {.by_prefix = true, .no_loop = true});
  tracking.follow(kAda, "");
  tracking.set_author(kAda);
  for (const char* key : {"mine", "both", "expired"}) tracking.touch(key);
  tracking.set_author(kBea);
  for (const char* key : {"theirs", "both"}) tracking.touch(key);
  tracking.set_author({});
  tracking.touch("expired");
  tracking.set_author(kAda);
  for (const char* key : {"mine", "both", "theirs"}) tracking.touch(key);
  EXPECT_THAT(changes(tracking), ElementsAre("1: both expired theirs"));
}

TEST(TrackingTest, WhoIsForgottenIsToldOfNothing) {
  Tracking tracking;
  tracking.start(kAda, {});
  tracking.start(kBea, {.by_prefix = true});
  tracking.follow(kBea, "k");
  tracking.remember(kAda, "k");
  tracking.touch("kk");
  tracking.forget(kAda);
  tracking.forget(kBea);
  tracking.forget(kBea);
  EXPECT_FALSE(tracking.active());
  EXPECT_THAT(changes(tracking), IsEmpty());
  EXPECT_EQ(tracking.prefixes(), 0U);
  EXPECT_EQ(tracking.prefixes_of(kBea), nullptr);
  tracking.start(kAda, {});
  tracking.touch("k");
  EXPECT_THAT(notices(tracking), IsEmpty()) << "what it had read it had read before";
}

TEST(TrackingTest, SweepsWhatReadersThatAreGoneHadRead) {
  constexpr int kKeys = 2000;
  Tracking tracking;
  tracking.start(kAda, {});
  tracking.start(kBea, {});
  for (int i = 0; i < kKeys; ++i) {
    tracking.remember(kAda, "k" + std::to_string(i));
    if (i % 2 == 0) tracking.remember(kBea, "k" + std::to_string(i));
  }
  const size_t bytes = tracking.bytes();
  tracking.forget(kAda);
  tracking.reap(10);
  for (int i = 0; i < kKeys; i += 4) tracking.touch("k" + std::to_string(i));
  EXPECT_THAT(notices(tracking), SizeIs(kKeys / 4));
  reap_all(tracking);
  EXPECT_EQ(tracking.keys(), size_t{kKeys / 4});
  EXPECT_EQ(tracking.items(), size_t{kKeys / 4});
  EXPECT_LT(tracking.bytes(), bytes / 3);
  tracking.forget(kBea);
  reap_all(tracking);
  EXPECT_EQ(tracking.keys() + tracking.items() + tracking.bytes(), 0U);
}

TEST(TrackingTest, ShedsAtRandomWhatIsTooMuch) {
  constexpr uint64_t kMax = 10;
  Tracking tracking;
  tracking.start(kAda, {.no_loop = true});
  tracking.set_author(kAda);
  for (int i = 0; i < 100; ++i) tracking.remember(kAda, "k" + std::to_string(i));
  EXPECT_FALSE(tracking.exceeds(0));
  EXPECT_FALSE(tracking.exceeds(100));
  for (uint64_t random = 0; tracking.exceeds(kMax); random += UINT64_MAX / 90)
    tracking.shed(random);
  EXPECT_EQ(tracking.keys(), kMax);
  EXPECT_THAT(notices(tracking), SizeIs(90)) << "the reader must let go of them, whoever reads";
}

TEST(TrackingTest, LongNamesAreTooMuchSooner) {
  constexpr uint64_t kMax = 10'000;
  Tracking tracking;
  tracking.start(kAda, {});
  tracking.remember(kAda, std::string(300 * kMax, 'x'));
  EXPECT_TRUE(tracking.exceeds(kMax));
  tracking.shed(0);
  EXPECT_FALSE(tracking.exceeds(kMax));
  EXPECT_EQ(tracking.bytes(), 0U);
}

TEST(TrackingTest, WhatIsLoadedIsNoChange) {
  Tracking tracking;
  tracking.pause(true);
  tracking.start(kAda, {.by_prefix = true});
  tracking.follow(kAda, "");
  tracking.touch("k");
  tracking.flush();
  EXPECT_FALSE(tracking.has_changes() || tracking.has_notices());
  tracking.pause(false);
  tracking.touch("k");
  EXPECT_THAT(changes(tracking), ElementsAre("1: k"));
}

}  // namespace
}  // namespace leat
