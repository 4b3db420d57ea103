#include "sim/sim_disk.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace leat::sim {
namespace {

std::string directory_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

Error io_error(const std::string& operation, const std::string& path) {
  return {Errc::kIo, operation + " " + path + ": simulated input/output error"};
}

}  // namespace

class SimFile final : public io::File {
 public:
  SimFile(SimDisk& disk, std::shared_ptr<SimDisk::Inode> inode, std::string path)
      : disk_(disk), inode_(std::move(inode)), path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const override { return path_; }
  Result<size_t> read(uint64_t offset, char* out, size_t size) override {
    if (!disk_.readable()) return io_error("read", path_);
    const std::string& bytes = inode_->current;
    if (offset >= bytes.size()) return size_t{0};
    return bytes.copy(out, size, offset);
  }
  Status write(uint64_t offset, Bytes bytes) override {
    return disk_.write(*inode_, path_, offset, bytes);
  }
  Status sync() override { return disk_.sync(*inode_, path_); }
  [[nodiscard]] Result<uint64_t> size() override { return uint64_t{inode_->current.size()}; }
  Status truncate(uint64_t size) override { return disk_.resize(*inode_, path_, size); }
  Status reserve(uint64_t size) override { return disk_.resize(*inode_, path_, size); }

 private:
  SimDisk& disk_;
  std::shared_ptr<SimDisk::Inode> inode_;
  std::string path_;
};

namespace {

class SimLock final : public io::File {
 public:
  SimLock(std::vector<std::string>& locked, std::string directory)
      : locked_(locked), directory_(std::move(directory)) {}
  SimLock(const SimLock&) = delete;
  SimLock& operator=(const SimLock&) = delete;
  ~SimLock() override { std::erase(locked_, directory_); }

  [[nodiscard]] const std::string& path() const override { return directory_; }
  Result<size_t> read(uint64_t /*offset*/, char* /*out*/, size_t /*size*/) override {
    return io_error("read", directory_);
  }
  Status write(uint64_t /*offset*/, Bytes /*bytes*/) override {
    return io_error("write", directory_);
  }
  Status sync() override { return io_error("sync", directory_); }
  [[nodiscard]] Result<uint64_t> size() override { return uint64_t{0}; }
  Status truncate(uint64_t /*size*/) override { return io_error("truncate", directory_); }
  Status reserve(uint64_t /*size*/) override { return io_error("reserve", directory_); }

 private:
  std::vector<std::string>& locked_;
  std::string directory_;
};

}  // namespace

bool SimDisk::alive() {
  if (left_ == 0) return false;
  if (left_ != UINT64_MAX) --left_;
  return left_ != 0;
}

void SimDisk::mark_dirty(Inode& inode, uint64_t from, uint64_t to) {
  inode.dirty.resize((inode.current.size() + kSector - 1) / kSector);
  if (inode.syncing) inode.later.resize(inode.dirty.size());
  for (uint64_t sector = from / kSector; sector * kSector < to; ++sector) {
    inode.dirty[sector] = true;
    if (inode.syncing) inode.later[sector] = true;
  }
}

void SimDisk::begin_sync(const std::string& path) {
  const auto found = names_.find(path);
  if (dead() || found == names_.end()) return;
  found->second->syncing = true;
  if (on_sync_begun) on_sync_begun(path);
}

Status SimDisk::write(Inode& inode, const std::string& path, uint64_t offset, Bytes bytes) {
  if (dead()) return io_error("write", path);
  // The call during which the process dies: some of it may have reached the page cache.
  if (!alive()) bytes = bytes.substr(0, random_.below(bytes.size() + 1));
  const bool broken = !dead() && random_.one_in(faults.write_error);
  if (broken) bytes = bytes.substr(0, random_.below(bytes.size() + 1));
  const uint64_t growth = offset + bytes.size() > inode.current.size()
                              ? offset + bytes.size() - inode.current.size()
                              : 0;
  const uint64_t used = bytes_used();
  const bool full = growth != 0 && (used >= faults.quota || growth > faults.quota - used);
  if (full) {
    const uint64_t fits = used >= faults.quota ? 0 : faults.quota - used;
    bytes = bytes.substr(0, bytes.size() - (growth - fits));
  }
  if (!bytes.empty()) {
    if (offset + bytes.size() > inode.current.size()) inode.current.resize(offset + bytes.size());
    bytes.copy(inode.current.data() + offset, bytes.size());
    mark_dirty(inode, offset, offset + bytes.size());
  }
  if (dead()) return io_error("write", path);
  if (full) {
    ++full_;
    return Error{Errc::kFull, "write " + path + ": simulated full disk"};
  }
  if (broken) {
    ++errors_;
    return io_error("write", path);
  }
  if (on_write) on_write(path, bytes);
  return {};
}

Status SimDisk::sync(Inode& inode, const std::string& path) {
  inode.syncing = false;
  const std::vector<bool> later = std::exchange(inode.later, {});
  if (!alive()) return io_error("sync", path);
  const bool broken = random_.one_in(faults.sync_error);
  inode.dirty.resize((inode.current.size() + kSector - 1) / kSector);
  inode.durable.resize(inode.current.size());
  for (uint64_t sector = 0; sector < inode.dirty.size(); ++sector) {
    if (!inode.dirty[sector]) continue;
    if (sector < later.size() && later[sector] && random_.one_in(2)) continue;
    inode.dirty[sector] = false;
    const uint64_t at = sector * kSector;
    const uint64_t size = std::min<uint64_t>(kSector, inode.current.size() - at);
    if (!broken || random_.one_in(2)) {
      inode.durable.replace(at, size, inode.current, at, size);
    } else if (random_.one_in(2)) {
      inode.current.replace(at, size, inode.durable, at, size);
    }
  }
  if (on_sync) on_sync(path, !broken);
  if (!broken) return {};
  ++errors_;
  return io_error("sync", path);
}

Status SimDisk::resize(Inode& inode, const std::string& path, uint64_t size) {
  if (!alive()) return io_error("resize", path);
  const uint64_t growth = size > inode.current.size() ? size - inode.current.size() : 0;
  const uint64_t used = bytes_used();
  if (growth != 0 && (used >= faults.quota || growth > faults.quota - used)) {
    ++full_;
    return Error{Errc::kFull, "reserve " + path + ": simulated full disk"};
  }
  const uint64_t before = inode.current.size();
  inode.current.resize(size);
  mark_dirty(inode, std::min(before, size), size);
  return {};
}

Result<std::unique_ptr<io::File>> SimDisk::open(const std::string& path, io::OpenMode mode) {
  const auto found = names_.find(path);
  if (mode != io::OpenMode::kCreate) {
    if (!readable()) return io_error("open", path);
    if (found == names_.end()) return Error{Errc::kIo, "open " + path + ": no such file"};
    return std::unique_ptr<io::File>(new SimFile(*this, found->second, path));
  }
  if (!alive()) return io_error("create", path);
  if (found != names_.end()) return Error{Errc::kIo, "create " + path + ": it exists"};
  auto inode = std::make_shared<Inode>();
  names_.emplace(path, inode);
  changes_.push_back({directory_of(path), "", path, inode});
  return std::unique_ptr<io::File>(new SimFile(*this, std::move(inode), path));
}

Result<std::vector<std::string>> SimDisk::list(const std::string& directory) {
  if (dead()) return io_error("list", directory);
  std::vector<std::string> names;
  for (const auto& [path, inode] : names_) {
    if (directory_of(path) == directory) names.push_back(path.substr(directory.size() + 1));
  }
  return names;
}

bool SimDisk::exists(const std::string& path) {
  return names_.contains(path);
}

Status SimDisk::make_directory(const std::string& directory) {
  return dead() ? Status(io_error("make", directory)) : Status();
}

Status SimDisk::rename(const std::string& from, const std::string& to) {
  if (!alive()) return io_error("rename", from);
  const auto found = names_.find(from);
  if (found == names_.end()) return Error{Errc::kIo, "rename " + from + ": no such file"};
  const auto inode = found->second;
  names_.erase(found);
  names_[to] = inode;
  changes_.push_back({directory_of(to), from, to, inode});
  return {};
}

Status SimDisk::remove(const std::string& path) {
  if (!alive()) return io_error("remove", path);
  if (names_.erase(path) == 0) return Error{Errc::kIo, "remove " + path + ": no such file"};
  changes_.push_back({directory_of(path), path, "", nullptr});
  return {};
}

Status SimDisk::link(const std::string& from, const std::string& to) {
  if (!alive()) return io_error("link", from);
  const auto found = names_.find(from);
  if (found == names_.end()) return Error{Errc::kIo, "link " + from + ": no such file"};
  names_[to] = found->second;
  changes_.push_back({directory_of(to), "", to, found->second});
  return {};
}

Status SimDisk::sync_directory(const std::string& directory) {
  if (!alive()) return io_error("sync", directory);
  if (random_.one_in(faults.sync_error)) {
    ++errors_;
    return io_error("sync", directory);
  }
  for (const NameChange& change : changes_) {
    if (change.directory != directory) continue;
    if (!change.from.empty()) durable_names_.erase(change.from);
    if (!change.to.empty()) durable_names_[change.to] = change.inode;
  }
  std::erase_if(changes_, [&](const NameChange& change) { return change.directory == directory; });
  return {};
}

Result<std::unique_ptr<io::File>> SimDisk::lock_directory(const std::string& directory) {
  if (dead()) return io_error("lock", directory);
  if (std::find(locked_.begin(), locked_.end(), directory) != locked_.end()) {
    return Error{Errc::kUnavailable, directory + ": locked by another process"};
  }
  locked_.push_back(directory);
  return std::unique_ptr<io::File>(new SimLock(locked_, directory));
}

void SimDisk::revive() {
  left_ = UINT64_MAX;
  locked_.clear();
  for (auto& [path, inode] : names_) {
    inode->syncing = false;
    inode->later.clear();
  }
}

void SimDisk::lose_power() {
  for (const NameChange& change : changes_) {
    if (random_.one_in(2)) continue;
    if (!change.from.empty()) durable_names_.erase(change.from);
    if (!change.to.empty()) durable_names_[change.to] = change.inode;
  }
  changes_.clear();
  names_ = durable_names_;
  for (auto& [path, inode] : names_) crash_file(*inode);
}

void SimDisk::crash_file(Inode& inode) {
  inode.dirty.resize((inode.current.size() + kSector - 1) / kSector);
  const bool any = std::find(inode.dirty.begin(), inode.dirty.end(), true) != inode.dirty.end();
  if (!any) {
    // What reads show may be what a failed sync has dropped.
    inode.current = inode.durable;
    return;
  }
  // The size may have arrived before the bytes, or not at all.
  if (inode.current.size() > inode.durable.size() && random_.one_in(2)) {
    const uint64_t grown = inode.current.size() - inode.durable.size();
    inode.durable.resize(inode.durable.size() + random_.below(grown + 1));
  } else {
    inode.durable.resize(inode.current.size());
  }
  // Between all lost and all kept, so that both ends are common.
  const uint64_t keep_in_8 = random_.below(9);
  std::vector<uint64_t> kept;
  for (uint64_t sector = 0; sector < inode.dirty.size(); ++sector) {
    const uint64_t at = sector * kSector;
    if (!inode.dirty[sector] || at >= inode.durable.size()) continue;
    if (random_.below(8) >= keep_in_8) continue;
    const uint64_t size = std::min({kSector, inode.current.size() - at, inode.durable.size() - at});
    if (inode.durable.compare(at, size, inode.current, at, size) == 0) continue;
    inode.durable.replace(at, size, inode.current, at, size);
    kept.push_back(at);
  }
  if (!kept.empty() && random_.one_in(faults.flip_unsynced)) {
    const uint64_t at = kept[random_.below(kept.size())] + random_.below(kSector);
    if (at < inode.durable.size()) {
      inode.durable[at] = static_cast<char>(inode.durable[at] ^ (1 << random_.below(8)));
    }
  }
  inode.current = inode.durable;
  inode.dirty.assign((inode.current.size() + kSector - 1) / kSector, false);
}

void SimDisk::flip_synced(const std::string& path, uint64_t offset, unsigned bit) {
  const auto found = names_.find(path);
  if (found == names_.end()) return;
  for (std::string* bytes : {&found->second->durable, &found->second->current}) {
    if (offset < bytes->size()) (*bytes)[offset] = static_cast<char>((*bytes)[offset] ^ (1 << bit));
  }
}

uint64_t SimDisk::bytes_used() const {
  uint64_t sum = 0;
  for (const auto& [path, inode] : names_) sum += inode->current.size();
  return sum;
}

uint64_t SimDisk::content_end(const std::string& path) const {
  const auto found = names_.find(path);
  if (found == names_.end()) return 0;
  return found->second->current.find_last_not_of('\0') + 1;
}

SimDisk::Image SimDisk::image() const {
  Image image;
  for (const auto& [path, inode] : names_) image.emplace(path, inode->current);
  return image;
}

void SimDisk::load(const Image& image) {
  names_.clear();
  changes_.clear();
  for (const auto& [path, content] : image) {
    auto inode = std::make_shared<Inode>();
    inode->current = inode->durable = content;
    names_.emplace(path, std::move(inode));
  }
  durable_names_ = names_;
}

uint64_t SimDisk::digest() const {
  uint64_t sum = 0;
  for (const auto& [path, inode] : names_) sum = sum * 31 + hash64(path) + hash64(inode->current);
  return sum;
}

}  // namespace leat::sim
