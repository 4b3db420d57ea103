#include "fuzz/command_grammar.h"

#include <algorithm>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "command/arguments.h"
#include "command/command_table.h"
#include "command/syntax.h"

namespace leat::fuzz {
namespace {

using Words = std::vector<std::string>;
using Type = SyntaxArgument::Type;

constexpr size_t kWrittenOut = 10;  // So many repetitions stand as words of their own.

struct NamedWords {
  Bytes name;
  Bytes words;
};

// What values of a name are mostly; they repeat what shall be drawn more often.
constexpr NamedWords kNamed[] = {
    {"channel", "s c news"},
    {"client-id", "1 2 3 4 5 6"},
    {"consumer", "c c d BLOCK"},
    {"consumername", "c c d BLOCK"},
    {"db", "0 1 1 2"},
    {"destination", "s k t"},
    {"destination-db", "0 1 1 2"},
    {"field", "f v * STREAMS"},
    {"group", "g g g h STREAMS GROUP"},
    {"groupname", "g g g h STREAMS GROUP"},
    {"index", "0 1"},
    {"index1", "0 1"},
    {"index2", "0 1"},
    {"ip:port", "127.0.0.1:50000"},
    {"key", "s s s s k t STREAMS *"},
    {"milliseconds", "0 1 20 1000"},
    {"newkey", "s k t"},
    {"producer-id", "p q"},
    {"protover", "2 3"},
    {"source", "s s k t"},
    {"timeout", "0 1 20"},
    {"type", "stream string"},
};
constexpr Bytes kIdNames[] = {
    "id", "start", "end", "lastid", "last-id", "max_deleted_entry_id", "threshold"};

const std::vector<SyntaxArgument>& grammar_of(const CommandSpec& spec) {
  static std::map<const CommandSpec*, std::vector<SyntaxArgument>> parsed;
  const auto [at, added] = parsed.try_emplace(&spec);
  if (added) at->second = parse_syntax(spec.syntax);
  return at->second;
}

// The row that `words` call, and how many of them are its name; null if none.
const CommandSpec* row_of(const Words& words, size_t& name) {
  const CommandSpec* spec = words.empty() ? nullptr : find_command(words[0]);
  name = 1;
  if (spec == nullptr || spec->subcommands.empty() || words.size() < 2) return spec;
  const CommandSpec* const sub = find_subcommand(*spec, words[1]);
  if (sub != nullptr) name = 2;
  return sub == nullptr ? spec : sub;
}

// Writes arguments as words.
class CallWriter {
 public:
  CallWriter(Chance& chance, Words& out)
      : chance_(chance), out_(out), times_(drawn_times(chance)), options_(1 + below(chance, 4)) {}

  void all(const std::vector<SyntaxArgument>& arguments) {
    for (const SyntaxArgument& argument : arguments) {
      if (!argument.optional || once_in(chance_, options_)) one(argument);
    }
  }

  void one(const SyntaxArgument& argument) {
    if (!argument.token.empty()) out_.push_back(argument.token);
    if (!argument.multiple) return once(argument);
    if (times_ > kWrittenOut) return group(argument);
    for (size_t i = 0; i < times_; ++i) {
      if (i != 0 && argument.multiple_token) out_.push_back(argument.token);
      once(argument);
    }
  }

  void group(const SyntaxArgument& argument) {
    out_.emplace_back(kGroupBegin);
    counted_ = true;
    once(argument);
    counted_ = false;
    out_.push_back(fmt::format("{}{}", kGroupEnd, times_));
  }

  void repeat(size_t times) { times_ = times; }

 private:
  // But for the token.
  void once(const SyntaxArgument& argument) {
    if (argument.type == Type::kOneOf) return one(drawn(argument.arguments, chance_));
    if (argument.type == Type::kBlock) return all(argument.arguments);
    if (argument.is_value()) out_.push_back(value(argument));
  }

  std::string value(const SyntaxArgument& argument) {
    const Bytes name = argument.name;
    if (name == "numids" || name == "numkeys") {
      return std::to_string(times_ + (once_in(chance_, 8) ? below(chance_, 3) - 1 : 0));
    }
    if (once_in(chance_, 16)) return drawn_word(chance_);
    const bool id = std::find(std::begin(kIdNames), std::end(kIdNames), name) != std::end(kIdNames);
    if (counted_ && once_in(chance_, 2))
      return id ? "<i>-0" : fmt::format("{}<i>", name.substr(0, 1));
    if (id) return drawn_id(chance_);
    const bool number = argument.type == Type::kInteger || argument.type == Type::kDouble ||
                        argument.type == Type::kUnixTime;
    if (number && once_in(chance_, 2)) return drawn_number(chance_);
    for (const NamedWords& named : kNamed) {
      if (named.name == name) return drawn(split_words(named.words), chance_);
    }
    return number ? drawn_number(chance_) : drawn_word(chance_);
  }

  Chance& chance_;
  Words& out_;
  size_t times_;    // How often stands what may be repeated.
  size_t options_;  // Once in so many times an option is there.
  bool counted_ = false;
};

const CommandSpec& drawn_row(Chance& chance, Words& name) {
  static constexpr Bytes kGroups[] = {"stream", "stream", "stream", "generic"};
  const CommandSpec* spec = drawn(all_commands(), chance);
  if (const Bytes group = drawn(kGroups, chance); once_in(chance, 2)) {
    while (spec->group != group) spec = drawn(all_commands(), chance);
  }
  name.emplace_back(spec->name);
  if (!spec->subcommands.empty()) {
    spec = &drawn(spec->subcommands, chance);
    name.emplace_back(spec->name);
  }
  return *spec;
}

// ---- Changes

void collect(const std::vector<SyntaxArgument>& arguments,
             std::vector<const SyntaxArgument*>& found) {
  for (const SyntaxArgument& argument : arguments) {
    found.push_back(&argument);
    collect(argument.arguments, found);
  }
}

template <typename Wanted>
const SyntaxArgument* drawn_argument(const CommandSpec& spec, Chance& chance, Wanted wanted) {
  std::vector<const SyntaxArgument*> all;
  collect(grammar_of(spec), all);
  std::erase_if(all, [&](const SyntaxArgument* argument) { return !wanted(*argument); });
  return all.empty() ? nullptr : drawn(all, chance);
}

// How many words an argument has at least.
size_t least(const SyntaxArgument& argument) {
  size_t words = argument.token.empty() ? 0 : 1;
  if (argument.type == Type::kOneOf) return words + least(argument.arguments.front());
  if (argument.is_value()) ++words;
  for (const SyntaxArgument& part : argument.arguments) words += part.optional ? 0 : least(part);
  return words;
}

// The place of the first of `words` behind `from` that begins the argument; their number if none does.
size_t place_of(const SyntaxArgument& argument, const Words& words, size_t from) {
  if (argument.token.empty()) {
    const bool begun = argument.type == Type::kBlock;
    return begun ? place_of(argument.arguments.front(), words, from) : words.size();
  }
  const auto begin = words.begin() + static_cast<ptrdiff_t>(std::min(from, words.size()));
  const auto found = std::find_if(
      begin, words.end(), [&](const std::string& word) { return same_word(word, argument.token); });
  return static_cast<size_t>(found - words.begin());
}

void take_out(Words& words, size_t from, size_t count) {
  const size_t to = std::min(from + count, words.size());
  words.erase(words.begin() + static_cast<ptrdiff_t>(from),
              words.begin() + static_cast<ptrdiff_t>(to));
}

void put_in(Words& words, size_t at, const Words& added) {
  words.insert(words.begin() + static_cast<ptrdiff_t>(at), added.begin(), added.end());
}

bool is_optional(const SyntaxArgument& argument) {
  return argument.optional;
}
bool is_choice(const SyntaxArgument& argument) {
  return argument.type == Type::kOneOf;
}
bool is_multiple(const SyntaxArgument& argument) {
  return argument.multiple;
}

void add_option(Words& words, size_t name, const CommandSpec& spec, Chance& chance) {
  const SyntaxArgument* const option = drawn_argument(spec, chance, is_optional);
  if (option == nullptr) return;
  Words added;
  CallWriter(chance, added).one(*option);
  const size_t behind = words.size() - name;
  put_in(words, once_in(chance, 2) ? words.size() : name + below(chance, behind + 1), added);
}

void drop_option(Words& words, size_t name, const CommandSpec& spec, Chance& chance) {
  const SyntaxArgument* const option = drawn_argument(spec, chance, is_optional);
  if (option == nullptr) return;
  const size_t at = place_of(*option, words, name);
  if (at < words.size()) take_out(words, at, least(*option));
}

void change_choice(Words& words, size_t name, const CommandSpec& spec, Chance& chance) {
  const SyntaxArgument* const choice = drawn_argument(spec, chance, is_choice);
  if (choice == nullptr) return;
  for (const SyntaxArgument& one : choice->arguments) {
    const size_t at = place_of(one, words, name);
    if (at == words.size()) continue;
    take_out(words, at, least(one));
    Words other;
    CallWriter(chance, other).one(drawn(choice->arguments, chance));
    return put_in(words, at, other);
  }
}

void change_number(Words& words, size_t name, Chance& chance) {
  for (size_t tries = words.size(); tries > 0 && words.size() > name; --tries) {
    std::string& word = words[name + below(chance, words.size() - name)];
    if (!word.empty() && Bytes("0123456789-+($").find(word[0]) == Bytes::npos) continue;
    word = once_in(chance, 2) ? drawn_number(chance) : drawn_id(chance);
    return;
  }
}

// The end of the call becomes a group, or the group another number; what says how many ids there are follows.
void repeat(Words& words, size_t name, const CommandSpec& spec, Chance& chance) {
  const SyntaxArgument* const multiple = drawn_argument(spec, chance, is_multiple);
  if (multiple == nullptr) return;
  const size_t times = drawn_times(chance);
  const auto end = std::find_if(words.begin(), words.end(), [](const std::string& word) {
    return word.starts_with(kGroupEnd);
  });
  if (end != words.end()) {
    *end = fmt::format("{}{}", kGroupEnd, times);
  } else {
    const size_t kept = words.size() - std::min(words.size() - name, least(*multiple));
    words.resize(kept);
    CallWriter writer(chance, words);
    writer.repeat(times);
    writer.group(*multiple);
  }
  const size_t ids =
      static_cast<size_t>(std::find(words.begin(), words.end(), "IDS") - words.begin());
  if (ids + 1 < words.size()) words[ids + 1] = std::to_string(times);
}

}  // namespace

Words drawn_call(Chance& chance) {
  Words words;
  const CommandSpec& spec = drawn_row(chance, words);
  CallWriter(chance, words).all(grammar_of(spec));
  return words;
}

void mutate_call(Words& words, Chance& chance) {
  size_t name = 0;
  const CommandSpec* const spec = row_of(words, name);
  if (spec == nullptr) return;
  switch (below(chance, 6)) {
    case 0:
      words.resize(name);
      return CallWriter(chance, words).all(grammar_of(*spec));
    case 1:
      return add_option(words, name, *spec, chance);
    case 2:
      return drop_option(words, name, *spec, chance);
    case 3:
      return change_choice(words, name, *spec, chance);
    case 4:
      return change_number(words, name, chance);
    default:
      return repeat(words, name, *spec, chance);
  }
}

}  // namespace leat::fuzz
