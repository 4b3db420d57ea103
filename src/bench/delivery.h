// The open loop: entries are appended at a fixed rate to a stream whose readers are blocked in
// XREAD, whether or not the server keeps up.
#pragma once

#include <cstdint>
#include <string_view>

#include "bench/failure.h"
#include "bench/histogram.h"
#include "bench/link.h"
#include "bench/workload.h"

namespace leat::bench {

struct DeliveryTally {
  Histogram delivery;  // From due to received by a consumer, ns; one sample per entry and consumer.
  Histogram ack;       // From due to the reply of XADD, ns.
  Histogram lateness;  // From due to sent, ns: what the client itself adds to both.
  uint64_t elapsed_ns = 0;
};

// Appends workload.operations entries to `key`, which does not exist yet, from
// workload.connections producers in turn, and waits until every consumer has every entry.
//   errors  an error reply, a closed connection, an entry delivered twice or never sent, 10 s
//           without anything arriving
Result<DeliveryTally> run_delivery(const Target& target, const Workload& workload,
                                   std::string_view key);

}  // namespace leat::bench
