#include "command/syntax.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace leat {
namespace {

using Type = SyntaxArgument::Type;
using List = std::vector<SyntaxArgument>;

constexpr Bytes kTypeNames[] = {"string",    "integer",    "double", "key",  "pattern",
                                "unix-time", "pure-token", "oneof",  "block"};

struct NamedType {
  Bytes name;
  Type type;
};

// Every other name is a string's. Sorted by name.
constexpr NamedType kNamedTypes[] = {
    {"bytes", Type::kInteger},
    {"client-id", Type::kInteger},
    {"count", Type::kInteger},
    {"cursor", Type::kInteger},
    {"db", Type::kInteger},
    {"decrement", Type::kInteger},
    {"destination", Type::kKey},
    {"destination-db", Type::kInteger},
    {"entries_added", Type::kInteger},
    {"entries_read", Type::kInteger},
    {"increment", Type::kInteger},
    {"index", Type::kInteger},
    {"index1", Type::kInteger},
    {"index2", Type::kInteger},
    {"key", Type::kKey},
    {"limit", Type::kInteger},
    {"milliseconds", Type::kInteger},
    {"min-idle-time", Type::kInteger},
    {"ms", Type::kInteger},
    {"newkey", Type::kKey},
    {"numids", Type::kInteger},
    {"numkeys", Type::kInteger},
    {"numlocal", Type::kInteger},
    {"numreplicas", Type::kInteger},
    {"offset", Type::kInteger},
    {"pattern", Type::kPattern},
    {"protover", Type::kInteger},
    {"seconds", Type::kInteger},
    {"source", Type::kKey},
    {"timeout", Type::kInteger},
    {"unix-time-milliseconds", Type::kUnixTime},
    {"unix-time-seconds", Type::kUnixTime},
};

// The name of a token: of a sign as Redis has it, else the token in lower case.
std::string token_name(Bytes token) {
  if (token == "*") return "auto_id";
  if (token == "$") return "new_id";
  if (token == "=") return "equal";
  if (token == "~") return "approximately";
  std::string name(token);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return name;
}

SyntaxArgument group(Type type, List arguments) {
  SyntaxArgument argument{.type = type};
  for (const SyntaxArgument& part : arguments)
    argument.name += (argument.name.empty() ? "" : "_") + part.name;
  argument.arguments = std::move(arguments);
  return argument;
}

SyntaxArgument block(List list) {
  LEAT_CHECK(!list.empty());
  return list.size() == 1 ? std::move(list.front()) : group(Type::kBlock, std::move(list));
}

void append(List& list, SyntaxArgument argument) {
  const bool takes_token = argument.type != Type::kPureToken && argument.token.empty();
  if (takes_token && !list.empty() && list.back().type == Type::kPureToken &&
      !list.back().optional) {
    argument.token = std::move(list.back().token);
    list.pop_back();
  }
  list.push_back(std::move(argument));
}

// The end of `list` may come more often; `again` is what stands in the brackets with the dots.
void repeat(List& list, const List& again) {
  LEAT_CHECK(!again.empty() && again.size() <= list.size());
  const auto first = list.end() - std::ssize(again);
  LEAT_CHECK(std::equal(first, list.end(), again.begin(),
                        [](const auto& a, const auto& b) { return a.name == b.name; }));
  SyntaxArgument argument = block(List(first, list.end()));
  argument.multiple = true;
  argument.multiple_token = again.size() == 1 && !again.front().token.empty();
  list.erase(first, list.end());
  list.push_back(std::move(argument));
}

class SyntaxParser {
 public:
  explicit SyntaxParser(Bytes text) : rest_(text) {}

  List all() {
    List list = sequence();
    LEAT_CHECK(rest_.empty());
    return list;
  }

 private:
  bool take(Bytes word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  List sequence() {
    List list;
    while (!rest_.empty() && Bytes("]>|").find(rest_.front()) == Bytes::npos &&
           !rest_.starts_with("...")) {
      if (take(" ")) continue;
      if (take("[")) {
        optional(list);
      } else if (take("<")) {
        append(list, one_of(sequence(), ">"));
      } else {
        append(list, word());
      }
    }
    return list;
  }

  void optional(List& list) {
    List first = sequence();
    if (take("...]")) return repeat(list, first);
    list.push_back(one_of(std::move(first), "]"));
    list.back().optional = true;
  }

  SyntaxArgument one_of(List first, Bytes end) {
    List choices;
    choices.push_back(block(std::move(first)));
    while (take("|")) choices.push_back(block(sequence()));
    LEAT_CHECK(take(end));
    return choices.size() == 1 ? std::move(choices.front())
                               : group(Type::kOneOf, std::move(choices));
  }

  SyntaxArgument word() {
    const Bytes text = rest_.substr(0, rest_.find_first_of(" []<>|"));
    rest_.remove_prefix(text.size());
    if (text.front() < 'a' || text.front() > 'z')
      return {.type = Type::kPureToken, .name = token_name(text), .token = std::string(text)};
    const Bytes name = text.substr(0, text.find('='));
    SyntaxArgument value{.type = type_of(name), .name = std::string(name)};
    if (name.size() != text.size()) {
      const auto* const type =
          std::find(std::begin(kTypeNames), std::end(kTypeNames), text.substr(name.size() + 1));
      LEAT_CHECK(type != std::end(kTypeNames));
      value.type = static_cast<Type>(type - std::begin(kTypeNames));
    }
    return value;
  }

  Bytes rest_;
};

}  // namespace

Bytes type_name(SyntaxArgument::Type type) {
  return kTypeNames[static_cast<size_t>(type)];
}

SyntaxArgument::Type type_of(Bytes name) {
  const auto* const found =
      std::lower_bound(std::begin(kNamedTypes), std::end(kNamedTypes), name,
                       [](const NamedType& type, Bytes wanted) { return type.name < wanted; });
  return found != std::end(kNamedTypes) && found->name == name ? found->type : Type::kString;
}

std::vector<SyntaxArgument> parse_syntax(Bytes text) {
  return SyntaxParser(text).all();
}

}  // namespace leat
