// Bars: what the figures of a comparison must reach, read from a text file, checked after a run.
//
// Format  one bar per line; empty lines and what follows a # are nothing.
//
//           WORKLOAD [KEY=VALUE]... mode=MODE SUBJECT METRIC <=|>= NUMBER
//
//           WORKLOAD  a name of the workload table
//           KEY       pipeline, rate, consumers, connections, fields or value-size; a bar holds for
//                     every measured workload of that name whose values are these
//           MODE      none, everysec, always
//           SUBJECT   A/B for the ratio of two servers, A for the figure of one; leat, redis, null
//           METRIC    a column of the CSV output: rate, cpu_ns, p50_us, ...
//
//         append pipeline=16 mode=none leat/redis cpu_ns <= 0.40
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/comparison.h"
#include "bench/failure.h"

namespace leat::bench {

struct Bar {
  std::string text;      // As it stands in the file, for messages.
  std::string workload;  // Its name.
  std::vector<std::pair<std::string, uint64_t>> values;
  Durability durability = Durability::kNone;
  Product subject = Product::kLeat;
  std::optional<Product> relative_to;
  const Metric* metric = nullptr;
  bool at_least = false;  // >=
  double limit = 0;
};

// The bars of `text`. A failure names the line that cannot be understood.
Result<std::vector<Bar>> parse_bars(std::string_view text);

enum class Verdict : uint8_t { kMet, kMissed, kNotMeasured };

struct Checked {
  const Bar* bar = nullptr;
  Verdict verdict = Verdict::kNotMeasured;
  double measured = 0;  // The worst, when several workloads fit the bar.
};

// Checks every bar. `margin` (0.1 = 10 %) is what a bar gives way for the noise of few runs.
std::vector<Checked> check_bars(std::span<const Bar> bars, std::span<const Comparison> comparisons,
                                double margin);

// One line per bar.
std::string describe(std::span<const Checked> checked);

}  // namespace leat::bench
