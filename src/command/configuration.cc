// CONFIG.
#include "command/server_commands.h"
#include "command/subcommands.h"

namespace leat {

// CONFIG GET pattern [pattern ...]  ->  map of names and values.
// Source: redis.io/docs/latest/commands/config-get
void cmd_config_get(Context& context, const Arguments& words) {
  std::vector<Bytes> patterns;
  for (size_t i = 2; i < words.size(); ++i) patterns.push_back(words[i]);
  const ConfigHost::Pairs pairs = context.host().config().matching(patterns);
  context.reply().map(pairs.size());
  for (const auto& [name, value] : pairs) {
    context.reply().bulk(name);
    context.reply().bulk(value);
  }
}

// CONFIG SET name value [name value ...]  ->  OK; all or none.
// Source: redis.io/docs/latest/commands/config-set
void cmd_config_set(Context& context, const Arguments& words) {
  if (words.size() % 2 != 0) {
    return context.error("ERR wrong number of arguments for 'config|set' command");
  }
  std::vector<std::pair<Bytes, Bytes>> changes;
  for (size_t i = 2; i < words.size(); i += 2) changes.emplace_back(words[i], words[i + 1]);
  const std::string problem = context.host().config().set(changes);
  problem.empty() ? context.reply().ok() : context.error(problem);
}

// CONFIG REWRITE  ->  OK; the file that the server was started with says what holds now.
void cmd_config_rewrite(Context& context, const Arguments& /*words*/) {
  const std::string problem = context.host().config().rewrite();
  problem.empty() ? context.reply().ok() : context.error(problem);
}

// CONFIG RESETSTAT  ->  OK; the counters of INFO start from 0.
void cmd_config_resetstat(Context& context, const Arguments& /*words*/) {
  context.host().node().reset_counters();
  context.reply().ok();
}

void cmd_config_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "GET <pattern> [<pattern> ...]",
      "    Replies names and values of the directives that match.",
      "RESETSTAT",
      "    Sets the counters of INFO to 0.",
      "REWRITE",
      "    Writes what holds now to the configuration file.",
      "SET <name> <value> [...]",
      "    Changes directives, all or none.",
  };
  reply_help(context, words, kLines);
}

}  // namespace leat
