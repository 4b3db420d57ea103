#include "engine/tracking.h"

#include <algorithm>

#include "base/check.h"

namespace leat {

void Tracking::start(ClientId client, TrackingMode mode) {
  const auto [at, added] = clients_.try_emplace(client);
  LEAT_CHECK(added || at->second.mode.by_prefix == mode.by_prefix);
  at->second.mode = mode;
  if (added) {
    at->second.reader = ++last_reader_;
    readers_.emplace(last_reader_, client);
  }
  update();
}

void Tracking::follow(ClientId client, Bytes prefix) {
  const auto found = clients_.find(client);
  LEAT_CHECK(found != clients_.end() && found->second.mode.by_prefix);
  found->second.prefixes.insert(std::string(prefix));
  prefixes_[std::string(prefix)].followers.insert(client);
}

void Tracking::forget(ClientId client) {
  const auto found = clients_.find(client);
  if (found == clients_.end()) return;
  for (const std::string& name : found->second.prefixes) {
    const auto prefix = prefixes_.find(name);
    prefix->second.followers.erase(client);
    if (prefix->second.followers.empty()) prefixes_.erase(prefix);
  }
  swept_left_ += found->second.items;
  readers_.erase(found->second.reader);
  clients_.erase(found);
  if (clients_.empty()) {
    notices_.clear();
    changed_.clear();
  }
  update();
}

void Tracking::remember(ClientId client, Bytes key) {
  const auto found = clients_.find(client);
  if (found == clients_.end() || found->second.mode.by_prefix) return;
  const PlaceView place = place_of(key);
  auto at = keys_.lower_bound(place);
  if (at == keys_.end() || Order()(place, at->first)) {
    at = keys_.try_emplace(at, Place{place.hash, std::string(key)});
    bytes_ += bytes_of(*at);
  }
  Readers& readers = at->second;
  const Reader reader = found->second.reader;
  const auto after = std::lower_bound(readers.begin(), readers.end(), reader);
  if (after != readers.end() && *after == reader) return;
  readers.insert(after, reader);
  bytes_ += sizeof(Reader);
  ++items_;
  ++found->second.items;
}

void Tracking::note(Bytes key) {
  if (!prefixes_.empty()) note_followers(key);
  if (keys_.empty()) return;
  const auto found = keys_.find(place_of(key));
  if (found != keys_.end()) note_readers(found, author_);
}

// Of the prefixes of the key, the longest is the last one in order that is not greater than the key; the one before it
// is sought in the same way for what both have in common with the key, less a byte where it was found.
void Tracking::note_followers(Bytes key) {
  Bytes rest = key;
  while (true) {
    auto at = prefixes_.upper_bound(rest);
    if (at == prefixes_.begin()) return;
    --at;
    const Bytes name = at->first;
    const auto differs = std::mismatch(name.begin(), name.end(), rest.begin(), rest.end()).first;
    const auto common = static_cast<size_t>(differs - name.begin());
    if (common < name.size()) {
      rest = rest.substr(0, common);
      continue;
    }
    const auto [change, added] = at->second.changed.try_emplace(std::string(key), author_);
    if (!added && change->second != author_) change->second = ClientId{};
    changed_.insert(at->first);
    if (name.empty()) return;
    rest = rest.substr(0, common - 1);
  }
}

void Tracking::note_readers(Keys::iterator key, ClientId author) {
  Notice notice;
  for (const Reader reader : key->second) {
    const auto client = readers_.find(reader);
    if (client == readers_.end()) {
      --swept_left_;
      continue;
    }
    Client& told = clients_.find(client->second)->second;
    --told.items;
    if (!told.mode.no_loop || client->second != author) notice.clients.push_back(client->second);
  }
  if (!notice.clients.empty()) {
    notice.key = key->first.name;
    notices_.push_back(std::move(notice));
  }
  erase(key);
}

void Tracking::note_all() {
  Notice notice{.all = true};
  for (auto& [client, state] : clients_) {
    state.items = 0;
    notice.clients.push_back(client);
  }
  notices_.push_back(std::move(notice));
  if (!keys_.empty()) flushed_.push_back(std::exchange(keys_, {}));
  items_ = bytes_ = swept_left_ = 0;
}

std::vector<Tracking::Change> Tracking::take_changes() {
  std::vector<Change> changes;
  for (const std::string& name : std::exchange(changed_, {})) {
    const auto prefix = prefixes_.find(name);
    if (prefix == prefixes_.end()) continue;
    Change& change = changes.emplace_back();
    change.keys = std::exchange(prefix->second.changed, {});
    for (const ClientId client : prefix->second.followers)
      change.followers.push_back({client, clients_.find(client)->second.mode.no_loop});
  }
  return changes;
}

std::vector<Bytes> Tracking::Change::told(const Follower& follower) const {
  std::vector<Bytes> told;
  for (const auto& [key, author] : keys)
    if (!follower.no_loop || author != follower.client) told.emplace_back(key);
  return told;
}

void Tracking::shed(uint64_t random) {
  auto at = keys_.lower_bound(PlaceView{random, {}});
  if (at == keys_.end()) at = keys_.begin();
  note_readers(at, ClientId{});
}

void Tracking::reap(size_t count) {
  for (; count != 0 && !flushed_.empty(); --count) {
    Keys& keys = flushed_.back();
    keys.erase(keys.begin());
    if (keys.empty()) flushed_.pop_back();
  }
  if (count == 0 || swept_left_ == 0) return;
  auto at = keys_.lower_bound(PlaceView{swept_to_, {}});
  // Names with one hash are swept at once: the sweep goes on behind them.
  for (; count != 0 && at != keys_.end(); --count) {
    const uint64_t hash = at->first.hash;
    while (at != keys_.end() && at->first.hash == hash) at = sweep(at);
  }
  swept_to_ = at == keys_.end() ? 0 : at->first.hash;
}

Tracking::Keys::iterator Tracking::sweep(Keys::iterator key) {
  Readers& readers = key->second;
  const auto gone = std::remove_if(readers.begin(), readers.end(),
                                   [this](Reader reader) { return !readers_.contains(reader); });
  const auto count = static_cast<size_t>(readers.end() - gone);
  readers.erase(gone, readers.end());
  swept_left_ -= count;
  items_ -= count;
  bytes_ -= count * sizeof(Reader);
  return readers.empty() ? erase(key) : std::next(key);
}

Tracking::Keys::iterator Tracking::erase(Keys::iterator key) {
  items_ -= key->second.size();
  bytes_ -= bytes_of(*key);
  return keys_.erase(key);
}

const Tracking::Prefixes* Tracking::prefixes_of(ClientId client) const {
  const auto found = clients_.find(client);
  return found == clients_.end() ? nullptr : &found->second.prefixes;
}

}  // namespace leat
