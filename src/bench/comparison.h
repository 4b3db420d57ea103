// What several runs of one workload against several servers say together.
//
// A ratio is taken round by round (both servers measured within seconds of each other) and then the
// median of the rounds: what slows the machine for a while slows both, and one bad round does not
// count.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "bench/report.h"
#include "bench/server_process.h"
#include "bench/workload.h"

namespace leat::bench {

// The middle value, for an even number the mean of the two in the middle; nullopt for none.
std::optional<double> median(std::vector<double> values);

struct Runs {
  Product product = Product::kNull;
  std::vector<Measurement> rounds;
};

struct Comparison {
  Durability durability = Durability::kNone;
  Workload workload;
  std::vector<Runs> servers;

  [[nodiscard]] const Runs* find(Product product) const;
  // Median of a server's rounds; nullopt when it was not measured or has no such figure.
  [[nodiscard]] std::optional<double> figure(Product product, const Metric& metric) const;
  // Median of the rounds' ratios; nullopt when one of the two is missing.
  [[nodiscard]] std::optional<double> ratio(Product over, Product under,
                                            const Metric& metric) const;
};

// The comparison as a table, with the ratios Leat/Redis and null/Redis and the load average.
std::string table(const Comparison& comparison);

// One JSON object with the ratios of every metric.
std::string json_ratios(const Comparison& comparison);

}  // namespace leat::bench
