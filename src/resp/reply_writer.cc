#include "resp/reply_writer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/numbers.h"

namespace leat {
namespace {

// "$18446744073709551615\r\n"
constexpr size_t kHeaderBytesMax = 1 + kDecimalBytesMax + 2;

char* put_line_end(char* out) {
  out[0] = '\r';
  out[1] = '\n';
  return out + 2;
}

char* put_header(char* out, char type, uint64_t count) {
  *out = type;
  return put_line_end(put_decimal(out + 1, count));
}

char* put(char* out, Bytes bytes) {
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

void commit(ByteBuffer& out, const char* begin, const char* end) {
  out.commit(static_cast<size_t>(end - begin));
}

}  // namespace

void ReplyWriter::simple(Bytes text) {
  line('+', text);
}

void ReplyWriter::error(Bytes text) {
  line('-', text);
}

void ReplyWriter::integer(int64_t value) {
  char* const begin = out_->room(kHeaderBytesMax);
  *begin = ':';
  commit(*out_, begin, put_line_end(put_decimal(begin + 1, value)));
}

void ReplyWriter::bulk(Bytes bytes) {
  char* const begin = out_->room(kHeaderBytesMax + bytes.size() + 2);
  char* const payload = put_header(begin, '$', bytes.size());
  commit(*out_, begin, put_line_end(put(payload, bytes)));
}

void ReplyWriter::bulk_integer(int64_t value) {
  std::array<char, kDecimalBytesMax> text;
  const char* const end = put_decimal(text.data(), value);
  bulk({text.data(), static_cast<size_t>(end - text.data())});
}

void ReplyWriter::null() {
  raw(protocol_ == Protocol::kResp3 ? "_\r\n" : "$-1\r\n");
}

void ReplyWriter::null_array() {
  raw(protocol_ == Protocol::kResp3 ? "_\r\n" : "*-1\r\n");
}

void ReplyWriter::array(size_t count) {
  header('*', count);
}

void ReplyWriter::map(size_t pairs) {
  if (protocol_ == Protocol::kResp3) {
    header('%', pairs);
  } else {
    header('*', 2 * pairs);
  }
}

void ReplyWriter::set(size_t count) {
  aggregate('~', count);
}

void ReplyWriter::push(size_t count) {
  aggregate('>', count);
}

void ReplyWriter::boolean(bool value) {
  if (protocol_ == Protocol::kResp3) {
    raw(value ? "#t\r\n" : "#f\r\n");
  } else {
    raw(value ? ":1\r\n" : ":0\r\n");
  }
}

void ReplyWriter::real(double value) {
  std::array<char, kDoubleBytesMax> text;
  const char* const end = put_double(text.data(), value);
  const Bytes digits(text.data(), static_cast<size_t>(end - text.data()));
  if (protocol_ == Protocol::kResp3) {
    line(',', digits);
  } else {
    bulk(digits);
  }
}

void ReplyWriter::verbatim(Bytes format, Bytes text) {
  LEAT_CHECK(format.size() == 3);
  if (protocol_ == Protocol::kResp2) return bulk(text);
  const size_t size = format.size() + 1 + text.size();
  char* const begin = out_->room(kHeaderBytesMax + size + 2);
  char* const body = put(put_header(begin, '=', size), format);
  *body = ':';
  commit(*out_, begin, put_line_end(put(body + 1, text)));
}

void ReplyWriter::end_array(size_t mark, size_t count) {
  insert(mark, '*', count);
}

void ReplyWriter::end_map(size_t mark, size_t pairs) {
  if (protocol_ == Protocol::kResp3) {
    insert(mark, '%', pairs);
  } else {
    insert(mark, '*', 2 * pairs);
  }
}

void ReplyWriter::line(char type, Bytes text) {
  char* const begin = out_->room(1 + text.size() + 2);
  *begin = type;
  char* const end = put(begin + 1, text);
  std::replace_if(begin + 1, end, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  commit(*out_, begin, put_line_end(end));
}

void ReplyWriter::header(char type, uint64_t count) {
  char* const begin = out_->room(kHeaderBytesMax);
  commit(*out_, begin, put_header(begin, type, count));
}

// An aggregate that is an array in RESP2.
void ReplyWriter::aggregate(char type, size_t count) {
  header(protocol_ == Protocol::kResp3 ? type : '*', count);
}

void ReplyWriter::insert(size_t mark, char type, uint64_t count) {
  LEAT_CHECK(mark <= out_->size());
  std::array<char, kHeaderBytesMax> text;
  const size_t size = static_cast<size_t>(put_header(text.data(), type, count) - text.data());
  const size_t moved = out_->size() - mark;
  out_->grow(size);
  char* const at = out_->bytes() + mark;
  std::memmove(at + size, at, moved);
  std::memcpy(at, text.data(), size);
}

}  // namespace leat
