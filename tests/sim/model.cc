#include "sim/model.h"

#include <algorithm>

namespace leat::sim {
namespace {

constexpr const char* kWrongType =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

}  // namespace

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
std::string bulk(StreamId id) {
  return bulk(to_string(id));
}
std::string integer(int64_t number) {
  return ":" + std::to_string(number) + "\r\n";
}
std::string array(size_t size) {
  return "*" + std::to_string(size) + "\r\n";
}
std::string entry(StreamId id, const Words& fields) {
  std::string text = array(2) + bulk(id) + array(fields.size());
  for (const std::string& field : fields) text += bulk(field);
  return text;
}

std::string option(const Words& words, const std::string& name) {
  const auto found = std::find(words.begin(), words.end(), name);
  return found == words.end() || found + 1 == words.end() ? "" : *(found + 1);
}
bool has_word(const Words& words, const std::string& name) {
  return std::find(words.begin(), words.end(), name) != words.end();
}

Model::Outcome Model::execute(uint64_t client, const Words& words, int64_t now) {
  now_ = now;
  may_park_ = true;
  parks_ = false;
  reply_.clear();
  touched_.clear();
  Session& session = sessions_[client];
  const std::string& name = words[0];
  if (name == "MULTI") {
    session.queue.emplace();
    reply_ = kOk;
  } else if (name == "EXEC") {
    exec(session);
  } else if (name == "DISCARD") {
    session = Session();
    reply_ = kOk;
  } else if (name == "WATCH") {
    watch(session, words);
  } else if (session.queue) {
    session.queue->push_back(words);
    reply_ = "+QUEUED\r\n";
  } else {
    run(words);
  }
  return {reply_, parks_};
}

void Model::refuse(uint64_t client, const Words& words) {
  Session& session = sessions_[client];
  if (words[0] == "EXEC") {
    session = Session();
  } else if (session.queue) {
    session.broken = true;
  }
}

bool Model::in_transaction(uint64_t client) const {
  const auto session = sessions_.find(client);
  return session != sessions_.end() && session->second.queue.has_value();
}

void Model::run(const Words& words) {
  static const std::map<std::string, Handler> kHandlers = {{"GET", &Model::get},
                                                           {"SET", &Model::set},
                                                           {"DEL", &Model::del},
                                                           {"PEXPIRE", &Model::pexpire},
                                                           {"PERSIST", &Model::persist},
                                                           {"RENAME", &Model::rename},
                                                           {"COPY", &Model::copy},
                                                           {"FLUSHALL", &Model::flushall},
                                                           {"SWAPDB", &Model::swapdb},
                                                           {"HSET", &Model::hset},
                                                           {"HDEL", &Model::hdel},
                                                           {"HGET", &Model::hget},
                                                           {"SADD", &Model::sadd},
                                                           {"SREM", &Model::srem},
                                                           {"SCARD", &Model::scard},
                                                           {"XADD", &Model::xadd},
                                                           {"XIDMPRECORD", &Model::xidmprecord},
                                                           {"XTRIM", &Model::xtrim},
                                                           {"XDEL", &Model::xdel},
                                                           {"XDELEX", &Model::xdelex},
                                                           {"XACKDEL", &Model::xdelex},
                                                           {"XSETID", &Model::xsetid},
                                                           {"XLEN", &Model::xlen},
                                                           {"XRANGE", &Model::xrange},
                                                           {"XREVRANGE", &Model::xrange},
                                                           {"XREAD", &Model::xread},
                                                           {"XREADGROUP", &Model::xread},
                                                           {"XGROUP", &Model::xgroup},
                                                           {"XACK", &Model::xack},
                                                           {"XCLAIM", &Model::xclaim},
                                                           {"XNACK", &Model::xnack},
                                                           {"XAUTOCLAIM", &Model::xautoclaim},
                                                           {"XPENDING", &Model::xpending},
                                                           {"XCFGSET", &Model::xcfgset}};
  (this->*kHandlers.at(words[0]))(words);
}

void Model::exec(Session& session) {
  const Session before = std::move(session);
  session = Session();
  if (before.broken) {
    reply_ = "-EXECABORT Transaction discarded because of previous errors.\r\n";
  } else if (before.watch_broken) {
    reply_ = kNullArray;
  } else {
    may_park_ = false;
    std::string replies = array(before.queue->size());
    for (const Words& queued : *before.queue) {
      reply_.clear();
      run(queued);
      replies += reply_;
    }
    reply_ = replies;
  }
}

void Model::watch(Session& session, const Words& words) {
  for (size_t i = 1; i < words.size(); ++i) {
    find(words[i]);
    session.watched.insert(words[i]);
  }
  reply_ = kOk;
}

void Model::touch(const std::string& key) {
  touched_.insert(key);
  for (auto& [client, session] : sessions_) {
    if (session.watched.contains(key)) session.watch_broken = true;
  }
}

ModelObject* Model::find(const std::string& key) {
  const auto found = databases_[0].find(key);
  if (found == databases_[0].end()) return nullptr;
  if (found->second.expires == 0 || found->second.expires > now_) return &found->second;
  drop(key);
  return nullptr;
}

template <typename Value>
bool Model::find(const std::string& key, Value*& value) {
  ModelObject* const object = find(key);
  value = object == nullptr ? nullptr : std::get_if<Value>(&object->value);
  if (object == nullptr || value != nullptr) return true;
  reply_ = kWrongType;
  return false;
}
template bool Model::find(const std::string& key, ModelStream*& value);

void Model::drop(const std::string& key) {
  databases_[0].erase(key);
  touch(key);
}

void Model::evict(uint32_t db, const std::string& key) {
  touched_.clear();
  databases_[db].erase(key);
  if (db == 0) touch(key);
}

void Model::expire(int64_t now) {
  touched_.clear();
  for (size_t db = 0; db < databases_.size(); ++db) {
    std::vector<std::string> due;
    for (const auto& [key, object] : databases_[db]) {
      if (object.expires != 0 && object.expires <= now) due.push_back(key);
    }
    for (const std::string& key : due) {
      databases_[db].erase(key);
      if (db == 0) touch(key);
    }
  }
}

const ModelStream* Model::stream(const std::string& key) const {
  const auto found = databases_[0].find(key);
  return found == databases_[0].end() ? nullptr : std::get_if<ModelStream>(&found->second.value);
}

void Model::get(const Words& words) {
  std::string* value = nullptr;
  if (find(words[1], value)) reply_ = value == nullptr ? kNull : bulk(*value);
}

void Model::set(const Words& words) {
  find(words[1]);
  ModelObject& object = databases_[0][words[1]];
  object.value = words[2];
  object.expires = 0;
  if (words.size() == 5) object.expires = now_ + std::stoll(words[4]);
  touch(words[1]);
  reply_ = kOk;
}

void Model::del(const Words& words) {
  int64_t count = 0;
  for (size_t i = 1; i < words.size(); ++i) {
    if (find(words[i]) == nullptr) continue;
    drop(words[i]);
    ++count;
  }
  reply_ = integer(count);
}

void Model::pexpire(const Words& words) {
  ModelObject* const object = find(words[1]);
  reply_ = integer(object == nullptr ? 0 : 1);
  if (object == nullptr) return;
  const int64_t at = now_ + std::stoll(words[2]);
  if (at <= now_) return drop(words[1]);
  object->expires = at;
  touch(words[1]);
}

void Model::persist(const Words& words) {
  ModelObject* const object = find(words[1]);
  const bool expires = object != nullptr && object->expires != 0;
  reply_ = integer(expires ? 1 : 0);
  if (!expires) return;
  object->expires = 0;
  touch(words[1]);
}

void Model::rename(const Words& words) {
  const ModelObject* const source = find(words[1]);
  reply_ = source == nullptr ? "-ERR no such key\r\n" : kOk;
  if (source == nullptr || words[1] == words[2]) return;
  find(words[2]);
  ModelObject moved = *source;
  drop(words[1]);
  databases_[0][words[2]] = std::move(moved);
  touch(words[2]);
}

void Model::copy(const Words& words) {
  const ModelObject* const source = find(words[1]);
  const bool taken = find(words[2]) != nullptr && words.size() == 3;
  reply_ = integer(source == nullptr || taken ? 0 : 1);
  if (source == nullptr || taken) return;
  databases_[0][words[2]] = ModelObject{*source};
  touch(words[2]);
}

void Model::flushall(const Words& /*words*/) {
  std::vector<std::string> gone;
  for (const auto& [key, object] : databases_[0]) gone.push_back(key);
  databases_.assign(kDatabases, {});
  for (const std::string& key : gone) touch(key);
  touched_.insert("*");
  reply_ = kOk;
}

void Model::swapdb(const Words& /*words*/) {
  for (const ModelDatabase& database : databases_) {
    for (const auto& [key, object] : database) touch(key);
  }
  std::swap(databases_[0], databases_[1]);
  touched_.insert("*");
  reply_ = kOk;
}

void Model::hset(const Words& words) {
  std::map<std::string, std::string>* hash = nullptr;
  if (!find(words[1], hash)) return;
  if (hash == nullptr) {
    databases_[0][words[1]].value.emplace<1>();
    hash = std::get_if<1>(&databases_[0][words[1]].value);
  }
  const size_t before = hash->size();
  for (size_t i = 2; i + 1 < words.size(); i += 2) (*hash)[words[i]] = words[i + 1];
  touch(words[1]);
  reply_ = integer(static_cast<int64_t>(hash->size() - before));
}

void Model::hdel(const Words& words) {
  std::map<std::string, std::string>* hash = nullptr;
  if (!find(words[1], hash)) return;
  int64_t count = 0;
  for (size_t i = 2; i < words.size() && hash != nullptr; ++i) {
    count += static_cast<int64_t>(hash->erase(words[i]));
  }
  reply_ = integer(count);
  if (count == 0) return;
  touch(words[1]);
  if (hash->empty()) drop(words[1]);
}

void Model::hget(const Words& words) {
  std::map<std::string, std::string>* hash = nullptr;
  if (!find(words[1], hash)) return;
  reply_ = hash == nullptr || !hash->contains(words[2]) ? kNull : bulk(hash->at(words[2]));
}

void Model::sadd(const Words& words) {
  std::set<std::string>* members = nullptr;
  if (!find(words[1], members)) return;
  if (members == nullptr) {
    databases_[0][words[1]].value.emplace<2>();
    members = std::get_if<2>(&databases_[0][words[1]].value);
  }
  const size_t before = members->size();
  members->insert(words.begin() + 2, words.end());
  if (members->size() != before) touch(words[1]);
  reply_ = integer(static_cast<int64_t>(members->size() - before));
}

void Model::srem(const Words& words) {
  std::set<std::string>* members = nullptr;
  if (!find(words[1], members)) return;
  int64_t count = 0;
  for (size_t i = 2; i < words.size() && members != nullptr; ++i) {
    count += static_cast<int64_t>(members->erase(words[i]));
  }
  reply_ = integer(count);
  if (count == 0) return;
  touch(words[1]);
  if (members->empty()) drop(words[1]);
}

void Model::scard(const Words& words) {
  std::set<std::string>* members = nullptr;
  if (find(words[1], members)) {
    reply_ = integer(members == nullptr ? 0 : static_cast<int64_t>(members->size()));
  }
}

}  // namespace leat::sim
