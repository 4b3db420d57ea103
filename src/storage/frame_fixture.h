// Blocks for the tests of frames, and what says that two are the same.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/varint.h"
#include "model/block_image.h"

namespace leat {

using FrameFields = std::vector<std::pair<std::string, std::string>>;

inline std::string wire_of_fields(const FrameFields& fields) {
  std::string wire;
  for (const auto& [name, value] : fields) {
    for (const std::string& element : {name, value})
      wire += fmt::format("${}\r\n{}\r\n", element.size(), element);
  }
  return wire;
}

// A block, entry by entry, as the engine would render it.
class BlockMaker {
 public:
  explicit BlockMaker(StreamId first) { image_.first_id = image_.last_id = first; }

  BlockMaker& add(StreamId id, uint64_t elements, Bytes wire, bool live = true) {
    const StreamId first = image_.first_id;
    image_.rows.push_back(live ? '\1' : '\0');
    append_varint(image_.rows, wire.size());
    append_varint(image_.rows, elements);
    append_varint(image_.rows, id.ms - first.ms);
    append_varint(image_.rows, id.ms == first.ms ? id.seq - first.seq : id.seq);
    image_.rows.append(wire);
    image_.last_id = id;
    image_.node_bytes += wire.size();
    ++(live ? image_.live : image_.deleted);
    return *this;
  }
  BlockMaker& add(StreamId id, const FrameFields& fields, bool live = true) {
    return add(id, 2 * fields.size(), wire_of_fields(fields), live);
  }
  // Bytes that are no row.
  BlockMaker& spoil(Bytes bytes) {
    image_.rows.append(bytes);
    return *this;
  }
  BlockImage take() { return std::move(image_); }

 private:
  BlockImage image_;
};

// Blocks with `count` entries of three fields each, from `start` ms on; what they hold depends on `salt`.
inline BlockImages sensor_blocks(size_t blocks, uint64_t start, size_t count, uint64_t salt = 0) {
  BlockImages images;
  uint64_t noise = start * 2'654'435'761 + salt;
  for (size_t i = 0; i < blocks; ++i) {
    BlockMaker block({start + i * count, 0});
    for (size_t n = 0; n < count; ++n) {
      const uint64_t ms = start + i * count + n;
      noise = noise * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
      block.add({ms, 0}, {{"at", fmt::format("{}", ms)},
                          {"sensor", fmt::format("room-{}", (noise >> 40) % 7)},
                          {"value", fmt::format("{}.{}", (noise >> 33) % 40, (noise >> 50) % 10)}});
    }
    images.push_back(block.take());
  }
  return images;
}

inline BlockImages copy_of(const BlockImages& images) {
  BlockImages copy;
  for (const BlockImage& image : images) {
    copy.push_back({.first_id = image.first_id,
                    .last_id = image.last_id,
                    .live = image.live,
                    .deleted = image.deleted,
                    .node_bytes = image.node_bytes});
    copy.back().rows.append(image.rows.view());
  }
  return copy;
}

// All that images hold, as text to compare.
inline std::string text_of(const BlockImages& images) {
  std::string text;
  for (const BlockImage& image : images) {
    text += fmt::format("{}-{} {}-{} live {} deleted {} node {} rows {}:", image.first_id.ms,
                        image.first_id.seq, image.last_id.ms, image.last_id.seq, image.live,
                        image.deleted, image.node_bytes, image.rows.size());
    text += image.rows.view();
    text += '\n';
  }
  return text;
}

}  // namespace leat
