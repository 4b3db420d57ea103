#include "bench/report.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>

namespace leat::bench {
namespace {

constexpr int kNameWidth = 14;
constexpr int kColumnWidth = 12;

constexpr Metric kMetrics[] = {
    // clang-format off
    {"rate",        "ops/s",       0, [](const Measurement& m) { return std::optional(m.rate); }},
    {"cpu_ns",      "cpu ns/op",   0, [](const Measurement& m) { return m.cpu_ns; }},
    {"client_ns",   "client",      0, [](const Measurement& m) { return m.client_ns; }},
    {"p50_us",      "p50 us",      1, [](const Measurement& m) { return std::optional(m.latency.p50); }},
    {"p99_us",      "p99 us",      1, [](const Measurement& m) { return std::optional(m.latency.p99); }},
    {"p999_us",     "p99.9 us",    1, [](const Measurement& m) { return std::optional(m.latency.p999); }},
    {"max_us",      "max us",      1, [](const Measurement& m) { return std::optional(m.latency.max); }},
    {"ack_p50_us",  "ack p50",     1, [](const Measurement& m) { return m.ack ? std::optional(m.ack->p50) : std::nullopt; }},
    {"ack_p99_us",  "ack p99",     1, [](const Measurement& m) { return m.ack ? std::optional(m.ack->p99) : std::nullopt; }},
    {"late_p99_us", "late p99",    1, [](const Measurement& m) { return m.late ? std::optional(m.late->p99) : std::nullopt; }},
    {"memory",      "B/entry",     1, [](const Measurement& m) { return m.memory; }},
    {"rss",         "rss B/entry", 1, [](const Measurement& m) { return m.rss; }},
    // clang-format on
};

std::string figure(std::optional<double> value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : "-";
}

}  // namespace

std::span<const Metric> metrics() {
  return kMetrics;
}

const Metric* find_metric(std::string_view name) {
  const auto* found = std::ranges::find(kMetrics, name, &Metric::name);
  return found == std::end(kMetrics) ? nullptr : found;
}

std::string csv_heading() {
  std::string line = "server,mode,workload,run,load,operations,seconds";
  for (const Metric& metric : kMetrics)
    fmt::format_to(std::back_inserter(line), ",{}", metric.name);
  return line + "\n";
}

std::string csv_row(const Circumstances& around, const Measurement& measurement) {
  std::string line =
      fmt::format("{},{},{},{},{:.2f},{},{:.4f}", around.server, around.mode, around.workload,
                  around.run, measurement.load, measurement.operations, measurement.seconds);
  for (const Metric& metric : kMetrics) {
    const auto value = metric.of(measurement);
    line += "," + (value ? figure(value, 3) : std::string());
  }
  return line + "\n";
}

std::string json_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(quoted), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string json_object(const Circumstances& around, const Measurement& measurement) {
  std::string text = fmt::format(
      R"({{"server":{},"mode":{},"workload":{},"run":{},"load":{:.2f},"operations":{},"seconds":{:.4f})",
      json_string(around.server), json_string(around.mode), json_string(around.workload),
      around.run, measurement.load, measurement.operations, measurement.seconds);
  for (const Metric& metric : kMetrics) {
    const auto value = metric.of(measurement);
    fmt::format_to(std::back_inserter(text), ",\"{}\":{}", metric.name,
                   value ? figure(value, 3) : "null");
  }
  return text + "}";
}

std::vector<const Metric*> metrics_present(std::span<const Measurement> measurements) {
  std::vector<const Metric*> present;
  for (const Metric& metric : kMetrics) {
    if (std::ranges::any_of(measurements,
                            [&](const auto& m) { return metric.of(m).has_value(); })) {
      present.push_back(&metric);
    }
  }
  return present;
}

std::string table_heading(std::span<const Metric* const> shown) {
  std::string line = fmt::format("  {:<{}}", "", kNameWidth);
  for (const Metric* metric : shown) {
    fmt::format_to(std::back_inserter(line), "{:>{}}", metric->heading, kColumnWidth);
  }
  return line + "\n";
}

std::string table_row(std::string_view name, std::span<const std::optional<double>> values,
                      std::span<const Metric* const> shown) {
  std::string line = fmt::format("  {:<{}}", name, kNameWidth);
  for (size_t i = 0; i < shown.size(); ++i) {
    fmt::format_to(std::back_inserter(line), "{:>{}}", figure(values[i], shown[i]->decimals),
                   kColumnWidth);
  }
  return line + "\n";
}

std::string ratio_row(std::string_view name, std::span<const std::optional<double>> ratios) {
  std::string line = fmt::format("  {:<{}}", name, kNameWidth);
  for (const auto& ratio : ratios) {
    fmt::format_to(std::back_inserter(line), "{:>{}}", ratio ? fmt::format("{:.2f}x", *ratio) : "-",
                   kColumnWidth);
  }
  return line + "\n";
}

}  // namespace leat::bench
