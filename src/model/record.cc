// Each record type lists its fields once, in fields(); encoder and decoder walk that list, so they
// cannot disagree. The walk is inlined: an encoded append costs about as much as its copy.
#include "model/record.h"

#include <limits>
#include <type_traits>

#include "base/varint.h"

namespace leat {
namespace {

// Room that the fields of any record take beside their byte strings.
constexpr size_t kFixedFieldsMax = 16 * kVarintBytesMax;

// Writes the fields of a record behind a head whose size is filled in at the end. Room is made once, and once more
// for each byte string.
class Encoder {
 public:
  Encoder(ByteBuffer& out, RecordType type) : out_(out), start_(out.size()) {
    at_ = out_.room(kRecordHeadSize + kFixedFieldsMax);
    std::memset(at_, 0, kRecordHeadSize);
    at_[4] = static_cast<char>(type);
    at_[5] = static_cast<char>(kRecordVersion);
    at_ += kRecordHeadSize;
  }
  ~Encoder() {
    commit();
    const size_t size = out_.size() - start_ - kRecordHeadSize;
    LEAT_CHECK(size <= std::numeric_limits<uint32_t>::max());
    const auto stored = static_cast<uint32_t>(size);
    std::memcpy(out_.bytes() + start_, &stored, sizeof(stored));
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  template <typename Tag>
  void operator()(const Strong<Tag, uint64_t>& strong) {
    at_ = put_varint(at_, strong.value);
  }
  template <typename Tag>
  void operator()(const Strong<Tag, uint32_t>& strong) {
    at_ = put_varint(at_, strong.value);
  }
  void operator()(const WallMs& time) { at_ = put_varint(at_, zigzag(time.value)); }
  void operator()(const uint64_t& value) { at_ = put_varint(at_, value); }
  void operator()(const uint32_t& value) { at_ = put_varint(at_, value); }
  void operator()(const int64_t& value) { at_ = put_varint(at_, zigzag(value)); }
  void operator()(const bool& value) { *at_++ = value ? 1 : 0; }
  void operator()(const ObjectKind& kind) { *at_++ = static_cast<char>(kind); }
  void operator()(const DeliveryCount& count) { *at_++ = static_cast<char>(count); }
  void operator()(const Retention& policy) { at_ = put_retention(at_, policy); }
  void operator()(const IdempotencyLimits& limits) {
    (*this)(limits.duration_s);
    (*this)(limits.size_max);
  }
  // Milliseconds take six bytes as a varint and are slow to read that way.
  void operator()(const StreamId& id) {
    std::memcpy(at_, &id.ms, sizeof(id.ms));
    at_ = put_varint(at_ + sizeof(id.ms), id.seq);
  }
  void operator()(const Bytes& bytes) {
    at_ = put_varint(at_, bytes.size());
    commit();
    at_ = out_.room(bytes.size() + kFixedFieldsMax);
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }

 private:
  void commit() { out_.commit(static_cast<size_t>(at_ - (out_.bytes() + out_.size()))); }

  ByteBuffer& out_;
  size_t start_;
  char* at_ = nullptr;
};

class Decoder {
 public:
  explicit Decoder(Bytes payload) : in_(payload) {}
  [[nodiscard]] bool complete() const { return in_.ok() && in_.done(); }

  template <typename Tag>
  void operator()(Strong<Tag, uint64_t>& strong) {
    strong.value = in_.varint();
  }
  template <typename Tag>
  void operator()(Strong<Tag, uint32_t>& strong) {
    strong.value = narrow();
  }
  void operator()(WallMs& time) { time.value = in_.signed_varint(); }
  void operator()(uint64_t& value) { value = in_.varint(); }
  void operator()(uint32_t& value) { value = narrow(); }
  void operator()(int64_t& value) { value = in_.signed_varint(); }
  void operator()(bool& value) { value = limited(1) == 1; }
  void operator()(ObjectKind& kind) {
    const uint8_t raw = limited(static_cast<uint8_t>(ObjectKind::kStream));
    if (raw == 0) in_.fail();
    kind = static_cast<ObjectKind>(raw);
  }
  void operator()(DeliveryCount& count) {
    count = static_cast<DeliveryCount>(limited(static_cast<uint8_t>(DeliveryCount::kDecrement)));
  }
  void operator()(Retention& policy) { read_retention(in_, policy); }
  void operator()(IdempotencyLimits& limits) {
    (*this)(limits.duration_s);
    (*this)(limits.size_max);
  }
  void operator()(StreamId& id) {
    id.ms = in_.u64();
    id.seq = in_.varint();
  }
  void operator()(Bytes& bytes) { bytes = in_.string(); }

 private:
  uint32_t narrow() {
    const uint64_t value = in_.varint();
    if (value > std::numeric_limits<uint32_t>::max()) in_.fail();
    return static_cast<uint32_t>(value);
  }
  uint8_t limited(uint8_t max) {
    const uint8_t value = in_.u8();
    if (value > max) in_.fail();
    return value;
  }

  ByteReader in_;
};

// The fields of each record, in the order in which they are stored. `Record` is const for encoding.
template <typename Walk, typename Record>
void fields(Walk& walk, Record& r) {
  using T = std::remove_const_t<Record>;
  if constexpr (std::is_same_v<T, DbSwap>) {
    walk(r.first), walk(r.second);
  } else if constexpr (std::is_same_v<T, DbFlush>) {
    walk(r.every), walk(r.db);
  } else {
    walk(r.object);
    object_fields(walk, r);
  }
}

template <typename Walk, typename Record>
void object_fields(Walk& walk, Record& r) {
  using T = std::remove_const_t<Record>;
  if constexpr (std::is_same_v<T, KeyCreate>) {
    walk(r.db), walk(r.kind), walk(r.key);
  } else if constexpr (std::is_same_v<T, KeyRename>) {
    walk(r.db), walk(r.key);
  } else if constexpr (std::is_same_v<T, KeyCopy>) {
    walk(r.copy), walk(r.db), walk(r.key);
  } else if constexpr (std::is_same_v<T, KeyExpire>) {
    walk(r.at);
  } else if constexpr (std::is_same_v<T, StringSet>) {
    walk(r.value);
  } else if constexpr (std::is_same_v<T, StringAppend>) {
    walk(r.tail);
  } else if constexpr (std::is_same_v<T, StringPatch>) {
    walk(r.offset), walk(r.bytes);
  } else if constexpr (requires { r.list; }) {
    walk(r.list);
  } else if constexpr (!std::is_same_v<T, KeyDrop>) {
    stream_fields(walk, r);
  }
}

template <typename Walk, typename Record>
void stream_fields(Walk& walk, Record& r) {
  using T = std::remove_const_t<Record>;
  if constexpr (std::is_same_v<T, StreamAppend>) {
    walk(r.new_block), walk(r.id), walk(r.elements), walk(r.wire);
  } else if constexpr (std::is_same_v<T, StreamTrim>) {
    walk(r.last_dropped);
  } else if constexpr (std::is_same_v<T, StreamTrimRanges>) {
    walk(r.ranges);
  } else if constexpr (std::is_same_v<T, StreamDelete>) {
    walk(r.ids);
  } else if constexpr (std::is_same_v<T, StreamSetId>) {
    walk(r.last_id), walk(r.entries_added), walk(r.max_deleted);
  } else if constexpr (std::is_same_v<T, StreamConfigure>) {
    walk(r.policy);
  } else if constexpr (std::is_same_v<T, StreamIdempotency>) {
    walk(r.limits), walk(r.added), walk(r.duplicates);
  } else if constexpr (std::is_same_v<T, StreamRemember>) {
    walk(r.id), walk(r.producer), walk(r.iid);
  } else if constexpr (std::is_same_v<T, StreamForget>) {
    walk(r.count);
  } else if constexpr (!std::is_same_v<T, StreamDuplicate>) {
    walk(r.group);
    group_fields(walk, r);
  }
}

template <typename Walk, typename Record>
void group_fields(Walk& walk, Record& r) {
  using T = std::remove_const_t<Record>;
  if constexpr (std::is_same_v<T, GroupCreate>) {
    walk(r.last_delivered), walk(r.entries_read), walk(r.name);
  } else if constexpr (std::is_same_v<T, GroupSetId>) {
    walk(r.last_delivered), walk(r.entries_read);
  } else if constexpr (std::is_same_v<T, GroupAck>) {
    walk(r.ranges);
  } else if constexpr (std::is_same_v<T, GroupRelease>) {
    walk(r.count), walk(r.deliveries), walk(r.ids);
  } else if constexpr (!std::is_same_v<T, GroupDrop>) {
    walk(r.consumer);
    consumer_fields(walk, r);
  }
}

template <typename Walk, typename Record>
void consumer_fields(Walk& walk, Record& r) {
  using T = std::remove_const_t<Record>;
  if constexpr (std::is_same_v<T, ConsumerCreate>) {
    walk(r.at), walk(r.name);
  } else if constexpr (std::is_same_v<T, GroupDeliver>) {
    walk(r.at), walk(r.no_ack), walk(r.entries_read), walk(r.first), walk(r.last);
  } else if constexpr (std::is_same_v<T, GroupClaim>) {
    walk(r.at), walk(r.delivered), walk(r.count), walk(r.deliveries), walk(r.ids);
  } else if constexpr (std::is_same_v<T, GroupRedeliver>) {
    walk(r.at), walk(r.first), walk(r.last);
  } else {
    static_assert(std::is_same_v<T, ConsumerDrop>, "every record lists its fields");
  }
}

}  // namespace

template <AnyRecord Record>
void RecordWriter::put(const Record& record) {
  Encoder encoder(*out_, Record::kType);
  fields(encoder, record);
}

template <AnyRecord Record>
bool decode(Bytes payload, Record& record) {
  Decoder decoder(payload);
  fields(decoder, record);
  return decoder.complete();
}

template void RecordWriter::put(const KeyCreate& record);
template bool decode(Bytes payload, KeyCreate& record);
template void RecordWriter::put(const KeyDrop& record);
template bool decode(Bytes payload, KeyDrop& record);
template void RecordWriter::put(const KeyRename& record);
template bool decode(Bytes payload, KeyRename& record);
template void RecordWriter::put(const KeyCopy& record);
template bool decode(Bytes payload, KeyCopy& record);
template void RecordWriter::put(const KeyExpire& record);
template bool decode(Bytes payload, KeyExpire& record);
template void RecordWriter::put(const DbSwap& record);
template bool decode(Bytes payload, DbSwap& record);
template void RecordWriter::put(const DbFlush& record);
template bool decode(Bytes payload, DbFlush& record);
template void RecordWriter::put(const StringSet& record);
template bool decode(Bytes payload, StringSet& record);
template void RecordWriter::put(const StringAppend& record);
template bool decode(Bytes payload, StringAppend& record);
template void RecordWriter::put(const StringPatch& record);
template bool decode(Bytes payload, StringPatch& record);
template void RecordWriter::put(const HashSet& record);
template bool decode(Bytes payload, HashSet& record);
template void RecordWriter::put(const HashDelete& record);
template bool decode(Bytes payload, HashDelete& record);
template void RecordWriter::put(const SetAdd& record);
template bool decode(Bytes payload, SetAdd& record);
template void RecordWriter::put(const SetRemove& record);
template bool decode(Bytes payload, SetRemove& record);
template void RecordWriter::put(const StreamAppend& record);
template bool decode(Bytes payload, StreamAppend& record);
template void RecordWriter::put(const StreamTrim& record);
template bool decode(Bytes payload, StreamTrim& record);
template void RecordWriter::put(const StreamTrimRanges& record);
template bool decode(Bytes payload, StreamTrimRanges& record);
template void RecordWriter::put(const StreamDelete& record);
template bool decode(Bytes payload, StreamDelete& record);
template void RecordWriter::put(const StreamSetId& record);
template bool decode(Bytes payload, StreamSetId& record);
template void RecordWriter::put(const StreamConfigure& record);
template bool decode(Bytes payload, StreamConfigure& record);
template void RecordWriter::put(const StreamIdempotency& record);
template bool decode(Bytes payload, StreamIdempotency& record);
template void RecordWriter::put(const StreamRemember& record);
template bool decode(Bytes payload, StreamRemember& record);
template void RecordWriter::put(const StreamForget& record);
template bool decode(Bytes payload, StreamForget& record);
template void RecordWriter::put(const StreamDuplicate& record);
template bool decode(Bytes payload, StreamDuplicate& record);
template void RecordWriter::put(const GroupCreate& record);
template bool decode(Bytes payload, GroupCreate& record);
template void RecordWriter::put(const GroupSetId& record);
template bool decode(Bytes payload, GroupSetId& record);
template void RecordWriter::put(const GroupDrop& record);
template bool decode(Bytes payload, GroupDrop& record);
template void RecordWriter::put(const ConsumerCreate& record);
template bool decode(Bytes payload, ConsumerCreate& record);
template void RecordWriter::put(const ConsumerDrop& record);
template bool decode(Bytes payload, ConsumerDrop& record);
template void RecordWriter::put(const GroupDeliver& record);
template bool decode(Bytes payload, GroupDeliver& record);
template void RecordWriter::put(const GroupAck& record);
template bool decode(Bytes payload, GroupAck& record);
template void RecordWriter::put(const GroupClaim& record);
template bool decode(Bytes payload, GroupClaim& record);
template void RecordWriter::put(const GroupRedeliver& record);
template bool decode(Bytes payload, GroupRedeliver& record);
template void RecordWriter::put(const GroupRelease& record);
template bool decode(Bytes payload, GroupRelease& record);

std::optional<RecordView> next_record(Bytes& input) {
  ByteReader head(input);
  const uint32_t size = head.u32();
  RecordView view;
  view.type = static_cast<RecordType>(head.u8());
  const uint8_t version = head.u8();
  view.flags = head.u8();
  const uint8_t zero = head.u8();
  if (version != kRecordVersion || (view.flags & ~kRecordEndsGroup) != 0 || zero != 0) {
    return std::nullopt;
  }
  view.payload = head.bytes(size);
  if (!head.ok()) return std::nullopt;
  input.remove_prefix(kRecordHeadSize + size);
  return view;
}

uint64_t end_group(ByteBuffer& buffer, size_t from) {
  uint64_t count = 0;
  size_t last = from;
  for (size_t at = from; at < buffer.size(); ++count) {
    uint32_t size = 0;
    std::memcpy(&size, buffer.bytes() + at, sizeof(size));
    last = at;
    at += kRecordHeadSize + size;
  }
  LEAT_CHECK(count > 0);
  buffer.bytes()[last + 6] = static_cast<char>(kRecordEndsGroup);
  return count;
}

}  // namespace leat
