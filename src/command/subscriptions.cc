#include "command/subscriptions.h"

namespace leat {

absl::btree_set<std::string>& channels_of(Session& session, ChannelKind kind) {
  switch (kind) {
    case ChannelKind::kChannel:
      return session.channels;
    case ChannelKind::kPattern:
      return session.patterns;
    case ChannelKind::kShard:
      break;
  }
  return session.shard_channels;
}

bool Subscriptions::add(Session& session, ChannelKind kind, Bytes channel) {
  if (!channels_of(session, kind).insert(std::string(channel)).second) return false;
  by_kind_[static_cast<size_t>(kind)][std::string(channel)].insert(session.id);
  return true;
}

bool Subscriptions::remove(Session& session, ChannelKind kind, Bytes channel) {
  if (channels_of(session, kind).erase(std::string(channel)) == 0) return false;
  Channels& channels = by_kind_[static_cast<size_t>(kind)];
  const auto found = channels.find(channel);
  found->second.erase(session.id);
  if (found->second.empty()) channels.erase(found);
  return true;
}

void Subscriptions::remove_all(Session& session) {
  for (const ChannelKind kind :
       {ChannelKind::kChannel, ChannelKind::kPattern, ChannelKind::kShard}) {
    const auto mine = channels_of(session, kind);
    for (const std::string& channel : mine) remove(session, kind, channel);
  }
}

const Subscriptions::Clients* Subscriptions::listeners(ChannelKind kind, Bytes channel) const {
  const Channels& all = channels(kind);
  const auto found = all.find(channel);
  return found == all.end() ? nullptr : &found->second;
}

}  // namespace leat
