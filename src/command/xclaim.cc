// XCLAIM and XAUTOCLAIM.
//
// Both take entries away from consumers that did not finish them. What is claimed and what turns out to be gone
// from the stream becomes one record each.
#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/stream_commands.h"
#include "command/stream_words.h"
#include "model/record_lists.h"

namespace leat {
namespace {

// XAUTOCLAIM looks at most at this many pending entries per entry of COUNT.
constexpr int64_t kAttemptsPerCount = 10;
constexpr int64_t kAutoClaimCountDefault = 100;
constexpr int64_t kAutoClaimCountMax = std::numeric_limits<int64_t>::max() / 16;

bool read_claim_integer(Context& context, Bytes word, Bytes refusal, int64_t& value) {
  const auto parsed = parse_int64(word);
  if (!parsed) {
    context.error(refusal);
    return false;
  }
  value = *parsed;
  return true;
}

// How the entries are handed over.
struct Terms {
  int64_t min_idle_ms = 0;
  bool just_id = false;
  bool force = false;
  WallMs delivered;
  std::optional<uint64_t> deliveries;  // RETRYCOUNT.
};

// Finds entries by ascending ids: the next one mostly stands a few entries behind the one before.
//
// Invariant  cursor_ stands on the first live entry with an id >= previous_, or is done.
class EntryFinder {
 public:
  explicit EntryFinder(const Stream& stream) : stream_(stream) {}

  // The live entry `id`.
  std::optional<EntryView> find(StreamId id) {
    constexpr int kStepsMax = 8;  // Then the tree is faster.
    if (!cursor_ || id < previous_) seek(id);
    for (int steps = 0; !cursor_->done() && cursor_->entry().id < id; ++steps) {
      if (steps == kStepsMax) {
        seek(id);
        break;
      }
      cursor_->advance();
    }
    if (cursor_->done()) seek(id);
    previous_ = id;
    if (cursor_->done() || cursor_->entry().id != id) return std::nullopt;
    return cursor_->entry();
  }

 private:
  // It is done at the end of its frame: the next id may stand far behind.
  void seek(StreamId id) { cursor_.emplace(stream_.seek(id, {.end = id})); }

  const Stream& stream_;
  std::optional<Stream::Cursor> cursor_;
  StreamId previous_;
};

// Claim: what one command takes over for its consumer.
//
// Contract   take() decides, commit() makes what was taken since the last commit happen. The views of the
//            claimed entries stay valid: claiming changes nothing in the stream's entries.
class Claim {
 public:
  enum class Result : uint8_t { kClaimed, kSkipped, kGone };

  Claim(Context& context, const Object& object, const Group& group, const Terms& terms)
      : context_(context),
        object_(object),
        group_(group),
        terms_(terms),
        finder_(*object.stream()) {}

  // Takes over `id`, which stands among the pending entries as `pending` or does not. An entry that is gone from
  // the stream stops being pending. Requires an id beyond those taken since the last commit.
  Result take(StreamId id, const std::optional<PendingEntry>& pending) {
    const auto entry = finder_.find(id);
    if (!entry) {
      if (pending) gone_.push_back(id);
      return Result::kGone;
    }
    if (!pending && !terms_.force) return Result::kSkipped;
    if (pending && pending->owner != kNoOwner && terms_.min_idle_ms > 0) {
      const int64_t idle = context_.now().wall.value - pending->delivered.value;
      if (idle < terms_.min_idle_ms) return Result::kSkipped;
    }
    claimed_.push_back(*entry);
    bytes_ += entry->wire.size();
    return Result::kClaimed;
  }

  [[nodiscard]] bool gives_up() const { return context_.gives_up(); }
  // Of the claimed entries, in wire form.
  [[nodiscard]] uint64_t bytes() const { return bytes_; }

  void commit(const Consumer& consumer) {
    if (gone_.size() != gone_committed_) commit_gone();
    if (claimed_.size() != claimed_committed_) commit_claimed(consumer);
    gone_committed_ = gone_.size();
    claimed_committed_ = claimed_.size();
  }

  // The claimed entries, or their ids, as they were taken.
  void reply_claimed() {
    ReplyWriter& reply = context_.reply();
    reply.array(claimed_.size());
    for (const EntryView& entry : claimed_) {
      terms_.just_id ? reply_id(reply, entry.id) : reply_entry(reply, entry);
    }
  }
  void reply_gone() {
    ReplyWriter& reply = context_.reply();
    reply.array(gone_.size());
    for (const StreamId id : gone_) reply_id(reply, id);
  }

 private:
  void commit_gone() {
    ByteBuffer& list = context_.scratch();
    IdListWriter ranges(list);
    for (size_t i = gone_committed_; i < gone_.size(); ++i) {
      ranges.add(gone_[i]);
      ranges.add(gone_[i]);
    }
    context_.commit(GroupAck{.object = object_.id, .group = group_.id, .ranges = list.view()});
  }

  void commit_claimed(const Consumer& consumer) {
    ByteBuffer& list = context_.scratch();
    IdListWriter ids(list);
    for (size_t i = claimed_committed_; i < claimed_.size(); ++i) ids.add(claimed_[i].id);
    auto count = terms_.just_id ? DeliveryCount::kKeep : DeliveryCount::kIncrement;
    if (terms_.deliveries) count = DeliveryCount::kSet;
    context_.commit(GroupClaim{.object = object_.id,
                               .group = group_.id,
                               .consumer = consumer.id,
                               .at = context_.now().wall,
                               .delivered = terms_.delivered,
                               .count = count,
                               .deliveries = terms_.deliveries.value_or(0),
                               .ids = list.view()});
  }

  Context& context_;
  const Object& object_;
  const Group& group_;
  const Terms& terms_;
  EntryFinder finder_;
  std::vector<EntryView> claimed_;
  std::vector<StreamId> gone_;
  uint64_t bytes_ = 0;
  size_t claimed_committed_ = 0;
  size_t gone_committed_ = 0;
};

struct ClaimWords {
  Terms terms;
  std::vector<StreamId> ids;
  StreamId last_id;
};

// `ms` as IDLE or TIME gives it; a time that can't be (clients count from clocks of their own) means now.
WallMs delivery_time(int64_t ms, WallMs now) {
  return ms < 0 || ms > now.value ? now : WallMs{ms};
}

bool read_claim_option(Context& context, const Arguments& words, size_t& i, ClaimWords& asked) {
  const WallMs now = context.now().wall;
  const bool has_value = i + 1 < words.size();
  int64_t value = 0;
  if (same_word(words[i], "force")) {
    asked.terms.force = true;
  } else if (same_word(words[i], "justid")) {
    asked.terms.just_id = true;
  } else if (has_value && same_word(words[i], "idle")) {
    if (!read_claim_integer(context, words[++i], "ERR Invalid IDLE option argument for XCLAIM",
                            value))
      return false;
    asked.terms.delivered = value < 0 ? now : delivery_time(now.value - value, now);
  } else if (has_value && same_word(words[i], "time")) {
    if (!read_claim_integer(context, words[++i], "ERR Invalid TIME option argument for XCLAIM",
                            value))
      return false;
    asked.terms.delivered = delivery_time(value, now);
  } else if (has_value && same_word(words[i], "retrycount")) {
    if (!read_claim_integer(context, words[++i],
                            "ERR Invalid RETRYCOUNT option argument for XCLAIM", value)) {
      return false;
    }
    asked.terms.deliveries = value < 0 ? std::nullopt : std::optional(static_cast<uint64_t>(value));
  } else if (has_value && same_word(words[i], "lastid")) {
    return read_id(context, words[++i], 0, asked.last_id);
  } else {
    context.error(fmt::format("ERR Unrecognized XCLAIM option '{}'", words[i]));
    return false;
  }
  return true;
}

bool read_claim_words(Context& context, const Arguments& words, ClaimWords& asked) {
  if (!read_claim_integer(context, words[4], "ERR Invalid min-idle-time argument for XCLAIM",
                          asked.terms.min_idle_ms)) {
    return false;
  }
  asked.terms.delivered = context.now().wall;
  size_t i = 5;
  for (; i < words.size(); ++i) {
    const auto id = parse_stream_id(words[i], 0);
    if (!id) break;
    asked.ids.push_back(*id);
  }
  for (; i < words.size(); ++i) {
    if (!read_claim_option(context, words, i, asked)) return false;
  }
  return true;
}

struct AutoClaimWords {
  Terms terms;
  StreamId start;
  int64_t count = kAutoClaimCountDefault;
};

bool read_auto_claim_words(Context& context, const Arguments& words, AutoClaimWords& asked) {
  if (!read_claim_integer(context, words[4], "ERR Invalid min-idle-time argument for XAUTOCLAIM",
                          asked.terms.min_idle_ms)) {
    return false;
  }
  asked.terms.delivered = context.now().wall;
  if (!read_range_start(context, words[5], asked.start)) return false;
  for (size_t i = 6; i < words.size(); ++i) {
    if (same_word(words[i], "count") && i + 1 < words.size()) {
      const auto count = parse_int64(words[++i]);
      if (!count || *count < 1 || *count > kAutoClaimCountMax) {
        context.error("ERR COUNT must be > 0");
        return false;
      }
      asked.count = *count;
    } else if (same_word(words[i], "justid")) {
      asked.terms.just_id = true;
    } else {
      context.error(kErrSyntax);
      return false;
    }
  }
  return true;
}

// Takes pending entries from `cursor` on; it then stands on the first that was not looked at.
void take_from(PendingEntries::Cursor& cursor, const AutoClaimWords& asked, Claim& claim) {
  int64_t left = asked.count;
  for (int64_t attempts = asked.count * kAttemptsPerCount;
       attempts > 0 && left > 0 && cursor.valid() && !claim.gives_up() &&
       claim.bytes() < kHandedOutBytesMax;
       --attempts) {
    const PendingEntry& pending = cursor.entry();
    if (claim.take(pending.id, pending) != Claim::Result::kSkipped) --left;
    cursor.advance();
  }
}

// Whatever is claimed is looked at before anything is written. False when the command has to wait, or can't be done.
bool foresee(const Context& context, const Stream& stream, const Group& group,
             const ClaimWords& asked) {
  if (!stream.sealed()) return true;
  if (asked.last_id > group.last_delivered) static_cast<void>(stream.count_after(asked.last_id));
  for (const StreamId id : asked.ids) {
    if (context.gives_up()) return false;
    static_cast<void>(stream.find(id));
  }
  return !context.lacks_entries();
}

}  // namespace

// XCLAIM key group consumer min-idle id [id ...]
//        [IDLE ms] [TIME unix-ms] [RETRYCOUNT n] [FORCE] [JUSTID] [LASTID id]
//   ->  array of the claimed entries; with JUSTID of their ids.
// The ids end at the first word that is none. What is pending but gone from the stream is acknowledged on the
// way. FORCE makes an entry pending that is not, with one delivery before this one. The consumer is created if
// it does not exist.
// Source: redis.io/docs/latest/commands/xclaim
void cmd_xclaim(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Group* group = nullptr;
  if (!find_group(context, words, object, group)) return;
  ClaimWords asked;
  if (!read_claim_words(context, words, asked)) return;

  if (!foresee(context, *object->stream(), *group, asked)) return;
  if (asked.last_id > group->last_delivered) {
    context.commit(GroupSetId{.object = object->id,
                              .group = group->id,
                              .last_delivered = asked.last_id,
                              .entries_read = group->entries_read});
  }
  const Consumer* const consumer = seen_consumer(context, *object, *group, words[3]);
  if (consumer == nullptr) return;
  Claim claim(context, *object, *group, asked.terms);
  StreamId previous;
  for (const StreamId id : asked.ids) {
    // An id that does not ascend may have been named before: it is looked at as its first claim left it.
    if (id <= previous) claim.commit(*consumer);
    previous = id;
    claim.take(id, group->pending.find(id));
  }
  claim.commit(*consumer);
  claim.reply_claimed();
}

// XAUTOCLAIM key group consumer min-idle start [COUNT n] [JUSTID]
//   ->  [where to start next time, claimed entries or ids, ids that were pending but are gone from the stream];
//       0-0 when all that is pending has been looked at. It ends early behind some 16 MB of entries.
// Source: redis.io/docs/latest/commands/xautoclaim
void cmd_xautoclaim(Context& context, const Arguments& words) {
  AutoClaimWords asked;
  if (!read_auto_claim_words(context, words, asked)) return;
  const Object* object = nullptr;
  const Group* group = nullptr;
  if (!find_group(context, words, object, group)) return;

  Claim claim(context, *object, *group, asked.terms);
  auto cursor = group->pending.cursor_from(asked.start);
  take_from(cursor, asked, claim);
  if (context.lacks_entries()) return;
  const StreamId next = cursor.valid() ? cursor.entry().id : StreamId::min();
  const Consumer* const consumer = seen_consumer(context, *object, *group, words[3]);
  if (consumer == nullptr) return;
  claim.commit(*consumer);
  context.reply().array(3);
  reply_id(context.reply(), next);
  claim.reply_claimed();
  claim.reply_gone();
}

}  // namespace leat
