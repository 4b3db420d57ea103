// FrameWaits: who waits for what, and who has all of it.
#include "server/frame_waits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/frame_fixture.h"

namespace leat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FrameWaitsTest : public ::testing::Test {
 protected:
  FrameWaitsTest() {
    for (FrameRef& ref : refs_) {
      BlockImages images(1);
      images[0].first_id = images[0].last_id = {1, 0};
      images[0].live = 1;
      images[0].rows.append(Bytes("\1\0\0\0\0", 5));
      ref = frames_.put(images);
    }
  }
  void arrive(const FrameRef& ref) {
    BlockImages images;
    ASSERT_TRUE(frames_.read(ref, images));
    const FrameCache::Pin pin = cache_.admit(ref, std::move(images));
    ASSERT_TRUE(pin);
    waits_.settle(ref, cache_, true);
  }
  std::vector<uint64_t> ready() {
    std::vector<uint64_t> clients;
    for (const auto& ready : waits_.take_ready())
      clients.push_back(std::get<ClientId>(ready.who).value);
    return clients;
  }

  MemoryFrames frames_;
  FrameCache cache_{&frames_};
  FrameWaits waits_;
  FrameRef refs_[3];
};

TEST_F(FrameWaitsTest, AsksForAFrameOnce) {
  EXPECT_THAT(waits_.park(ClientId{1}, {refs_[0], refs_[1]}, {}), ElementsAre(refs_[0], refs_[1]));
  EXPECT_THAT(waits_.park(ClientId{2}, {refs_[1], refs_[2]}, {}), ElementsAre(refs_[2]));
  arrive(refs_[1]);
  EXPECT_THAT(ready(), IsEmpty());
  arrive(refs_[2]);
  EXPECT_THAT(ready(), ElementsAre(2));
  arrive(refs_[0]);
  EXPECT_THAT(ready(), ElementsAre(1));
  EXPECT_THAT(waits_.park(ClientId{1}, {refs_[0]}, {}), ElementsAre(refs_[0])) << "again";
}

TEST_F(FrameWaitsTest, KeepsOpenWhatWasWaitedForUntilTheCommandHasRun) {
  OpenedFrames opened;
  opened.waits = 1;
  static_cast<void>(waits_.park(ClientId{1}, {refs_[0]}, std::move(opened)));
  arrive(refs_[0]);
  std::vector<FrameWaits::Ready> all = waits_.take_ready();
  ASSERT_EQ(all.size(), 1);
  EXPECT_EQ(all[0].opened.waits, 1);
  EXPECT_NE(cache_.bytes(), 0) << "the cache may keep nothing that is not pinned";
  all.clear();
  cache_.set_limit(0);
  EXPECT_EQ(cache_.bytes(), 0);
}

TEST_F(FrameWaitsTest, TellsOfAFrameThatCantBeHad) {
  static_cast<void>(waits_.park(ClientId{1}, {refs_[0], refs_[1]}, {}));
  waits_.settle(refs_[0], cache_, false);
  arrive(refs_[1]);
  const auto all = waits_.take_ready();
  ASSERT_EQ(all.size(), 1);
  EXPECT_EQ(all[0].opened.pins.size(), 1);
  EXPECT_THAT(all[0].opened.unreadable, ElementsAre(refs_[0]));
}

TEST_F(FrameWaitsTest, TellsClientsFromStreams) {
  static_cast<void>(waits_.park(ClientId{7}, {refs_[0]}, {}));
  EXPECT_FALSE(waits_.waits(ObjectId{7}));
  EXPECT_THAT(waits_.park(ObjectId{7}, {refs_[0], refs_[1]}, {}), ElementsAre(refs_[1]));
  EXPECT_TRUE(waits_.waits(ObjectId{7}));
  waits_.forget(ClientId{7});
  arrive(refs_[0]);
  arrive(refs_[1]);
  EXPECT_FALSE(waits_.waits(ObjectId{7}));
  const auto all = waits_.take_ready();
  ASSERT_EQ(all.size(), 1);
  EXPECT_EQ(all[0].who, FrameWaiter(ObjectId{7}));
  EXPECT_EQ(all[0].opened.pins.size(), 2);
}

TEST_F(FrameWaitsTest, ForgetsAClientWhateverItWaitedFor) {
  static_cast<void>(waits_.park(ClientId{1}, {refs_[0]}, {}));
  waits_.forget(ClientId{1});
  EXPECT_THAT(waits_.park(ClientId{1}, {refs_[0], refs_[1]}, {}), ElementsAre(refs_[1]));
  arrive(refs_[0]);
  EXPECT_THAT(ready(), IsEmpty()) << "it waits for the other one now";
  arrive(refs_[1]);
  waits_.forget(ClientId{1});
  EXPECT_THAT(ready(), IsEmpty());
}

}  // namespace
}  // namespace leat
