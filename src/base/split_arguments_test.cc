#include "base/split_arguments.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace leat {
namespace {

using namespace std::string_literals;

struct LineCase {
  const char* why;
  std::string line;
  std::vector<std::string> want;
};

std::vector<std::string> copied(const std::vector<Bytes>& arguments) {
  return {arguments.begin(), arguments.end()};
}

// Compared with ECHO as an inline command of redis-server 7.0.15.
TEST(SplitArguments, SplitsAndUnquotes) {
  const LineCase cases[] = {
      {"nothing", "", {}},
      {"blanks", " \t\r\v\f ", {}},
      {"words", "set  key\tvalue ", {"set", "key", "value"}},
      {"carriage return separates words", "a\rb", {"a", "b"}},
      {"vertical tab does so only between words", "a\vb \vc", {"a\vb", "c"}},
      {"double quotes", R"("a b" "")", {"a b", ""}},
      {"escapes", R"("\n\r\t\b\a\\\"\q")", {"\n\r\t\b\a\\\"q"}},
      {"hexadecimal escapes", R"("\x41\x00\xfF")", {"A\0\xff"s}},
      {"too few hexadecimal digits", R"("\x4" "\xZZ")", {"x4", "xZZ"}},
      {"single quotes", R"('a "b" \n')", {"a \"b\" \\n"}},
      {"single quote in single quotes", R"('it\'s')", {"it's"}},
      {"no escapes outside quotes", R"(a\nb)", {R"(a\nb)"}},
      {"a quote opens within a word", R"(a"b c")", {"ab c"}},
      {"a byte of value zero is a byte", "a\0b \"\0\""s, {"a\0b"s, "\0"s}},
      {"high bytes", "\xc3\xa4 \"\xff\"", {"\xc3\xa4", "\xff"}},
      {"blank after the closing quote", "\"a\"\vb", {"a", "b"}},
  };
  for (const LineCase& c : cases) {
    SCOPED_TRACE(c.why);
    std::string storage = "what an earlier line left";
    std::vector<Bytes> arguments = {"x"};
    EXPECT_TRUE(split_arguments(c.line, storage, arguments));
    EXPECT_EQ(copied(arguments), c.want);
  }
}

TEST(SplitArguments, RefusesUnbalancedQuotes) {
  for (const char* line : {R"("a)", R"('a)", R"("a"b)", R"('a'b)", R"(a"b"c)", R"("a\")", R"("a\)",
                           R"('a\')", R"(x "y" ")", R"("a"'b')"}) {
    std::string storage;
    std::vector<Bytes> arguments;
    EXPECT_FALSE(split_arguments(line, storage, arguments)) << line;
  }
}

}  // namespace
}  // namespace leat
