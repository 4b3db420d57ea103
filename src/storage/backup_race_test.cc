// Backups below a server that goes on: at every step of a backup something else happens to the directory, and the backup holds
// all that had been written when it began, as the beginning of what was written in all.
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "storage/backup.h"
#include "storage/checkpoint_fixture.h"

namespace leat {
namespace {

// A disk that does something else before its operation number `at`.
class BusyDisk final : public io::Disk {
 public:
  explicit BusyDisk(FakeDisk& disk) : disk_(disk) {}

  uint64_t at = UINT64_MAX;
  std::function<void()> meanwhile;
  bool links = true;  // False: the target is on another file system.
  [[nodiscard]] uint64_t steps() const { return steps_; }

  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override;
  Result<std::vector<std::string>> list(const std::string& directory) override {
    step();
    return disk_.list(directory);
  }
  [[nodiscard]] bool exists(const std::string& path) override {
    step();
    return disk_.exists(path);
  }
  Status make_directory(const std::string& directory) override {
    return disk_.make_directory(directory);
  }
  Status rename(const std::string& from, const std::string& to) override {
    return disk_.rename(from, to);
  }
  Status remove(const std::string& path) override { return disk_.remove(path); }
  Status link(const std::string& from, const std::string& to) override {
    step();
    if (!links) return Error{Errc::kUnavailable, "the target is on another disk"};
    return disk_.link(from, to);
  }
  Status sync_directory(const std::string& directory) override {
    return disk_.sync_directory(directory);
  }
  Result<std::unique_ptr<io::File>> lock_directory(const std::string& directory) override {
    return disk_.lock_directory(directory);
  }
  void step() {
    if (steps_++ == at && meanwhile) meanwhile();
  }

 private:
  FakeDisk& disk_;
  uint64_t steps_ = 0;
};

class BusyFile final : public io::File {
 public:
  BusyFile(BusyDisk& disk, std::unique_ptr<io::File> file) : disk_(disk), file_(std::move(file)) {}

  [[nodiscard]] const std::string& path() const override { return file_->path(); }
  Result<size_t> read(uint64_t offset, char* out, size_t size) override {
    disk_.step();
    return file_->read(offset, out, size);
  }
  Status write(uint64_t offset, Bytes bytes) override { return file_->write(offset, bytes); }
  Status sync() override { return file_->sync(); }
  [[nodiscard]] Result<uint64_t> size() override { return file_->size(); }
  Status truncate(uint64_t size) override { return file_->truncate(size); }
  Status reserve(uint64_t size) override { return file_->reserve(size); }

 private:
  BusyDisk& disk_;
  std::unique_ptr<io::File> file_;
};

Result<std::unique_ptr<io::File>> BusyDisk::open(const std::string& path, io::OpenMode mode) {
  step();
  auto file = disk_.open(path, mode);
  if (!file.ok()) return file;
  return std::unique_ptr<io::File>(std::make_unique<BusyFile>(*this, std::move(file).value()));
}

// A server with a checkpoint, segments before it that are kept, and segments behind it.
class Node : public CheckpointFixture {
 public:
  explicit Node(SyncMode sync) : CheckpointFixture(sync) {
    retain = UINT64_MAX;
    EXPECT_TRUE(open());
    settle();
    write(3);
    EXPECT_TRUE(make_checkpoint());
    write(4);
  }
  bool make_checkpoint() {
    return checkpoint([this] { settle(); });
  }
  void write(int times) {
    for (int i = 0; i < times; ++i) {
      clock.ns += 1000 * kNsPerMs;
      turn({value(2500), value(300)});
      turn({value(6000)});
    }
  }
};

struct RaceCase {
  const char* name;
  void (*meanwhile)(Node& node);
};
void make_checkpoint(Node& node) {
  EXPECT_TRUE(node.make_checkpoint());
}
void remove_what_is_not_needed(Node& node) {
  node.retain = 0;
  node.clean();
}
const RaceCase kCases[] = {
    {"writes one batch", [](Node& node) { node.turn({"one"}); }},
    {"fills segments", [](Node& node) { node.write(6); }},
    {"needs a larger segment than the one prepared",
     [](Node& node) { node.turn({node.value(40'000)}); }},
    {"publishes a checkpoint and keeps the log", make_checkpoint},
    {"removes segments that no checkpoint needs", remove_what_is_not_needed},
    {"publishes a checkpoint and removes the log",
     [](Node& node) {
       make_checkpoint(node);
       remove_what_is_not_needed(node);
       node.write(2);
     }},
};

struct Setting {
  SyncMode sync;
  bool links;
};
class BackupRaceTest : public testing::TestWithParam<Setting> {
 protected:
  // What a start on the copy in `directory` gives.
  static std::optional<std::vector<std::string>> start(const FakeDisk& disk,
                                                       const std::string& directory) {
    CheckpointFixture copy;
    FakeDisk::Image image;
    for (const auto& [path, content] : disk.image()) {
      if (path.starts_with(directory + "/")) image["d" + path.substr(directory.size())] = content;
    }
    copy.disk.load(image);
    if (!copy.open()) {
      ADD_FAILURE() << copy.problem->detail;
      return std::nullopt;
    }
    return copy.recovered.values;
  }
  // Backs up with `meanwhile` at step `at`.
  //   returns  false when the backup has no such step.
  static bool run(const RaceCase& meanwhile, uint64_t at) {
    Node node(GetParam().sync);
    const size_t before = node.written.size();
    BusyDisk disk(node.disk);
    disk.links = GetParam().links;
    disk.at = at;
    disk.meanwhile = [&] { meanwhile.meanwhile(node); };
    const auto made = make_backup(disk, "d", "b");
    if (disk.steps() <= at) return false;
    if (!made.ok()) {
      ADD_FAILURE() << made.error().detail;
      return true;
    }
    const auto found = start(node.disk, "b");
    if (!found) return true;
    EXPECT_GE(found->size(), before);
    EXPECT_EQ(found->size(), made.value().last.value);
    EXPECT_LE(found->size(), node.written.size());
    EXPECT_EQ(*found, node.first(found->size()));
    // What happens to the directory later changes nothing.
    node.write(3);
    remove_what_is_not_needed(node);
    EXPECT_EQ(start(node.disk, "b"), found);
    return true;
  }
};

TEST_P(BackupRaceTest, HoldsWhatWasWrittenBeforeItWhateverHappensMeanwhile) {
  for (const RaceCase& meanwhile : kCases) {
    uint64_t step = 0;
    for (; !HasFailure(); ++step) {
      SCOPED_TRACE(testing::Message() << "at step " << step << " the server " << meanwhile.name);
      if (!run(meanwhile, step)) break;
    }
    EXPECT_GT(step, 20U);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Settings, BackupRaceTest,
    testing::Values(Setting{SyncMode::kAlways, true}, Setting{SyncMode::kAlways, false},
                    Setting{SyncMode::kEverySec, true}, Setting{SyncMode::kEverySec, false}),
    [](const auto& value) {
      return std::string(value.param.sync == SyncMode::kAlways ? "Always" : "EverySec") +
             (value.param.links ? "Links" : "Copies");
    });

}  // namespace
}  // namespace leat
