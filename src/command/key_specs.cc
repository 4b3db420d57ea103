#include "command/key_specs.h"

#include <algorithm>
#include <optional>

#include "base/numbers.h"

namespace leat {
namespace {

// Keys stand at words first, first + step, ... before end.
struct KeyWords {
  size_t first = 0;
  size_t end = 0;
  size_t step = 1;
};

std::optional<KeyWords> range_of(const KeySpec& spec, const Arguments& words) {
  const auto size = static_cast<int>(words.size());
  const int last = spec.last < 0 ? size + spec.last : spec.last;
  if (last < spec.first || last >= size) return std::nullopt;
  return KeyWords{.first = static_cast<size_t>(spec.first),
                  .end = static_cast<size_t>(last) + 1,
                  .step = static_cast<size_t>(spec.step)};
}

std::optional<KeyWords> counted(const KeySpec& spec, const Arguments& words) {
  const size_t first = static_cast<size_t>(spec.first) + 1;
  const auto count = first > words.size() ? std::nullopt : parse_int64(words[first - 1]);
  if (!count || *count <= 0 || static_cast<uint64_t>(*count) > words.size() - first)
    return std::nullopt;
  return KeyWords{.first = first, .end = first + static_cast<size_t>(*count)};
}

// Of XREAD and XREADGROUP: the first half of what follows STREAMS. Options are parsed, not searched: a group or consumer
// may be called STREAMS.
std::optional<KeyWords> behind_keyword(const KeySpec& spec, const Arguments& words) {
  size_t i = 1;
  while (i < words.size() && !same_word(words[i], spec.keyword)) {
    if (same_word(words[i], "group")) {
      i += 3;
    } else if (same_word(words[i], "noack")) {
      i += 1;
    } else {
      i += 2;  // BLOCK, COUNT and others
    }
  }
  const size_t first = i + 1;
  if (first >= words.size() || (words.size() - first) % 2 != 0) return std::nullopt;
  return KeyWords{.first = first, .end = first + (words.size() - first) / 2};
}

std::optional<KeyWords> find(const KeySpec& spec, const Arguments& words) {
  switch (spec.find) {
    case KeySpec::Find::kRange:
      return range_of(spec, words);
    case KeySpec::Find::kCounted:
      return counted(spec, words);
    case KeySpec::Find::kKeyword:
      return behind_keyword(spec, words);
  }
  return std::nullopt;
}

// Of SET: with GET it reads what it overwrites.
uint16_t flags_for(const KeySpec& spec, const Arguments& words) {
  if ((spec.flags & key_flags("variable_flags")) == 0) return spec.flags;
  for (size_t i = 3; i < words.size(); ++i) {
    if (same_word(words[i], "get")) return key_flags("RW access update");
  }
  return key_flags("OW update");
}

}  // namespace

KeyRange KeySpecs::range() const {
  KeyRange range;
  for (const KeySpec& spec : all()) {
    if (spec.find != KeySpec::Find::kRange) continue;
    if (range.first == 0) range = {.first = spec.first, .last = spec.last, .step = spec.step};
    range.last = spec.last < 0 ? spec.last : std::max(range.last, spec.last);
  }
  return range;
}

std::vector<KeyAt> find_keys(const KeySpecs& specs, const Arguments& words) {
  std::vector<KeyAt> keys;
  for (const KeySpec& spec : specs.all()) {
    if (!spec.is_key()) continue;
    const auto found = find(spec, words);
    if (!found) return {};
    for (size_t i = found->first; i < found->end; i += found->step)
      keys.push_back({.word = i, .flags = flags_for(spec, words)});
  }
  return keys;
}

}  // namespace leat
