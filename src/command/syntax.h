// Syntax: the words that a command takes, as its row writes them and COMMAND DOCS replies them.
//
//   key [NOMKSTREAM] [<MAXLEN|MINID> [=|~] threshold [LIMIT count]] <*|id> field value [field value ...]
//
// Lower case      a value; its name tells its type, or "=double" behind it
// UPPER CASE, *   a word that stands as it is; one before a value or <...> belongs to it
// [...]           may be left out
// <a|b>, [a|b]    one of these
// x [x ...]       once or more often
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace leat {

struct SyntaxArgument {
  enum class Type : uint8_t {
    kString,
    kInteger,
    kDouble,
    kKey,
    kPattern,
    kUnixTime,
    kPureToken,
    kOneOf,
    kBlock,  // All of `arguments`, in this order.
  };

  Type type = Type::kString;
  std::string name;
  std::string token;
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;  // The token is repeated as well.
  std::vector<SyntaxArgument> arguments;

  [[nodiscard]] bool is_value() const { return type < Type::kPureToken; }
};

// "string", "pure-token", ...
[[nodiscard]] Bytes type_name(SyntaxArgument::Type type);
// The type of a value by its name.
[[nodiscard]] SyntaxArgument::Type type_of(Bytes name);
// Requires a text as above.
[[nodiscard]] std::vector<SyntaxArgument> parse_syntax(Bytes text);

}  // namespace leat
