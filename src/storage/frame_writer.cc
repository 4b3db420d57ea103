#include "storage/frame_writer.h"

#include <fmt/format.h>

namespace leat {
namespace {

Error at_frame(const FrameHome& home, const FrameRef& frame, const Error& error) {
  return {error.code, fmt::format("{}, offset {} to {}: {}", home.path_of(frame.file), frame.offset,
                                  frame.offset + frame.size, error.detail)};
}

}  // namespace

// The file is opened for each frame: two system calls more than a read costs anyway, and no table of open files.
Status read_frame(io::Disk& disk, const FrameHome& home, const FrameRef& frame, ByteBuffer& bytes) {
  const auto file = disk.open(home.path_of(frame.file), io::OpenMode::kRead);
  if (!file.ok()) return file.error();
  const auto size = file.value()->size();
  if (!size.ok()) return size.error();
  empty_frame_buffer(bytes);
  // What the reference claims is not allocated before it is known to be there.
  if (frame.offset > size.value() || frame.size > size.value() - frame.offset) {
    return at_frame(home, frame,
                    {Errc::kCorrupt, fmt::format("the file ends at {}", size.value())});
  }
  const auto got = file.value()->read(frame.offset, bytes.room(frame.size), frame.size);
  if (!got.ok()) return at_frame(home, frame, got.error());
  bytes.commit(got.value());
  const auto head = verify_frame(bytes.view(), home.place_of(frame.file, frame.offset));
  return head.ok() ? Status() : Status(at_frame(home, frame, head.error()));
}

Result<BlockImages> open_frame(io::Disk& disk, const FrameHome& home, const FrameRef& frame,
                               ByteBuffer& bytes, FrameDecoder& decoder) {
  if (const Status status = read_frame(disk, home, frame, bytes); !status.ok())
    return status.error();
  Result<BlockImages> images = decoder.decode_verified(bytes.view());
  return images.ok() ? std::move(images) : at_frame(home, frame, images.error());
}

Result<FrameRef> FrameWriter::append(const BlockImages& images) {
  if (const Status status = encoder_.encode(images, home_.place_of(0, 0), frame_); !status.ok())
    return status.error();
  return write(CrashPoint::kSealWritten);
}

Result<FrameRef> FrameWriter::append(const FrameRef& existing) {
  if (const Status status = read_frame(disk_, home_, existing, frame_); !status.ok())
    return status.error();
  return write(CrashPoint::kFramesCleaned);
}

// Writes frame_, which has been sealed for some other place.
Result<FrameRef> FrameWriter::write(CrashPoint step) {
  if (file_ != nullptr && offset_ + frame_.size() > limits_.file_bytes) {
    if (const Status status = close(); !status.ok()) return status.error();
  }
  if (file_ == nullptr) {
    if (const Status status = open_next(); !status.ok()) return status.error();
  }
  move_frame(home_.place_of(number_, offset_), frame_);
  if (const Status status = file_->write(offset_, frame_.view()); !status.ok()) {
    close_after_failure();
    return status.error();
  }
  crash_point(step);
  const FrameRef written{number_, offset_, static_cast<uint32_t>(frame_.size())};
  offset_ += frame_.size();
  if (offset_ - synced_ >= limits_.unsynced_bytes) {
    if (const Status status = sync_open(); !status.ok()) return status.error();
  }
  return written;
}

Status FrameWriter::open_next() {
  number_ = next_++;
  const std::string path = home_.path_of(number_);
  auto file = disk_.open(path, io::OpenMode::kCreate);
  if (!file.ok()) return file.error();
  offset_ = synced_ = 0;
  file_ = std::move(file).value();
  crash_point(CrashPoint::kSealCreated);
  if (Status status = disk_.sync_directory(home_.directory); !status.ok()) {
    close_after_failure();
    return status;
  }
  return {};
}

Status FrameWriter::sync() {
  return file_ == nullptr ? Status() : sync_open();
}

Status FrameWriter::sync_open() {
  if (offset_ == synced_) return {};
  Status status = file_->sync();
  if (status.ok()) {
    crash_point(CrashPoint::kSealSynced);
    // What is durable shares no sector with what comes: writing a sector anew may lose all of it.
    synced_ = offset_ = align_up(offset_);
    return status;
  }
  doubtful_.push_back(number_);
  file_.reset();
  return status;
}

Status FrameWriter::close() {
  Status status = sync_open();
  file_.reset();
  return status;
}

// What a failed write has left behind the last frame is given back if that works; nothing refers to it either way.
void FrameWriter::close_after_failure() {
  if (offset_ == 0) {
    file_.reset();
    static_cast<void>(disk_.remove(home_.path_of(number_)).ok());
    return;
  }
  static_cast<void>(file_->truncate(offset_).ok());
  static_cast<void>(close().ok());
}

}  // namespace leat
