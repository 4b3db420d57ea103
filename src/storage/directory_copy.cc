#include "storage/directory_copy.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace leat {
namespace {

constexpr uint64_t kPiece = 1 << 20;

}  // namespace

Status DirectoryCopy::begin() {
  if (!disk_.exists(target_)) return disk_.make_directory(target_);
  const auto names = disk_.list(target_);
  if (!names.ok()) return names.error();
  if (names.value().empty()) return {};
  return Error{
      Errc::kInvalid,
      fmt::format("{} is not empty: it holds {}{}. Name a directory that does not exist yet",
                  target_, names.value().front(), names.value().size() == 1 ? "" : " and more")};
}

Status DirectoryCopy::link(const std::string& name) {
  const std::string from = source_ + "/" + name;
  const std::string to = target_ + "/" + name;
  const Status linked = disk_.link(from, to);
  if (!linked.ok() && linked.error().code == Errc::kUnavailable) return copy(name);
  if (!linked.ok()) return linked;
  // What the server has not synced yet is synced here: a backup does not depend on what the server does later.
  const auto file = disk_.open(to, io::OpenMode::kRead);
  if (!file.ok()) return file.error();
  const auto size = file.value()->size();
  if (!size.ok()) return size.error();
  ++facts_.linked_files;
  facts_.linked_bytes += size.value();
  return file.value()->sync();
}

Status DirectoryCopy::copy(const std::string& name) {
  const auto file = disk_.open(source_ + "/" + name, io::OpenMode::kRead);
  if (!file.ok()) return file.error();
  const auto size = file.value()->size();
  if (!size.ok()) return size.error();
  return copy(name, size.value(), size.value());
}

Status DirectoryCopy::copy(const std::string& name, uint64_t size, uint64_t length, Bytes tail) {
  const auto from = disk_.open(source_ + "/" + name, io::OpenMode::kRead);
  if (!from.ok()) return from.error();
  const auto to = disk_.open(target_ + "/" + name, io::OpenMode::kCreate);
  if (!to.ok()) return to.error();
  if (Status filled = fill(*from.value(), *to.value(), size); !filled.ok()) return filled;
  if (!tail.empty()) {
    if (Status written = to.value()->write(size, tail); !written.ok()) return written;
  }
  ++facts_.copied_files;
  facts_.copied_bytes += size + tail.size();
  if (size + tail.size() < length) {
    if (Status grown = to.value()->truncate(length); !grown.ok()) return grown;
  }
  return to.value()->sync();
}

Status DirectoryCopy::fill(io::File& from, io::File& to, uint64_t size) {
  const auto piece = std::make_unique<char[]>(kPiece);
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
  if (Status synced = file.value()->sync(); !synced.ok()) return synced;
  if (Status renamed = disk_.rename(path + ".new", path); !renamed.ok()) return renamed;
  return disk_.sync_directory(target_);
}

Status DirectoryCopy::clear() {
  facts_ = {};
  const auto names = disk_.list(target_);
  if (!names.ok()) return names.error();
  for (const std::string& name : names.value()) {
    if (Status removed = disk_.remove(target_ + "/" + name); !removed.ok()) return removed;
  }
  return {};
}

}  // namespace leat
