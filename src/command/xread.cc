// XREAD and XREADGROUP: one grammar, one way of blocking.
//
// Both are planned from their words each time they run: when they come, and again when a key they wait for
// is signalled. Nothing is kept in between but "$", which is frozen to the id it meant at first.
#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/read_budget.h"
#include "command/read_claims.h"
#include "command/stream_commands.h"
#include "command/stream_words.h"

namespace leat {
namespace {

struct ReadWords {
  bool group_read = false;
  Bytes group;
  Bytes consumer;
  int64_t count = 0;         // Per stream; 0: all.
  uint64_t entries_max = 0;  // MAXCOUNT; 0: no such limit.
  uint64_t bytes_max = 0;    // MAXSIZE; 0: no such limit.
  std::optional<int64_t> block_ms;
  std::optional<int64_t> min_idle_ms;  // CLAIM.
  bool no_ack = false;
  size_t first_key = 0;
  size_t keys = 0;
};

// One stream of the request.
struct Source {
  Bytes key;
  const Object* object = nullptr;
  const Group* group = nullptr;
  const Consumer* consumer = nullptr;  // Of the group.
  bool history = false;                // XREADGROUP with an id: the consumer's own pending entries.
  bool last_entry = false;             // XREAD "+".
  ReadClaims claims;                   // Come before the new entries.
  bool new_entries = true;             // There is room for them behind the claims.
  int64_t count = 0;                   // Entries at most, without the claims; 0: all.
  StreamId after;  // Entries behind this id; not for history == false && group != null.
};

Bytes name_of(const ReadWords& asked) {
  return asked.group_read ? "xreadgroup" : "xread";
}

bool read_timeout(Context& context, Bytes word, ReadWords& asked) {
  const auto timeout = parse_int64(word);
  if (!timeout) {
    context.error("ERR timeout is not an integer or out of range");
    return false;
  }
  if (*timeout < 0) {
    context.error("ERR timeout is negative");
    return false;
  }
  if (*timeout >
      std::numeric_limits<int64_t>::max() / kNsPerMs - context.now().mono.value / kNsPerMs - 1) {
    context.error("ERR timeout is out of range");
    return false;
  }
  asked.block_ms = timeout;
  return true;
}

bool read_streams(Context& context, const Arguments& words, size_t i, ReadWords& asked) {
  asked.first_key = i + 1;
  const size_t count = words.size() - asked.first_key;
  if (count % 2 != 0) {
    context.error(fmt::format(
        "ERR Unbalanced '{}' list of streams: for each stream key an ID{} must be specified.",
        name_of(asked), asked.group_read ? " or '>'" : ", '+', or '$'"));
    return false;
  }
  asked.keys = count / 2;
  return true;
}

bool group_only(Context& context, const ReadWords& asked, Bytes option) {
  if (asked.group_read) return true;
  context.error(fmt::format(
      "ERR The {} option is only supported by XREADGROUP. You called XREAD instead.", option));
  return false;
}

// The options that XREADGROUP alone has. Nothing when words[i] is none of them.
std::optional<bool> read_group_option(Context& context, const Arguments& words, size_t& i,
                                      ReadWords& asked) {
  if (same_word(words[i], "noack")) {
    if (!group_only(context, asked, "NOACK")) return false;
    asked.no_ack = true;
    return true;
  }
  if (words.size() - i <= 2 || !same_word(words[i], "group")) return std::nullopt;
  if (!group_only(context, asked, "GROUP")) return false;
  asked.group = words[++i];
  asked.consumer = words[++i];
  return true;
}

bool read_min_idle(Context& context, Bytes word, ReadWords& asked) {
  if (!group_only(context, asked, "CLAIM")) return false;
  asked.min_idle_ms = parse_int64(word);
  if (asked.min_idle_ms && *asked.min_idle_ms >= 0) return true;
  context.error(asked.min_idle_ms ? "ERR min-idle-time must be a positive integer"
                                  : "ERR min-idle-time is not an integer or out of range");
  return false;
}

bool read_limit(Context& context, Bytes word, Bytes option, uint64_t& limit) {
  int64_t value = 0;
  if (!read_integer(context, word, value)) return false;
  if (value <= 0) {
    context.error(fmt::format("ERR {} must be a positive integer", option));
    return false;
  }
  limit = static_cast<uint64_t>(value);
  return true;
}

// The option at words[i] with its values, which `i` is moved to the last of.
bool read_option(Context& context, const Arguments& words, size_t& i, ReadWords& asked) {
  if (const auto read = read_group_option(context, words, i, asked)) return *read;
  if (i + 1 < words.size()) {
    if (same_word(words[i], "block")) return read_timeout(context, words[++i], asked);
    if (same_word(words[i], "streams")) return read_streams(context, words, i, asked);
    if (same_word(words[i], "count")) {
      if (!read_integer(context, words[++i], asked.count)) return false;
      asked.count = std::max(asked.count, int64_t{0});
      return true;
    }
    if (same_word(words[i], "claim")) return read_min_idle(context, words[++i], asked);
    if (same_word(words[i], "maxcount"))
      return read_limit(context, words[++i], "MAXCOUNT", asked.entries_max);
    if (same_word(words[i], "maxsize"))
      return read_limit(context, words[++i], "MAXSIZE", asked.bytes_max);
  }
  context.error(kErrSyntax);
  return false;
}

bool read_words(Context& context, const Arguments& words, ReadWords& asked) {
  for (size_t i = 1; i < words.size() && asked.keys == 0; ++i) {
    if (!read_option(context, words, i, asked)) return false;
  }
  if (asked.keys == 0) {
    context.error(kErrSyntax);
    return false;
  }
  if (asked.group_read && asked.group.data() == nullptr) {
    context.error("ERR Missing GROUP option for XREADGROUP");
    return false;
  }
  if (asked.entries_max != 0 && asked.entries_max < static_cast<uint64_t>(asked.count)) {
    context.error("ERR MAXCOUNT must be greater than or equal to COUNT");
    return false;
  }
  return true;
}

bool read_group_id(Context& context, Bytes word, Source& source) {
  if (word == ">") return true;
  if (word == "$" || word == "+") {
    context.error(fmt::format(
        "ERR The {0} ID is meaningless in the context of XREADGROUP: you want to read the history "
        "of this consumer by specifying a proper ID, or use the > ID to get new messages. The {0} "
        "ID would just return an empty result set.",
        word));
    return false;
  }
  if (!read_id(context, word, 0, source.after)) return false;
  source.history = source.after != StreamId::max();
  return true;
}

bool read_plain_id(Context& context, Bytes word, Source& source) {
  const Stream* const stream = source.object == nullptr ? nullptr : source.object->stream();
  if (word == "$") {
    source.after = stream == nullptr ? StreamId::min() : stream->last_id();
    return true;
  }
  if (word == "+") {
    source.last_entry = true;
    return true;
  }
  if (word == ">") {
    context.error(
        "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> "
        "<consumer> option.");
    return false;
  }
  return read_id(context, word, 0, source.after);
}

bool read_sources(Context& context, const Arguments& words, const ReadWords& asked,
                  std::vector<Source>& sources) {
  for (size_t i = 0; i < asked.keys; ++i) {
    Source source{.key = words[asked.first_key + i], .count = asked.count};
    if (!context.find(source.key, ObjectKind::kStream, source.object)) return false;
    const Bytes id = words[asked.first_key + asked.keys + i];
    if (asked.group_read) {
      if (source.object != nullptr)
        source.group = source.object->stream()->groups().find(asked.group);
      if (source.group == nullptr) {
        context.error(fmt::format(
            "NOGROUP No such key '{}' or consumer group '{}' in XREADGROUP with GROUP option",
            source.key, asked.group));
        return false;
      }
      if (!read_group_id(context, id, source)) return false;
    } else if (!read_plain_id(context, id, source)) {
      return false;
    }
    sources.push_back(source);
  }
  return true;
}

bool has_something(const Source& source) {
  if (source.object == nullptr) return false;
  if (source.history || !source.claims.entries.empty()) return true;
  const Stream& stream = *source.object->stream();
  if (source.group != nullptr) return stream.has_after(source.group->last_delivered);
  return source.last_entry ? stream.length() != 0 : stream.has_after(source.after);
}

void reply_after(Context& context, const Source& source, Budget& budget) {
  ReplyWriter& reply = context.reply();
  const Stream& stream = *source.object->stream();
  const uint64_t count = budget.count(source.count);
  const size_t mark = reply.begin();
  const size_t piece = context.piece_bytes();
  uint64_t sent = 0;
  auto cursor = stream.seek(source.after.next(),
                            {.count = count, .bytes = std::min<uint64_t>(piece, budget.bytes())});
  for (; !cursor.done() && !budget.spent(reply.buffer().size(), sent); cursor.advance()) {
    reply_entry(reply, cursor.entry());
    budget.take();
    if (++sent == count) break;
    if (budget.limits_bytes() || reply.buffer().size() - budget.start() < piece) [[likely]]
      continue;
    const EntriesLeft left{.range = {source.after.next(), StreamId::max()},
                           .last = cursor.entry().id};
    const uint64_t later = reply_later(context, stream, left, count == 0 ? 0 : count - sent);
    budget.take(later);
    sent += later;
    break;
  }
  reply.end_array(mark, sent);
}

// The reply of a stream behind one of which something is left for later.
void reply_source_later(Context& context, const Source& source, Budget& budget) {
  ByteBuffer text;
  ReplyWriter reply(text, context.reply().protocol());
  const Stream& stream = *source.object->stream();
  if (reply.protocol() == Protocol::kResp2) reply.array(2);
  reply.bulk(source.key);
  LongReply& rest = context.make_rest();
  if (source.last_entry) {
    reply.array(1);
    if (const auto last = stream.last_entry()) reply_entry(reply, *last);
    budget.take();
    return rest.add(std::string(text.view()));
  }
  const StreamId first = source.after.next();
  const uint64_t count =
      stream.count_between(first, StreamId::max(), budget.count(source.count), true);
  budget.take(count);
  reply.array(count);
  rest.add(std::string(text.view()));
  rest.add(stream, first, StreamId::max(), StreamSnapshot::Order::kUp, count);
}

// What the sources take over. Those of one stream do so one behind the other, in one walk over what is pending: a stream
// may be named very often.
void claim(const Context& context, const ReadWords& asked, const Budget& budget, uint64_t bytes,
           std::vector<Source>& sources) {
  std::map<uint64_t, std::vector<Source*>> by_stream;
  for (Source& source : sources)
    if (!source.history) by_stream[source.object->id.value].push_back(&source);
  const ClaimLimits limits{.min_idle_ms = *asked.min_idle_ms,
                           .count = budget.count(asked.count),
                           .bytes = std::min(bytes, budget.bytes())};
  std::vector<ReadClaims*> takers;
  for (const auto& [id, same] : by_stream) {
    takers.clear();
    for (Source* const source : same) takers.push_back(&source->claims);
    plan_claims(context, *same.front()->object->stream(), *same.front()->group, limits, takers);
  }
}

// Of what it may show, `source` has that much less room for new entries.
void make_room(Source& source) {
  const auto claimed = static_cast<int64_t>(source.claims.entries.size());
  source.new_entries = !source.claims.full && (source.count == 0 || claimed < source.count);
  if (source.count != 0) source.count -= claimed;
}

// No more entries than a reply may show at once: the group gets the rest when it asks again. Each stream has an equal
// share of the bytes, and at least one entry, so that none has to wait for the end of another.
void bound(const Context& context, const ReadWords& asked, const Budget& budget,
           std::vector<Source>& sources) {
  const uint64_t share = kHandedOutBytesMax / sources.size();
  if (asked.min_idle_ms) claim(context, asked, budget, share, sources);
  for (Source& source : sources) {
    if (source.history) continue;
    make_room(source);
    const auto most = source.object->stream()->count_within(
        source.group->last_delivered.next(), static_cast<uint64_t>(source.count), share);
    source.count = static_cast<int64_t>(most);
  }
}

// The consumer's pending entries behind `after`; those still in the stream count as delivered once more.
void reply_history(Context& context, const Source& source, Budget& budget) {
  ReplyWriter& reply = context.reply();
  const Stream& stream = *source.object->stream();
  const uint64_t count = budget.count(source.count);
  const size_t mark = reply.begin();
  uint64_t sent = 0;
  StreamId first;
  StreamId last;
  bool delivered = false;
  const auto send = [&](const PendingEntry& pending) {
    if (budget.spent(reply.buffer().size(), sent)) return false;
    if (const auto entry = stream.find(pending.id)) {
      reply_entry(reply, *entry);
      if (!delivered) first = pending.id;
      delivered = true;
      last = pending.id;
    } else {
      reply.array(2);
      reply_id(reply, pending.id);
      reply.null_array();
    }
    budget.take();
    return ++sent != count && !context.gives_up();
  };
  source.group->pending.visit_from(source.after.next(), source.consumer->id, send);
  reply.end_array(mark, sent);
  if (!delivered) return;
  context.commit(GroupRedeliver{.object = source.object->id,
                                .group = source.group->id,
                                .consumer = source.consumer->id,
                                .at = context.now().wall,
                                .first = first,
                                .last = last});
}

// New entries of the group: its position moves, and unless NOACK they are pending from now on. Returns how many.
uint64_t reply_new(Context& context, const Source& source, const ReadWords& asked, Budget& budget) {
  ReplyWriter& reply = context.reply();
  const Stream& stream = *source.object->stream();
  const Group& group = *source.group;
  EntriesRead entries_read(stream, group);
  const uint64_t count = budget.count(source.count);
  uint64_t sent = 0;
  StreamId first;
  StreamId last;
  auto cursor = stream.seek(group.last_delivered.next(), {.count = count, .bytes = budget.bytes()});
  for (; !cursor.done() && !budget.spent(reply.buffer().size(), sent); cursor.advance()) {
    const EntryView& entry = cursor.entry();
    asked.min_idle_ms ? reply_unclaimed(reply, entry) : reply_entry(reply, entry);
    budget.take();
    entries_read.deliver(entry.id);
    if (sent == 0) first = entry.id;
    last = entry.id;
    if (++sent == count) break;
  }
  context.commit(GroupDeliver{.object = source.object->id,
                              .group = group.id,
                              .consumer = source.consumer->id,
                              .at = context.now().wall,
                              .no_ack = asked.no_ack,
                              .entries_read = entries_read.count(),
                              .first = first,
                              .last = last});
  return sent;
}

void reply_group(Context& context, const Source& source, const ReadWords& asked, Budget& budget) {
  ReplyWriter& reply = context.reply();
  const size_t mark = reply.begin();
  uint64_t sent = 0;
  if (!source.claims.entries.empty()) {
    sent = reply_claims(context, *source.object, *source.group, *source.consumer, source.claims,
                        budget);
  }
  const bool has_new = source.new_entries && !budget.spent(reply.buffer().size(), sent) &&
                       source.object->stream()->has_after(source.group->last_delivered);
  if (has_new) sent += reply_new(context, source, asked, budget);
  reply.end_array(mark, sent);
}

// When another entry has been idle for so long that it may be claimed, unless something happens before.
std::optional<MonoNs> next_claim(const Context& context, const ReadWords& asked,
                                 const std::vector<Source>& sources) {
  if (!asked.min_idle_ms) return std::nullopt;
  constexpr int64_t kMostMs = 3'600'000;  // Longer is as good as never, and fits.
  int64_t ms = kMostMs;
  for (const Source& source : sources) ms = std::min(ms, source.claims.next_ms);
  return MonoNs{context.now().mono.value + ms * kNsPerMs};
}

void park(Context& context, const Arguments& words, const ReadWords& asked,
          const std::vector<Source>& sources) {
  Park park;
  park.on_absence = asked.group_read;
  park.again = next_claim(context, asked, sources);
  if (*asked.block_ms != 0)
    park.deadline = MonoNs{context.now().mono.value + *asked.block_ms * kNsPerMs};
  for (size_t i = 0; i < sources.size(); ++i) {
    park.keys.push_back({context.session().db, std::string(sources[i].key)});
    const size_t id = asked.first_key + asked.keys + i;
    if (words[id] == "$") park.frozen.emplace_back(id, to_string(sources[i].after));
  }
  context.park(std::move(park));
}

void reply_source(Context& context, const Source& source, const ReadWords& asked, Budget& budget) {
  if (context.rest() != nullptr) [[unlikely]]
    return reply_source_later(context, source, budget);
  ReplyWriter& reply = context.reply();
  if (reply.protocol() == Protocol::kResp2) reply.array(2);
  reply.bulk(source.key);
  if (source.history) return reply_history(context, source, budget);
  if (source.group != nullptr) return reply_group(context, source, asked, budget);
  if (!source.last_entry) return reply_after(context, source, budget);
  const auto last = source.object->stream()->last_entry();
  if (!last) return;  // It is not in memory.
  reply.array(1);
  reply_entry(reply, *last);
  budget.take();
}

// What is handed out can't be asked for again: all sources are looked at before anything is written. False when the
// command has to wait, or can't be done.
bool foresee(const Context& context, const std::vector<Source>& sources, const ReadWords& asked,
             const Budget& budget) {
  for (const Source& source : sources) {
    const Stream& stream = *source.object->stream();
    if (!stream.sealed() || context.gives_up()) continue;
    if (!source.history) {
      if (!source.new_entries) continue;
      stream.foresee(source.group->last_delivered.next(),
                     {.count = budget.count(source.count), .bytes = budget.bytes()});
      continue;
    }
    const Consumer* const consumer = source.group->consumer(asked.consumer);
    if (consumer == nullptr) continue;
    uint64_t left = budget.count(source.count);
    uint64_t bytes = 0;
    source.group->pending.visit_from(
        source.after.next(), consumer->id, [&](const PendingEntry& pending) {
          const auto entry = stream.find(pending.id);
          if (entry) bytes += entry->wire.size();
          return --left != 0 && bytes < budget.bytes() && !context.gives_up();
        });
  }
  return !context.lacks_entries();
}

// The consumer exists in the group of each source, or can be created. False after the error has been replied.
bool may_have_consumers(Context& context, const ReadWords& asked,
                        const std::vector<Source>& sources) {
  return std::all_of(sources.begin(), sources.end(), [&](const Source& source) {
    return may_have_consumer(context, *source.group, asked.consumer);
  });
}

void read_streams(Context& context, const Arguments& words, bool group_read) {
  ReadWords asked{.group_read = group_read};
  std::vector<Source> sources;
  if (!read_words(context, words, asked) || !read_sources(context, words, asked, sources)) return;
  ReplyWriter& reply = context.reply();
  const size_t mark = reply.begin();
  Budget budget(asked.entries_max, asked.bytes_max, mark);
  if (group_read) bound(context, asked, budget, sources);
  if (group_read && !foresee(context, sources, asked, budget)) return;
  if (group_read && !may_have_consumers(context, asked, sources)) return;
  size_t served = 0;
  for (Source& source : sources) {
    if (budget.spent(reply.buffer().size())) break;
    if (group_read)
      source.consumer = seen_consumer(context, *source.object, *source.group, asked.consumer);
    if (!has_something(source)) continue;
    reply_source(context, source, asked, budget);
    ++served;
  }
  if (served == 0) {
    if (asked.block_ms && context.may_block()) return park(context, words, asked, sources);
    return reply.null_array();
  }
  reply.protocol() == Protocol::kResp2 ? reply.end_array(mark, served)
                                       : reply.end_map(mark, served);
}

}  // namespace

// XREAD [COUNT n] [MAXCOUNT n] [MAXSIZE bytes] [BLOCK ms] STREAMS key [key ...] id|$|+ [id|$|+ ...]
//   ->  RESP2 array of [key, entries], RESP3 map; only streams that have something; null array if none.
// MAXCOUNT and MAXSIZE limit the reply as a whole: streams that come when it is full are left out.
// Source: redis.io/docs/latest/commands/xread
void cmd_xread(Context& context, const Arguments& words) {
  read_streams(context, words, /*group_read=*/false);
}

// XREADGROUP GROUP group consumer [COUNT n] [MAXCOUNT n] [MAXSIZE bytes] [BLOCK ms] [CLAIM min-idle-ms] [NOACK]
//     STREAMS key [key ...] id|> [id|> ...]
//   ->  as XREAD. ">" delivers new entries; an id replies the consumer's own pending entries behind it, at
//       once, even if there are none; one that was deleted from the stream has a null array for its fields.
// With CLAIM what is pending to anybody and idle for so long comes before the new entries, and each entry has four
// elements: the last two are how long it was idle and how often it was delivered, before now. BLOCK then waits for that, too.
// More than 16 MB of entries are handed out by several calls. The consumer is created if it does not exist, whatever
// comes of the read, but not where MAXCOUNT or MAXSIZE has left nothing to look for.
// Source: redis.io/docs/latest/commands/xreadgroup
void cmd_xreadgroup(Context& context, const Arguments& words) {
  read_streams(context, words, /*group_read=*/true);
}

}  // namespace leat
