// DUMP: a key's value as a payload (rdb/payload.h).
#include <algorithm>
#include <map>

#include "command/context.h"
#include "command/key_commands.h"
#include "rdb/payload.h"

namespace leat {
namespace {

// Adds the block's live entries, a node in the payload.
void add_block(const Block& block, RdbStream& out) {
  bool begins = true;
  for (auto cursor = block.begin(); !cursor.done(); cursor.advance()) {
    if (!cursor.live()) continue;
    const EntryView& entry = cursor.entry();
    out.entries.push_back({.id = entry.id,
                           .begins_node = begins,
                           .elements = entry.elements,
                           .wire = out.wires.size()});
    out.wires.append(entry.wire);
    begins = false;
  }
}

void add_group(const Group& group, RdbStream& out) {
  RdbStream::Group& to = out.groups.emplace_back();
  to.name = group.name;
  to.last_delivered = group.last_delivered;
  // XSETID may have set the stream's counter below it, which no server takes.
  to.entries_read = std::min(group.entries_read, static_cast<int64_t>(out.entries_added));
  std::map<ConsumerId, uint32_t> indices;
  for (const auto& [name, consumer] : group.consumers) {
    indices.emplace(consumer->id, static_cast<uint32_t>(to.consumers.size()));
    to.consumers.push_back({.name = name, .seen = consumer->seen, .active = consumer->active});
  }
  // An entry that nobody owns says its place among these instead of a time.
  std::vector<std::pair<WallMs, StreamId>> released;
  group.pending.visit_from(StreamId::min(), [&](const PendingEntry& pending) {
    const bool owned = pending.owner != kNoOwner;
    if (!owned) released.emplace_back(pending.delivered, pending.id);
    to.pending.push_back({.id = pending.id,
                          .delivered = owned ? pending.delivered : WallMs{0},
                          .deliveries = pending.deliveries,
                          .owner = owned ? indices.at(pending.owner) : RdbStream::kNobody});
    return true;
  });
  std::sort(released.begin(), released.end());
  for (const auto& [place, id] : released) to.released.push_back(id);
}

void add_iids(const Idempotency& known, RdbStream& out) {
  out.idempotency = known.limits();
  out.iids_added = known.counters().added;
  out.iids_duplicates = known.counters().duplicates;
  std::map<Bytes, std::vector<RdbStream::Iid>> by_producer;
  known.visit_from(0, [&by_producer](const Idempotency::View& iid) {
    by_producer[iid.producer].push_back(
        {.producer = std::string(iid.producer), .iid = std::string(iid.iid), .id = iid.id});
    return true;
  });
  for (auto& [producer, iids] : by_producer) {
    for (RdbStream::Iid& iid : iids) out.iids.push_back(std::move(iid));
  }
}

// What of it counts once the context lacks no entries.
RdbStream stream_value(const Context& context, const Stream& stream) {
  RdbStream out;
  for (auto extent = stream.extents().begin(); extent != stream.extents().end(); ++extent) {
    stream.visit_blocks(extent, [&out](const Block& block) {
      add_block(block, out);
      return true;
    });
    if (context.gives_up()) return out;
  }
  out.last_id = stream.last_id();
  out.max_deleted = stream.max_deleted();
  out.entries_added = stream.entries_added();
  out.retention = stream.retention();
  for (const auto& [name, group] : stream.groups().by_name()) add_group(*group, out);
  if (stream.idempotency() != nullptr) add_iids(*stream.idempotency(), out);
  return out;
}

RdbValue value_of(const Context& context, const Object& object) {
  if (const auto* const string = object.string()) return *string;
  if (const auto* const hash = object.hash()) {
    RdbHash out;
    hash->visit([&out](const std::string& field, const std::string& value) {
      out.emplace_back(field, value);
    });
    return out;
  }
  if (const auto* const set = object.set()) {
    RdbSet out;
    set->visit([&out](const std::string& member, None) { out.push_back(member); });
    return out;
  }
  return stream_value(context, *object.stream());
}

}  // namespace

// DUMP key  ->  bulk string: the value as RESTORE takes it; null without the key.
// Source: redis.io/docs/latest/commands/dump
void cmd_dump(Context& context, const Arguments& words) {
  const Object* const object = context.find(words[1]);
  if (object == nullptr) return context.reply().null();
  const Stream* const stream = object->stream();
  if (stream != nullptr && stream->bytes() > kStringBytesMax) {
    return context.error(
        "ERR the stream has more than 512 MB, which no client could RESTORE; copy it with COPY, or "
        "read it with XRANGE");
  }
  const RdbValue value = value_of(context, *object);
  if (context.lacks_entries()) return;
  context.reply().bulk(write_payload(value));
}

}  // namespace leat
