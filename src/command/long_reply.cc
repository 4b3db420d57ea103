#include "command/long_reply.h"

#include "command/stream_words.h"

namespace leat {

LongReply::State LongReply::write(FrameCache& frames, ByteBuffer& out, size_t bytes) {
  ReplyWriter writer(out, protocol_);
  const size_t start = out.size();
  while (!parts_.empty()) {
    Part& part = parts_.front();
    out.append(part.text);
    held_bytes_ -= part.text.size();
    part.text.clear();
    const auto full = [&out, start, bytes] { return out.size() - start >= bytes; };
    if (part.count != 0) {
      part.entries->visit(bytes, [&](const EntryView& entry) {
        reply_entry(writer, entry);
        return --part.count != 0 && !full();
      });
    }
    if (frames.trouble() == FrameCache::Trouble::kMissing) return State::kMissing;
    if (frames.trouble() == FrameCache::Trouble::kUnreadable) return State::kUnreadable;
    if (part.count == 0) {
      parts_.pop_front();
    } else {
      // As many entries were announced as the snapshot has.
      LEAT_CHECK(!part.entries->done());
    }
    if (full() && !parts_.empty()) return State::kMore;
  }
  return State::kDone;
}

}  // namespace leat
