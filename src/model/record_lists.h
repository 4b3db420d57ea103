// Lists inside the payloads of records.
#pragma once

#include "base/bytes.h"
#include "base/varint.h"
#include "model/stream_id.h"

namespace leat {

// Byte strings back to back; reading stops at the end or at the first malformed one.
void append_string(ByteBuffer& list, Bytes string);

// Ids back to back, each as the difference to the one before (the first to 0-0): ids of one batch
// cost two or three bytes.
class IdListWriter {
 public:
  explicit IdListWriter(ByteBuffer& out) : out_(&out) {}
  void add(StreamId id);
  [[nodiscard]] ByteBuffer& buffer() { return *out_; }

 private:
  ByteBuffer* out_;
  StreamId previous_;
};
class IdListReader {
 public:
  explicit IdListReader(Bytes list) : in_(list) {}
  // False at the end and at malformed input; ok() tells which.
  bool next(StreamId& id);
  [[nodiscard]] bool ok() const { return in_.ok(); }

 private:
  ByteReader in_;
  StreamId previous_;
};

}  // namespace leat
