// XIDMPRECORD.
#include "command/stream_commands.h"
#include "command/stream_words.h"

namespace leat {

// XIDMPRECORD key producer iid id  ->  OK
// Has the stream remember that the idempotent id `iid` of `producer` became entry `id`, which is there. Said again of the same
// entry it changes nothing. Redis' own tools write it into append-only files.
// Source: redis.io/docs/latest/commands/xidmprecord
void cmd_xidmprecord(Context& context, const Arguments& words) {
  StreamId id;
  if (!read_id(context, words[4], 0, id)) return;
  const Bytes producer = words[2];
  const Bytes iid = words[3];
  if (producer.empty()) return context.error("ERR producer ID must be non-empty");
  if (iid.empty()) return context.error("ERR idempotent ID must be non-empty");
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kStream, object)) return;
  if (object == nullptr) return context.error(kErrNoSuchKey);
  const Stream& stream = *object->stream();
  const bool there = stream.find(id).has_value();
  if (context.lacks_entries()) return;
  if (!there) return context.error("ERR No such message in stream");
  const Idempotency* const known = stream.idempotency();
  const auto recorded = known == nullptr ? std::nullopt : known->find(producer, iid);
  if (recorded && *recorded != id)
    return context.error("ERR IID already exists for this producer with a different stream ID");
  if (!recorded) {
    context.commit(
        StreamRemember{.object = object->id, .id = id, .producer = producer, .iid = iid});
  }
  context.reply().ok();
}

}  // namespace leat
