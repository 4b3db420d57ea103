// The model's policies: what XCFGSET sets, what it does to XADD, and what may go by age.
#include <algorithm>

#include "sim/model.h"

namespace leat::sim {
namespace {

uint64_t wire_size(const Words& fields) {
  uint64_t size = 0;
  for (const std::string& field : fields) size += bulk(field).size();
  return size;
}

uint64_t wire_size(const ModelStream& stream) {
  uint64_t size = 0;
  for (const auto& [id, entry] : stream.entries) size += wire_size(entry.fields);
  return size;
}

bool too_old(const ModelStream& stream, StreamId id, int64_t now) {
  return stream.policy.age_max_ms != 0 &&
         id.ms + stream.policy.age_max_ms <= static_cast<uint64_t>(now);
}

}  // namespace

bool Model::needed(const ModelStream& stream, StreamId id) {
  return std::any_of(stream.groups.begin(), stream.groups.end(), [id](const auto& named) {
    return id > named.second.last_delivered || named.second.pending.contains(id);
  });
}

bool Model::over(const ModelStream& stream, uint64_t entries, uint64_t bytes) {
  const Retention& policy = stream.policy;
  return (policy.length_max != 0 && stream.entries.size() + entries > policy.length_max) ||
         (policy.bytes_max != 0 && wire_size(stream) + bytes > policy.bytes_max);
}

bool Model::make_room(ModelStream& stream, uint64_t entries, uint64_t bytes) {
  const Retention& policy = stream.policy;
  while (over(stream, entries, bytes) && stream.entries.size() + entries > 1) {
    const StreamId first = stream.entries.begin()->first;
    const bool kept = policy.retain == Retain::kUnacked ? needed(stream, first)
                                                        : policy.when_full == WhenFull::kReject;
    if (kept) break;
    erase(stream, first);
  }
  return !over(stream, entries, bytes);
}

bool Model::admits(const std::string& key, const ModelStream* stream, const Words& fields) {
  if (stream == nullptr || stream->policy.when_full == WhenFull::kTrim) return true;
  ModelStream tried = *stream;
  const uint64_t bytes = wire_size(fields);
  if (make_room(tried, 1, bytes)) return true;
  const Retention& policy = stream->policy;
  const bool by_length = policy.length_max != 0 && tried.entries.size() + 1 > policy.length_max;
  if (!by_length && bytes > policy.bytes_max) {
    reply_ = "-STREAMFULL The entry has " + std::to_string(bytes) +
             " bytes, and the limit of stream '" + key + "' is MAXBYTES " +
             std::to_string(policy.bytes_max) + "; raise it with XCFGSET, or split the entry\r\n";
    return false;
  }
  reply_ = "-STREAMFULL Stream '" + key + "' is at its limit of " +
           (by_length ? "MAXLEN " + std::to_string(policy.length_max)
                      : "MAXBYTES " + std::to_string(policy.bytes_max)) +
           " and " +
           (policy.retain == Retain::kUnacked
                ? "has entries that a group has not acknowledged; acknowledge them (XACK)"
                : "drops nothing to make room (WHENFULL REJECT); remove entries (XTRIM, XDEL)") +
           ", or raise the limit with XCFGSET\r\n";
  return false;
}

// XCFGSET key option value [option value ...]
void Model::xcfgset(const Words& words) {
  ModelStream* stream = nullptr;
  if (!find(words[1], stream)) return;
  if (stream == nullptr) {
    reply_ = "-ERR no such key\r\n";
    return;
  }
  Retention& policy = stream->policy;
  const Retention before = policy;
  IdempotencyLimits limits = stream->idempotency;
  for (size_t i = 2; i < words.size(); i += 2) {
    const std::string& value = words[i + 1];
    if (words[i] == "MAXLEN") policy.length_max = std::stoull(value);
    if (words[i] == "MAXAGE") policy.age_max_ms = std::stoull(value);
    if (words[i] == "IDMP-DURATION") limits.duration_s = std::stoull(value);
    if (words[i] == "IDMP-MAXSIZE") limits.size_max = std::stoull(value);
    if (words[i] == "MAXBYTES") policy.bytes_max = std::stoull(value);
    if (words[i] == "RETAIN") policy.retain = value == "ANY" ? Retain::kAny : Retain::kUnacked;
    if (words[i] == "WHENFULL")
      policy.when_full = value == "TRIM" ? WhenFull::kTrim : WhenFull::kReject;
  }
  limit_idempotency(*stream, limits);
  reply_ = kOk;
  if (policy == before) return;
  const size_t length = stream->entries.size();
  make_room(*stream, 0, 0);
  if (stream->entries.size() != length) touch(words[1]);
}

std::string Model::age(const Ageing& ageing, int64_t now) {
  touched_.clear();
  const auto found = databases_[ageing.db].find(ageing.key);
  auto* const stream = found == databases_[ageing.db].end()
                           ? nullptr
                           : std::get_if<ModelStream>(&found->second.value);
  if (stream == nullptr) return "entries of " + ageing.key + " aged, which is no stream";
  if (ageing.forgotten != 0) return forget_iids(*stream, ageing.forgotten, now);
  const size_t length = stream->entries.size();
  while (!stream->entries.empty() && stream->entries.begin()->first <= ageing.last_dropped) {
    const StreamId first = stream->entries.begin()->first;
    if (!too_old(*stream, first, now)) return "entry " + to_string(first) + " went too early";
    if (stream->policy.retain == Retain::kUnacked && needed(*stream, first))
      return "entry " + to_string(first) + " went though a group needs it";
    erase(*stream, first);
  }
  if (stream->entries.size() == length) return "nothing of " + ageing.key + " was too old";
  if (ageing.db == 0) touch(ageing.key);
  return {};
}

std::string Model::overdue(
    int64_t now, const std::function<bool(uint32_t, const std::string&)>& fetching) const {
  for (uint32_t db = 0; db < databases_.size(); ++db) {
    for (const auto& [key, object] : databases_[db]) {
      const auto* const stream = std::get_if<ModelStream>(&object.value);
      if (stream == nullptr) continue;
      if (remembers_too_long(*stream, now)) return "an iid of " + key + " is remembered too long";
      if (stream->entries.empty()) continue;
      const StreamId first = stream->entries.begin()->first;
      // What a group needed a moment ago may stay for another second, also when it was the group that went.
      const bool kept = stream->policy.retain == Retain::kUnacked &&
                        (!stream->groups.empty() || stream->group_gone_at > now);
      if (!kept && too_old(*stream, first, now) && !fetching(db, key))
        return "entry " + to_string(first) + " of " + key + " is still there, a second too late";
    }
  }
  return {};
}

}  // namespace leat::sim
