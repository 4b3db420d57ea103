// COMMAND DOCS: what commands are for, and the words that they take.
#include <algorithm>
#include <vector>

#include "command/command_table.h"
#include "command/context.h"
#include "command/server_commands.h"
#include "command/syntax.h"

namespace leat {
namespace {

// A map of fields of which some may be missing.
class DocsMap {
 public:
  explicit DocsMap(ReplyWriter& reply) : reply_(reply), mark_(reply.begin()) {}
  DocsMap(const DocsMap&) = delete;
  DocsMap& operator=(const DocsMap&) = delete;
  ~DocsMap() { reply_.end_map(mark_, pairs_); }

  // The value has to follow.
  ReplyWriter& field(Bytes name) {
    ++pairs_;
    reply_.bulk(name);
    return reply_;
  }
  // Left out when it is empty.
  void text(Bytes name, Bytes value) {
    if (!value.empty()) field(name).bulk(value);
  }

 private:
  ReplyWriter& reply_;
  size_t mark_;
  size_t pairs_ = 0;
};

// The arguments of one command. Those that are keys belong to its key specifications in their order, the last ones to
// the last.
class ArgumentsReply {
 public:
  ArgumentsReply(ReplyWriter& reply, const KeySpecs& keys)
      : reply_(reply), key_specs_(static_cast<int64_t>(keys.all().size())) {}

  void list(const std::vector<SyntaxArgument>& arguments) {
    reply_.array(arguments.size());
    for (const SyntaxArgument& argument : arguments) one(argument);
  }

 private:
  void one(const SyntaxArgument& argument) {
    DocsMap map(reply_);
    map.text("name", argument.name);
    map.text("type", type_name(argument.type));
    if (argument.is_value()) map.text("display_text", argument.name);
    if (argument.type == SyntaxArgument::Type::kKey)
      map.field("key_spec_index").integer(std::min(key_++, key_specs_ - 1));
    map.text("token", argument.token);
    if (argument.optional || argument.multiple) flags(map.field("flags"), argument);
    if (!argument.arguments.empty()) {
      map.field("arguments");
      list(argument.arguments);
    }
  }

  static void flags(ReplyWriter& reply, const SyntaxArgument& argument) {
    reply.set(size_t{argument.optional} + size_t{argument.multiple} +
              size_t{argument.multiple_token});
    if (argument.optional) reply.simple("optional");
    if (argument.multiple) reply.simple("multiple");
    if (argument.multiple_token) reply.simple("multiple_token");
  }

  ReplyWriter& reply_;
  int64_t key_specs_;
  int64_t key_ = 0;
};

void reply_docs(ReplyWriter& reply, const CommandSpec& spec) {
  DocsMap map(reply);
  map.text("summary", spec.summary);
  map.text("since", spec.since);
  map.text("group", spec.group);
  map.text("complexity", spec.complexity);
  if (!spec.deprecated_since.empty()) {
    map.field("doc_flags").set(1);
    reply.simple("deprecated");
    map.text("deprecated_since", spec.deprecated_since);
    map.text("replaced_by", spec.replaced_by);
  }
  if (!spec.syntax.empty()) {
    map.field("arguments");
    ArgumentsReply(reply, spec.keys).list(parse_syntax(spec.syntax));
  }
  if (spec.subcommands.empty()) return;
  map.field("subcommands").map(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) {
    reply.bulk(full_name(subcommand));
    reply_docs(reply, subcommand);
  }
}

}  // namespace

// COMMAND DOCS [name ...]  ->  map of name to map; names that are no commands are left out.
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

}  // namespace leat
