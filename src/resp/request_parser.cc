// Two readers of multibulk requests share one state.
//
// next_whole() takes requests that are complete in the input and in the plain form every client sends:
// one pass, views straight into `request`, no state. At the first byte that is missing or odd it hands
// over what it has to next_in_pieces(), which knows every rule and every error and can stop anywhere.
// It never takes anything that next_in_pieces() would refuse, so which of the two read a request,
// which depends on how the network cut it, cannot be seen from outside (tests/fuzz proves it).
#include "resp/request_parser.h"

#include <algorithm>
#include <span>

#include "base/check.h"
#include "base/flatten.h"
#include "base/numbers.h"
#include "base/split_arguments.h"
#include "base/wire_length.h"

namespace leat {
namespace {

using Status = RequestParser::Status;

constexpr size_t kArgumentBytesMin = 6;      // "$0\r\n\r\n".
constexpr size_t kArgumentsKeptMax = 16384;  // Larger vectors are freed after use.

bool equals_ignoring_case(Bytes text, Bytes lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b);
  });
}

// Browsers can be made to send requests to any port; those begin with one of these words.
Status judge(const Request& request) {
  const Bytes name = request.arguments[0];
  const bool http = (name.size() == 4 && equals_ignoring_case(name, "post")) ||
                    (name.size() == 5 && equals_ignoring_case(name, "host:"));
  return http ? Status::kHttp : Status::kRequest;
}

size_t decimal_digits(size_t value) {
  size_t digits = 1;
  for (; value >= 10; value /= 10) ++digits;
  return digits;
}

}  // namespace

Bytes Request::wire(size_t from, size_t to) const {
  LEAT_CHECK(canonical);
  LEAT_CHECK(from < to);
  LEAT_CHECK(to <= arguments.size());
  const size_t header = 1 + decimal_digits(arguments[from].size()) + 2;
  const char* const begin = arguments[from].data() - header;
  const char* const end = arguments[to - 1].data() + arguments[to - 1].size() + 2;
  return {begin, static_cast<size_t>(end - begin)};
}

void RequestParser::set_limits(const RequestLimits& limits) {
  LEAT_CHECK(limits.inline_bytes_max >= kLineBytesMin);
  limits_ = limits;
  arguments_max_ = limits.arguments_max;
  bulk_bytes_max_ = limits.bulk_bytes_max;
  if (!limits.authenticated) {
    arguments_max_ = std::min(arguments_max_, kUnauthenticatedArgumentsMax);
    bulk_bytes_max_ = std::min(bulk_bytes_max_, kUnauthenticatedBulkBytesMax);
  }
}

LEAT_FLATTEN Status RequestParser::next(Bytes input, Request& request, size_t& consumed) {
  missing_ = 0;
  if (request.arguments.capacity() > kArgumentsKeptMax) [[unlikely]] {
    std::vector<Bytes>().swap(request.arguments);
  }
  if (left_ < 0) {
    if (input.empty()) return Status::kNeedMore;
    if (input[0] != '*') return next_inline(input, request, consumed);
    if (scanned_ == 0 && next_whole(input, request, consumed) == Status::kRequest) {
      return judge(request);
    }
  }
  return next_in_pieces(input, request, consumed);
}

// Returns kRequest, or kNeedMore for "ask next_in_pieces()".
Status RequestParser::next_whole(Bytes input, Request& request, size_t& consumed) {
  const char* const begin = input.data();
  const char* const end = begin + input.size();
  uint64_t arguments = 0;
  const char* at = read_wire_length(begin + 1, end, arguments);
  if (at == nullptr || arguments == 0 || arguments > static_cast<uint64_t>(arguments_max_)) {
    return Status::kNeedMore;
  }
  if (arguments > static_cast<size_t>(end - at) / kArgumentBytesMin) return Status::kNeedMore;
  request.arguments.resize(arguments);
  size_t done = 0;
  for (Bytes& argument : request.arguments) {
    Bytes payload;
    const char* const next = read_wire(at, end, payload);
    if (next == nullptr || payload.size() > static_cast<uint64_t>(bulk_bytes_max_)) break;
    argument = payload;
    at = next;
    ++done;
  }
  if (done == arguments) [[likely]] {
    request.canonical = true;
    consumed = static_cast<size_t>(at - begin);
    return Status::kRequest;
  }
  for (const Bytes argument : std::span(request.arguments).first(done)) {
    spans_.push_back({static_cast<size_t>(argument.data() - begin), argument.size()});
  }
  left_ = static_cast<int64_t>(arguments - done);
  at_ = static_cast<size_t>(at - begin);
  scanned_ = at_;
  return Status::kNeedMore;
}

Status RequestParser::next_in_pieces(Bytes input, Request& request, size_t& consumed) {
  if (left_ < 0) {
    const Status status = read_count(input);
    if (status != Status::kRequest) {
      if (status == Status::kEmpty) {
        consumed = at_;
        begin_request();
      }
      return status;
    }
  }
  while (left_ > 0) {
    if (bulk_ < 0) {
      const Status status = read_bulk_length(input);
      if (status != Status::kRequest) return status;
    }
    const size_t size = static_cast<size_t>(bulk_);
    const size_t received = input.size() - at_;
    if (received < size + 2) {
      missing_ = size + 2 - received;
      return Status::kNeedMore;
    }
    if (input.substr(at_ + size, 2) != "\r\n") canonical_ = false;
    spans_.push_back({at_, size});
    at_ += size + 2;
    scanned_ = at_;
    bulk_ = -1;
    --left_;
  }
  request.arguments.clear();
  for (const Span span : spans_) {
    request.arguments.push_back(input.substr(span.offset, span.size));
  }
  request.canonical = canonical_;
  consumed = at_;
  begin_request();
  return judge(request);
}

Status RequestParser::next_inline(Bytes input, Request& request, size_t& consumed) {
  const size_t end = input.find('\n', scanned_);
  if (std::min(end, input.size()) > limits_.inline_bytes_max) {
    return fail("too big inline request");
  }
  if (end == Bytes::npos) {
    scanned_ = input.size();
    return Status::kNeedMore;
  }
  Bytes line = input.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!split_arguments(line, unquoted_, request.arguments)) {
    return fail("unbalanced quotes in request");
  }
  request.canonical = false;
  consumed = end + 1;
  begin_request();
  return request.arguments.empty() ? Status::kEmpty : judge(request);
}

RequestParser::Line RequestParser::read_line(Bytes input, const char* too_big) {
  const size_t end = input.find('\r', std::max(at_, scanned_));
  if (std::min(end, input.size()) - at_ > limits_.inline_bytes_max) return {fail(too_big), {}};
  if (end == Bytes::npos || end + 1 == input.size()) {
    scanned_ = std::min(end, input.size());
    return {Status::kNeedMore, {}};
  }
  if (input[end + 1] != '\n') canonical_ = false;
  return {Status::kRequest, input.substr(at_, end - at_)};
}

Status RequestParser::read_count(Bytes input) {
  const Line line = read_line(input, "too big mbulk count string");
  if (line.status != Status::kRequest) return line.status;
  const std::optional<int64_t> count = parse_int64(line.text.substr(1));
  if (!count || *count > limits_.arguments_max) return fail("invalid multibulk length");
  if (*count > arguments_max_) return fail("unauthenticated multibulk length");
  at_ += line.text.size() + 2;
  scanned_ = at_;
  if (*count <= 0) return Status::kEmpty;
  left_ = *count;
  return Status::kRequest;
}

Status RequestParser::read_bulk_length(Bytes input) {
  const Line line = read_line(input, "too big bulk count string");
  if (line.status != Status::kRequest) return line.status;
  // The line may be empty, but its CR is there.
  const char type = input[at_];
  if (type != '$') {
    const char shown = type == '\r' || type == '\n' ? ' ' : type;
    return fail(std::string("expected '$', got '") + shown + "'");
  }
  const std::optional<int64_t> size = parse_int64(line.text.substr(1));
  if (!size || *size < 0 || *size > limits_.bulk_bytes_max) return fail("invalid bulk length");
  if (*size > bulk_bytes_max_) return fail("unauthenticated bulk length");
  at_ += line.text.size() + 2;
  scanned_ = at_;
  bulk_ = *size;
  return Status::kRequest;
}

Status RequestParser::fail(std::string text) {
  error_ = std::move(text);
  return Status::kError;
}

void RequestParser::begin_request() {
  if (spans_.capacity() > kArgumentsKeptMax) std::vector<Span>().swap(spans_);
  spans_.clear();
  left_ = -1;
  bulk_ = -1;
  at_ = 0;
  scanned_ = 0;
  canonical_ = true;
}

}  // namespace leat
