// LogFixture: a log on a FakeDisk, driven turn by turn. For the unit tests of this folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/fake_disk.h"
#include "storage/log.h"
#include "storage/log_format.h"

namespace leat {

class FakeClock final : public io::Clock {
 public:
  [[nodiscard]] WallMs wall() override { return WallMs{1'700'000'000'000 + ns / kNsPerMs}; }
  [[nodiscard]] int64_t wall_us() override { return wall().value * 1000; }
  [[nodiscard]] MonoNs mono() override { return MonoNs{ns += ns_per_look}; }
  [[nodiscard]] int64_t stopwatch() override { return ns += ns_per_look; }
  [[nodiscard]] int64_t thread_cpu() override { return cpu_ns += cpu_ns_per_look; }
  int64_t ns = 1'000'000'000;
  int64_t ns_per_look = 0;  // What passes between two looks at mono() or stopwatch().
  int64_t cpu_ns = 0;
  int64_t cpu_ns_per_look = 0;  // What the thread is given between two looks at thread_cpu().
};

class FakeRandom final : public io::Random {
 public:
  [[nodiscard]] uint64_t next() override { return state_ = state_ * 6364136223846793005U + 11; }

 private:
  uint64_t state_ = 7;
};

// Keeps the values of recovered records.
class Recovered final : public RecordSink {
 public:
  // In these tests a piece is a value with its length before it, and the state at an LSN is as many values.
  bool on_pieces(Bytes pieces) override {
    while (!pieces.empty()) {
      uint32_t size = 0;
      if (pieces.size() < sizeof size) return false;
      std::memcpy(&size, pieces.data(), sizeof size);
      pieces.remove_prefix(sizeof size);
      if (size > pieces.size()) return false;
      values.emplace_back(pieces.substr(0, size));
      pieces.remove_prefix(size);
    }
    return true;
  }
  bool on_state(Lsn lsn) override { return values.size() == lsn.value; }
  bool on_record(Lsn lsn, const RecordView& record) override {
    StringSet set;
    if (record.type != RecordType::kStringSet || !decode(record.payload, set)) return false;
    if (lsn.value != values.size() + 1 || set.object.value != lsn.value) return false;
    values.emplace_back(set.value);
    return true;
  }
  void on_progress(uint64_t done, uint64_t total) override {
    whole_progress = whole_progress && done <= total;
  }
  std::vector<std::string> values;
  bool whole_progress = true;
};

// Keeps values too, and what recovery had read of one file when it gave the first of them.
class ReadSoFar final : public RecordSink {
 public:
  ReadSoFar(const FakeDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  bool on_pieces(Bytes pieces) override { return note() && values.on_pieces(pieces); }
  bool on_state(Lsn lsn) override { return values.on_state(lsn); }
  bool on_record(Lsn lsn, const RecordView& record) override {
    return note() && values.on_record(lsn, record);
  }
  void on_progress(uint64_t done, uint64_t total) override { values.on_progress(done, total); }

  Recovered values;
  uint64_t at_first = 0;

 private:
  bool note() {
    if (at_first == 0) at_first = disk_.read_up_to(path_);
    return true;
  }
  const FakeDisk& disk_;
  std::string path_;
};

class LogFixture {
 public:
  static constexpr uint64_t kSegmentBytes = 16 << 10;

  [[nodiscard]] static std::string segment_path(uint64_t number) {
    return "d/" + segment_name(0, number);
  }

  explicit LogFixture(SyncMode sync = SyncMode::kAlways) {
    options.directory = "d";
    options.segment_bytes = kSegmentBytes;
    options.sync = sync;
  }

  // Opens the log; false, and the error in `problem`, when that fails.
  bool open() {
    log.reset();
    loop.forget();
    recovered = {};
    report = {};
    problem.reset();
    auto opened = Log::open({clock, random, disk, loop}, options, recovered, report);
    if (!opened.ok()) {
      problem = opened.error();
      return false;
    }
    log = std::move(opened).value();
    lsn = recovered.values.size();
    return true;
  }
  // Appends one group of records with these values to the open batch.
  void append(const std::vector<std::string>& values) {
    const size_t start = log->batch().size();
    for (const std::string& value : values) {
      RecordWriter(log->batch()).put(StringSet{.object = ObjectId{++lsn}, .value = value});
      written.push_back(value);
    }
    end_group(log->batch(), start);
  }
  void commit() { log->commit(Lsn{lsn}, clock.wall(), clock.mono()); }
  // Runs the jobs that wait, and what follows from them, until none does.
  void settle() {
    for (bool ran = true; ran;) {
      ran = false;
      for (const io::Lane lane : {io::Lane::kCommit, io::Lane::kBackground, io::Lane::kSync}) {
        if (!loop.job(lane) || (lane == io::Lane::kSync && syncs_stuck)) continue;
        run(lane);
        ran = true;
      }
      if (ran) commit();
    }
  }
  void run(io::Lane lane) { log->on_disk(lane, loop.run(lane)); }
  // One turn with one group, settled.
  void turn(const std::vector<std::string>& values) {
    append(values);
    commit();
    settle();
  }
  void pass(int64_t ms) {
    clock.ns += ms * kNsPerMs;
    commit();
    settle();
  }
  // As after kill -9 (Keep::kAll) or a loss of power.
  void crash(Keep keep) {
    log.reset();
    loop.forget();
    disk.restore(keep);
  }
  // A value that fills `bytes`, different for each record.
  [[nodiscard]] std::string value(size_t bytes) const {
    std::string text = std::to_string(written.size()) + ":";
    text.resize(std::max(bytes, text.size()), static_cast<char>('a' + written.size() % 26));
    return text;
  }
  // The first `count` values that were written.
  [[nodiscard]] std::vector<std::string> first(size_t count) const {
    return {written.begin(), written.begin() + static_cast<ptrdiff_t>(count)};
  }

  FakeClock clock;
  FakeRandom random;
  FakeDisk disk;
  FakeLoop loop{disk};
  LogOptions options;
  std::unique_ptr<Log> log;
  Recovered recovered;
  RecoveryReport report;
  std::optional<Error> problem;
  bool syncs_stuck = false;  // settle() leaves the sync lane alone.
  uint64_t lsn = 0;
  std::vector<std::string> written;  // All values ever appended, also those lost in a crash.
};

}  // namespace leat
