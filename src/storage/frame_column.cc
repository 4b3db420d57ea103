#include "storage/frame_column.h"

#include <algorithm>

#include "base/hash.h"

namespace leat {
namespace {

void append_kind(ByteBuffer& out, ColumnKind kind) {
  out.push_back(static_cast<char>(kind));
}

}  // namespace

void ColumnWriter::put(const std::vector<Bytes>& values, ByteBuffer& out) {
  LEAT_CHECK(!values.empty());
  const Bytes first = values.front();
  if (std::ranges::all_of(values, [first](Bytes value) { return value == first; })) {
    append_kind(out, ColumnKind::kSame);
    append_counted(out, first);
    return;
  }
  if (put_integers(values, out) || put_listed(values, out)) return;
  put_text(values, out);
}

// Digits that tell nothing new cost the compressor 3.4 bits each, so differences pay where they take less than 0.4 bytes
// per digit: counters, times, measurements that move slowly.
bool ColumnWriter::put_integers(const std::vector<Bytes>& values, ByteBuffer& out) {
  numbers_.clear();
  uint64_t last = 0;
  size_t digits = 0;
  for (const Bytes value : values) {
    const auto number = parse_int64(value);
    if (!number) return false;
    const auto bits = static_cast<uint64_t>(*number);
    append_varint(numbers_, zigzag(static_cast<int64_t>(bits - last)));
    last = bits;
    digits += value.size();
    if (numbers_.size() > 64 && numbers_.size() * 5 > digits * 2) return false;
  }
  if (numbers_.size() * 5 > digits * 2) return false;
  append_kind(out, ColumnKind::kIntegers);
  append_counted(out, numbers_.view());
  return true;
}

bool ColumnWriter::put_listed(const std::vector<Bytes>& values, ByteBuffer& out) {
  // Places in the list, by hash; probed linearly. Never more than half full.
  constexpr size_t kSlots = 2 * kColumnListedMax;
  constexpr uint16_t kFree = UINT16_MAX;
  std::array<uint16_t, kSlots> slots;
  slots.fill(kFree);
  list_.clear();
  places_.clear();
  for (const Bytes value : values) {
    size_t slot = hash64(value) % kSlots;
    while (slots[slot] != kFree && list_[slots[slot]] != value) slot = (slot + 1) % kSlots;
    if (slots[slot] == kFree) {
      // A list pays when its values come again, which shows soon.
      if (list_.size() == kColumnListedMax || list_.size() > 16 + places_.size() / 4) return false;
      slots[slot] = static_cast<uint16_t>(list_.size());
      list_.push_back(value);
    }
    places_.push_back(static_cast<uint8_t>(slots[slot]));
  }
  if (list_.size() > places_.size() / 2) return false;
  append_kind(out, ColumnKind::kListed);
  append_varint(out, list_.size());
  for (const Bytes value : list_) append_counted(out, value);
  out.append({reinterpret_cast<const char*>(places_.data()), places_.size()});
  return true;
}

void ColumnWriter::put_text(const std::vector<Bytes>& values, ByteBuffer& out) {
  const size_t size = values.front().size();
  size_t bytes = 0;
  for (const Bytes value : values) bytes += value.size();
  if (std::ranges::all_of(values, [size](Bytes value) { return value.size() == size; })) {
    append_kind(out, ColumnKind::kSized);
    append_varint(out, size);
  } else {
    append_kind(out, ColumnKind::kText);
    numbers_.clear();
    for (const Bytes value : values) append_varint(numbers_, value.size());
    append_counted(out, numbers_.view());
  }
  append_varint(out, bytes);
  for (const Bytes value : values) out.append(value);
}

bool ColumnReader::open(ByteReader& input, uint64_t count) {
  kind_ = static_cast<ColumnKind>(input.u8());
  left_ = count;
  value_ = 0;
  numbers_ = bytes_ = ByteReader(Bytes());
  switch (kind_) {
    case ColumnKind::kSame:
      same_ = input.string();
      break;
    case ColumnKind::kIntegers:
      numbers_ = ByteReader(input.string());
      break;
    case ColumnKind::kListed: {
      const uint64_t distinct = input.varint();
      if (distinct > kColumnListedMax) return false;
      list_.resize(distinct);
      for (Bytes& value : list_) value = input.string();
      numbers_ = ByteReader(input.bytes(count));
      break;
    }
    case ColumnKind::kSized:
      size_ = input.varint();
      bytes_ = ByteReader(input.string());
      break;
    case ColumnKind::kText:
      numbers_ = ByteReader(input.string());
      bytes_ = ByteReader(input.string());
      break;
    default:
      return false;
  }
  return input.ok();
}

Bytes ColumnReader::next() {
  if (left_ == 0) {
    ok_ = false;
    return {};
  }
  --left_;
  switch (kind_) {
    case ColumnKind::kSame:
      return same_;
    case ColumnKind::kIntegers: {
      value_ += static_cast<uint64_t>(numbers_.signed_varint());
      const char* const end = put_decimal(text_.data(), static_cast<int64_t>(value_));
      return {text_.data(), static_cast<size_t>(end - text_.data())};
    }
    case ColumnKind::kListed: {
      const uint8_t place = numbers_.u8();
      if (place < list_.size()) return list_[place];
      ok_ = false;
      return {};
    }
    case ColumnKind::kSized:
      return bytes_.bytes(size_);
    case ColumnKind::kText:
      return bytes_.bytes(numbers_.varint());
  }
  return {};
}

}  // namespace leat
