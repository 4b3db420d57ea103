#include "command/reply_schema.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/numbers.h"

namespace leat {
namespace {

struct TypeWord {
  Bytes word;
  ReplySchema::Type type;
};

constexpr TypeWord kTypeWords[] = {
    {"any", ReplySchema::Type::kAny},           {"error", ReplySchema::Type::kError},
    {"null", ReplySchema::Type::kNull},         {"boolean", ReplySchema::Type::kBoolean},
    {"integer", ReplySchema::Type::kInteger},   {"count", ReplySchema::Type::kCount},
    {"double", ReplySchema::Type::kDouble},     {"bulk", ReplySchema::Type::kBulk},
    {"simple", ReplySchema::Type::kSimple},     {"digits", ReplySchema::Type::kDigits},
    {"verbatim", ReplySchema::Type::kVerbatim}, {"id", ReplySchema::Type::kId},
};

// What several rows have: a word, and what it stands for.
struct NamedSchema {
  Bytes name;
  Bytes text;
};

constexpr NamedSchema kNamedSchemas[] = {
    {"entry", "[id, [bulk ...]]"},
    {"command",
     "[name: bulk, arity: integer, flags: ~[simple ...], first-key: count, last-key: integer, "
     "step: count, categories: ~[simple ...], tips: ~[bulk ...], keys: ~[{flags: ~[simple ...], "
     "begin_search: {type: bulk, spec: {*: any}}, find_keys: {type: bulk, spec: {*: any}}} ...], "
     "subcommands: [any ...]|~[any ...]]"},
};

constexpr Bytes kWordEnds = " ,|]}:?";

class SchemaParser {
 public:
  explicit SchemaParser(Bytes text) : rest_(text) {}

  ReplySchema all() {
    ReplySchema schema = choice();
    LEAT_CHECK(rest_.empty());
    return schema;
  }

 private:
  using Type = ReplySchema::Type;

  bool take(Bytes word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  Bytes word() {
    const Bytes text = rest_.substr(0, rest_.find_first_of(kWordEnds));
    LEAT_CHECK(!text.empty());
    rest_.remove_prefix(text.size());
    return text;
  }

  std::string quoted() {
    const size_t end = rest_.find('\'');
    LEAT_CHECK(end != Bytes::npos);
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }

  ReplySchema choice() {
    ReplySchema first = one();
    if (!rest_.starts_with("|")) return first;
    ReplySchema choices{.type = Type::kOneOf};
    choices.parts.push_back(std::move(first));
    while (take("|")) choices.parts.push_back(one());
    return choices;
  }

  ReplySchema one() {
    if (take("[")) return array();
    if (take(">[")) return array_as(Type::kArray, Type::kPush);
    if (take("~[")) return array_as(Type::kList, Type::kSet);
    if (take("{")) return map();
    if (take("@{")) return pairs();
    if (take("'")) return {.type = Type::kThisBulk, .text = quoted()};
    if (take("+'")) return {.type = Type::kThisSimple, .text = quoted()};
    if (take("+")) return {.type = Type::kThisSimple, .text = std::string(word())};
    const Bytes text = word();
    if (const auto number = parse_int64(text))
      return {.type = Type::kThisInteger, .number = *number};
    for (const TypeWord& type : kTypeWords) {
      if (type.word == text) return {.type = type.type};
    }
    return named_schema(text);
  }

  static ReplySchema named_schema(Bytes name) {
    const auto* const named =
        std::find_if(std::begin(kNamedSchemas), std::end(kNamedSchemas),
                     [name](const NamedSchema& schema) { return schema.name == name; });
    LEAT_CHECK(named != std::end(kNamedSchemas));
    ReplySchema schema = parse_reply_schema(named->text);
    schema.title = name;
    return schema;
  }

  ReplySchema array() {
    ReplySchema schema{.type = Type::kArray};
    if (take("]")) return schema;
    do {
      schema.parts.push_back(element());
      LEAT_CHECK(!schema.parts.back().optional);
    } while (take(", "));
    if (take(" ...")) {
      LEAT_CHECK(schema.parts.size() == 1 && schema.parts.front().name.empty());
      schema.type = Type::kList;
    }
    LEAT_CHECK(take("]"));
    return schema;
  }

  // What is written as an array of the one type and is of the other.
  ReplySchema array_as(Type written, Type type) {
    ReplySchema schema = array();
    LEAT_CHECK(schema.type == written);
    schema.type = type;
    return schema;
  }

  ReplySchema map() {
    if (take("*: ")) {
      ReplySchema names{.type = Type::kMap, .parts = {choice()}};
      LEAT_CHECK(take("}"));
      return names;
    }
    ReplySchema fields{.type = Type::kFields};
    do {
      fields.parts.push_back(element());
      LEAT_CHECK(!fields.parts.back().name.empty());
    } while (take(", "));
    LEAT_CHECK(take("}"));
    return fields;
  }

  ReplySchema pairs() {
    ReplySchema schema = map();
    LEAT_CHECK(schema.type == Type::kMap);
    schema.type = Type::kPairs;
    return schema;
  }

  // "name: a", "name?: a" or "a".
  ReplySchema element() {
    const Bytes begin = rest_;
    const Bytes name = rest_.substr(0, rest_.find_first_of("[{'+ ,|]}:?"));
    rest_.remove_prefix(name.size());
    const bool optional = take("?");
    if (!take(": ")) {
      rest_ = begin;
      return choice();
    }
    LEAT_CHECK(!name.empty() && name != "*");
    ReplySchema schema = choice();
    schema.name = name;
    schema.optional = optional;
    return schema;
  }

  Bytes rest_;
};

}  // namespace

ReplySchema parse_reply_schema(Bytes text) {
  return SchemaParser(text).all();
}

}  // namespace leat
