#include "storage/checkpoint_reader.h"

#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace leat {
namespace {

Error newer(const std::string& path, uint32_t version, uint32_t required) {
  return {Errc::kInvalid,
          fmt::format("{}: written by a newer version of Leat (format {}, features {:#x})", path,
                      version, required)};
}

// Of ReadAhead.
uint64_t whole_chunk(Bytes bytes, uint64_t rest_of_file) {
  ChunkHead head;
  if (bytes.size() < sizeof head) return sizeof head;
  if (!read_header(bytes, head) || rest_of_file < sizeof head ||
      head.body_size > rest_of_file - sizeof head)
    return 0;
  const uint64_t taken = sizeof head + head.body_size;
  const Bytes body = bytes.substr(sizeof head, head.body_size);
  return bytes.size() < taken || crc32c(body) == head.body_crc ? taken : 0;
}

}  // namespace

Result<std::optional<Manifest>> read_manifest(io::Disk& disk, const std::string& directory,
                                              const Superblock& log, uint32_t shard) {
  const std::string path = directory + "/" + manifest_name(shard);
  if (!disk.exists(path)) return std::optional<Manifest>();
  auto file = disk.open(path, io::OpenMode::kRead);
  if (!file.ok()) return file.error();
  char bytes[sizeof(Manifest) + 1];
  const auto got = file.value()->read(0, bytes, sizeof bytes);
  if (!got.ok()) return got.error();
  Manifest manifest;
  if (!read_header(Bytes(bytes, got.value()), manifest) || got.value() != sizeof(Manifest)) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}, offset 0 to {}: the manifest is damaged, so nothing says which "
                             "checkpoint counts. Restore the file from a copy. Nothing was changed",
                             path, got.value())};
  }
  if (manifest.version != kCheckpointVersion || manifest.required != 0)
    return newer(path, manifest.version, manifest.required);
  if (manifest.uuid != log.uuid || manifest.node != log.node || manifest.shard != shard) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}: belongs to another log: it says shard {} of node {:016x}", path,
                             manifest.shard, manifest.node)};
  }
  return std::optional<Manifest>(manifest);
}

Result<CheckpointReader> CheckpointReader::open(io::Disk& disk, const std::string& directory,
                                                const Manifest& manifest) {
  const std::string path = directory + "/" + checkpoint_name(manifest.shard, manifest.checkpoint);
  if (!disk.exists(path)) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}: is missing, and the manifest says that the state up to record {} "
                             "stands in it. Nothing was changed",
                             path, manifest.lsn)};
  }
  auto file = disk.open(path, io::OpenMode::kRead);
  if (!file.ok()) return file.error();
  const auto size = file.value()->size();
  if (!size.ok()) return size.error();
  if (size.value() != manifest.size) {
    return Error{Errc::kCorrupt, fmt::format("{}: is {} bytes long, and was made with {}", path,
                                             size.value(), manifest.size)};
  }
  CheckpointReader reader(manifest, std::move(file).value());
  if (const Status status = reader.header(); !status.ok()) return status.error();
  return reader;
}

Status CheckpointReader::header() {
  const auto bytes = window_->at(0, sizeof(CheckpointHeader));
  if (!bytes.ok()) return bytes.error();
  CheckpointHeader header;
  if (!read_header(bytes.value(), header))
    return damaged(0, sizeof(CheckpointHeader), "its header");
  if (header.version != kCheckpointVersion || header.required != 0)
    return newer(path(), header.version, header.required);
  if (header.uuid != manifest_.uuid || header.node != manifest_.node ||
      header.shard != manifest_.shard || header.number != manifest_.checkpoint ||
      header.lsn != manifest_.lsn || header.epoch != manifest_.epoch) {
    return Error{
        Errc::kCorrupt,
        fmt::format("{}: is not the checkpoint that the manifest names: its header says "
                    "number {} at record {} of epoch {}, shard {} of node {:016x}",
                    path(), header.number, header.lsn, header.epoch, header.shard, header.node)};
  }
  offset_ = sizeof(CheckpointHeader);
  previous_crc_ = header.crc;
  return {};
}

Error CheckpointReader::damaged(uint64_t from, uint64_t to, const std::string& what) const {
  return {Errc::kCorrupt,
          fmt::format("{}, offset {} to {}: {} of the checkpoint at record {} is damaged, and was "
                      "durable. Restore the file from a copy. Nothing was changed",
                      path(), from, to, what, manifest_.lsn)};
}

bool CheckpointReader::follows(const ChunkHead& head) const {
  return head.epoch == manifest_.epoch && head.number == number_ + 1 &&
         head.previous_crc == previous_crc_ &&
         head.body_size <= size() - offset_ - sizeof(ChunkHead);
}

void CheckpointReader::read_ahead(io::Worker& worker) {
  ahead_ = std::make_unique<ReadAhead>(worker, *file_, size(), offset_, &whole_chunk);
}

Result<CheckpointReader::Chunk> CheckpointReader::next_head() {
  Chunk chunk;
  if (ahead_) {
    const auto ahead = ahead_->at(offset_);
    if (!ahead.ok()) return ahead.error();
    chunk.verified = !ahead.value().empty() && read_header(ahead.value(), chunk.head);
    if (chunk.verified) chunk.body = ahead.value().substr(sizeof(ChunkHead), chunk.head.body_size);
    if (!chunk.verified) ahead_.reset();
  }
  bool good = chunk.verified;
  if (!good) {
    const auto bytes = window_->at(offset_, sizeof(ChunkHead));
    if (!bytes.ok()) return bytes.error();
    good = read_header(bytes.value(), chunk.head);
  }
  const ChunkKind kind = chunk.head.kind;
  if (good && follows(chunk.head) && (kind == ChunkKind::kPieces || kind == ChunkKind::kEnd))
    return chunk;
  more_ = false;
  return damaged(offset_, size(), fmt::format("chunk {} and what follows it", number_ + 1));
}

Result<Bytes> CheckpointReader::next() {
  const auto found = next_head();
  if (!found.ok()) return found.error();
  const auto& [head, known, verified] = found.value();
  const uint64_t start = offset_ + sizeof(ChunkHead);
  offset_ = start + head.body_size;
  number_ = head.number;
  previous_crc_ = head.crc;
  if (head.kind == ChunkKind::kPieces) {
    ++counts_.chunks;
    counts_.bytes += head.body_size;
  }
  const auto body = verified ? Result<Bytes>(known) : window_->at(start, head.body_size);
  if (!body.ok()) return body.error();
  if (!verified && crc32c(body.value()) != head.body_crc)
    return damaged(start, offset_, fmt::format("chunk {}", number_));
  if (head.kind == ChunkKind::kEnd) {
    more_ = false;
    if (const Status status = end(head, body.value()); !status.ok()) return status.error();
    return Bytes();
  }
  return body.value();
}

Status CheckpointReader::end(const ChunkHead& head, Bytes body) const {
  CheckpointCounts counts;
  if (body.size() == sizeof counts) std::memcpy(&counts, body.data(), sizeof counts);
  if (body.size() == sizeof counts && counts.chunks == counts_.chunks &&
      counts.bytes == counts_.bytes && head.crc == manifest_.end_crc && offset_ == size())
    return {};
  return Error{Errc::kCorrupt,
               fmt::format("{}: ends at offset {} of {} with {} chunks and {} bytes of pieces, "
                           "where its end says {} and {}, or its end is not the one that the "
                           "manifest knows. Nothing was changed",
                           path(), offset_, size(), counts_.chunks, counts_.bytes, counts.chunks,
                           counts.bytes)};
}

}  // namespace leat
