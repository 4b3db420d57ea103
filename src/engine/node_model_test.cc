// NodeModel: where nodes end, in bytes of listpack elements as Redis lays them out. Random appends and deletes were
// compared with the radix-tree-keys of a live redis-server; the cases here hold the edges of each encoding.
#include "engine/node_model.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/wire_fixture.h"

namespace leat {
namespace {

// Bytes that one entry of field "f" and this value adds to a node whose first entry has the same field.
size_t bytes_of_value(const std::string& value) {
  NodeModel node;
  const std::string first = wire({"f", "v"});
  EXPECT_TRUE(node.add({1, 1}, first, 2, {1, 1}, first, 2));
  const size_t before = node.bytes();
  EXPECT_TRUE(node.add({1, 1}, first, 2, {1, 2}, wire({"f", value}), 2));
  return node.bytes() - before;
}

TEST(NodeModelTest, StartsWithItsHead) {
  NodeModel node;
  EXPECT_EQ(node.bytes(), 0);
  const std::string entry = wire({"f", "v"});
  ASSERT_TRUE(node.add({1, 1}, entry, 2, {1, 1}, entry, 2));
  // Frame 7; live, deleted, number of fields 2 each; "f" 3; zero 2.
  constexpr size_t kHead = 7 + 6 + 3 + 2;
  // Flags 2, two differences 2 each, "v" 3, count 2.
  constexpr size_t kFirst = 2 + 4 + 3 + 2;
  EXPECT_EQ(node.bytes(), kHead + kFirst);
}

TEST(NodeModelTest, WeighsValuesAsListpackElements) {
  // Flags 2, differences 2 + 2, count 2; the rest is the value with its length and back length.
  constexpr size_t kFixed = 8;
  struct Case {
    std::string value;
    size_t bytes;
  };
  for (const Case& c : {
           Case{"", 2},
           Case{"v", 3},
           Case{"0", 2},
           Case{"127", 2},
           Case{"128", 3},
           Case{"-1", 3},
           Case{"4095", 3},
           Case{"-4096", 3},
           Case{"4096", 4},
           Case{"32767", 4},
           Case{"-32769", 5},
           Case{"8388607", 5},
           Case{"8388608", 6},
           Case{"2147483647", 6},
           Case{"2147483648", 10},
           Case{"-9223372036854775808", 10},
           Case{"9223372036854775808", 21},
           Case{"007", 5},
           Case{"-0", 4},
           Case{"+5", 4},
           Case{" 1", 4},
           Case{std::string(63, 'x'), 65},
           Case{std::string(64, 'x'), 67},
           Case{std::string(125, 'x'), 128},
           Case{std::string(126, 'x'), 130},
           Case{std::string(4095, 'x'), 4099},
           Case{std::string(4096, 'x'), 4103},
       }) {
    EXPECT_EQ(bytes_of_value(c.value), kFixed + c.bytes) << c.value.substr(0, 30);
  }
}

TEST(NodeModelTest, WritesOtherFieldsInFull) {
  NodeModel node;
  const std::string first = wire({"f", "v"});
  ASSERT_TRUE(node.add({1, 1}, first, 2, {1, 1}, first, 2));
  const size_t before = node.bytes();
  ASSERT_TRUE(node.add({1, 1}, first, 2, {1, 2}, wire({"g", "v"}), 2));
  EXPECT_EQ(node.bytes() - before, 2 + 4 + 2 + 3 + 3 + 2) << "number of fields, name and value";
}

TEST(NodeModelTest, RefusesWhatIsNoListOfBulkStrings) {
  NodeModel node;
  const std::string first = wire({"f", "v"});
  ASSERT_TRUE(node.add({1, 1}, first, 2, {1, 1}, first, 2));
  const size_t before = node.bytes();
  const std::vector<std::pair<std::string, uint32_t>> cases = {
      {"", 2},
      {wire({"f"}), 2},
      {wire({"f", "v", "g"}), 2},
      {wire({"f", "v"}) + "x", 2},
      {wire({"f", "v"}), 4},
      {wire({"f", "v"}), 1},
      {wire({"g", "v"}) + "\r\n", 2},
      {"$1\r\nf\r\n$2\r\nv\r\n", 2},
      {"$1\r\nf\r\n$1\r\nvv\r\n", 2},
      {"$1\r\nf\r\n+1\r\nv\r\n", 2},
      {"$1\r\nf\r\n$-1\r\n\r\n", 2},
      {"$1\r\nf\r\n$01\r\nv\r\n", 2},
      {"$1\r\nf\r\n$\r\nv\r\n\r\n", 2},
      {"$1\r\nf\r\n$99999999999999999999\r\nv\r\n", 2},
      {"$1\r\nf\r\n$18446744073709551615\r\nv\r\n", 2},
      {"$1\nf\r\n$1\r\nv\r\n\r", 2},
      {wire({"f", "v"}), 4'000'000'000U},
  };
  for (const auto& [bytes, elements] : cases) {
    // A copy of its own size, so that a sanitizer sees a read beyond it.
    const std::vector<char> copy(bytes.begin(), bytes.end());
    EXPECT_FALSE(node.add({1, 1}, first, 2, {1, 2}, Bytes(copy.data(), copy.size()), elements))
        << bytes;
    EXPECT_EQ(node.bytes(), before);
  }
}

}  // namespace
}  // namespace leat
