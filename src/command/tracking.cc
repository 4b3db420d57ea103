// CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR: client-side caching.
//
// Source: redis.io/docs/latest/develop/reference/client-side-caching
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/client_words.h"
#include "command/connection_commands.h"
#include "command/subcommands.h"

namespace leat {
namespace {

struct TrackingWords {
  TrackingState wanted;
  std::vector<Bytes> prefixes;
};

// False after the error has been replied.
bool read_redirect(Context& context, Bytes word, TrackingState& wanted) {
  if (wanted.redirect.value != 0) {
    context.error("ERR A client can only redirect to a single other client");
    return false;
  }
  const auto id = parse_int64(word);
  if (!id) {
    context.error(kErrNotInteger);
    return false;
  }
  bool exists = false;
  const ClientId client{static_cast<uint64_t>(std::max(*id, int64_t{0}))};
  context.host().clients().visit(client, [&exists](const ClientFacts&) { exists = true; });
  if (!exists) {
    context.error("ERR The client ID you want redirect to does not exist");
    return false;
  }
  wanted.redirect = client;
  return true;
}

// False after the error has been replied.
bool read_options(Context& context, const Arguments& words, TrackingWords& options) {
  for (size_t i = 3; i < words.size(); ++i) {
    const bool more = i + 1 < words.size();
    TrackingState& wanted = options.wanted;
    if (same_word(words[i], "redirect") && more) {
      if (!read_redirect(context, words[++i], wanted)) return false;
    } else if (same_word(words[i], "prefix") && more) {
      options.prefixes.push_back(words[++i]);
    } else if (same_word(words[i], "bcast")) {
      wanted.by_prefix = true;
    } else if (same_word(words[i], "optin")) {
      wanted.opt_in = true;
    } else if (same_word(words[i], "optout")) {
      wanted.opt_out = true;
    } else if (same_word(words[i], "noloop")) {
      wanted.no_loop = true;
    } else {
      context.error(kErrSyntax);
      return false;
    }
  }
  return true;
}

// Why the client can't track like that; empty when it can.
Bytes conflict_of(const TrackingState& now, const TrackingWords& options) {
  const TrackingState& wanted = options.wanted;
  if (!wanted.by_prefix && !options.prefixes.empty()) {
    return "ERR PREFIX option requires BCAST mode to be enabled";
  }
  if (now.on && now.by_prefix != wanted.by_prefix) {
    return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and "
           "then re-enabling it with a different mode.";
  }
  if (wanted.by_prefix && (wanted.opt_in || wanted.opt_out)) {
    return "ERR OPTIN and OPTOUT are not compatible with BCAST";
  }
  if (wanted.opt_in && wanted.opt_out) {
    return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  }
  if ((wanted.opt_in && now.opt_out) || (wanted.opt_out && now.opt_in)) {
    return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
           "then re-enabling it with a different mode.";
  }
  return {};
}

bool overlap(Bytes a, Bytes b) {
  const size_t common = std::min(a.size(), b.size());
  return a.substr(0, common) == b.substr(0, common);
}

// False after the error has been replied.
bool check_prefixes(Context& context, const std::vector<Bytes>& prefixes) {
  static const Tracking::Prefixes kNone;
  const auto* const known = context.tracking().prefixes_of(context.session().id);
  const Tracking::Prefixes& present = known == nullptr ? kNone : *known;
  size_t bytes = 0;
  for (const std::string& prefix : present) bytes += prefix.size();
  for (const Bytes prefix : prefixes) bytes += prefix.size();
  if (present.size() + prefixes.size() > Tracking::kPrefixesMax ||
      bytes > Tracking::kPrefixBytesMax) {
    context.error(fmt::format("ERR A client can have {} prefixes, of {} bytes in all",
                              Tracking::kPrefixesMax, Tracking::kPrefixBytesMax));
    return false;
  }
  const auto refuse = [&context](Bytes prefix, Bytes which, Bytes other) {
    context.error(
        fmt::format("ERR Prefix '{}' overlaps with {} prefix '{}'. Prefixes for a single client "
                    "must not overlap.",
                    prefix.substr(0, kQuotedMax), which, other.substr(0, kQuotedMax)));
    return false;
  };
  for (size_t i = 0; i < prefixes.size(); ++i) {
    for (const std::string& other : present)
      if (overlap(prefixes[i], other)) return refuse(prefixes[i], "an existing", other);
    for (size_t j = i + 1; j < prefixes.size(); ++j) {
      if (overlap(prefixes[i], prefixes[j]))
        return refuse(prefixes[i], "another provided", prefixes[j]);
    }
  }
  return true;
}

}  // namespace

// CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]  ->  OK
// Once it is on, prefixes are added to those that are there; the other options replace those that were given.
// Source: redis.io/docs/latest/commands/client-tracking
void cmd_client_tracking(Context& context, const Arguments& words) {
  TrackingWords options;
  if (!read_options(context, words, options)) return;
  TrackingState& now = context.session().tracking;
  const ClientId client = context.session().id;
  if (same_word(words[2], "off")) {
    context.tracking().forget(client);
    now = {};
    return context.reply().ok();
  }
  if (!same_word(words[2], "on")) return context.error(kErrSyntax);
  if (const Bytes refused = conflict_of(now, options); !refused.empty())
    return context.error(refused);
  TrackingState& wanted = options.wanted;
  if (wanted.by_prefix && !check_prefixes(context, options.prefixes)) return;
  if (wanted.by_prefix && options.prefixes.empty()) options.prefixes.emplace_back();
  context.tracking().start(client, {.by_prefix = wanted.by_prefix, .no_loop = wanted.no_loop});
  for (const Bytes prefix : options.prefixes) context.tracking().follow(client, prefix);
  wanted.on = true;
  wanted.caching = now.caching;
  now = wanted;
  context.reply().ok();
}

// CLIENT CACHING YES|NO  ->  OK; what the next command reads is tracked with OPTIN, is not with OPTOUT.
// Source: redis.io/docs/latest/commands/client-caching
void cmd_client_caching(Context& context, const Arguments& words) {
  TrackingState& tracking = context.session().tracking;
  if (!tracking.on) {
    return context.error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
        "OPTOUT mode enabled");
  }
  const bool yes = same_word(words[2], "yes");
  if (!yes && !same_word(words[2], "no")) return context.error(kErrSyntax);
  if (yes && !tracking.opt_in) {
    return context.error(
        "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
  }
  if (!yes && !tracking.opt_out) {
    return context.error(
        "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
  }
  tracking.caching = true;
  context.reply().ok();
}

// CLIENT TRACKINGINFO  ->  map: what was asked for.
// Source: redis.io/docs/latest/commands/client-trackinginfo
void cmd_client_trackinginfo(Context& context, const Arguments& /*words*/) {
  const TrackingState& tracking = context.session().tracking;
  std::vector<Bytes> flags = {tracking.on ? "on" : "off"};
  if (tracking.by_prefix) flags.emplace_back("bcast");
  if (tracking.opt_in) flags.emplace_back("optin");
  if (tracking.opt_in && tracking.caching) flags.emplace_back("caching-yes");
  if (tracking.opt_out) flags.emplace_back("optout");
  if (tracking.opt_out && tracking.caching) flags.emplace_back("caching-no");
  if (tracking.no_loop) flags.emplace_back("noloop");
  if (tracking.broken) flags.emplace_back("broken_redirect");
  ReplyWriter& reply = context.reply();
  reply.map(3);
  reply.bulk("flags");
  reply.set(flags.size());
  for (const Bytes flag : flags) reply.bulk(flag);
  reply.bulk("redirect");
  reply.integer(redirect_of(tracking));
  reply.bulk("prefixes");
  const auto* const prefixes = context.tracking().prefixes_of(context.session().id);
  reply.array(prefixes == nullptr ? 0 : prefixes->size());
  if (prefixes == nullptr) return;
  for (const std::string& prefix : *prefixes) reply.bulk(prefix);
}

// CLIENT GETREDIR  ->  integer: the id of the client that is told; 0: itself; -1: tracking is off.
// Source: redis.io/docs/latest/commands/client-getredir
void cmd_client_getredir(Context& context, const Arguments& /*words*/) {
  context.reply().integer(redirect_of(context.session().tracking));
}

}  // namespace leat
