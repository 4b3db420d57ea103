// FakeDisk, FakeLoop: a disk in memory that loses power, fills up and fails on demand, and lanes that run when
// told. For the unit tests of this folder; the whole node is tested against the simulator in tests/sim.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "io/disk_lane.h"
#include "io/io.h"

namespace leat {

// What a loss of power leaves of the writes and names that were not synced.
enum class Keep : uint8_t { kNothing, kAll, kEveryOther, kHalfOfLast };

class FakeDisk final : public io::Disk {
 public:
  enum class Op : uint8_t {
    kNone,
    kWrite,
    kSync,
    kCreate,
    kRename,
    kRemove,
    kLink,
    kSyncDirectory,
    kRead
  };

  struct Write {
    uint64_t offset = 0;
    std::string bytes;
  };
  struct Node {
    std::string content;
    std::string durable;
    std::vector<Write> unsynced;
    // So many of them a sync that has begun will cover; what comes later waits for the next.
    std::optional<size_t> syncing;
    uint64_t read_up_to = 0;
  };

  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  [[nodiscard]] bool exists(const std::string& path) override { return names_.contains(path); }
  Status make_directory(const std::string& /*directory*/) override { return {}; }
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Result<std::unique_ptr<io::File>> detach(const std::string& path) override;
  Status link(const std::string& from, const std::string& to) override;
  Status sync_directory(const std::string& directory) override;
  Result<std::unique_ptr<io::File>> lock_directory(const std::string& directory) override {
    return open(directory + "/lock", io::OpenMode::kCreate);
  }

  // From now on detach() hands over what has lost its name.
  void hand_over_detached() { hands_over_ = true; }
  // Bytes of what was handed over.
  [[nodiscard]] uint64_t detached_bytes() const {
    uint64_t bytes = 0;
    for (const Node* node : detached_) bytes += node->content.size();
    return bytes;
  }

  // A sync of the file begins now; it ends with File::sync().
  void begin_sync(const std::string& path) {
    Node& node = *names_.at(path);
    node.syncing = node.unsynced.size();
  }
  // From change number `change` on (counted from now, from 0) nothing happens any more; of a write only the first half.
  void lose_power_at(uint64_t change) { power_until_ = changes_ + change; }
  [[nodiscard]] bool powered() const { return changes_ < power_until_; }
  [[nodiscard]] uint64_t changes() const { return changes_; }
  // The machine is on again, with what the disk had.
  void restore(Keep keep);
  // The operation `op` fails once, after `after` that succeed; half of a write is done.
  void fail(Op op, Errc code = Errc::kIo, uint64_t after = 0) {
    failing_ = op;
    failing_code_ = code;
    failing_after_ = after;
  }
  // Growing files beyond this many bytes in all fails.
  void set_capacity(uint64_t bytes) { capacity_ = bytes; }
  [[nodiscard]] uint64_t used() const;

  [[nodiscard]] const std::string& content(const std::string& path) const {
    return names_.at(path)->content;
  }
  // Behind the last byte of the file that has ever been read.
  [[nodiscard]] uint64_t read_up_to(const std::string& path) const {
    return names_.at(path)->read_up_to;
  }
  // Damages a file, as if it had always been so.
  template <typename Change>
  void damage(const std::string& path, Change change) {
    change(names_.at(path)->content);
    names_.at(path)->durable = names_.at(path)->content;
  }
  // What a damaged or copied disk holds.
  using Image = std::map<std::string, std::string>;
  [[nodiscard]] Image image() const;
  void load(const Image& image);

 private:
  friend class FakeFile;
  static void put(const Write& write, std::string& content) {
    const size_t end = write.offset + write.bytes.size();
    if (content.size() < end) content.resize(end);
    write.bytes.copy(content.data() + write.offset, write.bytes.size());
  }
  // Counts a change. An error when it must not happen; `half` is set when a write is to be done half.
  Status change(Op op, const std::string& path, bool& half);
  Status change(Op op, const std::string& path) {
    bool half = false;
    return change(op, path, half);
  }

  std::deque<Node> nodes_;  // Never freed: open files point to them.
  std::map<std::string, Node*> names_;
  std::map<std::string, Node*> durable_names_;
  bool hands_over_ = false;
  std::vector<const Node*> detached_;
  uint64_t changes_ = 0;
  uint64_t power_until_ = UINT64_MAX;
  uint64_t capacity_ = UINT64_MAX;
  Op failing_ = Op::kNone;
  Errc failing_code_ = Errc::kIo;
  uint64_t failing_after_ = 0;
};

class FakeFile final : public io::File {
 public:
  FakeFile(FakeDisk& disk, FakeDisk::Node& node, std::string path)
      : disk_(disk), node_(node), path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const override { return path_; }
  Result<size_t> read(uint64_t offset, char* out, size_t size) override {
    if (const Status status = disk_.change(FakeDisk::Op::kRead, path_); !status.ok())
      return status.error();
    if (offset >= node_.content.size()) return size_t{0};
    const size_t got = node_.content.copy(out, size, offset);
    node_.read_up_to = std::max(node_.read_up_to, offset + got);
    return got;
  }
  Status write(uint64_t offset, Bytes bytes) override {
    bool half = false;
    Status status = disk_.change(FakeDisk::Op::kWrite, path_, half);
    if (!status.ok() && !half) return status;
    if (half) bytes = bytes.substr(0, bytes.size() / 2);
    const uint64_t end = offset + bytes.size();
    if (end > node_.content.size()) {
      if (disk_.used() + end - node_.content.size() > disk_.capacity_)
        return Error{Errc::kFull, path_ + ": no space left"};
      node_.content.resize(end);
    }
    bytes.copy(node_.content.data() + offset, bytes.size());
    node_.unsynced.push_back({offset, std::string(bytes)});
    return status;
  }
  Status sync() override {
    if (const Status status = disk_.change(FakeDisk::Op::kSync, path_); !status.ok()) return status;
    const auto covered = std::exchange(node_.syncing, std::nullopt);
    if (!covered) {
      node_.durable = node_.content;
      node_.unsynced.clear();
      return {};
    }
    const auto end = node_.unsynced.begin() + static_cast<ptrdiff_t>(*covered);
    std::for_each(node_.unsynced.begin(), end,
                  [this](const FakeDisk::Write& write) { FakeDisk::put(write, node_.durable); });
    node_.unsynced.erase(node_.unsynced.begin(), end);
    return {};
  }
  [[nodiscard]] Result<uint64_t> size() override { return uint64_t{node_.content.size()}; }
  Status truncate(uint64_t size) override {
    node_.content.resize(size);
    return {};
  }
  Status reserve(uint64_t size) override { return write(0, std::string(size, '\0')); }

 private:
  FakeDisk& disk_;
  FakeDisk::Node& node_;
  std::string path_;
};

inline Status FakeDisk::change(Op op, const std::string& path, bool& half) {
  half = false;
  if (op != Op::kRead) {
    if (changes_ >= power_until_) {
      half = op == Op::kWrite && changes_ == power_until_;
      ++changes_;
      return Error{Errc::kIo, path + ": the power is off"};
    }
    ++changes_;
  }
  if (failing_ != op) return {};
  if (failing_after_ != 0) {
    --failing_after_;
    return {};
  }
  failing_ = Op::kNone;
  half = op == Op::kWrite;
  return Error{failing_code_, path + ": fails as planned"};
}

inline Result<std::unique_ptr<io::File>> FakeDisk::open(const std::string& path,
                                                        io::OpenMode mode) {
  const auto found = names_.find(path);
  if (mode != io::OpenMode::kCreate) {
    if (found == names_.end()) return Error{Errc::kIo, path + ": does not exist"};
    return std::unique_ptr<io::File>(std::make_unique<FakeFile>(*this, *found->second, path));
  }
  if (found != names_.end()) return Error{Errc::kIo, path + ": exists"};
  if (const Status status = change(Op::kCreate, path); !status.ok()) return status.error();
  Node& node = nodes_.emplace_back();
  names_[path] = &node;
  return std::unique_ptr<io::File>(std::make_unique<FakeFile>(*this, node, path));
}

inline Result<std::vector<std::string>> FakeDisk::list(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& [path, node] : names_) {
    if (path.starts_with(directory + "/")) names.push_back(path.substr(directory.size() + 1));
  }
  return names;
}

inline Status FakeDisk::rename(const std::string& from, const std::string& to) {
  if (const Status status = change(Op::kRename, from); !status.ok()) return status;
  names_[to] = names_.at(from);
  names_.erase(from);
  return {};
}

inline Status FakeDisk::remove(const std::string& path) {
  if (const Status status = change(Op::kRemove, path); !status.ok()) return status;
  return names_.erase(path) == 1 ? Status() : Status(Error{Errc::kIo, path + ": does not exist"});
}

inline Result<std::unique_ptr<io::File>> FakeDisk::detach(const std::string& path) {
  if (!hands_over_) return Disk::detach(path);
  const auto found = names_.find(path);
  Node* const node = found == names_.end() ? nullptr : found->second;
  if (const Status removed = remove(path); !removed.ok()) return removed.error();
  detached_.push_back(node);
  return std::unique_ptr<io::File>(std::make_unique<FakeFile>(*this, *node, path));
}

inline Status FakeDisk::link(const std::string& from, const std::string& to) {
  if (const Status status = change(Op::kLink, from); !status.ok()) return status;
  const auto found = names_.find(from);
  if (found == names_.end()) return Error{Errc::kIo, from + ": does not exist"};
  names_[to] = found->second;
  return {};
}

inline Status FakeDisk::sync_directory(const std::string& directory) {
  if (const Status status = change(Op::kSyncDirectory, directory); !status.ok()) return status;
  durable_names_ = names_;
  return {};
}

inline void FakeDisk::restore(Keep keep) {
  power_until_ = UINT64_MAX;
  failing_ = Op::kNone;
  if (keep == Keep::kNothing || keep == Keep::kHalfOfLast) names_ = durable_names_;
  durable_names_ = names_;
  for (Node& node : nodes_) {
    std::string content = node.durable;
    for (size_t i = 0; i < node.unsynced.size(); ++i) {
      Write write = node.unsynced[i];
      const bool last = i + 1 == node.unsynced.size();
      if (keep == Keep::kNothing || (keep == Keep::kEveryOther && i % 2 == 0)) continue;
      if (keep == Keep::kHalfOfLast && last) write.bytes.resize(write.bytes.size() / 2);
      put(write, content);
    }
    node.content = node.durable = std::move(content);
    node.unsynced.clear();
    node.syncing.reset();
  }
}

inline uint64_t FakeDisk::used() const {
  uint64_t used = 0;
  for (const auto& [path, node] : names_) used += node->content.size();
  return used;
}

inline FakeDisk::Image FakeDisk::image() const {
  Image image;
  for (const auto& [path, node] : names_) image[path] = node->content;
  return image;
}

inline void FakeDisk::load(const Image& image) {
  names_.clear();
  for (const auto& [path, content] : image) {
    names_[path] = &nodes_.emplace_back(Node{content, content, {}, {}, 0});
  }
  durable_names_ = names_;
}

// Lanes that hold a job until the test runs it. No sockets.
class FakeLoop final : public io::Loop {
 public:
  explicit FakeLoop(FakeDisk& disk) : disk_(disk) {}

  void start(io::Lane lane, io::DiskJob job) override {
    LEAT_CHECK(!jobs_[static_cast<size_t>(lane)]);
    if (job.kind == io::DiskJob::Kind::kSync) disk_.begin_sync(job.file->path());
    jobs_[static_cast<size_t>(lane)] = std::move(job);
  }
  [[nodiscard]] const std::optional<io::DiskJob>& job(io::Lane lane) const {
    return jobs_[static_cast<size_t>(lane)];
  }
  // Does the job that waits; its owner is to be told the outcome.
  [[nodiscard]] Status run(io::Lane lane) {
    const io::DiskJob job = *std::exchange(jobs_[static_cast<size_t>(lane)], std::nullopt);
    return io::run_disk_job(disk_, job);
  }
  void forget() {
    for (auto& job : jobs_) job.reset();
  }

  Result<io::ListenerId> listen_tcp(const std::string&, uint16_t, int) override {
    return Error{Errc::kInvalid, "no sockets here"};
  }
  Result<io::ListenerId> listen_unix(const std::string&, unsigned, int) override {
    return Error{Errc::kInvalid, "no sockets here"};
  }
  [[nodiscard]] uint16_t port(io::ListenerId) const override { return 0; }
  void close_listener(io::ListenerId) override {}
  void send(io::ConnectionId, Bytes) override {}
  void pause_receive(io::ConnectionId) override {}
  void resume_receive(io::ConnectionId) override {}
  void close(io::ConnectionId) override {}
  void set_keepalive(io::ConnectionId, int) override {}
  void poll(MonoNs, io::Handler&) override {}
  void wake() override {}

 private:
  FakeDisk& disk_;
  std::optional<io::DiskJob> jobs_[io::kLanes];
};

}  // namespace leat
