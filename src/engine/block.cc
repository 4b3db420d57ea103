#include "engine/block.h"

#include "base/varint.h"

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

}  // namespace

bool Block::append(StreamId id, uint32_t elements, Bytes wire) {
  LEAT_CHECK(bytes_.empty() ? id == first_id_ : id > last_id_);
  EntryView first{.id = id, .elements = elements, .wire = wire};
  if (!bytes_.empty())
    first = Cursor(bytes_.bytes(), bytes_.bytes() + bytes_.size(), first_id_).entry();
  if (!node_.add(first_id_, first.wire, first.elements, id, wire, elements)) return false;
  char* out = bytes_.room(1 + 4 * kVarintBytesMax + wire.size());
  char* const start = out;
  *out++ = 1;
  out = put_varint(out, wire.size());
  out = put_varint(out, elements);
  out = put_varint(out, id.ms - first_id_.ms);
  out = put_varint(out, id.ms == first_id_.ms ? id.seq - first_id_.seq : id.seq);
  std::memcpy(out, wire.data(), wire.size());
  bytes_.commit(static_cast<size_t>(out + wire.size() - start));
  last_id_ = id;
  ++live_;
  live_bytes_ += wire.size();
  return true;
}

bool Block::erase(StreamId id) {
  const Cursor found = seek(id);
  if (found.done() || found.entry().id != id || !found.live()) return false;
  bytes_.bytes()[found.at_ - bytes_.bytes()] = 0;
  --live_;
  live_bytes_ -= found.entry().wire.size();
  ++deleted_;
  return true;
}

uint32_t Block::erase_until(StreamId last) {
  uint32_t removed = 0;
  Cursor cursor = begin();
  for (; !cursor.done() && cursor.entry().id <= last; cursor.advance()) {
    if (!cursor.live()) continue;
    ++removed;
    live_bytes_ -= cursor.entry().wire.size();
  }
  start_ = static_cast<size_t>(cursor.at_ - bytes_.bytes());
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
