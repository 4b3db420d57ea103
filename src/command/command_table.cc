#include "command/command_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>

namespace leat {
namespace {

// Eight ASCII bytes at once, upper case to lower case.
uint64_t lower_eight(uint64_t bytes) {
  const uint64_t sevens = bytes & 0x7f7f'7f7f'7f7f'7f7f;
  const uint64_t from_a = sevens + 0x3f3f'3f3f'3f3f'3f3f;   // The top bit is set from 'A' on,
  const uint64_t above_z = sevens + 0x2525'2525'2525'2525;  // and here above 'Z'.
  const uint64_t upper = ~bytes & (from_a ^ above_z) & 0x8080'8080'8080'8080;
  return bytes | upper >> 2;
}

// Up to eight bytes as one word, zeros behind them. Loads that overlap instead of a copy: reading back at once what
// was just written in smaller portions stalls the processor.
uint64_t load_eight(const char* at, size_t size) {
  if (size >= sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    return word;
  }
  if (size >= sizeof(uint32_t)) {
    uint32_t low = 0;
    uint32_t high = 0;
    std::memcpy(&low, at, sizeof(low));
    std::memcpy(&high, at + size - sizeof(high), sizeof(high));
    return low | uint64_t{high} << 8 * (size - sizeof(high));
  }
  uint64_t word = 0;
  for (size_t i = 0; i < size; ++i) word |= uint64_t{static_cast<uint8_t>(at[i])} << 8 * i;
  return word;
}

// A name in lower case as words.
struct LowerName {
  uint64_t first = 0;
  uint64_t second = 0;
  uint64_t third = 0;
  size_t size = 0;

  friend bool operator==(const LowerName&, const LowerName&) = default;
};
constexpr size_t kNameMax = 24;  // Longer words name no command.

// Requires name.size() <= kNameMax.
LowerName lower_name(Bytes name) {
  LowerName lower{.size = name.size()};
  lower.first = lower_eight(load_eight(name.data(), name.size()));
  if (name.size() > 8) lower.second = lower_eight(load_eight(name.data() + 8, name.size() - 8));
  if (name.size() > 16) lower.third = lower_eight(load_eight(name.data() + 16, name.size() - 16));
  return lower;
}

// Commands by name: open addressing, a few times cheaper than a general table, as keys are whole words and nothing
// is ever added after the start.
class NameIndex {
 public:
  // False when there is one of that name.
  bool add(const CommandSpec& spec) {
    LEAT_CHECK(++size_ <= kSlots / 2);
    const LowerName name = lower_name(spec.name);
    size_t at = first_slot(name);
    for (; slots_[at].spec != nullptr; at = (at + 1) % kSlots) {
      if (slots_[at].name == name) return false;
    }
    slots_[at] = {name, &spec};
    return true;
  }
  [[nodiscard]] const CommandSpec* find(const LowerName& name) const {
    size_t at = first_slot(name);
    while (slots_[at].spec != nullptr && slots_[at].name != name) at = (at + 1) % kSlots;
    return slots_[at].spec;
  }

 private:
  static constexpr size_t kSlotBits = 10;
  static constexpr size_t kSlots = size_t{1} << kSlotBits;
  struct Slot {
    LowerName name;
    const CommandSpec* spec = nullptr;
  };

  static size_t first_slot(const LowerName& name) {
    constexpr uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;  // 2^64 divided by the golden ratio.
    const uint64_t mixed = name.first ^ std::rotl(name.second, 23) ^ std::rotl(name.third, 46);
    return mixed * kOdd >> (64 - kSlotBits);
  }

  std::vector<Slot> slots_ = std::vector<Slot>(kSlots);
  size_t size_ = 0;
};

struct Table {
  std::vector<const CommandSpec*> rows;
  NameIndex by_name;
  absl::flat_hash_map<const CommandSpec*, std::string> full_names;  // Of subcommands.
};

void add_row(Table& table, const CommandSpec& row) {
  LEAT_CHECK(row.name.size() <= kNameMax);
  LEAT_CHECK(table.by_name.add(row));
  table.rows.push_back(&row);
  for (const CommandSpec& subcommand : row.subcommands) {
    table.full_names.emplace(&subcommand,
                             std::string(row.name) + '|' + std::string(subcommand.name));
  }
}

Table build_table() {
  Table table;
  for (const auto family :
       {stream_commands(), key_commands(), string_commands(), hash_commands(), set_commands(),
        pubsub_commands(), transaction_commands(), connection_commands(), server_commands()}) {
    for (const CommandSpec& row : family) add_row(table, row);
  }
  std::sort(table.rows.begin(), table.rows.end(),
            [](const CommandSpec* a, const CommandSpec* b) { return a->name < b->name; });
  return table;
}

const Table& table() {
  static const Table kTable = build_table();
  return kTable;
}

}  // namespace

const CommandSpec* find_command(Bytes name) {
  if (name.size() > kNameMax) return nullptr;
  return table().by_name.find(lower_name(name));
}

const CommandSpec* find_subcommand(const CommandSpec& container, Bytes name) {
  if (name.size() > kNameMax) return nullptr;
  const LowerName wanted = lower_name(name);
  for (const CommandSpec& row : container.subcommands) {
    if (lower_name(row.name) == wanted) return &row;
  }
  return nullptr;
}

const CommandSpec* find_by_full_name(Bytes name) {
  const size_t bar = name.find('|');
  const CommandSpec* const container = find_command(name.substr(0, bar));
  if (container == nullptr || bar == Bytes::npos) return container;
  return find_subcommand(*container, name.substr(bar + 1));
}

std::string_view full_name(const CommandSpec& spec) {
  const auto found = table().full_names.find(&spec);
  return found == table().full_names.end() ? spec.name : std::string_view(found->second);
}

std::span<const CommandSpec* const> all_commands() {
  return table().rows;
}

uint32_t categories(const CommandSpec& spec) {
  const auto implied = [flags = spec.flags](uint32_t flag, uint32_t category) {
    return (flags & flag) != 0 ? category : 0;
  };
  return spec.categories | implied(kReadonly, kAclRead) | implied(kWrite, kAclWrite) |
         implied(kAdmin, kAclAdmin | kAclDangerous) | implied(kPubSub, kAclPubSub) |
         implied(kBlocking, kAclBlocking) | implied(kFast, kAclFast) |
         ((spec.flags & kFast) == 0 ? kAclSlow : 0U);
}

}  // namespace leat
