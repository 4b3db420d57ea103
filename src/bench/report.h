// How a measurement is shown: a row of a table for people, CSV and JSON for programs. All three
// show the columns of one list, so that a figure has one name everywhere.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measure.h"

namespace leat::bench {

struct Metric {
  std::string_view name;     // In CSV, JSON and bars: "cpu_ns".
  std::string_view heading;  // In the table.
  int decimals;
  std::optional<double> (*of)(const Measurement&);
};

// rate, cpu_ns, client_ns, p50_us, p99_us, p999_us, max_us, ack_p50_us, ack_p99_us, late_p99_us, memory, rss.
std::span<const Metric> metrics();
const Metric* find_metric(std::string_view name);

// What belongs to a measurement besides its figures.
struct Circumstances {
  std::string_view server;
  std::string_view mode;
  std::string_view workload;  // label()
  uint64_t run = 1;
};

std::string csv_heading();
std::string csv_row(const Circumstances& around, const Measurement& measurement);
std::string json_object(const Circumstances& around, const Measurement& measurement);

// `text` as a JSON string, quotes included.
std::string json_string(std::string_view text);

// The heading of a table whose rows show `shown`, and a row of it. A figure that does not exist is
// a dash.
std::string table_heading(std::span<const Metric* const> shown);
std::string table_row(std::string_view name, std::span<const std::optional<double>> values,
                      std::span<const Metric* const> shown);

// Ratios, in the same columns.
std::string ratio_row(std::string_view name, std::span<const std::optional<double>> ratios);

// The metrics that at least one of the measurements has.
std::vector<const Metric*> metrics_present(std::span<const Measurement> measurements);

}  // namespace leat::bench
