// PING, ECHO, AUTH, HELLO, RESET, QUIT and SELECT.
#include <algorithm>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/client_words.h"
#include "command/connection_commands.h"
#include "command/context.h"
#include "command/key_commands.h"
#include "command/redis_version.h"
#include "command/subcommands.h"

namespace leat {
namespace {

constexpr Bytes kWrongPassword = "WRONGPASS invalid username-password pair or user is disabled.";

// Compares without telling by its duration how much of the guess was right.
bool same_secret(Bytes secret, Bytes guess) {
  unsigned difference = secret.size() == guess.size() ? 0 : 1;
  for (size_t i = 0; i < guess.size(); ++i) {
    const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |= static_cast<unsigned char>(expected ^ guess[i]);
  }
  return difference == 0;
}

// There is one user, "default"; without a password it takes any.
bool authenticate(Context& context, Bytes user, Bytes password) {
  const std::string& secret = context.settings().password;
  if (user != "default" || (!secret.empty() && !same_secret(secret, password))) {
    context.error(kWrongPassword);
    return false;
  }
  context.session().authenticated = true;
  return true;
}

struct HelloWords {
  std::optional<Protocol> protocol;
  std::optional<std::pair<Bytes, Bytes>> credentials;
  std::optional<Bytes> name;
};

bool read_hello(Context& context, const Arguments& words, HelloWords& hello) {
  if (words.size() > 1) {
    const auto version = parse_int64(words[1]);
    if (!version) {
      context.error("ERR Protocol version is not an integer or out of range");
      return false;
    }
    if (*version != 2 && *version != 3) {
      context.error("NOPROTO unsupported protocol version");
      return false;
    }
    hello.protocol = *version == 3 ? Protocol::kResp3 : Protocol::kResp2;
  }
  for (size_t i = 2; i < words.size();) {
    const size_t left = words.size() - i - 1;
    if (same_word(words[i], "auth") && left >= 2) {
      hello.credentials = {words[i + 1], words[i + 2]};
      i += 3;
    } else if (same_word(words[i], "setname") && left >= 1) {
      hello.name = words[i + 1];
      if (!check_client_name(context, *hello.name)) return false;
      i += 2;
    } else {
      context.error(
          fmt::format("ERR Syntax error in HELLO option '{}'", words[i].substr(0, kQuotedMax)));
      return false;
    }
  }
  return true;
}

}  // namespace

// PING [message]  ->  PONG, or the message; while subscribed in RESP2 an array of "pong" and the message.
void cmd_ping(Context& context, const Arguments& words) {
  if (words.size() > 2) return context.error("ERR wrong number of arguments for 'ping' command");
  ReplyWriter& reply = context.reply();
  if (context.session().subscribed() && reply.protocol() == Protocol::kResp2) {
    reply.array(2);
    reply.bulk("pong");
    reply.bulk(words.size() == 2 ? words[1] : Bytes());
  } else if (words.size() == 2) {
    reply.bulk(words[1]);
  } else {
    reply.simple("PONG");
  }
}

// ECHO message  ->  the message.
void cmd_echo(Context& context, const Arguments& words) {
  context.reply().bulk(words[1]);
}

// AUTH [username] password  ->  OK
// Source: redis.io/docs/latest/commands/auth
void cmd_auth(Context& context, const Arguments& words) {
  if (words.size() > 3) return context.error(kErrSyntax);
  if (words.size() == 2 && context.settings().password.empty()) {
    return context.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
  }
  const Bytes user = words.size() == 3 ? words[1] : Bytes("default");
  if (authenticate(context, user, words[words.size() - 1])) context.reply().ok();
}

// HELLO [protover [AUTH username password] [SETNAME name]]  ->  map: who this server is. Switches the
// protocol, from its own reply on.
// Source: redis.io/docs/latest/commands/hello
void cmd_hello(Context& context, const Arguments& words) {
  HelloWords hello;
  if (!read_hello(context, words, hello)) return;
  if (hello.credentials &&
      !authenticate(context, hello.credentials->first, hello.credentials->second)) {
    return;
  }
  Session& session = context.session();
  if (!session.authenticated) {
    return context.error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
        "protocol version at the same time");
  }
  if (hello.name) session.name = *hello.name;
  if (hello.protocol) context.switch_protocol(*hello.protocol);
  ReplyWriter& reply = context.reply();
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(kRedisVersion);
  reply.bulk("proto");
  reply.integer(static_cast<int64_t>(session.protocol));
  reply.bulk("id");
  reply.integer(static_cast<int64_t>(session.id.value));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

// RESET  ->  RESET; the connection is as it was when it was new.
// Source: redis.io/docs/latest/commands/reset
void cmd_reset(Context& context, const Arguments& /*words*/) {
  Session& session = context.session();
  session.transaction.reset();
  context.watches().forget(session.id);
  context.tracking().forget(session.id);
  session.tracking = {};
  context.host().subscriptions().remove_all(session);
  context.host().clients().watch_commands(session, false);
  session.db = DbIndex{};
  session.name.clear();
  session.reply_mode = ReplyMode::kOn;
  session.no_evict = session.no_touch = false;
  session.authenticated = context.settings().password.empty();
  context.switch_protocol(Protocol::kResp2);
  context.reply().simple("RESET");
}

// QUIT  ->  OK, then the connection is closed.
void cmd_quit(Context& context, const Arguments& /*words*/) {
  context.reply().ok();
  context.session().close_after_reply = true;
}

// SELECT index  ->  OK
void cmd_select(Context& context, const Arguments& words) {
  if (read_database(context, words[1], context.session().db)) context.reply().ok();
}

// READONLY, READWRITE: they mean something in a cluster only.
void cmd_no_cluster(Context& context, const Arguments& /*words*/) {
  context.error("ERR This instance has cluster support disabled");
}

}  // namespace leat
