// DirectoryCopy: the target of a backup or a restoration, file by file, and last the superblock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/io.h"
#include "storage/backup.h"
#include "storage/log_format.h"

namespace leat {

// What becomes of a file, behind what is copied of it.
enum class Rest : uint8_t {
  kHole,      // Zeros that take no space: nobody writes there.
  kReserved,  // Zeros whose space is there: a server goes on in it, and a full disk has to show now.
};

// The first `size` bytes of a file, `tail` right behind them, and zeros up to `length`.
struct FileExtent {
  uint64_t size = 0;
  uint64_t length = 0;
  Bytes tail;
  Rest rest = Rest::kHole;
};

class DirectoryCopy {
 public:
  DirectoryCopy(io::Disk& disk, std::string source, std::string target)
      : disk_(disk), source_(std::move(source)), target_(std::move(target)) {}

  // The target is there, and nothing in it.
  //   errors  kInvalid: something is.
  Status begin();
  // A second name for the file, which is durable after sync_links().
  //   errors  kUnavailable where the file systems give none.
  Status link(const std::string& name);
  Status sync_links();
  // A file of the source.
  Result<std::unique_ptr<io::File>> open(const std::string& name);
  // Durable, but for its name.
  Status copy(const std::string& name, io::File& from, const FileExtent& extent);
  // The whole of a file of the source.
  Status copy(const std::string& name);
  Status write(const std::string& name, Bytes bytes);
  // Nothing is missing: now the copy counts.
  Status finish(const Superblock& superblock);
  // Removes what was made, to begin anew.
  Status clear();

  [[nodiscard]] const CopyFacts& facts() const { return facts_; }
  [[nodiscard]] CopyFacts& facts() { return facts_; }

 private:
  Status fill(io::File& from, io::File& to, uint64_t size);

  io::Disk& disk_;
  std::string source_;
  std::string target_;
  std::vector<std::string> links_;  // Names.
  CopyFacts facts_;
};

}  // namespace leat
