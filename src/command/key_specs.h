// KeySpecs: where the keys of a command stand among its words, and what it does to each.
//
// A row says it as text, which is read at compile time:
//   "1 RW update"            word 1
//   "1..-1 RM delete"        words 1 to the last
//   "1..-1/2 OW update"      every second of them
//   "1# RO access"           as many as word 1 says, behind it
//   "STREAMS@4 RO access"    the first half of what follows STREAMS, which stands at word 4 or behind it
//   "1 RO access, 2 OW update"
// Source     redis.io/docs/latest/develop/reference/key-specs
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "command/arguments.h"

namespace leat {

// What a command does to a key, flag i is bit i: reads, reads and writes, overwrites or removes it; replies,
// changes, adds to or deletes what it holds. Then: it is a channel; the flags depend on other words.
constexpr std::array<std::string_view, 10> kKeyFlagNames = {
    "RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key", "variable_flags"};

// The bits of names with a blank between them.
consteval uint16_t key_flags(std::string_view names) {
  uint16_t flags = 0;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(' '));
    names.remove_prefix(name.size() == names.size() ? names.size() : name.size() + 1);
    size_t i = 0;
    while (kKeyFlagNames.at(i) != name) ++i;
    flags = static_cast<uint16_t>(flags | 1U << i);
  }
  return flags;
}

struct KeySpec {
  enum class Find : uint8_t { kRange, kCounted, kKeyword };

  Find find = Find::kRange;
  uint16_t flags = 0;
  // kRange: of the keys; kCounted: the word with their number; kKeyword: where its search begins.
  int first = 0;
  int last = 0;  // kRange: negative counts from the end, -1 is the last word.
  int step = 1;
  std::string_view keyword;

  [[nodiscard]] constexpr bool is_key() const { return (flags & key_flags("not_key")) == 0; }
};

// What COMMAND showed before there were specifications; first 0: none.
struct KeyRange {
  int first = 0;
  int last = 0;
  int step = 0;
};

class KeySpecs {
 public:
  constexpr KeySpecs() = default;
  // A text that says nothing of the above does not compile.
  // NOLINTNEXTLINE(google-explicit-constructor): a row has the text as it is.
  consteval KeySpecs(const char* text) {
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::string_view one = rest.substr(0, rest.find(','));
      rest.remove_prefix(one.size() == rest.size() ? rest.size() : one.size() + 2);
      specs_.at(size_++) = read(one);
    }
  }

  [[nodiscard]] std::span<const KeySpec> all() const { return {specs_.data(), size_}; }
  [[nodiscard]] KeyRange range() const;

 private:
  static consteval int number(std::string_view& text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    int value = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      value = 10 * value + (text.front() - '0');
      text.remove_prefix(1);
    }
    return negative ? -value : value;
  }
  static consteval KeySpec read(std::string_view text) {
    KeySpec spec;
    if (const size_t at = text.find('@'); at != std::string_view::npos) {
      spec.find = KeySpec::Find::kKeyword;
      spec.keyword = text.substr(0, at);
      text.remove_prefix(at + 1);
    }
    spec.first = spec.last = number(text);
    if (text.starts_with('#')) {
      spec.find = KeySpec::Find::kCounted;
      text.remove_prefix(1);
    } else if (text.starts_with("..")) {
      text.remove_prefix(2);
      spec.last = number(text);
    }
    if (text.starts_with('/')) {
      text.remove_prefix(1);
      spec.step = number(text);
    }
    spec.flags = key_flags(text.substr(1));
    return spec;
  }

  std::array<KeySpec, 2> specs_;
  size_t size_ = 0;
};

// A key among the words of a command.
struct KeyAt {
  size_t word = 0;
  uint16_t flags = 0;
};

// The keys among `words`, by specification; empty when the words are not such that they could be told.
[[nodiscard]] std::vector<KeyAt> find_keys(const KeySpecs& specs, const Arguments& words);

}  // namespace leat
