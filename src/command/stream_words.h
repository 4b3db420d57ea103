// Words that several stream commands share: ids, ranges, trimming; and how an entry is replied.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "command/context.h"
#include "engine/retention_plan.h"
#include "engine/stream_plan.h"
#include "model/record_lists.h"
#include "model/stream_id.h"

namespace leat {

// What one call makes pending for its consumer, in wire form, about (docs/adr/0017-large-replies-in-pieces.md).
constexpr uint64_t kHandedOutBytesMax = uint64_t{16} << 20;

// An id where "-" and "+" have no meaning. False after the error has been replied.
[[nodiscard]] bool read_id(Context& context, Bytes word, uint64_t missing_seq, StreamId& id);

// A range as XRANGE, XREVRANGE and XPENDING have it: "-", "+", "(" for exclusive, incomplete ids.
struct IdRange {
  StreamId first;
  StreamId last;
};
// One end of a range; an exclusive one is turned into the inclusive one beside it. False after the error
// has been replied.
[[nodiscard]] bool read_range_start(Context& context, Bytes word, StreamId& first);
[[nodiscard]] bool read_range_end(Context& context, Bytes word, StreamId& last);

[[nodiscard]] bool read_integer(Context& context, Bytes word, int64_t& value);

// False, after STREAMFULL has been replied, when WHENFULL REJECT refuses an entry of `bytes` in wire form. `stream` null:
// a new one, which will have `policy`.
[[nodiscard]] bool admit_append(Context& context, Bytes key, const Stream* stream,
                                const Retention& policy, uint64_t bytes);
// Creates an empty stream under a free key. Applied at once.
[[nodiscard]] const Object& create_stream(Context& context, Bytes key, const Retention& policy);
// Drops what exceeds MAXLEN and MAXBYTES, as far as the stream's policy lets it.
void enforce_size(Context& context, const Object& object);
// A group can be moved behind `last_delivered`: what must be counted for that is in memory. False when the command
// has to wait, or can't do it.
[[nodiscard]] bool can_place(const Context& context, const Stream& stream, StreamId last_delivered);

// The group of XPENDING, XCLAIM and XAUTOCLAIM: key words[1], group words[2]. False after the error has been
// replied.
[[nodiscard]] bool find_group(Context& context, const Arguments& words, const Object*& object,
                              const Group*& group);
// Replies that `key` has no such group, as XGROUP and XINFO say it.
void reply_no_such_group(Context& context, Bytes key, Bytes group);

// The consumer that has the entry; "" when it was given back.
[[nodiscard]] Bytes owner_name(const Group& group, const PendingEntry& pending);

// Writes which of `ids` (ascending, each once, at least one) are pending, as ranges that hold no other pending entry.
// One walk along the pending entries when the ids lie together, as those of one delivery do.
//   returns  how many that are.
int64_t plan_acknowledgement(const PendingEntries& pending, const std::vector<StreamId>& ids,
                             IdListWriter& ranges);

// Whether the group has the consumer, or a number for it. False after the error has been replied.
[[nodiscard]] bool may_have_consumer(Context& context, const Group& group, Bytes name);
// Creates the consumer; it must not exist. False after the error has been replied.
[[nodiscard]] bool create_consumer(Context& context, const Object& object, const Group& group,
                                   Bytes name);
// The consumer of that name, created if there is none; it has tried to read or claim now. Null after
// the error has been replied.
[[nodiscard]] const Consumer* seen_consumer(Context& context, const Object& object,
                                            const Group& group, Bytes name);

// ["id", [field, value ...]]
void reply_entry(ReplyWriter& reply, const EntryView& entry);
void reply_id(ReplyWriter& reply, StreamId id);

// What is left of a range after `last` has been replied.
struct EntriesLeft {
  IdRange range;
  StreamId last;
  bool reverse = false;  // From the end of the range to its start.
};
// Has what is left, `count` entries at most (0: all), replied later.
//   returns  how many that are. The command may have to wait for entries, to know.
uint64_t reply_later(Context& context, const Stream& stream, const EntriesLeft& left,
                     uint64_t count);

}  // namespace leat
