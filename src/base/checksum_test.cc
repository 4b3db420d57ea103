// crc32c and hash64 are part of formats on disk and of replies: their values are fixed for ever.
#include <string>

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/hash.h"

namespace leat {
namespace {

TEST(Crc32c, HasTheValuesOfTheStandard) {
  std::string ascending;
  std::string descending;
  for (int i = 0; i < 32; ++i) {
    ascending.push_back(static_cast<char>(i));
    descending.push_back(static_cast<char>(31 - i));
  }
  const std::pair<std::string, uint32_t> rows[] = {
      {"", 0},
      {"123456789", 0xE3069283},
      {std::string(32, '\0'), 0x8A9136AA},  // RFC 3720, B.4: this row and the next three.
      {std::string(32, '\xff'), 0x62A8AB43},
      {ascending, 0x46DD794E},
      {descending, 0x113FDB5C},
  };
  for (const auto& [bytes, want] : rows) EXPECT_EQ(crc32c(bytes), want);
}

TEST(Crc32c, ContinuesFromWhatCameBefore) {
  const std::string bytes = "123456789";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(crc32c(Bytes(bytes).substr(cut), crc32c(Bytes(bytes).substr(0, cut))), 0xE3069283U);
  }
}

TEST(Crc32c, EveryBitCounts) {
  std::string bytes(100, 'x');
  const uint32_t want = crc32c(bytes);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(crc32c(bytes), want) << bit;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
}

// SCAN cursors that clients hold, and the order of SCAN, come from these.
TEST(Hash64, NeverChanges) {
  EXPECT_EQ(hash64(""), 0x2D06800538D394C2U);
  EXPECT_EQ(hash64(Bytes()), 0x2D06800538D394C2U);
  EXPECT_EQ(hash64("a"), 0xE6C632B61E964E1FU);
  EXPECT_EQ(hash64("orders"), 0xA88CCDC9FA4974FBU);
  EXPECT_EQ(hash64(std::string(1000, 'x')), 0xC0A4877B962CBA82U);
}

}  // namespace
}  // namespace leat
