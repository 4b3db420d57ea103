// NodeModel: how many bytes Redis' listpack node would hold for the same entries.
//
// `MAXLEN ~` and `MINID ~` drop whole nodes, so where nodes end is visible to clients and asserted by
// their tests; a node ends by count (stream-node-max-entries) or by bytes (stream-node-max-bytes), and the
// bytes are those of Redis' encoding, not ours.
//
// Source     the layout of listpack elements and of stream nodes (docs/differences.md, "Stream nodes").
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/bytes.h"
#include "model/stream_id.h"

namespace leat {

class NodeModel {
 public:
  static constexpr uint64_t kBytesMax = std::numeric_limits<uint32_t>::max();

  // At most kBytesMax.
  explicit NodeModel(uint64_t bytes = 0) : bytes_(static_cast<uint32_t>(bytes)) {}

  // Bytes of the node so far; 0 before the first entry.
  [[nodiscard]] size_t bytes() const { return bytes_; }

  // Accounts for the entry `id`; `first` and `first_wire` are the node's first entry (itself at first).
  //   returns  false, and nothing has changed, when `wire` is not `elements` bulk strings back to back, or the node would
  //            be larger than kBytesMax.
  //            This is the one walk over an entry's fields, so it is where they are checked.
  [[nodiscard]] bool add(StreamId first, Bytes first_wire, uint32_t first_elements, StreamId id,
                         Bytes wire, uint32_t elements);

 private:
  uint32_t bytes_;
};

}  // namespace leat
