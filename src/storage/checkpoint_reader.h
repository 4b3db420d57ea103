// Reading a checkpoint back: the manifest, and the file that it names, chunk by chunk.
//
// A manifest and the file that it names were durable before anything relied on them, so damage to either is
// corruption, never a torn tail. That one of them is missing shows in the other, and in a log that does not begin
// with its first segment.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/io.h"
#include "storage/checkpoint_format.h"
#include "storage/file_window.h"
#include "storage/read_ahead.h"

namespace leat {

// The manifest of `shard` in `directory`; none where there is no such file.
//   errors  kCorrupt when it is damaged or of another log; kInvalid: of a newer version; kIo.
Result<std::optional<Manifest>> read_manifest(io::Disk& disk, const std::string& directory,
                                              const Superblock& log, uint32_t shard);

class CheckpointReader {
 public:
  // Opens the file that `manifest` names and verifies its header.
  //   errors  as read_manifest(); kCorrupt also when the file is missing or has another size.
  static Result<CheckpointReader> open(io::Disk& disk, const std::string& directory,
                                       const Manifest& manifest);

  // From now on chunks are read and verified ahead, by `worker`, which outlives this.
  void read_ahead(io::Worker& worker);
  // The pieces of the next chunk; they die with the next call. Empty when all have been read and the end chunk
  // confirms it.
  //   errors  kCorrupt with position and extent; after damage to a chunk's body the one behind it can be read.
  Result<Bytes> next();
  // False when nothing more can be read.
  [[nodiscard]] bool more() const { return more_; }
  [[nodiscard]] uint64_t offset() const { return offset_; }
  [[nodiscard]] uint64_t size() const { return manifest_.size; }
  [[nodiscard]] const std::string& path() const { return file_->path(); }

 private:
  CheckpointReader(const Manifest& manifest, std::unique_ptr<io::File> file)
      : manifest_(manifest),
        file_(std::move(file)),
        window_(std::make_unique<FileWindow>(*file_, manifest.size)) {}

  // A chunk's head, and its body.
  struct Chunk {
    ChunkHead head;
    Bytes body;
    bool verified =
        false;  // The body's checksum holds. Else `body` is empty: it has not been read yet.
  };

  Status header();
  // What stands at offset_; a head that is not one of a chunk that follows is an error.
  Result<Chunk> next_head();
  [[nodiscard]] bool follows(const ChunkHead& head) const;
  Error damaged(uint64_t from, uint64_t to, const std::string& what) const;
  // The end chunk has been read: does it fit what precedes it?
  [[nodiscard]] Status end(const ChunkHead& head, Bytes body) const;

  Manifest manifest_;
  std::unique_ptr<io::File> file_;
  std::unique_ptr<FileWindow> window_;
  std::unique_ptr<ReadAhead> ahead_;  // Until it has ended, it alone reads the file.
  uint64_t offset_ = 0;
  uint64_t number_ = 0;  // Of the last chunk that was read.
  uint32_t previous_crc_ = 0;
  CheckpointCounts counts_;
  bool more_ = true;
};

}  // namespace leat
