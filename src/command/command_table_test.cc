#include "command/command_table.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "command/syntax.h"

namespace leat {
namespace {

std::string swapped_case(std::string_view name) {
  std::string text(name);
  for (size_t i = 0; i < text.size(); i += 2) {
    if (text[i] >= 'a' && text[i] <= 'z') text[i] = static_cast<char>(text[i] - 32);
  }
  return text;
}

// How many words there must be, and whether there can't be more.
struct WordCount {
  int least = 0;
  bool exact = true;
};

WordCount words_of(const SyntaxArgument& argument);

WordCount words_of(const std::vector<SyntaxArgument>& arguments) {
  WordCount all;
  for (const SyntaxArgument& argument : arguments) {
    const WordCount one = words_of(argument);
    all.least += one.least;
    all.exact = all.exact && one.exact;
  }
  return all;
}

WordCount words_of(const SyntaxArgument& argument) {
  if (argument.optional) return {.least = 0, .exact = false};
  WordCount count{.least = 1};
  if (argument.type == SyntaxArgument::Type::kBlock) {
    count = words_of(argument.arguments);
  } else if (argument.type == SyntaxArgument::Type::kOneOf) {
    count = words_of(argument.arguments.front());
    for (const SyntaxArgument& choice : argument.arguments) {
      const WordCount other = words_of(choice);
      count.exact = count.exact && other.exact && other.least == count.least;
      count.least = std::min(count.least, other.least);
    }
  }
  const bool token = !argument.token.empty() && argument.type != SyntaxArgument::Type::kPureToken;
  return {.least = count.least + (token ? 1 : 0), .exact = count.exact && !argument.multiple};
}

TEST(CommandTableTest, AritySaysWhatTheSyntaxSays) {
  const auto check = [](const CommandSpec& row, int name_words) {
    // The one takes a filter at least, which a syntax can't say, the other whatever comes.
    if (full_name(row) == "client|kill" || row.name == "quit") return;
    const WordCount words = words_of(parse_syntax(row.syntax));
    const int least = name_words + words.least;
    EXPECT_EQ(row.arity, words.exact ? least : -least) << full_name(row);
  };
  for (const CommandSpec* const row : all_commands()) {
    if (row->subcommands.empty()) check(*row, 1);
    for (const CommandSpec& subcommand : row->subcommands) check(subcommand, 2);
  }
}

TEST(CommandTableTest, EveryRowSaysWhatItIsFor) {
  const auto check = [](const CommandSpec& row) {
    EXPECT_TRUE(row.summary.ends_with('.')) << full_name(row);
    EXPECT_FALSE(row.since.empty() || row.group.empty()) << full_name(row);
    EXPECT_EQ(row.deprecated_since.empty(), row.replaced_by.empty()) << full_name(row);
  };
  for (const CommandSpec* const row : all_commands()) {
    check(*row);
    for (const CommandSpec& subcommand : row->subcommands) check(subcommand);
  }
}

TEST(CommandTableTest, FindsEveryRowByItsFullName) {
  for (const CommandSpec* const row : all_commands()) {
    EXPECT_EQ(find_by_full_name(row->name), row);
    for (const CommandSpec& subcommand : row->subcommands)
      EXPECT_EQ(find_by_full_name(full_name(subcommand)), &subcommand);
  }
  for (const char* const name : {"", "|", "get|", "get|x", "xgroup|", "xgroup|create|x", "|create"})
    EXPECT_EQ(find_by_full_name(name), nullptr) << name;
}

TEST(CommandTableTest, FlagsImplyCategories) {
  const auto of = [](uint32_t flags, uint32_t named) {
    return categories(CommandSpec{.flags = flags, .categories = named});
  };
  EXPECT_EQ(of(0, 0), kAclSlow);
  EXPECT_EQ(of(kFast | kReadonly, kAclStream), kAclFast | kAclRead | kAclStream);
  EXPECT_EQ(of(kWrite | kBlocking, 0), kAclWrite | kAclSlow | kAclBlocking);
  EXPECT_EQ(of(kAdmin, 0), kAclAdmin | kAclDangerous | kAclSlow);
  EXPECT_EQ(of(kPubSub, 0), kAclPubSub | kAclSlow);
}

TEST(CommandTableTest, FindsEveryRowInAnyCase) {
  for (const CommandSpec* const row : all_commands()) {
    EXPECT_EQ(find_command(row->name), row);
    EXPECT_EQ(find_command(swapped_case(row->name)), row) << row->name;
    for (const CommandSpec& subcommand : row->subcommands) {
      EXPECT_EQ(find_subcommand(*row, swapped_case(subcommand.name)), &subcommand);
    }
  }
}

TEST(CommandTableTest, FindsNothingElse) {
  for (const CommandSpec* const row : all_commands()) {
    const std::string name(row->name);
    EXPECT_EQ(find_command(name + '\0'), nullptr) << name;
    EXPECT_EQ(find_command('\0' + name), nullptr) << name;
    EXPECT_EQ(find_command(name + std::string(64, 'x')), nullptr) << name;
    for (size_t i = 0; i < name.size(); ++i) {
      // The other bytes that differ from a letter in the bit that tells lower from upper case.
      std::string other = name;
      other[i] = static_cast<char>(name[i] ^ 0x20);
      if (name[i] < 'a' || name[i] > 'z') {
        EXPECT_EQ(find_command(other), nullptr) << other;
      }
      other[i] = static_cast<char>(name[i] ^ 0x80);
      EXPECT_EQ(find_command(other), nullptr) << name;
    }
  }
  EXPECT_EQ(find_command(""), nullptr);
  EXPECT_EQ(find_command("@ping["), nullptr);
  EXPECT_EQ(find_subcommand(*find_command("client"), std::string(100, 'l')), nullptr);
}

}  // namespace
}  // namespace leat
