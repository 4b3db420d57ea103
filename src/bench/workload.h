// What is measured: one table of workloads, all that can be varied in it is data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/failure.h"
#include "bench/options.h"

namespace leat::bench {

enum class Kind : uint8_t {
  kAppend,     // XADD; closed loop: `pipeline` requests, then wait for their replies.
  kGroupRead,  // XREADGROUP COUNT 100, then one XACK of all its ids, over a preloaded stream.
  kRange,      // XRANGE COUNT 100 of the newest 100 entries; closed loop.
  kDelivery,   // XADD at a fixed rate to consumers blocked in XREAD; open loop.
};

struct Workload {
  std::string_view name;
  Kind kind = Kind::kAppend;
  uint32_t connections = 1;  // Kind::kDelivery: producers.
  uint32_t pipeline = 1;     // Requests per round trip.
  uint64_t operations = 0;   // Entries or calls, when the server does not sync before it answers.
  uint64_t operations_synced = 0;  // The same for `appendfsync always`.
  uint32_t rate = 0;               // Kind::kDelivery: entries per second.
  uint32_t consumers = 0;          // Kind::kDelivery: blocked readers; each gets every entry.
  uint32_t fields = 2;             // Fields of an entry.
  uint32_t value_size = 8;         // Bytes of each value.
  std::string_view what;           // For --help.
};

std::span<const Workload> all_workloads();

// What the null server, which answers +OK to everything, can be compared in.
bool null_server_can(const Workload& workload);

// "append pipeline=16", "delivery rate=1000 consumers=1": the name and what tells two of one name
// apart. This is also how a bar names a workload.
std::string label(const Workload& workload);

// Changes asked for on the command line; 0 leaves what the table says.
struct Changes {
  std::string names;  // Comma-separated, empty for all.
  uint64_t connections = 0;
  uint64_t pipeline = 0;
  uint64_t operations = 0;
  uint64_t rate = 0;
  uint64_t consumers = 0;
  uint64_t fields = 0;
  uint64_t value_size = 0;
  double scale = 1;  // Multiplies the number of operations.
};

// The options that fill in `changes`.
std::vector<Option> options_for(Changes& changes);

// The rows of the table that are asked for, changed. Rows that became equal are there once.
//   errors  a name that is not in the table; entries too small for a marker or batches over 256 MB
Result<std::vector<Workload>> chosen(const Changes& changes);

// The table, one line per row, for --help.
std::string describe_workloads();

// One XADD request. `marker` begins the first value, which is at least as long.
std::string append_request_for(const Workload& workload, std::string_view key,
                               std::string_view marker = {});

}  // namespace leat::bench
