// RESTORE: a key from a payload (rdb/payload.h).
#include "command/context.h"
#include "command/key_commands.h"
#include "command/stream_words.h"
#include "model/record_lists.h"
#include "rdb/payload.h"

namespace leat {
namespace {

struct RestoreWords {
  bool replace = false;
  bool absolute = false;
  int64_t ttl_ms = 0;
  int64_t idle_s = -1;
};

bool read_number(Context& context, Bytes name, Bytes word, int64_t most, int64_t& number) {
  if (!read_integer(context, word, number)) return false;
  if (number >= 0 && number <= most) return true;
  context.error(std::string("ERR Invalid ") + std::string(name) + " value, must be >= 0" +
                (most == INT64_MAX ? "" : " and <= " + std::to_string(most)));
  return false;
}

// Words 4 and on. False after the error has been replied.
bool read_options(Context& context, const Arguments& words, RestoreWords& asked) {
  constexpr int64_t kFrequencyMax = 255;
  int64_t frequency = -1;
  for (size_t i = 4; i < words.size(); ++i) {
    const bool more = i + 1 < words.size();
    if (same_word(words[i], "replace")) {
      asked.replace = true;
    } else if (same_word(words[i], "absttl")) {
      asked.absolute = true;
    } else if (same_word(words[i], "idletime") && more && frequency == -1) {
      if (!read_number(context, "IDLETIME", words[++i], INT64_MAX, asked.idle_s)) return false;
    } else if (same_word(words[i], "freq") && more && asked.idle_s == -1) {
      if (!read_number(context, "FREQ", words[++i], kFrequencyMax, frequency)) return false;
    } else {
      context.error(kErrSyntax);
      return false;
    }
  }
  return true;
}

// Writes what a stream is made of.
class StreamRestorer {
 public:
  StreamRestorer(Context& context, ObjectId object, const RdbStream& from)
      : context_(context), object_(object), from_(from) {}

  void restore() {
    for (size_t i = 0; i < from_.entries.size(); ++i) {
      const RdbStream::Entry& entry = from_.entries[i];
      context_.commit(StreamAppend{.object = object_,
                                   .new_block = entry.begins_node,
                                   .id = entry.id,
                                   .elements = entry.elements,
                                   .wire = from_.wire_of(i)});
    }
    context_.commit(StreamSetId{.object = object_,
                                .last_id = from_.last_id,
                                .entries_added = from_.entries_added,
                                .max_deleted = from_.max_deleted});
    if (!from_.retention.none())
      context_.commit(StreamConfigure{.object = object_, .policy = from_.retention});
    restore_iids();
    for (const RdbStream::Group& group : from_.groups) restore_group(group);
  }

 private:
  [[nodiscard]] const Stream& stream() const {
    return *context_.engine().keyspace().find(object_)->stream();
  }

  void restore_iids() {
    const IdempotencyLimits limits = from_.idempotency.value_or(context_.settings().idempotency);
    if (limits == IdempotencyLimits{} && from_.iids_added == 0) return;
    const uint64_t remembered = from_.iids.size();
    context_.commit(StreamIdempotency{.object = object_,
                                      .limits = limits,
                                      .added = std::max(from_.iids_added, remembered) - remembered,
                                      .duplicates = from_.iids_duplicates});
    for (const RdbStream::Iid& iid : from_.iids) {
      context_.commit(StreamRemember{
          .object = object_, .id = iid.id, .producer = iid.producer, .iid = iid.iid});
    }
  }

  void restore_group(const RdbStream::Group& from) {
    const GroupId group = stream().groups().next_id();
    const int64_t read = from.entries_read ? *from.entries_read
                                           : estimate_entries_read(stream(), from.last_delivered);
    context_.commit(GroupCreate{.object = object_,
                                .group = group,
                                .last_delivered = from.last_delivered,
                                .entries_read = read,
                                .name = from.name});
    for (size_t i = 0; i < from.consumers.size(); ++i) {
      const RdbStream::Consumer& consumer = from.consumers[i];
      context_.commit(ConsumerCreate{.object = object_,
                                     .group = group,
                                     .consumer = number(i),
                                     .at = consumer.seen,
                                     .name = consumer.name});
      // One that has nothing pending was active all the same.
      if (consumer.active.value >= 0) claim(group, from, i, {});
    }
    restore_pending(group, from);
    restore_released(group, from);
  }

  // Of a new group, consumers count from 1.
  static ConsumerId number(size_t index) { return ConsumerId{static_cast<uint32_t>(index + 1)}; }

  void claim(GroupId group, const RdbStream::Group& from, size_t owner, Bytes ids,
             const RdbStream::Pending& as = {}) {
    context_.commit(GroupClaim{.object = object_,
                               .group = group,
                               .consumer = number(owner),
                               .at = from.consumers[owner].active,
                               .delivered = as.delivered,
                               .count = DeliveryCount::kSet,
                               .deliveries = as.deliveries,
                               .ids = ids});
  }

  // A record for each run of entries that share everything but their ids.
  void restore_pending(GroupId group, const RdbStream::Group& from) {
    const auto& pending = from.pending;
    for (size_t begin = 0, end = 0; begin < pending.size(); begin = end) {
      const RdbStream::Pending& first = pending[begin];
      IdListWriter ids(context_.scratch());
      for (end = begin;
           end < pending.size() && pending[end].owner == first.owner &&
           pending[end].delivered == first.delivered && pending[end].deliveries == first.deliveries;
           ++end) {
        ids.add(pending[end].id);
      }
      if (first.owner != RdbStream::kNobody)
        claim(group, from, first.owner, ids.buffer().view(), first);
    }
  }

  void restore_released(GroupId group, const RdbStream::Group& from) {
    const auto deliveries = [&from](StreamId id) {
      return std::lower_bound(
                 from.pending.begin(), from.pending.end(), id,
                 [](const RdbStream::Pending& entry, StreamId at) { return entry.id < at; })
          ->deliveries;
    };
    for (const StreamId id : from.released) {
      IdListWriter ids(context_.scratch());
      ids.add(id);
      context_.commit(GroupRelease{.object = object_,
                                   .group = group,
                                   .count = DeliveryCount::kSet,
                                   .deliveries = deliveries(id),
                                   .ids = ids.buffer().view()});
    }
  }

  Context& context_;
  ObjectId object_;
  const RdbStream& from_;
};

// The values of each kind, of an object that is empty.
void restore_value(Context& context, ObjectId object, const std::string& value) {
  context.commit(StringSet{.object = object, .value = value});
}
void restore_value(Context& context, ObjectId object, const RdbHash& hash) {
  ByteBuffer list;
  for (const auto& [field, value] : hash) {
    append_string(list, field);
    append_string(list, value);
  }
  context.commit(HashSet{.object = object, .list = list.view()});
}
void restore_value(Context& context, ObjectId object, const RdbSet& set) {
  ByteBuffer list;
  for (const std::string& member : set) append_string(list, member);
  context.commit(SetAdd{.object = object, .list = list.view()});
}
void restore_value(Context& context, ObjectId object, const RdbStream& stream) {
  StreamRestorer(context, object, stream).restore();
}

ObjectKind kind_of(const RdbValue& value) {
  constexpr ObjectKind kKinds[] = {ObjectKind::kString, ObjectKind::kHash, ObjectKind::kSet,
                                   ObjectKind::kStream};
  return kKinds[value.index()];
}

// When the key expires; 0: never. None when that does not fit.
std::optional<WallMs> expiry_of(const Context& context, const RestoreWords& asked) {
  if (asked.ttl_ms == 0) return WallMs{0};
  return expiry_time(asked.ttl_ms, false, asked.absolute ? WallMs{0} : context.now().wall);
}

}  // namespace

// RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]  ->  OK
// `ttl` in milliseconds, 0: none; with ABSTTL it is a Unix time. A payload is checked as a whole before anything is written.
// FREQ has no effect: nothing counts accesses.
// Source: redis.io/docs/latest/commands/restore
void cmd_restore(Context& context, const Arguments& words) {
  RestoreWords asked;
  if (!read_options(context, words, asked)) return;
  const Object* const present = context.find(words[1]);
  if (present != nullptr && !asked.replace)
    return context.error("BUSYKEY Target key name already exists.");
  if (!read_number(context, "TTL", words[2], INT64_MAX, asked.ttl_ms)) return;
  const auto expires = expiry_of(context, asked);
  if (!expires) return context.error("ERR Invalid TTL value, must be >= 0");
  const auto read = read_payload(words[3]);
  if (const auto* const fault = std::get_if<PayloadFault>(&read)) {
    return context.error(*fault == PayloadFault::kChecksum
                             ? "ERR DUMP payload version or checksum are wrong"
                             : "ERR Bad data format");
  }
  const RdbValue& value = std::get<RdbValue>(read);
  const auto before = context.drop_replaced(present);
  if (expires->value != 0 && *expires <= context.now().wall) {
    if (before) context.notify(EventClass::kGeneric, "del", words[1]);
    return context.reply().ok();
  }
  const Object& object = context.create(words[1], kind_of(value));
  std::visit([&](const auto& one) { restore_value(context, object.id, one); }, value);
  if (expires->value != 0) context.commit(KeyExpire{.object = object.id, .at = *expires});
  if (asked.idle_s >= 0) {
    const int64_t idle_ms = std::min(asked.idle_s, INT64_MAX / 1000) * 1000;
    object.used = WallMs{std::max(context.now().wall.value - idle_ms, int64_t{0})};
  }
  context.notify(EventClass::kGeneric, "restore", words[1]);
  context.notify_overwritten(words[1], before, object.kind());
  context.reply().ok();
}

}  // namespace leat
