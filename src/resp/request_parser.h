// RequestParser: bytes of a client to requests, RESP multibulk and inline, however they are cut.
//
// Contract   next() looks at the bytes received so far, from the first one not yet consumed, and
//            remembers how far it has understood them: feeding a request byte by byte costs O(bytes),
//            not O(bytes^2). How the network cuts the bytes never changes the requests. Strict and
//            lenient where Redis is: a length has one form only, but the two bytes that end a line are
//            taken for CRLF once the first is CR, and those after a bulk string whatever they are.
// Ownership  the arguments are views into `input`, or into the parser where quotes of an inline request
//            were undone; they die when the caller changes its buffer or calls next() again.
// Limits     RequestLimits; what a length line declares is never allocated before it has arrived.
// Source     redis.io/docs/latest/develop/reference/protocol-spec
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace leat {

// What a client may send before it has authenticated, where that is required.
constexpr int64_t kUnauthenticatedArgumentsMax = 10;
constexpr int64_t kUnauthenticatedBulkBytesMax = 16384;

// inline_bytes_max is at least kLineBytesMin, so that every length has room on its line.
constexpr size_t kLineBytesMin = 32;

struct RequestLimits {
  int64_t arguments_max = int64_t{1} << 20;     // Elements of one multibulk request.
  int64_t bulk_bytes_max = int64_t{512} << 20;  // proto-max-bulk-len.
  size_t inline_bytes_max = size_t{64} << 10;   // One inline line, or one length line.
  bool authenticated = true;  // No: the limits above apply, and kUnauthenticated... besides.
};

// One request: its arguments and, for a multibulk request, the exact wire bytes of each argument,
// header and CRLF included.
struct Request {
  std::vector<Bytes> arguments;
  bool canonical = false;  // The bulk strings stand back to back in the input as RESP writes them.

  // The wire form of arguments [from, to): "$3\r\nfoo\r\n..." One view, no copy. Requires canonical
  // and from < to.
  [[nodiscard]] Bytes wire(size_t from, size_t to) const;
};

class RequestParser {
 public:
  enum class Status : uint8_t {
    kRequest,   // `request` holds one; `consumed` bytes of the input are its own.
    kEmpty,     // An empty line or an empty multibulk: nothing to execute; `consumed` is set.
    kNeedMore,  // The input ends inside a request. Call again with the same bytes and more.
    kError,     // error_text() says why; the connection is to be closed after the reply.
    kHttp,      // The first argument is "POST" or "Host:": close without a word (an HTTP client was
                // tricked into talking to us).
  };

  explicit RequestParser(const RequestLimits& limits = {}) { set_limits(limits); }

  // Tightens or widens the limits for every length line not yet understood (before and after
  // authentication).
  void set_limits(const RequestLimits& limits);

  // `input` starts at the first byte that was not consumed, the same as at the last kNeedMore but
  // possibly longer and elsewhere in memory. `request` is unspecified unless kRequest is returned.
  Status next(Bytes input, Request& request, size_t& consumed);

  // After kError: the text that follows "-ERR Protocol error: ", for example "invalid bulk length".
  [[nodiscard]] Bytes error_text() const { return error_; }
  // After kNeedMore: bytes that are certainly still to come for the argument being read (0: unknown);
  // a hint for growing the input buffer, in steps.
  [[nodiscard]] size_t bytes_missing() const { return missing_; }

 private:
  struct Span {
    size_t offset = 0;  // Of the payload, from the start of the request.
    size_t size = 0;
  };
  struct Line {
    Status status = Status::kRequest;  // kRequest: the line is complete.
    Bytes text;
  };

  Status next_whole(Bytes input, Request& request, size_t& consumed);
  [[gnu::noinline]] Status next_in_pieces(Bytes input, Request& request, size_t& consumed);
  [[gnu::noinline]] Status next_inline(Bytes input, Request& request, size_t& consumed);
  Line read_line(Bytes input, const char* too_big);
  Status read_count(Bytes input);
  Status read_bulk_length(Bytes input);
  Status fail(std::string text);
  void begin_request();

  RequestLimits limits_;
  int64_t arguments_max_ = 0;  // What holds at present, with or without authentication.
  int64_t bulk_bytes_max_ = 0;
  std::vector<Span> spans_;  // Arguments understood so far of an incomplete multibulk request.
  int64_t left_ = -1;        // Arguments still to come; -1: the request has not begun.
  int64_t bulk_ = -1;   // Payload bytes of the argument being read; -1: its length line is next.
  size_t at_ = 0;       // How far the request has been understood.
  size_t scanned_ = 0;  // How far the present line has been searched for its end.
  bool canonical_ = true;
  size_t missing_ = 0;
  std::string unquoted_;  // Storage of inline arguments that had quotes.
  std::string error_;
};

}  // namespace leat
