// ReplyWriter: replies in the protocol version of one connection, appended to its output buffer.
//
// Contract   what is written parses to exactly one value per call sequence that makes up a value: an
//            aggregate announces how many elements follow. CR and LF never leak into a simple string
//            or an error line: they become spaces. No allocation but the buffer's own growth.
// Ownership  borrows the buffer for its life.
// Source     redis.io/docs/latest/develop/reference/protocol-spec
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace leat {

enum class Protocol : uint8_t { kResp2 = 2, kResp3 = 3 };

class ReplyWriter {
 public:
  ReplyWriter(ByteBuffer& out, Protocol protocol) : out_(&out), protocol_(protocol) {}

  [[nodiscard]] Protocol protocol() const { return protocol_; }
  [[nodiscard]] ByteBuffer& buffer() { return *out_; }

  void simple(Bytes text);
  void ok() { raw("+OK\r\n"); }
  // `text` with its code and without the leading '-': "ERR syntax error".
  [[gnu::cold, gnu::noinline]] void error(Bytes text);
  void integer(int64_t value);
  void bulk(Bytes bytes);
  // An integer as a bulk string, as XPENDING's summary has it.
  void bulk_integer(int64_t value);
  void null();        // RESP2 null bulk "$-1", RESP3 "_".
  void null_array();  // RESP2 null array "*-1", RESP3 "_".
  void array(size_t count);
  void map(size_t pairs);    // RESP2: flat array of 2 * pairs.
  void set(size_t count);    // RESP2: array.
  void push(size_t count);   // RESP2: array.
  void boolean(bool value);  // RESP2: integer 1 or 0.
  // Shortest text that reads back the same; inf, -inf, nan. RESP2: bulk string.
  void real(double value);
  // `format` has three letters ("txt"). RESP2: bulk string.
  void verbatim(Bytes format, Bytes text);
  // Bytes that are RESP already.
  void raw(Bytes wire) { out_->append(wire); }

  // Writes an aggregate whose count is known only afterwards: begin() marks where its header belongs,
  // end_array/end_map put it there (moving what was written since). O(bytes written since).
  [[nodiscard]] size_t begin() const { return out_->size(); }
  void end_array(size_t mark, size_t count);
  void end_map(size_t mark, size_t pairs);

 private:
  void line(char type, Bytes text);
  void header(char type, uint64_t count);
  void aggregate(char type, size_t count);
  void insert(size_t mark, char type, uint64_t count);

  ByteBuffer* out_;
  Protocol protocol_;
};

}  // namespace leat
