// Random fields and members: HRANDFIELD, SRANDMEMBER and SPOP.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_set.h>

#include "base/numbers.h"
#include "command/context.h"
#include "engine/field_map.h"

namespace leat {

constexpr Bytes kErrOutOfRangeValue = "ERR value is out of range";

// With repeats a client can ask for any number; a reply of more than this is refused.
constexpr uint64_t kPicksMax = 10'000'000;

struct PickCount {
  uint64_t count = 0;
  bool repeats = false;  // The count was negative: so many independent picks.
};

// False after the error has been replied.
[[nodiscard]] inline bool read_pick_count(Context& context, Bytes word, PickCount& asked) {
  const auto count = parse_int64(word);
  if (!count) {
    context.error(kErrNotInteger);
    return false;
  }
  asked.repeats = *count < 0;
  asked.count = asked.repeats ? 0 - static_cast<uint64_t>(*count) : static_cast<uint64_t>(*count);
  if (asked.repeats && asked.count > kPicksMax) {
    context.error(kErrOutOfRangeValue);
    return false;
  }
  return true;
}

// Picks from a map that is not empty. Different ones are a random subset: by trial while few are asked for, else by
// shuffling all. O(count), or O(size) when most are asked for.
template <typename Value>
[[nodiscard]] std::vector<std::pair<const std::string*, const Value*>> pick_fields(
    const FieldMap<Value>& map, const PickCount& asked, Host& host) {
  using Pick = std::pair<const std::string*, const Value*>;
  std::vector<Pick> picks;
  if (asked.repeats) {
    for (uint64_t i = 0; i < asked.count; ++i) picks.push_back(map.pick(host.random()));
    return picks;
  }
  if (asked.count < map.size() / 4) {
    absl::flat_hash_set<const std::string*> taken;
    while (picks.size() < asked.count) {
      const Pick pick = map.pick(host.random());
      if (taken.insert(pick.first).second) picks.push_back(pick);
    }
    return picks;
  }
  map.visit(
      [&picks](const std::string& name, const Value& value) { picks.emplace_back(&name, &value); });
  if (asked.count >= picks.size()) return picks;
  for (size_t i = 0; i < asked.count; ++i)
    std::swap(picks[i], picks[i + host.random() % (picks.size() - i)]);
  picks.resize(asked.count);
  return picks;
}

}  // namespace leat
