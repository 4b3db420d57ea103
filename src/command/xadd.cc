// XADD and XTRIM.
#include <fmt/format.h>

#include "base/flatten.h"
#include "command/idempotency_words.h"
#include "command/retention_words.h"
#include "command/stream_commands.h"
#include "command/stream_words.h"
#include "command/trim_words.h"
#include "engine/retention_plan.h"

namespace leat {
namespace {

// Of all fields and values of one entry, as in Redis; and in wire form, which is more where they are short, so that one
// always fits into a block: Block::kBytesMax.
constexpr uint64_t kEntryBytesMax = 1ULL << 30;
constexpr uint64_t kEntryWireMax = 2 * kEntryBytesMax;

struct AddWords {
  bool make_stream = true;
  TrimWords trim;
  IdempotencyWords idempotency;
  AppendId id;
  size_t first_field = 0;
};

// "<ms>-*", or an id; the word that is no option. False after the error has been replied.
bool read_new_id(Context& context, Bytes word, AppendId& id) {
  constexpr Bytes kAnySequence = "-*";
  if (word.size() > kAnySequence.size() && word.ends_with(kAnySequence)) {
    const Bytes ms = word.substr(0, word.size() - kAnySequence.size());
    id.kind = AppendId::Kind::kAutoSequence;
    if (ms.find('-') == Bytes::npos) return read_id(context, ms, 0, id.id);
    context.error(kErrInvalidStreamId);
    return false;
  }
  id.kind = AppendId::Kind::kExplicit;
  return read_id(context, word, 0, id.id);
}

bool read_add_words(Context& context, const Arguments& words, AddWords& add) {
  size_t i = 2;
  while (i < words.size() && words[i] != "*") {
    if (same_word(words[i], "nomkstream")) {
      add.make_stream = false;
      ++i;
      continue;
    }
    const TrimWords::Read read = add.trim.read(context, words, i);
    if (read == TrimWords::Read::kFailed) return false;
    if (read == TrimWords::Read::kTaken) continue;
    const auto taken = add.idempotency.read(context, words, i);
    if (taken == IdempotencyWords::Read::kFailed) return false;
    if (taken == IdempotencyWords::Read::kTaken) continue;
    if (!read_new_id(context, words[i], add.id)) return false;
    break;
  }
  if (!add.trim.complete(context, TrimWords::Strategy::kOptional)) return false;
  if (add.idempotency.given() && add.id.kind != AppendId::Kind::kAuto) {
    context.error("ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs");
    return false;
  }
  add.first_field = i + 1;
  if (words.size() < add.first_field + 2 || (words.size() - add.first_field) % 2 != 0) {
    context.error("ERR wrong number of arguments for 'xadd' command");
    return false;
  }
  if (add.id.kind == AppendId::Kind::kExplicit && add.id.id == StreamId::min()) {
    context.error("ERR The ID specified in XADD must be greater than 0-0");
    return false;
  }
  return true;
}

bool plan_id(Context& context, const Stream* stream, const AppendId& asked, StreamId& id) {
  switch (plan_append_id(stream, asked, context.now().wall, id)) {
    case AppendRefusal::kNone:
      return true;
    case AppendRefusal::kExhausted:
      context.error("ERR The stream has exhausted the last possible ID, unable to add more items");
      return false;
    case AppendRefusal::kTooSmall:
      context.error(
          "ERR The ID specified in XADD is equal or smaller than the target stream top item");
      return false;
  }
  return false;
}

// The entry is there already: its iid is remembered. Then it has been replied.
bool is_duplicate(Context& context, const Object* object, const IdempotencyWords& words,
                  Bytes iid) {
  const Idempotency* const known = object == nullptr ? nullptr : object->stream()->idempotency();
  if (!words.given() || known == nullptr) return false;
  const auto id = known->find(words.producer(), iid);
  if (!id) return false;
  context.commit(StreamDuplicate{.object = object->id});
  reply_id(context.reply(), *id);
  return true;
}

// An entry that was added is not added again: whether the trimming that follows, `trim` and then what the policy drops,
// needs sealed entries is found out before. False when the command has to wait, or can't be done.
bool can_trim(const Context& context, const Stream& stream, const std::optional<Trim>& trim,
              uint64_t bytes) {
  if (!stream.sealed()) return true;
  Addition addition{.entries = 1, .bytes = bytes};
  // The same as the real one on a stream that is longer by one entry.
  std::optional<Trim> before = trim;
  if (before && before->by == Trim::By::kLength && before->length != 0) --before->length;
  if (before) addition.trimmed = plan_trim(stream, *before).last_dropped;
  if (stream.retention().limits_size()) {
    static_cast<void>(plan_size(stream, addition));
    // The stream remembers the first block of one frame, and the policy may have come to another: then the real trim would
    // open its own again.
    if (before) static_cast<void>(plan_trim(stream, *before));
  }
  return !context.lacks_entries();
}

}  // namespace

// XADD key [NOMKSTREAM] [KEEPREF|DELREF|ACKED] [IDMPAUTO producer | IDMP producer iid]
//      [MAXLEN|MINID [=|~] threshold [LIMIT count]] <*|id> field value [field value ...]
//   ->  bulk string, the id, which is that of the entry that the iid became first; null with NOMKSTREAM and no key.
// Source: redis.io/docs/latest/commands/xadd
LEAT_FLATTEN void cmd_xadd(Context& context, const Arguments& words) {
  AddWords add;
  if (!read_add_words(context, words, add)) return;
  const Bytes key = words[1];
  const Object* object = nullptr;
  if (!context.find(key, ObjectKind::kStream, object)) return;
  if (object == nullptr && !add.make_stream) return context.reply().null();

  const Bytes iid = add.idempotency.given() ? add.idempotency.iid(words, add.first_field) : Bytes();
  if (is_duplicate(context, object, add.idempotency, iid)) return;
  uint64_t payload = 0;
  for (size_t i = add.first_field; i < words.size(); ++i) payload += words[i].size();
  ByteBuffer rendered;
  const Bytes wire = words.wire(add.first_field, words.size(), rendered);
  if (payload > kEntryBytesMax || wire.size() > kEntryWireMax)
    return context.error("ERR Elements are too large to be stored");
  const Settings& settings = context.settings();
  const Stream* const stream = object == nullptr ? nullptr : object->stream();
  StreamId id;
  if (!plan_id(context, stream, add.id, id)) return;
  const Retention policy =
      stream == nullptr ? default_retention(settings, key) : stream->retention();
  const bool may_refuse = policy.when_full == WhenFull::kReject;
  if (may_refuse && !admit_append(context, key, stream, policy, wire.size())) return;

  const NodeLimits limits{.entries = settings.stream_node_max_entries,
                          .bytes = settings.stream_node_max_bytes};
  const bool new_block = stream == nullptr || plan_new_block(*stream, payload, limits);
  const auto trim = add.trim.trim(settings);
  if (object == nullptr) {
    object = &create_stream(context, key, policy);
  } else if (context.lacks_entries() || !can_trim(context, *stream, trim, wire.size())) {
    return;
  }
  context.commit(StreamAppend{.object = object->id,
                              .new_block = new_block,
                              .id = id,
                              .elements = static_cast<uint32_t>(words.size() - add.first_field),
                              .wire = wire});
  if (add.idempotency.given()) {
    context.commit(StreamRemember{
        .object = object->id, .id = id, .producer = add.idempotency.producer(), .iid = iid});
  }
  context.notify(EventClass::kStream, "xadd", key);
  if (trim) trim_stream(context, *object, *trim);
  if (policy.limits_size()) enforce_size(context, *object);
  reply_id(context.reply(), id);
}

// XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count] [KEEPREF|DELREF|ACKED]  ->  integer: how many entries went.
// With DELREF what goes is no longer pending in any group; with ACKED only what no group needs any more goes. Both go by
// entries, with "~", too.
// Source: redis.io/docs/latest/commands/xtrim
void cmd_xtrim(Context& context, const Arguments& words) {
  TrimWords trim_words;
  size_t i = 2;
  while (i < words.size()) {
    const TrimWords::Read read = trim_words.read(context, words, i);
    if (read == TrimWords::Read::kFailed) return;
    if (read == TrimWords::Read::kNotMine) return context.error(kErrSyntax);
  }
  if (!trim_words.complete(context, TrimWords::Strategy::kRequired)) return;
  const auto trim = trim_words.trim(context.settings());
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kStream, object)) return;
  context.reply().integer(
      object == nullptr ? 0 : static_cast<int64_t>(trim_stream(context, *object, *trim)));
}

}  // namespace leat
