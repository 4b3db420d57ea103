#include "storage/frame_check.h"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "storage/file_window.h"

namespace leat {
namespace {

// Walks one file from frame to frame. What is no frame is an extent of its own, up to the next good one.
class FileCheck {
 public:
  FileCheck(const FrameHome& home, uint64_t number, std::span<const FrameRef> named,
            FrameDecoder& decoder, FrameCheck& check)
      : home_(home), number_(number), named_(named), decoder_(decoder), check_(check) {}

  Status run(io::Disk& disk);

 private:
  Result<bool> good_frame(FileWindow& file, uint64_t offset, uint64_t& size);
  Result<uint64_t> next_head(FileWindow& file, uint64_t from) const;
  [[nodiscard]] Result<bool> padding(FileWindow& file, uint64_t offset) const;
  void report(uint64_t from, uint64_t to);
  void good(const FrameRef& frame);
  void missing_before(uint64_t offset);
  void add(bool damage, std::string text) {
    check_.findings.push_back({.damage = damage, .text = std::move(text)});
  }

  const FrameHome& home_;
  const uint64_t number_;
  std::span<const FrameRef> named_;  // Of this file, by offset; those that have been met are gone.
  FrameDecoder& decoder_;
  FrameCheck& check_;
  std::string why_;  // What was wrong with the last frame that was not good.
};

Status FileCheck::run(io::Disk& disk) {
  const std::string path = home_.path_of(number_);
  const auto opened = disk.open(path, io::OpenMode::kRead);
  if (!opened.ok()) return opened.error();
  const auto bytes = opened.value()->size();
  if (!bytes.ok()) return bytes.error();
  FileWindow file(*opened.value(), bytes.value());
  ++check_.files;
  if (named_.empty()) {
    add(false,
        fmt::format("{}: no frame of it is named by the checkpoint; the next start removes it",
                    path));
  }
  for (uint64_t offset = 0; offset < file.size();) {
    uint64_t size = 0;
    const auto frame = good_frame(file, offset, size);
    if (!frame.ok()) return frame.error();
    if (frame.value()) {
      good({number_, offset, static_cast<uint32_t>(size)});
      offset += size;
      continue;
    }
    const auto zeros = padding(file, offset);
    if (!zeros.ok()) return zeros.error();
    const std::string why = why_;
    const auto next = zeros.value() ? Result<uint64_t>(std::min(align_up(offset + 1), file.size()))
                                    : next_head(file, offset + 1);
    if (!next.ok()) return next.error();
    why_ = why;
    if (!zeros.value()) report(offset, next.value());
    offset = next.value();
  }
  missing_before(UINT64_MAX);
  return {};
}

// Is there a whole frame at `offset`? Else why_ says what is wrong.
Result<bool> FileCheck::good_frame(FileWindow& file, uint64_t offset, uint64_t& size) {
  const FramePlace place = home_.place_of(number_, offset);
  const auto start = file.at(offset, sizeof(FrameHead));
  if (!start.ok()) return start.error();
  const auto head = read_frame_head(start.value(), place);
  if (!head.ok()) {
    why_ = head.error().detail;
    return false;
  }
  size = head.value().size;
  const auto frame = file.at(offset, size);
  if (!frame.ok()) return frame.error();
  const auto images = decoder_.decode(frame.value(), place);
  if (!images.ok()) why_ = images.error().detail;
  return images.ok();
}

// Zeros up to the next multiple of the alignment, or the end, as a sync leaves them behind the last frame.
Result<bool> FileCheck::padding(FileWindow& file, uint64_t offset) const {
  const uint64_t end = std::min(align_up(offset), file.size());
  if (end == offset) return false;
  const auto bytes = file.at(offset, end - offset);
  if (!bytes.ok()) return bytes.error();
  return bytes.value().find_first_not_of('\0') == Bytes::npos;
}

// The first offset from `from` on at which a readable head of this very place stands; the end when there is none.
Result<uint64_t> FileCheck::next_head(FileWindow& file, uint64_t from) const {
  const uint64_t magic = FrameHead::kMagic;
  const Bytes pattern(reinterpret_cast<const char*>(&magic), sizeof(magic));
  while (from < file.size()) {
    const auto piece = file.at(from, FileWindow::kPiece);
    if (!piece.ok()) return piece.error();
    const size_t found = piece.value().find(pattern);
    if (found == Bytes::npos) {
      if (piece.value().size() < FileWindow::kPiece) break;
      from += piece.value().size() - (pattern.size() - 1);
      continue;
    }
    from += found;
    const auto start = file.at(from, sizeof(FrameHead));
    if (!start.ok()) return start.error();
    if (read_frame_head(start.value(), home_.place_of(number_, from)).ok()) return from;
    ++from;
  }
  return file.size();
}

void FileCheck::good(const FrameRef& frame) {
  ++check_.frames;
  check_.bytes += frame.size;
  missing_before(frame.offset);
  if (!named_.empty() && named_.front() == frame) named_ = named_.subspan(1);
}

// Frames that should have been met by now.
void FileCheck::missing_before(uint64_t offset) {
  for (; !named_.empty() && named_.front().offset < offset; named_ = named_.subspan(1)) {
    const FrameRef& missing = named_.front();
    add(true,
        fmt::format("{}, offset {} to {}: the checkpoint names a frame that does not stand there. "
                    "Restore the file from a copy",
                    home_.path_of(number_), missing.offset, missing.offset + missing.size));
  }
}

void FileCheck::report(uint64_t from, uint64_t to) {
  size_t lost = 0;
  for (; !named_.empty() && named_.front().offset < to; ++lost) named_ = named_.subspan(1);
  const std::string extent =
      fmt::format("{}, offset {} to {}: not readable ({})", home_.path_of(number_), from, to, why_);
  if (lost == 0) {
    add(false, fmt::format("{}; the checkpoint names nothing there: what a crash may leave behind, "
                           "or a disk that is failing",
                           extent));
    return;
  }
  add(true, fmt::format("{}; the checkpoint names {} frame{} there. Restore the file from a copy",
                        extent, lost, lost == 1 ? "" : "s"));
}

}  // namespace

Result<FrameCheck> check_frames(io::Disk& disk, const FrameHome& home,
                                std::vector<FrameRef> named) {
  const auto names = disk.list(home.directory);
  if (!names.ok()) return names.error();
  std::ranges::sort(named);
  named.erase(std::ranges::unique(named).begin(), named.end());
  std::map<uint64_t, std::span<const FrameRef>> files;
  for (const std::string& name : names.value()) {
    const uint64_t number = frame_file_number(home.shard, name);
    if (number != 0) files[number] = {};
  }
  FrameCheck check;
  for (auto at = named.begin(); at != named.end();) {
    const auto end =
        std::find_if(at, named.end(), [at](const auto& f) { return f.file != at->file; });
    const auto file = files.find(at->file);
    if (file != files.end()) {
      file->second = {at, end};
    } else {
      check.findings.push_back(
          {.damage = true,
           .text =
               fmt::format("{} is missing: the checkpoint names {} frames in it. Restore the file "
                           "from a copy",
                           home.path_of(at->file), end - at)});
    }
    at = end;
  }
  FrameDecoder decoder;
  for (const auto& [number, frames] : files) {
    const Status status = FileCheck(home, number, frames, decoder, check).run(disk);
    if (!status.ok()) return status.error();
  }
  return check;
}

}  // namespace leat
