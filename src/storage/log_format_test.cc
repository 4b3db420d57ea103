// docs/formats/log.md shows a small log byte by byte; this is what the code writes.
#include "storage/log_format.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "storage/hexdump.h"
#include "storage/log_fixture.h"

namespace leat {
namespace {

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
