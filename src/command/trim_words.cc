#include "command/trim_words.h"

#include "base/numbers.h"
#include "command/stream_words.h"
#include "model/record_lists.h"

namespace leat {
namespace {

// With "~" and no LIMIT, a call drops at most a hundred nodes' worth of entries.
constexpr uint64_t kDefaultLimitNodes = 100;
constexpr uint64_t kDefaultLimitMin = 10'000;
constexpr uint64_t kDefaultLimitMax = 1'000'000;

uint64_t default_limit(const Settings& settings) {
  const uint64_t entries = settings.stream_node_max_entries;
  if (entries == 0) return kDefaultLimitMin;
  if (entries > kDefaultLimitMax / kDefaultLimitNodes) return kDefaultLimitMax;
  return entries * kDefaultLimitNodes;
}

// What stands before the first entry is not pending in any group any more, whenever it went.
void release(Context& context, const Object& object) {
  const Stream& stream = *object.stream();
  const StreamId last = stream.length() == 0 ? StreamId::max() : stream.first_id().previous();
  for (const auto& [name, group] : stream.groups().by_name()) {
    const auto first = group->pending.first_from(StreamId::min());
    if (!first || first->id > last) continue;
    IdListWriter range(context.scratch());
    range.add(first->id);
    range.add(last);
    context.commit(
        GroupAck{.object = object.id, .group = group->id, .ranges = range.buffer().view()});
  }
}

void commit_ranges(Context& context, const Object& object, const TrimPlan& plan) {
  if (plan.ranges.empty()) return;
  IdListWriter list(context.scratch());
  for (const auto& [first, last] : plan.ranges) {
    list.add(first);
    list.add(last);
  }
  context.commit(StreamTrimRanges{.object = object.id, .ranges = list.buffer().view()});
}

}  // namespace

std::optional<References> references_of(Bytes word) {
  if (same_word(word, "keepref")) return References::kKeep;
  if (same_word(word, "delref")) return References::kDrop;
  if (same_word(word, "acked")) return References::kAcknowledged;
  return std::nullopt;
}

TrimWords::Read TrimWords::read(Context& context, const Arguments& words, size_t& i) {
  if (const auto references = references_of(words[i]); references && !references_) {
    references_ = references;
    ++i;
    return Read::kTaken;
  }
  if (i + 1 >= words.size()) return Read::kNotMine;
  if (same_word(words[i], "maxlen")) return read_threshold(context, words, i, Trim::By::kLength);
  if (same_word(words[i], "minid")) return read_threshold(context, words, i, Trim::By::kId);
  if (!same_word(words[i], "limit")) return Read::kNotMine;
  if (!read_integer(context, words[i + 1], limit_)) return Read::kFailed;
  if (limit_ < 0) {
    context.error("ERR The LIMIT argument must be >= 0.");
    return Read::kFailed;
  }
  limit_given_ = true;
  i += 2;
  return Read::kTaken;
}

TrimWords::Read TrimWords::read_threshold(Context& context, const Arguments& words, size_t& i,
                                          Trim::By by) {
  if (trim_) {
    context.error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    return Read::kFailed;
  }
  Trim trim;
  trim.by = by;
  size_t at = i + 1;
  if (at + 1 < words.size() && (words[at] == "~" || words[at] == "="))
    trim.approximate = words[at++] == "~";
  if (by == Trim::By::kId) {
    if (!read_id(context, words[at], 0, trim.first_kept)) return Read::kFailed;
  } else {
    int64_t length = 0;
    if (!read_integer(context, words[at], length)) return Read::kFailed;
    if (length < 0) {
      context.error("ERR The MAXLEN argument must be >= 0.");
      return Read::kFailed;
    }
    trim.length = static_cast<uint64_t>(length);
  }
  trim_ = trim;
  i = at + 1;
  return Read::kTaken;
}

bool TrimWords::complete(Context& context, Strategy strategy) {
  if (limit_ != 0 && !trim_) {
    context.error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    return false;
  }
  if (strategy == Strategy::kRequired && !trim_) {
    context.error("ERR syntax error, XTRIM must be called with a trimming strategy");
    return false;
  }
  if (limit_given_ && !(trim_ && trim_->approximate)) {
    context.error("ERR syntax error, LIMIT cannot be used without the special ~ option");
    return false;
  }
  return true;
}

std::optional<Trim> TrimWords::trim(const Settings& settings) const {
  if (!trim_) return std::nullopt;
  Trim trim = *trim_;
  trim.references = references_.value_or(References::kKeep);
  if (trim.approximate)
    trim.limit = limit_given_ ? static_cast<uint64_t>(limit_) : default_limit(settings);
  // These are looked at entry by entry, nodes or not.
  if (trim.references != References::kKeep) trim.approximate = false;
  return trim;
}

uint64_t trim_stream(Context& context, const Object& object, const Trim& trim) {
  const TrimPlan plan = plan_trim(*object.stream(), trim);
  if (plan.count == 0) return 0;
  if (plan.last_dropped != StreamId::min())
    context.commit(StreamTrim{.object = object.id, .last_dropped = plan.last_dropped});
  commit_ranges(context, object, plan);
  if (trim.references == References::kDrop) release(context, object);
  context.notify(EventClass::kStream, "xtrim", object.key);
  return plan.count;
}

}  // namespace leat
