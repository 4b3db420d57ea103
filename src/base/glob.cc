#include "base/glob.h"

#include <utility>

namespace leat {
namespace {

// How one element of a pattern that stands for one byte fared against it.
struct Step {
  bool matches = false;
  size_t end = 0;  // Where the next element begins.
};

class Matcher {
 public:
  Matcher(Bytes pattern, LetterCase letter_case)
      : pattern_(pattern), fold_(letter_case == LetterCase::kIgnored) {}

  [[nodiscard]] bool is_star(size_t at) const {
    return at < pattern_.size() && pattern_[at] == '*';
  }

  // The element at `at`, which is not a star, against `byte`.
  [[nodiscard]] Step match(size_t at, char byte) const {
    if (at == pattern_.size()) return {};
    switch (pattern_[at]) {
      case '?':
        return {true, at + 1};
      case '[':
        return match_set(at + 1, byte);
      case '\\':
        if (at + 1 < pattern_.size()) ++at;
        break;
      default:
        break;
    }
    return {folded(pattern_[at]) == folded(byte), at + 1};
  }

 private:
  [[nodiscard]] signed char folded(char byte) const {
    if (fold_ && byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
    return static_cast<signed char>(byte);
  }

  // An escaped member keeps its case even where case is ignored.
  [[nodiscard]] Step match_set(size_t at, char byte) const {
    const bool negated = at < pattern_.size() && pattern_[at] == '^';
    if (negated) ++at;
    bool found = false;
    while (at < pattern_.size() && pattern_[at] != ']') {
      const size_t left = pattern_.size() - at;
      if (pattern_[at] == '\\' && left >= 2) {
        found |= pattern_[at + 1] == byte;
        at += 2;
      } else if (left >= 3 && pattern_[at + 1] == '-') {
        found |= in_range(pattern_[at], pattern_[at + 2], byte);
        at += 3;
      } else {
        found |= folded(pattern_[at]) == folded(byte);
        ++at;
      }
    }
    if (at < pattern_.size()) ++at;  // The bracket.
    return {found != negated, at};
  }

  [[nodiscard]] bool in_range(char first, char last, char byte) const {
    if (static_cast<signed char>(first) > static_cast<signed char>(last)) std::swap(first, last);
    return folded(first) <= folded(byte) && folded(byte) <= folded(last);
  }

  Bytes pattern_;
  bool fold_;
};

}  // namespace

bool glob_matches(Bytes pattern, Bytes text, LetterCase letter_case) {
  if (text.empty()) return pattern.empty() || pattern == "*";
  const Matcher matcher(pattern, letter_case);
  size_t at = 0;
  size_t after_star = Bytes::npos;  // Behind the last star passed.
  size_t covered = 0;               // How much of the text precedes what that star leaves over.
  size_t read = 0;
  while (read < text.size()) {
    if (matcher.is_star(at)) {
      after_star = ++at;
      covered = read;
      if (at == pattern.size()) return true;
      continue;
    }
    const Step step = matcher.match(at, text[read]);
    if (step.matches) {
      at = step.end;
      ++read;
    } else if (after_star == Bytes::npos) {
      return false;
    } else {
      at = after_star;
      read = ++covered;
    }
  }
  while (matcher.is_star(at)) ++at;
  return at == pattern.size();
}

}  // namespace leat
