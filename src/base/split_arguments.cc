#include "base/split_arguments.h"

#include "base/numbers.h"

namespace leat {
namespace {

// A bare word may contain vertical tab and form feed, though kBlanks, skipped between words, has them.
constexpr Bytes kWordEnds = " \t\n\r";

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

char unescape(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return letter;
  }
}

class Splitter {
 public:
  Splitter(Bytes line, std::string& storage) : line_(line), storage_(storage) {}

  // Moves to the next argument; false at the end of the line.
  bool skip_blanks() {
    while (at_ < line_.size() && kBlanks.find(line_[at_]) != Bytes::npos) ++at_;
    return at_ < line_.size();
  }

  // Reads the argument that begins here; false if its quotes do not balance.
  bool read(Bytes& argument) {
    const size_t begin = at_;
    while (at_ < line_.size() && !ends_plain_word(line_[at_])) ++at_;
    if (at_ == line_.size() || !is_quote(line_[at_])) {
      argument = line_.substr(begin, at_ - begin);
      return true;
    }
    const size_t stored = storage_.size();
    storage_.append(line_.substr(begin, at_ - begin));
    const bool balanced = read_quoted();
    argument = Bytes(storage_).substr(stored);
    return balanced;
  }

 private:
  static bool is_quote(char byte) { return byte == '"' || byte == '\''; }
  static bool ends_plain_word(char byte) {
    return is_quote(byte) || kWordEnds.find(byte) != Bytes::npos;
  }

  // The body of a quoted argument. Only white space or the end may follow the closing quote.
  bool read_quoted() {
    const char quote = line_[at_++];
    while (at_ < line_.size()) {
      const char byte = line_[at_];
      if (byte == quote) {
        ++at_;
        return at_ == line_.size() || kBlanks.find(line_[at_]) != Bytes::npos;
      }
      if (byte == '\\' && quote == '"') {
        read_escape();
      } else if (byte == '\\' && line_.substr(at_ + 1, 1) == "'") {
        storage_.push_back('\'');
        at_ += 2;
      } else {
        storage_.push_back(byte);
        ++at_;
      }
    }
    return false;
  }

  // At a backslash between double quotes. One that ends the line stands for itself.
  void read_escape() {
    if (at_ + 1 == line_.size()) {
      storage_.push_back(line_[at_++]);
      return;
    }
    if (line_[at_ + 1] == 'x' && at_ + 3 < line_.size()) {
      const int high = hex_digit(line_[at_ + 2]);
      const int low = hex_digit(line_[at_ + 3]);
      if (high >= 0 && low >= 0) {
        storage_.push_back(static_cast<char>(high * 16 + low));
        at_ += 4;
        return;
      }
    }
    storage_.push_back(unescape(line_[at_ + 1]));
    at_ += 2;
  }

  Bytes line_;
  std::string& storage_;
  size_t at_ = 0;
};

}  // namespace

bool split_arguments(Bytes line, std::string& storage, std::vector<Bytes>& arguments) {
  arguments.clear();
  storage.clear();
  // Unquoting never lengthens, so the storage does not move under the views into it.
  if (line.find_first_of("\"'") != Bytes::npos) storage.reserve(line.size());
  Splitter splitter(line, storage);
  while (splitter.skip_blanks()) {
    Bytes argument;
    if (!splitter.read(argument)) return false;
    arguments.push_back(argument);
  }
  return true;
}

}  // namespace leat
