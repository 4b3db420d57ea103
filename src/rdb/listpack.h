// Listpack: Redis' packed list of strings and integers, as it stands in payloads of DUMP.
//
//   u32 bytes in all · u16 elements (65535: count them) · elements · 0xFF
//   element   encoding, with a length or an integer · bytes · size of the two, to be read backwards
//
// Source     github.com/antirez/listpack, listpack.md
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace leat {

// Reads what may be anything: nothing beyond the bytes is touched, and sizes that disagree are found.
class ListpackReader {
 public:
  struct Element {
    bool is_integer = false;
    int64_t integer = 0;
    Bytes text;  // Of one that is no integer. Lent by the list.
  };

  explicit ListpackReader(Bytes list);

  // False at the end, or when the list is malformed: ok() tells.
  [[nodiscard]] bool next(Element& element);
  // Nothing that is malformed has been met; at the end: the list is well-formed.
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return elements_left_ == 0; }

 private:
  bool fail();
  [[nodiscard]] bool read(Element& element, size_t& size) const;
  [[nodiscard]] bool read_integer(uint8_t encoding, Element& element, size_t& size) const;
  // `count` bytes, little end first.
  [[nodiscard]] uint64_t little(size_t at, size_t count) const;

  Bytes rest_;                  // The elements that are left, without the end's byte.
  uint64_t elements_left_ = 0;  // 0 with ok(): the end.
  bool counted_ = false;        // elements_left_ is what the head says.
  bool ok_ = true;
};

// Writes one; whole after finish().
class ListpackWriter {
 public:
  ListpackWriter();
  void integer(int64_t value);
  void string(Bytes text);
  // Bytes so far.
  [[nodiscard]] size_t size() const { return out_.size(); }
  // Ends the list. Lent until the writer goes.
  [[nodiscard]] Bytes finish();

 private:
  // Ends the element that began at `start`.
  void close(size_t start);

  ByteBuffer out_;
  uint64_t elements_ = 0;
};

}  // namespace leat
