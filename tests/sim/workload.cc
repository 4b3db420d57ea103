#include "sim/workload.h"

#include <algorithm>
#include <array>

namespace leat::sim {

Workload::Workload(SimRandom& random, bool policies) : random_(random), policies_(policies) {
  streams_ = 1 + random_.below(3);
  payload_ = chance(8) ? 3000 : 1 + random_.below(40);
  pipeline_ = chance(2) ? 1 : 1 + random_.below(16);
  groups_ = !chance(5);
  blocking_ = !chance(3);
  trims_ = !chance(3);
  deletes_ = !chance(3);
  keys_ = !chance(3);
  rare_keys_ = chance(3);
  companions_ = !chance(3);
  transactions_ = !chance(3);
  idempotent_ = chance(2);
}

std::string Workload::any_key() {
  switch (random_.below(4)) {
    case 0:
      return "k" + number(2);
    case 1:
      return chance(2) ? "h0" : "t0";
    default:
      return stream_key();
  }
}

std::string Workload::some_id(const Model& model, const std::string& key) {
  const ModelStream* const stream = model.stream(key);
  if (stream == nullptr || chance(20)) return number(5) + "-" + number(3);
  const auto pick = [this](const auto& map) {
    return std::next(map.begin(), static_cast<ptrdiff_t>(random_.below(map.size())))->first;
  };
  if (!stream->groups.empty() && chance(2)) {
    const ModelGroup& group = stream->groups.at(pick(stream->groups));
    if (!group.pending.empty()) return to_string(pick(group.pending));
  }
  if (stream->entries.empty() || chance(10)) return to_string(stream->last);
  return to_string(pick(stream->entries));
}

void Workload::add_trim(const Model& model, const std::string& key, Words& words) {
  const bool by_length = chance(2);
  const bool approximate = chance(2);
  words.emplace_back(by_length ? "MAXLEN" : "MINID");
  words.emplace_back(approximate ? "~" : "=");
  words.push_back(by_length ? number(30) : some_id(model, key));
  // Without a limit of its own "~" has one that no stream here comes to.
  if (approximate && chance(3)) words.insert(words.end(), {"LIMIT", number(20)});
  if (deletes_ && chance(3)) words.emplace_back(chance(2) ? "DELREF" : "ACKED");
}

// Limits that are reached after a few commands, or switched off.
Words Workload::policy() {
  Words words = {"XCFGSET", stream_key()};
  if (chance(2)) words.insert(words.end(), {"MAXLEN", number(20)});
  if (chance(2)) words.insert(words.end(), {"MAXAGE", chance(3) ? "0" : number(1500)});
  if (chance(3)) words.insert(words.end(), {"MAXBYTES", number(60 * payload_)});
  if (chance(2)) words.insert(words.end(), {"RETAIN", chance(3) ? "ANY" : "UNACKED"});
  if (chance(8)) words.insert(words.end(), {"IDMP-DURATION", std::to_string(1 + random_.below(3))});
  if (chance(8)) words.insert(words.end(), {"IDMP-MAXSIZE", std::to_string(1 + random_.below(6))});
  if (chance(2) || words.size() == 2)
    words.insert(words.end(), {"WHENFULL", chance(2) ? "TRIM" : "REJECT"});
  return words;
}

Words Workload::set_id(const Model& model, const std::string& key) {
  Words words = {"XSETID", key, some_id(model, key)};
  if (chance(2)) words.insert(words.end(), {"ENTRIESADDED", number(200)});
  if (chance(3)) words.insert(words.end(), {"MAXDELETEDID", some_id(model, key)});
  return words;
}

Words Workload::stream_write(const Model& model) {
  if (policies_ && chance(10)) return policy();
  const std::string key = stream_key();
  if (deletes_ && chance(8)) {
    if (chance(2)) return extended_deletion(model, {"XDELEX", key});
    Words words = {"XDEL", key};
    for (uint64_t n = 1 + random_.below(3); n != 0; --n) words.push_back(some_id(model, key));
    return words;
  }
  if (trims_ && chance(10)) {
    Words words = {"XTRIM", key};
    add_trim(model, key, words);
    return words;
  }
  if (chance(40)) return set_id(model, key);
  if (idempotent_ && chance(20))
    return {"XIDMPRECORD", key, "p" + number(2), "i" + number(9), some_id(model, key)};
  Words words = {"XADD", key};
  if (chance(12)) words.emplace_back("NOMKSTREAM");
  const bool idempotent = idempotent_ && chance(2);
  if (idempotent) add_iid(words);
  if (trims_ && chance(5)) add_trim(model, key, words);
  if (idempotent) return with_fields(std::move(words), "*");
  const ModelStream* const stream = model.stream(key);
  const uint64_t ms = stream == nullptr ? 1 : stream->last.ms;
  if (chance(12))
    return with_fields(std::move(words), std::to_string(ms + random_.below(2)) + "-*");
  if (chance(12)) return with_fields(std::move(words), std::to_string(ms) + "-" + number(1000));
  return with_fields(std::move(words), "*");
}

// What two producers add, often for the second time.
void Workload::add_iid(Words& words) {
  if (chance(3)) {
    words.insert(words.end(), {"IDMPAUTO", "p" + number(2)});
  } else {
    words.insert(words.end(), {"IDMP", "p" + number(2), "i" + number(9)});
  }
}

Words Workload::with_fields(Words words, const std::string& id) {
  const bool again = idempotent_ && chance(2);
  words.push_back(id);
  for (uint64_t n = 1 + random_.below(2); n != 0; --n) {
    words.push_back("f" + number(3));
    const std::string value = again ? number(3) : std::to_string(sequence_++);
    words.push_back(value + std::string(again ? 0 : random_.below(payload_), 'v'));
  }
  return words;
}

// MAXCOUNT and MAXSIZE for a read of `count` entries a stream.
void Workload::add_limits(uint64_t count, Words& words) {
  if (chance(5)) words.insert(words.end(), {"MAXCOUNT", std::to_string(count + random_.below(6))});
  if (chance(5))
    words.insert(words.end(), {"MAXSIZE", std::to_string(1 + random_.below(10 * (payload_ + 40)))});
}

Words Workload::stream_read() {
  const std::string key = stream_key();
  switch (random_.below(blocking_ ? 5 : 3)) {
    case 0:
      return {"XLEN", key};
    case 1:
      return {"XRANGE", key, "-", "+", "COUNT", std::to_string(1 + random_.below(50))};
    case 2:
      return {"XREVRANGE", key, "+", "-", "COUNT", std::to_string(1 + random_.below(5))};
    default:
      break;
  }
  const uint64_t count = 1 + random_.below(10);
  Words words = {"XREAD", "COUNT", std::to_string(count), "BLOCK",
                 chance(6) ? "0" : std::to_string(1 + random_.below(60))};
  add_limits(count, words);
  words.emplace_back("STREAMS");
  const std::string other = stream_key();
  const bool two = other != key && chance(2);
  words.push_back(key);
  if (two) words.push_back(other);
  for (int i = 0; i < (two ? 2 : 1); ++i)
    words.emplace_back(chance(8) ? "+" : chance(3) ? "0" : "$");
  return words;
}

Words Workload::group_read(const Model& model) {
  const uint64_t count = 1 + random_.below(12);
  Words words = {"XREADGROUP", "GROUP", "", "", "COUNT", std::to_string(count)};
  words[2] = group();
  words[3] = consumer();
  if (chance(8)) words.emplace_back("NOACK");
  if (chance(4)) words.insert(words.end(), {"CLAIM", chance(3) ? "0" : number(40)});
  if (blocking_ && chance(3)) {
    words.insert(words.end(), {"BLOCK", chance(6) ? "0" : std::to_string(1 + random_.below(60))});
  }
  add_limits(count, words);
  words.emplace_back("STREAMS");
  const std::string key = stream_key();
  const std::string other = stream_key();
  const bool two = other != key && chance(4);
  words.push_back(key);
  if (two) words.push_back(other);
  words.push_back(chance(6) ? (chance(2) ? "0" : some_id(model, key)) : ">");
  if (two) words.emplace_back(">");
  return words;
}

Words Workload::group_admin(const Model& model) {
  const std::string key = stream_key();
  switch (random_.below(8)) {
    case 0:
      if (chance(3)) return {"XGROUP", "DESTROY", key, group()};
      [[fallthrough]];
    case 1:
      return {"XGROUP", "SETID", key, group(), chance(3) ? "$" : some_id(model, key)};
    case 2:
      return {"XGROUP", "CREATECONSUMER", key, group(), consumer()};
    case 3:
      return {"XGROUP", "DELCONSUMER", key, group(), consumer()};
    default:
      break;
  }
  Words words = {"XGROUP", "CREATE", key, group(), chance(2) ? "$" : "0"};
  if (!chance(3)) words.emplace_back("MKSTREAM");
  return words;
}

// Of the stream words[1]; the words end where what becomes of references is said.
Words Workload::extended_deletion(const Model& model, Words words) {
  static constexpr std::array kReferences = {"KEEPREF", "DELREF", "ACKED"};
  const std::string key = words[1];
  words.emplace_back(kReferences.at(random_.below(kReferences.size())));
  const uint64_t count = 1 + random_.below(4);
  words.insert(words.end(), {"IDS", std::to_string(count)});
  for (uint64_t n = count; n != 0; --n) words.push_back(some_id(model, key));
  return words;
}

Words Workload::claim(const Model& model, const std::string& key) {
  Words words = {"XCLAIM", key, group(), consumer(), chance(2) ? "0" : number(40)};
  for (uint64_t n = 1 + random_.below(4); n != 0; --n) words.push_back(some_id(model, key));
  if (chance(4)) words.insert(words.end(), {"IDLE", number(100)});
  if (chance(4)) words.insert(words.end(), {"RETRYCOUNT", number(9)});
  if (chance(4)) words.emplace_back("FORCE");
  if (chance(4)) words.emplace_back("JUSTID");
  if (chance(8)) words.insert(words.end(), {"LASTID", some_id(model, key)});
  return words;
}

Words Workload::autoclaim(const Model& model, const std::string& key) {
  Words words = {"XAUTOCLAIM",
                 key,
                 group(),
                 consumer(),
                 chance(2) ? "0" : number(40),
                 chance(3) ? some_id(model, key) : "0-0"};
  if (chance(2)) words.insert(words.end(), {"COUNT", std::to_string(1 + random_.below(5))});
  if (chance(4)) words.emplace_back("JUSTID");
  return words;
}

Words Workload::list_pending(const std::string& key) {
  if (chance(2)) return {"XPENDING", key, group()};
  Words words = {"XPENDING", key, group()};
  if (chance(2)) words.insert(words.end(), {"IDLE", number(40)});
  words.insert(words.end(), {"-", "+", std::to_string(1 + random_.below(20))});
  if (chance(3)) words.push_back(consumer());
  return words;
}

// XNACK of some ids, some of them twice.
Words Workload::nack(const Model& model, const std::string& key) {
  constexpr const char* kModes[] = {"SILENT", "FAIL", "FATAL"};
  const uint64_t count = 1 + random_.below(4);
  Words words = {"XNACK", key, group(), kModes[random_.below(3)], "IDS", std::to_string(count)};
  for (uint64_t n = count; n != 0; --n)
    words.push_back(n != count && chance(6) ? words.back() : some_id(model, key));
  if (chance(4)) words.insert(words.end(), {"RETRYCOUNT", number(5)});
  if (chance(4)) words.emplace_back("FORCE");
  return words;
}

Words Workload::group_settle(const Model& model) {
  const std::string key = stream_key();
  switch (random_.below(7)) {
    case 6:
      return nack(model, key);
    case 0:
      return claim(model, key);
    case 1:
      return autoclaim(model, key);
    case 2:
      return list_pending(key);
    default:
      break;
  }
  if (deletes_ && chance(4)) return extended_deletion(model, {"XACKDEL", key, group()});
  Words words = {"XACK", key, group()};
  for (uint64_t n = 1 + random_.below(5); n != 0; --n) words.push_back(some_id(model, key));
  return words;
}

Words Workload::key_command() {
  switch (random_.below(rare_keys_ ? 9 : 5)) {
    case 0:
      return {"SET", chance(12) ? stream_key() : "k" + number(2), "v" + number(1000)};
    case 1:
      return {"SET", "k" + number(2), "v" + number(1000), "PX",
              std::to_string(1 + random_.below(80))};
    case 2:
      return {"PEXPIRE", any_key(), std::to_string(1 + random_.below(200))};
    case 3:
      return {"PERSIST", any_key()};
    case 4:
      return {"GET", "k" + number(2)};
    case 5:
      return {"RENAME", any_key(), any_key()};
    case 6: {
      const std::string from = any_key();
      const std::string to = any_key();
      if (from == to) return {"GET", from};
      Words words = {"COPY", from, to};
      if (chance(2)) words.emplace_back("REPLACE");
      return words;
    }
    case 7:
      if (chance(4)) return {"FLUSHALL"};
      if (chance(4)) return {"SWAPDB", "0", "1"};
      [[fallthrough]];
    default:
      return {"DEL", any_key(), any_key()};
  }
}

Words Workload::companion() {
  switch (random_.below(6)) {
    case 0:
      return {"HSET", "h0", "f" + number(4), "v" + number(100), "f" + number(4), "w" + number(100)};
    case 1:
      return {"HDEL", "h0", "f" + number(4), "f" + number(4)};
    case 2:
      return {"HGET", "h0", "f" + number(4)};
    case 3:
      return {"SADD", "t0", "m" + number(6), "m" + number(6)};
    case 4:
      return {"SREM", "t0", "m" + number(6), "m" + number(6)};
    default:
      return {"SCARD", "t0"};
  }
}

Words Workload::command(const Model& model) {
  const uint64_t kind = random_.below(16);
  if (groups_ && kind < 4) return group_read(model);
  if (groups_ && kind < 7) return group_settle(model);
  if (groups_ && kind < 8) return group_admin(model);
  if (keys_ && kind < 9) return key_command();
  if (companions_ && kind < 10) return companion();
  if (kind < 12) return stream_read();
  return stream_write(model);
}

std::vector<Words> Workload::next(const Model& model) {
  std::vector<Words> pipeline;
  if (transactions_ && chance(10)) {
    if (chance(2)) pipeline.push_back({"WATCH", any_key()});
    if (chance(4)) return pipeline.empty() ? std::vector<Words>{command(model)} : pipeline;
    pipeline.push_back({"MULTI"});
    for (uint64_t n = random_.below(6); n != 0; --n) pipeline.push_back(command(model));
    pipeline.push_back({chance(10) ? "DISCARD" : "EXEC"});
    return pipeline;
  }
  for (uint64_t n = 1 + random_.below(pipeline_); n != 0; --n) pipeline.push_back(command(model));
  return pipeline;
}

}  // namespace leat::sim
