// The closed loop: every connection sends a batch, waits for all its replies, sends the next. One
// epoll thread. It finds out what a server can do at most; for latency at a given load see
// delivery.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "bench/failure.h"
#include "bench/histogram.h"
#include "bench/link.h"

namespace leat::bench {

// What one connection says.
class Dialogue {
 public:
  struct Batch {
    std::string_view requests;  // Rendered; valid until the next call of next().
    size_t replies = 0;         // How many replies it brings.
    bool timed = true;          // Whether its replies count as latency.
    bool keep_replies = false;  // Whether finish() needs the bytes.
  };

  Dialogue() = default;
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;
  virtual ~Dialogue() = default;

  // The next batch; nothing when this connection has no more to say.
  virtual std::optional<Batch> next() = 0;

  // All replies of the batch are there. Returns how many operations that completed.
  virtual Result<uint64_t> finish(std::string_view replies) = 0;
};

struct Tally {
  Histogram latency;  // From sending a batch to each of its replies, ns.
  uint64_t operations = 0;
  uint64_t elapsed_ns = 0;  // First request to last reply.
};

// Runs dialogue i on link i until all have ended. After `seconds_max` no batch is begun.
//   errors  an error reply, a closed connection, 60 s without any reply
Result<Tally> run_closed_loop(std::span<Link> links,
                              std::span<const std::unique_ptr<Dialogue>> says, double seconds_max);

}  // namespace leat::bench
