#include "server/output.h"

namespace leat {
namespace {

// A buffer that one large reply has grown is given back once it is empty.
constexpr size_t kCapacityKept = size_t{64} << 10;
// Moving the rest of a buffer to its start pays once that much has been sent.
constexpr size_t kConsumeFrom = size_t{256} << 10;

}  // namespace

void Output::add_mark(Lsn release, Lsn released) {
  if (marks_.empty() && release <= released) {
    released_ = bytes_.size();
  } else if (!marks_.empty() && release <= marks_.back().lsn) {
    marks_.back().end = bytes_.size();
  } else {
    // A mark that is in flight is left alone, or a client that never stops sending would never be answered.
    marks_.push_back({bytes_.size(), release});
  }
}

void Output::release(Lsn released) {
  auto mark = marks_.begin();
  for (; mark != marks_.end() && mark->lsn <= released; ++mark) released_ = mark->end;
  marks_.erase(marks_.begin(), mark);
}

void Output::sent(size_t count) {
  sent_ += count;
  LEAT_CHECK(sent_ <= released_);
  if (sent_ == bytes_.size()) {
    bytes_.clear();
    if (bytes_.capacity() > kCapacityKept) bytes_.release();
  } else if (sent_ >= kConsumeFrom && sent_ >= bytes_.size() / 2) {
    bytes_.consume(sent_);
  } else {
    return;
  }
  released_ -= sent_;
  // There may be marks though all has been sent: of writes whose replies are dropped.
  for (Mark& mark : marks_) mark.end -= sent_;
  sent_ = 0;
}

}  // namespace leat
