#include "command/command_table.h"

#include <string>

#include <gtest/gtest.h>

namespace leat {
namespace {

std::string swapped_case(std::string_view name) {
  std::string text(name);
  for (size_t i = 0; i < text.size(); i += 2) {
    if (text[i] >= 'a' && text[i] <= 'z') text[i] = static_cast<char>(text[i] - 32);
  }
  return text;
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
