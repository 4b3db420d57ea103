#include "command/client_words.h"

#include <algorithm>

#include <fmt/format.h>

#include "command/command_table.h"

namespace leat {
namespace {

// Source: redis.io/docs/latest/commands/client-list, "flags"
std::string flags_of(const ClientFacts& client, const Watches& watches) {
  const Session& session = client.session;
  std::string flags;
  if (session.monitor) flags += 'O';
  if (session.subscribed()) flags += 'P';
  if (session.transaction) flags += 'x';
  if (client.blocked) flags += 'b';
  if (session.tracking.on) flags += 't';
  if (session.tracking.broken) flags += 'R';
  if (session.tracking.by_prefix) flags += 'B';
  if (watches.broken(session.id)) flags += 'd';
  if (session.close_after_reply) flags += 'c';
  if (client.unix_socket) flags += 'U';
  if (session.no_evict) flags += 'e';
  if (session.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

}  // namespace

int64_t redirect_of(const TrackingState& tracking) {
  return tracking.on ? static_cast<int64_t>(tracking.redirect.value) : -1;
}

ClientKind kind_of(const ClientFacts& client) {
  return client.session.subscribed() ? ClientKind::kPubSub : ClientKind::kNormal;
}

std::optional<ClientKind> read_client_kind(Bytes word) {
  if (same_word(word, "normal")) return ClientKind::kNormal;
  if (same_word(word, "pubsub")) return ClientKind::kPubSub;
  if (same_word(word, "master")) return ClientKind::kMaster;
  if (same_word(word, "replica") || same_word(word, "slave")) return ClientKind::kReplica;
  return std::nullopt;
}

bool is_client_word(Bytes word) {
  return std::all_of(word.begin(), word.end(),
                     [](char byte) { return byte >= '!' && byte <= '~'; });
}

bool check_client_name(Context& context, Bytes name) {
  if (is_client_word(name)) return true;
  context.error("ERR Client names cannot contain spaces, newlines or special characters.");
  return false;
}

std::string client_line(const ClientFacts& client, const Watches& watches) {
  const Session& session = client.session;
  const int64_t queued =
      session.transaction ? static_cast<int64_t>(session.transaction->queue.size()) : -1;
  const uint64_t queued_bytes = session.transaction ? session.transaction->memory : 0;
  const uint64_t total = sizeof(Session) + client.input_bytes + client.input_free_bytes +
                         client.output_capacity + client.held_bytes + queued_bytes;
  return fmt::format(
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} ssub={} "
      "multi={} watch={} qbuf={} qbuf-free={} argv-mem=0 multi-mem={} rbs={} rbp={} obl={} oll=0 "
      "omem={} tot-mem={} events=r cmd={} user=default redir={} resp={} lib-name={} lib-ver={} "
      "tot-net-in={} tot-net-out={}",
      session.id.value, client.peer, client.local, client.descriptor, session.name, client.age_s,
      client.idle_s, flags_of(client, watches), session.db.value, session.channels.size(),
      session.patterns.size(), session.shard_channels.size(), queued,
      watches.watching(session.id) ? 1 : 0, client.input_bytes, client.input_free_bytes,
      queued_bytes, client.output_capacity, client.output_capacity, client.output_bytes,
      client.held_bytes, total,
      session.last_command == nullptr ? "NULL" : full_name(*session.last_command),
      redirect_of(session.tracking), static_cast<int>(session.protocol), session.library_name,
      session.library_version, client.received_bytes, client.sent_bytes);
}

}  // namespace leat
