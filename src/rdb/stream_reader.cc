// Reading and checking streams; see stream_words.h.
#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "base/wire_length.h"
#include "rdb/listpack.h"
#include "rdb/stream_words.h"

namespace leat {
namespace {

constexpr uint64_t kRawIdSize = 16;
constexpr auto kCounterMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

void append_wire(ByteBuffer& out, Bytes text) {
  char* const begin = out.room(kWireHeadMax + text.size());
  out.commit(static_cast<size_t>(put_wire(begin, text) - begin));
}

// Adds the live entries of one node to a stream.
class NodeReader {
 public:
  NodeReader(StreamId master, Bytes list, RdbStream& stream)
      : master_(master), list_(list), stream_(stream) {}

  // False when it is not a node, or does not stand behind what the stream has.
  bool read() {
    int64_t live = 0;
    int64_t deleted = 0;
    int64_t zero = 0;
    if (!integer(live) || !integer(deleted) || !read_master() || !integer(zero) || zero != 0)
      return false;
    // A node without a live entry is freed, but by an XTRIM MINID of Redis.
    for (int64_t left = live + deleted; left > 0; --left) {
      if (!read_entry()) return false;
    }
    return list_.ok() && list_.done() && live == live_ && deleted == deleted_;
  }

 private:
  bool integer(int64_t& value) {
    ListpackReader::Element element;
    if (!list_.next(element) || !element.is_integer) return false;
    value = element.integer;
    return true;
  }
  // One string, or an integer as its text.
  bool text(std::string& value) {
    ListpackReader::Element element;
    if (!list_.next(element)) return false;
    value = element.is_integer ? std::to_string(element.integer) : std::string(element.text);
    return true;
  }

  bool read_master() {
    int64_t count = 0;
    if (!integer(count) || count < 0) return false;
    for (; count > 0; --count) {
      if (!text(fields_.emplace_back())) return false;
    }
    return true;
  }

  bool read_entry() {
    int64_t flags = 0;
    int64_t ms = 0;
    int64_t seq = 0;
    if (!integer(flags) || !integer(ms) || !integer(seq) || (flags & ~3) != 0) return false;
    const StreamId id{master_.ms + static_cast<uint64_t>(ms),
                      master_.seq + static_cast<uint64_t>(seq)};
    if (id < master_ || id <= last_ || id == StreamId::min()) return false;
    last_ = id;
    const bool live = (flags & kRdbDeleted) == 0;
    ++(live ? live_ : deleted_);
    const size_t wire = stream_.wires.size();
    int64_t count = 0;
    if (!read_pairs((flags & kRdbMasterFields) != 0, live, count)) return false;
    if (!live) return true;
    if (!stream_.entries.empty() && id <= stream_.entries.back().id) return false;
    stream_.entries.push_back({.id = id,
                               .begins_node = live_ == 1,
                               .elements = static_cast<uint32_t>(2 * count),
                               .wire = wire});
    return true;
  }

  // Fields and values go to the stream's wires if the entry is live; `count` is that of the fields.
  bool read_pairs(bool as_master, bool live, int64_t& count) {
    count = static_cast<int64_t>(fields_.size());
    if (!as_master && !integer(count)) return false;
    if (count < 1 || count > std::numeric_limits<int32_t>::max() / 2) return false;
    std::string field;
    std::string value;
    for (int64_t i = 0; i < count; ++i) {
      if (!as_master && !text(field)) return false;
      if (!text(value)) return false;
      if (!live) continue;
      append_wire(stream_.wires, as_master ? fields_[static_cast<size_t>(i)] : field);
      append_wire(stream_.wires, value);
    }
    int64_t back = 0;
    return integer(back) && back == (as_master ? count + 3 : 2 * count + 4);
  }

  StreamId master_;
  ListpackReader list_;
  RdbStream& stream_;
  std::vector<std::string> fields_;
  StreamId last_;
  int64_t live_ = 0;
  int64_t deleted_ = 0;
};

struct HashId {
  size_t operator()(StreamId id) const { return id.ms * 0x9E3779B97F4A7C15 ^ id.seq; }
};

// Reads one group; checks that each pending entry has one owner, or is among those that nobody owns.
class GroupReader {
 public:
  GroupReader(RdbReader& in, RdbType type, uint64_t entries_added)
      : in_(in), type_(type), entries_added_(entries_added) {}

  bool read(RdbStream::Group& group) {
    group.name = std::string(in_.string());
    group.last_delivered = in_.id();
    if (type_ >= RdbType::kStream2) group.entries_read = static_cast<int64_t>(in_.length());
    const int64_t read = group.entries_read.value_or(0);
    if (read < kEntriesReadUnknown || read > static_cast<int64_t>(entries_added_)) return false;
    if (!read_pending(group)) return false;
    for (uint64_t left = in_.count(2); left > 0 && in_.ok(); --left) {
      if (!read_consumer(group)) return false;
    }
    if (type_ >= RdbType::kStream5 && !read_released(group)) return false;
    return in_.ok() && owned_ + group.released.size() == group.pending.size();
  }

 private:
  bool read_pending(RdbStream::Group& group) {
    for (uint64_t left = in_.count(kRawIdSize + 9); left > 0 && in_.ok(); --left) {
      RdbStream::Pending entry;
      entry.id = in_.raw_id();
      entry.delivered = in_.time();
      entry.deliveries = in_.length();
      if (!group.pending.empty() && entry.id <= group.pending.back().id) return false;
      if (entry.deliveries > kCounterMax) return false;
      places_.emplace(entry.id, group.pending.size());
      group.pending.push_back(entry);
    }
    return in_.ok();
  }

  bool read_consumer(RdbStream::Group& group) {
    RdbStream::Consumer consumer;
    consumer.name = std::string(in_.string());
    consumer.seen = in_.time();
    consumer.active = type_ >= RdbType::kStream3 ? in_.time() : consumer.seen;
    const auto number = static_cast<uint32_t>(group.consumers.size());
    for (uint64_t left = in_.count(kRawIdSize); left > 0 && in_.ok(); --left) {
      RdbStream::Pending* const entry = pending(group, in_.raw_id());
      if (entry == nullptr || entry->owner != RdbStream::kNobody) return false;
      entry->owner = number;
      ++owned_;
    }
    const bool is_new = names_.insert(consumer.name).second;
    group.consumers.push_back(std::move(consumer));
    return in_.ok() && is_new;
  }

  bool read_released(RdbStream::Group& group) {
    std::unordered_set<StreamId, HashId> seen;
    for (uint64_t left = in_.count(kRawIdSize); left > 0 && in_.ok(); --left) {
      const StreamId id = in_.raw_id();
      const RdbStream::Pending* const entry = pending(group, id);
      if (entry == nullptr || entry->owner != RdbStream::kNobody || !seen.insert(id).second)
        return false;
      group.released.push_back(id);
    }
    return in_.ok();
  }

  RdbStream::Pending* pending(RdbStream::Group& group, StreamId id) {
    const auto found = places_.find(id);
    return found == places_.end() ? nullptr : &group.pending[found->second];
  }

  RdbReader& in_;
  RdbType type_;
  uint64_t entries_added_;
  std::unordered_map<StreamId, size_t, HashId> places_;
  std::unordered_set<std::string> names_;
  size_t owned_ = 0;
};

bool read_nodes(RdbReader& in, RdbStream& stream) {
  for (uint64_t left = in.count(2); left > 0 && in.ok(); --left) {
    const Bytes master = in.string();
    const Bytes list = in.string();
    if (!in.ok() || master.size() != kRawIdSize) return false;
    if (!NodeReader(id_of_bytes(master), list, stream).read()) return false;
  }
  return in.ok();
}

bool read_counters(RdbReader& in, RdbType type, RdbStream& stream) {
  const uint64_t length = in.length();
  stream.last_id = in.id();
  stream.entries_added = length;
  if (type >= RdbType::kStream2) {
    static_cast<void>(in.id());  // That of the first entry is seen from the entries.
    stream.max_deleted = in.id();
    stream.entries_added = in.length();
  }
  const bool behind = stream.entries.empty() || stream.entries.back().id <= stream.last_id;
  return in.ok() && behind && length == stream.entries.size() && stream.entries_added >= length &&
         stream.entries_added <= kCounterMax;
}

bool read_groups(RdbReader& in, RdbType type, RdbStream& stream) {
  std::unordered_set<std::string> names;
  for (uint64_t left = in.count(2); left > 0 && in.ok(); --left) {
    RdbStream::Group& group = stream.groups.emplace_back();
    if (!GroupReader(in, type, stream.entries_added).read(group)) return false;
    if (!names.insert(group.name).second) return false;
  }
  return in.ok();
}

bool read_iids(RdbReader& in, RdbStream& stream) {
  IdempotencyLimits& limits = stream.idempotency.emplace();
  limits.duration_s = in.length();
  limits.size_max = in.length();
  std::unordered_set<std::string> producers;
  for (uint64_t left = in.count(2); left > 0 && in.ok(); --left) {
    const std::string producer(in.string());
    if (producer.empty() || !producers.insert(producer).second) return false;
    std::unordered_set<std::string> iids;
    const uint64_t count = in.count(3);
    if (count > limits.size_max) return false;
    for (uint64_t i = 0; i < count && in.ok(); ++i) {
      std::string iid(in.string());
      if (iid.empty() || !iids.insert(iid).second) return false;
      const StreamId id = in.id();
      stream.iids.push_back({.producer = producer, .iid = std::move(iid), .id = id});
    }
  }
  stream.iids_added = in.length();
  stream.iids_duplicates = in.length();
  return in.ok() && limits.duration_s >= 1 && limits.duration_s <= kIdempotencyDurationMax &&
         limits.size_max >= 1 && limits.size_max <= kIdempotencySizeMax &&
         stream.iids_added <= kCounterMax && stream.iids_duplicates <= kCounterMax;
}

}  // namespace

std::optional<RdbStream> read_stream(RdbReader& in, RdbType type) {
  constexpr RdbType kTypes[] = {RdbType::kStream1, RdbType::kStream2, RdbType::kStream3,
                                RdbType::kStream4, RdbType::kStream5, RdbType::kPolicyStream};
  if (std::find(std::begin(kTypes), std::end(kTypes), type) == std::end(kTypes))
    return std::nullopt;
  RdbStream stream;
  if (type == RdbType::kPolicyStream) {
    ByteReader policy(in.string());
    read_retention(policy, stream.retention);
    if (!policy.ok() || !policy.done()) return std::nullopt;
  }
  if (!read_nodes(in, stream) || !read_counters(in, type, stream) ||
      !read_groups(in, type, stream)) {
    return std::nullopt;
  }
  if (type >= RdbType::kStream4 && !read_iids(in, stream)) return std::nullopt;
  return stream;
}

}  // namespace leat
