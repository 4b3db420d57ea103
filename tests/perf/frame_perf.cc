// Measures sealed frames: bytes per entry, nanoseconds to seal and to open one, for several kinds of events and sizes of
// frames. Prints figures and judges none of them: times on a shared machine are no test.
//
//   frame_perf [file.csv]     the rows of the file as entries too, its first line as their fields

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <zstd.h>

#include "base/varint.h"
#include "perf/timer.h"
#include "storage/frame_codec.h"

namespace leat {
namespace {

constexpr uint64_t kStart = 1'764'000'000'000;

using Fields = std::vector<std::pair<std::string, std::string>>;

// Entries in blocks as a stream keeps them: up to 100 entries or 4096 bytes each.
class Blocks {
 public:
  void add(StreamId id, const Fields& fields) {
    std::string wire;
    for (const auto& [name, value] : fields) {
      for (const std::string& element : {name, value})
        wire += "$" + std::to_string(element.size()) + "\r\n" + element + "\r\n";
    }
    if (images.empty() || images.back().live == 100 ||
        images.back().node_bytes + wire.size() > 4096)
      images.push_back({.first_id = id, .last_id = id});
    BlockImage& image = images.back();
    const bool same_ms = id.ms == image.first_id.ms;
    image.rows.push_back(1);
    append_varint(image.rows, wire.size());
    append_varint(image.rows, 2 * fields.size());
    append_varint(image.rows, id.ms - image.first_id.ms);
    append_varint(image.rows, same_ms ? id.seq - image.first_id.seq : id.seq);
    image.rows.append(wire);
    image.last_id = id;
    image.node_bytes += wire.size();
    ++image.live;
    ++entries;
    bytes += wire.size();
  }

  BlockImages images;
  size_t entries = 0;
  size_t bytes = 0;
};

Blocks numeric_events(size_t count) {
  Blocks blocks;
  std::mt19937_64 random(1);
  for (size_t i = 0; i < count; ++i) {
    blocks.add({kStart + i / 4, i % 4},
               {{"a", std::to_string(10'000'000 + random() % 90'000'000)},
                {"b", std::to_string(10'000'000 + random() % 90'000'000)}});
  }
  return blocks;
}

Blocks sensor_events(size_t count) {
  Blocks blocks;
  std::mt19937_64 random(2);
  int64_t temperature = 20'000;
  for (size_t i = 0; i < count; ++i) {
    temperature += static_cast<int64_t>(random() % 21) - 10;
    blocks.add({kStart + 10 * i, 0}, {{"sensor", "room-" + std::to_string(random() % 50)},
                                      {"at", std::to_string(kStart + 10 * i - random() % 5)},
                                      {"temperature", std::to_string(temperature)},
                                      {"status", "ok"}});
  }
  return blocks;
}

Blocks opaque_events(size_t count) {
  Blocks blocks;
  std::mt19937_64 random(3);
  for (size_t i = 0; i < count; ++i) {
    std::string text = "{\"user\":" + std::to_string(random() % 100'000) + ",\"action\":\"" +
                       (random() % 3 == 0 ? "buy" : "view") +
                       "\",\"item\":" + std::to_string(random() % 5000) + ",\"session\":\"";
    for (int n = 0; n < 16; ++n) text += "0123456789abcdef"[random() % 16];
    blocks.add({kStart + i / 2, i % 2}, {{"payload", text + "\"}"}});
  }
  return blocks;
}

Blocks rows_of(const char* path, size_t count) {
  std::ifstream file(path);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    std::istringstream cells(line);
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  Blocks blocks;
  if (rows.size() < 2) return blocks;
  for (size_t i = 0; i < count; ++i) {
    const auto& row = rows[1 + i % (rows.size() - 1)];
    Fields fields;
    for (size_t n = 0; n < std::min(row.size(), rows[0].size()); ++n)
      fields.emplace_back(rows[0][n], row[n]);
    blocks.add({kStart + i / 3, i % 3}, fields);
  }
  return blocks;
}

// Runs of blocks of about `size` bytes, as a stream seals them.
std::vector<BlockImages> frames_of(const Blocks& blocks, size_t size) {
  std::vector<BlockImages> frames(1);
  size_t bytes = 0;
  for (const BlockImage& image : blocks.images) {
    if (bytes >= size) {
      frames.emplace_back();
      bytes = 0;
    }
    BlockImage copy{.first_id = image.first_id,
                    .last_id = image.last_id,
                    .live = image.live,
                    .deleted = image.deleted,
                    .node_bytes = image.node_bytes};
    copy.rows.append(image.rows.view());
    bytes += image.rows.size();
    frames.back().push_back(std::move(copy));
  }
  return frames;
}

void measure(const char* what, const Blocks& blocks, size_t size) {
  const std::vector<BlockImages> frames = frames_of(blocks, size);
  FrameEncoder encoder;
  FrameDecoder decoder;
  std::vector<ByteBuffer> sealed(frames.size());
  double seal_ns = 1e30;
  double open_ns = 1e30;
  for (int round = 0; round < 5; ++round) {
    const Timer seal;
    for (size_t i = 0; i < frames.size(); ++i)
      LEAT_CHECK(encoder.encode(frames[i], FramePlace(), sealed[i]).ok());
    seal_ns = std::min(seal_ns, seal.ns());
    const Timer open;
    for (const ByteBuffer& frame : sealed)
      LEAT_CHECK(decoder.decode(frame.view(), FramePlace()).ok());
    open_ns = std::min(open_ns, open.ns());
  }
  size_t bytes = 0;
  for (const ByteBuffer& frame : sealed) bytes += frame.size();
  const auto entries = static_cast<double>(blocks.entries);
  std::printf("  %-10s %4zu KB %8.1f B wire %8.2f B sealed %8.0f ns seal %8.0f ns open\n", what,
              size / 1024, static_cast<double>(blocks.bytes) / entries,
              static_cast<double>(bytes) / entries, seal_ns / entries, open_ns / entries);
}

// The same entries without columns, for comparison.
void measure_plain(const char* what, const Blocks& blocks, size_t size) {
  const std::vector<BlockImages> frames = frames_of(blocks, size);
  ZSTD_CCtx* const compress = ZSTD_createCCtx();
  ZSTD_DCtx* const decompress = ZSTD_createDCtx();
  double seal_ns = 1e30;
  double open_ns = 1e30;
  size_t bytes = 0;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::string> plain;
    std::vector<std::string> sealed;
    const Timer seal;
    for (const BlockImages& frame : frames) {
      plain.emplace_back();
      for (const BlockImage& image : frame) plain.back() += image.rows.view();
      std::string out(ZSTD_compressBound(plain.back().size()), '\0');
      out.resize(ZSTD_compressCCtx(compress, out.data(), out.size(), plain.back().data(),
                                   plain.back().size(), 1));
      sealed.push_back(std::move(out));
    }
    seal_ns = std::min(seal_ns, seal.ns());
    const Timer open;
    for (size_t i = 0; i < sealed.size(); ++i) {
      std::string out(plain[i].size(), '\0');
      ZSTD_decompressDCtx(decompress, out.data(), out.size(), sealed[i].data(), sealed[i].size());
    }
    open_ns = std::min(open_ns, open.ns());
    bytes = 0;
    for (const std::string& frame : sealed) bytes += frame.size();
  }
  ZSTD_freeCCtx(compress);
  ZSTD_freeDCtx(decompress);
  const auto entries = static_cast<double>(blocks.entries);
  std::printf("  %-10s %4zu KB plain                %8.2f B sealed %8.0f ns seal %8.0f ns open\n",
              what, size / 1024, static_cast<double>(bytes) / entries, seal_ns / entries,
              open_ns / entries);
}

void measure_all(const char* what, const Blocks& blocks) {
  for (const size_t size : {size_t{16} << 10, size_t{64} << 10, size_t{256} << 10}) {
    measure(what, blocks, size);
    measure_plain(what, blocks, size);
  }
}

}  // namespace
}  // namespace leat

int main(int argc, char** argv) {
  constexpr size_t kEntries = 50'000;
  if (argc > 1) leat::measure_all("rows", leat::rows_of(argv[1], kEntries));
  leat::measure_all("numeric", leat::numeric_events(kEntries));
  leat::measure_all("sensor", leat::sensor_events(kEntries));
  leat::measure_all("opaque", leat::opaque_events(kEntries));
  return 0;
}
