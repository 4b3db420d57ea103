// Words that several connection commands take, and how CLIENT shows a connection.
#pragma once

#include <optional>
#include <string>

#include "command/clients_host.h"
#include "command/context.h"

namespace leat {

// The kinds of connections that CLIENT LIST and CLIENT KILL tell apart.
enum class ClientKind : uint8_t { kNormal, kPubSub, kMaster, kReplica };

[[nodiscard]] ClientKind kind_of(const ClientFacts& client);
// Nothing for a word that names no kind.
[[nodiscard]] std::optional<ClientKind> read_client_kind(Bytes word);

// Printable and without spaces.
[[nodiscard]] bool is_client_word(Bytes word);
// False after the error has been replied.
[[nodiscard]] bool check_client_name(Context& context, Bytes name);

// To whom it redirects what it would be told, as it is shown: 0: to nobody; -1: it does not track.
[[nodiscard]] int64_t redirect_of(const TrackingState& tracking);

// One line of CLIENT LIST, without its end.
[[nodiscard]] std::string client_line(const ClientFacts& client, const Watches& watches);

}  // namespace leat
