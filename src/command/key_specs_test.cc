#include "command/key_specs.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

// "word:flags ..." of the keys among `words`.
std::string found(const KeySpecs& specs, const std::vector<Bytes>& words) {
  Request request;
  request.arguments.assign(words.begin(), words.end());
  std::string text;
  for (const KeyAt& key : find_keys(specs, Arguments(request))) {
    text += (text.empty() ? "" : " ") + std::to_string(key.word) + ':';
    for (size_t i = 0; i < kKeyFlagNames.size(); ++i) {
      if ((key.flags & 1U << i) != 0) text += std::string(kKeyFlagNames[i].substr(0, 2));
    }
  }
  return text;
}

TEST(KeySpecsTest, FindsKeys) {
  EXPECT_EQ(found("1 RW update", {"x", "a", "b"}), "1:RWup");
  EXPECT_EQ(found("1..-1 RM delete", {"x", "a", "b"}), "1:RMde 2:RMde");
  EXPECT_EQ(found("1..-1/2 OW update", {"x", "a", "1", "b", "2"}), "1:OWup 3:OWup");
  EXPECT_EQ(found("1 RO access, 2 OW update", {"x", "a", "b", "c"}), "1:ROac 2:OWup");
  EXPECT_EQ(found("1# RO access", {"x", "2", "a", "b", "c"}), "2:ROac 3:ROac");
  EXPECT_EQ(found("STREAMS@1 RO access", {"x", "count", "1", "streams", "a", "b", "0", "0"}),
            "4:ROac 5:ROac");
}

TEST(KeySpecsTest, AGroupMayBeCalledStreams) {
  EXPECT_EQ(found("STREAMS@4 RO access",
                  {"x", "GROUP", "streams", "STREAMS", "noack", "STREAMS", "a", ">"}),
            "6:ROac");
}

TEST(KeySpecsTest, FindsNoneInWordsThatDoNotFit) {
  EXPECT_EQ(found("2 RW update", {"x", "a"}), "");
  EXPECT_EQ(found("1 RO access, 3 OW update", {"x", "a", "b"}), "");
  for (const char* const count : {"0", "-1", "3", "x", ""})
    EXPECT_EQ(found("1# RO access", {"x", count, "a", "b"}), "") << count;
  EXPECT_EQ(found("1# RO access", {"x"}), "");
  EXPECT_EQ(found("STREAMS@1 RO access", {"x", "streams"}), "");
  EXPECT_EQ(found("STREAMS@1 RO access", {"x", "streams", "a", "b", "0"}), "");
  EXPECT_EQ(found("STREAMS@1 RO access", {"x", "count", "1", "block"}), "");
}

TEST(KeySpecsTest, ChannelsAreNoKeys) {
  const KeySpecs channels = "1..-1 not_key";
  EXPECT_EQ(found(channels, {"x", "a", "b"}), "");
  EXPECT_EQ(channels.range().first, 1);
  EXPECT_EQ(channels.range().last, -1);
}

TEST(KeySpecsTest, SetReadsWithGet) {
  const KeySpecs set = "1 RW access update variable_flags";
  EXPECT_EQ(found(set, {"set", "get", "get"}), "1:OWup");
  EXPECT_EQ(found(set, {"set", "a", "b", "XX", "GET"}), "1:RWacup");
}

TEST(KeySpecsTest, RangeCoversAllSpecifications) {
  const auto shown = [](const KeySpecs& specs) {
    const KeyRange range = specs.range();
    return std::vector<int>{range.first, range.last, range.step};
  };
  EXPECT_EQ(shown({}), (std::vector<int>{0, 0, 0}));
  EXPECT_EQ(shown("1..-1/2 OW update"), (std::vector<int>{1, -1, 2}));
  EXPECT_EQ(shown("1 RO access, 2 OW update"), (std::vector<int>{1, 2, 1}));
  EXPECT_EQ(shown("1 OW update, 2..-1 RO access"), (std::vector<int>{1, -1, 1}));
  EXPECT_EQ(shown("1# RO access"), (std::vector<int>{0, 0, 0}));
}

}  // namespace
}  // namespace leat
