// CheckpointFixture: a log with checkpoints on a FakeDisk. The state that they hold is the values that were written.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "storage/checkpoint_writer.h"
#include "storage/log_fixture.h"

namespace leat {

class CheckpointFixture : public LogFixture {
 public:
  using LogFixture::LogFixture;

  bool open() {
    writer.reset();
    if (!LogFixture::open()) return false;
    writer = std::make_unique<CheckpointWriter>(io::World{clock, random, disk, loop}, "d",
                                                log->identity(), log->checkpoint_files());
    return true;
  }
  void crash(Keep keep) {
    writer.reset();
    LogFixture::crash(keep);
  }
  // Runs the job that waits on the writer's lane, if any, and the log's until none waits.
  void run_all() {
    settle();
    while (loop.job(io::Lane::kCheckpoint)) {
      writer->on_disk(loop.run(io::Lane::kCheckpoint));
      settle();
    }
  }
  // Makes and publishes a checkpoint of what has been written, in two chunks, and removes what it replaces; `meanwhile`
  // is called before the file is finished and before it is published.
  //   returns  false when it was given up.
  template <typename Meanwhile>
  bool checkpoint(Meanwhile meanwhile) {
    const uint64_t state = lsn;
    writer->begin(Lsn{state}, clock.wall());
    run_all();
    for (const auto& [from, to] : {std::pair(uint64_t{0}, state / 2), {state / 2, state}}) {
      if (writer->state() == CheckpointWriter::State::kOpen && from != to) {
        writer->write(pieces(from, to));
        run_all();
      }
    }
    meanwhile();
    if (writer->state() == CheckpointWriter::State::kOpen) writer->finish();
    run_all();
    log->sync_up_to(Lsn{state});
    commit();
    meanwhile();
    if (writer->state() == CheckpointWriter::State::kWritten && log->durable_lsn().value >= state)
      writer->publish(log->place_of(Lsn{state + 1}));
    run_all();
    if (writer->state() == CheckpointWriter::State::kWritten)
      writer->abandon({Errc::kUnavailable, "the log is not durable"});
    run_all();
    if (writer->state() == CheckpointWriter::State::kFailed) {
      failure = writer->take_failure();
      return false;
    }
    clean();
    return true;
  }
  bool checkpoint() {
    return checkpoint([] {});
  }
  // Removes what recovery does not need.
  void clean() {
    while (const auto path = writer->outdated()) remove(*path);
    while (writer->current()) {
      const auto path = log->reclaimable(writer->current()->segment, retain);
      if (!path || !remove(*path)) return;
      log->forget_oldest();
    }
  }
  bool remove(const std::string& path) {
    writer->remove(path);
    run_all();
    return writer->take_removed()->ok();
  }
  [[nodiscard]] std::string pieces(uint64_t from, uint64_t to) const {
    std::string bytes;
    for (uint64_t i = from; i < to; ++i) {
      const auto size = static_cast<uint32_t>(written[i].size());
      bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
      bytes += written[i];
    }
    return bytes;
  }
  [[nodiscard]] std::vector<std::string> files() { return disk.list("d").value(); }
  // Names in `files()` that begin with `prefix`.
  [[nodiscard]] size_t count(const std::string& prefix) {
    const auto names = files();
    return static_cast<size_t>(std::count_if(
        names.begin(), names.end(), [&](const auto& name) { return name.starts_with(prefix); }));
  }

  std::unique_ptr<CheckpointWriter> writer;
  uint64_t retain = 0;
  Error failure;
};

}  // namespace leat
