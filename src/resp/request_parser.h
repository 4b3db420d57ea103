// RequestParser: bytes of a client to requests, RESP multibulk and inline, however they are cut.
//
// Contract   next() looks at the bytes received so far, from the first one not yet consumed, and
//            remembers how far it has understood them: feeding a request byte by byte costs O(bytes),
//            not O(bytes^2). How the network cuts the bytes never changes the requests.
// Ownership  the arguments are views into `input`; they die when the caller changes its buffer.
// Limits     RequestLimits; what a length line declares is never allocated before it has arrived.
// Source     redis.io/docs/latest/develop/reference/protocol-spec
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace leat {

struct RequestLimits {
  int64_t arguments_max = 1024 * 1024;             // Elements of one multibulk request.
  int64_t bulk_bytes_max = 512LL * 1024 * 1024;    // proto-max-bulk-len.
  size_t inline_bytes_max = 64 * 1024;             // One inline line, or one length line.
};

// One request: its arguments and, for a multibulk request whose length lines are in canonical form
// (no sign, no leading zeros), the exact wire bytes of each argument, header and CRLF included.
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
    kHttp,      // The line begins with "POST" or "Host:": close without a word (cross-protocol attack).
  };

  explicit RequestParser(RequestLimits limits = {}) : limits_(limits) {}

  // Tightens or widens the limits from the next request on (before and after authentication).
  void set_limits(const RequestLimits& limits) { limits_ = limits; }

  // `input` starts at the first byte that was not consumed, the same as at the last kNeedMore but
  // possibly longer and elsewhere in memory.
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

  RequestLimits limits_;
  std::vector<Span> spans_;  // Arguments understood so far of an incomplete multibulk request.
  int64_t left_ = -1;        // Arguments still to come; -1: the request has not begun.
  int64_t bulk_ = -1;        // Payload bytes of the argument being read; -1: its length line is next.
  size_t at_ = 0;            // How far the request has been understood.
  size_t scanned_ = 0;       // How far the present line has been searched for its end.
  bool canonical_ = true;
  size_t missing_ = 0;
  Bytes error_;
};

}  // namespace leat
