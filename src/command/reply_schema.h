// Reply schemas: what commands reply, as their rows write it. COMMAND DOCS replies it as JSON schema.
//
//   [next: id, claimed: [entry ...]|[id ...], deleted: [id ...]]
//
// integer, double, boolean, bulk, simple, verbatim, null
//                  a value of this type of RESP3
// count, id, digits
//                  an integer from 0; a bulk string as 17-0; one as 42
// 1, 'a b', +OK, +'a b'
//                  just this integer, bulk string, simple string
// any, error       whatever it is; nothing but errors
// entry, command   of a stream, [id, [bulk ...]]; of the command table, a row of COMMAND INFO
// a|b              one of these
// [a, b]           an array of just these; >[a, b]  a push. "name: a" says what it is
// [a ...]          an array of any number of these; ~[a ...]  a set
// {name: a, other?: b}
//                  a map of just these, in this order; "?" may be missing
// {*: a}           a map with any names; @{*: a}  one that RESP2 shows as an array of pairs
//
// Types are those of RESP3: RESP2 has arrays for maps, sets and pushes, and so on. That any command may reply an error
// goes without saying.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace leat {

struct ReplySchema {
  enum class Type : uint8_t {
    kAny,
    kError,
    kNull,
    kBoolean,
    kInteger,
    kCount,
    kDouble,
    kBulk,
    kSimple,
    kVerbatim,
    kDigits,
    kId,
    kThisInteger,  // `number`.
    kThisBulk,     // `text`.
    kThisSimple,   // `text`.
    kOneOf,        // One of `parts`, at least two.
    kArray,        // Just `parts`.
    kPush,         // Just `parts`.
    kList,         // Any number of the only part.
    kSet,          // Any number of the only part.
    kFields,       // `parts` by their names.
    kMap,          // Any names, the only part for each.
    kPairs,        // As kMap; RESP2 shows an array of pairs.
  };

  Type type = Type::kAny;
  std::string name;   // Of a field; what an element of kArray or kPush is.
  std::string title;  // The word that stands for it in texts, if there is one ("entry").
  bool optional = false;
  int64_t number = 0;
  std::string text;
  std::vector<ReplySchema> parts;
};

// Requires a text as above.
[[nodiscard]] ReplySchema parse_reply_schema(Bytes text);

}  // namespace leat
