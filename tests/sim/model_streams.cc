// The model's streams and groups.
#include <algorithm>
#include <limits>
#include <tuple>

#include "sim/model.h"

namespace leat::sim {

StreamId id_of(const std::string& word, uint64_t missing_seq) {
  return parse_stream_id(word, missing_seq).value_or(StreamId{});
}

namespace {

constexpr const char* kKeyRequired =
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "
    "use the "
    "MKSTREAM option to create an empty stream automatically.\r\n";
constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();

StreamId start_of(const std::string& word) {
  if (word == "-") return StreamId::min();
  return word[0] == '(' ? id_of(word.substr(1)).next() : id_of(word);
}
StreamId end_of(const std::string& word) {
  if (word == "+") return StreamId::max();
  return word[0] == '(' ? id_of(word.substr(1), kLast).previous() : id_of(word, kLast);
}

// COUNT, or no limit.
uint64_t count_of(const Words& words) {
  const std::string count = option(words, "COUNT");
  return count.empty() ? kLast : std::stoull(count);
}

// Counts saturate where clients could not read them any more.
void deliver_again(ModelPending& pending) {
  pending.deliveries = std::min<uint64_t>(pending.deliveries + 1, INT64_MAX);
}

}  // namespace

bool Model::find_group(const Words& words, ModelStream*& stream, ModelGroup*& group) {
  if (!find(words[1], stream)) return false;
  group = nullptr;
  if (stream != nullptr && stream->groups.contains(words[2])) group = &stream->groups[words[2]];
  if (group != nullptr) return true;
  reply_ = "-NOGROUP No such key '" + words[1] + "' or consumer group '" + words[2] + "'\r\n";
  return false;
}

void Model::append(ModelStream& stream, StreamId id, Words fields) {
  if (stream.nodes.empty() || stream.nodes.rbegin()->second.total >= node_entries_) {
    stream.nodes[stream.next_node++] = {};
  }
  auto& [number, node] = *stream.nodes.rbegin();
  ++node.total;
  node.last = id;
  stream.entries[id] = {std::move(fields), number};
  stream.last = id;
  ++stream.added;
}

void Model::erase(ModelStream& stream, StreamId id) {
  const uint64_t node = stream.entries.at(id).node;
  stream.entries.erase(id);
  for (const auto& [other, entry] : stream.entries) {
    if (entry.node == node) return;
  }
  stream.nodes.erase(node);
}

std::optional<Model::Trim> Model::read_trim(const Words& words, size_t& i) {
  if (i >= words.size() || (words[i] != "MAXLEN" && words[i] != "MINID")) return std::nullopt;
  Trim trim;
  trim.by_length = words[i++] == "MAXLEN";
  trim.approximate = words[i++] == "~";
  if (trim.by_length) {
    trim.length = std::stoull(words[i++]);
  } else {
    trim.first_kept = id_of(words[i++]);
  }
  if (i < words.size() && words[i] == "LIMIT") {
    trim.limit = std::stoull(words[i + 1]);
    i += 2;
  }
  if (i < words.size() && (words[i] == "DELREF" || words[i] == "ACKED"))
    trim.references = words[i++];
  return trim;
}

// The first entry of the stream is one that XTRIM without "~" removes.
bool Model::unwanted(const ModelStream& stream, const Trim& asked) {
  if (stream.entries.empty()) return false;
  return asked.by_length ? stream.entries.size() > asked.length
                         : stream.entries.begin()->first < asked.first_kept;
}

uint64_t Model::trim(ModelStream& stream, const Trim& asked) {
  if (!asked.references.empty()) return trim_with_references(stream, asked);
  if (asked.approximate) return trim_nodes(stream, asked);
  uint64_t count = 0;
  for (; unwanted(stream, asked); ++count) erase(stream, stream.entries.begin()->first);
  return count;
}

// "~": whole nodes only, and no more of them than LIMIT allows.
uint64_t Model::trim_nodes(ModelStream& stream, const Trim& asked) {
  uint64_t count = 0;
  while (unwanted(stream, asked)) {
    const uint64_t head = stream.entries.begin()->second.node;
    std::vector<StreamId> ids;
    for (const auto& [id, entry] : stream.entries) {
      if (entry.node == head) ids.push_back(id);
    }
    if (asked.limit != 0 && count + ids.size() > asked.limit) break;
    if (asked.by_length && stream.entries.size() - ids.size() < asked.length) break;
    if (!asked.by_length && stream.nodes.at(head).last >= asked.first_kept) break;
    for (const StreamId id : ids) erase(stream, id);
    count += ids.size();
  }
  return count;
}

// Nothing before the first entry is pending any more.
void Model::release(ModelStream& stream) {
  for (auto& [name, group] : stream.groups) {
    auto& pending = group.pending;
    pending.erase(pending.begin(), stream.entries.empty()
                                       ? pending.end()
                                       : pending.lower_bound(stream.entries.begin()->first));
  }
}

// Entry by entry, also with "~"; but a node is left alone if all of it would be more than LIMIT allows.
uint64_t Model::trim_with_references(ModelStream& stream, const Trim& asked) {
  const auto in_node = [&stream](uint64_t node) {
    return static_cast<uint64_t>(
        std::count_if(stream.entries.begin(), stream.entries.end(),
                      [node](const auto& named) { return named.second.node == node; }));
  };
  const uint64_t length = stream.entries.size();
  std::optional<uint64_t> node;
  for (auto at = stream.entries.begin(); at != stream.entries.end();) {
    const StreamId id = at->first;
    const uint64_t count = length - stream.entries.size();
    const bool enters = node != at->second.node;
    node = at->second.node;
    if (asked.limit != 0 && enters && count + in_node(*node) > asked.limit) break;
    if (asked.by_length ? stream.entries.size() <= asked.length : id >= asked.first_kept) break;
    ++at;
    if (asked.references == "ACKED" && needed(stream, id)) continue;
    erase(stream, id);
  }
  if (asked.references == "DELREF" && stream.entries.size() != length) release(stream);
  return length - stream.entries.size();
}

void Model::xadd(const Words& words) {
  size_t i = 2;
  const bool make = words[i] != "NOMKSTREAM";
  if (!make) ++i;
  auto iid = read_iid(words, i);
  const auto asked = read_trim(words, i);
  const std::string& word = words[i++];
  const Words fields(words.begin() + static_cast<ptrdiff_t>(i), words.end());
  if (word == "0-0") {
    reply_ = "-ERR The ID specified in XADD must be greater than 0-0\r\n";
    return;
  }
  ModelStream* stream = nullptr;
  if (!find(words[1], stream)) return;
  if (stream == nullptr && !make) {
    reply_ = kNull;
    return;
  }
  if (iid && duplicate(stream, *iid, fields)) return;
  const StreamId last = stream == nullptr ? StreamId{} : stream->last;
  StreamId id;
  bool too_small = false;
  if (word == "*") {
    const auto ms = static_cast<uint64_t>(now_);
    id = ms > last.ms ? StreamId{ms, 0} : last.next();
  } else if (word.ends_with("-*")) {
    id = id_of(word.substr(0, word.size() - 2));
    too_small = id.ms < last.ms;
    if (id.ms == last.ms) id.seq = last.seq + 1;
  } else {
    id = id_of(word);
    too_small = id <= last;
  }
  if (too_small) {
    reply_ =
        "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n";
    return;
  }
  if (!admits(words[1], stream, fields)) return;
  if (stream == nullptr) {
    databases_[0][words[1]].value.emplace<ModelStream>();
    stream = std::get_if<ModelStream>(&databases_[0][words[1]].value);
  }
  append(*stream, id, fields);
  if (iid) {
    iid->id = id;
    remember(*stream, *iid);
  }
  if (asked) trim(*stream, *asked);
  make_room(*stream, 0, 0);
  touch(words[1]);
  reply_ = bulk(id);
}

void Model::xtrim(const Words& words) {
  ModelStream* stream = nullptr;
  if (!find(words[1], stream)) return;
  size_t i = 2;
  const uint64_t count = stream == nullptr ? 0 : trim(*stream, *read_trim(words, i));
  if (count != 0) touch(words[1]);
  reply_ = integer(static_cast<int64_t>(count));
}

void Model::xdel(const Words& words) {
  ModelStream* stream = nullptr;
  if (!find(words[1], stream)) return;
  int64_t count = 0;
  for (size_t i = 2; i < words.size() && stream != nullptr; ++i) {
    const StreamId id = id_of(words[i]);
    if (!stream->entries.contains(id)) continue;
    erase(*stream, id);
    stream->max_deleted = std::max(stream->max_deleted, id);
    ++count;
  }
  if (count != 0) touch(words[1]);
  reply_ = integer(count);
}

// XDELEX key references IDS numids id ..., XACKDEL key group references IDS numids id ...
void Model::xdelex(const Words& words) {
  ModelStream* stream = nullptr;
  if (!find(words[1], stream)) return;
  const bool acknowledges = words[0] == "XACKDEL";
  const size_t options = acknowledges ? 3 : 2;
  const bool known = stream != nullptr && (!acknowledges || stream->groups.contains(words[2]));
  reply_ = array(words.size() - options - 3);
  const uint64_t before = stream == nullptr ? 0 : stream->entries.size();
  for (size_t i = options + 3; i < words.size(); ++i) {
    const StreamId id = id_of(words[i]);
    if (!known || (acknowledges && stream->groups[words[2]].pending.erase(id) == 0)) {
      reply_ += integer(-1);
    } else {
      const int64_t gone = delete_with_references(*stream, id, words[options]);
      reply_ += integer(gone < 0 && acknowledges ? 1 : gone);
    }
  }
  if (stream != nullptr && stream->entries.size() != before) touch(words[1]);
}

int64_t Model::delete_with_references(ModelStream& stream, StreamId id,
                                      const std::string& references) {
  if (references == "ACKED" && needed(stream, id)) return 2;
  if (references == "DELREF") {
    for (auto& [name, group] : stream.groups) group.pending.erase(id);
  }
  if (!stream.entries.contains(id)) return -1;
  erase(stream, id);
  stream.max_deleted = std::max(stream.max_deleted, id);
  return 1;
}

void Model::xsetid(const Words& words) {
  const StreamId last = id_of(words[2]);
  const std::string added = option(words, "ENTRIESADDED");
  const StreamId max_deleted = id_of(option(words, "MAXDELETEDID"));
  if (last < max_deleted) {
    reply_ = kIdsContradict;
    return;
  }
  ModelStream* stream = nullptr;
  if (!find(words[1], stream)) return;
  if (stream == nullptr) {
    reply_ = "-ERR no such key\r\n";
  } else if (last < stream->max_deleted) {
    reply_ = "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id\r\n";
  } else if (!stream->entries.empty() && last < stream->entries.rbegin()->first) {
    reply_ = "-ERR The ID specified in XSETID is smaller than the target stream top item\r\n";
  } else if (!stream->entries.empty() && !added.empty() &&
             std::stoull(added) < stream->entries.size()) {
    reply_ =
        "-ERR The entries_added specified in XSETID is smaller than the target stream length\r\n";
  } else {
    stream->last = last;
    if (!added.empty()) stream->added = std::stoull(added);
    if (max_deleted != StreamId{}) stream->max_deleted = max_deleted;
    reply_ = kOk;
  }
}

void Model::xlen(const Words& words) {
  ModelStream* stream = nullptr;
  if (find(words[1], stream)) {
    reply_ = integer(stream == nullptr ? 0 : static_cast<int64_t>(stream->entries.size()));
  }
}

void Model::xrange(const Words& words) {
  ModelStream* stream = nullptr;
  if (!find(words[1], stream)) return;
  const bool reverse = words[0] == "XREVRANGE";
  const StreamId first = start_of(words[reverse ? 3 : 2]);
  const StreamId last = end_of(words[reverse ? 2 : 3]);
  std::vector<std::string> found;
  if (stream != nullptr) {
    for (const auto& [id, held] : stream->entries) {
      if (id >= first && id <= last) found.push_back(entry(id, held.fields));
    }
  }
  if (reverse) std::reverse(found.begin(), found.end());
  if (found.size() > count_of(words)) found.resize(count_of(words));
  reply_ = array(found.size());
  for (const std::string& text : found) reply_ += text;
}

std::optional<std::string> Model::read_last(const ModelStream& stream) {
  if (stream.entries.empty()) return std::nullopt;
  const auto& [id, held] = *stream.entries.rbegin();
  return array(1) + entry(id, held.fields);
}

bool Model::Budget::take(const std::string& entry) {
  const bool full = entries == 0 || (any && bytes_max != 0 && bytes >= bytes_max);
  if (full && !begun) return false;
  begun = false;
  any = true;
  --entries;
  bytes += entry.size();
  return true;
}

std::optional<std::string> Model::read_after(const ModelStream& stream, StreamId after,
                                             uint64_t count_max, Budget& budget) {
  size_t count = 0;
  std::string entries;
  for (auto at = stream.entries.upper_bound(after); at != stream.entries.end() && count < count_max;
       ++at) {
    const std::string text = entry(at->first, at->second.fields);
    if (!budget.take(text)) break;
    entries += text;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return array(count) + entries;
}

Model::Budget Model::budget_of(const Words& words) {
  Budget budget;
  if (const std::string most = option(words, "MAXCOUNT"); !most.empty())
    budget.entries = std::stoull(most);
  if (const std::string most = option(words, "MAXSIZE"); !most.empty())
    budget.bytes_max = std::stoull(most);
  return budget;
}

bool Model::can_read(const Words& words, const std::string& key) {
  ModelStream* stream = nullptr;
  if (!find(key, stream)) return false;
  if (words[0] == "XREAD" || (stream != nullptr && stream->groups.contains(words[2]))) return true;
  reply_ = "-NOGROUP No such key '" + key + "' or consumer group '" + words[2] +
           "' in XREADGROUP with GROUP option\r\n";
  return false;
}

std::optional<std::string> Model::read_source(const Words& words, size_t id, ModelStream& stream,
                                              Budget& budget) {
  if (words[0] == "XREADGROUP") return read_group(words, id, stream, budget);
  const std::string& word = words[id];
  if (word != "+")
    return read_after(stream, word == "$" ? stream.last : id_of(word), count_of(words), budget);
  auto found = read_last(stream);
  if (found) budget.take("");
  return found;
}

// XREAD and XREADGROUP.
void Model::xread(const Words& words) {
  const size_t keys_at =
      static_cast<size_t>(std::find(words.begin(), words.end(), "STREAMS") - words.begin() + 1);
  const size_t keys = (words.size() - keys_at) / 2;
  for (size_t i = keys_at; i < keys_at + keys; ++i) {
    if (!can_read(words, words[i])) return;
  }
  size_t served = 0;
  std::string replies;
  Budget budget = budget_of(words);
  for (size_t i = keys_at; i < keys_at + keys; ++i) {
    ModelStream* stream = nullptr;
    find(words[i], stream);
    if (stream == nullptr) continue;
    budget.bytes = replies.size();
    budget.begun = false;
    if (Budget left = budget; !left.take("")) break;  // Nobody looks at the rest.
    budget.begun = true;
    budget.bytes += (array(2) + bulk(words[i])).size();
    const auto found = read_source(words, i + keys, *stream, budget);
    if (!found) continue;
    ++served;
    replies += array(2) + bulk(words[i]) + *found;
  }
  parks_ = served == 0 && may_park_ && has_word(words, "BLOCK");
  if (!parks_) reply_ = served == 0 ? kNullArray : array(served) + replies;
}

// XREADGROUP GROUP group consumer ...
std::optional<std::string> Model::read_group(const Words& words, size_t id, ModelStream& stream,
                                             Budget& budget) {
  ModelGroup& group = stream.groups[words[2]];
  group.consumers.insert(words[3]);
  if (words[id] != ">") return read_history(stream, group, id_of(words[id]), words, budget);
  size_t count = 0;
  std::string entries = read_claims(stream, group, words, budget, count);
  const Budget left = budget;
  const bool spent = count != 0 && !budget.take("");
  budget = left;
  if (!spent && count < count_of(words)) entries += read_new(stream, group, words, budget, count);
  if (count == 0) return std::nullopt;
  return array(count) + entries;
}

std::string Model::delivered(StreamId id, const Words& fields, int64_t idle, uint64_t deliveries) {
  return array(4) + entry(id, fields).substr(array(2).size()) + integer(idle) +
         integer(static_cast<int64_t>(deliveries));
}

// What XREADGROUP CLAIM finds, of which `count` counts the entries.
std::string Model::read_claims(ModelStream& stream, ModelGroup& group, const Words& words,
                               Budget& budget, size_t& count) {
  std::string entries;
  const std::string min_idle = option(words, "CLAIM");
  if (min_idle.empty()) return entries;
  // Those without an owner first, then the oldest.
  std::map<std::tuple<bool, int64_t, StreamId>, ModelPending*> by_age;
  for (auto& [id, pending] : group.pending)
    by_age[{!pending.owner.empty(), pending.delivered, id}] = &pending;
  for (auto& [age, pending] : by_age) {
    const auto& [owned, at, id] = age;
    const int64_t idle = owned ? now_ - at : now_;
    if (idle < std::stoll(min_idle) || count == count_of(words)) break;
    const auto held = stream.entries.find(id);
    if (held == stream.entries.end()) continue;
    const std::string text = delivered(id, held->second.fields, idle, pending->deliveries);
    if (!budget.take(text)) break;
    entries += text;
    ++count;
    pending->owner = words[3];
    pending->delivered = now_;
    deliver_again(*pending);
  }
  return entries;
}

std::string Model::read_history(ModelStream& stream, ModelGroup& group, StreamId after,
                                const Words& words, Budget& budget) {
  std::vector<std::string> found;
  for (auto at = group.pending.upper_bound(after);
       at != group.pending.end() && found.size() < count_of(words); ++at) {
    if (at->second.owner != words[3]) continue;
    const auto held = stream.entries.find(at->first);
    const bool gone = held == stream.entries.end();
    const std::string text =
        gone ? array(2) + bulk(at->first) + kNullArray : entry(at->first, held->second.fields);
    if (!budget.take(text)) break;
    found.push_back(text);
    if (gone) continue;
    at->second.delivered = now_;
    deliver_again(at->second);
  }
  std::string reply = array(found.size());
  for (const std::string& text : found) reply += text;
  return reply;
}

// Entries that nobody of the group was given, until `count` is what was asked for.
std::string Model::read_new(ModelStream& stream, ModelGroup& group, const Words& words,
                            Budget& budget, size_t& count) {
  std::string entries;
  for (auto at = stream.entries.upper_bound(group.last_delivered);
       at != stream.entries.end() && count < count_of(words); ++at) {
    const std::string text = has_word(words, "CLAIM")
                                 ? delivered(at->first, at->second.fields, 0, 0)
                                 : entry(at->first, at->second.fields);
    if (!budget.take(text)) break;
    entries += text;
    if (!has_word(words, "NOACK")) group.pending[at->first] = {words[3], now_, 1};
    group.last_delivered = at->first;
    ++count;
  }
  return entries;
}

Words Model::frozen(const Words& words) {
  Words result = words;
  const size_t keys_at =
      static_cast<size_t>(std::find(words.begin(), words.end(), "STREAMS") - words.begin() + 1);
  const size_t keys = (words.size() - keys_at) / 2;
  for (size_t i = keys_at; i < keys_at + keys; ++i) {
    if (words[i + keys] != "$") continue;
    const ModelStream* const held = stream(words[i]);
    result[i + keys] = to_string(held == nullptr ? StreamId{} : held->last);
  }
  return result;
}

bool Model::claimable(const ModelStream& stream, const ModelGroup& group, const Words& words,
                      int64_t wall) {
  const std::string min_idle = option(words, "CLAIM");
  if (min_idle.empty()) return false;
  return std::any_of(group.pending.begin(), group.pending.end(), [&](const auto& held) {
    const auto& [id, pending] = held;
    const bool old = pending.owner.empty() || wall - pending.delivered >= std::stoll(min_idle);
    return old && stream.entries.contains(id);
  });
}

bool Model::ready(const Words& words, int64_t idle_wall) const {
  const size_t keys_at =
      static_cast<size_t>(std::find(words.begin(), words.end(), "STREAMS") - words.begin() + 1);
  const size_t keys = (words.size() - keys_at) / 2;
  const bool group_read = words[0] == "XREADGROUP";
  bool any = false;
  for (size_t i = keys_at; i < keys_at + keys; ++i) {
    const ModelStream* const held = stream(words[i]);
    // A plain read sleeps on while a key holds something else; a group read is told.
    if (held == nullptr && (group_read || databases_[0].contains(words[i]))) return group_read;
    if (held == nullptr) continue;
    const auto group = held->groups.find(words[2]);
    if (group_read && group == held->groups.end()) return true;
    if (group_read && claimable(*held, group->second, words, idle_wall)) any = true;
    const StreamId after = group_read ? group->second.last_delivered : id_of(words[i + keys]);
    if (words[i + keys] == "+") {
      any = any || !held->entries.empty();
    } else {
      any = any || held->entries.upper_bound(after) != held->entries.end();
    }
  }
  return any;
}

void Model::xgroup(const Words& words) {
  ModelStream* stream = nullptr;
  if (!find(words[2], stream)) return;
  const std::string& action = words[1];
  if (action == "CREATE") {
    if (stream == nullptr && !has_word(words, "MKSTREAM")) {
      reply_ = kKeyRequired;
      return;
    }
    if (stream == nullptr) {
      databases_[0][words[2]].value.emplace<ModelStream>();
      stream = std::get_if<ModelStream>(&databases_[0][words[2]].value);
      touch(words[2]);
    } else if (stream->groups.contains(words[3])) {
      reply_ = "-BUSYGROUP Consumer Group name already exists\r\n";
      return;
    }
    stream->groups[words[3]].last_delivered = words[4] == "$" ? stream->last : id_of(words[4]);
    reply_ = kOk;
    return;
  }
  if (stream == nullptr) {
    reply_ = kKeyRequired;
    return;
  }
  const auto group = stream->groups.find(words[3]);
  if (action == "DESTROY") {
    reply_ = integer(group == stream->groups.end() ? 0 : 1);
    if (group == stream->groups.end()) return;
    stream->groups.erase(group);
    stream->group_gone_at = now_;
    return;
  }
  if (group == stream->groups.end()) {
    reply_ =
        "-NOGROUP No such consumer group '" + words[3] + "' for key name '" + words[2] + "'\r\n";
    return;
  }
  if (action == "SETID") {
    group->second.last_delivered = words[4] == "$" ? stream->last : id_of(words[4]);
    reply_ = kOk;
  } else if (action == "CREATECONSUMER") {
    reply_ = integer(group->second.consumers.insert(words[4]).second ? 1 : 0);
  } else {
    reply_ = integer(static_cast<int64_t>(std::erase_if(
        group->second.pending, [&](const auto& held) { return held.second.owner == words[4]; })));
    group->second.consumers.erase(words[4]);
  }
}

void Model::xack(const Words& words) {
  ModelStream* stream = nullptr;
  if (!find(words[1], stream)) return;
  int64_t count = 0;
  if (stream != nullptr && stream->groups.contains(words[2])) {
    for (size_t i = 3; i < words.size(); ++i) {
      count += static_cast<int64_t>(stream->groups[words[2]].pending.erase(id_of(words[i])));
    }
  }
  reply_ = integer(count);
}

// XCLAIM key group consumer min-idle id [id ...] [IDLE ms] [RETRYCOUNT n] [FORCE] [JUSTID] [LASTID id]
void Model::xclaim(const Words& words) {
  ModelStream* stream = nullptr;
  ModelGroup* group = nullptr;
  if (!find_group(words, stream, group)) return;
  const bool just_id = has_word(words, "JUSTID");
  const std::string idle = option(words, "IDLE");
  const std::string retries = option(words, "RETRYCOUNT");
  group->last_delivered = std::max(group->last_delivered, id_of(option(words, "LASTID")));
  group->consumers.insert(words[3]);
  std::vector<std::string> claimed;
  for (size_t i = 5; i < words.size() && parse_stream_id(words[i], 0); ++i) {
    const StreamId id = id_of(words[i]);
    const auto held = stream->entries.find(id);
    auto pending = group->pending.find(id);
    if (held == stream->entries.end()) {
      group->pending.erase(id);
      continue;
    }
    if (pending == group->pending.end()) {
      if (!has_word(words, "FORCE")) continue;
      pending = group->pending.emplace(id, ModelPending{"", 0, 1}).first;
    } else if (!pending->second.owner.empty() && std::stoll(words[4]) > 0 &&
               now_ - pending->second.delivered < std::stoll(words[4])) {
      continue;
    }
    pending->second.owner = words[3];
    pending->second.delivered = idle.empty() ? now_ : now_ - std::stoll(idle);
    if (!retries.empty()) {
      pending->second.deliveries = std::stoull(retries);
    } else if (!just_id) {
      deliver_again(pending->second);
    }
    claimed.push_back(just_id ? bulk(id) : entry(id, held->second.fields));
  }
  reply_ = array(claimed.size());
  for (const std::string& text : claimed) reply_ += text;
}

// XAUTOCLAIM key group consumer min-idle start [COUNT n] [JUSTID]
void Model::xautoclaim(const Words& words) {
  ModelStream* stream = nullptr;
  ModelGroup* group = nullptr;
  if (!find_group(words, stream, group)) return;
  const bool just_id = has_word(words, "JUSTID");
  group->consumers.insert(words[3]);
  uint64_t left = has_word(words, "COUNT") ? count_of(words) : 100;
  uint64_t attempts = left * 10;
  std::vector<std::string> claimed;
  std::vector<std::string> gone;
  auto at = group->pending.lower_bound(start_of(words[5]));
  while (at != group->pending.end() && left != 0 && attempts != 0) {
    --attempts;
    const auto held = stream->entries.find(at->first);
    if (held == stream->entries.end()) {
      gone.push_back(bulk(at->first));
      at = group->pending.erase(at);
      --left;
      continue;
    }
    if (at->second.owner.empty() || std::stoll(words[4]) <= 0 ||
        now_ - at->second.delivered >= std::stoll(words[4])) {
      at->second.owner = words[3];
      at->second.delivered = now_;
      if (!just_id) deliver_again(at->second);
      claimed.push_back(just_id ? bulk(at->first) : entry(at->first, held->second.fields));
      --left;
    }
    ++at;
  }
  reply_ = array(3) + bulk(at == group->pending.end() ? StreamId{} : at->first);
  for (const auto* list : {&claimed, &gone}) {
    reply_ += array(list->size());
    for (const std::string& text : *list) reply_ += text;
  }
}

// XNACK key group mode IDS numids id ... [RETRYCOUNT n] [FORCE]
void Model::xnack(const Words& words) {
  ModelStream* stream = nullptr;
  ModelGroup* group = nullptr;
  if (!find_group(words, stream, group)) return;
  const std::string retries = option(words, "RETRYCOUNT");
  int64_t released = 0;
  for (size_t i = 6; i < 6 + std::stoull(words[5]); ++i) {
    const StreamId id = id_of(words[i]);
    const bool forced = has_word(words, "FORCE") && stream->entries.contains(id);
    if (!group->pending.contains(id) && !forced) continue;
    ModelPending& pending = group->pending.try_emplace(id, ModelPending{"", 0, 0}).first->second;
    pending.owner.clear();
    pending.delivered = ++group->releases;
    if (!retries.empty()) {
      pending.deliveries = std::stoull(retries);
    } else if (words[3] == "FATAL") {
      pending.deliveries = INT64_MAX;
    } else if (words[3] == "SILENT" && pending.deliveries != 0) {
      --pending.deliveries;
    }
    ++released;
  }
  reply_ = integer(released);
}

// XPENDING key group, or XPENDING key group [IDLE ms] start end count [consumer]
void Model::xpending(const Words& words) {
  ModelStream* stream = nullptr;
  ModelGroup* group = nullptr;
  if (!find_group(words, stream, group)) return;
  if (words.size() == 3) {
    reply_ = array(4) + integer(static_cast<int64_t>(group->pending.size()));
    if (group->pending.empty()) {
      reply_ += std::string(kNull) + kNull + kNullArray;
      return;
    }
    std::map<std::string, int64_t> owners;
    for (const auto& [id, pending] : group->pending) ++owners[pending.owner];
    owners.erase("");
    reply_ += bulk(group->pending.begin()->first) + bulk(group->pending.rbegin()->first);
    reply_ += array(owners.size());
    for (const auto& [owner, count] : owners) {
      reply_ += array(2) + bulk(owner) + bulk(std::to_string(count));
    }
    return;
  }
  const size_t at = words[3] == "IDLE" ? 5 : 3;
  const int64_t min_idle = words[3] == "IDLE" ? std::stoll(words[4]) : 0;
  std::vector<std::string> found;
  for (const auto& [id, pending] : group->pending) {
    const bool released = pending.owner.empty();
    const int64_t idle = released ? -1 : std::max<int64_t>(now_ - pending.delivered, 0);
    if (id < start_of(words[at]) || id > end_of(words[at + 1])) continue;
    if (!released && idle < min_idle) continue;
    if (words.size() > at + 3 && words[at + 3] != pending.owner) continue;
    if (found.size() == std::stoull(words[at + 2])) break;
    found.push_back(array(4) + bulk(id) + bulk(pending.owner) + integer(idle) +
                    integer(static_cast<int64_t>(pending.deliveries)));
  }
  reply_ = array(found.size());
  for (const std::string& text : found) reply_ += text;
}

}  // namespace leat::sim
