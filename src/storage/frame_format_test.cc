// docs/formats/frame.md shows a small frame byte by byte; this is what the code writes, and reads.
#include "storage/frame_format.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "storage/frame_codec.h"
#include "storage/frame_fixture.h"
#include "storage/hexdump.h"

namespace leat {
namespace {

const FramePlace kShownPlace{.uuid = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                             .shard = 0,
                             .file = 3,
                             .offset = 512};

BlockImages example() {
  constexpr uint64_t kMs = 1'700'000'000'000;
  BlockMaker block({kMs, 0});
  block.add({kMs, 0}, {{"user", "1000"}, {"action", "view"}});
  block.add({kMs, 1}, {{"user", "1001"}, {"action", "buy"}}, /*live=*/false);
  block.add({kMs + 5, 0}, {{"user", "1002"}, {"action", "view"}});
  BlockImages images;
  images.push_back(block.take());
  images[0].node_bytes = 99;
  return images;
}

std::string document() {
  std::ostringstream text;
  text << std::ifstream(LEAT_FRAME_FORMAT).rdbuf();
  return text.str();
}

TEST(FrameFormat, TheWorkedBodyIsWhatIsWritten) {
  ByteBuffer body;
  FrameBodyWriter().write(example(), body);
  const std::string dump = hexdump(body.view(), 0, body.size());
  EXPECT_NE(document().find(dump), std::string::npos) << "not in " LEAT_FRAME_FORMAT ":\n" << dump;
}

// How it is compressed is the library's affair; what it opens to is not.
TEST(FrameFormat, TheWorkedFrameIsWhatIsRead) {
  ByteBuffer frame;
  ASSERT_TRUE(FrameEncoder().encode(example(), kShownPlace, frame).ok());
  const std::string text = document();
  size_t at = text.rfind("\n00000000  4c 45 41 54 46 52 4d 31");
  ASSERT_NE(at, std::string::npos) << "no frame in " LEAT_FRAME_FORMAT "; it is\n"
                                   << hexdump(frame.view(), 0, frame.size());
  std::string bytes;
  for (++at; text.compare(at, 3, "```") != 0; at = text.find('\n', at) + 1) {
    std::istringstream line(text.substr(at + 8, 52));
    for (unsigned byte = 0; line >> std::hex >> byte;) bytes += static_cast<char>(byte);
  }
  const auto opened = FrameDecoder().decode(bytes, kShownPlace);
  ASSERT_TRUE(opened.ok()) << opened.error().detail << "; it is\n"
                           << hexdump(frame.view(), 0, frame.size());
  EXPECT_EQ(text_of(opened.value()), text_of(example()));
}

TEST(FrameFormat, NamesOfFiles) {
  EXPECT_EQ(frame_file_name(0, 1), "frames-0-0000000001.frm");
  EXPECT_EQ(frame_file_name(12, 12345678901), "frames-12-12345678901.frm");
  EXPECT_EQ(frame_file_number(12, "frames-12-12345678901.frm"), 12345678901U);
  EXPECT_EQ(frame_file_number(1, "frames-12-12345678901.frm"), 0U);
  EXPECT_EQ(frame_file_number(0, "frames-0-1.frm"), 0U);
}

}  // namespace
}  // namespace leat
