#include "engine/block.h"

#include <limits>

#include "base/varint.h"
#include "base/wire_length.h"

namespace leat {
namespace {

uint64_t read_varint(const char*& at) {
  auto byte = static_cast<uint8_t>(*at++);
  uint64_t value = byte & 0x7f;
  for (unsigned shift = 7; byte >= 0x80; shift += 7) {
    byte = static_cast<uint8_t>(*at++);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
  }
  return value;
}

bool is_wire_form(Bytes wire, uint64_t elements) {
  const char* at = wire.data();
  const char* const end = at + wire.size();
  Bytes element;
  for (; elements != 0 && at != nullptr; --elements) at = read_wire(at, end, element);
  return elements == 0 && at == end;
}

// Reads one row of a block that starts at `first`; false when it is none.
bool read_row(ByteReader& in, StreamId first, StreamId& id, uint64_t& live_bytes, bool& live) {
  const uint8_t flag = in.u8();
  const uint64_t size = in.varint();
  const uint64_t elements = in.varint();
  id.ms = first.ms + in.varint();
  id.seq = in.varint() + (id.ms == first.ms ? first.seq : 0);
  const Bytes wire = in.bytes(size);
  live = flag == 1;
  live_bytes = live ? wire.size() : 0;
  return in.ok() && flag <= 1 && elements != 0 && elements % 2 == 0 &&
         elements <= std::numeric_limits<uint32_t>::max() && is_wire_form(wire, elements);
}

// No block is larger than kBytesMax.
uint32_t wire_size(const EntryView& entry) {
  return static_cast<uint32_t>(entry.wire.size());
}

}  // namespace

Block::Block(BlockImage image)
    : first_id_(image.first_id),
      last_id_(image.last_id),
      live_(image.live),
      deleted_(image.deleted),
      node_(image.node_bytes),
      bytes_(std::move(image.rows)) {
  for (Cursor cursor = begin(); !cursor.done(); cursor.advance())
    live_bytes_ += cursor.live() ? wire_size(cursor.entry()) : 0;
}

bool Block::fits(const BlockImage& image) {
  if (image.rows.size() > kBytesMax || image.node_bytes > NodeModel::kBytesMax) return false;
  ByteReader in(image.rows.view());
  StreamId previous;
  uint64_t rows = 0;
  uint64_t live = 0;
  for (; !in.done(); ++rows) {
    const uint8_t flag = in.u8();
    const uint64_t size = in.varint();
    const uint64_t elements = in.varint();
    StreamId id;
    id.ms = image.first_id.ms + in.varint();
    id.seq = in.varint();
    if (id.ms == image.first_id.ms) id.seq += image.first_id.seq;
    static_cast<void>(in.bytes(size));
    const bool in_order = rows == 0 ? id == image.first_id : id > previous;
    if (!in.ok() || !in_order || flag > 1 || elements > size || id > image.last_id) return false;
    live += flag;
    previous = id;
  }
  return live != 0 && live == image.live && rows <= uint64_t{image.live} + image.deleted;
}

// Deleted entries are left out: nothing shows them. But the first one stays, as the node's size is counted from it
// when the block is appended to again.
BlockImage Block::image() const {
  BlockImage image{.first_id = first_id_,
                   .last_id = last_id_,
                   .live = live_,
                   .deleted = deleted_,
                   .node_bytes = node_.bytes()};
  image.rows.reserve(bytes_.size());
  if (deleted_ == 0) {
    image.rows.append(bytes_.view());
    return image;
  }
  const char* const base = bytes_.bytes();
  const char* const end = base + bytes_.size();
  for (Cursor cursor(base, end, first_id_); !cursor.done();) {
    const char* const row = cursor.at_;
    const bool live = cursor.live() && row >= base + start_;
    cursor.advance();
    if (!live && row != base) continue;
    image.rows.append(Bytes(row, static_cast<size_t>(cursor.at_ - row)));
    if (!live) image.rows.bytes()[0] = 0;
  }
  return image;
}

std::unique_ptr<Block> Block::copy() const {
  ByteBuffer bytes(bytes_.size());
  bytes.append(bytes_.view());
  auto block = std::make_unique<Block>(first_id_, std::move(bytes));
  block->last_id_ = last_id_;
  block->live_ = live_;
  block->live_bytes_ = live_bytes_;
  block->deleted_ = deleted_;
  block->start_ = start_;
  block->node_ = node_;
  return block;
}

BlockParts Block::parts() const {
  return {.first_id = first_id_,
          .last_id = last_id_,
          .live = live_,
          .deleted = deleted_,
          .start = start_,
          .node_bytes = node_.bytes(),
          .rows = bytes_.view()};
}

std::unique_ptr<Block> Block::restore(const BlockParts& parts) {
  if (parts.start >= parts.rows.size() || parts.live == 0 || parts.node_bytes == 0) return nullptr;
  if (parts.rows.size() > kBytesMax || parts.node_bytes > NodeModel::kBytesMax) return nullptr;
  ByteReader in(parts.rows);
  StreamId previous;
  bool start_seen = false;
  uint64_t live = 0;
  uint64_t live_bytes = 0;
  for (bool first = true; !in.done(); first = false) {
    const auto at = static_cast<uint64_t>(in.position() - parts.rows.data());
    start_seen = start_seen || at == parts.start;
    StreamId id;
    bool alive = false;
    uint64_t bytes = 0;
    if (!read_row(in, parts.first_id, id, bytes, alive)) return nullptr;
    if (first ? id < parts.first_id : id <= previous) return nullptr;
    if (start_seen) {
      live += alive ? 1U : 0U;
      live_bytes += bytes;
    }
    previous = id;
  }
  if (!start_seen || live != parts.live || previous > parts.last_id) return nullptr;
  auto block = std::make_unique<Block>(parts.first_id, ByteBuffer(parts.rows.size()));
  block->last_id_ = parts.last_id;
  block->live_ = parts.live;
  block->live_bytes_ = static_cast<uint32_t>(live_bytes);
  block->deleted_ = parts.deleted;
  block->start_ = static_cast<uint32_t>(parts.start);
  block->node_ = NodeModel(parts.node_bytes);
  block->bytes_.append(parts.rows);
  return block;
}

bool Block::count(StreamId id, uint32_t elements, Bytes wire) {
  if (bytes_.empty()) return node_.add(first_id_, wire, elements, id, wire, elements);
  const Cursor first(bytes_.bytes(), bytes_.bytes() + bytes_.size(), first_id_);
  return node_.add(first_id_, first.entry().wire, first.entry().elements, id, wire, elements);
}

bool Block::append(StreamId id, uint32_t elements, Bytes wire) {
  LEAT_CHECK(bytes_.empty() ? id == first_id_ : id > last_id_);
  const uint64_t ms = id.ms - first_id_.ms;
  const uint64_t seq = id.ms == first_id_.ms ? id.seq - first_id_.seq : id.seq;
  const size_t row = 1 + varint_size(wire.size()) + varint_size(elements) + varint_size(ms) +
                     varint_size(seq) + wire.size();
  if (bytes_.size() + row > kBytesMax) return false;
  if (!count(id, elements, wire)) return false;
  // Of most streams that hold few entries no second one ever comes.
  if (bytes_.capacity() == 0) bytes_.reserve(row);
  char* out = bytes_.grow(row);
  *out++ = 1;
  out = put_varint(out, wire.size());
  out = put_varint(out, elements);
  out = put_varint(out, ms);
  out = put_varint(out, seq);
  std::memcpy(out, wire.data(), wire.size());
  last_id_ = id;
  ++live_;
  live_bytes_ += static_cast<uint32_t>(wire.size());
  mark_ = 0;
  return true;
}

bool Block::erase(StreamId id) {
  const Cursor found = seek(id);
  if (found.done() || found.entry().id != id || !found.live()) return false;
  bytes_.bytes()[found.at_ - bytes_.bytes()] = 0;
  --live_;
  live_bytes_ -= wire_size(found.entry());
  ++deleted_;
  mark_ = 0;
  return true;
}

uint32_t Block::erase_until(StreamId last) {
  uint32_t removed = 0;
  Cursor cursor = begin();
  for (; !cursor.done() && cursor.entry().id <= last; cursor.advance()) {
    if (!cursor.live()) continue;
    ++removed;
    live_bytes_ -= wire_size(cursor.entry());
  }
  start_ = static_cast<uint32_t>(cursor.at_ - bytes_.bytes());
  mark_ = 0;
  live_ -= removed;
  deleted_ += removed;
  return removed;
}

void Block::cut_deleted_tail() {
  LEAT_CHECK(live_ != 0);
  size_t end = 0;
  for (Cursor cursor = begin(); !cursor.done();) {
    const bool live = cursor.live();
    const StreamId id = cursor.entry().id;
    cursor.advance();
    if (!live) continue;
    end = static_cast<size_t>(cursor.at_ - bytes_.bytes());
    last_id_ = id;
  }
  bytes_.truncate(end);
  mark_ = 0;
}

Block::Cursor Block::begin() const {
  return {bytes_.bytes() + start_, bytes_.bytes() + bytes_.size(), first_id_};
}

Block::Cursor Block::seek(StreamId from) const {
  Cursor cursor = begin();
  if (from > last_id_) {
    cursor.at_ = cursor.end_;
    return cursor;
  }
  while (!cursor.done() && cursor.entry().id < from) cursor.advance();
  return cursor;
}

void Block::Cursor::read() {
  const char* at = at_ + 1;
  const uint64_t size = read_varint(at);
  entry_.elements = static_cast<uint32_t>(read_varint(at));
  entry_.id.ms = base_.ms + read_varint(at);
  entry_.id.seq = read_varint(at);
  if (entry_.id.ms == base_.ms) entry_.id.seq += base_.seq;
  entry_.wire = Bytes(at, static_cast<size_t>(size));
}

}  // namespace leat
