// Output: what is to leave one connection, in order, each part not before its LSN has been released.
//
// A reply, a push or a monitor line carries the LSN of the newest change it shows. The queue is FIFO: what
// stands behind a waiting part waits too. Parts of one turn share one mark, as one commit covers them all.
//
// Invariant  sent <= released <= size of the buffer; marks increase in both offset and LSN.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "model/ids.h"

namespace leat {

class Output {
 public:
  // Where replies are written; tell added() afterwards.
  [[nodiscard]] ByteBuffer& buffer() { return bytes_; }
  // What has been written since the last call waits for `release`. What is beyond `committed` will be covered by one commit;
  // `released()` says what need not wait any more.
  template <typename Released>
  void added(Lsn release, Lsn committed, Released&& released) {
    if (!marks_.empty() && marks_.back().lsn > committed) [[likely]] {
      // The same commit covers both.
      marks_.back() = {bytes_.size(), std::max(marks_.back().lsn, release)};
    } else {
      add_mark(release, released());
    }
  }
  // Lets everything go that waits for at most `released`.
  void release(Lsn released);

  // Released and not yet sent. Dies with the next change of the buffer.
  [[nodiscard]] Bytes sendable() const { return {bytes_.bytes() + sent_, released_ - sent_}; }
  void sent(size_t count);

  [[nodiscard]] size_t pending() const { return bytes_.size() - sent_; }
  [[nodiscard]] bool empty() const { return pending() == 0; }
  [[nodiscard]] bool waiting() const { return !marks_.empty(); }
  [[nodiscard]] size_t capacity() const { return bytes_.capacity(); }

 private:
  void add_mark(Lsn release, Lsn released);

  struct Mark {
    size_t end = 0;
    Lsn lsn;
  };

  ByteBuffer bytes_;
  std::vector<Mark> marks_;  // One or two: what is in flight and what gathers behind it.
  size_t sent_ = 0;
  size_t released_ = 0;
};

}  // namespace leat
