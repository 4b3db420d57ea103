#include "engine/waits.h"

#include <algorithm>

namespace leat {

void Waits::park(ClientId client, const std::vector<KeyName>& keys, bool on_absence) {
  LEAT_CHECK(!waiting(client));
  Client& parked = clients_[client];
  parked.on_absence = on_absence;
  for (const KeyName& name : keys) {
    Queue& queue = queues_[name];
    // A key named twice: the client is the last one in its queue already.
    if (!queue.clients.empty() && queue.clients.rbegin()->second == client) continue;
    const uint64_t arrival = ++arrivals_;
    queue.clients.emplace_hint(queue.clients.end(), arrival, client);
    if (on_absence && queue.on_absence++ == 0) ++keys_on_absence_;
    parked.places.emplace_back(name, arrival);
  }
}

void Waits::unpark(ClientId client) {
  const auto found = clients_.find(client);
  if (found == clients_.end()) return;
  for (const auto& [name, arrival] : found->second.places) {
    const auto queue = queues_.find(name);
    queue->second.clients.erase(arrival);
    if (found->second.on_absence && --queue->second.on_absence == 0) --keys_on_absence_;
    if (queue->second.clients.empty()) queues_.erase(queue);
  }
  clients_.erase(found);
}

void Waits::note(DbIndex db, Bytes key, Cause cause) {
  const auto found = queues_.find(KeyNameView{db, key});
  if (found == queues_.end()) return;
  Queue& queue = found->second;
  const bool data = cause == Cause::kData;
  if (queue.signal != kNotSignalled) {
    if (cause != Cause::kGroupGone) signalled_[queue.signal].absence_only = !data;
  } else if (data || queue.on_absence != 0) {
    queue.signal = signalled_.size();
    signalled_.push_back({found->first, !data});
  }
}

std::vector<ClientId> Waits::take_ready() {
  std::vector<ClientId> ready;
  absl::flat_hash_set<ClientId> taken;
  for (const Signal& signal : std::exchange(signalled_, {})) {
    const auto queue = queues_.find(signal.name);
    if (queue == queues_.end()) continue;
    queue->second.signal = kNotSignalled;
    for (const auto& [arrival, client] : queue->second.clients) {
      if (signal.absence_only && !clients_.find(client)->second.on_absence) continue;
      if (taken.insert(client).second) ready.push_back(client);
    }
  }
  return ready;
}

void Watches::watch(ClientId client, const KeyName& name) {
  if (watchers_[name].insert(client).second) clients_[client].push_back(name);
}

void Watches::forget(ClientId client) {
  broken_.erase(client);
  const auto found = clients_.find(client);
  if (found == clients_.end()) return;
  for (const KeyName& name : found->second) {
    const auto watchers = watchers_.find(name);
    watchers->second.erase(client);
    if (watchers->second.empty()) watchers_.erase(watchers);
  }
  clients_.erase(found);
}

void Watches::note(DbIndex db, Bytes key) {
  const auto watchers = watchers_.find(KeyNameView{db, key});
  if (watchers == watchers_.end()) return;
  broken_.insert(watchers->second.begin(), watchers->second.end());
}

std::vector<KeyName> Watches::watched(DbIndex db) const {
  std::vector<KeyName> names;
  for (const auto& [name, watchers] : watchers_) {
    if (name.db == db) names.push_back(name);
  }
  std::sort(names.begin(), names.end());  // The table has no order of its own.
  return names;
}

std::span<const KeyName> Watches::watched_by(ClientId client) const {
  const auto found = clients_.find(client);
  return found == clients_.end() ? std::span<const KeyName>() : found->second;
}

}  // namespace leat
