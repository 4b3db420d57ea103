// CLIENT LIST and CLIENT KILL: connections by what they are.
#include <vector>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/client_words.h"
#include "command/connection_commands.h"
#include "command/subcommands.h"

namespace leat {
namespace {

bool read_kind(Context& context, Bytes word, std::optional<ClientKind>& kind) {
  kind = read_client_kind(word);
  if (kind) return true;
  context.error(fmt::format("ERR Unknown client type '{}'", word.substr(0, kQuotedMax)));
  return false;
}

// Which connections KILL is to close: those that fit everything that was said.
struct KillWords {
  std::optional<ClientId> id;
  std::optional<Bytes> peer;
  std::optional<Bytes> local;
  std::optional<ClientKind> kind;
  bool skip_me = true;

  [[nodiscard]] bool fits(const ClientFacts& client) const {
    return (!id || client.session.id == *id) && (!peer || client.peer == *peer) &&
           (!local || client.local == *local) && (!kind || kind_of(client) == *kind);
  }
};

bool read_kill_option(Context& context, Bytes name, Bytes value, KillWords& kill) {
  if (same_word(name, "id")) {
    const auto id = parse_int64(value);
    if (!id || *id < 1) {
      context.error("ERR client-id should be greater than 0");
      return false;
    }
    kill.id = ClientId{static_cast<uint64_t>(*id)};
  } else if (same_word(name, "type")) {
    return read_kind(context, value, kill.kind);
  } else if (same_word(name, "addr")) {
    kill.peer = value;
  } else if (same_word(name, "laddr")) {
    kill.local = value;
  } else if (same_word(name, "user")) {
    if (value != "default") {
      context.error(fmt::format("ERR No such user '{}'", value.substr(0, kQuotedMax)));
      return false;
    }
  } else if (same_word(name, "skipme") && (same_word(value, "yes") || same_word(value, "no"))) {
    kill.skip_me = same_word(value, "yes");
  } else {
    context.error(kErrSyntax);
    return false;
  }
  return true;
}

std::vector<ClientId> clients_that_fit(Context& context, const KillWords& kill) {
  std::vector<ClientId> found;
  context.host().clients().visit([&](const ClientFacts& client) {
    const bool is_me = client.session.id == context.session().id;
    if (kill.fits(client) && !(is_me && kill.skip_me)) found.push_back(client.session.id);
  });
  return found;
}

}  // namespace

// CLIENT KILL address:port  ->  OK
// CLIENT KILL [ID id] [ADDR a] [LADDR a] [TYPE t] [USER u] [SKIPME yes|no]  ->  integer: how many.
// Source: redis.io/docs/latest/commands/client-kill
void cmd_client_kill(Context& context, const Arguments& words) {
  KillWords kill;
  const bool old_form = words.size() == 3;
  if (old_form) {
    kill.peer = words[2];
    kill.skip_me = false;
  } else {
    if (words.size() % 2 != 0) return context.error(kErrSyntax);
    for (size_t i = 2; i < words.size(); i += 2) {
      if (!read_kill_option(context, words[i], words[i + 1], kill)) return;
    }
  }
  const std::vector<ClientId> found = clients_that_fit(context, kill);
  for (const ClientId client : found) context.host().clients().kill(client);
  if (!old_form) return context.reply().integer(static_cast<int64_t>(found.size()));
  if (found.empty()) return context.error("ERR No such client");
  context.reply().ok();
}

// CLIENT LIST [TYPE t | ID id [id ...]]  ->  verbatim string, one line per connection.
// Source: redis.io/docs/latest/commands/client-list
void cmd_client_list(Context& context, const Arguments& words) {
  std::string text;
  const auto add = [&](const ClientFacts& client) {
    text += client_line(client, context.watches());
    text += '\n';
  };
  if (words.size() == 2) {
    context.host().clients().visit(add);
  } else if (words.size() == 4 && same_word(words[2], "type")) {
    std::optional<ClientKind> kind;
    if (!read_kind(context, words[3], kind)) return;
    context.host().clients().visit([&](const ClientFacts& client) {
      if (kind_of(client) == *kind) add(client);
    });
  } else if (words.size() > 3 && same_word(words[2], "id")) {
    for (size_t i = 3; i < words.size(); ++i) {
      const auto id = parse_int64(words[i]);
      if (!id) return context.error("ERR Invalid client ID");
      if (*id > 0) context.host().clients().visit(ClientId{static_cast<uint64_t>(*id)}, add);
    }
  } else {
    return context.error(kErrSyntax);
  }
  context.reply().verbatim("txt", text);
}

}  // namespace leat
