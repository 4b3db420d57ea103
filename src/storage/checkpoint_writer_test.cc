// One checkpoint at a time: what is written is what is read back, what is damaged is found, and what fails is given
// up without a trace.
#include "storage/checkpoint_writer.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "storage/checkpoint_reader.h"
#include "storage/hexdump.h"
#include "storage/log_fixture.h"

namespace leat {
namespace {

using State = CheckpointWriter::State;

class CheckpointWriterTest : public testing::Test {
 protected:
  CheckpointWriterTest() {
    superblock_.uuid = kIdentity.uuid;
    superblock_.node = kIdentity.node;
  }

  static constexpr LogIdentity kIdentity{
      .uuid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
      .node = 77,
      .epoch = 5,
      .shard = 0};
  static constexpr LogPlace kPlace{.segment = 4, .previous_crc = 0xABCD};

  // Runs the job that waits.
  void run() { writer_.on_disk(loop_.run(io::Lane::kCheckpoint)); }
  void make(uint64_t lsn, const std::vector<std::string>& chunks) {
    writer_.begin(Lsn{lsn}, WallMs{1'700'000'000'000});
    run();
    for (const std::string& chunk : chunks) {
      ASSERT_EQ(writer_.state(), State::kOpen);
      writer_.write(chunk);
      run();
    }
    ASSERT_EQ(writer_.state(), State::kOpen);
    writer_.finish();
    run();
    ASSERT_EQ(writer_.state(), State::kWritten);
  }
  void publish() {
    writer_.publish(kPlace);
    run();
    ASSERT_EQ(writer_.state(), State::kIdle);
  }
  void clean() {
    while (const auto path = writer_.outdated()) {
      writer_.remove(*path);
      run();
      EXPECT_TRUE(writer_.take_removed()->ok());
    }
  }
  // All pieces of the checkpoint that the manifest names; or the first error.
  Result<std::string> load() {
    const auto manifest = read_manifest(disk_, "d", superblock_, 0);
    if (!manifest.ok()) return manifest.error();
    if (!manifest.value()) return std::string("no manifest");
    auto reader = CheckpointReader::open(disk_, "d", *manifest.value());
    if (!reader.ok()) return reader.error();
    std::string pieces;
    while (true) {
      const auto chunk = reader.value().next();
      if (!chunk.ok()) return chunk.error();
      if (chunk.value().empty()) return pieces;
      pieces += chunk.value();
    }
  }
  std::vector<std::string> files() { return disk_.list("d").value(); }

  Superblock superblock_;
  FakeClock clock_;
  FakeRandom random_;
  FakeDisk disk_;
  FakeLoop loop_{disk_};
  CheckpointWriter writer_{{clock_, random_, disk_, loop_}, "d", kIdentity, CheckpointFiles{}};
};

using Files = std::vector<std::string>;

TEST_F(CheckpointWriterTest, WhatIsWrittenIsReadBack) {
  EXPECT_EQ(load().value(), "no manifest");
  make(9, {"first", std::string(3 << 20, 'x'), "last"});
  EXPECT_EQ(load().value(), "no manifest");
  publish();
  EXPECT_EQ(load().value(), "first" + std::string(3 << 20, 'x') + "last");
  EXPECT_EQ(writer_.current()->lsn, 9U);
  EXPECT_EQ(writer_.current()->segment, 4U);
  EXPECT_EQ(files(), (Files{"checkpoint-0-0000000001.ckp", "manifest-0"}));
}

TEST_F(CheckpointWriterTest, AnEmptyStateIsACheckpointToo) {
  make(0, {});
  publish();
  EXPECT_EQ(load().value(), "");
}

TEST_F(CheckpointWriterTest, TheNextOneReplacesIt) {
  make(9, {"old"});
  publish();
  EXPECT_FALSE(writer_.outdated());
  make(12, {"young"});
  EXPECT_EQ(load().value(), "old");
  publish();
  EXPECT_EQ(load().value(), "young");
  clean();
  EXPECT_EQ(files(), (Files{"checkpoint-0-0000000002.ckp", "manifest-0"}));
  EXPECT_EQ(load().value(), "young");
}

TEST_F(CheckpointWriterTest, EveryBitCounts) {
  make(9, {"first", "second"});
  publish();
  for (const std::string& name : files()) {
    const std::string path = "d/" + name;
    const size_t size = disk_.content(path).size();
    for (size_t bit = 0; bit < size * 8; ++bit) {
      const auto flip = [bit](std::string& content) {
        content[bit / 8] = static_cast<char>(content[bit / 8] ^ (1 << (bit % 8)));
      };
      disk_.damage(path, flip);
      const auto loaded = load();
      ASSERT_FALSE(loaded.ok()) << path << " bit " << bit;
      ASSERT_NE(loaded.error().detail.find(path), std::string::npos) << loaded.error().detail;
      disk_.damage(path, flip);
    }
  }
  EXPECT_TRUE(load().ok());
}

TEST_F(CheckpointWriterTest, ShorterAndLongerFilesAreDamage) {
  make(9, {"first", "second"});
  publish();
  const FakeDisk::Image whole = disk_.image();
  for (const std::string& name : files()) {
    const std::string path = "d/" + name;
    for (size_t size = 0; size <= whole.at(path).size() + 1; ++size) {
      if (size == whole.at(path).size()) continue;
      disk_.damage(path, [size](std::string& content) { content.resize(size); });
      ASSERT_FALSE(load().ok()) << path << " of " << size << " bytes";
      disk_.load(whole);
    }
  }
}

TEST_F(CheckpointWriterTest, AMissingOrForeignFileIsDamage) {
  make(9, {"first"});
  publish();
  const FakeDisk::Image whole = disk_.image();
  ASSERT_TRUE(disk_.remove("d/checkpoint-0-0000000001.ckp").ok());
  EXPECT_NE(load().error().detail.find("checkpoint-0-0000000001.ckp: is missing"),
            std::string::npos);
  disk_.load(whole);
  superblock_.node = 78;
  EXPECT_NE(load().error().detail.find("belongs to another log"), std::string::npos);
  superblock_.node = 77;
  // A checkpoint of the same log, of another epoch, under the name of this one.
  FakeDisk other;
  FakeLoop loop(other);
  LogIdentity later = kIdentity;
  ++later.epoch;
  CheckpointWriter writer({clock_, random_, other, loop}, "d", later, CheckpointFiles{});
  writer.begin(Lsn{9}, WallMs{1'700'000'000'000});
  writer.on_disk(loop.run(io::Lane::kCheckpoint));
  writer.write("first");
  writer.on_disk(loop.run(io::Lane::kCheckpoint));
  writer.finish();
  writer.on_disk(loop.run(io::Lane::kCheckpoint));
  const std::string content = other.content("d/checkpoint-0-0000000001.ckp");
  disk_.damage("d/checkpoint-0-0000000001.ckp", [&](std::string& is) { is = content; });
  EXPECT_NE(load().error().detail.find("is not the checkpoint that the manifest names"),
            std::string::npos);
}

// Each operation fails once: the checkpoint is given up, its file goes, the one before still counts, and the next
// one succeeds in a file of its own.
TEST_F(CheckpointWriterTest, WhatFailsIsGivenUp) {
  make(9, {"old"});
  publish();
  struct Failure {
    FakeDisk::Op op;
    Errc code;
    uint64_t after;
  };
  for (const Failure& failure : {Failure{FakeDisk::Op::kCreate, Errc::kIo, 0},
                                 {FakeDisk::Op::kSyncDirectory, Errc::kIo, 0},
                                 {FakeDisk::Op::kWrite, Errc::kIo, 0},
                                 {FakeDisk::Op::kWrite, Errc::kFull, 1},
                                 {FakeDisk::Op::kWrite, Errc::kFull, 2},
                                 {FakeDisk::Op::kSync, Errc::kIo, 0},
                                 {FakeDisk::Op::kSync, Errc::kIo, 2}}) {
    disk_.fail(failure.op, failure.code, failure.after);
    const Files before = files();
    writer_.begin(Lsn{12}, WallMs{});
    run();
    for (const char* const chunk : {"a", "b"}) {
      if (writer_.state() != State::kOpen) break;
      writer_.write(chunk);
      run();
    }
    if (writer_.state() == State::kOpen) {
      writer_.finish();
      run();
    }
    if (writer_.state() == State::kBusy) run();
    ASSERT_EQ(writer_.state(), State::kFailed);
    EXPECT_EQ(writer_.take_failure().code, failure.code);
    EXPECT_EQ(writer_.state(), State::kIdle);
    EXPECT_EQ(files(), before);
    EXPECT_EQ(load().value(), "old");
  }
  make(12, {"young"});
  publish();
  clean();
  EXPECT_EQ(load().value(), "young");
  EXPECT_EQ(files(), (Files{"checkpoint-0-0000000009.ckp", "manifest-0"}));
}

// After a rename nobody knows which one a crash will show: both must be there, until the next success.
TEST_F(CheckpointWriterTest, AManifestThatFailsKeepsBothFiles) {
  make(9, {"old"});
  publish();
  make(12, {"young"});
  disk_.fail(FakeDisk::Op::kSyncDirectory);
  writer_.publish(kPlace);
  run();
  ASSERT_EQ(writer_.state(), State::kFailed);
  EXPECT_EQ(writer_.take_failure().code, Errc::kIo);
  EXPECT_EQ(writer_.current()->lsn, 9U);
  EXPECT_FALSE(writer_.outdated());
  EXPECT_EQ(load().value(), "young");
  disk_.restore(Keep::kNothing);
  EXPECT_EQ(load().value(), "old");
  make(13, {"youngest"});
  publish();
  clean();
  EXPECT_EQ(load().value(), "youngest");
  EXPECT_EQ(files(), (Files{"checkpoint-0-0000000003.ckp", "manifest-0"}));
}

TEST_F(CheckpointWriterTest, ItCanBeAbandonedAtAnyTime) {
  for (int stage = 0; stage < 6; ++stage) {
    SCOPED_TRACE(stage);
    const Error why{Errc::kUnavailable, "no more"};
    writer_.begin(Lsn{12}, WallMs{});
    if (stage == 0) writer_.abandon(why);
    run();
    if (stage == 1) writer_.abandon(why);
    if (stage > 1) {
      writer_.write("a");
      if (stage == 2) writer_.abandon(why);
      run();
      if (stage == 3) writer_.abandon(why);
    }
    if (stage > 3) {
      writer_.finish();
      if (stage == 4) writer_.abandon(why);
      run();
      if (stage == 5) writer_.abandon(why);
    }
    ASSERT_EQ(writer_.state(), State::kBusy);
    run();
    ASSERT_EQ(writer_.state(), State::kFailed);
    EXPECT_EQ(writer_.take_failure().code, Errc::kUnavailable);
    EXPECT_EQ(files(), Files{});
  }
}

TEST_F(CheckpointWriterTest, NamesOfOtherFilesAreNotCheckpoints) {
  EXPECT_EQ(checkpoint_number(0, "checkpoint-0-0000000012.ckp"), 12U);
  EXPECT_EQ(checkpoint_number(0, "checkpoint-0-12345678901.ckp"), 12345678901U);
  for (const char* const name :
       {"checkpoint-1-0000000012.ckp", "checkpoint-0-12.ckp", "checkpoint-0-.ckp", "manifest-0",
        "checkpoint-0-00000000x2.ckp", "checkpoint-0-0000000012.ckp.new", ".ckp", ""}) {
    EXPECT_EQ(checkpoint_number(0, name), 0U) << name;
  }
}

TEST_F(CheckpointWriterTest, TheWorkedExampleIsWhatIsWritten) {
  make(2, {"pieces"});
  publish();
  std::ostringstream document;
  document << std::ifstream(LEAT_CHECKPOINT_FORMAT).rdbuf();
  for (const std::string& name : files()) {
    const std::string& content = disk_.content("d/" + name);
    const std::string dump = hexdump(content, 0, content.size());
    EXPECT_NE(document.str().find(dump), std::string::npos)
        << "not in " LEAT_CHECKPOINT_FORMAT ":\n"
        << dump;
  }
}

}  // namespace
}  // namespace leat
