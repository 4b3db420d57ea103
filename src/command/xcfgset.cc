// XCFGSET, and what a stream's policy does to the commands that append.
#include <fmt/format.h>

#include "command/idempotency_words.h"
#include "command/retention_words.h"
#include "command/stream_commands.h"
#include "command/stream_words.h"

namespace leat {
namespace {

constexpr size_t kKeyQuotedMax = 128;

// Words 2 and on. False after the error has been replied.
bool read_settings(Context& context, const Arguments& words, RetentionWords& asked,
                   IdempotencyLimitWords& limits) {
  using Limits = IdempotencyLimitWords::Read;
  for (size_t i = 2; i < words.size(); i += 2) {
    const bool valued = i + 1 < words.size();
    const auto limit = valued ? limits.read(context, words[i], words[i + 1]) : Limits::kNotMine;
    if (limit == Limits::kFailed) return false;
    if (limit == Limits::kTaken) continue;
    const auto read = valued ? asked.read(words[i], words[i + 1]) : RetentionWords::Read::kNotMine;
    if (read == RetentionWords::Read::kTaken) continue;
    context.error(read == RetentionWords::Read::kWrong ? "ERR " + asked.problem()
                                                       : std::string(kErrSyntax));
    return false;
  }
  if (asked.any() || limits.any()) return true;
  context.error("ERR At least one parameter must be specified");
  return false;
}

// A policy that was recorded is not recorded again: whether what then goes at once needs sealed entries is found out
// before. False when the command has to wait, or can't be done.
bool can_enforce(const Context& context, const Stream& stream, const Retention& policy) {
  if (!stream.sealed() || !policy.limits_size()) return true;
  static_cast<void>(plan_size(stream, policy, {}));
  return !context.lacks_entries();
}

void set_limits(Context& context, const Object& object, const IdempotencyLimitWords& asked) {
  const IdempotencyLimits present = idempotency_limits(*object.stream());
  const IdempotencyLimits limits = asked.over(present);
  if (limits == present) return;
  const Idempotency* const known = object.stream()->idempotency();
  const auto counters = known == nullptr ? Idempotency::Counters() : known->counters();
  context.commit(StreamIdempotency{.object = object.id,
                                   .limits = limits,
                                   .added = counters.added,
                                   .duplicates = counters.duplicates});
}

}  // namespace

bool admit_append(Context& context, Bytes key, const Stream* stream, const Retention& policy,
                  uint64_t bytes) {
  const Excess excess = plan_admission(stream, policy, bytes);
  if (excess == Excess::kNone) return true;
  const Bytes name = key.substr(0, kKeyQuotedMax);
  if (excess == Excess::kBytes && bytes > policy.bytes_max) {
    context.error(fmt::format(
        "STREAMFULL The entry has {} bytes, and the limit of stream '{}' is MAXBYTES {}; raise it "
        "with XCFGSET, or split the entry",
        bytes, name, policy.bytes_max));
    return false;
  }
  const bool by_length = excess == Excess::kLength;
  context.error(fmt::format(
      "STREAMFULL Stream '{}' is at its limit of {} {} and {}, or raise the limit with XCFGSET",
      name, by_length ? "MAXLEN" : "MAXBYTES", by_length ? policy.length_max : policy.bytes_max,
      policy.retain == Retain::kUnacked
          ? "has entries that a group has not acknowledged; acknowledge them (XACK)"
          : "drops nothing to make room (WHENFULL REJECT); remove entries (XTRIM, XDEL)"));
  return false;
}

const Object& create_stream(Context& context, Bytes key, const Retention& policy) {
  const Object& object = context.create(key, ObjectKind::kStream);
  if (!policy.none()) context.commit(StreamConfigure{.object = object.id, .policy = policy});
  const IdempotencyLimits& limits = context.settings().idempotency;
  if (limits != IdempotencyLimits{})
    context.commit(StreamIdempotency{.object = object.id, .limits = limits});
  return object;
}

void enforce_size(Context& context, const Object& object) {
  const Stream& stream = *object.stream();
  if (!stream.retention().limits_size()) [[likely]]
    return;
  const SizePlan plan = plan_size(stream, {});
  if (plan.last_dropped == StreamId::min()) return;
  context.commit(StreamTrim{.object = object.id, .last_dropped = plan.last_dropped});
  context.notify(EventClass::kStream, "xtrim", object.key);
}

// XCFGSET key [IDMP-DURATION seconds] [IDMP-MAXSIZE n]
//         [MAXLEN n] [MAXAGE duration] [MAXBYTES n] [RETAIN UNACKED|ANY] [WHENFULL TRIM|REJECT]  ->  OK
// What is not named stays as it was. The limits of a policy hold from now on, and what exceeds them goes at once; another
// limit of what is remembered of idempotent producers has all of that forgotten.
// Source: redis.io/docs/latest/commands/xcfgset; the options of the second line are Leat's: docs/retention.md
void cmd_xcfgset(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kStream, object)) return;
  if (object == nullptr) return context.error(kErrNoSuchKey);
  RetentionWords asked;
  IdempotencyLimitWords asked_limits;
  if (!read_settings(context, words, asked, asked_limits)) return;
  const Retention& present = object->stream()->retention();
  const Retention policy = asked.over(present);
  if (policy != present) {
    if (!can_enforce(context, *object->stream(), policy)) return;
    context.commit(StreamConfigure{.object = object->id, .policy = policy});
    enforce_size(context, *object);
  }
  set_limits(context, *object, asked_limits);
  context.reply().ok();
}

}  // namespace leat
