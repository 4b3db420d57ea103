#include "fuzz/command_script.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/command_table.h"
#include "fuzz/command_grammar.h"
#include "fuzz/reader_scenes.h"

namespace leat::fuzz {
namespace {

constexpr uint64_t kRepeatsMax = 12;
constexpr Bytes kIndex = "<i>";

// A command of the table with as many words as it needs, or a few more: any words.
std::vector<std::string> drawn_words(Chance& chance) {
  const CommandSpec* spec = all_commands()[below(chance, all_commands().size())];
  std::vector<std::string> words{std::string(spec->name)};
  if (!spec->subcommands.empty() && below(chance, 16) != 0) {
    spec = &spec->subcommands[below(chance, spec->subcommands.size())];
    words.emplace_back(spec->name);
  }
  size_t size = static_cast<size_t>(std::abs(spec->arity));
  if (spec->arity < 0) size += below(chance, 5);
  while (words.size() < size) words.push_back(drawn_word(chance));
  return words;
}

// ---- Text

size_t client_of(Bytes name) {
  if (name.empty() || name[0] < 'A') return 0;
  return 1 + static_cast<size_t>(name[0] - 'A') % (kClients - 1);
}

std::string client_name(size_t client) {
  return client == 0 ? "" : std::string(1, static_cast<char>('A' + client - 1));
}

bool is_name(Bytes text) {
  return text.empty() ||
         (text[0] >= 'A' && text[0] <= 'Z' && text.find_first_of(" \t\"'") == Bytes::npos);
}

std::string counted(std::string word, uint64_t i) {
  const size_t at = word.find(kIndex);
  if (at != std::string::npos) word.replace(at, kIndex.size(), std::to_string(i));
  return word;
}

void parse_repeat(const std::vector<std::string>& words, Script& script) {
  const auto times = parse_uint64(words[1]);
  for (uint64_t i = 1; times && i <= std::min(*times, kRepeatsMax); ++i) {
    Step step{.words = {words.begin() + 2, words.end()}};
    for (std::string& word : step.words) word = counted(std::move(word), i);
    script.push_back(std::move(step));
  }
}

void parse_instruction(Bytes text, Script& script) {
  const std::vector<std::string> words = split_words(text);
  if (words.size() == 2 && words[0] == "wait") {
    script.push_back({Step::Kind::kWait, 0, {words[1]}});
  } else if (!words.empty() && words.size() <= 2 && words[0] == "close") {
    script.push_back({Step::Kind::kClose, client_of(words.size() == 2 ? words[1] : ""), {}});
  } else if (words.size() > 2 && words[0] == "repeat") {
    parse_repeat(words, script);
  }
}

void parse_line(Bytes line, Script& script) {
  if (line.starts_with("! ")) return parse_instruction(line.substr(2), script);
  const size_t sign = line.find('>');
  if (sign == Bytes::npos || !is_name(line.substr(0, sign))) return;
  Bytes rest = line.substr(sign + 1);
  Step step{.client = client_of(line.substr(0, sign))};
  if (rest.starts_with(">")) {
    step.kind = Step::Kind::kBytes;
    rest.remove_prefix(1);
  }
  if (!rest.starts_with(" ")) return;  // The reply `>["message" ...]`.
  step.words = split_words(rest);
  if (!step.words.empty()) script.push_back(std::move(step));
}

// ---- Changes

void mutate_word(std::string& word, Chance& chance) {
  switch (below(chance, 4)) {
    case 0:
      if (!word.empty()) word.erase(below(chance, word.size()), 1);
      return;
    case 1:
      word.insert(below(chance, word.size() + 1), 1, static_cast<char>(chance()));
      return;
    case 2:
      if (!word.empty()) {
        char& changed = word[below(chance, word.size())];
        changed = static_cast<char>(static_cast<uint8_t>(changed) ^ (1U << below(chance, 8)));
      }
      return;
    default:
      if (const auto number = parse_int64(word)) {
        word = std::to_string(static_cast<uint64_t>(*number) + below(chance, 5) - 2);
      } else {
        word += drawn_word(chance);
      }
  }
}

void mutate_words(std::vector<std::string>& words, Chance& chance) {
  if (once_in(chance, 2)) mutate_call(words, chance);
  if (words.empty() || once_in(chance, 2)) return;
  const size_t at = below(chance, words.size());
  switch (below(chance, 6)) {
    case 0:
    case 1:
      words[at] = drawn_word(chance);
      break;
    case 2:
      words.insert(words.begin() + static_cast<ptrdiff_t>(at + 1), drawn_word(chance));
      break;
    case 3:
      if (words.size() > 1) words.erase(words.begin() + static_cast<ptrdiff_t>(at));
      break;
    case 4:
      std::swap(words[at], words[below(chance, words.size())]);
      break;
    default:
      mutate_word(words[at], chance);
  }
}

Step drawn_step(const Script& script, Chance& chance) {
  const size_t client = below(chance, 3) == 0 ? below(chance, kClients) : below(chance, 2);
  const uint64_t kind = below(chance, 16);
  if (kind == 0) return {Step::Kind::kWait, 0, {std::to_string(1 << below(chance, 20))}};
  if (kind == 1) return {Step::Kind::kClose, client, {}};
  if (kind < 8 && !script.empty()) {
    Step step = script[below(chance, script.size())];
    if (step.kind != Step::Kind::kWait) step.client = client;
    return step;
  }
  return {Step::Kind::kCommand, client,
          once_in(chance, 4) ? drawn_words(chance) : drawn_call(chance)};
}

// The place of what ends the group that begins at `begin`, and how often it stands there; the number of words if none does.
size_t end_of_group(const std::vector<std::string>& words, size_t begin, size_t& times) {
  if (words[begin] != kGroupBegin) return words.size();
  size_t end = begin + 1;
  while (end < words.size() && !words[end].starts_with(kGroupEnd)) ++end;
  if (end == words.size()) return end;
  const auto number = parse_uint64(Bytes(words[end]).substr(kGroupEnd.size()));
  times = number.value_or(1);
  return end;
}

}  // namespace

std::vector<std::string> expanded(const std::vector<std::string>& words, size_t max) {
  std::vector<std::string> out;
  for (size_t at = 0; at < words.size(); ++at) {
    size_t times = 0;
    const size_t end = end_of_group(words, at, times);
    if (end == words.size()) {
      out.push_back(words[at]);
      continue;
    }
    const size_t size = end - at - 1;
    if (times > max || out.size() + times * size > max) return {};
    for (uint64_t i = 1; i <= times; ++i) {
      for (size_t word = at + 1; word < end; ++word) out.push_back(counted(words[word], i));
    }
    at = end;
  }
  return out.size() > max ? std::vector<std::string>{} : out;
}

Script parse_script(Bytes text) {
  Script script;
  while (!text.empty()) {
    const Bytes line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    parse_line(line, script);
  }
  return script;
}

std::string script_text(const Script& script) {
  std::string text;
  for (const Step& step : script) {
    switch (step.kind) {
      case Step::Kind::kWait:
        text += "! wait " + quoted(step.words[0]);
        break;
      case Step::Kind::kClose:
        text += "! close " + client_name(step.client);
        break;
      case Step::Kind::kCommand:
      case Step::Kind::kBytes:
        text += client_name(step.client) + (step.kind == Step::Kind::kBytes ? ">>" : ">");
        for (const std::string& word : step.words) text += ' ' + quoted(word);
        break;
    }
    text += '\n';
  }
  return text;
}

void mutate_script(Script& script, Chance& chance) {
  const size_t at = below(chance, script.size());
  const auto place = script.begin() + static_cast<ptrdiff_t>(at);
  if (once_in(chance, 24)) return add_readers(script, at, chance);
  const uint64_t kind = script.empty() ? 0 : below(chance, 16);
  if (kind < 4) {
    script.insert(place, drawn_step(script, chance));
  } else if (kind == 4) {
    script.erase(place);
  } else if (kind == 5) {
    std::swap(*place, script[below(chance, script.size())]);
  } else if (kind == 6) {
    place->client = below(chance, kClients);
  } else if (kind == 7 && script.size() > 2) {
    // Most of a long script has nothing to do with what it finds.
    script.erase(place, place + static_cast<ptrdiff_t>(1 + below(chance, script.size() - at)));
  } else if (!place->words.empty()) {
    mutate_words(place->words, chance);
  }
}

Script cross_scripts(const Script& one, const Script& other, Chance& chance) {
  Script mixed;
  size_t a = below(chance, one.size());
  size_t b = below(chance, other.size());
  while (a < one.size() || b < other.size()) {
    const bool first = b == other.size() || (a < one.size() && below(chance, 2) == 0);
    mixed.push_back(first ? one[a++] : other[b++]);
  }
  return mixed;
}

}  // namespace leat::fuzz
