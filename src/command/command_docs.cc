// COMMAND DOCS: what commands are for, the words that they take, and what they reply.
#include <algorithm>
#include <functional>
#include <vector>

#include "command/command_table.h"
#include "command/context.h"
#include "command/reply_schema.h"
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

// A type of which JSON schema says everything in words: its type there, and what it can't tell apart as `format`.
struct PlainType {
  Bytes type;
  Bytes format;
  Bytes pattern;
};

PlainType plain_type(ReplySchema::Type type) {
  using Type = ReplySchema::Type;
  switch (type) {
    case Type::kNull:
      return {"null"};
    case Type::kBoolean:
      return {"boolean"};
    case Type::kInteger:
    case Type::kCount:
      return {"integer"};
    case Type::kDouble:
      return {"number"};
    case Type::kBulk:
      return {"string"};
    case Type::kSimple:
      return {"string", "simple"};
    case Type::kVerbatim:
      return {"string", "verbatim"};
    case Type::kDigits:
      return {"string", {}, "^[0-9]+$"};
    case Type::kId:
      return {"string", {}, "^[0-9]+-[0-9]+$"};
    case Type::kArray:
    case Type::kList:
    case Type::kSet:
      return {"array"};
    case Type::kPush:
      return {"array", "push"};
    case Type::kFields:
    case Type::kMap:
      return {"object"};
    case Type::kPairs:
      return {"object", "pairs"};
    default:
      return {};
  }
}

// A reply schema as JSON schema, objects as maps. Redis' own are of this form.
// Source: redis.io/docs/latest/commands/command-docs, json-schema.org/draft/2019-09
class SchemaReply {
 public:
  explicit SchemaReply(ReplyWriter& reply) : reply_(reply) {}

  void one(const ReplySchema& schema, Bytes description = {}) {
    DocsMap map(reply_);
    map.text("title", schema.title);
    map.text("description", description);
    const PlainType plain = plain_type(schema.type);
    map.text("type", plain.type);
    map.text("format", plain.format);
    map.text("pattern", plain.pattern);
    details(map, schema);
  }

 private:
  using Type = ReplySchema::Type;

  void details(DocsMap& map, const ReplySchema& schema) {
    switch (schema.type) {
      case Type::kError:
        return map.field("not").map(0);
      case Type::kCount:
        return map.field("minimum").integer(0);
      case Type::kThisInteger:
        return map.field("const").integer(schema.number);
      case Type::kThisSimple:
        map.text("format", "simple");
        return map.text("const", schema.text);
      case Type::kThisBulk:
        return map.field("const").bulk(schema.text);
      case Type::kOneOf:
        map.field("anyOf");
        return list(schema.parts);
      case Type::kArray:
      case Type::kPush:
        return array(map, schema.parts);
      case Type::kSet:
        map.field("uniqueItems").boolean(true);
        [[fallthrough]];
      case Type::kList:
        map.field("items");
        return one(schema.parts.front());
      case Type::kFields:
        return fields(map, schema.parts);
      case Type::kMap:
      case Type::kPairs:
        map.field("additionalProperties");
        return one(schema.parts.front());
      default:
        return;
    }
  }

  void list(const std::vector<ReplySchema>& schemas) {
    reply_.array(schemas.size());
    for (const ReplySchema& schema : schemas) one(schema, schema.name);
  }

  void array(DocsMap& map, const std::vector<ReplySchema>& elements) {
    const auto size = static_cast<int64_t>(elements.size());
    map.field("minItems").integer(size);
    map.field("maxItems").integer(size);
    if (elements.empty()) return;  // JSON schema knows no empty list here.
    map.field("items");
    list(elements);
  }

  void fields(DocsMap& map, const std::vector<ReplySchema>& fields) {
    map.field("additionalProperties").boolean(false);
    map.field("properties").map(fields.size());
    for (const ReplySchema& field : fields) {
      reply_.bulk(field.name);
      one(field);
    }
    const auto optional = static_cast<size_t>(
        std::count_if(fields.begin(), fields.end(), std::mem_fn(&ReplySchema::optional)));
    map.field("required").array(fields.size() - optional);
    for (const ReplySchema& field : fields) {
      if (!field.optional) reply_.bulk(field.name);
    }
  }

  ReplyWriter& reply_;
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
  if (!spec.reply.empty()) {
    map.field("reply_schema");
    SchemaReply(reply).one(parse_reply_schema(spec.reply));
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
