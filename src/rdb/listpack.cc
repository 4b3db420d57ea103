#include "rdb/listpack.h"

#include <cstring>
#include <limits>

namespace leat {
namespace {

constexpr size_t kHeadSize = 6;
constexpr uint16_t kUncounted = 65535;
constexpr uint8_t kEnd = 0xFF;

// How many bytes say, behind an element, that it takes `size`.
size_t back_size(size_t size) {
  if (size <= 127) return 1;
  if (size < 16'383) return 2;
  if (size < 2'097'151) return 3;
  return size < 268'435'455 ? 4 : 5;
}

// The byte at `place` of them, from the left.
uint8_t back_byte(size_t size, size_t place) {
  const size_t from_right = back_size(size) - 1 - place;
  const auto bits = static_cast<uint8_t>(size >> (7 * from_right) & 127);
  return place == 0 ? bits : static_cast<uint8_t>(bits | 128);
}

// `sign` is the bit of the sign alone.
int64_t sign_extended(uint64_t value, uint64_t sign) {
  return static_cast<int64_t>((value ^ sign) - sign);
}

}  // namespace

ListpackReader::ListpackReader(Bytes list) {
  uint32_t bytes = 0;
  uint16_t elements = 0;
  if (list.size() <= kHeadSize || static_cast<uint8_t>(list.back()) != kEnd) {
    ok_ = false;
    return;
  }
  std::memcpy(&bytes, list.data(), sizeof(bytes));
  std::memcpy(&elements, list.data() + sizeof(bytes), sizeof(elements));
  ok_ = bytes == list.size();
  rest_ = list.substr(kHeadSize, list.size() - kHeadSize - 1);
  counted_ = elements != kUncounted;
  elements_left_ = counted_ ? elements : (rest_.empty() ? 0 : 1);
  if (!ok_ || (elements_left_ == 0 && !rest_.empty())) fail();
}

bool ListpackReader::fail() {
  ok_ = false;
  elements_left_ = 0;
  return false;
}

uint64_t ListpackReader::little(size_t at, size_t count) const {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i)
    value |= uint64_t{static_cast<uint8_t>(rest_[at + i])} << (8 * i);
  return value;
}

bool ListpackReader::read_integer(uint8_t encoding, Element& element, size_t& size) const {
  element.is_integer = true;
  if (encoding < 0x80) {
    element.integer = encoding;
    size = 1;
    return true;
  }
  if ((encoding & 0xE0) == 0xC0) {
    if (rest_.size() < 2) return false;
    const uint64_t value = (uint64_t{encoding} & 0x1F) << 8 | static_cast<uint8_t>(rest_[1]);
    element.integer = sign_extended(value, uint64_t{1} << 12);
    size = 2;
    return true;
  }
  constexpr struct {
    size_t bytes;
    uint64_t sign;
  } kWidths[] = {{2, 1U << 15}, {3, 1U << 23}, {4, 1U << 31}, {8, uint64_t{1} << 63}};
  if (encoding < 0xF1 || encoding > 0xF4) return false;
  const auto& width = kWidths[encoding - 0xF1];
  if (rest_.size() < 1 + width.bytes) return false;
  element.integer = sign_extended(little(1, width.bytes), width.sign);
  size = 1 + width.bytes;
  return true;
}

bool ListpackReader::read(Element& element, size_t& size) const {
  const auto encoding = static_cast<uint8_t>(rest_[0]);
  size_t head = 0;
  uint64_t length = 0;
  if ((encoding & 0xC0) == 0x80) {
    head = 1;
    length = encoding & 0x3F;
  } else if ((encoding & 0xF0) == 0xE0) {
    if (rest_.size() < 2) return false;
    head = 2;
    length = (uint64_t{encoding} & 0x0F) << 8 | static_cast<uint8_t>(rest_[1]);
  } else if (encoding == 0xF0) {
    if (rest_.size() < 5) return false;
    head = 5;
    length = little(1, 4);
  } else {
    return read_integer(encoding, element, size);
  }
  if (length > rest_.size() - head) return false;
  element.is_integer = false;
  element.text = rest_.substr(head, length);
  size = head + length;
  return true;
}

bool ListpackReader::next(Element& element) {
  if (elements_left_ == 0) return false;
  size_t size = 0;
  if (rest_.empty() || !read(element, size) || rest_.size() - size < back_size(size)) return fail();
  for (size_t i = 0; i < back_size(size); ++i) {
    if (static_cast<uint8_t>(rest_[size + i]) != back_byte(size, i)) return fail();
  }
  rest_.remove_prefix(size + back_size(size));
  if (counted_) --elements_left_;
  if (rest_.empty() != (elements_left_ == 0)) {
    if (counted_) return fail();
    elements_left_ = 0;
  }
  return true;
}

ListpackWriter::ListpackWriter() {
  std::memset(out_.grow(kHeadSize), 0, kHeadSize);
}

void ListpackWriter::close(size_t start) {
  const size_t size = out_.size() - start;
  for (size_t i = 0; i < back_size(size); ++i)
    out_.push_back(static_cast<char>(back_byte(size, i)));
  ++elements_;
}

void ListpackWriter::integer(int64_t value) {
  const size_t start = out_.size();
  const auto bits = static_cast<uint64_t>(value);
  const auto put = [this, bits](uint8_t encoding, size_t width) {
    out_.push_back(static_cast<char>(encoding));
    for (size_t i = 0; i < width; ++i) out_.push_back(static_cast<char>(bits >> (8 * i)));
  };
  if (value >= 0 && value <= 127) {
    out_.push_back(static_cast<char>(value));
  } else if (value >= -4096 && value <= 4095) {
    out_.push_back(static_cast<char>(0xC0 | (bits >> 8 & 0x1F)));
    out_.push_back(static_cast<char>(bits));
  } else if (value >= INT16_MIN && value <= INT16_MAX) {
    put(0xF1, 2);
  } else if (value >= -(1 << 23) && value < (1 << 23)) {
    put(0xF2, 3);
  } else if (value >= INT32_MIN && value <= INT32_MAX) {
    put(0xF3, 4);
  } else {
    put(0xF4, 8);
  }
  close(start);
}

void ListpackWriter::string(Bytes text) {
  const size_t start = out_.size();
  const size_t size = text.size();
  if (size < 64) {
    out_.push_back(static_cast<char>(0x80 | size));
  } else if (size < 4096) {
    out_.push_back(static_cast<char>(0xE0 | size >> 8));
    out_.push_back(static_cast<char>(size));
  } else {
    out_.push_back(static_cast<char>(0xF0));
    for (size_t i = 0; i < 4; ++i) out_.push_back(static_cast<char>(size >> (8 * i)));
  }
  out_.append(text);
  close(start);
}

Bytes ListpackWriter::finish() {
  out_.push_back(static_cast<char>(kEnd));
  const auto bytes = static_cast<uint32_t>(out_.size());
  const auto elements = static_cast<uint16_t>(std::min<uint64_t>(elements_, kUncounted));
  std::memcpy(out_.bytes(), &bytes, sizeof(bytes));
  std::memcpy(out_.bytes() + sizeof(bytes), &elements, sizeof(elements));
  return out_.view();
}

}  // namespace leat
