#include "storage/file_removal.h"

#include <utility>

namespace leat {

void FileRemoval::begin(std::string path, CrashPoint removed) {
  path_ = std::move(path);
  removed_ = removed;
  named_ = true;
  file_.reset();
}

Status FileRemoval::run(io::Disk& disk) {
  if (std::exchange(named_, false)) return take_name(disk);
  if (file_ == nullptr) return {};
  size_ -= kPiece;
  // Should this fail, then closing the file gives back what is left.
  if (!file_->truncate(size_).ok() || size_ <= kPiece) file_.reset();
  return {};
}

Status FileRemoval::take_name(io::Disk& disk) {
  auto file = disk.detach(path_);
  if (!file.ok()) return file.error();
  crash_point(removed_);
  if (file.value() == nullptr) return {};
  const auto size = file.value()->size();
  if (!size.ok() || size.value() <= kPiece) return {};
  size_ = size.value();
  file_ = std::move(file).value();
  return {};
}

}  // namespace leat
