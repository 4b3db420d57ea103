// FrameFilesFixture: frame files on a FakeDisk, with lanes that run when told, and an owner that notes what it is told.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/frame_check.h"
#include "storage/frame_files.h"
#include "storage/frame_fixture.h"
#include "storage/log_fixture.h"

namespace leat {

class FrameFilesFixture : public FrameOwner {
 public:
  FrameFilesFixture() {
    options.directory = "d";
    options.uuid = {4, 5, 6};
    options.file_bytes = 8 << 10;
  }

  // FrameOwner
  void on_sealed(uint64_t token, const Result<FrameRef>& frame) override {
    sealed_tokens.push_back(token);
    sealed.push_back(frame);
    if (frame.ok() && refers) files->refer(frame.value());
  }
  void on_fetched(const FrameRef& frame, Result<BlockImages> images) override {
    fetched.emplace_back(frame, images.ok() ? text_of(images.value()) : "");
    fetch_errors.push_back(images.ok() ? std::optional<Error>() : images.error());
  }
  void on_synced(const Status& status) override { synced.push_back(status); }

  // A start without a checkpoint.
  void start() {
    open();
    LEAT_CHECK(files->adopt().ok());
    files->remove_orphans();
  }
  void open() {
    loop.forget();
    auto opened = FrameFiles::open({clock, random, disk, loop}, options, *this);
    LEAT_CHECK(opened.ok());
    files = std::move(opened).value();
  }
  // A start with a checkpoint that names `frames`, all of which the engine refers to.
  Status start(const std::vector<FrameRef>& frames) {
    open();
    for (const FrameRef& frame : frames) {
      files->refer(frame);
      files->checkpoint_refers(frame);
    }
    Status status = files->adopt();
    if (status.ok()) files->remove_orphans();
    return status;
  }

  // Runs the job of one lane, if there is one.
  bool run(io::Lane lane) {
    if (!loop.job(lane)) return false;
    files->on_disk(lane, loop.run(lane));
    return true;
  }
  void settle() {
    while (run(io::Lane::kFrames) || run(io::Lane::kFetch)) {
    }
  }
  void end_turn() {
    files->end_turn();
    settle();
  }
  // Blocks that differ from one call to the next; about 470 bytes when sealed.
  BlockImages images(size_t entries = 40) {
    ++made;
    return sensor_blocks(2, 1000 * made, entries, made);
  }
  // Seals other images, which are kept to be compared; the outcome.
  Result<FrameRef> seal(size_t entries = 40) {
    BlockImages images = this->images(entries);
    const std::string text = text_of(images);
    files->seal(++tokens, std::move(images));
    settle();
    if (sealed.back().ok()) texts[sealed.back().value()] = text;
    return sealed.back();
  }
  FrameRef seal_well(size_t entries = 40) {
    const Result<FrameRef> frame = seal(entries);
    LEAT_CHECK(frame.ok());
    return frame.value();
  }
  [[nodiscard]] bool reads_back(const FrameRef& frame) {
    BlockImages images;
    return files->read(frame, images) && text_of(images) == texts.at(frame);
  }
  Status sync() {
    files->sync();
    settle();
    return synced.back();
  }
  Status checkpoint(const std::vector<FrameRef>& frames) {
    for (const FrameRef& frame : frames) files->checkpoint_refers(frame);
    Status status = sync();
    if (status.ok()) {
      files->checkpoint_published();
    } else {
      files->checkpoint_abandoned(/*perhaps_published=*/false);
    }
    return status;
  }
  [[nodiscard]] FrameHome home() const { return {options.directory, options.uuid, options.shard}; }
  [[nodiscard]] std::string path(uint64_t file) const { return home().path_of(file); }
  [[nodiscard]] FrameCheck check(const std::vector<FrameRef>& named) {
    auto check = check_frames(disk, home(), named);
    LEAT_CHECK(check.ok());
    return std::move(check).value();
  }

  FakeDisk disk;
  FakeLoop loop{disk};
  FakeClock clock;
  FakeRandom random;
  FrameFilesOptions options;
  std::unique_ptr<FrameFiles> files;
  bool refers = true;  // To each frame that was sealed.

  std::vector<uint64_t> sealed_tokens;
  std::vector<Result<FrameRef>> sealed;
  std::vector<std::pair<FrameRef, std::string>> fetched;
  std::vector<std::optional<Error>> fetch_errors;
  std::vector<Status> synced;
  std::map<FrameRef, std::string> texts;
  uint64_t tokens = 0;
  uint64_t made = 0;
};

}  // namespace leat
