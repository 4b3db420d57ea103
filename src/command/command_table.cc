#include "command/command_table.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <absl/container/flat_hash_map.h>
#include <absl/hash/hash.h>

namespace leat {
namespace {

std::string lower(Bytes word) {
  std::string text(word);
  for (char& byte : text) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte + 32);
  }
  return text;
}

constexpr size_t kNameMax = 64;  // Longer words name no command.

struct Table {
  std::vector<const CommandSpec*> rows;
  absl::flat_hash_map<std::string_view, const CommandSpec*> by_name;
  absl::flat_hash_map<const CommandSpec*, std::string> full_names;  // Of subcommands.
};

const Table& table() {
  static const Table built = [] {
    Table table;
    for (const auto family :
         {stream_commands(), key_commands(), string_commands(), hash_commands(), set_commands(),
          pubsub_commands(), transaction_commands(), connection_commands(), server_commands()}) {
      for (const CommandSpec& row : family) {
        LEAT_CHECK(table.by_name.emplace(row.name, &row).second);
        table.rows.push_back(&row);
        for (const CommandSpec& subcommand : row.subcommands) {
          table.full_names.emplace(&subcommand,
                                   std::string(row.name) + '|' + std::string(subcommand.name));
        }
      }
    }
    std::sort(table.rows.begin(), table.rows.end(),
              [](const CommandSpec* a, const CommandSpec* b) { return a->name < b->name; });
    return table;
  }();
  return built;
}

}  // namespace

const CommandSpec* find_command(Bytes name) {
  if (name.size() > kNameMax) return nullptr;
  char folded[kNameMax];
  for (size_t i = 0; i < name.size(); ++i) {
    folded[i] = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] + 32) : name[i];
  }
  const auto& by_name = table().by_name;
  const auto found = by_name.find(Bytes(folded, name.size()));
  return found == by_name.end() ? nullptr : found->second;
}

const CommandSpec* find_subcommand(const CommandSpec& container, Bytes name) {
  const std::string wanted = lower(name.substr(0, kNameMax + 1));
  for (const CommandSpec& row : container.subcommands) {
    if (row.name == wanted) return &row;
  }
  return nullptr;
}

std::string_view full_name(const CommandSpec& spec) {
  const auto found = table().full_names.find(&spec);
  return found == table().full_names.end() ? spec.name : std::string_view(found->second);
}

std::span<const CommandSpec* const> all_commands() {
  return table().rows;
}

std::vector<size_t> key_positions(const CommandSpec& spec, const Arguments& words) {
  if (spec.find_keys != nullptr) return spec.find_keys(words);
  std::vector<size_t> positions;
  if (spec.keys.first == 0) return positions;
  const auto size = static_cast<int>(words.size());
  const int last = spec.keys.last < 0 ? size + spec.keys.last : spec.keys.last;
  for (int i = spec.keys.first; i <= last && i < size; i += spec.keys.step) {
    positions.push_back(static_cast<size_t>(i));
  }
  return positions;
}

}  // namespace leat
