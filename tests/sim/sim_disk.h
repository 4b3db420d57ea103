// SimDisk: a disk whose page cache a crash can lose, with faults drawn from the seed.
//
// What is written is visible at once and durable after a sync. A power failure keeps or loses every unsynced
// sector (512 bytes) by itself, and every unsynced creation, renaming and removal of a name by itself, which is
// all that POSIX promises. A failed sync drops what it should have written: the pages count as clean from then
// on, a later sync does not write them, and reads may show either content.
//
// Invariant  what a successful sync has covered changes only by flip_synced().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/io.h"
#include "sim/sim_random.h"

namespace leat::sim {

constexpr uint64_t kSector = 512;

// How often what goes wrong: once in so many operations; 0: never.
struct DiskFaults {
  uint64_t write_error = 0;
  uint64_t sync_error = 0;
  uint64_t flip_unsynced = 0;   // Per power failure: one bit of an unsynced sector that was kept.
  uint64_t quota = UINT64_MAX;  // Bytes that all files may have together.
};

class SimDisk final : public io::Disk {
 public:
  explicit SimDisk(SimRandom& random) : random_(random) {}

  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  [[nodiscard]] bool exists(const std::string& path) override;
  Status make_directory(const std::string& directory) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status link(const std::string& from, const std::string& to) override;
  Status sync_directory(const std::string& directory) override;
  Result<std::unique_ptr<io::File>> lock_directory(const std::string& directory) override;

  DiskFaults faults;

  // After `operations` more calls that change something the process is as good as dead: calls fail and change
  // nothing. revive() before the next start.
  void die_after(uint64_t operations) { left_ = operations; }
  [[nodiscard]] bool dead() const { return left_ == 0; }
  // A sync of the file begins, which ends with File::sync(): of what is written meanwhile it covers any part.
  void begin_sync(const std::string& path);
  // Whoever judges the state that a dead process had may still read what it could have read.
  void let_read(bool always) { always_reads_ = always; }
  [[nodiscard]] bool readable() const { return !dead() || always_reads_; }
  // The process is gone: locks are free. The page cache stays.
  void revive();
  // The machine is gone: unsynced writes and directory entries survive or not, each by chance.
  void lose_power();
  // Rot: flips one bit of what is durable, at `offset` of the file. Again undoes it.
  void flip_synced(const std::string& path, uint64_t offset, unsigned bit);

  [[nodiscard]] uint64_t bytes_used() const;
  // Behind the last byte of the file that is not zero.
  [[nodiscard]] uint64_t content_end(const std::string& path) const;
  // Faults that have struck, for the trace and for what the checkers allow.
  [[nodiscard]] uint64_t errors_given() const { return errors_; }
  [[nodiscard]] uint64_t full_given() const { return full_; }
  // Content by path: what a copy of the disk would hold, were the process killed now.
  using Image = std::map<std::string, std::string>;
  [[nodiscard]] Image image() const;
  // Becomes a disk that holds this and nothing else, all of it durable.
  void load(const Image& image);
  // A number for all that is on the disk.
  [[nodiscard]] uint64_t digest() const;

  // Told of every write that has been made, and of every sync: whether it has made all of the file durable that was
  // there when it began, or has dropped what it should have written.
  std::function<void(const std::string& path, Bytes bytes)> on_write;
  std::function<void(const std::string& path)> on_sync_begun;
  std::function<void(const std::string& path, bool durable)> on_sync;

 private:
  friend class SimFile;

  struct Inode {
    std::string current;      // What reads see.
    std::string durable;      // What survives.
    std::vector<bool> dirty;  // By sector of `current`.
    bool syncing = false;     // A sync has begun and not ended.
    std::vector<bool> later;  // Those that became dirty after the sync that runs has begun.
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  // A change of a directory that no sync has covered: `to` names the inode (none: nothing), `from` names nothing.
  struct NameChange {
    std::string directory;
    std::string from;
    std::string to;
    std::shared_ptr<Inode> inode;
  };

  [[nodiscard]] bool alive();
  void mark_dirty(Inode& inode, uint64_t from, uint64_t to);
  Status write(Inode& inode, const std::string& path, uint64_t offset, Bytes bytes);
  Status sync(Inode& inode, const std::string& path);
  Status resize(Inode& inode, const std::string& path, uint64_t size);
  void crash_file(Inode& inode);

  SimRandom& random_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> changes_;
  std::vector<std::string> locked_;
  uint64_t left_ = UINT64_MAX;
  bool always_reads_ = false;
  uint64_t errors_ = 0;
  uint64_t full_ = 0;
};

}  // namespace leat::sim
