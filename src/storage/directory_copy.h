// DirectoryCopy: the target of a backup or a restoration, file by file, and last the superblock.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "io/io.h"
#include "storage/backup.h"
#include "storage/log_format.h"

namespace leat {

class DirectoryCopy {
 public:
  DirectoryCopy(io::Disk& disk, std::string source, std::string target)
      : disk_(disk), source_(std::move(source)), target_(std::move(target)) {}

  // The target is there, and nothing in it.
  //   errors  kInvalid: something is.
  Status begin();
  // A second name for the file; a copy where the file system gives none. Durable.
  Status link(const std::string& name);
  // The first `size` bytes of a file that is `length` long, zeros behind; `tail` stands right behind them. Durable.
  Status copy(const std::string& name, uint64_t size, uint64_t length, Bytes tail = {});
  Status copy(const std::string& name);
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
  CopyFacts facts_;
};

}  // namespace leat
