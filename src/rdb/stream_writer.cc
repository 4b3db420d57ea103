// Writing streams; see stream_words.h.
#include <algorithm>

#include "base/wire_length.h"
#include "rdb/listpack.h"
#include "rdb/stream_words.h"

namespace leat {
namespace {

// A node takes no more: sizes in it have 32 bits.
constexpr size_t kNodeBytesMax = size_t{1} << 30;

// The fields and values of bulk strings that are known to be well-formed.
std::vector<Bytes> words_of(Bytes wire) {
  std::vector<Bytes> words;
  const char* at = wire.data();
  const char* const end = at + wire.size();
  while (at != end) {
    at = read_wire(at, end, words.emplace_back());
    LEAT_CHECK(at != nullptr);
  }
  return words;
}

class NodeWriter {
 public:
  NodeWriter(const RdbStream& stream, size_t first) : stream_(stream), first_(first) {}

  // Writes the node that begins with the first entry; returns the entry that the next one begins with.
  size_t write(RdbWriter& out) {
    size_t end = first_ + 1;
    while (end < stream_.entries.size() && !stream_.entries[end].begins_node &&
           stream_.entries[end].wire - stream_.entries[first_].wire < kNodeBytesMax)
      ++end;
    const auto words = words_of(stream_.wire_of(first_));
    for (size_t i = 0; i < words.size(); i += 2) master_.push_back(words[i]);
    list_.integer(static_cast<int64_t>(end - first_));
    list_.integer(0);
    list_.integer(static_cast<int64_t>(master_.size()));
    for (const Bytes field : master_) list_.string(field);
    list_.integer(0);
    for (size_t entry = first_; entry != end; ++entry) put(entry);
    out.string(bytes_of_id(stream_.entries[first_].id));
    out.string(list_.finish());
    return end;
  }

 private:
  void put(size_t entry) {
    const auto words = words_of(stream_.wire_of(entry));
    const StreamId id = stream_.entries[entry].id;
    const StreamId base = stream_.entries[first_].id;
    bool as_master = words.size() == 2 * master_.size();
    for (size_t i = 0; as_master && i < words.size(); i += 2)
      as_master = words[i] == master_[i / 2];
    const auto fields = static_cast<int64_t>(words.size() / 2);
    list_.integer(as_master ? kRdbMasterFields : 0);
    list_.integer(static_cast<int64_t>(id.ms - base.ms));
    list_.integer(static_cast<int64_t>(id.seq - base.seq));
    if (!as_master) list_.integer(fields);
    for (size_t i = 0; i < words.size(); ++i) {
      if (!as_master || i % 2 != 0) list_.string(words[i]);
    }
    list_.integer(as_master ? fields + 3 : 2 * fields + 4);
  }

  const RdbStream& stream_;
  size_t first_;
  std::vector<Bytes> master_;
  ListpackWriter list_;
};

void write_group(RdbWriter& out, RdbType type, const RdbStream::Group& group) {
  out.string(group.name);
  out.id(group.last_delivered);
  out.length(static_cast<uint64_t>(group.entries_read.value_or(kEntriesReadUnknown)));
  out.length(group.pending.size());
  std::vector<std::vector<StreamId>> owned(group.consumers.size());
  for (const RdbStream::Pending& entry : group.pending) {
    out.raw_id(entry.id);
    out.time(entry.delivered);
    out.length(entry.deliveries);
    if (entry.owner != RdbStream::kNobody) owned[entry.owner].push_back(entry.id);
  }
  out.length(group.consumers.size());
  for (size_t i = 0; i < group.consumers.size(); ++i) {
    out.string(group.consumers[i].name);
    out.time(group.consumers[i].seen);
    if (type >= RdbType::kStream3) out.time(group.consumers[i].active);
    out.length(owned[i].size());
    for (const StreamId id : owned[i]) out.raw_id(id);
  }
  if (type < RdbType::kStream5) return;
  out.length(group.released.size());
  for (const StreamId id : group.released) out.raw_id(id);
}

void write_iids(RdbWriter& out, const RdbStream& stream) {
  const IdempotencyLimits limits = stream.idempotency.value_or(IdempotencyLimits{});
  out.length(limits.duration_s);
  out.length(limits.size_max);
  const auto& iids = stream.iids;
  uint64_t producers = 0;
  for (size_t i = 0; i < iids.size(); ++i)
    producers += i == 0 || iids[i].producer != iids[i - 1].producer ? 1U : 0U;
  out.length(producers);
  for (size_t from = 0, to = 0; from < iids.size(); from = to) {
    while (to < iids.size() && iids[to].producer == iids[from].producer) ++to;
    out.string(iids[from].producer);
    out.length(to - from);
    for (size_t i = from; i < to; ++i) {
      out.string(iids[i].iid);
      out.id(iids[i].id);
    }
  }
  out.length(stream.iids_added);
  out.length(stream.iids_duplicates);
}

// The oldest type that loses nothing.
RdbType type_of(const RdbStream& stream) {
  if (!stream.retention.none()) return RdbType::kPolicyStream;
  bool released = false;
  bool active = false;
  for (const RdbStream::Group& group : stream.groups) {
    released = released || !group.released.empty();
    for (const RdbStream::Consumer& consumer : group.consumers)
      active = active || consumer.active != consumer.seen;
  }
  if (released) return RdbType::kStream5;
  if (stream.idempotency) return RdbType::kStream4;
  return active ? RdbType::kStream3 : RdbType::kStream2;
}

uint16_t version_of(RdbType type) {
  if (type >= RdbType::kStream5) return 14;
  if (type >= RdbType::kStream4) return 13;
  return type >= RdbType::kStream3 ? 11 : kRdbVersionOldest;
}

}  // namespace

uint16_t write_stream(RdbWriter& out, const RdbStream& stream) {
  const RdbType type = type_of(stream);
  out.type(static_cast<uint8_t>(type));
  if (type == RdbType::kPolicyStream) {
    char policy[kRetentionBytesMax];
    const char* const end = put_retention(policy, stream.retention);
    out.string(Bytes(policy, static_cast<size_t>(end - policy)));
  }
  ByteBuffer nodes;
  RdbWriter node_writer(nodes);
  uint64_t count = 0;
  for (size_t entry = 0; entry < stream.entries.size(); ++count)
    entry = NodeWriter(stream, entry).write(node_writer);
  out.length(count);
  out.raw(nodes.view());
  out.length(stream.entries.size());
  out.id(stream.last_id);
  out.id(stream.entries.empty() ? StreamId{} : stream.entries.front().id);
  out.id(stream.max_deleted);
  out.length(stream.entries_added);
  out.length(stream.groups.size());
  for (const RdbStream::Group& group : stream.groups) write_group(out, type, group);
  if (type >= RdbType::kStream4) write_iids(out, stream);
  return version_of(type);
}

}  // namespace leat
