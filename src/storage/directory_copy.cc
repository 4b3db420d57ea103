#include "storage/directory_copy.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace leat {
namespace {

constexpr uint64_t kPiece = 1 << 20;

// Makes `file`, which is empty, as long as it is to be; what is copied ends at `end`.
Status grow(io::File& file, uint64_t end, const FileExtent& extent) {
  if (extent.rest == Rest::kHole) return file.truncate(extent.length);
  Status reserved = file.reserve(extent.length);
  if (reserved.ok() || reserved.error().code != Errc::kUnavailable) return reserved;
  const std::string zeros(std::min(kPiece, extent.length - std::min(end, extent.length)), '\0');
  for (uint64_t at = end; at < extent.length; at += kPiece) {
    const Bytes piece = Bytes(zeros).substr(0, std::min(kPiece, extent.length - at));
    if (Status written = file.write(at, piece); !written.ok()) return written;
  }
  return {};
}

// The last step of a file that has all its content.
Status sync_copied(io::File& file) {
  crash_point(CrashPoint::kCopyWritten);
  if (Status synced = file.sync(); !synced.ok()) return synced;
  crash_point(CrashPoint::kCopySynced);
  return {};
}

}  // namespace

Status DirectoryCopy::begin() {
  if (!disk_.exists(target_)) {
    if (Status made = disk_.make_directory(target_); !made.ok()) return made;
    crash_point(CrashPoint::kCopyDirectoryMade);
    return {};
  }
  const auto names = disk_.list(target_);
  if (!names.ok()) return names.error();
  if (names.value().empty()) return {};
  return Error{
      Errc::kInvalid,
      fmt::format("{} is not empty: it holds {}{}. Name a directory that does not exist yet",
                  target_, names.value().front(), names.value().size() == 1 ? "" : " and more")};
}

Status DirectoryCopy::link(const std::string& name) {
  if (Status linked = disk_.link(source_ + "/" + name, target_ + "/" + name); !linked.ok())
    return linked;
  crash_point(CrashPoint::kBackupLinked);
  links_.push_back(name);
  return {};
}

// What the server has not synced yet is synced here: a backup does not depend on what the server does later.
Status DirectoryCopy::sync_links() {
  for (const std::string& name : links_) {
    const auto file = disk_.open(target_ + "/" + name, io::OpenMode::kRead);
    if (!file.ok()) return file.error();
    const auto size = file.value()->size();
    if (!size.ok()) return size.error();
    if (Status synced = file.value()->sync(); !synced.ok()) return synced;
    ++facts_.linked_files;
    facts_.linked_bytes += size.value();
  }
  crash_point(CrashPoint::kBackupLinksSynced);
  return {};
}

Result<std::unique_ptr<io::File>> DirectoryCopy::open(const std::string& name) {
  return disk_.open(source_ + "/" + name, io::OpenMode::kRead);
}

Status DirectoryCopy::copy(const std::string& name) {
  const auto file = open(name);
  if (!file.ok()) return file.error();
  const auto size = file.value()->size();
  if (!size.ok()) return size.error();
  return copy(name, *file.value(), {.size = size.value(), .length = size.value()});
}

Status DirectoryCopy::copy(const std::string& name, io::File& from, const FileExtent& extent) {
  const auto to = disk_.open(target_ + "/" + name, io::OpenMode::kCreate);
  if (!to.ok()) return to.error();
  crash_point(CrashPoint::kCopyCreated);
  const uint64_t end = extent.size + extent.tail.size();
  if (end < extent.length) {
    if (Status grown = grow(*to.value(), end, extent); !grown.ok()) return grown;
  }
  if (Status filled = fill(from, *to.value(), extent.size); !filled.ok()) return filled;
  if (!extent.tail.empty()) {
    if (Status written = to.value()->write(extent.size, extent.tail); !written.ok()) return written;
  }
  ++facts_.copied_files;
  facts_.copied_bytes += end;
  return sync_copied(*to.value());
}

Status DirectoryCopy::write(const std::string& name, Bytes bytes) {
  const auto file = disk_.open(target_ + "/" + name, io::OpenMode::kCreate);
  if (!file.ok()) return file.error();
  crash_point(CrashPoint::kCopyCreated);
  if (Status written = file.value()->write(0, bytes); !written.ok()) return written;
  ++facts_.copied_files;
  facts_.copied_bytes += bytes.size();
  return sync_copied(*file.value());
}

Status DirectoryCopy::fill(io::File& from, io::File& to, uint64_t size) {
  const auto piece = std::make_unique<char[]>(std::min(kPiece, size));
  for (uint64_t at = 0; at < size;) {
    const auto got = from.read(at, piece.get(), std::min(kPiece, size - at));
    if (!got.ok()) return got.error();
    if (got.value() == 0) {
      return Error{Errc::kIo, fmt::format("{}: ends at offset {} while it is copied; {} bytes were "
                                          "expected",
                                          from.path(), at, size)};
    }
    if (Status written = to.write(at, Bytes(piece.get(), got.value())); !written.ok())
      return written;
    at += got.value();
  }
  return {};
}

// Into both slots, so that the loss of one of them changes nothing.
Status DirectoryCopy::finish(const Superblock& superblock) {
  if (Status synced = disk_.sync_directory(target_); !synced.ok()) return synced;
  std::string bytes(kSegmentHeaderSpace, '\0');
  for (const uint64_t back : {1U, 0U}) {
    Superblock slot = superblock;
    slot.generation = std::max<uint64_t>(superblock.generation, 1) - back;
    sealed(slot).copy(bytes.data() + slot.generation % 2 * kHeaderCopyOffset, sizeof slot);
  }
  const std::string path = target_ + "/" + kSuperblockName;
  const auto file = disk_.open(path + ".new", io::OpenMode::kCreate);
  if (!file.ok()) return file.error();
  if (Status written = file.value()->write(0, bytes); !written.ok()) return written;
  crash_point(CrashPoint::kCopySuperblockWritten);
  if (Status synced = file.value()->sync(); !synced.ok()) return synced;
  if (Status renamed = disk_.rename(path + ".new", path); !renamed.ok()) return renamed;
  crash_point(CrashPoint::kCopySuperblockRenamed);
  if (Status synced = disk_.sync_directory(target_); !synced.ok()) return synced;
  crash_point(CrashPoint::kCopyFinished);
  return {};
}

Status DirectoryCopy::clear() {
  facts_ = {};
  links_.clear();
  const auto names = disk_.list(target_);
  if (!names.ok()) return names.error();
  for (const std::string& name : names.value()) {
    if (Status removed = disk_.remove(target_ + "/" + name); !removed.ok()) return removed;
    crash_point(CrashPoint::kBackupRemoved);
  }
  return {};
}

}  // namespace leat
