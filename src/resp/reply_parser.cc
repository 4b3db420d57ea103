// One loop and an explicit stack: nesting costs memory of the heap, never of the call stack.
#include "resp/reply_parser.h"

#include <algorithm>
#include <optional>

#include "base/numbers.h"

namespace leat {
namespace {

using Kind = Reply::Kind;

// An aggregate whose items are still to come. An attribute is read like a map and then dropped.
struct Open {
  Reply reply;
  uint64_t left = 0;
  bool attribute = false;
};

// What one element turned out to be.
struct Element {
  ReplyStatus status = ReplyStatus::kReply;
  bool aggregate = false;  // `left` items follow.
  bool attribute = false;
  uint64_t left = 0;
  Reply reply;
};

Element stop(ReplyStatus status) {
  Element element;
  element.status = status;
  return element;
}

Element value(Kind kind, Bytes text = {}, int64_t integer = 0) {
  Element element;
  element.reply.kind = kind;
  element.reply.text = text;
  element.reply.integer = integer;
  return element;
}

bool is_decimal(Bytes digits) {
  return !digits.empty() && digits.find_first_not_of("0123456789") == Bytes::npos;
}

void skip_sign(Bytes& number) {
  if (number.starts_with('-') || number.starts_with('+')) number.remove_prefix(1);
}

// [sign] digits [. [digits]] [e [sign] digits], or inf, -inf, nan.
bool is_double(Bytes text) {
  if (text == "inf" || text == "-inf" || text == "nan") return true;
  skip_sign(text);
  const size_t mark = text.find_first_of("eE");
  if (mark != Bytes::npos) {
    Bytes exponent = text.substr(mark + 1);
    skip_sign(exponent);
    if (!is_decimal(exponent)) return false;
    text = text.substr(0, mark);
  }
  const size_t point = text.find('.');
  if (point == Bytes::npos) return is_decimal(text);
  const Bytes fraction = text.substr(point + 1);
  return is_decimal(text.substr(0, point)) && (fraction.empty() || is_decimal(fraction));
}

class Scanner {
 public:
  explicit Scanner(Bytes input) : input_(input) {}

  [[nodiscard]] size_t position() const { return at_; }

  Element next() {
    if (at_ == input_.size()) return stop(ReplyStatus::kNeedMore);
    switch (const char type = input_[at_]) {
      case '+':
        return text_line(Kind::kSimple);
      case '-':
        return text_line(Kind::kError);
      case '$':
      case '=':
      case '!':
        return blob(type);
      case '*':
      case '%':
      case '~':
      case '>':
      case '|':
        return aggregate(type);
      case ':':
      case '_':
      case '#':
      case ',':
      case '(':
        return scalar(type);
      default:
        return stop(ReplyStatus::kError);
    }
  }

 private:
  struct Line {
    ReplyStatus status = ReplyStatus::kReply;
    Bytes text;  // Without type and line end.
  };

  Line line(size_t size_max) {
    const size_t begin = at_ + 1;
    const size_t end = input_.find_first_of("\r\n", begin);
    if (std::min(end, input_.size()) - begin > size_max) return {ReplyStatus::kError, {}};
    if (end == Bytes::npos) return {ReplyStatus::kNeedMore, {}};
    if (input_[end] == '\n') return {ReplyStatus::kError, {}};
    if (end + 1 == input_.size()) return {ReplyStatus::kNeedMore, {}};
    if (input_[end + 1] != '\n') return {ReplyStatus::kError, {}};
    at_ = end + 2;
    return {ReplyStatus::kReply, input_.substr(begin, end - begin)};
  }

  Element text_line(Kind kind) {
    const Line read = line(Bytes::npos);
    if (read.status != ReplyStatus::kReply) return stop(read.status);
    return value(kind, read.text);
  }

  // A length or count line: -1, or at most kReplyCountMax.
  struct Count {
    ReplyStatus status = ReplyStatus::kReply;
    int64_t value = 0;
  };
  Count count() {
    const Line read = line(kReplyNumberBytesMax);
    if (read.status != ReplyStatus::kReply) return {read.status, 0};
    const std::optional<int64_t> number = parse_int64(read.text);
    if (!number || *number < -1 || *number > kReplyCountMax) return {ReplyStatus::kError, 0};
    return {ReplyStatus::kReply, *number};
  }

  Element blob(char type) {
    const Count size = count();
    if (size.status != ReplyStatus::kReply) return stop(size.status);
    if (size.value < 0) {
      if (type != '$') return stop(ReplyStatus::kError);
      return value(Kind::kNullBulk);
    }
    const size_t wanted = static_cast<size_t>(size.value);
    const Bytes rest = input_.substr(at_);
    if (rest.size() < wanted + 2) return stop(ReplyStatus::kNeedMore);
    if (rest.substr(wanted, 2) != "\r\n") return stop(ReplyStatus::kError);
    at_ += wanted + 2;
    Bytes text = rest.substr(0, wanted);
    if (type == '=') {
      if (text.size() < 4 || text[3] != ':') return stop(ReplyStatus::kError);
      text.remove_prefix(4);
    }
    const Kind kind = type == '$' ? Kind::kBulk : type == '=' ? Kind::kVerbatim : Kind::kError;
    return value(kind, text);
  }

  Element aggregate(char type) {
    const Count items = count();
    if (items.status != ReplyStatus::kReply) return stop(items.status);
    if (items.value < 0) {
      if (type != '*') return stop(ReplyStatus::kError);
      return value(Kind::kNullArray);
    }
    Element element;
    element.aggregate = true;
    element.attribute = type == '|';
    element.left = static_cast<uint64_t>(items.value);
    switch (type) {
      case '*':
        element.reply.kind = Kind::kArray;
        break;
      case '~':
        element.reply.kind = Kind::kSet;
        break;
      case '>':
        element.reply.kind = Kind::kPush;
        break;
      default:
        element.reply.kind = Kind::kMap;
        element.left *= 2;
    }
    return element;
  }

  Element scalar(char type) {
    const Line read = line(kReplyNumberBytesMax);
    if (read.status != ReplyStatus::kReply) return stop(read.status);
    const Bytes text = read.text;
    if (type == ':') {
      const bool plus = text.starts_with('+') && text.substr(1, 1) != "-";
      const std::optional<int64_t> integer = parse_int64(plus ? text.substr(1) : text);
      if (!integer) return stop(ReplyStatus::kError);
      return value(Kind::kInteger, {}, *integer);
    }
    if (type == '_' && text.empty()) return value(Kind::kNull);
    if (type == '#' && (text == "t" || text == "f")) {
      return value(Kind::kBoolean, {}, text == "t" ? 1 : 0);
    }
    if (type == ',' && is_double(text)) {
      return value(Kind::kDouble, text);
    }
    Bytes digits = text;
    skip_sign(digits);
    if (type == '(' && is_decimal(digits)) {
      return value(Kind::kBigNumber, text);
    }
    return stop(ReplyStatus::kError);
  }

  Bytes input_;
  size_t at_ = 0;
};

}  // namespace

ReplyStatus parse_reply(Bytes input, Reply& reply, size_t& consumed) {
  Scanner scanner(input);
  std::vector<Open> open;
  while (true) {
    Element element = scanner.next();
    if (element.status != ReplyStatus::kReply) return element.status;
    if (element.aggregate) {
      if (open.size() == kReplyDepthMax) return ReplyStatus::kError;
      open.push_back({std::move(element.reply), element.left, element.attribute});
    } else if (open.empty()) {
      reply = std::move(element.reply);
      consumed = scanner.position();
      return ReplyStatus::kReply;
    } else {
      open.back().reply.items.push_back(std::move(element.reply));
      --open.back().left;
    }
    // Close every aggregate that is complete now.
    while (!open.empty() && open.back().left == 0) {
      Open closed = std::move(open.back());
      open.pop_back();
      if (closed.attribute) continue;
      if (open.empty()) {
        reply = std::move(closed.reply);
        consumed = scanner.position();
        return ReplyStatus::kReply;
      }
      open.back().reply.items.push_back(std::move(closed.reply));
      --open.back().left;
    }
  }
}

}  // namespace leat
