#include "model/record_lists.h"

namespace leat {

void append_string(ByteBuffer& list, Bytes string) {
  append_varint(list, string.size());
  list.append(string);
}

void IdListWriter::add(StreamId id) {
  append_varint(*out_, zigzag(static_cast<int64_t>(id.ms - previous_.ms)));
  if (id.ms == previous_.ms) {
    append_varint(*out_, zigzag(static_cast<int64_t>(id.seq - previous_.seq)));
  } else {
    append_varint(*out_, id.seq);
  }
  previous_ = id;
}

bool IdListReader::next(StreamId& id) {
  if (in_.done()) return false;
  const auto ms_step = static_cast<uint64_t>(in_.signed_varint());
  previous_.ms += ms_step;
  previous_.seq =
      ms_step == 0 ? previous_.seq + static_cast<uint64_t>(in_.signed_varint()) : in_.varint();
  id = previous_;
  return in_.ok();
}

}  // namespace leat
