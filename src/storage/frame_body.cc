#include "storage/frame_body.h"

#include <algorithm>

#include "base/wire_length.h"

namespace leat {
namespace {

constexpr uint8_t kWhole = kFrameShapesMax;
constexpr size_t kBlockFactsMin = 9;  // Bytes that a block's facts take at least.

// A varint in the one form that put_varint() gives.
//   returns  false when it is longer than need be.
bool exact_varint(ByteReader& in, uint64_t& value) {
  const char* const start = in.position();
  value = in.varint();
  return in.ok() && (in.position() - start == 1 || in.position()[-1] != 0);
}

// Times and numbers are differences modulo 2^64, so that every value has one, also where ids are not in order.
void put_facts(const BlockImage& image, StreamId before, uint64_t count, ByteBuffer& out) {
  append_varint(out, image.first_id.ms - before.ms);
  append_varint(out, image.first_id.seq);
  append_varint(out, image.last_id.ms - image.first_id.ms);
  append_varint(out, image.last_id.seq);
  append_varint(out, image.live);
  append_varint(out, image.deleted);
  append_varint(out, image.node_bytes);
  append_varint(out, image.rows.size());
  append_varint(out, count);
}

struct BlockFacts {
  uint64_t rows_bytes = 0;
  uint64_t count = 0;  // Entries; 0 where rows are not split.
};

bool read_facts(ByteReader& in, StreamId before, BlockImage& image, BlockFacts& facts) {
  image.first_id.ms = before.ms + in.varint();
  image.first_id.seq = in.varint();
  image.last_id.ms = image.first_id.ms + in.varint();
  image.last_id.seq = in.varint();
  const uint64_t live = in.varint();
  const uint64_t deleted = in.varint();
  image.live = static_cast<uint32_t>(live);
  image.deleted = static_cast<uint32_t>(deleted);
  image.node_bytes = in.varint();
  facts.rows_bytes = in.varint();
  facts.count = in.varint();
  return in.ok() && live <= UINT32_MAX && deleted <= UINT32_MAX;
}

size_t varint_size(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

size_t decimal_size(uint64_t value) {
  size_t size = 1;
  for (; value >= 10; value /= 10) ++size;
  return size;
}

// Bytes of a value's wire form.
size_t wire_size(Bytes value) {
  return 1 + decimal_size(value.size()) + 2 + value.size() + 2;
}

char* put_bytes(char* out, Bytes bytes) {
  std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

std::string wire_of(Bytes value) {
  std::string wire(wire_size(value), '\0');
  put_wire(wire.data(), value);
  return wire;
}

}  // namespace

void FrameBodyWriter::write(const BlockImages& images, ByteBuffer& out) {
  shapes_.clear();
  shape_of_.clear();
  live_.clear();
  whole_.clear();
  whole_elements_.clear();
  ms_.clear();
  seq_.clear();
  counts_.clear();
  const bool columns =
      std::ranges::all_of(images, [this](const auto& image) { return split(image); });
  out.push_back(static_cast<char>(columns ? FrameCoding::kColumns : FrameCoding::kRows));
  append_varint(out, images.size());
  StreamId before;
  for (size_t i = 0; i < images.size(); ++i) {
    put_facts(images[i], before, columns ? counts_[i] : 0, out);
    before = images[i].last_id;
  }
  if (columns) return put_columns(out);
  for (const BlockImage& image : images) out.append(image.rows.view());
}

// Takes the rows apart; false when they are not what rows should be.
bool FrameBodyWriter::split(const BlockImage& image) {
  const size_t before = live_.size();
  last_ms_ = last_seq_ = 0;
  ByteReader rows(image.rows.view());
  while (!rows.done()) {
    if (!split_row(rows)) return false;
  }
  counts_.push_back(live_.size() - before);
  return true;
}

bool FrameBodyWriter::split_row(ByteReader& rows) {
  const uint8_t live = rows.u8();
  uint64_t size = 0;
  uint64_t elements = 0;
  uint64_t ms = 0;
  uint64_t seq = 0;
  if (live > 1 || !exact_varint(rows, size) || !exact_varint(rows, elements) ||
      !exact_varint(rows, ms) || !exact_varint(rows, seq))
    return false;
  const Bytes wire = rows.bytes(size);
  if (!rows.ok()) return false;
  live_.push_back(live);
  append_varint(ms_, ms - last_ms_);
  append_varint(seq_, ms == last_ms_ ? seq - last_seq_ : seq);
  last_ms_ = ms;
  last_seq_ = seq;
  put_entry(elements, wire);
  return true;
}

// Entries of the last one's shape are the most frequent by far; the others are looked up in order.
void FrameBodyWriter::put_entry(uint64_t elements, Bytes wire) {
  const size_t likely = shape_of_.empty() || shape_of_.back() == kWhole ? 0 : shape_of_.back();
  if (likely < shapes_.size() && put_values(likely, elements, wire)) return;
  for (size_t shape = 0; shape < shapes_.size(); ++shape) {
    if (shape != likely && put_values(shape, elements, wire)) return;
  }
  if (shapes_.size() < kFrameShapesMax && add_shape(elements, wire) &&
      put_values(shapes_.size() - 1, elements, wire))
    return;
  shape_of_.push_back(kWhole);
  append_varint(whole_elements_, elements);
  whole_.push_back(wire);
}

// False, and nothing has changed, when the entry is of another shape.
bool FrameBodyWriter::put_values(size_t number, uint64_t elements, Bytes wire) {
  Shape& shape = shapes_[number];
  if (elements != 2 * shape.fields.size()) return false;
  const char* at = wire.data();
  const char* const end = at + wire.size();
  values_.clear();
  for (const std::string& field : shape.fields) {
    if (static_cast<size_t>(end - at) < field.size() ||
        std::memcmp(at, field.data(), field.size()) != 0)
      return false;
    Bytes value;
    at = read_wire(at + field.size(), end, value);
    if (at == nullptr) return false;
    values_.push_back(value);
  }
  if (at != end) return false;
  for (size_t i = 0; i < values_.size(); ++i) shape.columns[i].push_back(values_[i]);
  shape_of_.push_back(static_cast<uint8_t>(number));
  return true;
}

bool FrameBodyWriter::add_shape(uint64_t elements, Bytes wire) {
  if (elements == 0 || elements % 2 != 0 || elements > 2 * kFrameFieldsMax) return false;
  Shape shape;
  const char* at = wire.data();
  const char* const end = at + wire.size();
  for (uint64_t i = 0; i < elements; ++i) {
    Bytes element;
    at = read_wire(at, end, element);
    if (at == nullptr) return false;
    if (i % 2 == 0) shape.fields.push_back(wire_of(element));
  }
  if (at != end) return false;
  shape.columns.resize(shape.fields.size());
  shapes_.push_back(std::move(shape));
  return true;
}

void FrameBodyWriter::put_columns(ByteBuffer& out) {
  const bool all_live = std::ranges::all_of(live_, [](uint8_t live) { return live == 1; });
  out.push_back(all_live ? 1 : 0);
  if (!all_live) out.append({reinterpret_cast<const char*>(live_.data()), live_.size()});
  append_counted(out, ms_.view());
  append_counted(out, seq_.view());
  append_varint(out, shapes_.size());
  for (const Shape& shape : shapes_) {
    append_varint(out, shape.fields.size());
    for (const std::string& field : shape.fields) append_counted(out, field);
  }
  const bool one_shape = shapes_.size() == 1 && whole_.empty();
  out.push_back(one_shape ? 1 : 0);
  if (!one_shape) out.append({reinterpret_cast<const char*>(shape_of_.data()), shape_of_.size()});
  for (const Shape& shape : shapes_) {
    for (const std::vector<Bytes>& column : shape.columns) columns_.put(column, out);
  }
  append_counted(out, whole_elements_.view());
  if (!whole_.empty()) columns_.put(whole_, out);
}

namespace {

// Puts rows together again.
class Rows {
 public:
  explicit Rows(ByteReader& in) : in_(in) {}

  // Takes what stands before the values off the input. `count` entries follow.
  bool open(uint64_t count);
  // Renders `facts.count` entries, which take exactly `facts.rows_bytes`.
  bool render(const BlockFacts& facts, ByteBuffer& rows);
  [[nodiscard]] bool done() const;

 private:
  struct Shape {
    std::vector<Bytes> fields;
    std::vector<ColumnReader> columns;
    size_t fields_bytes = 0;
    uint64_t count = 0;
  };

  bool read_shapes(uint64_t count);
  bool render_row(ByteBuffer& rows, uint64_t room);
  bool render_values(Shape& shape, ByteBuffer& rows, uint64_t room);
  bool render_whole(ByteBuffer& rows, uint64_t room);
  // The row but for its wire form; none when that has no room.
  char* render_head(ByteBuffer& rows, uint64_t room, uint64_t size, uint64_t elements);

  ByteReader& in_;
  bool all_live_ = false;
  Bytes live_;
  ByteReader ms_{Bytes()};
  ByteReader seq_{Bytes()};
  std::vector<Shape> shapes_;
  bool one_shape_ = false;
  Bytes shape_of_;
  ByteReader whole_elements_{Bytes()};
  ColumnReader whole_;
  uint64_t whole_count_ = 0;
  std::vector<Bytes> values_;
  size_t at_ = 0;  // The entry.
  uint64_t last_ms_ = 0;
  uint64_t last_seq_ = 0;
};

bool Rows::open(uint64_t count) {
  all_live_ = in_.u8() == 1;
  if (!all_live_) live_ = in_.bytes(count);
  ms_ = ByteReader(in_.string());
  seq_ = ByteReader(in_.string());
  if (!read_shapes(count)) return false;
  for (Shape& shape : shapes_) {
    for (ColumnReader& column : shape.columns) {
      if (!column.open(in_, shape.count)) return false;
    }
  }
  whole_elements_ = ByteReader(in_.string());
  if (whole_count_ != 0 && !whole_.open(in_, whole_count_)) return false;
  return in_.ok();
}

bool Rows::read_shapes(uint64_t count) {
  const uint64_t shapes = in_.varint();
  if (shapes > kFrameShapesMax) return false;
  shapes_.resize(shapes);
  for (Shape& shape : shapes_) {
    const uint64_t fields = in_.varint();
    if (fields == 0 || fields > kFrameFieldsMax) return false;
    for (uint64_t i = 0; i < fields; ++i) {
      shape.fields.push_back(in_.string());
      shape.fields_bytes += shape.fields.back().size();
    }
    shape.columns.resize(fields);
  }
  one_shape_ = in_.u8() == 1;
  if (one_shape_) {
    if (shapes != 1) return false;
    shapes_[0].count = count;
    return in_.ok();
  }
  shape_of_ = in_.bytes(count);
  for (const char byte : shape_of_) {
    const auto shape = static_cast<uint8_t>(byte);
    if (shape != kWhole && shape >= shapes) return false;
    ++(shape == kWhole ? whole_count_ : shapes_[shape].count);
  }
  return in_.ok();
}

bool Rows::render(const BlockFacts& facts, ByteBuffer& rows) {
  rows.reserve(facts.rows_bytes);
  last_ms_ = last_seq_ = 0;
  for (uint64_t i = 0; i < facts.count; ++i) {
    if (!render_row(rows, facts.rows_bytes - rows.size())) return false;
  }
  return rows.size() == facts.rows_bytes && ms_.ok() && seq_.ok();
}

bool Rows::render_row(ByteBuffer& rows, uint64_t room) {
  const uint64_t ms = last_ms_ + ms_.varint();
  const uint64_t seq = seq_.varint();
  last_seq_ = ms == last_ms_ ? last_seq_ + seq : seq;
  last_ms_ = ms;
  const auto shape = one_shape_ ? uint8_t{0} : static_cast<uint8_t>(shape_of_[at_]);
  const bool rendered =
      shape == kWhole ? render_whole(rows, room) : render_values(shapes_[shape], rows, room);
  ++at_;
  return rendered;
}

char* Rows::render_head(ByteBuffer& rows, uint64_t room, uint64_t size, uint64_t elements) {
  const size_t head = 1 + varint_size(size) + varint_size(elements) + varint_size(last_ms_) +
                      varint_size(last_seq_);
  if (head > room || size > room - head) return nullptr;
  char* out = rows.grow(head + size);
  *out++ = all_live_ ? '\1' : live_[at_];
  out = put_varint(out, size);
  out = put_varint(out, elements);
  out = put_varint(out, last_ms_);
  return put_varint(out, last_seq_);
}

bool Rows::render_values(Shape& shape, ByteBuffer& rows, uint64_t room) {
  values_.clear();
  uint64_t size = shape.fields_bytes;
  for (ColumnReader& column : shape.columns) {
    values_.push_back(column.next());
    if (!column.ok()) return false;
    size += wire_size(values_.back());
  }
  char* out = render_head(rows, room, size, 2 * shape.fields.size());
  if (out == nullptr) return false;
  for (size_t i = 0; i < values_.size(); ++i) {
    out = put_bytes(out, shape.fields[i]);
    out = put_wire(out, values_[i]);
  }
  return true;
}

bool Rows::render_whole(ByteBuffer& rows, uint64_t room) {
  const uint64_t elements = whole_elements_.varint();
  const Bytes wire = whole_.next();
  if (!whole_elements_.ok() || !whole_.ok()) return false;
  char* const out = render_head(rows, room, wire.size(), elements);
  if (out == nullptr) return false;
  if (!wire.empty()) put_bytes(out, wire);
  return true;
}

bool Rows::done() const {
  const auto read = [](const Shape& shape) {
    return std::ranges::all_of(shape.columns, [](const auto& column) { return column.done(); });
  };
  return ms_.done() && seq_.done() && whole_elements_.done() &&
         (whole_count_ == 0 || whole_.done()) && std::ranges::all_of(shapes_, read);
}

// The facts of all blocks; false when they promise more than `rows_bytes`.
bool read_all_facts(ByteReader& in, uint64_t rows_bytes, BlockImages& images,
                    std::vector<BlockFacts>& facts) {
  const uint64_t blocks = in.varint();
  if (blocks > in.left() / kBlockFactsMin) return false;
  images.resize(blocks);
  facts.resize(blocks);
  StreamId before;
  for (uint64_t i = 0; i < blocks; ++i) {
    if (!read_facts(in, before, images[i], facts[i])) return false;
    before = images[i].last_id;
    if (facts[i].rows_bytes > rows_bytes || facts[i].count > facts[i].rows_bytes) return false;
    rows_bytes -= facts[i].rows_bytes;
  }
  return rows_bytes == 0;
}

}  // namespace

bool read_frame_body(Bytes body, uint64_t rows_bytes, BlockImages& images) {
  ByteReader in(body);
  const auto coding = static_cast<FrameCoding>(in.u8());
  images.clear();
  std::vector<BlockFacts> facts;
  if (!read_all_facts(in, rows_bytes, images, facts)) return false;
  if (coding == FrameCoding::kRows) {
    for (size_t i = 0; i < images.size(); ++i) images[i].rows.append(in.bytes(facts[i].rows_bytes));
    return in.ok() && in.done();
  }
  if (coding != FrameCoding::kColumns) return false;
  uint64_t count = 0;
  for (const BlockFacts& block : facts) count += block.count;
  Rows rows(in);
  if (!rows.open(count)) return false;
  for (size_t i = 0; i < images.size(); ++i) {
    if (!rows.render(facts[i], images[i].rows)) return false;
  }
  return rows.done() && in.done();
}

}  // namespace leat
