// StateLoader: pieces make the same engine in any order; what is missing, doubled, surplus, cut or changed is refused,
// and nothing makes it crash.
#include "engine/state_loader.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/state_writer.h"
#include "engine/wire_fixture.h"
#include "model/record_lists.h"

namespace leat {
namespace {

constexpr ObjectId kStringObject{1};
constexpr ObjectId kHash{2};
constexpr ObjectId kSet{3};
constexpr ObjectId kStreamObject{4};
constexpr ObjectId kEmpty{5};

class StateLoaderTest : public ::testing::Test {
 protected:
  // A string of two pieces, a small hash, a large set, a stream of three blocks with a group, and an empty stream.
  StateLoaderTest() {
    create(kStringObject, ObjectKind::kString);
    must(StringSet{kStringObject, std::string(70'000, 'x')});
    create(kHash, ObjectKind::kHash);
    must(HashSet{kHash, strings({"f", "1", "g", "2"})});
    create(kSet, ObjectKind::kSet);
    std::vector<std::string> members;
    for (int i = 0; i < 700; ++i) members.push_back(std::to_string(i));
    must(SetAdd{kSet, strings(members)});
    create(kStreamObject, ObjectKind::kStream);
    fill_stream();
    create(kEmpty, ObjectKind::kStream);
    digest_ = engine_.digest();
    StateWriter& writer = engine_.start_checkpoint();
    while (!writer.complete()) writer.step(1);
    for (Bytes rest = writer.out().view(); !rest.empty();) {
      const Bytes before = rest;
      LEAT_CHECK(next_piece(rest));
      pieces_.emplace_back(before.substr(0, before.size() - rest.size()));
    }
    engine_.end_checkpoint();
  }

  static std::string strings(const std::vector<std::string>& list) {
    ByteBuffer buffer;
    for (const std::string& string : list) append_string(buffer, string);
    return std::string(buffer.view());
  }
  template <typename Record>
  void must(const Record& record) {
    LEAT_CHECK(apply_record(engine_, record));
  }
  void create(ObjectId id, ObjectKind kind) {
    must(KeyCreate{.object = id, .db = {}, .kind = kind, .key = "k" + std::to_string(id.value)});
  }
  void fill_stream() {
    const std::string entry = wire({"f", "v"});
    for (uint64_t i = 1; i <= 25; ++i) {
      must(StreamAppend{.object = kStreamObject,
                        .new_block = i % 10 == 1,
                        .id = {i, 0},
                        .elements = 2,
                        .wire = entry});
    }
    must(StreamTrim{kStreamObject, {3, 0}});
    const GroupId group{1};
    must(GroupCreate{.object = kStreamObject,
                     .group = group,
                     .last_delivered = {},
                     .entries_read = 0,
                     .name = "g"});
    must(ConsumerCreate{
        .object = kStreamObject, .group = group, .consumer = {1}, .at = WallMs{5}, .name = "c"});
    must(GroupDeliver{.object = kStreamObject,
                      .group = group,
                      .consumer = {1},
                      .at = WallMs{9},
                      .entries_read = 1,
                      .first = {4, 0},
                      .last = {20, 0}});
  }

  // Null when the pieces were refused.
  static std::unique_ptr<Engine> load(Bytes bytes) {
    auto engine = std::make_unique<Engine>(2);
    StateLoader loader(*engine);
    const bool taken = loader.take(bytes);
    if (!loader.finish()) return nullptr;
    LEAT_CHECK(taken);
    return engine;
  }
  static std::string joined(const std::vector<std::string>& pieces) {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    return all;
  }
  static PieceKind kind_of(const std::string& piece) { return static_cast<PieceKind>(piece[4]); }

  Engine engine_{2};
  uint64_t digest_ = 0;
  std::vector<std::string> pieces_;
};

TEST_F(StateLoaderTest, MakesTheSameEngine) {
  const auto loaded = load(joined(pieces_));
  ASSERT_NE(loaded, nullptr);
  EXPECT_EQ(loaded->digest(), digest_);
  EXPECT_EQ(loaded->last_lsn(), engine_.last_lsn());
  EXPECT_EQ(loaded->changes(), engine_.changes());
  EXPECT_EQ(loaded->keyspace().next_id(), engine_.keyspace().next_id());
  EXPECT_FALSE(loaded->keyspace().find(kSet)->set()->small());
  EXPECT_TRUE(loaded->keyspace().find(kHash)->hash()->small());
}

TEST_F(StateLoaderTest, TakesPiecesInAnyOrderBehindTheirHeads) {
  const auto rank = [](const std::string& piece) {
    const PieceKind kind = kind_of(piece);
    return kind == PieceKind::kObject ? 0 : kind == PieceKind::kGroup ? 1 : 2;
  };
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> pieces = pieces_;
    std::shuffle(pieces.begin(), pieces.end(), random);
    std::sort(pieces.begin(), pieces.end(),
              [&rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
    const auto loaded = load(joined(pieces));
    ASSERT_NE(loaded, nullptr);
    EXPECT_EQ(loaded->digest(), digest_);
  }
}

TEST_F(StateLoaderTest, RefusesWhatIsMissing) {
  for (size_t i = 0; i < pieces_.size(); ++i) {
    std::vector<std::string> pieces = pieces_;
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(load(joined(pieces)), nullptr) << i;
  }
  EXPECT_EQ(load(""), nullptr);
}

TEST_F(StateLoaderTest, RefusesWhatIsDoubled) {
  for (size_t i = 0; i < pieces_.size(); ++i) {
    std::vector<std::string> pieces = pieces_;
    pieces.push_back(pieces[i]);
    EXPECT_EQ(load(joined(pieces)), nullptr) << "behind all, " << i;
    pieces.pop_back();
    pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(i), pieces_[i]);
    EXPECT_EQ(load(joined(pieces)), nullptr) << "behind itself, " << i;
  }
}

TEST_F(StateLoaderTest, RefusesWhatIsSurplus) {
  const auto refused = [this](const auto& piece) {
    ByteBuffer out;
    out.append(joined(pieces_));
    write_piece(out, piece);
    return load(out.view()) == nullptr;
  };
  EXPECT_TRUE(refused(ObjectPiece{.object = ObjectId{6}, .key = "more"}));
  EXPECT_TRUE(refused(StringPiece{.object = kStringObject, .offset = 70'000, .bytes = "x"}));
  EXPECT_TRUE(refused(FieldsPiece{.object = kHash, .list = strings({"h", "3"})}));
  EXPECT_TRUE(refused(FieldsPiece{.object = kStringObject, .list = strings({"h", "3"})}));
  EXPECT_TRUE(
      refused(GroupPiece{.object = kStreamObject, .group = GroupId{2}, .name = "h", .list = {}}));
  EXPECT_TRUE(
      refused(PendingPiece{.object = kStreamObject, .group = GroupId{1}, .list = "\1\0\1\1\1\1"}));
  const BlockParts parts = engine_.keyspace().find(kStreamObject)->stream()->tail()->parts();
  EXPECT_TRUE(refused(BlockPiece{.object = kEmpty, .parts = parts}));
  EXPECT_TRUE(refused(BlockPiece{.object = ObjectId{9}, .parts = parts}));
}

TEST_F(StateLoaderTest, RefusesPartsOfAStreamForAnObjectOfAnotherKind) {
  // The heads of an object that still misses its bytes, and of parts that say nothing: their counts fit it.
  const std::string heads = pieces_[0] + pieces_[1];
  const auto takes = [&heads](const auto& part) {
    ByteBuffer out;
    write_piece(out, part);
    Engine engine(2);
    StateLoader loader(engine);
    LEAT_CHECK(loader.take(heads));
    return loader.take(out.view());
  };
  EXPECT_FALSE(takes(FramePiece{.object = kStringObject}));
  EXPECT_FALSE(takes(GroupPiece{.object = kStringObject}));
  EXPECT_FALSE(takes(BlockPiece{.object = kStringObject}));
}

TEST_F(StateLoaderTest, RefusesWhatIsCut) {
  const std::string all = joined(pieces_);
  size_t step = 1;
  for (size_t size = 0; size < all.size(); size += step) {
    EXPECT_EQ(load(Bytes(all).substr(0, size)), nullptr) << size;
    step = size < 200 || all.size() - size < 2000 ? 1 : 997;
  }
}

TEST_F(StateLoaderTest, StaysRefusing) {
  Engine engine(2);
  StateLoader loader(engine);
  EXPECT_FALSE(loader.take("nonsense"));
  EXPECT_FALSE(loader.take(joined(pieces_)));
  EXPECT_FALSE(loader.finish());
}

// Checksums are the file's, so a changed byte may give another state; it must be one that can be used.
TEST_F(StateLoaderTest, SurvivesChangedBytes) {
  std::mt19937_64 random(1);
  const std::string all = joined(pieces_);
  size_t at = 0;
  int refused = 0;
  for (const std::string& piece : pieces_) {
    for (size_t i = 0; i < std::min<size_t>(piece.size(), 120); ++i) {
      std::string changed = all;
      changed[at + i] = static_cast<char>(changed[at + i] + 1 + static_cast<int>(random() % 255));
      const auto loaded = load(changed);
      if (loaded == nullptr) {
        ++refused;
        continue;
      }
      static_cast<void>(loaded->digest());
    }
    at += piece.size();
  }
  EXPECT_GT(refused, 300);
}

TEST_F(StateLoaderTest, RefusesHeadsOfOtherKindsOrVersions) {
  for (const auto& [at, byte] : std::vector<std::pair<size_t, char>>{
           {4, 0}, {4, static_cast<char>(PieceKind::kFrame)}, {4, 9}, {5, 2}, {6, 1}, {7, 1}}) {
    std::vector<std::string> pieces = pieces_;
    pieces[1][at] = byte;
    EXPECT_EQ(load(joined(pieces)), nullptr) << at;
  }
}

}  // namespace
}  // namespace leat
