// Replies as text, for tests of commands: +simple, -error, :integer, bulk as it is ("" when empty), nil (null bulk), nilarr
// (null array), null (RESP3), [array], {map}, <push>.
#pragma once

#include <string>
#include <vector>

#include "resp/reply_parser.h"

namespace leat {

inline std::string reply_text(const Reply& reply);

inline std::string aggregate_text(char open, const std::vector<Reply>& items, char close) {
  std::string text(1, open);
  for (const Reply& item : items) {
    if (text.size() > 1) text += ' ';
    text += reply_text(item);
  }
  return text + close;
}

inline std::string reply_text(const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::kSimple:
      return "+" + reply.text;
    case Reply::Kind::kError:
      return "-" + reply.text;
    case Reply::Kind::kInteger:
      return ":" + std::to_string(reply.integer);
    case Reply::Kind::kBulk:
      return reply.text.empty() ? "\"\"" : reply.text;
    case Reply::Kind::kNullBulk:
      return "nil";
    case Reply::Kind::kNullArray:
      return "nilarr";
    case Reply::Kind::kNull:
      return "null";
    case Reply::Kind::kArray:
      return aggregate_text('[', reply.items, ']');
    case Reply::Kind::kMap:
      return aggregate_text('{', reply.items, '}');
    case Reply::Kind::kSet:
      return aggregate_text('(', reply.items, ')');
    case Reply::Kind::kPush:
      return aggregate_text('<', reply.items, '>');
    case Reply::Kind::kDouble:
      return "," + reply.text;
    case Reply::Kind::kBoolean:
      return reply.integer != 0 ? "#t" : "#f";
    case Reply::Kind::kVerbatim:
      return "=" + reply.text;
    case Reply::Kind::kBigNumber:
      return "(" + reply.text;
  }
  return "?";
}

}  // namespace leat
