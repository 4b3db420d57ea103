#include "base/glob.h"

#include <string>

#include <gtest/gtest.h>

namespace leat {
namespace {

using namespace std::string_literals;

struct Case {
  const char* why;
  std::string pattern;
  std::string matching;  // Of kAlphabet, the bytes that the pattern matches.
};

// Each row was read off KEYS of a redis-server 7.0.15 that holds these one-byte keys.
constexpr Bytes kAlphabet = "ab-]^\\A*?[\xc3\xff";
const Case kSets[] = {
    {"any byte", "?", std::string(kAlphabet)},
    {"a set", "[ab]", "ab"},
    {"a negated set", "[^ab]", "-]^\\A*?[\xc3\xff"},
    {"a range", "[a-b]", "ab"},
    {"a range the wrong way round", "[b-a]", "ab"},
    {"a missing bracket", "[a", "a"},
    {"a missing bracket after a dash", "[a-", "a-"},
    {"a range that swallows the bracket", "[a-]", "a]^"},
    {"dash first", "[-a]", "a-"},
    {"dash between ranges", "[a-c-e]", "ab-"},
    {"an empty set", "[]", ""},
    {"everything but the empty set", "[^]", std::string(kAlphabet)},
    {"a negated set cut off", "[^", std::string(kAlphabet)},
    {"an opening bracket alone", "[", ""},
    {"opening bracket as a member", "[[]", "["},
    {"escaped bracket as a member", "[\\]]", "]"},
    {"escaped bracket and no other", "[\\]", "]"},
    {"backslash at the end of a set cut off", "[\\", "\\"},
    {"escaped dash as a member", "[a\\-c]", "a-"},
    {"escaped start of a range is no range", "[\\a-c]", "a-"},
    {"a star in a set", "[*]", "*"},
    {"a range over the sign of a byte", "[a-\xff]", "a-]^\\A*?[\xff"},
    {"a range of high bytes", "[\x80-\xff]", "\xc3\xff"},
    {"escaped star", "\\*", "*"},
    {"escaped letter", "\\a", "a"},
    {"a backslash alone", "\\", "\\"},
    {"star, then a trailing backslash", "*\\", "\\"},
};

TEST(Glob, SetsAndEscapesMatchTheBytesThatRedisMatches) {
  for (const Case& c : kSets) {
    SCOPED_TRACE(c.why);
    std::string matching;
    for (const char byte : kAlphabet) {
      if (glob_matches(c.pattern, {&byte, 1})) matching += byte;
    }
    EXPECT_EQ(matching, c.matching) << c.pattern;
  }
}

struct Pair {
  const char* why;
  std::string pattern;
  std::string text;
  bool matches;
};

TEST(Glob, MatchesWholeTexts) {
  const Pair pairs[] = {
      {"itself", "orders", "orders", true},
      {"a prefix is not enough", "order", "orders", false},
      {"nor is a longer pattern", "orders1", "orders", false},
      {"star for nothing", "orders*", "orders", true},
      {"star for a tail", "o*", "orders", true},
      {"star for a head", "*s", "orders", true},
      {"star in the middle", "o*s", "orders", true},
      {"several stars", "*r*e*s*", "orders", true},
      {"several stars in the wrong order", "*s*e*", "orders", false},
      {"a star tries again after a false start", "*ab", "aab", true},
      {"the last star tries again", "*a*bc", "abxabc", true},
      {"stars in a row", "***", "a", true},
      {"question marks count", "??????", "orders", true},
      {"question mark after star needs a byte", "orders*?", "orders", false},
      {"a set inside", "o[a-r]ders", "orders", true},
      {"what follows a set counts", "[a]]", "a]", true},
      {"nothing matches nothing", "", "", true},
      {"nothing does not match something", "", "a", false},
      {"star matches an empty text", "*", "", true},
      {"as in Redis, two stars do not", "**", "", false},
      {"a question mark does not", "?", "", false},
      {"bytes of value zero", "a\0*"s, "a\0b"s, true},
      {"bytes of value zero differ from the end", "a", "a\0"s, false},
      {"letters differ in case", "Orders", "orders", false},
  };
  for (const Pair& c : pairs) {
    SCOPED_TRACE(c.why);
    EXPECT_EQ(glob_matches(c.pattern, c.text), c.matches);
  }
}

TEST(Glob, IgnoresTheCaseOfLettersOnRequest) {
  const Pair pairs[] = {
      {"letters", "MaxMemory", "maxmemory", true},
      {"only letters", "a[", "A{", false},
      {"members of a set", "[AB]", "b", true},
      {"ranges", "[A-C]", "b", true},
      {"an escaped member keeps its case", "[\\A]", "a", false},
      {"an escaped letter does not", "\\A", "a", true},
      {"high bytes", "\xc3", "\xe3", false},
  };
  for (const Pair& c : pairs) {
    SCOPED_TRACE(c.why);
    EXPECT_EQ(glob_matches(c.pattern, c.text, LetterCase::kIgnored), c.matches);
  }
}

// Goal: no pattern takes exponential time or deep recursion (CVE-2022-36021, CVE-2024-31228).
// Method: patterns of many stars that fail only at the end; with a search that tries every star again
// the first would take longer than the universe has, and recursion on the second overflows the stack.
TEST(Glob, HostilePatternsEnd) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(1000, 'a')));

  pattern.clear();
  for (int i = 0; i < 1'000'000; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(1'000'000, 'a')));
  EXPECT_TRUE(glob_matches(pattern, std::string(1'000'000, 'a')));
}

}  // namespace
}  // namespace leat
