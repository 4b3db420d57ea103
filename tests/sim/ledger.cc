#include "sim/ledger.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/compare.h"

namespace leat::sim {
namespace {

std::string shown(Bytes bytes) {
  std::string text;
  for (const char byte : bytes.substr(0, 400)) {
    text += byte == '\r' ? "\\r" : byte == '\n' ? "\\n" : std::string(1, byte);
  }
  return text;
}

std::string shown(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word.substr(0, 40);
  return text;
}

// Refused for `reason`, the code of an error, directly or as a whole transaction.
bool is_refused_for(Bytes reason, Bytes reply) {
  constexpr Bytes kAborted = "-EXECABORT Transaction discarded because of: ";
  if (reply.starts_with(kAborted)) return reply.substr(kAborted.size()).starts_with(reason);
  return reply.starts_with("-") && reply.substr(1).starts_with(reason);
}

// The keys that a command names; empty for commands whose keys are not all they depend on.
std::vector<std::string> keys_of(const Words& words) {
  const std::string& name = words[0];
  if (name == "XGROUP") return {words[2]};
  if (name == "XREAD" || name == "XREADGROUP") {
    const auto first = std::find(words.begin(), words.end(), "STREAMS") + 1;
    return {first, first + (words.end() - first) / 2};
  }
  if (name == "DEL" || name == "RENAME" || name == "COPY") return {words[1], words[2]};
  if (words.size() < 2 || name == "WATCH" || name == "SWAPDB") return {};
  return {words[1]};
}

// An error that the words alone, or the first of several keys, decided tells nothing about the others.
bool shows_nothing(const Words& words, Bytes reply) {
  return reply == kIdsContradict || (reply.starts_with("-") && keys_of(words).size() > 1);
}

void replay(Model& model, const Ledger::Executed& item) {
  if (item.eviction) {
    model.evict(item.eviction->first, item.eviction->second);
  } else if (item.ageing) {
    static_cast<void>(model.age(*item.ageing, item.wall));
  } else if (item.expiry) {
    model.expire(item.wall);
  } else if (item.refused) {
    model.refuse(item.client, item.words);
  } else {
    model.execute(item.client, item.words, item.wall);
  }
}

}  // namespace

void Ledger::disconnected(uint64_t client, bool executing) {
  if (executing) {
    clients_[client].gone = true;
    return;
  }
  clients_.erase(client);
  model_.forget(client);
}

bool Ledger::settled(uint64_t client) const {
  const auto found = clients_.find(client);
  return found == clients_.end() ||
         (found->second.sent.empty() && found->second.expected.empty() && !found->second.parked);
}

bool Ledger::parked(uint64_t client) const {
  const auto found = clients_.find(client);
  return found != clients_.end() && found->second.parked.has_value();
}

std::string Ledger::outstanding(uint64_t client) const {
  const auto found = clients_.find(client);
  if (found == clients_.end()) return "nothing";
  if (!found->second.expected.empty()) return "the reply " + shown(found->second.expected);
  return found->second.sent.empty() ? "nothing" : shown(found->second.sent.front());
}

void Ledger::owe(Client& client, Bytes reply, uint64_t required) {
  client.expected += reply;
  client.parts.push_back({reply.size(), required, false});
}

uint64_t Ledger::shown_by(const Words& words) const {
  const std::vector<std::string> keys = keys_of(words);
  uint64_t lsn = keys.empty() ? 0 : changed_all_;
  for (const std::string& key : keys) {
    const auto found = changed_.find(key);
    if (found != changed_.end()) lsn = std::max(lsn, found->second);
  }
  return lsn;
}

void Ledger::note_changes(const Words& words, uint64_t lsn) {
  for (const std::string& key : model_.touched()) changed_[key] = lsn;
  if (model_.touched().contains("*")) changed_all_ = lsn;
  const std::vector<std::string> keys = keys_of(words);
  if (keys.size() == 1) changed_[keys[0]] = lsn;
}

std::optional<Ledger::Begun> Ledger::begin(uint64_t number, Client& client, const Words& words,
                                           int64_t mono) {
  if (client.parked) {
    if (words != client.parked->words) {
      violated(fmt::format("a parked read is planned again as '{}' instead of '{}'", shown(words),
                           shown(client.parked->words)));
      return std::nullopt;
    }
    const Begun begun = {client.parked->required, client.parked->deadline};
    client.parked.reset();
    ++counters_.wakes;
    return begun;
  }
  if (client.sent.empty() || client.sent.front() != words) {
    violated(fmt::format("client {} was served '{}' when '{}' is next", number, shown(words),
                         client.sent.empty() ? "nothing" : shown(client.sent.front())));
    return std::nullopt;
  }
  client.sent.pop_front();
  const std::string block = option(words, "BLOCK");
  if (block.empty() || block == "0") return Begun{};
  return Begun{.required = 0, .deadline = mono + std::stoll(block) * kNsPerMs};
}

void Ledger::excuse_waiters() {
  for (auto& [number, client] : clients_) {
    if (client.parked) client.parked->excused = true;
  }
}

void Ledger::executed(uint64_t number, Words words, Bytes reply, Replied replied,
                      const Moment& moment) {
  judge(number, std::move(words), reply, replied, moment);
  const auto client = clients_.find(number);
  if (client != clients_.end() && client->second.gone) disconnected(number, /*executing=*/false);
}

void Ledger::judge(uint64_t number, Words words, Bytes reply, Replied replied,
                   const Moment& moment) {
  ++counters_.commands;
  const bool parks = replied == Replied::kParked;
  const bool begun_only = replied == Replied::kBegun;
  const auto found = clients_.find(number);
  if (found == clients_.end())
    return violated("a command was executed for a client that is gone: " + shown(words));
  Client& client = found->second;
  const std::optional<Begun> begun = begin(number, client, words, moment.mono);
  if (!begun) return;
  const bool wrote = moment.lsn != last_;
  last_ = moment.lsn;
  const bool out_of_memory = is_refused_for("OOM", reply);
  const bool refused = out_of_memory || is_refused_for("MISCONF", reply);
  since_.push_back({number, words, moment.wall, refused, false, last_, {}, {}});
  if (refused) {
    ++counters_.refusals;
    if (!(out_of_memory ? moment.out_of_memory : moment.may_refuse)) {
      violated("refused though there is no reason: " + shown(words));
    }
    model_.refuse(number, words);
    return owe(client, reply, begun->required);
  }
  const Model::Outcome outcome = model_.execute(number, words, moment.wall);
  // What follows of a reply that has only begun is compared as it is received.
  counters_.long_replies += begun_only ? 1U : 0U;
  const bool right = begun_only
                         ? outcome.reply.size() > reply.size() && outcome.reply.starts_with(reply)
                         : outcome.reply == reply;
  if (!right || outcome.parks != parks) {
    return violated(fmt::format("'{}' of client {} was replied '{}'{} instead of '{}'{}",
                                shown(words), number, shown(reply), parks ? " (parked)" : "",
                                shown(outcome.reply), outcome.parks ? " (parked)" : ""));
  }
  if ((words[0] == "XGROUP" && words[1] == "SETID") || words[0] == "EXEC") excuse_waiters();
  uint64_t required = begun->required;
  if (wrote) {
    note_changes(words, last_);
    required = last_;
  } else if (words[0] != "EXEC" && !model_.in_transaction(number) && !shows_nothing(words, reply)) {
    required = std::max(required, shown_by(words));
  }
  if (parks) {
    client.parked = Parked{model_.frozen(words), begun->deadline, required};
  } else {
    owe(client, outcome.reply, required);
  }
}

void Ledger::expired(const Moment& moment) {
  last_ = moment.lsn;
  model_.expire(moment.wall);
  for (const std::string& key : model_.touched()) changed_[key] = last_;
  since_.push_back({0, {}, moment.wall, false, true, last_, {}, {}});
}

void Ledger::aged(const Ageing& ageing, const Moment& moment) {
  last_ = moment.lsn;
  if (const std::string wrong = model_.age(ageing, moment.wall); !wrong.empty())
    return violated(wrong);
  if (ageing.db == 0) changed_[ageing.key] = last_;
  since_.push_back({0, {}, moment.wall, false, false, last_, ageing, {}});
}

void Ledger::evicted(uint32_t db, const std::string& key, const Moment& moment) {
  ++counters_.evictions;
  last_ = moment.lsn + 1;
  model_.evict(db, key);
  for (const std::string& touched : model_.touched()) changed_[touched] = last_;
  since_.push_back({0, {}, moment.wall, false, false, last_, {}, std::pair(db, key)});
}

void Ledger::turn_ended(Waits& waits, const Moment& moment, const Fetching& fetching) {
  constexpr int64_t kLateMax = 1000;
  if (moment.steady && !moment.may_refuse) {
    if (const std::string late = model_.overdue(moment.wall - kLateMax, fetching.stream);
        !late.empty())
      violated(late);
  }
  for (auto& [number, client] : clients_) {
    if (!client.parked || fetching.client(number)) continue;
    const Parked& parked = *client.parked;
    const bool due = parked.deadline && *parked.deadline <= moment.mono;
    if (waits.waiting(ClientId{number})) {
      if (due) {
        violated(
            fmt::format("client {} sleeps past its deadline: {}", number, shown(parked.words)));
      }
      if (!parked.excused &&
          model_.ready(parked.words, moment.steady ? moment.wall - kLateMax : 0)) {
        violated(fmt::format("client {} sleeps though there is something for it: {}", number,
                             shown(parked.words)));
      }
      continue;
    }
    if (!due) {
      violated(fmt::format("client {} does not wait any more, and was not answered: {}", number,
                           shown(parked.words)));
    }
    ++counters_.timeouts;
    const uint64_t required = parked.required;
    client.parked.reset();
    owe(client, kNullArray, required);
  }
}

void Ledger::received(uint64_t number, Bytes bytes) {
  const auto found = clients_.find(number);
  if (found == clients_.end()) return;
  Client& client = found->second;
  if (!Bytes(client.expected).starts_with(bytes)) {
    return violated(fmt::format("client {} received '{}' when it is owed '{}'", number,
                                shown(bytes), shown(client.expected)));
  }
  const uint64_t released = mode_ == SyncMode::kAlways ? durable_ : written_;
  for (size_t left = bytes.size(); left != 0;) {
    Part& part = client.parts.front();
    if (!part.begun && part.required > released) {
      return violated(fmt::format(
          "a reply left that needs record {} when {} is {}: '{}'", part.required, released,
          mode_ == SyncMode::kAlways ? "durable" : "written", shown(client.expected)));
    }
    part.begun = true;
    acknowledged_ = std::max(acknowledged_, part.required);
    const size_t taken = std::min(left, part.size);
    part.size -= taken;
    left -= taken;
    if (part.size != 0) continue;
    client.parts.pop_front();
    ++counters_.replies;
  }
  client.expected.erase(0, bytes.size());
}

void Ledger::batch_written(const std::string& path, uint64_t last_lsn) {
  written_ = std::max(written_, last_lsn);
  files_[path].written = last_lsn;
}

void Ledger::sync_begun(const std::string& path) {
  Reach& reach = files_[path];
  reach.syncing = reach.written;
}

void Ledger::synced(const std::string& path, bool durable) {
  const auto found = files_.find(path);
  if (found != files_.end()) {
    Reach& reach = found->second;
    const uint64_t covered = std::exchange(reach.syncing, std::nullopt).value_or(reach.written);
    if (durable) reach.synced = covered;
  }
  // What stands behind a gap is of no use.
  for (const auto& [name, reach] : files_) {
    durable_ = std::max(durable_, reach.synced);
    if (reach.synced < reach.written) break;
  }
  if (!durable) {
    // Of a disk that fails, only what had been synced before can be asked back.
    dropped_ = true;
    const uint64_t promised = mode_ == SyncMode::kAlways ? acknowledged_ : 0;
    must_have_ = std::min(must_have_, std::max(durable_, promised));
  }
}

void Ledger::crashed(Crash crash) {
  clients_.clear();
  model_.forget_clients();
  // The page cache outlives the process; what a failed sync has dropped may be gone from there, too.
  if (crash == Crash::kPower) must_have_ = 0;
  must_have_ = std::max(must_have_, durable_);
  if (mode_ == SyncMode::kAlways) must_have_ = std::max(must_have_, acknowledged_);
  if (crash == Crash::kProcess && !dropped_) must_have_ = std::max(must_have_, written_);
  if (crash == Crash::kPower) written_ = durable_;
  files_.clear();
}

void Ledger::recovered(const Engine& engine) {
  ++counters_.recoveries;
  const uint64_t lsn = engine.last_lsn().value;
  if (lsn < must_have_) {
    return violated(
        fmt::format("records {} to {} are gone ({} acknowledged, {} durable, {} written)", lsn + 1,
                    must_have_, acknowledged_, durable_, written_));
  }
  if (lsn > last_)
    return violated(fmt::format("record {} was invented; the last was {}", lsn, last_));
  Model model = base_;
  uint64_t reached = 0;
  for (const Executed& item : since_) {
    if (item.lsn > lsn) break;
    replay(model, item);
    reached = item.lsn;
  }
  for (const Executed& item : since_) counters_.rolled_back += item.lsn > lsn ? 1U : 0U;
  if (!since_.empty() && since_.front().lsn <= lsn && reached != lsn) {
    return violated(fmt::format("record {} was recovered, which ends inside of a command", lsn));
  }
  model.forget_clients();
  model_ = model;
  base_ = std::move(model);
  since_.clear();
  compare(engine);
  const auto digest = digests_.find(lsn);
  if (digest != digests_.end() && digest->second != engine.digest()) {
    violated(fmt::format("the replayed state differs from the one that lived at record {}", lsn));
  }
  digests_.clear();
  changed_.clear();
  changed_all_ = 0;
  last_ = written_ = durable_ = acknowledged_ = must_have_ = lsn;
  dropped_ = false;
}

void Ledger::compare(const Engine& engine) {
  if (const std::string text = difference(model_, engine); !text.empty()) violated(text);
}

}  // namespace leat::sim
