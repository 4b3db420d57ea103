// docs/formats/log.md shows a small log byte by byte; this is what the code writes.
#include "storage/log_format.h"

#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/log_fixture.h"

namespace leat {
namespace {

// As `hexdump -C` shows it, repeated lines as one asterisk.
std::string hexdump(Bytes file, size_t from, size_t size) {
  std::string text;
  std::string previous;
  for (size_t at = from; at < from + size; at += 16) {
    const Bytes line = file.substr(at, 16);
    if (line == previous) {
      if (!text.ends_with("*\n")) text += "*\n";
      continue;
    }
    previous = line;
    text += fmt::format("{:08x} ", at);
    std::string readable;
    for (size_t i = 0; i < line.size(); ++i) {
      const auto byte = static_cast<uint8_t>(line[i]);
      text += fmt::format("{}{:02x}", i == 8 ? "  " : " ", byte);
      readable += byte >= 0x20 && byte < 0x7f ? line[i] : '.';
    }
    text += fmt::format("  |{}|\n", readable);
  }
  return text;
}

TEST(LogFormat, TheWorkedExampleIsWhatIsWritten) {
  LogFixture fixture;
  ASSERT_TRUE(fixture.open());
  fixture.settle();
  // XADD s 1700000000000-0 f v, on an empty server.
  RecordWriter writer(fixture.log->batch());
  writer.put(KeyCreate{.object = ObjectId{1}, .kind = ObjectKind::kStream, .key = "s"});
  writer.put(StreamAppend{.object = ObjectId{1},
                          .new_block = true,
                          .id = {1'700'000'000'000, 0},
                          .elements = 2,
                          .wire = "$1\r\nf\r\n$1\r\nv\r\n"});
  end_group(fixture.log->batch(), sizeof(BatchHeader));
  fixture.lsn = 2;
  fixture.commit();
  fixture.settle();
  fixture.pass(100);
  const std::string& superblock = fixture.disk.content("d/superblock");
  const std::string& segment = fixture.disk.content("d/log-0-0000000001.seg");
  EXPECT_EQ(Bytes(segment).substr(0, sizeof(SegmentHeader)),
            Bytes(segment).substr(kHeaderCopyOffset, sizeof(SegmentHeader)));

  std::ostringstream document;
  document << std::ifstream(LEAT_LOG_FORMAT).rdbuf();
  for (const std::string& dump :
       {hexdump(superblock, 0, 96), hexdump(superblock, kHeaderCopyOffset, 96),
        hexdump(segment, 0, sizeof(SegmentHeader)), hexdump(segment, kSegmentHeaderSpace, 512),
        hexdump(segment, kSegmentHeaderSpace + 512, 512)}) {
    EXPECT_NE(document.str().find(dump), std::string::npos) << "not in " LEAT_LOG_FORMAT ":\n"
                                                            << dump;
  }
}

}  // namespace
}  // namespace leat
