// COMMAND: the table of commands, as clients read it.
#include <algorithm>

#include <fmt/format.h>

#include "base/glob.h"
#include "command/command_table.h"
#include "command/server_commands.h"
#include "command/subcommands.h"

namespace leat {
namespace {

struct FlagName {
  uint32_t flag;
  Bytes name;
};

constexpr FlagName kFlagNames[] = {
    {kWrite, "write"},
    {kReadonly, "readonly"},
    {kDenyOom, "denyoom"},
    {kAdmin, "admin"},
    {kPubSub, "pubsub"},
    {kNoScript, "noscript"},
    {kBlocking, "blocking"},
    {kLoading, "loading"},
    {kStale, "stale"},
    {kSkipMonitor, "skip_monitor"},
    {kSkipSlowlog, "skip_slowlog"},
    {kFast, "fast"},
    {kNoAuth, "no_auth"},
    {kNoMandatoryKeys, "no_mandatory_keys"},
    {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"},
    {kNoAsyncLoading, "no_async_loading"},
    {kNoMulti, "no_multi"},
};

constexpr FlagName kCategoryNames[] = {
    {kAclKeyspace, "@keyspace"},
    {kAclRead, "@read"},
    {kAclWrite, "@write"},
    {kAclSet, "@set"},
    {kAclHash, "@hash"},
    {kAclString, "@string"},
    {kAclStream, "@stream"},
    {kAclPubSub, "@pubsub"},
    {kAclAdmin, "@admin"},
    {kAclFast, "@fast"},
    {kAclSlow, "@slow"},
    {kAclBlocking, "@blocking"},
    {kAclDangerous, "@dangerous"},
    {kAclConnection, "@connection"},
    {kAclTransaction, "@transaction"},
    {kAclScripting, "@scripting"},
};

void reply_names(ReplyWriter& reply, uint32_t flags, std::span<const FlagName> names) {
  const auto set = [flags](const FlagName& name) { return (flags & name.flag) != 0; };
  reply.set(static_cast<size_t>(std::count_if(names.begin(), names.end(), set)));
  for (const FlagName& name : names) {
    if (set(name)) reply.simple(name.name);
  }
}

// What a command does to its keys, as key specifications call it.
void reply_key_flags(ReplyWriter& reply, const CommandSpec& spec) {
  reply.set(2);
  const bool writes = (spec.flags & kWrite) != 0;
  reply.simple(writes ? "RW" : "RO");
  reply.simple(writes ? "update" : "access");
}

// Source: redis.io/docs/latest/develop/reference/key-specs
void reply_key_specs(ReplyWriter& reply, const CommandSpec& spec) {
  // The keys of the commands whose words must be parsed all stand behind STREAMS, or behind their number.
  const bool behind_keyword = spec.find_keys != nullptr && spec.group == "stream";
  if (spec.keys.first == 0 && !behind_keyword) return reply.set(0);
  reply.set(1);
  reply.map(3);
  reply.bulk("flags");
  reply_key_flags(reply, spec);
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  reply.bulk(behind_keyword ? "keyword" : "index");
  reply.bulk("spec");
  reply.map(behind_keyword ? 2 : 1);
  reply.bulk(behind_keyword ? "keyword" : "index");
  if (behind_keyword) {
    reply.bulk("STREAMS");
    reply.bulk("startfrom");
    reply.integer(1);
  } else {
    reply.integer(spec.keys.first);
  }
  const int last = spec.keys.last < 0 ? spec.keys.last : spec.keys.last - spec.keys.first;
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("range");
  reply.bulk("spec");
  reply.map(3);
  reply.bulk("lastkey");
  reply.integer(behind_keyword ? -1 : last);
  reply.bulk("keystep");
  reply.integer(behind_keyword ? 1 : spec.keys.step);
  reply.bulk("limit");
  reply.integer(behind_keyword ? 2 : 0);
}

// Source: redis.io/docs/latest/commands/command
void reply_row(ReplyWriter& reply, const CommandSpec& spec) {
  reply.array(10);
  reply.bulk(full_name(spec));
  reply.integer(spec.arity);
  reply_names(reply, spec.flags, kFlagNames);
  reply.integer(spec.keys.first);
  reply.integer(spec.keys.last);
  reply.integer(spec.keys.step);
  reply_names(reply, spec.categories, kCategoryNames);
  reply.set(0);
  reply_key_specs(reply, spec);
  reply.set(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) reply_row(reply, subcommand);
}

void reply_docs(ReplyWriter& reply, const CommandSpec& spec) {
  reply.map(spec.subcommands.empty() ? 3 : 4);
  reply.bulk("summary");
  reply.bulk(spec.summary);
  reply.bulk("since");
  reply.bulk(spec.since);
  reply.bulk("group");
  reply.bulk(spec.group);
  if (spec.subcommands.empty()) return;
  reply.bulk("subcommands");
  reply.map(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) {
    reply.bulk(full_name(subcommand));
    reply_docs(reply, subcommand);
  }
}

// "get", "xgroup|create".
const CommandSpec* find_by_full_name(Bytes name) {
  const size_t bar = name.find('|');
  const CommandSpec* const container = find_command(name.substr(0, bar));
  if (container == nullptr || bar == Bytes::npos) return container;
  return find_subcommand(*container, name.substr(bar + 1));
}

// The row and the key positions of the command in words[2...]; null after an error.
const CommandSpec* find_keys_of(Context& context, const Request& request,
                                std::vector<size_t>& positions) {
  const Arguments words(request);
  const CommandSpec* spec = find_command(words[0]);
  if (spec != nullptr && !spec->subcommands.empty() && words.size() > 1) {
    spec = find_subcommand(*spec, words[1]);
  }
  if (spec == nullptr) {
    context.error("ERR Invalid command specified");
    return nullptr;
  }
  if (spec->keys.first == 0 && spec->find_keys == nullptr) {
    context.error("ERR The command has no key arguments");
    return nullptr;
  }
  const auto size = static_cast<int>(words.size());
  if (spec->arity >= 0 ? size != spec->arity : size < -spec->arity) {
    context.error("ERR Invalid number of arguments specified for command");
    return nullptr;
  }
  positions = key_positions(*spec, words);
  if (positions.empty()) {
    context.error("ERR Invalid arguments specified for command");
    return nullptr;
  }
  return spec;
}

Request request_from(const Arguments& words, size_t first) {
  Request request;
  for (size_t i = first; i < words.size(); ++i) request.arguments.push_back(words[i]);
  return request;
}

// Which commands LIST is to show.
struct ListFilter {
  enum class By : uint8_t { kAll, kModule, kCategory, kPattern };
  By by = By::kAll;
  Bytes word;

  [[nodiscard]] bool shows(const CommandSpec& spec) const {
    switch (by) {
      case By::kAll:
        return true;
      case By::kModule:
        return false;
      case By::kPattern:
        return glob_matches(word, full_name(spec), LetterCase::kIgnored);
      case By::kCategory:
        return std::any_of(std::begin(kCategoryNames), std::end(kCategoryNames),
                           [&](const FlagName& category) {
                             return (spec.categories & category.flag) != 0 &&
                                    same_word(category.name.substr(1), word);
                           });
    }
    return false;
  }
};

}  // namespace

// COMMAND  ->  array of rows.
void cmd_command(Context& context, const Arguments& /*words*/) {
  context.reply().array(all_commands().size());
  for (const CommandSpec* spec : all_commands()) reply_row(context.reply(), *spec);
}

// COMMAND COUNT  ->  integer
void cmd_command_count(Context& context, const Arguments& /*words*/) {
  context.reply().integer(static_cast<int64_t>(all_commands().size()));
}

// COMMAND INFO [name ...]  ->  array of rows; null for a name that is no command.
void cmd_command_info(Context& context, const Arguments& words) {
  if (words.size() == 2) return cmd_command(context, words);
  context.reply().array(words.size() - 2);
  for (size_t i = 2; i < words.size(); ++i) {
    const CommandSpec* const spec = find_by_full_name(words[i]);
    spec == nullptr ? context.reply().null() : reply_row(context.reply(), *spec);
  }
}

// COMMAND DOCS [name ...]  ->  map of name to map.
// Source: redis.io/docs/latest/commands/command-docs
void cmd_command_docs(Context& context, const Arguments& words) {
  std::vector<const CommandSpec*> specs;
  for (size_t i = 2; i < words.size(); ++i) {
    if (const CommandSpec* const spec = find_by_full_name(words[i])) specs.push_back(spec);
  }
  if (words.size() == 2) specs.assign(all_commands().begin(), all_commands().end());
  context.reply().map(specs.size());
  for (const CommandSpec* spec : specs) {
    context.reply().bulk(full_name(*spec));
    reply_docs(context.reply(), *spec);
  }
}

// COMMAND GETKEYS command [argument ...]  ->  array of the keys among the arguments.
void cmd_command_getkeys(Context& context, const Arguments& words) {
  const Request request = request_from(words, 2);
  std::vector<size_t> positions;
  if (find_keys_of(context, request, positions) == nullptr) return;
  context.reply().array(positions.size());
  for (const size_t i : positions) context.reply().bulk(request.arguments[i]);
}

// COMMAND GETKEYSANDFLAGS command [argument ...]  ->  array of [key, flags].
void cmd_command_getkeysandflags(Context& context, const Arguments& words) {
  const Request request = request_from(words, 2);
  std::vector<size_t> positions;
  const CommandSpec* const spec = find_keys_of(context, request, positions);
  if (spec == nullptr) return;
  context.reply().array(positions.size());
  for (const size_t i : positions) {
    context.reply().array(2);
    context.reply().bulk(request.arguments[i]);
    reply_key_flags(context.reply(), *spec);
  }
}

// COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]  ->  array of names.
// Source: redis.io/docs/latest/commands/command-list
void cmd_command_list(Context& context, const Arguments& words) {
  ListFilter filter;
  if (words.size() != 2) {
    if (words.size() != 5 || !same_word(words[2], "filterby")) return context.error(kErrSyntax);
    filter.word = words[4];
    if (same_word(words[3], "module")) {
      filter.by = ListFilter::By::kModule;
    } else if (same_word(words[3], "aclcat")) {
      filter.by = ListFilter::By::kCategory;
    } else if (same_word(words[3], "pattern")) {
      filter.by = ListFilter::By::kPattern;
    } else {
      return context.error(kErrSyntax);
    }
  }
  const size_t mark = context.reply().begin();
  size_t count = 0;
  const auto add = [&](const CommandSpec& spec) {
    if (!filter.shows(spec)) return;
    context.reply().bulk(full_name(spec));
    ++count;
  };
  for (const CommandSpec* spec : all_commands()) {
    add(*spec);
    if (filter.by == ListFilter::By::kAll) continue;
    for (const CommandSpec& subcommand : spec->subcommands) add(subcommand);
  }
  context.reply().end_array(mark, count);
}

void cmd_command_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "(no subcommand)",
      "    Replies the rows of all commands.",
      "COUNT",
      "    Replies how many commands there are.",
      "DOCS [<name> ...]",
      "    Says what commands do.",
      "GETKEYS <command> [<argument> ...]",
      "    Replies the keys among the arguments.",
      "GETKEYSANDFLAGS <command> [<argument> ...]",
      "    The same, with what the command does to them.",
      "INFO [<name> ...]",
      "    Replies the rows of commands.",
      "LIST [FILTERBY MODULE <name> | ACLCAT <category> | PATTERN <pattern>]",
      "    Replies the names of commands.",
  };
  reply_help(context, words, kLines);
}

}  // namespace leat
