#include "command/syntax.h"

#include <gtest/gtest.h>

#include "command/command_table.h"

namespace leat {
namespace {

using Type = SyntaxArgument::Type;

std::string text_of(const SyntaxArgument& argument);

std::string joined(const std::vector<SyntaxArgument>& arguments, std::string_view separator) {
  std::string text;
  for (const SyntaxArgument& argument : arguments)
    text += (text.empty() ? "" : std::string(separator)) + text_of(argument);
  return text;
}

std::string text_of(const SyntaxArgument& argument) {
  const bool has_token = !argument.token.empty();
  std::string part;
  if (argument.type == Type::kPureToken) {
    part = argument.token;
  } else if (argument.type == Type::kOneOf) {
    part = joined(argument.arguments, "|");
    if (has_token || !argument.optional) part = "<" + part + ">";
  } else if (argument.type == Type::kBlock) {
    part = joined(argument.arguments, " ");
  } else {
    part = argument.name;
    if (argument.type != type_of(part)) part += "=" + std::string(type_name(argument.type));
  }
  const std::string token =
      has_token && argument.type != Type::kPureToken ? argument.token + " " : "";
  std::string text = token + part;
  if (argument.multiple)
    text += " [" + (argument.multiple_token ? token : std::string()) + part + " ...]";
  return argument.optional ? "[" + text + "]" : text;
}

TEST(SyntaxTest, WhatIsParsedIsTheText) {
  const auto check = [](const CommandSpec& row) {
    EXPECT_EQ(joined(parse_syntax(row.syntax), " "), row.syntax) << full_name(row);
  };
  for (const CommandSpec* const row : all_commands()) {
    check(*row);
    for (const CommandSpec& subcommand : row->subcommands) check(subcommand);
  }
}

TEST(SyntaxTest, TokensBelongToTheValuesBehindThem) {
  const auto arguments =
      parse_syntax("[LIMIT count] STREAMS key [key ...] <*|id> TYPE <A|B> FORCE");
  ASSERT_EQ(arguments.size(), 5);
  EXPECT_EQ(arguments[0].token, "LIMIT");
  EXPECT_EQ(arguments[0].type, Type::kInteger);
  EXPECT_TRUE(arguments[0].optional);
  EXPECT_EQ(arguments[1].token, "STREAMS");
  EXPECT_EQ(arguments[1].type, Type::kKey);
  EXPECT_TRUE(arguments[1].multiple);
  EXPECT_FALSE(arguments[1].multiple_token);
  EXPECT_EQ(arguments[2].type, Type::kOneOf);
  EXPECT_EQ(arguments[2].name, "auto_id_id");
  EXPECT_EQ(arguments[2].arguments[0].type, Type::kPureToken);
  EXPECT_EQ(arguments[3].token, "TYPE");
  EXPECT_EQ(arguments[3].name, "a_b");
  EXPECT_EQ(arguments[4].type, Type::kPureToken);
}

TEST(SyntaxTest, RepeatsValuesBlocksAndTokens) {
  const auto arguments =
      parse_syntax("field value [field value ...] [PREFIX prefix [PREFIX prefix ...]]");
  ASSERT_EQ(arguments.size(), 2);
  EXPECT_EQ(arguments[0].type, Type::kBlock);
  EXPECT_EQ(arguments[0].name, "field_value");
  EXPECT_TRUE(arguments[0].multiple);
  EXPECT_TRUE(arguments[1].optional);
  EXPECT_TRUE(arguments[1].multiple_token);
}

TEST(SyntaxTest, NamesTellTypes) {
  EXPECT_EQ(parse_syntax("pattern")[0].type, Type::kPattern);
  EXPECT_EQ(parse_syntax("increment")[0].type, Type::kInteger);
  EXPECT_EQ(parse_syntax("increment=double")[0].type, Type::kDouble);
  EXPECT_EQ(parse_syntax("increment=double")[0].name, "increment");
  EXPECT_EQ(parse_syntax("anything")[0].type, Type::kString);
}

TEST(SyntaxDeathTest, RefusesWhatIsNoSyntax) {
  for (const char* const text : {"[key", "<a|b", "key]", "a [b ...]", "[]", "a=nothing"})
    EXPECT_DEATH(static_cast<void>(parse_syntax(text)), "bug") << text;
}

}  // namespace
}  // namespace leat
