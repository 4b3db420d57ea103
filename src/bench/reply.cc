#include "bench/reply.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace leat::bench {
namespace {

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A line such as "$12\r\n" at the front of `bytes`. A reply of 100 entries has 700 of them, so they
// are read without searching for the line's end first.
struct ShortHeader {
  uint64_t count = 0;
  size_t size = 0;  // With its line end; 0 when the line is not whole, or not at most 9 digits.
};

ShortHeader short_header(std::string_view bytes) {
  constexpr size_t kDigitsMax = 9;
  ShortHeader header;
  for (size_t i = 1; i + 1 < bytes.size() && i <= kDigitsMax + 1; ++i) {
    const char c = bytes[i];
    if (c == '\r' && bytes[i + 1] == '\n' && i > 1) {
      header.size = i + 2;
      return header;
    }
    if (c < '0' || c > '9') break;
    header.count = header.count * 10 + static_cast<uint64_t>(c - '0');
  }
  return {};
}

// Reads a complete reply from front to back. Any step returns nullopt when the bytes are not of
// the kind that was asked for; null counts as an empty array or string.
class ReplyCursor {
 public:
  explicit ReplyCursor(std::string_view reply) : rest_(reply) {}

  std::optional<std::string_view> line(char kind) {
    const size_t end = rest_.find("\r\n");
    if (end == std::string_view::npos || end == 0 || rest_[0] != kind) return std::nullopt;
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 2);
    return text;
  }

  std::optional<size_t> array() {
    const auto count = header('*');
    if (!count) return std::nullopt;
    return static_cast<size_t>(std::max<int64_t>(*count, 0));
  }

  std::optional<std::string_view> bulk() {
    const auto size = header('$');
    if (!size) return std::nullopt;
    if (*size < 0) return std::string_view();
    const auto length = static_cast<size_t>(*size);
    if (rest_.size() < 2 || length > rest_.size() - 2) return std::nullopt;
    const std::string_view value = rest_.substr(0, length);
    rest_.remove_prefix(length + 2);
    return value;
  }

  // The entries of an XRANGE reply, which is also the inner part of an XREAD reply.
  bool entries(std::vector<EntryView>& found) {
    const auto count = array();
    if (!count) return false;
    for (size_t i = 0; i < *count; ++i) {
      EntryView entry;
      if (!one_entry(entry)) return false;
      found.push_back(entry);
    }
    return true;
  }

 private:
  std::optional<int64_t> header(char kind) {
    if (rest_.empty() || rest_[0] != kind) return std::nullopt;
    const ShortHeader plain = short_header(rest_);
    if (plain.size > 0) {
      rest_.remove_prefix(plain.size);
      return static_cast<int64_t>(plain.count);
    }
    const auto text = line(kind);
    return text ? number(*text) : std::nullopt;
  }

  bool one_entry(EntryView& entry) {
    if (array() != size_t{2}) return false;
    const auto id = bulk();
    const auto strings = id ? array() : std::nullopt;
    if (!strings) return false;
    entry.id = *id;
    for (size_t i = 0; i < *strings; ++i) {
      const auto text = bulk();
      if (!text) return false;
      if (i == 1) entry.first_value = *text;
    }
    return true;
  }

  std::string_view rest_;
};

}  // namespace

size_t ReplySkipper::feed(std::string_view bytes) {
  ended_ = 0;
  while (!bytes.empty() && !failed()) bytes.remove_prefix(take(bytes));
  return failed() ? 0 : ended_;
}

size_t ReplySkipper::take(std::string_view bytes) {
  if (skip_ > 0) {
    const size_t taken = std::min<uint64_t>(skip_, bytes.size());
    skip_ -= taken;
    if (skip_ == 0) end_value();
    return taken;
  }
  if (line_.empty() && (bytes[0] == '$' || bytes[0] == '*')) {
    const ShortHeader plain = short_header(bytes);
    if (plain.size > 0) {
      take_count(bytes[0], plain.count);
      return plain.size;
    }
  }
  return take_part_of_line(bytes);
}

size_t ReplySkipper::take_part_of_line(std::string_view bytes) {
  const void* newline = std::memchr(bytes.data(), '\n', bytes.size());
  if (newline == nullptr) {
    line_.append(bytes);
    if (line_.size() > kLineMax) fail("a line of more than 64 KB");
    return bytes.size();
  }
  const auto length = static_cast<size_t>(static_cast<const char*>(newline) - bytes.data());
  if (line_.empty()) {
    take_line(bytes.substr(0, length));
  } else {
    line_.append(bytes.substr(0, length));
    take_line(line_);
    line_.clear();
  }
  return length + 1;
}

// `line` is without its "\n".
void ReplySkipper::take_line(std::string_view line) {
  if (line.size() < 2 || line.back() != '\r') return fail("a line that is not RESP");
  line.remove_suffix(1);
  const char kind = line.front();
  if (kind == '+' || kind == ':') return end_value();
  if (kind == '-') return fail(std::string(line));
  const auto count = number(line.substr(1));
  if ((kind != '$' && kind != '*') || !count || *count < -1) {
    return fail(fmt::format("not a RESP2 reply: \"{}\"", line.substr(0, 80)));
  }
  if (*count < 0) return end_value();
  take_count(kind, static_cast<uint64_t>(*count));
}

void ReplySkipper::take_count(char kind, uint64_t count) {
  if (kind == '$') {
    skip_ = count + 2;
    return;
  }
  if (count == 0) return end_value();
  if (depth_ == kDepthMax) return fail("arrays nested deeper than 16");
  open_[depth_++] = count;
}

void ReplySkipper::end_value() {
  while (depth_ > 0) {
    if (--open_[depth_ - 1] > 0) return;
    --depth_;
  }
  ++ended_;
}

bool read_stream_reply(std::string_view reply, std::vector<EntryView>& entries) {
  ReplyCursor cursor(reply);
  const auto streams = cursor.array();
  if (!streams) return false;
  if (*streams == 0) return true;
  return *streams == 1 && cursor.array() == size_t{2} && cursor.bulk() && cursor.entries(entries);
}

bool read_range_reply(std::string_view reply, std::vector<EntryView>& entries) {
  return ReplyCursor(reply).entries(entries);
}

std::optional<int64_t> integer_of(std::string_view reply) {
  const auto text = ReplyCursor(reply).line(':');
  return text ? number(*text) : std::nullopt;
}

std::optional<std::string_view> text_of(std::string_view reply) {
  if (reply.starts_with('$')) return ReplyCursor(reply).bulk();
  return ReplyCursor(reply).line('+');
}

std::optional<std::vector<std::string_view>> strings_of(std::string_view reply) {
  ReplyCursor cursor(reply);
  const auto count = cursor.array();
  if (!count) return std::nullopt;
  std::vector<std::string_view> strings;
  for (size_t i = 0; i < *count; ++i) {
    const auto text = cursor.bulk();
    if (!text) return std::nullopt;
    strings.push_back(*text);
  }
  return strings;
}

std::optional<std::string_view> info_field(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const size_t end = std::min(info.find("\r\n"), info.size());
    const std::string_view line = info.substr(0, end);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      return line.substr(name.size() + 1);
    }
    info.remove_prefix(std::min(end + 2, info.size()));
  }
  return std::nullopt;
}

void append_request(std::string& out, const std::vector<std::string_view>& arguments) {
  // Not fmt::format_to: the client renders an XACK of 100 ids between two reads of a group, and
  // what it needs there the server spends idle.
  const auto length_line = [&out](char kind, size_t length) {
    const fmt::format_int digits(length);
    out.push_back(kind);
    out.append(digits.data(), digits.size());
    out.append("\r\n");
  };
  length_line('*', arguments.size());
  for (const std::string_view argument : arguments) {
    length_line('$', argument.size());
    out.append(argument);
    out.append("\r\n");
  }
}

}  // namespace leat::bench
