// SUBSCRIBE, PUBLISH and their kin, and PUBSUB.
//
// Each channel of a call is confirmed on its own, so one command has several replies; in RESP3 they are pushes.
// Source: redis.io/docs/latest/develop/pubsub
#include <algorithm>
#include <vector>

#include "base/glob.h"
#include "command/command_table.h"
#include "command/context.h"
#include "command/publish.h"
#include "command/subcommands.h"

namespace leat {
namespace {

int64_t subscribed_count(Session& session, ChannelKind kind) {
  if (kind == ChannelKind::kShard) return static_cast<int64_t>(session.shard_channels.size());
  return static_cast<int64_t>(session.channels.size() + session.patterns.size());
}

void confirm(Context& context, Bytes act, ChannelKind kind, Bytes channel) {
  ReplyWriter& reply = context.reply();
  reply.push(3);
  reply.bulk(act);
  channel.data() == nullptr ? reply.null() : reply.bulk(channel);
  reply.integer(subscribed_count(context.session(), kind));
}

void subscribe(Context& context, const Arguments& words, ChannelKind kind, Bytes act) {
  for (size_t i = 1; i < words.size(); ++i) {
    context.host().subscriptions().add(context.session(), kind, words[i]);
    confirm(context, act, kind, words[i]);
  }
  context.replied_pushes(words.size() - 1);
}

void unsubscribe(Context& context, const Arguments& words, ChannelKind kind, Bytes act) {
  std::vector<std::string> channels;
  for (size_t i = 1; i < words.size(); ++i) channels.emplace_back(words[i]);
  if (words.size() == 1) {
    const auto& all = channels_of(context.session(), kind);
    channels.assign(all.begin(), all.end());
  }
  for (const std::string& channel : channels) {
    context.host().subscriptions().remove(context.session(), kind, channel);
    confirm(context, act, kind, channel);
  }
  if (channels.empty()) confirm(context, act, kind, Bytes());
  context.replied_pushes(std::max(channels.size(), size_t{1}));
}

int64_t publish_to(Host& host, const Subscriptions::Clients& clients,
                   const PublishedMessage& message) {
  for (const ClientId client : clients) host.deliver(client, message);
  return static_cast<int64_t>(clients.size());
}

void list_channels(Context& context, const Arguments& words, ChannelKind kind) {
  if (words.size() > 3) return reply_subcommand_error(context, words);
  ReplyWriter& reply = context.reply();
  const size_t mark = reply.begin();
  size_t count = 0;
  for (const auto& [channel, clients] : context.host().subscriptions().channels(kind)) {
    if (words.size() > 2 && !glob_matches(words[2], channel)) continue;
    reply.bulk(channel);
    ++count;
  }
  reply.end_array(mark, count);
}

void count_listeners(Context& context, const Arguments& words, ChannelKind kind) {
  ReplyWriter& reply = context.reply();
  reply.array(2 * (words.size() - 2));
  for (size_t i = 2; i < words.size(); ++i) {
    const auto* clients = context.host().subscriptions().listeners(kind, words[i]);
    reply.bulk(words[i]);
    reply.integer(clients == nullptr ? 0 : static_cast<int64_t>(clients->size()));
  }
}

void cmd_subscribe(Context& context, const Arguments& words) {
  subscribe(context, words, ChannelKind::kChannel, "subscribe");
}
void cmd_psubscribe(Context& context, const Arguments& words) {
  subscribe(context, words, ChannelKind::kPattern, "psubscribe");
}
void cmd_ssubscribe(Context& context, const Arguments& words) {
  subscribe(context, words, ChannelKind::kShard, "ssubscribe");
}
void cmd_unsubscribe(Context& context, const Arguments& words) {
  unsubscribe(context, words, ChannelKind::kChannel, "unsubscribe");
}
void cmd_punsubscribe(Context& context, const Arguments& words) {
  unsubscribe(context, words, ChannelKind::kPattern, "punsubscribe");
}
void cmd_sunsubscribe(Context& context, const Arguments& words) {
  unsubscribe(context, words, ChannelKind::kShard, "sunsubscribe");
}

// PUBLISH channel message  ->  integer: how many clients it was sent to. It leaves when all that was written before it
// is durable: who is told of an entry finds it.
void cmd_publish(Context& context, const Arguments& words) {
  context.depends_on_all();
  context.reply().integer(publish(context.host(), ChannelKind::kChannel, words[1], words[2]));
}
void cmd_spublish(Context& context, const Arguments& words) {
  context.depends_on_all();
  context.reply().integer(publish(context.host(), ChannelKind::kShard, words[1], words[2]));
}

// PUBSUB CHANNELS [pattern], NUMSUB [channel ...], NUMPAT, SHARDCHANNELS [pattern], SHARDNUMSUB [channel ...]
void cmd_pubsub_channels(Context& context, const Arguments& words) {
  list_channels(context, words, ChannelKind::kChannel);
}
void cmd_pubsub_numpat(Context& context, const Arguments& /*words*/) {
  const auto& patterns = context.host().subscriptions().channels(ChannelKind::kPattern);
  context.reply().integer(static_cast<int64_t>(patterns.size()));
}
void cmd_pubsub_numsub(Context& context, const Arguments& words) {
  count_listeners(context, words, ChannelKind::kChannel);
}
void cmd_pubsub_shardchannels(Context& context, const Arguments& words) {
  list_channels(context, words, ChannelKind::kShard);
}
void cmd_pubsub_shardnumsub(Context& context, const Arguments& words) {
  count_listeners(context, words, ChannelKind::kShard);
}
void cmd_pubsub_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "CHANNELS [<pattern>]",
      "    Replies the channels that have listeners and match a pattern.",
      "NUMPAT",
      "    Replies the number of patterns that have listeners.",
      "NUMSUB [<channel> ...]",
      "    Replies the number of listeners of channels.",
      "SHARDCHANNELS [<pattern>]",
      "    Replies the shard channels that have listeners and match a pattern.",
      "SHARDNUMSUB [<channel> ...]",
      "    Replies the number of listeners of shard channels.",
  };
  reply_help(context, words, kLines);
}

constexpr uint32_t kListen = kPubSub | kNoScript | kLoading | kStale;
constexpr uint32_t kTell = kPubSub | kLoading | kStale | kFast | kReplicated;
constexpr uint32_t kAsk = kPubSub | kLoading | kStale;

// clang-format off
constexpr CommandSpec kPubSubCommands[] = {
    {"channels", -2, kAsk, 0, {}, cmd_pubsub_channels,
     "[pattern]", "[bulk ...]", "2.8.0", "pubsub", "O(N) for N channels", "Lists channels that have listeners."},
    {"help", 2, kLoading | kStale, 0, {}, cmd_pubsub_help,
     "", "[simple ...]", "6.2.0", "pubsub", "O(1)", "Lists the subcommands of PUBSUB."},
    {"numpat", 2, kAsk, 0, {}, cmd_pubsub_numpat,
     "", "count", "2.8.0", "pubsub", "O(1)", "Counts the patterns that have listeners."},
    {"numsub", -2, kAsk, 0, {}, cmd_pubsub_numsub,
     "[channel [channel ...]]", "[bulk|count ...]", "2.8.0", "pubsub", "O(N) for N channels", "Counts the listeners of channels."},
    {"shardchannels", -2, kAsk, 0, {}, cmd_pubsub_shardchannels,
     "[pattern]", "[bulk ...]", "7.0.0", "pubsub", "O(N) for N channels", "Lists shard channels that have listeners."},
    {"shardnumsub", -2, kAsk, 0, {}, cmd_pubsub_shardnumsub,
     "[shardchannel [shardchannel ...]]", "[bulk|count ...]", "7.0.0", "pubsub", "O(N) for N channels", "Counts the listeners of shard channels."},
};
constexpr CommandSpec kPubSubTable[] = {
    {"psubscribe", -2, kListen, 0, {}, cmd_psubscribe,
     "pattern [pattern ...]", ">['psubscribe', pattern: bulk, count]",
     "2.0.0", "pubsub", "O(N) for N patterns", "Listens to channels that match patterns."},
    {"publish", 3, kTell, 0, {}, cmd_publish,
     "channel message", "count", "2.0.0", "pubsub", "O(N+M) for N clients that listen and M patterns", "Sends a message to a channel."},
    {"pubsub", -2, 0, 0, {}, nullptr,
     "", {}, "2.8.0", "pubsub", "", "Commands about who listens to what.", {}, kPubSubCommands},
    {"punsubscribe", -1, kListen, 0, {}, cmd_punsubscribe,
     "[pattern [pattern ...]]", ">['punsubscribe', pattern: bulk|null, count]",
     "2.0.0", "pubsub", "O(N) for N patterns", "Stops listening to patterns."},
    {"spublish", 3, kTell, 0, "1 not_key", cmd_spublish,
     "shardchannel message", "count", "7.0.0", "pubsub", "O(N) for N clients that listen", "Sends a message to a shard channel."},
    {"ssubscribe", -2, kListen, 0, "1..-1 not_key", cmd_ssubscribe,
     "shardchannel [shardchannel ...]", ">['ssubscribe', channel: bulk, count]",
     "7.0.0", "pubsub", "O(N) for N channels", "Listens to shard channels."},
    {"subscribe", -2, kListen, 0, {}, cmd_subscribe,
     "channel [channel ...]", ">['subscribe', channel: bulk, count]", "2.0.0", "pubsub", "O(N) for N channels", "Listens to channels."},
    {"sunsubscribe", -1, kListen, 0, "1..-1 not_key", cmd_sunsubscribe,
     "[shardchannel [shardchannel ...]]", ">['sunsubscribe', channel: bulk|null, count]",
     "7.0.0", "pubsub", "O(N) for N channels", "Stops listening to shard channels."},
    {"unsubscribe", -1, kListen, 0, {}, cmd_unsubscribe,
     "[channel [channel ...]]", ">['unsubscribe', channel: bulk|null, count]",
     "2.0.0", "pubsub", "O(N) for N channels", "Stops listening to channels."},
};
// clang-format on

}  // namespace

int64_t publish(Host& host, ChannelKind kind, Bytes channel, Bytes message) {
  const Subscriptions& subscriptions = host.subscriptions();
  int64_t receivers = 0;
  if (const auto* clients = subscriptions.listeners(kind, channel)) {
    receivers += publish_to(host, *clients, {.kind = kind, .channel = channel, .message = message});
  }
  if (kind == ChannelKind::kShard) return receivers;
  for (const auto& [pattern, clients] : subscriptions.channels(ChannelKind::kPattern)) {
    if (!glob_matches(pattern, channel)) continue;
    receivers += publish_to(host, clients,
                            {.kind = ChannelKind::kPattern,
                             .pattern = pattern,
                             .channel = channel,
                             .message = message});
  }
  return receivers;
}

std::span<const CommandSpec> pubsub_commands() {
  return kPubSubTable;
}

}  // namespace leat
