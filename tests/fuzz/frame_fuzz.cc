// Property: what is sealed is opened again exactly, whatever the rows hold; bytes that nobody has sealed are refused, or
// opened to no more than their head says, without reading beyond them.
//
// Input: one byte that names the check. 0: the bytes are a frame. 1: they are a frame whose head and checksums are made
// right. 2: they are the body of a frame as it is before it is compressed. 3: they are the rows of two blocks. 4: they are a
// script that makes entries.
#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/varint.h"
#include "storage/frame_codec.h"

namespace leat {
namespace {

// Enough for every path, and small enough that a run stays fast.
constexpr uint32_t kBytesMax = 1 << 20;

const FramePlace kPlace{.uuid = {1, 2, 3}, .shard = 0, .file = 7, .offset = 512};

// A copy whose end is the end of its allocation, so that a read beyond it is caught.
class Exact {
 public:
  explicit Exact(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}
  [[nodiscard]] Bytes view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;
};

bool same(const BlockImages& a, const BlockImages& b) {
  return std::ranges::equal(a, b, [](const BlockImage& x, const BlockImage& y) {
    return x.first_id == y.first_id && x.last_id == y.last_id && x.live == y.live &&
           x.deleted == y.deleted && x.node_bytes == y.node_bytes && x.rows.view() == y.rows.view();
  });
}

uint64_t rows_of(const BlockImages& images) {
  uint64_t bytes = 0;
  for (const BlockImage& image : images) bytes += image.rows.size();
  return bytes;
}

void check_round_trip(const BlockImages& images) {
  static FrameEncoder encoder;
  static FrameDecoder decoder;
  ByteBuffer frame;
  LEAT_CHECK(encoder.encode(images, kPlace, frame).ok());
  const Exact bytes(frame.view());
  const auto opened = decoder.decode(bytes.view(), kPlace);
  LEAT_CHECK(opened.ok());
  LEAT_CHECK(same(opened.value(), images));
}

void check_frame(Bytes bytes) {
  const Exact frame(bytes);
  const auto opened = FrameDecoder().decode(frame.view(), kPlace);
  if (!opened.ok()) return;
  FrameHead head;
  LEAT_CHECK(read_header(bytes, head));
  LEAT_CHECK(rows_of(opened.value()) == head.rows_size && opened.value().size() == head.blocks);
  check_round_trip(opened.value());
}

void check_repaired_frame(Bytes bytes) {
  FrameHead head;
  if (bytes.size() < sizeof(head)) return;
  std::memcpy(&head, bytes.data(), sizeof(head));
  const Bytes body = bytes.substr(sizeof(head));
  const FrameHead repaired{.uuid = kPlace.uuid,
                           .file = kPlace.file,
                           .offset = kPlace.offset,
                           .shard = kPlace.shard,
                           .size = static_cast<uint32_t>(bytes.size()),
                           .body_size = head.body_size % kBytesMax,
                           .rows_size = head.rows_size % kBytesMax,
                           .blocks = head.blocks,
                           .body_crc = crc32c(body)};
  head = repaired;
  check_frame(std::string(sealed(head)) + std::string(body));
}

void check_body(Bytes bytes) {
  ByteReader in(bytes);
  const uint64_t rows = in.u32() % kBytesMax;
  const Exact body(in.bytes(in.left()));
  BlockImages images;
  if (!read_frame_body(body.view(), rows, images)) return;
  LEAT_CHECK(rows_of(images) == rows);
  check_round_trip(images);
}

void check_rows(Bytes bytes) {
  BlockImages images(2);
  images[0].first_id = {5, 3};
  images[0].rows.append(bytes.substr(0, bytes.size() / 2));
  images[1].rows.append(bytes.substr(bytes.size() / 2));
  check_round_trip(images);
}

// Entries of names and values from a short list, of few shapes, with ids that mostly go up.
class Script {
 public:
  explicit Script(Bytes bytes) : in_(bytes) {}

  BlockImages run() {
    BlockImages images(1);
    while (!in_.done()) {
      const uint8_t what = in_.u8();
      if (what % 16 == 0) images.emplace_back().first_id = {in_.varint(), in_.varint()};
      if (what % 16 == 1) images.back().node_bytes = in_.varint();
      if (what % 16 > 1) add(images.back(), what);
    }
    return images;
  }

 private:
  void add(BlockImage& image, uint8_t what) {
    static const std::string kWords[] = {"",
                                         "a",
                                         "b",
                                         "0",
                                         "1",
                                         "-5",
                                         "1000001",
                                         "1000002",
                                         "999999999999999999",
                                         "-9223372036854775808",
                                         "007",
                                         "x y",
                                         std::string(130, 'z'),
                                         "aa",
                                         "$1\r\n",
                                         "room"};
    const auto word = [&](Bytes& wire_word) { wire_word = kWords[in_.u8() % std::size(kWords)]; };
    std::string wire;
    const uint64_t elements = what % 7;
    for (uint64_t i = 0; i < elements; ++i) {
      Bytes element;
      word(element);
      wire += "$" + std::to_string(element.size()) + "\r\n" + std::string(element) + "\r\n";
    }
    if (in_.u8() % 8 != 0) ++ms_;
    image.rows.push_back(what < 128 ? '\1' : '\0');
    append_varint(image.rows, wire.size());
    append_varint(image.rows, in_.u8() % 16 == 0 ? in_.varint() : elements);
    append_varint(image.rows, ms_);
    append_varint(image.rows, in_.u8());
    image.rows.append(wire);
    ++(what < 128 ? image.live : image.deleted);
  }

  ByteReader in_;
  uint64_t ms_ = 0;
};

void check(uint8_t which, Bytes bytes) {
  switch (which % 5) {
    case 0:
      return check_frame(bytes);
    case 1:
      return check_repaired_frame(bytes);
    case 2:
      return check_body(bytes);
    case 3:
      return check_rows(bytes);
    default:
      return check_round_trip(Script(bytes).run());
  }
}

}  // namespace
}  // namespace leat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size != 0) leat::check(bytes[0], {reinterpret_cast<const char*>(bytes) + 1, size - 1});
  return 0;
}
