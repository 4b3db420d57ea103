#include "command/reply_schema.h"

#include <gtest/gtest.h>

#include "command/command_table.h"

namespace leat {
namespace {

using SchemaType = ReplySchema::Type;

std::string text_of(const ReplySchema& schema);

std::string joined(const std::vector<ReplySchema>& parts, std::string_view separator) {
  std::string text;
  for (const ReplySchema& part : parts) {
    text += text.empty() ? "" : separator;
    if (!part.name.empty()) text += part.name + (part.optional ? "?: " : ": ");
    text += text_of(part);
  }
  return text;
}

std::string one_word(SchemaType type) {
  constexpr const char* kWords[] = {"any",    "error", "null",   "boolean",  "integer", "count",
                                    "double", "bulk",  "simple", "verbatim", "digits",  "id"};
  return kWords[static_cast<size_t>(type)];
}

std::string quoted(const std::string& text) {
  return "'" + text + "'";
}

std::string text_of(const ReplySchema& schema) {
  if (!schema.title.empty()) return schema.title;
  switch (schema.type) {
    case SchemaType::kThisInteger:
      return std::to_string(schema.number);
    case SchemaType::kThisBulk:
      return quoted(schema.text);
    case SchemaType::kThisSimple:
      return "+" + (schema.text.find(' ') == std::string::npos ? schema.text : quoted(schema.text));
    case SchemaType::kOneOf:
      return joined(schema.parts, "|");
    case SchemaType::kArray:
      return "[" + joined(schema.parts, ", ") + "]";
    case SchemaType::kPush:
      return ">[" + joined(schema.parts, ", ") + "]";
    case SchemaType::kList:
      return "[" + joined(schema.parts, "") + " ...]";
    case SchemaType::kSet:
      return "~[" + joined(schema.parts, "") + " ...]";
    case SchemaType::kFields:
      return "{" + joined(schema.parts, ", ") + "}";
    case SchemaType::kMap:
      return "{*: " + joined(schema.parts, "") + "}";
    case SchemaType::kPairs:
      return "@{*: " + joined(schema.parts, "") + "}";
    default:
      return one_word(schema.type);
  }
}

TEST(ReplySchemaTest, WhatIsParsedIsTheText) {
  const auto check = [](const CommandSpec& row) {
    ASSERT_EQ(row.reply.empty(), row.handler == nullptr) << full_name(row);
    if (row.reply.empty()) return;
    EXPECT_EQ(text_of(parse_reply_schema(row.reply)), row.reply) << full_name(row);
  };
  for (const CommandSpec* const row : all_commands()) {
    check(*row);
    for (const CommandSpec& subcommand : row->subcommands) check(subcommand);
  }
}

TEST(ReplySchemaTest, HelpIsLinesEverywhere) {
  for (const CommandSpec* const row : all_commands()) {
    for (const CommandSpec& subcommand : row->subcommands) {
      if (subcommand.name == "help") {
        EXPECT_EQ(subcommand.reply, "[simple ...]") << full_name(subcommand);
      }
    }
  }
}

TEST(ReplySchemaTest, ReadsTypesAndConstants) {
  const ReplySchema schema = parse_reply_schema("-1|+OK|+'a b'|'c d'|count|~[id ...]|error");
  ASSERT_EQ(schema.type, SchemaType::kOneOf);
  ASSERT_EQ(schema.parts.size(), 7);
  EXPECT_EQ(schema.parts[0].number, -1);
  EXPECT_EQ(schema.parts[1].type, SchemaType::kThisSimple);
  EXPECT_EQ(schema.parts[1].text, "OK");
  EXPECT_EQ(schema.parts[2].text, "a b");
  EXPECT_EQ(schema.parts[3].type, SchemaType::kThisBulk);
  EXPECT_EQ(schema.parts[3].text, "c d");
  EXPECT_EQ(schema.parts[4].type, SchemaType::kCount);
  EXPECT_EQ(schema.parts[5].type, SchemaType::kSet);
  EXPECT_EQ(schema.parts[5].parts[0].type, SchemaType::kId);
  EXPECT_EQ(schema.parts[6].type, SchemaType::kError);
}

TEST(ReplySchemaTest, ReadsFieldsAndWhatElementsAre) {
  const ReplySchema map = parse_reply_schema("{a-b: bulk|null, c?: [next: id, []]}");
  ASSERT_EQ(map.type, SchemaType::kFields);
  ASSERT_EQ(map.parts.size(), 2);
  EXPECT_EQ(map.parts[0].name, "a-b");
  EXPECT_EQ(map.parts[0].type, SchemaType::kOneOf);
  EXPECT_FALSE(map.parts[0].optional);
  EXPECT_TRUE(map.parts[1].optional);
  const ReplySchema& array = map.parts[1];
  ASSERT_EQ(array.type, SchemaType::kArray);
  EXPECT_EQ(array.parts[0].name, "next");
  EXPECT_EQ(array.parts[1].name, "");
  EXPECT_TRUE(array.parts[1].parts.empty());
}

TEST(ReplySchemaTest, WordsStandForWhatSeveralRowsHave) {
  const ReplySchema entry = parse_reply_schema("entry");
  EXPECT_EQ(entry.title, "entry");
  EXPECT_EQ(entry.type, SchemaType::kArray);
  ASSERT_EQ(entry.parts.size(), 2);
  EXPECT_EQ(entry.parts[1].type, SchemaType::kList);
}

TEST(ReplySchemaDeathTest, RefusesWhatIsNoSchema) {
  for (const char* const text :
       {"", "text", "[bulk", "bulk]", "[bulk, id ...]", "[a: bulk ...]", "[a?: bulk]", "{bulk}",
        "{a: bulk", "{a: bulk, *: id}", "@{a: bulk}", "~[bulk]", ">[bulk ...]", "bulk|", "'a", "+",
        "1 2", "01", "[ ...]"})
    EXPECT_DEATH(static_cast<void>(parse_reply_schema(text)), "bug") << text;
}

}  // namespace
}  // namespace leat
