// Record: the closed list of what can happen to data. This file is the whole truth about it.
//
// Contract   a record names its object by ObjectId; key names stand only in directory records. Whatever
//            was decided (ids, times, which entries) stands in the record: apply() reads no clock and
//            decides nothing, so live traffic, recovery and replicas end in the same state.
// Format     docs/formats/log.md, section "Records" (normative). Eight bytes of head, then the payload:
//              0  u32  payload size
//              4  u8   type      RecordType; an unknown type is refused, never skipped
//              5  u8   version   1
//              6  u8   flags     bit 0: last record of an atomic group
//              7  u8   zero
//            The payload's fields are varints and byte strings (varint length, bytes) in the order in
//            which the struct lists them; ids as eight bytes of milliseconds and a varint of sequence.
// Ownership  decoded structs are views into the record's bytes.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "base/bytes.h"
#include "base/time.h"
#include "model/idempotency.h"
#include "model/ids.h"
#include "model/retention.h"
#include "model/stream_id.h"

namespace leat {

enum class RecordType : uint8_t {
  kKeyCreate = 1,
  kKeyDrop = 2,
  kKeyRename = 3,
  kKeyCopy = 4,
  kKeyExpire = 5,
  kDbSwap = 6,
  kDbFlush = 7,
  kStringSet = 16,
  kStringAppend = 17,
  kStringPatch = 18,
  kHashSet = 24,
  kHashDelete = 25,
  kSetAdd = 28,
  kSetRemove = 29,
  kStreamAppend = 32,
  kStreamTrim = 33,
  kStreamDelete = 34,
  kStreamSetId = 35,
  kStreamConfigure = 36,
  kStreamTrimRanges = 37,
  kStreamIdempotency = 38,
  kStreamRemember = 39,
  kStreamForget = 40,
  kStreamDuplicate = 41,
  kGroupCreate = 48,
  kGroupSetId = 49,
  kGroupDrop = 50,
  kConsumerCreate = 51,
  kConsumerDrop = 52,
  kGroupDeliver = 53,
  kGroupAck = 54,
  kGroupClaim = 55,
  kGroupRedeliver = 56,
  kGroupRelease = 57,
};

// What a key can hold. The numbers are on disk.
enum class ObjectKind : uint8_t { kString = 1, kHash = 2, kSet = 3, kStream = 4 };

// Directory: the only records that carry key names.

// A new, empty object under a name that is free.
struct KeyCreate {
  static constexpr auto kType = RecordType::kKeyCreate;
  ObjectId object;
  DbIndex db;
  ObjectKind kind = ObjectKind::kString;
  Bytes key;
};
struct KeyDrop {
  static constexpr auto kType = RecordType::kKeyDrop;
  ObjectId object;
};
// Gives the object another name, in this database or another. The name is free.
struct KeyRename {
  static constexpr auto kType = RecordType::kKeyRename;
  ObjectId object;
  DbIndex db;
  Bytes key;
};
// A copy of the object's whole state, expiry included, under a name that is free.
struct KeyCopy {
  static constexpr auto kType = RecordType::kKeyCopy;
  ObjectId object;
  ObjectId copy;
  DbIndex db;
  Bytes key;
};
struct KeyExpire {
  static constexpr auto kType = RecordType::kKeyExpire;
  ObjectId object;
  WallMs at;  // 0: never.
};
struct DbSwap {
  static constexpr auto kType = RecordType::kDbSwap;
  DbIndex first;
  DbIndex second;
};
struct DbFlush {
  static constexpr auto kType = RecordType::kDbFlush;
  bool every = false;  // All databases; `db` is 0 then.
  DbIndex db;
};

// Strings, hashes, sets. A list is `count` byte strings back to back; see RecordList.

struct StringSet {
  static constexpr auto kType = RecordType::kStringSet;
  ObjectId object;
  Bytes value;
};
struct StringAppend {
  static constexpr auto kType = RecordType::kStringAppend;
  ObjectId object;
  Bytes tail;
};
// The longest string: what a patch may pad to.
constexpr uint64_t kStringBytesMax = 512ULL << 20;
// Overwrites from `offset`, padding with zero bytes when the string is shorter.
struct StringPatch {
  static constexpr auto kType = RecordType::kStringPatch;
  ObjectId object;
  uint64_t offset = 0;
  Bytes bytes;
};
struct HashSet {
  static constexpr auto kType = RecordType::kHashSet;
  ObjectId object;
  Bytes list;  // field, value, field, value ...
};
struct HashDelete {
  static constexpr auto kType = RecordType::kHashDelete;
  ObjectId object;
  Bytes list;  // fields
};
struct SetAdd {
  static constexpr auto kType = RecordType::kSetAdd;
  ObjectId object;
  Bytes list;  // members
};
struct SetRemove {
  static constexpr auto kType = RecordType::kSetRemove;
  ObjectId object;
  Bytes list;  // members
};

// Streams.

struct StreamAppend {
  static constexpr auto kType = RecordType::kStreamAppend;
  ObjectId object;
  bool new_block = false;  // Opens a block: the limits that decide it are configuration, not state.
  StreamId id;
  uint32_t elements = 0;  // Fields and values together.
  Bytes wire;             // The elements as RESP bulk strings, back to back.
};
// Drops every entry with an id up to and including `last_dropped`.
struct StreamTrim {
  static constexpr auto kType = RecordType::kStreamTrim;
  ObjectId object;
  StreamId last_dropped;
};
// Drops every entry in each range of `ranges`: first, last, first, last ... As with any trim the greatest deleted id
// stays what it is.
struct StreamTrimRanges {
  static constexpr auto kType = RecordType::kStreamTrimRanges;
  ObjectId object;
  Bytes ranges;  // See IdList.
};
struct StreamDelete {
  static constexpr auto kType = RecordType::kStreamDelete;
  ObjectId object;
  Bytes ids;  // See IdList. Each is a live entry.
};
struct StreamSetId {
  static constexpr auto kType = RecordType::kStreamSetId;
  ObjectId object;
  StreamId last_id;
  uint64_t entries_added = 0;
  StreamId max_deleted;
};
struct StreamConfigure {
  static constexpr auto kType = RecordType::kStreamConfigure;
  ObjectId object;
  Retention policy;
};
// Sets what the stream remembers of idempotent producers from now on, with these counters; forgets all that it
// has remembered.
struct StreamIdempotency {
  static constexpr auto kType = RecordType::kStreamIdempotency;
  ObjectId object;
  IdempotencyLimits limits;
  uint64_t added = 0;
  uint64_t duplicates = 0;
};
// The idempotent id `iid` of `producer` became entry `id`. The producer's oldest one goes if it has too many.
struct StreamRemember {
  static constexpr auto kType = RecordType::kStreamRemember;
  ObjectId object;
  StreamId id;
  Bytes producer;
  Bytes iid;
};
// Forgets the `count` idempotent ids that were remembered first. Whose time has come was decided by who wrote it.
struct StreamForget {
  static constexpr auto kType = RecordType::kStreamForget;
  ObjectId object;
  uint64_t count = 0;
};
// An entry was not added, as its idempotent id is remembered.
struct StreamDuplicate {
  static constexpr auto kType = RecordType::kStreamDuplicate;
  ObjectId object;
};

// Groups. Times are wall times, as clients see them.

constexpr int64_t kEntriesReadUnknown = -1;
// Entries added to a stream, and those of them that a group has read, are counted up to here: what XSETID takes.
constexpr int64_t kEntriesCountedMax = INT64_MAX;

struct GroupCreate {
  static constexpr auto kType = RecordType::kGroupCreate;
  ObjectId object;
  GroupId group;
  StreamId last_delivered;
  int64_t entries_read = kEntriesReadUnknown;
  Bytes name;
};
struct GroupSetId {
  static constexpr auto kType = RecordType::kGroupSetId;
  ObjectId object;
  GroupId group;
  StreamId last_delivered;
  int64_t entries_read = kEntriesReadUnknown;
};
struct GroupDrop {
  static constexpr auto kType = RecordType::kGroupDrop;
  ObjectId object;
  GroupId group;
};
struct ConsumerCreate {
  static constexpr auto kType = RecordType::kConsumerCreate;
  ObjectId object;
  GroupId group;
  ConsumerId consumer;
  WallMs at;
  Bytes name;
};
struct ConsumerDrop {
  static constexpr auto kType = RecordType::kConsumerDrop;
  ObjectId object;
  GroupId group;
  ConsumerId consumer;
};
// Hands all live entries in [first, last] to `consumer`: they become (or stay) pending, owned by it,
// with one delivery at `at`. With `no_ack` only the group's position moves. `first` is the first entry
// behind that position, `last` an entry as well.
struct GroupDeliver {
  static constexpr auto kType = RecordType::kGroupDeliver;
  ObjectId object;
  GroupId group;
  ConsumerId consumer;
  WallMs at;
  bool no_ack = false;
  int64_t entries_read = kEntriesReadUnknown;  // Of the group, afterwards.
  StreamId first;
  StreamId last;
};
// Removes the pending entries in each range of `ranges`: first, last, first, last ...
struct GroupAck {
  static constexpr auto kType = RecordType::kGroupAck;
  ObjectId object;
  GroupId group;
  Bytes ranges;  // See IdList.
};
enum class DeliveryCount : uint8_t { kKeep = 0, kIncrement = 1, kSet = 2, kDecrement = 3 };
// Makes `consumer` the owner of `ids`; one that is not pending becomes so, with one delivery, before
// its count is changed as `count` says.
struct GroupClaim {
  static constexpr auto kType = RecordType::kGroupClaim;
  ObjectId object;
  GroupId group;
  ConsumerId consumer;
  WallMs at;         // The consumer became active.
  WallMs delivered;  // The entries' new delivery time.
  DeliveryCount count = DeliveryCount::kKeep;
  uint64_t deliveries = 0;  // For kSet.
  Bytes ids;                // See IdList.
};
// A consumer has read its own history: its pending entries in [first, last] that are still in the
// stream were delivered once more, at `at`.
struct GroupRedeliver {
  static constexpr auto kType = RecordType::kGroupRedeliver;
  ObjectId object;
  GroupId group;
  ConsumerId consumer;
  WallMs at;
  StreamId first;
  StreamId last;
};

// Takes `ids` from their consumers and puts them behind all that nobody owns, in their order here; one that is not
// pending becomes so, with no delivery, before its count is changed as `count` says.
struct GroupRelease {
  static constexpr auto kType = RecordType::kGroupRelease;
  ObjectId object;
  GroupId group;
  DeliveryCount count = DeliveryCount::kKeep;
  uint64_t deliveries = 0;  // For kSet.
  Bytes ids;                // See IdList.
};

constexpr size_t kRecordHeadSize = 8;
constexpr uint8_t kRecordVersion = 1;
constexpr uint8_t kRecordEndsGroup = 1;

template <typename T>
concept AnyRecord = std::same_as<std::remove_const_t<decltype(T::kType)>, RecordType>;

// RecordWriter: appends records to a buffer, usually the log's open batch.
class RecordWriter {
 public:
  explicit RecordWriter(ByteBuffer& out) : out_(&out) {}

  // Of every record there is.
  template <AnyRecord Record>
  void put(const Record& record);

  [[nodiscard]] ByteBuffer& buffer() { return *out_; }

 private:
  ByteBuffer* out_;
};

// One record in a buffer: its head, checked, and its payload.
struct RecordView {
  RecordType type = RecordType::kKeyDrop;
  uint8_t flags = 0;
  Bytes payload;

  [[nodiscard]] bool ends_group() const { return (flags & kRecordEndsGroup) != 0; }
};

// Takes the first record off `input`. Nothing, and `input` unchanged, when its head is not valid or
// the payload is cut; the payload itself is not looked at.
[[nodiscard]] std::optional<RecordView> next_record(Bytes& input);

// Decodes a payload; false when it is not exactly one record of that type.
template <AnyRecord Record>
[[nodiscard]] bool decode(Bytes payload, Record& record);

// Marks the last record in buffer[from, end) as the end of its atomic group. There is one.
//   returns  how many records stand there.
uint64_t end_group(ByteBuffer& buffer, size_t from);

}  // namespace leat
