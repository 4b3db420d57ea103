// Property: whatever stands in the manifest and in the checkpoint file, reading them gives exactly what was written, or is
// refused in words that name the file; and a start from them recovers what was written, or is refused.
// In the modes of a liar every checksum is made to fit: then nothing is promised but that reading ends, gives no more bytes
// than the file has, and says why when it refuses.
//
// Input: one byte of mode: bit 0: a liar; bit 1: the files are the rest of the input, two bytes of the manifest's size,
// the manifest and the checkpoint; otherwise pieces of damage to files that were written by a server: what, which file,
// where (2 bytes), how long, with what.
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "storage/checkpoint_fixture.h"
#include "storage/checkpoint_reader.h"
#include "storage/log_reader.h"

namespace leat {
namespace {

struct Original {
  FakeDisk::Image image;
  std::vector<std::string> values;
  std::string pieces;
  Superblock superblock;
  std::string manifest;  // Paths.
  std::string checkpoint;
};

// A log whose beginning stands in a checkpoint of two chunks.
Original write_original() {
  set_log_level(LogLevel::kNothing);
  CheckpointFixture fixture;
  LEAT_CHECK(fixture.open());
  fixture.settle();
  for (int turn = 0; turn < 6; ++turn) fixture.turn({fixture.value(3000), fixture.value(3)});
  const size_t in_checkpoint = fixture.written.size();
  LEAT_CHECK(fixture.checkpoint());
  for (int turn = 0; turn < 3; ++turn) fixture.turn({fixture.value(900)});
  fixture.pass(200);
  fixture.crash(Keep::kNothing);
  LogScan scan;
  LEAT_CHECK(read_superblock(fixture.disk, "d", scan).ok());
  return {.image = fixture.disk.image(),
          .values = fixture.written,
          .pieces = fixture.pieces(0, in_checkpoint),
          .superblock = scan.superblock,
          .manifest = "d/" + manifest_name(0),
          .checkpoint = "d/" + checkpoint_name(0, 1)};
}

void damage(ByteReader in, std::string& manifest, std::string& checkpoint) {
  while (!in.done()) {
    const uint8_t what = in.u8();
    std::string& content = in.u8() % 2 == 0 ? manifest : checkpoint;
    const size_t raw = in.u8() * size_t{256} + in.u8();
    const size_t at = content.empty() ? 0 : raw % content.size();
    const size_t length = std::min<size_t>(in.u8() + size_t{1}, content.size() - at);
    switch (what % 6) {
      case 0:
        if (!content.empty()) content[at] = static_cast<char>(content[at] ^ (1 << (length % 8)));
        break;
      case 1:
        std::fill_n(content.begin() + static_cast<ptrdiff_t>(at), length,
                    static_cast<char>(in.u8()));
        break;
      case 2:
        content.resize(at);
        break;
      case 3:
        content.erase(at, length);
        break;
      case 4:
        content.insert(at, content.substr(at, length));
        break;
      default:
        for (size_t i = 0; i < length && !in.done(); ++i)
          content[at + i] = static_cast<char>(in.u8());
        break;
    }
  }
}

template <typename Header>
bool load(const std::string& content, size_t at, Header& header) {
  if (content.size() < sizeof header || at > content.size() - sizeof header) return false;
  std::memcpy(&header, content.data() + at, sizeof header);
  return true;
}

template <typename Header>
void store(std::string& content, size_t at, Header& header) {
  const Bytes bytes = sealed(header);
  bytes.copy(content.data() + at, bytes.size());
}

// Makes all checksums fit, along the chain of chunks, and the manifest know the file's size and its end.
void lie(std::string& manifest_bytes, std::string& content) {
  Manifest manifest;
  CheckpointHeader header;
  if (!load(manifest_bytes, 0, manifest)) return;
  if (load(content, 0, header)) {
    store(content, 0, header);
    uint32_t previous = header.crc;
    ChunkHead head;
    for (size_t at = sizeof header; load(content, at, head);) {
      const size_t start = at + sizeof head;
      if (head.body_size <= content.size() - start)
        head.body_crc = crc32c(Bytes(content).substr(start, head.body_size));
      head.previous_crc = previous;
      store(content, at, head);
      previous = head.crc;
      if (head.kind == ChunkKind::kEnd) manifest.end_crc = head.crc;
      if (head.body_size > content.size() - start) break;
      at = start + head.body_size;
    }
  }
  manifest.size = content.size();
  store(manifest_bytes, 0, manifest);
}

// What the reader gives; an error when it refuses.
Result<std::string> read_all(FakeDisk& disk, const Original& original, size_t size) {
  const auto manifest = read_manifest(disk, "d", original.superblock, 0);
  if (!manifest.ok()) return manifest.error();
  LEAT_CHECK(manifest.value().has_value());
  auto reader = CheckpointReader::open(disk, "d", *manifest.value());
  if (!reader.ok()) return reader.error();
  std::string pieces;
  while (reader.value().more()) {
    const auto chunk = reader.value().next();
    if (!chunk.ok()) return chunk.error();
    pieces += chunk.value();
    LEAT_CHECK(pieces.size() <= size);
  }
  return pieces;
}

void recover(const FakeDisk::Image& image, const Original& original, bool honest) {
  LogFixture fixture;
  fixture.disk.load(image);
  if (!fixture.open()) {
    LEAT_CHECK(!fixture.problem->detail.empty());
  } else if (honest) {
    LEAT_CHECK(fixture.recovered.values == original.values);
  }
}

void check(uint8_t mode, Bytes input) {
  static const Original kOriginal = write_original();
  const bool honest = mode % 2 == 0;
  FakeDisk::Image image = kOriginal.image;
  std::string& manifest = image[kOriginal.manifest];
  std::string& checkpoint = image[kOriginal.checkpoint];
  ByteReader in(input);
  if ((mode & 2U) != 0) {
    const size_t size = in.u8() * size_t{256} + in.u8();
    const Bytes rest = input.substr(std::min<size_t>(input.size(), 2));
    manifest = rest.substr(0, size);
    checkpoint = rest.substr(std::min(rest.size(), size));
  } else {
    damage(in, manifest, checkpoint);
  }
  if (!honest) lie(manifest, checkpoint);
  FakeDisk disk;
  disk.load(image);
  const Result<std::string> pieces = read_all(disk, kOriginal, checkpoint.size());
  if (!pieces.ok()) {
    LEAT_CHECK(pieces.error().detail.find("d/") != std::string::npos);
  } else if (honest) {
    LEAT_CHECK(pieces.value() == kOriginal.pieces);
  }
  recover(image, kOriginal, honest);
}

}  // namespace
}  // namespace leat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size != 0) leat::check(bytes[0], {reinterpret_cast<const char*>(bytes) + 1, size - 1});
  return 0;
}
