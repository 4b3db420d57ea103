#include "fuzz/words.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/numbers.h"
#include "base/split_arguments.h"
#include "command/command_table.h"

namespace leat::fuzz {
namespace {

constexpr size_t kWordBytesMax = 1 << 16;  // Of a repeated text.
constexpr size_t kPlainBytesMax = 32;      // A longer run of one byte is written as a repetition.

// What commands understand besides their own names. The first ones are the names of things, and drawn more often.
constexpr size_t kNames = 8;
constexpr Bytes kVocabulary = R"(s k t g c d f v STREAMS
GROUP BLOCK COUNT NOACK MKSTREAM ENTRIESREAD MAXLEN MINID NOMKSTREAM LIMIT = ~ * IDLE TIME RETRYCOUNT FORCE JUSTID LASTID KEEPREF DELREF ACKED IDS MAXCOUNT MAXSIZE SILENT FAIL FATAL
FULL ENTRIESADDED MAXDELETEDID CREATE CREATECONSUMER DELCONSUMER DESTROY SETID STREAM GROUPS CONSUMERS HELP
NX XX GT LT EX PX EXAT PXAT KEEPTTL PERSIST GET REPLACE DB ASYNC SYNC MATCH TYPE WITHVALUES
ON OFF SKIP SKIPME YES NO ID ADDR USER default AUTH SETNAME TIMEOUT ERROR WRITE ALL normal pubsub lib-name
REDIRECT PREFIX BCAST OPTIN OPTOUT NOLOOP
FILTERBY ACLCAT PATTERN MODULE stream NOSAVE NOW ABORT SAMPLES
appendfsync everysec always maxmemory maxmemory-policy allkeys-lru volatile-ttl maxmemory-samples requirepass timeout stream-node-max-entries stream-node-max-bytes slowlog-log-slower-than
tracking-table-max-keys client-output-buffer-limit client-query-buffer-limit latency-monitor-threshold latency-tracking 1mb
0 1 2 3 -1 -2 5 6 15 16 100 1000 4294967295 4294967296 9223372036854775807 9223372036854775808 -9223372036854775808
-9223372036854775809 18446744073709551615 18446744073709551616 0.5 1e300 nan -inf
0-0 0-1 1-0 1-1 2-0 3-3 1-* 2-* 0-* - + $ > (1-1 (0-0 (+ 1700000000000-0 1700000000000-*
18446744073709551615-* 18446744073709551615-18446744073709551615 18446744073709551615-0 0-18446744073709551615
1-18446744073709551615 (18446744073709551615-18446744073709551615
"" "\r\n" "a\r\n-ERR b\r\n" [a-z]* ? "\\" news *s* "\xff\xfe"
)";
constexpr Bytes kNumbers[] = {
    "0",
    "1",
    "-1",
    "01",
    "+1",
    "-0",
    "",
    "x",
    "1e300",
    "nan",
    "inf",
    "2147483647",
    "2147483648",
    "-2147483648",
    "4294967296",
    "4611686018427387904",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
};
constexpr Bytes kIds[] = {"-",
                          "+",
                          "$",
                          ">",
                          "*",
                          "0-0",
                          "0-1",
                          "1-*",
                          "5-0",
                          "(1",
                          "(-",
                          "(0-0",
                          "007-08",
                          "+5",
                          "5-+6",
                          "9--0",
                          "9--01",
                          "5-",
                          "-5",
                          "--",
                          "6-1-1",
                          "5-99999999999999999999",
                          "18446744073709551615-18446744073709551615"};
constexpr size_t kTimes[] = {2, 7, 8, 9, 10, 100, 1'000, 1'000, 20'000};

// The next token of `rest`, quotes included, which is taken from it.
Bytes take_token(Bytes& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
  char quote = 0;
  size_t end = 0;
  for (; end < rest.size(); ++end) {
    const char byte = rest[end];
    if (quote == 0 && kBlanks.find(byte) != Bytes::npos) break;
    if (byte == '\\' && quote == '"') {
      ++end;
    } else if (byte == quote) {
      quote = 0;
    } else if (quote == 0 && (byte == '"' || byte == '\'')) {
      quote = byte;
    }
  }
  const Bytes token = rest.substr(0, end);
  rest.remove_prefix(token.size());
  return token;
}

// Of `"x"*200`, which becomes `"x"`, 200; of others 1.
size_t take_repetition(Bytes& token) {
  const size_t star = token.rfind("\"*");
  if (!token.starts_with('"') || star == Bytes::npos || star == 0) return 1;
  const auto times = parse_uint64(token.substr(star + 2));
  if (!times) return 1;
  token = token.substr(0, star + 1);
  return *times;
}

bool append_plain(Bytes text, std::vector<std::string>& words) {
  std::string storage;
  std::vector<Bytes> parts;
  if (!split_arguments(text, storage, parts)) return false;
  words.insert(words.end(), parts.begin(), parts.end());
  return true;
}

const std::vector<std::string>& vocabulary() {
  static const std::vector<std::string> kWords = split_words(kVocabulary);
  return kWords;
}

}  // namespace

size_t below(Chance& chance, size_t bound) {
  return bound == 0 ? 0 : chance() % bound;
}

std::vector<std::string> split_words(Bytes line) {
  std::vector<std::string> words;
  if (line.find("\"*") == Bytes::npos) {
    return append_plain(line, words) ? words : std::vector<std::string>{};
  }
  while (true) {
    Bytes token = take_token(line);
    if (token.empty()) return words;
    const size_t times = take_repetition(token);
    if (!append_plain(token, words)) return {};
    if (times == 1) continue;
    const std::string text = std::move(words.back());
    words.back() = "";
    for (size_t i = 0; i < times && words.back().size() + text.size() <= kWordBytesMax; ++i) {
      words.back() += text;
      if (text.empty()) break;
    }
  }
}

std::string quoted(Bytes word) {
  if (word.size() > kPlainBytesMax && word.find_first_not_of(word[0]) == Bytes::npos) {
    const std::string byte = quoted(word.substr(0, 1));
    return fmt::format("{}*{}", byte[0] == '"' ? byte : '"' + byte + '"', word.size());
  }
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char byte) {
    return byte > ' ' && byte < '\x7f' && byte != '"' && byte != '\'' && byte != '\\';
  });
  if (plain) return std::string(word);
  std::string text = "\"";
  for (const char byte : word) {
    if (byte == '"' || byte == '\\') text += '\\';
    if (byte >= ' ' && byte < '\x7f') {
      text += byte;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return text + '"';
}

std::string drawn_word(Chance& chance) {
  const uint64_t kind = below(chance, 16);
  if (kind == 0) return std::to_string(below(chance, 300));
  if (kind == 1) return fmt::format("{}-{}", below(chance, 12), below(chance, 4));
  if (kind == 2) return std::string(drawn(all_commands(), chance)->name);
  if (kind == 3) return std::string(below(chance, 200), 'x');
  return vocabulary()[below(chance, kind < 8 ? kNames : vocabulary().size())];
}

std::string drawn_number(Chance& chance) {
  if (once_in(chance, 2)) return std::to_string(below(chance, once_in(chance, 4) ? 2'000 : 12));
  return std::string(drawn(kNumbers, chance));
}

std::string drawn_id(Chance& chance) {
  if (once_in(chance, 4)) return std::string(drawn(kIds, chance));
  return fmt::format("{}-{}", below(chance, 12), once_in(chance, 4) ? below(chance, 4) : 0);
}

size_t drawn_times(Chance& chance) {
  return once_in(chance, 3) ? drawn(kTimes, chance) : 1;
}

}  // namespace leat::fuzz
