#include "command/stream_words.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "base/numbers.h"
#include "model/record_lists.h"

namespace leat {
namespace {

constexpr size_t kCountLineMax = 1 + kDecimalBytesMax + 2;  // "*12\r\n"
constexpr size_t kReplyIdMax = kCountLineMax + kStreamIdTextMax + 2;

// Writes an id as a bulk string at `out`, which has room for kReplyIdMax bytes; returns the end. The text is written
// in place, behind a length of two digits; the rare shorter one is moved.
char* put_reply_id(char* out, StreamId id) {
  constexpr size_t kHead = 5;  // "$16\r\n"
  char* end = format_stream_id(id, out + kHead);
  const auto size = static_cast<size_t>(end - (out + kHead));
  out[0] = '$';
  if (size >= 10) {
    out[1] = static_cast<char>('0' + size / 10);
    out[2] = static_cast<char>('0' + size % 10);
    std::memcpy(out + 3, "\r\n", 2);
  } else {
    out[1] = static_cast<char>('0' + size);
    std::memcpy(out + 2, "\r\n", 2);
    std::memmove(out + kHead - 1, out + kHead, size);
    --end;
  }
  std::memcpy(end, "\r\n", 2);
  return end + 2;
}

enum class Edge : uint8_t { kStart, kEnd };

bool read_range_edge(Context& context, Bytes word, Edge edge, StreamId& id) {
  const uint64_t missing_seq = edge == Edge::kStart ? 0 : std::numeric_limits<uint64_t>::max();
  const bool exclusive = word.size() > 1 && word[0] == '(';
  if (!exclusive && word == "-") {
    id = StreamId::min();
    return true;
  }
  if (!exclusive && word == "+") {
    id = StreamId::max();
    return true;
  }
  if (!read_id(context, exclusive ? word.substr(1) : word, missing_seq, id)) return false;
  if (!exclusive) return true;
  if (id == (edge == Edge::kStart ? StreamId::max() : StreamId::min())) {
    context.error(edge == Edge::kStart ? kErrInvalidRangeStart : kErrInvalidRangeEnd);
    return false;
  }
  id = edge == Edge::kStart ? id.next() : id.previous();
  return true;
}

}  // namespace

bool read_id(Context& context, Bytes word, uint64_t missing_seq, StreamId& id) {
  const auto parsed = parse_stream_id(word, missing_seq);
  if (!parsed) {
    context.error(kErrInvalidStreamId);
    return false;
  }
  id = *parsed;
  return true;
}

bool read_range_start(Context& context, Bytes word, StreamId& first) {
  return read_range_edge(context, word, Edge::kStart, first);
}

bool read_range_end(Context& context, Bytes word, StreamId& last) {
  return read_range_edge(context, word, Edge::kEnd, last);
}

bool read_integer(Context& context, Bytes word, int64_t& value) {
  const auto parsed = parse_int64(word);
  if (!parsed) {
    context.error(kErrNotInteger);
    return false;
  }
  value = *parsed;
  return true;
}

bool can_place(const Context& context, const Stream& stream, StreamId last_delivered) {
  if (stream.sealed()) static_cast<void>(stream.count_after(last_delivered));
  return !context.lacks_entries();
}

bool find_group(Context& context, const Arguments& words, const Object*& object,
                const Group*& group) {
  if (!context.find(words[1], ObjectKind::kStream, object)) return false;
  group = object == nullptr ? nullptr : object->stream()->groups().find(words[2]);
  if (group != nullptr) return true;
  context.error(fmt::format("NOGROUP No such key '{}' or consumer group '{}'", words[1], words[2]));
  return false;
}

Bytes owner_name(const Group& group, const PendingEntry& pending) {
  return pending.owner == kNoOwner ? Bytes() : Bytes(group.consumer(pending.owner)->name);
}

int64_t plan_acknowledgement(const PendingEntries& pending, const std::vector<StreamId>& ids,
                             IdListWriter& ranges) {
  int64_t count = 0;
  bool open = false;
  StreamId last;
  auto cursor = pending.cursor_from(ids.front());
  const auto close = [&] {
    if (open) ranges.add(last);
    open = false;
  };
  for (const StreamId id : ids) {
    if (cursor.valid() && cursor.entry().id < id) {
      close();
      cursor = pending.cursor_from(id);
    }
    if (!cursor.valid()) break;
    if (cursor.entry().id != id) continue;
    if (!open) ranges.add(id);
    open = true;
    last = id;
    ++count;
    cursor.advance();
  }
  close();
  return count;
}

void reply_no_such_group(Context& context, Bytes key, Bytes group) {
  context.error(fmt::format("NOGROUP No such consumer group '{}' for key name '{}'", group, key));
}

bool may_have_consumer(Context& context, const Group& group, Bytes name) {
  if (group.next_consumer.value != kConsumerIdEnd || group.consumer(name) != nullptr) return true;
  context.error("ERR the group has had as many consumers as it can name; create another group");
  return false;
}

bool create_consumer(Context& context, const Object& object, const Group& group, Bytes name) {
  if (!may_have_consumer(context, group, name)) return false;
  context.commit(ConsumerCreate{.object = object.id,
                                .group = group.id,
                                .consumer = group.next_consumer,
                                .at = context.now().wall,
                                .name = name});
  context.notify(EventClass::kStream, "xgroup-createconsumer", object.key);
  return true;
}

const Consumer* seen_consumer(Context& context, const Object& object, const Group& group,
                              Bytes name) {
  const Consumer* consumer = group.consumer(name);
  if (consumer == nullptr) {
    if (!create_consumer(context, object, group, name)) return nullptr;
    consumer = group.consumer(name);
  }
  context.note_seen(object, group.id, consumer->id);
  return consumer;
}

void reply_id(ReplyWriter& reply, StreamId id) {
  ByteBuffer& out = reply.buffer();
  char* const start = out.room(kReplyIdMax);
  out.commit(static_cast<size_t>(put_reply_id(start, id) - start));
}

void reply_entry(ReplyWriter& reply, const EntryView& entry) {
  ByteBuffer& out = reply.buffer();
  char* const start = out.room(kReplyIdMax + 2 * kCountLineMax + entry.wire.size());
  std::memcpy(start, "*2\r\n", 4);
  char* at = put_reply_id(start + 4, entry.id);
  *at++ = '*';
  at = put_decimal(at, uint64_t{entry.elements});
  std::memcpy(at, "\r\n", 2);
  std::memcpy(at + 2, entry.wire.data(), entry.wire.size());
  out.commit(static_cast<size_t>(at + 2 + entry.wire.size() - start));
}

uint64_t reply_later(Context& context, const Stream& stream, const EntriesLeft& left,
                     uint64_t count) {
  const auto& [range, last, reverse] = left;
  if (last == (reverse ? StreamId::min() : StreamId::max())) return 0;
  const StreamId from = reverse ? range.first : last.next();
  const StreamId to = reverse ? last.previous() : range.last;
  const uint64_t there = stream.count_between(from, to, count, !reverse);
  if (there == 0 || context.lacks_entries()) return 0;
  context.make_rest().add(
      stream, from, to, reverse ? StreamSnapshot::Order::kDown : StreamSnapshot::Order::kUp, there);
  return there;
}

}  // namespace leat
