// ConnectionLimits: how much one client may make the server hold. From the configuration.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace leat {

// A class of clients may be owed `hard` bytes at most, and more than `soft` for `soft_seconds` at most; 0: no
// limit. client-output-buffer-limit.
struct OutputLimit {
  uint64_t hard = 0;
  uint64_t soft = 0;
  uint64_t soft_seconds = 0;
};

struct ConnectionLimits {
  size_t clients_max = 10'000;             // maxclients
  uint64_t query_buffer_max = 1ULL << 30;  // client-query-buffer-limit, bytes
  int64_t bulk_bytes_max = 512LL << 20;    // proto-max-bulk-len
  OutputLimit normal;
  OutputLimit pubsub{.hard = 32ULL << 20, .soft = 8ULL << 20, .soft_seconds = 60};
  int keepalive_seconds = 300;     // tcp-keepalive
  int64_t idle_seconds = 0;        // timeout; 0: never
  bool password_required = false;  // New connections must authenticate.
  bool protected_mode = false;     // Only loopback and unix sockets may talk.
};

// What is kept for one argument of a request while it is read and executed, at most: a span, then a view.
constexpr uint64_t kArgumentBytesKept = 32;
// An argument takes 6 bytes to send. What many empty ones make the server keep besides stays within
// client-query-buffer-limit as well.
[[nodiscard]] inline int64_t arguments_max(const ConnectionLimits& limits) {
  return static_cast<int64_t>(
      std::min<uint64_t>(INT32_MAX, limits.query_buffer_max / kArgumentBytesKept));
}

// Before authentication a client gets little: it may still be anybody.
constexpr int64_t kUnauthenticatedArguments = 10;
constexpr int64_t kUnauthenticatedBulk = 16LL << 10;
constexpr size_t kUnauthenticatedInput = 64ULL << 10;
constexpr int64_t kUnauthenticatedSeconds = 10;

}  // namespace leat
