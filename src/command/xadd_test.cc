// XADD and XTRIM: replies, errors and their order, ids, trimming by nodes.
#include "command/command_fixture.h"

namespace leat {
namespace {

using XaddTest = CommandFixture;
using XtrimTest = CommandFixture;

constexpr std::string_view kArity = "-ERR wrong number of arguments for 'xadd' command";
constexpr std::string_view kTooSmall =
    "-ERR The ID specified in XADD is equal or smaller than the target stream top item";

TEST_F(XaddTest, ChoosesTheNextId) {
  expect({
      {"XADD s * f v", "1000000-0"},
      {"XADD s * f v", "1000000-1"},
      {"XADD s 1000001-* f v", "1000001-0"},
      {"XADD s 1000001-* f v", "1000001-1"},
      {"XADD s * f v", "1000001-2"},  // The clock is behind: ids count on.
      {"XADD s 1000002-7 f v", "1000002-7"},
      {"XADD s 1000003 f v", "1000003-0"},
      {"XADD new 0-* f v", "0-1"},
      {"XADD new 007-08 f v", "7-8"},
      {"XLEN s", ":7"},
  });
  advance_ms(10'000);
  EXPECT_EQ(run("XADD s * f v"), "1010000-0");
}

TEST_F(XaddTest, CarriesAnExhaustedSequenceOver) {
  expect({
      {"XADD s 2000000-18446744073709551615 f v", "2000000-18446744073709551615"},
      {"XADD s 2000000-* f v", kTooSmall},
      {"XADD s * f v", "2000001-0"},
      {"XADD s 18446744073709551615-18446744073709551614 f v",
       "18446744073709551615-18446744073709551614"},
      {"XADD s * f v", "18446744073709551615-18446744073709551615"},
  });
  constexpr std::string_view kExhausted =
      "-ERR The stream has exhausted the last possible ID, unable to add more items";
  expect_refused({
      {"XADD s * f v", kExhausted},
      {"XADD s 1-1 f v", kExhausted},
      {"XADD s 18446744073709551615-* f v", kExhausted},
  });
}

TEST_F(XaddTest, RefusesIdsThatDoNotIncrease) {
  run("XADD s 5-5 f v");
  expect_refused({
      {"XADD s 5-5 f v", kTooSmall},
      {"XADD s 5-4 f v", kTooSmall},
      {"XADD s 5 f v", kTooSmall},
      {"XADD s 4-* f v", kTooSmall},
      {"XADD s 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0"},
      {"XADD none 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0"},
      {"XADD none 0 f v", "-ERR The ID specified in XADD must be greater than 0-0"},
      {"EXISTS none", ":0"},
  });
  EXPECT_EQ(run("XADD s 5-* f v"), "5-6");
}

TEST_F(XaddTest, RefusesWordsThatDoNotFit) {
  run("XADD s 1-1 f v");
  expect_refused({
      {"XADD s *", kArity},
      {"XADD s * f", kArity},
      {"XADD s * f v g", kArity},
      {"XADD s NOMKSTREAM * f", kArity},
      {"XADD s NOMKSTREAM MAXLEN 5 2-1", kArity},
      {"XADD s abc f v", kBadId},
      {"XADD s -5 f v", kBadId},
      {"XADD s 5- f v", kBadId},
      {"XADD s -* f v", kBadId},
      {"XADD s 5-5-* f v", kBadId},
      {"XADD s $ f v", kBadId},
      {"XADD s + f v", kBadId},
      {"XADD s ** f v", kBadId},
      {"XADD s 5-5-5 f v", kBadId},
      {"XADD s 18446744073709551616-1 f v", kBadId},
      {"XADD s MAXLEN abc * f v", kNotInteger},
      {"XADD s MAXLEN ~ abc * f v", kNotInteger},
      {"XADD s MAXLEN -1 * f v", "-ERR The MAXLEN argument must be >= 0."},
      {"XADD s MINID abc * f v", kBadId},
      {"XADD s MINID - * f v", kBadId},
      {"XADD s MAXLEN ~ 5 LIMIT -1 * f v", "-ERR The LIMIT argument must be >= 0."},
      {"XADD s MAXLEN ~ 5 LIMIT x * f v", kNotInteger},
      {"XADD s MAXLEN 5 MINID 1 * f v",
       "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible"},
      {"XADD s MAXLEN 5 MAXLEN 6 * f v",
       "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible"},
      {"XADD s LIMIT 5 * f v",
       "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"},
      {"XADD s LIMIT 0 * f v",
       "-ERR syntax error, LIMIT cannot be used without the special ~ option"},
      {"XADD s MAXLEN 5 LIMIT 5 * f v",
       "-ERR syntax error, LIMIT cannot be used without the special ~ option"},
      {"XADD s MAXLEN = 5 LIMIT 5 * f v",
       "-ERR syntax error, LIMIT cannot be used without the special ~ option"},
  });
}

TEST_F(XaddTest, ChecksWordsBeforeTheKey) {
  run("SET string value");
  expect_refused({
      {"XADD string * f v", "-WRONGTYPE Operation against a key holding the wrong kind of value"},
      {"XADD string abc f v", kBadId},
      {"XADD string * f", kArity},
      {"XADD string 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0"},
  });
}

TEST_F(XaddTest, MakesNoStreamIfAsked) {
  expect({
      {"XADD s NOMKSTREAM * f v", "nil"},
      {"EXISTS s", ":0"},
      {"XADD s 1-1 f v", "1-1"},
      {"xadd s nomkstream 1-2 f v", "1-2"},
      {"XLEN s", ":2"},
  });
}

TEST_F(XaddTest, KeepsFieldsAsTheyCame) {
  expect({
      {"XADD s 1-1 b 1 a 2 b 3 \"\" \"\"", "1-1"},
      {"XADD s 1-2 \"a b\" \"\\r\\n\\x00\"", "1-2"},
      {"XRANGE s 1-1 1-1", "[[1-1 [b 1 a 2 b 3 \"\" \"\"]]]"},
  });
  using namespace std::string_literals;
  EXPECT_EQ(run("XRANGE s 1-2 1-2"), "[[1-2 [a b \r\n\0]]]"s);
}

TEST_F(XaddTest, TrimsAfterAdding) {
  expect({
      {"XADD s MAXLEN 0 1-1 f v", "1-1"},
      {"XLEN s", ":0"},
      {"EXISTS s", ":1"},
      {"TYPE s", "+stream"},
      {"XADD s 1-1 f v", kTooSmall},  // The last id survives.
      {"XADD s MAXLEN 2 1-2 f v", "1-2"},
      {"XADD s MAXLEN = 2 1-3 f v", "1-3"},
      {"XADD s maxlen 2 1-4 f v", "1-4"},
      {"XRANGE s - +", "[[1-3 [f v]] [1-4 [f v]]]"},
      {"XADD s MINID 1-4 1-5 f v", "1-5"},
      {"XRANGE s - +", "[[1-4 [f v]] [1-5 [f v]]]"},
      {"XADD s MINID = 2 1-6 f v", "1-6"},
      {"XLEN s", ":0"},
      {"XADD s MAXLEN ~ 1 1-7 f v", "1-7"},  // The only node is not whole.
      {"XADD s MAXLEN ~ 1 LIMIT 10 1-8 f v", "1-8"},
      {"XADD s LIMIT 10 MINID ~ 1-8 1-9 f v", "1-9"},
      {"XLEN s", ":3"},
  });
}

TEST_F(XaddTest, TakesAnEntryInAnyWireForm) {
  // Inline requests are not in canonical form: the entry is rendered anew.
  const Request inline_request{.arguments = {"XADD", "s", "1-1", "field", ""}, .canonical = false};
  EXPECT_EQ(run_request(inline_request), "1-1");
  EXPECT_EQ(run("XRANGE s - +"), "[[1-1 [field \"\"]]]");
}

TEST_F(XaddTest, IsRefusedWhenTheDiskIsFullWhileFreeingWorks) {
  run("XADD s 1-1 f v");
  host().refuse_writes("MISCONF the disk is full");
  expect({
      {"XADD s 1-2 f v", "-MISCONF the disk is full"},
      {"XDEL s 1-1", ":1"},
      {"XTRIM s MAXLEN 0", ":0"},
  });
}

TEST_F(XtrimTest, DropsFromTheHead) {
  for (int i = 1; i <= 10; ++i) run("XADD s " + std::to_string(i) + "-1 f v");
  expect({
      {"XTRIM s MAXLEN 11", ":0"},
      {"XTRIM s MAXLEN 9", ":1"},
      {"XTRIM s MAXLEN = 8", ":1"},
      {"XTRIM s MINID 4", ":1"},
      {"XTRIM s MINID 4-1", ":0"},
      {"XTRIM s MINID 4-2", ":1"},
      {"XTRIM s MAXLEN ~ 1", ":0"},
      {"XTRIM s MAXLEN ~ 1 LIMIT 3", ":0"},
      {"XRANGE s - + COUNT 1", "[[5-1 [f v]]]"},
      {"XTRIM s MAXLEN 0", ":6"},
      {"XTRIM s MAXLEN 0", ":0"},
      {"XTRIM none MAXLEN 0", ":0"},
      {"XTRIM s MINID 18446744073709551615-18446744073709551615", ":0"},
  });
}

TEST_F(XtrimTest, RefusesWordsThatDoNotFit) {
  run("XADD s 1-1 f v");
  run("SET string value");
  expect_refused({
      {"XTRIM s", "-ERR wrong number of arguments for 'xtrim' command"},
      {"XTRIM s MAXLEN", "-ERR wrong number of arguments for 'xtrim' command"},
      {"XTRIM s FOO 1", kSyntax},
      {"XTRIM s MAXLEN 1 FOO", kSyntax},
      {"XTRIM s MAXLEN 1 LIMIT", kSyntax},
      {"XTRIM s NOMKSTREAM MAXLEN 1", kSyntax},
      {"XTRIM s MAXLEN ~", kNotInteger},
      {"XTRIM s MAXLEN x", kNotInteger},
      {"XTRIM s MAXLEN 9223372036854775808", kNotInteger},
      {"XTRIM s MAXLEN -1", "-ERR The MAXLEN argument must be >= 0."},
      {"XTRIM s MAXLEN 1 MINID 1",
       "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible"},
      {"XTRIM s LIMIT 1",
       "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"},
      {"XTRIM s LIMIT 0", "-ERR syntax error, XTRIM must be called with a trimming strategy"},
      {"XTRIM s MAXLEN 1 LIMIT 1",
       "-ERR syntax error, LIMIT cannot be used without the special ~ option"},
      {"XTRIM s MAXLEN 1 LIMIT 0",
       "-ERR syntax error, LIMIT cannot be used without the special ~ option"},
      {"XTRIM string MAXLEN x", kNotInteger},
      {"XTRIM string MAXLEN 1",
       "-WRONGTYPE Operation against a key holding the wrong kind of value"},
  });
}

// What clients' tests assert of "~": whole nodes of stream-node-max-entries entries go, never less.
TEST_F(XtrimTest, DropsWholeNodesOnly) {
  for (int i = 1; i <= 1000; ++i) run_unchecked("XADD s " + std::to_string(i) + "-1 f v");
  expect({
      {"XTRIM s MAXLEN ~ 555", ":400"},
      {"XLEN s", ":600"},
      {"XTRIM s MAXLEN ~ 555", ":0"},
      {"XTRIM s MAXLEN = 555", ":45"},
      {"XTRIM s MAXLEN ~ 444", ":55"},
      {"XLEN s", ":500"},
      {"XTRIM s MINID ~ 600-1", ":0"},
      {"XTRIM s MINID ~ 601-1", ":100"},
      {"XRANGE s - + COUNT 1", "[[601-1 [f v]]]"},
  });
}

TEST_F(XtrimTest, StopsBeforeTheNodeThatWouldExceedTheLimit) {
  for (int i = 1; i <= 1000; ++i) run_unchecked("XADD s " + std::to_string(i) + "-1 f v");
  expect({
      {"XTRIM s MAXLEN ~ 0 LIMIT 99", ":0"},
      {"XTRIM s MAXLEN ~ 0 LIMIT 100", ":100"},
      {"XTRIM s MAXLEN ~ 0 LIMIT 250", ":200"},
      {"XTRIM s MINID ~ 2000 LIMIT 199", ":100"},
      {"XTRIM s MAXLEN ~ 0 LIMIT 0", ":600"},
  });
}

TEST_F(XtrimTest, LimitsACallToAHundredNodesWithoutLimit) {
  host().change_settings().stream_node_max_entries = 2;
  for (int i = 1; i <= 500; ++i) run_unchecked("XADD s " + std::to_string(i) + "-1 f v");
  expect({
      {"XTRIM s MAXLEN ~ 0", ":200"},
      {"XTRIM s MAXLEN 50", ":250"},
      {"XTRIM s MAXLEN ~ 0", ":50"},
  });
}

TEST_F(XtrimTest, CountsDeletedEntriesOfANodeAsFull) {
  host().change_settings().stream_node_max_entries = 4;
  for (int i = 1; i <= 4; ++i) run("XADD s " + std::to_string(i) + "-1 f v");
  expect({
      {"XDEL s 2-1 3-1", ":2"},
      {"XADD s 5-1 f v", "5-1"},  // Opens the second node: deleted entries still take their places.
      {"XTRIM s MAXLEN ~ 1", ":2"},  // The first node holds two.
      {"XRANGE s - +", "[[5-1 [f v]]]"},
  });
}

TEST_F(XtrimTest, EndsNodesByBytesToo) {
  host().change_settings().stream_node_max_bytes = 100;
  for (int i = 1; i <= 4; ++i) {
    run_words("main", {"XADD", "s", std::to_string(i) + "-1", "f", std::string(60, 'x')});
  }
  EXPECT_EQ(run("XTRIM s MAXLEN ~ 1"), ":3");
}

}  // namespace
}  // namespace leat
