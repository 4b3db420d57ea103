// Disk on the file system of the operating system, through plain blocking system calls.
//
// Thread  stateless: any thread may use it; one File is used by one thread at a time, and synced by another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/io.h"

namespace leat::io {

// The file in a directory that lock_directory() locks; it holds the owner's process id.
constexpr const char* kLockFileName = "LOCK";

class PosixDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  [[nodiscard]] bool exists(const std::string& path) override;
  Status make_directory(const std::string& directory) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Result<std::unique_ptr<File>> detach(const std::string& path) override;
  Status link(const std::string& from, const std::string& to) override;
  Status sync_directory(const std::string& directory) override;
  Result<std::unique_ptr<File>> lock_directory(const std::string& directory) override;
  std::unique_ptr<Worker> worker() override;
};

}  // namespace leat::io
