// LongReply: the rest of a reply that is too large to be written at once, written bit by bit
// (docs/adr/0017-large-replies-in-pieces.md).
//
// Contract   what it writes, with what the command has written itself, is the reply that the command would have
//            written whole, whatever has happened to the streams since.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "engine/frame_cache.h"
#include "engine/stream_snapshot.h"
#include "resp/reply_writer.h"

namespace leat {

class LongReply {
 public:
  enum class State : uint8_t {
    kMore,
    kDone,
    kMissing,     // It goes on when frames are open that the cache has noted.
    kUnreadable,  // It can't go on.
  };

  explicit LongReply(Protocol protocol) : protocol_(protocol) {}
  LongReply(const LongReply&) = delete;
  LongReply& operator=(const LongReply&) = delete;

  // Text in wire form.
  void add(std::string text) {
    held_bytes_ += text.size();
    parts_.push_back({.text = std::move(text)});
  }
  // `count` of the entries that stand between `first` and `last` now, all or the first ones in that order. There are as
  // many.
  void add(const Stream& stream, StreamId first, StreamId last, StreamSnapshot::Order order,
           uint64_t count) {
    parts_.push_back(
        {.entries = std::make_unique<StreamSnapshot>(stream, first, last, order, &held_bytes_),
         .count = count});
  }
  // Writes about `bytes` more, an entry too many at most. Between FrameCache::begin() and end().
  State write(FrameCache& frames, ByteBuffer& out, size_t bytes);
  // Bytes that are kept for it, about.
  [[nodiscard]] size_t held_bytes() const {
    return held_bytes_ + parts_.size() * (sizeof(Part) + sizeof(StreamSnapshot));
  }

 private:
  // Text, or entries.
  struct Part {
    std::string text;
    std::unique_ptr<StreamSnapshot> entries;
    uint64_t count = 0;
  };

  Protocol protocol_;
  size_t held_bytes_ = 0;   // Of texts, and for snapshots, which count it themselves.
  std::deque<Part> parts_;  // What is left.
};

}  // namespace leat
