// COMMAND, but for DOCS: the table of commands, as clients read it.
#include <algorithm>
#include <bit>
#include <functional>
#include <initializer_list>
#include <utility>
#include <vector>

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

void reply_key_flags(ReplyWriter& reply, uint16_t flags) {
  reply.set(static_cast<size_t>(std::popcount(flags)));
  for (size_t i = 0; i < kKeyFlagNames.size(); ++i) {
    if ((flags & 1U << i) != 0) reply.simple(kKeyFlagNames[i]);
  }
}

// A part of a key specification: {type, spec: {field: value ...}}.
void reply_part(ReplyWriter& reply, Bytes part, Bytes type,
                std::initializer_list<std::pair<Bytes, int>> fields, Bytes keyword = {}) {
  reply.bulk(part);
  reply.map(2);
  reply.bulk("type");
  reply.bulk(type);
  reply.bulk("spec");
  reply.map(fields.size() + (keyword.empty() ? 0 : 1));
  if (!keyword.empty()) {
    reply.bulk("keyword");
    reply.bulk(keyword);
  }
  for (const auto& [name, value] : fields) {
    reply.bulk(name);
    reply.integer(value);
  }
}

// Source: redis.io/docs/latest/develop/reference/key-specs
void reply_key_spec(ReplyWriter& reply, const KeySpec& spec) {
  reply.map(3);
  reply.bulk("flags");
  reply_key_flags(reply, spec.flags);
  switch (spec.find) {
    case KeySpec::Find::kRange: {
      reply_part(reply, "begin_search", "index", {{"index", spec.first}});
      const int last = spec.last < 0 ? spec.last : spec.last - spec.first;
      return reply_part(reply, "find_keys", "range",
                        {{"lastkey", last}, {"keystep", spec.step}, {"limit", 0}});
    }
    case KeySpec::Find::kCounted:
      reply_part(reply, "begin_search", "index", {{"index", spec.first}});
      return reply_part(reply, "find_keys", "keynum",
                        {{"keynumidx", 0}, {"firstkey", 1}, {"keystep", 1}});
    case KeySpec::Find::kKeyword:
      reply_part(reply, "begin_search", "keyword", {{"startfrom", spec.first}}, spec.keyword);
      return reply_part(reply, "find_keys", "range",
                        {{"lastkey", -1}, {"keystep", 1}, {"limit", 2}});
  }
}

void reply_tips(ReplyWriter& reply, Bytes tips) {
  reply.set(tips.empty() ? 0 : static_cast<size_t>(std::count(tips.begin(), tips.end(), ' ')) + 1);
  while (!tips.empty()) {
    const Bytes tip = tips.substr(0, tips.find(' '));
    reply.bulk(tip);
    tips.remove_prefix(std::min(tip.size() + 1, tips.size()));
  }
}

// Source: redis.io/docs/latest/commands/command
void reply_row(ReplyWriter& reply, const CommandSpec& spec) {
  reply.array(10);
  reply.bulk(full_name(spec));
  reply.integer(spec.arity);
  reply_names(reply, spec.flags, kFlagNames);
  const KeyRange range = spec.keys.range();
  reply.integer(range.first);
  reply.integer(range.last);
  reply.integer(range.step);
  reply_names(reply, categories(spec), kCategoryNames);
  reply_tips(reply, spec.tips);
  reply.set(spec.keys.all().size());
  for (const KeySpec& keys : spec.keys.all()) reply_key_spec(reply, keys);
  // As in Redis: an array, but a set where there are none. RESP3 shows it.
  spec.subcommands.empty() ? reply.set(0) : reply.array(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) reply_row(reply, subcommand);
}

// The keys of the command that `words` are; none after an error.
std::vector<KeyAt> keys_of(Context& context, const Arguments& words) {
  const CommandSpec* spec = find_command(words[0]);
  if (spec != nullptr && !spec->subcommands.empty() && words.size() > 1) {
    spec = find_subcommand(*spec, words[1]);
  }
  if (spec == nullptr) {
    context.error("ERR Invalid command specified");
    return {};
  }
  const auto specs = spec->keys.all();
  if (std::none_of(specs.begin(), specs.end(), std::mem_fn(&KeySpec::is_key))) {
    context.error("ERR The command has no key arguments");
    return {};
  }
  const auto size = static_cast<int>(words.size());
  if (spec->arity >= 0 ? size != spec->arity : size < -spec->arity) {
    context.error("ERR Invalid number of arguments specified for command");
    return {};
  }
  std::vector<KeyAt> keys = find_keys(spec->keys, words);
  if (keys.empty()) context.error("ERR Invalid arguments specified for command");
  return keys;
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
                             return (categories(spec) & category.flag) != 0 &&
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

// COMMAND GETKEYS command [argument ...]  ->  array of the keys among the arguments.
void cmd_command_getkeys(Context& context, const Arguments& words) {
  const Request request = request_from(words, 2);
  const std::vector<KeyAt> keys = keys_of(context, Arguments(request));
  if (keys.empty()) return;
  context.reply().array(keys.size());
  for (const KeyAt& key : keys) context.reply().bulk(request.arguments[key.word]);
}

// COMMAND GETKEYSANDFLAGS command [argument ...]  ->  array of [key, flags].
void cmd_command_getkeysandflags(Context& context, const Arguments& words) {
  const Request request = request_from(words, 2);
  const std::vector<KeyAt> keys = keys_of(context, Arguments(request));
  if (keys.empty()) return;
  context.reply().array(keys.size());
  for (const KeyAt& key : keys) {
    context.reply().array(2);
    context.reply().bulk(request.arguments[key.word]);
    reply_key_flags(context.reply(), key.flags);
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
